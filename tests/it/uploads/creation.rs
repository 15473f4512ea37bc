//! Beginning an upload: with or without its size, with or without its first bytes.

use super::*;

#[actix_web::test]
async fn a_creation_says_where_the_upload_goes_on() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let created = sender.send(creation(4)).await;
    assert_eq!((created.status, number(&created, "upload-offset"), created.body.len()), (201, Some(0), 0));
    let path = location(&created);
    assert!(path.starts_with("/v1/uploads/"), "{path}");
    assert_ne!(sender.begin(4).await, path, "without a hash each is one of its own");
}

#[actix_web::test]
async fn either_the_size_is_said_or_that_it_follows() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let invalid = refused(400, "upload_length_invalid");
    assert_eq!(sender.outcome(tus("POST", UPLOADS)).await, invalid, "neither");
    assert_eq!(sender.outcome(creation(4).header("upload-defer-length", "1")).await, invalid, "both");
    for faulty in ["0", "2", "true", ""] {
        let call = tus("POST", UPLOADS).header("upload-defer-length", faulty);
        assert_eq!(sender.outcome(call).await, invalid, "{faulty}");
    }
    for faulty in ["-1", "x", "", "1e3", "9223372036854775808"] {
        let call = tus("POST", UPLOADS).header("upload-length", faulty);
        assert_eq!(sender.outcome(call).await, invalid, "{faulty}");
    }
}

#[actix_web::test]
async fn what_is_too_large_is_refused_before_it_comes() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let most = usize::try_from(app.state.config.limits.blob_bytes).expect("a size");
    let answer = sender.send(creation(most + 1)).await;
    assert_eq!(answer.outcome(), refused(413, "photo_too_large"));
    assert_eq!((&answer.json()["limit"], &answer.json()["actual"]), (&most.into(), &(most + 1).into()));
    assert_eq!(sender.send(creation(most)).await.status, 201);
}

#[actix_web::test]
async fn metadata_are_pairs_of_key_and_base64() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    for faulty in ["a ZA==,,b", "a ZA==,a ZA==", "a !!", ",", "sha256 ZA==", &format!("a{}", "a".repeat(4096))] {
        let call = creation(4).header("upload-metadata", faulty);
        assert_eq!(sender.outcome(call).await, refused(400, "upload_metadata_invalid"), "{faulty}");
    }
    let unreadable = creation(4).header("upload-metadata", format!("{},ü", declares(b"byte")));
    let twice = creation(4).header("upload-metadata", declares(b"byte")).header("upload-metadata", "a ZA==");
    for call in [unreadable, twice] {
        assert_eq!(
            sender.outcome(call).await,
            refused(400, "upload_metadata_invalid"),
            "no hash is dropped in silence"
        );
    }
    assert_eq!(sender.send(creation(4).header("upload-metadata", "a,b ZA==")).await.status, 201);
}

#[actix_web::test]
async fn an_upload_without_bytes_is_finished_at_once() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let created = sender.send(creation(0)).await;
    assert_eq!((created.status, number(&created, "upload-offset")), (201, Some(0)));
    sender.assert_stored(&created, b"").await;
    let told = sender.send(tus("HEAD", &location(&created))).await;
    assert_eq!((number(&told, "upload-offset"), number(&told, "upload-length")), (Some(0), Some(0)));
    let other = creation(0).header("upload-metadata", declares(b"something"));
    assert_eq!(sender.outcome(other).await, refused(460, "upload_mismatch"));
}

#[actix_web::test]
async fn a_size_that_follows_is_said_once() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let created = sender.send(tus("POST", UPLOADS).header("upload-defer-length", "1")).await;
    let path = location(&created);
    assert_eq!(sender.send(append(&path, 0, b"four")).await.status, 204);
    let told = sender.send(tus("HEAD", &path)).await;
    assert_eq!((told.header("upload-defer-length"), told.header("upload-length")), (Some("1"), None));
    let with_length = |offset, bytes: &[u8], length: &str| append(&path, offset, bytes).header("upload-length", length);
    let invalid = refused(400, "upload_length_invalid");
    assert_eq!(sender.outcome(with_length(4, b"", "3")).await, invalid, "less than has arrived");
    assert_eq!(sender.outcome(with_length(4, b"", "x")).await, invalid);
    assert_eq!(sender.outcome(with_length(4, b"", "41943041")).await, refused(413, "photo_too_large"));
    assert_eq!(sender.send(with_length(4, b"mo", "8")).await.status, 204);
    assert_eq!(sender.outcome(with_length(6, b"re", "9")).await, invalid, "otherwise than before");
    let told = sender.send(tus("HEAD", &path)).await;
    assert_eq!((told.header("upload-defer-length"), number(&told, "upload-length")), (None, Some(8)));
    let finished = sender.send(with_length(6, b"re", "8")).await;
    sender.assert_stored(&finished, b"fourmore").await;
}

#[actix_web::test]
async fn an_upload_whose_size_nobody_says_is_limited_too() {
    let app = TestApp::configured(|config| config.limits.blob_bytes = 10).await;
    let sender = Sender::of(&app).await;
    let path = location(&sender.send(tus("POST", UPLOADS).header("upload-defer-length", "1")).await);
    assert_eq!(sender.outcome(append(&path, 0, b"eleven byte")).await, refused(413, "photo_too_large"));
    assert_eq!(sender.offset(&path).await, Some(0));
    assert_eq!(sender.send(append(&path, 0, b"ten bytes!")).await.status, 204);
    let finished = sender.send(append(&path, 10, b"").header("upload-length", "10")).await;
    sender.assert_stored(&finished, b"ten bytes!").await;
}

#[actix_web::test]
async fn a_creation_may_bring_the_first_bytes_or_all() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let created = sender.send(creation(8).bytes(BYTES, "four")).await;
    assert_eq!(number(&created, "upload-offset"), Some(4));
    let finished = sender.send(append(&location(&created), 4, b"more")).await;
    sender.assert_stored(&finished, b"fourmore").await;

    let whole = photo(2_000);
    let at_once = sender
        .send(creation(whole.len()).header("upload-metadata", declares(&whole)).bytes(BYTES, whole.clone()))
        .await;
    assert_eq!((at_once.status, number(&at_once, "upload-offset")), (201, Some(whole.len())));
    sender.assert_stored(&at_once, &whole).await;

    let other = creation(4).header("content-length", "4").bytes("image/jpeg", "byte");
    assert_eq!(sender.outcome(other).await, refused(415, "media_type_unsupported"));
    assert_eq!(sender.outcome(creation(3).bytes(BYTES, "byte")).await, refused(413, "photo_too_large"));
}
