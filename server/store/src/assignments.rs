//! Who works on which visit.

use std::collections::BTreeMap;

use diesel::prelude::*;
use sync_core::ids::{AssignmentId, OrgId, TeamId, UserId, VisitId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::schema::{assignments, users};
use crate::text::Txt;

/// An assignment; in force while `until_ms` is absent.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = assignments, treat_none_as_default_value = false)]
pub struct AssignmentRecord {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id.
    pub id: Txt<AssignmentId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// The rep.
    pub rep_id: Txt<UserId>,
    /// Assignment epoch of the visit when it began.
    pub epoch: i64,
    /// When it began.
    pub from_ms: i64,
    /// When it ended.
    pub until_ms: Option<i64>,
}

impl AssignmentRecord {
    /// Its version: it changes once, when it ends.
    #[must_use]
    pub const fn version(&self) -> i64 {
        if self.until_ms.is_some() { 2 } else { 1 }
    }
}

/// Adds an assignment.
///
/// # Errors
/// Conflict if visit or rep are unknown.
pub fn insert_assignment(conn: &mut Conn, row: &AssignmentRecord) -> StoreResult<()> {
    insert_assignments(conn, std::slice::from_ref(row))
}

/// Adds assignments.
///
/// # Errors
/// Conflict if a visit or rep is unknown.
pub fn insert_assignments(conn: &mut Conn, rows: &[AssignmentRecord]) -> StoreResult<()> {
    insert_rows!(conn, assignments::table, rows)?;
    Ok(())
}

/// Ends an assignment that is in force.
///
/// # Errors
/// Stale if it had ended.
pub fn end_assignment(conn: &mut Conn, org: OrgId, id: AssignmentId, until_ms: i64) -> StoreResult<()> {
    let affected = per_backend!(conn, c => diesel::update(assignments::table
            .filter(assignments::org_id.eq(Txt(org))
                .and(assignments::id.eq(Txt(id)))
                .and(assignments::until_ms.is_null())))
        .set(assignments::until_ms.eq(Some(until_ms)))
        .execute(c))?;
    expect_one(affected)
}

/// The assignment of this id.
///
/// # Errors
/// Database errors only.
pub fn find_assignment(conn: &mut Conn, org: OrgId, id: AssignmentId) -> StoreResult<Option<AssignmentRecord>> {
    Ok(per_backend!(conn, c => assignments::table
        .find((Txt(org), Txt(id)))
        .select(AssignmentRecord::as_select())
        .first(c)
        .optional())?)
}

/// The assignments of these ids, as far as there are any.
///
/// # Errors
/// Database errors only.
pub fn list_by_id(conn: &mut Conn, org: OrgId, ids: &[AssignmentId]) -> StoreResult<Vec<AssignmentRecord>> {
    Ok(per_backend!(conn, c => assignments::table
        .filter(assignments::org_id.eq(Txt(org)).and(one_of(assignments::id, ids)))
        .select(AssignmentRecord::as_select())
        .load(c))?)
}

/// All assignments of a visit, also ended ones, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_assignments(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<AssignmentRecord>> {
    Ok(per_backend!(conn, c => assignments::table
        .filter(assignments::org_id.eq(Txt(org)).and(assignments::visit_id.eq(Txt(visit))))
        .order((assignments::epoch, assignments::id))
        .select(AssignmentRecord::as_select())
        .load(c))?)
}

/// All assignments of visits, also ended ones, by visit and age.
///
/// # Errors
/// Database errors only.
pub fn list_assignments_of(conn: &mut Conn, org: OrgId, of: &[VisitId]) -> StoreResult<Vec<AssignmentRecord>> {
    Ok(per_backend!(conn, c => assignments::table
        .filter(assignments::org_id.eq(Txt(org)).and(one_of(assignments::visit_id, of)))
        .order((assignments::visit_id, assignments::epoch, assignments::id))
        .select(AssignmentRecord::as_select())
        .load(c))?)
}

/// A member of a crew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrewMember {
    /// The rep.
    pub rep: UserId,
    /// Name.
    pub name: String,
    /// Team.
    pub team: Option<TeamId>,
}

/// Who is assigned to a visit now, by id.
///
/// # Errors
/// Database errors only.
pub fn list_crew(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<CrewMember>> {
    let rows: Vec<(Txt<UserId>, String, Option<Txt<TeamId>>)> = per_backend!(conn, c => assignments::table
        .inner_join(users::table.on(users::org_id.eq(assignments::org_id).and(users::id.eq(assignments::rep_id))))
        .filter(assignments::org_id.eq(Txt(org))
            .and(assignments::visit_id.eq(Txt(visit)))
            .and(assignments::until_ms.is_null()))
        .order(assignments::rep_id)
        .select((users::id, users::name, users::team_id))
        .load(c))?;
    Ok(rows
        .into_iter()
        .map(|(rep, name, team)| CrewMember { rep: rep.0, name, team: team.map(|team| team.0) })
        .collect())
}

/// Who is assigned to which of these visits now, by visit and rep.
///
/// # Errors
/// Database errors only.
pub fn list_crews(conn: &mut Conn, org: OrgId, of: &[VisitId]) -> StoreResult<Vec<(VisitId, UserId)>> {
    let rows: Vec<(Txt<VisitId>, Txt<UserId>)> = per_backend!(conn, c => assignments::table
        .filter(assignments::org_id.eq(Txt(org))
            .and(assignments::until_ms.is_null())
            .and(one_of(assignments::visit_id, of)))
        .order((assignments::visit_id, assignments::rep_id))
        .select((assignments::visit_id, assignments::rep_id))
        .load(c))?;
    Ok(rows.into_iter().map(|(visit, rep)| (visit.0, rep.0)).collect())
}

/// Who is assigned to each of these visits now; a visit without a crew is not there.
///
/// # Errors
/// Database errors only.
pub fn crews_by_visit(conn: &mut Conn, org: OrgId, of: &[VisitId]) -> StoreResult<BTreeMap<VisitId, Vec<UserId>>> {
    let mut crews: BTreeMap<VisitId, Vec<UserId>> = BTreeMap::new();
    for (visit, rep) in list_crews(conn, org, of)? {
        crews.entry(visit).or_default().push(rep);
    }
    Ok(crews)
}
