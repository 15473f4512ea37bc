//! Deadlines of orders and visits, as they were judged last.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use sync_core::ids::{OrgId, UserId, VisitId, WorkOrderId};

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::one_of::one_of;
use crate::schema::{assignments, deadline_history, deadlines, visits};
use crate::text::Txt;

/// Whether a row of a table is about a visit that one of these people was assigned to at an instant, or about the order of
/// one; without an instant, is assigned to now.
macro_rules! theirs {
    ($table:ident, $org:expr, $people:expr) => {
        theirs!($table, $org, $people, assignments::until_ms.is_null())
    };
    ($table:ident, $org:expr, $people:expr, at $at:expr) => {
        theirs!(
            $table,
            $org,
            $people,
            assignments::from_ms.le($at).and(assignments::until_ms.is_null().or(assignments::until_ms.gt($at)))
        )
    };
    ($table:ident, $org:expr, $people:expr, $stands:expr) => {{
        let assigned = assignments::table
            .filter(assignments::org_id.eq(Txt($org)).and(one_of(assignments::rep_id, $people)))
            .filter($stands)
            .select(assignments::visit_id);
        let served = visits::table
            .filter(
                visits::org_id
                    .eq(Txt($org))
                    .and(visits::work_order_id.is_not_null())
                    .and(visits::id.eq_any(assigned.clone())),
            )
            .select(visits::work_order_id.assume_not_null());
        $table::visit_id
            .assume_not_null()
            .eq_any(assigned)
            .or($table::visit_id.is_null().and($table::work_order_id.assume_not_null().eq_any(served)))
    }};
}

/// A deadline.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = deadlines, treat_none_as_default_value = false)]
pub struct DeadlineRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id of the order or the visit that it is about.
    pub subject: String,
    /// Which deadline.
    pub code: String,
    /// Which one of several.
    pub item: i64,
    /// The visit.
    pub visit_id: Option<Txt<VisitId>>,
    /// The order.
    pub work_order_id: Option<Txt<WorkOrderId>>,
    /// What it counts from.
    pub trigger_ms: i64,
    /// When it is due.
    pub due_ms: i64,
    /// When it was done.
    pub happened_ms: Option<i64>,
    /// What became of it.
    pub state: String,
    /// Under which version of the policy.
    pub policy_version: i64,
    /// Since when it is judged so.
    pub judged_ms: i64,
    /// When somebody has to be told.
    pub watch_ms: Option<i64>,
    /// When somebody was told.
    pub told_ms: Option<i64>,
}

impl DeadlineRow {
    /// Its place among those of its organisation and state.
    #[must_use]
    pub fn place(&self) -> DeadlinePlace {
        DeadlinePlace { due_ms: self.due_ms, subject: self.subject.clone(), code: self.code.clone(), item: self.item }
    }

    /// How it is judged now.
    #[must_use]
    pub fn judgement(&self) -> Judgement {
        Judgement {
            subject: self.subject.clone(),
            code: self.code.clone(),
            item: self.item,
            visit_id: self.visit_id,
            work_order_id: self.work_order_id,
            trigger_ms: self.trigger_ms,
            due_ms: self.due_ms,
            happened_ms: self.happened_ms,
            state: self.state.clone(),
            policy_version: self.policy_version,
        }
    }
}

/// Where a list of deadlines goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlinePlace {
    /// When it is due.
    pub due_ms: i64,
    /// What it is about.
    pub subject: String,
    /// Which deadline.
    pub code: String,
    /// Which one of several.
    pub item: i64,
}

/// Adds deadlines.
///
/// # Errors
/// Conflict if one is there already.
pub fn insert_deadlines(conn: &mut Conn, rows: &[DeadlineRow]) -> StoreResult<()> {
    insert_rows!(conn, deadlines::table, rows)?;
    Ok(())
}

/// Writes a deadline that is there already.
///
/// # Errors
/// Database errors only.
pub fn update_deadline(conn: &mut Conn, row: &DeadlineRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::update(deadlines::table
            .find((row.org_id, &row.subject, &row.code, row.item)))
        .set((
            deadlines::trigger_ms.eq(row.trigger_ms),
            deadlines::due_ms.eq(row.due_ms),
            deadlines::happened_ms.eq(row.happened_ms),
            deadlines::state.eq(&row.state),
            deadlines::policy_version.eq(row.policy_version),
            deadlines::judged_ms.eq(row.judged_ms),
            deadlines::watch_ms.eq(row.watch_ms),
            deadlines::told_ms.eq(row.told_ms),
        ))
        .execute(c))?;
    Ok(())
}

/// How a deadline was judged before.
#[derive(Debug, Clone, PartialEq, Eq, Insertable)]
#[diesel(table_name = deadline_history, treat_none_as_default_value = false)]
pub struct PastJudgement {
    org_id: Txt<OrgId>,
    subject: String,
    code: String,
    item: i64,
    judged_ms: i64,
    until_ms: i64,
    visit_id: Option<Txt<VisitId>>,
    work_order_id: Option<Txt<WorkOrderId>>,
    trigger_ms: i64,
    due_ms: i64,
    happened_ms: Option<i64>,
    state: String,
    policy_version: i64,
}

impl PastJudgement {
    /// What a row said until it was judged anew.
    #[must_use]
    pub fn of(row: DeadlineRow, until_ms: i64) -> Self {
        Self {
            org_id: row.org_id,
            subject: row.subject,
            code: row.code,
            item: row.item,
            judged_ms: row.judged_ms,
            until_ms,
            visit_id: row.visit_id,
            work_order_id: row.work_order_id,
            trigger_ms: row.trigger_ms,
            due_ms: row.due_ms,
            happened_ms: row.happened_ms,
            state: row.state,
            policy_version: row.policy_version,
        }
    }
}

/// Keeps how deadlines were judged before.
///
/// # Errors
/// Conflict if that is kept already.
pub fn insert_past(conn: &mut Conn, rows: &[PastJudgement]) -> StoreResult<()> {
    insert_rows!(conn, deadline_history::table, rows)?;
    Ok(())
}

/// Notes that somebody was told of a deadline, if it is still as it was read: whoever judged it anew meanwhile said when to
/// look again. True if it is.
///
/// # Errors
/// Database errors only.
pub fn mark_told(conn: &mut Conn, row: &DeadlineRow, now_ms: i64) -> StoreResult<bool> {
    let marked = per_backend!(conn, c => diesel::update(deadlines::table
            .find((row.org_id, &row.subject, &row.code, row.item))
            .filter(deadlines::watch_ms.eq(row.watch_ms).and(deadlines::judged_ms.eq(row.judged_ms))))
        .set((deadlines::watch_ms.eq(None::<i64>), deadlines::told_ms.eq(now_ms)))
        .execute(c))?;
    Ok(marked > 0)
}

/// Makes other transactions that would judge these orders and visits anew wait for the end of this one.
///
/// # Errors
/// Database errors only.
pub fn lock_of_subjects(conn: &mut Conn, org: OrgId, subjects: &[String]) -> StoreResult<()> {
    Ok(crate::dialect::lock_deadlines(conn, org, subjects)?)
}

/// The deadlines of these orders and visits.
///
/// # Errors
/// Database errors only.
pub fn list_of_subjects(conn: &mut Conn, org: OrgId, subjects: &[String]) -> StoreResult<Vec<DeadlineRow>> {
    Ok(per_backend!(conn, c => deadlines::table
        .filter(deadlines::org_id.eq(Txt(org)).and(one_of(deadlines::subject, subjects)))
        .select(DeadlineRow::as_select())
        .load(c))?)
}

/// Deadlines that had passed before now and of which somebody has to be told, those that wait longest first.
///
/// # Errors
/// Database errors only.
pub fn list_to_tell(conn: &mut Conn, org: OrgId, now_ms: i64, limit: i64) -> StoreResult<Vec<DeadlineRow>> {
    Ok(per_backend!(conn, c => deadlines::table
        .filter(deadlines::org_id.eq(Txt(org)).and(deadlines::watch_ms.lt(now_ms)))
        .order(deadlines::watch_ms)
        .limit(limit)
        .select(DeadlineRow::as_select())
        .load(c))?)
}

/// A deadline as it was judged at some instant.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Judgement {
    /// Id of the order or the visit.
    pub subject: String,
    /// Which deadline.
    pub code: String,
    /// Which one of several.
    pub item: i64,
    /// The visit.
    pub visit_id: Option<Txt<VisitId>>,
    /// The order.
    pub work_order_id: Option<Txt<WorkOrderId>>,
    /// What it counts from.
    pub trigger_ms: i64,
    /// When it is due.
    pub due_ms: i64,
    /// When it was done.
    pub happened_ms: Option<i64>,
    /// What became of it.
    pub state: String,
    /// Under which version of the policy.
    pub policy_version: i64,
}

impl Judgement {
    /// Its place among those of its code.
    #[must_use]
    pub fn place(&self) -> JudgementPlace {
        JudgementPlace { due_ms: self.due_ms, subject: self.subject.clone(), item: self.item }
    }
}

/// Where a list of judgements of one code goes on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct JudgementPlace {
    /// When it is due.
    pub due_ms: i64,
    /// What it is about.
    pub subject: String,
    /// Which one of several.
    pub item: i64,
}

/// Which judgements a figure is made of.
#[derive(Debug, Clone)]
pub struct JudgementFilter {
    /// Which deadline.
    pub code: String,
    /// Due from the first of these instants to before the second.
    pub due_ms: (i64, i64),
    /// As they were judged at this instant.
    pub as_of_ms: i64,
    /// Only of visits that these people were assigned to at that instant, and of their orders.
    pub people: Option<Vec<UserId>>,
}

/// The judgements of a table that stood at an instant, which `$stood` says.
macro_rules! judgements {
    ($table:ident, $org:expr, $code:expr, $stood:expr) => {
        $table::table.filter($table::org_id.eq(Txt($org)).and($table::code.eq($code))).filter($stood).select((
            $table::subject,
            $table::code,
            $table::item,
            $table::visit_id,
            $table::work_order_id,
            $table::trigger_ms,
            $table::due_ms,
            $table::happened_ms,
            $table::state,
            $table::policy_version,
        ))
    };
}

/// One page of the judgements of a table.
macro_rules! judgement_page {
    ($conn:expr, $table:ident, $org:expr, $filter:expr, $after:expr, $limit:expr, $stood:expr) => {
        per_backend!($conn, c => {
            let from = $after.map_or($filter.due_ms.0, |place| place.due_ms.max($filter.due_ms.0));
            let mut query = judgements!($table, $org, &$filter.code, $stood)
                .filter($table::due_ms.ge(from).and($table::due_ms.lt($filter.due_ms.1)))
                .order(($table::due_ms, $table::subject, $table::item))
                .limit($limit)
                .into_boxed();
            if let Some(place) = $after {
                query = query.filter(sql::<Bool>("(due_ms, subject, item) > (")
                    .bind::<BigInt, _>(place.due_ms).sql(", ").bind::<Text, _>(place.subject.clone()).sql(", ")
                    .bind::<BigInt, _>(place.item).sql(")"));
            }
            if let Some(people) = &$filter.people {
                query = query.filter(theirs!($table, $org, people, at $filter.as_of_ms));
            }
            query.load::<Judgement>(c)
        })
    };
}

/// The judgements of a figure by their place, after a place; fewer than `limit` only where there are no more.
///
/// # Errors
/// Database errors only.
pub fn list_judgements(
    conn: &mut Conn,
    org: OrgId,
    filter: &JudgementFilter,
    after: Option<&JudgementPlace>,
    limit: i64,
) -> StoreResult<Vec<Judgement>> {
    let at = filter.as_of_ms;
    let now = judgement_page!(conn, deadlines, org, filter, after, limit, deadlines::judged_ms.le(at))?;
    let stood = deadline_history::judged_ms.le(at).and(deadline_history::until_ms.gt(at));
    let mut found = judgement_page!(conn, deadline_history, org, filter, after, limit, stood)?;
    found.extend(now);
    found.sort_by_cached_key(Judgement::place);
    found.truncate(usize::try_from(limit).unwrap_or(0));
    Ok(found)
}

/// The judgements of one code about these orders and visits at an instant, in no order.
///
/// # Errors
/// Database errors only.
pub fn list_judgements_of(
    conn: &mut Conn,
    org: OrgId,
    code: &str,
    subjects: &[String],
    as_of_ms: i64,
) -> StoreResult<Vec<Judgement>> {
    let at = as_of_ms;
    let mut found: Vec<Judgement> = per_backend!(conn, c => {
        judgements!(deadlines, org, code, deadlines::judged_ms.le(at)).filter(one_of(deadlines::subject, subjects)).load(c)
    })?;
    let before: Vec<Judgement> = per_backend!(conn, c => {
        let stood = deadline_history::judged_ms.le(at).and(deadline_history::until_ms.gt(at));
        judgements!(deadline_history, org, code, stood).filter(one_of(deadline_history::subject, subjects)).load(c)
    })?;
    found.extend(before);
    Ok(found)
}

/// Which deadlines a list names.
#[derive(Debug, Clone)]
pub struct DeadlineFilter {
    /// State.
    pub state: String,
    /// Which deadline.
    pub code: Option<String>,
    /// Only of this visit.
    pub visit: Option<VisitId>,
    /// Only of this order, also those of its visits.
    pub work_order: Option<WorkOrderId>,
    /// Only those due at this instant or before.
    pub due_by_ms: Option<i64>,
    /// Only of visits that these people are assigned to now, and of their orders.
    pub people: Option<Vec<UserId>>,
}

/// Deadlines of one state by the time they are due, after a place.
///
/// # Errors
/// Database errors only.
pub fn list_deadlines(
    conn: &mut Conn,
    org: OrgId,
    filter: &DeadlineFilter,
    after: Option<&DeadlinePlace>,
    limit: i64,
) -> StoreResult<Vec<DeadlineRow>> {
    Ok(per_backend!(conn, c => {
        let mut query = deadlines::table
            .filter(deadlines::org_id.eq(Txt(org)).and(deadlines::state.eq(&filter.state)))
            .order((deadlines::due_ms, deadlines::subject, deadlines::code, deadlines::item))
            .limit(limit)
            .select(DeadlineRow::as_select())
            .into_boxed();
        if let Some(place) = after {
            query = query.filter(sql::<Bool>("(due_ms, subject, code, item) > (")
                .bind::<BigInt, _>(place.due_ms).sql(", ").bind::<Text, _>(place.subject.clone()).sql(", ")
                .bind::<Text, _>(place.code.clone()).sql(", ").bind::<BigInt, _>(place.item).sql(")"));
        }
        if let Some(code) = &filter.code {
            query = query.filter(deadlines::code.eq(code));
        }
        if let Some(visit) = filter.visit {
            query = query.filter(deadlines::visit_id.eq(Txt(visit)));
        }
        if let Some(order) = filter.work_order {
            query = query.filter(deadlines::work_order_id.eq(Txt(order)));
        }
        if let Some(due_by) = filter.due_by_ms {
            query = query.filter(deadlines::due_ms.le(due_by));
        }
        if let Some(people) = &filter.people {
            query = query.filter(theirs!(deadlines, org, people));
        }
        query.load(c)
    })?)
}
