//! What goes into a request, and in which order.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic, also in its helpers")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sync_core::bytes::{Blob, Hash};
use sync_core::ids::{BatchId, DeviceId, IntentId, VisitId};
use sync_core::protocol::codec::{Encoding, encode};
use sync_core::protocol::outbox::{Batch, Outbox, UnsentChange};
use sync_core::protocol::{AckItem, ProtocolLimits, PushStatement, SyncRequest};
use sync_core::time::UnixMillis;

const VISIT: VisitId = VisitId::from_bytes([5; 16]);
const BATCH: BatchId = BatchId::from_bytes([4; 16]);
const DEVICE: DeviceId = DeviceId::from_bytes([2; 16]);

fn hash(number: u8) -> Hash {
    Hash([number; 32])
}

/// Change `number`, which builds on the one before.
fn change(number: u8, size: usize) -> UnsentChange {
    let deps = if number == 1 { vec![hash(100)] } else { vec![hash(number - 1)] };
    UnsentChange { hash: hash(number), deps, bytes: Blob(vec![number; size]), at: UnixMillis(i64::from(number)) }
}

fn next(outbox: &mut Outbox) -> Batch {
    outbox.next_batch(1 << 20, &ProtocolLimits::DEFAULT, Encoding::Cbor)
}

#[test]
fn statements_go_as_they_were_sealed() {
    let mut outbox = Outbox::default();
    // Their digests are in no order.
    let seals: Vec<String> = (0..6).map(|number| format!("seal {number}")).collect();
    for seal in &seals {
        outbox.add_statement(PushStatement { body: Blob(vec![0; 1_200]), seal: seal.clone() }, 0);
    }
    let sent = |batch: &Batch| batch.statements.iter().map(|push| push.seal.clone()).collect::<Vec<_>>();
    assert_eq!(sent(&next(&mut outbox)), seals);
    let few = outbox.next_batch(8_000, &ProtocolLimits::DEFAULT, Encoding::Cbor);
    assert!(few.more && seals.starts_with(&sent(&few)) && !few.statements.is_empty(), "{few:?}");
}

#[test]
fn intents_go_as_they_were_made_before_the_documents_they_create() {
    let mut outbox = Outbox::default();
    outbox.offer(VISIT, &[], vec![change(1, 10)], 0);
    // A clock that went backwards gives ids against the order.
    for number in 0..4u8 {
        let id = IntentId::from_bytes([9 - number; 16]);
        outbox.add_intent(id, vec![number; 1_500]);
    }
    outbox.add_intent(IntentId::from_bytes([0; 16]), vec![4; 10]);
    let batch = outbox.next_batch(8_000, &ProtocolLimits::DEFAULT, Encoding::Cbor);
    assert_eq!(batch.intents.iter().map(|intent| intent.0[0]).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(batch.more && batch.docs.is_empty(), "the rest of the intents comes first");
}

#[test]
fn batches_that_are_passed_follow_each_other_without_an_answer() {
    let mut outbox = Outbox::default();
    let changes: Vec<_> = (1..=6).map(|number| change(number, 2_000)).collect();
    let expected: Vec<Blob> = changes.iter().map(|change| change.bytes.clone()).collect();
    outbox.offer(VISIT, &[hash(100)], changes, 0);
    outbox.add_intent(IntentId::from_bytes([6; 16]), b"{}".to_vec());
    outbox.add_statement(PushStatement { body: Blob(b"{}".to_vec()), seal: "s".into() }, 0);
    let (mut chunks, mut known, mut batches, mut others) = (Vec::new(), vec![hash(100)], 0, 0);
    loop {
        let batch = outbox.next_batch(8_000, &ProtocolLimits::DEFAULT, Encoding::Cbor);
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
}

#[test]
fn what_went_in_vain_comes_after_everything_else() {
    let mut outbox = Outbox::default();
    // Oldest of all, and too many for one request.
    let stuck: Vec<VisitId> = (10..14u8).map(|number| VisitId::from_bytes([number; 16])).collect();
    for (visit, last_try) in stuck.iter().zip([2, 1, 1, 1]) {
        outbox.offer(*visit, &[], vec![change(1, 2_000)], last_try);
    }
    outbox.offer(VISIT, &[], vec![change(9, 2_000)], 0);
    outbox.add_statement(PushStatement { body: Blob(vec![0; 1_000]), seal: "seal".into() }, 0);
    let batch = outbox.next_batch(8_000, &ProtocolLimits::DEFAULT, Encoding::Cbor);
    assert_eq!(batch.docs.iter().map(|doc| doc.id).collect::<Vec<_>>(), [VISIT]);
    assert_eq!((batch.statements.len(), batch.more), (1, true));
    let batch = outbox.next_batch(10_000, &ProtocolLimits::DEFAULT, Encoding::Cbor);
    assert_eq!(
        batch.docs.iter().map(|doc| doc.id).collect::<Vec<_>>(),
        [VISIT, stuck[1]],
        "what was tried longest ago"
    );
}

#[test]
fn forms_that_nobody_takes_keep_back_neither_later_ones_nor_documents_tried_in_vain() {
    let mut outbox = Outbox::default();
    let form = |number: u8| PushStatement { body: Blob(vec![number; 2_000]), seal: number.to_string() };
    (1..4).for_each(|number| outbox.add_statement(form(number), 2));
    outbox.offer(VISIT, &[], vec![change(9, 2_000)], 1);
    outbox.add_statement(form(4), 0);
    let batch = outbox.next_batch(8_000, &ProtocolLimits::DEFAULT, Encoding::Cbor);
    assert_eq!((batch.statements, batch.docs.len(), batch.more), (vec![form(4)], 1, true));
}

#[test]
fn what_fits_no_batch_is_named_and_kept() {
    let mut outbox = Outbox::default();
    outbox.offer(VISIT, &[], vec![change(1, 200_000)], 0);
    let small = VisitId::from_bytes([6; 16]);
    outbox.offer(small, &[], vec![change(2, 10)], 0);
    let batch = outbox.next_batch(100_000, &ProtocolLimits::DEFAULT, Encoding::Cbor);
    assert_eq!(batch.too_large, [AckItem::Doc(VISIT)]);
    assert_eq!(batch.docs.iter().map(|doc| doc.id).collect::<Vec<_>>(), [small], "others are not held up");
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
        receipts: Vec::new(),
        device_state: None,
        seal: Some("s".repeat(600)),
    }
}

/// Builds one batch after the other until the outbox is empty.
fn drain(outbox: &mut Outbox, max_bytes: usize, encoding: Encoding) -> BTreeMap<VisitId, Vec<Blob>> {
    let mut stored: BTreeMap<VisitId, Vec<Blob>> = BTreeMap::new();
    let mut names = BTreeMap::new();
    for number in 1..=60u8 {
        names.insert(number, hash(number));
    }
    loop {
        let batch = outbox.next_batch(max_bytes, &ProtocolLimits::DEFAULT, encoding);
        if batch.is_empty() {
            assert_eq!(batch.too_large, []);
            return stored;
        }
        outbox.pass(&batch);
        for doc in &batch.docs {
            let heads: BTreeSet<_> = doc.chunks.last().and_then(|chunk| names.get(&chunk.0[0])).into_iter().collect();
            assert_eq!(doc.heads.iter().collect::<BTreeSet<_>>(), heads, "the head is the last change sent");
            stored.entry(doc.id).or_default().extend(doc.chunks.iter().cloned());
        }
        let encoded = encode(&request(batch), encoding).unwrap();
        assert!(encoded.len() <= max_bytes, "{} of {max_bytes} bytes", encoded.len());
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
            outbox.offer(visit, &[hash(100)], changes, 0);
        }
        for (size, number) in intents.iter().zip(0u8..) {
            outbox.add_intent(IntentId::from_bytes([number; 16]), vec![number; *size]);
        }
        for (number, size) in bodies.iter().enumerate() {
            let body = Blob(vec![0; *size]);
            outbox.add_statement(PushStatement { body, seal: format!("{number}") }, 0);
        }
        prop_assert_eq!(drain(&mut outbox, max_bytes, encoding), expected);
    }
}
