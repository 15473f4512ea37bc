//! The sync protocol as others see it: bytes of messages, hostile bytes, seal, cursor, outbox.

use std::collections::BTreeMap;

use p256::ecdsa::signature::Signer as _;
use proptest::prelude::*;
use serde_json::{Value, json};
use sync_core::bytes::{Blob, Hash};
use sync_core::ids::{BatchId, DeviceId, EpochId, IntentId, OrgId, TeamId, UserId, VisitId};
use sync_core::jws::{self, P256PublicKey};
use sync_core::protocol::cursor::MAX_CURSOR_BYTES;
use sync_core::protocol::message::{Ack, AckItem, DeviceState, DocForm, DocUpdate, Outcome};
use sync_core::protocol::message::{PushDoc, PushStatement, SyncRequest, SyncResponse};
use sync_core::protocol::seal::{BatchContent, BatchSealError, prepare_batch_seal, verify_batch_seal};
use sync_core::protocol::{Audience, Cursor, CursorError, Encoding, ProtocolLimits, Row};
use sync_core::protocol::{DecodeError, decode_request, decode_response, encode};
use sync_core::time::{Stamp, UnixMillis};

const MAX: usize = 16 * 1024 * 1024;
const BOTH: [Encoding; 2] = [Encoding::Cbor, Encoding::Json];

fn stamp() -> Stamp {
    Stamp {
        wall_ms: 1_741_053_120_000,
        mono_ms: 86_400_000,
        boot_id: "0123ABCD".into(),
        off_ms: Some(-250),
        err_ms: Some(40),
    }
}

fn request() -> SyncRequest {
    SyncRequest {
        protocol: 1,
        device_id: DeviceId::from_bytes([2; 16]),
        batch_id: BatchId::from_bytes([3; 16]),
        cursor: None,
        max_bytes: 4_194_304,
        docs: Vec::new(),
        intents: Vec::new(),
        statements: Vec::new(),
        device_state: None,
        seal: None,
    }
}

fn cursor() -> Cursor {
    let positions = [(Audience::User(UserId::from_bytes([1; 16])), 12_345), (Audience::Org, 99)].into();
    Cursor { epoch: EpochId::from_bytes([9; 16]), positions }
}

// ---- forms ----

#[test]
fn json_is_the_documented_form() {
    let mut request = request();
    request.docs.push(PushDoc {
        id: VisitId::from_bytes([4; 16]),
        base_heads: vec![],
        heads: vec![Hash([5; 32])],
        chunks: vec![Blob(vec![0xff, 0xfe])],
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
            "docs": [{"id": "04040404-0404-0404-0404-040404040404", "heads": ["05".repeat(32)], "chunks": ["__4"]}],
            "intents": ["e30"],
            "statements": [{"body": "e30", "seal": "a.b.c"}],
        })
    );
}

#[test]
fn cbor_holds_ids_hashes_and_bytes_as_byte_strings() {
    let mut request = request();
    request.docs.push(PushDoc {
        id: VisitId::from_bytes([4; 16]),
        base_heads: vec![],
        heads: vec![Hash([5; 32])],
        chunks: vec![Blob(vec![0xff; 300])],
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
    request.device_state =
        Some(DeviceState { unsent: 0, oldest_unsent_at: None, free_bytes: Some(64_000_000_000), clock: stamp() });
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

// ---- round trips ----

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..most)
}

fn hashes() -> impl Strategy<Value = Vec<Hash>> {
    proptest::collection::vec(any::<[u8; 32]>().prop_map(Hash), 0..4)
}

fn requests() -> impl Strategy<Value = SyncRequest> {
    let doc = (any::<[u8; 16]>(), hashes(), hashes(), proptest::collection::vec(bytes(5_000), 0..4)).prop_map(
        |(id, base_heads, heads, chunks)| PushDoc {
            id: VisitId::from_bytes(id),
            base_heads,
            heads,
            chunks: chunks.into_iter().map(Blob).collect(),
        },
    );
    let statement = (bytes(200), "[ -~é码]{0,40}").prop_map(|(body, seal)| PushStatement { body: Blob(body), seal });
    let state = (0..1u64 << 53, proptest::option::of(-1_000_000i64..1 << 50)).prop_map(|(unsent, oldest)| {
        DeviceState { unsent, oldest_unsent_at: oldest.map(UnixMillis), free_bytes: Some(unsent), clock: stamp() }
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
    let ack = (item, outcome, hashes(), hashes(), any::<Option<[u8; 32]>>(), any::<Option<String>>()).prop_map(
        |(item, outcome, heads, missing, hash, code)| Ack {
            item,
            outcome,
            heads,
            missing,
            hash: hash.map(Hash),
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
        id: VisitId::from_bytes([4; 16]),
        base_heads: vec![],
        heads: vec![Hash([5; 32])],
        chunks: vec![Blob(vec![1]); chunks],
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

// ---- cursor ----

#[test]
fn cursors_are_opaque_and_bounded() {
    let text = cursor().encode().unwrap();
    assert_eq!(Cursor::decode(&text), Ok(cursor()));
    assert_eq!(cursor().position(&Audience::Org), 99);
    assert_eq!(cursor().position(&Audience::Team(TeamId::from_bytes([1; 16]))), 0);
    for bad in ["", "x", "AAAA", &text[..text.len() - 1], &format!("{text}AA")] {
        assert!(Cursor::decode(bad).is_err(), "{bad}");
    }
    let mut wide = cursor();
    for number in 0..30 {
        wide.positions.insert(Audience::Team(TeamId::from_bytes([number; 16])), i64::from(number));
    }
    assert_eq!(wide.encode(), Err(CursorError::TooLong));
    assert_eq!(Cursor::decode(&"A".repeat(MAX_CURSOR_BYTES + 1)), Err(CursorError::TooLong));
    let mut negative = cursor();
    negative.positions.insert(Audience::Org, -1);
    assert_eq!(Cursor::decode(&negative.encode().unwrap()), Err(CursorError::Malformed));
}

// ---- batch seal ----

fn device_key() -> (p256::ecdsa::SigningKey, P256PublicKey) {
    let key = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let public = P256PublicKey::from_sec1(&key.verifying_key().to_sec1_bytes()).unwrap();
    (key, public)
}

fn seal(org: OrgId, request: &mut SyncRequest) {
    let (key, public) = device_key();
    let input = prepare_batch_seal(&BatchContent::of_request(org, request), &public.thumbprint()).unwrap();
    let signature: p256::ecdsa::Signature = key.sign(input.as_bytes());
    request.seal = Some(jws::finish(&input, &signature.to_bytes().into()));
}

fn content() -> SyncRequest {
    let doc = |id: u8| PushDoc {
        id: VisitId::from_bytes([id; 16]),
        base_heads: vec![],
        heads: vec![Hash([9; 32]), Hash([8; 32])],
        chunks: vec![Blob(vec![1])],
    };
    let ask = PushDoc { chunks: vec![], heads: vec![], ..doc(1) };
    let intent = br#"{"id":"06060606-0606-0606-0606-060606060606"}"#.to_vec();
    SyncRequest {
        cursor: Some(cursor().encode().unwrap()),
        docs: vec![doc(5), doc(4), ask],
        intents: vec![Blob(intent), Blob(b"unreadable".to_vec())],
        statements: vec![PushStatement { body: Blob(b"{}".to_vec()), seal: "no jws".into() }],
        ..request()
    }
}

#[test]
fn the_sealed_list_is_the_documented_one() {
    let org = OrgId::from_bytes([0xaa; 16]);
    let list = BatchContent::of_request(org, &content()).list().unwrap();
    let (eight, nine) = ("08".repeat(32), "09".repeat(32));
    let unreadable = Hash::of(b"unreadable");
    let intent = Hash::of(br#"{"id":"06060606-0606-0606-0606-060606060606"}"#);
    let mut intents = [
        format!(r#"["06060606-0606-0606-0606-060606060606","{intent}"]"#),
        format!(r#"["{unreadable}","{unreadable}"]"#),
    ];
    intents.sort();
    let expected = format!(
        concat!(
            r#"["doorstep-batch-1","aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","02020202-0202-0202-0202-020202020202","#,
            r#""09090909-0909-0909-0909-090909090909","03030303-0303-0303-0303-030303030303","#,
            r#"[["04040404-0404-0404-0404-040404040404",["{eight}","{nine}"]],["05050505-0505-0505-0505-050505050505",["{eight}","{nine}"]]],"#,
            r#"[{intents}],["{statement}"]]"#
        ),
        eight = eight,
        nine = nine,
        intents = intents.join(","),
        statement = Hash::of(b"no jws"),
    );
    assert_eq!(list, expected);
}

#[test]
fn a_seal_covers_everything_that_is_sent() {
    let org = OrgId::from_bytes([0xaa; 16]);
    let (_, public) = device_key();
    let mut sealed = content();
    seal(org, &mut sealed);
    assert!(verify_batch_seal(org, &sealed, &public).unwrap().is_some());
    let refused = |change: fn(&mut SyncRequest)| {
        let mut changed = sealed.clone();
        change(&mut changed);
        verify_batch_seal(org, &changed, &public).unwrap_err()
    };
    assert_eq!(refused(|request| request.docs[0].heads[0] = Hash([1; 32])), BatchSealError::Content);
    assert_eq!(refused(|request| request.docs.truncate(1)), BatchSealError::Content);
    assert_eq!(refused(|request| request.intents[1] = Blob(b"other".to_vec())), BatchSealError::Content);
    assert_eq!(refused(|request| request.statements.clear()), BatchSealError::Content);
    assert_eq!(refused(|request| request.batch_id = BatchId::from_bytes([1; 16])), BatchSealError::Content);
    assert_eq!(refused(|request| request.device_id = DeviceId::from_bytes([1; 16])), BatchSealError::Content);
    assert_eq!(refused(|request| request.cursor = None), BatchSealError::Content);
    assert_eq!(refused(|request| request.seal = None), BatchSealError::Missing);
    assert!(matches!(refused(|request| request.seal = Some("x.y.z".into())), BatchSealError::Jws(_)));
    let other_org = OrgId::from_bytes([0xbb; 16]);
    assert_eq!(verify_batch_seal(other_org, &sealed, &public), Err(BatchSealError::Content));
    let mut reordered = sealed.clone();
    reordered.docs.swap(0, 1);
    assert!(verify_batch_seal(org, &reordered, &public).is_ok(), "the list is sorted, order carries nothing");
    assert_eq!(verify_batch_seal(org, &request(), &public), Ok(None), "a request without content needs no seal");
}
