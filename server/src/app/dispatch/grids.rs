//! Grids, and which team serves each.

use doorstep_store::grids::{self as store, GridRow};
use doorstep_store::{Conn, StoreError, Txt, users};
use serde_json::json;
use sync_core::ids::{GridId, TeamId};

use super::areas::{NewArea, check_code_is_free, check_name};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit};

/// Lists grids in id order.
///
/// # Errors
/// Database errors only.
pub async fn list_grids(state: &AppState, ctx: Ctx, after: String, size: i64) -> AppResult<Vec<GridRow>> {
    Ok(state.store.read(move |conn| store::list_grids(conn, ctx.actor.org, &after, size)).await?)
}

/// Adds a grid that no team serves yet.
///
/// # Errors
/// `invalid` naming the field, `conflict` if the code is taken.
pub async fn create_grid(state: &AppState, ctx: Ctx, new: NewArea) -> AppResult<GridRow> {
    new.check()?;
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let (org, id) = (ctx.actor.org, GridId(app.id()));
            check_code_is_free(store::find_by_code(conn, org, &new.code)?.is_none())?;
            users::insert_grid(conn, org, id, Some(&new.code), new.name.trim())?;
            audit::record(conn, &app, &ctx, "grid.created", id, &json!({ "code": new.code }))?;
            Ok(store::find_grid(conn, org, id)?.ok_or(ErrorCode::NotFound)?)
        })
        .await
}

/// Gives a grid another name; the same one changes nothing.
///
/// # Errors
/// `not_found`, `stale_version`, `invalid` naming the field.
pub async fn change_grid(
    state: &AppState,
    ctx: Ctx,
    id: GridId,
    seen_version: i64,
    name: Option<String>,
) -> AppResult<GridRow> {
    check_name(name.as_deref(), Refusal::new(ErrorCode::Invalid)).into_result()?;
    let app = state.clone();
    let write = move |conn: &mut Conn| {
        let grid = load_grid(conn, &ctx, id, seen_version)?;
        let Some(name) = name.as_deref().map(str::trim).filter(|name| *name != grid.name) else { return Ok(grid) };
        let version = seen_version + 1;
        store::update_grid(conn, ctx.actor.org, id, name, version)?;
        audit::record(conn, &app, &ctx, "grid.renamed", id, &json!({ "from": grid.name, "to": name }))?;
        Ok::<_, AppError>(GridRow { name: name.to_owned(), version, ..grid })
    };
    state.store.write(write).await
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
            let grid = load_grid(conn, &ctx, id, seen_version)?;
            if let Some(team) = team
                && !store::has_team(conn, org, team)?
            {
                return Err(Refusal::new(ErrorCode::Invalid).both("team_id", "an existing team", "存在的班组").into());
            }
            let version = seen_version + 1;
            store::update_team(conn, org, id, team, version)?;
            audit::record(conn, &app, &ctx, "grid.team_set", id, &json!({ "from": grid.team(), "to": team }))?;
            Ok::<_, AppError>(GridRow { team_id: team.map(Txt), version, ..grid })
        })
        .await
}

fn load_grid(conn: &mut Conn, ctx: &Ctx, id: GridId, seen_version: i64) -> AppResult<GridRow> {
    let grid = store::find_grid(conn, ctx.actor.org, id)?.ok_or(ErrorCode::NotFound)?;
    if grid.version == seen_version { Ok(grid) } else { Err(StoreError::Stale.into()) }
}
