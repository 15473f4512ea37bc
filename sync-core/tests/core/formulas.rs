//! The formulas: every public case, read from the product's copy, and the edges of each definition.

#![expect(clippy::unwrap_used, reason = "the support code of tests may panic")]

mod assessments;
mod customers;
mod days;
mod dispatch;
mod inputs;
mod liaison;
mod retention;
mod return_visits;
mod surveys;

use serde_json::{Value, json};
use sync_core::formulas::{FORMULAS, FormulaError, run};

fn examples() -> Value {
    serde_json::from_str(include_str!("../../data/examples.json")).unwrap()
}

/// Asserts what a formula gives.
#[track_caller]
fn gives(id: &str, input: &Value, expected: &Value) {
    assert_eq!(run(id, input).as_ref(), Ok(expected), "{id} of {input}");
}

/// The field and the message with which a formula refuses its input.
#[track_caller]
fn refusal(id: &str, input: &Value) -> (String, String) {
    match run(id, input) {
        Err(FormulaError::Input { field, message }) => (field, message),
        other => panic!("{id} of {input}: {other:?}"),
    }
}

/// Asserts that a formula refuses its input, naming the field.
#[track_caller]
fn refuses(id: &str, input: &Value, field: &str) {
    let (found, message) = refusal(id, input);
    assert_eq!(found, field, "{id} of {input}: {message}");
}

/// The input with one member put in another's place, for instance `items[0].events`.
fn with(input: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = input.clone();
    *changed.pointer_mut(pointer).unwrap() = value;
    changed
}

#[test]
fn every_public_case_gives_its_exact_result() {
    let (mut cases, mut formulas) = (0, 0);
    for formula in examples()["formulas"].as_array().unwrap() {
        let (id, code) = (formula["id"].as_str().unwrap(), formula["code"].as_str().unwrap());
        for case in formula["cases"].as_array().unwrap() {
            gives(id, &case["input"], &case["expected"]);
            gives(code, &case["input"], &case["expected"]);
            cases += 1;
        }
        formulas += 1;
    }
    assert_eq!(formulas, 43);
    assert!(cases >= 90, "{cases} cases read");
}

#[test]
fn the_list_of_formulas_is_that_of_the_examples() {
    let listed: Vec<_> = examples()["formulas"]
        .as_array()
        .unwrap()
        .iter()
        .map(|formula| json!([formula["id"], formula["code"], formula["rules"]]))
        .collect();
    let ours: Vec<_> = FORMULAS.iter().map(|formula| json!([formula.id, formula.code, formula.rules])).collect();
    assert_eq!(ours, listed);
    assert_eq!(run("F-44", &json!({})), Err(FormulaError::Unknown("F-44".into())));
}

fn arrival(arrived_at: &str) -> Value {
    run("F-01", &json!({"appointment": "2025-03-04T10:00:00+08:00", "arrived_at": arrived_at})).unwrap()
}

#[test]
fn arrival_classes_have_exact_borders() {
    for (arrived_at, minutes, class) in [
        ("2025-03-04T09:49:59+08:00", "10.02", "too_early"),
        ("2025-03-04T09:50:00+08:00", "10.00", "in_window"),
        ("2025-03-04T09:55:01+08:00", "4.98", "tight"),
        ("2025-03-04T10:00:00+08:00", "0.00", "tight"),
        ("2025-03-04T10:00:00.001+08:00", "0.00", "late"),
        ("2025-03-04T10:00:20+08:00", "-0.33", "late"),
        ("2025-03-04T02:00:30Z", "-0.50", "late"),
        ("2025-03-03T10:00:00+08:00", "1440.00", "too_early"),
        ("2025-03-04T09:52", "8.00", "in_window"),
    ] {
        let expected = json!({"minutes_before": minutes, "class": class, "promise_kept": class != "late"});
        assert_eq!(arrival(arrived_at), expected, "{arrived_at}");
    }
}

#[test]
fn minutes_of_notice_round_towards_the_earlier_minute() {
    for (notified_at, minutes, compliant) in [
        ("2025-03-04T12:00:01+08:00", "119", false),
        ("2025-03-04T11:59:59+08:00", "120", true),
        ("2025-03-04T14:00:01+08:00", "-1", false),
        ("2025-03-04T14:00:00+08:00", "0", false),
    ] {
        let input = json!({"appointment": "2025-03-04T14:00:00+08:00", "notified_at": notified_at});
        let expected = json!({"notice_minutes": minutes, "compliant": compliant});
        assert_eq!(run("F-02", &input), Ok(expected), "{notified_at}");
    }
}

#[test]
fn the_wait_counts_from_arrival_or_from_the_later_appointment() {
    let wait = |from: &str, arrived: &str, left: &str| {
        let at = |time: &str| format!("2025-03-04T{time}+08:00");
        run(
            "F-03",
            &json!({"wait_from": from, "appointment": at("14:00:00"), "arrived_at": at(arrived), "left_at": at(left)}),
        )
    };
    let result = |minutes: &str, leave: &str, compliant: bool| {
        let leave = format!("2025-03-04T{leave}+08:00");
        Ok(json!({"waited_minutes": minutes, "may_leave_at": leave, "compliant": compliant}))
    };
    assert_eq!(wait("appointment", "13:53:00", "14:08:00"), result("8", "14:15:00", false));
    assert_eq!(wait("appointment", "13:53:00", "14:15:00"), result("15", "14:15:00", true));
    assert_eq!(wait("appointment", "14:05:30", "14:20:30"), result("15", "14:20:30", true));
    assert_eq!(wait("appointment", "13:53:00", "13:58:30"), result("-2", "14:15:00", false));
    assert_eq!(wait("arrival", "13:53:30", "14:08:29"), result("14", "14:08:30", false));
    assert_eq!(
        wait("door", "13:53:00", "14:08:00"),
        Err(FormulaError::Input { field: "wait_from".into(), message: "expected one of arrival, appointment".into() })
    );
}

#[test]
fn readings_are_judged_on_exact_numbers() {
    assert_eq!(run("F-04", &json!({"dbm": "-24.99"})), Ok(json!({"centi_dbm": -2499, "pass": true})));
    assert_eq!(run("F-04", &json!({"dbm": "-25.01"})), Ok(json!({"centi_dbm": -2501, "pass": false})));
    assert_eq!(run("F-04", &json!({"dbm": -25})), Ok(json!({"centi_dbm": -2500, "pass": false})));
    let speed = |measured: &str, contracted: &str, ratio: &str| {
        let input = json!({"measured_mbps": measured, "contracted_mbps": contracted, "min_rate_ratio": ratio});
        run("F-05", &input)
    };
    assert_eq!(speed("500", "500", "1.00"), Ok(json!({"ratio": "1.0000", "pass": true})));
    assert_eq!(speed("499.9", "500", "1.00"), Ok(json!({"ratio": "0.9998", "pass": false})));
    assert_eq!(speed("450", "500", "0.90"), Ok(json!({"ratio": "0.9000", "pass": true})));
    assert_eq!(speed("1", "3", "1"), Ok(json!({"ratio": "0.3333", "pass": false})));
    assert_eq!(speed("1", "0", "1"), Ok(json!({"ratio": null, "pass": null})));
}

#[test]
fn online_marketing_needs_the_activation_form() {
    let slots = json!(["outdoor_route", "splitter_label", "ont_stb", "acceptance_form", "door_note", "ont_stb"]);
    assert_eq!(
        run("F-07", &json!({"channel": "online_marketing", "slots": slots})),
        Ok(json!({"required": 5, "missing": ["activation_form"], "may_submit": false}))
    );
    assert_eq!(
        run("F-07", &json!({"channel": "web", "slots": []})),
        Ok(json!({
            "required": 4,
            "missing": ["outdoor_route", "splitter_label", "ont_stb", "acceptance_form"],
            "may_submit": false,
        }))
    );
}
