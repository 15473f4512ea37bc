//! Verdicts, rework tickets, reviewers' leases.

use diesel::prelude::*;
use sync_core::ids::{OrgId, ReworkId, UserId, VerdictId, VisitId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::schema::{review_claims, reworks, verdicts, visits};
use crate::text::Txt;
use crate::visits::VisitRecord;

/// A reviewer's decision, append-only.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = verdicts)]
pub struct StoredVerdict {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The event, UUIDv7.
    pub id: Txt<VerdictId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// The judged photo; absent for the visit as a whole.
    pub photo_id: Option<String>,
    /// `VerdictRow` as JSON.
    pub body: String,
    /// Decision.
    pub decision: String,
    /// Who.
    pub decided_by: Txt<UserId>,
    /// When.
    pub at_ms: i64,
}

/// Appends a verdict.
///
/// # Errors
/// Database errors only.
pub fn insert_verdict(conn: &mut Conn, row: &StoredVerdict) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(verdicts::table).values(row).execute(c))?;
    Ok(())
}

/// The verdict of this id.
///
/// # Errors
/// Database errors only.
pub fn find_verdict(conn: &mut Conn, org: OrgId, id: VerdictId) -> StoreResult<Option<StoredVerdict>> {
    Ok(per_backend!(conn, c => verdicts::table
        .find((Txt(org), Txt(id)))
        .select(StoredVerdict::as_select())
        .first(c)
        .optional())?)
}

/// The verdicts of a visit, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_verdicts(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<StoredVerdict>> {
    Ok(per_backend!(conn, c => verdicts::table
        .filter(verdicts::org_id.eq(Txt(org)).and(verdicts::visit_id.eq(Txt(visit))))
        .order((verdicts::at_ms, verdicts::id))
        .select(StoredVerdict::as_select())
        .load(c))?)
}

/// A rework ticket.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = reworks)]
pub struct StoredRework {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The ticket, UUIDv7.
    pub id: Txt<ReworkId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// `ReworkRow` as JSON.
    pub body: String,
    /// When it was opened.
    pub opened_at_ms: i64,
    /// When a resubmission answered it.
    pub answered_at_ms: Option<i64>,
    /// Version of the row.
    pub version: i64,
}

/// Opens a ticket.
///
/// # Errors
/// Database errors only.
pub fn insert_rework(conn: &mut Conn, row: &StoredRework) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(reworks::table).values(row).execute(c))?;
    Ok(())
}

/// The ticket of this id.
///
/// # Errors
/// Database errors only.
pub fn find_rework(conn: &mut Conn, org: OrgId, id: ReworkId) -> StoreResult<Option<StoredRework>> {
    Ok(per_backend!(conn, c => reworks::table
        .find((Txt(org), Txt(id)))
        .select(StoredRework::as_select())
        .first(c)
        .optional())?)
}

/// The tickets of a visit, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_reworks(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<StoredRework>> {
    Ok(per_backend!(conn, c => reworks::table
        .filter(reworks::org_id.eq(Txt(org)).and(reworks::visit_id.eq(Txt(visit))))
        .order((reworks::opened_at_ms, reworks::id))
        .select(StoredRework::as_select())
        .load(c))?)
}

/// Marks a ticket answered, with its new body.
///
/// # Errors
/// Stale if it was changed meanwhile.
pub fn answer_rework(conn: &mut Conn, row: &StoredRework, body: &str, answered_at_ms: i64) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(reworks::table.filter(
        reworks::org_id.eq(row.org_id).and(reworks::id.eq(row.id)).and(reworks::version.eq(row.version)),
    )).set((
        reworks::body.eq(body),
        reworks::answered_at_ms.eq(answered_at_ms),
        reworks::version.eq(row.version + 1),
    )).execute(c))?)
}

/// Who holds the lease on a visit, and until when.
///
/// # Errors
/// Database errors only.
pub fn find_claim(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Option<(UserId, i64)>> {
    let found: Option<(Txt<UserId>, i64)> = per_backend!(conn, c => review_claims::table
        .find((Txt(org), Txt(visit)))
        .select((review_claims::reviewer_id, review_claims::until_ms))
        .first(c)
        .optional())?;
    Ok(found.map(|(reviewer, until)| (reviewer.0, until)))
}

/// Gives or renews the lease on a visit.
///
/// # Errors
/// Database errors only.
pub fn set_claim(conn: &mut Conn, org: OrgId, visit: VisitId, reviewer: UserId, until_ms: i64) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(review_claims::table)
        .values((
            review_claims::org_id.eq(Txt(org)),
            review_claims::visit_id.eq(Txt(visit)),
            review_claims::reviewer_id.eq(Txt(reviewer)),
            review_claims::until_ms.eq(until_ms),
        ))
        .on_conflict((review_claims::org_id, review_claims::visit_id))
        .do_update()
        .set((review_claims::reviewer_id.eq(Txt(reviewer)), review_claims::until_ms.eq(until_ms)))
        .execute(c))?;
    Ok(())
}

/// Visits under review in the order of handing in, then id, behind `after`.
///
/// # Errors
/// Database errors only.
pub fn list_queue(
    conn: &mut Conn,
    org: OrgId,
    after: Option<(i64, VisitId)>,
    limit: i64,
) -> StoreResult<Vec<VisitRecord>> {
    Ok(per_backend!(conn, c => {
        let mut query = visits::table
            .filter(visits::org_id.eq(Txt(org)).and(visits::state.eq("under_review")))
            // Every visit under review was handed in; the index orders by this column.
            .filter(visits::submitted_at_ms.is_not_null())
            .order((visits::submitted_at_ms, visits::id))
            .limit(limit)
            .select(VisitRecord::as_select())
            .into_boxed();
        if let Some((at, visit)) = after {
            // The first condition alone lets both engines start inside the index.
            query = query.filter(visits::submitted_at_ms.ge(at)).filter(visits::submitted_at_ms.gt(at)
                .or(visits::submitted_at_ms.eq(at).and(visits::id.gt(Txt(visit)))));
        }
        query.load(c)
    })?)
}
