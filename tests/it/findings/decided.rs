//! What people say of what was found.

use std::collections::BTreeSet;

use doorstep::domain::Role;
use doorstep_store::findings::list_finding_decisions;
use integration_tests::app::TestApp;
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::ids::VisitId;

use super::seen::hand_in;
use super::{Field, look, pictures, rows};

const FIRST: &str = "01955f2c-3000-7000-8000-00000000d001";
const SECOND: &str = "01955f2c-3000-7000-8000-00000000d002";

/// A visit handed in with a picture from the gallery, and where decisions about that go.
pub async fn from_gallery(field: &mut Field<'_>, picture: &[u8]) -> (VisitId, String) {
    let visit = field.visit().await;
    let photo = field.take(visit, picture, |record| record["source"] = "gallery".into());
    hand_in(field, visit);
    field.sent(&[picture]).await;
    (visit, format!("/v1/visits/{visit}/photos/{photo}/findings/decisions"))
}

#[actix_web::test]
async fn a_decision_is_kept_with_what_was_found_and_the_newest_counts() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let picture = pictures::photo(1);
    let (visit, path) = from_gallery(&mut field, &picture).await;
    let reviewer = app.role(YUNZE, Role::Reviewer).await;
    let says = |id: &str, decision: &str| {
        json!({"id": id, "sha256": Hash::of(&picture), "code": "gallery_source", "decision": decision,
            "comment": "客户提供"})
    };
    let state = async || {
        let seen = reviewer.get(&format!("/v1/visits/{visit}/findings")).await.expect(200);
        seen["items"][0]["state"].clone()
    };
    assert_eq!(state().await, "open");
    let before = app.now();
    let decided = reviewer.post(&path, says(FIRST, "confirmed")).await.expect(201);
    assert_eq!(decided["decision"], "confirmed");
    assert_eq!(state().await, "confirmed");

    app.clock.advance_secs(60);
    assert_eq!(reviewer.post(&path, says(FIRST, "confirmed")).await.expect(201), decided, "again, without effect");
    let other = reviewer.post(&path, says(FIRST, "dismissed")).await;
    assert_eq!(other.outcome(), (422, "idempotency_mismatch".to_owned()));
    reviewer.post(&path, says(SECOND, "dismissed")).await.expect(201);
    assert_eq!(state().await, "dismissed");
    let kept = app.read(move |conn| list_finding_decisions(conn, YUNZE.org, visit)).await;
    let said: Vec<_> =
        kept.iter().map(|row| (row.id.to_string(), row.decision.as_str(), row.at_ms - before.0)).collect();
    assert_eq!(said, [(FIRST.to_owned(), "confirmed", 0), (SECOND.to_owned(), "dismissed", 60_000)]);
    assert!(kept.iter().all(|row| row.level == 2 && row.evidence.starts_with('{')), "{kept:?}");

    // Looking again changes nothing of it.
    app.write(move |conn| doorstep_store::photo_checks::enqueue(conn, YUNZE.org, [visit], 1)).await;
    look(&app).await;
    assert_eq!(state().await, "dismissed");
}

#[actix_web::test]
async fn a_decision_about_something_else_is_refused() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let picture = pictures::photo(1);
    let (visit, path) = from_gallery(&mut field, &picture).await;
    let body = json!({"id": FIRST, "sha256": Hash::of(&picture), "code": "gallery_source", "decision": "confirmed"});
    let with = |field: &str, value: Value| {
        let mut body = body.clone();
        body[field] = value;
        body
    };
    let reviewer = app.role(YUNZE, Role::Reviewer).await;
    for (body, status, code) in [
        (with("sha256", json!(Hash::of(b"another"))), 412, "stale_content"),
        (with("code", json!("blurred")), 422, "invalid"),
        (with("code", json!("unheard_of")), 422, "invalid"),
        (with("comment", json!(" ")), 422, "invalid"),
        (with("decision", json!("perhaps")), 400, "body_invalid"),
    ] {
        let refused = reviewer.post(&path, body.clone()).await;
        assert_eq!(refused.outcome(), (status, code.to_owned()), "{body}");
    }
    let elsewhere = format!("/v1/visits/{visit}/photos/{visit}/findings/decisions");
    assert_eq!(reviewer.post(&elsewhere, body.clone()).await.outcome(), (422, "invalid".to_owned()));
    for (company, role, status) in
        [(YUNZE, Role::FieldRep, 403), (YUNZE, Role::Dispatcher, 403), (HAOYU, Role::Reviewer, 404)]
    {
        app.role(company, role).await.post(&path, body.clone()).await.expect(status);
    }
    assert_eq!(app.read(move |conn| list_finding_decisions(conn, YUNZE.org, visit)).await, []);
}

#[actix_web::test]
async fn a_decision_is_about_the_content_that_counts_now() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let [first, second] = [1, 2].map(pictures::photo);
    let visit = field.visit().await;
    let gallery = |record: &mut Value| record["source"] = "gallery".into();
    let withdrawn = field.take(visit, &first, gallery);
    field.sent(&[&first]).await;
    // Withdrawn and taken anew before the form is signed, and not looked at since.
    let because = json!({"reason": "wrong", "at": field.phone.stamp(), "by": field.phone.device.member.id});
    field.phone.put(visit, Map::Withdrawn, &withdrawn, &because);
    let taken = field.take(visit, &second, gallery);
    hand_in(&mut field, visit);
    field.phone.sync().await;
    let reviewer = app.role(YUNZE, Role::Reviewer).await;
    let says = async |id: &str, photo: &str, bytes: &[u8]| {
        let body = json!({"id": id, "sha256": Hash::of(bytes), "code": "gallery_source", "decision": "dismissed"});
        reviewer.post(&format!("/v1/visits/{visit}/photos/{photo}/findings/decisions"), body).await
    };
    assert_eq!(says(FIRST, &withdrawn, &first).await.outcome(), (412, "stale_content".to_owned()));
    assert_eq!(app.read(move |conn| list_finding_decisions(conn, YUNZE.org, visit)).await, []);
    field.sent(&[&second]).await;
    says(SECOND, &taken, &second).await.expect(201);
}

#[actix_web::test]
async fn who_took_a_photo_decides_on_nothing_that_was_found_about_it() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let picture = pictures::photo(1);
    let (visit, path) = from_gallery(&mut field, &picture).await;
    let rep = YUNZE.rep();
    let both =
        format!("INSERT INTO user_roles (org_id, user_id, role) VALUES ('{}', '{}', 'reviewer')", rep.org, rep.id);
    app.write(move |conn| rows::run(conn, &both)).await;
    let body = json!({"id": FIRST, "sha256": Hash::of(&picture), "code": "gallery_source", "decision": "dismissed"});
    let refused = app.signed_in(rep).await.post(&path, body.clone()).await;
    assert_eq!(refused.outcome(), (403, "four_eyes".to_owned()));
    assert_eq!(app.read(move |conn| list_finding_decisions(conn, YUNZE.org, visit)).await, []);
    app.role(YUNZE, Role::Reviewer).await.post(&path, body).await.expect(201);
}

#[actix_web::test]
async fn what_came_too_late_to_count_takes_nothing_from_a_decision() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let [first, second, third] = [1, 2, 3].map(pictures::photo);
    let visit = field.visit().await;
    let gallery = |record: &mut Value| record["source"] = "gallery".into();
    let withdrawn = field.take(visit, &first, gallery);
    let replaced = field.take(visit, &second, gallery);
    hand_in(&mut field, visit);
    field.sent(&[&first, &second]).await;
    // Only now one is withdrawn, and the other one taken anew.
    let because = json!({"reason": "wrong", "at": field.phone.stamp(), "by": field.phone.device.member.id});
    field.phone.put(visit, Map::Withdrawn, &withdrawn, &because);
    let late = field.take(visit, &third, |record| {
        gallery(record);
        record["replaces"] = json!(replaced);
    });
    field.sent(&[&third]).await;
    let reviewer = app.role(YUNZE, Role::Reviewer).await;
    let says = async |id: &str, photo: &str, bytes: &[u8]| {
        let body = json!({"id": id, "sha256": Hash::of(bytes), "code": "gallery_source", "decision": "confirmed"});
        reviewer.post(&format!("/v1/visits/{visit}/photos/{photo}/findings/decisions"), body).await
    };
    let found: Vec<String> = field.rows(visit).await.into_iter().map(|row| row.photo_id).collect();
    assert_eq!(BTreeSet::from_iter(&found), BTreeSet::from([&withdrawn, &replaced]), "what was handed in");
    assert_eq!(says(FIRST, &late, &third).await.outcome(), (422, "invalid".to_owned()), "nothing was found of it");
    assert_eq!(says(FIRST, &replaced, &third).await.outcome(), (412, "stale_content".to_owned()));
    says(FIRST, &withdrawn, &first).await.expect(201);
    says(SECOND, &replaced, &second).await.expect(201);
    // Looking again finds the same, and verification with it.
    app.write(move |conn| doorstep_store::photo_checks::enqueue(conn, YUNZE.org, [visit], 1)).await;
    look(&app).await;
    let states: Vec<String> = field.rows(visit).await.into_iter().map(|row| row.state).collect();
    assert_eq!(states, ["confirmed", "confirmed"]);
    assert_eq!(app.verified().await.differences, []);
}
