//! Visits: request and response types.

pub mod assign;
pub mod calls;
pub mod cancel;
pub mod close;
pub mod contacts;
pub mod copies;
pub mod create;
pub mod door_note;
pub mod history;
pub mod list;
pub mod next_attempt;
pub mod receipt;
pub mod reschedule;
pub mod show;

use serde::{Deserialize, Serialize};
use sync_core::clock::NotedBy;
use sync_core::ids::{AppointmentId, TeamId, UserId, VisitId, WorkOrderId};
use sync_core::merge::view::Finding;
use sync_core::plan::AppointmentRow;
use sync_core::time::UnixMillis;
use utoipa::ToSchema;

use crate::app::dispatch::Clash;
use crate::app::visits::{NewAppointment, PlannedTime, Visit, VisitListing};
use crate::app::{AppError, ErrorCode, Refusal};
use crate::http::wire::Instant;

/// An appointment to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "start": "2025-03-04T10:00:00+08:00", "proposed_by": "customer" }))]
pub struct AppointmentIn {
    /// Agreed start.
    pub start: Instant,
    /// Agreed end.
    #[serde(default)]
    pub end: Option<Instant>,
    /// `customer`, `rep` or `office`.
    #[schema(example = "customer")]
    pub proposed_by: String,
    /// When the customer was told of it, an instant that has passed; now if it says nothing.
    #[serde(default)]
    pub agreed_at: Option<Instant>,
}

/// When a visit is planned: an appointment, a start without the customer's word, or neither yet.
pub(super) fn planned_time(
    appointment: Option<AppointmentIn>,
    start: Option<Instant>,
    now: UnixMillis,
) -> Result<PlannedTime, AppError> {
    match (appointment, start) {
        (None, None) => Ok(PlannedTime::Open),
        (None, Some(start)) => Ok(PlannedTime::Start(start.0)),
        (Some(new), None) => Ok(PlannedTime::Appointment(NewAppointment {
            start: new.start.0,
            end: new.end.map(|end| end.0),
            proposed_by: new.proposed_by,
            agreed_at: new.agreed_at.map_or(now, |at| at.0),
        })),
        (Some(_), Some(_)) => {
            let refusal = Refusal::new(ErrorCode::Invalid);
            Err(refusal.field("planned_start", "absent where an appointment is given").into())
        }
    }
}

/// A member of a crew.
#[derive(Debug, Serialize, ToSchema)]
pub struct CrewMemberOut {
    /// The rep.
    pub id: UserId,
    /// Name.
    #[schema(example = "李明")]
    pub name: String,
    /// Team.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<TeamId>,
}

/// One change of an appointment's time.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppointmentChangeOut {
    /// Start before.
    pub from: Instant,
    /// Start after.
    pub to: Instant,
    /// When the customer was told.
    pub notified_at: Instant,
    /// Error of that instant in milliseconds, if a phone's clock told it; `null` where nothing bounds it.
    #[serde(rename = "notified_err_ms", skip_serializing_if = "NotedBy::is_server")]
    #[schema(value_type = Option<i64>)]
    pub notified_by: NotedBy,
    /// Whether we asked for it.
    pub is_proposed_by_us: bool,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An appointment.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppointmentOut {
    /// Id.
    pub id: AppointmentId,
    /// Attempt it belongs to.
    pub attempt: i64,
    /// Agreed start.
    pub start: Instant,
    /// Agreed end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Instant>,
    /// `customer`, `rep` or `office`.
    #[schema(example = "customer")]
    pub proposed_by: String,
    /// `proposed`, `agreed`, `changed`, `kept`, `missed_by_us`, `missed_by_customer` or `cancelled`.
    #[schema(example = "agreed")]
    pub state: String,
    /// When the customer was told of the time first agreed, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agreed_at: Option<Instant>,
    /// Every change of the time, oldest first.
    pub changes: Vec<AppointmentChangeOut>,
}

impl From<AppointmentRow> for AppointmentOut {
    fn from(row: AppointmentRow) -> Self {
        let changes = row.changes.into_iter().map(|change| AppointmentChangeOut {
            from: change.from_ms.into(),
            to: change.to_ms.into(),
            notified_at: change.notified_at_ms.into(),
            notified_by: change.notified_by,
            is_proposed_by_us: change.proposed_by_us,
            reason: change.reason,
        });
        Self {
            id: row.id,
            attempt: row.attempt,
            start: row.start_ms.into(),
            end: row.end_ms.map(Instant::from),
            proposed_by: row.proposed_by,
            state: row.state,
            agreed_at: row.agreed_at_ms.map(Instant::from),
            changes: changes.collect(),
        }
    }
}

/// A visit in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitItemOut {
    /// Id.
    pub id: VisitId,
    /// Number in the organisation's series.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "V-2025-000001")]
    pub number: Option<String>,
    /// The code people read to each other.
    #[schema(example = "0000-0001")]
    pub short_code: String,
    /// The work order it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_order_id: Option<WorkOrderId>,
    /// Template.
    #[schema(example = "broadband_install")]
    pub template: String,
    /// Who is assigned.
    pub crew: Vec<UserId>,
    /// Planned start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_start: Option<Instant>,
    /// Number of the attempt.
    #[schema(example = 1)]
    pub attempt: i64,
    /// Higher goes first.
    pub priority: i64,
    /// State of rulebook 1.3, projected from document, plan and review.
    #[schema(example = "scheduled")]
    pub state: String,
    /// Outcome the crew named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// When the crew handed it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Instant>,
    /// Declared photos that have not arrived.
    pub missing_blobs: i64,
    /// Version of the plan.
    #[schema(example = 1)]
    pub version: i64,
}

impl From<VisitListing> for VisitItemOut {
    fn from(listing: VisitListing) -> Self {
        let plan = listing.plan;
        Self {
            short_code: plan.id.short_code(),
            id: plan.id,
            number: plan.number,
            work_order_id: plan.work_order_id,
            template: plan.template,
            crew: plan.crew,
            planned_start: plan.planned_start_ms.map(Instant::from),
            attempt: plan.attempt,
            priority: plan.priority,
            state: listing.state.code().to_owned(),
            outcome: listing.row.outcome,
            submitted_at: listing.row.submitted_at_ms.map(Instant::from),
            missing_blobs: listing.row.missing_blobs,
            version: listing.row.version,
        }
    }
}

/// Another visit of the same person at the same time.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClashOut {
    /// Who.
    pub rep_id: UserId,
    /// The other visit.
    pub visit_id: VisitId,
    /// Its planned start.
    pub start: Instant,
    /// When it is taken to be over.
    pub end: Instant,
}

impl From<Clash> for ClashOut {
    fn from(clash: Clash) -> Self {
        Self { rep_id: clash.rep, visit_id: clash.visit, start: clash.start.into(), end: clash.end.into() }
    }
}

/// A visit as the office sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitOut {
    /// Id.
    pub id: VisitId,
    /// Number in the organisation's series.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "V-2025-000001")]
    pub number: Option<String>,
    /// The code people read to each other.
    #[schema(example = "0000-0001")]
    pub short_code: String,
    /// `office` or `device`.
    #[schema(example = "office")]
    pub origin: String,
    /// The work order it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_order_id: Option<WorkOrderId>,
    /// Template.
    #[schema(example = "broadband_install")]
    pub template: String,
    /// Version of the template: the one its crew pinned with the first record, until then the one in force at the start.
    #[schema(example = 1)]
    pub template_version: i64,
    /// Version of the policy, likewise.
    #[schema(example = 1)]
    pub policy_version: i64,
    /// Version of the calendar by which days are counted: the newest when it was handed in, or now.
    #[schema(example = 1)]
    pub calendar_version: i64,
    /// Who is assigned.
    pub crew: Vec<CrewMemberOut>,
    /// Grows with each change of the crew.
    #[schema(example = 1)]
    pub assignment_epoch: i64,
    /// The appointment in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appointment: Option<AppointmentOut>,
    /// Planned start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_start: Option<Instant>,
    /// Number of the attempt.
    #[schema(example = 1)]
    pub attempt: i64,
    /// The visit of the attempt before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_visit_id: Option<VisitId>,
    /// Higher goes first.
    pub priority: i64,
    /// State of rulebook 1.3, projected from document, plan and review.
    #[schema(example = "scheduled")]
    pub state: String,
    /// Its Chinese label.
    #[schema(example = "已排期")]
    pub state_zh: String,
    /// Outcome the crew named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// When the crew handed it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Instant>,
    /// When all declared evidence was durable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence_complete_at: Option<Instant>,
    /// Declared photos that have not arrived.
    pub missing_blobs: i64,
    /// When the office cancelled it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Instant>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<String>,
    /// When the office closed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Instant>,
    /// What a person should look at.
    pub findings: Vec<Finding>,
    /// What else people of its crew have at that time, told to whoever plans, assigns or moves it; no refusal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clashes: Vec<ClashOut>,
    /// Version of the plan; the state may change without it.
    #[schema(example = 1)]
    pub version: i64,
    /// When it was planned.
    pub created_at: Instant,
}

impl From<Visit> for VisitOut {
    fn from(visit: Visit) -> Self {
        let (row, plan) = (visit.row, visit.plan.visit);
        let crew = visit.crew.into_iter();
        Self {
            short_code: plan.id.short_code(),
            id: plan.id,
            number: plan.number,
            origin: row.origin,
            work_order_id: plan.work_order_id,
            template: visit.norms.template,
            template_version: visit.norms.template_version,
            policy_version: visit.norms.policy_version,
            calendar_version: visit.norms.calendar_version,
            crew: crew.map(|one| CrewMemberOut { id: one.rep, name: one.name, team_id: one.team }).collect(),
            assignment_epoch: plan.assignment_epoch,
            appointment: visit.plan.appointment.map(AppointmentOut::from),
            planned_start: plan.planned_start_ms.map(Instant::from),
            attempt: plan.attempt,
            previous_visit_id: plan.previous_visit_id,
            priority: plan.priority,
            state: visit.state.code().to_owned(),
            state_zh: visit.state.label_zh().to_owned(),
            outcome: row.outcome,
            submitted_at: row.submitted_at_ms.map(Instant::from),
            evidence_complete_at: plan.evidence_complete_at_ms.map(Instant::from),
            missing_blobs: row.missing_blobs,
            cancelled_at: plan.cancelled_at_ms.map(Instant::from),
            cancel_reason: plan.cancel_reason,
            closed_at: plan.closed_at_ms.map(Instant::from),
            findings: visit.findings,
            clashes: visit.clashes.into_iter().map(ClashOut::from).collect(),
            version: row.version,
            created_at: row.created_at_ms.into(),
        }
    }
}
