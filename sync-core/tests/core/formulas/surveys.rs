//! F-26 to F-29.

use serde_json::{Value, json};

use super::{gives, refuses};

fn interest(needs: &str, market: &str, internal: &str) -> Value {
    json!({"needs": needs, "market": market, "internal": internal})
}

#[test]
fn an_interest_counts_from_the_threshold_on() {
    let all = json!({
        "process": interest("60", "60", "60"),
        "relationship": interest("100", "100", "100"),
        "functional": interest("59.99", "60", "60"),
    });
    let totals = json!({"functional": "60.00", "relationship": "100.00", "process": "60.00"});
    // 59.996 is shown as 60.00 and does not reach it.
    let expected = json!({"totals": totals, "counted": ["relationship", "process"]});
    gives("F-26", &json!({"threshold": "60", "interests": all}), &expected);
    // Interests come in the order of the rulebook; those not surveyed are left out.
    let expected = json!({"totals": totals, "counted": ["functional", "relationship", "process"]});
    gives("F-26", &json!({"threshold": "0", "interests": all}), &expected);
    let one = json!({"process": interest("0.01", "0.0025", "0.02")});
    let expected = json!({"totals": {"process": "0.01"}, "counted": []});
    gives("F-26", &json!({"threshold": "60", "interests": one}), &expected);
    gives("F-26", &json!({"threshold": "60", "interests": {}}), &json!({"totals": {}, "counted": []}));
}

#[test]
fn a_merge_names_what_it_refuses() {
    let input = |interests: Value| json!({"threshold": "60", "interests": interests});
    refuses("F-26", &input(json!({"social": interest("1", "1", "1")})), "interests.social");
    refuses("F-26", &input(json!({"process": {"needs": "1", "internal": "1"}})), "interests.process.market");
    refuses("F-26", &input(json!({"process": interest("101", "1", "1")})), "interests.process.needs");
    refuses("F-26", &input(json!({"process": interest("1", "1", "-1")})), "interests.process.internal");
    refuses("F-26", &json!({"threshold": "600", "interests": {}}), "threshold");
    refuses("F-26", &json!({"interests": {}}), "threshold");
}

#[test]
fn three_answers_make_the_score_of_an_interest() {
    for (q, functional, relationship, process) in [
        (json!([5, 5, 5, 5, 5, 5, 5, 5, 5]), "100.00", "100.00", "100.00"),
        (json!([1, 1, 2, 1, 2, 2, 3, 3, 3]), "8.33", "16.67", "50.00"),
        (json!([5, 5, 4, 5, 4, 4, 1, 5, 3]), "91.67", "83.33", "50.00"),
    ] {
        let expected = json!({"functional": functional, "relationship": relationship, "process": process});
        gives("F-27", &json!({ "q": q }), &expected);
    }
    refuses("F-27", &json!({"q": [1, 1, 1, 1, 1, 1, 1, 1]}), "q");
    refuses("F-27", &json!({"q": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}), "q");
    refuses("F-27", &json!({"q": []}), "q");
    refuses("F-27", &json!({"q": [1, 1, 0, 1, 1, 1, 1, 1, 1]}), "q[2]");
    refuses("F-27", &json!({"q": [1, 1, 1, 6, 1, 1, 1, 1, 1]}), "q[3]");
    refuses("F-27", &json!({"q": [1, 1, 1, 1, null, 1, 1, 1, 1]}), "q[4]");
    refuses("F-27", &json!({"q": [1, 1, 1, 1, 2.5, 1, 1, 1, 1]}), "q[4]");
}

fn area(buildings: Value, employers: Value, visitors: (u64, u64), buyers: (u64, u64)) -> Value {
    json!({
        "buildings": buildings, "employers": employers,
        "store": {"visitors_m": visitors.0, "visitors_f": visitors.1, "buyers_m": buyers.0, "buyers_f": buyers.1},
    })
}

#[test]
fn capacity_comes_from_exact_numbers() {
    let building = |units: i64, occupancy: &str, household: &str| json!({"units": units, "occupancy": occupancy, "household": household});
    for (input, resident, floating, rate, capacity) in [
        (area(json!([]), json!([]), (0, 0), (0, 0)), "0", 0, Value::Null, Value::Null),
        (area(json!([]), json!([10, 0, 5]), (1, 1), (1, 0)), "0", 15, json!("0.5000"), json!("8")),
        // 257.55 residents are shown as 258; a third of the exact number is 85.85.
        (area(json!([building(101, "0.85", "3")]), json!([]), (3, 0), (1, 0)), "258", 0, json!("0.3333"), json!("86")),
        // 0.5 residents twice are one.
        (
            area(json!([building(1, "0.5", "1"), building(1, "0.5", "1")]), json!([]), (0, 4), (0, 4)),
            "1",
            0,
            json!("1.0000"),
            json!("1"),
        ),
        // 10000 persons × 1/3, not × 0.3333.
        (area(json!([]), json!([10_000]), (2, 1), (1, 0)), "0", 10_000, json!("0.3333"), json!("3333")),
        (area(json!([]), json!([100_000]), (2, 1), (1, 0)), "0", 100_000, json!("0.3333"), json!("33333")),
        (area(json!([]), json!([5]), (10, 0), (1, 0)), "0", 5, json!("0.1000"), json!("1")),
    ] {
        gives("F-28", &input, &json!({"resident": resident, "floating": floating, "rate": rate, "capacity": capacity}));
    }
    let one = |building: Value| area(json!([building]), json!([]), (1, 1), (1, 1));
    refuses("F-28", &one(building(-1, "0.5", "1")), "buildings[0].units");
    // 85 is an occupancy in per cent.
    refuses("F-28", &one(building(1, "85", "1")), "buildings[0].occupancy");
    refuses("F-28", &one(building(1, "0.5", "-1")), "buildings[0].household");
    refuses("F-28", &area(json!([]), json!([1, -1]), (1, 1), (1, 1)), "employers[1]");
    refuses("F-28", &area(json!([]), json!([]), (1, 1), (0, 2)), "store.buyers_f");
    refuses("F-28", &area(json!([]), json!([u64::MAX, 1]), (1, 1), (0, 0)), "employers");
    refuses("F-28", &json!({"buildings": [], "employers": [], "store": {"visitors_m": 1}}), "store.visitors_f");
}

#[test]
fn a_day_needs_ten_interviews_and_one_in_each_band() {
    for (bands, total, enough, empty) in [
        (json!({"low": 1, "middle": 7, "high": 1}), 9, false, json!([])),
        (json!({"low": 1, "middle": 8, "high": 1}), 10, true, json!([])),
        (json!({"high": 0, "middle": 12, "low": 0}), 12, false, json!(["low", "high"])),
        (json!({"low": 0, "middle": 0, "high": 0}), 0, false, json!(["low", "middle", "high"])),
        (json!({"premium": 0, "low": 0, "economy": 0, "middle": 20}), 20, false, json!(["low", "economy", "premium"])),
        (json!({}), 0, false, json!([])),
    ] {
        let expected = json!({"total": total, "enough": enough, "empty_bands": empty});
        gives("F-29", &json!({ "interviews_by_band": bands }), &expected);
    }
    refuses("F-29", &json!({"interviews_by_band": {"low": -1}}), "interviews_by_band.low");
    refuses("F-29", &json!({"interviews_by_band": [1, 2]}), "interviews_by_band");
    refuses("F-29", &json!({"interviews_by_band": {"low": u64::MAX, "high": 1}}), "interviews_by_band");
}
