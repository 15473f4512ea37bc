//! Writing unsent edits anew, under a new actor, on what the server has.

use sync_core::bytes::Hash;
use sync_core::doc::VisitDoc;
use sync_core::ids::VisitId;

use super::history::History;
use super::request::known_heads;
use crate::error::PhoneResult;
use crate::keys;
use crate::store::Tx;
use crate::store::model::{DocState, Edit, Hold, SetAside, UnsentChange};
use crate::store::tx::UNSENT;
use crate::visit::edit;

/// Code of a change whose edits are good but whose actor another install used.
const ACTOR_FORKED: &str = "actor_forked";

/// Replays the unsent edits of a document on `base`, which holds what the server has, or genesis only.
///
/// The offending change is set aside for a person, unless only its actor was wrong. Each change stays one change.
pub(super) fn replay(tx: &Tx, visit: VisitId, mut base: VisitDoc, is_known: bool) -> PhoneResult<()> {
    let mut state = tx.doc_state(visit)?;
    let (offending, code, kept_as, kept_with) = match state.hold.take() {
        Some(Hold::Replay { hash, code, kept_as, kept_with }) => (hash, code.unwrap_or_default(), kept_as, kept_with),
        None => (None, String::new(), None, Vec::new()),
    };
    let rows = tx.unsent_changes(visit)?;
    let old = tx.doc(visit)?.map(|doc| History::of(&doc)).transpose()?;
    for (key, _) in &rows {
        tx.remove(UNSENT, key)?;
    }
    state.past_actors.extend(state.actor.take());
    state.replays.extend(kept_as.or(offending));
    state.wants_snapshot = false;
    state.is_at_server = is_known;
    state.server_heads = if is_known { base.heads() } else { Vec::new() };
    if !is_known {
        state.named.clear();
        for hash in base.heads() {
            let at_ms = rows.first().map_or(0, |(_, row)| row.at_ms);
            tx.add_unsent(visit, &mut state, &UnsentChange { hash, at_ms, edits: Vec::new() })?;
        }
    }
    for (_, change) in rows {
        let is_offending = offending == Some(change.hash) && code != ACTOR_FORKED;
        let chunk = old.as_ref().and_then(|old| old.chunk_of(&change.hash));
        // What cannot be written anew, because its edits are not known, is kept as it is.
        let is_lost_otherwise = change.edits.is_empty() && chunk.is_some() && !base.has_change(&change.hash);
        if is_offending || is_lost_otherwise {
            // The server keeps the offender with what builds on it; of anything else nobody but this phone may have a
            // copy.
            let is_unsent = !is_offending && !kept_with.contains(&change.hash) && chunk.is_some();
            tx.add_set_aside(&SetAside { is_unsent, ..SetAside::new(visit, &code, change, chunk) })?;
        } else if is_known && base.has_change(&change.hash) {
            // The server has it already; it is offered again so that a receipt names it.
            tx.add_unsent(visit, &mut state, &change)?;
        } else {
            // It may lie aside, too: what it says goes on in what is written now.
            tx.settle_set_aside(&change.hash)?;
            if let Some((hash, edits)) = rewrite(&mut base, &mut state, change.edits)? {
                tx.add_unsent(visit, &mut state, &UnsentChange { hash, at_ms: change.at_ms, edits })?;
            }
        }
    }
    tx.set_doc_state(visit, &state)?;
    tx.set_doc(&base)
}

/// Replays what waits for it on what the phone itself knows the server to have: one that may only upload is not told
/// what the server has now.
pub(super) fn replay_unasked(tx: &Tx) -> PhoneResult<()> {
    for (visit, _) in tx.doc_states()?.into_iter().filter(|(_, state)| state.hold.is_some()) {
        replay_on_known(tx, visit)?;
    }
    Ok(())
}

/// Replays what waits for it in one document on what the phone knows the server to have; if that is nothing, the edits
/// begin the document anew.
pub(super) fn replay_on_known(tx: &Tx, visit: VisitId) -> PhoneResult<()> {
    let Some(doc) = tx.doc(visit)? else { return Ok(()) };
    let history = History::of(&doc)?;
    let known = history.heads_of(&history.below(&known_heads(&doc, &tx.doc_state(visit)?)));
    let base = if known.is_empty() { VisitDoc::create(visit)? } else { doc.at(&known)? };
    replay(tx, visit, base, !known.is_empty())
}

/// Writes the edits of one change; records that are there already are left out.
fn rewrite(doc: &mut VisitDoc, state: &mut DocState, edits: Vec<Edit>) -> PhoneResult<Option<(Hash, Vec<Edit>)>> {
    let mut new = Vec::new();
    for one in edits {
        let mut trial = doc.clone();
        let actor = sync_core::bytes::Actor(keys::random()?);
        if edit::apply(&mut trial, actor, std::slice::from_ref(&one)).is_ok_and(|change| change.is_some()) {
            new.push(one);
        }
    }
    let actor = edit::actor_of(state)?;
    let change = edit::apply(doc, actor, &new)?;
    Ok(change.map(|change| (change.hash, new)))
}
