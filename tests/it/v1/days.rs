//! The evening: who is open and why, what was used, and the team lead's sign-off.

use doorstep::domain::{Role, TokenKind};
use doorstep_store::audit::list_audit_events;
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::builders::{DAY_MS, HOUR_MS};
use integration_tests::call::{Answer, Call};
use integration_tests::company::{HAOYU, YUNZE};
use integration_tests::phone::Phone;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::ids::VisitId;
use sync_core::intent::IntentBody;
use sync_core::intent::body::{BlobRef, DayCheckIn};
use sync_core::protocol::{DeviceState, SyncRequest};

const DAY: &str = "/v1/days/2025-03-04";

/// Ends a visit without work, which needs no form.
fn end(phone: &mut Phone<'_>, visit: VisitId) {
    phone.come_to_the_door(visit);
    let (at, by) = (phone.stamp(), phone.device.member.id);
    let outcome = json!({"code": "resource_missing", "reason": "no free port", "at": at, "by": by});
    phone.add(visit, Map::Outcomes, &outcome);
    phone.event(visit, "end_without_work");
}

fn material(phone: &mut Phone<'_>, visit: VisitId, sku: &str, quantity: &str, unit: &str, serial: Option<&str>) {
    let (at, by) = (phone.stamp(), phone.device.member.id);
    let mut record = json!({"sku": sku, "quantity": quantity, "unit": unit, "source": "typed", "at": at, "by": by});
    if let Some(serial) = serial {
        record["serial"] = json!(serial);
    }
    phone.add(visit, Map::Materials, &record);
}

async fn closing(client: &Client<'_>) -> Value {
    client.get(format!("{DAY}/closing")).await.expect(200)
}

async fn sign(client: &Client<'_>, closing: &Value, despite: Option<&str>) -> Answer {
    let mut body = json!({"covered_sha256": closing["covered_sha256"]});
    if let Some(despite) = despite {
        body["despite"] = json!(despite);
    }
    client.post(format!("{DAY}/sign-offs"), body).await
}

/// What is open of a rep: reason and count, sorted.
fn open_of(closing: &Value, rep: impl serde::Serialize) -> Vec<String> {
    let reps = closing["reps"].as_array().expect("reps");
    let rep = reps.iter().find(|one| one["rep_id"] == json!(rep)).expect("the rep");
    let open = rep["open"].as_array().expect("open").iter();
    let mut open: Vec<String> =
        open.map(|one| format!("{} {}", one["reason"].as_str().expect("a reason"), one["count"])).collect();
    open.sort();
    open
}

/// The request of a phone that says how much it has not sent.
fn reporting(phone: &Phone<'_>, unsent: u64) -> SyncRequest {
    let state =
        DeviceState { unsent, oldest_unsent_at: None, free_bytes: None, clock: phone.stamp(), unsent_visits: None };
    SyncRequest { device_state: Some(state), ..phone.empty_request() }
}

#[actix_web::test]
async fn a_day_is_closed_once_every_visit_has_an_outcome_and_everything_is_here() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let (first, second) = (office.plan(&[YUNZE.rep()]).await.visit, office.plan(&[YUNZE.rep()]).await.visit);
    let moved = office.plan(&[YUNZE.rep()]).await.visit;
    let of_colleague = office.plan(&[YUNZE.colleague()]).await.visit;
    office.cancel(of_colleague).await;
    let lead = app.role(YUNZE, Role::TeamLead).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    assert_eq!(open_of(&closing(&lead).await, YUNZE.rep().id), ["no_outcome 1", "no_outcome 1", "no_outcome 1"]);

    // Offline until the evening.
    let photo = b"on duty".to_vec();
    let on_duty = BlobRef { sha256: Hash::of(&photo), bytes: 7, media_type: "image/jpeg".to_owned() };
    let check_in = DayCheckIn { date: "2025-03-04".to_owned(), place: None, geo: None, photo: Some(on_duty) };
    phone.intend(IntentBody::DayCheckIn(check_in));
    let declared = phone.photo(first, "ont_front", b"the port");
    material(&mut phone, first, "CABLE-BOW", "30.5", "m", None);
    material(&mut phone, first, "CABLE-BOW", "12", "m", None);
    material(&mut phone, second, "ONT-GPON", "1", "count", Some("ont-7f21 0001"));
    phone.answer(second, "ont_serial", &json!("ONT-7F21-0001"));
    end(&mut phone, first);
    end(&mut phone, second);
    phone.sync().await;
    assert_eq!(
        open_of(&closing(&lead).await, YUNZE.rep().id),
        ["missing_blobs 1", "missing_blobs 1", "no_outcome 1"],
        "two blobs lack, and a visit nobody made"
    );
    office.reschedule(moved, app.now().plus_ms(DAY_MS)).await;
    for bytes in [photo, b"the port".to_vec()] {
        let upload = Call::new("PUT", format!("/v1/blobs/{}", Hash::of(&bytes)));
        phone.device.client().send(upload.bytes("application/octet-stream", bytes)).await.expect(200);
    }
    assert_eq!(declared, Hash::of(b"the port"));

    // What the phone says it still has, and what was refused.
    phone.exchange(&reporting(&phone, 4)).await;
    assert_eq!(open_of(&closing(&lead).await, YUNZE.rep().id), ["unsent 4"]);
    phone.exchange(&reporting(&phone, 0)).await;
    phone.intents.push(b"no intent".to_vec());
    phone.sync().await;
    let open = closing(&lead).await;
    assert_eq!((open_of(&open, YUNZE.rep().id), &open["is_closed"]), (vec!["quarantined 1".to_owned()], &json!(false)));
    let item = app.role(YUNZE, Role::Dispatcher).await.get("/v1/quarantine").await.expect(200)["items"][0].clone();
    let path = format!(
        "/v1/quarantine/{}/{}/dismiss",
        item["device_id"].as_str().unwrap_or_default(),
        item["id"].as_str().unwrap_or_default()
    );
    let dismiss = Call::post(path).header("if-match", format!("\"{}\"", item["version"])).json(&json!({"remark": "x"}));
    app.role(YUNZE, Role::Dispatcher).await.send(dismiss).await.expect(200);

    let closed = closing(&lead).await;
    assert_eq!((open_of(&closed, YUNZE.rep().id), &closed["is_closed"]), (vec![], &json!(true)));
    let rep = closed["reps"].as_array().expect("reps").iter().find(|rep| rep["rep_id"] == json!(YUNZE.rep().id));
    let rep = rep.expect("the rep");
    assert_eq!(rep["visits"].as_array().map(Vec::len), Some(2), "what was moved is of another day");
    let sum = |sku: &str, unit: &str, quantity: &str| json!({"sku": sku, "unit": unit, "quantity": quantity});
    assert_eq!(rep["materials"], json!([sum("CABLE-BOW", "m", "42.5"), sum("ONT-GPON", "count", "1")]));
    assert_eq!(rep["serials"], json!([{"visit_id": second, "sku": "ONT-GPON", "serial": "ont-7f21 0001"}]));
    assert_eq!(app.verified().await.differences, []);
}

/// Lets the day end, and signs the phone in again; gives the lead.
async fn next_morning<'a>(app: &'a TestApp, phone: &mut Phone<'_>) -> Client<'a> {
    app.clock.advance_secs(22 * 3600);
    sign_in_again(app, phone).await;
    app.role(YUNZE, Role::TeamLead).await
}

async fn sign_in_again(app: &TestApp, phone: &mut Phone<'_>) {
    phone.device.access = app.session(YUNZE.rep(), Some(phone.device.id), TokenKind::Full).await;
}

fn check_in() -> IntentBody {
    IntentBody::DayCheckIn(DayCheckIn { date: "2025-03-04".to_owned(), place: None, geo: None, photo: None })
}

async fn sign_offs(client: &Client<'_>) -> Vec<Value> {
    let page = client.get(format!("{DAY}/sign-offs")).await.expect(200);
    page["items"].as_array().expect("sign-offs").clone()
}

#[actix_web::test]
async fn a_lead_signs_what_he_saw_and_what_comes_later_is_shown() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let visit = office.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let lead = next_morning(&app, &mut phone).await;

    let open = closing(&lead).await;
    let refused = sign(&lead, &open, None).await;
    assert_eq!(refused.outcome(), (409, "day_open".to_owned()));
    let fields = refused.json()["fields"].clone();
    assert_eq!(fields[0]["actual"], json!(YUNZE.rep().id), "{fields}");
    assert!(fields[0]["expected"].as_str().is_some_and(|text| text.contains("has no outcome")), "{fields}");
    assert!(fields[0]["expected_zh"].as_str().is_some_and(|text| text.contains("上门尚无结果")), "{fields}");
    assert_eq!(sign(&lead, &open, Some(" ")).await.outcome(), (422, "invalid".to_owned()));
    let signed = sign(&lead, &open, Some("客户改约明日")).await.expect(201);
    let first = &signed["sign_off"];
    assert_eq!((&first["number"], &first["despite"]), (&json!(1), &json!("客户改约明日")));
    assert_eq!(
        (&first["open"][0]["rep_id"], &first["covered_sha256"]),
        (&json!(YUNZE.rep().id), &open["covered_sha256"])
    );
    assert_eq!(signed["after_sign_off"], json!([]));

    // The phone comes back with the whole day.
    app.clock.advance_secs(60);
    end(&mut phone, visit);
    let intent = phone.intend(check_in());
    let added = office.plan_at(&[YUNZE.colleague()], -20 * HOUR_MS).await.visit;
    phone.sync().await;
    let later = closing(&lead).await;
    assert_eq!(
        later["after_sign_off"],
        json!([
            {"what": "visit_changed", "visit_id": visit},
            {"what": "visit_added", "visit_id": added},
            {"what": "record", "intent_id": intent},
        ])
    );
    assert_eq!(sign(&lead, &open, Some("again")).await.outcome(), (412, "stale_content".to_owned()));
    office.cancel(added).await;
    let later = closing(&lead).await;
    let signed = sign(&lead, &later, None).await.expect(201);
    assert_eq!((&signed["sign_off"]["number"], signed["sign_off"].get("despite")), (&json!(2), None));
    assert_eq!((&signed["after_sign_off"], &signed["is_closed"]), (&json!([]), &json!(true)));
    let offs = sign_offs(&lead).await;
    assert_eq!((offs.len(), &offs[0]["superseded_by"], &offs[1]["number"]), (2, &json!(2), &json!(2)));
    assert_eq!((offs[1].get("superseded_by"), offs[1].get("despite")), (None, None));
    let subject = format!("{}/2025-03-04", YUNZE.team(1));
    let events = app.read(move |conn| list_audit_events(conn, YUNZE.org, &subject, 100)).await;
    assert_eq!(events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["day.signed_off"; 2]);
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn a_record_that_comes_before_the_signature_is_covered_or_late_never_neither() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let lead = next_morning(&app, &mut phone).await;
    let seen = closing(&lead).await;
    phone.intend(check_in());
    phone.sync().await;
    assert_eq!(sign(&lead, &seen, None).await.outcome(), (412, "stale_content".to_owned()));
    let seen = closing(&lead).await;
    let signed = sign(&lead, &seen, None).await.expect(201);
    assert_eq!(signed["after_sign_off"], json!([]));
    // In the very millisecond of the signature.
    let intent = phone.intend(check_in());
    phone.sync().await;
    assert_eq!(closing(&lead).await["after_sign_off"], json!([{"what": "record", "intent_id": intent}]));
}

#[actix_web::test]
async fn a_visit_that_is_cancelled_after_the_sign_off_is_shown() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let visit = office.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let lead = next_morning(&app, &mut phone).await;
    sign(&lead, &closing(&lead).await, Some("客户改约明日")).await.expect(201);
    office.cancel(visit).await;
    assert_eq!(closing(&lead).await["after_sign_off"], json!([{"what": "visit_changed", "visit_id": visit}]));
}

#[actix_web::test]
async fn a_day_to_come_is_not_signed_and_who_says_the_same_again_adds_nothing() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    office.plan(&[YUNZE.rep()]).await;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    let lead = app.role(YUNZE, Role::TeamLead).await;
    let tomorrow = "/v1/days/2025-03-05";
    let seen = lead.get(format!("{tomorrow}/closing")).await.expect(200);
    assert_eq!(seen["has_begun"], false);
    let body = json!({"covered_sha256": seen["covered_sha256"], "despite": "why"});
    let refused = lead.post(format!("{tomorrow}/sign-offs"), body).await;
    assert_eq!(refused.outcome(), (409, "state_invalid".to_owned()));
    assert_eq!(refused.json()["fields"][0]["path"], "day");
    assert_eq!(closing(&lead).await["has_begun"], true, "a team's day is signed in its evening");
    let lead = next_morning(&app, &mut phone).await;
    let seen = closing(&lead).await;
    for at in 0..3 {
        app.clock.advance_secs(1);
        assert_eq!(sign(&lead, &seen, Some("one")).await.expect(201)["sign_off"]["number"], 1, "{at}");
    }
    assert_eq!(sign(&lead, &seen, Some("another")).await.expect(201)["sign_off"]["number"], 2);
    assert_eq!(sign(&lead, &seen, Some("one")).await.expect(201)["sign_off"]["number"], 3);
    let first = lead.get(format!("{DAY}/sign-offs?page_size=2")).await.expect(200);
    let numbers = |page: &Value| -> Vec<(Value, Value)> {
        let items = page["items"].as_array().expect("sign-offs").iter();
        items.map(|one| (one["number"].clone(), one["superseded_by"].clone())).collect()
    };
    assert_eq!(numbers(&first), [(json!(1), json!(2)), (json!(2), json!(3))]);
    let token = first["next_page_token"].as_str().expect("a further page");
    let next = lead.get(format!("{DAY}/sign-offs?page_size=2&page_token={token}")).await.expect(200);
    assert_eq!((numbers(&next), next.get("next_page_token")), (vec![(json!(3), Value::Null)], None));
    let events = app.read(|conn| list_audit_events(conn, YUNZE.org, &format!("{}/2025-03-04", YUNZE.team(1)), 9)).await;
    assert_eq!(events.len(), 3);
}

#[actix_web::test]
async fn a_day_has_one_spelling_wherever_it_is_asked_for() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let lead = app.role(YUNZE, Role::TeamLead).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    for day in ["20250304", "2025-03-04T00", "2025-03-04T00:00", "-000001-01-01"] {
        for path in [
            format!("/v1/days/{day}/closing"),
            format!("/v1/days/{day}/sign-offs"),
            format!("/v1/check-ins?day={day}"),
            format!("/v1/day-board?date={day}"),
            format!("/v1/visits?date={day}"),
            format!("/v1/kpi/arrival?from={day}&to=2025-03-04"),
        ] {
            assert_eq!(lead.get(path.clone()).await.outcome(), (422, "parameter_invalid".to_owned()), "{path}");
        }
        let body = json!({"covered_sha256": Hash::of(b""), "despite": "why"});
        let signed = lead.post(format!("/v1/days/{day}/sign-offs"), body).await;
        assert_eq!(signed.outcome(), (422, "parameter_invalid".to_owned()), "{day}");
        let proposed = dispatcher.post("/v1/dispatch/proposals".to_owned(), json!({"day": day})).await;
        assert_eq!(proposed.outcome(), (422, "invalid".to_owned()), "{day}");
    }
}

#[actix_web::test]
async fn what_was_made_after_the_day_does_not_open_it_again() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let visit = office.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    end(&mut phone, visit);
    phone.sync().await;
    let lead = next_morning(&app, &mut phone).await;
    assert_eq!(open_of(&closing(&lead).await, YUNZE.rep().id), [""; 0]);
    // Made this morning; made yesterday; nobody knows; made at a time that has not come.
    let cases = [(Some(-HOUR_MS), 0), (Some(-10 * HOUR_MS), 4), (None, 4), (Some(HOUR_MS), 4)];
    for (made, open) in cases {
        let mut reporting = reporting(&phone, 4);
        let state = reporting.device_state.as_mut().expect("a state");
        state.oldest_unsent_at = made.map(|after| app.now().plus_ms(after));
        phone.exchange(&reporting).await;
        let expected: Vec<String> = (open > 0).then(|| format!("unsent {open}")).into_iter().collect();
        assert_eq!(open_of(&closing(&lead).await, YUNZE.rep().id), expected, "{made:?}");
    }
}

#[actix_web::test]
async fn a_rep_sees_his_own_day_and_only_the_teams_lead_signs_it() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    office.plan(&[YUNZE.rep()]).await;
    office.plan(&[YUNZE.colleague()]).await;
    let rep = app.with_token(&app.session(YUNZE.rep(), None, TokenKind::Full).await);
    let mine = closing(&rep).await;
    assert_eq!(mine["reps"].as_array().map(Vec::len), Some(1));
    assert_eq!((mine.get("covered_sha256"), &mine["reps"][0]["rep_id"]), (None, &json!(YUNZE.rep().id)));
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let all = closing(&dispatcher).await;
    assert_eq!(all["reps"].as_array().map(Vec::len), Some(2));
    assert_eq!(sign(&dispatcher, &all, Some("why")).await.outcome(), (403, "forbidden".to_owned()));
    let lead = app.role(YUNZE, Role::TeamLead).await;
    let other = format!("{DAY}/closing?team_id={}", YUNZE.team(2));
    assert_eq!(lead.get(other.clone()).await.status, 404);
    assert_eq!(dispatcher.get(other).await.expect(200)["reps"], json!([]));
    let body = json!({"team_id": YUNZE.team(2), "covered_sha256": all["covered_sha256"], "despite": "why"});
    assert_eq!(lead.post(format!("{DAY}/sign-offs"), body).await.status, 404);
    let no_day = lead.get("/v1/days/yesterday/closing").await;
    assert_eq!(no_day.outcome(), (422, "parameter_invalid".to_owned()));
    let foreign = app.role(HAOYU, Role::TeamLead).await;
    let of_yunze = format!("{DAY}/closing?team_id={}", YUNZE.team(1));
    assert_eq!(foreign.get(of_yunze).await.status, 404);
}
