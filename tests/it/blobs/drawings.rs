//! Signatures as pictures: drawn of their strokes, for whom may read the form, each look logged.

use doorstep::domain::Role;
use doorstep_store::audit::list_audit_events;
use integration_tests::app::TestApp;
use integration_tests::company::{HAOYU, YUNZE};
use sync_core::bytes::Hash;

use crate::custody::{hand_in, upload};

/// How often a blob was read.
async fn reads_of(app: &TestApp, blob: Hash) -> usize {
    let subject = blob.to_string();
    app.read(move |conn| list_audit_events(conn, YUNZE.org, &subject, 100)).await.len()
}

// Rule: GEN-13
#[actix_web::test]
async fn a_signature_is_shown_as_it_was_written_and_every_look_is_logged() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let handed = hand_in(&app, &mut phone).await;
    phone.sync().await;
    for part in &handed.parts {
        upload(&phone, part).await;
    }
    let is_ink = |part: &&Vec<u8>| part.windows(9).any(|bytes| bytes == b"\"strokes\"");
    let ink = Hash::of(handed.parts.iter().find(is_ink).expect("an ink"));
    let path = format!("/v1/blobs/{ink}/drawing");

    let auditor = app.role(YUNZE, Role::Auditor).await;
    let drawn = auditor.get(&path).await;
    assert_eq!((drawn.status, drawn.header("content-type")), (200, Some("image/svg+xml")), "{}", drawn.text());
    assert!(drawn.text().contains(r#"viewBox="0 0 600 200""#) && drawn.text().contains("M1 2L3 4"), "{}", drawn.text());
    assert_eq!(
        drawn.header("cache-control"),
        Some("private, no-store"),
        "a kept one would be looked at without an event"
    );
    assert_eq!(drawn.header("content-security-policy"), Some("sandbox; default-src 'none'"));
    assert_eq!(drawn.header("x-content-type-options"), Some("nosniff"));
    let again = phone.device.client().get(&path).await;
    assert_eq!((again.status, &again.body), (200, &drawn.body), "the rep sees the same");
    assert_eq!(reads_of(&app, ink).await, 2, "each look is an event");

    let opening = Hash::of(handed.parts.first().expect("an opening"));
    let other = auditor.get(format!("/v1/blobs/{opening}/drawing")).await;
    assert_eq!(other.outcome(), (404, "no_preview".to_owned()));
    assert!(other.text().contains("no_ink"), "{}", other.text());
    assert_eq!(reads_of(&app, opening).await, 0);

    assert_eq!(app.role(YUNZE, Role::Dispatcher).await.get(&path).await.outcome(), (403, "forbidden".to_owned()));
    assert_eq!(app.role(HAOYU, Role::Auditor).await.get(&path).await.outcome(), (404, "not_found".to_owned()));
    assert_eq!(reads_of(&app, ink).await, 2, "who sees nothing reads nothing");
}
