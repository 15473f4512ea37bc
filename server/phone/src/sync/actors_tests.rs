//! Whose changes are: what this phone names as its own, and what becomes of its own that the server has as another's.

use serde_json::json;
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::{Map, office_actor};
use sync_core::ids::EpochId;
use sync_core::merge;
use sync_core::protocol::codec::Encoding;
use sync_core::protocol::{Ack, DocForm, DocUpdate, Outcome, ProtocolLimits, PushDoc, decode_request};

use super::tests::{ack, begun, sync};
use crate::testing::server::Server;
use crate::testing::{NUMBER, REP, TestPhone, VISIT};

/// The documents that the requests brought.
fn pushed(server: &Server) -> Vec<PushDoc> {
    let request = |body: &Vec<u8>| decode_request(body, Encoding::Cbor, &ProtocolLimits::DEFAULT).unwrap();
    server.bodies.iter().flat_map(|body| request(body).pushed().cloned().collect::<Vec<_>>()).collect()
}

fn actor_of(phone: &TestPhone) -> Actor {
    phone.phone().store.read(|tx| tx.doc_state(VISIT)).unwrap().actor.unwrap()
}

#[test]
fn a_phone_names_the_writers_of_what_it_brings() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    phone.run(&["note", NUMBER, "second floor"]);
    sync(&phone, &mut server);
    let named: Vec<_> = pushed(&server).into_iter().map(|push| push.actors).collect();
    let first = Some(vec![actor_of(&phone)]);
    assert_eq!(named, [first, None], "of a whole document, but not genesis, and of the first change only");
}

#[test]
fn an_own_change_whose_actor_the_server_has_as_anothers_is_written_anew_with_all_that_follows() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    phone.run(&["note", NUMBER, "second floor"]);
    let hash: Hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    phone.run(&["measure", NUMBER, "optical_power", "-18.30"]);
    let old = actor_of(&phone);
    let code = Some("actor_not_yours".to_owned());
    server.scripted.insert(VISIT, Ack { hash: Some(hash), code, ..ack(Outcome::NeedReplay) });
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    let view = merge::view(&server.docs[&VISIT]);
    assert_eq!((view.notes.as_str(), view.measures.len()), ("second floor", 1));
    assert_ne!(actor_of(&phone), old);
    assert_eq!(phone.run(&["status"])["troubles"], json!([]));
}

/// The server gets a change of somebody else, and the phone reads it.
fn told(phone: &TestPhone, server: &mut Server, actor: Actor, by: sync_core::ids::UserId) -> Hash {
    let doc = server.docs.get_mut(&VISIT).unwrap();
    let at = json!({"wall_ms": 1, "mono_ms": 1, "boot_id": "0123ABCD"});
    let tick = json!({"done": true, "at": at, "by": by});
    let change = doc.edit(actor, |edit| edit.put(Map::Ticks, "kit/otdr", &tick)).unwrap().unwrap();
    let (heads, bytes) = (doc.heads(), sync_core::bytes::Blob(change.chunk));
    server.docs_out.push(DocUpdate { id: VISIT, form: DocForm::Delta, heads, bytes });
    sync(phone, server);
    change.hash
}

#[test]
fn what_the_office_wrote_in_the_name_of_the_rep_is_offered_again_by_his_phone_and_nothing_of_others() {
    let colleague = sync_core::ids::UserId::from_bytes([8; 16]);
    let office = office_actor(VISIT, [5; 8]);
    for (actor, by, is_offered) in [(office, REP, true), (office, colleague, false), (Actor([6; 16]), REP, false)] {
        let (phone, mut server) = begun();
        sync(&phone, &mut server);
        let backup = server.docs[&VISIT].clone();
        let change = told(&phone, &mut server, actor, by);
        // Its data are those of before.
        server.docs.insert(VISIT, backup);
        server.epoch = EpochId::from_bytes([7; 16]);
        server.bodies.clear();
        sync(&phone, &mut server);
        let brought: Vec<_> = pushed(&server).into_iter().flat_map(|push| push.actors.unwrap_or_default()).collect();
        assert_eq!(server.docs[&VISIT].has_change(&change), is_offered, "{actor} {by}");
        assert_eq!(brought.contains(&actor), is_offered, "{actor} {by}");
    }
}

#[test]
fn work_waits_a_day_for_what_a_colleague_wrote_and_no_longer() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    let backup = server.docs[&VISIT].clone();
    let lost = told(&phone, &mut server, Actor([6; 16]), sync_core::ids::UserId::from_bytes([8; 16]));
    phone.run(&["note", NUMBER, "second floor"]);
    sync(&phone, &mut server);
    server.docs.insert(VISIT, backup);
    server.epoch = EpochId::from_bytes([7; 16]);
    let waits =
        |server: &mut Server| sync(&phone, server)["problems"].to_string().contains("another phone of the crew");
    assert!(waits(&mut server));
    // What somebody sets the phone's clock to says nothing.
    phone.time("2025-03-09T09:00:00+08:00");
    server.now.0 += 24 * 60 * 60 * 1000 - 1;
    assert!(waits(&mut server));
    server.bodies.clear();
    server.now.0 += 1;
    assert!(!waits(&mut server));
    let brings_it = |push: &PushDoc| push.chunks.iter().any(|chunk| Hash::of(&chunk.0[8..]) == lost);
    let push = pushed(&server).into_iter().find(brings_it).expect("his work with his colleague's");
    assert_eq!(push.actors, Some(vec![actor_of(&phone)]), "what a colleague wrote is not named");
    assert!(!server.docs[&VISIT].has_change(&lost));
}
