//! One sync round (design section 3): take in what the phone captured, answer what changed for it.
//!
//! A push is judged outside the write transaction (guard, seals) and committed optimistically; if
//! another push of the same document came first, it is judged again. One bad item never fails the request.

mod access;
mod apply;
mod asked;
mod carried;
mod doc;
mod gaps;
mod intents;
mod judge;
mod late;
mod part;
mod projection;
mod pull;
mod push;
mod receipt;
mod redrive;
mod replayed;
mod salvage;
mod statement;
#[cfg(test)]
mod tests;
mod turn;
mod writers;

use std::collections::BTreeSet;
use std::sync::Arc;

use doorstep_store::devices::{DeviceHeartbeat, DeviceRow, ReportedState, find_device, update_heartbeat};
use doorstep_store::feed::audience_head;
use doorstep_store::{Conn, StoreError};
use sync_core::bytes::{Blob, Hash};
use sync_core::ids::{BatchId, DeviceId, OrgId, VisitId};
use sync_core::jws::P256PublicKey;
use sync_core::protocol::row::kind;
use sync_core::protocol::seal::{BatchSeal, verify_batch_seal};
use sync_core::protocol::{Ack, Audience, DeviceState, Outcome, PROTOCOL, PushDoc, SyncRequest, SyncResponse};

use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, devices, receipts};
use crate::domain::TokenKind;

pub(crate) use carried::take_in_carried;
pub use projection::{claims, named_statements, project, write_counting};
pub(crate) use receipt::Held;
pub use redrive::{Redriven, redrive};
pub(crate) use salvage::reps_of;
pub use salvage::{Choice, Salvaged, apply_salvage, show_salvage};
pub use turn::Turn;

/// A phone that only asks is recorded as seen this often, so that asking stays free of writes.
const SEEN_EVERY_MS: i64 = 5 * 60 * 1000;

/// Most visits a phone names as unsent.
const NAMED_VISITS: usize = 100;

/// A request with everything known about its sender.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    ctx: Ctx,
    device: DeviceRow,
    request: SyncRequest,
    /// The batch seal, and the list it covers.
    sealed: Option<BatchSeal>,
    /// Whether the office lets bytes be judged again, or writes what it salvaged: the state of the device and its seal
    /// do not count then.
    is_from_office: bool,
    /// Whether it came in a bundle or by the automerge-repo door: it says nothing of how its device is doing now.
    is_carried: bool,
    /// The item of quarantine that is driven again.
    driven: Option<DrivenItem>,
}

/// An item of quarantine that is judged once more.
#[derive(Debug, Clone)]
struct DrivenItem {
    /// The device that sent it.
    device: DeviceId,
    id: String,
    /// Why it was refused.
    code: String,
    /// Who of the office does so.
    by: Ctx,
}

impl Round {
    /// Whether an item is driven again that was refused for this reason.
    fn drives(&self, code: &str) -> bool {
        self.driven.as_ref().is_some_and(|item| item.code == code)
    }

    /// A revoked device reads nothing, and what it brings goes to quarantine.
    fn is_revoked(&self) -> bool {
        self.device.state == "revoked" && !self.is_from_office
    }

    /// A suspended device reads nothing; what it brings is accepted and marked.
    fn is_suspended(&self) -> bool {
        self.device.state == "suspended" && !self.is_from_office
    }

    /// What the phone reported about itself.
    ///
    /// The phone counts without what it brings; `untaken` of that it keeps.
    fn heartbeat(&self, untaken: i64) -> DeviceHeartbeat {
        let now = self.ctx.now;
        let report = |reported: &DeviceState| ReportedState {
            unsent: i64::try_from(reported.unsent).unwrap_or(i64::MAX).saturating_add(untaken),
            oldest_unsent_at_ms: reported.oldest_unsent_at.map(|at| at.0),
            free_bytes: reported.free_bytes.and_then(|bytes| i64::try_from(bytes).ok()),
            clock_skew_ms: Some(reported.clock.wall_ms.saturating_sub(now.0)),
            unsent_visits: reported.unsent_visits.as_ref().map(|visits| {
                let named: Vec<String> = visits.iter().take(NAMED_VISITS).map(ToString::to_string).collect();
                serde_json::json!(named).to_string()
            }),
        };
        DeviceHeartbeat { last_seen_at_ms: now.0, reported: self.request.device_state.as_ref().map(report) }
    }

    fn may_read(&self) -> bool {
        self.device.state == "active" && self.ctx.actor.token == TokenKind::Full
    }
}

/// Runs one sync round; `turn` is waited for where much will be read, of what changed or of what a push changes.
///
/// # Errors
/// Only what fails the request as a whole: `seal_invalid`, `invalid`, `too_many_changes`, `busy`.
/// Everything about single items stands in the acks.
pub async fn sync(state: &AppState, ctx: Ctx, request: SyncRequest, turn: &mut Turn) -> AppResult<SyncResponse> {
    let (round, head) = open(state, ctx, request).await?;
    if turn::is_much(&round.ctx, turn::has_read(state, &round), head) {
        turn.wait(state).await;
    }
    let round = Arc::new(round);
    let pushed = if round.request.has_content() {
        let pushed = push::push(state, &round, turn).await?;
        if pushed.untaken() > 0 {
            // Each part of the push recorded what it left itself.
            record(state, &round, round.heartbeat(pushed.untaken())).await?;
        }
        Some(pushed)
    } else {
        heartbeat(state, &round).await?;
        None
    };
    let mut response = answer(state, &round, pushed.as_ref()).await?;
    if let Some(pushed) = pushed {
        response.wants = pushed.wants.iter().copied().collect();
        response.acks = merge_acks(&round.request, pushed, response.acks);
    }
    Ok(response)
}

/// What a phone is told beside what became of its items.
async fn answer(state: &AppState, round: &Arc<Round>, pushed: Option<&Pushed>) -> AppResult<SyncResponse> {
    // Not to be done without: an answer without the order would withdraw it.
    let order = match round.device.order_id {
        Some(_) => devices::pending_order(state, &round.ctx, round.device.id.0).await?,
        None => None,
    };
    let must_answer = round.request.has_content() || order.is_some();
    let due = carried::due(state, round).await;
    let due = unless_needed(state, round, must_answer, "receipts that wait cannot be given", due)?;
    let must_answer = must_answer || !due.is_empty();
    let news = pull::pull(state, round).await.map(Some);
    let pulled = match unless_needed(state, round, must_answer, "news cannot be read", news)? {
        Some(pulled) => pulled,
        None => pull::nothing(state, round)?,
    };
    let mut response = SyncResponse::nothing_new(state.epoch, pulled.cursor, round.ctx.now);
    if pull::known_cursor(&round.request, state.epoch).is_none() {
        response.limits = state.config.limits.unlike_defaults();
    }
    response.more = pulled.more;
    response.docs = pulled.docs;
    response.rows = pulled.rows;
    response.acks = pulled.acks;
    let complete = receipts::of_news(state, round.ctx.actor.org, pulled.visits.into_iter().collect()).await;
    response.receipts =
        unless_needed(state, round, must_answer, "receipts of complete visits cannot be given", complete)?;
    // Not to be done without: the phone takes a blob that it asks after and that is not named for lost.
    let asked = asked::held(state, round).await?;
    gaps::note(state, round, pushed, &asked).await?;
    response.receipts.extend(receipt::held(state, round, pushed.map(|pushed| &pushed.held), asked)?);
    response.receipts.extend(due);
    response.rows.extend(order.map(|row| (kind::ORDER.to_owned(), vec![row])));
    Ok(response)
}

/// What an answer can do without: if it cannot be had, what was just stored is acknowledged all the same, and an order
/// or a receipt that waits is given; the phone asks again. An answer with nothing of the kind says what is wrong, and so
/// does one into data that are others by now: receipts of data that are no more would let the phone free what nobody
/// else has.
fn unless_needed<T: Default>(
    state: &AppState,
    round: &Round,
    must_answer: bool,
    fault: &str,
    found: AppResult<T>,
) -> AppResult<T> {
    match found {
        Err(error) if must_answer && !state.stopping.is_displaced() => {
            tracing::error!(org = %round.ctx.actor.org, device = %round.device.id.0, ?error, "{fault}");
            Ok(T::default())
        }
        other => other,
    }
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
    let docs = vec![PushDoc { heads, chunks, ..PushDoc::asking(visit) }];
    let request = SyncRequest {
        protocol: PROTOCOL,
        device_id: ctx.device()?,
        batch_id: BatchId(state.id()),
        cursor: None,
        max_bytes: 0,
        docs,
        intents: Vec::new(),
        statements: Vec::new(),
        blobs: Vec::new(),
        arrived: Vec::new(),
        receipts: Vec::new(),
        device_state: None,
        seal: None,
    };
    let (org, id) = (ctx.actor.org, ctx.device()?);
    let device = state.store.read(move |conn| find_sender(conn, org, id)).await?;
    let round =
        Arc::new(Round { ctx, device, request, sealed: None, is_from_office: false, is_carried: true, driven: None });
    let pushed = push::push(state, &round, &mut Turn::default()).await?;
    pushed.docs.into_iter().next().ok_or_else(|| AppError::Internal("a pushed document has no ack".to_owned()))
}

fn find_sender(conn: &mut Conn, org: OrgId, id: DeviceId) -> AppResult<DeviceRow> {
    Ok(find_device(conn, org, id)?.ok_or(ErrorCode::TokenInvalid)?)
}

/// Request order: the acks of documents asked for stand between those pushed.
fn merge_acks(request: &SyncRequest, pushed: Pushed, asked: Vec<Ack>) -> Vec<Ack> {
    let (mut docs, mut asked) = (pushed.docs.into_iter(), asked.into_iter());
    let acks = request.docs.iter().filter_map(|doc| if doc.asks() { asked.next() } else { docs.next() });
    acks.chain(pushed.intents).chain(pushed.statements).collect()
}

/// Checks who asks; tells also how much there is for himself.
async fn open(state: &AppState, ctx: Ctx, request: SyncRequest) -> AppResult<(Round, i64)> {
    let id = ctx.device()?;
    if request.protocol != PROTOCOL || request.device_id != id {
        let refusal = Refusal::new(ErrorCode::Invalid)
            .field("protocol", "1")
            .field("device_id", "the device the access token belongs to");
        return Err(refusal.into());
    }
    require_each_document_once(&request)?;
    let org = ctx.actor.org;
    let own = Audience::User(ctx.actor.user).to_string();
    let found = state.store.read(move |conn| {
        let device = find_sender(conn, org, id)?;
        Ok::<_, AppError>((device, audience_head(conn, org, &own)?))
    });
    let (device, head) = found.await?;
    let key = P256PublicKey::from_sec1(&device.public_key).map_err(|error| {
        AppError::Store(StoreError::Corrupt { table: "devices", id: id.to_string(), what: error.to_string() })
    })?;
    let sealed = verify_batch_seal(org, &request, &key).map_err(|error| {
        AppError::from(Refusal::new(ErrorCode::SealInvalid).detail(error.to_string(), "请求签章与内容不符"))
    })?;
    Ok((Round { ctx, device, request, sealed, is_from_office: false, is_carried: false, driven: None }, head))
}

/// Two pushes of one document in one request could not both be judged against what is stored.
fn require_each_document_once(request: &SyncRequest) -> AppResult<()> {
    let mut known = BTreeSet::new();
    if request.pushed().all(|doc| known.insert(doc.id)) {
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
    /// Items that are not durable, not even in quarantine: the phone keeps them.
    fn untaken(&self) -> i64 {
        let is_untaken = |ack: &&Ack| {
            matches!(ack.outcome, Outcome::NeedFull | Outcome::NeedReplay | Outcome::NotFound)
                || ack.code.as_deref() == Some("quarantine_full")
        };
        let acks = self.docs.iter().chain(&self.intents).chain(&self.statements);
        i64::try_from(acks.filter(is_untaken).count()).unwrap_or(i64::MAX)
    }

    /// Adds what the next part of the same push came to.
    fn add(&mut self, next: Self) {
        self.intents.extend(next.intents);
        self.docs.extend(next.docs);
        self.statements.extend(next.statements);
        self.held.add(next.held);
        self.wants.extend(next.wants);
    }
}

/// Records what a phone that only asks reported about itself; a push records it with what it brings.
async fn heartbeat(state: &AppState, round: &Arc<Round>) -> AppResult<()> {
    let beat = round.heartbeat(0);
    let last_seen = round.device.last_seen_at_ms;
    let seen_lately = last_seen.is_some_and(|seen| round.ctx.now.0.saturating_sub(seen) < SEEN_EVERY_MS);
    let said = (round.device.unsent, round.device.oldest_unsent_at_ms);
    let says_the_same =
        beat.reported.as_ref().is_none_or(|reported| (reported.unsent, reported.oldest_unsent_at_ms) == said);
    if seen_lately && says_the_same {
        return Ok(());
    }
    record(state, round, beat).await
}

async fn record(state: &AppState, round: &Round, beat: DeviceHeartbeat) -> AppResult<()> {
    let (org, device) = (round.ctx.actor.org, round.device.id.0);
    state.store.write(move |conn| Ok::<_, AppError>(update_heartbeat(conn, org, device, &beat)?)).await
}
