//! The word of team leads that a day is over; only added to.

use diesel::prelude::*;
use sync_core::bytes::Hash;
use sync_core::ids::{OrgId, TeamId, UserId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::schema::day_sign_offs;
use crate::text::Txt;

/// One sign-off of a team's day.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = day_sign_offs)]
pub struct DaySignOffRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The team.
    pub team_id: Txt<TeamId>,
    /// The day.
    pub day: String,
    /// Number of the sign-off, from 1; the last one stands.
    pub number: i64,
    /// Who signed.
    pub signed_by: Txt<UserId>,
    /// When.
    pub signed_at_ms: i64,
    /// What it covered, as plain JSON.
    pub covered: String,
    /// SHA-256 of `covered`.
    pub covered_sha256: Txt<Hash>,
    /// Whose day was open, and why, as JSON.
    pub open: String,
    /// Why it was signed nevertheless.
    pub despite: Option<String>,
}

/// Adds a sign-off.
///
/// # Errors
/// Conflict if somebody signed at the same moment.
pub fn insert_sign_off(conn: &mut Conn, row: &DaySignOffRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(day_sign_offs::table).values(row).execute(c))?;
    Ok(())
}

/// The sign-off of a team's day that stands.
///
/// # Errors
/// Database errors only.
pub fn find_last(conn: &mut Conn, org: OrgId, team: TeamId, day: &str) -> StoreResult<Option<DaySignOffRow>> {
    Ok(per_backend!(conn, c => day_sign_offs::table
        .filter(day_sign_offs::org_id.eq(Txt(org))
            .and(day_sign_offs::team_id.eq(Txt(team)))
            .and(day_sign_offs::day.eq(day)))
        .order(day_sign_offs::number.desc())
        .select(DaySignOffRow::as_select())
        .first(c)
        .optional())?)
}

/// The sign-offs of a team's day of numbers after `after`, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_sign_offs(
    conn: &mut Conn,
    org: OrgId,
    (team, day): (TeamId, &str),
    after: i64,
    limit: i64,
) -> StoreResult<Vec<DaySignOffRow>> {
    Ok(per_backend!(conn, c => day_sign_offs::table
        .filter(day_sign_offs::org_id.eq(Txt(org))
            .and(day_sign_offs::team_id.eq(Txt(team)))
            .and(day_sign_offs::day.eq(day))
            .and(day_sign_offs::number.gt(after)))
        .order(day_sign_offs::number)
        .limit(limit)
        .select(DaySignOffRow::as_select())
        .load(c))?)
}
