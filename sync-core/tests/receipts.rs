//! Receipts, and the outbox that only they can empty.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic, also in its helpers")]

use std::collections::{BTreeMap, BTreeSet};

use ed25519_dalek::Signer as _;
use proptest::prelude::*;
use sync_core::bytes::{Blob, Hash};
use sync_core::ids::{BatchId, DeviceId, EpochId, IntentId, OrgId, VisitId};
use sync_core::jws::{self, Ed25519PublicKey, JwsError, SigningInput};
use sync_core::protocol::message::{Ack, AckItem, Outcome, PushStatement, SyncRequest, SyncResponse};
use sync_core::protocol::outbox::{Batch, Hold, Outbox, OutboxEvent, UnsentChange};
use sync_core::protocol::{Encoding, ProtocolLimits, encode};
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

// ---- outbox ----

fn hash(number: u8) -> Hash {
    Hash([number; 32])
}

/// Change `number`, which builds on the one before.
fn change(number: u8, size: usize) -> UnsentChange {
    let deps = if number == 1 { vec![hash(100)] } else { vec![hash(number - 1)] };
    UnsentChange { hash: hash(number), deps, bytes: Blob(vec![number; size]), at: UnixMillis(i64::from(number)) }
}

fn no_history(_: &VisitId, _: &Hash) -> Option<Vec<Hash>> {
    None
}

fn answer(acks: Vec<Ack>) -> SyncResponse {
    SyncResponse { acks, ..SyncResponse::nothing_new(EPOCH, "c".into(), UnixMillis(9)) }
}

fn filled() -> Outbox {
    let mut outbox = Outbox::default();
    outbox.offer(VISIT, &[hash(100)], vec![change(1, 10), change(2, 10)]);
    outbox.add_change(VISIT, change(3, 10));
    outbox.add_change(VISIT, change(3, 10));
    outbox.add_intent(IntentId::from_bytes([6; 16]), b"{}".to_vec(), UnixMillis(8));
    outbox.add_statement(PushStatement { body: Blob(b"{}".to_vec()), seal: "s".into() }, UnixMillis(7));
    outbox.add_blob(hash(50), UnixMillis(6));
    outbox
}

fn next(outbox: &mut Outbox) -> Batch {
    outbox.next_batch(BATCH, 1 << 20, &ProtocolLimits::DEFAULT, Encoding::Cbor)
}

#[test]
fn acks_alone_free_nothing() {
    let mut outbox = filled();
    let statement = Hash::of(b"s");
    assert_eq!((outbox.unsent(), outbox.oldest_unsent_at()), (6, Some(UnixMillis(1))));
    let batch = next(&mut outbox);
    assert_eq!((batch.docs.len(), batch.intents.len(), batch.statements.len(), batch.more), (1, 1, 1, false));
    assert_eq!((batch.docs[0].base_heads.clone(), batch.docs[0].heads.clone()), (vec![hash(100)], vec![hash(3)]));
    let stored = answer(vec![
        Ack::new(AckItem::Doc(VISIT), Outcome::Stored),
        Ack::new(AckItem::Intent(IntentId::from_bytes([6; 16])), Outcome::Stored),
        Ack::new(AckItem::Statement(statement), Outcome::Stored),
    ]);
    assert_eq!(outbox.apply_response(Some(EPOCH), &stored, &[], &no_history), []);
    assert_eq!(outbox.unsent(), 6);
    assert_eq!(next(&mut outbox), batch, "without a receipt the same batch comes again");

    let receipt = verified(|receipt| {
        receipt.docs = vec![(VISIT, vec![hash(3)])];
        receipt.intents = vec![IntentId::from_bytes([6; 16])];
        receipt.statements = vec![statement];
        receipt.blobs = vec![hash(50)];
    });
    let events = outbox.apply_response(Some(EPOCH), &stored, std::slice::from_ref(&receipt), &no_history);
    assert_eq!(events.len(), 4);
    assert_eq!((outbox.unsent(), outbox.oldest_unsent_at()), (0, None));
    assert!(next(&mut outbox).is_empty());
    assert_eq!(outbox.apply_response(Some(EPOCH), &stored, &[receipt], &no_history), [], "again changes nothing");
}

#[test]
fn a_receipt_frees_exactly_what_lies_below_its_heads() {
    let mut outbox = filled();
    outbox.apply_receipt(&verified(|receipt| receipt.docs = vec![(VISIT, vec![hash(2)])]), &no_history);
    assert_eq!(outbox.unsent_changes(&VISIT), 1);
    let batch = next(&mut outbox);
    assert_eq!(batch.docs[0].base_heads, [hash(2)]);
    assert_eq!(batch.docs[0].chunks, [Blob(vec![3; 10])]);
    // Another rep's change 200 builds on ours; only the phone's document knows that.
    let foreign = verified(|receipt| receipt.docs = vec![(VISIT, vec![hash(200)])]);
    outbox.apply_receipt(&foreign, &no_history);
    assert_eq!(outbox.unsent_changes(&VISIT), 1, "an unknown head frees nothing");
    outbox.apply_receipt(&foreign, &|_, head| (*head == hash(200)).then(|| vec![hash(3)]));
    assert_eq!(outbox.unsent_changes(&VISIT), 0);
}

#[test]
fn a_receipt_of_other_data_frees_nothing() {
    let mut outbox = filled();
    let receipt = verified(|receipt| receipt.docs = vec![(VISIT, vec![hash(3)])]);
    let epoch = EpochId::from_bytes([99; 16]);
    let restored = SyncResponse { epoch, ..answer(vec![]) };
    let events = outbox.apply_response(Some(EPOCH), &restored, &[receipt], &no_history);
    assert_eq!(events, [OutboxEvent::EpochChanged { epoch }]);
    assert_eq!(outbox.unsent(), 6);
}

#[test]
fn a_held_document_waits_for_a_new_offer() {
    let mut outbox = filled();
    next(&mut outbox);
    let ack = Ack { missing: vec![hash(100)], ..Ack::new(AckItem::Doc(VISIT), Outcome::NeedFull) };
    let hold = Hold::NeedFull { missing: vec![hash(100)] };
    let events = outbox.apply_response(Some(EPOCH), &answer(vec![ack]), &[], &no_history);
    assert_eq!(events, [OutboxEvent::Held { visit: VISIT, hold: hold.clone() }]);
    assert_eq!(outbox.held().collect::<Vec<_>>(), [(&VISIT, &hold)]);
    assert!(next(&mut outbox).docs.is_empty());
    assert_eq!(outbox.unsent_changes(&VISIT), 3, "nothing is dropped");
    let root = UnsentChange { hash: hash(100), deps: vec![], bytes: Blob(vec![0]), at: UnixMillis(0) };
    outbox.offer(VISIT, &[], vec![root, change(1, 10), change(2, 10), change(3, 10)]);
    assert_eq!(next(&mut outbox).docs[0].chunks.len(), 4);
}

#[test]
fn quarantine_frees_only_what_that_batch_carried() {
    let mut outbox = filled();
    next(&mut outbox);
    outbox.add_change(VISIT, change(4, 10));
    let quarantined = |batch: Option<BatchId>| {
        verified(|receipt| {
            receipt.batch_id = batch;
            receipt.quarantined = vec![(VISIT.to_string(), "change_rejected".into())];
        })
    };
    outbox.apply_receipt(&quarantined(None), &no_history);
    assert_eq!(outbox.unsent_changes(&VISIT), 4, "another batch says nothing about these changes");
    next(&mut outbox);
    outbox.apply_receipt(&quarantined(Some(BATCH)), &no_history);
    assert_eq!(outbox.unsent_changes(&VISIT), 0);
}

#[test]
fn a_change_named_in_quarantine_takes_along_only_what_rests_on_it() {
    let mut outbox = Outbox::default();
    let aside = UnsentChange { deps: vec![hash(100)], ..change(3, 10) };
    outbox.offer(VISIT, &[hash(100)], vec![change(1, 10), change(2, 10), aside]);
    let other = VisitId::from_bytes([6; 16]);
    outbox.offer(other, &[], vec![change(7, 10)]);
    next(&mut outbox);
    let receipt = verified(|receipt| {
        receipt.batch_id = Some(BATCH);
        receipt.quarantined = vec![(hash(1).to_string(), "field_limit".into())];
    });
    let events = outbox.apply_receipt(&receipt, &no_history);
    assert_eq!(events, [], "something of the document is still unsent");
    assert_eq!((outbox.unsent_changes(&VISIT), outbox.unsent_changes(&other)), (1, 1));
    let batch = next(&mut outbox);
    let sent: Vec<_> = batch.docs.iter().map(|doc| (doc.id, doc.chunks.clone())).collect();
    assert!(sent.contains(&(VISIT, vec![Blob(vec![3; 10])])), "{sent:?}");
    assert!(sent.contains(&(other, vec![Blob(vec![7; 10])])), "{sent:?}");
}

#[test]
fn statements_go_as_they_were_sealed() {
    let mut outbox = Outbox::default();
    // A clock that went backwards gives times against the order; digests are in none.
    let seals: Vec<String> = (0..6).map(|number| format!("seal {number}")).collect();
    for (at, seal) in (0..).zip(&seals) {
        outbox.add_statement(PushStatement { body: Blob(vec![0; 1_200]), seal: seal.clone() }, UnixMillis(-at));
    }
    let sent = |batch: &Batch| batch.statements.iter().map(|push| push.seal.clone()).collect::<Vec<_>>();
    assert_eq!(sent(&next(&mut outbox)), seals);
    let few = outbox.next_batch(BATCH, 8_000, &ProtocolLimits::DEFAULT, Encoding::Cbor);
    assert!(few.more && seals.starts_with(&sent(&few)) && !few.statements.is_empty(), "{few:?}");
}

#[test]
fn intents_go_as_they_were_made_before_the_documents_they_create() {
    let mut outbox = Outbox::default();
    outbox.offer(VISIT, &[], vec![change(1, 10)]);
    // A clock that went backwards gives times and ids against the order.
    for number in 0..4u8 {
        let id = IntentId::from_bytes([9 - number; 16]);
        outbox.add_intent(id, vec![number; 1_500], UnixMillis(-i64::from(number)));
    }
    outbox.add_intent(IntentId::from_bytes([0; 16]), vec![4; 10], UnixMillis(0));
    let batch = outbox.next_batch(BATCH, 8_000, &ProtocolLimits::DEFAULT, Encoding::Cbor);
    assert_eq!(batch.intents.iter().map(|intent| intent.0[0]).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(batch.more && batch.docs.is_empty(), "the rest of the intents comes first");
}

#[test]
fn batches_that_are_passed_follow_each_other_without_an_answer() {
    let mut outbox = Outbox::default();
    let changes: Vec<_> = (1..=6).map(|number| change(number, 2_000)).collect();
    let expected: Vec<Blob> = changes.iter().map(|change| change.bytes.clone()).collect();
    outbox.offer(VISIT, &[hash(100)], changes);
    outbox.add_intent(IntentId::from_bytes([6; 16]), b"{}".to_vec(), UnixMillis(8));
    outbox.add_statement(PushStatement { body: Blob(b"{}".to_vec()), seal: "s".into() }, UnixMillis(7));
    let (mut chunks, mut known, mut batches, mut others) = (Vec::new(), vec![hash(100)], 0, 0);
    loop {
        let batch = outbox.next_batch(BATCH, 8_000, &ProtocolLimits::DEFAULT, Encoding::Cbor);
        if batch.is_empty() {
            break;
        }
        outbox.pass(&batch);
        for doc in batch.docs {
            assert_eq!(doc.base_heads, known, "each goes on where the one before ended");
            known = doc.heads;
            chunks.extend(doc.chunks);
        }
        (batches, others) = (batches + 1, others + batch.intents.len() + batch.statements.len());
    }
    assert_eq!((chunks, others, known), (expected, 2, vec![hash(6)]));
    assert!(batches > 2, "{batches}");
    assert_eq!(outbox.unsent(), 0);
}

#[test]
fn what_fits_no_batch_is_named_and_kept() {
    let mut outbox = Outbox::default();
    outbox.offer(VISIT, &[], vec![change(1, 200_000)]);
    let small = VisitId::from_bytes([6; 16]);
    outbox.offer(small, &[], vec![change(2, 10)]);
    let batch = outbox.next_batch(BATCH, 100_000, &ProtocolLimits::DEFAULT, Encoding::Cbor);
    assert_eq!(batch.too_large, [AckItem::Doc(VISIT)]);
    assert_eq!(batch.docs.iter().map(|doc| doc.id).collect::<Vec<_>>(), [small], "others are not held up");
    assert_eq!(outbox.unsent(), 2);
}

fn request(batch: Batch) -> SyncRequest {
    SyncRequest {
        protocol: 1,
        device_id: DEVICE,
        batch_id: BATCH,
        cursor: Some("c".repeat(1024)),
        max_bytes: u64::MAX >> 11,
        docs: batch.docs,
        intents: batch.intents,
        statements: batch.statements,
        blobs: Vec::new(),
        arrived: Vec::new(),
        device_state: None,
        seal: Some("s".repeat(600)),
    }
}

/// Plays a server that keeps what it gets until the outbox is empty.
fn drain(outbox: &mut Outbox, max_bytes: usize, encoding: Encoding) -> BTreeMap<VisitId, Vec<Blob>> {
    let mut stored: BTreeMap<VisitId, Vec<Blob>> = BTreeMap::new();
    let mut names = BTreeMap::new();
    for number in 1..=60u8 {
        names.insert(number, hash(number));
    }
    loop {
        let batch = outbox.next_batch(BATCH, max_bytes, &ProtocolLimits::DEFAULT, encoding);
        if batch.is_empty() {
            assert_eq!(batch.too_large, []);
            return stored;
        }
        let receipt = verified(|receipt| {
            receipt.docs = batch.docs.iter().map(|doc| (doc.id, doc.heads.clone())).collect();
            receipt.statements = batch.statements.iter().map(PushStatement::digest).collect();
            let first = |intent: &Blob| IntentId::from_bytes([intent.0[0]; 16]);
            receipt.intents = batch.intents.iter().map(first).collect();
        });
        for doc in &batch.docs {
            let heads: BTreeSet<_> = doc.chunks.last().and_then(|chunk| names.get(&chunk.0[0])).into_iter().collect();
            assert_eq!(doc.heads.iter().collect::<BTreeSet<_>>(), heads, "the head is the last change sent");
            stored.entry(doc.id).or_default().extend(doc.chunks.iter().cloned());
        }
        let encoded = encode(&request(batch), encoding).unwrap();
        assert!(encoded.len() <= max_bytes, "{} of {max_bytes} bytes", encoded.len());
        outbox.apply_receipt(&receipt, &no_history);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_batch_exceeds_its_size_and_everything_arrives_once_in_order(
        sizes in proptest::collection::vec(proptest::collection::vec(1usize..3_000, 1..20), 1..5),
        intents in proptest::collection::vec(1usize..3_000, 0..8),
        bodies in proptest::collection::vec(1usize..3_000, 0..5),
        max_bytes in 9_000usize..40_000,
        json in any::<bool>(),
    ) {
        let encoding = if json { Encoding::Json } else { Encoding::Cbor };
        let mut outbox = Outbox::default();
        let mut expected = BTreeMap::new();
        for (sizes, number) in sizes.iter().zip(0u8..) {
            let visit = VisitId::from_bytes([number; 16]);
            let changes: Vec<_> = sizes.iter().zip(1u8..).map(|(size, number)| change(number, *size)).collect();
            expected.insert(visit, changes.iter().map(|change| change.bytes.clone()).collect::<Vec<_>>());
            outbox.offer(visit, &[hash(100)], changes);
        }
        for (size, number) in intents.iter().zip(0u8..) {
            outbox.add_intent(IntentId::from_bytes([number; 16]), vec![number; *size], UnixMillis(0));
        }
        for (number, size) in bodies.iter().enumerate() {
            let body = Blob(vec![0; *size]);
            outbox.add_statement(PushStatement { body, seal: format!("{number}") }, UnixMillis(0));
        }
        prop_assert_eq!(drain(&mut outbox, max_bytes, encoding), expected);
        prop_assert_eq!(outbox.unsent(), 0);
    }
}
