//! A task that somebody closes while a push changes what it is about.

use doorstep::app::deadlines::{self, Obligations};
use doorstep::domain::Role;
use doorstep_store::Conn;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::clock::START;
use integration_tests::company::YUNZE;
use serde_json::{Value, json};
use sync_core::deadlines::FollowUp;

use super::meeting::{meeting, pause};

#[actix_web::test]
async fn a_push_waits_for_who_closes_its_task_and_does_not_fail() {
    let app = TestApp::new().await;
    let planned = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await;
    let keep = async |hours: i64| {
        let due = Some(START.plus_ms(hours * 3_600_000));
        let (work_order, follow_ups) = (Some(planned.order), vec![(FollowUp::Rectify, due)]);
        let asks = Obligations { work_order, follow_ups, ..Obligations::default() };
        let (visit, now) = (planned.visit, app.now());
        let keep = move |conn: &mut Conn| deadlines::keep(conn, YUNZE.org, &[(visit, asks.clone())], now);
        app.state.store.write(keep).await
    };
    keep(24).await.expect("it is opened");
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let open = dispatcher.get("/v1/tasks?kind=rectification").await.expect(200);
    let task: &Value = &open["items"][0];
    let path = format!("/v1/tasks/{}/close", task["id"].as_str().expect("an id"));
    let body = json!({"note": "已整改", "no_next_visit": "already_planned"});
    let close = Call::post(path).header("if-match", "\"1\"").json(&body);
    pause(&app, "UPDATE ON tasks", "");
    let (closed, kept) = Box::pin(meeting(&app, dispatcher.send(close), keep(48))).await;
    assert_eq!(closed.expect(200)["state"], json!("done"));
    kept.expect("who closes it is waited for");
    let left = app.role(YUNZE, Role::Dispatcher).await.get("/v1/tasks?kind=rectification").await.expect(200);
    assert_eq!(left["items"], json!([]), "what was seen to stays seen to");
}
