//! F-08 to F-11.

use proptest::prelude::*;
use serde_json::{Value, json};
use sync_core::formulas::{TierShares, Turnover, run, turnover_tier};

use super::{gives, refuses};

fn tiers(customers: &Value) -> Vec<String> {
    let result = run("F-08", &json!({ "customers": customers })).unwrap();
    let place = |tier: &Value| {
        let share = tier["cum_share"].as_str().unwrap_or("-");
        format!("{} {share} {}", tier["id"].as_str().unwrap(), tier["tier"].as_str().unwrap())
    };
    result.get("tiers").and_then(Value::as_array).unwrap().iter().map(place).collect()
}

#[test]
fn tiers_end_at_exact_shares() {
    let customers = json!([
        {"id": "d", "turnover_fen": 1}, {"id": "a", "turnover_fen": 600_000}, {"id": "b", "turnover_fen": 200_000},
        {"id": "c", "turnover_fen": 199_999},
    ]);
    assert_eq!(tiers(&customers), ["a 0.6000 L1", "b 0.8000 L2", "c 1.0000 L3", "d 1.0000 L3"]);
    // Shares that only look like 60 % and 80 % lie above them.
    let customers = json!([{"id": "a", "turnover_fen": 30_000_001}, {"id": "b", "turnover_fen": 29_999_999},
        {"id": "c", "turnover_fen": 20_000_000}, {"id": "d", "turnover_fen": 19_999_999}]);
    assert_eq!(tiers(&customers), ["a 0.3000 L1", "b 0.6000 L2", "c 0.8000 L3", "d 1.0000 L3"]);
}

#[test]
fn ties_are_ranked_by_id_and_potential_lifts_only_the_last_tier() {
    let customers = json!([
        {"id": "b", "turnover_fen": 25, "potential": true}, {"id": "a", "turnover_fen": 25, "potential": true},
        {"id": "d", "turnover_fen": 25, "potential": true}, {"id": "c", "turnover_fen": 25, "potential": null},
    ]);
    assert_eq!(tiers(&customers), ["a 0.2500 L1", "b 0.5000 L1", "c 0.7500 L2", "d 1.0000 L2"]);
}

#[test]
fn without_turnover_there_is_no_share() {
    assert_eq!(tiers(&json!([])), Vec::<String>::new());
    assert_eq!(tiers(&json!([{"id": "x", "turnover_fen": 7}])), ["x 1.0000 L1"]);
    let customers = json!([{"id": "b", "turnover_fen": 0}, {"id": "a", "turnover_fen": 0},
        {"id": "c", "turnover_fen": 0, "potential": true}]);
    assert_eq!(tiers(&customers), ["a - L1", "b - L3", "c - L2"]);
    let great = json!([{"id": "x", "turnover_fen": i64::MAX}, {"id": "y", "turnover_fen": i64::MAX}]);
    assert_eq!(tiers(&great), ["x 0.5000 L1", "y 1.0000 L3"]);
}

#[test]
fn turnover_is_money_of_one_customer() {
    let customers = |list: Value| json!({ "customers": list });
    refuses("F-08", &customers(json!([{"id": "a", "turnover_fen": -1}])), "customers[0].turnover_fen");
    refuses("F-08", &customers(json!([{"id": "a", "turnover_fen": "100"}])), "customers[0].turnover_fen");
    refuses("F-08", &customers(json!([{"id": "a", "turnover_fen": 1.5}])), "customers[0].turnover_fen");
    refuses("F-08", &customers(json!([{"id": " ", "turnover_fen": 1}])), "customers[0].id");
    let twice = json!([{"id": "a", "turnover_fen": 1}, {"id": "a", "turnover_fen": 2}]);
    refuses("F-08", &customers(twice), "customers[1].id");
    let potential = json!([{"id": "a", "turnover_fen": 1, "potential": "yes"}]);
    refuses("F-08", &customers(potential), "customers[0].potential");
}

#[test]
fn class_a_is_the_smallest_set_that_reaches_seventy_per_cent() {
    let class = |sales: Value, members: Value, share: Value| {
        gives("F-09", &json!({ "sales_fen": sales }), &json!({ "class_a": members, "share": share }));
    };
    class(json!({}), json!([]), Value::Null);
    class(json!({"a": 0, "b": 0}), json!([]), Value::Null);
    class(json!({"a": 0, "b": 5}), json!(["b"]), json!("1.0000"));
    // 69.99996 % is shown as 70 % and does not reach it.
    class(json!({"a": 6_999_996, "b": 3_000_003, "c": 1}), json!(["a", "b"]), json!("1.0000"));
    class(json!({"d": 10, "c": 10, "b": 10, "a": 10}), json!(["a", "b", "c"]), json!("0.7500"));
    class(json!({"one": 1, "two": 1, "six": 1}), json!(["one", "six", "two"]), json!("1.0000"));
    class(json!({"x": i64::MAX, "y": i64::MAX}), json!(["x", "y"]), json!("1.0000"));
    refuses("F-09", &json!({"sales_fen": {"a": -1}}), "sales_fen.a");
    refuses("F-09", &json!({"sales_fen": []}), "sales_fen");
}

#[test]
fn an_edge_of_assets_belongs_to_the_higher_tier() {
    for (assets, tier) in [
        (json!("0"), "ordinary"),
        (json!("49999.999999999999999999"), "ordinary"),
        (json!("50000"), "silver"),
        (json!(50_000), "silver"),
        (json!("50000.00"), "silver"),
        (json!("499999.999"), "silver"),
        (json!("500000"), "gold"),
        (json!("999999999999999999"), "gold"),
    ] {
        gives("F-10", &json!({ "assets_yuan": assets }), &json!({ "tier": tier }));
    }
    refuses("F-10", &json!({"assets_yuan": "-0.01"}), "assets_yuan");
    refuses("F-10", &json!({"assets_yuan": "50,000"}), "assets_yuan");
    refuses("F-10", &json!({"assets_yuan": 49_999.99}), "assets_yuan");
}

#[test]
fn a_manager_more_begins_with_the_next_customer() {
    for ((diamond, gold, silver), (d, g, s)) in [
        ((0u64, 0u64, 0u64), (0u64, 0u64, 0u64)),
        ((1, 1, 1), (1, 1, 1)),
        ((200, 500, 1000), (1, 1, 1)),
        ((201, 501, 1001), (2, 2, 2)),
        ((400, 1000, 2000), (2, 2, 2)),
        ((u64::MAX, 0, 0), (u64::MAX / 200 + 1, 0, 0)),
    ] {
        gives(
            "F-11",
            &json!({"diamond": diamond, "gold": gold, "silver": silver}),
            &json!({"managers": {"diamond": d, "gold": g, "silver": s}, "total": d + g + s}),
        );
    }
    refuses("F-11", &json!({"diamond": 1, "gold": -2, "silver": 0}), "gold");
    refuses("F-11", &json!({"diamond": 1, "gold": 2}), "silver");
}

proptest! {
    #[test]
    fn tiers_place_every_customer_once_whatever_the_order(
        turnovers in proptest::collection::vec((0i64..50, any::<bool>()), 0..12),
        turn in 0usize..12,
    ) {
        let ids: Vec<String> = (0..turnovers.len()).map(|at| format!("c{at}")).collect();
        let customers: Vec<_> = ids.iter().zip(&turnovers)
            .map(|(id, (fen, potential))| Turnover { id, turnover_fen: *fen, potential: *potential })
            .collect();
        let placed = turnover_tier(&customers, &TierShares::default()).unwrap();
        let mut other = customers.clone();
        other.reverse();
        other.rotate_left(turn.min(customers.len()));
        prop_assert_eq!(&turnover_tier(&other, &TierShares::default()).unwrap(), &placed);
        let mut seen: Vec<_> = placed.iter().map(|place| place.id.to_owned()).collect();
        seen.sort();
        let mut all = ids.clone();
        all.sort();
        prop_assert_eq!(seen, all);
        prop_assert!(placed.windows(2).all(|pair| pair[0].cum_share <= pair[1].cum_share));
    }
}
