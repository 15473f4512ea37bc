//! Every limit at its value, one above, and far above.

use automerge::transaction::Transactable;
use sync_core::bytes::Actor;
use sync_core::doc::{Map, VisitDoc};
use sync_core::guard::{Limits, Push, RefusalCode, Stored, admit};

use super::craft::*;

const LIMITS: Limits = Limits::DEFAULT;

#[track_caller]
fn judge(bytes: Vec<u8>, is_within: bool, code: RefusalCode) {
    let server = Server::of(&visit());
    if is_within {
        server.accepts(&[bytes]);
    } else {
        server.refuses(&bytes, code);
    }
}

#[test]
fn records_and_keys_have_a_largest_size() {
    for (len, is_within) in
        [(LIMITS.record_bytes, true), (LIMITS.record_bytes + 1, false), (LIMITS.record_bytes * 10, false)]
    {
        let text = format!("\"{}\"", "r".repeat(len - 2));
        let change = raw_change(&visit(), ME, |transaction| transaction.put(map(Map::Ticks), "x", text).unwrap());
        judge(change.raw_bytes().to_vec(), is_within, RefusalCode::FieldLimit);
    }
    for (len, is_within) in [(LIMITS.key_bytes, true), (LIMITS.key_bytes + 1, false), (LIMITS.key_bytes * 100, false)] {
        let change =
            raw_change(&visit(), ME, |transaction| transaction.put(map(Map::Ticks), "k".repeat(len), "1").unwrap());
        judge(change.raw_bytes().to_vec(), is_within, RefusalCode::FieldLimit);
    }
    for (depth, is_within) in [(8, true), (9, false), (800, false)] {
        let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let change = raw_change(&visit(), ME, |transaction| transaction.put(map(Map::Ticks), "x", text).unwrap());
        judge(change.raw_bytes().to_vec(), is_within, RefusalCode::FieldLimit);
    }
}

#[test]
fn one_change_has_a_largest_number_of_operations_dependencies_and_message_bytes() {
    for (count, is_within) in [(5_000, true), (5_001, false), (20_000, false)] {
        let change =
            raw_change(&visit(), ME, |transaction| transaction.splice_text(notes(), 0, 0, &"n".repeat(count)).unwrap());
        judge(change.raw_bytes().to_vec(), is_within, RefusalCode::ChangeTooLarge);
    }
    for (len, is_within) in [(200, true), (201, false), (20_000, false)] {
        let bytes = altered(&tick(&visit(), ME, "x"), |change| change.message = Some("m".repeat(len)));
        judge(bytes, is_within, RefusalCode::ChangeTooLarge);
    }

    // As many heads as a change may have dependencies, and one more.
    for (heads, is_within) in [(64u8, true), (65, false)] {
        let base = VisitDoc::create(VISIT).unwrap();
        let mut merged = base.clone();
        for head in 0..heads {
            let mut branch = base.clone();
            branch.edit(Actor([head; 16]), |edit| edit.put(Map::Ticks, &head.to_string(), &head)).unwrap();
            let chunks = branch.changes_since(&base.heads()).unwrap();
            merged.apply_trusted(&chunks, &branch.heads()).unwrap();
        }
        let change = tick(&merged, ME, "merge");
        assert_eq!(change.deps().len(), usize::from(heads));
        let server = Server::of(&merged);
        if is_within {
            server.accepts(&[change.raw_bytes().to_vec()]);
        } else {
            server.refuses(change.raw_bytes(), RefusalCode::ChangeTooLarge);
        }
    }
}

#[test]
fn maps_and_notes_end_at_their_limit_and_what_fits_before_is_kept() {
    let mut doc = VisitDoc::create(VISIT).unwrap();
    doc.edit(ME, |edit| (0..LIMITS.keys_per_map - 1).try_for_each(|key| edit.put(Map::Photos, &key.to_string(), &key)))
        .unwrap();
    let base = doc.heads();
    let server = Server::of(&doc);
    for key in ["last", "one more", "another"] {
        doc.edit(ME, |edit| edit.put(Map::Photos, key, &key)).unwrap();
    }
    let chunks = doc.changes_since(&base).unwrap();
    let admission = server.push(&chunks);
    assert_eq!(check_accepted(admission.accepted.unwrap()).chunks, chunks[..1]);
    let refused = admission.refused.unwrap();
    assert_eq!((refused.code, &refused.chunks[..]), (RefusalCode::FieldLimit, &chunks[1..]));

    let mut doc = VisitDoc::create(VISIT).unwrap();
    for text in 1..=5 {
        doc.edit(ME, |edit| edit.set_notes(&"字".repeat(4_000 * text))).unwrap();
    }
    let server = Server::of(&doc);
    server.refuses(
        raw_change(&doc, ME, |transaction| transaction.splice_text(notes(), 0, 0, "x").unwrap()).raw_bytes(),
        RefusalCode::FieldLimit,
    );
    server.accepts(&[raw_change(&doc, ME, |transaction| transaction.splice_text(notes(), 0, 1, "x").unwrap())
        .raw_bytes()
        .to_vec()]);
    // One element with a long text is as long as its text.
    server.refuses(
        raw_change(&doc, ME, |transaction| transaction.insert(notes(), 0, "y".repeat(30_000)).unwrap()).raw_bytes(),
        RefusalCode::FieldLimit,
    );
}

#[test]
fn long_notes_are_written_in_changes_that_are_all_taken() {
    let mut doc = VisitDoc::create(VISIT).unwrap();
    let long = |first: &str, count| format!("{first}{}末", "字𠮷".repeat(count));
    // From nothing to the limit, to other text with the same ends, to little, and back.
    for (text, changes) in [
        (long("始", 9_999), 5),
        (format!("始{}末", "x".repeat(19_998)), 10),
        (long("始", 3), 6),
        ("好".repeat(4_000), 2),
    ] {
        let server = Server::of(&doc);
        let written = doc.set_notes(ME, &text).unwrap();
        assert!(written.len() <= changes, "{} changes", written.len());
        assert_eq!(sync_core::merge::view(&doc).notes, text);
        server.accepts(&written.into_iter().map(|change| change.chunk).collect::<Vec<_>>());
    }
    assert_eq!(doc.set_notes(ME, &"好".repeat(4_000)).unwrap(), [], "the same again is no change");
}

#[test]
fn documents_have_a_largest_size_history_and_number_of_actors() {
    let doc = visit();
    let mut twice = doc.clone();
    twice.edit(OTHER, |edit| edit.put(Map::Ticks, "x", &1)).unwrap();
    let first = twice.changes_since(&doc.heads()).unwrap();
    twice.edit(Actor([0x33; 16]), |edit| edit.put(Map::Ticks, "y", &2)).unwrap();
    let both = twice.changes_since(&doc.heads()).unwrap();

    let index = sync_core::guard::ChangeIndex::of(&doc);
    let (changes, actors) = (u64::try_from(index.len()).unwrap(), u64::try_from(index.actors().len()).unwrap());
    let bytes = {
        let mut one = doc.clone();
        one.apply_trusted(&first, &[]).unwrap();
        one.save().len()
    };
    let one_more = [
        Limits { document_changes: changes + 1, ..LIMITS },
        Limits { document_actors: actors + 1, ..LIMITS },
        Limits { document_ops: index.operations() + 1, ..LIMITS },
        Limits { document_bytes: bytes, ..LIMITS },
    ];
    for limits in one_more {
        let stored = Some(Stored { snapshot: &doc.save(), loaded: None, index: &index });
        let admission =
            admit(Push { visit: VISIT, by: BY, chunks: &both, stored, may_use_actor: &|_| true, limits: &limits })
                .unwrap();
        assert_eq!(check_accepted(admission.accepted.unwrap()).chunks, first, "{limits:?}");
        let refused = admission.refused.unwrap();
        assert_eq!((refused.code, &refused.chunks[..]), (RefusalCode::DocumentLimit, &both[1..]), "{limits:?}");
    }
}

#[test]
fn no_configuration_exceeds_the_ceiling() {
    let all =
        Limits { change_ops: u64::MAX, change_bytes: usize::MAX, record_depth: usize::MAX, ..LIMITS }.within_ceiling();
    assert_eq!((all.change_ops, all.change_bytes, all.record_depth), (Limits::CEILING.change_ops, 256 << 10, 8));
    assert_eq!(LIMITS.within_ceiling(), LIMITS);
}
