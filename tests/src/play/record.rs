//! What was done on a visit, without the ids and salts that differ from run to run.

use serde_json::{Value, json};

/// The deeds of a visit as `show --json` tells them: equal for two visits on which the same was done.
///
/// # Panics
/// If a part is missing.
#[must_use]
pub fn record(shown: &Value) -> Value {
    let list = |name: &str| shown[name].as_array().unwrap_or_else(|| panic!("no {name} in {shown}"));
    let values = |name: &str, members: &[&str]| -> Value {
        let rows =
            list(name).iter().map(|entry| members.iter().map(|member| entry["value"][*member].clone()).collect());
        rows.collect::<Vec<Value>>().into()
    };
    let keyed = |name: &str, member: &str| -> Value {
        let entries = shown[name].as_object().unwrap_or_else(|| panic!("no {name} in {shown}")).iter();
        Value::Object(entries.map(|(key, entry)| (key.clone(), entry["value"][member].clone())).collect())
    };
    let codes: Vec<&Value> = list("findings").iter().map(|finding| &finding["code"]).collect();
    json!({
        "state": shown["state"],
        "outcome": shown["outcome"]["code"],
        "ticks": keyed("ticks", "done"),
        "answers": keyed("answers", "value"),
        "measures": values("measures", &["code", "value", "unit"]),
        "photos": values("photos", &["slot", "sha256", "source"]),
        "timeline": values("timeline", &["event"]),
        "statements": shown["statements"].as_object().map_or(0, serde_json::Map::len),
        "conflicts": list("conflicts").len(),
        "findings": codes,
        "notes": shown["notes"],
        "missing": list("missing").len(),
        "unsent": shown["unsent_changes"],
    })
}
