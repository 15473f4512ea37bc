//! Applies what the server says about documents and rows; leaves nothing half applied.

use std::collections::BTreeSet;

use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::{VisitDoc, is_office_actor};
use sync_core::guard::{Claim, Limits, claims, split_chunks};
use sync_core::ids::VisitId;
use sync_core::merge;
use sync_core::protocol::row::kind;
use sync_core::protocol::{DocForm, DocUpdate, ProtocolLimits, Row, SyncResponse};

use super::history::{Change, History};
use super::replay::replay;
use super::{old_rows, set_aside};
use crate::commands::status::has_unsent;
use crate::error::PhoneResult;
use crate::store::model::{DocState, Safety, StoredBlob, StoredRow, UnsentChange};
use crate::store::{Store, Tx};

/// Applies the news of one document.
pub(super) fn apply_update(tx: &Tx, update: &DocUpdate) -> PhoneResult<()> {
    match update.form {
        DocForm::Gone => {
            let mut state = tx.doc_state(update.id)?;
            (state.is_gone, state.wants_snapshot) = (true, false);
            tx.set_doc_state(update.id, &state)
        }
        DocForm::Delta => apply_delta(tx, update),
        DocForm::Snapshot => apply_snapshot(tx, update),
    }
}

fn apply_delta(tx: &Tx, update: &DocUpdate) -> PhoneResult<()> {
    let mut doc = match tx.doc(update.id)? {
        Some(doc) => doc,
        None => VisitDoc::create(update.id)?,
    };
    let chunks = split_chunks(&update.bytes.0);
    let applied = chunks.is_some_and(|chunks| doc.apply_trusted(&chunks, &update.heads).is_ok());
    if applied {
        tx.set_doc(&doc)?;
    }
    let mut state = tx.doc_state(update.id)?;
    state.is_gone = false;
    if applied {
        state.is_at_server = true;
        state.server_heads.clone_from(&update.heads);
    } else {
        note_named(&mut state, &update.heads);
        state.wants_snapshot = true;
    }
    tx.set_doc_state(update.id, &state)
}

fn apply_snapshot(tx: &Tx, update: &DocUpdate) -> PhoneResult<()> {
    let bytes = &update.bytes.0;
    let mut state = tx.doc_state(update.id)?;
    (state.is_gone, state.wants_snapshot) = (false, false);
    if state.hold.is_some()
        && let Ok(base) = VisitDoc::load(update.id, bytes)
    {
        tx.set_doc_state(update.id, &state)?;
        return replay(tx, update.id, base, true);
    }
    let whole = match tx.doc(update.id)? {
        Some(mut doc) => doc.apply_trusted(std::slice::from_ref(bytes), &update.heads).map(|()| doc),
        None => VisitDoc::load(update.id, bytes),
    };
    match whole {
        Ok(doc) => {
            state.is_at_server = true;
            state.server_heads.clone_from(&update.heads);
            state.problem = None;
            note_named(&mut state, &update.heads);
            state.named.retain(|head| !doc.has_change(head));
            tx.set_doc(&doc)?;
        }
        Err(error) => {
            note_named(&mut state, &update.heads);
            state.problem = Some(format!("the server's snapshot cannot be applied: {error}"));
        }
    }
    tx.set_doc_state(update.id, &state)
}

/// Keeps heads the server named, to be compared with the document once all news is there.
pub(super) fn note_named(state: &mut DocState, heads: &[Hash]) {
    let new: Vec<Hash> = heads.iter().filter(|head| !state.named.contains(head)).copied().collect();
    state.named.extend(new);
}

/// Applies one row.
pub(super) fn apply_row(tx: &Tx, row_kind: &str, row: &Row) -> PhoneResult<()> {
    let visit: Option<VisitId> = row.id().parse().ok().filter(|_| row_kind == kind::VISIT);
    match row {
        Row::Put { id, version, body } => {
            if let Some(visit) = visit {
                set_gone(tx, visit, false)?;
            }
            tx.set_row(row_kind, id, &StoredRow::new(*version, body.clone()))
        }
        Row::Gone { id } => match visit {
            Some(visit) if tx.doc(visit)?.is_some() => set_gone(tx, visit, true),
            // A version that was withdrawn: no visit begins by it any more, one that did goes on.
            _ if matches!(row_kind, kind::TEMPLATE | kind::POLICY) => match tx.stored_row(row_kind, id)? {
                Some(known) => tx.set_row(row_kind, id, &StoredRow { is_old: true, ..known }),
                None => Ok(()),
            },
            _ => tx.drop_row(row_kind, id),
        },
    }
}

fn set_gone(tx: &Tx, visit: VisitId, is_gone: bool) -> PhoneResult<()> {
    let mut state = tx.doc_state(visit)?;
    if state.is_gone == is_gone {
        return Ok(());
    }
    state.is_gone = is_gone;
    tx.set_doc_state(visit, &state)
}

/// Drops what left the scope and has nothing unsent; the rest is offered first.
pub(super) fn drop_gone(tx: &Tx) -> PhoneResult<()> {
    for (visit, state) in tx.doc_states()?.into_iter().filter(|(_, state)| state.is_gone) {
        if state.hold.is_none() && !has_unsent(tx, visit)? && !has_unsent_photos(tx, visit)? {
            tx.drop_doc(visit)?;
            tx.drop_row(kind::VISIT, &visit.to_string())?;
        }
    }
    Ok(())
}

/// Whether photos are to go; one whose bytes are gone here is asked after all the same.
fn has_unsent_photos(tx: &Tx, visit: VisitId) -> PhoneResult<bool> {
    let Some(doc) = tx.doc(visit)? else { return Ok(false) };
    let is_to_go = |stored: &StoredBlob| stored.safety == Safety::Unsent && !stored.is_lost();
    for photo in merge::view(&doc).photos {
        if tx.blob(&photo.value.sha256)?.as_ref().is_some_and(is_to_go) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Counts changes as unsent again: those the server lost. Tells whether the phone has any of them.
pub(super) fn offer_again(
    tx: &Tx,
    visit: VisitId,
    wanted: impl FnOnce(&History) -> BTreeSet<Hash>,
) -> PhoneResult<bool> {
    let Some(doc) = tx.doc(visit)? else { return Ok(false) };
    let history = History::of(&doc)?;
    let again = wanted(&history);
    let rows = tx.unsent_changes(visit)?;
    let mut state = tx.doc_state(visit)?;
    let last = tx.feed()?.last_sync_at.map_or(0, |at| at.0);
    for change in history.changes.iter().filter(|change| again.contains(&change.hash)) {
        if rows.iter().all(|(_, row)| row.hash != change.hash) {
            let known = tx.known_change(visit, &change.hash)?;
            let change = known.unwrap_or(UnsentChange { hash: change.hash, at_ms: last, edits: Vec::new() });
            tx.add_unsent(visit, &mut state, &change)?;
        }
    }
    tx.set_doc_state(visit, &state)?;
    Ok(!again.is_empty())
}

/// The actors this install has written a document with.
pub(super) fn own_actors(state: &DocState) -> BTreeSet<Actor> {
    state.past_actors.iter().chain(&state.actor).copied().collect()
}

/// The actors of the office that wrote records of a document in the name of this rep.
fn office_writers(tx: &Tx, visit: VisitId) -> PhoneResult<BTreeSet<Actor>> {
    let Some(doc) = tx.doc(visit)? else { return Ok(BTreeSet::new()) };
    let changes = History::of(&doc)?.changes.into_iter();
    let of_office = changes.filter(|change| change.actor.is_some_and(|actor| is_office_actor(visit, &actor)));
    let chunks: Vec<Blob> = of_office.map(|change| change.chunk).collect();
    let claims = claims_of(tx, visit, &chunks)?.into_iter();
    Ok(claims.filter(|claim| claim.names_user).map(|claim| claim.writer).collect())
}

/// The writers of these changes that this install names as its own: its actors, and those of the office where it wrote
/// records in the name of this rep. No phone owns those; the rep's bring what a server lost of them.
///
/// Nothing where all is of writers whose first changes went before: they are bound, or those are asked for.
pub(super) fn writers_named(tx: &Tx, visit: VisitId, chunks: &[Blob]) -> PhoneResult<Option<Vec<Actor>>> {
    let mine = own_actors(&tx.doc_state(visit)?);
    let claims = claims_of(tx, visit, chunks)?;
    if claims.iter().all(|claim| mine.contains(&claim.writer) && !claim.is_first) {
        return Ok(None);
    }
    let is_named =
        |claim: &Claim| mine.contains(&claim.writer) || claim.names_user && is_office_actor(visit, &claim.writer);
    let named: BTreeSet<Actor> = claims.into_iter().filter(is_named).map(|claim| claim.writer).collect();
    Ok(Some(named.into_iter().take(ProtocolLimits::DEFAULT.heads).collect()))
}

/// What changes claim of their writers, as far as this rep is concerned.
pub(super) fn claims_of(tx: &Tx, visit: VisitId, chunks: &[Blob]) -> PhoneResult<Vec<Claim>> {
    let chunks: Vec<&[u8]> = chunks.iter().map(|chunk| chunk.0.as_slice()).collect();
    Ok(claims(visit, tx.enrolment()?.user, &chunks, &Limits::CEILING))
}

/// Whether a change comes from this install. Changes of others come from their own devices; the genesis change belongs
/// to everybody.
pub(super) fn is_own(change: &Change, actors: &BTreeSet<Actor>) -> bool {
    change.deps.is_empty() || change.actor.is_some_and(|actor| actors.contains(&actor))
}

/// The server's data is another one: everything this phone made counts as unsent until a new receipt names it.
///
/// Of what was to be freed the file is asked: it may be here still.
pub(crate) fn offer_everything(store: &Store, tx: &Tx) -> PhoneResult<()> {
    tx.clear_complete()?;
    old_rows::mark(tx)?;
    for visit in tx.doc_ids()? {
        // Whether it came late is told anew with the ack.
        tx.forget_late_work(visit)?;
        let mut state = tx.doc_state(visit)?;
        let mine = own_actors(&state);
        (state.server_heads, state.is_at_server) = (Vec::new(), false);
        state.named.clear();
        // Whoever refused it kept it; that it is kept now is for a receipt of these data to say.
        (state.hold, state.last_try, state.waits_since) = (None, 0, None);
        tx.set_doc_state(visit, &state)?;
        let mine = &mine | &office_writers(tx, visit)?;
        if !mine.is_empty() {
            offer_again(tx, visit, |history| {
                history.changes.iter().filter(|change| is_own(change, &mine)).map(|change| change.hash).collect()
            })?;
        }
    }
    for (_, mut item) in tx.set_aside()?.into_iter().filter(|(_, item)| item.chunk.is_some()) {
        (item.is_unsent, item.tries) = (true, 0);
        tx.add_set_aside(&item)?;
    }
    set_aside::end_turn(tx)?;
    for (id, mut intent) in tx.intents()? {
        intent.safety = Safety::Unsent;
        if let Ok(id) = id.parse() {
            tx.set_intent(&id, &intent)?;
        }
    }
    for (digest, mut statement) in tx.statements()? {
        (statement.safety, statement.last_try) = (Safety::Unsent, 0);
        if let Ok(digest) = digest.parse() {
            tx.set_statement(&digest, &statement)?;
        }
    }
    for (blob, mut stored) in tx.blobs()? {
        // What was safe is most likely in the backup: the server is asked before the bytes go again.
        stored.is_asked_after |= stored.safety != Safety::Unsent;
        stored.safety = Safety::Unsent;
        if let Ok(blob) = blob.parse() {
            stored.is_freed = stored.is_freed && !store.has_blob(&blob);
            tx.set_blob(&blob, &stored)?;
        }
    }
    Ok(())
}

/// Applies all news of documents and rows.
pub(super) fn apply_news(tx: &Tx, response: &SyncResponse) -> PhoneResult<()> {
    // What became of refused bytes says how edits are written anew on the documents.
    let mut settled = response.rows.get(kind::QUARANTINE).into_iter().flatten();
    settled.try_for_each(|row| apply_row(tx, kind::QUARANTINE, row))?;
    for update in &response.docs {
        apply_update(tx, update)?;
    }
    for (kind, rows) in &response.rows {
        for row in rows {
            apply_row(tx, kind, row)?;
        }
    }
    Ok(())
}
