//! Writing a visit's document: one change per user action, stored together with what makes it repeatable.

use serde_json::json;
use sync_core::bytes::Actor;
use sync_core::clock::{CLOCK_LINK, ClockLink, LINKS_MAX};
use sync_core::doc::{Map, NOTES_STEP, NewChange, VisitDoc};
use sync_core::guard::Limits;
use sync_core::ids::{UserId, VisitId};
use sync_core::merge;
use sync_core::plan::VisitPlan;
use sync_core::protocol::row::kind;
use sync_core::time::{Stamp, UnixMillis};

use crate::error::{PhoneError, PhoneResult, usage};
use crate::keys;
use crate::store::Tx;
use crate::store::model::{ClockLink as StoredLink, DocState, Edit, UnsentChange};
use crate::visit::context::review_of;

/// Applies edits to a document as one change.
pub(crate) fn apply(doc: &mut VisitDoc, actor: Actor, edits: &[Edit]) -> PhoneResult<Option<NewChange>> {
    let has_note = edits.iter().any(|edit| !matches!(edit, Edit::Put { .. }));
    let mut notes = if has_note { merge::view(doc).notes } else { String::new() };
    let change = doc.edit(actor, |writer| {
        for edit in edits {
            match edit {
                Edit::Put { map, key, record } => {
                    if let Some(map) = Map::from_key(map) {
                        writer.put(map, key, record)?;
                    }
                }
                Edit::Note { text } => {
                    if !notes.is_empty() {
                        notes.push('\n');
                    }
                    notes.push_str(text);
                    writer.set_notes(&notes)?;
                }
                Edit::NotePart { text } => {
                    notes.push_str(text);
                    writer.set_notes(&notes)?;
                }
            }
        }
        Ok(())
    })?;
    Ok(change)
}

/// The actor of this install and document: drawn once, stored in the transaction of its first change.
pub(crate) fn actor_of(state: &mut DocState) -> PhoneResult<Actor> {
    let actor = match state.actor {
        Some(actor) => actor,
        None => Actor(keys::random()?),
    };
    state.actor = Some(actor);
    Ok(actor)
}

/// The document of a visit, made with its genesis change if this phone has none yet.
pub(crate) fn open_or_create(tx: &Tx, visit: VisitId, at_ms: i64) -> PhoneResult<VisitDoc> {
    if let Some(doc) = tx.doc(visit)? {
        return Ok(doc);
    }
    let doc = VisitDoc::create(visit)?;
    let mut state = tx.doc_state(visit)?;
    for hash in doc.heads() {
        tx.add_unsent(visit, &mut state, &UnsentChange { hash, at_ms, edits: Vec::new() })?;
    }
    tx.set_doc_state(visit, &state)?;
    tx.set_doc(&doc)?;
    Ok(doc)
}

/// Writes the edits of one user action as one change; the first one of a visit pins template and policy.
pub(crate) fn write(tx: &Tx, visit: VisitId, at: &Stamp, mut edits: Vec<Edit>) -> PhoneResult<VisitDoc> {
    let mut doc = open_or_create(tx, visit, at.wall_ms)?;
    if merge::view_without(&doc, &review_of(tx, visit)?.held()).pins.is_empty() {
        edits.insert(0, pin(tx, visit, at)?);
    }
    edits.extend(clock_links(tx, visit)?);
    commit(tx, &mut doc, at.wall_ms, edits)?;
    Ok(doc)
}

/// The boots since the last record of this phone in the visit, so that its clocks can be joined; the newest if they
/// are too many.
fn clock_links(tx: &Tx, visit: VisitId) -> PhoneResult<Vec<Edit>> {
    let links = tx.clock_links()?;
    let mut state = tx.doc_state(visit)?;
    let known = if state.actor.is_some() { state.links } else { links.len() };
    state.links = links.len();
    tx.set_doc_state(visit, &state)?;
    let by = tx.enrolment()?.user;
    let new = links.into_iter().skip(known).filter_map(|link| Some((link.at.clone()?, link)));
    let new: Vec<_> = new.collect();
    let left_out = new.len().saturating_sub(LINKS_MAX);
    let record = |(at, link): (Stamp, StoredLink)| {
        let key = format!("{CLOCK_LINK}/{}", keys::new_id(UnixMillis(at.wall_ms))?);
        let StoredLink { prev_boot, prev_wall, prev_mono, wall, mono, at: _ } = link;
        let link = ClockLink { prev_boot, prev_wall, prev_mono, wall, mono, at, by };
        Ok(Edit::put(Map::More, key, serde_json::to_value(link)?))
    };
    new.into_iter().skip(left_out).map(record).collect()
}

/// Writes edits to a loaded document and notes the change as unsent.
pub(crate) fn commit(tx: &Tx, doc: &mut VisitDoc, at_ms: i64, edits: Vec<Edit>) -> PhoneResult<()> {
    let visit = doc.visit();
    check_sizes(doc, &edits)?;
    let mut state = tx.doc_state(visit)?;
    let actor = actor_of(&mut state)?;
    for edits in changes_of(edits) {
        if let Some(change) = apply(doc, actor, &edits)? {
            tx.add_unsent(visit, &mut state, &UnsentChange { hash: change.hash, at_ms, edits })?;
        }
    }
    tx.set_doc_state(visit, &state)?;
    tx.set_doc(doc)
}

/// The edits of one user action by change: one, but for long notes, of which a change holds only a part.
fn changes_of(edits: Vec<Edit>) -> Vec<Vec<Edit>> {
    let (mut first, mut more) = (Vec::new(), Vec::new());
    for edit in edits {
        let Edit::Note { text } = &edit else {
            first.push(edit);
            continue;
        };
        let letters: Vec<char> = text.chars().collect();
        let mut parts = letters.chunks(NOTES_STEP).map(|part| part.iter().collect::<String>());
        first.push(Edit::Note { text: parts.next().unwrap_or_default() });
        more.extend(parts.map(|text| vec![Edit::NotePart { text }]));
    }
    more.insert(0, first);
    more
}

/// Refuses what the server's guard would refuse, before it is captured rather than after.
fn check_sizes(doc: &VisitDoc, edits: &[Edit]) -> PhoneResult<()> {
    let limits = Limits::DEFAULT;
    let mut notes = merge::view(doc).notes.chars().count();
    for edit in edits {
        let (what, size, limit) = match edit {
            Edit::Put { map, record, .. } => (map.as_str(), record.to_string().len(), limits.record_bytes),
            Edit::Note { text } | Edit::NotePart { text } => {
                notes += text.chars().count() + 1;
                ("notes", notes, limits.notes_chars)
            }
        };
        if size > limit {
            return usage(format!("{what}: {size} bytes or characters, at most {limit} are allowed"));
        }
    }
    Ok(())
}

/// The record that says which template and policy the visit follows, as planned.
fn pin(tx: &Tx, visit: VisitId, at: &Stamp) -> PhoneResult<Edit> {
    let Some(plan) = tx.row::<VisitPlan>(kind::VISIT, &visit.to_string())? else {
        return usage(format!("visit {visit} is not planned on this phone"));
    };
    let record = json!({
        "template": plan.template,
        "template_version": plan.template_version,
        "policy_version": plan.policy_version,
        "at": at,
        "by": tx.enrolment()?.user,
    });
    Ok(Edit::put(Map::Pins, keys::new_id(UnixMillis(at.wall_ms))?.to_string(), record))
}

/// A record under a new id, stamped and signed with the rep's name.
pub(crate) fn record(map: Map, at: &Stamp, by: UserId, mut fields: serde_json::Value) -> PhoneResult<Edit> {
    stamp_fields(&mut fields, "at", at, by)?;
    Ok(Edit::put(map, keys::new_id(UnixMillis(at.wall_ms))?.to_string(), fields))
}

/// Adds time stamp and writer to a record.
pub(crate) fn stamp_fields(fields: &mut serde_json::Value, name: &str, at: &Stamp, by: UserId) -> PhoneResult<()> {
    let Some(members) = fields.as_object_mut() else {
        return Err(PhoneError::Core("a record must be an object".to_owned()));
    };
    members.retain(|_, value| !value.is_null());
    members.insert(name.to_owned(), serde_json::to_value(at)?);
    members.insert("by".to_owned(), json!(by));
    Ok(())
}
