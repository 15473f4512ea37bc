//! What a reviewer sends, made of what the review showed him.

use serde_json::{Value, json};

/// A verdict on a photo: approved if nothing is missing, else rejected.
///
/// # Panics
/// If a tick has no code.
#[must_use]
pub fn on_photo(id: impl ToString, photo: &Value, missing: &[&str]) -> Value {
    let ticks = photo["must_show"].as_array().into_iter().flatten().map(|tick| {
        let code = tick["code"].as_str().expect("a code").to_owned();
        let shows = !missing.contains(&code.as_str());
        (code, Value::from(shows))
    });
    let decision = if missing.is_empty() { "approve" } else { "reject" };
    let mut body = json!({"id": id.to_string(), "sha256": photo["sha256"], "ticks": Value::Object(ticks.collect()),
        "decision": decision});
    if !missing.is_empty() {
        body["reason"] = "missing_content".into();
    }
    body
}

/// A verdict on the visit: `approve` or `return`.
#[must_use]
pub fn on_visit(id: impl ToString, review: &Value, decision: &str) -> Value {
    json!({"id": id.to_string(), "heads": review["heads"], "last_decision": review["last_decision"],
        "decision": decision})
}
