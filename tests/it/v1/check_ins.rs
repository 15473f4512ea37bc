//! The morning: meeting places of a team, check-ins against them, who came and who did not.

use doorstep::domain::Role;
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::call::{Answer, Call};
use integration_tests::company::{HAOYU, YUNZE};
use integration_tests::phone::Phone;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::intent::IntentBody;
use sync_core::intent::body::{BlobRef, DayCheckIn, DayKit, DayNote};
use sync_core::time::{Geo, Stamp};

const PHOTO: &[u8] = b"on duty at the depot";

fn geo(north_udeg: i64, acc_m: i64) -> Geo {
    Geo { lat_udeg: 30_572_000 + north_udeg, lon_udeg: 104_066_000, acc_m, datum: "wgs84".to_owned(), mock: None }
}

fn places(radius_m: i64) -> Value {
    json!({"places": [{"name": "depot", "geo": geo(0, 5), "radius_m": radius_m}]})
}

async fn set(client: &Client<'_>, team: u8, version: i64, body: &Value) -> Answer {
    let call = Call::new("PUT", format!("/v1/teams/{}/meeting-places", YUNZE.team(team)));
    client.send(call.header("if-match", format!("\"{version}\"")).json(body)).await
}

fn check_in(place: Option<&str>, geo: Option<Geo>) -> DayCheckIn {
    DayCheckIn { date: "2025-03-04".to_owned(), place: place.map(str::to_owned), geo, photo: None }
}

/// Checks in and syncs; gives the verdict of the last check-in of the rep with its doubt.
async fn judged(phone: &mut Phone<'_>, lead: &Client<'_>, said: DayCheckIn) -> (String, Value) {
    phone.intend(IntentBody::DayCheckIn(said));
    phone.sync().await;
    let position = last_check_in(lead).await["position"].clone();
    (position["verdict"].as_str().expect("a verdict").to_owned(), position["doubt"].clone())
}

async fn reps(client: &Client<'_>, path: &str) -> Vec<Value> {
    let mornings = client.get(path.to_owned()).await.expect(200);
    assert_eq!(mornings["is_complete"], true);
    mornings["reps"].as_array().expect("reps").clone()
}

async fn last_check_in(client: &Client<'_>) -> Value {
    let rep = reps(client, "/v1/check-ins").await.into_iter().find(|rep| rep["rep_id"] == json!(YUNZE.rep().id));
    rep.expect("the rep")["check_ins"].as_array().and_then(|all| all.last().cloned()).expect("a check-in")
}

// Rules: INS-53, INS-54
#[actix_web::test]
async fn a_lead_sees_who_came_where_with_photo_and_kit_and_who_did_not() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let visit = office.plan(&[YUNZE.rep()]).await.visit;
    let of_colleague = office.plan(&[YUNZE.colleague()]).await.visit;
    let cancelled = office.plan(&[YUNZE.colleague()]).await.visit;
    office.cancel(cancelled).await;
    office.plan(&[YUNZE.stranger()]).await;
    let lead = app.role(YUNZE, Role::TeamLead).await;
    set(&lead, 1, 0, &places(200)).await.expect(200);

    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let row = phone.row("reference", format!("meeting_places/{}", YUNZE.team(1)));
    assert_eq!(row["places"][0]["name"], "depot", "the phone knows where to go");
    // Offline: check-in with photo, kit, a note.
    let photo = BlobRef { sha256: Hash::of(PHOTO), bytes: 20, media_type: "image/jpeg".to_owned() };
    let said = DayCheckIn { photo: Some(photo), ..check_in(Some("depot"), Some(geo(900, 10))) };
    let made_at = app.now();
    phone.intend(IntentBody::DayCheckIn(said));
    let items = [("shoe_covers".to_owned(), true), ("ladder".to_owned(), false)].into();
    phone.intend(IntentBody::DayKit(DayKit {
        date: "2025-03-04".to_owned(), items, note: Some("借用中".to_owned())
    }));
    let text = "下午有雨".to_owned();
    phone.intend(IntentBody::DayNote(DayNote { date: "2025-03-04".to_owned(), visit_id: Some(visit), text }));
    app.clock.advance_secs(600);
    phone.device.access = app.session(YUNZE.rep(), Some(phone.device.id), doorstep::domain::TokenKind::Full).await;
    phone.sync().await;

    let lead = app.role(YUNZE, Role::TeamLead).await;
    let team = reps(&lead, "/v1/check-ins?day=2025-03-04").await;
    let [colleague, rep] = team.as_slice() else { panic!("{team:#?}") };
    assert_eq!((&colleague["is_checked_in"], &colleague["visit_ids"]), (&json!(false), &json!([of_colleague])));
    assert_eq!((&rep["is_checked_in"], &rep["visit_ids"]), (&json!(true), &json!([visit])));
    let [seen] = rep["check_ins"].as_array().expect("check-ins").as_slice() else { panic!("{rep:#}") };
    assert_eq!((&seen["at"], &seen["received_at"]), (&json!(made_at.to_rfc3339()), &json!(app.now().to_rfc3339())));
    let position = &seen["position"];
    assert_eq!((&position["verdict"], &position["place"]), (&json!("inside"), &json!("depot")));
    assert!((95..=105).contains(&position["distance_m"].as_i64().expect("a distance")), "{position}");
    assert_eq!((&seen["is_photo_held"], &seen["findings"]), (&json!(false), &json!([])));
    assert_eq!(rep["kits"][0]["items"], json!({"ladder": false, "shoe_covers": true}));
    assert_eq!((&rep["notes"][0]["text"], &rep["notes"][0]["visit_id"]), (&json!("下午有雨"), &json!(visit)));
    let upload = Call::new("PUT", format!("/v1/blobs/{}", Hash::of(PHOTO))).bytes("application/octet-stream", PHOTO);
    phone.device.client().send(upload).await.expect(200);
    assert_eq!(last_check_in(&lead).await["is_photo_held"], true);

    // A rep sees his own, the dispatcher everybody's, a team by its id; another organisation nothing.
    assert_eq!(reps(&phone.device.client(), "/v1/check-ins").await.len(), 1);
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    assert_eq!(reps(&dispatcher, "/v1/check-ins").await.len(), 3);
    let other = format!("/v1/check-ins?team_id={}", YUNZE.team(2));
    assert_eq!(reps(&dispatcher, &other).await.len(), 1);
    assert_eq!(lead.get(other).await.status, 404);
    assert_eq!(reps(&app.role(HAOYU, Role::Dispatcher).await, "/v1/check-ins").await, [Value::Null; 0]);
    assert_eq!(reps(&lead, "/v1/check-ins?day=2025-03-05").await, [Value::Null; 0]);
    let no_day = lead.get("/v1/check-ins?day=2025-02-30").await;
    assert_eq!(no_day.outcome(), (422, "parameter_invalid".to_owned()));
    assert_eq!(app.verified().await.differences, []);
}

// Rule: INS-54
#[actix_web::test]
async fn a_position_is_inside_only_where_it_cannot_be_elsewhere_and_stays_judged_by_what_held() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let lead = app.role(YUNZE, Role::TeamLead).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let mut judge = async |said: DayCheckIn| {
        app.clock.advance_secs(1);
        judged(&mut phone, &lead, said).await
    };
    let unknown = |doubt: &str| ("unknown".to_owned(), json!(doubt));
    let known = |verdict: &str| (verdict.to_owned(), Value::Null);
    assert_eq!(judge(check_in(None, Some(geo(0, 5)))).await, unknown("no_place"));
    set(&lead, 1, 0, &json!({"places": [{"name": "depot", "geo": geo(0, 5)}]})).await.expect(200);
    assert_eq!(judge(check_in(None, None)).await, unknown("no_position"));
    assert_eq!(judge(check_in(None, Some(geo(900, 250)))).await, unknown("inaccurate"));
    // The policy's default fence of 200 m.
    assert_eq!(judge(check_in(None, Some(geo(1_600, 10)))).await, known("inside"));
    assert_eq!(judge(check_in(None, Some(geo(2_200, 10)))).await, known("outside"));
    let mock = Geo { mock: Some(true), ..geo(0, 5) };
    assert_eq!(judge(check_in(None, Some(mock))).await, unknown("simulated"));
    assert_eq!(last_check_in(&lead).await["findings"][0]["code"], "mock_position");
    let yesterday = DayCheckIn { date: "2025-03-03".to_owned(), ..check_in(Some("market"), Some(geo(1_600, 10))) };
    phone.intend(IntentBody::DayCheckIn(yesterday));
    phone.sync().await;
    let seen = &reps(&lead, "/v1/check-ins?day=2025-03-03").await[0]["check_ins"][0];
    let codes: Vec<&Value> = seen["findings"].as_array().expect("findings").iter().map(|one| &one["code"]).collect();
    assert_eq!(codes, ["other_day", "unknown_place"]);
    assert_eq!(seen["position"]["verdict"], "inside");

    // Smaller places later change nothing of what came before.
    app.clock.advance_secs(1);
    set(&lead, 1, 1, &places(100)).await.expect(200);
    let seen = &reps(&lead, "/v1/check-ins?day=2025-03-03").await[0]["check_ins"][0];
    assert_eq!(seen["position"]["verdict"], "inside");
    app.clock.advance_secs(1);
    assert_eq!(judged(&mut phone, &lead, check_in(None, Some(geo(1_600, 10)))).await, known("outside"));
}

#[actix_web::test]
async fn places_are_set_by_whoever_leads_the_team_and_refused_with_every_fault() {
    let app = TestApp::new().await;
    let (lead, admin) = (app.role(YUNZE, Role::TeamLead).await, app.role(YUNZE, Role::Admin).await);
    let path = format!("/v1/teams/{}/meeting-places", YUNZE.team(1));
    let none = lead.get(path.clone()).await;
    assert_eq!(none.header("etag"), Some("\"0\""));
    assert_eq!(none.expect(200)["places"], json!([]));
    let faulty = json!({"places": [
        {"name": " ", "geo": geo(0, 5)},
        {"name": "depot", "geo": geo(100_000_000, 5), "radius_m": 19},
        {"name": "depot ", "geo": geo(0, 5)},
    ]});
    let refused = set(&lead, 1, 0, &faulty).await;
    assert_eq!(refused.outcome(), (422, "invalid".to_owned()));
    let paths: Vec<Value> =
        refused.json()["fields"].as_array().expect("fields").iter().map(|one| one["path"].clone()).collect();
    assert_eq!(paths, ["places[0].name", "places[1].radius_m", "places[1].geo", "places[2].name"]);
    assert!(refused.json()["fields"][0]["expected_zh"].is_string());
    let many: Vec<Value> = (0..51).map(|at| json!({"name": format!("p{at}"), "geo": geo(0, 5)})).collect();
    assert_eq!(set(&lead, 1, 0, &json!({"places": many})).await.outcome().0, 422);

    assert_eq!(set(&lead, 1, 0, &places(100)).await.expect(200)["version"], 1);
    assert_eq!(set(&lead, 1, 0, &places(100)).await.outcome(), (412, "stale_version".to_owned()));
    assert_eq!(set(&admin, 1, 1, &json!({"places": []})).await.expect(200)["version"], 2);
    assert_eq!(set(&admin, 2, 0, &places(100)).await.expect(200)["version"], 1);
    assert_eq!(set(&lead, 2, 1, &places(100)).await.status, 404, "another team is none");
    assert_eq!(app.role(HAOYU, Role::Admin).await.get(path).await.status, 404);
}

// Rule: GEN-10
#[actix_web::test]
async fn a_check_in_by_a_clock_that_was_moved_is_found_as_a_photo_is() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let lead = app.role(YUNZE, Role::TeamLead).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let stamp = |mono_min: i64, wall_min: i64| Stamp {
        wall_ms: app.now().plus_ms(wall_min * 60_000).0,
        mono_ms: mono_min * 60_000,
        boot_id: "M0VEDC0K".to_owned(),
        off_ms: None,
        err_ms: None,
    };
    // The clock is right, then set back by an hour, then ahead of the server's.
    let said = [(stamp(0, 0), Value::Null), (stamp(10, -50), json!("set_back")), (stamp(20, 20), json!("not_then"))];
    for (at, _) in &said {
        phone.wrong_clock = Some(at.clone());
        phone.intend(IntentBody::DayCheckIn(check_in(None, None)));
    }
    phone.wrong_clock = None;
    phone.intend(IntentBody::DayCheckIn(check_in(None, None)));
    phone.sync().await;
    let rep = reps(&lead, "/v1/check-ins").await.into_iter().find(|rep| rep["rep_id"] == json!(YUNZE.rep().id));
    let made = rep.expect("the rep")["check_ins"].as_array().expect("check-ins").clone();
    let found = |at: &Stamp| {
        let made_at = at.corrected().to_rfc3339();
        let seen = made.iter().find(|one| one["at"] == json!(made_at)).expect("the check-in");
        seen["findings"].as_array().and_then(|found| found.first().cloned()).unwrap_or_default()
    };
    for (at, reason) in &said[1..] {
        let finding = found(at);
        assert_eq!((&finding["code"], &finding["evidence"]["reason"]), (&json!("clock_inconsistent"), reason));
    }
    assert_eq!(found(&said[1].0)["label_zh"], "手机时钟与其他记录不一致");
    let by_server = made.iter().filter(|one| one["findings"] == json!([])).count();
    assert_eq!(by_server, 1, "a phone that was in contact by then is believed: {made:#?}");
}
