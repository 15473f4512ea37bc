//! What the office plans and decides, as phones receive it: the bodies of the feed's rows.
//!
//! One writer, the server; a phone only reads (design section 2). All rows are plain data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bytes::{Actor, Hash};
use crate::clock::{Bounds, Deadline};
use crate::formulas;
use crate::ids::{
    AppointmentId, AssignmentId, ChoiceId, CustomerId, DecisionId, DeviceId, IntentId, LateDecisionId, ReworkId,
    SiteId, UserId, VerdictId, VisitId, WorkOrderId,
};
use crate::merge::view::OpId;
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
    /// `hotline`, `store`, `web`, `app` or `online_marketing`.
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
    /// Error of that instant, if a phone's clock told it; the server's clock where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notified_err_ms: Option<i64>,
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
        // The office's clock is the server's; what a phone noted carries its error.
        let told = Bounds::around(self.notified_at_ms, Some(self.notified_err_ms.unwrap_or(0)));
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

/// A published policy version (row kind `policy`); numbers are decimal strings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicyRow {
    /// Version, from 1.
    pub version: i64,
    /// When it takes effect.
    pub effective_from_ms: UnixMillis,
    /// Parameter → value.
    pub parameters: BTreeMap<String, String>,
}

/// A working-day calendar (row kind `calendar`); days are `YYYY-MM-DD` in the organisation's zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CalendarRow {
    /// Version, from 1.
    pub version: i64,
    /// Weekdays without work.
    pub holidays: Vec<String>,
    /// Weekend days with work.
    pub make_up_days: Vec<String>,
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

/// A reviewer's decision (row kind `verdict`), append-only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerdictRow {
    /// The event.
    pub id: VerdictId,
    /// The visit.
    pub visit_id: VisitId,
    /// The judged photo record; absent for a verdict on the whole visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo_id: Option<String>,
    /// The content the reviewer saw: blob hash of the photo; absent for the visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Hash>,
    /// The document heads the reviewer saw, for a verdict on the visit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<Hash>,
    /// The newest decision about what counts that the reviewer knew ([`Review::last_decision`]). Without it a verdict on
    /// the visit is judged by its heads alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_decision: Option<DecisionId>,
    /// `approve`, `reject` (photo) or `approve`, `return` (visit).
    pub decision: String,
    /// Reason code of a rejection or return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Codes of the `must_show` ticks the photo lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Text for the rep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Who decided.
    pub by: UserId,
    /// When.
    pub at_ms: UnixMillis,
}

/// A rework ticket with only the rejected slots (row kind `rework`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReworkRow {
    /// The ticket.
    pub id: ReworkId,
    /// The visit.
    pub visit_id: VisitId,
    /// Rejected slots, in template order.
    pub slots: Vec<ReworkSlot>,
    /// The verdict on the visit that opened it.
    pub verdict_id: VerdictId,
    /// Heads of the document the reviewer judged; what these heads hold was judged.
    pub heads: Vec<Hash>,
    /// When it was opened.
    pub opened_at_ms: UnixMillis,
    /// When a resubmission answered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at_ms: Option<UnixMillis>,
}

/// One rejected slot of a rework ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReworkSlot {
    /// Template slot.
    pub slot: String,
    /// The rejected photo records.
    pub photos: Vec<String>,
    /// `must_show` codes the photos lack.
    pub missing: Vec<String>,
    /// Reason codes.
    pub reasons: Vec<String>,
}

/// Which of several concurrent values counts, as a person decided (row kind `conflict`), append-only.
///
/// The newest choice that knew every value standing now counts; a value it did not know reopens the conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChoiceRow {
    /// The decision.
    pub id: ChoiceId,
    /// The visit.
    pub visit_id: VisitId,
    /// Root key of the map.
    pub map: String,
    /// Key in the map, or the code the records share.
    pub key: String,
    /// The values it judged, by the operations that wrote them.
    pub candidates: Vec<OpId>,
    /// The value that counts.
    pub chosen: OpId,
    /// Who decided.
    pub by: UserId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When.
    pub at_ms: UnixMillis,
}

/// Why work counts as late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LateReason {
    /// The visit had been given to others when it came.
    Reassigned,
    /// The office had cancelled the visit.
    Cancelled,
    /// The office had closed the visit.
    Closed,
    /// The visit had been handed in.
    Submitted,
}

impl LateReason {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Reassigned, Self::Cancelled, Self::Closed, Self::Submitted];

    /// Stable code, `snake_case`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reassigned => "reassigned",
            Self::Cancelled => "cancelled",
            Self::Closed => "closed",
            Self::Submitted => "submitted",
        }
    }

    /// The one of this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }
}

/// The operations of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpSpan {
    /// Who wrote them.
    pub actor: Actor,
    /// Counter of the first.
    pub first: u64,
    /// Counter of the last.
    pub last: u64,
}

impl OpSpan {
    /// Whether an operation is among them.
    #[must_use]
    pub fn contains(&self, op: OpId) -> bool {
        self.actor == op.actor && (self.first..=self.last).contains(&op.counter)
    }
}

/// What one push brought late to a visit (row kind `late_work`, sent for the reason `reassigned`); never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LateWorkRow {
    /// The visit.
    pub visit_id: VisitId,
    /// Number of the push among those of the visit, from 1.
    pub seq: i64,
    /// Why it was late when the server took it.
    pub reason: LateReason,
    /// The rep who brought it.
    pub by: UserId,
    /// On which device.
    pub device_id: DeviceId,
    /// Its changes.
    pub changes: Vec<OpSpan>,
    /// When the server took it.
    pub at_ms: UnixMillis,
}

/// What the office says of work that came late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LateVerdict {
    /// It counts from now on.
    Accept,
    /// It stays out.
    Decline,
}

/// Whether operations that came late count, as the office decided (row kind `late_decision`), append-only.
///
/// Of several decisions about one operation the newest counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LateDecisionRow {
    /// The decision.
    pub id: LateDecisionId,
    /// The visit.
    pub visit_id: VisitId,
    /// The operations it judged; what comes later is undecided anew.
    pub ops: Vec<OpId>,
    /// Whether they count.
    pub decision: LateVerdict,
    /// Who decided.
    pub by: UserId,
    /// Why.
    pub reason: String,
    /// When.
    pub at_ms: UnixMillis,
}

/// Everything outside the document that rules and state read about one visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanSnapshot {
    /// The visit's plan.
    pub visit: VisitPlan,
    /// Its work order.
    pub work_order: Option<WorkOrderRow>,
    /// Its site.
    pub site: Option<SiteRow>,
    /// Its appointment.
    pub appointment: Option<AppointmentRow>,
}

/// Everything the office decided about one visit, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Review {
    /// Verdicts.
    pub verdicts: Vec<VerdictRow>,
    /// Rework tickets.
    pub reworks: Vec<ReworkRow>,
    /// Choices among concurrent values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<ChoiceRow>,
    /// Work that came late.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late_work: Vec<LateWorkRow>,
    /// Decisions about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late_decisions: Vec<LateDecisionRow>,
}
