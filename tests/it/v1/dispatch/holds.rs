//! Orders on hold: off the phones, out of dispatch, and back again.

use doorstep::domain::Role;
use doorstep::jobs::watch_deadlines;
use integration_tests::clock::START;
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};
use sync_core::ids::VisitId;
use sync_core::protocol::Outcome;

use super::{DAY_MS, HOUR_MS, TOMORROW, at, audited, change, crew, id, office, order, plan, shown};

// Rule: APT-11
#[actix_web::test]
async fn a_held_order_leaves_phones_and_dispatch_until_it_is_resumed() {
    let (app, _) = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let rep = YUNZE.rep();
    let repair = order(&dispatcher, "repair", None).await;
    let planned = plan(&dispatcher, &repair, &[rep], DAY_MS).await.expect(201);
    let visit: VisitId = id(&planned).parse().expect("an id");
    let mut phone = app.phone_of(rep).await;
    phone.sync().await;
    assert!(phone.has("visit", visit));
    let path = |verb: &str| format!("/v1/work-orders/{}/{verb}", id(&repair));
    let body = json!({"reason": "等待物业配合", "until": at(5 * DAY_MS)});
    let held = change(&dispatcher, path("hold"), &repair["version"], body.clone()).await.expect(200);
    assert_eq!((&held["hold"]["reason"], &held["version"]), (&json!("等待物业配合"), &json!(2)));
    assert_eq!((&held["hold"]["until"], &held["hold"]["since"]), (&json!(at(5 * DAY_MS)), &json!(at(0))));
    assert_eq!((crew(&shown(&dispatcher, &planned).await), &held["visit_ids"]), (vec![], &json!([visit])));

    // Shown on the order, in the list and on the board.
    assert_eq!(dispatcher.get(format!("/v1/work-orders/{}", id(&repair))).await.expect(200)["hold"], held["hold"]);
    assert_eq!(dispatcher.get("/v1/work-orders").await.expect(200)["items"][0]["hold"], held["hold"]);
    let board = async || dispatcher.get(format!("/v1/day-board?date={TOMORROW}")).await.expect(200);
    assert_eq!(board().await["lines"][0]["visits"][0]["is_on_hold"], true);

    // What the phone did meanwhile comes late, and then the visit is gone.
    phone.come_to_the_door(visit);
    let late = phone.round().await;
    assert_eq!((late.acks[0].outcome, late.acks[0].reason.as_deref()), (Outcome::Late, Some("reassigned")));
    phone.sync().await;
    assert!(!phone.has("visit", visit));

    let proposals = async || {
        let asked = json!({"day": TOMORROW});
        dispatcher.post("/v1/dispatch/proposals", asked).await.expect(200)["visits"].as_array().map(Vec::len)
    };
    assert_eq!(proposals().await, Some(0));
    let now = shown(&dispatcher, &planned).await;
    let assign = format!("/v1/visits/{visit}/assign");
    let refused = change(&dispatcher, assign.clone(), &now["version"], json!({"crew": [rep.id]})).await;
    assert_eq!(refused.outcome(), (409, "order_on_hold".to_owned()));
    assert!(refused.json()["texts"]["zh-CN"]["title"].as_str().is_some_and(|text| text.contains("挂起")));
    let again = change(&dispatcher, path("hold"), &held["version"], body).await;
    assert_eq!(again.outcome(), (409, "order_on_hold".to_owned()));

    let resumed = change(&dispatcher, path("resume"), &held["version"], json!({})).await.expect(200);
    assert_eq!((resumed.get("hold"), &resumed["version"]), (None, &json!(3)));
    assert_eq!(board().await["lines"][0]["visits"][0]["is_on_hold"], false);
    let twice = change(&dispatcher, path("resume"), &resumed["version"], json!({})).await;
    assert_eq!(twice.outcome(), (409, "state_invalid".to_owned()));
    change(&dispatcher, assign, &now["version"], json!({"crew": [rep.id]})).await.expect(200);
    phone.sync().await;
    assert!(phone.has("visit", visit));
    let kinds: Vec<String> = audited(&app, &id(&repair)).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["work_order.created", "work_order.held", "work_order.resumed"]);
    assert_eq!(app.verified().await.differences, []);
}

/// A hold says until when; once that has passed somebody is told, and nothing goes on by itself.
#[actix_web::test]
async fn a_hold_that_lasts_longer_than_it_said_is_shown_and_told_once() {
    let (app, grid) = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let own = order(&dispatcher, "repair", None).await;
    let path = |order: &Value, verb: &str| format!("/v1/work-orders/{}/{verb}", id(order));
    let body = json!({"reason": "等待物业配合", "until": at(DAY_MS)});
    let held = change(&dispatcher, path(&own, "hold"), &own["version"], body).await.expect(200);
    assert_eq!(held["hold_overdue"], json!(false));
    // Two orders of one outage are one matter.
    let body = json!({"title": "云泽东光缆中断", "grid_id": grid, "expected_end": at(DAY_MS)});
    let outage = dispatcher.post("/v1/outages", body).await.expect(201);
    let (one, other) = (order(&dispatcher, "repair", Some(grid)).await, order(&dispatcher, "repair", Some(grid)).await);
    let add = json!({"add": [one["id"], other["id"]]});
    let orders = format!("/v1/outages/{}/work-orders", id(&outage));
    let outage = change(&dispatcher, orders, &outage["version"], add).await.expect(200);

    let told = async |offset_ms| {
        app.clock.set(START.plus_ms(offset_ms));
        watch_deadlines::run_due(&app.state, app.now()).await.expect("it runs");
        let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
        let page = dispatcher.get("/v1/tasks?kind=hold_overdue").await.expect(200);
        page["items"].as_array().expect("items").clone()
    };
    assert_eq!(told(DAY_MS).await, Vec::<Value>::new(), "not yet");
    assert_eq!(told(DAY_MS + 1).await.len(), 2);
    let tasks = told(DAY_MS + 2).await;
    assert_eq!(tasks.len(), 2, "once is enough: {tasks:?}");
    let of_own = tasks.iter().find(|task| task["work_order_id"] == own["id"]).expect("the order's");
    assert_eq!((&of_own["role"], &of_own["due_at"]), (&json!("dispatcher"), &json!(at(DAY_MS))));
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let now = dispatcher.get(format!("/v1/work-orders/{}", id(&own))).await.expect(200);
    assert_eq!((&now["hold_overdue"], &now["hold"]), (&json!(true), &held["hold"]), "it stays on hold");
    let listed = dispatcher.get("/v1/work-orders").await.expect(200);
    let overdue = listed["items"].as_array().expect("items").iter().filter(|order| order["hold_overdue"] == true);
    assert_eq!(overdue.count(), 3);

    change(&dispatcher, path(&own, "resume"), &now["version"], json!({})).await.expect(200);
    assert_eq!(told(DAY_MS + 3).await.len(), 1, "what goes on is no matter any more");
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let end = format!("/v1/outages/{}/end", id(&outage));
    change(&dispatcher, end, &outage["version"], json!({"cause": "光缆被挖断"})).await.expect(200);
    assert_eq!(told(DAY_MS + 4).await, Vec::<Value>::new());
}

/// An outage past its end is told of also where nothing waits for it, and only a later end or its own ends the matter.
// Rule: APT-11
#[actix_web::test]
async fn an_outage_past_its_end_is_told_until_it_is_over_or_gets_a_later_one() {
    let (app, grid) = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let body = json!({"title": "云泽东光缆中断", "grid_id": grid, "expected_end": at(DAY_MS)});
    let outage = dispatcher.post("/v1/outages", body).await.expect(201);
    let orders = format!("/v1/outages/{}/work-orders", id(&outage));
    let told = async |offset_ms| {
        app.clock.set(START.plus_ms(offset_ms));
        watch_deadlines::run_due(&app.state, app.now()).await.expect("it runs");
        let page = app.role(YUNZE, Role::Dispatcher).await.get("/v1/tasks?kind=hold_overdue").await.expect(200);
        page["items"].as_array().expect("items").clone()
    };
    assert_eq!(told(DAY_MS).await, Vec::<Value>::new());
    let [task] = told(DAY_MS + 1).await.try_into().expect("nothing waits for it, and it is told all the same");
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let close = format!("/v1/tasks/{}/close", id(&task));
    let by_hand = change(&dispatcher, close, &task["version"], json!({"note": "已知悉"})).await;
    assert_eq!(by_hand.outcome(), (409, "state_invalid".to_owned()), "it would be forgotten");
    for end in [at(0), at(DAY_MS)] {
        let refused = change(&dispatcher, orders.clone(), &outage["version"], json!({"expected_end": end})).await;
        assert_eq!((refused.status, &refused.json()["fields"][0]["path"]), (422, &json!("expected_end")));
    }
    let order = order(&dispatcher, "repair", Some(grid)).await;
    let later = json!({"expected_end": at(2 * DAY_MS), "add": [order["id"]]});
    let moved = change(&dispatcher, orders.clone(), &outage["version"], later).await.expect(200);
    assert_eq!(moved["expected_end"], json!(at(2 * DAY_MS)));
    assert_eq!(told(2 * DAY_MS).await, Vec::<Value>::new(), "the later end holds");
    let waiting =
        app.role(YUNZE, Role::Dispatcher).await.get(format!("/v1/work-orders/{}", id(&order))).await.expect(200);
    assert_eq!((&waiting["hold"]["until"], &waiting["hold_overdue"]), (&json!(at(2 * DAY_MS)), &json!(false)));
    assert_eq!(told(2 * DAY_MS + 1).await.len(), 1, "and then it has passed, too");
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let end = json!({"cause": "光缆被挖断"});
    change(&dispatcher, format!("/v1/outages/{}/end", id(&outage)), &moved["version"], end).await.expect(200);
    assert_eq!(told(2 * DAY_MS + 2).await, Vec::<Value>::new());
}

#[actix_web::test]
async fn what_has_begun_goes_on_and_what_is_unassigned_waits() {
    let (app, _) = office().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let rep = YUNZE.rep();
    let repair = order(&dispatcher, "repair", None).await;
    let begun = plan(&dispatcher, &repair, &[rep], HOUR_MS).await.expect(201);
    let visit: VisitId = id(&begun).parse().expect("an id");
    let mut phone = app.phone_of(rep).await;
    phone.sync().await;
    phone.come_to_the_door(visit);
    phone.sync().await;
    let path = |verb: &str| format!("/v1/work-orders/{}/{verb}", id(&repair));
    let held = change(&dispatcher, path("hold"), &repair["version"], json!({"reason": "停电"})).await.expect(200);
    assert_eq!(crew(&shown(&dispatcher, &begun).await), [json!(rep.id)]);
    phone.measure(visit, "optical_power", "-18.30", "dBm");
    assert_eq!(phone.round().await.acks[0].outcome, Outcome::Stored);
    assert_eq!(dispatcher.get("/v1/dispatch/proposals").await.status, 405);
    let asked = json!({"day": "2025-03-04", "visit_ids": [visit]});
    assert_eq!(dispatcher.post("/v1/dispatch/proposals", asked).await.outcome(), (422, "invalid".to_owned()));
    let refuse = json!({"reason_code": "other", "reason": "x", "suggestion": "y"});
    let refused = change(&dispatcher, path("refuse"), &held["version"], refuse).await;
    assert_eq!(refused.outcome(), (409, "order_on_hold".to_owned()));
}

#[actix_web::test]
async fn a_hold_names_its_faults_and_stays_in_the_organisation() {
    let (app, _) = office().await;
    let (dispatcher, agent) = (app.role(YUNZE, Role::Dispatcher).await, app.role(YUNZE, Role::CsAgent).await);
    let repair = order(&dispatcher, "repair", None).await;
    let path = format!("/v1/work-orders/{}/hold", id(&repair));
    for (body, field) in [
        (json!({"reason": " "}), "reason"),
        (json!({"reason": "停电", "until": at(0)}), "until"),
        (json!({"reason": "停电", "until": "9000-01-01T00:00:00Z"}), "until"),
    ] {
        let refused = change(&agent, path.clone(), &json!(1), body).await;
        assert_eq!(
            (refused.outcome(), &refused.json()["fields"][0]["path"]),
            ((422, "invalid".to_owned()), &json!(field))
        );
    }
    let reason = json!({"reason": "停电"});
    let stale = change(&agent, path.clone(), &json!(7), reason.clone()).await;
    assert_eq!(stale.outcome(), (412, "stale_version".to_owned()));
    let foreign = app.role(HAOYU, Role::Dispatcher).await;
    assert_eq!(
        change(&foreign, path.clone(), &json!(1), reason.clone()).await.outcome(),
        (404, "not_found".to_owned())
    );
    let lead = app.role(YUNZE, Role::TeamLead).await;
    assert_eq!(change(&lead, path.clone(), &json!(1), reason.clone()).await.status, 403);
    // Two people think of it at once.
    let seen = json!(1);
    let (one, other) =
        tokio::join!(change(&agent, path.clone(), &seen, reason.clone()), change(&dispatcher, path, &seen, reason));
    let mut outcomes = [one.status, other.status];
    outcomes.sort_unstable();
    assert_eq!(outcomes, [200, 412]);
    let order: Value = dispatcher.get(format!("/v1/work-orders/{}", id(&repair))).await.expect(200);
    let unplanned = json!({"work_order_id": order["id"], "template": "broadband_repair"});
    dispatcher.post("/v1/visits", unplanned).await.expect(201);
}
