//! Moves the bytes of documents that were pushed often, or whose visits are closed, into packs (design section 3, storage).

use std::time::Duration;

use doorstep_store::{StoreError, packs};
use sync_core::ids::{OrgId, VisitId};

use crate::app::{AppError, AppResult, AppState};

/// How often the job runs: unpacked bytes cost a few kilobytes of storage and nothing else.
const EVERY: Duration = Duration::from_secs(300);

/// Documents looked up at once.
const PAGE: i64 = 100;

/// Runs the job at once and then every few minutes, until the process stops.
pub async fn run(state: AppState) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        match run_due(&state).await {
            Ok(0) => {}
            Ok(packed) => tracing::info!(packed, "documents were packed"),
            Err(error) => tracing::error!(%error, "packing documents failed"),
        }
    }
}

/// Packs every document that is due; tells how many.
///
/// # Concurrency
/// Runs on several nodes at once, and beside pushes: the first packing of a document counts, and what is pushed meanwhile
/// waits for the next. Killed in between, it has done a document or it has not.
///
/// # Errors
/// Only if the database cannot be used at all. A document that cannot be packed is logged and stays as it is.
pub async fn run_due(state: &AppState) -> AppResult<u64> {
    let (mut packed, mut after) = (0, None);
    loop {
        let due = state.store.read(move |conn| Ok::<_, AppError>(packs::list_due(conn, after, PAGE)?)).await?;
        let Some(last) = due.last() else { return Ok(packed) };
        after = Some(*last);
        for (org, visit) in due {
            match pack(state, org, visit).await {
                Ok(()) => packed += 1,
                Err(AppError::Store(error)) if error.is_outage() => return Err(error.into()),
                Err(AppError::Store(StoreError::Stale | StoreError::Conflict { .. })) => {}
                Err(error) => tracing::error!(%org, %visit, ?error, "a document cannot be packed"),
            }
        }
    }
}

async fn pack(state: &AppState, org: OrgId, visit: VisitId) -> AppResult<()> {
    let prepared = state.store.read(move |conn| Ok::<_, AppError>(packs::prepare(conn, org, visit)?)).await?;
    match prepared {
        Some(packing) => state.store.write(move |conn| Ok::<_, AppError>(packs::write(conn, &packing)?)).await,
        None => state.store.write(move |conn| Ok::<_, AppError>(packs::settle_packed(conn, org, visit)?)).await,
    }
}
