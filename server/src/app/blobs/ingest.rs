//! Working out what is kept of a picture beside its original: copies, facts, quality, prints.
//!
//! The queue is the database: what is pending stays pending until all of it is stored.

mod facts;

use std::sync::Arc;
use std::time::Duration;

use doorstep_media::{Deadline, Ingested, Limits, NoPreview};
use doorstep_store::blob_facts;
use doorstep_store::blobs::{self, BlobRow};
use doorstep_store::lease::Claims;
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::read::{DerivedSize, read_verified};
use crate::app::{AppError, AppResult, AppState};

/// Pending pictures looked at together.
const BATCH: i64 = 32;

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

/// Wakes the job and bounds how many pictures are decoded at once.
#[derive(Debug)]
pub struct IngestQueue {
    awake: Notify,
    decoders: Arc<Semaphore>,
    count: u32,
}

impl IngestQueue {
    /// A queue that decodes at most `decoders` pictures at once.
    #[must_use]
    pub fn new(decoders: usize) -> Self {
        let count = u32::try_from(decoders.max(1)).unwrap_or(u32::MAX);
        Self { awake: Notify::new(), decoders: Arc::new(Semaphore::new(decoders.max(1))), count }
    }

    /// Says that something may be pending.
    pub fn wake(&self) {
        self.awake.notify_one();
    }

    /// Waits until somebody says so.
    pub async fn woken(&self) {
        self.awake.notified().await;
    }

    /// Waits until no picture is being decoded, and lets none begin from then on.
    pub async fn close(&self) {
        if let Ok(all) = self.decoders.acquire_many(self.count).await {
            all.forget();
        }
    }

    async fn decoder(&self) -> AppResult<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.decoders).acquire_owned().await;
        permit.map_err(|error| AppError::Internal(error.to_string()))
    }
}

/// Ingests every pending picture and returns how many were settled.
///
/// # Concurrency
/// Runs on several nodes at once: each picture is ingested by the one that claims it. Those of a node that dies are free
/// at once, and its claims are all it leaves behind: should two ever ingest one picture, they come to the same.
///
/// # Errors
/// The first failure of database or storage; its picture and those not reached stay pending.
pub async fn ingest_pending(state: &AppState) -> AppResult<usize> {
    let mut settled = 0;
    loop {
        let pending = state.store.read(|conn| blobs::list_pending(conn, BATCH)).await?;
        if pending.is_empty() {
            return Ok(settled);
        }
        let claims = state.store.claims().await?;
        let before = settled;
        let mut running = JoinSet::new();
        for row in pending {
            let (state, claims) = (state.clone(), claims.clone());
            running.spawn(async move { settle(&state, &claims, &row).await });
        }
        let mut failed = None;
        while let Some(joined) = running.join_next().await {
            match joined.map_err(|error| AppError::Internal(error.to_string())).and_then(|result| result) {
                Ok(is_mine) => settled += usize::from(is_mine),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        // Not tried again at once: what fails for want of space or I/O would fail for ever in this loop.
        if let Some(error) = failed {
            return Err(error);
        }
        // Others are at all of it.
        if settled == before {
            return Ok(settled);
        }
    }
}

/// Ingests one picture, stores what it gives, and only then says so; false if that is another node's.
async fn settle(state: &AppState, claims: &Claims, row: &BlobRow) -> AppResult<bool> {
    let (org, sha256) = (row.org_id.0, row.sha256.0);
    // Held while the original is in memory: bounds memory as well as processor time.
    let permit = state.ingest.decoder().await?;
    if !claims.take(format!("ingest/{org}/{sha256}")).await? {
        return Ok(false);
    }
    // Another node may have settled it since it was listed.
    let begun = state.store.write(move |conn| Ok::<_, AppError>(blobs::begin_ingest(conn, org, sha256)?)).await?;
    let Some(before) = begun else { return Ok(false) };
    let worked_out =
        if before < MOST_CRASHES { work_out(state, org, sha256, permit).await } else { Ok(Err("crashed")) };
    match worked_out {
        Ok(Ok(ingested)) => keep(state, org, sha256, ingested).await?,
        Ok(Err(reason)) => {
            tracing::info!(%org, %sha256, reason, "no preview");
            state.store.write(move |conn| blobs::update_preview(conn, org, sha256, "no_preview", Some(reason))).await?;
        }
        Err(error) => {
            // Storage failed, not the picture.
            state.store.write(move |conn| blobs::set_attempts(conn, org, sha256, before)).await?;
            return Err(error);
        }
    }
    Ok(true)
}

/// What a picture gives, or why nothing.
async fn work_out(
    state: &AppState,
    org: OrgId,
    sha256: Hash,
    permit: OwnedSemaphorePermit,
) -> AppResult<Result<Box<Ingested>, &'static str>> {
    let bytes = match read_verified(state, org, sha256).await {
        Ok(bytes) => bytes,
        // Loss or damage of an original is for people; the other pictures of the queue go on.
        Err(AppError::Internal(defect)) => {
            tracing::error!(%org, %sha256, defect, "the original cannot be read");
            return Ok(Err("original_unreadable"));
        }
        Err(error) => return Err(error),
    };
    let deadline = Deadline::default();
    let seen = deadline.clone();
    let mut work = tokio::task::spawn_blocking(move || {
        let ingested = doorstep_media::ingest(&bytes, &Limits::default(), &seen);
        // Only now is its memory free, however long it took.
        drop((bytes, permit));
        ingested
    });
    let ended = match tokio::time::timeout(LONGEST, &mut work).await {
        Ok(ended) => ended,
        Err(_) => {
            deadline.expire();
            return Ok(Err(NoPreview::TooSlow.code()));
        }
    };
    let ingested = ended.map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(ingested.map(Box::new).map_err(|reason| reason.code()))
}

async fn keep(state: &AppState, org: OrgId, sha256: Hash, ingested: Box<Ingested>) -> AppResult<()> {
    let facts = facts::row(org, sha256, state.clock.now().0, &ingested);
    let copies = ingested.previews;
    state.blobs.put_derived(org, &DerivedSize::Preview.name(sha256), copies.preview_1600).await?;
    state.blobs.put_derived(org, &DerivedSize::Thumbnail.name(sha256), copies.thumbnail_320).await?;
    state
        .store
        .write(move |conn| {
            blob_facts::put_facts(conn, &facts)?;
            Ok::<_, AppError>(blobs::update_preview(conn, org, sha256, "ready", None)?)
        })
        .await
}
