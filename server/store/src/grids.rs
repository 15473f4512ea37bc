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
    /// Code, where it was added with one.
    pub code: Option<String>,
    /// Name.
    pub name: String,
    /// Version of name and team, from 0.
    pub version: i64,
    /// The team that serves it.
    pub team_id: Option<Txt<TeamId>>,
}

impl GridRow {
    /// The team that serves it.
    #[must_use]
    pub fn team(&self) -> Option<TeamId> {
        self.team_id.map(|team| team.0)
    }
}

/// Grids with their teams, as [`GridRow`].
macro_rules! served {
    ($org:expr) => {
        grids::table
            .left_join(
                grid_teams::table.on(grid_teams::org_id.eq(grids::org_id).and(grid_teams::grid_id.eq(grids::id))),
            )
            .filter(grids::org_id.eq(Txt($org)))
            .select((grids::id, grids::code, grids::name, grids::version, grid_teams::team_id.nullable()))
    };
}

/// Grids in id order, after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_grids(conn: &mut Conn, org: OrgId, after: &str, limit: i64) -> StoreResult<Vec<GridRow>> {
    Ok(per_backend!(conn, c => served!(org).filter(grids::id.gt(after)).order(grids::id).limit(limit).load(c))?)
}

/// The grid of this id.
///
/// # Errors
/// Database errors only.
pub fn find_grid(conn: &mut Conn, org: OrgId, id: GridId) -> StoreResult<Option<GridRow>> {
    Ok(per_backend!(conn, c => served!(org).filter(grids::id.eq(Txt(id))).first(c).optional())?)
}

/// The grid of this code.
///
/// # Errors
/// Database errors only.
pub fn find_by_code(conn: &mut Conn, org: OrgId, code: &str) -> StoreResult<Option<GridRow>> {
    Ok(per_backend!(conn, c => served!(org).filter(grids::code.eq(code)).first(c).optional())?)
}

/// Writes the name of a grid, if the stored version is `version - 1`.
///
/// # Errors
/// Stale if somebody else was faster.
pub fn update_grid(conn: &mut Conn, org: OrgId, id: GridId, name: &str, version: i64) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(grids::table
            .find((Txt(org), Txt(id)))
            .filter(grids::version.eq(version - 1)))
        .set((grids::name.eq(name), grids::version.eq(version)))
        .execute(c))?)
}

/// Writes which team serves a grid, if the stored version of the grid is `version - 1`.
///
/// # Errors
/// Stale if somebody else was faster, conflict if the team is unknown.
pub fn update_team(conn: &mut Conn, org: OrgId, grid: GridId, team: Option<TeamId>, version: i64) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(grids::table
            .find((Txt(org), Txt(grid)))
            .filter(grids::version.eq(version - 1)))
        .set(grids::version.eq(version))
        .execute(c))?)?;
    let team = team.map(Txt);
    per_backend!(conn, c => diesel::insert_into(grid_teams::table)
        .values((
            grid_teams::org_id.eq(Txt(org)),
            grid_teams::grid_id.eq(Txt(grid)),
            grid_teams::team_id.eq(team),
            grid_teams::version.eq(version),
        ))
        .on_conflict((grid_teams::org_id, grid_teams::grid_id))
        .do_update()
        .set((grid_teams::team_id.eq(team), grid_teams::version.eq(version)))
        .execute(c))?;
    Ok(())
}

/// Whether there is such a team.
///
/// # Errors
/// Database errors only.
pub fn has_team(conn: &mut Conn, org: OrgId, team: TeamId) -> StoreResult<bool> {
    let found: i64 = per_backend!(conn, c => teams::table.find((Txt(org), Txt(team))).count().get_result(c))?;
    Ok(found > 0)
}
