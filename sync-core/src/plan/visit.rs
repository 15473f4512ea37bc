//! The plan of a visit: whom it serves, where, when and by whom.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::{Deadline, NotedBy};
use crate::formulas;
use crate::ids::{AppointmentId, AssignmentId, CustomerId, IntentId, SiteId, UserId, VisitId, WorkOrderId};
use crate::time::{Geo, UnixMillis};

/// The office's side of a visit (row kind `visit`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VisitPlan {
    /// The visit.
    pub id: VisitId,
    /// Number in the organisation's series; absent until the server assigns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The work order it serves; absent while an unplanned visit waits for the dispatcher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_order_id: Option<WorkOrderId>,
    /// Template to follow.
    pub template: String,
    /// Version of the template at planning.
    pub template_version: i64,
    /// Version of the policy at planning.
    pub policy_version: i64,
    /// Who may write, sorted.
    pub crew: Vec<UserId>,
    /// Assignment epoch: grows with each change of the crew.
    pub assignment_epoch: i64,
    /// The appointment in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub appointment_id: Option<AppointmentId>,
    /// Planned start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_start_ms: Option<UnixMillis>,
    /// Number of this attempt under its work order, from 1.
    pub attempt: i64,
    /// The visit of the attempt before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_visit_id: Option<VisitId>,
    /// Higher goes first (APT-09).
    pub priority: i64,
    /// When the office cancelled it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at_ms: Option<UnixMillis>,
    /// When the office closed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at_ms: Option<UnixMillis>,
    /// Reason of cancelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_reason: Option<String>,
    /// When every declared blob was first durable at the server; set again after new content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence_complete_at_ms: Option<UnixMillis>,
}

/// A customer (row kind `customer`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CustomerRow {
    /// The customer.
    pub id: CustomerId,
    /// `individual` or `institution`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Phone numbers.
    pub phones: Vec<String>,
    /// Postal address.
    pub address: String,
}

/// A customer's location (row kind `site`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SiteRow {
    /// The site.
    pub id: SiteId,
    /// Whose it is.
    pub customer_id: CustomerId,
    /// Address.
    pub address: String,
    /// Position, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geo: Option<Geo>,
    /// `urban_residential`, `rural` or `business`.
    pub scene: String,
    /// How to get in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_note: Option<String>,
}

/// A work order (row kind `work_order`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkOrderRow {
    /// The work order.
    pub id: WorkOrderId,
    /// Number in the organisation's series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The order's number in the ordering system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_ref: Option<String>,
    /// `install`, `repair`… (rulebook 1.2).
    #[serde(rename = "type")]
    pub kind: String,
    /// `hotline`, `store`, `web`, `app`, `online_marketing` or `integrator`.
    pub channel: String,
    /// Whose order.
    pub customer_id: CustomerId,
    /// Where.
    pub site_id: SiteId,
    /// Facts the `order` operands of templates read: code → text (decimals as decimal strings).
    pub fields: BTreeMap<String, String>,
    /// Higher goes first.
    pub priority: i64,
}

/// An appointment (row kind `appointment`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppointmentRow {
    /// The appointment.
    pub id: AppointmentId,
    /// Its work order.
    pub work_order_id: WorkOrderId,
    /// Attempt it belongs to, from 1.
    pub attempt: i64,
    /// Agreed start.
    pub start_ms: UnixMillis,
    /// Agreed end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<UnixMillis>,
    /// `customer`, `rep` or `office`.
    pub proposed_by: String,
    /// `proposed`, `agreed`, `changed`, `kept`, `missed_by_us`, `missed_by_customer` or `cancelled`.
    pub state: String,
    /// When the customer was told of the time first agreed; absent where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed_at_ms: Option<UnixMillis>,
    /// Every change of the time, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<AppointmentChange>,
}

/// One change of an appointment's time (APT-04).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppointmentChange {
    /// Start before the change.
    pub from_ms: UnixMillis,
    /// Start after the change.
    pub to_ms: UnixMillis,
    /// When the customer was told.
    pub notified_at_ms: UnixMillis,
    /// Error of that instant in milliseconds: of the server's clock where absent, unknown where `null`.
    #[serde(default, rename = "notified_err_ms", skip_serializing_if = "NotedBy::is_server")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<i64>))]
    pub notified_by: NotedBy,
    /// Whether we asked for it; false if the customer did.
    pub proposed_by_us: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl AppointmentChange {
    /// Whether the customer was told long enough before the old start (APT-04).
    #[must_use]
    pub fn notice(&self, min_minutes: i64) -> Deadline {
        let told = self.notified_by.bounds(self.notified_at_ms);
        told.not_after(self.from_ms.plus_ms(formulas::minutes_ms(min_minutes).saturating_neg()))
    }
}

/// Who works on a visit (row kind `assignment`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssignmentRow {
    /// The assignment.
    pub id: AssignmentId,
    /// The visit.
    pub visit_id: VisitId,
    /// The rep.
    pub rep_id: UserId,
    /// Assignment epoch of the visit when it began.
    pub epoch: i64,
    /// When it began.
    pub from_ms: UnixMillis,
    /// When it ended; absent while in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<UnixMillis>,
}

/// What became of an intent (row kind `intent_result`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IntentResultRow {
    /// The intent.
    pub id: IntentId,
    /// Its kind.
    pub kind: String,
    /// `accepted`, `needs_office` or `declined`.
    pub result: String,
    /// Why it was declined or waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Other starts that would fit, for appointments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<UnixMillis>,
    /// Numbers or ids the server assigned.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub assigned: BTreeMap<String, String>,
    /// When it was decided.
    pub decided_at_ms: UnixMillis,
}
