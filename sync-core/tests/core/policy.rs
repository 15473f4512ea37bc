//! The table of the policy's keys holds together, and a version is read and judged by it.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::plan::PolicyRow;
use sync_core::policy::{ParameterFault, defaults, faults, keys, markdown, merged};

fn saying(parameters: &[(&str, &str)]) -> BTreeMap<String, String> {
    parameters.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn policy(parameters: &[(&str, &str)]) -> PolicyRow {
    PolicyRow { parameters: saying(parameters), ..PolicyRow::default() }
}

#[test]
fn every_key_stands_once_and_allows_its_own_default() {
    let keys: BTreeSet<&str> = keys::all().map(|row| row.key).collect();
    assert_eq!(keys.len(), keys::all().count());
    for row in keys::all() {
        let is_snake = row.key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        assert!(is_snake && row.key.len() <= 40, "{}", row.key);
        if let Some(default) = row.kind.default() {
            assert!(row.kind.allows(&default), "{}: {default}", row.key);
        }
        if let Some((least, most)) = row.kind.bounds() {
            assert!(least < most, "{}", row.key);
            assert!(row.kind.allows(&least.to_string()) && row.kind.allows(&most.to_string()), "{}", row.key);
        }
    }
    assert_eq!(faults(&defaults()), []);
}

#[test]
fn every_key_says_which_rules_it_carries_in_both_languages() {
    let is_han = |text: &str| text.chars().any(|letter| matches!(letter, '\u{4e00}'..='\u{9fff}'));
    for row in keys::all() {
        assert!(!row.rules.is_empty() && row.rules.iter().all(|id| sync_core::template::is_rule_id(id)), "{}", row.key);
        assert!(is_han(row.zh) && !is_han(row.en) && row.en.len() > 5, "{}", row.key);
    }
}

#[test]
fn a_version_is_read_by_kind_and_what_it_may_not_say_counts_for_nothing() {
    let said = policy(&[
        ("reschedule_notice_minutes", "90"),
        ("min_rate_ratio", "0.85"),
        ("night_from", "22:30"),
        ("survey_to", "02-29"),
        ("absence_wait_from", "appointment"),
        ("supervisor_reasons", ""),
        ("sale_dealer_days", "1-2"),
        ("commission_floor", "0.00025"),
    ]);
    assert_eq!(said.get(keys::RESCHEDULE_NOTICE), 90);
    assert_eq!(said.get(keys::MIN_RATE_RATIO).to_string(), "0.85");
    assert_eq!(said.get(keys::NIGHT_FROM), 22 * 60 + 30);
    assert_eq!(said.get(keys::SURVEY_TO), (2, 29));
    assert_eq!(said.get(keys::ABSENCE_WAIT_FROM), "appointment");
    assert_eq!(said.get(keys::SUPERVISOR_REASONS), Vec::<&str>::new());
    assert_eq!(said.get(keys::SALE_DEALER), (1, 2));
    assert_eq!(said.get(keys::COMMISSION_FLOOR).map(|floor| floor.to_string()).as_deref(), Some("0.00025"));
    let slips = policy(&[
        ("reschedule_notice_minutes", "-1"),
        ("min_rate_ratio", "2.01"),
        ("night_from", "24:00"),
        ("survey_to", "02-30"),
        ("absence_wait_from", "departure"),
        ("supervisor_reasons", "other,other"),
        ("sale_dealer_days", "3-2"),
        ("commission_floor", "-1"),
    ]);
    let silent = PolicyRow::default();
    for said in [&slips, &silent] {
        assert_eq!(said.get(keys::RESCHEDULE_NOTICE), 120);
        assert_eq!(said.get(keys::MIN_RATE_RATIO).to_string(), "1.00");
        assert_eq!(said.get(keys::NIGHT_FROM), 20 * 60);
        assert_eq!(said.get(keys::SURVEY_TO), (1, 10));
        assert_eq!(said.get(keys::ABSENCE_WAIT_FROM), "arrival");
        assert_eq!(said.get(keys::SUPERVISOR_REASONS), ["distance", "system", "other"]);
        assert_eq!(said.get(keys::SALE_DEALER), (0, 3));
        assert_eq!(said.get(keys::COMMISSION_FLOOR), None);
    }
}

#[test]
fn the_document_is_what_the_table_says() {
    let committed = include_str!("../../../docs/POLICY.md");
    let differing = committed.lines().zip(markdown().lines()).position(|(committed, written)| committed != written);
    let line = differing.unwrap_or_else(|| committed.lines().count().min(markdown().lines().count())) + 1;
    assert!(committed == markdown(), "docs/POLICY.md differs from line {line}; run `make policy-keys` and commit it");
}

#[test]
fn templates_read_numbers_by_name() {
    let number = |said: &PolicyRow, name: &str| said.number(name).map(|number| number.to_string());
    let silent = PolicyRow::default();
    assert_eq!(number(&silent, "min_rate_ratio").as_deref(), Some("1.00"));
    assert_eq!(number(&silent, "reschedule_notice_minutes").as_deref(), Some("120"));
    for open in ["max_flatness_mm", "commission_floor", "absence_wait_from", "own_key"] {
        assert_eq!(number(&silent, open), None, "{open}");
    }
    let said = policy(&[("max_flatness_mm", "3.0"), ("own_key", "7")]);
    assert_eq!(number(&said, "max_flatness_mm").as_deref(), Some("3.0"));
    assert_eq!(number(&said, "own_key").as_deref(), Some("7"), "published before the table knew keys");
}

fn said(faults: &[ParameterFault]) -> Vec<(&str, Option<&str>, Option<&str>)> {
    faults.iter().map(|one| (one.key.as_str(), one.limit.as_deref(), one.actual.as_deref())).collect()
}

#[test]
fn every_fault_is_told_with_its_key_its_limit_and_what_was_said() {
    let parameters = saying(&[
        ("absence_wait_minutes", "0"),
        ("grade_a_above", "101"),
        ("keep_forms_years", "five"),
        ("min_rate_ratio", "1,0"),
        ("night_from", "8pm tomorrow"),
        ("resched_notice", "1"),
    ]);
    let found = faults(&parameters);
    let expected = [
        ("absence_wait_minutes", Some("1"), Some("0")),
        ("grade_a_above", Some("100"), Some("101")),
        ("keep_forms_years", None, Some("five")),
        ("min_rate_ratio", None, Some("1,0")),
        ("night_from", None, None),
        ("resched_notice", None, None),
    ];
    assert_eq!(said(&found), expected);
    let words: Vec<_> = found.iter().map(|one| (one.expected.en.as_str(), one.expected.zh.as_str())).collect();
    assert_eq!(words.first(), Some(&("a whole number from 1 to 240, in minutes", "1 至 240 的整数（单位：分钟）")));
}

#[test]
fn keys_must_agree_with_each_other() {
    let found = |parameters: &[(&str, &str)]| faults(&saying(parameters));
    let window = found(&[("arrival_window_min_minutes", "11")]);
    assert_eq!(said(&window), [("arrival_window_max_minutes", Some("11"), Some("10"))]);
    assert_eq!(found(&[("arrival_window_min_minutes", "10")]), []);
    let weights = found(&[("survey_needs_weight", "0.41")]);
    assert_eq!(said(&weights), [("survey_needs_weight", Some("1"), Some("1.01"))]);
    assert_eq!(found(&[("survey_needs_weight", "0.41"), ("survey_market_weight", "0.39")]), []);
    let hours = found(&[("working_hours_from", "09:00"), ("working_hours_to", "00:30")]);
    assert_eq!(said(&hours), [("working_hours_to", Some("09:00"), Some("00:30"))]);
    let grades = found(&[("grade_c_above", "85")]);
    assert_eq!(said(&grades), [("grade_b_above", Some("85"), Some("80"))]);
}

#[test]
fn a_version_is_made_of_the_one_before_and_what_differs() {
    let base = saying(&[("absence_wait_minutes", "20"), ("max_flatness_mm", "3.0"), ("own_key", "7")]);
    let change = |key: &str, value: Option<&str>| (key.to_owned(), value.map(str::to_owned));
    let merged = |changes: &[(String, Option<String>)]| merged(&base, &changes.iter().cloned().collect());
    let same = merged(&[]).unwrap();
    assert_eq!(same.get("absence_wait_minutes").map(String::as_str), Some("20"));
    assert_eq!(
        same.get("reschedule_notice_minutes").map(String::as_str),
        Some("120"),
        "every key with a value is said"
    );
    assert!(!same.contains_key("own_key") && !same.contains_key("min_slope_percent"));
    let next = merged(&[
        change("absence_wait_minutes", None),
        change("max_flatness_mm", None),
        change("min_slope_percent", Some("1.5")),
    ]);
    let next = next.unwrap();
    assert_eq!(next.get("absence_wait_minutes").map(String::as_str), Some("15"), "back to the default");
    assert!(!next.contains_key("max_flatness_mm"), "back to no value");
    assert_eq!(next.get("min_slope_percent").map(String::as_str), Some("1.5"));
    let wrong = merged(&[change("own_key", Some("7")), change("absence_wait_minutes", Some("x"))]).unwrap_err();
    assert_eq!(said(&wrong), [("absence_wait_minutes", None, Some("x")), ("own_key", None, None)]);
    let disagree = merged(&[change("arrival_window_max_minutes", Some("4"))]).unwrap_err();
    assert_eq!(said(&disagree), [("arrival_window_max_minutes", Some("5"), Some("4"))]);
}
