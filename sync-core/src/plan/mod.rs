//! What the office plans and decides, as phones receive it: the bodies of the feed's rows.
//!
//! One writer, the server; a phone only reads (design section 2). All rows are plain data.

mod late;
mod norms;
mod past;
mod review;
mod visit;

use serde::{Deserialize, Serialize};

pub use late::{LateDecisionRow, LateReason, LateVerdict, LateWorkRow, OpSpan};
pub use norms::{CalendarRow, PolicyRow, calendar_in_force};
pub use review::{ChoiceRow, Review, ReworkRow, ReworkSlot, VerdictRow};
pub use visit::{
    AppointmentChange, AppointmentRow, AssignmentRow, CustomerRow, IntentResultRow, SiteRow, VisitPlan, WorkOrderRow,
};

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
