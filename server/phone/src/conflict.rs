//! Concurrent values in words: what stands side by side, which value counts, and how it is settled.

use serde_json::Value;
use sync_core::doc::Map;
use sync_core::merge::view::{Conflict, Entry};
use sync_core::visit::{late, words};

/// One conflict as a line of `status`.
pub(crate) fn line(conflict: &Conflict) -> String {
    let values: Vec<String> = conflict.candidates.iter().map(|entry| shown(conflict, entry)).collect();
    let counts = conflict.candidates.iter().find(|entry| entry.op == conflict.chosen);
    let counts = counts.map_or_else(|| "?".to_owned(), |entry| shown(conflict, entry));
    let how = words::label(if conflict.choice.is_some() { "chosen" } else { conflict.policy.name() });
    let mut line = format!(
        "  conflict 并发取值 {}: {}; 计入 counts {counts} ({} / {})",
        conflict.name(),
        values.join(" | "),
        how.zh_cn,
        how.en
    );
    if conflict.is_contested() {
        let way_out = words::label("settle_conflict");
        line.push_str(&format!("; {} / {}", way_out.zh_cn, way_out.en));
    }
    line
}

/// What a person compares of a candidate.
fn shown(conflict: &Conflict, entry: &Entry<Value>) -> String {
    let value = Map::from_key(&conflict.map).and_then(|map| late::shown(map, &entry.value));
    match value.unwrap_or_else(|| entry.value.clone()) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn conflict(policy: &str, choice: Value) -> Conflict {
        let op = |counter: u64| json!({"counter": counter, "actor": "0a".repeat(16)});
        let candidate =
            |counter: u64, value: i64| json!({"key": "rating", "op": op(counter), "value": {"value": value}});
        let mut conflict = json!({"map": "answers", "key": "rating", "policy": policy, "chosen": op(2),
            "candidates": [candidate(1, 3), candidate(2, 9)]});
        if !choice.is_null() {
            conflict["choice"] = choice;
        }
        serde_json::from_value(conflict).unwrap()
    }

    #[test]
    fn a_conflict_says_in_both_languages_what_counts_and_the_way_out() {
        let open = line(&conflict("ask", Value::Null));
        for part in ["answers/rating: 3 | 9", "counts 9", "须人工选择", "a person must choose", "let the office choose"]
        {
            assert!(open.contains(part), "{part} in {open}");
        }
        let settled = line(&conflict("ask", json!("01955f2c-3000-7000-8000-000000000001")));
        assert!(settled.contains("办公室已选定") && !settled.contains("let the office choose"), "{settled}");
        let by_size = line(&conflict("max", Value::Null));
        assert!(by_size.contains("以最大值为准") && !by_size.contains("let the office choose"), "{by_size}");
    }
}
