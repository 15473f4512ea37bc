//! The conflict inbox: what two phones wrote side by side, chosen by the office, laid over by everybody; and history.

use doorstep::domain::Role;
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::{Value, json};
use sync_core::ids::VisitId;

/// Two phones of a crew that answered the same questions without knowing of each other, both synced.
async fn crew<'a>(app: &'a TestApp, visit: VisitId) -> [Phone<'a>; 2] {
    let mut phones = [app.phone_of(YUNZE.rep()).await, app.phone_of(YUNZE.colleague()).await];
    for phone in &mut phones {
        phone.sync().await;
    }
    phones[0].answer(visit, "rating", &json!(3));
    phones[0].answer(visit, "cable_kind", &json!("bow_drop"));
    phones[1].tick(visit, "kit_check/done", true);
    phones[1].answer(visit, "rating", &json!(9));
    phones[1].answer(visit, "cable_kind", &json!("bow_self_supporting"));
    for at in [0, 1, 0] {
        phones[at].sync().await;
    }
    phones
}

async fn conflicts(client: &Client<'_>, visit: VisitId) -> Value {
    client.get(format!("/v1/visits/{visit}/conflicts")).await.expect(200)
}

fn about<'v>(shown: &'v Value, key: &str) -> &'v Value {
    let conflicts = shown["conflicts"].as_array().expect("conflicts");
    conflicts.iter().find(|one| one["key"] == key).unwrap_or_else(|| panic!("{key} in {shown}"))
}

fn counting(conflict: &Value) -> &Value {
    let candidates = conflict["candidates"].as_array().expect("candidates");
    &candidates.iter().find(|one| one["counts"] == true).expect("one counts")["value"]
}

/// A choice of the candidate with this value.
fn choice(app: &TestApp, conflict: &Value, value: &Value) -> Value {
    let candidates = conflict["candidates"].as_array().expect("candidates");
    let ops: Vec<&Value> = candidates.iter().map(|one| &one["op"]).collect();
    let chosen = candidates.iter().find(|one| one["value"] == *value).expect("a candidate");
    json!({"id": app.id(), "map": conflict["map"], "key": conflict["key"], "candidates": ops, "chosen": chosen["op"],
        "last_choice": conflict["choice"], "reason": "客户确认"})
}

#[actix_web::test]
async fn a_rating_waits_for_the_office_and_a_loser_is_restored_in_one_action() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    let mut phones = crew(&app, visit).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let path = format!("/v1/visits/{visit}/conflicts");

    let shown = conflicts(&dispatcher, visit).await;
    let (rating, cable) = (about(&shown, "rating"), about(&shown, "cable_kind"));
    assert_eq!((&rating["policy"], &rating["is_open"], counting(rating)), (&json!("ask"), &json!(true), &json!(9)));
    assert_eq!((&cable["policy"], &cable["is_open"]), (&json!("newest"), &json!(false)));
    let writers: Vec<&Value> = rating["candidates"].as_array().unwrap().iter().map(|one| &one["by"]).collect();
    assert_eq!(writers, [&json!(YUNZE.rep().id), &json!(YUNZE.colleague().id)]);
    let devices: Vec<&Value> = rating["candidates"].as_array().unwrap().iter().map(|one| &one["device_id"]).collect();
    assert_eq!(devices, [&json!(phones[0].device.id), &json!(phones[1].device.id)]);
    let inbox = dispatcher.get("/v1/conflicts").await.expect(200);
    assert_eq!((&inbox["items"][0]["visit_id"], &inbox["items"][0]["open"]), (&json!(visit), &json!(1)));
    assert_eq!(inbox["items"][0]["total"], 2);

    // Whoever only reads may not choose; a choice among other values than stand is stale.
    let chosen = choice(&app, rating, &json!(3));
    let reviewer = app.role(YUNZE, Role::Reviewer).await;
    assert_eq!(reviewer.post(&path, chosen.clone()).await.outcome(), (403, "forbidden".to_owned()));
    let mut one_only = chosen.clone();
    one_only["candidates"] = json!([chosen["chosen"]]);
    assert_eq!(dispatcher.post(&path, one_only).await.outcome(), (412, "stale_content".to_owned()));
    let mut faulty = chosen.clone();
    (faulty["chosen"], faulty["map"]) = (json!({"counter": 1, "actor": "0".repeat(32)}), json!("moods"));
    let refused = dispatcher.post(&path, faulty).await.expect(422);
    let fields: Vec<&str> =
        refused["fields"].as_array().unwrap().iter().filter_map(|one| one["path"].as_str()).collect();
    assert_eq!(fields, ["map", "chosen"], "{refused}");

    let done = dispatcher.post(&path, chosen.clone()).await.expect(201);
    assert_eq!(counting(about(&done["conflicts"], "rating")), &json!(3));
    assert_eq!(about(&done["conflicts"], "rating")["is_open"], false);
    // The same choice again has no effect; another one under its id is refused.
    assert_eq!(dispatcher.post(&path, chosen.clone()).await.expect(201)["choice"], done["choice"]);
    let mut other = chosen.clone();
    other["reason"] = json!("anders");
    assert_eq!(dispatcher.post(&path, other).await.outcome(), (422, "idempotency_mismatch".to_owned()));
    assert_eq!(dispatcher.get("/v1/conflicts").await.expect(200)["items"], json!([]));
    assert_eq!(dispatcher.get("/v1/conflicts?settled=true").await.expect(200)["items"][0]["total"], 2);

    // Both phones hear of it and agree with the office.
    for phone in &mut phones {
        phone.sync().await;
        assert_eq!(phone.settled(visit).answer("rating"), Some(&json!(3)));
        assert_eq!(phone.settled(visit).conflicts.len(), 2, "no loser is gone");
    }
    assert_eq!(phones[0].settled(visit), phones[1].settled(visit));

    // A newer choice takes its place; a value it did not know reopens the conflict.
    let unseen = dispatcher.post(&path, choice(&app, rating, &json!(9))).await;
    assert_eq!(unseen.outcome(), (412, "stale_content".to_owned()));
    assert_eq!(unseen.json()["fields"][0]["expected"], done["choice"]["id"], "it says whose choice stands");
    let again = choice(&app, about(&conflicts(&dispatcher, visit).await, "rating"), &json!(9));
    dispatcher.post(&path, again).await.expect(201);
    assert_eq!(counting(about(&conflicts(&dispatcher, visit).await, "rating")), &json!(9));
    let mut third = app.phone_of(YUNZE.rep()).await;
    third.answer(visit, "rating", &json!(5));
    third.sync().await;
    let reopened = conflicts(&dispatcher, visit).await;
    let rating = about(&reopened, "rating");
    assert_eq!((rating["candidates"].as_array().unwrap().len(), &rating["is_open"]), (3, &json!(true)));
    assert_eq!(reopened["choices"].as_array().unwrap().len(), 2);
    assert_eq!(dispatcher.get("/v1/conflicts").await.expect(200)["items"][0]["open"], 1);
}

#[actix_web::test]
async fn history_tells_who_wrote_what_over_what_and_shows_the_visit_as_it_was() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.answer(visit, "cable_kind", &json!("bow_drop"));
    phone.measure(visit, "optical_power", "-18.30", "dBm");
    phone.sync().await;
    let (first_heads, first_at) = (phone.heads(visit), app.now());
    app.clock.advance_secs(600);
    phone.answer(visit, "cable_kind", &json!("bow_self_supporting"));
    phone.event(visit, "arrive");
    phone.sync().await;

    let reviewer = app.role(YUNZE, Role::Dispatcher).await;
    let path = format!("/v1/visits/{visit}/history");
    let all = reviewer.get(&path).await.expect(200);
    let items = all["items"].as_array().expect("items");
    let told: Vec<(&Value, &Value, &Value)> = items
        .iter()
        .flat_map(|item| item["writes"].as_array().expect("writes"))
        .filter(|write| write["map"] != "pins")
        .map(|write| (&write["map"], &write["new"], &write["old"]))
        .collect();
    let over = json!(["bow_drop"]);
    assert_eq!(told[0], (&json!("answers"), &json!("bow_drop"), &json!([])));
    assert_eq!(told[1].1["value"], "-18.30");
    assert_eq!(told[2], (&json!("answers"), &json!("bow_self_supporting"), &over));
    assert_eq!(told[3], (&json!("timeline"), &json!("arrive"), &json!([])));
    assert!(items.iter().all(|item| item["device_id"] == json!(phone.device.id)), "{all}");
    assert!(items.iter().all(|item| item["by"] == json!(YUNZE.rep().id) && item["at"].is_string()));
    assert_eq!(items.last().unwrap()["received_at"], app.now().to_rfc3339());
    assert_eq!(items[0]["received_at"], first_at.to_rfc3339());

    // Page by page it is the same list.
    let (mut paged, mut token) = (Vec::new(), String::new());
    loop {
        let page = reviewer.get(format!("{path}?page_size=1{token}")).await.expect(200);
        paged.extend(page["items"].as_array().expect("items").clone());
        let Some(next) = page["next_page_token"].as_str() else { break };
        token = format!("&page_token={next}");
    }
    assert_eq!(&paged, items);

    // By the instant, and by the change: the visit as it was.
    let heads: Vec<String> = first_heads.iter().map(ToString::to_string).collect();
    for at in [first_at.to_rfc3339(), heads.join(",")] {
        let then = reviewer.get(format!("{path}?at={at}")).await.expect(200);
        assert_eq!(then["past"]["heads"], json!(first_heads), "{at}");
        assert_eq!(then["past"]["answers"], json!({"cable_kind": "bow_drop"}));
        assert_eq!(then["past"]["measures"], json!({"optical_power": "-18.30"}));
        assert_eq!((&then["past"]["events"], then["items"].as_array().unwrap().len()), (&json!([]), items.len() - 2));
    }
    let now = reviewer.get(format!("{path}?at={}", app.now().to_rfc3339())).await.expect(200);
    assert_eq!(now["past"]["answers"], json!({"cable_kind": "bow_self_supporting"}));
    let before = reviewer.get(format!("{path}?at=2001-01-01T00:00:00.000Z")).await.expect(200);
    assert_eq!((&before["items"], before.get("past")), (&json!([]), None), "there was no visit yet");
    for odd in ["yesterday", &"0".repeat(64)] {
        assert_eq!(reviewer.get(format!("{path}?at={odd}")).await.outcome(), (422, "parameter_invalid".to_owned()));
    }
}

#[actix_web::test]
async fn a_visit_of_which_nobody_wrote_anything_is_shown_as_it_was_planned() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let before = app.now().to_rfc3339();
    app.clock.advance_secs(60);
    let visit = office.plan(&[YUNZE.rep()]).await.visit;
    let planned = app.now().to_rfc3339();
    app.clock.advance_secs(60);
    office.cancel(visit).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let path = format!("/v1/visits/{visit}/history");
    for (at, state) in [(before, None), (planned, Some("scheduled")), (app.now().to_rfc3339(), Some("cancelled"))] {
        let told = dispatcher.get(format!("{path}?at={at}")).await.expect(200);
        assert_eq!((told["past"]["state"].as_str(), told.get("past").is_some()), (state, state.is_some()), "{at}");
        assert_eq!(told["items"], json!([]));
    }
    assert_eq!(dispatcher.get(&path).await.expect(200).get("past"), None, "it was not asked for");
}

#[actix_web::test]
async fn a_value_of_a_cancelled_visit_is_not_chosen() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let visit = office.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    crew(&app, visit).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let shown = conflicts(&dispatcher, visit).await;
    office.cancel(visit).await;
    let body = choice(&app, about(&shown, "rating"), &json!(3));
    let refused = dispatcher.post(format!("/v1/visits/{visit}/conflicts"), body).await;
    assert_eq!(refused.outcome(), (409, "state_invalid".to_owned()));
    assert_eq!(conflicts(&dispatcher, visit).await["choices"], json!([]));
}
