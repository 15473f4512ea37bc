//! Work that came late: what a push brought, what the office decided, and how much of it a visit holds.

use std::collections::BTreeMap;

use diesel::prelude::*;
use sync_core::ids::{LateDecisionId, OrgId, VisitId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::{late_decisions, late_work, visit_late_work};
use crate::text::Txt;

/// What one push brought late.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = late_work)]
pub struct StoredLateWork {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Number of the push.
    pub seq: i64,
    /// `LateWorkRow` as JSON.
    pub body: String,
}

/// An office decision, append-only.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = late_decisions)]
pub struct StoredLateDecision {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The decision, UUIDv7.
    pub id: Txt<LateDecisionId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// `LateDecisionRow` as JSON.
    pub body: String,
    /// When.
    pub at_ms: i64,
}

/// Writes what pushes brought late.
///
/// # Errors
/// Database errors only.
pub fn insert_late_work(conn: &mut Conn, rows: &[StoredLateWork]) -> StoreResult<()> {
    for_rows!(conn, rows, part => diesel::insert_into(late_work::table).values(part))?;
    Ok(())
}

/// What one push brought late.
///
/// # Errors
/// Database errors only.
pub fn find_late_work(conn: &mut Conn, org: OrgId, visit: VisitId, seq: i64) -> StoreResult<Option<StoredLateWork>> {
    Ok(per_backend!(conn, c => late_work::table
        .find((Txt(org), Txt(visit), seq))
        .select(StoredLateWork::as_select())
        .first(c)
        .optional())?)
}

/// What pushes brought late to these visits, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_late_work_of(conn: &mut Conn, org: OrgId, visits: &[VisitId]) -> StoreResult<Vec<StoredLateWork>> {
    Ok(per_backend!(conn, c => late_work::table
        .filter(late_work::org_id.eq(Txt(org))
            .and(one_of(late_work::visit_id, visits)))
        .order((late_work::visit_id, late_work::seq))
        .select(StoredLateWork::as_select())
        .load(c))?)
}

/// Appends a decision.
///
/// # Errors
/// Database errors only.
pub fn insert_late_decision(conn: &mut Conn, row: &StoredLateDecision) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(late_decisions::table).values(row).execute(c))?;
    Ok(())
}

/// The decision of this id.
///
/// # Errors
/// Database errors only.
pub fn find_late_decision(conn: &mut Conn, org: OrgId, id: LateDecisionId) -> StoreResult<Option<StoredLateDecision>> {
    Ok(per_backend!(conn, c => late_decisions::table
        .find((Txt(org), Txt(id)))
        .select(StoredLateDecision::as_select())
        .first(c)
        .optional())?)
}

/// The decisions about late work of these visits, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_late_decisions_of(conn: &mut Conn, org: OrgId, visits: &[VisitId]) -> StoreResult<Vec<StoredLateDecision>> {
    Ok(per_backend!(conn, c => late_decisions::table
        .filter(late_decisions::org_id.eq(Txt(org))
            .and(one_of(late_decisions::visit_id, visits)))
        .order((late_decisions::at_ms, late_decisions::id))
        .select(StoredLateDecision::as_select())
        .load(c))?)
}

/// How many late records of a visit there are for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LateCounts {
    /// Those that wait for the office.
    pub undecided: i64,
    /// All.
    pub total: i64,
}

/// The counts of a visit by the code of the reason.
pub type CountsByReason = BTreeMap<String, LateCounts>;

/// Writes the counts of a visit in place of those before; true if there were any.
///
/// # Errors
/// Database errors only.
pub fn replace_late_counts(conn: &mut Conn, org: OrgId, visit: VisitId, counts: &CountsByReason) -> StoreResult<bool> {
    let before = per_backend!(conn, c => diesel::delete(visit_late_work::table
        .filter(visit_late_work::org_id.eq(Txt(org)).and(visit_late_work::visit_id.eq(Txt(visit)))))
        .execute(c))?;
    for (reason, counts) in counts {
        per_backend!(conn, c => diesel::insert_into(visit_late_work::table)
            .values((
                visit_late_work::org_id.eq(Txt(org)),
                visit_late_work::visit_id.eq(Txt(visit)),
                visit_late_work::reason.eq(reason),
                visit_late_work::undecided_count.eq(counts.undecided),
                visit_late_work::total_count.eq(counts.total),
            ))
            .execute(c))?;
    }
    Ok(before > 0)
}

/// The counts of these visits; those without late work are left out.
///
/// # Errors
/// Database errors only.
pub fn list_late_counts(
    conn: &mut Conn,
    org: OrgId,
    visits: &[VisitId],
) -> StoreResult<BTreeMap<VisitId, CountsByReason>> {
    let mut found: BTreeMap<VisitId, CountsByReason> = BTreeMap::new();
    let rows: Vec<(Txt<VisitId>, String, i64, i64)> = per_backend!(conn, c => visit_late_work::table
        .filter(visit_late_work::org_id.eq(Txt(org))
            .and(one_of(visit_late_work::visit_id, visits)))
        .select((
            visit_late_work::visit_id,
            visit_late_work::reason,
            visit_late_work::undecided_count,
            visit_late_work::total_count,
        ))
        .load(c))?;
    for (visit, reason, undecided, total) in rows {
        found.entry(visit.0).or_default().insert(reason, LateCounts { undecided, total });
    }
    Ok(found)
}
