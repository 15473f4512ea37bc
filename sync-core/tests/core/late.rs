//! What is written after the hand-in is kept and named, and does not count (rulebook GEN-14).

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use crate::support::{Story, install};
use proptest::prelude::*;
use serde_json::{Value, json};
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::ids::VisitId;
use sync_core::merge::{View, view};
use sync_core::visit::{LateRecord, VisitState, late};

const VISIT: VisitId = VisitId::from_bytes([1; 16]);
const BY: &str = "07070707-0707-0707-0707-070707070707";

fn in_force(story: &Story) -> View {
    late::in_force(&story.view, &story.derived().late)
}

/// Map, key, late value and the value that counts.
fn named(late: &[LateRecord]) -> Vec<(String, Option<Value>, Option<Value>)> {
    late.iter().map(|one| (format!("{}/{}", one.map, one.key), one.value.clone(), one.counts.clone())).collect()
}

// Rule: GEN-14
#[test]
fn an_answer_or_tick_written_late_leaves_the_one_that_was_handed_in() {
    let mut story = install();
    story.arrives().works().hands_in();
    let handed_in = story.view.clone();
    story.time("12:00").answer("rating", 2).answer("satisfied", false).answer("customer_remarks", "new");
    story.tick("kit_check/shoe_covers", false);
    assert!(!story.blockers("completed").is_empty(), "the whole view has a missing tick");
    let derived = story.derived();
    assert_eq!(derived.state, VisitState::Submitted);
    assert_eq!(
        named(&derived.late),
        [
            ("answers/customer_remarks".to_owned(), Some(json!("new")), None),
            ("answers/rating".to_owned(), Some(json!(2)), Some(json!(9))),
            ("answers/satisfied".to_owned(), Some(json!(false)), Some(json!(true))),
            ("ticks/kit_check/shoe_covers".to_owned(), Some(json!(false)), Some(json!(true))),
        ]
    );
    assert!(derived.late.iter().all(|one| one.by.map(|by| by.to_string()) == Some(BY.to_owned())));
    assert!(derived.late.iter().all(|one| one.at_ms == Some(crate::support::at("12:00"))));
    let counting = in_force(&story);
    assert_eq!((&counting.answers, &counting.ticks), (&handed_in.answers, &handed_in.ticks));
    story.view = counting;
    assert_eq!(story.blockers("completed"), []);
}

#[test]
fn what_was_wrong_at_hand_in_stays_wrong_whatever_is_written_later() {
    let mut story = install();
    story.arrives().works().answer("rating", 4).tick("cleanup/tools_counted", false).hands_in();
    let rating = story.view.answer("rating").cloned();
    story.time("12:00").answer("rating", 10).answer("rating", 1);
    assert_eq!(in_force(&story).answer("rating"), rating.as_ref());
    assert_eq!(story.derived().late.len(), 2, "each write is named");
    assert!(story.derived().late.iter().all(|one| one.counts == rating));
}

#[test]
fn a_tick_undone_late_does_not_stand_for_one_that_was_never_done() {
    let mut story = install();
    story.step("kit_check").tick("kit_check/shoe_covers", false).contact("app_call", "reached");
    story.event("confirm_call").event("depart").event("arrive").event("end_without_work");
    assert_eq!(story.derived().state, VisitState::Confirmed, "the kit was not complete");
    story.tick("kit_check/shoe_covers", false);
    assert_eq!(story.derived().state, VisitState::Confirmed);
}

#[test]
fn handing_in_again_does_not_make_late_records_count() {
    let mut story = install();
    story.arrives().works().hands_in().time("12:00");
    story.answer("rating", 2).tick("kit_check/shoe_covers", false).event("submit");
    let derived = story.derived();
    assert_eq!((derived.state, derived.late.len()), (VisitState::Submitted, 2));
    assert_eq!(in_force(&story).answer("rating"), Some(&json!(9)));
}

#[test]
fn a_visit_that_ended_without_work_is_handed_in_too() {
    let mut story = install();
    story.arrives().answer("resource_ok", false).outcome("resource_missing", Some("no port"));
    story.event("end_without_work").answer("resource_ok", true).outcome("customer_cancelled", Some("really"));
    let derived = story.derived();
    assert_eq!((derived.state, derived.late.len()), (VisitState::EndedWithoutWork, 2));
    let counting = in_force(&story);
    assert_eq!(counting.answer("resource_ok"), Some(&json!(false)));
    assert_eq!(counting.outcome().map(|outcome| outcome.code.as_str()), Some("resource_missing"));
}

#[test]
fn a_remark_on_a_photo_counts_again_while_its_slot_is_open() {
    let mut story = install();
    story.arrives().works().hands_in();
    let key = |story: &Story, slot: &str| story.view.photos_of(slot).next().unwrap().key.clone();
    let (open, closed) = (key(&story, "splitter_label"), key(&story, "ont_stb"));
    story.plan.visit.evidence_complete_at_ms = Some(crate::support::at("11:30"));
    story.verdict("12:00", "return", &["splitter_label"]).time("13:00").withdraw(&open).withdraw(&closed);
    story.event("resubmit").time("14:00").withdraw(&open);
    let counting = in_force(&story);
    assert_eq!(counting.withdrawn.keys().collect::<Vec<_>>(), [&open]);
    assert_eq!(
        counting.withdrawn[&open].value.at.corrected(),
        crate::support::at("13:00"),
        "closed again by the resubmission"
    );
    assert_eq!(story.derived().late.len(), 2);
}

// From here on the values before come out of real documents.

fn stamp() -> Value {
    json!({"wall_ms": 1_741_053_120_000_i64, "mono_ms": 2, "boot_id": "ABCDEFGH"})
}

/// None of them is the visit's own.
fn actor_of(writer: u8) -> Actor {
    Actor([0xa0 + writer; 16])
}

fn put(doc: &mut VisitDoc, actor: u8, map: Map, key: &str, mut record: Value) {
    record["at"] = stamp();
    record["by"] = json!(BY);
    doc.edit(actor_of(actor), |edit| edit.put(map, key, &record)).unwrap().unwrap();
}

fn answer(doc: &mut VisitDoc, actor: u8, question: &str, value: &Value) {
    put(doc, actor, Map::Answers, question, json!({"value": value}));
}

fn event(doc: &mut VisitDoc, actor: u8, event: &str) {
    let key = format!("{event}-{actor}-{}", doc.change_metas().len());
    let geo = json!({"lat_udeg": 31_000_000, "lon_udeg": 121_000_000, "acc_m": 10, "datum": "wgs84"});
    put(doc, actor, Map::Timeline, &key, json!({"event": event, "geo": geo}));
}

/// Everything up to the arrival, of a template without guards there.
fn begun() -> VisitDoc {
    let mut doc = VisitDoc::create(VISIT).unwrap();
    ["confirm_call", "depart", "arrive"].iter().for_each(|name| event(&mut doc, 1, name));
    doc
}

fn hand_in(doc: &mut VisitDoc, actor: u8) {
    put(doc, actor, Map::Outcomes, &format!("o{actor}"), json!({"code": "resource_missing", "reason": "no port"}));
    event(doc, actor, "end_without_work");
}

fn pull(into: &mut VisitDoc, from: &VisitDoc) {
    let known: Vec<Hash> = from.heads().into_iter().filter(|head| into.has_change(head)).collect();
    into.apply_trusted(&from.changes_since(&known).unwrap(), &from.heads()).unwrap();
}

fn told_by(doc: &VisitDoc) -> Story {
    let mut story = install();
    story.template = serde_saphyr::from_str(include_str!("../../data/templates/complaint_visit.yaml")).unwrap();
    story.view = view(doc);
    story
}

#[test]
fn nothing_is_read_from_history_while_nothing_came_later() {
    let mut doc = begun();
    answer(&mut doc, 1, "q", &json!(1));
    answer(&mut doc, 1, "q", &json!(2));
    hand_in(&mut doc, 1);
    assert_eq!(view(&doc).rewritten, []);
}

#[test]
fn a_late_value_that_cannot_be_read_hides_nothing() {
    let mut doc = begun();
    answer(&mut doc, 1, "q", &json!(1));
    hand_in(&mut doc, 1);
    doc.edit(actor_of(1), |edit| edit.put(Map::Answers, "q", &json!({"holo": true}))).unwrap();
    let story = told_by(&doc);
    assert_eq!(story.view.answer("q"), None);
    assert_eq!(in_force(&story).answer("q"), Some(&json!(1)));
    assert_eq!(named(&story.derived().late), [("answers/q".to_owned(), None, Some(json!(1)))]);
}

#[test]
fn a_phone_that_had_not_heard_of_the_hand_in_is_judged_by_the_order_of_operations() {
    let mut first = begun();
    answer(&mut first, 1, "q", &json!("agreed"));
    let mut second = first.clone();
    // Its first two writes stand before the hand-in in operation order, the others after it.
    answer(&mut second, 2, "before", &json!(1));
    answer(&mut first, 1, "remarks", &json!("none"));
    hand_in(&mut first, 1);
    for value in 0..5 {
        answer(&mut second, 2, "q", &json!(value));
    }
    pull(&mut first, &second);
    pull(&mut second, &first);
    assert_eq!(view(&first), view(&second));
    let story = told_by(&first);
    let counting = in_force(&story);
    assert_eq!(story.view.answer("q"), Some(&json!(4)));
    assert_eq!(counting.answer("before"), Some(&json!(1)));
    assert!(story.derived().late.iter().all(|one| one.counts == counting.answer("q").cloned()));
    assert_eq!(counting.answers["q"].op.actor, actor_of(2), "q was first written again before the hand-in");
    assert_eq!(counting.answer("q"), Some(&json!(0)));
}

#[test]
fn values_left_in_conflict_at_hand_in_stay_in_conflict_although_a_late_write_settles_them() {
    let mut first = begun();
    let mut second = first.clone();
    answer(&mut first, 1, "q", &json!("a"));
    answer(&mut second, 2, "q", &json!("b"));
    pull(&mut first, &second);
    hand_in(&mut first, 1);
    let at_hand_in = view(&first).conflicts;
    assert_eq!(at_hand_in.len(), 1);
    answer(&mut first, 1, "q", &json!("c"));
    let story = told_by(&first);
    assert_eq!(story.view.conflicts, []);
    assert_eq!(in_force(&story).conflicts, at_hand_in);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// What counts is what was handed in, whatever two phones that know of it write later.
    #[test]
    fn what_was_handed_in_counts(
        before in prop::collection::vec(writes(), 0..12),
        after in prop::collection::vec(writes(), 0..12),
    ) {
        let mut docs = vec![begun(), begun()];
        before.iter().for_each(|write| run(&mut docs, write));
        let [mut one, two] = [docs[0].clone(), docs[1].clone()];
        pull(&mut one, &two);
        hand_in(&mut one, 1);
        let handed_in = view(&one);
        docs = vec![one.clone(), one];
        after.iter().for_each(|write| run(&mut docs, write));
        let [mut one, two] = [docs[0].clone(), docs[1].clone()];
        pull(&mut one, &two);

        let story = told_by(&one);
        prop_assert_eq!(story.derived().state, VisitState::EndedWithoutWork);
        let counting = in_force(&story);
        prop_assert_eq!(&counting.answers, &handed_in.answers);
        prop_assert_eq!(&counting.ticks, &handed_in.ticks);
        prop_assert_eq!(&counting.more, &handed_in.more);
        prop_assert_eq!(&counting.conflicts, &handed_in.conflicts);
        let writes = after.iter().filter(|write| write.1 < 3).count();
        prop_assert_eq!(story.derived().late.len(), writes);
    }
}

/// Replica, kind (3 is an exchange), key, value.
type Act = (usize, u8, u8, u8);

fn writes() -> impl Strategy<Value = Act> {
    (0..2usize, 0..4u8, 0..2u8, any::<u8>())
}

fn run(docs: &mut [VisitDoc], (replica, kind, key, value): &Act) {
    let actor = u8::try_from(*replica).unwrap() + 1;
    // A number of the document makes every record differ, as the time does in honest ones.
    let number = docs[*replica].change_metas().len();
    match kind {
        0 => answer(&mut docs[*replica], actor, &format!("q{key}"), &json!([value, number])),
        1 => put(
            &mut docs[*replica],
            actor,
            Map::Ticks,
            &format!("s/{key}"),
            json!({"done": value % 2 == 0, "n": number}),
        ),
        2 => put(&mut docs[*replica], actor, Map::More, &format!("k/{key}"), json!({"value": value, "n": number})),
        _ => {
            let other = docs[1 - *replica].clone();
            pull(&mut docs[*replica], &other);
        }
    }
}
