//! Random histories of two to five replicas, brought to servers through the guard: whole, in all orders of two and three
//! replicas, in all 24 of four in one of four such histories and in all 120 of five in one of sixteen, else in a random one;
//! in pieces; and scattered, each replica's own changes between those of the others; with doubles and losses. Equal heads
//! give equal views, also under the template's policies and the office's choices.
//!
//! In one of four histories some of it is late work: equal heads and the same late work give equal views, however the pushes
//! were cut and in whatever order they came, before the office decides or after.
//!
//! `DOORSTEP_HISTORIES` sets how many histories are played (100,000), `DOORSTEP_SEED` the first seed, which is another one
//! in each run and told; a failure tells the seed of its history, which alone replays it:
//! `DOORSTEP_SEED=… DOORSTEP_HISTORIES=1`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

mod delivery;
mod history;
mod late;
#[path = "../../../tests/src/told.rs"]
mod told;

use std::hash::{BuildHasher as _, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use sync_core::doc::VisitDoc;
use sync_core::ids::{ChoiceId, UserId};
use sync_core::merge::{Held, View, settle, view, view_without};
use sync_core::plan::ChoiceRow;
use sync_core::template::Template;
use sync_core::time::UnixMillis;

use self::delivery::{Ends, changes, in_pieces, orders, scattered, whole};
use self::history::{Dice, VISIT, act, actors, meet, merged};
use self::late::{Lost, decisions, stands_apart};
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
    /// Records that were held out.
    late: usize,
    /// Of these, those the office accepted.
    accepted: usize,
}

/// What all histories begin with.
struct Start {
    template: Template,
    /// The document of a new visit.
    blank: VisitDoc,
}

/// Plays one history to its end.
fn play(seed: u64, start: &Start) -> Played {
    let mut dice = Dice(seed);
    let replicas = 2 + dice.below(4).min(dice.below(4));
    let actors = actors(&mut dice, replicas);
    let mut docs = vec![start.blank.clone(); replicas];
    let most = if dice.once_in(8) { 24 } else { 10 };
    for number in 0..2 + dice.below(most) {
        act(&mut dice, &mut docs, &actors, number);
    }
    let lost = Lost::drawn(&mut dice, &docs, &actors);
    let chunks: Vec<Vec<Vec<u8>>> = docs.iter().map(|doc| doc.changes_since(&[]).unwrap()).collect();
    let orders = orders(&mut dice, replicas);
    let mut ends = whole(&orders, &chunks, &lost);
    let order = &orders[dice.below(orders.len())];
    ends.push(in_pieces(&mut dice, order, &chunks, &lost));
    let (end, gaps) = scattered(&mut dice, &changes(&docs, &chunks), &lost);
    // Phones merge without a server, too; of late work they know what the server noted, in any order.
    let mut rows = end.1.clone();
    ends.push(end);
    dice.shuffle(&mut rows);
    dice.shuffle(&mut docs);
    let early = view(&docs[0]);
    ends.push((merged(&mut dice, start.blank.clone(), &docs), rows.clone()));
    let (first, rest) = docs.split_first_mut().unwrap();
    rest.iter().for_each(|other| meet(first, other));
    ends.push((first.clone(), rows));

    let expected = all_see(ends.docs.iter().map(view));
    let seen = settles(&mut dice, &start.template, &early, &expected);
    let (late, accepted) = late_work_stays_out(&mut dice, &start.template, (&early, &expected), &ends);
    Played { conflicts: seen.conflicts.len(), gaps, late, accepted }
}

/// The view that all of them are.
fn all_see(mut views: impl Iterator<Item = View>) -> View {
    let expected = views.next().unwrap();
    for view in views {
        assert_eq!(view.heads, expected.heads);
        assert_eq!(view, expected);
    }
    expected
}

/// Whoever knows the same late work and the same decisions, if there are any, sees the same, whatever came first.
///
/// Gives how many records were held out and how many of them accepted.
fn late_work_stays_out(
    dice: &mut Dice,
    template: &Template,
    (early, all): (&View, &View),
    ends: &Ends,
) -> (usize, usize) {
    let Some((at, rows)) = ends.late.first() else { return (0, 0) };
    let undecided = view_without(&ends.docs[*at], &Held::of(rows, &[])).held;
    let decisions = decisions(dice, &undecided);
    let seen = all_see(ends.late.iter().map(|(at, rows)| {
        let held = Held::of(rows, &decisions);
        let view = view_without(&ends.docs[*at], &held);
        stands_apart(all, &view, &held);
        view
    }));
    settles(dice, template, early, &seen);
    (undecided.len(), undecided.len() - seen.held.len())
}

/// Lays policies and choices over a view; gives the result.
fn settles(dice: &mut Dice, template: &Template, early: &View, expected: &View) -> View {
    let mut choices = choices(dice, &[early, &settle(expected.clone(), template, &[])]);
    let settled = settle(expected.clone(), template, &choices);
    dice.shuffle(&mut choices);
    assert_eq!(settle(expected.clone(), template, &choices), settled, "choices may be told in any order");
    assert_eq!(settle(settled.clone(), template, &choices), settled, "settling twice changes nothing");
    nothing_is_hidden(expected, &settled);
    settled
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
    let start = Start { template: template(), blank: VisitDoc::create(VISIT).unwrap() };
    // Whoever is done takes the next one, so that no core waits for another; none does after a failure.
    let next = AtomicU64::new(0);
    let run = || {
        let mut sum = Played::default();
        let numbers =
            std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < count));
        for seed in numbers.map(|number| first + number) {
            let played = catch_unwind(AssertUnwindSafe(|| play(seed, &start)));
            let played = played.unwrap_or_else(|_| {
                next.store(count, Ordering::Relaxed);
                panic!("replay with DOORSTEP_SEED={seed} DOORSTEP_HISTORIES=1")
            });
            sum.conflicts += played.conflicts;
            sum.gaps += played.gaps;
            sum.late += played.late;
            sum.accepted += played.accepted;
        }
        sum
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let all: Vec<Played> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let sum = |of: fn(&Played) -> usize| all.iter().map(of).sum::<usize>();
    let (conflicts, gaps) = (sum(|played| played.conflicts), sum(|played| played.gaps));
    let (late, accepted) = (sum(|played| played.late), sum(|played| played.accepted));
    tell(format_args!(
        "every server and phone saw the same; {conflicts} conflicts, {gaps} answers said what was missing, {late} records \
         held out as late, {accepted} of them accepted"
    ));
    let has_all = conflicts > 0 && gaps > 0 && 0 < accepted && accepted < late;
    assert!(count < 1_000 || has_all, "the histories hold conflicts, gaps, late work and decisions about it");
}
