//! Changes set aside of which no server is known to keep a copy: they go, within the room there is, and in turn.

use serde_json::{Value, json};
use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::ids::{EpochId, VisitId};
use sync_core::merge;
use sync_core::protocol::codec::Encoding;
use sync_core::protocol::{Ack, Outcome, ProtocolLimits, SyncRequest, decode_request};

use super::size_tests::long_notes;
use super::tests::{ack, begun, sync};
use crate::store::model::{DocState, Edit, SetAside, UnsentChange};
use crate::store::tx::UNSENT;
use crate::testing::server::{Fault, Server, Stance};
use crate::testing::{NUMBER, TestPhone, VISIT};

/// Sets a change aside that no server is known to keep.
fn set_aside(phone: &TestPhone, visit: VisitId, at_ms: i64, change: &(Hash, Vec<u8>)) {
    let (hash, chunk) = (change.0, Some(Blob(change.1.clone())));
    // Only of what this phone wrote are edits known.
    let row = UnsentChange { hash, at_ms, edits: vec![Edit::put(Map::Ticks, "kit", json!({"done": true}))] };
    let item = SetAside { is_unsent: true, ..SetAside::new(visit, "field_limit", row, chunk) };
    phone.phone().store.write(|tx| tx.add_set_aside(&item)).unwrap();
}

/// A change that puts a record and lets the document have it.
fn change(doc: &mut VisitDoc, actor: u8, key: &str, record: &Value) -> (Hash, Vec<u8>) {
    let change = doc.edit(Actor([actor; 16]), |edit| edit.put(Map::Ticks, key, record)).unwrap().unwrap();
    (change.hash, change.chunk)
}

fn requests(server: &Server) -> Vec<SyncRequest> {
    let decode = |body: &Vec<u8>| decode_request(body, Encoding::Cbor, &ProtocolLimits::DEFAULT).unwrap();
    server.bodies.iter().map(decode).collect()
}

/// How often a request brought a change.
fn times(server: &Server, hash: Hash) -> usize {
    requests(server).iter().filter(|request| request.pushed().any(|push| push.heads.contains(&hash))).count()
}

#[test]
fn very_many_keep_to_the_room_of_a_request() {
    let (phone, mut server) = begun();
    server.limits = [("sync_encoded_bytes".to_owned(), 32 * 1024)].into();
    sync(&phone, &mut server);
    for number in 0..40u8 {
        let visit = VisitId::from_bytes([number + 100; 16]);
        let letters = (0..6_000u32).map(|at| char::from(b'a' + u8::try_from((at * at + at) % 23).unwrap()));
        let record = json!({"done": true, "text": letters.collect::<String>()});
        let one = change(&mut VisitDoc::create(visit).unwrap(), number + 1, "kit", &record);
        set_aside(&phone, visit, i64::from(number), &(one.0, [one.1, vec![number; 3_000]].concat()));
    }
    phone.run(&["intent", "day_note", "-f", "text=rain"]);
    // A revoked phone's server reads nothing of what it keeps, whatever it is.
    server.stance = Stance::Revoked;
    server.takes_bytes = 32 * 1024;
    server.bodies.clear();
    let before = phone.outstanding();
    assert_eq!((before, sync(&phone, &mut server)["outstanding"]["total"].clone()), (41, json!(0)));
    let brought: Vec<usize> = requests(&server).iter().map(|request| request.pushed().count()).collect();
    assert_eq!(brought.iter().sum::<usize>(), 40, "each went once, in a request that was not refused: {brought:?}");
    assert_eq!((brought[0], requests(&server)[0].intents.len()), (0, 1), "everything else goes first");
    assert!(brought.iter().all(|count| *count < 10), "{brought:?}");
}

#[test]
fn one_that_is_not_taken_keeps_back_no_other() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    let mut doc = server.docs[&VISIT].clone();
    let lost = change(&mut doc, 70, "talk/form_shown", &json!({"done": true}));
    let stuck = change(&mut doc, 70, "talk/rules_explained", &json!({"done": true}));
    let good = change(&mut server.docs[&VISIT].clone(), 71, "talk/form_shown", &json!({"done": true}));
    // The older one is first in turn, and its past is nowhere.
    set_aside(&phone, VISIT, 1, &stuck);
    set_aside(&phone, VISIT, 2, &good);
    phone.run(&["note", NUMBER, "goes on"]);
    server.bodies.clear();
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 1, "only what the server cannot take stays");
    assert!(server.docs[&VISIT].has_change(&good.0));
    assert_eq!(merge::view(&server.docs[&VISIT]).notes, "goes on");
    assert_eq!(times(&server, good.0), 1);

    // It is tried again by the next sync, and by then its past is here.
    server.bodies.clear();
    server.docs.get_mut(&VISIT).unwrap().apply_trusted(&[lost.1], &[]).unwrap();
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert!(server.docs[&VISIT].has_change(&stuck.0));
}

#[test]
fn a_visit_the_server_does_not_know_any_more_keeps_its_record_here_and_every_sync_ends() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    let one = change(&mut server.docs[&VISIT].clone(), 70, "talk/form_shown", &json!({"done": true}));
    set_aside(&phone, VISIT, 1, &one);
    server.unknown.insert(VISIT);
    for _ in 0..3 {
        server.bodies.clear();
        assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 1);
        assert!((1..=3).contains(&times(&server, one.0)), "{}", server.bodies.len());
    }
    server.unknown.clear();
    assert_eq!(
        sync(&phone, &mut server)["outstanding"]["total"],
        0,
        "it is taken as soon as the server knows the visit"
    );
}

#[test]
fn a_change_of_unknown_edits_is_set_aside_as_unsent_while_another_is_refused() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    phone.run(&["note", NUMBER, "relayed"]);
    let relayed: Hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    phone
        .phone()
        .store
        .write(|tx| {
            let (key, row) = tx.unsent_changes(VISIT)?.remove(0);
            tx.set(UNSENT, &key, &UnsentChange { edits: Vec::new(), ..row })
        })
        .unwrap();
    phone.run(&["measure", NUMBER, "optical_power", "-18.30"]);
    let offends = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    server
        .scripted
        .insert(VISIT, Ack { hash: Some(offends), code: Some("field_limit".to_owned()), ..ack(Outcome::NeedReplay) });
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    let doc = &server.docs[&VISIT];
    assert!(doc.has_change(&relayed) && !doc.has_change(&offends), "the server kept only the offender");
    assert_eq!(merge::view(doc).notes, "relayed");
}

#[test]
fn a_refused_change_of_the_document_is_written_anew_though_it_was_set_aside_before() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    phone.run(&["note", NUMBER, "offends"]);
    let hash: Hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    let code = || Some("field_limit".to_owned());
    server.scripted.insert(VISIT, Ack { hash: Some(hash), code: code(), ..ack(Outcome::Quarantined) });
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);

    // Other data, and a server that wants the rest without it: the document has it still.
    server.epoch = EpochId::from_bytes([7; 16]);
    phone.run(&["measure", NUMBER, "optical_power", "-18.30"]);
    server.refuses = Some(hash);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    let view = merge::view(&server.docs[&VISIT]);
    assert_eq!((view.notes.as_str(), view.measures.len(), view.ticks.len()), ("", 1, 6));
}

#[test]
fn what_is_written_anew_in_parts_names_what_it_replays_with_its_last_part() {
    let (phone, mut server) = begun();
    long_notes(&phone, 4);
    let hash: Hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    let code = Some("actor_forked".to_owned());
    server.limits = [("sync_encoded_bytes".to_owned(), 24 * 1024)].into();
    server.scripted.insert(VISIT, Ack { hash: Some(hash), code, ..ack(Outcome::NeedReplay) });
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    let requests = requests(&server);
    let parts: Vec<_> = requests.iter().flat_map(SyncRequest::pushed).skip(1).collect();
    let named: Vec<usize> = parts.iter().map(|push| push.replays.len()).collect();
    assert!(parts.len() > 1, "{named:?}");
    assert_eq!(named, [vec![0; parts.len() - 1], vec![1]].concat());
    assert_eq!(json!(parts.last().unwrap().heads), phone.heads());
}

#[test]
fn a_document_that_nobody_takes_keeps_back_nothing_that_was_set_aside() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    phone.run(&["note", NUMBER, "nobody takes it"]);
    let head: Hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    let stuck = (head, phone.chunk(head));
    set_aside(&phone, VISIT, 0, &stuck);
    server.unknown.insert(VISIT);
    let other = VisitId::from_bytes([77; 16]);
    server.docs.insert(other, VisitDoc::create(other).unwrap());
    let others: Vec<_> = (1..7u8)
        .map(|actor| change(&mut VisitDoc::create(other).unwrap(), actor, "talk/form_shown", &json!({"done": true})))
        .collect();
    (0..).zip(&others).for_each(|(at_ms, one)| set_aside(&phone, other, at_ms, one));
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 2, "the change itself, and as it was set aside");
    assert!(others.iter().all(|(hash, _)| server.docs[&other].has_change(hash)), "all of them with one sync");
}

#[test]
fn what_was_to_be_written_anew_is_offered_as_it_was_once_the_data_are_others() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    phone.run(&["note", NUMBER, "offends"]);
    let hash: Hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    let code = Some("field_limit".to_owned());
    server.scripted.insert(VISIT, Ack { hash: Some(hash), code, ..ack(Outcome::NeedReplay) });
    server.faults.extend([Fault::Nothing, Fault::Unreachable]);
    assert!(phone.sync(&mut server).is_err(), "it was refused, and then the network went");

    let mut restored = Server::new(&phone);
    restored.epoch = EpochId::from_bytes([7; 16]);
    restored.refuses = Some(hash);
    assert_eq!(sync(&phone, &mut restored)["outstanding"]["total"], 0);
    assert_eq!(times(&restored, hash), 1, "the one who has the data now keeps it, too");
}

#[test]
fn the_edits_of_what_was_set_aside_are_known_when_it_must_be_written_anew() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    phone.run(&["note", NUMBER, "offends"]);
    let hash: Hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    phone.run(&["measure", NUMBER, "optical_power", "-18.30"]);
    server.stance = Stance::Revoked;
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);

    // A backup from before the phone was revoked; and one of the changes is bad.
    (server.stance, server.epoch, server.refuses) = (Stance::Takes, EpochId::from_bytes([7; 16]), Some(hash));
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert_eq!(merge::view(&server.docs[&VISIT]).measures.len(), 1, "what depended on it was written anew");
}

#[test]
fn the_ack_of_a_question_says_nothing_of_what_was_brought_with_it() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    phone.run(&["note", NUMBER, "refused"]);
    let replayed = Hash([5; 32]);
    phone
        .phone()
        .store
        .write(|tx| {
            let state = tx.doc_state(VISIT)?;
            tx.set_doc_state(VISIT, &DocState { replays: vec![replayed], wants_snapshot: true, ..state })
        })
        .unwrap();
    server.scripted.insert(VISIT, Ack { code: Some("field_limit".to_owned()), ..ack(Outcome::Quarantined) });
    sync(&phone, &mut server);
    let state = phone.phone().store.read(|tx| tx.doc_state(VISIT)).unwrap();
    assert_eq!((state.replays, state.wants_snapshot), (vec![replayed], false));
}
