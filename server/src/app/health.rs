//! Whether requests can be served.

use std::time::Duration;

use doorstep_store::migrate::{self, SchemaStanding};

use crate::app::{AppError, AppResult, AppState, ErrorCode, Refusal};

/// How long the database and the blobs have for an answer.
///
/// # Source
/// Whoever asks gives up after a few seconds, and then knows less than we could tell.
const PATIENCE: Duration = Duration::from_secs(2);

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
    match tokio::time::timeout(PATIENCE, state.blobs.check_writable()).await {
        Ok(Ok(())) => Ok(Ready { is_schema_newer: standing == SchemaStanding::Newer }),
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready: the blobs");
            Err(not_ready("blobs cannot be written", "无法写入附件存储"))
        }
        Err(_elapsed) => Err(not_ready("the blob storage does not answer in time", "附件存储响应超时")),
    }
}

fn not_ready(en: &str, zh: &str) -> AppError {
    Refusal::new(ErrorCode::NotReady).detail(en, zh).into()
}
