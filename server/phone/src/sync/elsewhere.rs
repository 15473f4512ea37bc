//! What only other phones of the same rep still have, as the server knows it: asked seldom, shown by `status`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::Transport;
use crate::commands::Phone;
use crate::error::PhoneResult;
use crate::store::Tx;
use crate::store::model::Enrolment;

/// Where it is kept.
const META: &str = "elsewhere";
/// An answer that named nothing is good for this long.
const GOOD_FOR_MS: i64 = 60 * 60 * 1000;
/// Most phones that are asked about.
const MOST_PHONES: usize = 10;

/// The last answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Known {
    asked_at_ms: i64,
    phones: Vec<Value>,
}

/// What other phones have, one object per phone.
pub(crate) fn known(tx: &Tx) -> PhoneResult<Vec<Value>> {
    Ok(tx.meta::<Known>(META)?.unwrap_or_default().phones)
}

/// A line for people about one of them.
pub(crate) fn line(phone: &Value) -> String {
    let number = |name: &str| phone.get(name).and_then(Value::as_i64).unwrap_or(0);
    let name = phone.get("name").and_then(Value::as_str).unwrap_or("?");
    let missing = phone.get("missing").and_then(Value::as_array).map_or(0, Vec::len);
    let (unsent, seen) = (number("unsent"), phone.get("last_seen_at").and_then(Value::as_str).unwrap_or("never"));
    format!(
        "  only on {name}: {unsent} unsent, {missing} missing at the server, last seen {seen} / \
         仅在 {name} 上：未上传 {unsent} 项，服务器缺 {missing} 项"
    )
}

/// Asks what other phones of this rep have, if that is not known or may have changed; no answer is no failure.
pub(super) fn learn(phone: &Phone, transport: &mut dyn Transport, token: &str) -> PhoneResult<()> {
    let now = phone.clock.now()?.0;
    let (enrolment, last) = phone.store.read(|tx| Ok((tx.enrolment()?, tx.meta::<Known>(META)?)))?;
    let is_good = |last: &Known| last.phones.is_empty() && (0..GOOD_FOR_MS).contains(&(now - last.asked_at_ms));
    if last.as_ref().is_some_and(is_good) {
        return Ok(());
    }
    let Ok(list) = transport.fetch("/v1/devices?page_size=200", Some(token)) else { return Ok(()) };
    let mut phones = Vec::new();
    for id in others(&list, &enrolment) {
        let Ok(file) = transport.fetch(&format!("/v1/devices/{id}"), Some(token)) else { return Ok(()) };
        phones.extend(has_something(&file));
    }
    phone.store.write(|tx| tx.set_meta(META, &Known { asked_at_ms: now, phones }))
}

/// The other phones of the rep, the last seen first.
fn others(list: &Value, enrolment: &Enrolment) -> Vec<String> {
    let is_other = |device: &&Value| {
        device.get("user_id") == Some(&json!(enrolment.user)) && device.get("id") != Some(&json!(enrolment.device))
    };
    let text = |device: &Value, name: &str| device.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut found: Vec<(String, String)> = list
        .get("items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(is_other)
        .map(|device| (text(device, "last_seen_at"), text(device, "id")))
        .collect();
    found.sort();
    found.into_iter().rev().take(MOST_PHONES).map(|(_, id)| id).collect()
}

/// What a phone has that is nowhere else; a wiped one has nothing.
fn has_something(file: &Value) -> Option<Value> {
    let is_done = |order: &Value| order.get("done_at").is_some();
    let list = |name: &str| file.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let unsent = file.get("unsent").and_then(Value::as_i64).unwrap_or(0);
    let missing = list("missing");
    if list("orders").iter().any(is_done) || (unsent == 0 && missing.is_empty()) {
        return None;
    }
    Some(json!({
        "device": file.get("id"), "name": file.get("name"), "state": file.get("state"),
        "last_seen_at": file.get("last_seen_at"), "unsent": unsent,
        "oldest_unsent_at": file.get("oldest_unsent_at"), "unsent_visits": file.get("unsent_visits"),
        "missing": missing,
    }))
}
