//! How originals and copies are given: headers, ranges, conditions, and the record of who read an original.

use doorstep::domain::Role;
use doorstep_store::audit::list_audit_events;
use integration_tests::app::TestApp;
use integration_tests::call::{Answer, Call};
use integration_tests::company::YUNZE;
use sync_core::bytes::Hash;

use super::with_photo;
use crate::sync::helpers::run;

fn headers(answer: &Answer) -> [Option<&str>; 7] {
    [
        "content-type",
        "content-disposition",
        "cache-control",
        "content-security-policy",
        "x-content-type-options",
        "cross-origin-resource-policy",
        "accept-ranges",
    ]
    .map(|name| answer.header(name))
}

#[actix_web::test]
async fn an_original_is_a_file_to_be_saved_and_a_copy_is_shown() {
    let app = TestApp::new().await;
    let (phone, photo) = with_photo(&app).await;
    let name = Hash::of(&photo);
    let original = phone.device.client().get(format!("/v1/blobs/{name}")).await;
    assert_eq!((original.status, &original.body), (200, &photo));
    let guarded = [Some("sandbox; default-src 'none'"), Some("nosniff"), Some("same-site"), Some("bytes")];
    let file = format!("attachment; filename=\"{name}.jpg\"");
    let [kind, shown, cached, rest @ ..] = headers(&original);
    assert_eq!([kind, shown, cached], [Some("image/jpeg"), Some(&*file), Some("private, no-store")]);
    assert_eq!(rest, guarded);
    for copy in ["preview", "thumbnail"] {
        let answer = phone.device.client().get(format!("/v1/blobs/{name}/{copy}")).await;
        let [kind, shown, cached, rest @ ..] = headers(&answer);
        assert_eq!([kind, shown, cached], [Some("image/jpeg"), Some("inline"), Some("private, no-cache")]);
        assert_eq!((answer.status, rest), (200, guarded));
        assert_ne!(answer.body, photo);
    }
}

#[actix_web::test]
async fn ranges_and_conditions_are_answered_as_rfc_9110_says() {
    let app = TestApp::new().await;
    let (phone, photo) = with_photo(&app).await;
    let path = format!("/v1/blobs/{}", Hash::of(&photo));
    let etag = format!("\"{}\"", Hash::of(&photo));
    let client = phone.device.client();
    let ask = async |method: &str, headers: &[(&str, &str)]| {
        let call = headers.iter().fold(Call::new(method, &path), |call, (name, value)| call.header(name, *value));
        client.send(call).await
    };
    let whole = photo.len();
    let part = ask("GET", &[("range", "bytes=2-4"), ("if-range", &etag)]).await;
    assert_eq!((part.status, &part.body[..]), (206, &photo[2..5]));
    assert_eq!(part.header("content-range"), Some(&*format!("bytes 2-4/{whole}")));
    assert_eq!(part.header("etag"), Some(&*etag));
    for ignored in [
        &[("range", "bytes=2-4"), ("if-range", "\"another\"")][..],
        &[("range", "bytes=2-4"), ("if-range", "Thu, 01 Jan 2026 00:00:00 GMT")],
        &[("range", "bytes=0-1,4-5")],
        &[("range", "lines=0-1")],
        &[("if-none-match", "\"another\"")],
    ] {
        let answer = ask("GET", ignored).await;
        assert_eq!((answer.status, answer.body.len()), (200, whole), "{ignored:?}");
    }
    let behind = ask("GET", &[("range", &format!("bytes={whole}-"))]).await;
    assert_eq!(behind.outcome(), (416, "range_invalid".to_owned()));
    for method in ["GET", "HEAD"] {
        let known = ask(method, &[("if-none-match", &etag), ("range", "bytes=2-4")]).await;
        assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, Some(&*etag)), "{method}");
    }
}

#[actix_web::test]
async fn who_brought_a_blob_to_a_server_of_before_opens_it_and_nobody_else_does() {
    let app = TestApp::new().await;
    let (phone, photo) = with_photo(&app).await;
    let other = app.device_of(YUNZE.colleague()).await;
    // As where a server took it that knows the row of the blob alone.
    run(&app, "DELETE FROM blob_bringers".to_owned()).await;
    let path = format!("/v1/blobs/{}", Hash::of(&photo));
    let question = || Call::new("PUT", &path).header("content-range", format!("bytes */{}", photo.len()));
    for (device, is_his) in [(&phone.device, true), (&other, false)] {
        let opened = device.client().get(&path).await;
        let told = device.client().send(question()).await;
        assert_eq!((opened.status, told.status), if is_his { (200, 200) } else { (404, 409) });
    }
}

#[actix_web::test]
async fn every_reading_of_an_original_is_recorded_and_no_refusal_is() {
    let app = TestApp::new().await;
    let (phone, photo) = with_photo(&app).await;
    let name = Hash::of(&photo);
    let path = format!("/v1/blobs/{name}");
    // Events of one instant have no order among themselves.
    let recorded = async || {
        let subject = name.to_string();
        let events = app.read(move |conn| list_audit_events(conn, YUNZE.org, &subject, 100)).await;
        // Looks at the small copies are recorded otherwise.
        let of_bytes = events.into_iter().filter(|event| event.kind == "blob.read");
        let mut events: Vec<_> =
            of_bytes.map(|event| (event.kind, event.actor_id, event.device_id, event.at_ms)).collect();
        events.sort_by_key(|(_, actor, ..)| actor.map(|actor| actor.0));
        events
    };
    assert_eq!(recorded().await, [], "nobody has read it: making copies is no reading");
    // Who has no right to originals, or to this one, leaves none.
    for (role, status) in [(Role::Dispatcher, 403), (Role::CsAgent, 403), (Role::Admin, 403), (Role::Reviewer, 404)] {
        assert_eq!(app.role(YUNZE, role).await.get(&path).await.status, status, "{role}");
    }
    assert_eq!(app.signed_in(YUNZE.stranger()).await.get(&path).await.status, 404);
    phone.device.client().get(format!("{path}/preview")).await;
    assert_eq!(recorded().await, []);

    let (rep, device, at_ms) = (YUNZE.rep().id, phone.device.id, app.now().0);
    let auditor = YUNZE.member(Role::Auditor).id;
    assert_eq!(phone.device.client().get(&path).await.status, 200);
    phone.device.client().send(Call::get(&path).header("range", "bytes=0-3")).await;
    assert_eq!(app.role(YUNZE, Role::Auditor).await.get(&path).await.status, 200);
    let by = |who, device: Option<_>| ("blob.read".to_owned(), Some(who), device, at_ms);
    let phone_of_rep = Some(doorstep_store::Txt(device));
    let (rep, auditor) = (doorstep_store::Txt(rep), doorstep_store::Txt(auditor));
    assert_eq!(recorded().await, [by(rep, phone_of_rep), by(rep, phone_of_rep), by(auditor, None)]);
}

#[actix_web::test]
async fn no_byte_of_an_original_is_read_that_is_not_asked_for_and_only_reading_is_recorded() {
    let app = TestApp::configured(|config| config.s3.bucket = None).await;
    let (phone, photo) = with_photo(&app).await;
    let hex = Hash::of(&photo).to_string();
    let path = format!("/v1/blobs/{hex}");
    let client = phone.device.client();
    let file = format!("blobs/o/{}/sha256/{}/{}/{hex}", YUNZE.org, &hex[..2], &hex[2..4]);
    let file = app.state.config.data_dir.join(file);
    let recorded = async || {
        let subject = hex.clone();
        app.read(move |conn| list_audit_events(conn, YUNZE.org, &subject, 100)).await.len()
    };
    // Damage behind the range: whoever reads all of it finds it.
    let mut damaged = photo.clone();
    *damaged.last_mut().expect("bytes") ^= 1;
    std::fs::write(&file, &damaged).expect("damaged");
    let part = client.send(Call::get(&path).header("range", "bytes=2-4")).await;
    assert_eq!((part.status, &part.body[..], recorded().await), (206, &photo[2..5], 1));
    let all = client.send(Call::get(&path).header("range", "bytes=0-")).await;
    assert_eq!((all.status, recorded().await), (500, 2), "all of it is never shown unchecked");
    std::fs::remove_file(&file).expect("gone");
    for range in [None, Some("bytes=2-4")] {
        let head = range.iter().fold(Call::new("HEAD", &path), |call, range| call.header("range", *range));
        let head = client.send(head).await;
        assert_eq!((head.status, head.body.len(), recorded().await), (200, 0, 2), "headers alone show nothing");
        assert_eq!(head.header("etag"), Some(&*format!("\"{hex}\"")));
    }
    let known = client.send(Call::get(&path).header("if-none-match", format!("\"{hex}\""))).await;
    assert_eq!((known.status, known.body.len(), recorded().await), (304, 0, 2), "it shows nothing new");
    let behind = client.send(Call::get(&path).header("range", format!("bytes={}-", photo.len()))).await;
    assert_eq!((behind.outcome(), recorded().await), ((416, "range_invalid".to_owned()), 2));
}
