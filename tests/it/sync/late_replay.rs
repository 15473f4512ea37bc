//! What a phone writes anew once somebody of the office decided about the same item stands once, whatever came first.

use doorstep::domain::{Role, TokenKind};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::json;
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::Map;
use sync_core::ids::VisitId;
use sync_core::protocol::{Ack, Outcome, SyncRequest};

use super::ended_access::{forbidden_reading, revoke};
use super::helpers::{quarantined, run_at, with_the_next};
use super::hostile::craft::{after, nested, tick};
use super::remedies::{OTHER, known_visit, refuse_readings, refused};
use super::settled_meanwhile::pushes;

const NOTE: &str = "走廊弱电井";

fn name_of(path: &str) -> Hash {
    path.rsplit('/').next().and_then(|hash| hash.parse().ok()).expect("a hash")
}

/// A reading with a note that lies in quarantine for a defect of the server, mended since, and the request with which the
/// phone writes the note anew.
async fn written_anew(app: &TestApp) -> (Phone<'_>, VisitId, String, SyncRequest) {
    let (mut phone, visit) = known_visit(app).await;
    let actor = phone.actor(visit);
    let record = json!({"code": "optical_power", "value": "-18.30", "unit": "dBm", "source": "typed",
        "at": phone.stamp(), "by": phone.device.member.id});
    let key = app.id().to_string();
    let written = phone.doc(visit).clone().edit(actor, |edit| {
        edit.put(Map::Measures, &key, &record)?;
        edit.set_notes(NOTE)
    });
    refuse_readings(app, visit, true);
    let path = refused(&mut phone, visit, vec![written.expect("an edit").expect("a change").chunk]).await;
    refuse_readings(app, visit, false);
    phone.use_actor(visit, OTHER);
    phone.write(visit, |edit| edit.set_notes(NOTE));
    let anew = naming(phone.request(), &[name_of(&path)]);
    (phone, visit, path, anew)
}

fn naming(mut request: SyncRequest, items: &[Hash]) -> SyncRequest {
    request.docs[0].replays = items.to_vec();
    request
}

async fn told(phone: &Phone<'_>, request: &SyncRequest) -> Ack {
    phone.exchange(request).await.acks.remove(0)
}

/// How the phone is told that the office made use of the item meanwhile; with the name of what it sent.
async fn told_too_late(app: &TestApp, phone: &Phone<'_>, visit: VisitId, request: &SyncRequest, by: Outcome) -> Hash {
    let before = pushes(app, visit).await.len();
    let ack = told(phone, request).await;
    assert_eq!((ack.outcome, ack.code.as_deref()), (by, Some("settled_meanwhile")), "{ack:?}");
    assert_eq!(told(phone, request).await, ack, "the same body again is the same item");
    assert_eq!(quarantined(app, YUNZE).await.len(), 2);
    assert_eq!(pushes(app, visit).await.len(), before, "nothing of it counts");
    ack.hash.expect("a name")
}

async fn notes_for_the_crew(app: &TestApp, visit: VisitId) -> usize {
    let mut colleague = app.phone_of(YUNZE.rep()).await;
    colleague.sync().await;
    colleague.view(visit).notes.matches(NOTE).count()
}

#[actix_web::test]
async fn what_comes_after_the_office_made_use_of_the_item_is_written_anew_once_more() {
    for (remedy, body, state) in [("redrive", json!({}), "redriven"), ("salvage", json!({"notes": [0]}), "salvaged")] {
        let app = TestApp::new().await;
        let (phone, visit, path, anew) = written_anew(&app).await;
        let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
        let url = format!("{path}/{remedy}");
        // Another node, whose clock is ahead.
        app.clock.advance_secs(60);
        let done =
            if remedy == "redrive" { dispatcher.post_empty(url).await } else { dispatcher.post(url, body).await };
        assert_eq!(done.expect(200)["item"]["state"], state);

        app.clock.advance_secs(-60);
        let name = told_too_late(&app, &phone, visit, &anew, Outcome::NeedReplay).await;
        let second = format!("/v1/quarantine/{}/{name}", phone.device.id);
        assert_eq!(dispatcher.get(&second).await.expect(200)["remedies"], json!(["replay", "salvage"]));
        let again = dispatcher.post_empty(format!("{second}/redrive")).await.expect(200);
        assert_eq!((&again["code"], &again["item"]["state"]), (&json!("settled_meanwhile"), &json!("open")));

        // The phone reads what the office did, and goes on from there.
        let mut reader = app.phone_of(YUNZE.rep()).await;
        reader.sync().await;
        let goes_on = reader
            .doc(visit)
            .clone()
            .edit(Actor([0x5c; 16]), |edit| edit.put(Map::Ticks, "kit/z", &json!({"done": true})));
        let chunk = goes_on.expect("an edit").expect("a change").chunk;
        let goes_on = naming(phone.pushing(visit, vec![chunk]), &[name_of(&path), name]);
        assert_eq!(told(&phone, &goes_on).await.outcome, Outcome::Stored);
        for (path, state) in [(&path, state), (&second, "replayed")] {
            assert_eq!(dispatcher.get(path).await.expect(200)["state"], state);
        }
        assert_eq!(told(&phone, &goes_on).await.outcome, Outcome::Duplicate);
        assert_eq!(notes_for_the_crew(&app, visit).await, 1);
        assert_eq!(app.verified().await.differences, []);
    }
}

#[actix_web::test]
async fn of_what_the_office_made_use_of_since_a_phone_was_told_it_is_told_whatever_a_clock_says() {
    let app = TestApp::new().await;
    let (mut phone, visit, path, _) = written_anew(&app).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    app.clock.advance_secs(120);
    // A second item, by a copy of the phone's store.
    let mut copy = app.phone_of(YUNZE.rep()).await;
    copy.sync().await;
    let actor = copy.actor(visit);
    let bad = nested(copy.doc(visit), actor, 1);
    let good = after(&tick(copy.doc(visit), actor, "kit/z"), &bad);
    let other = told(&phone, &phone.pushing(visit, vec![bad, good])).await.hash.expect("a name");
    dispatcher.post_empty(format!("{path}/redrive")).await.expect(200);
    let anew = naming(phone.request(), &[name_of(&path), other]);
    let first = told(&phone, &anew).await;
    assert_eq!(first.code.as_deref(), Some("settled_meanwhile"), "{first:?}");

    // On another node, whose clock is behind.
    app.clock.advance_secs(-60);
    let salvage = format!("/v1/quarantine/{}/{other}/salvage", phone.device.id);
    dispatcher.post(salvage, json!({"records": [0]})).await.expect(200);
    app.clock.advance_secs(60);
    phone.tick(visit, "kit/y", true);
    let names = [name_of(&path), other, first.hash.expect("a name")];
    let anew = naming(phone.request(), &names);
    let second = told(&phone, &anew).await;
    assert_eq!(second.code.as_deref(), Some("settled_meanwhile"), "it was not told of the second item: {second:?}");
    phone.tick(visit, "kit/x", true);
    let anew = naming(phone.request(), &[names.as_slice(), &[second.hash.expect("a name")]].concat());
    assert_eq!(told(&phone, &anew).await.outcome, Outcome::Stored);
}

#[actix_web::test]
async fn what_a_phone_brings_too_late_that_may_only_upload_waits_for_the_office() {
    let app = TestApp::new().await;
    let (mut phone, visit, path, anew) = written_anew(&app).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    dispatcher.post_empty(format!("{path}/redrive")).await.expect(200);
    phone.device.access = app.session(YUNZE.rep(), Some(phone.device.id), TokenKind::Upload).await;
    let name = told_too_late(&app, &phone, visit, &anew, Outcome::Quarantined).await;
    let shown = dispatcher.get(format!("/v1/quarantine/{}/{name}/salvage", phone.device.id)).await.expect(200);
    assert_eq!(shown["notes"][0]["is_held"], true, "nothing is to be done about it");
    assert_eq!(notes_for_the_crew(&app, visit).await, 1);
}

#[actix_web::test]
async fn an_item_that_is_settled_while_it_is_written_anew_is_found_before_anything_is_stored() {
    let app = TestApp::new().await;
    let (phone, visit, _, anew) = written_anew(&app).await;
    let before = pushes(&app, visit).await.len();
    let url = &app.state.config.database_url;
    run_at(
        url,
        &with_the_next(
            "doc_actors",
            "UPDATE quarantine SET state = 'salvaged', settled_at_ms = 1, version = version + 1",
        ),
    );
    assert_eq!(phone.send(&anew).await.outcome(), (503, "busy".to_owned()));
    assert_eq!(pushes(&app, visit).await.len(), before);
    run_at(url, &["DROP TRIGGER meanwhile", "DROP TRIGGER meanwhile ON doc_actors"].map(str::to_owned));
    assert_eq!(told(&phone, &anew).await.outcome, Outcome::Stored);
}

#[actix_web::test]
async fn what_a_phone_writes_anew_though_it_was_dismissed_is_not_driven_again() {
    let app = TestApp::new().await;
    let (phone, visit, path, anew) = written_anew(&app).await;
    // As if it was the guard that had the defect: what it refuses, phones write anew.
    let recoded = "UPDATE quarantine SET code = 'operation_not_allowed'";
    let guarded = ["DROP TRIGGER quarantine_no_update", "ALTER TABLE quarantine DISABLE TRIGGER USER"];
    run_at(&app.state.config.database_url, &guarded.map(|off| format!("{off}; {recoded}")));
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    dispatcher.post(format!("{path}/dismiss"), json!({"remark": "测试机"})).await.expect(200);
    assert_eq!(told(&phone, &anew).await.outcome, Outcome::Stored);
    let shown = dispatcher.get(&path).await.expect(200);
    // Who dismissed it stays with what he said, and the room that he made for the phone stays made.
    let by = json!(YUNZE.member(Role::Dispatcher).id);
    let expected = (&json!("replayed"), &by, &json!("测试机"));
    assert_eq!((&shown["state"], &shown["settled_by"], &shown["remark"]), expected);
    let again = dispatcher.post_empty(format!("{path}/redrive")).await;
    assert_eq!(again.outcome(), (409, "state_invalid".to_owned()));
    assert_eq!(notes_for_the_crew(&app, visit).await, 1);
}

#[actix_web::test]
async fn what_a_revoked_phone_wrote_anew_settles_the_item_once_it_is_driven_again() {
    for is_salvaged in [false, true] {
        let app = TestApp::new().await;
        let (mut phone, visit, path) = forbidden_reading(&app).await;
        phone.use_actor(visit, OTHER);
        phone.tick(visit, "kit/z", true);
        let anew = naming(phone.request(), &[name_of(&path)]);
        revoke(&app, &mut phone).await;
        let ack = told(&phone, &anew).await;
        assert_eq!((ack.outcome, ack.code.as_deref()), (Outcome::Quarantined, Some("device_revoked")));
        let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
        assert_eq!(dispatcher.get(&path).await.expect(200)["state"], "open");

        if is_salvaged {
            dispatcher.post(format!("{path}/salvage"), json!({"records": [0]})).await.expect(200);
        }
        let second = format!("/v1/quarantine/{}/{}", phone.device.id, ack.hash.expect("a name"));
        let done = dispatcher.post_empty(format!("{second}/redrive")).await.expect(200);
        let first = dispatcher.get(&path).await.expect(200);
        let told = [&done["outcome"], &done["item"]["state"], &first["state"]];
        let expected =
            if is_salvaged { ["quarantined", "open", "salvaged"] } else { ["stored", "redriven", "replayed"] };
        assert_eq!(told, expected, "{done}");
    }
}

#[actix_web::test]
async fn an_item_of_which_only_the_beginning_counts_is_settled_and_the_rest_is_an_item_of_its_own() {
    let app = TestApp::new().await;
    let (mut phone, visit) = known_visit(&app).await;
    phone.measure(visit, "optical_power", "-18.30", "dBm");
    let actor = phone.actor(visit);
    let forbidden = nested(phone.doc(visit), actor, 1);
    refuse_readings(&app, visit, true);
    let chunks = phone.unsent_chunks(visit).into_iter().chain([forbidden]).collect();
    let path = refused(&mut phone, visit, chunks).await;
    refuse_readings(&app, visit, false);

    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let again = dispatcher.post_empty(format!("{path}/redrive")).await.expect(200);
    assert_eq!((&again["code"], &again["item"]["state"]), (&json!("operation_not_allowed"), &json!("redriven")));
    assert_eq!(quarantined(&app, YUNZE).await.len(), 2);
    let open = dispatcher.get("/v1/quarantine?state=open").await.expect(200);
    let codes: Vec<_> = open["items"].as_array().expect("items").iter().map(|item| item["code"].clone()).collect();
    assert_eq!(codes, [json!("operation_not_allowed")]);
    let mut colleague = app.phone_of(YUNZE.rep()).await;
    colleague.sync().await;
    assert_eq!(colleague.view(visit).measures.len(), 1, "what could be taken counts");
}
