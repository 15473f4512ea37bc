//! Checksums of single parts: all of a part counts, or nothing.

use super::*;

/// SHA-1 of `four` and SHA-256 of `more`.
const DIGESTS: [&str; 2] = ["sha1 n49+7F3qWsQ3OHIZOcEgMYy/8d8=", "sha256 GHiXzgr88gtQuis33KhKlRtwRvKe1auU8BBhn2nW4Yk="];

#[actix_web::test]
async fn a_part_that_is_what_its_checksum_says_is_appended() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(8).await;
    let [four, more] = DIGESTS;
    let appended = sender.send(append(&path, 0, b"four").header("upload-checksum", four)).await;
    assert_eq!((appended.status, number(&appended, "upload-offset")), (204, Some(4)), "{}", appended.text());
    let finished = sender.send(append(&path, 4, b"more").header("upload-checksum", more)).await;
    sender.assert_stored(&finished, b"fourmore").await;
}

#[actix_web::test]
async fn of_a_part_that_is_something_else_nothing_is_kept() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(8).await;
    assert_eq!(sender.send(append(&path, 0, b"four")).await.status, 204);
    for checksum in DIGESTS {
        let call = append(&path, 4, b"mode").header("upload-checksum", checksum);
        assert_eq!(sender.outcome(call).await, refused(460, "upload_mismatch"), "{checksum}");
        assert_eq!(sender.offset(&path).await, Some(4));
    }
    let finished = sender.send(append(&path, 4, b"more").header("upload-checksum", DIGESTS[1])).await;
    sender.assert_stored(&finished, b"fourmore").await;
}

#[actix_web::test]
async fn a_creation_whose_bytes_are_refused_leaves_no_upload_behind() {
    let app = TestApp::configured(|config| config.limits.uploads_per_device = 2).await;
    let sender = Sender::of(&app).await;
    let wrong = |bytes: &str| creation(8).header("upload-checksum", DIGESTS[0]).bytes(BYTES, bytes);
    for _ in 0..3 {
        assert_eq!(sender.outcome(wrong("five")).await, refused(460, "upload_mismatch"));
        assert_eq!(sender.outcome(creation(3).bytes(BYTES, "four")).await, refused(413, "photo_too_large"));
        let other = creation(0).header("upload-metadata", declares(b"something"));
        assert_eq!(sender.outcome(other).await, refused(460, "upload_mismatch"));
    }
    // What was there before stays.
    let said = declares(b"fourmore");
    let known = || creation(8).header("upload-metadata", &said);
    let path = location(&sender.send(known()).await);
    let refusal = sender.outcome(known().header("upload-checksum", DIGESTS[0]).bytes(BYTES, "five")).await;
    assert_eq!((refusal, sender.offset(&path).await), (refused(460, "upload_mismatch"), Some(0)));
    assert_eq!(number(&sender.send(wrong("four")).await, "upload-offset"), Some(4));
}

#[actix_web::test]
async fn a_checksum_of_another_kind_or_form_is_refused() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(4).await;
    let [sha1, _] = DIGESTS;
    let cut = &sha1[..sha1.len() - 4];
    for faulty in ["md5 ZA==", "sha1", "sha1 !", "sha256 ZA==", "SHA1 ZA==", "", cut] {
        for call in [append(&path, 0, b"four"), creation(4).bytes(BYTES, "four")] {
            let refusal = sender.outcome(call.header("upload-checksum", faulty)).await;
            assert_eq!(refusal, refused(400, "upload_checksum_invalid"), "{faulty}");
        }
    }
    assert_eq!(sender.offset(&path).await, Some(0));
}

#[actix_web::test]
async fn a_creation_with_bytes_honours_their_checksum() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let call = |bytes: &str| creation(8).header("upload-checksum", DIGESTS[0]).bytes(BYTES, bytes);
    assert_eq!(number(&sender.send(call("four")).await, "upload-offset"), Some(4));
    assert_eq!(sender.outcome(call("five")).await, refused(460, "upload_mismatch"));
}
