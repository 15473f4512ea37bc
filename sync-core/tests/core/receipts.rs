//! Receipts: signed, verified, and exact about what they name.

#![expect(clippy::unwrap_used, reason = "a test may panic, also in its helpers")]

use ed25519_dalek::Signer as _;
use sync_core::bytes::Hash;
use sync_core::ids::{BatchId, DeviceId, EpochId, IntentId, OrgId, VisitId};
use sync_core::jws::{self, Ed25519PublicKey, JwsError, SigningInput};
use sync_core::receipt::{CompleteReceipt, HeldReceipt, ReceiptError, VerifiedHeld, verify_complete, verify_held};
use sync_core::time::UnixMillis;

const ORG: OrgId = OrgId::from_bytes([1; 16]);
const DEVICE: DeviceId = DeviceId::from_bytes([2; 16]);
const EPOCH: EpochId = EpochId::from_bytes([3; 16]);
const BATCH: BatchId = BatchId::from_bytes([4; 16]);
const VISIT: VisitId = VisitId::from_bytes([5; 16]);

fn server() -> (ed25519_dalek::SigningKey, Ed25519PublicKey) {
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let public = Ed25519PublicKey::from_bytes(&key.verifying_key().to_bytes()).unwrap();
    (key, public)
}

fn sign(input: &SigningInput) -> String {
    jws::finish(input, &server().0.sign(input.as_bytes()).to_bytes())
}

fn held(fill: impl FnOnce(&mut HeldReceipt)) -> HeldReceipt {
    let mut receipt = HeldReceipt::new(ORG, DEVICE, EPOCH, Some(BATCH), UnixMillis(1_741_053_120_000));
    fill(&mut receipt);
    receipt
}

fn verified(fill: impl FnOnce(&mut HeldReceipt)) -> VerifiedHeld {
    let (_, public) = server();
    let jws = sign(&held(fill).prepare(&public.thumbprint()).unwrap());
    verify_held(&jws, &[public], ORG, DEVICE).unwrap()
}

// ---- receipts ----

#[test]
fn the_held_payload_is_the_documented_one() {
    let receipt = held(|receipt| {
        receipt.docs = vec![(VISIT, vec![Hash([9; 32]), Hash([8; 32])])];
        receipt.blobs = vec![Hash([7; 32])];
        receipt.intents = vec![IntentId::from_bytes([6; 16])];
        receipt.quarantined = vec![("x".into(), "actor_not_yours".into())];
    });
    let expected = format!(
        concat!(
            r#"{{"at_ms":1741053120000,"batch_id":"04040404-0404-0404-0404-040404040404","blobs":["{seven}"],"#,
            r#""device":"02020202-0202-0202-0202-020202020202","docs":[["05050505-0505-0505-0505-050505050505",["{eight}","{nine}"]]],"#,
            r#""epoch":"03030303-0303-0303-0303-030303030303","intents":["06060606-0606-0606-0606-060606060606"],"kind":"held","#,
            r#""org":"01010101-0101-0101-0101-010101010101","quarantined":[["x","actor_not_yours"]],"statements":[],"v":1}}"#
        ),
        seven = "07".repeat(32),
        eight = "08".repeat(32),
        nine = "09".repeat(32),
    );
    assert_eq!(String::from_utf8(receipt.payload().unwrap()).unwrap(), expected);
}

#[test]
fn a_held_receipt_says_what_it_names() {
    let receipt = verified(|receipt| {
        receipt.docs = vec![(VISIT, vec![Hash([9; 32])])];
        receipt.blobs = vec![Hash([7; 32])];
        receipt.quarantined = vec![("x".into(), "actor_not_yours".into())];
    });
    let receipt = receipt.receipt();
    assert!(receipt.names_blob(&Hash([7; 32])) && !receipt.names_blob(&Hash([9; 32])));
    assert_eq!(receipt.heads_of(&VISIT), Some([Hash([9; 32])].as_slice()));
    assert_eq!(receipt.quarantine_code("x"), Some("actor_not_yours"));
    assert!(!receipt.names_statement(&Hash([7; 32])) && !receipt.names_intent(&IntentId::from_bytes([7; 16])));
    assert!(held(|_| ()).is_empty() && !receipt.is_empty());
}

#[test]
fn a_receipt_is_accepted_only_from_the_server_and_for_its_recipient() {
    let (_, public) = server();
    let keys = [public.clone()];
    let jws = sign(&held(|receipt| receipt.blobs = vec![Hash([7; 32])]).prepare(&public.thumbprint()).unwrap());
    assert!(verify_held(&jws, &keys, ORG, DEVICE).is_ok());
    assert_eq!(verify_held(&jws, &keys, OrgId::from_bytes([8; 16]), DEVICE), Err(ReceiptError::Recipient));
    assert_eq!(verify_held(&jws, &keys, ORG, DeviceId::from_bytes([8; 16])), Err(ReceiptError::Recipient));
    assert_eq!(verify_held(&jws, &[], ORG, DEVICE), Err(ReceiptError::Jws(JwsError::UnknownKey)));
    assert_eq!(verify_complete(&jws, &keys, ORG, VISIT), Err(ReceiptError::Kind { expected: "complete" }));
    for position in 0..jws.len() {
        let mut bytes = jws.clone().into_bytes();
        bytes[position] ^= 1;
        let changed = String::from_utf8(bytes).unwrap();
        assert!(verify_held(&changed, &keys, ORG, DEVICE).is_err(), "bit 0 of byte {position}");
    }
}

#[test]
fn a_complete_receipt_is_for_one_visit() {
    let (_, public) = server();
    let receipt = CompleteReceipt {
        org: ORG,
        visit: VISIT,
        heads: vec![Hash([9; 32])],
        blobs: vec![Hash([2; 32]), Hash([1; 32])],
        statements: vec![],
        at_ms: UnixMillis(5),
    };
    let jws = sign(&receipt.prepare(&public.thumbprint()).unwrap());
    let read = verify_complete(&jws, std::slice::from_ref(&public), ORG, VISIT).unwrap();
    assert_eq!(read.blobs, [Hash([1; 32]), Hash([2; 32])], "lists are sorted");
    let other = VisitId::from_bytes([6; 16]);
    let keys = [public];
    assert_eq!(verify_complete(&jws, &keys, ORG, other), Err(ReceiptError::Recipient));
    assert_eq!(verify_held(&jws, &keys, ORG, DEVICE), Err(ReceiptError::Kind { expected: "held" }));
}
