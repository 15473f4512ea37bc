//! Confirmations: each is judged again, and has a result of its own.

use doorstep::domain::Role;
use integration_tests::actors::Client;
use integration_tests::call::Call;
use integration_tests::company::{HAOYU, Member, YUNZE};
use serde_json::{Value, json};

use super::{DAY_MS, HOUR_MS, at, audited, crew, id, office, shown, uncertify, visit};

fn item(visit: &Value, rep: Member) -> Value {
    json!({"visit_id": visit["id"], "version": visit["version"], "rep_id": rep.id})
}

async fn confirm(client: &Client<'_>, items: &[Value]) -> Vec<Value> {
    let answer = client.post("/v1/dispatch/confirmations", json!({"items": items})).await.expect(200);
    answer["results"].as_array().expect("results").clone()
}

fn codes(results: &[Value]) -> Vec<&str> {
    results.iter().map(|one| one["code"].as_str().unwrap_or("assigned")).collect()
}

// Rule: APT-11
#[actix_web::test]
async fn each_confirmation_has_its_own_result_and_phones_hear_of_it() {
    let (app, _) = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let (rep, colleague, stranger) = (YUNZE.rep(), YUNZE.colleague(), YUNZE.stranger());
    uncertify(&app, colleague).await;
    let (good, uncertified, stale, held) = (
        visit(&dispatcher, &[], DAY_MS).await,
        visit(&dispatcher, &[], DAY_MS).await,
        visit(&dispatcher, &[], DAY_MS).await,
        visit(&dispatcher, &[], DAY_MS).await,
    );
    let order =
        dispatcher.get(format!("/v1/work-orders/{}", held["work_order_id"].as_str().unwrap())).await.expect(200);
    let hold = format!("/v1/work-orders/{}/hold", id(&order));
    super::change(&dispatcher, hold, &order["version"], json!({"reason": "等待物业配合"})).await.expect(200);
    let mut old = item(&stale, stranger);
    old["version"] = json!(7);
    let absent = json!({"visit_id": "01955f2c-3000-7000-8000-00000000ffff", "version": 1, "rep_id": rep.id});
    let items = [
        item(&uncertified, colleague),
        old,
        absent,
        item(&held, stranger),
        item(&stale, YUNZE.member(Role::Reviewer)),
        item(&good, rep),
    ];
    let mut phone = app.phone_of(rep).await;
    phone.sync().await;
    let results = confirm(&dispatcher, &items).await;
    let expected = ["rep_not_certified", "stale_version", "not_found", "order_on_hold", "invalid", "assigned"];
    assert_eq!(codes(&results), expected);
    for refused in &results[..5] {
        let is_told = refused["reason_en"].is_string() && refused["reason_zh"].is_string();
        assert!(is_told && refused["outcome"] == "refused", "{refused}");
    }
    assert_eq!((&results[5]["outcome"], &results[5]["version"]), (&json!("assigned"), &json!(2)));
    assert_eq!(crew(&shown(&dispatcher, &good).await), [json!(rep.id)]);
    phone.sync().await;
    assert!(phone.has("visit", id(&good)) && !phone.has("visit", id(&uncertified)));
    // A reason helps against a full day, never against a missing certificate.
    let mut despite = item(&uncertified, colleague);
    despite["despite"] = json!("没有其他人");
    assert_eq!(codes(&confirm(&dispatcher, &[despite]).await), ["rep_not_certified"]);
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn a_clash_needs_a_reason_that_is_kept() {
    let (app, _) = office().await;
    let (admin, dispatcher) = (app.role(YUNZE, Role::Admin).await, app.role(YUNZE, Role::Dispatcher).await);
    let rep = YUNZE.rep();
    let (first, clash) = (visit(&dispatcher, &[], DAY_MS).await, visit(&dispatcher, &[], DAY_MS + HOUR_MS / 2).await);
    // The second of one request is judged with the first.
    let results = confirm(&dispatcher, &[item(&first, rep), item(&clash, rep)]).await;
    assert_eq!(codes(&results), ["assigned", "rep_busy"]);
    let told =
        json!([{"code": "time_clash", "label_zh": "时间冲突", "may_be_overridden": true, "visit_id": first["id"]}]);
    assert_eq!(results[1]["obstacles"], told);
    let mut anyway = item(&clash, rep);
    anyway["despite"] = json!(" ");
    let faulty = dispatcher.post("/v1/dispatch/confirmations", json!({"items": [anyway]})).await;
    assert_eq!((faulty.status, &faulty.json()["fields"][0]["path"]), (422, &json!("items[0].despite")));
    anyway["despite"] = json!("用户指定该人员");
    let keyed = || {
        let call = Call::post("/v1/dispatch/confirmations").header("idempotency-key", "d-1");
        call.json(&json!({"items": [anyway]}))
    };
    let given = dispatcher.send(keyed()).await.expect(200);
    assert_eq!(given["results"][0]["outcome"], "assigned");
    assert_eq!(dispatcher.send(keyed()).await.expect(200), given, "the same again changes nothing");
    let events = audited(&app, &id(&clash)).await;
    let (_, detail) = events.iter().find(|(kind, _)| kind == "visit.assigned").expect("an event");
    assert_eq!(detail["despite"], json!("用户指定该人员"));
    assert_eq!(detail["obstacles"], json!(["time_clash"]));

    // A full day likewise.
    let parameters = json!({"daily_load_minutes": "150"});
    admin.post("/v1/policies", json!({"base_version": 1, "parameters": parameters})).await.expect(201);
    let third = visit(&dispatcher, &[], DAY_MS + 4 * HOUR_MS).await;
    let results = confirm(&dispatcher, &[item(&third, rep)]).await;
    assert_eq!((codes(&results), &results[0]["obstacles"][0]["code"]), (vec!["rep_busy"], &json!("overload")));
}

#[actix_web::test]
async fn somebody_takes_the_place_of_another() {
    let (app, _) = office().await;
    let (dispatcher, lead) = (app.role(YUNZE, Role::Dispatcher).await, app.role(YUNZE, Role::TeamLead).await);
    let (rep, colleague, stranger) = (YUNZE.rep(), YUNZE.colleague(), YUNZE.stranger());
    let ours = visit(&dispatcher, &[rep], DAY_MS).await;
    let mut taken = item(&ours, colleague);
    taken["from_rep"] = json!(stranger.id);
    assert_eq!(codes(&confirm(&lead, &[taken.clone()]).await), ["state_invalid"], "he is not on the crew");
    taken["from_rep"] = json!(rep.id);
    let mut beyond = item(&ours, stranger);
    beyond["from_rep"] = json!(rep.id);
    assert_eq!(
        codes(&confirm(&lead, &[beyond, taken]).await),
        ["invalid", "assigned"],
        "a lead gives to the team only"
    );
    let now = shown(&dispatcher, &ours).await;
    assert_eq!(crew(&now), [json!(colleague.id)]);
    // Who goes already goes; another one joins.
    assert_eq!(confirm(&lead, &[item(&now, colleague)]).await[0]["version"], now["version"]);
    confirm(&dispatcher, &[item(&now, stranger)]).await;
    assert_eq!(crew(&shown(&dispatcher, &ours).await).len(), 2);
    let others = visit(&dispatcher, &[stranger], DAY_MS).await;
    assert_eq!(codes(&confirm(&lead, &[item(&others, rep)]).await), ["not_found"]);
    let theirs = app.role(HAOYU, Role::Dispatcher).await;
    assert_eq!(codes(&confirm(&theirs, &[item(&others, HAOYU.rep())]).await), ["not_found"]);
    let many = vec![item(&others, rep); 101];
    let refused = dispatcher.post("/v1/dispatch/confirmations", json!({"items": many})).await;
    assert_eq!((refused.outcome(), &refused.json()["limit"]), ((422, "invalid".to_owned()), &json!(100)));
    assert_eq!(
        app.role(YUNZE, Role::FieldRep).await.post("/v1/dispatch/confirmations", json!({"items": []})).await.status,
        403
    );
}

#[actix_web::test]
async fn who_goes_already_takes_the_place_of_another_and_of_himself_changes_nothing() {
    let (app, _) = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let (rep, colleague) = (YUNZE.rep(), YUNZE.colleague());
    let ours = visit(&dispatcher, &[rep, colleague], DAY_MS).await;
    // A visit at the same time is no news to who goes already.
    visit(&dispatcher, &[colleague], DAY_MS).await;
    let mut taken = item(&ours, colleague);
    taken["from_rep"] = json!(rep.id);
    let results = confirm(&dispatcher, &[taken.clone()]).await;
    assert_eq!((codes(&results), &results[0]["version"]), (vec!["assigned"], &json!(2)));
    let now = shown(&dispatcher, &ours).await;
    assert_eq!(crew(&now), [json!(colleague.id)]);
    let mut himself = item(&now, colleague);
    himself["from_rep"] = json!(colleague.id);
    assert_eq!(confirm(&dispatcher, &[himself]).await[0]["version"], json!(2));
    assert_eq!(shown(&dispatcher, &ours).await, now);
}

/// Two dispatchers confirm for the same visit at once: one of them is told that it has changed.
#[actix_web::test]
async fn of_two_confirmations_at_once_one_counts() {
    let (app, _) = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let wanted = visit(&dispatcher, &[], DAY_MS).await;
    let (one, other) = ([item(&wanted, YUNZE.rep())], [item(&wanted, YUNZE.colleague())]);
    let (one, other) = tokio::join!(confirm(&dispatcher, &one), confirm(&dispatcher, &other));
    let mut outcomes = [codes(&one)[0].to_owned(), codes(&other)[0].to_owned()];
    outcomes.sort();
    assert_eq!(outcomes, ["assigned", "stale_version"]);
    assert_eq!(crew(&shown(&dispatcher, &wanted).await).len(), 1);
}

fn clash(rep: Member, visit: &Value, start_ms: i64) -> Value {
    json!({"rep_id": rep.id, "visit_id": visit["id"], "start": at(start_ms), "end": at(start_ms + HOUR_MS)})
}

/// Another time that the customer asked for.
fn to(start_ms: i64) -> Value {
    json!({"start": at(start_ms), "notified_at": at(0), "proposed_by": "customer", "reason": "提前"})
}

/// Whoever plans, assigns or moves is told of visits at the same time, and is not refused.
// Rule: APT-11
#[actix_web::test]
async fn a_clash_is_told_to_whoever_plans_assigns_or_moves() {
    let (app, _) = office().await;
    let (dispatcher, lead) = (app.role(YUNZE, Role::Dispatcher).await, app.role(YUNZE, Role::TeamLead).await);
    let (rep, colleague, stranger) = (YUNZE.rep(), YUNZE.colleague(), YUNZE.stranger());
    let first = visit(&dispatcher, &[rep], DAY_MS).await;
    assert_eq!(first["clashes"], Value::Null);
    let second = visit(&dispatcher, &[rep], DAY_MS + HOUR_MS / 2).await;
    assert_eq!(second["clashes"], json!([clash(rep, &first, DAY_MS)]));
    assert_eq!(shown(&dispatcher, &second).await.get("clashes"), None, "told where it is decided");

    let theirs = visit(&dispatcher, &[colleague, stranger], DAY_MS + HOUR_MS / 2).await;
    let path = |visit: &Value, verb: &str| format!("/v1/visits/{}/{verb}", id(visit));
    let both = json!({"crew": [colleague.id, stranger.id]});
    let given = super::change(&dispatcher, path(&first, "assign"), &first["version"], both).await.expect(200);
    let at_once = [clash(colleague, &theirs, DAY_MS + HOUR_MS / 2), clash(stranger, &theirs, DAY_MS + HOUR_MS / 2)];
    let mut told = given["clashes"].as_array().expect("clashes").clone();
    told.sort_by_key(|clash| clash["rep_id"] != json!(colleague.id));
    assert_eq!(told, at_once);

    let moved = super::change(&lead, path(&given, "reschedule"), &given["version"], to(DAY_MS - HOUR_MS / 4)).await;
    let moved = moved.expect(200);
    assert_eq!(
        moved["visit"]["clashes"],
        json!([clash(colleague, &theirs, DAY_MS + HOUR_MS / 2)]),
        "of people within reach: {moved}"
    );
    let apart = super::change(&lead, path(&given, "reschedule"), &moved["visit"]["version"], to(3 * DAY_MS)).await;
    assert_eq!(apart.expect(200)["visit"].get("clashes"), None);
}
