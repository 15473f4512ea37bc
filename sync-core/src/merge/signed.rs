//! What was signed for and is no longer what stands.
//!
//! Owns reading it from the history; which policy asks for it is not known here. Almost always nothing was
//! written after or beside a seal, and then no history is read.

use automerge::{ChangeHash, ReadDoc};

use super::read::{Written, json_or_text, values_of};
use super::rewritten::before;
use super::view::{Entry, OpId, Signed, View};
use crate::doc::visit_doc::map_object;
use crate::doc::{Map, VisitDoc};

/// Lists answers and readings other than those that the first seal over them covered, by map and key.
pub(super) fn signed(doc: &VisitDoc, view: &View) -> Vec<Signed> {
    let Some(first) = view.statements.first().map(|entry| entry.op) else { return Vec::new() };
    // An operation before the seal by the same writer is covered; only others need the history.
    let is_open = |op: OpId| op > first || op.actor != first.actor;
    let answers: Vec<_> = view.answers.values().filter(|entry| is_open(entry.op)).collect();
    let readings: Vec<_> = view.measures.iter().filter(|entry| is_open(entry.op)).collect();
    if answers.is_empty() && readings.is_empty() {
        return Vec::new();
    }
    let seals: Vec<Vec<ChangeHash>> = view.statements.iter().map(|entry| before(doc.automerge(), entry.op)).collect();
    let mut found = Vec::new();
    for entry in answers {
        let value = seals.iter().find_map(|seal| newest_at(doc, Map::Answers, &entry.key, seal));
        found.extend(value.filter(|value| value.op != entry.op).map(|value| of(Map::Answers, &entry.key, value)));
    }
    let mut codes: Vec<&str> = readings.iter().map(|entry| entry.value.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    for code in codes {
        let newest = view.measures.iter().rev().find(|entry| entry.value.code == code).map(|entry| entry.op);
        let covered = |seal: &Vec<ChangeHash>| {
            let mut newest_first = view.measures.iter().rev().filter(|entry| entry.value.code == code);
            newest_first.find_map(|entry| newest_at(doc, Map::Measures, &entry.key, seal))
        };
        let value = seals.iter().find_map(covered);
        found.extend(value.filter(|value| Some(value.op) != newest).map(|value| of(Map::Measures, code, value)));
    }
    found
}

fn of(map: Map, key: &str, value: Entry<serde_json::Value>) -> Signed {
    Signed { map: map.key().to_owned(), key: key.to_owned(), value }
}

/// The newest value of a key in the history of these changes.
fn newest_at(doc: &VisitDoc, map: Map, key: &str, heads: &[ChangeHash]) -> Option<Entry<serde_json::Value>> {
    let object = map_object(doc.visit(), map);
    let values = values_of(doc.automerge().get_all_at(&object, key, heads).unwrap_or_default());
    let Written { op, text } = values.into_iter().next_back()?;
    Some(Entry { key: key.to_owned(), value: json_or_text(&text?), op })
}
