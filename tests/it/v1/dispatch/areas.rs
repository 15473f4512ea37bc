//! Teams and grids: added, renamed and listed by an administrator.

use doorstep::domain::Role;
use integration_tests::actors::Client;
use integration_tests::call::{Answer, Call};
use integration_tests::company::{HAOYU, YUNZE};
use serde_json::{Value, json};

use super::{audited, id, office, order};

async fn patch(client: &Client<'_>, path: String, version: &Value, body: Value) -> Answer {
    client.send(Call::new("PATCH", path).header("if-match", format!("\"{version}\"")).json(&body)).await
}

async fn all(client: &Client<'_>, what: &str) -> Vec<Value> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let page = client.get(format!("/v1/{what}?page_size=2{token}")).await.expect(200);
        all.extend(page["items"].as_array().expect("items").iter().cloned());
        let Some(next) = page["next_page_token"].as_str() else { return all };
        token = format!("&page_token={next}");
    }
}

#[actix_web::test]
async fn a_grid_is_added_once_renamed_and_served() {
    let (app, _) = office().await;
    let (admin, dispatcher) = (app.role(YUNZE, Role::Admin).await, app.role(YUNZE, Role::Dispatcher).await);
    let body = json!({"code": "yunze-west", "name": "云泽西"});
    let keyed = || Call::post("/v1/grids").header("idempotency-key", "g-1").json(&body);
    let grid = admin.send(keyed()).await.expect(201);
    assert_eq!((&grid["code"], &grid["name"], &grid["version"]), (&json!("yunze-west"), &json!("云泽西"), &json!(0)));
    assert_eq!(admin.send(keyed()).await.expect(201), grid, "the same again");
    let taken = admin.post("/v1/grids", body.clone()).await;
    assert_eq!((taken.outcome(), &taken.json()["fields"][0]["path"]), ((409, "conflict".to_owned()), &json!("code")));
    assert!(taken.json()["fields"][0]["expected_zh"].is_string(), "{}", taken.text());
    app.role(HAOYU, Role::Admin).await.post("/v1/grids", body).await.expect(201);
    assert_eq!(dispatcher.post("/v1/grids", json!({"code": "x", "name": "x"})).await.status, 403);
    for (body, field) in [
        (json!({"code": "云泽", "name": "云泽"}), "code"),
        (json!({"code": "a b", "name": "云泽"}), "code"),
        (json!({"code": "north", "name": " "}), "name"),
    ] {
        let refused = admin.post("/v1/grids", body).await;
        assert_eq!(
            (refused.outcome(), &refused.json()["fields"][0]["path"]),
            ((422, "invalid".to_owned()), &json!(field))
        );
    }

    // One version of name and team together.
    let path = format!("/v1/grids/{}", id(&grid));
    let renamed = patch(&admin, path.clone(), &grid["version"], json!({"name": "云泽西区"})).await.expect(200);
    assert_eq!((&renamed["name"], &renamed["code"]), (&json!("云泽西区"), &json!("yunze-west")));
    let stale = patch(&admin, path.clone(), &grid["version"], json!({"name": "云泽西区"})).await;
    assert_eq!(stale.outcome(), (412, "stale_version".to_owned()));
    let team = json!({"team_id": YUNZE.team(1)});
    let served = super::change(&admin, format!("{path}/team"), &renamed["version"], team).await.expect(200);
    assert_eq!((&served["team_id"], &served["name"]), (&json!(YUNZE.team(1)), &json!("云泽西区")));
    let stale = patch(&admin, path.clone(), &renamed["version"], json!({"name": "x"})).await;
    assert_eq!(stale.outcome(), (412, "stale_version".to_owned()));
    assert_eq!(patch(&admin, path.clone(), &served["version"], json!({})).await.expect(200), served, "nothing said");
    let foreign = app.role(HAOYU, Role::Admin).await;
    assert_eq!(
        patch(&foreign, path, &served["version"], json!({"name": "x"})).await.outcome(),
        (404, "not_found".to_owned())
    );
    let grids = all(&dispatcher, "grids").await;
    assert!(grids.contains(&served), "{grids:?}");
    let kinds: Vec<String> = audited(&app, &id(&grid)).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["grid.created", "grid.renamed", "grid.team_set"]);
    let served_id = id(&grid).parse().expect("an id");
    order(&dispatcher, "repair", Some(served_id)).await;
}

#[actix_web::test]
async fn a_team_is_added_renamed_and_led_by_one_of_its_leads() {
    let (app, _) = office().await;
    let (admin, dispatcher) = (app.role(YUNZE, Role::Admin).await, app.role(YUNZE, Role::Dispatcher).await);
    let before = all(&admin, "teams").await.len();
    let team = admin.post("/v1/teams", json!({"code": "crew-3", "name": "三班"})).await.expect(201);
    assert_eq!((&team["code"], &team["version"], team.get("lead_id")), (&json!("crew-3"), &json!(1), None));
    let taken = admin.post("/v1/teams", json!({"code": "crew-3", "name": "四班"})).await;
    assert_eq!((taken.outcome(), &taken.json()["fields"][0]["path"]), ((409, "conflict".to_owned()), &json!("code")));
    let lead = json!({"login": "lead3", "name": "周班长", "roles": ["team_lead"], "team_id": team["id"]});
    let lead = admin.post("/v1/users", lead).await.expect(201);
    let path = format!("/v1/teams/{}", id(&team));
    for nobody in [json!(YUNZE.rep().id), json!(YUNZE.member(Role::TeamLead).id), json!(HAOYU.rep().id)] {
        let refused = patch(&admin, path.clone(), &team["version"], json!({"lead_id": nobody})).await;
        let fault = refused.json()["fields"][0].clone();
        assert_eq!((refused.outcome(), &fault["path"]), ((422, "invalid".to_owned()), &json!("lead_id")));
        assert!(fault["expected_zh"].is_string(), "{fault}");
    }
    let led = patch(&admin, path.clone(), &team["version"], json!({"lead_id": lead["id"]})).await.expect(200);
    assert_eq!((&led["lead_id"], &led["name"]), (&lead["id"], &json!("三班")));
    let renamed = patch(&admin, path.clone(), &led["version"], json!({"name": "三班组"})).await.expect(200);
    assert_eq!((&renamed["lead_id"], &renamed["name"]), (&lead["id"], &json!("三班组")), "what is not said stays");
    let without = patch(&admin, path.clone(), &renamed["version"], json!({"lead_id": null})).await.expect(200);
    assert_eq!(without.get("lead_id"), None);
    let stale = patch(&admin, path.clone(), &led["version"], json!({"name": "x"})).await;
    assert_eq!(stale.outcome(), (412, "stale_version".to_owned()));
    assert_eq!(patch(&dispatcher, path.clone(), &without["version"], json!({"name": "x"})).await.status, 403);
    let foreign = app.role(HAOYU, Role::Admin).await;
    assert_eq!(
        patch(&foreign, path, &without["version"], json!({"name": "x"})).await.outcome(),
        (404, "not_found".to_owned())
    );
    let teams = all(&dispatcher, "teams").await;
    assert_eq!((teams.len(), teams.contains(&without)), (before + 1, true));
    let kinds: Vec<String> = audited(&app, &id(&team)).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["team.changed", "team.changed", "team.changed", "team.created"]);
    // A grid may be given to it at once.
    let grid = admin.post("/v1/grids", json!({"code": "north", "name": "云泽北"})).await.expect(201);
    let given = json!({"team_id": team["id"]});
    super::change(&admin, format!("/v1/grids/{}/team", id(&grid)), &grid["version"], given).await.expect(200);
}
