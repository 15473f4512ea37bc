//! Making previews. The queue is the database: what is pending stays pending until its copies are stored.

use std::sync::Arc;

use doorstep_media::Previews;
use doorstep_store::blobs::{self, BlobRow};
use doorstep_store::lease::Claims;
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use super::read::{DerivedSize, read_verified};
use crate::app::{AppError, AppResult, AppState};

/// Pending blobs looked at together.
const BATCH: i64 = 32;

/// Wakes the preview job and bounds how many pictures are decoded at once.
#[derive(Debug)]
pub struct PreviewQueue {
    awake: Notify,
    decoders: Arc<Semaphore>,
}

impl PreviewQueue {
    /// A queue that decodes at most `decoders` pictures at once.
    #[must_use]
    pub fn new(decoders: usize) -> Self {
        Self { awake: Notify::new(), decoders: Arc::new(Semaphore::new(decoders.max(1))) }
    }

    /// Says that something may be pending.
    pub fn wake(&self) {
        self.awake.notify_one();
    }

    /// Waits until somebody says so.
    pub async fn woken(&self) {
        self.awake.notified().await;
    }
}

/// Makes the previews of every pending blob and returns how many were settled.
///
/// # Concurrency
/// Runs on several nodes at once: each picture is made by the one that claims it. Those of a node that dies are free at
/// once, and its claims are all it leaves behind: should two ever make one picture, they make the same.
///
/// # Errors
/// The first failure of database or storage; its blob and those not reached stay pending.
pub async fn render_pending(state: &AppState) -> AppResult<usize> {
    let mut settled = 0;
    loop {
        let pending = state.store.read(|conn| blobs::list_pending_previews(conn, BATCH)).await?;
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

/// Makes the copies of one blob, stores them, and only then says that they are ready; false if that is another node's.
async fn settle(state: &AppState, claims: &Claims, row: &BlobRow) -> AppResult<bool> {
    let (org, sha256) = (row.org_id.0, row.sha256.0);
    // Held while the original is in memory: bounds memory as well as processor time.
    let permit = Arc::clone(&state.previews.decoders).acquire_owned().await;
    let permit = permit.map_err(|error| AppError::Internal(error.to_string()))?;
    // Another node may have made it since it was listed.
    if !claims.take(format!("preview/{org}/{sha256}")).await? || !is_pending(state, org, sha256).await? {
        return Ok(false);
    }
    let reason = match read_verified(state, org, sha256).await {
        Ok(bytes) => match render(bytes).await? {
            Ok(copies) => {
                state.blobs.put_derived(org, &DerivedSize::Preview.name(sha256), copies.preview_1600).await?;
                state.blobs.put_derived(org, &DerivedSize::Thumbnail.name(sha256), copies.thumbnail_320).await?;
                None
            }
            Err(reason) => {
                tracing::info!(%org, %sha256, reason = reason.code(), detail = %reason, "no preview");
                Some(reason.code())
            }
        },
        // Loss or damage of an original is for people; the other pictures of the queue go on.
        Err(AppError::Internal(defect)) => {
            tracing::error!(%org, %sha256, defect, "the original cannot be read");
            Some("original_unreadable")
        }
        Err(error) => return Err(error),
    };
    drop(permit);
    let outcome = if reason.is_none() { "ready" } else { "no_preview" };
    state.store.write(move |conn| blobs::update_preview(conn, org, sha256, outcome, reason)).await?;
    Ok(true)
}

async fn is_pending(state: &AppState, org: OrgId, sha256: Hash) -> AppResult<bool> {
    let found = state.store.read(move |conn| blobs::find_blob(conn, org, sha256)).await?;
    Ok(found.is_some_and(|row| row.preview_state == "pending"))
}

async fn render(bytes: Vec<u8>) -> AppResult<Result<Previews, doorstep_media::NoPreview>> {
    tokio::task::spawn_blocking(move || doorstep_media::preview(&bytes))
        .await
        .map_err(|error| AppError::Internal(error.to_string()))
}
