//! Messages: written with the plan, held back in the night, replaced, sent by the gateway.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::builders::{DAY_MS, HOUR_MS};
use integration_tests::call::Call;
use integration_tests::clock::START;
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};
use sync_core::ids::CustomerId;

use super::{items, publish, recorded};

async fn consent(app: &TestApp, customer: CustomerId, said: bool) -> Value {
    let call = Call::new("PUT", format!("/v1/customers/{customer}/consent")).json(&json!({"consent_sms": said}));
    app.role(YUNZE, Role::CsAgent).await.send(call).await.expect(200)
}

/// Kind, state and reason of every message of the organisation, in their order.
async fn told(app: &TestApp) -> Vec<[String; 3]> {
    let list = items(&app.role(YUNZE, Role::Dispatcher).await, "/v1/notices").await;
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    list.iter().map(|one| ["kind", "state", "reason"].map(|name| text(one, name))).collect()
}

fn told_as(kind: &str, state: &str, reason: &str) -> [String; 3] {
    [kind, state, reason].map(str::to_owned)
}

// Rule: NOT-05
#[actix_web::test]
async fn a_message_follows_each_change_of_the_plan_and_a_later_one_takes_its_place() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let (order, customer, _) = office.order().await;
    let rep = [YUNZE.rep()];
    // Nobody asked whether the customer wants messages.
    let first = office.plan_order(order, &rep, DAY_MS).await;
    assert_eq!(told(&app).await, [told_as("appointment", "suppressed", "no_consent")]);
    app.clock.advance_secs(1);
    publish(&app, json!({"service_hotline": "400-000-0000"})).await;
    assert_eq!(consent(&app, customer, true).await["consent_sms"], true);
    app.clock.advance_secs(1);
    office.reschedule(first, START.plus_ms(DAY_MS + HOUR_MS)).await;
    app.clock.advance_secs(1);
    office.reschedule(first, START.plus_ms(DAY_MS + 2 * HOUR_MS)).await;
    app.clock.advance_secs(1);
    office.cancel(first).await;
    let all = told(&app).await;
    let expected = [
        told_as("appointment", "suppressed", "no_consent"),
        told_as("change", "suppressed", "replaced"),
        told_as("change", "suppressed", "replaced"),
        told_as("cancellation", "queued", ""),
    ];
    assert_eq!(all, expected);
    let gateway = app.role(YUNZE, Role::Integrator).await;
    let due = items(&gateway, "/v1/notices/due").await;
    let [due] = due.as_slice() else { panic!("{due:?}") };
    assert_eq!(due["to"], "138 0000 0001");
    let text = due["notice"]["text"].as_str().expect("a text");
    for part in ["【Company yunze】", "尊敬的陈梅", "2025年3月5日 12:00", "400-000-0000", "取消"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let id = due["notice"]["id"].as_str().expect("an id");
    let sent = gateway.post_empty(format!("/v1/notices/{id}/sent")).await.expect(200);
    assert_eq!((&sent["state"], &sent["version"]), (&json!("sent"), &json!(2)));
    assert_eq!(gateway.post_empty(format!("/v1/notices/{id}/sent")).await.expect(200), sent, "told again");
    let failed = gateway.post(format!("/v1/notices/{id}/failed"), json!({"reason": "停机"})).await;
    assert_eq!(failed.outcome(), (409, "state_invalid".to_owned()), "it was sent");
    assert!(items(&gateway, "/v1/notices/due").await.is_empty());
    assert_eq!(recorded(&app, id, "notice.").await.len(), 1);

    // What was under way when it was replaced was sent all the same; what was never to be sent is not.
    let ids: Vec<String> = items(&app.role(YUNZE, Role::Dispatcher).await, "/v1/notices")
        .await
        .iter()
        .map(|one| one["id"].as_str().expect("an id").to_owned())
        .collect();
    let late = gateway.post_empty(format!("/v1/notices/{}/sent", ids[1])).await.expect(200);
    assert_eq!((&late["state"], &late["reason_zh"]), (&json!("sent"), &json!("已被后续消息替代")));
    let never = gateway.post_empty(format!("/v1/notices/{}/sent", ids[0])).await;
    assert_eq!(never.outcome(), (409, "state_invalid".to_owned()));
}

// Rule: NOT-05
#[actix_web::test]
async fn what_is_written_at_night_waits_for_the_morning_and_for_consent() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let (order, customer, _) = office.order().await;
    app.clock.advance_secs(1);
    publish(&app, json!({"service_hotline": "400-000-0000", "notice_language": "en"})).await;
    consent(&app, customer, true).await;
    // 21:00 in the organisation's zone.
    app.clock.set(START.plus_ms(11 * HOUR_MS));
    let visit = office.plan_order(order, &[YUNZE.rep()], 20 * HOUR_MS).await;
    let gateway = app.role(YUNZE, Role::Integrator).await;
    assert!(items(&gateway, "/v1/notices/due").await.is_empty());
    let list =
        items(&app.role(YUNZE, Role::CsSupervisor).await, format!("/v1/notices?visit_id={visit}&state=queued")).await;
    assert_eq!((list.len(), &list[0]["not_before"]), (1, &json!("2025-03-05T00:00:00.000Z")), "08:00");
    assert!(list[0]["text"].as_str().expect("a text").starts_with("Company yunze: Dear 陈梅"));
    app.clock.set(START.plus_ms(22 * HOUR_MS - 1));
    assert!(items(&app.role(YUNZE, Role::Integrator).await, "/v1/notices/due").await.is_empty());
    app.clock.set(START.plus_ms(22 * HOUR_MS));
    assert_eq!(items(&app.role(YUNZE, Role::Integrator).await, "/v1/notices/due").await.len(), 1);
    // Whoever takes consent back gets nothing that waits.
    assert_eq!(consent(&app, customer, false).await["consent_sms"], false);
    assert!(items(&app.role(YUNZE, Role::Integrator).await, "/v1/notices/due").await.is_empty());
    assert_eq!(told(&app).await, [told_as("appointment", "suppressed", "no_consent")]);
    let said =
        app.role(YUNZE, Role::Dispatcher).await.get(format!("/v1/customers/{customer}/consent")).await.expect(200);
    assert_eq!(said, json!({"consent_sms": false, "since": "2025-03-05T00:00:00.000Z"}));
    consent(&app, customer, false).await;
    assert_eq!(recorded(&app, customer, "customer.consent").await.len(), 2, "the same again is no new word");
}

#[actix_web::test]
async fn without_a_hotline_or_too_late_nothing_is_sent_and_why_is_told() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let (order, customer, _) = office.order().await;
    consent(&app, customer, true).await;
    let visit = office.plan_order(order, &[YUNZE.rep()], HOUR_MS).await;
    assert_eq!(told(&app).await, [told_as("appointment", "suppressed", "text_incomplete")]);
    app.clock.advance_secs(1);
    publish(&app, json!({"service_hotline": "400-000-0000"})).await;
    app.clock.set(START.plus_ms(2 * HOUR_MS));
    office.cancel(visit).await;
    assert_eq!(told(&app).await[1], told_as("cancellation", "suppressed", "too_late"));
    let auditor = app.role(YUNZE, Role::Auditor).await;
    let masked = items(&auditor, "/v1/notices").await;
    assert!(masked.len() == 2 && masked.iter().all(|one| one["text"].is_null()), "no contact data: {masked:?}");
    assert!(items(&app.role(HAOYU, Role::Dispatcher).await, "/v1/notices").await.is_empty());
    let gateway = app.role(YUNZE, Role::Integrator).await;
    let refused = gateway.post("/v1/notices/01955f2c-3000-7000-8000-00000000ffff/failed", json!({"reason": " "})).await;
    assert_eq!(refused.outcome(), (422, "invalid".to_owned()));
    let odd = auditor.get("/v1/notices?state=lost").await;
    assert_eq!(odd.outcome(), (422, "parameter_invalid".to_owned()));
}
