//! Grids, and which team serves each.

use diesel::prelude::*;
use sync_core::ids::{GridId, OrgId, TeamId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::schema::{grid_teams, grids, teams};
use crate::text::Txt;

/// A grid with its team.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct GridRow {
    /// The grid.
    pub id: Txt<GridId>,
    /// Name.
    pub name: String,
    /// The team that serves it, and how often that was said; absent if never.
    pub served: Option<(Option<Txt<TeamId>>, i64)>,
}

impl GridRow {
    /// The team that serves it.
    #[must_use]
    pub fn team(&self) -> Option<TeamId> {
        self.served.and_then(|(team, _)| team).map(|team| team.0)
    }

    /// Version of the row.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.served.map_or(0, |(_, version)| version)
    }
}

/// Grids in id order, after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_grids(conn: &mut Conn, org: OrgId, after: &str, limit: i64) -> StoreResult<Vec<GridRow>> {
    Ok(per_backend!(conn, c => grids::table
        .left_join(grid_teams::table.on(grid_teams::org_id.eq(grids::org_id).and(grid_teams::grid_id.eq(grids::id))))
        .filter(grids::org_id.eq(Txt(org)).and(grids::id.gt(after)))
        .order(grids::id)
        .limit(limit)
        .select((grids::id, grids::name, (grid_teams::team_id, grid_teams::version).nullable()))
        .load(c))?)
}

/// The grid of this id.
///
/// # Errors
/// Database errors only.
pub fn find_grid(conn: &mut Conn, org: OrgId, id: GridId) -> StoreResult<Option<GridRow>> {
    Ok(per_backend!(conn, c => grids::table
        .left_join(grid_teams::table.on(grid_teams::org_id.eq(grids::org_id).and(grid_teams::grid_id.eq(grids::id))))
        .filter(grids::org_id.eq(Txt(org)).and(grids::id.eq(Txt(id))))
        .select((grids::id, grids::name, (grid_teams::team_id, grid_teams::version).nullable()))
        .first(c)
        .optional())?)
}

/// Writes which team serves a grid, if the stored version is `version - 1`.
///
/// # Errors
/// Stale if somebody else was faster, conflict if the team is unknown.
pub fn update_team(conn: &mut Conn, org: OrgId, grid: GridId, team: Option<TeamId>, version: i64) -> StoreResult<()> {
    let team = team.map(Txt);
    if version == 1 {
        let affected = per_backend!(conn, c => diesel::insert_into(grid_teams::table)
            .values((
                grid_teams::org_id.eq(Txt(org)),
                grid_teams::grid_id.eq(Txt(grid)),
                grid_teams::team_id.eq(team),
                grid_teams::version.eq(version),
            ))
            .on_conflict((grid_teams::org_id, grid_teams::grid_id))
            .do_nothing()
            .execute(c))?;
        return expect_one(affected);
    }
    let affected = per_backend!(conn, c => diesel::update(grid_teams::table
            .filter(grid_teams::org_id.eq(Txt(org))
                .and(grid_teams::grid_id.eq(Txt(grid)))
                .and(grid_teams::version.eq(version - 1))))
        .set((grid_teams::team_id.eq(team), grid_teams::version.eq(version)))
        .execute(c))?;
    expect_one(affected)
}

/// Whether there is such a team.
///
/// # Errors
/// Database errors only.
pub fn has_team(conn: &mut Conn, org: OrgId, team: TeamId) -> StoreResult<bool> {
    let found: i64 = per_backend!(conn, c => teams::table.find((Txt(org), Txt(team))).count().get_result(c))?;
    Ok(found > 0)
}
