//! Orders to a phone, as the answers to its syncs tell of them.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use serde_json::json;
use sync_core::protocol::row::kind;
use sync_core::protocol::{Outcome, SyncResponse};

use super::helpers::{run, run_at, with_the_next_changes};

fn has_order(answer: &SyncResponse) -> bool {
    answer.rows.contains_key(kind::ORDER)
}

#[actix_web::test]
async fn an_order_that_is_withdrawn_while_a_push_is_taken_in_is_not_told() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let wipe = format!("/v1/devices/{}/wipe", phone.device.id);
    let ordered = app.role(YUNZE, Role::Admin).await.post(wipe, json!({"wipe_now": true})).await;
    assert_eq!(ordered.status, 202, "{}", ordered.text());
    phone.tick(visit, "kit/a", true);
    let told = phone.round().await;
    assert!(told.acks[0].outcome == Outcome::Stored && has_order(&told), "{told:?}");

    let reinstated = "UPDATE device_orders SET withdrawn_at_ms = 1; UPDATE devices SET order_id = NULL";
    run_at(&app.state.config.database_url, &with_the_next_changes(reinstated));
    phone.tick(visit, "kit/b", true);
    let told = phone.round().await;
    assert!(told.acks[0].outcome == Outcome::Stored && !has_order(&told), "{told:?}");
}

#[actix_web::test]
async fn an_order_that_cannot_be_read_is_not_told_as_withdrawn() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let wipe = format!("/v1/devices/{}/wipe", phone.device.id);
    assert_eq!(app.role(YUNZE, Role::Admin).await.post(wipe, json!({})).await.status, 202);
    phone.tick(visit, "kit/a", true);
    let request = phone.request();
    run(&app, "UPDATE device_orders SET jws = '.' || jws".to_owned()).await;
    assert_eq!(phone.send(&request).await.status, 500, "the phone tries again, with the order it has");

    run(&app, "UPDATE device_orders SET jws = substr(jws, 2)".to_owned()).await;
    let told = phone.exchange(&request).await;
    assert!(told.acks[0].outcome == Outcome::Duplicate && has_order(&told), "{told:?}");
}
