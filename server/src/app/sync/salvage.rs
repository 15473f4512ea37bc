//! Remedy *salvage*: the office chooses from what refused bytes would have written, and the server writes it.
//!
//! The guard's own reader reads the bytes; nothing of them is ever applied. What is chosen becomes one new change,
//! authored by the rep whose records they are and written by an actor drawn for it and bound to the office user, and
//! passes the guard like any other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use doorstep_store::feed::FeedBatch;
use doorstep_store::quarantine::QuarantineItem;
use doorstep_store::{Conn, devices, documents, presence, quarantine};
use serde_json::{Value, json};
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::genesis::genesis;
use sync_core::doc::{DocError, Edit, OFFICE_NONCE, VisitDoc, office_actor, with_all_below};
use sync_core::guard::{Limits, Salvage, SalvagedRecord, salvage};
use sync_core::ids::{BatchId, DeviceId, OrgId, UserId, VisitId};
use sync_core::merge::{self, NotesAdded};

use super::access::Access;
use super::part::Part;
use super::redrive::{empty_request, pushed, round};
use super::{apply, judge};
use crate::app::quarantine::{load, load_bytes, require_unsettled, settle};
use crate::app::rows::corrupt;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit};

/// What can be taken over of an item.
#[derive(Debug, Clone)]
pub struct Salvaged {
    /// The item.
    pub item: QuarantineItem,
    /// Its records, each with whether the document holds it already.
    pub records: Vec<(SalvagedRecord, bool)>,
    /// Texts for the notes, by change, each with whether the notes have it already.
    pub notes: Vec<(Hash, String, bool)>,
    /// Operations that are left out.
    pub left_out: u64,
    /// Parts that cannot be read.
    pub unreadable: usize,
}

/// The positions that the office chose.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Of records.
    pub records: Vec<usize>,
    /// Of texts for the notes.
    pub notes: Vec<usize>,
}

/// Reads what can be taken over of an item.
///
/// # Errors
/// `not_found`; `state_invalid` for an item that is no document.
pub async fn show_salvage(state: &AppState, ctx: Ctx, device: DeviceId, id: String) -> AppResult<Salvaged> {
    let nonce = draw(state);
    state.store.read(move |conn| Case::open(conn, &ctx, device, &id, nonce)?.shown()).await
}

/// Writes what was chosen in the name of the rep, and settles the item.
///
/// # Errors
/// `not_found`; `invalid` naming a position that does not exist or a record the guard refuses; `state_invalid` for an
/// item that is settled, is no document, or is of a visit the rep never had.
pub async fn apply_salvage(
    state: &AppState,
    ctx: Ctx,
    device: DeviceId,
    id: String,
    choice: Choice,
) -> AppResult<Salvaged> {
    let (app, nonce, batch) = (state.clone(), draw(state), BatchId(state.id()));
    ctx.once().write(&state.store, move |conn| write(conn, &app, &ctx, (device, &id), &choice, nonce, batch)).await
}

/// What an actor of the office is drawn from.
type Nonce = [u8; OFFICE_NONCE];

fn draw(state: &AppState) -> Nonce {
    let mut nonce = [0; OFFICE_NONCE];
    state.random.fill(&mut nonce);
    nonce
}

/// Records, and texts for the notes with the changes that wrote them.
type Chosen<'c> = (Vec<&'c SalvagedRecord>, Vec<&'c (Hash, String)>);

/// An item, what can be read of it, and the document it belongs to.
struct Case {
    item: QuarantineItem,
    visit: VisitId,
    found: Salvage,
    doc: VisitDoc,
    is_stored: bool,
    /// What the changes of item and document build on.
    deps: BTreeMap<Hash, Vec<Hash>>,
    /// For each text for the notes, whether the document holds it already.
    held_notes: Vec<bool>,
    /// Drawn for this act alone: below what the same person took over before may lie what this rep never saw.
    actor: Actor,
}

impl Case {
    fn open(conn: &mut Conn, ctx: &Ctx, device: DeviceId, id: &str, nonce: Nonce) -> AppResult<Self> {
        let org = ctx.actor.org;
        let item = load(conn, ctx, device, id)?;
        let Some(visit) = item.visit_id.filter(|_| item.kind == "doc").map(|visit| visit.0) else {
            let refusal = Refusal::new(ErrorCode::StateInvalid);
            return Err(refusal.detail("Only documents can be salvaged", "只有文档可以补录").into());
        };
        let bytes = load_bytes(conn, org, device, id)?;
        let found = salvage(visit, item.user_id.0, &bytes, &Limits::DEFAULT);
        let (doc, is_stored) = document(conn, org, visit)?;
        let stored = doc.change_metas().into_iter().map(|change| (change.hash, change.deps));
        let deps = found.deps.clone().into_iter().chain(stored).collect();
        let actor = office_actor(visit, nonce);
        let mut case = Self { item, visit, found, doc, is_stored, deps, held_notes: Vec::new(), actor };
        case.held_notes = case.find_held_notes(conn, org)?;
        Ok(case)
    }

    fn shown(self) -> AppResult<Salvaged> {
        let records = self.found.records.iter().map(|record| (record.clone(), self.holds(record))).collect();
        let Salvage { notes, left_out, unreadable, .. } = self.found;
        let told = |((change, text), is_held): ((Hash, String), bool)| (change, text, is_held);
        let notes = notes.into_iter().zip(self.held_notes).map(told).collect();
        Ok(Salvaged { item: self.item, records, notes, left_out, unreadable })
    }

    /// Which texts stand in the notes by the same rep's hand, be it that his phone wrote them anew or that somebody took
    /// them over: each as often as it should, for a colleague may have written the same, and so may he have before.
    fn find_held_notes(&self, conn: &mut Conn, org: OrgId) -> AppResult<Vec<bool>> {
        let notes = merge::view(&self.doc).notes;
        let mut own = NotesAdded::new(self.notes_of_rep(conn, org)?);
        let mut seen: Option<(Hash, BTreeSet<Hash>)> = None;
        let is_held = |(change, text): &(Hash, String)| {
            // What somebody deleted since is there no more.
            if !own.has(text) || !notes.contains(text.trim_matches('\n')) {
                return false;
            }
            // Mostly one change follows the other.
            let mut before = match seen.take() {
                Some((last, seen)) if self.deps.get(change).is_some_and(|deps| *deps == [last]) => seen,
                _ => self.seen_before(*change),
            };
            let is_held = own.takes(text, &before);
            before.insert(*change);
            seen = Some((*change, before));
            is_held
        };
        Ok(self.found.notes.iter().map(is_held).collect())
    }

    /// What stored changes in the name of the rep added to the notes; nothing is read where there is nothing to ask.
    fn notes_of_rep(&self, conn: &mut Conn, org: OrgId) -> AppResult<Vec<(Hash, String)>> {
        let (rep, mut own) = (self.item.user_id.0, Vec::new());
        if self.found.notes.is_empty() {
            return Ok(own);
        }
        let mut users: BTreeMap<DeviceId, Option<UserId>> = BTreeMap::new();
        for push in documents::list_doc_changes(conn, org, self.visit)? {
            let device = push.device_id.0;
            let user = match users.get(&device) {
                Some(known) => *known,
                None => devices::find_device(conn, org, device)?.map(|row| row.user_id.0),
            };
            users.insert(device, user);
            let is_his = match user {
                Some(user) => user == rep,
                None => reps_of(conn, org, self.visit, (device, push.received_at_ms))?.contains(&rep),
            };
            if is_his {
                own.extend(salvage(self.visit, rep, &push.bytes, &Limits::CEILING).notes);
            }
        }
        Ok(own)
    }

    fn chosen(&self, choice: &Choice) -> AppResult<Chosen<'_>> {
        let mut refusal = Refusal::new(ErrorCode::Invalid);
        let (mut records, mut notes) = (Vec::new(), Vec::new());
        for (place, at) in choice.records.iter().enumerate() {
            match self.found.records.get(*at) {
                Some(record) if record.refused.is_none() => records.push(record),
                Some(_) => refusal = refusal.field(format!("records[{place}]"), "a record that is not refused itself"),
                None => refusal = refusal.field(format!("records[{place}]"), "the position of a record"),
            }
        }
        for (place, at) in choice.notes.iter().enumerate() {
            match self.found.notes.get(*at).zip(self.held_notes.get(*at)) {
                Some((note, is_held)) => notes.extend((!is_held).then_some(note)),
                None => refusal = refusal.field(format!("notes[{place}]"), "the position of a text"),
            }
        }
        if choice.records.is_empty() && choice.notes.is_empty() {
            refusal = refusal.field("records", "at least one record or text");
        }
        refusal.into_result().map(|()| (records, notes))
    }

    fn holds(&self, record: &SalvagedRecord) -> bool {
        value(record).is_ok_and(|value| matches!(self.doc.holder(record.map, &record.key, &value), Ok(Some(_))))
    }

    /// All that the writer of a change had seen before it.
    fn seen_before(&self, change: Hash) -> BTreeSet<Hash> {
        with_all_below(&self.deps, self.deps.get(&change).into_iter().flatten().copied())
    }

    /// The document as the rep had seen it with every one of these changes.
    ///
    /// Written on all that is there now, an old value would supersede what the crew wrote since; so both stand beside
    /// each other, as if the rep's change had been taken.
    fn place(&self, changes: &BTreeSet<Hash>) -> AppResult<VisitDoc> {
        let seen = changes.iter().map(|change| with_all_below(&self.deps, [*change]));
        let mut seen = seen.reduce(|all, seen| &all & &seen).unwrap_or_default();
        seen.retain(|hash| self.doc.has_change(hash));
        seen.insert(genesis(self.visit).hash);
        self.doc.at(&Vec::from_iter(seen)).map_err(|error| AppError::Internal(error.to_string()))
    }

    /// The change that writes what was chosen; `None` if the document holds all of it.
    fn change(&mut self, choice: &Choice) -> AppResult<Option<Vec<u8>>> {
        let (mut records, texts) = self.chosen(choice)?;
        records.retain(|record| !self.holds(record));
        let changes = records.iter().map(|record| record.change).chain(texts.iter().map(|(change, _)| *change));
        let mut place = self.place(&changes.collect())?;
        let before = merge::view(&place).notes;
        let notes =
            texts.iter().fold(
                before.clone(),
                |all, (_, text)| {
                    if all.is_empty() { text.clone() } else { format!("{all}\n{text}") }
                },
            );
        let written = place.edit(self.actor, |edit| {
            records.iter().try_for_each(|record| put(edit, record))?;
            if notes == before { Ok(()) } else { edit.set_notes(&notes) }
        });
        written.map(|change| change.map(|change| change.chunk)).map_err(|error| {
            let refusal = Refusal::new(ErrorCode::Invalid);
            refusal.field("records", format!("records that can be written: {error}")).into()
        })
    }
}

/// The office user as the owner of an actor: actors belong to devices, and no device has the id of a user.
const fn writer(user: UserId) -> DeviceId {
    DeviceId(user.0)
}

/// In whose name the owner of an actor that is no device, an office user, took records over at an instant. Several reps
/// only if it was done twice in one millisecond.
pub(crate) fn reps_of(
    conn: &mut Conn,
    org: OrgId,
    visit: VisitId,
    (writer, at_ms): (DeviceId, i64),
) -> AppResult<BTreeSet<UserId>> {
    Ok(quarantine::list_salvaged_reps(conn, org, visit, UserId(writer.0), at_ms)?)
}

fn document(conn: &mut Conn, org: OrgId, visit: VisitId) -> AppResult<(VisitDoc, bool)> {
    match documents::find_current(conn, org, visit)? {
        Some((_, bytes)) => {
            Ok((VisitDoc::load(visit, &bytes).map_err(|error| corrupt("documents", visit, error))?, true))
        }
        None => Ok((VisitDoc::create(visit).map_err(|error| AppError::Internal(error.to_string()))?, false)),
    }
}

fn value(record: &SalvagedRecord) -> Result<Value, DocError> {
    serde_json::from_str(&record.record).map_err(|error| DocError::Record { what: error.to_string() })
}

fn put(edit: &mut Edit<'_, '_>, record: &SalvagedRecord) -> Result<(), DocError> {
    match edit.put(record.map, &record.key, &value(record)?) {
        // Of two chosen records under one key the first is written.
        Err(DocError::AlreadyWritten { .. }) => Ok(()),
        done => done,
    }
}

fn write(
    conn: &mut Conn,
    state: &AppState,
    ctx: &Ctx,
    (device, id): (DeviceId, &str),
    choice: &Choice,
    nonce: Nonce,
    batch: BatchId,
) -> AppResult<Salvaged> {
    if let Some(visit) = load(conn, ctx, device, id)?.visit_id {
        // Whoever drives the item again must not store its content between what is read here and what is written.
        presence::lock_visit(conn, ctx.actor.org, visit.0)?;
    }
    let mut case = Case::open(conn, ctx, device, id, nonce)?;
    require_unsettled(&case.item)?;
    if let Some(change) = case.change(choice)? {
        let first = (!case.is_stored).then(|| genesis(case.visit).bytes);
        let mut request = empty_request(device, batch);
        request.docs.push(pushed(case.visit, first.into_iter().chain([change]).collect()));
        let round = Arc::new(round(conn, ctx, &case.item, writer(ctx.actor.user), request)?);
        let judged = judge::judge(conn, &Part::whole(&round), &state.documents)?;
        for doc in &judged.docs {
            if let Some(refused) = &doc.refused {
                return Err(Refusal::new(ErrorCode::Invalid).field("records", refused.code).into());
            }
            if doc.access == Access::None || doc.view().is_none() {
                let refusal = Refusal::new(ErrorCode::StateInvalid);
                return Err(refusal.detail("The rep never had this visit", "该任务从未派给此人").into());
            }
        }
        apply::apply(conn, state, &round, &judged)?;
    }
    let mut told = FeedBatch::new();
    settle(conn, ctx.actor.org, &case.item, "salvaged", Some((ctx.actor.user, None)), ctx.now, &mut told)?;
    told.publish(conn, ctx.actor.org)?;
    let detail = json!({ "device": device, "code": case.item.code, "visit": case.visit,
        "records": choice.records, "notes": choice.notes });
    audit::record(conn, state, ctx, "quarantine.salvaged", id, &detail)?;
    Case::open(conn, ctx, device, id, nonce)?.shown()
}
