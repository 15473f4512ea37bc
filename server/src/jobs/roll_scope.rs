//! Moves visits, and what was made without one, into and out of the sync window as time passes (design section 3, points 4 and 5).

use std::time::Duration;

use doorstep_store::Conn;
use doorstep_store::feed::{FeedBatch, list_audiences};
use doorstep_store::organisations::list_organisations;
use doorstep_store::scope::{Edges, list_entering, list_leaving};
use sync_core::ids::{OrgId, VisitId};
use sync_core::time::UnixMillis;

use super::alone;
use crate::app::error::unless_outage;
use crate::app::scope::{self, load_window, refresh_visit};
use crate::app::{AppError, AppResult, AppState};
use crate::domain::Window;
use crate::domain::visit::done_states;

/// How often the job runs.
///
/// # Source
/// Design section 3, point 4: hourly.
const EVERY: Duration = Duration::from_secs(3600);

/// Visits made right in one transaction.
const PER_TRANSACTION: i64 = 100;

/// Runs the job at once and then every hour, until the process stops.
pub async fn run(state: AppState) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        match alone(&state, "roll_scope", run_due(&state, state.clock.now())).await {
            Ok(None | Some(0)) => {}
            Ok(Some(moved)) => tracing::info!(moved, "items entered or left the sync window"),
            Err(error) => tracing::error!(%error, "rolling the sync window failed"),
        }
    }
}

/// Makes everything right that crossed an edge of the window, in all organisations; tells how many items.
///
/// # Concurrency
/// Runs on several nodes at once without harm: making a visit right twice changes nothing.
///
/// # Errors
/// Only if the database cannot be used at all; what was committed before stays. What is wrong with one visit or one
/// organisation is logged and keeps nobody else waiting.
pub async fn run_due(state: &AppState, now: UnixMillis) -> AppResult<u64> {
    let organisations = state.store.read(|conn| Ok::<_, AppError>(list_organisations(conn)?)).await?;
    let mut moved = 0;
    for organisation in organisations {
        let org = organisation.id.0;
        match unless_outage(roll_organisation(state, org, now).await)? {
            Ok(count) => moved += count,
            Err(error) => tracing::error!(%org, ?error, "the sync window of an organisation cannot be rolled"),
        }
    }
    Ok(moved)
}

async fn roll_organisation(state: &AppState, org: OrgId, now: UnixMillis) -> AppResult<u64> {
    let config = state.config.clone();
    let window = state.store.read(move |conn| load_window(conn, org, &config.sync, now)).await?;
    let mut moved = 0;
    for side in [Side::Entering, Side::Leaving] {
        moved += roll(state, org, window, side).await?;
    }
    Ok(moved + drop_unneeded(state, org, window).await?)
}

#[derive(Clone, Copy)]
enum Side {
    Entering,
    Leaving,
}

/// Makes the visits of one side right, page by page.
async fn roll(state: &AppState, org: OrgId, window: Window, side: Side) -> AppResult<u64> {
    let mut moved = 0;
    let mut after = String::new();
    loop {
        let due = list_due(state, org, window, side, after).await?;
        let Some(last) = due.last() else { return Ok(moved) };
        after = last.to_string();
        if unless_outage(refresh(state, org, window, due.clone()).await)?.is_ok() {
            moved += u64::try_from(due.len()).unwrap_or(0);
            continue;
        }
        for visit in due {
            match unless_outage(refresh(state, org, window, vec![visit]).await)? {
                Ok(()) => moved += 1,
                Err(error) => tracing::error!(%org, %visit, ?error, "a visit cannot enter or leave the sync window"),
            }
        }
    }
}

/// Makes visits right in one transaction.
async fn refresh(state: &AppState, org: OrgId, window: Window, visits: Vec<VisitId>) -> AppResult<()> {
    let write = move |conn: &mut Conn| {
        let mut batch = FeedBatch::new();
        for visit in &visits {
            refresh_visit(conn, &mut batch, org, *visit, window)?;
        }
        batch.publish(conn, org)?;
        Ok(())
    };
    state.store.write(write).await
}

/// Takes from every audience what none of its visits needs any more.
async fn drop_unneeded(state: &AppState, org: OrgId, window: Window) -> AppResult<u64> {
    let mut dropped = 0;
    for audience in state.store.read(move |conn| Ok::<_, AppError>(list_audiences(conn, org)?)).await? {
        let asked = audience.clone();
        let unneeded = state.store.read(move |conn| scope::list_unneeded(conn, org, &asked, window)).await?;
        // Most audiences have nothing to lose: only the others cost a write.
        if !unneeded.is_empty() {
            let count = state.store.write(move |conn| scope::drop_unneeded(conn, org, &audience, window)).await?;
            dropped += u64::try_from(count).unwrap_or(u64::MAX);
        }
    }
    Ok(dropped)
}

async fn list_due(state: &AppState, org: OrgId, window: Window, side: Side, after: String) -> AppResult<Vec<VisitId>> {
    let edges = Edges { from_ms: window.from.0, to_ms: window.to.0 };
    state
        .store
        .read(move |conn| {
            Ok(match side {
                Side::Entering => list_entering(conn, org, edges, &after, PER_TRANSACTION)?,
                Side::Leaving => list_leaving(conn, org, edges, &done_states(), &after, PER_TRANSACTION)?,
            })
        })
        .await
}
