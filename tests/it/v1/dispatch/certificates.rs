//! Certificates and grids.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::clock::START;
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};
use sync_core::time::UnixMillis;

use super::{
    DAY_MS, HOUR_MS, TOMORROW, add_grid, at, audited, change, crew, id, office, order, plan, shown, uncertify, visit,
};

fn certificate(kind: &str, from: &str, to: &str) -> Value {
    json!({"kind": kind, "valid_from": from, "valid_to": to})
}

/// How certificates stand, sorted; those of one instant have no order.
fn standings(listed: &Value) -> Vec<&str> {
    let items = listed["items"].as_array().expect("items").iter();
    let mut standings: Vec<&str> = items.filter_map(|item| item["standing"].as_str()).collect();
    standings.sort_unstable();
    standings
}

#[actix_web::test]
async fn certificates_are_noted_withdrawn_and_tell_when_they_end_soon() {
    let (app, _) = office().await;
    let (admin, lead) = (app.role(YUNZE, Role::Admin).await, app.role(YUNZE, Role::TeamLead).await);
    let rep = YUNZE.rep();
    uncertify(&app, rep).await;
    let path = format!("/v1/users/{}/certificates", rep.id);
    // Told 30 days before the end, on whose last day it still counts.
    for (from, to) in [
        ("2025-03-05", "2026-01-01"),
        ("2025-03-04", "2025-04-04"),
        ("2025-01-01", "2025-04-03"),
        ("2025-01-01", "2025-03-04"),
        ("2025-01-01", "2025-03-03"),
    ] {
        let noted = admin.post(&*path, certificate("post_certification", from, to)).await.expect(201);
        assert_eq!((&noted["kind_zh"], &noted["user_id"]), (&json!("上岗认证"), &json!(rep.id)));
    }
    let listed = lead.get(format!("/v1/certificates?user_id={}", rep.id)).await.expect(200);
    assert_eq!(standings(&listed), ["ended", "ending", "ending", "not_yet", "valid", "withdrawn", "withdrawn"]);
    let height = lead.get(format!("/v1/certificates?user_id={}&kind=work_at_height", rep.id)).await.expect(200);
    assert_eq!(standings(&height), ["withdrawn"]);
    // Everybody sees as far as he reaches.
    let seen = async |member| {
        let listed = app.signed_in(member).await.get("/v1/certificates?page_size=200").await.expect(200);
        let mut people: Vec<_> =
            listed["items"].as_array().expect("items").iter().map(|one| one["user_id"].clone()).collect();
        people.sort_by_key(Value::to_string);
        people.dedup();
        people
    };
    assert_eq!(seen(YUNZE.stranger()).await, [json!(YUNZE.stranger().id)]);
    assert!(!seen(YUNZE.member(Role::TeamLead)).await.contains(&json!(YUNZE.stranger().id)));
    assert!(seen(YUNZE.member(Role::Auditor)).await.contains(&json!(YUNZE.stranger().id)));
    let foreign = lead.get(format!("/v1/certificates?user_id={}", HAOYU.rep().id)).await.expect(200);
    assert_eq!(standings(&foreign), [""; 0]);
    assert_eq!(lead.get("/v1/certificates?kind=swimming").await.outcome(), (422, "parameter_invalid".to_owned()));
}

#[actix_web::test]
async fn a_faulty_certificate_names_its_field_and_one_is_withdrawn_once() {
    let (app, _) = office().await;
    let admin = app.role(YUNZE, Role::Admin).await;
    let path = format!("/v1/users/{}/certificates", YUNZE.rep().id);
    for (field, value) in
        [("kind", "swimming"), ("valid_from", "2025-02-30"), ("valid_to", "2023-01-01"), ("number", " ")]
    {
        let mut body = certificate("post_certification", "2024-01-01", "2026-01-01");
        body[field] = json!(value);
        let refused = admin.post(&*path, body).await;
        let fault = &refused.json()["fields"][0];
        assert_eq!((refused.outcome(), &fault["path"]), ((422, "invalid".to_owned()), &json!(field)));
        assert!(fault["expected_zh"].is_string(), "{fault}");
    }
    let body = certificate("work_at_height", "2024-01-01", "2026-01-01");
    let keyed = || Call::post(&*path).header("idempotency-key", "c-1").json(&body);
    let noted = admin.send(keyed()).await.expect(201);
    assert_eq!(admin.send(keyed()).await.expect(201), noted, "the same again");
    let foreign = format!("/v1/users/{}/certificates", HAOYU.rep().id);
    assert_eq!(admin.post(foreign, body.clone()).await.outcome(), (404, "not_found".to_owned()));
    let withdraw = format!("/v1/certificates/{}/withdraw", id(&noted));
    assert_eq!(admin.post(&*withdraw, json!({"reason": ""})).await.outcome(), (422, "invalid".to_owned()));
    let withdrawn = admin.post(&*withdraw, json!({"reason": "登记有误"})).await.expect(200);
    assert_eq!((&withdrawn["standing"], &withdrawn["withdraw_reason"]), (&json!("withdrawn"), &json!("登记有误")));
    assert_eq!(admin.post(&*withdraw, json!({"reason": "again"})).await.outcome(), (409, "state_invalid".to_owned()));
    let other = app.role(HAOYU, Role::Admin).await;
    assert_eq!(other.post(&*withdraw, json!({"reason": "x"})).await.outcome(), (404, "not_found".to_owned()));
    let kinds: Vec<String> = audited(&app, &id(&noted)).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["certificate.noted", "certificate.withdrawn"]);
}

// Rule: APT-11
#[actix_web::test]
async fn nobody_is_sent_without_the_certificate_that_counts_on_the_day() {
    let (app, _) = office().await;
    let (admin, dispatcher) = (app.role(YUNZE, Role::Admin).await, app.role(YUNZE, Role::Dispatcher).await);
    let (rep, colleague) = (YUNZE.rep(), YUNZE.colleague());
    uncertify(&app, rep).await;
    let body = certificate("post_certification", "2025-03-06", "2025-03-07");
    admin.post(format!("/v1/users/{}/certificates", rep.id), body).await.expect(201);

    let repair = order(&dispatcher, "repair", None).await;
    let refused = plan(&dispatcher, &repair, &[colleague, rep], DAY_MS).await;
    assert_eq!(refused.outcome(), (422, "rep_not_certified".to_owned()));
    let problem = refused.json();
    let (texts, fault) = (&problem["texts"], &problem["fields"][0]);
    assert_eq!(texts["en"]["detail"], "Name of field_rep holds no post certification that counts on 2025-03-05");
    assert_eq!(texts["zh-CN"]["detail"], "Name of field_rep在 2025-03-05 没有有效的上岗认证");
    let told = (&fault["path"], &fault["limit"], &fault["actual"]);
    assert_eq!(told, (&json!("crew[1]"), &json!("post_certification"), &json!(rep.id)));
    // Nothing was planned; an order that needs none is planned all the same.
    assert_eq!(dispatcher.get(format!("/v1/work-orders/{}", id(&repair))).await.expect(200)["visit_ids"], json!([]));
    let call = order(&dispatcher, "call", None).await;
    plan(&dispatcher, &call, &[rep], DAY_MS).await.expect(201);

    let planned = plan(&dispatcher, &repair, &[colleague], DAY_MS).await.expect(201);
    let assign = format!("/v1/visits/{}/assign", id(&planned));
    let refused = change(&dispatcher, assign.clone(), &planned["version"], json!({"crew": [rep.id]})).await;
    assert_eq!(refused.outcome(), (422, "rep_not_certified".to_owned()));
    assert_eq!(crew(&shown(&dispatcher, &planned).await), [json!(colleague.id)]);

    // Moved to a day on which it counts he may go, and then to no day on which it does not.
    let reschedule = format!("/v1/visits/{}/reschedule", id(&planned));
    let to = |start_ms: i64| json!({"start": at(start_ms), "notified_at": at(0), "proposed_by": "customer", "reason": "改期"});
    let moved = change(&dispatcher, reschedule.clone(), &planned["version"], to(2 * DAY_MS)).await.expect(200);
    let given = change(&dispatcher, assign, &moved["visit"]["version"], json!({"crew": [rep.id]})).await.expect(200);
    let late = change(&dispatcher, reschedule, &given["version"], to(4 * DAY_MS)).await;
    assert_eq!(late.outcome(), (422, "rep_not_certified".to_owned()));
    assert_eq!(late.json()["fields"][0]["path"], "start");

    let cancel = format!("/v1/visits/{}/cancel", id(&planned));
    change(&dispatcher, cancel, &given["version"], json!({"reason": "用户不在"})).await.expect(200);
    let next = format!("/v1/visits/{}/next-attempt", id(&planned));
    let body = |start_ms: i64| json!({"crew": [rep.id], "planned_start": at(start_ms)});
    assert_eq!(dispatcher.post(&*next, body(DAY_MS)).await.outcome(), (422, "rep_not_certified".to_owned()));
    dispatcher.post(next, body(3 * DAY_MS)).await.expect(201);
}

/// A visit whose start has passed begins now at the earliest: today's certificate counts.
#[actix_web::test]
async fn the_certificate_of_today_counts_where_the_start_has_passed_or_is_open() {
    let (app, _) = office().await;
    let (admin, dispatcher) = (app.role(YUNZE, Role::Admin).await, app.role(YUNZE, Role::Dispatcher).await);
    let rep = YUNZE.rep();
    uncertify(&app, rep).await;
    let path = format!("/v1/users/{}/certificates", rep.id);
    admin.post(&*path, certificate("post_certification", "2025-03-01", "2025-03-03")).await.expect(201);
    let past = visit(&dispatcher, &[], -DAY_MS).await;
    let assign = |visit: &Value| format!("/v1/visits/{}/assign", id(visit));
    let give = json!({"crew": [rep.id]});
    let refused = change(&dispatcher, assign(&past), &past["version"], give.clone()).await;
    assert_eq!(refused.outcome(), (422, "rep_not_certified".to_owned()));
    assert!(refused.text().contains("2025-03-04"), "{}", refused.text());
    admin.post(path, certificate("post_certification", "2025-03-04", "2025-03-04")).await.expect(201);
    change(&dispatcher, assign(&past), &past["version"], give.clone()).await.expect(200);
    let repair = order(&dispatcher, "repair", None).await;
    let body = json!({"work_order_id": repair["id"], "template": "broadband_repair", "crew": [rep.id]});
    let open = dispatcher.post("/v1/visits", body).await.expect(201);
    assert_eq!(open["planned_start"], Value::Null);
    // The organisation's day: an hour before its midnight is still today, an hour after is tomorrow.
    let midnight = UnixMillis::from_rfc3339(&format!("{TOMORROW}T00:00:00+08:00")).expect("an instant").0 - START.0;
    let before = visit(&dispatcher, &[], midnight - HOUR_MS).await;
    change(&dispatcher, assign(&before), &before["version"], give.clone()).await.expect(200);
    let after = visit(&dispatcher, &[], midnight + HOUR_MS).await;
    let refused = change(&dispatcher, assign(&after), &after["version"], give).await;
    assert_eq!(refused.outcome(), (422, "rep_not_certified".to_owned()));
}

#[actix_web::test]
async fn the_policy_says_which_orders_need_which_certificate() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let (admin, dispatcher) = (app.role(YUNZE, Role::Admin).await, app.role(YUNZE, Role::Dispatcher).await);
    uncertify(&app, YUNZE.rep()).await;
    let parameters = json!({"post_certification_orders": "", "work_at_height_orders": "install"});
    admin.post("/v1/policies", json!({"base_version": 1, "parameters": parameters})).await.expect(201);
    visit(&dispatcher, &[YUNZE.rep()], DAY_MS).await;
    let install = order(&dispatcher, "install", None).await;
    let refused = plan(&dispatcher, &install, &[YUNZE.rep()], DAY_MS).await;
    assert_eq!(refused.outcome(), (422, "rep_not_certified".to_owned()));
    assert_eq!(refused.json()["fields"][0]["limit"], "work_at_height");
    let faulty = json!({"base_version": 2, "parameters": {"work_at_height_orders": "install,swimming"}});
    assert_eq!(admin.post("/v1/policies", faulty).await.outcome(), (422, "invalid".to_owned()));
}

#[actix_web::test]
async fn a_grid_has_a_team_that_the_admin_sets() {
    let (app, grid) = office().await;
    let (admin, lead) = (app.role(YUNZE, Role::Admin).await, app.role(YUNZE, Role::TeamLead).await);
    let path = format!("/v1/grids/{grid}/team");
    let listed = lead.get("/v1/grids").await.expect(200);
    assert_eq!(listed["items"], json!([{"id": grid, "name": "云泽东", "version": 0}]));
    let set = change(&admin, path.clone(), &json!(0), json!({"team_id": YUNZE.team(1)})).await.expect(200);
    assert_eq!((&set["team_id"], &set["version"]), (&json!(YUNZE.team(1)), &json!(1)));
    let stale = change(&admin, path.clone(), &json!(0), json!({"team_id": YUNZE.team(2)})).await;
    assert_eq!(stale.outcome(), (412, "stale_version".to_owned()));
    let unknown = change(&admin, path.clone(), &json!(1), json!({"team_id": HAOYU.team(1)})).await;
    assert_eq!(unknown.outcome(), (422, "invalid".to_owned()));
    let none = change(&admin, path.clone(), &json!(1), json!({"team_id": null})).await.expect(200);
    assert_eq!((none.get("team_id"), &none["version"]), (None, &json!(2)));
    let refused = change(&lead, path, &json!(2), json!({"team_id": YUNZE.team(1)})).await;
    assert_eq!(refused.outcome(), (403, "forbidden".to_owned()));
    let theirs = add_grid(&app, HAOYU).await;
    let foreign = change(&admin, format!("/v1/grids/{theirs}/team"), &json!(0), json!({})).await;
    let absent =
        change(&admin, "/v1/grids/01955f2c-3000-7000-8000-00000000ffff/team".to_owned(), &json!(0), json!({})).await;
    assert_eq!((foreign.outcome(), absent.outcome()), ((404, "not_found".to_owned()), (404, "not_found".to_owned())));
}
