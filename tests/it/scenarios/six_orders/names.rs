//! Names for what is drawn at random, so that the ends of two stories can be compared as they are.

use std::collections::BTreeMap;

use serde_json::Value;

/// Ids and hashes by what they stand for.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Names each device by its rep: the server draws its id.
    pub fn devices(&mut self, devices: &[Value]) {
        for device in devices {
            self.name(&device["id"], format!("phone of {}", text(&device["user_id"])));
        }
    }

    /// Names, from the history of a visit, what hangs on what a phone draws: the actor of an install in a document,
    /// thus the hash of each of its changes, and the ids of its records.
    pub fn history(&mut self, visit: &str, changes: &[Value]) {
        for change in changes {
            let writer = format!("writer {} of {visit}", self.0[text(&change["device_id"])]);
            self.name(&change["actor"], writer.clone());
            let change_name = format!("change {} of {writer}", change["seq"]);
            self.name(&change["hash"], change_name.clone());
            for (number, write) in change["writes"].as_array().expect("writes").iter().enumerate() {
                // Keys of ticks, answers and pins are words, and stay; those of `more` end in what is drawn.
                if text(&write["key"]).rsplit('/').next().is_some_and(is_drawn) {
                    self.name(&write["key"], format!("record {number} of {change_name}"));
                }
            }
        }
    }

    /// Names the boots of phones, from the records that were made in them.
    pub fn boots(&mut self, shown: &Value) {
        if let (Some(boot), by @ Value::String(_)) = (shown.pointer("/at/boot_id"), &shown["by"]) {
            self.name(boot, format!("boot of {}", text(by)));
        }
        match shown {
            Value::Object(members) => members.values().for_each(|value| self.boots(value)),
            Value::Array(items) => items.iter().for_each(|item| self.boots(item)),
            _ => {}
        }
    }

    fn name(&mut self, id: &Value, name: String) {
        let known = self.0.insert(text(id).to_owned(), name.clone());
        assert!(known.is_none_or(|known| known == name), "{id} has two names");
    }

    /// An answer in these names. Sets that are told in the order of their hashes are sorted by name.
    pub fn told(&self, answer: &Value) -> Value {
        let mut words = answer.to_string();
        for (id, name) in &self.0 {
            words = words.replace(id, name);
        }
        sorted(serde_json::from_str(&words).expect("JSON"))
    }
}

/// Whether a key is an id or a hash.
fn is_drawn(key: &str) -> bool {
    matches!(key.len(), 36 | 64) && key.chars().all(|one| one.is_ascii_hexdigit() || one == '-')
}

fn sorted(mut answer: Value) -> Value {
    match &mut answer {
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                *value = sorted(value.take());
                if let (true, Some(items)) = (["heads", "deps"].contains(&name.as_str()), value.as_array_mut()) {
                    items.sort_by_key(Value::to_string);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = sorted(item.take())),
        _ => {}
    }
    answer
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}
