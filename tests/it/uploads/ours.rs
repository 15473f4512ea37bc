//! What is ours beside the protocol: the hash of the whole, receipts, and creation that can be repeated.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::num::NonZeroU32;

use super::*;

#[actix_web::test]
async fn the_same_creation_gives_the_same_upload_and_its_offset() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let whole = photo(1_000);
    let said = |photo_id: &str| format!("{},photo_id {}", declares(&whole), base64(photo_id));
    let call = |photo_id: &str| creation(whole.len()).header("upload-metadata", said(photo_id));
    let path = location(&sender.send(call("one")).await);
    assert_eq!(sender.send(append(&path, 0, &whole[..400])).await.status, 204);
    let again = sender.send(call("one")).await;
    assert_eq!((location(&again), number(&again, "upload-offset")), (path.clone(), Some(400)));
    // With all of its bytes, too, of which none is needed from the beginning.
    let again = sender.send(call("one").bytes(BYTES, whole.clone())).await;
    assert_eq!((location(&again), number(&again, "upload-offset")), (path.clone(), Some(400)));
    let finished = sender.send(append(&path, 400, &whole[400..])).await;
    let again = sender.send(call("one")).await;
    assert_eq!((location(&again), number(&again, "upload-offset")), (path.clone(), Some(1_000)));
    assert_eq!(again.header("doorstep-receipt"), finished.header("doorstep-receipt"));
    sender.assert_stored(&again, &whole).await;

    let other_photo = sender.send(call("two")).await;
    assert_ne!(location(&other_photo), path);
    let other_size = sender.send(creation(999).header("upload-metadata", said("one"))).await;
    assert_ne!(location(&other_size), path);
    // Who only knows the hash brings all of the bytes.
    let other = Sender(app.device_of(YUNZE.colleague()).await);
    let begun = other.send(call("one")).await;
    assert_eq!((number(&begun, "upload-offset"), begun.header("doorstep-receipt")), (Some(0), None));
    assert_ne!(location(&begun), path);
}

#[actix_web::test]
async fn a_whole_that_is_not_what_was_declared_is_never_stored() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let (whole, mut other) = (photo(1_000), photo(1_000));
    other[500] ^= 1;
    for hash in [base64(Hash::of(&whole).to_string()), base64(Hash::of(&whole).as_bytes())] {
        let created = sender.send(creation(1_000).header("upload-metadata", format!("sha256 {hash}"))).await;
        let path = location(&created);
        if number(&created, "upload-offset") == Some(0) {
            assert_eq!(sender.send(append(&path, 0, &other[..600])).await.status, 204);
            let refusal = sender.outcome(append(&path, 600, &other[600..])).await;
            assert_eq!(refusal, refused(460, "upload_mismatch"));
            assert_eq!(sender.receipt(&other).await.status, 409, "it is stored under no name");
            assert_eq!(sender.receipt(&whole).await.status, 409);
            assert_eq!(sender.offset(&path).await, Some(0), "it begins anew");
            // In one piece, hashed on the way.
            let refusal = sender.outcome(append(&path, 0, &other)).await;
            assert_eq!((refusal, sender.offset(&path).await), (refused(460, "upload_mismatch"), Some(0)));
            let finished = sender.send(append(&path, 0, &whole)).await;
            sender.assert_stored(&finished, &whole).await;
        } else {
            assert_eq!(number(&created, "upload-offset"), Some(1_000), "both forms are one hash");
        }
    }
}

#[actix_web::test]
async fn who_asks_for_a_whole_that_is_not_what_was_declared_is_told_to_begin_anew() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let whole = photo(1_000);
    let call = || creation(whole.len()).header("upload-metadata", declares(&whole));
    let path = location(&sender.send(call()).await);
    // As when the process died before it looked at the whole.
    let stage_wrong_bytes = async || {
        let mut staged = app.state.staging.open(sender.upload(&path)).await.expect("opened");
        staged.append(&b"other".repeat(200)).await.expect("written");
        staged.keep().await.expect("durable");
    };
    stage_wrong_bytes().await;
    let asked = sender.send(tus("HEAD", &path)).await;
    assert_eq!((asked.status, number(&asked, "upload-offset")), (200, Some(0)));
    stage_wrong_bytes().await;
    let again = sender.send(call()).await;
    assert_eq!((location(&again), number(&again, "upload-offset")), (path.clone(), Some(0)));
    let finished = sender.send(append(&path, 0, &whole)).await;
    sender.assert_stored(&finished, &whole).await;
}

#[actix_web::test]
async fn the_last_part_can_be_repeated_when_its_answer_was_lost() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(8).await;
    assert_eq!(sender.send(append(&path, 0, b"four")).await.status, 204);
    let finished = sender.send(append(&path, 4, b"more")).await;
    // With the very same request, with all of the bytes at once, or with none.
    let with_checksum = append(&path, 4, b"more").header("upload-checksum", checksum(b"more"));
    for call in [append(&path, 4, b"more"), with_checksum, append(&path, 0, b"fourmore"), append(&path, 8, b"")] {
        let again = sender.send(call.header("upload-length", "8")).await;
        assert_eq!((again.status, number(&again, "upload-offset")), (204, Some(8)), "{}", again.text());
        assert_eq!(again.header("doorstep-receipt"), finished.header("doorstep-receipt"));
    }
    let told = sender.send(tus("HEAD", &path)).await;
    assert_eq!(told.header("doorstep-receipt"), finished.header("doorstep-receipt"));
}

#[actix_web::test]
async fn the_last_part_comes_again_where_a_process_died_before_it_said_that_all_had_arrived() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(8).await;
    assert_eq!(sender.send(append(&path, 0, b"four")).await.status, 204);
    let files = staged(&app.state.config.data_dir);
    let [file] = files.as_slice() else { panic!("one file, not {files:?}") };
    let mut file = OpenOptions::new().append(true).open(file).expect("what is staged");
    file.write_all(b"more").expect("the last part");
    let finished = sender.send(append(&path, 4, b"more")).await;
    assert_eq!((finished.status, number(&finished, "upload-offset")), (204, Some(8)), "{}", finished.text());
    sender.assert_stored(&finished, b"fourmore").await;
}

#[actix_web::test]
async fn what_a_finished_upload_is_sent_is_compared_and_changes_nothing() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = location(&sender.send(creation(8).bytes(BYTES, "fourmore")).await);
    let (mismatch, conflict) = (refused(460, "upload_mismatch"), refused(409, "offset_conflict"));
    let too_large = refused(413, "photo_too_large");
    for (offset, bytes, refusal) in [
        (4, b"mode".as_slice(), &mismatch),
        (0, b"four", &conflict),
        (4, b"", &conflict),
        (9, b"", &conflict),
        (8, b"x", &too_large),
        (4, b"morex", &conflict),
    ] {
        assert_eq!(sender.outcome(append(&path, offset, bytes)).await, *refusal, "{bytes:?} at {offset}");
    }
    let elsewhere = sender.send(append(&path, 4, b"mor")).await;
    assert_eq!((elsewhere.outcome(), number(&elsewhere, "upload-offset")), (conflict, Some(8)));
    let other_length = append(&path, 8, b"").header("upload-length", "9");
    assert_eq!(sender.outcome(other_length).await, refused(400, "upload_length_invalid"));
    let other_checksum = append(&path, 4, b"more").header("upload-checksum", checksum(b"four"));
    assert_eq!(sender.outcome(other_checksum).await, mismatch);
    sender.assert_stored(&sender.send(tus("HEAD", &path)).await, b"fourmore").await;
}

#[actix_web::test]
async fn a_photo_id_may_hold_what_postgresql_refuses() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let whole = photo(10);
    let said = format!("{},photo_id {}", declares(&whole), base64("p\0q"));
    let call = || creation(10).header("upload-metadata", &said);
    let path = location(&sender.send(call()).await);
    assert_eq!(location(&sender.send(call()).await), path, "it is the same upload");
    assert_eq!(sender.send(tus("HEAD", &path)).await.header("upload-metadata"), Some(said.as_str()), "as sent");
}

#[actix_web::test]
async fn creations_count_as_calls_and_bytes_do_not() {
    let app = TestApp::configured(|config| config.limits.user_per_minute = NonZeroU32::new(3).expect("some")).await;
    let device = app.device_of(YUNZE.rep()).await;
    let client = device.client();
    let path = location(&client.send(creation(4)).await);
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        outcomes.push(client.send(creation(4)).await.status);
    }
    assert_eq!(outcomes.last(), Some(&429), "{outcomes:?}");
    assert_eq!(client.send(append(&path, 0, b"byte")).await.status, 204);
}

#[actix_web::test]
async fn an_upload_and_a_blob_in_one_piece_leave_the_same_behind() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let (one, two) =
        ([b"\xff\xd8\xff\xe0".as_slice(), &[1; 600]].concat(), [b"\xff\xd8\xff\xe0".as_slice(), &[2; 600]].concat());
    let put = Call::new("PUT", format!("/v1/blobs/{}", Hash::of(&one))).bytes("application/octet-stream", one.clone());
    sender.send(put).await.expect(200);
    let path = sender.begin(two.len()).await;
    assert_eq!(sender.send(append(&path, 0, &two[..2])).await.status, 204);
    assert_eq!(sender.send(append(&path, 2, &two[2..])).await.status, 204);
    let mut rows = Vec::new();
    for photo in [&one, &two] {
        let name = Hash::of(photo);
        let row = app.read(move |conn| doorstep_store::blobs::find_blob(conn, YUNZE.org, name)).await.expect("a row");
        rows.push((row.bytes, row.media_type, row.device_id, row.received_at_ms, row.preview_state));
    }
    assert_eq!(rows[0], rows[1]);
    assert_eq!(rows[0].1, "image/jpeg");
}

#[actix_web::test]
async fn a_device_has_so_many_unfinished_uploads_and_no_more() {
    let app = TestApp::configured(|config| config.limits.uploads_per_device = 2).await;
    let sender = Sender::of(&app).await;
    let whole = photo(10);
    let known = || creation(10).header("upload-metadata", declares(&whole));
    let paths = [sender.begin(4).await, location(&sender.send(known()).await)];
    let answer = sender.send(creation(4)).await;
    assert_eq!(answer.outcome(), refused(429, "too_many_uploads"));
    assert_eq!((answer.header("retry-after"), &answer.json()["retry_after_s"]), (Some("60"), &60.into()));
    assert_eq!(location(&sender.send(known()).await), paths[1], "what exists is no further one");
    let other = Sender(app.device_of(YUNZE.rep()).await);
    other.begin(4).await;
    assert_eq!(sender.send(append(&paths[0], 0, b"byte")).await.status, 204);
    sender.begin(4).await;
}

#[actix_web::test]
async fn an_upload_whose_blob_has_gone_is_begun_anew() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let whole = photo(1_000);
    let call = || creation(whole.len()).header("upload-metadata", declares(&whole));
    let finished = sender.send(call().bytes(BYTES, whole.clone())).await;
    let path = location(&finished);
    sender.assert_stored(&finished, &whole).await;
    let name = Hash::of(&whole).to_string();
    let folder = app.state.config.data_dir.join("blobs/o").join(YUNZE.org.to_string()).join("sha256");
    std::fs::remove_file(folder.join(&name[..2]).join(&name[2..4]).join(&name)).expect("the blob was there");
    assert_eq!(sender.outcome(tus("HEAD", &path)).await, refused(410, "upload_expired"));
    let again = sender.send(call().bytes(BYTES, whole.clone())).await;
    assert_ne!(location(&again), path);
    sender.assert_stored(&again, &whole).await;
}

#[actix_web::test]
async fn an_upload_only_token_suffices() {
    let app = TestApp::new().await;
    let device = app.device_of(YUNZE.rep()).await;
    let token = app.session(YUNZE.rep(), Some(device.id), TokenKind::Upload).await;
    let client = app.with_token(&token);
    let path = location(&client.send(creation(4)).await);
    let finished = client.send(append(&path, 0, b"byte")).await;
    assert_eq!((finished.status, finished.header("doorstep-receipt").is_some()), (204, true));
}
