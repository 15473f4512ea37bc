//! The documented forms of messages, their limits and errors.

use serde_json::{Value, json};
use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::ids::{EpochId, IntentId, VisitId};
use sync_core::protocol::message::{Ack, AckItem, DeviceState, Outcome, PushDoc, PushStatement, SyncResponse};
use sync_core::protocol::{Encoding, Row, encode};
use sync_core::time::UnixMillis;

use super::fixture::*;

#[test]
fn json_is_the_documented_form() {
    let mut request = request();
    request.docs.push(PushDoc {
        heads: vec![Hash([5; 32])],
        chunks: vec![Blob(vec![0xff, 0xfe])],
        replays: vec![Hash([6; 32])],
        actors: Some(vec![Actor([7; 16])]),
        ..PushDoc::asking(VisitId::from_bytes([4; 16]))
    });
    request.intents.push(Blob(b"{}".to_vec()));
    request.statements.push(PushStatement { body: Blob(b"{}".to_vec()), seal: "a.b.c".into() });
    let json: Value = serde_json::from_slice(&encode(&request, Encoding::Json).unwrap()).unwrap();
    assert_eq!(
        json,
        json!({
            "protocol": 1,
            "device_id": "02020202-0202-0202-0202-020202020202",
            "batch_id": "03030303-0303-0303-0303-030303030303",
            "max_bytes": 4_194_304,
            "docs": [{
                "id": "04040404-0404-0404-0404-040404040404",
                "heads": ["05".repeat(32)],
                "chunks": ["__4"],
                "replays": ["06".repeat(32)],
                "actors": ["07".repeat(16)],
            }],
            "intents": ["e30"],
            "statements": [{"body": "e30", "seal": "a.b.c"}],
        })
    );
}

#[test]
fn cbor_holds_ids_hashes_and_bytes_as_byte_strings() {
    let mut request = request();
    request.docs.push(PushDoc {
        heads: vec![Hash([5; 32])],
        chunks: vec![Blob(vec![0xff; 300])],
        actors: Some(vec![Actor([7; 16])]),
        ..PushDoc::asking(VisitId::from_bytes([4; 16]))
    });
    let bytes = encode(&request, Encoding::Cbor).unwrap();
    let value: ciborium::Value = ciborium::from_reader(bytes.as_slice()).unwrap();
    let field = |map: &ciborium::Value, name: &str| {
        let members = map.as_map().unwrap();
        members.iter().find(|(key, _)| key.as_text() == Some(name)).unwrap().1.clone()
    };
    assert_eq!(field(&value, "device_id"), ciborium::Value::Bytes(vec![2; 16]));
    let doc = field(&value, "docs").as_array().unwrap()[0].clone();
    assert_eq!(field(&doc, "id"), ciborium::Value::Bytes(vec![4; 16]));
    assert_eq!(field(&doc, "heads").as_array().unwrap()[0], ciborium::Value::Bytes(vec![5; 32]));
    assert_eq!(field(&doc, "actors").as_array().unwrap()[0], ciborium::Value::Bytes(vec![7; 16]));
    assert_eq!(field(&doc, "chunks").as_array().unwrap()[0], ciborium::Value::Bytes(vec![0xff; 300]));
}

#[test]
fn acks_have_the_documented_form() {
    let ack = |item, outcome| Ack::new(item, outcome);
    let visit = VisitId::from_bytes([4; 16]);
    let cases = [
        (ack(AckItem::Doc(visit), Outcome::Stored), json!({"kind": "doc", "id": visit, "outcome": "stored"})),
        (
            Ack {
                missing: vec![Hash([1; 32])],
                code: Some("deps".into()),
                ..ack(AckItem::Doc(visit), Outcome::NeedFull)
            },
            json!({"kind": "doc", "id": visit, "outcome": "need_full", "missing": ["01".repeat(32)], "code": "deps"}),
        ),
        (
            ack(AckItem::Intent(IntentId::from_bytes([6; 16])), Outcome::Duplicate),
            json!({"kind": "intent", "id": "06060606-0606-0606-0606-060606060606", "outcome": "duplicate"}),
        ),
        (
            ack(AckItem::UnreadableIntent(Hash([7; 32])), Outcome::Quarantined),
            json!({"kind": "intent", "digest": "07".repeat(32), "outcome": "quarantined"}),
        ),
        (
            ack(AckItem::Statement(Hash([8; 32])), Outcome::NotFound),
            json!({"kind": "statement", "digest": "08".repeat(32), "outcome": "not_found"}),
        ),
    ];
    for (ack, expected) in cases {
        assert_eq!(serde_json::to_value(&ack).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Ack>(expected).unwrap(), ack);
    }
    assert!(serde_json::from_value::<Ack>(json!({"kind": "doc", "outcome": "stored"})).is_err());
}

#[test]
fn nothing_new_is_small() {
    let response = SyncResponse::nothing_new(
        EpochId::from_bytes([9; 16]),
        cursor().encode().unwrap(),
        UnixMillis(1_741_053_120_000),
    );
    let mut request = request();
    request.cursor = Some(cursor().encode().unwrap());
    request.device_state = Some(DeviceState {
        unsent: 0,
        oldest_unsent_at: None,
        free_bytes: Some(64_000_000_000),
        clock: stamp(),
        unsent_visits: None,
    });
    for encoding in BOTH {
        let answer = encode(&response, encoding).unwrap();
        assert!(answer.len() <= 300, "{encoding:?} answer of {} bytes", answer.len());
    }
    let asked = encode(&request, Encoding::Cbor).unwrap().len();
    assert!(asked <= 330, "a request without news has {asked} bytes");
}

#[test]
fn rows_are_put_or_gone() {
    let rows = json!([{"id": "broadband_repair@1", "version": 1, "body": {"a": [1, null]}}, {"id": "x", "gone": true}]);
    let parsed: Vec<Row> = serde_json::from_value(rows.clone()).unwrap();
    assert_eq!(serde_json::to_value(&parsed).unwrap(), rows);
    for bad in [
        json!({"id": "x"}),
        json!({"id": "x", "version": 1}),
        json!({"id": "x", "version": 1, "body": {}, "gone": true}),
    ] {
        assert!(serde_json::from_value::<Row>(bad.clone()).is_err(), "{bad}");
    }
}
