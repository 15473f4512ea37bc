//! What a person should look at about photos.

use std::collections::BTreeMap;

use diesel::dsl::count_star;
use diesel::prelude::*;
use sync_core::bytes::Hash;
use sync_core::ids::{FindingDecisionId, FindingId, OrgId, UserId, VisitId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::schema::{finding_decisions, findings};
use crate::text::Txt;

/// The state of a finding that nobody has decided on.
pub const OPEN: &str = "open";

/// What was found about one photo.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = findings, treat_none_as_default_value = false)]
pub struct FindingRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id, derived from visit, photo, content and code.
    pub id: Txt<FindingId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Record id of the photo.
    pub photo_id: String,
    /// The content that was looked at.
    pub sha256: Txt<Hash>,
    /// What was found.
    pub code: String,
    /// How much it weighs, 1 to 3.
    pub level: i64,
    /// Why, as JSON.
    pub evidence: String,
    /// The visit of the photo that was there before.
    pub earlier_visit_id: Option<Txt<VisitId>>,
    /// Its record.
    pub earlier_photo_id: Option<String>,
    /// Its content.
    pub earlier_sha256: Option<Txt<Hash>>,
    /// `open`, or what a person said: `confirmed` or `dismissed`.
    pub state: String,
    /// Version of the rules that made it.
    pub version: i64,
    /// When it was made.
    pub made_at_ms: i64,
}

/// What was found about the photos of a visit, by photo and code.
///
/// # Errors
/// Database errors only.
pub fn list_findings(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<FindingRow>> {
    Ok(per_backend!(conn, c => findings::table
        .filter(findings::org_id.eq(Txt(org)).and(findings::visit_id.eq(Txt(visit))))
        .order((findings::photo_id, findings::code, findings::id))
        .select(FindingRow::as_select())
        .load(c))?)
}

/// Writes what was found about the photos of a visit in place of what was found before.
///
/// What a person has decided on stays as it is, and so does what was found before in the same words.
///
/// # Concurrency
/// The visit must be held by `presence::lock_visit` in this transaction: nobody decides meanwhile.
///
/// # Errors
/// Database errors only.
pub fn replace_findings(conn: &mut Conn, org: OrgId, visit: VisitId, found: &[FindingRow]) -> StoreResult<()> {
    let known = list_findings(conn, org, visit)?;
    let known: BTreeMap<FindingId, FindingRow> = known.into_iter().map(|row| (row.id.0, row)).collect();
    let is_said = |row: &FindingRow| {
        let same = |known: &FindingRow| FindingRow { made_at_ms: row.made_at_ms, ..known.clone() } == *row;
        known.get(&row.id.0).is_some_and(|known| known.state != OPEN || same(known))
    };
    let (kept, new): (Vec<&FindingRow>, Vec<&FindingRow>) = found.iter().partition(|row| is_said(row));
    let is_kept = |id: &FindingId| kept.iter().any(|row| row.id.0 == *id);
    let stale = known.values().filter(|row| row.state == OPEN && !is_kept(&row.id.0));
    let stale: Vec<FindingId> = stale.map(|row| row.id.0).collect();
    if !stale.is_empty() {
        per_backend!(conn, c => diesel::delete(findings::table
            .filter(findings::org_id.eq(Txt(org)).and(findings::state.eq(OPEN)).and(one_of(findings::id, &stale))))
            .execute(c))?;
    }
    let new: Vec<FindingRow> = new.into_iter().cloned().collect();
    Ok(insert_rows!(conn, findings::table, new)?)
}

/// What a person said of a finding, with what was found then.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = finding_decisions)]
pub struct FindingDecisionRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id, UUIDv7, made by the client.
    pub id: Txt<FindingDecisionId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// Record id of the photo.
    pub photo_id: String,
    /// The content that was looked at.
    pub sha256: Txt<Hash>,
    /// What was found.
    pub code: String,
    /// How much it weighed.
    pub level: i64,
    /// Why, as JSON.
    pub evidence: String,
    /// `confirmed` or `dismissed`.
    pub decision: String,
    /// Why, in words.
    pub comment: Option<String>,
    /// Who.
    pub decided_by: Txt<UserId>,
    /// When.
    pub at_ms: i64,
}

/// A decision.
///
/// # Errors
/// Database errors only.
pub fn find_finding_decision(
    conn: &mut Conn,
    org: OrgId,
    id: FindingDecisionId,
) -> StoreResult<Option<FindingDecisionRow>> {
    Ok(per_backend!(conn, c => finding_decisions::table
        .find((Txt(org), Txt(id)))
        .select(FindingDecisionRow::as_select())
        .first(c)
        .optional())?)
}

/// What was said of the findings of a visit, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_finding_decisions(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<FindingDecisionRow>> {
    Ok(per_backend!(conn, c => finding_decisions::table
        .filter(finding_decisions::org_id.eq(Txt(org)).and(finding_decisions::visit_id.eq(Txt(visit))))
        .order((finding_decisions::at_ms, finding_decisions::id))
        .select(FindingDecisionRow::as_select())
        .load(c))?)
}

/// Visits of which something was decided on, behind one of them.
///
/// # Errors
/// Database errors only.
pub fn list_decided_visits(
    conn: &mut Conn,
    org: OrgId,
    after: Option<VisitId>,
    limit: i64,
) -> StoreResult<Vec<VisitId>> {
    let after = after.map(|visit| visit.to_string()).unwrap_or_default();
    let visits: Vec<Txt<VisitId>> = per_backend!(conn, c => finding_decisions::table
        .filter(finding_decisions::org_id.eq(Txt(org)).and(finding_decisions::visit_id.gt(&after)))
        .order(finding_decisions::visit_id)
        .select(finding_decisions::visit_id)
        .distinct()
        .limit(limit)
        .load(c))?;
    Ok(visits.into_iter().map(|visit| visit.0).collect())
}

/// How many findings nobody decided on, by code.
///
/// # Errors
/// Database errors only.
pub fn count_open(conn: &mut Conn, org: OrgId) -> StoreResult<Vec<(String, i64)>> {
    Ok(per_backend!(conn, c => findings::table
        .filter(findings::org_id.eq(Txt(org)).and(findings::state.eq(OPEN)))
        .group_by(findings::code)
        .select((findings::code, count_star()))
        .load(c))?)
}

/// Appends a decision; from now on its finding says so, and nobody but a person changes it.
///
/// # Errors
/// Conflict if there is a decision of this id; stale if there is no such finding any more.
pub fn decide_finding(conn: &mut Conn, finding: FindingId, row: &FindingDecisionRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(finding_decisions::table).values(row).execute(c))?;
    expect_one(per_backend!(conn, c => diesel::update(findings::table.find((row.org_id, Txt(finding))))
        .set(findings::state.eq(&row.decision))
        .execute(c))?)
}
