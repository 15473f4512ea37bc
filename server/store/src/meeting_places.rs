//! Where teams begin their day; a version never changes.

use diesel::prelude::*;
use sync_core::ids::{OrgId, TeamId, UserId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::{meeting_places, teams};
use crate::text::Txt;

/// The meeting places of a team from one instant on.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = meeting_places)]
pub struct MeetingPlacesRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The team.
    pub team_id: Txt<TeamId>,
    /// Version, from 1.
    pub version: i64,
    /// The places as JSON.
    pub places: String,
    /// Who set them.
    pub set_by: Txt<UserId>,
    /// When.
    pub set_at_ms: i64,
}

/// Adds a version.
///
/// # Errors
/// Conflict if the version exists or there is no such team.
pub fn insert_meeting_places(conn: &mut Conn, row: &MeetingPlacesRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(meeting_places::table).values(row).execute(c))?;
    Ok(())
}

/// The newest version of a team's places.
///
/// # Errors
/// Database errors only.
pub fn find_newest(conn: &mut Conn, org: OrgId, team: TeamId) -> StoreResult<Option<MeetingPlacesRow>> {
    Ok(per_backend!(conn, c => meeting_places::table
        .filter(meeting_places::org_id.eq(Txt(org)).and(meeting_places::team_id.eq(Txt(team))))
        .order(meeting_places::version.desc())
        .select(MeetingPlacesRow::as_select())
        .first(c)
        .optional())?)
}

/// Every version of these teams' places, by team, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_versions(conn: &mut Conn, org: OrgId, of: &[TeamId]) -> StoreResult<Vec<MeetingPlacesRow>> {
    Ok(per_backend!(conn, c => meeting_places::table
        .filter(meeting_places::org_id.eq(Txt(org)).and(one_of(meeting_places::team_id, of)))
        .order((meeting_places::team_id, meeting_places::version))
        .select(MeetingPlacesRow::as_select())
        .load(c))?)
}

/// Whether there is such a team.
///
/// # Errors
/// Database errors only.
pub fn has_team(conn: &mut Conn, org: OrgId, team: TeamId) -> StoreResult<bool> {
    let found: Option<String> =
        per_backend!(conn, c => teams::table.find((Txt(org), Txt(team))).select(teams::name).first(c).optional())?;
    Ok(found.is_some())
}
