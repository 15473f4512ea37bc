//! F-12 to F-14, F-36, F-39, F-41.

use serde_json::{Value, json};

use super::{gives, refuses};

#[test]
fn the_chain_grows_with_relation_and_tier() {
    let chain = |relation: bool, adviser: bool, tier: &str, roles: &[&str]| {
        let input = json!({"has_relation": relation, "has_service_adviser": adviser, "tier": tier});
        gives("F-12", &input, &json!({"chain": roles, "signatures": roles.len()}));
    };
    let (manager, supervisor, adviser) = ("account_manager", "dept_supervisor", "investment_adviser");
    let (desk, adviser_supervisor) = ("adviser_assistant_or_desk", "adviser_supervisor");
    let (director, general) = ("operations_director", "general_manager");
    chain(true, true, "ordinary", &[manager, supervisor, adviser]);
    chain(true, false, "ordinary", &[manager, supervisor]);
    chain(true, true, "silver", &[manager, supervisor, adviser, director]);
    chain(true, false, "silver", &[manager, supervisor, director]);
    chain(true, true, "gold", &[manager, supervisor, adviser, director, general]);
    chain(true, false, "gold", &[manager, supervisor, director, general]);
    // Without a relation there is no third (RET-05), whatever adviser there may be.
    chain(false, true, "ordinary", &[desk, adviser_supervisor]);
    chain(false, false, "silver", &[desk, adviser_supervisor, director]);
    chain(false, true, "gold", &[desk, adviser_supervisor, director, general]);
    let input = json!({"has_relation": true, "has_service_adviser": true, "tier": "Gold"});
    refuses("F-12", &input, "tier");
}

fn churn(reading: &str, previous: &str, current: &str, target: &str) -> Value {
    json!({"reading": reading, "previous_rate": previous, "current_rate": current, "target": target})
}

#[test]
fn a_churn_target_is_met_by_the_exact_reduction() {
    for (input, reduction, met) in [
        (churn("points", "0.08", "0.05", "0.03"), json!("0.0300"), json!(true)),
        // Shown as the target, below it.
        (churn("points", "0.08", "0.050001", "0.03"), json!("0.0300"), json!(false)),
        (churn("points", "0.05", "0.08", "0.03"), json!("-0.0300"), json!(false)),
        (churn("points", "0", "0", "0"), json!("0.0000"), json!(true)),
        (churn("points", "0.00015", "0.0001", "0"), json!("0.0001"), json!(true)),
        (churn("points", "0.0001", "0.00015", "0"), json!("-0.0001"), json!(false)),
        (churn("relative", "0.03", "0.02", "0.3333"), json!("0.3333"), json!(true)),
        (churn("relative", "0.03", "0.02", "0.33334"), json!("0.3333"), json!(false)),
        (churn("relative", "0.03", "0.05", "0.03"), json!("-0.6667"), json!(false)),
        (churn("relative", "0", "0.05", "0.03"), Value::Null, Value::Null),
        (churn("relative", "0.0", "0", "0"), Value::Null, Value::Null),
    ] {
        gives("F-13", &input, &json!({"reduction": reduction, "met": met}));
    }
    refuses("F-13", &churn("percent", "0.1", "0.1", "0.1"), "reading");
    // 8.2 is a rate in per cent.
    refuses("F-13", &churn("points", "8.2", "0.051", "0.03"), "previous_rate");
    refuses("F-13", &churn("points", "0.082", "-0.1", "0.03"), "current_rate");
    refuses("F-13", &churn("points", "0.082", "0.051", "3"), "target");
}

fn supervisor(power_on: (i64, i64, &str), revenue: (i64, i64, &str)) -> Value {
    json!({
        "power_on_before": power_on.0, "power_on_after": power_on.1, "power_on_target": power_on.2,
        "revenue_before": revenue.0, "revenue_after": revenue.1, "revenue_target": revenue.2,
    })
}

#[test]
fn a_supervisor_score_is_rounded_once() {
    for (input, power_on, revenue, score) in [
        (supervisor((100, 110, "0.10"), (100, 110, "0.10")), json!("0.1000"), json!("0.1000"), json!("100.00")),
        (supervisor((100, 300, "0.10"), (100, 100, "0.10")), json!("2.0000"), json!("0.0000"), json!("50.00")),
        // 1/3 of the target each: 33.333…, not 33.33 + 33.33 halves.
        (supervisor((3, 4, "1"), (3, 4, "1")), json!("0.3333"), json!("0.3333"), json!("33.33")),
        (supervisor((300, 301, "1"), (300, 302, "1")), json!("0.0033"), json!("0.0067"), json!("0.50")),
        // A fall counts below zero: nothing in the definition stops it.
        (supervisor((100, 95, "0.10"), (100, 110, "0.10")), json!("-0.0500"), json!("0.1000"), json!("25.00")),
        (supervisor((100, 0, "0.10"), (100, 0, "0.10")), json!("-1.0000"), json!("-1.0000"), json!("-1000.00")),
        (supervisor((0, 10, "0.10"), (100, 110, "0.10")), Value::Null, json!("0.1000"), Value::Null),
        (supervisor((100, 110, "0"), (100, 110, "0.10")), json!("0.1000"), json!("0.1000"), Value::Null),
    ] {
        gives("F-14", &input, &json!({"power_on_rate": power_on, "revenue_rate": revenue, "score": score}));
    }
    refuses("F-14", &supervisor((-1, 0, "0.10"), (1, 1, "0.10")), "power_on_before");
    refuses("F-14", &supervisor((1, 0, "0.10"), (1, 1, "-0.10")), "revenue_target");
    let great = supervisor((i64::MAX, 1, "0.000000000000000001"), (i64::MAX, 1, "0.000000000000000001"));
    refuses("F-14", &great, "input");
}

#[test]
fn a_role_owes_its_own_minimum() {
    for (input, compliant) in [
        (json!({"role": "agent", "exchanges": 9}), false),
        (json!({"role": "agent", "exchanges": 11, "floor_minutes": null, "review_minutes": 0}), true),
        (json!({"role": "shift_lead", "floor_minutes": 239, "exchanges": 2}), false),
        (json!({"role": "shift_lead", "floor_minutes": 241, "exchanges": 3}), true),
        (json!({"role": "centre_head", "review_minutes": 119}), false),
        (json!({"role": "centre_head", "review_minutes": 120}), true),
        (json!({"role": "centre_head", "review_minutes": 1440, "exchanges": 0}), true),
    ] {
        gives("F-36", &input, &json!({ "compliant": compliant }));
    }
    refuses("F-36", &json!({"role": "manager", "exchanges": 10}), "role");
    refuses("F-36", &json!({"role": "agent"}), "exchanges");
    refuses("F-36", &json!({"role": "agent", "exchanges": -1}), "exchanges");
    refuses("F-36", &json!({"role": "shift_lead", "floor_minutes": "4 h", "exchanges": 2}), "floor_minutes");
    refuses("F-36", &json!({"role": "centre_head", "review_minutes": 1441}), "review_minutes");
}

fn rates(retained: u64, lost: u64, left: u64, base: u64, before: &str, after: &str) -> Value {
    json!({"retained": retained, "lost": lost, "left": left, "base": base,
        "stay_before_months": before, "stay_after_months": after})
}

// Rule: GEN-07
#[test]
fn retention_rates_have_no_data_without_cases() {
    for (input, retention, churn, extension) in [
        (rates(0, 0, 0, 0, "12", "12"), Value::Null, Value::Null, "0.0"),
        (rates(0, 3, 5, 0, "12", "15"), json!("0.0000"), Value::Null, "3.0"),
        (rates(3, 0, 0, 9, "16.6", "14.5"), json!("1.0000"), json!("0.0000"), "-2.1"),
        (rates(2, 1, 1, 3, "0", "0.05"), json!("0.6667"), json!("0.3333"), "0.1"),
        (rates(1, 19_999, 12_400, 12_400, "0.05", "0"), json!("0.0001"), json!("1.0000"), "-0.1"),
        (rates(1, 20_000, 0, 1, "0.04", "0"), json!("0.0000"), json!("0.0000"), "0.0"),
    ] {
        let expected = json!({"retention_rate": retention, "churn_rate": churn, "stay_extension_months": extension});
        gives("F-39", &input, &expected);
    }
    refuses("F-39", &rates(u64::MAX, 1, 0, 0, "1", "1"), "lost");
    refuses("F-39", &rates(1, 1, 0, 0, "-1", "1"), "stay_before_months");
}

#[test]
fn floor_and_budget_themselves_are_allowed() {
    let offer = |offered: &str, floor: &str, cost: i64, budget: i64| json!({"offered_rate": offered, "floor_rate": floor, "cost_fen": cost, "budget_fen": budget});
    for (input, reasons) in [
        (offer("0.00025", "0.000250", 10_000, 10_000), json!([])),
        (offer("0", "0", 0, 0), json!([])),
        (offer("0.000249999999999999", "0.00025", 10_000, 10_000), json!(["below_floor"])),
        (offer("0.00025", "0.00025", 10_001, 10_000), json!(["over_budget"])),
        (offer("0.0001", "0.00025", 1, 0), json!(["below_floor", "over_budget"])),
    ] {
        gives("F-41", &input, &json!({"allowed": reasons == json!([]), "reasons": reasons}));
    }
    refuses("F-41", &offer("-0.0001", "0.00025", 1, 1), "offered_rate");
    refuses("F-41", &offer("0.0003", "25", 1, 1), "floor_rate");
    refuses("F-41", &offer("0.0003", "0.00025", -1, 1), "cost_fen");
    refuses("F-41", &offer("0.0003", "0.00025", 1, -1), "budget_fen");
}
