//! Teams.

use diesel::prelude::*;
use sync_core::ids::{OrgId, TeamId, UserId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::schema::teams;
use crate::text::Txt;

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = teams)]
pub struct TeamRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id.
    pub id: Txt<TeamId>,
    /// Name.
    pub name: String,
    /// Code, where it was added with one.
    pub code: Option<String>,
    /// Who leads it.
    pub lead_id: Option<Txt<UserId>>,
    /// Version of the row.
    pub version: i64,
}

/// Teams in id order, after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_teams(conn: &mut Conn, org: OrgId, after: &str, limit: i64) -> StoreResult<Vec<TeamRow>> {
    Ok(per_backend!(conn, c => teams::table
        .filter(teams::org_id.eq(Txt(org)).and(teams::id.gt(after)))
        .order(teams::id)
        .limit(limit)
        .select(TeamRow::as_select())
        .load(c))?)
}

/// The team of this id.
///
/// # Errors
/// Database errors only.
pub fn find_team(conn: &mut Conn, org: OrgId, id: TeamId) -> StoreResult<Option<TeamRow>> {
    Ok(per_backend!(conn, c => teams::table
        .find((Txt(org), Txt(id)))
        .select(TeamRow::as_select())
        .first(c)
        .optional())?)
}

/// The team of this code.
///
/// # Errors
/// Database errors only.
pub fn find_by_code(conn: &mut Conn, org: OrgId, code: &str) -> StoreResult<Option<TeamRow>> {
    Ok(per_backend!(conn, c => teams::table
        .filter(teams::org_id.eq(Txt(org)).and(teams::code.eq(code)))
        .select(TeamRow::as_select())
        .first(c)
        .optional())?)
}

/// Writes name and lead of a team, if the stored version is `row.version - 1`.
///
/// # Errors
/// Stale if somebody else was faster.
pub fn update_team(conn: &mut Conn, row: &TeamRow) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(teams::table
            .find((row.org_id, row.id))
            .filter(teams::version.eq(row.version - 1)))
        .set((teams::name.eq(&row.name), teams::lead_id.eq(row.lead_id), teams::version.eq(row.version)))
        .execute(c))?)
}
