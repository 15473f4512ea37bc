//! Figures of the working day: what counts, what does not and why, now and as of an earlier instant.

use doorstep::domain::{Role, TokenKind};
use doorstep::jobs::watch_deadlines;
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::builders::{HOUR_MS, Office};
use integration_tests::call::Call;
use integration_tests::clock::START;
use integration_tests::company::{HAOYU, YUNZE};
use integration_tests::phone::Phone;
use serde_json::{Value, json};
use sync_core::ids::VisitId;

const MINUTE_MS: i64 = 60_000;
const TODAY: &str = "from=2025-03-04&to=2025-03-04";

/// Visits of a day that begins at 10:00.
struct Day {
    kept: VisitId,
    late: VisitId,
    moved_by_us: VisitId,
    moved_by_customer: VisitId,
    unreported: VisitId,
}

async fn move_to(dispatcher: &Client<'_>, visit: VisitId, by: &str, hours: i64) {
    let seen = dispatcher.get(format!("/v1/visits/{visit}")).await.expect(200);
    let start = START.plus_ms(hours * HOUR_MS).to_rfc3339();
    let told = START.plus_ms(2 * HOUR_MS).to_rfc3339();
    let body = json!({"start": start, "notified_at": told, "proposed_by": by, "reason": "前一单延误"});
    let call = Call::post(format!("/v1/visits/{visit}/reschedule"));
    dispatcher.send(call.header("if-match", format!("\"{}\"", seen["version"])).json(&body)).await.expect(200);
}

/// Plans the day, moves two visits at noon, cancels one, and lets the crew come to all but one.
async fn play(app: &TestApp, office: Office<'_>, phone: &mut Phone<'_>) -> Day {
    let rep = YUNZE.rep();
    let mut planned = Vec::new();
    for hours in [1, 2, 3, 4, 5, 6] {
        planned.push(office.plan_at(&[rep], hours * HOUR_MS).await.visit);
    }
    let [kept, late, moved_by_us, moved_by_customer, cancelled, unreported] = planned.try_into().expect("six visits");
    phone.sync().await;
    let arrive = |phone: &mut Phone<'_>, visit: VisitId, minutes: i64| {
        app.clock.set(START.plus_ms(minutes * MINUTE_MS));
        phone.event(visit, "arrive");
    };
    arrive(phone, kept, 52);
    // At noon: an hour before the first of them.
    app.clock.set(START.plus_ms(2 * HOUR_MS));
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    move_to(&dispatcher, moved_by_us, "office", 7).await;
    move_to(&dispatcher, moved_by_customer, "customer", 8).await;
    office.cancel(cancelled).await;
    arrive(phone, late, 125);
    arrive(phone, moved_by_us, 7 * 60 - 7);
    arrive(phone, moved_by_customer, 8 * 60 - 1);
    app.clock.set(START.plus_ms(9 * HOUR_MS));
    phone.device.access = app.session(rep, Some(phone.device.id), TokenKind::Full).await;
    phone.sync().await;
    Day { kept, late, moved_by_us, moved_by_customer, unreported }
}

async fn figure(client: &Client<'_>, code: &str, query: &str) -> (Value, Value, Value) {
    let shown = client.get(format!("/v1/kpi/{code}?{query}")).await.expect(200);
    let counts = shown["standings"].as_array().expect("standings").iter();
    let counts: serde_json::Map<String, Value> = counts
        .filter(|one| one["count"] != 0)
        .map(|one| (one["standing"].as_str().expect("a code").to_owned(), one["count"].clone()))
        .collect();
    (shown["rate"].clone(), shown["denominator"].clone(), Value::Object(counts))
}

// Rules: APT-03, APT-04
#[actix_web::test]
async fn a_figure_names_each_visit_that_it_counts_and_why_it_leaves_out_the_others() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let day = play(&app, office, &mut phone).await;
    let manager = app.role(YUNZE, Role::DeptManager).await;

    let all = json!({"kept": 2, "missed": 1, "short_notice": 1, "changed_by_customer": 1, "void": 1, "open": 1});
    assert_eq!(figure(&manager, "fulfilment_rate", TODAY).await, (json!("0.5000"), json!(4), all));
    let arrivals = json!({"kept": 3, "missed": 1, "changed_by_customer": 1, "void": 1, "open": 1});
    assert_eq!(figure(&manager, "arrival", TODAY).await, (json!("0.7500"), json!(4), arrivals));
    assert_eq!(figure(&manager, "change_notice", TODAY).await, (json!("0.0000"), json!(1), json!({"missed": 1})));
    let tomorrow = "from=2025-03-05&to=2025-03-31";
    assert_eq!(figure(&manager, "fulfilment_rate", tomorrow).await, (Value::Null, json!(0), json!({})), "no data");

    // Before the phone reported nobody knew when the crew had come.
    let before = format!("{TODAY}&as_of={}", START.plus_ms(9 * HOUR_MS - 1).to_rfc3339());
    let known = json!({"short_notice": 1, "changed_by_customer": 1, "void": 1, "open": 4});
    assert_eq!(figure(&manager, "fulfilment_rate", &before).await, (json!("0.0000"), json!(1), known));
    // And before noon nobody had moved or cancelled anything.
    let early = format!("{TODAY}&as_of={}", START.plus_ms(HOUR_MS).to_rfc3339());
    assert_eq!(figure(&manager, "fulfilment_rate", &early).await, (Value::Null, json!(0), json!({"open": 6})));

    // What is behind it, page by page.
    let (mut lines, mut token) = (Vec::new(), String::new());
    loop {
        let page = manager.get(format!("/v1/kpi/fulfilment_rate/explain?{TODAY}&page_size=2{token}")).await.expect(200);
        lines.extend(page["items"].as_array().expect("items").clone());
        let Some(next) = page["next_page_token"].as_str() else { break };
        token = format!("&page_token={next}");
    }
    let told: Vec<(Value, Value, Value)> = lines
        .iter()
        .map(|line| (line["visit_id"].clone(), line["standing"].clone(), line["arrival_class"].clone()))
        .collect();
    let of = |visit: VisitId, standing: &str, class: Option<&str>| (json!(visit), json!(standing), json!(class));
    assert_eq!(told.len(), 7, "{told:?}");
    for line in [
        of(day.kept, "kept", Some("in_window")),
        of(day.late, "missed", Some("late")),
        of(day.moved_by_us, "short_notice", Some("in_window")),
        of(day.moved_by_customer, "kept", Some("tight")),
        of(day.moved_by_customer, "changed_by_customer", None),
        of(day.unreported, "open", None),
    ] {
        assert!(told.contains(&line), "{line:?} in {told:?}");
    }
    let missed = manager.get(format!("/v1/kpi/fulfilment_rate/explain?{TODAY}&standing=missed")).await.expect(200);
    let line = &missed["items"][0];
    assert_eq!((&line["minutes_before"], &line["policy_version"]), (&json!("-5.00"), &json!(1)));
    assert_eq!((&line["rule"], missed["items"].as_array().map(Vec::len)), (&json!("APT-03"), Some(1)));
}

#[actix_web::test]
async fn a_rep_sees_his_own_and_may_dispute_once_each_judgement_of_it() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let day = play(&app, office, &mut phone).await;
    let rep = app.signed_in(YUNZE.rep()).await;
    let stranger = app.signed_in(YUNZE.stranger()).await;
    assert_eq!(figure(&rep, "fulfilment_rate", TODAY).await.1, json!(4));
    assert_eq!(figure(&stranger, "fulfilment_rate", TODAY).await.1, json!(0));
    let lead = app.role(YUNZE, Role::TeamLead).await;
    assert_eq!(figure(&lead, "fulfilment_rate", TODAY).await.1, json!(4));
    let manager = app.role(YUNZE, Role::DeptManager).await;
    let only = |rep: &str| format!("{TODAY}&rep_id={rep}");
    assert_eq!(figure(&manager, "fulfilment_rate", &only(&YUNZE.rep().id.to_string())).await.1, json!(4));
    assert_eq!(figure(&manager, "fulfilment_rate", &only(&YUNZE.stranger().id.to_string())).await.1, json!(0));
    assert_eq!(figure(&stranger, "fulfilment_rate", &only(&YUNZE.rep().id.to_string())).await.1, json!(0));
    let others = app.role(HAOYU, Role::DeptManager).await;
    app.office(HAOYU).await;
    assert_eq!(figure(&others, "fulfilment_rate", TODAY).await.1, json!(0));

    let path = "/v1/kpi/fulfilment_rate/disputes";
    let body = json!({"visit_id": day.late, "reason": "客户当场同意推迟"});
    assert_eq!(stranger.post(path, body.clone()).await.outcome(), (404, "not_found".to_owned()));
    let mute = json!({"visit_id": day.late, "reason": ""});
    assert_eq!(rep.post(path, mute).await.outcome(), (422, "invalid".to_owned()));
    let other = json!({"visit_id": day.late, "item": 7, "reason": "客户当场同意推迟"});
    assert_eq!(rep.post(path, other).await.outcome(), (404, "not_found".to_owned()));
    let case = rep.post(path, body.clone()).await.expect(201);
    assert_eq!((&case["kind"], &case["role"]), (&json!("dispute"), &json!("team_lead")));
    assert_eq!((&case["reason"], &case["owner_id"]), (&body["reason"], &json!(YUNZE.rep().id)));
    assert_eq!(rep.post(path, body).await.outcome(), (409, "conflict".to_owned()));
    // What was disputed while nothing was known is another judgement once the phone has reported.
    let unreported = json!({"visit_id": day.unreported, "reason": "客户改约"});
    rep.post(path, unreported.clone()).await.expect(201);
    assert_eq!(rep.post(path, unreported.clone()).await.outcome(), (409, "conflict".to_owned()));
    phone.event(day.unreported, "arrive");
    phone.sync().await;
    rep.post(path, unreported).await.expect(201);
    let seen = lead.get("/v1/tasks?kind=dispute").await.expect(200);
    let seen: Vec<&Value> = seen["items"].as_array().expect("items").iter().map(|task| &task["id"]).collect();
    assert!(seen.contains(&&case["id"]) && seen.len() == 3, "{seen:?}");
    // The judgement stands until somebody has looked.
    watch_deadlines::run_due(&app.state, app.now()).await.expect("it runs");
    assert_eq!(figure(&rep, "fulfilment_rate", TODAY).await.0, json!("0.4000"));
}

#[actix_web::test]
async fn a_figure_of_an_earlier_instant_is_of_who_was_assigned_then() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let day = play(&app, office, &mut phone).await;
    let before = app.now().to_rfc3339();
    app.clock.set(START.plus_ms(10 * HOUR_MS));
    office.assign(day.unreported, &[YUNZE.stranger()]).await;
    let manager = app.role(YUNZE, Role::DeptManager).await;
    let open = async |rep: &str, at: &str| {
        figure(&manager, "arrival", &format!("{TODAY}&rep_id={rep}{at}")).await.2["open"].clone()
    };
    let (rep, next) = (YUNZE.rep().id.to_string(), YUNZE.stranger().id.to_string());
    assert_eq!((open(&rep, "").await, open(&next, "").await), (Value::Null, json!(1)));
    let then = format!("&as_of={before}");
    assert_eq!((open(&rep, &then).await, open(&next, &then).await), (json!(1), Value::Null));
}

// Rule: APT-03
#[actix_web::test]
async fn a_promise_that_was_broken_is_not_mended_by_cancelling_or_moving_the_visit_afterwards() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let rep = YUNZE.rep();
    let [cancelled, moved] = [office.plan_at(&[rep], HOUR_MS).await.visit, office.plan_at(&[rep], HOUR_MS).await.visit];
    // Both were due at 11:00, and nobody came; at 12:00 one is cancelled, and of the other the customer is said to have
    // wished another day.
    app.clock.set(START.plus_ms(2 * HOUR_MS));
    office.cancel(cancelled).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    move_to(&dispatcher, moved, "customer", 26).await;
    let manager = app.role(YUNZE, Role::DeptManager).await;
    let counts = figure(&manager, "fulfilment_rate", TODAY).await;
    assert_eq!(counts, (json!("0.0000"), json!(2), json!({"missed": 2})));
}

#[actix_web::test]
async fn periods_that_do_not_exist_are_named() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let manager = app.role(YUNZE, Role::DeptManager).await;
    let ahead = START.plus_ms(1).to_rfc3339();
    for (query, field) in [
        ("from=2025-02-30&to=2025-03-04".to_owned(), "from"),
        ("from=2025-03-04&to=4.3.2025".to_owned(), "to"),
        ("from=2025-03-05&to=2025-03-04".to_owned(), "to"),
        (format!("{TODAY}&as_of={ahead}"), "as_of"),
        (format!("{TODAY}&as_of=noon"), "query"),
        ("to=2025-03-04".to_owned(), "query"),
    ] {
        for path in ["/v1/kpi/arrival", "/v1/kpi/arrival/explain"] {
            let refused = manager.get(format!("{path}?{query}")).await.expect(422);
            assert_eq!(refused["fields"][0]["path"], field, "{path} {query}: {refused}");
        }
    }
    let standing = manager.get(format!("/v1/kpi/arrival/explain?{TODAY}&standing=good")).await.expect(422);
    assert_eq!(standing["fields"][0]["path"], "standing");
    assert_eq!(manager.get(format!("/v1/kpi/happiness?{TODAY}")).await.outcome(), (404, "not_found".to_owned()));
}
