//! What was refused is listed with its bytes, code and remedy, and each of the three remedies works (design 2.3).

use doorstep::domain::Role;
use doorstep_store::projections::load_projection;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::{Value, json};
use sync_core::bytes::{Actor, Hash};
use sync_core::ids::VisitId;
use sync_core::protocol::Outcome;

use super::helpers::{quarantined, refusing_readings, run, run_at};
use super::hostile::craft::{after, altered, change_of, hash_of, mixed, nested, tick};

pub(super) const OTHER: Actor = Actor([0x5a; 16]);

pub(super) async fn known_visit(app: &TestApp) -> (Phone<'_>, VisitId) {
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.tick(visit, "kit/a", true);
    phone.sync().await;
    (phone, visit)
}

/// Pushes bytes for a visit and gives the path of the item they became.
pub(super) async fn refused(phone: &mut Phone<'_>, visit: VisitId, chunks: Vec<Vec<u8>>) -> String {
    let request = phone.pushing(visit, chunks);
    let answer = phone.exchange(&request).await;
    phone.take_in(&answer);
    let hash = answer.acks[0].hash.expect("refused bytes have a name");
    format!("/v1/quarantine/{}/{hash}", phone.device.id)
}

pub(super) fn key_of(path: &str) -> &str {
    path.strip_prefix("/v1/quarantine/").expect("the path of an item")
}

#[actix_web::test]
async fn refused_bytes_are_listed_with_code_and_remedy_and_given_back_exactly() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    let actor = phone.actor(visit);
    let bytes = nested(phone.doc(visit), actor, 3);
    let path = refused(&mut phone, visit, vec![bytes.clone()]).await;
    let cut = bytes[..bytes.len() - 5].to_vec();
    app.clock.advance_secs(60);
    let second = refused(&mut phone, visit, vec![cut.clone()]).await;

    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let page = dispatcher.get("/v1/quarantine?page_size=1").await.expect(200);
    assert_eq!(page["items"][0]["id"], json!(Hash::of(&cut)), "newest first: {page}");
    let next = page["next_page_token"].as_str().expect("another page");
    let rest = dispatcher.get(format!("/v1/quarantine?page_size=1&page_token={next}")).await.expect(200);
    assert_eq!(rest["items"][0]["code"], "operation_not_allowed");
    for (query, count) in [
        (format!("device_id={}", phone.device.id), 2),
        (format!("visit_id={visit}&code=operation_not_allowed"), 1),
        ("state=open".to_owned(), 2),
        ("state=replayed".to_owned(), 0),
        (format!("device_id={visit}"), 0),
    ] {
        let found = dispatcher.get(format!("/v1/quarantine?{query}")).await.expect(200);
        assert_eq!(found["items"].as_array().map(Vec::len), Some(count), "{query}");
    }
    for (path, bytes) in [(&path, &bytes), (&second, &cut)] {
        let shown = dispatcher.get(path).await.expect(200);
        assert_eq!((&shown["state"], &shown["bytes"]), (&json!("open"), &json!(bytes.len())));
        assert_eq!(shown["remedies"], json!(["replay", "salvage", "redrive"]));
        assert!(["en", "zh-CN"].iter().all(|one| shown["hint"][*one].as_str().is_some_and(|text| text.len() > 30)));
        let answer = dispatcher.get(format!("{path}/bytes")).await;
        assert_eq!((answer.status, &answer.body), (200, bytes));
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
        let row = phone.row("quarantine", key_of(path));
        assert_eq!((&row["code"], &row["state"]), (&shown["code"], &json!("open")), "the rep's phone knows");
    }
}

#[actix_web::test]
async fn what_the_phone_writes_anew_settles_the_item_as_replayed() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let [visit, elsewhere] = [office.plan(&[YUNZE.rep()]).await.visit, office.plan(&[YUNZE.rep()]).await.visit];
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.tick(visit, "kit/a", true);
    phone.sync().await;
    let actor = phone.actor(visit);
    let bytes = nested(phone.doc(visit), actor, 1);
    let path = refused(&mut phone, visit, vec![bytes]).await;
    // Going on under the same actor is no replay.
    phone.tick(visit, "kit/b", true);
    phone.sync().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    assert_eq!(dispatcher.get(&path).await.expect(200)["state"], "open");
    // Nor is what another copy of the phone's store writes, under an actor of its own: the refused edits are not in it.
    phone.use_actor(visit, OTHER);
    phone.tick(visit, "kit/c", true);
    phone.sync().await;
    assert_eq!(dispatcher.get(&path).await.expect(200)["state"], "open");
    // Nor is it replayed by a push for another visit, or by one that the server does not take.
    let replays = vec![key_of(&path).rsplit('/').next().and_then(|hash| hash.parse().ok()).expect("a hash")];
    phone.tick(elsewhere, "kit/a", true);
    let mut naming = phone.request();
    naming.docs[0].replays.clone_from(&replays);
    phone.take_in(&phone.exchange(&naming).await);
    let actor = phone.actor(visit);
    let mut refused = phone.pushing(visit, vec![nested(phone.doc(visit), actor, 2)]);
    refused.docs[0].replays.clone_from(&replays);
    phone.take_in(&phone.exchange(&refused).await);
    assert_eq!(dispatcher.get(&path).await.expect(200)["state"], "open");

    phone.use_actor(visit, Actor([0x5b; 16]));
    phone.tick(visit, "kit/d", true);
    let mut anew = phone.request();
    anew.docs[0].replays = replays;
    phone.take_in(&phone.exchange(&anew).await);
    let shown = dispatcher.get(&path).await.expect(200);
    assert_eq!((&shown["state"], &shown["settled_by"]), (&json!("replayed"), &Value::Null));
    assert_eq!(phone.row("quarantine", key_of(&path))["state"], "replayed");
    let again = dispatcher.post_empty(format!("{path}/redrive")).await;
    assert_eq!(again.outcome(), (409, "state_invalid".to_owned()), "its records are there already");
}

#[actix_web::test]
async fn the_same_change_with_other_work_behind_it_is_an_item_of_its_own() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    let actor = phone.actor(visit);
    let bad = nested(phone.doc(visit), actor, 1);
    let behind = |key| after(&tick(phone.doc(visit), actor, key), &bad);
    let (first, second) = (behind("kit/y"), behind("kit/z"));
    let mut names = Vec::new();
    for behind in [None, Some(first), Some(b"no change".to_vec()), Some(second)] {
        let chunks = [bad.clone()].into_iter().chain(behind).collect();
        let ack = phone.exchange(&phone.pushing(visit, chunks)).await.acks.remove(0);
        assert_eq!((ack.hash, ack.kept_as.is_some()), (Some(hash_of(&bad)), !names.is_empty()), "{ack:?}");
        names.push(ack.kept_as.or(ack.hash).expect("a name"));
    }
    // The phone wrote the last anew, and so the first, whose answer it never got. The second holds work that it has no
    // more, as after it was restored itself, and the third what nobody can write anew.
    phone.use_actor(visit, OTHER);
    phone.tick(visit, "kit/z", true);
    let mut anew = phone.request();
    anew.docs[0].replays = vec![names[3]];
    phone.take_in(&phone.exchange(&anew).await);
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    for (name, state) in names.iter().zip(["replayed", "open", "open", "replayed"]) {
        let shown = dispatcher.get(format!("/v1/quarantine/{}/{name}", phone.device.id)).await.expect(200);
        assert_eq!(shown["state"], state);
    }
}

#[actix_web::test]
async fn an_item_without_bytes_is_no_part_of_what_was_written_anew() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    let actor = phone.actor(visit);
    let bad = nested(phone.doc(visit), actor, 1);
    let empty = refused(&mut phone, visit, vec![Vec::new()]).await;
    let path = refused(&mut phone, visit, vec![bad.clone()]).await;
    phone.use_actor(visit, OTHER);
    phone.tick(visit, "kit/d", true);
    let mut anew = phone.request();
    anew.docs[0].replays = vec![hash_of(&bad)];
    phone.take_in(&phone.exchange(&anew).await);
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    for (path, state) in [(path, "replayed"), (empty, "open")] {
        assert_eq!(dispatcher.get(&path).await.expect(200)["state"], state);
    }
}

/// Makes the database refuse readings of a visit, as a defect of the server would.
pub(super) fn refuse_readings(app: &TestApp, visit: VisitId, is_on: bool) {
    run_at(&app.state.config.database_url, &refusing_readings(visit, is_on));
}

/// A reading that lies in quarantine because of such a defect.
pub(super) async fn refused_reading(app: &TestApp) -> (Phone<'_>, VisitId, String) {
    let (mut phone, visit) = known_visit(app).await;
    phone.measure(visit, "optical_power", "-18.30", "dBm");
    refuse_readings(app, visit, true);
    let chunks = phone.unsent_chunks(visit);
    let path = refused(&mut phone, visit, chunks).await;
    (phone, visit, path)
}

#[actix_web::test]
async fn stored_bytes_are_driven_again_once_the_cause_is_mended() {
    let app = TestApp::new().await;
    let (mut phone, visit, path) = refused_reading(&app).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let redrive = || dispatcher.post_empty(format!("{path}/redrive"));
    let still = redrive().await.expect(200);
    assert_eq!((&still["outcome"], &still["code"]), (&json!("quarantined"), &json!("not_writable")));
    assert_eq!(still["item"]["state"], "open");

    refuse_readings(&app, visit, false);
    let done = redrive().await.expect(200);
    assert_eq!((&done["outcome"], &done["item"]["state"]), (&json!("stored"), &json!("redriven")));
    assert_eq!(redrive().await.outcome(), (409, "state_invalid".to_owned()));
    let mut colleague = app.phone_of(YUNZE.rep()).await;
    colleague.sync().await;
    assert_eq!(colleague.view(visit).measures.len(), 1);
    assert_eq!(quarantined(&app, YUNZE).await.len(), 1, "the bytes stay");
    phone.sync().await;
    assert_eq!(phone.row("quarantine", key_of(&path))["state"], "redriven");

    // What is forbidden stays so, however often it is driven.
    let actor = phone.actor(visit);
    let bytes = nested(phone.doc(visit), actor, 1);
    let path = refused(&mut phone, visit, vec![bytes]).await;
    let again = dispatcher.post_empty(format!("{path}/redrive")).await.expect(200);
    assert_eq!((&again["code"], &again["item"]["state"]), (&json!("operation_not_allowed"), &json!("open")));
}

#[actix_web::test]
async fn the_office_takes_over_the_good_records_in_the_name_of_the_rep() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    let (actor, by) = (phone.actor(visit), phone.device.member.id);
    let (key, stamp) = (app.id().to_string(), phone.stamp());
    let reading = json!({"code": "optical_power", "value": "-18.30", "unit": "dBm", "source": "typed", "at": stamp,
        "by": by});
    let poisoned = mixed(phone.doc(visit), actor, &key, &reading.to_string(), "走廊弱电井");
    let foreign = json!({"code": "x", "value": "1", "unit": "m", "at": stamp, "by": YUNZE.stranger().id}).to_string();
    let claimed = after(&tick(phone.doc(visit), actor, "kit/z"), &poisoned);
    let other = mixed(phone.doc(visit), OTHER, &app.id().to_string(), &foreign, "");
    let path = refused(&mut phone, visit, vec![poisoned, claimed, other]).await;

    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let salvage = format!("{path}/salvage");
    let shown = dispatcher.get(&salvage).await.expect(200);
    let records = shown["records"].as_array().expect("records");
    let told: Vec<_> = records.iter().map(|one| (one["map"].as_str(), one["refused"].as_str())).collect();
    let (good, by_other) = ((Some("measures"), None), (Some("measures"), Some("by_mismatch")));
    assert_eq!(told, [good, (Some("ticks"), None), by_other], "{shown}");
    assert_eq!((&shown["notes"][0]["text"], &shown["left_out"]), (&json!("走廊弱电井"), &json!(2)));

    let choose = |body: Value| dispatcher.send(Call::post(&salvage).json(&body));
    for body in [json!({"records": [2]}), json!({"records": [9]}), json!({}), json!({"notes": [7]})] {
        assert_eq!(choose(body.clone()).await.outcome(), (422, "invalid".to_owned()), "{body}");
    }
    let before = phone.heads(visit);
    let done = choose(json!({"records": [0, 1], "notes": [0]})).await.expect(200);
    assert_eq!((&done["item"]["state"], &done["records"][0]["is_held"]), (&json!("salvaged"), &json!(true)));
    assert_eq!(choose(json!({"records": [0]})).await.outcome(), (409, "state_invalid".to_owned()));

    let mut colleague = app.phone_of(YUNZE.rep()).await;
    for crew in [&mut phone, &mut colleague] {
        crew.sync().await;
        let view = crew.view(visit);
        let [measure] = view.measures.as_slice() else { panic!("one reading: {:?}", view.measures) };
        assert_eq!((measure.key.as_str(), measure.value.by), (key.as_str(), by));
        // A tick without time and author is no record that rules read, but it is there.
        let is_held = view.findings.iter().any(|finding| finding.subject == "ticks/kit/z");
        assert!(is_held && view.notes.contains("走廊弱电井"), "{view:?}");
        assert_eq!(crew.row("quarantine", key_of(&path))["state"], "salvaged");
    }
    assert_ne!(phone.heads(visit), before);

    // The rep goes on, and the same person of the office salvages again for the same visit, below nothing of the first time.
    phone.tick(visit, "kit/after", true);
    assert_eq!(phone.round().await.acks[0].outcome, Outcome::Stored);
    let actor = phone.actor(visit);
    let more = mixed(phone.doc(visit), actor, &app.id().to_string(), &reading.to_string(), "");
    let path = refused(&mut phone, visit, vec![more]).await;
    let done = dispatcher.post(format!("{path}/salvage"), json!({"records": [0]})).await.expect(200);
    assert_eq!(done["item"]["state"], "salvaged");
    phone.sync().await;
    assert_eq!(phone.view(visit).measures.len(), 2);
    let metas = phone.doc(visit).change_metas();
    let salvaged = metas.iter().filter(|meta| meta.actor != actor && meta.seq > 0 && !meta.deps.is_empty());
    let writers: std::collections::BTreeSet<_> = salvaged.map(|meta| meta.actor).collect();
    assert_eq!(writers.len(), 2, "an actor for each time");
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn what_is_salvaged_stays_beside_what_was_written_since() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    let before = phone.heads(visit);
    let actor = phone.actor(visit);
    let poisoned = nested(phone.doc(visit), actor, 1);
    phone.tick(visit, "kit/a", false);
    let [undone] = <[_; 1]>::try_from(phone.doc(visit).changes_since(&before).expect("one change")).expect("one");
    let undone = after(&change_of(undone), &poisoned);
    let path = refused(&mut phone, visit, vec![poisoned, undone]).await;

    app.clock.advance_secs(60);
    let mut colleague = app.phone_of(YUNZE.rep()).await;
    colleague.sync().await;
    colleague.tick(visit, "kit/a", true);
    colleague.sync().await;

    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let salvage = format!("{path}/salvage");
    let shown = dispatcher.get(&salvage).await.expect(200);
    let records = shown["records"].as_array().expect("records");
    let at = records.iter().position(|one| one["map"] == "ticks").expect("the tick");
    assert_eq!(records[at]["is_held"], false);
    let done = dispatcher.post(&salvage, json!({"records": [at]})).await.expect(200);
    assert_eq!(done["records"][at]["is_held"], true, "{done}");
    colleague.sync().await;
    let view = colleague.view(visit);
    let [conflict] = view.conflicts.as_slice() else { panic!("one conflict: {:?}", view.conflicts) };
    assert_eq!((conflict.key.as_str(), conflict.candidates.len()), ("kit/a", 2), "neither has taken the other's place");
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn what_a_phone_left_behind_that_is_suspended_since_is_salvaged_all_the_same() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    let actor = phone.actor(visit);
    let reading = json!({"code": "optical_power", "value": "-18.30", "unit": "dBm", "source": "typed",
        "at": phone.stamp(), "by": phone.device.member.id});
    let bytes = mixed(phone.doc(visit), actor, &app.id().to_string(), &reading.to_string(), "");
    let path = refused(&mut phone, visit, vec![bytes]).await;
    let device = format!("/v1/devices/{}", phone.device.id);
    let admin = app.role(YUNZE, Role::Admin).await;
    assert_eq!(admin.post_empty(format!("{device}/suspend")).await.status, 204);

    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let done = dispatcher.post(format!("{path}/salvage"), json!({"records": [0]})).await.expect(200);
    assert_eq!(done["item"]["state"], "salvaged");
    assert_eq!(admin.get(device).await.expect(200)["marks"], json!([]), "what the office writes is not the phone's");
}

#[actix_web::test]
async fn a_first_push_that_was_refused_whole_is_salvaged_into_a_new_document() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.tick(visit, "kit/a", true);
    phone.device.app.clock.advance_secs(1);
    let mut bytes = phone.doc(visit).changes_since(&[]).expect("all changes");
    // The genesis change is lost, so nothing of the rest has a beginning.
    let genesis = bytes.remove(0);
    assert!(!genesis.is_empty());
    let orphan = altered(&tick(phone.doc(visit), OTHER, "kit/b"), |change| change.deps.clear());
    let path = refused(&mut phone, visit, vec![orphan]).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let done = dispatcher.post(format!("{path}/salvage"), json!({"records": [0]})).await.expect(200);
    assert_eq!(done["item"]["state"], "salvaged");
    phone.sync().await;
    let view = phone.view(visit);
    let is_held = view.findings.iter().any(|finding| finding.subject == "ticks/kit/b");
    assert!(is_held && view.ticks.contains_key("kit/a"), "{view:?}");
    assert_eq!(app.verified().await.differences, []);
}

/// The clock stands still: both changes are the same person's, of the same millisecond, in the names of two reps.
#[actix_web::test]
async fn what_was_taken_over_for_two_reps_at_once_is_built_anew_and_compared() {
    let app = TestApp::new().await;
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    for (number, member) in [YUNZE.rep(), YUNZE.colleague()].into_iter().enumerate() {
        let mut phone = app.phone_of(member).await;
        phone.sync().await;
        phone.tick(visit, &format!("kit/{number}"), true);
        phone.sync().await;
        let actor = phone.actor(visit);
        let reading = json!({"code": "optical_power", "value": "-18.30", "unit": "dBm", "source": "typed",
            "at": phone.stamp(), "by": member.id});
        let bytes = mixed(phone.doc(visit), actor, &app.id().to_string(), &reading.to_string(), "");
        let path = refused(&mut phone, visit, vec![bytes]).await;
        dispatcher.post(format!("{path}/salvage"), json!({"records": [0]})).await.expect(200);
    }
    let sound = app.verified().await;
    assert_eq!((sound.differences, sound.counts["documents"]), (vec![], 1));
    let rows = app.read(move |conn| load_projection(conn, YUNZE.org, visit)).await;
    let authors: Vec<_> = rows.readings.iter().map(|reading| reading.taken_by.0).collect();
    assert_eq!(authors, [YUNZE.rep().id, YUNZE.colleague().id]);

    // A change that nobody took over is nobody's.
    run(&app, "UPDATE quarantine SET settled_by = NULL".to_owned()).await;
    let found = app.verified().await.differences;
    assert!(found.iter().any(|one| one.check == "doc_changes" && one.id == visit.to_string()), "{found:?}");
}

#[actix_web::test]
async fn a_dismissed_item_keeps_its_bytes_and_says_who_dismissed_it_and_why() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    let actor = phone.actor(visit);
    let bytes = nested(phone.doc(visit), actor, 1);
    let path = refused(&mut phone, visit, vec![bytes]).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let dismiss = |remark: &str| dispatcher.post(format!("{path}/dismiss"), json!({ "remark": remark }));
    assert_eq!(dismiss(" ").await.outcome(), (422, "invalid".to_owned()));
    let shown = dismiss("测试机").await.expect(200);
    assert_eq!((&shown["state"], &shown["remark"]), (&json!("dismissed"), &json!("测试机")));
    assert_eq!(shown["settled_by"], json!(YUNZE.member(Role::Dispatcher).id));
    assert_eq!(dispatcher.get(format!("{path}/bytes")).await.status, 200);
    // A rep sees his own item, not its bytes; somebody of another team sees nothing.
    let rep = phone.device.client();
    assert_eq!(rep.get(&path).await.expect(200)["state"], "dismissed");
    assert_eq!(rep.get(format!("{path}/bytes")).await.outcome(), (403, "forbidden".to_owned()));
    let stranger = app.signed_in(YUNZE.stranger()).await;
    assert_eq!(stranger.get(&path).await.outcome(), (404, "not_found".to_owned()));
}
