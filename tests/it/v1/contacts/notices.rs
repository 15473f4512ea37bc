//! Messages: written with the plan, held back in the night, replaced, sent by the gateway.

use doorstep::domain::Role;
use doorstep_store::Txt;
use doorstep_store::notices::{ConsentRow, find_consent, insert_consent};
use integration_tests::app::TestApp;
use integration_tests::builders::{DAY_MS, HOUR_MS, Planned};
use integration_tests::call::Call;
use integration_tests::clock::START;
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};
use sync_core::ids::CustomerId;

use super::{items, publish, recorded};

pub(super) async fn consent(app: &TestApp, customer: CustomerId, said: bool) -> Value {
    let call = Call::new("PUT", format!("/v1/customers/{customer}/consent")).json(&json!({"consent_sms": said}));
    app.role(YUNZE, Role::CsAgent).await.send(call).await.expect(200)
}

/// Kind, state and why it is withheld, of every message of the organisation, in their order.
pub(super) async fn told(app: &TestApp) -> Vec<[String; 3]> {
    let list = items(&app.role(YUNZE, Role::Dispatcher).await, "/v1/notices").await;
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    list.iter().map(|one| ["kind", "state", "withheld"].map(|name| text(one, name))).collect()
}

pub(super) fn told_as(kind: &str, state: &str, reason: &str) -> [String; 3] {
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
    assert_eq!((&late["state"], &late["withheld_zh"]), (&json!("sent"), &json!("已被后续消息替代")));
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
    let list = items(&app.role(YUNZE, Role::Dispatcher).await, "/v1/notices").await;
    assert_eq!(list[0]["missing"], json!(["hotline"]), "what it lacks is named");
    app.clock.advance_secs(1);
    publish(&app, json!({"service_hotline": "400-000-0000"})).await;
    // A day and an hour after it should have begun nobody waits for the crew any more.
    app.clock.set(START.plus_ms(DAY_MS + HOUR_MS));
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

// Rule: NOT-05
#[actix_web::test]
async fn who_waits_in_vain_is_told_also_after_the_visit_should_have_begun_and_in_the_morning() {
    let app = TestApp::new().await;
    let planned = queued(&app).await;
    let office = app.office_again(YUNZE);
    // At 22:00 of the day before the visit moves to 08:00, and then it is called off.
    app.clock.set(START.plus_ms(12 * HOUR_MS));
    office.reschedule(planned.visit, START.plus_ms(22 * HOUR_MS)).await;
    app.clock.advance_secs(1);
    office.cancel(planned.visit).await;
    assert_eq!(told(&app).await.last(), Some(&told_as("cancellation", "queued", "")));
    app.clock.set(START.plus_ms(22 * HOUR_MS));
    let [due] = items(&app.role(YUNZE, Role::Integrator).await, "/v1/notices/due").await.try_into().expect("one");
    let text = due["notice"]["text"].as_str().expect("a text");
    assert!(text.contains("原定2025年3月5日 08:00的上门已取消"), "{text}");

    let (order, customer, _) = office.order().await;
    consent(&app, customer, true).await;
    let visit = office.plan_order(order, &[YUNZE.colleague()], HOUR_MS).await;
    // Half an hour after it should have begun.
    app.clock.advance_secs(90 * 60);
    app.office_again(YUNZE).cancel(visit).await;
    assert_eq!(told(&app).await.last(), Some(&told_as("cancellation", "queued", "")));
}

// Rule: NOT-05
#[actix_web::test]
async fn what_was_taken_back_before_it_might_be_sent_was_not_sent() {
    let app = TestApp::new().await;
    let planned = queued(&app).await;
    // 22:00: what is written now waits for 08:00, and is called off at 23:00.
    app.clock.set(START.plus_ms(12 * HOUR_MS));
    app.office_again(YUNZE).reschedule(planned.visit, START.plus_ms(DAY_MS + HOUR_MS)).await;
    let written = items(&app.role(YUNZE, Role::Dispatcher).await, "/v1/notices?state=queued").await;
    let id = written[0]["id"].as_str().expect("an id").to_owned();
    app.clock.set(START.plus_ms(13 * HOUR_MS));
    app.office_again(YUNZE).cancel(planned.visit).await;
    let sent = app.role(YUNZE, Role::Integrator).await.post_empty(format!("/v1/notices/{id}/sent")).await;
    assert_eq!(sent.outcome(), (409, "state_invalid".to_owned()), "no gateway had it");
}

/// A visit of tomorrow at 10:00 whose customer agreed to messages; the message about it waits.
pub(super) async fn queued(app: &TestApp) -> Planned {
    let office = app.office(YUNZE).await;
    let (order, customer, site) = office.order().await;
    app.clock.advance_secs(1);
    publish(app, json!({"service_hotline": "400-000-0000"})).await;
    consent(app, customer, true).await;
    let visit = office.plan_order(order, &[YUNZE.rep()], DAY_MS - 1_000).await;
    Planned { visit, order, customer, site }
}

// Rule: NOT-05
#[actix_web::test]
async fn what_became_of_a_message_under_way_is_kept_whatever_was_decided_meanwhile() {
    let app = TestApp::new().await;
    let planned = queued(&app).await;
    let gateway = app.role(YUNZE, Role::Integrator).await;
    let handed_out = async || {
        let due = items(&gateway, "/v1/notices/due").await;
        due[0]["notice"]["id"].as_str().expect("an id").to_owned()
    };
    let first = handed_out().await;
    consent(&app, planned.customer, false).await;
    let sent = gateway.post_empty(format!("/v1/notices/{first}/sent")).await.expect(200);
    assert_eq!((&sent["state"], &sent["withheld"]), (&json!("sent"), &json!("no_consent")));
    assert_eq!(sent["withheld_zh"], "客户未同意接收短信");

    consent(&app, planned.customer, true).await;
    app.office_again(YUNZE).reschedule(planned.visit, START.plus_ms(2 * DAY_MS)).await;
    let second = handed_out().await;
    app.office_again(YUNZE).cancel(planned.visit).await;
    let path = format!("/v1/notices/{second}/failed");
    let failed = gateway.post(&path, json!({"reason": "停机"})).await.expect(200);
    let said = |one: &Value| ["state", "reason", "withheld"].map(|name| one[name].as_str().unwrap_or("-").to_owned());
    assert_eq!(said(&failed), ["failed", "停机", "replaced"]);
    assert_eq!(gateway.post(&path, json!({"reason": "停机"})).await.expect(200), failed, "told again");
    let other = gateway.post_empty(format!("/v1/notices/{second}/sent")).await;
    assert_eq!(other.outcome(), (409, "state_invalid".to_owned()), "it failed");
}

// Rule: NOT-05
#[actix_web::test]
async fn whoever_asks_late_gets_nothing_in_the_quiet_hours_and_nothing_once_the_visit_began() {
    let app = TestApp::new().await;
    queued(&app).await;
    let due = async |ms: i64| {
        app.clock.set(START.plus_ms(ms));
        items(&app.role(YUNZE, Role::Integrator).await, "/v1/notices/due").await.len()
    };
    // 20:59:59.999 and 21:00, 07:59:59.999 and 08:00.
    assert_eq!([due(11 * HOUR_MS - 1).await, due(11 * HOUR_MS).await], [1, 0]);
    assert_eq!([due(22 * HOUR_MS - 1).await, due(22 * HOUR_MS).await], [0, 1]);
    assert_eq!(due(DAY_MS - 1).await, 1);
    assert_eq!(told(&app).await, [told_as("appointment", "queued", "")]);
    assert_eq!(due(DAY_MS).await, 0);
    assert_eq!(told(&app).await, [told_as("appointment", "suppressed", "too_late")]);
}

// Rule: NOT-05
#[actix_web::test]
async fn what_waits_without_consent_is_not_handed_out() {
    let app = TestApp::new().await;
    let planned = queued(&app).await;
    let office = app.office_again(YUNZE);
    let (order, willing, _) = office.order().await;
    consent(&app, willing, true).await;
    // Messages of one instant have no order among themselves.
    app.clock.advance_secs(1);
    let other = office.plan_order(order, &[YUNZE.colleague()], DAY_MS).await;
    let (customer, by) = (planned.customer, YUNZE.member(Role::CsAgent).id);
    // As if the message had been written while consent was being taken back.
    app.write(move |conn| {
        let said = find_consent(conn, YUNZE.org, customer)?.expect("asked");
        insert_consent(conn, &ConsentRow { seq: said.seq + 1, consent_sms: false, recorded_by: Txt(by), ..said })
    })
    .await;
    let due = items(&app.role(YUNZE, Role::Integrator).await, "/v1/notices/due?page_size=1").await;
    assert_eq!((due.len(), &due[0]["notice"]["visit_id"]), (1, &json!(other)));
    let expected = [told_as("appointment", "suppressed", "no_consent"), told_as("appointment", "queued", "")];
    assert_eq!(told(&app).await, expected);
}
