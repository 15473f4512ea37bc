//! What counts for photos changed after they were looked at: they are looked at again, and what is found then counts.

use std::collections::BTreeMap;

use doorstep::app::norms::publish_policy;
use doorstep::app::visits::PlannedTime;
use doorstep::domain::Role;
use doorstep_store::feed::FeedBatch;
use doorstep_store::findings::list_finding_decisions;
use doorstep_store::photo_checks;
use integration_tests::app::TestApp;
use integration_tests::builders::{HOUR_MS, TEMPLATE};
use integration_tests::call::Call;
use integration_tests::company::YUNZE;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::ids::{SiteId, VisitId};
use sync_core::intent::IntentBody;
use sync_core::intent::body::ProposeAppointment;
use sync_core::plan::PolicyRow;
use sync_core::time::UnixMillis;

use super::seen::hand_in;
use super::{Field, look, pictures, said};
use crate::sync::helpers::run;

/// Has visits looked at of whose photos some are none; the same on both engines.
const MIGRATION: &str = include_str!("../../../migrations/sqlite/2026-11-30-140000_look_at_documents_again/up.sql");

/// Whether the photos of a visit wait to be looked at, as the office is told.
async fn is_due(app: &TestApp, visit: VisitId) -> bool {
    let seen = app.role(YUNZE, Role::Dispatcher).await.get(format!("/v1/visits/{visit}/findings")).await.expect(200);
    seen["is_due"].as_bool().expect("said")
}

/// Says where a site is; its new version.
async fn relocate(app: &TestApp, site: SiteId, seen: i64, lat_udeg: i64, datum: &str) -> i64 {
    let to = json!({"geo": {"lat_udeg": lat_udeg, "lon_udeg": 104_065_735, "acc_m": 10, "datum": datum}});
    let call = Call::post(format!("/v1/sites/{site}/move")).header("if-match", format!("\"{seen}\"")).json(&to);
    let moved = app.role(YUNZE, Role::Dispatcher).await.send(call).await.expect(200);
    moved["version"].as_i64().expect("a version")
}

#[actix_web::test]
async fn photos_are_looked_at_again_when_their_site_is_found_elsewhere() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let (customer, site) = field.site(30_659_462, 104_065_735).await;
    let visit = field.visit_at((customer, site)).await;
    let picture = pictures::photo(1);
    field.send(visit, &picture).await;
    assert_eq!((field.said(visit).await, is_due(&app, visit).await), (said([]), false));

    let stale = json!({"geo": {"lat_udeg": 1, "lon_udeg": 1, "acc_m": 10, "datum": "wgs84"}});
    let stale = Call::post(format!("/v1/sites/{site}/move")).header("if-match", "\"7\"").json(&stale);
    assert_eq!(app.role(YUNZE, Role::Dispatcher).await.send(stale).await.outcome(), (412, "stale_version".to_owned()));
    // Two kilometres to the south of what was believed.
    let version = relocate(&app, site, 1, 30_641_462, "wgs84").await;
    assert!(is_due(&app, visit).await, "the position counts for the photo");
    look(&app).await;
    assert_eq!(field.said(visit).await, said([("far_from_site", 2)]));
    field.phone.sync().await;
    assert_eq!(field.phone.row("site", site)["geo"]["lat_udeg"], 30_641_462, "its phone hears of it");

    // The same numbers by another datum: data of one place lie as far apart.
    let version = relocate(&app, site, version, 30_641_462, "gcj02").await;
    look(&app).await;
    assert_eq!(field.said(visit).await, said([]));

    // What was said of a finding stays, with what was found then.
    relocate(&app, site, version, 30_600_000, "wgs84").await;
    look(&app).await;
    hand_in(&mut field, visit);
    field.sent(&[]).await;
    let rows = field.rows(visit).await;
    let path = format!("/v1/visits/{visit}/photos/{}/findings/decisions", rows[0].photo_id);
    let says = json!({"id": "01955f2c-3000-7000-8000-00000000d0a1", "sha256": Hash::of(&picture),
        "code": "far_from_site", "decision": "dismissed"});
    app.role(YUNZE, Role::Reviewer).await.post(&path, says).await.expect(201);
    relocate(&app, site, version + 1, 30_659_462, "wgs84").await;
    look(&app).await;
    let left = field.rows(visit).await;
    assert_eq!((left[0].state.as_str(), &left[0].evidence), ("dismissed", &rows[0].evidence));
    let kept = app.read(move |conn| list_finding_decisions(conn, YUNZE.org, visit)).await;
    assert_eq!(kept.iter().map(|row| &row.evidence).collect::<Vec<_>>(), [&rows[0].evidence]);
}

#[actix_web::test]
async fn photos_are_looked_at_again_when_the_plan_of_their_visit_changes() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let office = app.office_again(YUNZE);
    let planned = office.plan(&[YUNZE.rep()]).await;
    let visit = planned.visit;
    field.phone.sync().await;
    // Before arrival: the parts that the rep brings.
    let picture = pictures::photo(1);
    field.take(visit, &picture, |record| record["source"] = "gallery".into());
    let nothing = office.plan(&[YUNZE.rep()]).await.visit;
    field.sent(&[&picture]).await;
    let expected = said([("gallery_source", 2)]);
    for change in ["moved", "given to two", "cancelled"] {
        assert!(!is_due(&app, visit).await, "before it was {change}");
        for of in [visit, nothing] {
            match change {
                "moved" => office.reschedule(of, app.now().plus_ms(5 * HOUR_MS)).await,
                "given to two" => office.assign(of, &[YUNZE.rep(), YUNZE.colleague()]).await,
                _ => office.cancel(of).await,
            }
        }
        assert_eq!((is_due(&app, visit).await, is_due(&app, nothing).await), (true, false), "{change}");
        look(&app).await;
        assert_eq!(field.said(visit).await, expected, "{change}: what was there before counts");
    }
}

#[actix_web::test]
async fn photos_are_looked_at_again_when_their_rep_agrees_on_an_appointment() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let office = app.office_again(YUNZE);
    let (order, ..) = office.order().await;
    let visit = office.plan_for(order, &[YUNZE.rep()], PlannedTime::Start(app.now().plus_ms(HOUR_MS))).await;
    field.phone.sync().await;
    field.send(visit, &pictures::photo(1)).await;
    field.phone.intend(IntentBody::ProposeAppointment(ProposeAppointment {
        appointment_id: "01955f2c-3000-7000-8000-00000000a001".parse().expect("an id"),
        work_order_id: order,
        visit_id: Some(visit),
        start_ms: app.now().plus_ms(2 * HOUR_MS),
        end_ms: None,
        agreed: true,
        note: None,
    }));
    field.phone.sync().await;
    assert!(office.row(visit).await.appointment_id.is_some(), "it was taken");
    assert!(is_due(&app, visit).await);
    look(&app).await;
}

#[actix_web::test]
async fn photos_are_looked_at_again_when_the_policy_that_their_crew_pinned_is_published() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let site = field.site(30_659_462, 104_065_735).await;
    let mut visits = Vec::new();
    for (seed, policy) in [(1, 7), (2, 1)] {
        let visit = field.visit_at(site).await;
        let pin = json!({"template": TEMPLATE, "template_version": 1, "policy_version": policy,
            "at": field.phone.stamp(), "by": field.phone.device.member.id});
        field.phone.add(visit, Map::Pins, &pin);
        let picture = pictures::photo(seed);
        // Some 330 metres away.
        field.take(visit, &picture, |record: &mut Value| record["geo"]["lat_udeg"] = 30_662_462.into());
        field.sent(&[&picture]).await;
        // By the planned policy, as long as nobody knows the other one.
        assert_eq!(field.said(visit).await, said([("far_from_site", 2)]));
        field.wait(3600).await;
        visits.push(visit);
    }
    let parameters = BTreeMap::from([("photo_far_m".to_owned(), "1000".to_owned())]);
    let policy = PolicyRow { version: 7, effective_from_ms: UnixMillis(1), parameters };
    let now = app.now();
    app.write(move |conn| {
        let mut batch = FeedBatch::new();
        publish_policy(conn, &mut batch, YUNZE.org, &policy, now).expect("published");
        batch.publish(conn, YUNZE.org)
    })
    .await;
    let due = app.read(|conn| photo_checks::list_due(conn, YUNZE.org, None, 10)).await;
    assert_eq!(due.iter().map(|row| row.visit_id.0).collect::<Vec<_>>(), [visits[0]], "nobody else pinned it");
    look(&app).await;
    assert_eq!(field.said(visits[0]).await, said([]));
    assert_eq!(field.said(visits[1]).await, said([("far_from_site", 2)]));
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn a_state_that_earlier_rules_derived_from_a_document_is_derived_anew() {
    let app = TestApp::new().await;
    let mut field = Field::of(&app, YUNZE).await;
    let (with_document, with_photo) = (field.visit().await, field.visit().await);
    field.take(with_document, &pictures::photo(1), |record| record["kind"] = json!("document"));
    field.take(with_photo, &pictures::photo(2), |_| ());
    field.sent(&[&pictures::photo(1), &pictures::photo(2)]).await;
    assert_eq!(app.verified().await.differences, []);

    // As an older version left it, and as this one finds it.
    run(&app, "UPDATE visits SET state = 'suspended'".to_owned()).await;
    assert_eq!(app.verified().await.differences.len(), 2);
    run(&app, MIGRATION.to_owned()).await;
    assert_eq!((is_due(&app, with_document).await, is_due(&app, with_photo).await), (true, false));
    look(&app).await;
    let differences = app.verified().await.differences;
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert!(format!("{differences:?}").contains(&with_photo.to_string()), "nobody looked at the other one");
}
