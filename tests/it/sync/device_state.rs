//! What a phone says of itself takes the place of all it said before; where it says nothing, nothing changes.

use doorstep::domain::Role;
use doorstep_store::devices::{DeviceRow, find_device};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::{Value, json};
use sync_core::protocol::DeviceState;
use sync_core::time::UnixMillis;

/// Says how the phone is doing, and asks for nothing.
async fn says(phone: &Phone<'_>, state: DeviceState) {
    phone.exchange(&sync_core::protocol::SyncRequest { device_state: Some(state), ..phone.empty_request() }).await;
}

async fn known(app: &TestApp, phone: &Phone<'_>) -> DeviceRow {
    let id = phone.device.id;
    app.read(move |conn| find_device(conn, YUNZE.org, id)).await.expect("the device")
}

#[actix_web::test]
async fn what_a_phone_reports_replaces_all_of_it_and_what_it_does_not_report_changes_nothing() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let admin = app.role(YUNZE, Role::Admin).await;
    let path = format!("/v1/devices/{}", phone.device.id);
    let since = app.now().0 - 3_600_000;
    let state = DeviceState {
        unsent: 3,
        oldest_unsent_at: Some(UnixMillis(since)),
        free_bytes: Some(1 << 30),
        clock: phone.stamp(),
        unsent_visits: Some(vec![visit]),
    };
    says(&phone, state.clone()).await;
    let shown = admin.get(&path).await.expect(200);
    assert_eq!((&shown["unsent"], &shown["unsent_visits"]), (&json!(3), &json!([visit])));
    assert!(shown["oldest_unsent_at"].is_string(), "{shown}");

    // A push that does not say how its phone is doing.
    let reported = known(&app, &phone).await;
    app.clock.advance_secs(301);
    phone.tick(visit, "kit/a", true);
    phone.sync().await;
    let seen = known(&app, &phone).await;
    assert_eq!(seen.last_seen_at_ms, Some(app.now().0));
    assert_eq!(seen, DeviceRow { last_seen_at_ms: seen.last_seen_at_ms, ..reported });
    // And a question that does not.
    app.clock.advance_secs(301);
    phone.exchange(&phone.empty_request()).await;
    assert_eq!(known(&app, &phone).await, DeviceRow { last_seen_at_ms: Some(app.now().0), ..seen });

    // Nothing is unsent any more, so nothing is the oldest of it.
    says(&phone, DeviceState { unsent: 0, oldest_unsent_at: None, unsent_visits: Some(Vec::new()), ..state.clone() })
        .await;
    let shown = admin.get(&path).await.expect(200);
    assert_eq!((&shown["unsent"], &shown["unsent_visits"]), (&json!(0), &json!([])));
    assert_eq!(shown["oldest_unsent_at"], Value::Null);
    says(&phone, DeviceState { unsent: 1, free_bytes: None, unsent_visits: None, ..state }).await;
    let row = known(&app, &phone).await;
    assert_eq!((row.oldest_unsent_at_ms, row.free_bytes, row.unsent_visits), (Some(since), None, None));
}
