//! When people do not work; only added to.

use std::collections::BTreeMap;

use diesel::prelude::*;
use sync_core::ids::{AbsenceId, OrgId, UserId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::{absence_ends, absences};
use crate::text::Txt;

/// An absence as it was noted first.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = absences, treat_none_as_default_value = false)]
pub struct AbsenceRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id, UUIDv7.
    pub id: Txt<AbsenceId>,
    /// Who does not work.
    pub user_id: Txt<UserId>,
    /// From this instant.
    pub from_ms: i64,
    /// Before this instant; for good if absent.
    pub until_ms: Option<i64>,
    /// Why.
    pub reason: String,
    /// Who noted it.
    pub noted_by: Txt<UserId>,
    /// When.
    pub noted_at_ms: i64,
}

/// When an absence ends, otherwise than was said before.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = absence_ends)]
pub struct AbsenceEndRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The absence.
    pub absence_id: Txt<AbsenceId>,
    /// The how many-th time that its end is said, from 1.
    pub seq: i64,
    /// Before this instant.
    pub until_ms: i64,
    /// Who said so.
    pub ended_by: Txt<UserId>,
    /// When.
    pub ended_at_ms: i64,
}

/// An absence with what was said of it later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// As it was noted first.
    pub row: AbsenceRow,
    /// What was said last of its end.
    pub end: Option<AbsenceEndRow>,
}

impl Absence {
    /// Before which instant it counts; for good if absent.
    #[must_use]
    pub fn until_ms(&self) -> Option<i64> {
        self.end.as_ref().map(|end| end.until_ms).or(self.row.until_ms)
    }
}

/// Adds an absence.
///
/// # Errors
/// Conflict if the id is taken or the person unknown.
pub fn insert_absence(conn: &mut Conn, row: &AbsenceRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(absences::table).values(row).execute(c))?;
    Ok(())
}

/// Says when an absence ends.
///
/// # Errors
/// Conflict if the number is taken.
pub fn insert_absence_end(conn: &mut Conn, row: &AbsenceEndRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(absence_ends::table).values(row).execute(c))?;
    Ok(())
}

/// Which absences a list names.
#[derive(Debug, Clone, Default)]
pub struct AbsenceFilter {
    /// Only this one.
    pub id: Option<AbsenceId>,
    /// Only of these people.
    pub people: Option<Vec<UserId>>,
    /// Only those that were noted to last longer than until this instant.
    pub beyond_ms: Option<i64>,
}

/// Absences in id order, after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_absences(
    conn: &mut Conn,
    org: OrgId,
    filter: &AbsenceFilter,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<Absence>> {
    let rows: Vec<AbsenceRow> = per_backend!(conn, c => {
        let mut query = absences::table
            .filter(absences::org_id.eq(Txt(org)))
            .limit(limit)
            .select(AbsenceRow::as_select())
            .into_boxed();
        query = if filter.people.is_some() {
            // An expression instead of the column keeps the engine from walking the primary key.
            query.filter(absences::id.concat("").gt(after)).order(absences::id.concat(""))
        } else {
            query.filter(absences::id.gt(after)).order(absences::id)
        };
        if let Some(id) = filter.id {
            query = query.filter(absences::id.eq(Txt(id)));
        }
        if let Some(people) = &filter.people {
            query = query.filter(one_of(absences::user_id, people));
        }
        if let Some(beyond) = filter.beyond_ms {
            query = query.filter(absences::until_ms.is_null().or(absences::until_ms.gt(beyond)));
        }
        query.load(c)
    })?;
    let ids: Vec<AbsenceId> = rows.iter().map(|row| row.id.0).collect();
    let ends: Vec<AbsenceEndRow> = per_backend!(conn, c => absence_ends::table
        .filter(absence_ends::org_id.eq(Txt(org)).and(one_of(absence_ends::absence_id, &ids)))
        .order((absence_ends::absence_id, absence_ends::seq))
        .select(AbsenceEndRow::as_select())
        .load(c))?;
    // Of several the last one stays.
    let mut ends: BTreeMap<AbsenceId, _> = ends.into_iter().map(|end| (end.absence_id.0, end)).collect();
    Ok(rows.into_iter().map(|row| Absence { end: ends.remove(&row.id.0), row }).collect())
}
