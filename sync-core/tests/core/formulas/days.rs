//! F-30, F-32, F-33, F-35, F-40, F-42: days and hours until something is due.

use serde_json::{Value, json};

use super::{gives, refuses};

#[test]
fn reports_are_due_by_their_kind() {
    for (kind, period_end, last_day) in [
        ("daily", "2025-02-28", "2025-03-01"),
        ("daily", "2024-02-28", "2024-02-29"),
        ("daily", "2025-12-31", "2026-01-01"),
        ("weekly", "2025-03-09", "2025-03-11"),
        // A week that is reported before it ends, and one across the year.
        ("weekly", "2025-03-07", "2025-03-11"),
        ("weekly", "2025-12-28", "2025-12-30"),
        ("weekly", "2026-01-04", "2026-01-06"),
        ("monthly", "2025-12-31", "2026-01-10"),
        ("monthly", "2024-02-29", "2024-03-10"),
        ("monthly", "2025-04-30", "2025-05-10"),
        ("rtv_quarter", "2025-03-31", "2025-04-14"),
        ("rtv_quarter", "2025-12-31", "2026-01-16"),
        ("rtv_quarter", "2025-04-25", "2025-05-13"),
        ("rtv_year", "2025-12-31", "2026-01-23"),
        ("rtv_year", "2024-12-31", "2025-01-21"),
        ("kpi_quarter", "2025-06-30", "2025-07-09"),
        ("kpi_quarter", "2025-12-31", "2026-01-09"),
        ("kpi_year", "2024-12-31", "2025-01-14"),
    ] {
        gives("F-30", &json!({"kind": kind, "period_end": period_end}), &json!({ "last_day": last_day }));
    }
    let calendar = json!({"holidays": ["2026-01-01"], "make_up_days": ["2026-01-03"]});
    let input = json!({"kind": "rtv_quarter", "period_end": "2025-12-31", "calendar": calendar});
    gives("F-30", &input, &json!({"last_day": "2026-01-14"}));
    refuses("F-30", &json!({"kind": "hourly", "period_end": "2025-03-31"}), "kind");
    refuses("F-30", &json!({"kind": "daily", "period_end": "2025-02-30"}), "period_end");
    refuses("F-30", &json!({"kind": "daily", "period_end": "2025-03-31T00:00:00Z"}), "period_end");
    refuses("F-30", &json!({"kind": "daily", "period_end": "9999-12-31"}), "period_end");
}

#[test]
fn a_complaint_is_answered_within_elapsed_hours() {
    for (answered_at, in_time) in [
        (json!("2025-03-04T20:15:00.001+08:00"), json!(false)),
        (json!("2025-03-04T12:15:00Z"), json!(true)),
        (json!("2025-03-04T12:15:00.000+00:00"), json!(true)),
        (json!("2025-03-03T20:15:00+08:00"), json!(true)),
        (Value::Null, Value::Null),
    ] {
        let input = json!({"received_at": "2025-03-03T20:15:00+08:00", "answered_at": answered_at});
        gives("F-32", &input, &json!({"due_at": "2025-03-04T20:15:00+08:00", "in_time": in_time}));
    }
    // A Friday evening is due on Saturday, a leap day on 1 March.
    for (received_at, due_at) in [
        ("2025-03-07T18:00:00+08:00", "2025-03-08T18:00:00+08:00"),
        ("2024-02-29T00:00:00+08:00", "2024-03-01T00:00:00+08:00"),
        ("2025-12-31T15:59:59Z", "2026-01-01T23:59:59+08:00"),
    ] {
        gives("F-32", &json!({"received_at": received_at}), &json!({"due_at": due_at, "in_time": null}));
    }
    let before = json!({"received_at": "2025-03-03T20:15:00+08:00", "answered_at": "2025-03-03T20:14:59+08:00"});
    refuses("F-32", &before, "answered_at");
    refuses("F-32", &json!({"received_at": "2025-03-03", "answered_at": null}), "received_at");
}

#[test]
fn issues_and_notices_count_calendar_days() {
    for (scope, raised, due) in [
        ("internal", "2024-02-28", "2024-03-01"),
        ("internal", "2025-12-31", "2026-01-02"),
        ("cross", "2025-02-25", "2025-03-04"),
    ] {
        gives("F-33", &json!({"scope": scope, "raised": raised}), &json!({ "due": due }));
    }
    refuses("F-33", &json!({"scope": "external", "raised": "2025-03-03"}), "scope");
    refuses("F-33", &json!({"scope": "cross", "raised": "9999-12-31"}), "raised");
    for (planned, notified, latest, compliant) in [
        ("2025-03-05", "2025-02-26", "2025-02-26", true),
        ("2024-03-05", "2024-02-28", "2024-02-27", false),
        ("2026-01-03", "2025-12-01", "2025-12-27", true),
        ("2025-03-20", "2025-03-21", "2025-03-13", false),
    ] {
        let input = json!({"planned": planned, "notified": notified});
        gives("F-35", &input, &json!({"latest_notice": latest, "compliant": compliant}));
    }
    refuses("F-35", &json!({"planned": "2025-03-20", "notified": "13.03.2025"}), "notified");
    refuses("F-35", &json!({"planned": "0001-01-03", "notified": "0001-01-01"}), "planned");
}

#[test]
fn a_sheet_is_due_by_the_end_of_the_third_day() {
    for (accepted_at, submitted_at, sheet_due, in_time, record_due) in [
        (
            "2025-03-03T00:00:00+08:00",
            "2025-03-06T23:59:59.999+08:00",
            "2025-03-06",
            true,
            "2025-03-07T23:59:59.999+08:00",
        ),
        ("2025-03-03T23:59:59+08:00", "2025-03-07T00:00:00+08:00", "2025-03-06", false, "2025-03-08T00:00:00+08:00"),
        // The days of the business zone, whatever the offsets.
        ("2025-03-02T16:00:00Z", "2025-03-06T15:59:00Z", "2025-03-06", true, "2025-03-07T23:59:00+08:00"),
        ("2024-02-26T10:00:00+08:00", "2024-02-29T10:00:00+08:00", "2024-02-29", true, "2024-03-01T10:00:00+08:00"),
        ("2025-12-30T10:00:00+08:00", "2025-12-29T10:00:00+08:00", "2026-01-02", true, "2025-12-30T10:00:00+08:00"),
    ] {
        let input = json!({"accepted_at": accepted_at, "submitted_at": submitted_at, "filled": 2, "mandatory": 3});
        let expected = json!({"sheet_due": sheet_due, "sheet_in_time": in_time, "record_due": record_due, "completeness": "0.6667"});
        gives("F-40", &input, &expected);
    }
    let sheet = |filled: i64, mandatory: i64| {
        let at = "2025-03-03T16:00:00+08:00";
        json!({"accepted_at": at, "submitted_at": at, "filled": filled, "mandatory": mandatory})
    };
    let expected = |completeness: Value| json!({"sheet_due": "2025-03-06", "sheet_in_time": true, "record_due": "2025-03-04T16:00:00+08:00", "completeness": completeness});
    gives("F-40", &sheet(0, 0), &expected(Value::Null));
    gives("F-40", &sheet(0, 12), &expected(json!("0.0000")));
    refuses("F-40", &sheet(13, 12), "filled");
    refuses("F-40", &sheet(-1, 12), "filled");
}

#[test]
fn a_repair_repeats_the_same_fault_up_to_day_thirty() {
    for (first, next, same_fault, days, repeat) in [
        ("2025-03-01", "2025-03-01", true, 0, true),
        ("2025-03-01", "2025-04-01", true, 31, false),
        ("2024-02-01", "2024-03-02", true, 30, true),
        ("2025-02-01", "2025-03-04", true, 31, false),
        ("2025-12-15", "2026-01-14", true, 30, true),
        ("2024-03-01", "2025-03-01", false, 365, false),
    ] {
        let input = json!({"first_repair": first, "next_repair": next, "same_fault": same_fault});
        gives("F-42", &input, &json!({"days": days, "repeat": repeat}));
    }
    refuses(
        "F-42",
        &json!({"first_repair": "2025-03-05", "next_repair": "2025-03-01", "same_fault": true}),
        "next_repair",
    );
    refuses(
        "F-42",
        &json!({"first_repair": "2025-03-05", "next_repair": "2025-03-06", "same_fault": null}),
        "same_fault",
    );
}
