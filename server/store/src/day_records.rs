//! Check-ins, kit checks and notes of working days: which day each is about.

use std::collections::BTreeSet;

use diesel::prelude::*;
use sync_core::ids::{IntentId, OrgId, UserId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::{day_records, intents};
use crate::text::Txt;

/// Which day an intent is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Queryable, Selectable, Insertable)]
#[diesel(table_name = day_records, treat_none_as_default_value = false)]
pub struct DayRecordRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The intent.
    pub intent_id: Txt<IntentId>,
    /// Whose day it is.
    pub user_id: Txt<UserId>,
    /// The day that it names.
    pub day: String,
    /// When it was made.
    pub at_ms: i64,
}

/// A record of a day with what it says.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct DayRecord {
    /// The intent.
    pub intent: Txt<IntentId>,
    /// Whose day it is.
    pub user: Txt<UserId>,
    /// When it was made.
    pub at_ms: i64,
    /// When it came.
    pub received_at_ms: i64,
    /// The intent's bytes.
    pub bytes: Vec<u8>,
}

/// Adds records.
///
/// # Errors
/// Conflict if an intent has one.
pub fn insert_day_records(conn: &mut Conn, rows: &[DayRecordRow]) -> StoreResult<()> {
    insert_rows!(conn, day_records::table, rows)?;
    Ok(())
}

/// The records of a day in the order in which they were made, of the given people or of all; the first `limit` of them.
///
/// # Errors
/// Database errors only.
pub fn list_of_day(
    conn: &mut Conn,
    org: OrgId,
    day: &str,
    people: Option<&[UserId]>,
    limit: i64,
) -> StoreResult<Vec<DayRecord>> {
    Ok(per_backend!(conn, c => {
        let mut query = day_records::table
            .inner_join(intents::table.on(intents::org_id.eq(day_records::org_id)
                .and(intents::id.eq(day_records::intent_id))))
            .filter(day_records::org_id.eq(Txt(org)).and(day_records::day.eq(day)))
            .order((day_records::at_ms, day_records::intent_id))
            .limit(limit)
            .select((
                day_records::intent_id,
                day_records::user_id,
                day_records::at_ms,
                intents::received_at_ms,
                intents::bytes,
            ))
            .into_boxed();
        if let Some(people) = people {
            query = query.filter(one_of(day_records::user_id, people));
        }
        query.load(c)
    })?)
}

/// The records of intents of ids after `after` and up to `through`.
///
/// # Errors
/// Database errors only.
pub fn list_between(conn: &mut Conn, org: OrgId, after: &str, through: &str) -> StoreResult<BTreeSet<DayRecordRow>> {
    let rows: Vec<DayRecordRow> = per_backend!(conn, c => day_records::table
        .filter(day_records::org_id.eq(Txt(org)))
        .filter(day_records::intent_id.gt(after).and(day_records::intent_id.le(through)))
        .select(DayRecordRow::as_select())
        .load(c))?;
    Ok(rows.into_iter().collect())
}
