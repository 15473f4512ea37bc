//! Random histories of two to five replicas, brought to servers through the guard in every order of up to three replicas,
//! else in a random one, whole and in pieces, and scattered, each replica's own changes between those of the others; with
//! doubles and losses. Equal heads give equal views, also under the template's policies and the office's choices.
//!
//! `DOORSTEP_HISTORIES` sets how many histories are played (100,000), `DOORSTEP_SEED` the first seed, which is another one
//! in each run and told; a failure tells the seed of its history, which alone replays it:
//! `DOORSTEP_SEED=… DOORSTEP_HISTORIES=1`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

mod delivery;
mod history;
#[path = "../../../tests/src/told.rs"]
mod told;

use std::hash::{BuildHasher as _, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use sync_core::doc::VisitDoc;
use sync_core::ids::{ChoiceId, UserId};
use sync_core::merge::{View, settle, view};
use sync_core::plan::ChoiceRow;
use sync_core::template::Template;
use sync_core::time::UnixMillis;

use self::delivery::{changes, in_pieces, orders, scattered, whole};
use self::history::{Dice, VISIT, act, meet, merged};
use self::told::tell;

/// Histories of a run that says nothing else.
const HISTORIES: u64 = 100_000;

/// Questions and readings under every policy.
fn template() -> Template {
    let title = json!({"en": "x", "zh-CN": "x"});
    let question = |code: &str, merge: &str| json!({"code": code, "title": title, "type": "integer", "required": false, "merge": merge});
    let reading = |code: &str, merge: &str| {
        json!({"code": code, "title": title, "type": "integer", "unit": "dB", "scale": 0, "required": false,
            "on_fail": "warn", "merge": merge})
    };
    serde_json::from_value(json!({"code": "t", "version": 1, "title": title, "steps": [], "photos": [],
        "measurements": [reading("m0", "min"), reading("m1", "newest"), reading("m2", "first_signed")],
        "questions": [question("q0", "newest"), question("q1", "max"), question("q2", "first_signed"),
            question("q3", "ask")],
        "signatures": [], "rules": []}))
    .unwrap()
}

/// Some choices about what stands side by side, also outdated ones.
fn choices(dice: &mut Dice, views: &[&View]) -> Vec<ChoiceRow> {
    let mut made = Vec::new();
    for conflict in views.iter().flat_map(|view| &view.conflicts) {
        if dice.once_in(2) {
            continue;
        }
        let number = u8::try_from(made.len() % 200).unwrap();
        made.push(ChoiceRow {
            id: ChoiceId::from_bytes([number; 16]),
            visit_id: VISIT,
            map: conflict.map.clone(),
            key: conflict.key.clone(),
            candidates: conflict.candidates.iter().map(|entry| entry.op).collect(),
            chosen: conflict.candidates[dice.below(conflict.candidates.len())].op,
            by: UserId::from_bytes([9; 16]),
            reason: None,
            at_ms: UnixMillis(i64::from(number)),
        });
    }
    made
}

/// What histories came to.
#[derive(Default)]
struct Played {
    conflicts: usize,
    /// Answers of a server that said something was missing.
    gaps: usize,
}

/// Plays one history to its end.
fn play(seed: u64, template: &Template) -> Played {
    let mut dice = Dice(seed);
    let replicas = 2 + dice.below(4).min(dice.below(4));
    let mut docs = vec![VisitDoc::create(VISIT).unwrap(); replicas];
    let most = if dice.once_in(8) { 24 } else { 10 };
    for number in 0..2 + dice.below(most) {
        act(&mut dice, &mut docs, number);
    }
    let chunks: Vec<Vec<Vec<u8>>> = docs.iter().map(|doc| doc.changes_since(&[]).unwrap()).collect();
    let orders = orders(&mut dice, replicas);
    let mut ends: Vec<VisitDoc> = orders.iter().map(|order| whole(order, &chunks)).collect();
    let order = &orders[dice.below(orders.len())];
    ends.push(in_pieces(&mut dice, order, &chunks));
    let (end, gaps) = scattered(&mut dice, &changes(&docs, &chunks));
    ends.push(end);
    // Phones merge without a server, too.
    dice.shuffle(&mut docs);
    let early = view(&docs[0]);
    ends.push(merged(&mut dice, &docs));
    let (first, rest) = docs.split_first_mut().unwrap();
    rest.iter().for_each(|other| meet(first, other));
    ends.push(first.clone());

    let expected = view(&ends[0]);
    for doc in &ends[1..] {
        assert_eq!(doc.heads(), expected.heads);
        assert_eq!(view(doc), expected);
    }
    let mut choices = choices(&mut dice, &[&early, &settle(expected.clone(), template, &[])]);
    let settled = settle(expected.clone(), template, &choices);
    dice.shuffle(&mut choices);
    assert_eq!(settle(view(&ends[1]), template, &choices), settled, "choices may be told in any order");
    assert_eq!(settle(settled.clone(), template, &choices), settled, "settling twice changes nothing");
    nothing_is_hidden(&expected, &settled);
    Played { conflicts: settled.conflicts.len(), gaps }
}

/// Policies and choices move what counts; every value of the document stays in sight.
fn nothing_is_hidden(document: &View, settled: &View) {
    for conflict in &document.conflicts {
        let kept = settled.conflicts.iter().find(|one| (&one.map, &one.key) == (&conflict.map, &conflict.key)).unwrap();
        assert!(conflict.candidates.iter().all(|entry| kept.candidates.contains(entry)), "{}", conflict.name());
        assert!(kept.candidates.iter().any(|entry| entry.op == kept.chosen));
    }
    assert_eq!(settled.measures, document.measures);
    assert_eq!(settled.outcomes, document.outcomes);
    assert_eq!(settled.answers.len(), document.answers.len());
}

#[expect(clippy::disallowed_methods, reason = "a long run is asked for from outside")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[test]
fn replicas_converge_in_every_history() {
    let count = number("DOORSTEP_HISTORIES").unwrap_or(HISTORIES);
    assert!(count > 0, "there is no history to play");
    // Of 48 bits, so that a number can be read out and a long run does not come to the end of all numbers.
    let first = number("DOORSTEP_SEED").unwrap_or_else(|| RandomState::new().hash_one(HISTORIES) >> 16);
    tell(format_args!("{count} histories of several replicas from seed {first}"));
    let template = template();
    // Whoever is done takes the next one, so that no core waits for another; none does after a failure.
    let next = AtomicU64::new(0);
    let run = || {
        let mut sum = Played::default();
        let numbers =
            std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < count));
        for seed in numbers.map(|number| first + number) {
            let played = catch_unwind(AssertUnwindSafe(|| play(seed, &template)));
            let played = played.unwrap_or_else(|_| {
                next.store(count, Ordering::Relaxed);
                panic!("replay with DOORSTEP_SEED={seed} DOORSTEP_HISTORIES=1")
            });
            sum.conflicts += played.conflicts;
            sum.gaps += played.gaps;
        }
        sum
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let all: Vec<Played> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let conflicts: usize = all.iter().map(|played| played.conflicts).sum();
    let gaps: usize = all.iter().map(|played| played.gaps).sum();
    tell(format_args!(
        "every server and phone saw the same; {conflicts} conflicts, {gaps} answers said what was missing"
    ));
    assert!(count < 1_000 || (conflicts > 0 && gaps > 0), "the histories hold conflicts and gaps");
}
