//! Verdicts on a visit: what keeps it from being approved, and what they must know.

use doorstep::app::visits::close_visit;
use doorstep::domain::Role;
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::call::Answer;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use integration_tests::verdicts;
use serde_json::{Value, json};
use sync_core::doc::Map;
use sync_core::ids::VisitId;

use crate::custody::{Handed, hand_in, upload};

/// A reviewer of a visit.
struct Reviewer<'a> {
    app: &'a TestApp,
    client: Client<'a>,
    visit: VisitId,
}

impl<'a> Reviewer<'a> {
    async fn of(app: &'a TestApp, visit: VisitId) -> Self {
        Self { app, client: app.role(YUNZE, Role::Reviewer).await, visit }
    }

    async fn review(&self) -> Value {
        self.client.get(format!("/v1/visits/{}/review", self.visit)).await.expect(200)
    }

    async fn judge_photo(&self, photo: &Value, missing: &[&str]) {
        let path = format!("/v1/visits/{}/photos/{}/verdicts", self.visit, photo["id"].as_str().expect("an id"));
        self.client.post(path, verdicts::on_photo(self.app.id(), photo, missing)).await.expect(201);
    }

    async fn decide(&self, review: &Value, decision: &str) -> Answer {
        let body = verdicts::on_visit(self.app.id(), review, decision);
        self.client.post(format!("/v1/visits/{}/verdicts", self.visit), body).await
    }
}

/// Everything of a visit that was handed in is here.
async fn brought(phone: &mut Phone<'_>, handed: &Handed) {
    phone.sync().await;
    for bytes in handed.parts.iter().chain(handed.photos.iter().map(|(_, bytes)| bytes)) {
        upload(phone, bytes).await;
    }
}

/// A visit under review whose photos are approved and whose rating two phones gave differently.
async fn contested(app: &TestApp) -> Reviewer<'_> {
    app.office(YUNZE).await;
    let (mut phone, mut colleague) = (app.phone_of(YUNZE.rep()).await, app.phone_of(YUNZE.colleague()).await);
    let handed = hand_in(app, &mut phone).await;
    colleague.sync().await;
    colleague.answer(handed.visit, "rating", &json!(3));
    colleague.sync().await;
    brought(&mut phone, &handed).await;
    let reviewer = Reviewer::of(app, handed.visit).await;
    for photo in reviewer.review().await["photos"].as_array().expect("photos") {
        reviewer.judge_photo(photo, &[]).await;
    }
    reviewer
}

/// Chooses the smaller rating.
async fn choose(app: &TestApp, visit: VisitId) -> Value {
    choosing(app, visit).await.expect(201)
}

async fn choosing(app: &TestApp, visit: VisitId) -> Answer {
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let path = format!("/v1/visits/{visit}/conflicts");
    let shown = dispatcher.get(&path).await.expect(200);
    let [rating] = shown["conflicts"].as_array().expect("conflicts").as_slice() else { panic!("{shown}") };
    let candidates = rating["candidates"].as_array().expect("candidates");
    let ops: Vec<&Value> = candidates.iter().map(|one| &one["op"]).collect();
    let chosen = candidates.iter().find(|one| one["value"] == json!(3)).expect("the smaller one");
    let choice = json!({"id": app.id(), "map": rating["map"], "key": rating["key"], "candidates": ops,
        "chosen": chosen["op"], "reason": "客户确认"});
    dispatcher.post(&path, choice).await
}

#[actix_web::test]
async fn a_visit_is_not_approved_while_a_value_waits_for_a_choice() {
    let app = TestApp::new().await;
    let reviewer = contested(&app).await;
    let review = reviewer.review().await;
    assert_eq!(review["state"], "under_review");
    let refused = reviewer.decide(&review, "approve").await;
    assert_eq!(refused.outcome(), (409, "state_invalid".to_owned()));
    assert_eq!(refused.json()["fields"][0]["path"], "answers/rating", "{}", refused.text());
    assert_eq!(reviewer.review().await["state"], "under_review");

    choose(&app, reviewer.visit).await;
    let approved = reviewer.decide(&reviewer.review().await, "approve").await.expect(201);
    assert_eq!(approved["state"], "approved");
}

#[actix_web::test]
async fn what_was_approved_is_not_chosen_anew_nor_once_it_is_closed() {
    let app = TestApp::new().await;
    let reviewer = contested(&app).await;
    choose(&app, reviewer.visit).await;
    reviewer.decide(&reviewer.review().await, "approve").await.expect(201);
    let office = app.office_again(YUNZE);
    for state in ["approved", "closed"] {
        let row = office.row(reviewer.visit).await;
        if state == "closed" {
            close_visit(&app.state, office.ctx(), reviewer.visit, row.version).await.expect("closed");
        }
        assert_eq!(office.row(reviewer.visit).await.state, state);
        assert_eq!(choosing(&app, reviewer.visit).await.outcome(), (409, "state_invalid".to_owned()), "{state}");
    }
}

#[actix_web::test]
async fn a_choice_between_reading_and_judging_makes_the_verdict_stale() {
    let app = TestApp::new().await;
    let reviewer = contested(&app).await;
    let read = reviewer.review().await;
    let chosen = choose(&app, reviewer.visit).await;
    for decision in ["approve", "return"] {
        assert_eq!(reviewer.decide(&read, decision).await.outcome(), (412, "stale_content".to_owned()), "{decision}");
    }
    let again = reviewer.review().await;
    assert_eq!(
        (&again["heads"], &again["state"]),
        (&read["heads"], &json!("under_review")),
        "the document did not move"
    );
    assert_eq!(again["last_decision"], chosen["choice"]["id"]);
    assert_eq!(reviewer.decide(&again, "approve").await.expect(201)["state"], "approved");
}

#[actix_web::test]
async fn a_late_photo_of_a_reopened_slot_is_waited_for_from_the_verdict_on() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let handed = hand_in(&app, &mut phone).await;
    brought(&mut phone, &handed).await;
    // Taken after the hand-in: nobody waits for it.
    let late = b"a better picture";
    phone.photo(handed.visit, "outdoor_route", late);
    phone.sync().await;
    let reviewer = Reviewer::of(&app, handed.visit).await;
    let missing = async || app.office_again(YUNZE).row(handed.visit).await.missing_blobs;
    let review = reviewer.review().await;
    assert_eq!((&review["state"], &review["late_records"], missing().await), (&json!("under_review"), &json!(1), 0));

    let photos = review["photos"].as_array().expect("photos");
    let photo = photos.iter().find(|photo| photo["slot"] == "outdoor_route").expect("the photo in time");
    let tick = photo["must_show"][0]["code"].as_str().expect("a tick");
    reviewer.judge_photo(photo, &[tick]).await;
    let returned = reviewer.decide(&review, "return").await.expect(201);
    assert_eq!(
        (&returned["state"], &returned["rework"]["slots"][0]["slot"]),
        (&json!("returned"), &json!("outdoor_route"))
    );
    assert_eq!(missing().await, 1, "the slot is open: the photo counts");
    assert_eq!(app.verified().await.differences, []);
    upload(&phone, late).await;
    assert_eq!(missing().await, 0);
    assert_eq!(app.verified().await.differences, []);
}

/// State and rating of a visit as it was.
async fn past(client: &Client<'_>, visit: VisitId, at: &str) -> (Value, Value) {
    let told = client.get(format!("/v1/visits/{visit}/history?at={at}")).await.expect(200);
    (told["past"]["state"].clone(), told["past"]["answers"]["rating"].clone())
}

#[actix_web::test]
async fn a_visit_as_it_was_knows_nothing_that_the_office_decided_later() {
    let app = TestApp::new().await;
    let reviewer = contested(&app).await;
    let review = reviewer.review().await;
    let heads: Vec<&str> = review["heads"].as_array().expect("heads").iter().filter_map(Value::as_str).collect();
    let contested_at = app.now().to_rfc3339();
    app.clock.advance_secs(60);
    choose(&app, reviewer.visit).await;
    let chosen_at = app.now().to_rfc3339();
    app.clock.advance_secs(60);
    reviewer.decide(&reviewer.review().await, "approve").await.expect(201);
    let approved_at = app.now().to_rfc3339();
    for (at, state, rating) in [
        (contested_at, "under_review", 9),
        (heads.join(","), "under_review", 9),
        (chosen_at, "under_review", 3),
        (approved_at, "approved", 3),
    ] {
        assert_eq!(past(&reviewer.client, reviewer.visit, &at).await, (json!(state), json!(rating)), "{at}");
    }
}

#[actix_web::test]
async fn a_visit_as_it_was_before_its_cancelling_and_its_moving_is_neither() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let (at, by) = (phone.stamp(), phone.device.member.id);
    let call = json!({"channel": "app_call", "started_at": at, "duration_s": 30, "result": "reached", "by": by});
    phone.add(visit, Map::Contacts, &call);
    phone.event(visit, "confirm_call");
    phone.sync().await;
    let client = app.role(YUNZE, Role::Dispatcher).await;
    let mut told = Vec::new();
    for expected in ["confirmed", "scheduled", "cancelled"] {
        app.clock.advance_secs(60);
        match expected {
            "scheduled" => app.office_again(YUNZE).reschedule(visit, app.now().plus_ms(86_400_000)).await,
            "cancelled" => app.office_again(YUNZE).cancel(visit).await,
            _ => {}
        }
        let shown = client.get(format!("/v1/visits/{visit}")).await.expect(200);
        assert_eq!(shown["state"], expected);
        told.push((app.now().to_rfc3339(), expected));
    }
    for (at, state) in told {
        assert_eq!(past(&client, visit, &at).await.0, state, "{at}");
    }
}
