//! Merge policies, template by template and choice by choice: what counts, and that nothing is lost by it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use serde_json::{Value, json};
use sync_core::bytes::Actor;
use sync_core::doc::schema::{Competes, MergePolicy};
use sync_core::doc::{Map, VisitDoc};
use sync_core::ids::{ChoiceId, UserId, VisitId};
use sync_core::merge::view::Conflict;
use sync_core::merge::{View, settle, view};
use sync_core::plan::ChoiceRow;
use sync_core::template::Template;
use sync_core::time::UnixMillis;

const VISIT: VisitId = VisitId::from_bytes([42; 16]);
const BY: &str = "01955f2c-3000-7000-8000-0000000000aa";

/// The table of `docs/SYNC.md` says what the code does.
#[test]
fn the_documented_table_is_the_table_in_code() {
    let documented = include_str!("../../../docs/SYNC.md");
    let rows = documented.lines().skip_while(|line| !line.starts_with("| Map |")).skip(2);
    let rows: Vec<&str> = rows.take_while(|line| line.starts_with('|')).collect();
    let expected = Map::ALL.map(|map| {
        let merging = map.merging();
        let competes = match merging.competes {
            Competes::Nothing => "nothing",
            Competes::Key => "values of one key",
            Competes::Code => "records of one `code`",
            Competes::All => "all records",
        };
        let template = if merging.template_decides { "yes" } else { "no" };
        format!("| `{}` | {competes} | `{}` | {template} |", map.key(), merging.policy.name())
    });
    assert_eq!(rows, expected);
    assert_eq!(Map::ALL.iter().filter(|map| map.rewritable()).count(), 5);
}

fn title() -> Value {
    json!({"en": "x", "zh-CN": "x"})
}

/// A template with one question and one reading under these policies.
fn template(kind: &str, answer: Option<&str>, reading: Option<&str>) -> Template {
    let mut question = json!({"code": "q", "title": title(), "type": kind, "required": false});
    if kind == "rating" {
        question["min"] = json!(1);
        question["max"] = json!(10);
    }
    if kind == "decimal" {
        question["unit"] = json!("m");
        question["scale"] = json!(2);
    }
    let mut measurement = json!({"code": "m", "title": title(), "type": "decimal", "unit": "dB", "scale": 2,
        "required": false, "on_fail": "warn"});
    for (element, merge) in [(&mut question, answer), (&mut measurement, reading)] {
        if let Some(merge) = merge {
            element["merge"] = json!(merge);
        }
    }
    serde_json::from_value(json!({"code": "t", "version": 1, "title": title(), "steps": [], "photos": [],
        "measurements": [measurement], "questions": [question], "signatures": [], "rules": []}))
    .unwrap()
}

fn at() -> Value {
    json!({"wall_ms": 1_741_053_120_000_i64, "mono_ms": 2, "boot_id": "ABCDEFGH"})
}

fn answer(value: impl Into<Value>) -> Value {
    json!({"value": value.into(), "at": at(), "by": BY})
}

fn reading(value: &str) -> Value {
    json!({"code": "m", "value": value, "unit": "dB", "source": "typed", "at": at(), "by": BY})
}

/// A phone of the crew.
struct Phone {
    doc: VisitDoc,
    actor: Actor,
}

impl Phone {
    fn pair() -> [Self; 2] {
        [1, 2].map(|byte| Self { doc: VisitDoc::create(VISIT).unwrap(), actor: Actor([byte; 16]) })
    }

    fn put(&mut self, map: Map, key: &str, record: &Value) -> &mut Self {
        self.doc.edit(self.actor, |edit| edit.put(map, key, record)).unwrap();
        self
    }

    fn pull(&mut self, other: &Self) -> &mut Self {
        self.doc.apply_trusted(&other.doc.changes_since(&[]).unwrap(), &other.doc.heads()).unwrap();
        self
    }

    fn settled(&self, template: &Template, choices: &[ChoiceRow]) -> View {
        settle(view(&self.doc), template, choices)
    }
}

fn only(view: &View) -> &Conflict {
    assert_eq!(view.conflicts.len(), 1, "{:?}", view.conflicts);
    &view.conflicts[0]
}

fn choose(conflict: &Conflict, candidate: usize, number: u8) -> ChoiceRow {
    ChoiceRow {
        id: ChoiceId::from_bytes([number; 16]),
        visit_id: VISIT,
        map: conflict.map.clone(),
        key: conflict.key.clone(),
        candidates: conflict.candidates.iter().map(|entry| entry.op).collect(),
        chosen: conflict.candidates[candidate].op,
        by: UserId::from_bytes([9; 16]),
        reason: None,
        at_ms: UnixMillis(i64::from(number)),
    }
}

#[test]
fn numbers_merge_by_exact_size_and_never_by_their_text() {
    // The second phone writes twice, so its value is the newest.
    let cases = [
        (json!("9.5"), json!("10.0"), "max", json!("10.0")),
        (json!("9.5"), json!("10.0"), "min", json!("9.5")),
        (json!("10.0"), json!("9.5"), "max", json!("10.0")),
        (json!(-3), json!(2), "min", json!(-3)),
        (json!("0.1"), json!("0.10"), "max", json!("0.10")),
        (json!("0.1"), json!("0.10"), "min", json!("0.10")),
        (json!("far"), json!("2"), "max", json!("2")),
        (json!("far"), json!("away"), "max", json!("away")),
        (json!("9.5"), json!("10.0"), "newest", json!("10.0")),
    ];
    for (first, second, policy, expected) in cases {
        let template = template("decimal", Some(policy), Some(policy));
        let [mut a, mut b] = Phone::pair();
        a.put(Map::Answers, "q", &answer(first.clone()));
        b.put(Map::Answers, "other", &answer(1)).put(Map::Answers, "q", &answer(second.clone()));
        if let (Some(first), Some(second)) = (first.as_str(), second.as_str()) {
            a.put(Map::Measures, "r1", &reading(first));
            b.put(Map::Measures, "r2", &reading(second));
        }
        let merged = a.pull(&b).settled(&template, &[]);
        assert_eq!(merged.answer("q"), Some(&expected), "{policy} of {first}, {second}");
        if let Some(reading) = merged.measure("m") {
            assert_eq!(json!(reading.value.value), expected, "{policy} of readings {first}, {second}");
            assert_eq!(merged.measures.len(), 2, "both readings stay");
        }
        assert!(merged.conflicts.iter().all(|conflict| !conflict.is_open() && conflict.candidates.len() == 2));
        assert_eq!(merged.conflicts[0].policy.name(), policy);
        assert_eq!(b.pull(&a).settled(&template, &[]), merged);
    }
}

#[test]
fn readings_of_different_units_are_not_compared() {
    let template = template("text", None, Some("max"));
    let [mut a, mut b] = Phone::pair();
    a.put(Map::Measures, "r1", &reading("99"));
    let mut other = reading("1");
    other["unit"] = json!("dBm");
    b.put(Map::Measures, "r2", &other);
    let merged = a.pull(&b).settled(&template, &[]);
    assert_eq!(merged.measure("m").unwrap().value.unit, "dBm", "the highest operation id, not the larger digits");
}

#[test]
fn a_rating_and_an_outcome_wait_for_a_person() {
    let template = template("rating", None, None);
    let outcome = |code: &str| json!({"code": code, "reason": "r", "at": at(), "by": BY});
    let [mut a, mut b] = Phone::pair();
    a.put(Map::Answers, "q", &answer(3)).put(Map::Outcomes, "o1", &outcome("completed"));
    b.put(Map::Answers, "q", &answer(9)).put(Map::Outcomes, "o2", &outcome("no_show"));
    let merged = a.pull(&b).settled(&template, &[]);
    assert!(merged.conflicts.iter().all(Conflict::is_open));
    assert_eq!(merged.conflicts.iter().map(|one| one.map.as_str()).collect::<Vec<_>>(), ["answers", "outcomes"]);
    assert_eq!(merged.answer("q"), Some(&json!(9)), "the newest stands in");

    let choices = [choose(&merged.conflicts[0], 0, 1), choose(&merged.conflicts[1], 0, 2)];
    let chosen = a.settled(&template, &choices);
    assert_eq!((chosen.answer("q"), chosen.outcome().unwrap().code.as_str()), (Some(&json!(3)), "completed"));
    assert!(chosen.conflicts.iter().all(|one| !one.is_open() && !one.is_contested() && one.candidates.len() == 2));
    assert_eq!(chosen.conflicts[0].choice, Some(choices[0].id));
    // The newest choice counts, in whatever order they are told.
    let again = [choose(&merged.conflicts[0], 1, 3), choices[0].clone()];
    assert_eq!(a.settled(&template, &again).answer("q"), Some(&json!(9)));
}

#[test]
fn a_value_the_choice_did_not_know_reopens_the_conflict() {
    let template = template("text", Some("ask"), None);
    let [mut a, mut b] = Phone::pair();
    a.put(Map::Answers, "q", &answer("a"));
    b.put(Map::Answers, "q", &answer("b"));
    let mut third = Phone { doc: VisitDoc::create(VISIT).unwrap(), actor: Actor([3; 16]) };
    third.put(Map::Answers, "q", &answer("c"));
    let two = a.pull(&b).settled(&template, &[]);
    let choice = choose(only(&two), 0, 1);
    assert_eq!(a.settled(&template, std::slice::from_ref(&choice)).answer("q"), Some(&json!("a")));
    let three = a.pull(&third).settled(&template, std::slice::from_ref(&choice));
    assert!(only(&three).is_open());
    assert_eq!(only(&three).candidates.len(), 3);
    // Whoever writes knowing all values settles it.
    a.put(Map::Answers, "q", &answer("a"));
    let settled = a.settled(&template, &[choice]);
    assert_eq!((settled.answer("q"), settled.conflicts.len()), (Some(&json!("a")), 0));
}

#[test]
fn what_was_signed_first_counts_against_later_and_concurrent_writes() {
    let template = template("text", Some("first_signed"), Some("first_signed"));
    let [mut a, mut b] = Phone::pair();
    a.put(Map::Answers, "q", &answer("early")).put(Map::Measures, "r0", &reading("1"));
    b.pull(&a);
    a.put(Map::Answers, "q", &answer("signed")).put(Map::Measures, "r1", &reading("2"));
    a.put(Map::Statements, &"5".repeat(64), &json!({"kind": "confirmation", "at": at(), "by": BY}));
    b.put(Map::Answers, "q", &answer("beside")).put(Map::Answers, "q", &answer("beside it"));
    b.put(Map::Measures, "r2", &reading("3"));
    let beside = a.pull(&b).settled(&template, &[]);
    assert_eq!((beside.answer("q"), beside.measure("m").unwrap().value.value.as_str()), (Some(&json!("signed")), "2"));

    // A second form covers other values; the first one counts.
    a.put(Map::Answers, "q", &answer("after")).put(Map::Measures, "r3", &reading("4"));
    a.put(Map::Statements, &"6".repeat(64), &json!({"kind": "confirmation", "at": at(), "by": BY}));
    let after = a.settled(&template, &[]);
    assert_eq!((after.answer("q"), after.measure("m").unwrap().value.value.as_str()), (Some(&json!("signed")), "2"));
    let conflict = after.conflict(Map::Answers, "q").unwrap();
    let values: Vec<_> = conflict.candidates.iter().map(|entry| entry.value["value"].clone()).collect();
    assert_eq!((values, conflict.policy), (vec![json!("signed"), json!("after")], MergePolicy::FirstSigned));
    // The office may still choose the later one.
    let chosen = a.settled(&template, &[choose(conflict, 1, 1)]);
    assert_eq!(chosen.answer("q"), Some(&json!("after")));
    // Under `newest` the same document says the later one, without any conflict.
    let newest = a.settled(&self::template("text", None, None), &[]);
    assert_eq!((newest.answer("q"), newest.conflicts.len()), (Some(&json!("after")), 0));
}

#[test]
fn a_value_nobody_can_read_is_kept_and_never_the_one_that_counts() {
    let template = template("text", None, None);
    let [mut a, mut b] = Phone::pair();
    a.put(Map::Answers, "q", &answer("readable"));
    b.put(Map::Answers, "x", &answer(1)).put(Map::Answers, "q", &json!(["odd"]));
    let merged = a.pull(&b).settled(&template, &[]);
    assert_eq!(merged.answer("q"), Some(&json!("readable")));
    let conflict = merged.conflict(Map::Answers, "q").unwrap();
    assert_eq!((conflict.chosen, conflict.candidates.len()), (conflict.candidates[0].op, 2));
}

#[test]
fn templates_name_only_policies_that_fit() {
    let faulty = |kind: &str, answer: &str, reading: &str| {
        let found = template(kind, Some(answer), Some(reading)).validate();
        found.iter().filter(|fault| fault.message.contains("compete") || fault.message.contains("by size")).count()
    };
    assert_eq!(faulty("decimal", "max", "min"), 0);
    assert_eq!(faulty("text", "first_signed", "ask"), 0);
    assert_eq!(faulty("text", "max", "max"), 1);
    assert_eq!(faulty("rating", "union", "union"), 2);
    assert!(serde_json::from_value::<MergePolicy>(json!("coin")).is_err());
}
