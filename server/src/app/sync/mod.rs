//! One sync round (design section 3): take in what the phone captured, answer what changed for it.
//!
//! A push is judged outside the write transaction (guard, seals) and committed optimistically; if
//! another push of the same document came first, it is judged again. One bad item never fails the request.

mod apply;
mod doc;
mod intents;
mod judge;
mod late;
mod projection;
mod pull;
mod push;
mod receipt;
mod statement;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use doorstep_store::StoreError;
use doorstep_store::devices::{self, DeviceHeartbeat, DeviceRow};
use sync_core::bytes::{Blob, Hash};
use sync_core::ids::{BatchId, VisitId};
use sync_core::jws::P256PublicKey;
use sync_core::protocol::seal::verify_batch_seal;
use sync_core::protocol::{Ack, PROTOCOL, PushDoc, SyncRequest, SyncResponse};

use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal};
use crate::domain::TokenKind;

pub use projection::project;

/// A phone that only asks is recorded as seen this often, so that asking stays free of writes.
const SEEN_EVERY_MS: i64 = 5 * 60 * 1000;

/// A request with everything known about its sender.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    ctx: Ctx,
    device: DeviceRow,
    request: SyncRequest,
    /// The list the batch seal covers.
    sealed: Option<String>,
}

impl Round {
    /// A revoked device reads nothing, and what it brings goes to quarantine.
    fn is_revoked(&self) -> bool {
        self.device.state == "revoked"
    }

    fn may_read(&self) -> bool {
        self.device.state == "active" && self.ctx.actor.token == TokenKind::Full
    }

    /// Bytes of what it brings.
    fn size(&self) -> usize {
        let request = &self.request;
        let docs = request.docs.iter().flat_map(|doc| &doc.chunks).map(|chunk| chunk.0.len());
        let intents = request.intents.iter().map(|intent| intent.0.len());
        let statements = request.statements.iter().map(|statement| statement.body.0.len());
        docs.chain(intents).chain(statements).sum()
    }

    /// The round in two, each with a part of what it brings, in the order in which items are written: intents,
    /// documents, statements. `None` if there is nothing to divide.
    fn halves(&self) -> Option<(Self, Self)> {
        let request = &self.request;
        let items = request.intents.len() + request.docs.len() + request.statements.len();
        if items < 2 {
            return None;
        }
        let (mut first, mut second) = (self.clone(), self.clone());
        let mut left = items / 2;
        second.request.intents = split_off(&mut first.request.intents, &mut left);
        second.request.docs = split_off(&mut first.request.docs, &mut left);
        second.request.statements = split_off(&mut first.request.statements, &mut left);
        Some((first, second))
    }
}

/// What of a list lies behind the first `left` items; counts down by those that stay.
fn split_off<T>(list: &mut Vec<T>, left: &mut usize) -> Vec<T> {
    let behind = list.split_off(list.len().min(*left));
    *left -= list.len();
    behind
}

/// Runs one sync round.
///
/// # Errors
/// Only what fails the request as a whole: `seal_invalid`, `invalid`, `too_many_changes`, `busy`.
/// Everything about single items stands in the acks.
pub async fn sync(state: &AppState, ctx: Ctx, request: SyncRequest) -> AppResult<SyncResponse> {
    let round = Arc::new(open(state, ctx, request).await?);
    let pushed = if round.request.has_content() { Some(push::push(state, &round).await?) } else { None };
    heartbeat(state, &round, pushed.is_some()).await?;
    let pulled = match pull::pull(state, &round).await {
        // What was just stored is acknowledged whatever the news came to: the phone asks for those again, and
        // a request that brings nothing says what is wrong.
        Err(error) if pushed.is_some() => {
            tracing::error!(org = %round.ctx.actor.org, device = %round.device.id.0, ?error, "news cannot be read");
            pull::nothing(state, &round)?
        }
        other => other?,
    };
    let mut response = SyncResponse::nothing_new(state.epoch, pulled.cursor, round.ctx.now);
    response.more = pulled.more;
    response.docs = pulled.docs;
    response.rows = pulled.rows;
    response.acks = pulled.acks;
    if let Some(pushed) = pushed {
        response.receipts.extend(receipt::held(state, &round, &pushed)?);
        response.wants = pushed.wants.iter().copied().collect();
        response.acks = merge_acks(&round.request, pushed, response.acks);
    }
    Ok(response)
}

/// Takes changes of one document in as if a phone had pushed them, but without a seal: guard, binding of actors to
/// the asker's device, late reasons, quarantine, projections and feed are the same.
///
/// # Errors
/// `forbidden` without a device; what fails a push as a whole.
pub(crate) async fn push_document(
    state: &AppState,
    ctx: Ctx,
    visit: VisitId,
    heads: Vec<Hash>,
    chunks: Vec<Blob>,
) -> AppResult<Ack> {
    let docs = vec![PushDoc { id: visit, base_heads: Vec::new(), heads, chunks }];
    let request = SyncRequest {
        protocol: PROTOCOL,
        device_id: ctx.device()?,
        batch_id: BatchId(state.id()),
        cursor: None,
        max_bytes: 0,
        docs,
        intents: Vec::new(),
        statements: Vec::new(),
        device_state: None,
        seal: None,
    };
    let device = find_sender(state, &ctx).await?;
    let round = Arc::new(Round { ctx, device, request, sealed: None });
    let pushed = push::push(state, &round).await?;
    pushed.docs.into_iter().next().ok_or_else(|| AppError::Internal("a pushed document has no ack".to_owned()))
}

async fn find_sender(state: &AppState, ctx: &Ctx) -> AppResult<DeviceRow> {
    let (org, id) = (ctx.actor.org, ctx.device()?);
    state
        .store
        .read(move |conn| Ok::<_, AppError>(devices::find_device(conn, org, id)?.ok_or(ErrorCode::TokenInvalid)?))
        .await
}

/// Request order: the acks of documents asked for stand between those pushed.
fn merge_acks(request: &SyncRequest, pushed: Pushed, asked: Vec<Ack>) -> Vec<Ack> {
    let (mut docs, mut asked) = (pushed.docs.into_iter(), asked.into_iter());
    let acks = request.docs.iter().filter_map(|doc| if doc.chunks.is_empty() { asked.next() } else { docs.next() });
    acks.chain(pushed.intents).chain(pushed.statements).collect()
}

async fn open(state: &AppState, ctx: Ctx, request: SyncRequest) -> AppResult<Round> {
    let id = ctx.device()?;
    if request.protocol != PROTOCOL || request.device_id != id {
        let refusal = Refusal::new(ErrorCode::Invalid)
            .field("protocol", "1")
            .field("device_id", "the device the access token belongs to");
        return Err(refusal.into());
    }
    require_each_document_once(&request)?;
    let org = ctx.actor.org;
    let device = find_sender(state, &ctx).await?;
    let key = P256PublicKey::from_sec1(&device.public_key).map_err(|error| {
        AppError::Store(StoreError::Corrupt { table: "devices", id: id.to_string(), what: error.to_string() })
    })?;
    let sealed = verify_batch_seal(org, &request, &key).map_err(|error| {
        AppError::from(Refusal::new(ErrorCode::SealInvalid).detail(error.to_string(), "请求签章与内容不符"))
    })?;
    Ok(Round { ctx, device, request, sealed })
}

/// Two pushes of one document in one request could not both be judged against what is stored.
fn require_each_document_once(request: &SyncRequest) -> AppResult<()> {
    let mut known = BTreeSet::new();
    let mut pushed = request.docs.iter().filter(|doc| !doc.chunks.is_empty());
    if pushed.all(|doc| known.insert(doc.id)) {
        return Ok(());
    }
    Err(Refusal::new(ErrorCode::Invalid).field("docs", "each document once, with all its chunks").into())
}

/// What a push came to: acks in request order, what is durable, which blobs are missing.
#[derive(Debug, Default)]
pub(crate) struct Pushed {
    intents: Vec<Ack>,
    docs: Vec<Ack>,
    statements: Vec<Ack>,
    held: receipt::Held,
    wants: BTreeSet<Hash>,
}

impl Pushed {
    /// Adds what the next part of the same push came to.
    fn add(&mut self, next: Self) {
        self.intents.extend(next.intents);
        self.docs.extend(next.docs);
        self.statements.extend(next.statements);
        self.held.add(next.held);
        self.wants.extend(next.wants);
    }
}

/// Records what the phone reported about itself.
async fn heartbeat(state: &AppState, round: &Arc<Round>, pushed: bool) -> AppResult<()> {
    let now = round.ctx.now;
    let reported = round.request.device_state.as_ref();
    let unsent = reported.map_or(round.device.unsent, |reported| i64::try_from(reported.unsent).unwrap_or(i64::MAX));
    let seen_lately = round.device.last_seen_at_ms.is_some_and(|seen| now.0.saturating_sub(seen) < SEEN_EVERY_MS);
    if !pushed && seen_lately && unsent == round.device.unsent {
        return Ok(());
    }
    let beat = DeviceHeartbeat {
        last_seen_at_ms: Some(now.0),
        unsent,
        oldest_unsent_at_ms: reported.and_then(|reported| reported.oldest_unsent_at).map(|at| at.0),
        free_bytes: reported.and_then(|reported| reported.free_bytes).and_then(|bytes| i64::try_from(bytes).ok()),
        clock_skew_ms: reported.map(|reported| reported.clock.wall_ms.saturating_sub(now.0)),
    };
    let (org, device) = (round.ctx.actor.org, round.device.id.0);
    state.store.write(move |conn| Ok::<_, AppError>(devices::update_heartbeat(conn, org, device, &beat)?)).await
}
