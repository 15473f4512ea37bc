//! The measured hostile inputs A1 to A5, A7 to A9 and what was found besides (A6: mutations).

use automerge::legacy::{Key, ObjectId, OpId, OpType};
use automerge::transaction::Transactable;
use automerge::{ActorId, Automerge, Change, ObjType, ROOT, ScalarValue};
use sync_core::bytes::Actor;
use sync_core::doc::Map;
use sync_core::guard::RefusalCode;

use super::craft::*;

#[test]
fn a1_a_decompression_bomb_is_stopped_at_the_limit() {
    let server = Server::of(&visit());
    // A gigabyte from more than a change may have on the wire, and 30 MiB from less.
    for len in [1 << 30, 30 << 20] {
        let bomb = zeros_deflated(len);
        server.refuses(&chunk(2, &bomb, 1, b"never computed"), RefusalCode::ChangeTooLarge);
    }
    // The encoding is right: a small one inflates, and is no change.
    let zeros = [0; 259];
    server.refuses(&chunk(2, &zeros_deflated(258), 1, &zeros), RefusalCode::ChangeRejected);
}

#[test]
fn a2_a_huge_text_is_too_large_plain_and_compressed() {
    let doc = visit();
    let mut change = raw_change(&doc, ME, |transaction| {
        transaction.put(map(Map::Ticks), "huge", "a".repeat(8 << 20)).unwrap();
    });
    let compressed = change.bytes().into_owned();
    assert!(compressed.len() < 64 << 10 && compressed[8] == 2);
    Server::of(&doc).refuses(&compressed, RefusalCode::ChangeTooLarge);
    Server::of(&doc).refuses(change.raw_bytes(), RefusalCode::ChangeTooLarge);
}

#[test]
fn a3_a_million_operations_in_a_hundred_bytes_are_counted_not_expanded() {
    let doc = visit();
    let insert_false_true = |len: usize| {
        let mut data = vec![0];
        uleb(&mut data, len);
        data
    };
    for len in [5_001, 1_000_000, 1 << 40] {
        let change = change_of_columns(
            &doc,
            &[
                (0x01, run(len, 1)),
                (0x02, run(len, 16)),
                (0x13, run(len, 0)),
                (0x34, insert_false_true(len)),
                (0x42, run(len, 1)),
                (0x56, run(len, 6)),
                (0x70, run(len, 0)),
            ],
        );
        assert!(change.len() < 160);
        Server::of(&doc).refuses(&change, RefusalCode::ChangeTooLarge);
    }
}

#[test]
fn a4_nested_objects_are_not_allowed_at_any_depth() {
    let doc = visit();
    for depth in [1, 300, 2_000, 4_999] {
        let change = raw_change(&doc, ME, |transaction| {
            let mut object = map(Map::Ticks);
            for _ in 0..depth {
                object = transaction.put_object(&object, "m", ObjType::Map).unwrap();
            }
        });
        Server::of(&doc).refuses(change.raw_bytes(), RefusalCode::OperationNotAllowed);
    }
}

#[test]
fn a5_counters_must_follow_from_the_history() {
    let doc = visit();
    let honest = tick(&doc, ME, "x");
    let right = honest.start_op().get();
    for start_op in [1, right - 1, right + 1, 4_294_967_294, 1 << 40, u64::MAX - 5] {
        let bytes = altered(&honest, |change| change.start_op = start_op.try_into().unwrap());
        Server::of(&doc).refuses(&bytes, RefusalCode::ChangeCounterInvalid);
    }
    Server::of(&doc).accepts(&[honest.raw_bytes().to_vec()]);
}

#[test]
fn a7_other_content_of_a_known_sequence_number_is_a_fork() {
    let before = visit();
    let (first, second) = (tick(&before, ME, "x"), tick(&before, ME, "y"));
    let mut doc = before.clone();
    doc.apply_trusted(&[first.raw_bytes().to_vec()], &[]).unwrap();
    Server::of(&doc).refuses(second.raw_bytes(), RefusalCode::ActorForked);

    // The next number of somebody else's actor would lock its owner out.
    let spoofed = tick(&doc, ME, "z");
    let admission = Server::of(&doc).push_as(&[spoofed.raw_bytes().to_vec()], &|actor| *actor == OTHER);
    assert_eq!(admission.refused.unwrap().code, RefusalCode::ActorNotYours);
    assert!(admission.accepted.is_none());
}

#[test]
fn a8_changes_without_their_past_are_reported_and_not_parked() {
    let doc = visit();
    let root = tick(&doc, ME, "root");
    let mut chunks = Vec::with_capacity(20_000);
    let mut previous = root.clone();
    for _ in 0..20_000 {
        let next = altered(&previous, |change| {
            change.deps = vec![previous.hash()];
            change.seq += 1;
            change.start_op = (change.start_op.get() + 1).try_into().unwrap();
        });
        previous = Change::from_bytes(next.clone()).unwrap();
        chunks.push(next);
    }
    let server = Server::of(&doc);
    let admission = server.push(&chunks);
    assert_eq!(admission.missing, [sync_core::bytes::Hash(root.hash().0)]);
    assert!(admission.accepted.is_none() && admission.refused.is_none());
    // In any order, and with the root they all belong to the document.
    chunks.truncate(50);
    chunks.reverse();
    chunks.push(root.raw_bytes().to_vec());
    assert_eq!(server.accepts(&chunks).changes.len(), 51);
}

#[test]
fn a9_absurd_times_are_claims_and_ignored() {
    let doc = visit();
    for time in [i64::MAX, 1 << 62, 1] {
        let first = altered(&tick(&doc, ME, "x"), |change| change.time = time);
        let accepted = Server::of(&doc).accepts(std::slice::from_ref(&first));
        // Whatever the next writer claims, the document stays writable and readable.
        for time in [i64::MAX, 1, 0] {
            let second = altered(&tick(&accepted.doc, OTHER, "y"), |change| change.time = time);
            let accepted = Server::of(&accepted.doc).accepts(std::slice::from_ref(&second));
            assert_eq!(accepted.doc.changes_since(&doc.heads()).unwrap(), [first.clone(), second]);
            check_accepted(first_push(&[accepted.snapshot]).accepted.unwrap());
        }
    }
    // The difference of a negative and a large time overflows inside Automerge when it saves.
    for time in [-1, i64::MIN] {
        let bytes = altered(&tick(&doc, ME, "x"), |change| change.time = time);
        Server::of(&doc).refuses(&bytes, RefusalCode::ChangeRejected);
    }
}

#[test]
fn a_flipped_byte_or_a_cut_chunk_never_passes_for_the_change() {
    let doc = visit();
    let bytes = tick(&doc, ME, "x").raw_bytes().to_vec();
    let server = Server::of(&doc);
    for at in 4..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        let refused = server.push(&[flipped]).refused.unwrap();
        assert!(
            matches!(
                refused.code,
                RefusalCode::ChecksumMismatch | RefusalCode::ChangeRejected | RefusalCode::ChangeEncodingNotAllowed
            ),
            "{at}"
        );
    }
    for len in 0..bytes.len() {
        server.refuses(&bytes[..len], RefusalCode::ChangeRejected);
    }
    server.refuses(&[bytes.clone(), bytes].concat(), RefusalCode::ChangeRejected);
}

#[test]
fn gaps_and_zero_in_the_sequence_are_refused() {
    let doc = visit();
    for seq in [0, 6, u64::MAX] {
        let bytes = altered(&tick(&doc, ME, "x"), |change| change.seq = seq);
        Server::of(&doc).refuses(&bytes, RefusalCode::ChangeCounterInvalid);
    }
    // A chain that leaves out the writer's previous change.
    let metas = doc.change_metas();
    let forked = altered(&tick(&doc, ME, "x"), |change| {
        change.deps = vec![automerge::ChangeHash(metas[0].hash.0)];
        change.start_op = 17.try_into().unwrap();
    });
    Server::of(&doc).refuses(&forked, RefusalCode::ChangeCounterInvalid);
}

#[test]
fn operations_on_unknown_objects_and_predecessors_are_refused() {
    let doc = visit();
    let honest = raw_change(&doc, ME, |transaction| transaction.put(map(Map::Ticks), "step/a", "{}").unwrap());
    let genesis_actor = ActorId::from(&VISIT.as_bytes()[..]);
    let me = ActorId::from(&ME.0[..]);
    let other = ActorId::from(&[5u8; 16][..]);
    let on = |object: OpId| altered(&honest, |change| change.operations[0].obj = ObjectId::Id(object));
    for object in
        [OpId::new(99_999, &genesis_actor), OpId::new(17, &me), OpId::new(1, &other), OpId::new(17, &genesis_actor)]
    {
        Server::of(&doc).refuses(&on(object), RefusalCode::OperationNotAllowed);
    }
    // Predecessors that do not exist, or belong to another key, another map, the genesis change.
    let photo = OpId::new(17, &me);
    let tick_b = OpId::new(19, &me);
    for pred in [OpId::new(7_777, &me), OpId::new(3, &other), photo, tick_b, OpId::new(13, &genesis_actor)] {
        let bytes = altered(&honest, |change| change.operations[0].pred = vec![pred.clone()].into());
        let refused = Server::of(&doc).push(&[bytes]).refused.expect("refused");
        assert!(matches!(refused.code, RefusalCode::ChangeRejected | RefusalCode::OperationNotAllowed), "{pred:?}");
    }
}

#[test]
fn put_and_delete_in_one_push_are_both_seen() {
    let doc = visit();
    let put = tick(&doc, ME, "x");
    let mut after = doc.clone();
    after.apply_trusted(&[put.raw_bytes().to_vec()], &[]).unwrap();
    let delete = raw_change(&after, ME, |transaction| transaction.delete(map(Map::Ticks), "x").unwrap());
    let admission = Server::of(&doc).push(&[put.raw_bytes().to_vec(), delete.raw_bytes().to_vec()]);
    assert_eq!(admission.refused.unwrap().code, RefusalCode::OperationNotAllowed);
    assert_eq!(check_accepted(admission.accepted.unwrap()).changes.len(), 1);
}

#[test]
fn keys_and_values_of_the_wrong_kind_are_refused() {
    let doc = visit();
    let honest = tick(&doc, ME, "x");
    let element = altered(&honest, |change| change.operations[0].key = Key::Seq(automerge::legacy::ElementId::Head));
    Server::of(&doc).refuses(&element, RefusalCode::OperationNotAllowed);
    let increment = altered(&honest, |change| change.operations[0].action = OpType::Increment(4));
    Server::of(&doc).refuses(&increment, RefusalCode::OperationNotAllowed);
    for value in [
        ScalarValue::Null,
        ScalarValue::Int(1),
        ScalarValue::counter(1),
        ScalarValue::Bytes(vec![1]),
        ScalarValue::Boolean(true),
    ] {
        let put = altered(&honest, |change| change.operations[0].action = OpType::Put(value));
        Server::of(&doc).refuses(&put, RefusalCode::OperationNotAllowed);
    }
}

#[test]
fn only_changes_and_first_documents_are_chunks_we_read() {
    let mut doc = visit();
    let server = Server::of(&doc);
    doc.edit(OTHER, |edit| edit.put(Map::Ticks, "new", &true)).unwrap();
    server.refuses(&doc.save(), RefusalCode::ChangeEncodingNotAllowed);
    for kind in [3, 4, 255] {
        server.refuses(&chunk(kind, &[0], kind, &[0]), RefusalCode::ChangeEncodingNotAllowed);
    }
    // A deflated column hides a bomb inside a document of innocent size.
    let mut raw = Automerge::load(&doc.save()).unwrap();
    let mut transaction = raw.transaction();
    transaction.put(map(Map::Ticks), "long", format!("\"{}\"", "a".repeat(10_000))).unwrap();
    transaction.commit();
    let admission = first_push(&[raw.save()]);
    assert_eq!(admission.refused.unwrap().code, RefusalCode::ChangeEncodingNotAllowed);
    assert!(admission.accepted.is_none());
}

#[test]
fn a_document_that_claims_more_rows_than_allowed_is_not_loaded() {
    // One actor, one head, one operation column with a run of 2^40 rows.
    let document = |specification: u8, data: Vec<u8>| {
        let mut body = vec![1, 16];
        body.extend(ME.0);
        body.push(1);
        body.extend([9; 32]);
        body.extend([0, 1, specification]);
        uleb(&mut body, data.len());
        body.extend(data);
        body.push(0);
        chunk(0, &body, 0, &body)
    };
    let mut trues = vec![0];
    uleb(&mut trues, 1 << 40);
    for (specification, data) in [
        (0x42, run(1 << 40, 1)),
        (0x13, run(1 << 40, 1)),
        (0x15, [run(1 << 40, 1), vec![b'a']].concat()),
        (0x80, run(3, 0x7f)),
        (0x34, trues),
    ] {
        let code = first_push(&[document(specification, data)]).refused.unwrap().code;
        let expected = if specification == 0x80 { RefusalCode::ChangeRejected } else { RefusalCode::DocumentLimit };
        assert_eq!(code, expected, "{specification:#x}");
    }
}

#[test]
fn the_root_holds_what_genesis_made_and_nothing_else() {
    let doc = visit();
    let puts: [fn(&mut automerge::transaction::Transaction<'_>); 5] = [
        |transaction| transaction.put(ROOT, "extra", "x").unwrap(),
        |transaction| transaction.put(ROOT, "ticks", "x").unwrap(),
        |transaction| drop(transaction.put_object(ROOT, "photos", ObjType::Map).unwrap()),
        |transaction| transaction.delete(ROOT, "photos").unwrap(),
        |transaction| drop(transaction.put_object(map(Map::More), "list", ObjType::List).unwrap()),
    ];
    for put in puts {
        Server::of(&doc).refuses(raw_change(&doc, ME, put).raw_bytes(), RefusalCode::OperationNotAllowed);
    }
}

#[test]
fn nobody_else_uses_the_genesis_actor_and_nothing_starts_beside_it() {
    let doc = visit();
    let genesis_actor = Actor(*VISIT.as_bytes());
    Server::of(&doc).refuses(tick(&doc, genesis_actor, "x").raw_bytes(), RefusalCode::ActorNotYours);
    let other_genesis = altered(&Change::from_bytes(genesis_chunk()).unwrap(), |change| change.time = 1);
    Server::of(&doc).refuses(&other_genesis, RefusalCode::ActorNotYours);
    assert_eq!(first_push(&[other_genesis]).refused.unwrap().code, RefusalCode::ActorNotYours);
    let rootless = altered(&tick(&doc, OTHER, "x"), |change| change.deps = Vec::new());
    Server::of(&doc).refuses(&rootless, RefusalCode::GenesisMissing);
}

#[test]
fn a_change_carries_no_extra_bytes_and_names_no_strangers() {
    let doc = visit();
    let honest = raw_change(&doc, ME, |transaction| transaction.put(map(Map::Ticks), "step/a", "{}").unwrap());
    let extra = altered(&honest, |change| change.extra_bytes = b"author".to_vec());
    Server::of(&doc).refuses(&extra, RefusalCode::ChangeRejected);
    let stranger = automerge::ActorId::from(&[5u8; 16][..]);
    let naming = altered(&honest, |change| change.operations[0].pred = vec![OpId::new(3, &stranger)].into());
    Server::of(&doc).refuses(&naming, RefusalCode::ChangeRejected);
}

/// Found by comparing two readers: Automerge ignores the length that a null claims, so a judge who
/// skips those bytes reads one record while everybody else reads another.
#[test]
fn a_null_that_claims_bytes_cannot_show_the_judge_another_record() {
    let doc = visit();
    let delete_and_put = |null_bytes: u8, values: &[u8]| {
        change_of_columns(
            &doc,
            &[
                (0x01, run(2, 1)),
                (0x02, vec![0x7e, 16, 10]),
                (0x13, vec![0x7f, 0, 0, 1]),
                (0x15, vec![0, 1, 0x7f, 1, b'p']),
                (0x34, vec![2]),
                (0x42, vec![0x7e, 3, 1]),
                // A null of seven bytes, then a text of eight (0x86 in two bytes).
                (0x56, vec![0x7e, null_bytes << 4, 0x86, 1]),
                (0x57, values.to_vec()),
                (0x70, run(2, 0)),
            ],
        )
    };
    Server::of(&doc).refuses(&delete_and_put(7, b"{\"by\":0{\"a\":11}"), RefusalCode::ChangeRejected);
    // Without the claim the same change is judged by the record that everybody reads.
    Server::of(&doc).refuses(&delete_and_put(0, b"{\"by\":0}"), RefusalCode::ByMismatch);
}
