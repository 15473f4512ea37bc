//! Working out what is kept of a picture beside its original: copies, facts, quality, prints.
//!
//! The queue is the database: what is pending stays pending until all of it is stored. What has copies already, or could
//! have none, and was not looked at by this version, is looked at when nothing is pending.

mod facts;
mod memory;
mod pass;
mod queue;
#[cfg(test)]
mod tests;
mod work;

use std::sync::Arc;
use std::time::Duration;

use doorstep_media::{Deadline, Ingested, Limits, NoPreview, Workspace};
use doorstep_store::blobs::{self, DueRow, Outcome};
use doorstep_store::lease::Claims;
use doorstep_store::{Conn, blob_facts};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use sync_core::time::UnixMillis;

use self::facts::VERSION;
pub use self::facts::{prints_of, windows_of};
use self::memory::Share;
use self::pass::Pass;
pub use self::queue::IngestQueue;
use self::queue::Turn;
use self::work::Ran;
use super::read::{DerivedSize, read_verified, unreadable};
use crate::app::{AppError, AppResult, AppState, findings};
use crate::ports::BlobError;

/// How often a picture may have ended the process before it is begun no more.
///
/// # Source
/// Limits of photos: "2 crashes".
const MOST_CRASHES: i64 = 2;

/// How long one picture may take.
///
/// # Source
/// Limits of photos: 20 s of a processor.
const LONGEST: Duration = Duration::from_secs(20);

/// When a picture that took too long or ended the process is tried again by itself.
///
/// # Units
/// Milliseconds.
const AGAIN_AFTER_MS: i64 = 24 * 3600 * 1000;

/// How often that is done: by then the machine has been idle once, or has got a new release.
const MOST_RETRIES: i64 = 7;

/// How long an original that cannot be read is left alone.
///
/// # Units
/// Milliseconds.
///
/// # Source
/// A directory that is not mounted is mounted by a person.
const UNREAD_FOR_MS: i64 = 5 * 60 * 1000;

/// Why a picture that ended the process is begun no more.
const CRASHED: &str = "crashed";

/// Why nothing is made of an original that is not what its name says.
const ORIGINAL_UNREADABLE: &str = "original_unreadable";

/// Whether a reason lies with the machine or its storage: the same bytes, brought again, may fare better.
pub(super) fn may_pass(reason: &str) -> bool {
    [CRASHED, ORIGINAL_UNREADABLE, NoPreview::TooSlow.code()].contains(&reason)
}

/// Whether a picture given up for this reason is tried again by itself: a quieter machine or a later release may do better.
fn is_tried_again(reason: &str) -> bool {
    [CRASHED, NoPreview::TooSlow.code()].contains(&reason)
}

/// Ingests every pending picture and those that are to be tried again, and some of those with copies that are due; returns
/// how many were settled.
///
/// Wakes the job where more are due.
///
/// # Concurrency
/// Runs on several nodes at once: each picture is ingested by the one that claims it. Those of a node that dies are free
/// at once, and its claims are all it leaves behind: should two ever ingest one picture, they come to the same.
///
/// # Errors
/// The first failure of database or storage; what was not settled stays due. An original that cannot be read keeps back
/// no other picture, is told when all others are done, and is then left alone for some minutes; any other failure would
/// be that of the next picture too.
pub async fn ingest_pending(state: &AppState) -> AppResult<usize> {
    Pass::default().run(state).await
}

/// The turn of a picture and the memory of its original; both are free when the last clone is dropped.
type Held = Arc<(Turn, Share)>;

/// How the look at a picture ended.
enum Ended {
    /// It is not due any more.
    Settled,
    /// It is left to another node, or to another pass.
    Left,
    /// Its original cannot be read now.
    Unread(AppError),
}

/// Ingests one picture, stores what it gives, and only then says so.
async fn settle(state: &AppState, claims: &Claims, row: &DueRow) -> AppResult<Ended> {
    let (org, sha256) = (row.org_id.0, row.sha256.0);
    let now_ms = state.clock.now().0;
    if state.ingest.was_unread((org, sha256), now_ms.saturating_sub(UNREAD_FOR_MS)) {
        return Ok(Ended::Left);
    }
    // Held to the end: bounds memory as well as processor time, and who stops the process waits for it.
    let Some(turn) = state.ingest.turn(row.ingest_attempts.unwrap_or_default()).await? else {
        return Ok(Ended::Left);
    };
    let piece = format!("ingest/{org}/{sha256}");
    if !claims.take(piece.clone()).await? {
        return Ok(Ended::Left);
    }
    let ended = settle_claimed(state, row, turn).await;
    let given = claims.give_back(piece).await;
    let ended = ended?;
    Ok(given.map(|()| ended)?)
}

/// As [`settle`], for whoever has claimed the picture.
async fn settle_claimed(state: &AppState, row: &DueRow, turn: Turn) -> AppResult<Ended> {
    let (org, sha256) = (row.org_id.0, row.sha256.0);
    let now_ms = state.clock.now().0;
    let share = state.ingest.memory().original(u64::try_from(row.bytes).unwrap_or_default()).await?;
    let held: Held = Arc::new((turn, share));
    // What nobody can read is not begun.
    let original = match read_original(state, org, sha256).await {
        Err(error) => {
            state.ingest.note_unread((org, sha256), now_ms);
            return Ok(Ended::Unread(error));
        }
        Ok(original) => original,
    };
    // Another node may have settled it since it was listed.
    let begin = move |conn: &mut _| Ok::<_, AppError>(blobs::begin_ingest(conn, org, sha256, VERSION, now_ms)?);
    let Some(before) = state.store.write(begin).await? else { return Ok(Ended::Left) };
    // Until it ends, or is cut off by the end of the process.
    let _begun = state.ingest.begun((org, sha256), before);
    match end(state, row, original, before, (&held, of_photo)).await {
        // The machine failed, not the picture.
        Err(error) => put_back(state, (org, sha256), before).await.and(Err(error)),
        ended => ended,
    }
}

/// The original; none if it is damaged, which is for people, who see why there is no preview.
///
/// # Errors
/// If it cannot be read: absence may be a directory that is not mounted.
async fn read_original(state: &AppState, org: OrgId, sha256: Hash) -> AppResult<Option<Vec<u8>>> {
    match read_verified(state, org, sha256).await {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error @ BlobError::HashMismatch { .. }) => {
            tracing::error!(%org, %sha256, %error, "the original is damaged");
            Ok(None)
        }
        Err(error) => {
            tracing::error!(%org, %sha256, %error, "the original cannot be read");
            Err(unreadable(sha256, error))
        }
    }
}

/// Counts a picture that was begun as one that was not.
async fn put_back(state: &AppState, (org, sha256): (OrgId, Hash), before: i64) -> AppResult<()> {
    state.store.write(move |conn| Ok::<_, AppError>(blobs::set_attempts(conn, org, sha256, before)?)).await
}

/// Lets no picture begin from now on, and waits for those that have begun, but only so long; what takes longer is cut off
/// with the process, and counts as never begun: the process is ended by whoever stops it.
pub async fn stop_ingest(state: &AppState, longest: Duration) {
    if tokio::time::timeout(longest, state.ingest.close()).await.is_ok() {
        return;
    }
    for (of, before) in state.ingest.all_begun() {
        tracing::warn!(org = %of.0, sha256 = %of.1, "a picture was cut off; it is begun anew");
        if let Err(error) = put_back(state, of, before).await {
            tracing::error!(%error, "a picture that was cut off counts as one that ended the process");
        }
    }
}

/// Stores what a begun picture gives, or why it gives nothing.
async fn end(
    state: &AppState,
    row: &DueRow,
    original: Option<Vec<u8>>,
    before: i64,
    (held, ingest): (&Held, impl Ingest),
) -> AppResult<Ended> {
    let (org, sha256) = (row.org_id.0, row.sha256.0);
    // Damage may have been mended between the look and the begin; later, this ingest does not count any more.
    let original = match original {
        None if before < MOST_CRASHES => read_original(state, org, sha256).await?,
        original => original,
    };
    let reason = match original {
        _ if before >= MOST_CRASHES => CRASHED,
        None => ORIGINAL_UNREADABLE,
        Some(bytes) => match work_out(state, bytes, held, ingest).await? {
            Ok(ingested) => return keep(state, (org, sha256), before, ingested).await,
            Err(reason) if is_tried_alone(&reason, before) => return Ok(Ended::Left),
            Err(reason) => reason.code(),
        },
    };
    tracing::info!(%org, %sha256, reason, "not ingested");
    let now = state.clock.now();
    let retries = row.ingest_retries.unwrap_or_default();
    let is_again = is_tried_again(reason) && retries < MOST_RETRIES;
    let again = is_again.then(|| (now.0.saturating_add(AGAIN_AFTER_MS), retries.saturating_add(1)));
    // Copies of before stay.
    let state_after = if row.preview_state == "ready" { "ready" } else { "no_preview" };
    let outcome = Outcome { version: VERSION, state: state_after, reason: Some(reason), again };
    let end = move |conn: &mut Conn| {
        blobs::lock_blob(conn, org, sha256)?;
        end_ingest(conn, (org, sha256), before, outcome, now)
    };
    state.store.write(end).await
}

/// Says what became of a picture; what claims it is looked at. The blob must be locked.
fn end_ingest(
    conn: &mut Conn,
    (org, sha256): (OrgId, Hash),
    before: i64,
    outcome: Outcome<'_>,
    now: UnixMillis,
) -> AppResult<Ended> {
    if !blobs::end_ingest(conn, org, sha256, before.saturating_add(1), outcome)? {
        // Its bytes were written anew meanwhile, which woke the job.
        return Ok(Ended::Left);
    }
    let claiming = blobs::list_claiming_visits(conn, org, sha256)?;
    findings::look_at(conn, org, claiming, now)?;
    Ok(Ended::Settled)
}

/// Whether a picture was too slow for the first time, beside others: as one that was begun and never ended, it has the
/// machine for itself in another pass.
fn is_tried_alone(reason: &NoPreview, before: i64) -> bool {
    before == 0 && *reason == NoPreview::TooSlow
}

/// What is worked out from the bytes of a picture.
trait Ingest: FnOnce(&[u8], &Deadline, &mut Workspace) -> Result<Ingested, NoPreview> + Send + 'static {}

impl<F: FnOnce(&[u8], &Deadline, &mut Workspace) -> Result<Ingested, NoPreview> + Send + 'static> Ingest for F {}

/// All that is kept of a photo.
fn of_photo(bytes: &[u8], deadline: &Deadline, workspace: &mut Workspace) -> Result<Ingested, NoPreview> {
    workspace.ingest(bytes, &Limits::default(), deadline)
}

/// What a picture gives, or why nothing.
///
/// What panics on a picture is caught where pictures are decoded; whatever gets past that costs no more than a preview
/// either.
async fn work_out(
    state: &AppState,
    bytes: Vec<u8>,
    held: &Held,
    ingest: impl Ingest,
) -> AppResult<Result<Box<Ingested>, NoPreview>> {
    let looked_at = tokio::task::spawn_blocking(move || (doorstep_media::memory(&bytes, &Limits::default()), bytes));
    let (memory, bytes) = looked_at.await.map_err(|error| AppError::Internal(error.to_string()))?;
    let memory = match memory {
        Ok(memory) => memory,
        Err(reason) => return Ok(Err(reason)),
    };
    // The time of the work begins when there is room for it.
    let share = state.ingest.memory().decoded(memory).await?;
    let (held, queue) = (Held::clone(held), Arc::clone(&state.ingest));
    let worked_out = work::within(LONGEST, move |deadline| {
        let mut kept = queue.memory().workspace();
        let ingested = ingest(&bytes, deadline, &mut kept.workspace);
        // Only now is its memory free, however long it took.
        drop((bytes, share, held));
        // Where nobody waits for it, nobody may be there to forget it either.
        if !deadline.is_over() {
            queue.memory().keep(kept);
        }
        ingested.map(Box::new)
    });
    Ok(match worked_out.await? {
        Ran::ToItsEnd(ingested) => ingested,
        Ran::TooLong => Err(NoPreview::TooSlow),
        Ran::Panicked => Err(NoPreview::DecoderPanicked),
    })
}

async fn keep(
    state: &AppState,
    (org, sha256): (OrgId, Hash),
    before: i64,
    ingested: Box<Ingested>,
) -> AppResult<Ended> {
    let now = state.clock.now();
    let facts = facts::row(org, sha256, now.0, &ingested);
    let copies = ingested.previews;
    state.blobs.put_derived(org, &DerivedSize::Preview.name(sha256), copies.preview_1600).await?;
    state.blobs.put_derived(org, &DerivedSize::Thumbnail.name(sha256), copies.thumbnail_320).await?;
    let outcome = Outcome { version: VERSION, state: "ready", reason: None, again: None };
    state
        .store
        .write(move |conn| {
            blobs::lock_blob(conn, org, sha256)?;
            blob_facts::put_facts(conn, &facts)?;
            end_ingest(conn, (org, sha256), before, outcome, now)
        })
        .await
}
