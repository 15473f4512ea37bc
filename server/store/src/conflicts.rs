//! Concurrent values of visits: how many there are, and what the office chose.

use std::collections::BTreeMap;

use diesel::prelude::*;
use sync_core::ids::{ChoiceId, OrgId, VisitId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::{conflict_choices, visit_conflicts};
use crate::text::Txt;

/// An office choice, append-only.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = conflict_choices)]
pub struct StoredChoice {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The decision, UUIDv7.
    pub id: Txt<ChoiceId>,
    /// The visit.
    pub visit_id: Txt<VisitId>,
    /// `ChoiceRow` as JSON.
    pub body: String,
    /// When.
    pub at_ms: i64,
}

/// Appends a choice.
///
/// # Errors
/// Database errors only.
pub fn insert_choice(conn: &mut Conn, row: &StoredChoice) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(conflict_choices::table).values(row).execute(c))?;
    Ok(())
}

/// The choice of this id.
///
/// # Errors
/// Database errors only.
pub fn find_choice(conn: &mut Conn, org: OrgId, id: ChoiceId) -> StoreResult<Option<StoredChoice>> {
    Ok(per_backend!(conn, c => conflict_choices::table
        .find((Txt(org), Txt(id)))
        .select(StoredChoice::as_select())
        .first(c)
        .optional())?)
}

/// The choices of a visit as stored JSON, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_choice_bodies(conn: &mut Conn, org: OrgId, visit: VisitId) -> StoreResult<Vec<(ChoiceId, String)>> {
    let rows: Vec<(Txt<ChoiceId>, String)> = per_backend!(conn, c => conflict_choices::table
        .filter(conflict_choices::org_id.eq(Txt(org)).and(conflict_choices::visit_id.eq(Txt(visit))))
        .order((conflict_choices::at_ms, conflict_choices::id))
        .select((conflict_choices::id, conflict_choices::body))
        .load(c))?;
    Ok(rows.into_iter().map(|(id, body)| (id.0, body)).collect())
}

/// The choices of visits as stored JSON, oldest first; those without are left out.
///
/// # Errors
/// Database errors only.
pub fn list_choice_bodies_of(
    conn: &mut Conn,
    org: OrgId,
    visits: &[VisitId],
) -> StoreResult<BTreeMap<VisitId, Vec<(ChoiceId, String)>>> {
    let mut found: BTreeMap<VisitId, Vec<(ChoiceId, String)>> = BTreeMap::new();
    let rows: Vec<(Txt<VisitId>, Txt<ChoiceId>, String)> = per_backend!(conn, c => conflict_choices::table
        .filter(conflict_choices::org_id.eq(Txt(org))
            .and(one_of(conflict_choices::visit_id, visits)))
        .order((conflict_choices::at_ms, conflict_choices::id))
        .select((conflict_choices::visit_id, conflict_choices::id, conflict_choices::body))
        .load(c))?;
    for (visit, id, body) in rows {
        found.entry(visit.0).or_default().push((id.0, body));
    }
    Ok(found)
}

/// How many things of a visit have concurrent values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConflictCounts {
    /// Those that wait for a person.
    pub open: i64,
    /// All.
    pub total: i64,
}

/// Writes the counts of a visit in place of those before, none where there is no conflict; true if there were any.
///
/// # Errors
/// Database errors only.
pub fn replace_conflict_counts(
    conn: &mut Conn,
    org: OrgId,
    visit: VisitId,
    counts: ConflictCounts,
) -> StoreResult<bool> {
    let before =
        per_backend!(conn, c => diesel::delete(visit_conflicts::table.find((Txt(org), Txt(visit)))).execute(c))?;
    if counts.total > 0 {
        per_backend!(conn, c => diesel::insert_into(visit_conflicts::table)
            .values((
                visit_conflicts::org_id.eq(Txt(org)),
                visit_conflicts::visit_id.eq(Txt(visit)),
                visit_conflicts::open_count.eq(counts.open),
                visit_conflicts::total_count.eq(counts.total),
            ))
            .execute(c))?;
    }
    Ok(before > 0)
}

/// The counts of these visits; those without conflicts are left out.
///
/// # Errors
/// Database errors only.
pub fn list_conflict_counts(
    conn: &mut Conn,
    org: OrgId,
    visits: &[VisitId],
) -> StoreResult<BTreeMap<VisitId, ConflictCounts>> {
    let rows: Vec<(Txt<VisitId>, i64, i64)> = per_backend!(conn, c => visit_conflicts::table
        .filter(visit_conflicts::org_id.eq(Txt(org))
            .and(one_of(visit_conflicts::visit_id, visits)))
        .select((visit_conflicts::visit_id, visit_conflicts::open_count, visit_conflicts::total_count))
        .load(c))?;
    Ok(rows.into_iter().map(|(visit, open, total)| (visit.0, ConflictCounts { open, total })).collect())
}
