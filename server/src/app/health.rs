//! Whether requests can be served.

use std::sync::Arc;
use std::time::Duration;

use doorstep_store::migrate::{self, SchemaStanding};
use sync_core::time::UnixMillis;
use tokio::sync::Mutex;

use crate::app::{AppError, AppResult, AppState, ErrorCode, Refusal};

/// How long the database and the blobs have for an answer.
///
/// # Source
/// Whoever asks gives up after a few seconds, and then knows less than we could tell.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long an answer of the blobs is repeated, in milliseconds.
///
/// # Source
/// Whoever may ask need not sign in, and each look writes to a bucket, which may count what is written.
const REPEATED_MS: i64 = 10_000;

/// Whether blobs could be written when that was looked at last.
#[derive(Debug, Clone, Default)]
pub struct BlobsProbe(Arc<Mutex<Option<(UnixMillis, bool)>>>);

impl BlobsProbe {
    /// Repeats the last answer or looks anew: once at a time, however many ask, and to the end, whoever still waits.
    async fn is_good(&self, state: &AppState) -> bool {
        let mut last = Arc::clone(&self.0).lock_owned().await;
        let now = state.clock.now();
        if let Some((at, is_good)) = *last
            && (0..REPEATED_MS).contains(&now.0.saturating_sub(at.0))
        {
            return is_good;
        }
        let (blobs, clock) = (Arc::clone(&state.blobs), Arc::clone(&state.clock));
        let looked = state.runtime.spawn(async move {
            let written = blobs.check_writable().await;
            if let Err(error) = &written {
                tracing::warn!(%error, "not ready: the blobs");
            }
            *last = Some((clock.now(), written.is_ok()));
            written.is_ok()
        });
        looked.await.unwrap_or(false)
    }
}

/// What a process that can serve has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// Whether a newer version has migrated the database already; migrations only add, so this one goes on.
    pub is_schema_newer: bool,
}

/// Asks the database and the blob storage something small.
///
/// # Errors
/// `not_ready` says what is missing: the process is about to stop, the database does not answer, lacks a migration or
/// cannot be written, or blobs cannot be written.
pub async fn check_ready(state: &AppState) -> AppResult<Ready> {
    if state.stopping.has_begun() {
        return Err(not_ready("the process is about to stop", "进程即将停止"));
    }
    let asked = state.store.read(|conn| Ok::<_, AppError>(migrate::standing(conn)?));
    let standing = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(standing)) => standing,
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready: the database");
            return Err(not_ready("the database does not answer", "数据库无响应"));
        }
        Err(_elapsed) => return Err(not_ready("the database does not answer in time", "数据库响应超时")),
    };
    if standing == SchemaStanding::Older {
        return Err(not_ready("the database lacks a migration of this version", "数据库缺少此版本的迁移"));
    }
    if !state.store.is_writable() {
        return Err(not_ready("the database cannot be written", "无法写入数据库"));
    }
    match tokio::time::timeout(PATIENCE, state.blobs_probe.is_good(state)).await {
        Ok(true) => Ok(Ready { is_schema_newer: standing == SchemaStanding::Newer }),
        Ok(false) => Err(not_ready("blobs cannot be written", "无法写入附件存储")),
        Err(_elapsed) => Err(not_ready("the blob storage does not answer in time", "附件存储响应超时")),
    }
}

fn not_ready(en: &str, zh: &str) -> AppError {
    Refusal::new(ErrorCode::NotReady).detail(en, zh).into()
}
