//! Both encodings carry everything; hostile bytes are refused without panic.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;
use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::ids::{BatchId, DeviceId, EpochId, IntentId, VisitId};
use sync_core::protocol::message::{
    Ack, AckItem, DeviceState, DocForm, DocUpdate, Outcome, PushDoc, PushStatement, SyncRequest, SyncResponse,
};
use sync_core::protocol::{DecodeError, Encoding, ProtocolLimits, Row, decode_request, decode_response, encode};
use sync_core::time::UnixMillis;

use super::fixture::*;

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..most)
}

fn hashes() -> impl Strategy<Value = Vec<Hash>> {
    proptest::collection::vec(any::<[u8; 32]>().prop_map(Hash), 0..4)
}

fn requests() -> impl Strategy<Value = SyncRequest> {
    let doc = (any::<[u8; 16]>(), hashes(), hashes(), proptest::collection::vec(bytes(5_000), 0..4), hashes())
        .prop_map(|(id, base_heads, heads, chunks, replays)| PushDoc {
            actors: base_heads.first().map(|_| heads.iter().map(|head| Actor([head.0[0]; 16])).collect()),
            id: VisitId::from_bytes(id),
            base_heads,
            heads,
            chunks: chunks.into_iter().map(Blob).collect(),
            replays,
        });
    let statement = (bytes(200), "[ -~é码]{0,40}").prop_map(|(body, seal)| PushStatement { body: Blob(body), seal });
    let state =
        (0..1u64 << 53, proptest::option::of(-1_000_000i64..1 << 50)).prop_map(|(unsent, oldest)| DeviceState {
            unsent,
            oldest_unsent_at: oldest.map(UnixMillis),
            free_bytes: Some(unsent),
            clock: stamp(),
            unsent_visits: None,
        });
    (
        any::<[u8; 16]>(),
        proptest::option::of(".{0,30}"),
        proptest::collection::vec(doc, 0..4),
        proptest::collection::vec(bytes(300).prop_map(Blob), 0..4),
        proptest::collection::vec(statement, 0..3),
        proptest::option::of(state),
        proptest::option::of("[a-z.]{0,30}"),
    )
        .prop_map(|(device, cursor, docs, intents, statements, device_state, seal)| SyncRequest {
            device_id: DeviceId::from_bytes(device),
            cursor,
            docs,
            intents,
            statements,
            device_state,
            seal,
            ..request()
        })
}

fn responses() -> impl Strategy<Value = SyncResponse> {
    let item = prop_oneof![
        any::<[u8; 16]>().prop_map(|id| AckItem::Doc(VisitId::from_bytes(id))),
        any::<[u8; 16]>().prop_map(|id| AckItem::Intent(IntentId::from_bytes(id))),
        any::<[u8; 32]>().prop_map(|hash| AckItem::UnreadableIntent(Hash(hash))),
        any::<[u8; 32]>().prop_map(|hash| AckItem::Statement(Hash(hash))),
    ];
    let outcome = prop_oneof![
        Just(Outcome::Stored),
        Just(Outcome::Duplicate),
        Just(Outcome::Late),
        Just(Outcome::NeedFull),
        Just(Outcome::NeedReplay),
        Just(Outcome::Quarantined),
        Just(Outcome::NotFound),
    ];
    let ack = (item, outcome, hashes(), hashes(), any::<[Option<[u8; 32]>; 2]>(), any::<Option<String>>()).prop_map(
        |(item, outcome, heads, missing, [hash, kept_as], code)| Ack {
            item,
            outcome,
            heads,
            missing,
            hash: hash.map(Hash),
            kept_as: kept_as.map(Hash),
            code: code.clone(),
            reason: code,
        },
    );
    let form = prop_oneof![Just(DocForm::Delta), Just(DocForm::Snapshot), Just(DocForm::Gone)];
    let doc = (any::<[u8; 16]>(), form, hashes(), bytes(6_000)).prop_map(|(id, form, heads, bytes)| DocUpdate {
        id: VisitId::from_bytes(id),
        form,
        heads,
        bytes: Blob(bytes),
    });
    let body = (".{0,20}", -1_000i64..1_000, any::<bool>())
        .prop_map(|(text, number, flag)| json!({"id": text, "n": number, "list": [flag, null, {"deep": text}]}));
    let row = prop_oneof![
        (".{0,9}", 1i64..99, body).prop_map(|(id, version, body)| Row::Put { id, version, body }),
        ".{0,9}".prop_map(|id| Row::Gone { id }),
    ];
    let rows = proptest::collection::btree_map("[a-z_]{1,12}", proptest::collection::vec(row, 0..4), 0..4);
    (
        proptest::collection::vec(ack, 0..4),
        proptest::collection::vec(doc, 0..4),
        rows,
        any::<bool>(),
        hashes(),
        any::<Option<String>>(),
    )
        .prop_map(|(acks, docs, rows, more, wants, tree_head)| SyncResponse {
            acks,
            docs,
            rows,
            more,
            wants,
            receipts: tree_head.iter().cloned().collect(),
            limits: BTreeMap::from([("changes".to_owned(), 5)]),
            tree_head,
            ..SyncResponse::nothing_new(EpochId::from_bytes([1; 16]), "c".into(), UnixMillis(7))
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn requests_survive_both_encodings(request in requests()) {
        for encoding in BOTH {
            let bytes = encode(&request, encoding).unwrap();
            prop_assert_eq!(&decode_request(&bytes, encoding, &ProtocolLimits::DEFAULT).unwrap(), &request);
        }
    }

    #[test]
    fn responses_survive_both_encodings(response in responses()) {
        for encoding in BOTH {
            let bytes = encode(&response, encoding).unwrap();
            prop_assert_eq!(&decode_response(&bytes, encoding, MAX).unwrap(), &response);
        }
    }

    #[test]
    fn garbage_is_refused_without_panic(garbage in bytes(400)) {
        for encoding in BOTH {
            prop_assert!(decode_request(&garbage, encoding, &ProtocolLimits::DEFAULT).is_err());
        }
    }

    #[test]
    fn changed_bytes_never_panic(response in responses(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        for encoding in BOTH {
            let mut bytes = encode(&response, encoding).unwrap();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            // Some changes give another valid message; then it must encode again to one that is equal.
            if let Ok(changed) = decode_response(&bytes, encoding, MAX) {
                let again = encode(&changed, encoding).unwrap();
                prop_assert_eq!(decode_response(&again, encoding, MAX).unwrap(), changed);
            }
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    let mut request = request();
    request.cursor = Some(cursor().encode().unwrap());
    request.docs.push(PushDoc {
        id: VisitId::from_bytes([4; 16]),
        base_heads: vec![Hash([1; 32])],
        heads: vec![Hash([5; 32])],
        chunks: vec![Blob(vec![7; 50])],
        replays: vec![Hash([6; 32])],
        actors: Some(vec![Actor([7; 16])]),
    });
    for encoding in BOTH {
        let bytes = encode(&request, encoding).unwrap();
        assert!(decode_request(&bytes, encoding, &ProtocolLimits::DEFAULT).is_ok());
        for end in 0..bytes.len() {
            assert!(decode_request(&bytes[..end], encoding, &ProtocolLimits::DEFAULT).is_err(), "{encoding:?} {end}");
        }
    }
}

#[test]
fn deep_input_is_refused() {
    for encoding in BOTH {
        let deep = match encoding {
            Encoding::Cbor => vec![0x81; 200_000],
            Encoding::Json => vec![b'['; 200_000],
        };
        assert!(decode_request(&deep, encoding, &ProtocolLimits::DEFAULT).is_err());
    }
}

#[test]
fn errors_say_what_was_expected_and_repeat_nothing() {
    let decode = |text: &str| decode_request(text.as_bytes(), Encoding::Json, &ProtocolLimits::DEFAULT).unwrap_err();
    assert_eq!(decode("{}").to_string(), "not the expected message: missing field `protocol`");
    let id = r#"{"protocol":1,"device_id":"SECRET","batch_id":"x","max_bytes":1}"#;
    assert_eq!(decode(id).to_string(), "not the expected message: expected a UUID of 36 lower-case characters");
    let cursor = json!({"protocol": 1, "device_id": DeviceId::from_bytes([1; 16]),
        "batch_id": BatchId::from_bytes([1; 16]), "max_bytes": "SECRET"});
    assert_eq!(decode(&cursor.to_string()).to_string(), "not the expected message: invalid type: string, expected u64");
    assert_eq!(decode(r#"{"protocol":1,"protocol":1}"#).code(), "json_malformed");
    let cbor = |value: &serde_json::Value| {
        let mut bytes = Vec::new();
        ciborium::into_writer(value, &mut bytes).unwrap();
        decode_request(&bytes, Encoding::Cbor, &ProtocolLimits::DEFAULT).unwrap_err().to_string()
    };
    assert_eq!(cbor(&json!({})), "not the expected message: missing field `protocol`");
    assert_eq!(cbor(&json!([])), "not the expected message: invalid type: sequence, expected map");
    assert_eq!(
        cbor(&json!({"protocol": "SECRET"})),
        "not the expected message: invalid type: string, expected integer"
    );
    assert_eq!(
        cbor(&json!({"protocol": 1, "device_id": "SECRET"})),
        "not the expected message: invalid type: string, expected bytes"
    );
    let mut other = request();
    other.protocol = 2;
    let bytes = encode(&other, Encoding::Cbor).unwrap();
    assert_eq!(
        decode_request(&bytes, Encoding::Cbor, &ProtocolLimits::DEFAULT),
        Err(DecodeError::Protocol { found: 2 })
    );
}

#[test]
fn each_count_is_limited_at_its_limit() {
    let small = ProtocolLimits { docs: 2, changes: 3, intents: 1, statements: 1, heads: 1, ..ProtocolLimits::DEFAULT };
    let doc = |chunks: usize| PushDoc {
        heads: vec![Hash([5; 32])],
        chunks: vec![Blob(vec![1]); chunks],
        ..PushDoc::asking(VisitId::from_bytes([4; 16]))
    };
    let mut full = request();
    full.docs = vec![doc(1), doc(2)];
    full.intents = vec![Blob(vec![1])];
    full.statements = vec![PushStatement { body: Blob(vec![1]), seal: String::new() }];
    let code = |request: &SyncRequest| {
        let bytes = encode(request, Encoding::Cbor).unwrap();
        decode_request(&bytes, Encoding::Cbor, &small).map_or_else(|error| error.code(), |_request| "accepted")
    };
    assert_eq!(code(&full), "accepted");
    let with = |change: fn(&mut SyncRequest)| {
        let mut request = full.clone();
        change(&mut request);
        code(&request)
    };
    assert_eq!(with(|request| request.docs.push(request.docs[0].clone())), "too_many_documents");
    assert_eq!(with(|request| request.docs[0].chunks.push(Blob(vec![2]))), "too_many_changes");
    assert_eq!(with(|request| request.docs[0].heads.push(Hash([6; 32]))), "too_many_heads");
    assert_eq!(with(|request| request.intents.push(Blob(vec![2]))), "too_many_intents");
    assert_eq!(with(|request| request.statements.push(request.statements[0].clone())), "too_many_statements");
    assert_eq!(with(|request| request.cursor = Some("x".repeat(1025))), "cursor_too_large");
    let bytes = encode(&full, Encoding::Cbor).unwrap();
    let exact = ProtocolLimits { decoded_bytes: bytes.len(), ..small };
    assert!(decode_request(&bytes, Encoding::Cbor, &exact).is_ok());
    let less = ProtocolLimits { decoded_bytes: bytes.len() - 1, ..small };
    assert_eq!(decode_request(&bytes, Encoding::Cbor, &less).unwrap_err().code(), "sync_batch_too_large");
    let huge = ProtocolLimits { docs: usize::MAX, ..small };
    assert_eq!(huge.clamped().docs, ProtocolLimits::CEILING.docs);
}
