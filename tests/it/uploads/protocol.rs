//! The core of the protocol: asking, appending, and what is refused.

use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::{HAOYU, YUNZE};

use super::*;

#[actix_web::test]
async fn options_tell_what_is_served_without_version_and_token() {
    let app = TestApp::new().await;
    let one = format!("{UPLOADS}/01955f2c-3000-4000-8000-000000000001");
    for path in [UPLOADS, &one] {
        let answer = app.send(Call::new("OPTIONS", path).header("tus-resumable", "0.9.9")).await;
        assert_eq!(answer.status, 204);
        for (header, value) in [
            ("tus-version", "1.0.0"),
            ("tus-extension", "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination"),
            ("tus-max-size", "41943040"),
            ("tus-checksum-algorithm", "sha1,sha256"),
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", "POST, HEAD, PATCH, DELETE, OPTIONS"),
        ] {
            assert_eq!(answer.header(header), Some(value), "{header} of {path}");
        }
        let allowed = answer.header("access-control-allow-headers").expect("what may be sent");
        assert!(allowed.contains("Authorization") && allowed.contains("Upload-Offset"), "{allowed}");
        assert!(allowed.contains("X-Request-ID"), "{allowed}");
    }
}

#[actix_web::test]
async fn another_version_is_refused_and_nothing_is_done() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(4).await;
    for version in [None, Some("0.2.2"), Some("1.0"), Some("2.0.0")] {
        for (method, path) in [("POST", UPLOADS), ("HEAD", &path), ("PATCH", &path), ("DELETE", &path)] {
            let mut call = Call::new(method, path).header("upload-length", "4").header("upload-offset", "0");
            if let Some(version) = version {
                call = call.header("tus-resumable", version);
            }
            let answer = sender.send(call.bytes(BYTES, "byte")).await;
            assert_eq!(answer.outcome(), refused(412, "tus_version_unsupported"), "{method} with {version:?}");
            assert_eq!(answer.header("tus-version"), Some("1.0.0"));
        }
    }
    assert_eq!(sender.offset(&path).await, Some(0));
}

#[actix_web::test]
async fn every_answer_names_the_version_and_shows_its_headers_to_pages() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(4).await;
    let absent = tus("HEAD", &format!("{UPLOADS}/01955f2c-3000-4000-8000-000000000001"));
    for call in [creation(1), append(&path, 0, b"b"), tus("HEAD", &path), append(&path, 9, b"b"), absent] {
        let answer = sender.send(call).await;
        assert_eq!(answer.header("tus-resumable"), Some("1.0.0"), "{}", answer.status);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let exposed = answer.header("access-control-expose-headers").expect("what pages may see");
        for header in ["Location", "Upload-Offset", "Upload-Length", "Upload-Expires", "Doorstep-Receipt"] {
            assert!(exposed.contains(header), "{header}");
        }
    }
    assert_eq!(app.send(Call::get("/v1/me")).await.header("access-control-allow-origin"), None, "uploads alone");
}

#[actix_web::test]
async fn head_tells_offset_length_and_metadata() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let said = format!("filename {},is_private", base64("door.jpg"));
    let path = location(&sender.send(creation(4).header("upload-metadata", &said)).await);
    for (step, offset) in [(b"".as_slice(), 0), (b"by", 2), (b"te", 4)] {
        if !step.is_empty() {
            assert_eq!(sender.send(append(&path, offset - 2, step)).await.status, 204);
        }
        let told = sender.send(tus("HEAD", &path)).await;
        assert_eq!((told.status, number(&told, "upload-offset")), (200, Some(offset)));
        assert_eq!(number(&told, "upload-length"), Some(4));
        assert_eq!(told.header("upload-metadata"), Some(said.as_str()));
        assert_eq!((told.header("cache-control"), told.body.len()), (Some("no-store"), 0));
        assert_eq!(told.header("upload-defer-length"), None);
    }
}

#[actix_web::test]
async fn nobody_but_its_sender_knows_an_upload() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(4).await;
    let others =
        [app.device_of(YUNZE.rep()).await, app.device_of(YUNZE.colleague()).await, app.device_of(HAOYU.rep()).await];
    let absent = format!("{UPLOADS}/01955f2c-3000-4000-8000-000000000001");
    for other in others {
        for path in [&path, &absent] {
            for call in [tus("HEAD", path), append(path, 0, b"byte"), tus("DELETE", path)] {
                let answer = other.client().send(call).await;
                assert_eq!(answer.outcome(), refused(404, "not_found"));
                assert_eq!(answer.header("upload-offset"), None);
            }
        }
    }
    assert_eq!(sender.offset(&path).await, Some(0));
    assert_eq!(sender.outcome(tus("HEAD", &format!("{UPLOADS}/x"))).await, refused(404, "not_found"));
}

#[actix_web::test]
async fn bytes_are_appended_where_the_upload_stopped() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    // More than is written at once.
    let whole = photo(700_000);
    let path = sender.begin(whole.len()).await;
    let mut offset = 0;
    for end in [1, 1, 300_000, 600_000] {
        let appended = sender.send(append(&path, offset, &whole[offset..end])).await;
        assert_eq!((appended.status, number(&appended, "upload-offset")), (204, Some(end)));
        assert_eq!(appended.header("doorstep-receipt"), None);
        offset = end;
    }
    let finished = sender.send(append(&path, offset, &whole[offset..])).await;
    assert_eq!((finished.status, number(&finished, "upload-offset")), (204, Some(whole.len())));
    sender.assert_stored(&finished, &whole).await;
    assert_eq!(app.verified().await.differences.len(), 0);
}

#[actix_web::test]
async fn a_part_at_another_place_is_refused_with_the_true_offset() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(8).await;
    assert_eq!(sender.send(append(&path, 0, b"four")).await.status, 204);
    for wrong in [0, 3, 5, 8, 9_000] {
        let answer = sender.send(append(&path, wrong, b"more")).await;
        assert_eq!(answer.outcome(), refused(409, "offset_conflict"), "at {wrong}");
        assert_eq!((number(&answer, "upload-offset"), &answer.json()["actual"]), (Some(4), &4.into()));
    }
    assert_eq!(sender.offset(&path).await, Some(4), "nothing was written");
    let finished = sender.send(append(&path, 4, b"more")).await;
    sender.assert_stored(&finished, b"fourmore").await;
}

#[actix_web::test]
async fn an_offset_is_a_number_of_bytes() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(4).await;
    let without = tus("PATCH", &path).bytes(BYTES, "byte");
    assert_eq!(sender.outcome(without).await, refused(400, "offset_invalid"));
    for faulty in ["-1", "x", "", "1.5", "9223372036854775808", "0 0"] {
        let call = tus("PATCH", &path).header("upload-offset", faulty).bytes(BYTES, "byte");
        assert_eq!(sender.outcome(call).await, refused(400, "offset_invalid"), "{faulty}");
    }
    assert_eq!(sender.offset(&path).await, Some(0));
}

#[actix_web::test]
async fn only_bytes_of_an_upload_are_appended() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(4).await;
    for kind in ["application/octet-stream", "image/jpeg", "application/offset+octet-stream2"] {
        let call = tus("PATCH", &path).header("upload-offset", "0").bytes(kind, "byte");
        assert_eq!(sender.outcome(call).await, refused(415, "media_type_unsupported"), "{kind}");
    }
    let mut without = append(&path, 0, b"byte");
    without.headers.retain(|(name, _)| name != "content-type");
    assert_eq!(sender.outcome(without).await, refused(415, "media_type_unsupported"));
    assert_eq!(sender.offset(&path).await, Some(0));
}

#[actix_web::test]
async fn of_more_bytes_than_there_is_room_for_none_is_kept() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(8).await;
    assert_eq!(sender.send(append(&path, 0, b"four")).await.status, 204);
    // Known before they come, and found out when they have come.
    for call in [append(&path, 4, b"fives").header("content-length", "5"), append(&path, 4, b"fives")] {
        let answer = sender.send(call).await;
        assert_eq!(answer.outcome(), refused(413, "photo_too_large"));
        assert_eq!(sender.offset(&path).await, Some(4));
    }
    let finished = sender.send(append(&path, 4, b"more")).await;
    sender.assert_stored(&finished, b"fourmore").await;
}

#[actix_web::test]
async fn the_method_that_is_meant_counts() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(4).await;
    let meant = |mut call: Call| {
        let method = std::mem::replace(&mut call.method, "POST".to_owned());
        call.header("x-http-method-override", method)
    };
    // Checked here: the document knows the method that is meant, not the one that is sent.
    let send = async |call: Call| app.send_unchecked(&meant(call).bearer(&sender.0.access)).await;
    let appended = send(append(&path, 0, b"by")).await;
    assert_eq!((appended.status, number(&appended, "upload-offset")), (204, Some(2)));
    let told = send(tus("HEAD", &path)).await;
    assert_eq!((told.status, number(&told, "upload-offset")), (200, Some(2)));
    let options = send(tus("OPTIONS", &path)).await;
    assert_eq!((options.status, options.header("tus-version")), (204, Some("1.0.0")));
    let unknown = send(tus("FETCH", &path)).await;
    assert_eq!(unknown.outcome(), refused(405, "method_not_allowed"));
    assert_eq!(send(append(&path, 1, b"y")).await.outcome(), refused(409, "offset_conflict"));
    // The method that is sent does not count, whichever it is.
    for sent in ["GET", "PUT", "DELETE", "PATCH"] {
        let mut told = tus("HEAD", &path).bearer(&sender.0.access).header("x-http-method-override", "HEAD");
        sent.clone_into(&mut told.method);
        let told = app.send_unchecked(&told).await;
        assert_eq!((told.status, number(&told, "upload-offset")), (200, Some(2)), "{sent}");
    }
    assert_eq!(send(tus("DELETE", &path)).await.status, 204);
    assert_eq!(sender.outcome(tus("HEAD", &path)).await, refused(410, "upload_expired"));
    let elsewhere = Call::get("/v1/me").bearer(&sender.0.access).header("x-http-method-override", "DELETE");
    assert_eq!(app.send(elsewhere).await.status, 200, "uploads alone");
}
