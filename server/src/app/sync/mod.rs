//! One sync round (design section 3): take in what the phone captured, answer what changed for it.
//!
//! A push is judged outside the write transaction (guard, seals) and committed optimistically; if
//! another push of the same document came first, it is judged again.

mod apply;
mod doc;
mod intents;
mod judge;
mod late;
mod projection;
mod pull;
mod receipt;
mod statement;

use std::collections::BTreeSet;
use std::sync::Arc;

use doorstep_store::devices::{self, DeviceHeartbeat, DeviceRow};
use doorstep_store::{Conn, StoreError};
use sync_core::jws::P256PublicKey;
use sync_core::protocol::seal::verify_batch_seal;
use sync_core::protocol::{SyncRequest, SyncResponse};

use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal};
use crate::domain::TokenKind;

pub use projection::project;

/// How often a push is judged again after another one of the same document came first.
const MAX_JUDGEMENTS: u32 = 8;

/// A phone that only asks is recorded as seen this often, so that asking stays free of writes.
const SEEN_EVERY_MS: i64 = 5 * 60 * 1000;

/// A request with everything known about its sender.
#[derive(Debug)]
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
}

/// Runs one sync round.
///
/// # Errors
/// Only what fails the request as a whole: `seal_invalid`, `invalid`, `too_many_changes`, `busy`.
/// Everything about single items stands in the acks.
pub async fn sync(state: &AppState, ctx: Ctx, request: SyncRequest) -> AppResult<SyncResponse> {
    let round = Arc::new(open(state, ctx, request).await?);
    let pushed = if round.request.has_content() { Some(push(state, &round).await?) } else { None };
    heartbeat(state, &round, pushed.is_some()).await?;
    let pulled = pull::pull(state, &round).await?;
    let mut response = SyncResponse::nothing_new(state.epoch, pulled.cursor, round.ctx.now);
    response.more = pulled.more;
    response.docs = pulled.docs;
    response.rows = pulled.rows;
    response.acks = pulled.acks;
    if let Some(pushed) = pushed {
        response.receipts.extend(receipt::held(state, &round, &pushed)?);
        response.wants = pushed.wants;
        response.acks = merge_acks(&round.request, pushed.acks, response.acks);
    }
    Ok(response)
}

/// Request order: the acks of documents asked for stand between those pushed.
fn merge_acks(
    request: &SyncRequest,
    pushed: Vec<sync_core::protocol::Ack>,
    asked: Vec<sync_core::protocol::Ack>,
) -> Vec<sync_core::protocol::Ack> {
    let (mut pushed, mut asked) = (pushed.into_iter(), asked.into_iter());
    let mut acks: Vec<_> = request
        .docs
        .iter()
        .filter_map(|doc| if doc.chunks.is_empty() { asked.next() } else { pushed.next() })
        .collect();
    acks.extend(pushed);
    acks
}

async fn open(state: &AppState, ctx: Ctx, request: SyncRequest) -> AppResult<Round> {
    let id = ctx.device()?;
    if request.protocol != 1 || request.device_id != id {
        let refusal = Refusal::new(ErrorCode::Invalid)
            .field("protocol", "1")
            .field("device_id", "the device the access token belongs to");
        return Err(refusal.into());
    }
    require_each_document_once(&request)?;
    let org = ctx.actor.org;
    let device = state
        .store
        .read(move |conn| Ok::<_, AppError>(devices::find_device(conn, org, id)?.ok_or(ErrorCode::TokenInvalid)?))
        .await?;
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

/// What a push came to.
#[derive(Debug, Default)]
pub(crate) struct Pushed {
    acks: Vec<sync_core::protocol::Ack>,
    held: receipt::Held,
    wants: Vec<sync_core::bytes::Hash>,
}

async fn push(state: &AppState, round: &Arc<Round>) -> AppResult<Pushed> {
    let mut judgements = 1;
    loop {
        let judging = Arc::clone(round);
        let judged = Arc::new(state.store.read(move |conn| judge::judge(conn, &judging)).await?);
        let (applying, parts) = (Arc::clone(round), state.clone());
        let result = state.store.write(move |conn: &mut Conn| apply::apply(conn, &parts, &applying, &judged)).await;
        match result {
            Err(AppError::Store(StoreError::Stale | StoreError::Conflict { .. })) if judgements < MAX_JUDGEMENTS => {
                judgements += 1;
            }
            // Whatever keeps clashing, the phone tries the same request again later.
            Err(AppError::Store(StoreError::Stale | StoreError::Conflict { .. })) => return Err(ErrorCode::Busy.into()),
            other => return other,
        }
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
