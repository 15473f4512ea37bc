//! What customers are told of visits that phones brought news of.

use std::collections::BTreeMap;

use doorstep::app::visits::{NewAppointment, NewVisit, PlannedTime, create_visit};
use doorstep::app::work_orders::{OrderData, create_work_order};
use doorstep::domain::{Role, TokenKind};
use doorstep::jobs::tell_customers::run_due;
use doorstep_store::outbox::{self, Outbox};
use integration_tests::app::TestApp;
use integration_tests::builders::{DAY_MS, HOUR_MS, Planned};
use integration_tests::clock::START;
use integration_tests::company::{Member, YUNZE};
use integration_tests::phone::Phone;
use integration_tests::together;
use serde_json::{Value, json};
use sync_core::doc::Map;
use sync_core::ids::VisitId;

use super::items;
use super::notices::{consent, queued, told, told_as};

const MINUTE_MS: i64 = 60_000;

/// The crew of a visit of tomorrow at 10:00, which rang the bell then.
async fn at_the_door<'a>(app: &'a TestApp, planned: &Planned) -> Phone<'a> {
    app.clock.set(START.plus_ms(DAY_MS));
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.come_to_the_bell(planned.visit);
    phone
}

async fn sync(app: &TestApp, phone: &mut Phone<'_>) {
    sync_as(app, phone, YUNZE.rep()).await;
}

async fn sync_as(app: &TestApp, phone: &mut Phone<'_>, rep: Member) {
    phone.device.access = app.session(rep, Some(phone.device.id), TokenKind::Full).await;
    phone.sync().await;
}

/// Ends a visit without work, which needs no form.
fn end(phone: &mut Phone<'_>, planned: &Planned, code: &str) {
    phone.event(planned.visit, "enter");
    let outcome = json!({"code": code, "reason": "无端口", "at": phone.stamp(), "by": YUNZE.rep().id});
    phone.add(planned.visit, Map::Outcomes, &outcome);
    phone.event(planned.visit, "end_without_work");
}

/// Runs the job, and tells how many messages it wrote.
async fn job(app: &TestApp) -> usize {
    run_due(&app.state, app.now()).await.expect("it runs")
}

/// The texts that wait.
async fn waiting(app: &TestApp) -> Vec<String> {
    let due = items(&app.role(YUNZE, Role::Integrator).await, "/v1/notices/due").await;
    due.iter().map(|one| one["notice"]["text"].as_str().expect("a text").to_owned()).collect()
}

async fn is_noted(app: &TestApp) -> bool {
    !app.read(|conn| outbox::list(conn, Outbox::News, YUNZE.org, "", 10)).await.is_empty()
}

// Rule: NOT-05
#[actix_web::test]
async fn a_customer_is_told_once_of_the_arrival_and_once_of_what_came_of_the_visit() {
    let app = TestApp::new().await;
    let planned = queued(&app).await;
    let mut phone = at_the_door(&app, &planned).await;
    sync(&app, &mut phone).await;
    assert!(is_noted(&app).await, "the push only notes it");
    let jobs = together::all([job(&app), job(&app)]).await;
    assert_eq!(jobs.iter().sum::<usize>(), 1, "two nodes at once");
    let appointment = told_as("appointment", "suppressed", "replaced");
    assert_eq!(told(&app).await, [appointment.clone(), told_as("arrival", "queued", "")]);
    let [text] = waiting(&app).await.try_into().expect("one");
    for part in ["尊敬的陈梅", "Name of field_rep已于2025年3月5日 10:00到达", "400-000-0000", "回复TD退订"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    // More from the door, sent twice, and a projection from scratch.
    app.clock.advance_secs(60);
    phone.event(planned.visit, "customer_absent");
    sync(&app, &mut phone).await;
    phone.offer_whole(planned.visit);
    sync(&app, &mut phone).await;
    app.write(move |conn| outbox::note(conn, Outbox::News, YUNZE.org, &[planned.visit], 1)).await;
    assert_eq!((job(&app).await, is_noted(&app).await), (0, false));

    app.clock.advance_secs(60);
    end(&mut phone, &planned, "resource_missing");
    sync(&app, &mut phone).await;
    assert_eq!((job(&app).await, job(&app).await), (1, 0));
    let expected = [appointment, told_as("arrival", "suppressed", "replaced"), told_as("ended", "queued", "")];
    assert_eq!(told(&app).await, expected);
    let [text] = waiting(&app).await.try_into().expect("one");
    assert!(text.contains("2025年3月5日 10:02结束，工作未完成"), "{text}");
    app.write(move |conn| outbox::note(conn, Outbox::News, YUNZE.org, &[planned.visit], 1)).await;
    assert_eq!(job(&app).await, 0);
}

// Rule: NOT-05
#[actix_web::test]
async fn what_comes_when_it_is_of_no_use_any_more_is_not_told() {
    let app = TestApp::new().await;
    let planned = queued(&app).await;
    let mut phone = at_the_door(&app, &planned).await;
    let kinds = async || told(&app).await.into_iter().map(|[kind, ..]| kind).collect::<Vec<_>>();
    // Half an hour by the policy.
    app.clock.set(START.plus_ms(DAY_MS + 30 * MINUTE_MS));
    sync(&app, &mut phone).await;
    assert_eq!((job(&app).await, kinds().await), (0, vec!["appointment".to_owned()]));
    assert!(!is_noted(&app).await, "and it is not looked at again");
    end(&mut phone, &planned, "resource_missing");
    // A day.
    app.clock.set(START.plus_ms(2 * DAY_MS + 30 * MINUTE_MS));
    sync(&app, &mut phone).await;
    assert_eq!((job(&app).await, kinds().await), (0, vec!["appointment".to_owned()]));
}

// Rule: NOT-05
#[actix_web::test]
async fn of_a_visit_that_comes_whole_only_its_end_is_told_and_in_the_morning() {
    let app = TestApp::new().await;
    let planned = queued(&app).await;
    let mut phone = at_the_door(&app, &planned).await;
    end(&mut phone, &planned, "resource_missing");
    // The network is back at 23:00.
    app.clock.set(START.plus_ms(DAY_MS + 13 * HOUR_MS));
    sync(&app, &mut phone).await;
    assert_eq!(job(&app).await, 1);
    assert!(waiting(&app).await.is_empty());
    app.clock.set(START.plus_ms(DAY_MS + 22 * HOUR_MS));
    assert_eq!(waiting(&app).await.len(), 1);
    let expected = [told_as("appointment", "suppressed", "replaced"), told_as("ended", "queued", "")];
    assert_eq!(told(&app).await, expected);
    // What is not sent within a day of the visit is not sent at all.
    app.clock.set(START.plus_ms(2 * DAY_MS));
    assert!(waiting(&app).await.is_empty());
    assert_eq!(told(&app).await[1], told_as("ended", "suppressed", "too_late"));
}

// Rule: NOT-05
#[actix_web::test]
async fn whoever_did_not_agree_hears_nothing_of_the_visit_either() {
    let app = TestApp::new().await;
    let planned = queued(&app).await;
    let mut phone = at_the_door(&app, &planned).await;
    consent(&app, planned.customer, false).await;
    sync(&app, &mut phone).await;
    assert_eq!(job(&app).await, 1);
    assert_eq!(told(&app).await[1], told_as("arrival", "suppressed", "no_consent"));
    assert!(waiting(&app).await.is_empty());
    // Agreeing afterwards brings nothing of before.
    consent(&app, planned.customer, true).await;
    app.write(move |conn| outbox::note(conn, Outbox::News, YUNZE.org, &[planned.visit], 1)).await;
    assert_eq!((job(&app).await, waiting(&app).await.len()), (0, 0));
}

// Rule: NOT-05
#[actix_web::test]
async fn a_customer_whom_nobody_met_is_told_that_somebody_came() {
    let app = TestApp::new().await;
    let planned = queued(&app).await;
    let mut phone = at_the_door(&app, &planned).await;
    phone.event(planned.visit, "customer_absent");
    app.clock.advance_secs(20 * 60);
    phone.answer(planned.visit, "absence_result", &json!("second_agreed"));
    phone.event(planned.visit, "give_up");
    sync(&app, &mut phone).await;
    assert_eq!(job(&app).await, 1);
    let [text] = waiting(&app).await.try_into().expect("one");
    assert!(text.contains("已于2025年3月5日 10:20离开"), "{text}");
    assert_eq!(told(&app).await[1], told_as("not_met", "queued", ""));
}

// Rules: NOT-05, INS-49
#[actix_web::test]
async fn another_time_is_promised_only_where_it_was_agreed() {
    for (outcome, kind, promises) in [
        ("deferred_safety", "unfinished", true),
        ("customer_cancelled", "ended", false),
        ("not_accepted", "ended", false),
    ] {
        let app = TestApp::new().await;
        let planned = queued(&app).await;
        let mut phone = at_the_door(&app, &planned).await;
        end(&mut phone, &planned, outcome);
        sync(&app, &mut phone).await;
        assert_eq!(job(&app).await, 1, "{outcome}");
        assert_eq!(told(&app).await[1], told_as(kind, "queued", ""), "{outcome}");
        let [text] = waiting(&app).await.try_into().expect("one");
        assert_eq!(text.contains("另约时间"), promises, "{text}");
    }
}

/// What a return visit asks of how it was made, and no more.
fn template() -> Value {
    let title = json!({"en": "Named in a test", "zh-CN": "测试用"});
    let question = |code: &str, answers: &[&str]| {
        let options: Vec<Value> = answers.iter().map(|answer| json!({"code": answer, "title": title})).collect();
        json!({"code": code, "title": title, "type": "single_choice", "required": true, "options": options})
    };
    let questions =
        [question("mode", &["phone", "on_site"]), question("contact_result", &["done", "unreached", "refused"])];
    let interview = json!({"code": "interview", "title": title, "phase": "onsite", "required": true,
        "collects": {"questions": ["mode", "contact_result"]}});
    json!({"code": "short_return_visit", "version": 1, "title": title, "steps": [interview], "photos": [],
        "measurements": [], "questions": questions, "signatures": [], "rules": []})
}

/// A return visit of tomorrow at 10:00 of a colleague, and his phone.
async fn return_visit(app: &TestApp) -> (VisitId, Phone<'_>) {
    let planned = queued(app).await;
    app.role(YUNZE, Role::Admin).await.post("/v1/templates", template()).await.expect(201);
    let office = app.office_again(YUNZE);
    let (customer, site) = (planned.customer, planned.site);
    let order = create_work_order(&app.state, office.ctx(), customer, site, order_data()).await.expect("an order");
    let appointment = NewAppointment {
        start: START.plus_ms(DAY_MS),
        end: None,
        proposed_by: "office".to_owned(),
        agreed_at: app.now(),
    };
    let new = NewVisit {
        work_order: order.row.id.0,
        template: "short_return_visit".to_owned(),
        crew: vec![YUNZE.colleague().id],
        time: PlannedTime::Appointment(appointment),
    };
    let visit = create_visit(&app.state, office.ctx(), new).await.expect("a visit").row.id.0;
    app.clock.set(START.plus_ms(DAY_MS));
    let mut phone = app.phone_of(YUNZE.colleague()).await;
    phone.sync().await;
    (visit, phone)
}

/// Kinds of the messages about a visit that came after its announcement.
async fn told_of(app: &TestApp, visit: VisitId) -> Vec<String> {
    let all = items(&app.role(YUNZE, Role::Dispatcher).await, format!("/v1/notices?visit_id={visit}")).await;
    all.iter().skip(1).map(|one| one["kind"].as_str().expect("a kind").to_owned()).collect()
}

// Rule: NOT-05
#[actix_web::test]
async fn of_a_return_visit_only_one_that_was_made_at_the_customers_is_told() {
    for (mode, result, expected) in [
        ("phone", "done", Vec::new()),
        ("phone", "unreached", Vec::new()),
        ("on_site", "refused", vec!["arrival"]),
        ("on_site", "done", vec!["arrival", "result"]),
    ] {
        let app = TestApp::new().await;
        let (visit, mut phone) = return_visit(&app).await;
        phone.come_to_the_bell(visit);
        sync_as(&app, &mut phone, YUNZE.colleague()).await;
        assert_eq!((job(&app).await, told_of(&app, visit).await), (0, Vec::new()), "nobody knows how it is made");
        phone.tick(visit, "interview/done", true);
        phone.answer(visit, "mode", &json!(mode));
        phone.event(visit, "enter");
        sync_as(&app, &mut phone, YUNZE.colleague()).await;
        job(&app).await;
        app.clock.advance_secs(60);
        phone.answer(visit, "contact_result", &json!(result));
        phone.event(visit, "finish_steps");
        phone.event(visit, "sign");
        let outcome = json!({"code": "completed", "at": phone.stamp(), "by": YUNZE.colleague().id});
        phone.add(visit, Map::Outcomes, &outcome);
        phone.event(visit, "submit");
        sync_as(&app, &mut phone, YUNZE.colleague()).await;
        job(&app).await;
        let shown = app.role(YUNZE, Role::Dispatcher).await.get(format!("/v1/visits/{visit}")).await.expect(200);
        assert_eq!(shown["state"], "under_review", "{mode} {result}: {}", shown["findings"]);
        assert_eq!(told_of(&app, visit).await, expected, "{mode} {result}");
    }
}

/// An order for a return visit.
pub(super) fn order_data() -> OrderData {
    OrderData {
        external_ref: None,
        number_209: None,
        kind: "return_visit".to_owned(),
        channel: "hotline".to_owned(),
        fields: BTreeMap::new(),
        priority: 0,
    }
}

// Rules: NOT-05, APT-13
#[actix_web::test]
async fn a_return_visit_is_announced_as_one() {
    let app = TestApp::new().await;
    let planned = queued(&app).await;
    let office = app.office_again(YUNZE);
    let (customer, site) = (planned.customer, planned.site);
    let order =
        create_work_order(&app.state, office.ctx(), customer, site, order_data()).await.expect("an order").row.id.0;
    let visit = office.plan_order(order, &[YUNZE.colleague()], 2 * DAY_MS).await;
    let of_visit = items(&app.role(YUNZE, Role::Dispatcher).await, format!("/v1/notices?visit_id={visit}")).await;
    let [one] = of_visit.as_slice() else { panic!("{of_visit:?}") };
    assert_eq!((&one["kind"], &one["state"]), (&json!("return_visit"), &json!("queued")));
    let text: &Value = &one["text"];
    assert!(text.as_str().expect("a text").contains("2025年3月6日 10:00对您进行回访"), "{text}");
}
