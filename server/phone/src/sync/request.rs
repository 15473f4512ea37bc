//! Builds the next request from the store, and stores it before it is sent.

use std::collections::BTreeSet;

use sync_core::bytes::{Blob, Hash};
use sync_core::doc::VisitDoc;
use sync_core::ids::BatchId;
use sync_core::jws;
use sync_core::protocol::codec::{self, Encoding};
use sync_core::protocol::outbox::{Batch, Outbox, UnsentChange};
use sync_core::protocol::seal::{BatchContent, prepare_batch_seal};
use sync_core::protocol::{AckItem, DeviceState, PROTOCOL, ProtocolLimits, PushDoc, PushStatement, SyncRequest};
use sync_core::time::UnixMillis;

use super::documents::writers_named;
use super::history::History;
use super::replay::replay_unasked;
use super::set_aside::{self, Waiting};
use super::size::{BATCH_BYTES, batch_bytes, wanted_bytes};
use super::{export, receipts};
use crate::commands::Phone;
use crate::commands::status::Outstanding;
use crate::error::PhoneResult;
use crate::keys::{self, DeviceKey};
use crate::store::Tx;
use crate::store::model::{DocState, Enrolment, InFlight, Safety};

/// Most bytes of a stored request.
const STORED_BYTES: usize = 64 * 1024 * 1024;

/// Which part of a request may be questions of one kind; they stand beside what it brings.
const SHARE_OF_QUESTIONS: usize = 8;
/// Most bytes of a question: the hash of a blob, or the id of a document with names and heads of arrays.
const BYTES_OF_QUESTION: usize = 64;

/// Most blobs that are asked after at once where only the server may have the bytes: it reads each of them to its end.
const LOST_AT_ONCE: usize = 16;

/// Most visits that are named as unsent.
const NAMED_VISITS: usize = 100;

/// A request ready to go.
#[derive(Debug)]
pub(super) struct Prepared {
    pub request: SyncRequest,
    pub body: Vec<u8>,
}

/// The request in flight if there is one, else the next; `None` if there is nothing to say.
pub(super) fn next(
    phone: &Phone,
    tx: &Tx,
    must_ask: bool,
    upload_only: bool,
    problems: &mut Vec<String>,
) -> PhoneResult<Option<Prepared>> {
    if let Some(in_flight) = tx.meta::<InFlight>("in_flight")? {
        let request = codec::decode(&in_flight.body.0, Encoding::Cbor, STORED_BYTES)?;
        return Ok(Some(Prepared { request, body: in_flight.body.0 }));
    }
    if upload_only {
        replay_unasked(tx)?;
    }
    let enrolment = tx.enrolment()?;
    let mut request = fill(phone, tx, &enrolment, problems)?;
    if !upload_only {
        request.docs.extend(snapshot_requests(tx)?.take(most_questions(tx)?));
    }
    if request.docs.is_empty() && request.blobs.is_empty() && !request.has_content() && !must_ask {
        return Ok(None);
    }
    seal(&enrolment, &mut request)?;
    let body = codec::encode(&request, Encoding::Cbor)?;
    if request.has_content() {
        tx.set_meta("in_flight", &InFlight { batch_id: request.batch_id, body: Blob(body.clone()) })?;
    }
    Ok(Some(Prepared { request, body }))
}

fn fill(phone: &Phone, tx: &Tx, enrolment: &Enrolment, problems: &mut Vec<String>) -> PhoneResult<SyncRequest> {
    let clock = phone.clock.stamp(tx)?;
    let batch_id = BatchId(keys::new_id(UnixMillis(clock.wall_ms))?);
    let (blobs, shown) = asked_after(tx)?;
    let Next { batch, changes } = next_batch(tx, shown.iter().map(String::len).sum())?;
    problems.extend(batch.too_large.iter().map(too_large));
    let brought = changes + batch.intents.len() + batch.statements.len();
    let outstanding = Outstanding::of(tx)?;
    let unsent = outstanding.total().saturating_sub(brought);
    Ok(SyncRequest {
        protocol: PROTOCOL,
        device_id: enrolment.device,
        batch_id,
        cursor: tx.feed()?.cursor,
        max_bytes: wanted_bytes(tx)?,
        docs: batch.docs,
        intents: batch.intents,
        statements: batch.statements,
        blobs,
        arrived: receipts::arrived(tx)?,
        receipts: shown,
        device_state: Some(DeviceState {
            unsent: u64::try_from(unsent).unwrap_or(u64::MAX),
            oldest_unsent_at: outstanding.oldest_ms.map(UnixMillis).filter(|_| unsent > 0),
            free_bytes: None,
            clock,
            unsent_visits: Some(outstanding.visits.iter().take(NAMED_VISITS).copied().collect()),
        }),
        seal: None,
    })
}

/// What becomes of documents that wait for the server's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// They wait.
    Waits,
    /// They go too: better in quarantine than on a phone that never comes back.
    Goes,
}

/// Everything that no held receipt names.
pub(super) fn collect(tx: &Tx, held: Held) -> PhoneResult<Outbox> {
    let mut outbox = Outbox::default();
    offer_documents(tx, &mut outbox, held)?;
    for (id, intent) in tx.intents()?.into_iter().filter(|(_, intent)| intent.safety == Safety::Unsent) {
        if let Ok(id) = id.parse() {
            outbox.add_intent(id, intent.bytes.0);
        }
    }
    for (_, stored) in tx.statements()?.into_iter().filter(|(_, one)| one.safety == Safety::Unsent) {
        outbox.add_statement(PushStatement { body: stored.body, seal: stored.seal }, stored.last_try);
    }
    Ok(outbox)
}

/// What the next request brings.
#[derive(Debug, Default)]
struct Next {
    batch: Batch,
    /// Changes of documents; one chunk may hold many.
    changes: usize,
}

/// The next items; so many bytes of the request are taken by other things.
fn next_batch(tx: &Tx, taken: usize) -> PhoneResult<Next> {
    // What was exported may be at the office by now: its receipts come first, and nothing goes twice.
    if export::is_noted(tx)? {
        return Ok(Next::default());
    }
    let (bytes, mut waiting) = (batch_bytes(tx)?.saturating_sub(taken), Waiting::of(tx)?);
    let aside = waiting.next_batch(bytes);
    if set_aside::is_next(tx)? && !aside.is_empty() {
        set_aside::end_turn(tx)?;
        return Ok(Next { changes: aside.docs.len(), batch: aside });
    }
    let mut batch = batch_within(&mut collect(tx, Held::Waits)?, bytes);
    batch.too_large.extend(&aside.too_large);
    if batch.is_empty() {
        return Ok(Next { changes: aside.docs.len(), batch: Batch { too_large: batch.too_large, ..aside } });
    }
    if !aside.is_empty() {
        set_aside::give_turn(tx)?;
    }
    let changes = batch.docs.iter().map(|push| push.chunks.len()).sum();
    settle_all(tx, &mut batch, true)?;
    Ok(Next { batch, changes })
}

fn batch_within(outbox: &mut Outbox, bytes: usize) -> Batch {
    outbox.next_batch(bytes, &ProtocolLimits::DEFAULT, Encoding::Cbor)
}

fn settle_all(tx: &Tx, batch: &mut Batch, may_be_whole: bool) -> PhoneResult<()> {
    let docs = std::mem::take(&mut batch.docs).into_iter();
    batch.docs = docs.map(|push| settle(tx, push, may_be_whole)).collect::<PhoneResult<_>>()?;
    Ok(())
}

/// The next batch of an outbox as it travels in a bundle: nobody knows what the server has by then, and a document
/// chunk is only for a document that is new to it.
pub(super) fn batch_of(tx: &Tx, outbox: &mut Outbox) -> PhoneResult<Batch> {
    let mut batch = batch_within(outbox, BATCH_BYTES);
    settle_all(tx, &mut batch, false)?;
    Ok(batch)
}

/// Most questions of one kind in the next request.
fn most_questions(tx: &Tx) -> PhoneResult<usize> {
    Ok((batch_bytes(tx)? / SHARE_OF_QUESTIONS / BYTES_OF_QUESTION).max(1))
}

/// Blobs that the server had before its data were restored, as many as one request may name; and the receipts for those
/// that cannot go from here: the server may have the bytes still, and nothing that says whose they are.
fn asked_after(tx: &Tx) -> PhoneResult<(Vec<Hash>, Vec<String>)> {
    let asked = tx.blobs()?.into_iter().filter(|(_, stored)| stored.is_asked_after);
    let (lost, others): (Vec<_>, Vec<_>) = asked.partition(|(_, stored)| stored.is_lost());
    let most = most_questions(tx)?.min(ProtocolLimits::DEFAULT.blobs);
    let asked =
        lost.into_iter().take(LOST_AT_ONCE).map(|one| (one, true)).chain(others.into_iter().map(|one| (one, false)));
    let (mut blobs, mut lost) = (Vec::new(), BTreeSet::new());
    for ((name, _), is_lost) in asked.take(most) {
        let Ok(blob) = name.parse() else { continue };
        blobs.push(blob);
        if is_lost {
            lost.insert(blob);
        }
    }
    Ok((blobs, receipts::of_uploads(tx, &lost, batch_bytes(tx)? / SHARE_OF_QUESTIONS)?))
}

pub(super) fn too_large(item: &AckItem) -> String {
    match item {
        AckItem::Doc(id) => format!("a change of visit {id} is larger than a request may be"),
        AckItem::Intent(id) => format!("intent {id} is larger than a request may be"),
        AckItem::UnreadableIntent(digest) | AckItem::Statement(digest) => {
            format!("item {digest} is larger than a request may be")
        }
    }
}

/// Offers every document with unsent changes; those that wait for something else only if they go too.
fn offer_documents(tx: &Tx, outbox: &mut Outbox, held: Held) -> PhoneResult<()> {
    for visit in tx.visits_with_unsent()? {
        let state = tx.doc_state(visit)?;
        if state.hold.is_some() && held == Held::Waits {
            continue;
        }
        let Some(doc) = tx.doc(visit)? else { continue };
        let rows = tx.unsent_changes(visit)?;
        let changes = History::of(&doc)?.changes.into_iter().filter_map(|change| {
            let (_, row) = rows.iter().find(|(_, row)| row.hash == change.hash)?;
            let at = UnixMillis(row.at_ms);
            Some(UnsentChange { hash: change.hash, deps: change.deps, bytes: change.chunk, at })
        });
        outbox.offer(visit, &known_heads(&doc, &state), changes.collect(), state.last_try);
    }
    Ok(())
}

/// The server's heads that this phone has applied.
pub(super) fn known_heads(doc: &VisitDoc, state: &DocState) -> Vec<Hash> {
    state.server_heads.iter().filter(|head| doc.has_change(head)).copied().collect()
}

/// Gives an item of the batch its true heads, and, if it may be whole, one document chunk instead of all its changes
/// where the server has nothing of the document yet.
fn settle(tx: &Tx, mut push: PushDoc, may_be_whole: bool) -> PhoneResult<PushDoc> {
    let Some(doc) = tx.doc(push.id)? else { return Ok(push) };
    let state = tx.doc_state(push.id)?;
    let history = History::of(&doc)?;
    let chunks: BTreeSet<&Blob> = push.chunks.iter().collect();
    let mut covered = history.below(&push.base_heads);
    let sent: BTreeSet<Hash> =
        history.changes.iter().filter(|change| chunks.contains(&change.chunk)).map(|change| change.hash).collect();
    let is_whole = sent.len() == history.changes.len();
    // Work of others between two changes may stay away, as after a restore: then what is sent has heads of its own.
    let mut heads: BTreeSet<Hash> = history.heads_of(&sent).into_iter().collect();
    covered.extend(&sent);
    heads.extend(history.heads_of(&covered));
    push.heads = heads.into_iter().collect();
    // All of it is written anew once nothing of the document stays behind.
    if tx.unsent_changes(push.id)?.iter().all(|(_, row)| covered.contains(&row.hash)) {
        push.replays = state.replays.into_iter().take(ProtocolLimits::DEFAULT.heads).collect();
    }
    if may_be_whole && is_whole && !state.is_at_server {
        let whole = doc.save();
        if whole.len() <= push.chunks.iter().map(|chunk| chunk.0.len()).sum() {
            push.chunks = vec![Blob(whole)];
        }
    }
    push.actors = writers_named(tx, push.id, &push.chunks)?;
    Ok(push)
}

/// Items that ask for whole documents.
fn snapshot_requests(tx: &Tx) -> PhoneResult<impl Iterator<Item = PushDoc> + use<>> {
    let waiting = tx.doc_states()?.into_iter().filter(|(_, state)| state.wants_snapshot || state.hold.is_some());
    Ok(waiting.map(|(id, _)| PushDoc::asking(id)))
}

pub(super) fn seal(enrolment: &Enrolment, request: &mut SyncRequest) -> PhoneResult<()> {
    if request.has_content() {
        let key = DeviceKey::from_secret(&enrolment.key.0)?;
        let input = prepare_batch_seal(&BatchContent::of_request(enrolment.org, request), &key.kid())?;
        // Without the payload, which follows from what is sent with it.
        request.seal = Some(jws::detach(&jws::finish(&input, &key.sign(&input))));
    }
    Ok(())
}
