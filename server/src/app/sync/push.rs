//! Taking a push in: in transactions of bounded size, and where one fails for a reason of one item, without that item.
//!
//! Knows nothing of what an item is; `judge` and `apply` do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use doorstep_store::{Conn, StoreError, documents};
use sync_core::ids::VisitId;

use super::judge::Judged;
use super::part::Part;
use super::{Pushed, Round, Turn, apply, doc, judge};
use crate::app::installation::read_own;
use crate::app::{AppError, AppResult, AppState, ErrorCode};

/// How often a push is judged again after another one of the same document came first.
const MAX_JUDGEMENTS: u32 = 8;

/// Waits before an item is tried again that the database refused without saying why: PostgreSQL tells a deadlock or a
/// timeout from a defect only in words, which may be in any language.
const SECOND_THOUGHTS: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(200), Duration::from_millis(800)];

/// Most bytes that are judged and written together; most pushes are smaller. A judged document takes about ten times
/// its bytes, so this bounds the memory of a request.
const PART_BYTES: usize = 512 << 10;

/// Most bytes stored of documents that are judged and written together, unless one alone has more: a small edit of a
/// large document costs what the document costs.
///
/// # Source
/// Measured, a judged document takes about four times what is stored of it until it is written, so as many requests as
/// have a turn at once (`limits.concurrent_syncs`, 8) take 128 MiB of the 300 MiB that the siege grants the process.
const PART_STORED_BYTES: usize = 4 << 20;

/// Bytes stored of documents that a push may change without a turn: thirty visits of 8 KiB, more than anybody does in a
/// day, so that the edits of a day never wait.
const SMALL_STORED_BYTES: usize = 256 << 10;

/// Takes in what a round brings; `turn` is waited for where much is stored of what it changes.
///
/// An item that cannot be judged or written, whatever the defect, must not hold up the others for ever: the push is
/// halved until that item stands alone, and then it is kept in quarantine.
pub(super) async fn push(state: &AppState, round: &Arc<Round>, turn: &mut Turn) -> AppResult<Pushed> {
    let whole = Arc::clone(round);
    // Before anything of the request is written; parsing is too much work for a thread that serves connections.
    let stored = read_own(state, move |conn| look_over(conn, &whole)).await?;
    let (mut pushed, whole) = (Pushed::default(), Part::whole(round));
    if whole.stored(&stored) > SMALL_STORED_BYTES {
        turn.wait(state).await;
    }
    let mut parts = vec![whole];
    while let Some(part) = parts.pop() {
        if (part.size() > PART_BYTES || part.stored(&stored) > PART_STORED_BYTES)
            && let Some(halves) = part.halves()
        {
            parts.extend(in_order(halves));
            continue;
        }
        match take_in(state, &part).await {
            Ok(done) => pushed.add(done),
            Err(error) if is_of_whole_request(round, &error) => return Err(error),
            Err(error) => match part.halves() {
                Some(halves) => parts.extend(in_order(halves)),
                None => pushed.add(alone(state, &part, error).await?),
            },
        }
    }
    Ok(pushed)
}

/// Checks that the seal covers what comes, and tells how many bytes are stored of each pushed document.
fn look_over(conn: &mut Conn, round: &Round) -> AppResult<BTreeMap<VisitId, usize>> {
    if !round.is_revoked() {
        doc::require_covered(round)?;
    }
    let visits: Vec<VisitId> = round.request.pushed().map(|pushed| pushed.id).collect();
    Ok(documents::list_sizes(conn, round.ctx.actor.org, &visits)?)
}

/// As the stack wants them, the first on top: what an intent makes must be there before its document comes.
fn in_order([first, second]: [Part; 2]) -> [Part; 2] {
    [second, first]
}

/// A single item that failed: once more where the database may have meant something else by its error, then into
/// quarantine.
async fn alone(state: &AppState, part: &Part, mut error: AppError) -> AppResult<Pushed> {
    for wait in SECOND_THOUGHTS {
        match error {
            AppError::Store(StoreError::Db(_)) => tokio::time::sleep(wait).await,
            _ => break,
        }
        error = match take_in(state, part).await {
            Err(again) if is_of_whole_request(part.round(), &again) => return Err(again),
            Err(again) => again,
            done => return done,
        };
    }
    match error {
        // Others go on being faster: the phone tries the same request again later.
        AppError::Store(StoreError::Stale) => Err(ErrorCode::Busy.into()),
        _ => set_aside(state, part, &error).await,
    }
}

/// Judges and writes everything in one transaction.
async fn take_in(state: &AppState, part: &Part) -> AppResult<Pushed> {
    for _ in 1..MAX_JUDGEMENTS {
        match judge_and_write(state, part).await {
            Err(AppError::Store(StoreError::Stale | StoreError::Conflict { .. })) => {}
            other => return other,
        }
    }
    judge_and_write(state, part).await
}

async fn judge_and_write(state: &AppState, part: &Part) -> AppResult<Pushed> {
    let (judging, cache) = (part.clone(), Arc::clone(&state.documents));
    let judged = state.store.read(move |conn| judge::judge(conn, &judging, &cache)).await?;
    write(state, part.round(), judged).await
}

async fn write(state: &AppState, round: &Arc<Round>, judged: Judged) -> AppResult<Pushed> {
    let org = round.ctx.actor.org;
    let judged = Arc::new(judged);
    let (round, state_in, writing) = (Arc::clone(round), state.clone(), Arc::clone(&judged));
    let pushed = state.store.write(move |conn: &mut Conn| apply::apply(conn, &state_in, &round, &writing)).await?;
    state.findings.wake();
    judged.docs.iter().for_each(|doc| doc.keep(org, &state.documents));
    Ok(pushed)
}

/// Keeps the one item of a round in quarantine. If even that fails, it was not the item's fault.
async fn set_aside(state: &AppState, part: &Part, error: &AppError) -> AppResult<Pushed> {
    let round = part.round();
    tracing::error!(org = %round.ctx.actor.org, device = %round.device.id.0, ?error, "an item cannot be written");
    write(state, round, Judged::not_writable(part)).await
}

/// Whether a failure says nothing about a single item: the database is away, or nothing of the request may be taken.
fn is_of_whole_request(round: &Round, error: &AppError) -> bool {
    match error {
        AppError::Refused(refusal) => match refusal.code {
            ErrorCode::Busy | ErrorCode::SealInvalid => true,
            // Of an item that is driven again: somebody settled it meanwhile.
            ErrorCode::StateInvalid => round.driven.is_some(),
            _ => false,
        },
        AppError::Store(error) => error.is_outage(),
        _ => false,
    }
}
