//! Outages of a whole area: repairs that wait for one, and whoever adds another.

use doorstep::domain::Role;
use integration_tests::call::Call;
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};

use super::dispatch::{DAY_MS, add_grid, at, change, crew, id, office, order, plan, shown};

fn path(outage: &Value, what: &str) -> String {
    format!("/v1/outages/{}{what}", id(outage))
}

#[actix_web::test]
async fn repairs_wait_for_an_outage_and_all_go_on_with_its_end() {
    let (app, grid) = office().await;
    let (dispatcher, agent) = (app.role(YUNZE, Role::Dispatcher).await, app.role(YUNZE, Role::CsAgent).await);
    let first = order(&agent, "repair", Some(grid)).await;
    assert_eq!(first.get("likely_outages"), None);
    let planned = plan(&dispatcher, &first, &[YUNZE.rep()], DAY_MS).await.expect(201);
    let body = json!({"title": "云泽东光缆中断", "grid_id": grid, "expected_end": at(DAY_MS / 2)});
    let outage = dispatcher.post("/v1/outages", body).await.expect(201);

    // Whoever adds a repair there is told; an install there and a repair elsewhere are not.
    let second = order(&agent, "repair", Some(grid)).await;
    let likely = json!([{"id": outage["id"], "title": "云泽东光缆中断", "expected_end": at(DAY_MS / 2)}]);
    assert_eq!(second["likely_outages"], likely);
    let install = order(&agent, "install", Some(grid)).await;
    assert_eq!(install.get("likely_outages"), None);
    assert_eq!(order(&agent, "repair", None).await.get("likely_outages"), None);

    let orders = path(&outage, "/work-orders");
    let wrong =
        change(&dispatcher, orders.clone(), &outage["version"], json!({"add": [first["id"], install["id"]]})).await;
    assert_eq!((wrong.outcome(), &wrong.json()["fields"][0]["path"]), ((422, "invalid".to_owned()), &json!("add[1]")));
    let add = json!({"add": [first["id"], second["id"]]});
    let waiting = change(&dispatcher, orders.clone(), &outage["version"], add.clone()).await.expect(200);
    assert_eq!((waiting["work_order_ids"].as_array().map(Vec::len), &waiting["version"]), (Some(2), &json!(2)));
    let shown_order = async |order: &Value| agent.get(format!("/v1/work-orders/{}", id(order))).await.expect(200);
    let hold = shown_order(&first).await["hold"].clone();
    assert_eq!((&hold["reason"], &hold["outage_id"]), (&json!("云泽东光缆中断"), &outage["id"]));
    assert_eq!(hold["until"], json!(at(DAY_MS / 2)));
    assert_eq!(crew(&shown(&dispatcher, &planned).await), [Value::Null; 0], "off the phones");
    let again = change(&dispatcher, orders.clone(), &waiting["version"], add).await;
    assert_eq!(again.outcome(), (409, "order_on_hold".to_owned()));
    let alone = change(&dispatcher, format!("/v1/work-orders/{}/resume", id(&first)), &json!(2), json!({})).await;
    assert_eq!(alone.outcome(), (409, "state_invalid".to_owned()), "it goes on with the outage");

    let remove = json!({"remove": [second["id"]]});
    let fewer = change(&dispatcher, orders.clone(), &waiting["version"], remove.clone()).await.expect(200);
    assert_eq!(fewer["work_order_ids"], json!([first["id"]]));
    assert_eq!(shown_order(&second).await.get("hold"), None);
    let twice = change(&dispatcher, orders.clone(), &fewer["version"], remove).await;
    assert_eq!(
        (twice.outcome(), &twice.json()["fields"][0]["path"]),
        ((422, "invalid".to_owned()), &json!("remove[0]"))
    );

    let end = path(&outage, "/end");
    let mute = change(&dispatcher, end.clone(), &fewer["version"], json!({"cause": ""})).await;
    assert_eq!(mute.outcome(), (422, "invalid".to_owned()));
    let ended = change(&dispatcher, end.clone(), &fewer["version"], json!({"cause": "施工挖断光缆"})).await.expect(200);
    assert_eq!((&ended["cause"], &ended["work_order_ids"]), (&json!("施工挖断光缆"), &json!([])));
    assert_eq!((shown_order(&first).await.get("hold"), &ended["ended_at"]), (None, &json!(at(0))));
    let over = change(&dispatcher, end, &ended["version"], json!({"cause": "x"})).await;
    assert_eq!(over.outcome(), (409, "state_invalid".to_owned()));
    let late = change(&dispatcher, orders, &ended["version"], json!({"add": [second["id"]]})).await;
    assert_eq!(late.outcome(), (409, "state_invalid".to_owned()));
    assert_eq!(order(&agent, "repair", Some(grid)).await.get("likely_outages"), None);
    assert_eq!(agent.get(path(&outage, "")).await.expect(200), ended);
}

#[actix_web::test]
async fn outages_are_listed_by_whether_they_are_open_and_stay_in_the_organisation() {
    let (app, grid) = office().await;
    let (dispatcher, lead) = (app.role(YUNZE, Role::Dispatcher).await, app.role(YUNZE, Role::TeamLead).await);
    let body = json!({"title": "云泽东停电", "grid_id": grid});
    let keyed = || Call::post("/v1/outages").header("idempotency-key", "o-1").json(&body);
    let over = dispatcher.send(keyed()).await.expect(201);
    assert_eq!(dispatcher.send(keyed()).await.expect(201), over, "the same again");
    change(&dispatcher, path(&over, "/end"), &over["version"], json!({"cause": "恢复供电"})).await.expect(200);
    app.clock.advance_secs(1);
    let open = dispatcher.post("/v1/outages", body.clone()).await.expect(201);
    let ids = async |query: &str| {
        let listed = lead.get(format!("/v1/outages{query}")).await.expect(200);
        listed["items"].as_array().expect("items").iter().map(|one| one["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids("").await, [over["id"].clone(), open["id"].clone()]);
    assert_eq!(ids("?is_open=true").await, [open["id"].clone()]);
    assert_eq!(ids("?is_open=false").await, [over["id"].clone()]);
    let theirs = add_grid(&app, HAOYU).await;
    for (field, value) in [("title", json!(" ")), ("grid_id", json!(theirs)), ("expected_end", json!(at(0)))] {
        let mut faulty = body.clone();
        faulty[field] = value;
        let refused = dispatcher.post("/v1/outages", faulty).await;
        assert_eq!(
            (refused.outcome(), &refused.json()["fields"][0]["path"]),
            ((422, "invalid".to_owned()), &json!(field))
        );
    }
    assert_eq!(lead.post("/v1/outages", body).await.status, 403);
    let stale = change(&dispatcher, path(&open, "/end"), &json!(9), json!({"cause": "x"})).await;
    assert_eq!(stale.outcome(), (412, "stale_version".to_owned()));
    let foreign = app.role(HAOYU, Role::Dispatcher).await;
    assert_eq!(foreign.get(path(&open, "")).await.outcome(), (404, "not_found".to_owned()));
    let changed = change(&foreign, path(&open, "/work-orders"), &json!(1), json!({})).await;
    let ended = change(&foreign, path(&open, "/end"), &json!(1), json!({"cause": "x"})).await;
    assert_eq!((changed.outcome(), ended.outcome()), ((404, "not_found".to_owned()), (404, "not_found".to_owned())));
    assert_eq!(foreign.get("/v1/outages").await.expect(200)["items"], json!([]));
}
