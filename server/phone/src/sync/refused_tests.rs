//! Refused changes: written anew, set aside, and never without the server's word that it keeps them.

use serde_json::json;
use sync_core::bytes::{Actor, Hash};
use sync_core::ids::EpochId;
use sync_core::merge;
use sync_core::protocol::codec::Encoding;
use sync_core::protocol::{Ack, Outcome, ProtocolLimits, Row, decode_request};

use super::tests::{ack, begun, sync};
use crate::testing::server::Fault;
use crate::testing::{NUMBER, TestPhone, VISIT};
use crate::visit::edit;

#[test]
fn a_forked_actor_is_left_and_all_edits_are_written_anew() {
    let (phone, mut server) = begun();
    let hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    let code = Some("actor_forked".to_owned());
    server.scripted.insert(VISIT, Ack { hash: Some(hash), code, ..ack(Outcome::NeedReplay) });
    let old = phone.heads();
    let report = sync(&phone, &mut server);
    assert_eq!(report["outstanding"]["total"], 0, "{report}");
    assert_ne!(phone.heads(), old, "written by another actor");
    let view = merge::view(&server.docs[&VISIT]);
    assert_eq!((view.ticks.len(), view.answers.len(), view.pins.len()), (6, 1, 1));
    assert_eq!(json!(view.heads), phone.heads());
    phone.run(&["note", NUMBER, "later"]);
    sync(&phone, &mut server);
    assert_eq!(server.replayed, [hash], "named by what was written anew, and by nothing after it");
}

#[test]
fn an_offending_change_is_set_aside_and_the_others_are_written_anew() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    phone.run(&["note", NUMBER, "offends"]);
    let hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    phone.run(&["measure", NUMBER, "optical_power", "-18.30"]);
    let code = Some("record_too_large".to_owned());
    server.scripted.insert(VISIT, Ack { hash: Some(hash), code, ..ack(Outcome::NeedReplay) });
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    let view = merge::view(&server.docs[&VISIT]);
    assert_eq!((view.notes.as_str(), view.measures.len(), view.ticks.len()), ("", 1, 6));
    let troubles = phone.run(&["status"])["troubles"].clone();
    assert_eq!(troubles, json!([{"kind": "set_aside", "id": VISIT, "code": "record_too_large"}]));
}

#[test]
fn nothing_is_written_anew_that_the_server_did_not_keep() {
    let (phone, mut server) = begun();
    let hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    let refused = || Ack { hash: Some(hash), code: Some("field_limit".to_owned()), ..ack(Outcome::NeedReplay) };
    let (before, heads) = (phone.outstanding(), phone.heads());
    // Its receipt is lost, or the server had no room and says so in a way of its own.
    server.scripted.insert(VISIT, refused());
    server.faults.push_back(Fault::NoReceipt);
    server.faults.push_back(Fault::Unreachable);
    let output = phone.sync(&mut server);
    assert!(output.is_err() || output.unwrap().json["outstanding"]["total"] == before);
    assert_eq!((phone.outstanding(), phone.heads()), (before, heads), "all of it is still here, and as it was");
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
}

#[test]
fn what_a_server_kept_aside_goes_there_again_once_its_data_are_others() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    phone.run(&["note", NUMBER, "offends"]);
    let hash: Hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    server.refuses = Some(hash);
    phone.run(&["measure", NUMBER, "optical_power", "-18.30"]);
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    let heads = phone.heads();
    let bring_it = |bodies: &[Vec<u8>]| {
        let requests =
            bodies.iter().map(|body| decode_request(body, Encoding::Cbor, &ProtocolLimits::DEFAULT).unwrap());
        requests.filter(|request| request.pushed().any(|push| push.heads.contains(&hash))).count()
    };
    server.bodies.clear();
    sync(&phone, &mut server);
    assert_eq!(bring_it(&server.bodies), 0, "the server has it");

    // A backup from before is restored: it has neither the quarantine nor what came after.
    server.epoch = EpochId::from_bytes([7; 16]);
    server.faults.push_back(Fault::NoReceipt);
    server.faults.push_back(Fault::Unreachable);
    assert!(phone.sync(&mut server).is_err());
    let left = phone.run(&["status"])["outstanding"]["changes"].clone();
    server.bodies.clear();
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert_eq!(bring_it(&server.bodies), 1, "until a receipt names it, its bytes go");
    assert_eq!(phone.heads(), heads, "and nothing is written anew twice");
    assert_eq!(left, server.docs[&VISIT].change_metas().len() + 1, "the only copy of what was refused counts");
}

#[test]
fn what_the_office_took_over_stands_for_it_below_what_is_written_anew() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    phone.run(&["answer", NUMBER, "cable_entry", "duct"]);
    let hash: Hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    let unsent = phone.phone().store.read(|tx| tx.unsent_changes(VISIT)).unwrap();
    phone.run(&["answer", NUMBER, "cable_entry", "ac_hole"]);

    // The office writes what the first of them said, by an actor of its own.
    let [(_, taken)] = unsent.as_slice() else { panic!("one change: {unsent:?}") };
    let doc = server.docs.get_mut(&VISIT).unwrap();
    let office = edit::apply(doc, Actor([7; 16]), &taken.edits).unwrap().unwrap();
    let code = Some("actor_forked".to_owned());
    server.scripted.insert(VISIT, Ack { hash: Some(hash), code, ..ack(Outcome::NeedReplay) });
    server.docs_out = vec![server.snapshot(VISIT)];
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);

    let view = merge::view(&server.docs[&VISIT]);
    assert_eq!((view.answer("cable_entry"), view.conflicts.as_slice()), (Some(&json!("ac_hole")), [].as_slice()));
    let metas = server.docs[&VISIT].change_metas();
    let anew = metas.iter().find(|meta| json!([meta.hash]) == phone.heads()).unwrap();
    assert_eq!(anew.deps, [office.hash], "it is not written a second time");
}

#[test]
fn a_note_that_the_office_took_over_is_not_written_a_second_time() {
    let (phone, mut server) = begun();
    phone.run(&["note", NUMBER, "again"]);
    sync(&phone, &mut server);
    let long = "much ".repeat(1_000);
    phone.run(&["note", NUMBER, "taken over"]);
    phone.run(&["note", NUMBER, &long]);
    let unsent = phone.phone().store.read(|tx| tx.unsent_changes(VISIT)).unwrap();
    assert_eq!(unsent.len(), 3, "the long one in two parts");
    for text in ["own", "again"] {
        phone.run(&["note", NUMBER, text]);
    }

    let doc = server.docs.get_mut(&VISIT).unwrap();
    for (_, taken) in unsent {
        edit::apply(doc, Actor([7; 16]), &taken.edits).unwrap().unwrap();
    }
    // All that was sent lies in quarantine under the hash of its bytes; no change of it is at fault.
    let (hash, code) = (Hash::of(b"all of it"), Some("settled_meanwhile".to_owned()));
    server.scripted.insert(VISIT, Ack { hash: Some(hash), code, ..ack(Outcome::NeedReplay) });
    server.docs_out = vec![server.snapshot(VISIT)];
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    assert_eq!(server.replayed, [hash]);
    let notes = merge::view(&server.docs[&VISIT]).notes;
    assert_eq!(notes.lines().count(), 5, "{notes}");
    for (text, times) in [("taken over", 1), (long.trim(), 1), ("own", 1), ("again", 2)] {
        let there = notes.lines().filter(|line| line.trim() == text).count();
        assert_eq!(there, times, "{text}: the second of two that he wrote himself stays");
    }
}

#[test]
fn a_note_that_a_colleague_wrote_alike_is_written_anew_beside_his_as_often_as_it_was_written() {
    for (code, taken, times) in [("actor_forked", 0, 3), ("settled_meanwhile", 1, 2), ("settled_meanwhile", 2, 2)] {
        let (phone, mut server) = begun();
        sync(&phone, &mut server);
        phone.run(&["note", NUMBER, "wired"]);
        phone.run(&["note", NUMBER, "wired"]);
        let head: Hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
        let unsent = phone.phone().store.read(|tx| tx.unsent_changes(VISIT)).unwrap();
        // Either a colleague wrote it once, or the office took over one of them or both.
        let doc = server.docs.get_mut(&VISIT).unwrap();
        for (_, change) in &unsent[..taken.max(1)] {
            edit::apply(doc, Actor([7; 16]), &change.edits).unwrap().unwrap();
        }
        let hash = if taken > 0 { Hash::of(b"all of it") } else { head };
        let code = Some(code.to_owned());
        server.scripted.insert(VISIT, Ack { hash: Some(hash), code, ..ack(Outcome::NeedReplay) });
        server.docs_out = vec![server.snapshot(VISIT)];
        assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
        let notes = merge::view(&server.docs[&VISIT]).notes;
        assert_eq!(notes.matches("wired").count(), times, "{taken}: {notes}");
    }
}

#[test]
fn what_the_office_did_is_known_from_the_row_of_the_item_where_no_refusal_told_of_it() {
    for (state, times) in [("salvaged", 1), ("dismissed", 2)] {
        let (phone, mut server) = begun();
        sync(&phone, &mut server);
        phone.run(&["note", NUMBER, "wired"]);
        let hash: Hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
        let doc = server.docs.get_mut(&VISIT).unwrap();
        doc.edit(Actor([7; 16]), |edit| edit.set_notes("wired")).unwrap().unwrap();
        let body = json!({"device": phone.device, "item": hash, "kind": "doc", "visit_id": VISIT,
            "code": "actor_forked", "state": state, "received_at_ms": 1});
        let row = Row::Put { id: format!("{}/{hash}", phone.device), version: 2, body };
        server.rows_out.insert("quarantine".to_owned(), vec![row]);
        let code = Some("actor_forked".to_owned());
        server.scripted.insert(VISIT, Ack { hash: Some(hash), code, ..ack(Outcome::NeedReplay) });
        server.docs_out = vec![server.snapshot(VISIT)];
        assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
        let notes = merge::view(&server.docs[&VISIT]).notes;
        assert_eq!(notes.matches("wired").count(), times, "{state}: {notes}");
    }
}

#[test]
fn a_phone_that_may_only_upload_writes_anew_on_what_it_knows() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    phone.run(&["note", NUMBER, "forked"]);
    phone.run(&["measure", NUMBER, "optical_power", "-18.30"]);
    let hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    let code = Some("actor_forked".to_owned());
    server.scripted.insert(VISIT, Ack { hash: Some(hash), code, ..ack(Outcome::NeedReplay) });
    server.refresh_works = false;
    server.faults.push_back(Fault::TokenInvalid);
    let report = sync(&phone, &mut server);
    assert_eq!((&report["upload_only"], &report["outstanding"]["total"]), (&json!(true), &json!(0)), "{report}");
    let view = merge::view(&server.docs[&VISIT]);
    assert_eq!((view.notes.as_str(), view.measures.len(), view.ticks.len()), ("forked", 1, 6));
    assert_eq!(server.replayed, [hash]);
}

#[test]
fn what_the_server_does_not_show_any_more_is_written_anew_on_what_the_phone_knows() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    phone.run(&["note", NUMBER, "forked"]);
    let hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    let code = Some("actor_forked".to_owned());
    server.scripted.insert(VISIT, Ack { hash: Some(hash), code, ..ack(Outcome::NeedReplay) });
    server.faults.extend([Fault::Nothing, Fault::Unreachable]);
    assert!(phone.sync(&mut server).is_err(), "it was refused, and then the network went");

    server.unknown.insert(VISIT);
    assert!(sync(&phone, &mut server)["outstanding"]["total"].as_u64() > Some(0));
    let seen = phone.run(&["status", NUMBER]);
    assert_eq!((&seen["notes"], seen["ticks"].as_object().unwrap().len()), (&json!("forked"), 6), "all of it is here");
    server.unknown.clear();
    assert_eq!(sync(&phone, &mut server)["outstanding"]["total"], 0);
    let view = merge::view(&server.docs[&VISIT]);
    assert_eq!((view.notes.as_str(), view.ticks.len(), json!(view.heads)), ("forked", 6, phone.heads()));
}

#[test]
fn a_phone_that_may_only_upload_writes_anew_on_what_the_same_push_got_stored() {
    let (phone, mut server) = begun();
    sync(&phone, &mut server);
    phone.run(&["note", NUMBER, "taken"]);
    phone.run(&["answer", NUMBER, "cable_kind", "bow_drop"]);
    let hash: Hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    phone.run(&["measure", NUMBER, "optical_power", "-18.30"]);
    server.refuses = Some(hash);
    server.refresh_works = false;
    server.faults.push_back(Fault::TokenInvalid);
    let report = sync(&phone, &mut server);
    assert_eq!((&report["upload_only"], &report["outstanding"]["total"]), (&json!(true), &json!(0)), "{report}");
    let seen = phone.run(&["status", NUMBER]);
    assert_eq!((&seen["notes"], seen["measures"].as_array().map(Vec::len)), (&json!("taken"), Some(1)));
    assert_eq!(json!(server.docs[&VISIT].heads()), phone.heads());
}

#[test]
fn a_phone_that_may_only_upload_writes_anew_on_what_arrived_when_an_answer_was_lost() {
    let (phone, mut server) = begun();
    let own: Hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    server.refresh_works = false;
    server.faults.extend([Fault::TokenInvalid, Fault::LostAnswer]);
    assert!(phone.sync(&mut server).is_err(), "all of it arrived, and nobody heard of it");
    // A colleague goes on with it.
    let colleague = TestPhone::new();
    server.docs_out = vec![server.snapshot(VISIT)];
    server.serve(&colleague);
    sync(&colleague, &mut server);
    colleague.run(&["note", NUMBER, "colleague"]);
    sync(&colleague, &mut server);
    server.serve(&phone);
    // The same body again: the ack names the colleague's head alone, the receipt also what this phone had brought.
    let foreign = server.docs[&VISIT].heads();
    assert!(!foreign.contains(&own));
    server.names_brought = true;
    sync(&phone, &mut server);
    assert_eq!(phone.outstanding(), 0);

    phone.run(&["measure", NUMBER, "optical_power", "-18.30"]);
    let hash: Hash = serde_json::from_value(phone.heads()[0].clone()).unwrap();
    let code = Some("actor_forked".to_owned());
    server.scripted.insert(VISIT, Ack { hash: Some(hash), code, ..ack(Outcome::NeedReplay) });
    let report = sync(&phone, &mut server);
    assert_eq!((&report["upload_only"], &report["outstanding"]["total"]), (&json!(true), &json!(0)), "{report}");
    let seen = phone.run(&["status", NUMBER]);
    assert_eq!(seen["ticks"].as_object().map(serde_json::Map::len), Some(6), "what came before is here");
    let metas = server.docs[&VISIT].change_metas();
    let new = metas.iter().find(|meta| json!([meta.hash]) == phone.heads()).unwrap();
    assert_eq!(new.deps, [own], "it builds on what this phone had brought");
}
