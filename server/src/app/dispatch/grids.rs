//! Grids, and which team serves each.

use doorstep_store::grids::{self as store, GridRow};
use doorstep_store::{StoreError, Txt};
use serde_json::json;
use sync_core::ids::{GridId, TeamId};

use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit};

/// Lists grids in id order.
///
/// # Errors
/// Database errors only.
pub async fn list_grids(state: &AppState, ctx: Ctx, after: String, size: i64) -> AppResult<Vec<GridRow>> {
    Ok(state.store.read(move |conn| store::list_grids(conn, ctx.actor.org, &after, size)).await?)
}

/// Says which team serves a grid, or that none does.
///
/// # Errors
/// `not_found`, `stale_version`, `invalid` for an unknown team.
pub async fn set_grid_team(
    state: &AppState,
    ctx: Ctx,
    id: GridId,
    seen_version: i64,
    team: Option<TeamId>,
) -> AppResult<GridRow> {
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let org = ctx.actor.org;
            let grid = store::find_grid(conn, org, id)?.ok_or(ErrorCode::NotFound)?;
            if grid.version() != seen_version {
                return Err(StoreError::Stale.into());
            }
            if let Some(team) = team
                && !store::has_team(conn, org, team)?
            {
                return Err(Refusal::new(ErrorCode::Invalid).both("team_id", "an existing team", "存在的班组").into());
            }
            let version = seen_version + 1;
            store::update_team(conn, org, id, team, version)?;
            audit::record(conn, &app, &ctx, "grid.team_set", id, &json!({ "from": grid.team(), "to": team }))?;
            Ok::<_, AppError>(GridRow { served: Some((team.map(Txt), version)), ..grid })
        })
        .await
}
