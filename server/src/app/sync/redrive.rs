//! Remedy *re-drive*: stored bytes are judged once more as if their device sent them, after the cause was mended.
//!
//! Changes and statements are known by hash and digest, intents by id, so that driving the same item twice has no
//! second effect.

use std::sync::Arc;

use doorstep_store::evidence::list_replays;
use doorstep_store::feed::FeedBatch;
use doorstep_store::quarantine::{QuarantineItem, lock_item};
use doorstep_store::{Conn, blobs, devices, documents};
use serde_json::json;
use sync_core::bytes::{Blob, Hash};
use sync_core::guard::{self, Limits};
use sync_core::ids::{BatchId, DeviceId, VisitId};
use sync_core::protocol::{Ack, Outcome, PushDoc, PushStatement, SyncRequest};

use super::{DrivenItem, Pushed, Round, Turn, push};
use crate::app::auth::load_holder;
use crate::app::blobs::accept;
use crate::app::quarantine::{load, load_bytes, require_unsettled, settle};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, audit, once::Once};

/// What driving an item again came to.
#[derive(Debug, Clone)]
pub struct Redriven {
    /// The item as it is now.
    pub item: QuarantineItem,
    /// The outcome a phone would have been told.
    pub outcome: Outcome,
    /// Why it was refused again.
    pub code: Option<String>,
}

/// Judges the bytes of an item again, and writes what is good now.
///
/// # Errors
/// `not_found`; `state_invalid` for an item whose content counts already, or whose phone wrote it anew, be it since this
/// was asked: then nothing is written.
pub async fn redrive(state: &AppState, ctx: Ctx, device: DeviceId, id: String) -> AppResult<Redriven> {
    let (batch, asker, name) = (BatchId(state.id()), ctx.clone(), id.clone());
    let driven = state.store.read(move |conn| driven(conn, &asker, device, &name, batch)).await?;
    let round = match driven {
        Driven::Push(round) => *round,
        Driven::Blob(sha256) => return redrive_blob(state, ctx, device, sha256).await,
    };
    let pushed = push::push(state, &Arc::new(round), &mut Turn::default()).await?;
    let ack = ack_of(&pushed)?.clone();
    let item = state.store.read(move |conn| load(conn, &ctx, device, &id)).await?;
    Ok(Redriven { item, outcome: ack.outcome, code: ack.code })
}

/// The ack of the only item.
fn ack_of(pushed: &Pushed) -> AppResult<&Ack> {
    let mut acks = pushed.docs.iter().chain(&pushed.intents).chain(&pushed.statements);
    acks.next().ok_or_else(|| AppError::Internal("a re-driven item has no ack".to_owned()))
}

/// What is to be driven again.
enum Driven {
    /// What came with a push.
    Push(Box<Round>),
    /// A blob.
    Blob(Hash),
}

/// A push of nothing but the item, by its device and its rep; or the blob that the item is.
fn driven(conn: &mut Conn, ctx: &Ctx, device: DeviceId, id: &str, batch: BatchId) -> AppResult<Driven> {
    let item = load(conn, ctx, device, id)?;
    require_drivable(&item)?;
    if item.kind == "blob" {
        return Ok(Driven::Blob(id.parse().map_err(|_foreign| ErrorCode::NotFound)?));
    }
    let bytes = load_bytes(conn, ctx.actor.org, device, id)?;
    let mut request = empty_request(device, batch);
    match (item.kind.as_str(), item.visit_id) {
        ("doc", Some(visit)) => {
            let replays = list_replays(conn, ctx.actor.org, id, device)?;
            let is_stored = !documents::list_sizes(conn, ctx.actor.org, &[visit.0])?.is_empty();
            request.docs.push(PushDoc { replays, ..doc_of(visit.0, bytes, is_stored) });
        }
        ("statement", _) => request.statements.extend(statement_of(&bytes)),
        _ => request.intents.push(Blob(bytes)),
    }
    let driven = Some(DrivenItem { device, id: id.to_owned(), code: item.code.clone(), by: ctx.clone() });
    Ok(Driven::Push(Box::new(Round { driven, ..round(conn, ctx, &item, device, request)? })))
}

/// Counts a blob from now on: its bytes were checked when they came, and only its phone was in doubt.
async fn redrive_blob(state: &AppState, ctx: Ctx, device: DeviceId, sha256: Hash) -> AppResult<Redriven> {
    let app = state.clone();
    let write = move |conn: &mut Conn| {
        let (org, id) = (ctx.actor.org, sha256.to_string());
        // Whoever claims or stores the blob locks it first, too.
        blobs::lock_blob(conn, org, sha256)?;
        let mut batch = FeedBatch::new();
        let counts_now = accept(conn, &mut batch, (org, device, sha256), ctx.now)?;
        // Behind the rows of the visits, as everywhere.
        require_drivable(&lock_item(conn, org, device, &id)?.ok_or(ErrorCode::NotFound)?)?;
        let outcome = if counts_now { Outcome::Stored } else { Outcome::Duplicate };
        conclude(conn, &app, &ctx, (device, &id), (outcome, None, is_done(outcome)), &mut batch)?;
        batch.publish(conn, org)?;
        Ok::<_, AppError>(Redriven { item: load(conn, &ctx, device, &id)?, outcome, code: None })
    };
    let redriven = state.store.write(write).await?;
    state.ingest.wake();
    state.findings.wake();
    Ok(redriven)
}

/// Refuses what counts already, or was written anew by its phone: the same records twice would stand as a conflict for
/// ever.
fn require_drivable(item: &QuarantineItem) -> AppResult<()> {
    require_unsettled(item)?;
    if item.state == "replayed" { Err(ErrorCode::StateInvalid.into()) } else { Ok(()) }
}

/// Refuses the push of an item that somebody settled since it was read, if one is driven.
///
/// # Concurrency
/// Holds the item's row until the commit: who settles it from now on does so after its content is stored. To be called
/// once the rows of the visits are locked, as everybody does who settles an item by what he writes.
pub(super) fn require_still_drivable(conn: &mut Conn, round: &Round) -> AppResult<()> {
    let Some(DrivenItem { device, id, .. }) = &round.driven else { return Ok(()) };
    let item = lock_item(conn, round.ctx.actor.org, *device, id)?.ok_or(ErrorCode::NotFound)?;
    require_drivable(&item)
}

/// A request without content, as this device would send it.
pub(super) const fn empty_request(device: DeviceId, batch: BatchId) -> SyncRequest {
    SyncRequest {
        protocol: 1,
        device_id: device,
        batch_id: batch,
        cursor: None,
        max_bytes: 0,
        docs: Vec::new(),
        intents: Vec::new(),
        statements: Vec::new(),
        blobs: Vec::new(),
        arrived: Vec::new(),
        receipts: Vec::new(),
        device_state: None,
        seal: None,
    }
}

/// The round in which the office acts for the rep whose item it is; `writer` owns the actor of new changes.
pub(super) fn round(
    conn: &mut Conn,
    ctx: &Ctx,
    item: &QuarantineItem,
    writer: DeviceId,
    request: SyncRequest,
) -> AppResult<Round> {
    let mut device = devices::find_device(conn, ctx.actor.org, item.device_id.0)?.ok_or(ErrorCode::NotFound)?;
    let actor = load_holder(conn, &device)?;
    device.id.0 = writer;
    let ctx = Ctx { now: ctx.now, actor, scope: ctx.scope, once: Once::default(), grants: Vec::new() };
    Ok(Round { ctx, device, request, sealed: None, is_from_office: true, is_carried: false, driven: None })
}

/// The pushed document that refused bytes are. Where somebody else began the document meanwhile, a whole one is told as
/// its changes: its phone, which would be asked for them, may be gone.
fn doc_of(visit: VisitId, bytes: Vec<u8>, is_stored: bool) -> PushDoc {
    let chunks = guard::split_chunks(&bytes).unwrap_or_else(|| vec![bytes]);
    if !is_stored {
        return pushed(visit, chunks);
    }
    pushed(visit, chunks.into_iter().flat_map(|chunk| guard::as_changes(chunk, &Limits::DEFAULT)).collect())
}

/// A pushed document of these chunks, which its heads cover.
pub(super) fn pushed(visit: VisitId, chunks: Vec<Vec<u8>>) -> PushDoc {
    let heads = guard::heads_of(&chunks, &Limits::DEFAULT);
    PushDoc { heads, chunks: chunks.into_iter().map(Blob).collect(), ..PushDoc::asking(visit) }
}

/// Body and seal are kept in one piece: the body, a line feed, the seal, which holds none.
fn statement_of(bytes: &[u8]) -> Option<PushStatement> {
    let at = bytes.iter().rposition(|byte| *byte == b'\n')?;
    let (body, seal) = (bytes.get(..at)?, bytes.get(at + 1..)?);
    Some(PushStatement { body: Blob(body.to_vec()), seal: String::from_utf8(seal.to_vec()).ok()? })
}

/// Says what became of the item that a push drives, where it is written: its content never counts while it is open. Where
/// only its beginning counts, the rest is an item of its own now.
pub(super) fn conclude_driven(
    conn: &mut Conn,
    state: &AppState,
    round: &Round,
    (pushed, counts): (&Pushed, bool),
    batch: &mut FeedBatch,
) -> AppResult<()> {
    let Some(DrivenItem { device, id, by, .. }) = &round.driven else { return Ok(()) };
    let ack = ack_of(pushed)?;
    let is_done = is_done(ack.outcome) || counts && ack.code.as_deref() != Some("quarantine_full");
    conclude(conn, state, by, (*device, id), (ack.outcome, ack.code.as_deref(), is_done), batch)
}

const fn is_done(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Stored | Outcome::Duplicate | Outcome::Late)
}

fn conclude(
    conn: &mut Conn,
    state: &AppState,
    ctx: &Ctx,
    (device, id): (DeviceId, &str),
    (outcome, code, is_done): (Outcome, Option<&str>, bool),
    batch: &mut FeedBatch,
) -> AppResult<()> {
    let item = load(conn, ctx, device, id)?;
    if is_done {
        settle(conn, ctx.actor.org, &item, "redriven", Some((ctx.actor.user, None)), ctx.now, batch)?;
    }
    let detail = json!({ "device": device, "code": item.code, "outcome": outcome, "again": code });
    audit::record(conn, state, ctx, "quarantine.redriven", id, &detail)
}
