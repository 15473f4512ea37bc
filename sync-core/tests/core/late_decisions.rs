//! What the office decides about late work, and work that a rep brought after the visit was given to others or closed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use crate::support::{Story, install};
use automerge::ReadDoc as _;
use proptest::prelude::*;
use serde_json::{Value, json};
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::ids::{ChoiceId, DecisionId, DeviceId, LateDecisionId, UserId, VisitId};
use sync_core::merge::view::OpId;
use sync_core::merge::{Held, View, view, view_without};
use sync_core::plan::{ChoiceRow, LateDecisionRow, LateReason, LateVerdict, LateWorkRow, OpSpan, Review};
use sync_core::time::UnixMillis;
use sync_core::visit::{LateRecord, VisitState, late};

const VISIT: VisitId = VisitId::from_bytes([1; 16]);
const BY: &str = "07070707-0707-0707-0707-070707070707";

/// Who had the visit before, and who has it now.
const LEFT: Actor = Actor([0xa1; 16]);
const CREW: Actor = Actor([0xa2; 16]);

fn decide(review: &mut Review, decision: LateVerdict, ops: &[OpId]) {
    let number = u8::try_from(review.late_decisions.len()).unwrap() + 1;
    review.late_decisions.push(LateDecisionRow {
        id: LateDecisionId::from_bytes([number; 16]),
        visit_id: VISIT,
        ops: ops.to_vec(),
        decision,
        by: UserId::from_bytes([9; 16]),
        reason: "because".to_owned(),
        at_ms: UnixMillis(i64::from(number)),
    });
}

fn in_force(story: &Story) -> View {
    late::in_force(&story.view, &story.derived().late)
}

fn late_op(story: &Story, key: &str) -> OpId {
    story.derived().late.iter().find(|one| one.key == key).unwrap().op
}

#[test]
fn late_records_count_once_accepted_stay_out_once_declined_and_the_newest_decision_wins() {
    let mut story = install();
    story.arrives().works().hands_in().time("12:00").answer("rating", 2).answer("satisfied", false);
    let (rating, satisfied) = (late_op(&story, "rating"), late_op(&story, "satisfied"));

    decide(&mut story.review, LateVerdict::Accept, &[rating]);
    decide(&mut story.review, LateVerdict::Decline, &[satisfied]);
    let derived = story.derived();
    let told = |records: &[LateRecord]| -> Vec<(String, bool)> {
        records.iter().map(|one| (one.key.clone(), one.decision.is_some())).collect()
    };
    assert_eq!(told(&derived.late), [("satisfied".to_owned(), true)]);
    assert_eq!(told(&derived.accepted), [("rating".to_owned(), true)]);
    assert_eq!(derived.state, VisitState::Submitted);
    let counting = in_force(&story);
    assert_eq!((counting.answer("rating"), counting.answer("satisfied")), (Some(&json!(2)), Some(&json!(true))));

    // What comes later is undecided anew, also under a key that was decided.
    story.answer("rating", 5);
    let derived = story.derived();
    let later = derived.late.iter().find(|one| one.key == "rating").unwrap();
    assert_eq!((later.decision, &later.value, &later.counts), (None, &Some(json!(5)), &Some(json!(2))));
    assert_eq!(in_force(&story).answer("rating"), Some(&json!(2)));

    decide(&mut story.review, LateVerdict::Decline, &[rating]);
    assert_eq!(in_force(&story).answer("rating"), Some(&json!(9)));
    assert_eq!(story.derived().accepted, []);
}

#[test]
fn a_verdict_counts_only_where_it_knew_the_newest_decision_that_changed_what_counts() {
    let mut story = install();
    story.arrives().works().hands_in().time("12:00").answer("rating", 2).answer("satisfied", false);
    story.plan.visit.evidence_complete_at_ms = Some(UnixMillis(1));
    let (rating, satisfied) = (late_op(&story, "rating"), late_op(&story, "satisfied"));
    let id = |number| Some(DecisionId::from_bytes([number; 16]));
    story.verdict("12:10", "approve", &[]);
    assert_eq!((story.review.last_decision(), story.derived().state), (None, VisitState::Approved));

    // Declining what does not count takes nothing from what was approved.
    decide(&mut story.review, LateVerdict::Decline, &[satisfied]);
    assert_eq!(story.review.last_decision(), None);
    decide(&mut story.review, LateVerdict::Accept, &[rating]);
    assert_eq!(story.review.last_decision(), id(2));
    decide(&mut story.review, LateVerdict::Accept, &[rating]);
    assert_eq!(story.review.last_decision(), id(2), "accepted already");
    assert_eq!(story.derived().state, VisitState::Approved, "a verdict that names no decision is judged by its heads");

    story.verdict("12:20", "approve", &[]);
    assert_eq!((story.review.verdicts[1].last_decision, story.derived().state), (id(2), VisitState::Approved));
    decide(&mut story.review, LateVerdict::Decline, &[rating]);
    assert_eq!(story.review.last_decision(), id(4));
    assert_eq!(story.derived().state, VisitState::UnderReview);

    let choice = ChoiceRow {
        id: ChoiceId::from_bytes([0; 16]),
        visit_id: VISIT,
        map: "answers".to_owned(),
        key: "rating".to_owned(),
        candidates: vec![rating],
        chosen: rating,
        by: UserId::from_bytes([9; 16]),
        reason: None,
        at_ms: UnixMillis(5),
    };
    story.review.choices.push(choice);
    assert_eq!(story.review.last_decision(), id(0), "a choice is one too");
}

#[test]
fn many_decisions_are_read_once_each() {
    // Reading each decision for each operation would take minutes.
    let op = |counter| OpId { counter, actor: LEFT };
    let span = OpSpan { actor: LEFT, first: 1, last: 100_000 };
    let mut review = Review::default();
    decide(&mut review, LateVerdict::Accept, &[op(1)]);
    let decision = review.late_decisions.remove(0);
    review.late_decisions = (1..=100_000).map(|at| LateDecisionRow { ops: vec![op(at)], ..decision.clone() }).collect();
    review.late_decisions.push(LateDecisionRow { decision: LateVerdict::Decline, ops: vec![op(7)], ..decision });
    let held = Held::of(&[LateWorkRow { changes: vec![span], ..brought(&begun(), &begun()) }], &review.late_decisions);
    assert!(held.holds(op(7)) && !held.holds(op(8)) && !held.holds(op(100_000)));
    assert_eq!(review.decided_late().len(), 100_000);
}

// From here on the work of a rep who had lost the visit, in real documents.

fn stamp() -> Value {
    json!({"wall_ms": 1_741_053_120_000_i64, "mono_ms": 2, "boot_id": "ABCDEFGH"})
}

fn put(doc: &mut VisitDoc, actor: Actor, map: Map, key: &str, mut record: Value) {
    record["at"] = stamp();
    record["by"] = json!(BY);
    doc.edit(actor, |edit| edit.put(map, key, &record)).unwrap().unwrap();
}

fn answer(doc: &mut VisitDoc, actor: Actor, question: &str, value: &Value) {
    put(doc, actor, Map::Answers, question, json!({"value": value}));
}

fn event(doc: &mut VisitDoc, actor: Actor, event: &str) {
    let key = format!("{event}-{:02x}-{}", actor.0[0], doc.change_metas().len());
    let geo = json!({"lat_udeg": 31_000_000, "lon_udeg": 121_000_000, "acc_m": 10, "datum": "wgs84"});
    put(doc, actor, Map::Timeline, &key, json!({"event": event, "geo": geo}));
}

/// Everything up to the arrival, of a template without guards there.
fn begun() -> VisitDoc {
    let mut doc = VisitDoc::create(VISIT).unwrap();
    ["confirm_call", "depart", "arrive"].iter().for_each(|name| event(&mut doc, LEFT, name));
    doc
}

fn hand_in(doc: &mut VisitDoc, actor: Actor) {
    put(
        doc,
        actor,
        Map::Outcomes,
        &format!("o{}-{}", actor.0[0], doc.change_metas().len()),
        json!({"code": "resource_missing", "reason": "no port"}),
    );
    event(doc, actor, "end_without_work");
}

fn pull(into: &mut VisitDoc, from: &VisitDoc) {
    let known: Vec<Hash> = from.heads().into_iter().filter(|head| into.has_change(head)).collect();
    into.apply_trusted(&from.changes_since(&known).unwrap(), &from.heads()).unwrap();
}

/// What `LEFT` wrote that `before` does not have, as the server notes it.
fn brought(doc: &VisitDoc, before: &VisitDoc) -> LateWorkRow {
    let new = doc.change_metas().into_iter().filter(|meta| meta.actor == LEFT && !before.has_change(&meta.hash));
    LateWorkRow {
        visit_id: VISIT,
        seq: 2,
        reason: LateReason::Reassigned,
        by: BY.parse().unwrap(),
        device_id: DeviceId::from_bytes([3; 16]),
        changes: new.map(|meta| OpSpan { actor: meta.actor, first: meta.start_op, last: meta.max_op }).collect(),
        at_ms: UnixMillis(1),
    }
}

fn told_by(doc: &VisitDoc, review: Review) -> Story {
    let mut story = install();
    story.template = serde_saphyr::from_str(include_str!("../../data/templates/complaint_visit.yaml")).unwrap();
    story.view = view_without(doc, &review.held());
    story.review = review;
    story
}

#[test]
fn what_a_rep_brings_after_the_visit_was_given_away_neither_moves_nor_counts_until_it_is_accepted() {
    let mut left = begun();
    answer(&mut left, LEFT, "q", &json!("agreed"));
    let synced = left.clone();
    let mut crew = synced.clone();
    answer(&mut crew, CREW, "theirs", &json!(1));
    // The rep who lost the visit goes on offline: over his own answer, with a new one, and to the end.
    answer(&mut left, LEFT, "q", &json!("changed"));
    answer(&mut left, LEFT, "new", &json!(7));
    hand_in(&mut left, LEFT);
    let mut review = Review { late_work: vec![brought(&left, &synced)], ..Review::default() };
    pull(&mut crew, &left);
    // The crew goes on from there, knowing all of it.
    answer(&mut crew, CREW, "more", &json!(2));

    let story = told_by(&crew, review.clone());
    let derived = story.derived();
    assert_eq!(derived.state, VisitState::Arrived);
    assert_eq!(story.view.answer("q"), Some(&json!("agreed")), "what stood before counts");
    assert_eq!((story.view.answer("new"), story.view.outcome()), (None, None));
    assert_eq!((story.view.answer("theirs"), story.view.answer("more")), (Some(&json!(1)), Some(&json!(2))));
    let told: Vec<_> =
        derived.late.iter().map(|one| (one.map.as_str(), one.value.clone(), one.counts.clone())).collect();
    assert_eq!(
        told,
        [
            ("answers", Some(json!("changed")), Some(json!("agreed"))),
            ("answers", Some(json!(7)), None),
            ("outcomes", Some(json!({"code": "resource_missing", "reason": "no port"})), None),
            ("timeline", Some(json!("end_without_work")), None),
        ]
    );
    assert!(derived.late.iter().all(|one| one.reason == LateReason::Reassigned && one.decision.is_none()));

    // Accepting one of them lets that one count, and nothing else.
    let ops: Vec<OpId> = derived.late.iter().map(|one| one.op).collect();
    decide(&mut review, LateVerdict::Accept, &ops[..1]);
    let story = told_by(&crew, review.clone());
    assert_eq!((story.view.answer("q"), story.view.answer("new")), (Some(&json!("changed")), None));
    assert_eq!((story.derived().late.len(), story.derived().accepted.len()), (3, 1));

    // Accepting all is as if he had never lost it: but what the crew wrote after the hand-in is late then.
    decide(&mut review, LateVerdict::Accept, &ops);
    let story = told_by(&crew, review.clone());
    assert_eq!(story.derived().state, VisitState::EndedWithoutWork);
    assert_eq!(story.derived().accepted.len(), 4);
    let late: Vec<_> = story.derived().late.into_iter().map(|one| (one.key, one.reason)).collect();
    assert_eq!(late, [("more".to_owned(), LateReason::Submitted)]);

    decide(&mut review, LateVerdict::Decline, &ops);
    let story = told_by(&crew, review);
    assert_eq!((story.derived().state, story.derived().late.len()), (VisitState::Arrived, 4));
    assert!(story.derived().late.iter().all(|one| one.decision.is_some()));
}

#[test]
fn what_the_crew_wrote_over_held_out_work_stands_whatever_is_decided() {
    let mut left = begun();
    answer(&mut left, LEFT, "q", &json!(1));
    let synced = left.clone();
    answer(&mut left, LEFT, "q", &json!(2));
    let mut review = Review { late_work: vec![brought(&left, &synced)], ..Review::default() };
    let mut crew = left.clone();
    answer(&mut crew, CREW, "q", &json!(3));
    let story = told_by(&crew, review.clone());
    assert_eq!((story.view.answer("q"), story.view.conflicts.len()), (Some(&json!(3)), 0));
    let op = story.derived().late[0].op;
    decide(&mut review, LateVerdict::Accept, &[op]);
    let story = told_by(&crew, review);
    assert_eq!((story.view.answer("q"), story.view.conflicts.len()), (Some(&json!(3)), 0));
}

#[test]
fn a_value_beside_held_out_work_is_no_conflict_until_that_is_accepted() {
    let synced = begun();
    let (mut left, mut crew) = (synced.clone(), synced.clone());
    answer(&mut left, LEFT, "q", &json!("his"));
    answer(&mut crew, CREW, "q", &json!("theirs"));
    let mut review = Review { late_work: vec![brought(&left, &synced)], ..Review::default() };
    pull(&mut crew, &left);
    assert_eq!(view(&crew).conflicts.len(), 1);
    let story = told_by(&crew, review.clone());
    assert_eq!((story.view.answer("q"), story.view.conflicts.len()), (Some(&json!("theirs")), 0));
    let op = story.derived().late[0].op;
    decide(&mut review, LateVerdict::Accept, &[op]);
    assert_eq!(told_by(&crew, review).view.conflicts, view(&crew).conflicts);
}

/// Of a key with held out work the rest reads as it was written: a text in quotes is a text, one without is no JSON.
#[test]
fn what_stands_beside_held_out_work_keeps_its_quotes() {
    let mut left = begun();
    let synced = left.clone();
    let note = |doc: &mut VisitDoc, actor, value: Value| {
        doc.edit(actor, |edit| edit.put(Map::More, "note/a", &value)).unwrap()
    };
    note(&mut left, LEFT, json!({"text": "his"}));
    let review = Review { late_work: vec![brought(&left, &synced)], ..Review::default() };
    let mut crew = left.clone();
    note(&mut crew, CREW, json!("theirs"));
    let story = told_by(&crew, review);
    assert_eq!(story.view.held.len(), 1);
    let read = |view: &View| (view.more["note/a"].value.clone(), view.findings.clone());
    assert_eq!(read(&story.view), read(&view(&crew)));
    assert_eq!(story.view.more["note/a"].value, json!("theirs"));
}

/// Kind (4 hands in), key, value.
type Act = (u8, u8, u8);

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec((0..6u8, 0..2u8, any::<u8>()), 0..10)
}

fn run(doc: &mut VisitDoc, actor: Actor, (kind, key, value): Act) {
    // A number of the document makes every record differ, as the time does in honest ones.
    let number = doc.change_metas().len();
    let id = format!("{:02x}-{number}", actor.0[0]);
    match kind {
        0 => answer(doc, actor, &format!("q{key}"), &json!([value, number])),
        1 => put(doc, actor, Map::Ticks, &format!("s/{key}"), json!({"done": value % 2 == 0, "n": number})),
        2 => put(doc, actor, Map::More, &format!("k/{key}"), json!({"value": value, "n": number})),
        3 => {
            let record =
                json!({"code": format!("m{key}"), "value": value.to_string(), "unit": "dB", "source": "typed"});
            put(doc, actor, Map::Measures, &id, record);
        }
        4 => hand_in(doc, actor),
        _ => put(doc, actor, Map::Statements, &id, json!({"kind": "form"})),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// With everything held out the visit is as if it had never come; with all of it accepted, as if it had come in time.
    #[test]
    fn held_out_work_leaves_no_trace_and_accepted_work_counts_like_any_other(
        before in acts(), his in acts(), theirs in acts(), knowing in any::<bool>(), after in acts(),
    ) {
        let mut synced = begun();
        before.into_iter().for_each(|act| run(&mut synced, LEFT, act));
        let (mut left, mut crew) = (synced.clone(), synced.clone());
        theirs.into_iter().for_each(|act| run(&mut crew, CREW, act));
        if knowing {
            pull(&mut left, &crew);
        }
        his.into_iter().for_each(|act| run(&mut left, LEFT, act));
        let mut review = Review { late_work: vec![brought(&left, &synced)], ..Review::default() };
        let mut both = crew.clone();
        pull(&mut both, &left);

        let without = view_without(&both, &review.held());
        let as_before = View { heads: both.heads(), held: without.held.clone(), set_apart: without.set_apart.clone(), rewritten: without.rewritten.clone(), ..view(&crew) };
        prop_assert_eq!(&without, &as_before);
        let (story, alone) = (told_by(&both, review.clone()), told_by(&crew, Review::default()));
        prop_assert_eq!(story.derived().state, alone.derived().state);
        let (counting, counted) = (in_force(&story), in_force(&alone));
        prop_assert_eq!((&counting.answers, &counting.ticks, &counting.more), (&counted.answers, &counted.ticks, &counted.more));
        prop_assert_eq!((&counting.measures, &counting.conflicts), (&counted.measures, &counted.conflicts));
        let named = |late: Vec<LateRecord>| -> Vec<OpId> {
            late.into_iter().filter(|one| one.reason != LateReason::Reassigned).map(|one| one.op).collect()
        };
        prop_assert_eq!(named(story.derived().late), named(alone.derived().late));

        // The crew goes on, knowing it; then everything is accepted.
        after.into_iter().for_each(|act| run(&mut both, CREW, act));
        let held: Vec<OpId> = view_without(&both, &review.held()).held.iter().map(|held| held.record.op).collect();
        decide(&mut review, LateVerdict::Accept, &held);
        let accepted = view_without(&both, &review.held());
        let whole = view(&both);
        prop_assert_eq!((&accepted.timeline, &accepted.answers), (&whole.timeline, &whole.answers));
        prop_assert_eq!((&accepted.ticks, &accepted.conflicts, &accepted.signed), (&whole.ticks, &whole.conflicts, &whole.signed));
        prop_assert_eq!(accepted.held, []);
    }
}

/// A visit handed in by the crew, approved at these heads and closed, with what `LEFT` brought since.
fn closed(doc: &VisitDoc, approved: &VisitDoc, late_work: Vec<LateWorkRow>) -> Story {
    let mut story = told_by(approved, Review::default());
    story.verdict("12:00", "approve", &[]);
    let mut story = told_by(doc, Review { late_work, ..story.review });
    story.plan.visit.evidence_complete_at_ms = Some(UnixMillis(1));
    story.plan.visit.closed_at_ms = Some(UnixMillis(2));
    story
}

fn empty_change(doc: &VisitDoc) -> Vec<u8> {
    let mut raw = automerge::Automerge::load(&doc.save()).unwrap().with_actor(automerge::ActorId::from(LEFT.0));
    let hash = raw.empty_commit(automerge::transaction::CommitOptions::default().with_time(0));
    raw.get_change_by_hash(&hash).unwrap().raw_bytes().to_vec()
}

#[test]
fn a_closed_visit_stays_as_it_was_approved_whatever_comes_after() {
    let mut approved = begun();
    let early = approved.clone();
    hand_in(&mut approved, CREW);
    // One had not heard of the hand-in, the other had.
    for known in [&early, &approved] {
        let (mut left, mut doc) = (known.clone(), approved.clone());
        answer(&mut left, LEFT, "q", &json!(1));
        let first = left.clone();
        pull(&mut doc, &first);
        assert_ne!(doc.heads(), approved.heads());
        for reason in [LateReason::Closed, LateReason::Reassigned] {
            let row = LateWorkRow { reason, ..brought(&first, known) };
            let mut story = closed(&doc, &approved, vec![row.clone()]);
            let derived = story.derived();
            assert_eq!((derived.state, story.view.answer("q")), (VisitState::Closed, None));
            assert_eq!(derived.late.iter().map(|one| one.reason).collect::<Vec<_>>(), [reason]);

            // Before the closing whatever comes is looked at again.
            story.plan.visit.closed_at_ms = None;
            assert_eq!(story.derived().state, VisitState::UnderReview);

            // And once more, over what came.
            let mut left = first.clone();
            answer(&mut left, LEFT, "r", &json!(2));
            let mut twice = doc.clone();
            pull(&mut twice, &left);
            let second = LateWorkRow { reason, seq: 3, ..brought(&left, &first) };
            let story = closed(&twice, &approved, vec![row.clone(), second]);
            assert_eq!((story.derived().state, story.derived().late.len()), (VisitState::Closed, 2));
            // What no row names counts, and was judged by nobody.
            assert_eq!(closed(&twice, &approved, vec![row]).derived().state, VisitState::UnderReview);
        }
        assert_eq!(closed(&doc, &approved, vec![]).derived().state, VisitState::UnderReview);
        // A change without operations says nothing, and no row can name what it has not.
        let row = LateWorkRow { reason: LateReason::Closed, ..brought(&first, known) };
        let mut with_empty = doc.clone();
        with_empty.apply_trusted(&[empty_change(&with_empty)], &[]).unwrap();
        assert_ne!(with_empty.heads(), doc.heads());
        assert_eq!(closed(&with_empty, &approved, vec![row]).derived().state, VisitState::Closed);
        // A verdict about something that is not here judged other content.
        let row = LateWorkRow { reason: LateReason::Closed, ..brought(&first, known) };
        let mut story = closed(&doc, &approved, vec![row]);
        story.review.verdicts[0].heads.push(Hash([9; 32]));
        assert_eq!(story.derived().state, VisitState::UnderReview);
    }
}
