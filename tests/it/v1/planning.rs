//! Planning in the office, from a customer to a moved, reassigned visit, and what phones are told of it.

use std::collections::BTreeMap;

use doorstep::app::AppError;
use doorstep::domain::Role;
use doorstep::jobs::roll_scope;
use doorstep_store::feed::{FeedOp, list_feed};
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::call::{Answer, Call};
use integration_tests::clock::START;
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};
use sync_core::time::UnixMillis;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

async fn office() -> TestApp {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    app
}

/// Who holds what: the newest word of each feed row.
async fn held(app: &TestApp, audience: String) -> BTreeMap<String, usize> {
    let rows = app
        .state
        .store
        .read(move |conn| Ok::<_, AppError>(list_feed(conn, YUNZE.org, &audience, 0, 10_000)?))
        .await
        .expect("the feed");
    let mut kinds = BTreeMap::new();
    for row in rows.into_iter().filter(|row| row.op.0 == FeedOp::Put) {
        *kinds.entry(row.kind.to_string()).or_default() += 1;
    }
    kinds
}

fn at(offset_ms: i64) -> String {
    START.plus_ms(offset_ms).to_rfc3339()
}

async fn order(dispatcher: &Client<'_>, name: &str) -> Value {
    let place = "云泽市虚构区示例路 18 号";
    let body = json!({"kind": "individual", "name": name, "phones": ["000-0000-0017"], "address": place});
    let customer = dispatcher.post("/v1/customers", body).await.expect(201);
    let body = json!({"customer_id": customer["id"], "address": place, "scene": "urban_residential"});
    let site = dispatcher.post("/v1/sites", body).await.expect(201);
    let body = json!({"customer_id": customer["id"], "site_id": site["id"], "type": "install", "channel": "hotline",
        "fields": {"contracted_mbps": "500"}});
    dispatcher.post("/v1/work-orders", body).await.expect(201)
}

async fn visit(dispatcher: &Client<'_>, order: &Value, rep: &str, start: String) -> Value {
    let body = json!({"work_order_id": order["id"], "template": "broadband_install", "crew": [rep],
        "appointment": {"start": start, "proposed_by": "customer"}});
    dispatcher.post("/v1/visits", body).await.expect(201)
}

async fn change(client: &Client<'_>, visit: &Value, verb: &str, body: Value) -> Answer {
    let call = Call::post(format!("/v1/visits/{}/{verb}", visit["id"].as_str().expect("an id")));
    client.send(call.header("if-match", format!("\"{}\"", visit["version"])).json(&body)).await
}

#[actix_web::test]
async fn a_planned_visit_reaches_rep_and_team_and_leaves_with_reassignment() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let (rep, stranger) = (YUNZE.rep(), YUNZE.stranger());
    let order = order(&dispatcher, "王海").await;
    assert_eq!(order["number"], "WO-2025-000001");
    let planned = visit(&dispatcher, &order, &rep.id.to_string(), at(DAY_MS)).await;
    assert_eq!((&planned["state"], &planned["number"]), (&json!("scheduled"), &json!("V-2025-000001")));

    let whole: BTreeMap<String, usize> = ["visit", "customer", "site", "work_order", "appointment", "assignment"]
        .map(|kind| (kind.to_owned(), 1))
        .into();
    assert_eq!(held(&app, format!("u:{}", rep.id)).await, whole);
    assert_eq!(held(&app, format!("t:{}", YUNZE.team(1))).await, whole);

    let moved = change(&dispatcher, &planned, "assign", json!({"crew": [stranger.id]})).await.expect(200);
    assert_eq!((&moved["assignment_epoch"], &moved["version"]), (&json!(2), &json!(2)));
    assert!(held(&app, format!("u:{}", rep.id)).await.is_empty());
    assert!(held(&app, format!("t:{}", YUNZE.team(1))).await.is_empty());
    // Both assignments: the ended one and the one in force.
    let with_both = BTreeMap::from_iter(
        whole.into_iter().map(|(kind, n)| if kind == "assignment" { (kind, 2) } else { (kind, n) }),
    );
    assert_eq!(held(&app, format!("u:{}", stranger.id)).await, with_both);

    let stale = change(&dispatcher, &planned, "assign", json!({"crew": [rep.id]})).await;
    assert_eq!(stale.outcome(), (412, "stale_version".to_owned()));
}

#[actix_web::test]
async fn a_customer_stays_as_long_as_another_visit_needs_it() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let rep = YUNZE.rep().id.to_string();
    let first = order(&dispatcher, "王海").await;
    let body = json!({"customer_id": first["customer_id"], "site_id": first["site_id"], "type": "repair",
        "channel": "hotline"});
    let second = dispatcher.post("/v1/work-orders", body).await.expect(201);
    let one = visit(&dispatcher, &first, &rep, at(DAY_MS)).await;
    let other = visit(&dispatcher, &second, &rep, at(DAY_MS)).await;
    change(&dispatcher, &one, "assign", json!({"crew": []})).await.expect(200);
    let left = held(&app, format!("u:{rep}")).await;
    assert_eq!((left["visit"], left["customer"], left["site"], left["work_order"]), (1, 1, 1, 1));
    change(&dispatcher, &other, "assign", json!({"crew": []})).await.expect(200);
    assert!(held(&app, format!("u:{rep}")).await.is_empty());
}

#[actix_web::test]
async fn visits_enter_and_leave_the_window_as_days_pass() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let rep = YUNZE.rep().id.to_string();
    let order = order(&dispatcher, "王海").await;
    let planned = visit(&dispatcher, &order, &rep, at(20 * DAY_MS)).await;
    assert!(held(&app, format!("u:{rep}")).await.is_empty(), "too far ahead");

    let later = |days: i64| UnixMillis(START.0 + days * DAY_MS);
    assert_eq!(roll_scope::run_due(&app.state, later(10)).await.expect("rolled"), 1);
    assert_eq!(held(&app, format!("u:{rep}")).await["visit"], 1);
    assert_eq!(roll_scope::run_due(&app.state, later(10)).await.expect("rolled"), 0, "once is enough");
    assert_eq!(roll_scope::run_due(&app.state, later(40)).await.expect("rolled"), 0, "unfinished work stays");

    change(&dispatcher, &planned, "cancel", json!({"reason": "用户取消"})).await.expect(200);
    roll_scope::run_due(&app.state, later(40)).await.expect("rolled");
    assert!(held(&app, format!("u:{rep}")).await.is_empty());
}

// Rule: APT-04
#[actix_web::test]
async fn moving_a_visit_answers_the_two_hour_notice() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let order = order(&dispatcher, "王海").await;
    let planned = visit(&dispatcher, &order, &YUNZE.rep().id.to_string(), at(2 * HOUR_MS)).await;
    let to = |start: i64| json!({"start": at(start), "notified_at": at(0), "proposed_by": "rep", "reason": "前单延误"});
    let moved = change(&dispatcher, &planned, "reschedule", to(5 * HOUR_MS)).await.expect(200);
    assert_eq!(moved["notice"], json!({"notice_minutes": 120, "deadline": "met"}));
    let again = change(&dispatcher, &moved["visit"], "reschedule", to(HOUR_MS)).await.expect(200);
    assert_eq!(again["notice"]["notice_minutes"], 300);
    let short = change(&dispatcher, &again["visit"], "reschedule", to(3 * HOUR_MS)).await.expect(200);
    assert_eq!(short["notice"], json!({"notice_minutes": 60, "deadline": "missed"}));
    let board = dispatcher.get("/v1/day-board").await.expect(200);
    assert_eq!(board["lines"][0]["visits"][0]["is_short_notice"], true);
    let appointment = &short["visit"]["appointment"];
    assert_eq!((appointment["changes"].as_array().map(Vec::len), &appointment["state"]), (Some(3), &json!("changed")));
    assert_eq!(short["visit"]["state"], "scheduled");

    // By a phone's clock: an error of an hour leaves it open, and so does a clock that was never compared.
    let mut seen = change(&dispatcher, &short["visit"], "reschedule", to(HOUR_MS)).await.expect(200);
    for (err_ms, deadline) in
        [(json!(60 * 60_000 - 1), "missed"), (json!(60 * 60_000), "undetermined"), (json!(null), "undetermined")]
    {
        let mut by_phone = to(HOUR_MS);
        by_phone["notified_err_ms"] = err_ms.clone();
        seen = change(&dispatcher, &seen["visit"], "reschedule", by_phone).await.expect(200);
        assert_eq!(seen["notice"], json!({"notice_minutes": 60, "deadline": deadline}), "{err_ms}");
        let changes = seen["visit"]["appointment"]["changes"].as_array().expect("changes");
        assert_eq!(changes.last().expect("one")["notified_err_ms"], err_ms);
    }
}

// Rule: APT-04
#[actix_web::test]
async fn what_a_clock_that_is_a_little_ahead_says_is_taken_as_now() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let order = order(&dispatcher, "王海").await;
    let agreed = |ahead_ms: i64| {
        let appointment = json!({"start": at(2 * HOUR_MS), "proposed_by": "customer", "agreed_at": at(ahead_ms)});
        json!({"work_order_id": order["id"], "template": "broadband_install", "crew": [YUNZE.rep().id],
            "appointment": appointment})
    };
    let refused = dispatcher.post("/v1/visits", agreed(60_001)).await;
    assert_eq!((refused.status, &refused.json()["fields"][0]["path"]), (422, &json!("appointment.agreed_at")));
    let planned = dispatcher.post("/v1/visits", agreed(60_000)).await.expect(201);
    assert_eq!(planned["appointment"]["agreed_at"], at(0));
    let to = |ahead_ms: i64| json!({"start": at(5 * HOUR_MS), "notified_at": at(ahead_ms), "proposed_by": "rep", "reason": "前单延误"});
    let refused = change(&dispatcher, &planned, "reschedule", to(60_001)).await;
    assert_eq!((refused.status, &refused.json()["fields"][0]["path"]), (422, &json!("notified_at")));
    let moved = change(&dispatcher, &planned, "reschedule", to(60_000)).await.expect(200);
    assert_eq!(moved["notice"], json!({"notice_minutes": 120, "deadline": "met"}));
    assert_eq!(moved["visit"]["appointment"]["changes"][0]["notified_at"], at(0));
}

// Rule: APT-09
#[actix_web::test]
async fn a_cancelled_visit_has_one_next_attempt_with_priority() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let order = order(&dispatcher, "王海").await;
    let planned = visit(&dispatcher, &order, &YUNZE.rep().id.to_string(), at(HOUR_MS)).await;
    let path = format!("/v1/visits/{}/next-attempt", planned["id"].as_str().expect("an id"));
    let early = dispatcher.post(path.clone(), json!({})).await;
    assert_eq!(early.outcome(), (409, "state_invalid".to_owned()));
    change(&dispatcher, &planned, "cancel", json!({"reason": "用户不在"})).await.expect(200);
    // Two people think of it at once.
    let plan = || dispatcher.post(path.clone(), json!({"planned_start": at(DAY_MS)}));
    let (one, other) = tokio::join!(plan(), plan());
    let (next, refused) = if one.status == 201 { (one, other) } else { (other, one) };
    assert_eq!(refused.outcome(), (409, "conflict".to_owned()));
    let next = next.expect(201);
    assert_eq!(
        (&next["attempt"], &next["priority"], &next["previous_visit_id"]),
        (&json!(2), &json!(10), &planned["id"])
    );
    assert_eq!(dispatcher.post(path, json!({})).await.outcome(), (409, "conflict".to_owned()));
}

#[actix_web::test]
async fn everybody_sees_only_what_is_his() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let order = order(&dispatcher, "王海").await;
    let planned = visit(&dispatcher, &order, &YUNZE.rep().id.to_string(), at(HOUR_MS)).await;
    let paths = [
        format!("/v1/visits/{}", planned["id"].as_str().expect("an id")),
        format!("/v1/work-orders/{}", order["id"].as_str().expect("an id")),
        format!("/v1/customers/{}", order["customer_id"].as_str().expect("an id")),
        format!("/v1/sites/{}", order["site_id"].as_str().expect("an id")),
    ];
    for path in &paths {
        for (member, status) in [(YUNZE.rep(), 200), (YUNZE.colleague(), 404), (YUNZE.stranger(), 404)] {
            assert_eq!(app.signed_in(member).await.get(path).await.status, status, "{path} {}", member.login);
        }
        assert_eq!(app.role(YUNZE, Role::TeamLead).await.get(path).await.status, 200, "{path}");
        let foreign = app.role(HAOYU, Role::Dispatcher).await;
        assert_eq!(foreign.get(path).await.outcome(), (404, "not_found".to_owned()), "{path}");
    }
    let reviewer = app.role(YUNZE, Role::Reviewer).await;
    assert_eq!(reviewer.get(&paths[0]).await.status, 404, "not handed in yet");
    let masked = reviewer.get(&paths[2]).await.expect(200);
    assert_eq!((&masked["name"], &masked["phones"][0]), (&json!("王**"), &json!("***17")));
}

#[actix_web::test]
async fn search_finds_people_and_orders_by_what_is_known() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let order = order(&dispatcher, "王海").await;
    let planned = visit(&dispatcher, &order, &YUNZE.rep().id.to_string(), at(HOUR_MS)).await;
    for terms in [
        json!({"name": "海"}),
        json!({"phone": "0017"}),
        json!({"phone": "000 0000 0017"}),
        json!({"number": "wo-2025-000001"}),
        json!({"number": "V-2025-000001"}),
        json!({"address": "示例路18号"}),
    ] {
        let found = dispatcher.post("/v1/search", terms.clone()).await.expect(200);
        assert_eq!(found["visits"][0]["id"], planned["id"], "{terms}");
    }
    let none = dispatcher.post("/v1/search", json!({"name": "海", "phone": "9999"})).await.expect(200);
    assert_eq!(none["customers"].as_array().map(Vec::len), Some(0));
    assert_eq!(dispatcher.post("/v1/search", json!({})).await.outcome(), (422, "invalid".to_owned()));
}

#[actix_web::test]
async fn an_import_names_faulty_rows_and_can_be_repeated() {
    let app = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let row = |reference: &str, kind: &str| {
        json!({"customer": {"kind": "individual", "name": "陈静", "phones": ["000-0000-0002"], "address": "样本街 6 号"},
            "site": {"address": "样本街 6 号", "scene": "urban_residential"},
            "order": {"external_ref": reference, "type": kind, "channel": "web"}})
    };
    let send = async |mode: &str, dry_run: bool, rows: Value| {
        let body = json!({"mode": mode, "dry_run": dry_run, "rows": rows});
        dispatcher.post("/v1/work-orders/import", body).await.expect(200)
    };
    let rows = json!([row("A-1", "install"), row("A-2", "nonsense"), row("A-1", "install")]);
    let preview = send("good_rows", true, rows.clone()).await;
    assert_eq!(
        (&preview["is_kept"], &preview["faulty"], &preview["duplicates"]),
        (&json!(false), &json!(1), &json!(1))
    );
    assert_eq!(preview["rows"][1]["fields"][0]["path"], "rows[1].order.type");
    assert_eq!(send("all_or_nothing", false, rows.clone()).await["is_kept"], false);
    let kept = send("good_rows", false, rows.clone()).await;
    assert_eq!((&kept["created"], &kept["rows"][0]["number"]), (&json!(1), &json!("WO-2025-000001")));
    let again = send("good_rows", false, rows).await;
    assert_eq!((&again["created"], &again["duplicates"]), (&json!(0), &json!(2)));
    assert_eq!(again["rows"][0]["work_order_id"], kept["rows"][0]["work_order_id"]);
}

#[actix_web::test]
async fn norms_are_served_as_published() {
    let app = office().await;
    let rep = app.role(YUNZE, Role::FieldRep).await;
    let list = rep.get("/v1/templates").await.expect(200);
    assert_eq!(list["items"].as_array().map(Vec::len), Some(8));
    let shown = rep.get("/v1/templates/broadband_install/1").await;
    let tag = shown.header("etag").expect("a tag").to_owned();
    let sha256 = sync_core::bytes::Hash::of(&shown.body).to_string();
    assert_eq!(tag, format!("\"{sha256}\""));
    assert_eq!(list["items"][0]["sha256"], json!(sha256));
    let known = rep.send(Call::get("/v1/templates/broadband_install/1").header("if-none-match", tag)).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    let policy = rep.get("/v1/policies/current").await.expect(200);
    assert_eq!(policy["parameters"]["min_rate_ratio"], "1.00");
    assert_eq!(rep.get("/v1/calendars/1").await.expect(200)["make_up_days"].as_array().map(Vec::len), Some(5));
    assert_eq!(rep.get("/v1/policies/7").await.outcome(), (404, "not_found".to_owned()));
}
