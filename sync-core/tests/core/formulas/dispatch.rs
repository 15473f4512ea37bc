//! F-37 and F-38.

use proptest::prelude::*;
use serde_json::{Value, json};
use sync_core::formulas::{QueuedJob, dispatch_order};
use sync_core::time::UnixMillis;

use super::{gives, refuses};

fn job(id: &str, attempt: u64, time: &str, deferred: bool) -> Value {
    json!({"id": id, "attempt": attempt, "requested": format!("2025-03-04T{time}"), "deferred_safety": deferred})
}

#[test]
fn each_class_is_in_the_order_of_its_requested_times() {
    let queue = json!([
        job("late", 1, "16:00:00+08:00", false),
        job("third", 3, "09:00:00+08:00", false),
        job("second", 2, "10:00:00+08:00", false),
        job("unsafe-later", 1, "18:00:00+08:00", true),
        job("unsafe-twice", 2, "17:00:00+08:00", true),
        job("early", 1, "08:00:00+08:00", false),
        // The same instant as 09:00+08:00.
        job("zulu", 1, "01:00:00Z", false),
        job("alike", 1, "09:00:00.000+08:00", false),
    ]);
    let order = ["unsafe-twice", "unsafe-later", "third", "second", "early", "alike", "zulu", "late"];
    gives("F-38", &json!({ "queue": queue }), &json!({ "order": order }));
    gives("F-38", &json!({"queue": []}), &json!({"order": []}));
}

#[test]
fn a_queue_holds_each_job_once() {
    let queue = |jobs: Value| json!({ "queue": jobs });
    let first = job("w1", 1, "09:00:00+08:00", false);
    refuses("F-38", &queue(json!([first, first])), "queue[1].id");
    refuses("F-38", &queue(json!([job("w1", 0, "09:00:00+08:00", false)])), "queue[0].attempt");
    refuses("F-38", &queue(json!([job("w1", 1, "9 o'clock", false)])), "queue[0].requested");
    refuses("F-38", &queue(json!([first, {"id": "w2", "attempt": 1}])), "queue[1].requested");
    refuses("F-38", &queue(json!(["w1"])), "queue[0]");
    refuses("F-38", &queue(json!({})), "queue");
}

#[test]
fn the_third_late_arrival_begins_the_higher_rate() {
    for (base, late, complaints, late_fen, complaint_fen) in [
        (300_000, 0, 0, 0, 0),
        (300_000, 1, 0, 6_000, 0),
        (300_000, 4, 2, 42_000, 2_000),
        (0, 9, 1, 0, 1_000),
        // 2 % of 3,333.33 yuan is 66.6666; twice that is 133.3332, rounded once.
        (333_333, 2, 0, 13_333, 0),
        // 0.5 fen is rounded up.
        (25, 1, 0, 1, 0),
        (10, 3, 0, 1, 0),
        (5, 3, 0, 0, 0),
    ] {
        let input = json!({"base_fen": base, "late_events": late, "complaints": complaints});
        let total = late_fen + complaint_fen;
        gives("F-37", &input, &json!({"late_fen": late_fen, "complaint_fen": complaint_fen, "total_fen": total}));
    }
    refuses("F-37", &json!({"base_fen": -1, "late_events": 0, "complaints": 0}), "base_fen");
    refuses("F-37", &json!({"base_fen": "3000.00", "late_events": 0, "complaints": 0}), "base_fen");
    refuses("F-37", &json!({"base_fen": 1, "late_events": -1, "complaints": 0}), "late_events");
    refuses("F-37", &json!({"base_fen": i64::MAX, "late_events": 99, "complaints": 0}), "input");
}

proptest! {
    #[test]
    fn the_order_is_a_permutation_that_does_not_depend_on_the_queue(
        jobs in proptest::collection::vec((1u64..4, 0i64..4, any::<bool>()), 0..12),
        turn in 0usize..12,
    ) {
        let ids: Vec<String> = (0..jobs.len()).map(|at| format!("w{at}")).collect();
        let queue: Vec<_> = ids.iter().zip(&jobs).map(|(id, (attempt, requested, deferred_safety))| QueuedJob {
            id, attempt: *attempt, requested: UnixMillis(*requested), deferred_safety: *deferred_safety,
        }).collect();
        let (mut ordered, mut other) = (queue.clone(), queue.clone());
        other.reverse();
        other.rotate_left(turn.min(queue.len()));
        dispatch_order(&mut ordered);
        dispatch_order(&mut other);
        prop_assert_eq!(&ordered, &other);
        prop_assert!(queue.iter().all(|job| ordered.contains(job)) && ordered.len() == queue.len());
        for pair in ordered.windows(2) {
            prop_assert!(pair[0].class() <= pair[1].class());
            prop_assert!(pair[0].class() < pair[1].class() || pair[0].requested <= pair[1].requested);
        }
    }
}
