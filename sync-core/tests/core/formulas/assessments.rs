//! F-20 to F-23, F-31, F-34, F-43.

use serde_json::{Value, json};

use super::{gives, refuses};

fn item(code: &str, max: Value, per_event: &str, cap_events: i64, events: i64) -> Value {
    json!({"code": code, "max": max, "per_event": per_event, "cap_events": cap_events, "events": events})
}

fn score(items: Value, bonus: &str, points: Value, score: &str) {
    gives("F-20", &json!({"items": items, "bonus": bonus}), &json!({"items": points, "score": score}));
}

#[test]
fn an_item_scores_zero_above_its_cap_and_never_less() {
    score(json!([]), "0", json!({}), "0.00");
    score(json!([item("a", json!(15), "3", 3, 3)]), "0", json!({"a": "6.00"}), "6.00");
    score(json!([item("a", json!(15), "3", 3, 4)]), "0", json!({"a": "0.00"}), "0.00");
    score(json!([item("a", json!(15), "0", 0, 1)]), "0", json!({"a": "0.00"}), "0.00");
    score(json!([item("a", json!(15), "0", 0, 0)]), "0", json!({"a": "15.00"}), "15.00");
    score(json!([item("a", json!(5), "3", 3, 2)]), "0", json!({"a": "0.00"}), "0.00");
    score(json!([item("a", json!("12.5"), "2.25", 9, 2)]), "0.25", json!({"a": "8.00"}), "8.25");
}

#[test]
fn the_bonus_is_capped_and_the_sum_is_rounded_once() {
    score(json!([item("a", json!(15), "3", 3, 0)]), "10.01", json!({"a": "15.00"}), "25.00");
    score(json!([item("a", json!(15), "3", 3, 0)]), "9.995", json!({"a": "15.00"}), "25.00");
    // Each item is shown rounded up, the sum of the exact ones is not three times that.
    let items = json!([
        item("a", json!("0.335"), "0", 1, 0),
        item("b", json!("0.335"), "0", 1, 0),
        item("c", json!("0.335"), "0", 1, 0)
    ]);
    score(items, "0", json!({"a": "0.34", "b": "0.34", "c": "0.34"}), "1.01");
}

#[test]
fn an_assessment_names_what_it_refuses() {
    let input = |items: Value| json!({"items": items, "bonus": "0"});
    let good = item("a", json!(15), "3", 3, 0);
    refuses("F-20", &input(json!([good, item("b", json!(15), "x", 3, 0)])), "items[1].per_event");
    refuses("F-20", &input(json!([good, good])), "items[1].code");
    refuses("F-20", &input(json!([item("", json!(15), "3", 3, 0)])), "items[0].code");
    refuses("F-20", &input(json!([item("a", json!(-15), "3", 3, 0)])), "items[0].max");
    refuses("F-20", &input(json!([item("a", json!(15), "-3", 3, 0)])), "items[0].per_event");
    refuses("F-20", &input(json!([item("a", json!(15), "3", -3, 0)])), "items[0].cap_events");
    refuses("F-20", &input(json!([item("a", json!(15), "3", 3, -1)])), "items[0].events");
    refuses("F-20", &json!({"items": [good], "bonus": "-1"}), "bonus");
    refuses("F-20", &json!({"items": [good]}), "bonus");
    let most = "999999999999999999.999999999999999999";
    refuses("F-20", &input(json!([item("a", json!(most), most, i64::MAX, i64::MAX)])), "items[0]");
}

#[test]
fn an_upper_bound_belongs_to_its_grade() {
    for (score, grade) in [
        ("110", "A"),
        ("100.00", "A"),
        ("90.01", "A"),
        ("90.00", "B"),
        ("90", "B"),
        ("80.01", "B"),
        ("80", "C"),
        ("70.01", "C"),
        ("70.00", "D"),
        ("60.01", "D"),
        ("60", "E"),
        ("59.99", "E"),
        ("0", "E"),
        // Taken from the rounded score (GEN-06).
        ("90.0049", "B"),
        ("90.005", "A"),
        ("60.004999999999999999", "E"),
        ("60.005", "D"),
    ] {
        gives("F-21", &json!({ "score": score }), &json!({ "grade": grade }));
    }
    gives("F-21", &json!({"score": 91}), &json!({"grade": "A"}));
    refuses("F-21", &json!({"score": 90.5}), "score");
    refuses("F-21", &json!({"score": "-1"}), "score");
    refuses("F-21", &json!({"score": "9001"}), "score");
}

// Rule: GEN-06
#[test]
fn a_year_is_rounded_once_and_graded_as_shown() {
    for (quarters, year_end, score, grade) in [
        (json!(["100", "100", "100", "100"]), "100", json!("100.00"), json!("A")),
        (json!(["90"]), "90", json!("90.00"), json!("B")),
        // 0.6 × 85 / 3 + 0.4 × 0 = 17.
        (json!(["85", "0", "0"]), "0", json!("17.00"), json!("E")),
        (json!(["80", "81", "81"]), "70", json!("76.40"), json!("C")),
        // Exactly 90.005: half up, then an A.
        (json!(["90.005", "90.005"]), "90.005", json!("90.01"), json!("A")),
        (json!(["90.0049"]), "90.0049", json!("90.00"), json!("B")),
        (json!([100, 90, 95, 85]), "92.5", json!("92.50"), json!("A")),
        // 0.6 × 200 / 3 is 40 although the mean has no end.
        (json!(["66", "67", "67"]), "50", json!("60.00"), json!("E")),
        (json!([]), "90", Value::Null, Value::Null),
    ] {
        gives("F-22", &json!({"quarters": quarters, "year_end": year_end}), &json!({"score": score, "grade": grade}));
    }
    refuses("F-22", &json!({"quarters": ["1", "2", "3", "4", "5"], "year_end": "1"}), "quarters");
    refuses("F-22", &json!({"quarters": ["1", null], "year_end": "1"}), "quarters[1]");
    refuses("F-22", &json!({"quarters": ["1"], "year_end": null}), "year_end");
    refuses("F-22", &json!({"quarters": ["-1"], "year_end": "1"}), "quarters[0]");
}

#[test]
fn a_dealer_needs_both_kinds_of_visits() {
    let dealer = |sale: Value, service: Value, score: Value| {
        gives("F-23", &json!({"after_sale": sale, "after_service": service}), &json!({ "score": score }));
    };
    dealer(json!([]), json!([]), Value::Null);
    dealer(json!([]), json!([90]), Value::Null);
    dealer(json!([100]), json!([0]), json!("30.00"));
    dealer(json!([0]), json!([100]), json!("70.00"));
    // 0.3 × 100/3 + 0.7 × 200/3 = 56.666…
    dealer(json!([100, 0, 0]), json!([100, 100, 0]), json!("56.67"));
    // 0.3 × 85.05 + 0.7 × 90.0 = 88.515.
    dealer(json!(["85.05"]), json!(["90"]), json!("88.52"));
    refuses("F-23", &json!({"after_sale": [101], "after_service": [1]}), "after_sale[0]");
    refuses("F-23", &json!({"after_sale": [1], "after_service": [1, -1]}), "after_service[1]");
    refuses("F-23", &json!({"after_sale": [1]}), "after_service");
}

#[test]
fn fulfilment_leaves_out_what_the_customer_changed() {
    for (due, changed, kept, denominator, rate) in [
        (0, 0, 0, 0, Value::Null),
        (2, 2, 0, 0, Value::Null),
        (3, 2, 1, 1, json!("1.0000")),
        (8, 1, 0, 7, json!("0.0000")),
        (7, 0, 6, 7, json!("0.8571")),
        (20_000, 0, 1, 20_000, json!("0.0001")),
        (30_000, 0, 1, 30_000, json!("0.0000")),
    ] {
        let input = json!({"due": due, "changed_by_customer": changed, "kept": kept});
        gives("F-31", &input, &json!({"denominator": denominator, "rate": rate}));
    }
    refuses("F-31", &json!({"due": 1, "changed_by_customer": 2, "kept": 0}), "changed_by_customer");
    refuses("F-31", &json!({"due": 5, "changed_by_customer": 2, "kept": 4}), "kept");
    refuses("F-31", &json!({"due": -5, "changed_by_customer": 0, "kept": 0}), "due");
    refuses("F-31", &json!({"due": 5, "changed_by_customer": 0, "kept": -1}), "kept");
}

#[test]
fn a_satisfaction_target_is_met_by_the_exact_share() {
    let answers = |answered: u64, invalid: u64, satisfied: u64, target: &str| json!({"answered": answered, "invalid": invalid, "satisfied": satisfied, "target": target});
    for (input, rate, met) in [
        (answers(10, 10, 0, "0.85"), Value::Null, Value::Null),
        (answers(0, 0, 0, "0.90"), Value::Null, Value::Null),
        (answers(10, 1, 9, "0.90"), json!("1.0000"), json!(true)),
        (answers(100, 0, 84, "0.85"), json!("0.8400"), json!(false)),
        // 84.9999 % is shown as 85 %.
        (answers(1_000_000, 0, 849_999, "0.85"), json!("0.8500"), json!(false)),
        (answers(3, 0, 2, "0.6667"), json!("0.6667"), json!(false)),
        (answers(3, 0, 0, "0"), json!("0.0000"), json!(true)),
    ] {
        gives("F-34", &input, &json!({"rate": rate, "target_met": met}));
    }
    refuses("F-34", &answers(1, 2, 0, "0.85"), "invalid");
    refuses("F-34", &answers(10, 2, 9, "0.85"), "satisfied");
    // 85 is a target in per cent.
    refuses("F-34", &answers(10, 2, 8, "85"), "target");
}

#[test]
fn conversion_is_a_share_of_those_served() {
    gives("F-43", &json!({"served": 3, "bought": 3}), &json!({"conversion": "1.0000"}));
    gives("F-43", &json!({"served": 3, "bought": 0}), &json!({"conversion": "0.0000"}));
    gives("F-43", &json!({"served": 3, "bought": 1}), &json!({"conversion": "0.3333"}));
    refuses("F-43", &json!({"served": 0, "bought": 1}), "bought");
    refuses("F-43", &json!({"served": 3, "bought": 1.0}), "bought");
}
