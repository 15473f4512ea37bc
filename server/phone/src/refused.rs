//! What the server keeps in quarantine, in words: why it was refused, and what is done about it.

use serde_json::{Value, json};
use sync_core::ids::VisitId;
use sync_core::protocol::row::kind;
use sync_core::quarantine::{QuarantineNote, hint, remedies, state_words};

use crate::error::PhoneResult;
use crate::store::Tx;

/// An item for machines and for people.
pub(crate) fn shown(note: &QuarantineNote) -> (Value, String) {
    let (hint, state) = (hint(&note.kind, &note.code), state_words(&note.state));
    let id = note.visit_id.map_or_else(|| note.item.clone(), |visit| visit.to_string());
    let value = json!({"kind": "quarantine", "id": id, "code": note.code, "item": note.item, "state": note.state,
        "remedies": remedies(&note.kind, &note.code), "device": note.device,
        "title": {"zh_cn": hint.zh_cn, "en": hint.en}});
    let what = note.visit_id.map_or_else(|| note.kind.clone(), |visit| visit.short_code());
    let mut line = format!("  quarantine {what}: {} [{} / {}]", note.code, state.zh_cn, state.en);
    if note.state == "open" {
        line.push_str(&format!("\n    {}\n    {}", hint.zh_cn, hint.en));
    }
    (value, line)
}

/// The items of a visit.
pub(crate) fn of_visit(tx: &Tx, visit: VisitId) -> PhoneResult<Vec<(Value, String)>> {
    let notes = tx.rows_as::<QuarantineNote>(kind::QUARANTINE)?;
    Ok(notes.iter().filter(|note| note.visit_id == Some(visit)).map(shown).collect())
}
