//! Merging is commutative, associative, idempotent and independent of order (goal R6): equal heads
//! give equal views, whatever way the changes came.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use proptest::prelude::*;
use serde_json::{Value, json};
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::guard::{Accepted, ChangeIndex, Limits, Push, Stored, admit};
use sync_core::ids::VisitId;
use sync_core::merge::{View, view};

const VISIT: VisitId = VisitId::from_bytes([42; 16]);
const BY: &str = "01955f2c-3000-7000-8000-0000000000aa";

fn stamp() -> Value {
    json!({"wall_ms": 1_741_053_120_000_i64, "mono_ms": 2, "boot_id": "ABCDEFGH"})
}

#[derive(Debug, Clone)]
enum Step {
    Tick { replica: usize, key: u8, done: bool },
    Answer { replica: usize, key: u8, value: u8 },
    Measure { replica: usize, code: u8, value: u8 },
    Outcome { replica: usize, code: bool },
    Event { replica: usize, known: bool },
    Odd { replica: usize, kind: u8 },
    Notes { replica: usize, text: String },
    Pull { into: usize, from: usize },
}

fn step(replicas: usize) -> impl Strategy<Value = Step> {
    let replica = 0..replicas;
    prop_oneof![
        3 => (replica.clone(), 0..3u8, any::<bool>()).prop_map(|(replica, key, done)| Step::Tick { replica, key, done }),
        3 => (replica.clone(), 0..3u8, 0..4u8).prop_map(|(replica, key, value)| Step::Answer { replica, key, value }),
        3 => (replica.clone(), 0..2u8, 0..4u8).prop_map(|(replica, code, value)| Step::Measure { replica, code, value }),
        1 => (replica.clone(), any::<bool>()).prop_map(|(replica, code)| Step::Outcome { replica, code }),
        1 => (replica.clone(), any::<bool>()).prop_map(|(replica, known)| Step::Event { replica, known }),
        1 => (replica.clone(), 0..3u8).prop_map(|(replica, kind)| Step::Odd { replica, kind }),
        2 => (replica.clone(), "[a-c客户]{0,8}").prop_map(|(replica, text)| Step::Notes { replica, text }),
        3 => (replica.clone(), replica).prop_map(|(into, from)| Step::Pull { into, from }),
    ]
}

fn history() -> impl Strategy<Value = (usize, Vec<Step>)> {
    (2..=5usize).prop_flat_map(|replicas| (Just(replicas), prop::collection::vec(step(replicas), 1..40)))
}

fn actor(replica: usize) -> Actor {
    Actor([u8::try_from(replica).unwrap() + 1; 16])
}

fn run(docs: &mut [VisitDoc], number: usize, step: &Step) {
    let id = format!("01955f2c-3000-7000-8000-{number:012}");
    let mut put = |replica: usize, map: Map, key: &str, record: Value| {
        docs[replica].edit(actor(replica), |edit| edit.put(map, key, &record)).unwrap();
    };
    match step {
        Step::Tick { replica, key, done } => {
            put(*replica, Map::Ticks, &format!("step/{key}"), json!({"done": done, "at": stamp(), "by": BY}));
        }
        Step::Answer { replica, key, value } => {
            put(*replica, Map::Answers, &format!("q{key}"), json!({"value": value, "at": stamp(), "by": BY}));
        }
        Step::Measure { replica, code, value } => {
            let code = format!("m{code}");
            let record = json!({"code": code, "value": value.to_string(), "unit": "dB", "source": "typed", "at": stamp(), "by": BY});
            put(*replica, Map::Measures, &id, record);
        }
        Step::Outcome { replica, code } => {
            let code = if *code { "completed" } else { "no_show" };
            put(*replica, Map::Outcomes, &id, json!({"code": code, "at": stamp(), "by": BY}));
        }
        Step::Event { replica, known } => {
            let event = if *known { "submit" } else { "levitate" };
            put(*replica, Map::Timeline, &id, json!({"event": event, "at": stamp(), "by": BY}));
        }
        Step::Odd { replica, kind } => match kind {
            0 => put(*replica, Map::Photos, &id, json!({"holo": true})),
            1 => put(*replica, Map::More, &format!("smell/{id}"), json!(["burnt", 3])),
            _ => put(*replica, Map::Ticks, "odd", json!({"done": true, "at": stamp(), "by": BY, "mood": "fine"})),
        },
        Step::Notes { replica, text } => {
            docs[*replica].edit(actor(*replica), |edit| edit.set_notes(text)).unwrap();
        }
        Step::Pull { into, from } => {
            let source = docs[*from].clone();
            merge(&mut docs[*into], &source);
        }
    }
}

fn merge(into: &mut VisitDoc, from: &VisitDoc) {
    let known: Vec<Hash> = from.heads().into_iter().filter(|head| into.has_change(head)).collect();
    let chunks = from.changes_since(&known).unwrap();
    into.apply_trusted(&chunks, &from.heads()).unwrap();
}

fn merged<'a>(docs: impl IntoIterator<Item = &'a VisitDoc>) -> VisitDoc {
    let mut all = VisitDoc::create(VISIT).unwrap();
    for doc in docs {
        merge(&mut all, doc);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn equal_heads_give_equal_views((replicas, steps) in history(), order in any::<prop::sample::Index>()) {
        let mut docs = vec![VisitDoc::create(VISIT).unwrap(); replicas];
        for (number, step) in steps.iter().enumerate() {
            run(&mut docs, number, step);
        }

        let forward = merged(&docs);
        let expected = view(&forward);
        // Commutative and associative: other orders and groupings.
        let backward = merged(docs.iter().rev());
        prop_assert_eq!(&view(&backward), &expected);
        let (left, right) = docs.split_at(order.index(replicas));
        prop_assert_eq!(&view(&merged([&merged(right), &merged(left)])), &expected);
        // Idempotent: everything a second time, chunk by chunk, changes nothing.
        let mut again = forward.clone();
        for doc in &docs {
            merge(&mut again, doc);
        }
        let chunks = forward.changes_since(&[]).unwrap();
        for chunk in &chunks {
            again.apply_trusted(&[chunk.clone(), chunk.clone()], &forward.heads()).unwrap();
        }
        prop_assert_eq!(again.save(), forward.save());
        // One by one in causal order, and one batch in reverse order.
        let mut single = VisitDoc::create(VISIT).unwrap();
        for chunk in &chunks {
            single.apply_trusted(std::slice::from_ref(chunk), &[]).unwrap();
        }
        prop_assert_eq!(&view(&single), &expected);
        let mut reversed = VisitDoc::create(VISIT).unwrap();
        reversed.apply_trusted(&chunks.iter().rev().cloned().collect::<Vec<_>>(), &forward.heads()).unwrap();
        prop_assert_eq!(&view(&reversed), &expected);
        // A saved document is the same document.
        prop_assert_eq!(&view(&VisitDoc::load(VISIT, &forward.save()).unwrap()), &expected);

        nothing_is_hidden(&steps, &expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// The guard never refuses honest work: whatever replicas do, in whatever pieces it arrives.
    #[test]
    fn honest_histories_pass_the_guard((replicas, steps) in history(), cut in any::<prop::sample::Index>()) {
        let mut docs = vec![VisitDoc::create(VISIT).unwrap(); replicas];
        for (number, step) in steps.iter().enumerate() {
            run(&mut docs, number, step);
        }
        let mut stored: Option<Accepted> = None;
        for doc in &docs {
            let chunks = doc.changes_since(&[]).unwrap();
            let (first, second) = chunks.split_at(cut.index(chunks.len()));
            for piece in [first, second, first] {
                let known = stored.as_ref().map(|stored| Stored { snapshot: &stored.snapshot, loaded: None, index: &stored.index });
                let push = Push {
                    visit: VISIT,
                    by: BY.parse().unwrap(),
                    chunks: piece,
                    stored: known,
                    may_use_actor: &|_| true,
                    limits: &Limits::DEFAULT,
                };
                let admission = admit(push).unwrap();
                prop_assert_eq!(&admission.refused, &None);
                prop_assert!(admission.missing.is_empty());
                let count = admission.accepted.as_ref().map_or(0, |accepted| accepted.chunks.len());
                prop_assert_eq!(count + admission.duplicates, piece.len());
                stored = admission.accepted.or(stored);
            }
        }
        let stored = stored.unwrap();
        prop_assert_eq!(view(&stored.doc), view(&merged(&docs)));
        prop_assert_eq!(ChangeIndex::of(&stored.doc), stored.index);
    }
}

/// Every write-once record of every replica is in the view or named by a finding.
fn nothing_is_hidden(steps: &[Step], view: &View) {
    let count = |wanted: fn(&Step) -> bool| steps.iter().filter(|step| wanted(step)).count();
    assert_eq!(view.measures.len(), count(|step| matches!(step, Step::Measure { .. })));
    assert_eq!(view.outcomes.len(), count(|step| matches!(step, Step::Outcome { .. })));
    assert_eq!(view.timeline.len(), count(|step| matches!(step, Step::Event { .. })));
    assert_eq!(view.more.len(), count(|step| matches!(step, Step::Odd { kind: 1, .. })));
    let found = |code: &str| view.findings.iter().filter(|finding| finding.code == code).count();
    assert_eq!(found("unknown_event"), count(|step| matches!(step, Step::Event { known: false, .. })));
    assert_eq!(found("unknown_record_shape"), count(|step| matches!(step, Step::Odd { kind: 0, .. })));
}

fn two_phones() -> (VisitDoc, VisitDoc) {
    let base = VisitDoc::create(VISIT).unwrap();
    (base.clone(), base)
}

fn measure(value: &str) -> Value {
    json!({"code": "rx_power", "value": value, "unit": "dBm", "source": "typed", "at": stamp(), "by": BY, "extra": 1})
}

#[test]
fn concurrent_readings_of_one_code_are_a_conflict_until_a_later_one_settles_it() {
    let (mut a, mut b) = two_phones();
    a.edit(actor(0), |edit| edit.put(Map::Measures, "a", &measure("-18.5"))).unwrap();
    b.edit(actor(1), |edit| edit.put(Map::Measures, "b", &measure("-23.1"))).unwrap();
    merge(&mut a, &b);
    let conflicted = view(&a);
    assert_eq!(conflicted.conflicts.len(), 1);
    let conflict = &conflicted.conflicts[0];
    assert_eq!(
        (conflict.map.as_str(), conflict.key.as_str(), conflict.policy.name()),
        ("measures", "rx_power", "newest")
    );
    assert_eq!(conflict.candidates.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(conflict.candidates[0].value, measure("-18.5"), "candidates keep unknown fields");
    assert_eq!(conflicted.measure("rx_power").map(|entry| entry.op), Some(conflict.chosen));

    a.edit(actor(0), |edit| edit.put(Map::Measures, "c", &measure("-18.6"))).unwrap();
    assert_eq!(view(&a).conflicts, vec![]);
    assert_eq!(view(&a).measures.len(), 3);
}

#[test]
fn concurrent_outcomes_conflict_only_when_they_differ() {
    let outcome = |code: &str| json!({"code": code, "at": stamp(), "by": BY});
    for (other, conflicts) in [("completed", 0), ("no_show", 1)] {
        let (mut a, mut b) = two_phones();
        a.edit(actor(0), |edit| edit.put(Map::Outcomes, "a", &outcome("completed"))).unwrap();
        b.edit(actor(1), |edit| edit.put(Map::Outcomes, "b", &outcome(other))).unwrap();
        merge(&mut a, &b);
        assert_eq!(view(&a).conflicts.len(), conflicts, "{other}");
    }
}

#[test]
fn the_newest_write_of_a_key_counts_and_losers_stay_listed() {
    let (mut a, mut b) = two_phones();
    let answer = |value: &str| json!({"value": value, "at": stamp(), "by": BY});
    a.edit(actor(0), |edit| edit.put(Map::Answers, "q", &answer("first"))).unwrap();
    merge(&mut b, &a);
    a.edit(actor(0), |edit| edit.put(Map::Answers, "q", &answer("from a"))).unwrap();
    b.edit(actor(1), |edit| edit.put(Map::Answers, "q", &answer("from b"))).unwrap();
    b.edit(actor(1), |edit| edit.put(Map::Answers, "q", &answer("from b again"))).unwrap();
    merge(&mut a, &b);
    let merged = view(&a);
    assert_eq!(merged.answer("q"), Some(&json!("from b again")), "the higher operation id wins, without any clock");
    let values: Vec<_> = merged.conflicts[0].candidates.iter().map(|entry| entry.value["value"].clone()).collect();
    assert_eq!(values, [json!("from a"), json!("from b again")]);
}

#[test]
fn unknown_data_becomes_findings_and_stays_in_the_document() {
    let (mut a, _) = two_phones();
    a.edit(actor(0), |edit| {
        edit.put(
            Map::Contacts,
            "c",
            &json!({"channel": "telepathy", "started_at": stamp(), "duration_s": 3, "result": "reached", "by": BY}),
        )?;
        edit.put(Map::Photos, "p", &json!("no object"))?;
        edit.put(Map::Timeline, "t", &json!({"event": "arrive", "at": stamp(), "by": BY, "mood": 1}))
    })
    .unwrap();
    let merged = view(&a);
    let found: Vec<_> =
        merged.findings.iter().map(|f| (f.code.as_str(), f.subject.as_str(), f.detail.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("unknown_field", "timeline/t", Some("mood")),
            ("unknown_record_shape", "photos/p", None),
            ("unknown_value", "contacts/c", Some("channel")),
        ]
    );
    assert_eq!((merged.contacts.len(), merged.timeline.len()), (1, 1));
}
