//! F-15 to F-19.

use serde_json::{Value, json};

use super::{gives, refuses};

fn windows(trigger: &str, at: &str, expected: &[(&str, &str, &str)]) {
    let windows: Vec<_> = expected
        .iter()
        .map(|(level, opens, closes)| json!({"level": level, "opens": opens, "closes": closes}))
        .collect();
    gives("F-15", &json!({"trigger": trigger, "at": at}), &json!({ "windows": windows }));
}

// Rule: GEN-02
#[test]
fn windows_are_counted_from_the_local_day_of_the_trigger() {
    windows(
        "service_done",
        "2024-02-26T23:59:59+08:00",
        &[("dealer", "2024-02-29", "2024-03-02"), ("headquarters", "2024-03-03", "2024-03-07")],
    );
    // 16:00 UTC is the next day in the business zone.
    windows(
        "sale",
        "2025-12-30T16:00:00Z",
        &[("dealer", "2025-12-31", "2026-01-03"), ("headquarters", "2026-01-04", "2026-01-07")],
    );
    windows(
        "sale",
        "2025-12-30T15:59:59.999Z",
        &[("dealer", "2025-12-30", "2026-01-02"), ("headquarters", "2026-01-03", "2026-01-06")],
    );
    windows(
        "delivery",
        "2025-02-28T15:30:00.5Z",
        &[("agent", "2025-02-28T23:30:00.500+08:00", "2025-03-01T23:30:00.500+08:00")],
    );
    windows(
        "install_done",
        "2024-12-31T00:00:00+08:00",
        &[("agent", "2024-12-31T00:00:00+08:00", "2025-01-01T00:00:00+08:00")],
    );
    windows("vip_joined", "2025-12-15T00:00:00+08:00", &[("manager", "2025-12-15", "2026-01-05")]);
}

#[test]
fn an_account_is_visited_within_three_working_days() {
    for (at, closes) in [
        ("2025-03-03", "2025-03-06"),
        ("2025-03-05", "2025-03-10"),
        ("2025-03-07", "2025-03-12"),
        ("2025-03-08", "2025-03-12"),
        // Sunday the 27th is worked, and is not counted when it is the day itself.
        ("2025-04-25", "2025-04-29"),
        ("2025-04-27", "2025-04-30"),
        ("2025-04-30", "2025-05-08"),
        ("2025-05-02", "2025-05-08"),
    ] {
        windows("account_opening", &format!("{at}T12:00:00+08:00"), &[("branch", at, closes)]);
    }
}

#[test]
fn another_calendar_may_be_given() {
    let input = json!({
        "trigger": "account_opening", "at": "2025-03-03T10:00:00+08:00",
        "calendar": {"holidays": ["2025-03-04", "2025-03-08"], "make_up_days": ["2025-03-09", "2025-03-07"]},
    });
    let window = json!({"level": "branch", "opens": "2025-03-03", "closes": "2025-03-07"});
    gives("F-15", &input, &json!({"windows": [window]}));
    let given = |calendar: Value| json!({"trigger": "sale", "at": "2025-03-03T10:00:00+08:00", "calendar": calendar});
    refuses("F-15", &given(json!({"holidays": ["2025-02-29"]})), "calendar.holidays[0]");
    refuses("F-15", &given(json!({"make_up_days": "2025-04-27"})), "calendar.make_up_days");
    let both = json!({"holidays": ["2025-03-08"], "make_up_days": ["2025-03-08"]});
    refuses("F-15", &given(both), "calendar");
    refuses("F-15", &json!({"trigger": "birthday", "at": "2025-03-03T10:00:00+08:00"}), "trigger");
    refuses("F-15", &json!({"trigger": "sale", "at": "2025-03-03"}), "at");
}

#[test]
fn every_stratum_with_customers_is_sampled() {
    let sample = |strata: Value, per_stratum: Value, sample: u64, minimum: u64| {
        let expected = json!({"per_stratum": per_stratum, "sample": sample, "minimum": minimum});
        gives("F-16", &json!({ "strata": strata }), &expected);
    };
    sample(json!({}), json!({}), 0, 0);
    sample(json!({"a": 0, "b": 0}), json!({"a": 0, "b": 0}), 0, 0);
    sample(json!({"a": 1, "b": 9, "c": 10, "d": 11}), json!({"a": 1, "b": 1, "c": 1, "d": 2}), 5, 4);
    sample(json!({"all": 1000}), json!({"all": 100}), 100, 100);
    refuses("F-16", &json!({"strata": {"a": -1}}), "strata.a");
    refuses("F-16", &json!({"strata": {"a": "10"}}), "strata.a");
    refuses("F-16", &json!({"strata": {"a": u64::MAX, "b": 1}}), "strata");
}

#[test]
fn only_visits_that_count_use_up_the_quarter() {
    for (done, next, mandatory, counted, allowed, over_cap) in [
        (json!([]), "periodic", false, 0, true, false),
        (json!(["anomaly", "special", "anomaly"]), "periodic", false, 0, true, false),
        (json!(["opening", "special"]), "opening", false, 1, true, false),
        (json!(["opening", "periodic"]), "periodic", false, 2, false, true),
        (json!(["opening", "periodic"]), "special", false, 2, true, false),
        (json!(["opening", "periodic"]), "special", true, 2, true, false),
        (json!(["opening", "post_sale", "complaint"]), "post_install", true, 3, true, true),
        (json!(["opening", "post_service", "post_delivery"]), "complaint", false, 3, false, true),
    ] {
        let input = json!({"done_kinds": done, "next_kind": next, "mandatory": mandatory});
        gives("F-17", &input, &json!({"counted": counted, "allowed": allowed, "over_cap": over_cap}));
    }
    refuses(
        "F-17",
        &json!({"done_kinds": ["opening", "tea"], "next_kind": "periodic", "mandatory": false}),
        "done_kinds[1]",
    );
    refuses("F-17", &json!({"done_kinds": [], "next_kind": "tea", "mandatory": false}), "next_kind");
    refuses("F-17", &json!({"done_kinds": [], "next_kind": "periodic", "mandatory": "no"}), "mandatory");
}

#[test]
fn a_visit_is_due_while_none_falls_in_the_current_period() {
    for (value, today, last_visit, period_end, due) in [
        ("high", "2025-04-01", json!("2025-03-31"), "2025-06-30", true),
        ("high", "2025-06-30", json!("2025-04-01"), "2025-06-30", false),
        ("high", "2025-12-31", json!("2025-12-31"), "2025-12-31", false),
        ("high", "2024-02-29", json!("2023-02-28"), "2024-03-31", true),
        ("medium", "2025-06-30", json!("2025-01-01"), "2025-06-30", false),
        ("medium", "2025-07-01", json!("2025-06-30"), "2025-12-31", true),
        ("medium", "2025-01-01", Value::Null, "2025-06-30", true),
        ("low", "2025-12-31", json!("2025-01-01"), "2025-12-31", false),
        ("low", "2026-01-01", json!("2025-12-31"), "2026-12-31", true),
        // The same quarter of another year.
        ("high", "2025-05-20", json!("2024-05-20"), "2025-06-30", true),
    ] {
        let input = json!({"value": value, "today": today, "last_visit": last_visit});
        gives("F-18", &input, &json!({"period_end": period_end, "due": due}));
    }
    gives("F-18", &json!({"value": "low", "today": "2025-05-20"}), &json!({"period_end": "2025-12-31", "due": true}));
    refuses("F-18", &json!({"value": "low", "today": "2025-05-20", "last_visit": "2025-05-21"}), "last_visit");
    refuses("F-18", &json!({"value": "low", "today": "2025-05-32"}), "today");
    refuses("F-18", &json!({"value": "low", "today": "9999-12-31"}), "today");
    refuses("F-18", &json!({"value": "vip", "today": "2025-05-20"}), "value");
}

fn counts(due: i64, visited: i64, successful: i64, sent: i64, returned: i64, problems: i64, solved: i64) -> Value {
    json!({"due": due, "visited": visited, "successful": successful, "sent_forms": sent,
        "returned_forms": returned, "problems": problems, "solved": solved})
}

#[test]
fn return_visit_rates_are_shares_with_four_decimals() {
    let rates = |input: Value, [visit, success, recovery, solve]: [Option<&str>; 4]| {
        let expected =
            json!({"visit_rate": visit, "success_rate": success, "recovery_rate": recovery, "solve_rate": solve});
        gives("F-19", &input, &expected);
    };
    rates(counts(0, 0, 0, 0, 0, 0, 0), [None; 4]);
    rates(counts(3, 2, 1, 8, 1, 16, 1), [Some("0.6667"), Some("0.5000"), Some("0.1250"), Some("0.0625")]);
    rates(counts(20_000, 1, 0, 7, 7, 20_001, 1), [Some("0.0001"), Some("0.0000"), Some("1.0000"), Some("0.0000")]);
    // More may be visited than was due, since a sample is a minimum.
    rates(counts(100, 114, 114, 0, 0, 1, 0), [Some("1.1400"), Some("1.0000"), None, Some("0.0000")]);
    refuses("F-19", &counts(10, 10, 11, 0, 0, 0, 0), "successful");
    refuses("F-19", &counts(10, 10, 1, 3, 4, 0, 0), "returned_forms");
    refuses("F-19", &counts(10, 10, 1, 3, 3, 0, 1), "solved");
    refuses("F-19", &counts(-1, 0, 0, 0, 0, 0, 0), "due");
}
