//! What a change may do: records, notes, and who it says wrote them.

use automerge::ScalarValue;
use automerge::marks::{ExpandMark, Mark};
use automerge::transaction::Transactable;
use serde_json::json;
use sync_core::doc::Map;
use sync_core::guard::RefusalCode;
use sync_core::merge::view;

use super::craft::*;

fn put(map_kind: Map, key: &str, record: &str) -> Vec<u8> {
    raw_change(&visit(), ME, |transaction| transaction.put(map(map_kind), key, record).unwrap()).raw_bytes().to_vec()
}

#[test]
fn write_once_records_stay_and_the_others_may_be_rewritten() {
    let server = Server::of(&visit());
    server.refuses(&put(Map::Photos, "photo-1", "{}"), RefusalCode::OperationNotAllowed);
    let accepted = server.accepts(&[put(Map::Ticks, "step/a", "{\"done\":false}")]);
    assert_eq!(accepted.changes.len(), 1);
    for map_kind in Map::ALL {
        let doc = Server::of(&visit()).accepts(&[put(map_kind, "k", "{\"v\":1}")]).doc;
        let again = raw_change(&doc, ME, |transaction| transaction.put(map(map_kind), "k", "{\"v\":2}").unwrap());
        let server = Server::of(&doc);
        if map_kind.rewritable() {
            server.accepts(&[again.raw_bytes().to_vec()]);
        } else {
            server.refuses(again.raw_bytes(), RefusalCode::OperationNotAllowed);
        }
    }
}

#[test]
fn unknown_data_is_accepted_and_becomes_a_finding() {
    let odd = [
        put(Map::Timeline, "t", &json!({"event": "teleport", "by": BY, "at": {}}).to_string()),
        put(Map::Photos, "p", "[1, 2.5, null]"),
        put(Map::Contacts, "c", "this is no JSON"),
        put(Map::More, "smell/1", &json!({"by": BY, "burnt": true}).to_string()),
        put(Map::Answers, "a b/c\u{1F600}", " { \"value\" : 1.50 } "),
    ];
    for bytes in odd {
        let accepted = Server::of(&visit()).accepts(&[bytes]);
        let view = view(&accepted.doc);
        assert!(!view.findings.is_empty() || !view.more.is_empty());
    }
}

#[test]
fn a_record_names_the_user_of_the_device_or_nobody() {
    let server = Server::of(&visit());
    let named = |by: serde_json::Value| put(Map::Ticks, "x", &json!({"by": by}).to_string());
    server.accepts(&[named(json!(BY))]);
    let other = sync_core::ids::UserId::from_bytes([0xab; 16]);
    for by in [json!(other), json!(null), json!(1), json!(format!(" {BY}")), json!([BY])] {
        server.refuses(&named(by), RefusalCode::ByMismatch);
    }
    server.refuses(&put(Map::Ticks, "x", &format!("{{\"by\":\"{BY}\",\"by\":\"{BY}\"}}")), RefusalCode::FieldLimit);
    server.refuses(&put(Map::Ticks, "x", "{\"a\":{\"b\":1,\"b\":2}}"), RefusalCode::FieldLimit);
    server.accepts(&[put(Map::Ticks, "x", "{\"about\":{\"by\":\"someone\"}}")]);
}

#[test]
fn notes_are_text_that_may_be_written_deleted_and_marked() {
    let doc = visit();
    let edited = raw_change(&doc, OTHER, |transaction| {
        transaction.splice_text(notes(), 0, 2, "甲：").unwrap();
        transaction.delete(notes(), 0).unwrap();
        transaction.put(notes(), 0, "x").unwrap();
        transaction.mark(notes(), Mark::new("bold".to_owned(), true, 0, 3), ExpandMark::Both).unwrap();
    });
    let accepted = Server::of(&doc).accepts(&[edited.raw_bytes().to_vec()]);
    assert!(view(&accepted.doc).notes.starts_with('x'));

    let blocks = raw_change(&doc, ME, |transaction| drop(transaction.split_block(notes(), 1).unwrap()));
    Server::of(&doc).refuses(blocks.raw_bytes(), RefusalCode::OperationNotAllowed);
    let number = raw_change(&doc, ME, |transaction| transaction.insert(notes(), 0, 7).unwrap());
    Server::of(&doc).refuses(number.raw_bytes(), RefusalCode::OperationNotAllowed);
    let counter = raw_change(&doc, ME, |transaction| transaction.put(notes(), 0, ScalarValue::counter(1)).unwrap());
    Server::of(&doc).refuses(counter.raw_bytes(), RefusalCode::OperationNotAllowed);
}
