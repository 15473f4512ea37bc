//! Requests that the office does not accept.

use doorstep::domain::Role;
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::call::{Answer, Call};
use integration_tests::company::YUNZE;
use serde_json::{Value, json};

async fn order(integrator: &Client<'_>) -> Value {
    let row = json!({"customer": {"kind": "individual", "name": "王海", "phones": ["000-0000-0017"], "address": "示例路"},
        "site": {"address": "示例路", "scene": "rural"}, "order": {"type": "repair", "channel": "integrator"}});
    let kept = integrator.post("/v1/work-orders/import", json!({"rows": [row]})).await.expect(200);
    let id = kept["rows"][0]["work_order_id"].as_str().expect("an id");
    integrator.get(format!("/v1/work-orders/{id}")).await.expect(200)
}

async fn refuse(client: &Client<'_>, order: &Value, body: Value) -> Answer {
    let call = Call::post(format!("/v1/work-orders/{}/refuse", order["id"].as_str().expect("an id")));
    client.send(call.header("if-match", format!("\"{}\"", order["version"])).json(&body)).await
}

fn answer() -> Value {
    json!({"reason_code": "out_of_area", "reason": "该地址不在服务区域内", "suggestion": "请联系当地营业厅办理"})
}

// Rule: APT-10
#[actix_web::test]
async fn a_request_that_is_not_accepted_is_answered_with_reason_and_suggestion() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let (integrator, agent) = (app.role(YUNZE, Role::Integrator).await, app.role(YUNZE, Role::CsAgent).await);
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let order = order(&integrator).await;
    assert_eq!((&order["number"], order.get("refusal")), (&json!("WO-2025-000001"), None), "registered at once");
    for (field, value) in [("reason_code", "no_idea"), ("reason", " "), ("suggestion", "")] {
        let mut faulty = answer();
        faulty[field] = json!(value);
        let refused = refuse(&agent, &order, faulty).await;
        assert_eq!((refused.status, &refused.json()["fields"][0]["path"]), (422, &json!(field)));
    }
    let refused = refuse(&agent, &order, answer()).await.expect(200);
    let mut told = answer();
    told["refused_at"] = refused["refusal"]["refused_at"].clone();
    assert_eq!((&refused["refusal"], &refused["version"]), (&told, &json!(2)));
    // Who sent it reads the answer, in a list, too.
    let listed = integrator.get("/v1/work-orders").await.expect(200);
    assert_eq!((&listed["items"][0]["refusal"], &listed["items"][0]["number"]), (&told, &order["number"]));

    assert_eq!(refuse(&agent, &order, answer()).await.outcome(), (412, "stale_version".to_owned()));
    assert_eq!(refuse(&agent, &refused, answer()).await.outcome(), (409, "state_invalid".to_owned()));
    let plan = json!({"work_order_id": order["id"], "template": "broadband_install"});
    assert_eq!(dispatcher.post("/v1/visits", plan).await.outcome(), (409, "state_invalid".to_owned()));
}

#[actix_web::test]
async fn an_order_with_a_visit_is_refused_only_after_its_cancellation() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let (integrator, dispatcher) = (app.role(YUNZE, Role::Integrator).await, app.role(YUNZE, Role::Dispatcher).await);
    let order = order(&integrator).await;
    let plan = json!({"work_order_id": order["id"], "template": "broadband_install"});
    let visit = dispatcher.post("/v1/visits", plan).await.expect(201);
    assert_eq!(refuse(&dispatcher, &order, answer()).await.outcome(), (409, "state_invalid".to_owned()));
    let call = Call::post(format!("/v1/visits/{}/cancel", visit["id"].as_str().expect("an id")));
    let cancel = call.header("if-match", "\"1\"").json(&json!({"reason": "不在服务区域内"}));
    dispatcher.send(cancel).await.expect(200);
    refuse(&dispatcher, &order, answer()).await.expect(200);
    let path = format!("/v1/visits/{}/next-attempt", visit["id"].as_str().expect("an id"));
    assert_eq!(dispatcher.post(path, json!({})).await.outcome(), (409, "state_invalid".to_owned()));
    assert_eq!(refuse(&integrator, &order, answer()).await.outcome(), (403, "forbidden".to_owned()));
}
