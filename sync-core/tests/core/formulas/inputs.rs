//! What the formulas refuse: every error names its field, nothing is guessed.

use serde_json::{Value, json};
use sync_core::formulas::{FORMULAS, FormulaError, run};

use super::{examples, gives, refusal, refuses, with};

#[test]
fn input_errors_name_the_field() {
    refuses("F-01", &json!({"appointment": "2025-03-04T10:00:00+08:00"}), "arrived_at");
    refuses("F-01", &json!({"appointment": "tomorrow", "arrived_at": "2025-03-04T10:00:00Z"}), "appointment");
    refuses("F-01", &json!({"appointment": "2025-03-04", "arrived_at": "x"}), "appointment");
    refuses("F-04", &json!({"dbm": -18.3}), "dbm");
    refuses("F-04", &json!({"dbm": "-18,3"}), "dbm");
    refuses("F-04", &json!({"dbm": null}), "dbm");
    refuses("F-05", &json!({"measured_mbps": "-1", "contracted_mbps": "1", "min_rate_ratio": "1"}), "measured_mbps");
    refuses("F-06", &json!({"resource_ok": true, "aaa_sync_ok": "yes"}), "aaa_sync_ok");
    refuses("F-07", &json!({"channel": "fax", "slots": []}), "channel");
    refuses("F-07", &json!({"channel": "web", "slots": ["ont_stb", 3]}), "slots[1]");
    refuses("F-07", &json!([]), "input");
    assert_eq!(refusal("F-21", &json!({})), ("score".into(), "is missing".into()));
    let (_, message) = refusal("F-12", &json!({"has_relation": true, "has_service_adviser": true, "tier": "platinum"}));
    assert_eq!(message, "expected one of ordinary, silver, gold");
}

/// Every place of an input, as a pointer, with the path that an error names it by.
fn places(value: &Value, pointer: &str, path: &str) -> Vec<(String, String)> {
    let mut found = vec![(pointer.to_owned(), path.to_owned())];
    let below = |key: &str, value: &Value, name: String| {
        places(value, &format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), &name)
    };
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                let name = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                found.extend(below(key, value, name));
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                found.extend(below(&at.to_string(), value, format!("{path}[{at}]")));
            }
        }
        _ => {}
    }
    found
}

#[test]
fn whatever_is_put_in_a_place_is_computed_or_refused_at_that_place() {
    let strange = [
        json!({}),
        json!([]),
        json!(""),
        json!("x"),
        json!("-1"),
        json!(-1),
        json!(1.5),
        json!(i64::MAX),
        json!(u64::MAX),
        json!("999999999999999999.999999999999999999"),
        json!("0001-01-01"),
        json!("9999-12-31"),
        json!("9999-12-31T23:59:59Z"),
        json!("2025-02-29"),
        json!(true),
        json!([[[]]]),
    ];
    for formula in examples()["formulas"].as_array().unwrap() {
        let id = formula["id"].as_str().unwrap();
        for case in formula["cases"].as_array().unwrap() {
            for (pointer, path) in places(&case["input"], "", "") {
                for value in &strange {
                    // Nothing panics; a refusal has its field and its message.
                    match run(id, &with(&case["input"], &pointer, value.clone())) {
                        Ok(result) => assert!(result.is_object(), "{id}"),
                        Err(FormulaError::Input { field, message }) => {
                            assert!(!field.is_empty() && !message.is_empty(), "{id} {path}");
                        }
                        Err(other) => panic!("{id}: {other}"),
                    }
                }
                // A word where a number, a day or a code belongs is always refused, there.
                if !matches!(case["input"].pointer(&pointer), Some(Value::Object(_) | Value::Array(_))) {
                    let changed = with(&case["input"], &pointer, json!({"not": "this"}));
                    let (field, _) = refusal(id, &changed);
                    assert_eq!(field, path, "{id} of {changed}");
                }
            }
        }
    }
}

#[test]
fn a_missing_or_null_member_is_refused_unless_it_may_be_absent() {
    let may_be_absent = [
        "customers[4].potential",
        "last_visit",
        "days",
        "issuer_did_not_lead",
        "answered_at",
        "queue[3].deferred_safety",
    ];
    for formula in examples()["formulas"].as_array().unwrap() {
        let id = formula["id"].as_str().unwrap();
        for case in formula["cases"].as_array().unwrap() {
            for (pointer, path) in places(&case["input"], "", "").into_iter().skip(1) {
                let nulled = run(id, &with(&case["input"], &pointer, Value::Null));
                match nulled {
                    Err(FormulaError::Input { field, .. }) => assert_eq!(field, path, "{id}"),
                    Ok(_) => assert!(may_be_absent.contains(&path.as_str()), "{id} without {path}"),
                    Err(other) => panic!("{id}: {other}"),
                }
            }
        }
    }
}

#[test]
fn instants_are_rfc_3339_or_local_and_nothing_else() {
    let at = |text: &str| json!({"received_at": text});
    for (text, due) in [
        ("2025-03-03T20:15:00+08:00", "2025-03-04T20:15:00+08:00"),
        ("2025-03-03T12:15:00Z", "2025-03-04T20:15:00+08:00"),
        ("2025-03-03T12:15:00+00:00", "2025-03-04T20:15:00+08:00"),
        ("2025-03-03T07:15:00-05:00", "2025-03-04T20:15:00+08:00"),
        ("2025-03-03T20:15:00.250+08:00", "2025-03-04T20:15:00.250+08:00"),
        ("2025-03-03T20:15", "2025-03-04T20:15:00+08:00"),
        ("2024-02-28T20:00:00Z", "2024-03-01T04:00:00+08:00"),
        ("2024-12-31T16:00:00Z", "2025-01-02T00:00:00+08:00"),
    ] {
        gives("F-32", &at(text), &json!({"due_at": due, "in_time": null}));
    }
    for text in [
        "2025-02-29T10:00:00+08:00",
        "2025-03-04T25:00:00+08:00",
        "2025-03-04T10:61:00Z",
        "2025-03-04T10:00:00+99:00",
        "2025-03-04T10:00:00 +08:00",
        "2025-03-04T10:00:00[Asia/Shanghai]",
        "2025-13-01T00:00:00Z",
        "2025-03-04",
        "10:00",
        "1741053120",
        "9999-06-01T00:00:00Z",
        "0000-06-01T00:00:00Z",
        "",
    ] {
        refuses("F-32", &at(text), "received_at");
    }
}

#[test]
fn every_formula_refuses_what_is_no_object() {
    for formula in FORMULAS {
        for input in [json!([]), json!(null), json!(3), json!("x"), json!({})] {
            let refused = run(formula.id, &input);
            // Only a penalty without faults needs nothing.
            let allowed = formula.id == "F-24" && input == json!({});
            assert_eq!(refused.is_err(), !allowed, "{} of {input}", formula.id);
        }
    }
}
