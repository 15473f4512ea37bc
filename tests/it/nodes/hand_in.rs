//! The office beside a push that another connection has not committed yet.

use diesel::PgConnection;
use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::YUNZE;
use integration_tests::db::paused::{self, waiting};
use integration_tests::patience::come;
use serde_json::{Value, json};
use sync_core::doc::Map;
use sync_core::protocol::Outcome;
use tokio::time::timeout;

use super::PATIENCE;
use super::meeting::connect;
use crate::sync::helpers::day_note;

async fn until_waiting(conn: &mut PgConnection, count: i64) {
    let waiting = async {
        while waiting(conn) < count {
            tokio::task::yield_now().await;
        }
    };
    come("sessions wait for a lock", waiting).await;
}

#[actix_web::test]
async fn a_visit_that_is_just_being_handed_in_is_neither_cancelled_nor_moved() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let visit = office.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.tick(visit, "kit/a", true);
    phone.sync().await;
    phone.come_to_the_door(visit);
    let (at, by) = (phone.stamp(), phone.device.member.id);
    let outcome = json!({"code": "resource_missing", "reason": "no free port", "at": at, "by": by});
    phone.add(visit, Map::Outcomes, &outcome);
    phone.event(visit, "end_without_work");
    let note = phone.intend(day_note("with the hand-in"));
    let request = phone.request();

    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let seen = format!("\"{}\"", office.row(visit).await.version);
    let change = |verb: &str, body: &Value| {
        dispatcher.send(Call::post(format!("/v1/visits/{visit}/{verb}")).json(body).header("if-match", &seen))
    };
    let cancel = json!({"reason": "customer moved away"});
    let reschedule = json!({"start": "2025-03-05T15:00:00+08:00", "notified_at": "2025-03-04T07:50:00+08:00",
        "proposed_by": "customer", "reason": "away"});
    let mut holder = connect(&app);
    paused::pause(&mut holder, "INSERT ON intents", &format!("WHEN (NEW.id = '{note}')"));
    paused::hold(&mut holder);
    let beside = async {
        until_waiting(&mut holder, 1).await;
        let go_on = async {
            until_waiting(&mut holder, 3).await;
            paused::let_go(&mut holder);
        };
        let (cancelled, moved, ()) = tokio::join!(change("cancel", &cancel), change("reschedule", &reschedule), go_on);
        [cancelled.outcome(), moved.outcome()]
    };
    let both = async { tokio::join!(phone.exchange(&request), beside) };
    let (stored, refused) = timeout(PATIENCE, both).await.expect("the office waits for the push");
    assert!(stored.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", stored.acks);
    assert_eq!(refused, [(409, "state_invalid".to_owned()), (409, "state_invalid".to_owned())]);
    let row = office.row(visit).await;
    assert_eq!((row.state.as_str(), row.cancelled_at_ms), ("under_review", None));
}
