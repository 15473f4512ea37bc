//! Work that came late: stored, listed for the office, out of every figure until somebody decides.

use doorstep::domain::Role;
use doorstep_store::projections::load_projection;
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::{HAOYU, YUNZE};
use integration_tests::phone::Phone;
use serde_json::{Value, json};
use sync_core::doc::Map;
use sync_core::ids::VisitId;
use sync_core::protocol::{Ack, Outcome, SyncRequest};

use super::statements::upload;

async fn late(client: &Client<'_>, visit: VisitId) -> Value {
    client.get(format!("/v1/visits/{visit}/late-work")).await.expect(200)
}

fn ops(late: &Value) -> Vec<Value> {
    late["records"].as_array().expect("records").iter().map(|record| record["op"].clone()).collect()
}

fn decision(app: &TestApp, decision: &str, ops: &[Value]) -> Value {
    json!({"id": app.id(), "decision": decision, "ops": ops, "reason": "交接前完成"})
}

/// The visits that wait for a decision.
async fn inbox(client: &Client<'_>) -> Vec<Value> {
    let list = client.get("/v1/late-work").await.expect(200);
    list["items"].as_array().expect("items").iter().map(|item| item["visit_id"].clone()).collect()
}

/// The state, the readings and the answers that lists and figures read.
async fn projected(app: &TestApp, visit: VisitId) -> (String, Vec<String>, Vec<String>) {
    let state = app.office_again(YUNZE).row(visit).await.state;
    let rows = app.read(move |conn| load_projection(conn, YUNZE.org, visit)).await;
    let readings = rows.readings.into_iter().map(|row| row.value).collect();
    (state, readings, rows.answers.into_iter().map(|row| row.value).collect())
}

/// A visit that a rep went on with offline although it belongs to a colleague now, with the new phone.
async fn handed_over<'a>(app: &'a TestApp) -> (VisitId, Phone<'a>, Phone<'a>) {
    let office = app.office(YUNZE).await;
    let visit = office.plan(&[YUNZE.rep()]).await.visit;
    let mut old = app.phone_of(YUNZE.rep()).await;
    old.sync().await;
    old.come_to_the_door(visit);
    old.answer(visit, "rating", &json!(5));
    old.sync().await;
    old.answer(visit, "rating", &json!(3));
    old.measure(visit, "optical_power", "-18.30", "dBm");
    let (at, by) = (old.stamp(), old.device.member.id);
    let outcome = json!({"code": "resource_missing", "reason": "no free port", "at": at, "by": by});
    old.add(visit, Map::Outcomes, &outcome);
    old.event(visit, "end_without_work");
    office.assign(visit, &[YUNZE.colleague()]).await;
    let mut new = app.phone_of(YUNZE.colleague()).await;
    new.sync().await;
    (visit, old, new)
}

#[actix_web::test]
async fn a_lost_rep_s_work_is_listed_and_moves_no_figure_until_it_is_accepted() {
    let app = TestApp::new().await;
    let (visit, mut old, mut new) = handed_over(&app).await;
    let request = old.request();
    let stored = old.round().await;
    assert_eq!((stored.acks[0].outcome, stored.acks[0].reason.as_deref()), (Outcome::Late, Some("reassigned")));
    let again = old.exchange(&request).await;
    assert_eq!((again.acks[0].outcome, again.acks[0].reason.as_deref()), (Outcome::Duplicate, Some("reassigned")));
    new.sync().await;

    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let shown = late(&dispatcher, visit).await;
    let records = shown["records"].as_array().unwrap();
    let rating = records.iter().find(|one| one["key"] == "rating").unwrap();
    assert_eq!((&rating["value"], &rating["counts"]), (&json!(3), &json!(5)));
    assert_eq!((&rating["by"], &rating["device_id"]), (&json!(YUNZE.rep().id), &json!(old.device.id)));
    assert_eq!(records.len(), 4);
    assert_eq!(shown["brought"].as_array().unwrap().len(), 1);
    assert_eq!(inbox(&dispatcher).await, [json!(visit)]);
    let (state, readings, answers) = projected(&app, visit).await;
    assert_eq!((state.as_str(), readings.len(), answers), ("in_progress", 0, vec!["5".to_owned()]));
    assert_eq!(new.settled(visit).answer("rating"), Some(&json!(5)));
    assert_eq!(app.verified().await.differences, []);

    let path = format!("/v1/visits/{visit}/late-work");
    let body = decision(&app, "accept", &ops(&shown));
    let done = dispatcher.post(&path, body.clone()).await.expect(201);
    assert_eq!(done["state"], "under_review");
    // The same decision again has no effect; another one under its id is refused.
    assert_eq!(dispatcher.post(&path, body.clone()).await.expect(201)["decision"], done["decision"]);
    let mut other = body.clone();
    other["reason"] = json!("anders");
    assert_eq!(dispatcher.post(&path, other).await.outcome(), (422, "idempotency_mismatch".to_owned()));
    assert_eq!(inbox(&dispatcher).await, Vec::<Value>::new());
    let (state, readings, answers) = projected(&app, visit).await;
    assert_eq!((state.as_str(), readings, answers), ("under_review", vec!["-18.30".to_owned()], vec!["3".to_owned()]));
    assert_eq!(app.verified().await.differences, []);
    new.sync().await;
    assert_eq!(new.settled(visit).answer("rating"), Some(&json!(3)));
    assert_eq!(new.settled(visit).held, []);

    // Taken back again: as before.
    let decline = dispatcher.post(&path, decision(&app, "decline", &ops(&shown))).await.expect(201);
    assert_eq!(decline["state"], "in_progress");
    let (_, readings, answers) = projected(&app, visit).await;
    assert_eq!((readings.len(), answers), (0, vec!["5".to_owned()]));
    new.sync().await;
    assert_eq!(new.settled(visit).answer("rating"), Some(&json!(5)));
    assert_eq!(late(&dispatcher, visit).await["decisions"].as_array().unwrap().len(), 2);
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn what_a_lost_rep_does_to_the_notes_waits_like_everything_else() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let visit = office.plan(&[YUNZE.rep()]).await.visit;
    let mut old = app.phone_of(YUNZE.rep()).await;
    old.sync().await;
    old.write(visit, |edit| edit.set_notes("门口有狗"));
    old.sync().await;
    office.assign(visit, &[YUNZE.colleague()]).await;
    let mut new = app.phone_of(YUNZE.colleague()).await;
    new.sync().await;
    new.write(visit, |edit| edit.set_notes("门口有狗\n已接线"));
    new.sync().await;
    old.write(visit, |edit| edit.set_notes("作废"));
    assert_eq!(old.round().await.acks[0].outcome, Outcome::Late);

    new.sync().await;
    assert_eq!(new.view(visit).notes, "门口有狗\n已接线");
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let shown = late(&dispatcher, visit).await;
    let [record] = shown["records"].as_array().unwrap().as_slice() else { panic!("one record: {shown}") };
    let did = json!({"added": "作废", "removed": "门口有狗"});
    assert_eq!((&record["map"], &record["value"], &record["reason"]), (&json!("notes"), &did, &json!("reassigned")));
    assert_eq!((&record["by"], &record["device_id"]), (&json!(YUNZE.rep().id), &json!(old.device.id)));
    assert_eq!(inbox(&dispatcher).await, [json!(visit)]);
    assert_eq!(app.verified().await.differences, []);

    let path = format!("/v1/visits/{visit}/late-work");
    let accept = decision(&app, "accept", &ops(&shown));
    dispatcher.post(&path, accept.clone()).await.expect(201);
    assert_eq!(inbox(&dispatcher).await, Vec::<Value>::new());
    new.sync().await;
    let view = new.view(visit);
    assert_eq!((view.notes.as_str(), view.held.len(), view.released_notes.len()), ("作废\n已接线", 0, 1));
    let told = late(&dispatcher, visit).await;
    assert_eq!(told["records"][0]["decision"], accept["id"], "{told}");
    dispatcher.post(&path, decision(&app, "decline", &ops(&shown))).await.expect(201);
    new.sync().await;
    assert_eq!(new.view(visit).notes, "门口有狗\n已接线");
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn only_what_came_late_is_decided_by_who_may_and_nobody_else_s_visit() {
    let app = TestApp::new().await;
    let (visit, mut old, mut new) = handed_over(&app).await;
    old.sync().await;
    new.sync().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let shown = late(&dispatcher, visit).await;
    let path = format!("/v1/visits/{visit}/late-work");
    let body = decision(&app, "accept", &ops(&shown));

    for role in [Role::Reviewer, Role::Auditor] {
        let client = app.role(YUNZE, role).await;
        assert_eq!(client.post(&path, body.clone()).await.outcome(), (403, "forbidden".to_owned()), "{role}");
    }
    let foreign = app.role(HAOYU, Role::Dispatcher).await;
    assert_eq!(foreign.get(&path).await.status, 404);
    assert_eq!(foreign.post(&path, body.clone()).await.outcome(), (404, "not_found".to_owned()));
    assert_eq!(inbox(&foreign).await, Vec::<Value>::new());
    // The visit is no longer his; it is his colleague's.
    assert_eq!(app.signed_in(YUNZE.rep()).await.get(&path).await.status, 404);
    assert_eq!(late(&app.signed_in(YUNZE.colleague()).await, visit).await["records"], shown["records"]);

    let in_time = json!({"counter": 20, "actor": "0".repeat(32)});
    let mut stale = body.clone();
    stale["ops"] = json!([in_time]);
    assert_eq!(dispatcher.post(&path, stale).await.outcome(), (412, "stale_content".to_owned()));
    let mut faulty = body.clone();
    (faulty["ops"], faulty["reason"]) = (json!([]), json!(" "));
    let refused = dispatcher.post(&path, faulty).await.expect(422);
    let fields: Vec<&str> =
        refused["fields"].as_array().unwrap().iter().filter_map(|one| one["path"].as_str()).collect();
    assert_eq!(fields, ["ops", "reason"], "{refused}");
    let mut doubled = body.clone();
    doubled["ops"].as_array_mut().unwrap().push(body["ops"][0].clone());
    assert_eq!(dispatcher.post(&path, doubled).await.expect(422)["fields"][0]["path"], "ops");
    assert_eq!(late(&dispatcher, visit).await["decisions"], json!([]), "nothing refused had an effect");
    for odd in ["state=some", "reason=lost", "status=open"] {
        let answer = dispatcher.get(format!("/v1/late-work?{odd}")).await.outcome();
        assert_eq!(answer, (422, "parameter_invalid".to_owned()), "{odd}");
    }

    // A key makes the answer come twice, and the effect once.
    let keyed = || Call::post(&path).json(&body).header("idempotency-key", "late-1");
    let first = dispatcher.send(keyed()).await.expect(201);
    assert_eq!(dispatcher.send(keyed()).await.expect(201), first);
    assert_eq!(late(&dispatcher, visit).await["decisions"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn what_the_crew_builds_on_held_out_work_counts_and_late_work_on_a_cancelled_visit_is_told() {
    let app = TestApp::new().await;
    let (visit, mut old, mut new) = handed_over(&app).await;
    old.sync().await;
    new.sync().await;
    // The new rep's changes follow those held out.
    new.answer(visit, "cable_kind", &json!("bow_drop"));
    new.sync().await;
    let (state, _, answers) = projected(&app, visit).await;
    assert_eq!((state.as_str(), answers), ("in_progress", vec!["\"bow_drop\"".to_owned(), "5".to_owned()]));
    assert_eq!(app.verified().await.differences, []);

    new.answer(visit, "cable_entry", &json!("duct"));
    app.office_again(YUNZE).cancel(visit).await;
    let answer = new.round().await;
    assert_eq!((answer.acks[0].outcome, answer.acks[0].reason.as_deref()), (Outcome::Late, Some("cancelled")));
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let brought = late(&dispatcher, visit).await["brought"].clone();
    let reasons: Vec<&Value> = brought.as_array().unwrap().iter().map(|push| &push["reason"]).collect();
    assert_eq!(reasons, [&json!("reassigned"), &json!("cancelled")]);
    let all = dispatcher.get("/v1/late-work?state=all&reason=cancelled").await.expect(200);
    assert_eq!(all["items"][0]["visit_id"], json!(visit));
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn work_that_was_handed_in_before_the_cancelling_is_not_late_and_what_follows_is_late_after_the_hand_in() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let visit = office.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.come_to_the_door(visit);
    let (at, by) = (phone.stamp(), phone.device.member.id);
    let outcome = json!({"code": "resource_missing", "reason": "no free port", "at": at, "by": by});
    phone.add(visit, Map::Outcomes, &outcome);
    phone.event(visit, "end_without_work");
    app.clock.advance_secs(300);
    office.cancel(visit).await;
    // A form that comes before the hand-in is known is late; with it, it is not, nor is another.
    let [first, second] = [phone.sign_form(visit), phone.sign_form(visit)];
    phone.statements.push(first.statement);
    let ahead = phone.sealed(SyncRequest { docs: Vec::new(), ..phone.request() });
    let told = |ack: &Ack| (ack.outcome, ack.reason.clone());
    assert_eq!(told(&phone.exchange(&ahead).await.acks[0]), (Outcome::Late, Some("cancelled".to_owned())));
    phone.statements.push(second.statement);
    let answer = phone.round().await;
    let in_time = [Outcome::Stored, Outcome::Duplicate, Outcome::Stored].map(|outcome| (outcome, None));
    assert_eq!(answer.acks.iter().map(told).collect::<Vec<_>>(), in_time);
    for bytes in first.blobs.iter().chain(&second.blobs) {
        upload(&phone, bytes).await;
    }
    assert_eq!(office.row(visit).await.state, "under_review");
    phone.sync().await;

    phone.answer(visit, "rating", &json!(3));
    let answer = phone.round().await;
    assert_eq!((answer.acks[0].outcome, answer.acks[0].reason.as_deref()), (Outcome::Late, Some("submitted")));
    let shown = late(&app.role(YUNZE, Role::Dispatcher).await, visit).await;
    assert_eq!((ops(&shown).len(), shown["brought"].as_array().map(Vec::len)), (1, Some(1)), "{shown}");
    // Nor is the first one when it comes again, whatever the office did since.
    office.assign(visit, &[YUNZE.colleague()]).await;
    assert_eq!(told(&phone.exchange(&ahead).await.acks[0]), (Outcome::Duplicate, None));
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn no_phone_holds_a_document_before_it_knows_what_of_it_is_held_out() {
    let app = TestApp::new().await;
    let (visit, mut old, new) = handed_over(&app).await;
    // More than one answer holds, so that the answer ends with the document.
    let notes: Vec<char> = (0..18_000_u32).filter_map(|at| char::from_u32(0x4e00 + at * at % 20_011)).collect();
    for part in notes.chunks(4_500).scan(String::new(), |text, part| {
        text.extend(part);
        Some(text.clone())
    }) {
        old.write(visit, |edit| edit.set_notes(&part));
    }
    let heads = old.heads(visit);
    old.sync().await;
    let fresh = app.phone_of(YUNZE.colleague()).await;
    for mut phone in [new, fresh] {
        phone.max_bytes = 1;
        let mut largest = 0;
        loop {
            let answer = phone.round().await;
            largest = largest.max(answer.docs.iter().map(|doc| doc.bytes.0.len()).max().unwrap_or_default());
            if phone.carries(visit) {
                assert_eq!(phone.view(visit).answer("rating"), Some(&json!(5)));
            }
            if !answer.more {
                break;
            }
        }
        assert!(largest > 16 << 10, "an answer holds {largest} bytes and more");
        assert_eq!(phone.heads(visit), heads);
    }
}

#[actix_web::test]
async fn the_crew_s_evidence_waits_for_the_form_of_a_rep_before_them_only_once_it_is_accepted() {
    let app = TestApp::new().await;
    let (visit, mut old, mut new) = handed_over(&app).await;
    let form = old.sign_form(visit);
    let (digest, at, by) = (form.statement.digest(), old.stamp(), old.device.member.id);
    let named = json!({"kind": "construction_confirmation", "at": at, "by": by});
    old.put(visit, Map::Statements, &digest.to_string(), &named);
    old.statements.push(form.statement.clone());
    let stored = old.round().await;
    assert!(stored.acks.iter().all(|ack| ack.outcome == Outcome::Late), "{:?}", stored.acks);
    new.sync().await;
    let office = app.office_again(YUNZE);
    let evidence = async || {
        let row = office.row(visit).await;
        (row.missing_blobs, row.evidence_complete_at_ms.is_some())
    };
    let inks = i64::try_from(form.blobs.len()).expect("few");
    assert_eq!(evidence().await, (0, true), "nothing of the crew's is missing");
    assert_eq!(app.verified().await.differences, []);

    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let path = format!("/v1/visits/{visit}/late-work");
    let all = ops(&late(&dispatcher, visit).await);
    dispatcher.post(&path, decision(&app, "accept", &all)).await.expect(201);
    assert_eq!(evidence().await, (inks, false));
    assert_eq!(app.verified().await.differences, []);
    dispatcher.post(&path, decision(&app, "decline", &all)).await.expect(201);
    assert_eq!(evidence().await, (0, true));
    assert_eq!(app.verified().await.differences, []);
}
