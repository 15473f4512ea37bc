//! Whose changes are after a restore that forgot who used their actor.

use doorstep::domain::Role;
use doorstep_store::documents::find_actor;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::{Value, json};
use sync_core::bytes::{Actor, Blob};
use sync_core::guard::{Limits, heads_of};
use sync_core::ids::{DeviceId, VisitId};
use sync_core::protocol::{Ack, Outcome, PushDoc, SyncRequest};
use sync_core::repo::document_id;

use super::helpers::{quarantined, run};
use crate::repo::scene::{Socket, frame, kind, message};

/// A crew on a visit whose document the server has.
async fn crew<'a>(app: &'a TestApp) -> (Phone<'a>, Phone<'a>, VisitId) {
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep(), YUNZE.colleague()]).await.visit;
    let mut rep = app.phone_of(YUNZE.rep()).await;
    rep.sync().await;
    rep.tick(visit, "kit/otdr", true);
    rep.sync().await;
    let mut colleague = app.phone_of(YUNZE.colleague()).await;
    colleague.sync().await;
    (rep, colleague, visit)
}

/// The data become restored ones, under the same epoch, so that the process goes on.
async fn restore(app: &TestApp) {
    app.clock.advance_secs(300);
    let now = app.now().0;
    run(app, format!("UPDATE store_epoch SET previous_id = id, created_at_ms = {now}, backup_made_at_ms = 1")).await;
}

/// Writes a note under a new actor; gives the actor and the change.
fn note(phone: &mut Phone<'_>, visit: VisitId, text: &str) -> (Actor, Vec<u8>) {
    phone.write(visit, |edit| edit.set_notes(text));
    (phone.actor(visit), phone.unsent_chunks(visit).pop().expect("a change"))
}

async fn push(phone: &Phone<'_>, visit: VisitId, chunks: &[&Vec<u8>], actors: Option<Vec<Actor>>) -> Ack {
    let heads = heads_of(chunks, &Limits::DEFAULT);
    let chunks = chunks.iter().map(|chunk| Blob((*chunk).clone())).collect();
    let doc = PushDoc { heads, chunks, actors, ..PushDoc::asking(visit) };
    let request = phone.sealed(SyncRequest { docs: vec![doc], ..phone.empty_request() });
    phone.exchange(&request).await.acks[0].clone()
}

async fn owner(app: &TestApp, actor: Actor) -> Option<DeviceId> {
    app.read(move |conn| find_actor(conn, YUNZE.org, actor)).await.map(|(_, device)| device)
}

fn told(ack: &Ack) -> (Outcome, Option<&str>) {
    (ack.outcome, ack.code.as_deref())
}

/// The states of all items, by device.
async fn states(app: &TestApp) -> Vec<(DeviceId, String, String)> {
    let items = app.role(YUNZE, Role::Dispatcher).await.get("/v1/quarantine?page_size=100").await.expect(200);
    let text = |item: &Value, field: &str| item[field].as_str().expect("a text").to_owned();
    let items = items["items"].as_array().expect("a list").iter();
    let mut states: Vec<_> = items
        .map(|item| (text(item, "device_id").parse().expect("an id"), text(item, "code"), text(item, "state")))
        .collect();
    states.sort();
    states
}

#[actix_web::test]
async fn a_colleagues_changes_become_nobody_elses_and_stay_his_once_he_comes() {
    let app = TestApp::new().await;
    let (rep, mut colleague, visit) = crew(&app).await;
    let (actor, change) = note(&mut colleague, visit, "second floor");
    restore(&app).await;
    let unnamed = push(&rep, visit, &[&change], None).await;
    assert_eq!(told(&unnamed), (Outcome::Quarantined, Some("writer_unknown")));
    let disowned = push(&rep, visit, &[&change], Some(Vec::new())).await;
    assert_eq!(told(&disowned), (Outcome::NeedReplay, Some("actor_not_yours")));
    assert_eq!(owner(&app, actor).await, None);
    assert_eq!(quarantined(&app, YUNZE).await[0].bytes, change, "byte for byte");
    assert_eq!(states(&app).await, [(rep.device.id, "writer_unknown".to_owned(), "open".to_owned())]);

    let own = push(&colleague, visit, &[&change], Some(vec![actor])).await;
    assert_eq!(told(&own), (Outcome::Stored, None));
    assert_eq!(owner(&app, actor).await, Some(colleague.device.id));
    assert_eq!(states(&app).await, [(rep.device.id, "writer_unknown".to_owned(), "redriven".to_owned())]);
    let (_, next) = note(&mut colleague, visit, "second floor, left");
    assert_eq!(push(&colleague, visit, &[&next], None).await.outcome, Outcome::Stored, "it is known by now");
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn a_door_makes_nothing_of_a_colleague_its_own_devices_after_a_restore() {
    let app = TestApp::new().await;
    let (rep, mut colleague, visit) = crew(&app).await;
    let (actor, change) = note(&mut colleague, visit, "second floor");
    restore(&app).await;
    let door = app.listen();
    let mut socket = Socket::join(&door, &rep.device.access, "laptop").await;
    socket.send(&frame("sync", "laptop", &document_id(visit), message(&[&change]))).await;
    assert_eq!(kind(&socket.next().await.expect("an answer")), "sync");
    assert_eq!((quarantined(&app, YUNZE).await.len(), owner(&app, actor).await), (1, None));
    assert_eq!(push(&colleague, visit, &[&change], Some(vec![actor])).await.outcome, Outcome::Stored);
    assert_eq!(states(&app).await, [(rep.device.id, "writer_unknown".to_owned(), "redriven".to_owned())]);
}

#[actix_web::test]
async fn without_a_word_records_of_the_user_count_as_his_only_devices_and_what_is_newer_than_the_restore_does() {
    let app = TestApp::new().await;
    let (mut rep, _, visit) = crew(&app).await;
    let lone = |phone: &mut Phone<'_>, step: &str| {
        phone.use_actor(visit, Actor::try_from(&phone.device.app.state.random.bytes32()[..16]).expect("16 bytes"));
        phone.tick(visit, step, true);
        (phone.actor(visit), phone.unsent_chunks(visit).pop().expect("a change"))
    };
    let (_, before) = lone(&mut rep, "safety");
    restore(&app).await;
    assert_eq!(push(&rep, visit, &[&before], None).await.outcome, Outcome::Stored, "he has no other device");
    rep.sync().await;

    let mut second = app.phone_of(YUNZE.rep()).await;
    second.sync().await;
    let (actor, lost) = lone(&mut second, "kit/fusion");
    restore(&app).await;
    assert_eq!(told(&push(&rep, visit, &[&lost], None).await), (Outcome::Quarantined, Some("writer_unknown")));
    let (newer, change) = lone(&mut rep, "kit/cleaver");
    assert_eq!(push(&rep, visit, &[&change], None).await.outcome, Outcome::Stored, "written since");
    assert_eq!(owner(&app, newer).await, Some(rep.device.id));
    assert_eq!(push(&second, visit, &[&lost], Some(vec![actor])).await.outcome, Outcome::Stored);
    assert_eq!(owner(&app, actor).await, Some(second.device.id));
}

#[actix_web::test]
async fn what_the_office_re_drives_is_the_devices_that_brought_it_and_the_owner_goes_on_under_another_actor() {
    let app = TestApp::new().await;
    let (rep, mut colleague, visit) = crew(&app).await;
    let (actor, change) = note(&mut colleague, visit, "second floor");
    let (_, next) = note(&mut colleague, visit, "second floor, left");
    restore(&app).await;
    let id = push(&rep, visit, &[&change], None).await.hash.expect("a name");
    let path = format!("/v1/quarantine/{}/{id}", rep.device.id);
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    assert_eq!(dispatcher.get(&path).await.expect(200)["remedies"], json!(["redrive", "salvage"]));
    let done = dispatcher.post_empty(format!("{path}/redrive")).await.expect(200);
    assert_eq!((&done["outcome"], &done["item"]["state"]), (&json!("stored"), &json!("redriven")));
    assert_eq!(owner(&app, actor).await, Some(rep.device.id));

    let late = push(&colleague, visit, &[&change, &next], Some(vec![actor])).await;
    assert_eq!(told(&late), (Outcome::NeedReplay, Some("actor_not_yours")), "written anew, nothing is lost");
    assert_eq!(app.verified().await.differences, []);
}

#[actix_web::test]
async fn a_device_that_says_which_actors_are_its_own_gets_no_other_even_without_a_restore() {
    let app = TestApp::new().await;
    let (rep, mut colleague, visit) = crew(&app).await;
    let (actor, change) = note(&mut colleague, visit, "second floor");
    let disowned = push(&rep, visit, &[&change], Some(vec![rep_actor()])).await;
    assert_eq!(told(&disowned), (Outcome::NeedReplay, Some("actor_not_yours")));
    let unnamed = push(&colleague, visit, &[&change], None).await;
    assert_eq!((unnamed.outcome, owner(&app, actor).await), (Outcome::Stored, Some(colleague.device.id)));
}

const fn rep_actor() -> Actor {
    Actor([0x5e; 16])
}
