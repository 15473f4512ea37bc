//! The office's side of visits.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use sync_core::ids::{AppointmentId, OrgId, UserId, VisitId, WorkOrderId};
use sync_core::plan::LateReason;

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::prepared::StaysPrepared as _;
use crate::schema::{assignments, customers, documents, sites, visit_conflicts, visit_late_work, visits, work_orders};
use crate::text::Txt;

/// A visit; `state`, `outcome`, `submitted_at_ms`, `missing_blobs` and the pins are projections and leave `version` alone.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = visits, treat_none_as_default_value = false)]
pub struct VisitRecord {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id.
    pub id: Txt<VisitId>,
    /// Number in the organisation's series.
    pub number: Option<String>,
    /// `office` or `device`.
    pub origin: String,
    /// The work order it serves.
    pub work_order_id: Option<Txt<WorkOrderId>>,
    /// Template.
    pub template: String,
    /// Version of the template that the plan follows; what the crew began is pinned in its document.
    pub template_version: i64,
    /// Version of the policy that the plan follows, likewise.
    pub policy_version: i64,
    /// Grows with each change of the crew.
    pub assignment_epoch: i64,
    /// The appointment in force.
    pub appointment_id: Option<Txt<AppointmentId>>,
    /// Planned start.
    pub planned_start_ms: Option<i64>,
    /// Number of the attempt, from 1.
    pub attempt: i64,
    /// The visit of the attempt before.
    pub previous_visit_id: Option<Txt<VisitId>>,
    /// Higher goes first.
    pub priority: i64,
    /// When the office cancelled it.
    pub cancelled_at_ms: Option<i64>,
    /// Why.
    pub cancel_reason: Option<String>,
    /// When the office closed it.
    pub closed_at_ms: Option<i64>,
    /// When all evidence was durable.
    pub evidence_complete_at_ms: Option<i64>,
    /// Projected state.
    pub state: String,
    /// Projected outcome.
    pub outcome: Option<String>,
    /// When the crew handed it in.
    pub submitted_at_ms: Option<i64>,
    /// Declared blobs that are not durable here.
    pub missing_blobs: i64,
    /// Version of the plan.
    pub version: i64,
    /// When it was made.
    pub created_at_ms: i64,
    /// Template that the crew pinned, `code/version`.
    pub pinned_template: Option<String>,
    /// Version of the policy that the crew pinned.
    pub pinned_policy_version: Option<i64>,
}

impl VisitRecord {
    /// Version of the policy that counts: the pinned one, the planned one until there is one.
    #[must_use]
    pub fn policy_in_force(&self) -> i64 {
        self.pinned_policy_version.unwrap_or(self.policy_version)
    }
}

/// What follows of a visit from document, plan and review.
#[derive(Debug, Clone, PartialEq, Eq, AsChangeset)]
#[diesel(table_name = visits, treat_none_as_null = true)]
pub struct Projected {
    /// State.
    pub state: String,
    /// Outcome.
    pub outcome: Option<String>,
    /// When the crew handed it in.
    pub submitted_at_ms: Option<i64>,
    /// Template that the crew pinned, `code/version`.
    pub pinned_template: Option<String>,
    /// Version of the policy that the crew pinned.
    pub pinned_policy_version: Option<i64>,
}

impl Projected {
    /// Whether a row says the same.
    #[must_use]
    pub fn is_of(&self, row: &VisitRecord) -> bool {
        let pins = (&row.pinned_template, row.pinned_policy_version);
        let rest = (&row.state, &row.outcome, row.submitted_at_ms);
        (&self.pinned_template, self.pinned_policy_version) == pins
            && (&self.state, &self.outcome, self.submitted_at_ms) == rest
    }

    /// Writes it into a row that is at hand.
    pub fn put_into(self, row: &mut VisitRecord) {
        row.state = self.state;
        row.outcome = self.outcome;
        row.submitted_at_ms = self.submitted_at_ms;
        row.pinned_template = self.pinned_template;
        row.pinned_policy_version = self.pinned_policy_version;
    }
}

/// Adds a visit.
///
/// # Errors
/// Conflict if id or number are taken or the work order is unknown.
pub fn insert_visit(conn: &mut Conn, row: &VisitRecord) -> StoreResult<()> {
    insert_visits(conn, std::slice::from_ref(row))
}

/// Adds visits.
///
/// # Errors
/// Conflict if an id or number is taken or a work order is unknown.
pub fn insert_visits(conn: &mut Conn, rows: &[VisitRecord]) -> StoreResult<()> {
    insert_rows!(conn, visits::table, rows)?;
    Ok(())
}

/// The visits of these ids, as far as there are any.
///
/// # Errors
/// Database errors only.
pub fn list_by_id(conn: &mut Conn, org: OrgId, ids: &[VisitId]) -> StoreResult<Vec<VisitRecord>> {
    Ok(per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(Txt(org)).and(one_of(visits::id, ids)))
        .select(VisitRecord::as_select())
        .load(c))?)
}

/// The visit of this id.
///
/// # Errors
/// Database errors only.
pub fn find_visit(conn: &mut Conn, org: OrgId, id: VisitId) -> StoreResult<Option<VisitRecord>> {
    Ok(per_backend!(conn, c => visits::table
        .find((Txt(org), Txt(id)))
        .select(VisitRecord::as_select())
        .first(c)
        .optional())?)
}

/// Writes the plan columns of a visit if the stored version is `row.version - 1`.
///
/// # Errors
/// Stale if somebody else was faster.
pub fn update_plan(conn: &mut Conn, row: &VisitRecord) -> StoreResult<()> {
    let affected = per_backend!(conn, c => diesel::update(visits::table
            .filter(visits::org_id.eq(row.org_id)
                .and(visits::id.eq(row.id))
                .and(visits::version.eq(row.version - 1))))
        .set((
            visits::number.eq(&row.number),
            visits::work_order_id.eq(row.work_order_id),
            visits::template_version.eq(row.template_version),
            visits::policy_version.eq(row.policy_version),
            visits::assignment_epoch.eq(row.assignment_epoch),
            visits::appointment_id.eq(row.appointment_id),
            visits::planned_start_ms.eq(row.planned_start_ms),
            visits::priority.eq(row.priority),
            visits::cancelled_at_ms.eq(row.cancelled_at_ms),
            visits::cancel_reason.eq(&row.cancel_reason),
            visits::closed_at_ms.eq(row.closed_at_ms),
            visits::evidence_complete_at_ms.eq(row.evidence_complete_at_ms),
            visits::version.eq(row.version),
        ))
        .execute(c))?;
    expect_one(affected)
}

/// The norms that the plan of a visit follows.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct PlannedNorms {
    /// The visit.
    pub id: Txt<VisitId>,
    /// Planned start.
    pub planned_start_ms: Option<i64>,
    /// Template.
    pub template: String,
    /// Its version.
    pub template_version: i64,
    /// Version of the policy.
    pub policy_version: i64,
}

/// Visits in one of these states of which no document is stored, in id order after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_unbegun(
    conn: &mut Conn,
    org: OrgId,
    states: &[&str],
    after: &str,
    limit: i64,
) -> StoreResult<Vec<PlannedNorms>> {
    Ok(per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(Txt(org)).and(visits::state.eq_any(states)))
        // An expression instead of the column keeps the engine from walking the primary key.
        .filter(visits::id.concat("").gt(after))
        .filter(not(exists(documents::table.filter(documents::org_id.eq(visits::org_id)
            .and(documents::visit_id.eq(visits::id))))))
        .order(visits::id.concat(""))
        .limit(limit)
        .select((visits::id, visits::planned_start_ms, visits::template, visits::template_version, visits::policy_version))
        .load(c))?)
}

/// Writes what follows from document, plan and review.
///
/// # Errors
/// Stale if there is no such visit.
pub fn update_projection(conn: &mut Conn, org: OrgId, id: VisitId, projected: &Projected) -> StoreResult<()> {
    let affected = per_backend!(conn, c => diesel::update(visits::table.find((Txt(org), Txt(id))))
        .set(projected)
        .execute(c))?;
    expect_one(affected)
}

/// Writes everything of a visit that is derived: the projections, and with a new version since when its evidence is
/// complete.
///
/// # Concurrency
/// The row must have been read under `presence::lock_visits` in this transaction.
///
/// # Errors
/// Stale if there is no such visit.
pub fn update_derived(conn: &mut Conn, row: &VisitRecord) -> StoreResult<()> {
    let written: Vec<i64> = per_backend!(conn, c => diesel::update(visits::table.find((row.org_id, row.id)))
        .set((
            visits::state.eq(&row.state),
            visits::outcome.eq(&row.outcome),
            visits::submitted_at_ms.eq(row.submitted_at_ms),
            visits::pinned_template.eq(&row.pinned_template),
            visits::pinned_policy_version.eq(row.pinned_policy_version),
            visits::missing_blobs.eq(row.missing_blobs),
            visits::evidence_complete_at_ms.eq(row.evidence_complete_at_ms),
            visits::version.eq(row.version),
        ))
        .returning(visits::version)
        .stays_prepared()
        .load(c))?;
    expect_one(written.len())
}

/// The visit that follows a visit as its next attempt.
///
/// # Errors
/// Database errors only.
pub fn find_next_attempt(conn: &mut Conn, row: &VisitRecord) -> StoreResult<Option<VisitRecord>> {
    // By work order, because that has an index.
    Ok(per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(row.org_id)
            .and(visits::work_order_id.eq(row.work_order_id))
            .and(visits::previous_visit_id.eq(Some(row.id))))
        .select(VisitRecord::as_select())
        .first(c)
        .optional())?)
}

/// Visits of a work order, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_visits_of(conn: &mut Conn, org: OrgId, order: WorkOrderId) -> StoreResult<Vec<VisitRecord>> {
    Ok(per_backend!(conn, c => visits::table
        .filter(visits::org_id.eq(Txt(org)).and(visits::work_order_id.eq(Txt(order))))
        .order((visits::attempt, visits::id))
        .select(VisitRecord::as_select())
        .load(c))?)
}

/// Where a visit takes place, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitPlace {
    /// The visit.
    pub visit: VisitId,
    /// Name of the customer.
    pub customer: String,
    /// Address of the site.
    pub address: String,
}

/// Where visits take place; those without a work order are left out.
///
/// # Errors
/// Database errors only.
pub fn list_places(conn: &mut Conn, org: OrgId, of: &[VisitId]) -> StoreResult<Vec<VisitPlace>> {
    let rows: Vec<(Txt<VisitId>, String, String)> = per_backend!(conn, c => visits::table
        .inner_join(work_orders::table.on(work_orders::org_id.eq(visits::org_id)
            .and(work_orders::id.nullable().eq(visits::work_order_id))))
        .inner_join(customers::table.on(customers::org_id.eq(work_orders::org_id)
            .and(customers::id.eq(work_orders::customer_id))))
        .inner_join(sites::table.on(sites::org_id.eq(work_orders::org_id).and(sites::id.eq(work_orders::site_id))))
        .filter(visits::org_id.eq(Txt(org)).and(one_of(visits::id, of)))
        .select((visits::id, customers::name, sites::address))
        .load(c))?;
    let place =
        |(visit, customer, address): (Txt<VisitId>, String, String)| VisitPlace { visit: visit.0, customer, address };
    Ok(rows.into_iter().map(place).collect())
}

/// Which visits a list names.
#[derive(Debug, Clone, Default)]
pub struct VisitFilter {
    /// Only this one.
    pub id: Option<VisitId>,
    /// Only these.
    pub ids: Option<Vec<VisitId>>,
    /// Projected state.
    pub state: Option<String>,
    /// Planned start from here on.
    pub from_ms: Option<i64>,
    /// Planned start before this.
    pub to_ms: Option<i64>,
    /// Work order.
    pub work_order: Option<WorkOrderId>,
    /// Number of ours.
    pub number: Option<String>,
    /// Only visits that one of these people is assigned to now.
    pub reps: Option<Vec<UserId>>,
    /// How far the asker sees; `None` for all visits.
    pub reach: Option<VisitReach>,
    /// Only visits with concurrent values that wait for a person; with `Some(false)` also settled ones.
    pub open_conflicts: Option<bool>,
    /// Only visits with work that came late.
    pub late_work: Option<LateWorkFilter>,
}

/// Which visits with work that came late.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LateWorkFilter {
    /// Whether some of it waits for the office, or none; both where absent.
    pub is_undecided: Option<bool>,
    /// Only for this reason.
    pub reason: Option<LateReason>,
}

impl LateWorkFilter {
    /// The codes of the reasons wanted.
    fn reasons(&self) -> Vec<&'static str> {
        let wanted = LateReason::ALL.into_iter().filter(|reason| self.reason.is_none_or(|wanted| wanted == *reason));
        wanted.map(LateReason::code).collect()
    }
}

/// How far somebody sees: visits that some people are assigned to now, and everybody's visits in some states.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VisitReach {
    /// Whose visits are seen in every state.
    pub reps: Vec<UserId>,
    /// In which projected states everybody's visits are seen.
    pub states: Vec<&'static str>,
}

impl VisitFilter {
    /// Whether few rows fit, so that finding them by index and sorting beats walking all rows in id order.
    const fn is_narrow(&self) -> bool {
        self.ids.is_some()
            || self.from_ms.is_some()
            || self.work_order.is_some()
            || self.number.is_some()
            || self.reps.is_some()
            || self.open_conflicts.is_some()
            || self.late_work.is_some()
            || matches!(&self.reach, Some(reach) if reach.states.is_empty())
    }
}

/// Visits in id order, after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_visits(
    conn: &mut Conn,
    org: OrgId,
    filter: &VisitFilter,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<VisitRecord>> {
    Ok(per_backend!(conn, c => {
        let mut query = visits::table
            .filter(visits::org_id.eq(Txt(org)))
            .limit(limit)
            .select(VisitRecord::as_select())
            .into_boxed();
        query = if filter.is_narrow() {
            // An expression instead of the column keeps the engine from walking the primary key.
            query.filter(visits::id.concat("").gt(after)).order(visits::id.concat(""))
        } else {
            query.filter(visits::id.gt(after)).order(visits::id)
        };
        if let Some(id) = filter.id {
            query = query.filter(visits::id.eq(Txt(id)));
        }
        if let Some(ids) = &filter.ids {
            query = query.filter(one_of(visits::id, ids));
        }
        if let Some(state) = &filter.state {
            query = query.filter(visits::state.eq(state));
        }
        if let Some(from) = filter.from_ms {
            query = query.filter(visits::planned_start_ms.ge(from));
        }
        if let Some(to) = filter.to_ms {
            query = query.filter(visits::planned_start_ms.lt(to));
        }
        if let Some(order) = filter.work_order {
            query = query.filter(visits::work_order_id.eq(Txt(order)));
        }
        if let Some(number) = &filter.number {
            query = query.filter(visits::number.eq(number));
        }
        let assigned_to = |reps: &[UserId]| assignments::table
            .filter(assignments::org_id.eq(Txt(org)).and(assignments::until_ms.is_null())
                .and(one_of(assignments::rep_id, reps)))
            .select(assignments::visit_id);
        if let Some(reps) = &filter.reps {
            query = query.filter(visits::id.eq_any(assigned_to(reps)));
        }
        if let Some(open) = filter.open_conflicts {
            query = query.filter(visits::id.eq_any(visit_conflicts::table
                .filter(visit_conflicts::org_id.eq(Txt(org))
                    .and(visit_conflicts::open_count.ge(i64::from(open))))
                .select(visit_conflicts::visit_id)));
        }
        if let Some(late) = &filter.late_work {
            let reasons = late.reasons();
            let waiting = |least: i64| visit_late_work::table
                .filter(visit_late_work::org_id.eq(Txt(org))
                    .and(visit_late_work::reason.eq_any(reasons.clone()))
                    .and(visit_late_work::undecided_count.ge(least)))
                .select(visit_late_work::visit_id);
            query = query.filter(visits::id.eq_any(waiting(i64::from(late.is_undecided == Some(true)))));
            if late.is_undecided == Some(false) {
                query = query.filter(visits::id.ne_all(waiting(1)));
            }
        }
        // Either half alone is simpler for the engines than with an empty other half.
        match &filter.reach {
            None => {}
            Some(VisitReach { reps, states }) if states.is_empty() => {
                query = query.filter(visits::id.eq_any(assigned_to(reps)));
            }
            Some(VisitReach { reps, states }) if reps.is_empty() => {
                query = query.filter(visits::state.eq_any(states.clone()));
            }
            Some(VisitReach { reps, states }) => {
                query = query.filter(visits::id.eq_any(assigned_to(reps)).or(visits::state.eq_any(states.clone())));
            }
        }
        query.load(c)
    })?)
}
