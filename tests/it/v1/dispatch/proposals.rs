//! Proposals: who could be sent, and why not. The properties stand beside the decision.

use doorstep::domain::Role;
use integration_tests::actors::Client;
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};
use sync_core::ids::GridId;

use super::{DAY_MS, HOUR_MS, TOMORROW, at, change, id, office, order, plan, serve, uncertify, visit};

async fn propose(client: &Client<'_>, body: Value) -> Value {
    let mut body = body;
    body["day"] = json!(TOMORROW);
    client.post("/v1/dispatch/proposals", body).await.expect(200)
}

/// Who cannot be sent, with the codes of what stands in the way.
fn excluded(proposal: &Value) -> Vec<(Value, Vec<String>)> {
    let codes = |fit: &Value| {
        let obstacles = fit["obstacles"].as_array().expect("obstacles").iter();
        obstacles.map(|one| one["code"].as_str().expect("a code").to_owned()).collect()
    };
    proposal["excluded"].as_array().expect("excluded").iter().map(|fit| (fit["rep_id"].clone(), codes(fit))).collect()
}

fn candidates(proposal: &Value) -> Vec<Value> {
    proposal["candidates"].as_array().expect("candidates").iter().map(|fit| fit["rep_id"].clone()).collect()
}

fn visits(answer: &Value) -> Vec<Value> {
    answer["visits"].as_array().expect("visits").iter().map(|one| one["visit_id"].clone()).collect()
}

async fn in_grid(client: &Client<'_>, grid: GridId, start_ms: i64) -> Value {
    let order = order(client, "repair", Some(grid)).await;
    plan(client, &order, &[], start_ms).await.expect(201)
}

// Rule: APT-11
#[actix_web::test]
async fn everybody_who_goes_out_is_judged_with_every_reason() {
    let (app, grid) = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let (rep, colleague, stranger) = (YUNZE.rep(), YUNZE.colleague(), YUNZE.stranger());
    let lead = YUNZE.member(Role::TeamLead);
    serve(&app, grid, 2).await;
    uncertify(&app, rep).await;
    let absences = format!("/v1/users/{}/absences", lead.id);
    let body = json!({"reason": "leave", "from": at(DAY_MS), "until": at(2 * DAY_MS)});
    dispatcher.post(absences, body).await.expect(201);
    let busy = visit(&dispatcher, &[colleague], DAY_MS + HOUR_MS / 2).await;
    let wanted = in_grid(&dispatcher, grid, DAY_MS + HOUR_MS).await;

    let answer = propose(&dispatcher, json!({})).await;
    assert_eq!((visits(&answer), &answer["is_complete"]), (vec![wanted["id"].clone()], &json!(true)));
    let proposal = &answer["visits"][0];
    assert_eq!((candidates(proposal), &proposal["proposed_rep_id"]), (vec![json!(stranger.id)], &json!(stranger.id)));
    assert_eq!((&proposal["candidates"][0]["fits_grid"], &proposal["grid_id"]), (&json!(true), &json!(grid)));
    let codes = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
    let mut found = excluded(proposal);
    found.sort_by_key(|(rep, _)| rep.to_string());
    let mut expected = vec![
        (json!(rep.id), codes(&["rep_not_certified"])),
        (json!(lead.id), codes(&["rep_absent"])),
        (json!(colleague.id), codes(&["time_clash"])),
    ];
    expected.sort_by_key(|(rep, _)| rep.to_string());
    assert_eq!(found, expected, "neither who is disabled nor who stays in the office");
    let of = |who: Value| {
        let mut all = proposal["excluded"].as_array().expect("excluded").iter();
        all.find(|fit| fit["rep_id"] == who).expect("judged").clone()
    };
    assert_eq!(of(json!(colleague.id))["obstacles"][0]["visit_id"], busy["id"]);
    assert_eq!(of(json!(colleague.id))["planned_minutes"], 60);
    assert_eq!(of(json!(rep.id))["obstacles"][0]["certificate"], "post_certification");
    // Nothing was written.
    assert_eq!(dispatcher.get(format!("/v1/visits/{}", id(&wanted))).await.expect(200), wanted);
}

// Rule: APT-09
#[actix_web::test]
async fn proposals_come_in_dispatch_order_and_share_the_work_out() {
    let (app, _) = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let second = order(&dispatcher, "repair", None).await;
    let first = plan(&dispatcher, &second, &[], HOUR_MS).await.expect(201);
    let cancel = format!("/v1/visits/{}/cancel", id(&first));
    change(&dispatcher, cancel, &first["version"], json!({"reason": "用户不在"})).await.expect(200);
    let early = visit(&dispatcher, &[], DAY_MS).await;
    let same_time = visit(&dispatcher, &[], DAY_MS).await;
    let path = format!("/v1/visits/{}/next-attempt", id(&first));
    let again = dispatcher.post(path, json!({"planned_start": at(DAY_MS + 2 * HOUR_MS)})).await.expect(201);
    let answer = propose(&dispatcher, json!({})).await;
    let mut by_id = [early["id"].clone(), same_time["id"].clone()];
    by_id.sort_by_key(Value::to_string);
    assert_eq!(visits(&answer), [&[again["id"].clone()][..], &by_id].concat());
    let proposed: Vec<&Value> =
        answer["visits"].as_array().expect("visits").iter().map(|one| &one["proposed_rep_id"]).collect();
    assert_ne!(proposed[1], proposed[2], "nobody is at two places at once");
    let last = &answer["visits"][2];
    assert!(
        excluded(last).iter().any(|(rep, codes)| rep == proposed[1] && codes == &["time_clash".to_owned()]),
        "{last}"
    );
    assert_eq!(propose(&dispatcher, json!({})).await, answer, "the same question has the same answer");
}

/// Of more visits than one answer names, those that go first are named, and the others are counted.
// Rule: APT-09
#[actix_web::test]
async fn what_goes_first_is_named_among_more_visits_than_one_answer_has() {
    let (app, _) = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let missed = visit(&dispatcher, &[], HOUR_MS).await;
    let cancel = format!("/v1/visits/{}/cancel", id(&missed));
    change(&dispatcher, cancel, &missed["version"], json!({"reason": "用户不在"})).await.expect(200);
    let path = format!("/v1/visits/{}/next-attempt", id(&missed));
    let second = dispatcher.post(path, json!({"planned_start": at(DAY_MS + 5 * HOUR_MS)})).await.expect(201);
    let row = |at: usize| {
        json!({"customer": {"kind": "individual", "name": format!("王{at}"), "phones": [], "address": "示例路 18 号"},
            "site": {"address": "示例路 18 号", "scene": "rural"}, "order": {"type": "repair", "channel": "web"}})
    };
    let rows: Vec<Value> = (0..201).map(row).collect();
    let kept = dispatcher.post("/v1/work-orders/import", json!({"rows": rows})).await.expect(200);
    for row in kept["rows"].as_array().expect("rows") {
        let body = json!({"work_order_id": row["work_order_id"], "template": "broadband_repair",
            "planned_start": at(DAY_MS)});
        dispatcher.post("/v1/visits", body).await.expect(201);
    }
    let answer = propose(&dispatcher, json!({})).await;
    let named = visits(&answer);
    assert_eq!((named.len(), named.first()), (200, Some(&second["id"])), "a second appointment goes first");
    assert_eq!((&answer["is_complete"], &answer["left_out"]), (&json!(false), &json!(2)));
}

#[actix_web::test]
async fn a_full_day_excludes_and_the_policy_says_what_is_full() {
    let (app, _) = office().await;
    let (admin, dispatcher) = (app.role(YUNZE, Role::Admin).await, app.role(YUNZE, Role::Dispatcher).await);
    visit(&dispatcher, &[YUNZE.rep()], DAY_MS).await;
    visit(&dispatcher, &[], DAY_MS + 5 * HOUR_MS).await;
    let of_rep = |answer: &Value| {
        excluded(&answer["visits"][0])
            .into_iter()
            .find(|(who, _)| *who == json!(YUNZE.rep().id))
            .map(|(_, codes)| codes)
    };
    assert_eq!(of_rep(&propose(&dispatcher, json!({})).await), None);
    let parameters = json!({"visit_minutes": "90", "daily_load_minutes": "179"});
    admin.post("/v1/policies", json!({"base_version": 1, "parameters": parameters})).await.expect(201);
    assert_eq!(of_rep(&propose(&dispatcher, json!({})).await), Some(vec!["overload".to_owned()]));
}

#[actix_web::test]
async fn what_is_asked_for_is_what_is_answered() {
    let (app, grid) = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let open = visit(&dispatcher, &[], DAY_MS).await;
    let given = visit(&dispatcher, &[YUNZE.rep()], DAY_MS + 3 * HOUR_MS).await;
    let other_day = visit(&dispatcher, &[], 2 * DAY_MS).await;
    let there = in_grid(&dispatcher, grid, DAY_MS + 6 * HOUR_MS).await;
    let ids = |all: &[&Value]| all.iter().map(|one| one["id"].clone()).collect::<Vec<_>>();
    assert_eq!(visits(&propose(&dispatcher, json!({})).await), ids(&[&open, &there]));
    assert_eq!(visits(&propose(&dispatcher, json!({"grid_id": grid})).await), ids(&[&there]));
    assert_eq!(visits(&propose(&dispatcher, json!({"from_rep": YUNZE.rep().id})).await), ids(&[&given]));
    let named = propose(&dispatcher, json!({"visit_ids": [given["id"], open["id"]]})).await;
    assert_eq!(visits(&named), ids(&[&open, &given]));
    let on_crew = (json!(YUNZE.rep().id), vec!["on_crew".to_owned(), "time_clash".to_owned()]);
    assert!(!excluded(&named["visits"][1]).contains(&on_crew), "a visit does not clash with itself");
    // A visit of another day or another organisation, and a day that is none.
    let foreign = "01955f2c-3000-7000-8000-00000000ffff";
    for (body, path) in [
        (json!({"day": TOMORROW, "visit_ids": [open["id"], other_day["id"]]}), "visit_ids[1]"),
        (json!({"day": TOMORROW, "visit_ids": [foreign]}), "visit_ids[0]"),
        (json!({"day": "2025-02-30"}), "day"),
        (json!({"day": TOMORROW, "visit_ids": vec![foreign; 201]}), "visit_ids"),
    ] {
        let refused = dispatcher.post("/v1/dispatch/proposals", body).await;
        assert_eq!(
            (refused.outcome(), &refused.json()["fields"][0]["path"]),
            ((422, "invalid".to_owned()), &json!(path))
        );
    }
    let theirs = app.role(HAOYU, Role::Dispatcher).await;
    assert_eq!(visits(&propose(&theirs, json!({})).await), [Value::Null; 0]);
}

#[actix_web::test]
async fn a_lead_sees_visits_and_people_of_the_team_only() {
    let (app, _) = office().await;
    let (dispatcher, lead) = (app.role(YUNZE, Role::Dispatcher).await, app.role(YUNZE, Role::TeamLead).await);
    let ours = visit(&dispatcher, &[YUNZE.rep()], DAY_MS).await;
    visit(&dispatcher, &[YUNZE.stranger()], DAY_MS).await;
    let answer = propose(&lead, json!({"from_rep": YUNZE.rep().id})).await;
    assert_eq!(visits(&answer), [ours["id"].clone()]);
    let mut judged = candidates(&answer["visits"][0]);
    judged.extend(excluded(&answer["visits"][0]).into_iter().map(|(who, _)| who));
    assert!(judged.contains(&json!(YUNZE.colleague().id)) && !judged.contains(&json!(YUNZE.stranger().id)));
    assert_eq!(visits(&propose(&lead, json!({"from_rep": YUNZE.stranger().id})).await), [Value::Null; 0]);
}
