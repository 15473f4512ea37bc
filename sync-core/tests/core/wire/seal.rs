//! Cursor and batch seal.

use p256::ecdsa::signature::Signer as _;
use sync_core::bytes::{Blob, Hash};
use sync_core::ids::{BatchId, DeviceId, OrgId, TeamId, VisitId};
use sync_core::jws::{self, JwsError, P256PublicKey};
use sync_core::protocol::cursor::MAX_CURSOR_BYTES;
use sync_core::protocol::message::{PushDoc, PushStatement, SyncRequest};
use sync_core::protocol::seal::{BatchContent, BatchSealError, prepare_batch_seal, verify_batch_seal};
use sync_core::protocol::{Audience, Cursor, CursorError};

use super::fixture::*;

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
    for number in 0..60 {
        wide.positions.insert(Audience::Team(TeamId::from_bytes([number; 16])), i64::from(number));
    }
    assert_eq!(wide.encode(), Err(CursorError::TooLong));
    assert_eq!(Cursor::decode(&"A".repeat(MAX_CURSOR_BYTES + 1)), Err(CursorError::TooLong));
    let mut negative = cursor();
    negative.positions.insert(Audience::Org, -1);
    assert_eq!(Cursor::decode(&negative.encode().unwrap()), Err(CursorError::Malformed));
}

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
        heads: vec![Hash([9; 32]), Hash([8; 32])],
        chunks: vec![Blob(vec![1])],
        ..PushDoc::asking(VisitId::from_bytes([id; 16]))
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
    // Read back, it is the same list; nothing else is one.
    let read = BatchContent::from_list(&list).expect("a sealed list");
    assert_eq!((read.list().unwrap(), read.epoch), (list.clone(), Some(cursor().epoch)));
    assert_eq!(BatchContent::from_list(&list.replace("batch-1", "batch-2")), None);
    assert_eq!(BatchContent::from_list("[]"), None);
}

#[test]
fn a_seal_covers_everything_that_is_sent() {
    let org = OrgId::from_bytes([0xaa; 16]);
    let (_, public) = device_key();
    let mut sealed = content();
    seal(org, &mut sealed);
    let kept = verify_batch_seal(org, &sealed, &public).unwrap().unwrap();
    assert_eq!(Some(&kept.jws), sealed.seal.as_ref());
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

#[test]
fn a_seal_without_its_payload_is_kept_with_it_and_covers_as_much() {
    let org = OrgId::from_bytes([0xaa; 16]);
    let (_, public) = device_key();
    let mut whole = content();
    seal(org, &mut whole);
    let mut detached = whole.clone();
    detached.seal = whole.seal.as_deref().map(jws::detach);
    assert_eq!(detached.seal.as_ref().map(|seal| seal.matches("..").count()), Some(1));
    assert_eq!(verify_batch_seal(org, &detached, &public), verify_batch_seal(org, &whole, &public));
    detached.docs[0].heads[0] = Hash([1; 32]);
    assert_eq!(verify_batch_seal(org, &detached, &public), Err(BatchSealError::Jws(JwsError::Signature)));
}
