//! Writing unsent edits anew, under a new actor, each on what its writer had seen.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::bytes::Hash;
use sync_core::doc::{Map, VisitDoc};
use sync_core::guard::{Limits, salvage};
use sync_core::ids::VisitId;
use sync_core::merge::{self, NotesAdded};
use sync_core::protocol::row::kind;
use sync_core::quarantine::{QuarantineNote, SETTLED_MEANWHILE, is_used};

use super::documents::{is_own, own_actors};
use super::history::{Change, History};
use super::request::known_heads;
use crate::error::PhoneResult;
use crate::store::Tx;
use crate::store::model::{DocState, Edit, Hold, SetAside, UnsentChange};
use crate::store::tx::UNSENT;
use crate::visit::edit;

/// Codes of a change whose edits are good but whose actor another install used, as long as this one wrote it.
const ACTOR_OF_ANOTHER: [&str; 2] = ["actor_forked", "actor_not_yours"];

/// Replays the unsent edits of a document on `base`, which holds what the server has, or genesis only.
///
/// The offending change is set aside for a person, unless only its actor was wrong. Each change stays one change.
pub(super) fn replay(tx: &Tx, visit: VisitId, base: VisitDoc, is_known: bool) -> PhoneResult<()> {
    let mut state = tx.doc_state(visit)?;
    let (offending, code, kept_as, kept_with) = match state.hold.take() {
        Some(Hold::Replay { hash, code, kept_as, kept_with }) => (hash, code.unwrap_or_default(), kept_as, kept_with),
        None => (None, String::new(), None, Vec::new()),
    };
    let rows = tx.unsent_changes(visit)?;
    let old = tx.doc(visit)?.map(|doc| History::of(&doc)).transpose()?;
    let mine = own_actors(&state);
    let is_mine = |change: &Change| Some(change.hash) == offending && is_own(change, &mine);
    let is_good =
        ACTOR_OF_ANOTHER.contains(&code.as_str()) && old.as_ref().is_none_or(|old| old.changes.iter().any(is_mine));
    for (key, _) in &rows {
        tx.remove(UNSENT, key)?;
    }
    state.past_actors.extend(state.actor.take());
    state.replays.extend(kept_as.or(offending));
    let is_used = code == SETTLED_MEANWHILE || is_made_use_of(tx, &state.replays)?;
    (state.wants_snapshot, state.waits_since) = (false, None);
    state.is_at_server = is_known;
    state.server_heads = if is_known { base.heads() } else { Vec::new() };
    if !is_known {
        state.named.clear();
        for hash in base.heads() {
            let at_ms = rows.first().map_or(0, |(_, row)| row.at_ms);
            tx.add_unsent(visit, &mut state, &UnsentChange { hash, at_ms, edits: Vec::new() })?;
        }
    }
    let mut anew = Anew::on(base);
    if is_used {
        let by = tx.enrolment()?.user;
        anew.notes = Some(NotesAdded::new(salvage(visit, by, &anew.doc.save(), &Limits::CEILING).notes));
    }
    for (_, change) in rows {
        let base = &anew.doc;
        let is_offending = offending == Some(change.hash) && !is_good;
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
            if let Some(new) = anew.write(&mut state, old.as_ref(), change)? {
                tx.add_unsent(visit, &mut state, &new)?;
            }
        }
    }
    tx.set_doc_state(visit, &state)?;
    tx.set_doc(&anew.doc)
}

/// Whether this phone was told that the office made use of one of these items.
fn is_made_use_of(tx: &Tx, items: &[Hash]) -> PhoneResult<bool> {
    let notes = tx.rows_as::<QuarantineNote>(kind::QUARANTINE)?;
    let is_named = |note: &QuarantineNote| items.iter().any(|item| item.to_string() == note.item);
    Ok(notes.iter().any(|note| is_used(&note.state) && is_named(note)))
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

/// A document in which changes are written anew.
///
/// Not on all that is there now: what others have written meanwhile would be superseded by somebody who never saw it,
/// where two values at once belong into the conflict inbox.
struct Anew {
    doc: VisitDoc,
    /// Changes that were written anew, with what stands for them.
    written: BTreeMap<Hash, Hash>,
    /// Changes of others that say what was to be written, as the office's do that took it over.
    stand_ins: BTreeSet<Hash>,
    /// The document as the writer of the last one saw it, and what of the old history that is.
    place: Option<(VisitDoc, BTreeSet<Hash>)>,
    /// What was added to the notes, if the office made use of what was refused: only then may some of it be the same.
    notes: Option<NotesAdded>,
    /// Whether the last line of the notes was left out; what was cut off it goes on in the changes that follow.
    is_note_left_out: bool,
}

impl Anew {
    const fn on(base: VisitDoc) -> Self {
        Self {
            doc: base,
            written: BTreeMap::new(),
            stand_ins: BTreeSet::new(),
            place: None,
            notes: None,
            is_note_left_out: false,
        }
    }

    /// The change that wrote what an edit says, if it is there already.
    fn holder(&self, edit: &Edit) -> PhoneResult<Option<Hash>> {
        let Edit::Put { map, key, record } = edit else { return Ok(None) };
        Ok(match Map::from_key(map) {
            Some(map) => self.doc.holder(map, key, record)?,
            None => None,
        })
    }

    /// Whether the notes have the text of an edit as often as they should with it: the office took it over.
    ///
    /// A colleague may have written the same, and so may its writer have before: where the office made no use of what
    /// was refused, each of them stands.
    fn has_note(&mut self, old: Option<&History>, change: Hash, edit: &Edit) -> PhoneResult<bool> {
        let Some(notes) = &mut self.notes else { return Ok(false) };
        self.is_note_left_out = match edit {
            Edit::Put { .. } => return Ok(false),
            Edit::Note { text } => notes.takes(text, &old.map_or_else(BTreeSet::new, |old| old.below(&[change]))),
            Edit::NotePart { text } => self.is_note_left_out && merge::view(&self.doc).notes.contains(text),
        };
        Ok(self.is_note_left_out)
    }

    /// Writes the edits of one change; what is there already is left out.
    fn write(
        &mut self,
        state: &mut DocState,
        old: Option<&History>,
        change: UnsentChange,
    ) -> PhoneResult<Option<UnsentChange>> {
        let mut edits = Vec::new();
        for edit in change.edits {
            if self.has_note(old, change.hash, &edit)? {
                continue;
            }
            match self.holder(&edit)? {
                None => edits.push(edit),
                Some(holder) if self.stand_ins.insert(holder) => self.place = None,
                Some(_) => {}
            }
        }
        if edits.is_empty() {
            return Ok(None);
        }
        let actor = edit::actor_of(state)?;
        let Some(new) = edit::apply(self.seen_by(old, change.hash)?, actor, &edits)? else { return Ok(None) };
        self.doc.apply_trusted(&[new.chunk], &[new.hash])?;
        self.written.insert(change.hash, new.hash);
        Ok(Some(UnsentChange { hash: new.hash, at_ms: change.at_ms, edits }))
    }

    /// The document as the writer of a change saw it; changes that were written anew stand for the old ones.
    fn seen_by(&mut self, old: Option<&History>, change: Hash) -> PhoneResult<&mut VisitDoc> {
        let mut seen = old.map_or_else(BTreeSet::new, |old| old.below(&[change]));
        seen.retain(|hash| self.doc.has_change(hash));
        let place = match self.place.take() {
            Some((place, then)) if then == seen => place,
            // Of a change that the document never had nobody knows what its writer saw.
            _ if seen.is_empty() => self.doc.clone(),
            // All that was written anew is below: a phone writes one change after the other.
            _ => self
                .doc
                .at(&Vec::from_iter(seen.iter().chain(self.written.values()).chain(&self.stand_ins).copied()))?,
        };
        Ok(&mut self.place.insert((place, seen)).0)
    }
}
