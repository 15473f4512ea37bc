//! Deadlines and tasks: what passes opens a task, what comes right settles it, what nobody sees to is passed on.

use doorstep::app::deadlines::{self, Obligations};
use doorstep::domain::{Role, TokenKind};
use doorstep::jobs::watch_deadlines;
use doorstep_store::Conn;
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::builders::{DAY_MS, HOUR_MS, Planned};
use integration_tests::call::Call;
use integration_tests::clock::START;
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};
use sync_core::deadlines::FollowUp;
use sync_core::doc::Map;

/// How many deadlines were told of and how many tasks passed on when it was `offset_ms` after the start.
async fn watched(app: &TestApp, offset_ms: i64) -> (usize, usize) {
    app.clock.set(START.plus_ms(offset_ms));
    watch_deadlines::run_due(&app.state, app.now()).await.expect("it runs")
}

async fn items(client: &Client<'_>, path: &str) -> Vec<Value> {
    let page = client.get(path.to_owned()).await.expect(200);
    page["items"].as_array().expect("items").clone()
}

fn at(offset_ms: i64) -> String {
    START.plus_ms(offset_ms).to_rfc3339()
}

async fn see_to(client: &Client<'_>, task: &Value, verb: &str, body: Value) -> integration_tests::call::Answer {
    let call = Call::post(format!("/v1/tasks/{}/{verb}", task["id"].as_str().expect("an id")));
    client.send(call.header("if-match", format!("\"{}\"", task["version"])).json(&body)).await
}

// Rule: APT-01
#[actix_web::test]
async fn an_order_that_nobody_answers_is_told_once_and_passed_on_until_somebody_sees_to_it() {
    let app = TestApp::new().await;
    let (order, ..) = app.office(YUNZE).await.order().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    // It came at 10:00 on a Tuesday; two working hours are over at 12:00.
    let open = items(&dispatcher, &format!("/v1/deadlines?work_order_id={order}")).await;
    let [first_contact] = open.as_slice() else { panic!("{open:?}") };
    assert_eq!((&first_contact["number"], &first_contact["code"]), (&json!("D-01"), &json!("first_contact")));
    assert_eq!((&first_contact["due_at"], &first_contact["is_overdue"]), (&json!(at(2 * HOUR_MS)), &json!(false)));
    assert_eq!(watched(&app, 2 * HOUR_MS - 1).await, (0, 0), "not yet");

    assert_eq!(watched(&app, 2 * HOUR_MS + 1).await, (1, 0));
    assert_eq!(watched(&app, 2 * HOUR_MS + 2).await, (0, 0), "once is enough");
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    assert_eq!(items(&dispatcher, "/v1/deadlines?state=open").await[0]["is_overdue"], true);
    let tasks = items(&dispatcher, "/v1/tasks").await;
    let [task] = tasks.as_slice() else { panic!("{tasks:?}") };
    assert_eq!((&task["kind"], &task["role"]), (&json!("first_contact_overdue"), &json!("dispatcher")));
    assert_eq!((&task["work_order_id"], &task["level"]), (&json!(order), &json!(0)));
    // Four working hours later: 16:00 and a bit, all of them within the day.
    assert_eq!(task["escalates_at"], at(6 * HOUR_MS + 1));

    assert_eq!(watched(&app, 6 * HOUR_MS + 1).await, (0, 1));
    assert_eq!(watched(&app, 6 * HOUR_MS + 2).await, (0, 0));
    // An hour and a half of this day are left, two and a half of the next: 11:00 and a bit.
    assert_eq!(watched(&app, DAY_MS + HOUR_MS).await, (0, 0));
    assert_eq!(watched(&app, DAY_MS + HOUR_MS + 1).await, (0, 1));
    assert_eq!(watched(&app, 9 * DAY_MS).await, (0, 0), "there is nobody above");
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let task = items(&dispatcher, "/v1/tasks?role=branch_manager").await.remove(0);
    assert_eq!((&task["level"], &task["version"]), (&json!(2), &json!(3)));

    // Whoever saw an older one does not close it; nobody closes it twice, or without a word.
    let stale = json!({"id": task["id"], "version": 1});
    assert_eq!(see_to(&dispatcher, &stale, "close", json!({"note": "已联系"})).await.outcome().0, 412);
    assert_eq!(see_to(&dispatcher, &task, "close", json!({"note": " "})).await.outcome(), (422, "invalid".to_owned()));
    let nobody = json!({"owner_id": "01955f2c-3000-7000-8000-00000000ffff"});
    assert_eq!(see_to(&dispatcher, &task, "assign", nobody).await.outcome(), (422, "invalid".to_owned()));
    let supervisor = YUNZE.member(Role::CsSupervisor).id;
    let taken = see_to(&dispatcher, &task, "assign", json!({"owner_id": supervisor})).await.expect(200);
    assert_eq!(taken["owner_id"], json!(supervisor));
    let closed = see_to(&dispatcher, &taken, "close", json!({"note": "已联系客户"})).await.expect(200);
    assert_eq!(
        (&closed["state"], &closed["note"], &closed["version"]),
        (&json!("done"), &json!("已联系客户"), &json!(5))
    );
    let again = see_to(&dispatcher, &closed, "close", json!({"note": "已联系客户"})).await;
    assert_eq!(again.outcome(), (409, "state_invalid".to_owned()));
    assert!(items(&dispatcher, "/v1/tasks").await.is_empty());
    assert_eq!(items(&dispatcher, "/v1/tasks?state=done").await.len(), 1);
    assert_eq!(items(&dispatcher, "/v1/deadlines").await.len(), 1, "what was not done stays due");
}

// Rules: APT-01, APT-03
#[actix_web::test]
async fn what_comes_right_settles_its_task_and_a_new_time_starts_anew() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let rep = YUNZE.rep();
    let planned = office.plan_at(&[rep], HOUR_MS).await;
    // The contact was due at 12:00, the arrival at 11:00: nobody heard of either.
    assert_eq!(watched(&app, 3 * HOUR_MS).await, (2, 0));
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let kinds = |tasks: &[Value]| {
        let mut kinds: Vec<String> =
            tasks.iter().map(|task| task["kind"].as_str().expect("a kind").to_owned()).collect();
        kinds.sort();
        kinds
    };
    assert_eq!(kinds(&items(&dispatcher, "/v1/tasks").await), ["arrival_overdue", "first_contact_overdue"]);

    // The phone was offline: the customer had been called in time.
    let mut phone = app.phone_of(rep).await;
    phone.sync().await;
    let (stamp, by) = (phone.stamp(), rep.id);
    let early = {
        let mut stamp = serde_json::to_value(&stamp).expect("a stamp");
        let wall = stamp["wall_ms"].as_i64().expect("a wall clock");
        stamp["wall_ms"] = json!(wall - 2 * HOUR_MS);
        stamp["mono_ms"] = json!(stamp["mono_ms"].as_i64().expect("a clock") - 2 * HOUR_MS);
        stamp
    };
    let call = json!({"channel": "app_call", "started_at": early, "duration_s": 40, "result": "reached", "by": by});
    phone.add(planned.visit, Map::Contacts, &call);
    phone.sync().await;
    let met = items(&dispatcher, "/v1/deadlines?state=met").await;
    assert_eq!((met.len(), &met[0]["code"]), (1, &json!("first_contact")), "{met:?}");
    assert_eq!(kinds(&items(&dispatcher, "/v1/tasks").await), ["arrival_overdue"]);
    assert_eq!(kinds(&items(&dispatcher, "/v1/tasks?state=settled").await), ["first_contact_overdue"]);

    // A new time: nobody is late for it yet.
    let visit = dispatcher.get(format!("/v1/visits/{}", planned.visit)).await.expect(200);
    let body =
        json!({"start": at(DAY_MS), "notified_at": at(HOUR_MS), "proposed_by": "customer", "reason": "用户外出"});
    let call = Call::post(format!("/v1/visits/{}/reschedule", planned.visit));
    dispatcher.send(call.header("if-match", format!("\"{}\"", visit["version"])).json(&body)).await.expect(200);
    assert!(items(&dispatcher, "/v1/tasks").await.is_empty());
    assert_eq!(watched(&app, DAY_MS).await, (0, 0));
    assert_eq!(watched(&app, DAY_MS + 1).await, (1, 0));
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let anew = items(&dispatcher, "/v1/tasks").await;
    assert_eq!((kinds(&anew), &anew[0]["due_at"]), (vec!["arrival_overdue".to_owned()], &json!(at(DAY_MS))));
}

// Rule: INS-42
#[actix_web::test]
async fn an_open_point_becomes_a_task_of_whoever_was_asked_first() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let (rep, stranger) = (YUNZE.rep(), YUNZE.stranger());
    let planned = office.plan_at(&[rep], HOUR_MS).await;
    let mut phone = app.phone_of(rep).await;
    phone.sync().await;
    let asked = json!({"text": "能否换到朝南的房间", "at": phone.stamp(), "by": rep.id});
    phone.add(planned.visit, Map::OpenPoints, &asked);
    phone.sync().await;
    phone.add(planned.visit, Map::OpenPoints, &asked);
    phone.sync().await;

    let path = "/v1/tasks?kind=open_point";
    let own = items(&app.signed_in(rep).await, path).await;
    assert_eq!(own.len(), 2, "one each, however often the visit is brought");
    assert_eq!((&own[0]["owner_id"], &own[0]["role"]), (&json!(rep.id), &json!("field_rep")));
    assert_eq!((&own[0]["visit_id"], &own[0]["rule"]), (&json!(planned.visit), &json!("INS-42")));
    assert!(items(&app.signed_in(stranger).await, path).await.is_empty());
    assert!(items(&app.role(HAOYU, Role::Dispatcher).await, path).await.is_empty());

    // Nobody answered: his lead is asked, and he still sees it.
    assert_eq!(watched(&app, 4 * HOUR_MS).await.1, 2);
    let lead = items(&app.role(YUNZE, Role::TeamLead).await, "/v1/tasks?role=team_lead").await;
    assert_eq!((lead.len(), &lead[0]["owner_id"]), (2, &json!(rep.id)));
    assert_eq!(items(&app.signed_in(rep).await, path).await.len(), 2);
}

// Rule: APT-01
#[actix_web::test]
async fn a_first_contact_that_nobody_noted_ends_with_the_visits_of_its_order() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let (rep, mut states) = (YUNZE.rep(), Vec::new());
    let (cancelled, silent) = (office.plan_at(&[rep], HOUR_MS).await, office.plan_at(&[rep], HOUR_MS).await);
    let mut phone = app.phone_of(rep).await;
    phone.sync().await;
    office.cancel(cancelled.visit).await;
    // Three hours later a visit is handed in: whoever was called, it was not the customer.
    app.clock.set(START.plus_ms(3 * HOUR_MS));
    let visit = silent.visit;
    for (key, _) in phone.template(visit).steps.iter().flat_map(|step| step.tick_keys()) {
        phone.tick(visit, &key, true);
    }
    let (at, by) = (phone.stamp(), rep.id);
    let call = json!({"channel": "phone", "started_at": at, "duration_s": 5, "result": "wrong_number", "by": by});
    phone.add(visit, Map::Contacts, &call);
    phone.add(visit, Map::Contacts, &call);
    phone.event(visit, "confirm_call_unreachable");
    phone.event(visit, "depart");
    phone.add(visit, Map::Timeline, &json!({"event": "arrive", "at": at, "by": by, "reason": "用户在楼下等候"}));
    phone.event(visit, "enter");
    phone.add(visit, Map::Outcomes, &json!({"code": "resource_missing", "reason": "无端口", "at": at, "by": by}));
    phone.event(visit, "end_without_work");
    phone.device.access = app.session(rep, Some(phone.device.id), TokenKind::Full).await;
    phone.sync().await;
    assert_eq!(office.row(visit).await.state, "under_review");
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    for order in [cancelled.order, silent.order] {
        for state in ["open", "void", "missed"] {
            let path = format!("/v1/deadlines?code=first_contact&work_order_id={order}&state={state}");
            states.extend(items(&dispatcher, &path).await.iter().map(|_| state));
        }
    }
    assert_eq!(states, ["void", "missed"]);
}

#[actix_web::test]
async fn the_answer_of_the_network_department_plans_the_next_attempt() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let rep = YUNZE.rep();
    let planned = office.plan(&[rep]).await;
    let mut phone = app.phone_of(rep).await;
    phone.sync().await;
    let visit = planned.visit;
    phone.come_to_the_door(visit);
    let outcome = json!({"code": "resource_missing", "reason": "无端口", "at": phone.stamp(), "by": rep.id});
    phone.add(visit, Map::Outcomes, &outcome);
    phone.event(visit, "end_without_work");
    phone.sync().await;
    let manager = app.role(YUNZE, Role::DeptManager).await;
    let tasks = items(&manager, "/v1/tasks?kind=resource_missing").await;
    let [task] = tasks.as_slice() else { panic!("{tasks:?}") };
    assert_eq!((&task["role"], &task["visit_id"]), (&json!("dept_manager"), &json!(visit)));

    let next = json!({"crew": [rep.id], "appointment": {"start": at(DAY_MS), "proposed_by": "customer"}});
    let answer = json!({"note": "已扩容分光器端口", "next_visit": next});
    let crew = app.signed_in(rep).await;
    assert_eq!(see_to(&crew, task, "close", answer.clone()).await.outcome(), (403, "forbidden".to_owned()));
    let mut odd = answer.clone();
    odd["next_visit"]["crew"] = json!([visit]);
    assert_eq!(see_to(&manager, task, "close", odd).await.outcome(), (422, "invalid".to_owned()));
    let closed = see_to(&manager, task, "close", answer.clone()).await.expect(200);
    let attempt = manager.get(format!("/v1/visits/{}", closed["next_visit_id"].as_str().expect("an id"))).await;
    let attempt = attempt.expect(200);
    assert_eq!((&attempt["attempt"], &attempt["previous_visit_id"]), (&json!(2), &json!(visit)));
    assert_eq!((&attempt["work_order_id"], &attempt["crew"][0]["id"]), (&json!(planned.order), &json!(rep.id)));
    assert_eq!(see_to(&manager, &closed, "close", answer).await.outcome(), (409, "state_invalid".to_owned()));
    phone.sync().await;
    let id = closed["next_visit_id"].as_str().expect("an id");
    assert!(phone.has("visit", id), "it reaches the phone");
}

/// What follows from an inspection that failed after it was returned so often.
async fn inspected(app: &TestApp, planned: &Planned, round: usize, due_at_ms: Option<i64>) {
    let due = due_at_ms.map(|offset| START.plus_ms(offset));
    let (work_order, follow_ups) = (Some(planned.order), vec![(FollowUp::Rectify, due)]);
    let asks = Obligations { work_order, follow_ups, round, ..Obligations::default() };
    let (visit, now) = (planned.visit, app.now());
    let keep = move |conn: &mut Conn| deadlines::keep(conn, YUNZE.org, &[(visit, asks.clone())], now);
    app.state.store.write(keep).await.expect("it is kept");
}

// Rule: PRE-01
#[actix_web::test]
async fn a_rectification_is_due_when_it_was_agreed_last_and_what_fails_again_is_asked_again() {
    let app = TestApp::new().await;
    let planned = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let open = async || items(&dispatcher, "/v1/tasks?kind=rectification").await;
    inspected(&app, &planned, 0, Some(DAY_MS)).await;
    let first = open().await.remove(0);
    assert_eq!((&first["due_at"], &first["escalates_at"]), (&json!(at(DAY_MS)), &json!(at(DAY_MS))));
    inspected(&app, &planned, 0, Some(2 * DAY_MS)).await;
    let moved = open().await;
    assert_eq!((moved.len(), &moved[0]["id"], &moved[0]["version"]), (1, &first["id"], &json!(2)));
    assert_eq!((&moved[0]["due_at"], &moved[0]["escalates_at"]), (&json!(at(2 * DAY_MS)), &json!(at(2 * DAY_MS))));

    // Closed with the inspection after it, or with why there is none.
    for (answer, field) in [
        (json!({"note": "已整改"}), "next_visit"),
        (json!({"note": "已整改", "no_next_visit": "tea"}), "no_next_visit"),
    ] {
        let refused = see_to(&dispatcher, &moved[0], "close", answer).await;
        let fault = refused.json()["fields"][0].clone();
        assert_eq!((refused.outcome(), &fault["path"]), ((422, "invalid".to_owned()), &json!(field)));
        assert!(fault["expected_zh"].is_string(), "{fault}");
    }
    let none = json!({"note": "已整改", "no_next_visit": "already_planned"});
    let closed = see_to(&dispatcher, &moved[0], "close", none).await.expect(200);
    assert_eq!((&closed["no_next_visit"], closed.get("next_visit_id")), (&json!("already_planned"), None));
    assert!(closed["no_next_visit_zh"].is_string(), "{closed}");

    inspected(&app, &planned, 0, Some(2 * DAY_MS)).await;
    assert_eq!(open().await, Vec::<Value>::new(), "what was seen to is not asked twice");
    inspected(&app, &planned, 1, Some(3 * DAY_MS)).await;
    let again = open().await;
    assert_eq!((again.len(), &again[0]["due_at"]), (1, &json!(at(3 * DAY_MS))));
    inspected(&app, &planned, 2, Some(4 * DAY_MS)).await;
    let latest = open().await;
    assert_eq!((latest.len(), &latest[0]["due_at"]), (1, &json!(at(4 * DAY_MS))), "of rounds the last one counts");
    inspected(&app, &planned, 2, None).await;
    assert_eq!(open().await, Vec::<Value>::new());
}

#[actix_web::test]
async fn codes_that_do_not_exist_are_named_with_those_that_do() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    for (path, field, known) in [
        ("/v1/deadlines?code=tea", "code", "change_notice"),
        ("/v1/deadlines?state=late", "state", "undetermined"),
        ("/v1/tasks?kind=tea", "kind", "open_point"),
        ("/v1/tasks?role=king", "role", "team_lead"),
        ("/v1/tasks?state=late", "state", "settled"),
    ] {
        let refused = dispatcher.get(path).await.expect(422);
        assert_eq!(refused["fields"][0]["path"], field, "{path}");
        assert!(refused["fields"][0]["expected"].as_str().expect("a text").contains(known), "{path}: {refused}");
    }
    let odd = dispatcher.get("/v1/deadlines?page_token=eHh4").await;
    assert_eq!(odd.outcome(), (422, "page_token_invalid".to_owned()));
}
