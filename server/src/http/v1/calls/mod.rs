//! Calls of the bridge: request and response types.

pub mod create;

use doorstep_store::calls::CallRow;
use serde::Serialize;
use sync_core::ids::{UserId, VisitId, WorkOrderId};
use utoipa::ToSchema;

use crate::app::contacts::ListedCall;
use crate::http::wire::Instant;

/// A call that the bridge told of.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallOut {
    /// The bridge's own name of the call.
    #[schema(example = "bridge-20250304-0017")]
    pub call_id: String,
    /// The visit that it was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<VisitId>,
    /// The order, where no visit is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_order_id: Option<WorkOrderId>,
    /// Who called.
    pub rep_id: UserId,
    /// When it began.
    pub started_at: Instant,
    /// How long it lasted, in seconds.
    #[schema(example = 42)]
    pub duration_s: i64,
    /// `reached`, `no_answer`, `refused` or `wrong_number`.
    #[schema(example = "reached")]
    pub result: String,
    /// Whether there is a recording.
    pub has_recording: bool,
    /// Its reference, for who may know it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "rec/2025/03/04/0017")]
    pub recording_ref: Option<String>,
}

impl From<ListedCall> for CallOut {
    fn from(call: ListedCall) -> Self {
        let ListedCall { row, has_recording } = call;
        Self {
            call_id: row.call_id,
            visit_id: row.visit_id.map(|id| id.0),
            work_order_id: row.work_order_id.map(|id| id.0),
            rep_id: row.rep_id.0,
            started_at: row.started_at_ms.into(),
            duration_s: row.duration_secs,
            result: row.result,
            has_recording,
            recording_ref: row.recording_ref,
        }
    }
}

/// A call without the reference of its recording.
fn told(row: CallRow) -> CallOut {
    let has_recording = row.recording_ref.is_some();
    ListedCall { row: CallRow { recording_ref: None, ..row }, has_recording }.into()
}
