//! Tasks: response type and handlers.

pub mod assign;
pub mod close;
pub mod list;

use doorstep_store::tasks::TaskRow;
use serde::Serialize;
use sync_core::deadlines::NoRecheck;
use sync_core::ids::{TaskId, UserId, VisitId, WorkOrderId};
use utoipa::ToSchema;

use crate::app::AppResult;
use crate::app::once::Answer;
use crate::domain::task::TaskKind;
use crate::http::once::shown;
use crate::http::wire::Instant;

/// Something that somebody of the office has to see to.
#[derive(Debug, Serialize, ToSchema)]
pub struct TaskOut {
    /// The task.
    pub id: TaskId,
    /// What it is.
    #[schema(example = "first_contact_overdue")]
    pub kind: String,
    /// What is to be done, in English.
    #[schema(example = "Nobody has contacted the customer in time")]
    pub label_en: String,
    /// The same in Chinese.
    #[schema(example = "未在规定时间内联系客户")]
    pub label_zh: String,
    /// The rule it comes from.
    #[schema(example = "APT-01")]
    pub rule: String,
    /// What it came from, such as the deadline or the figure that is disputed.
    #[schema(example = "dispute/01955f2c-3000-7000-8000-000000000001/fulfilment_rate/0")]
    pub source: String,
    /// The visit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<VisitId>,
    /// The work order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_order_id: Option<WorkOrderId>,
    /// The role that is asked now.
    #[schema(example = "dispatcher")]
    pub role: String,
    /// Whose it is: who was asked first, or took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_id: Option<UserId>,
    /// When it was or is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Instant>,
    /// How often it was passed on because nobody saw to it.
    #[schema(example = 0)]
    pub level: i64,
    /// When it is passed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalates_at: Option<Instant>,
    /// `open`, `done`, or `settled` where what it was about came right by itself.
    #[schema(example = "open")]
    pub state: String,
    /// Why it was opened, where a person did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Since when.
    pub created_at: Instant,
    /// When it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Instant>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<UserId>,
    /// The visit that its answer planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_visit_id: Option<VisitId>,
    /// Why no inspection follows a rectification.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "already_planned")]
    pub no_next_visit: Option<String>,
    /// The same in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "复验已另行安排")]
    pub no_next_visit_zh: Option<String>,
    /// Version of the row, which is its `ETag`.
    #[schema(example = 1)]
    pub version: i64,
}

impl From<TaskRow> for TaskOut {
    fn from(row: TaskRow) -> Self {
        let kind = TaskKind::from_code(&row.kind);
        let text = |of: fn(TaskKind) -> &'static str| kind.map(of).unwrap_or_default().to_owned();
        Self {
            id: row.id.0,
            label_en: text(TaskKind::label_en),
            label_zh: text(TaskKind::label_zh),
            rule: text(TaskKind::rule),
            kind: row.kind,
            source: row.source,
            visit_id: row.visit_id.map(|visit| visit.0),
            work_order_id: row.work_order_id.map(|order| order.0),
            role: row.role,
            owner_id: row.owner_id.map(|owner| owner.0),
            due_at: row.due_ms.map(Instant::from),
            level: row.level,
            escalates_at: row.escalate_ms.map(Instant::from),
            state: row.state,
            reason: row.reason,
            note: row.note,
            created_at: row.created_at_ms.into(),
            closed_at: row.closed_at_ms.map(Instant::from),
            closed_by: row.closed_by.map(|by| by.0),
            next_visit_id: row.next_visit_id.map(|visit| visit.0),
            no_next_visit_zh: row
                .no_next_visit
                .as_deref()
                .and_then(NoRecheck::from_code)
                .map(|why| why.label_zh().to_owned()),
            no_next_visit: row.no_next_visit,
            version: row.version,
        }
    }
}

fn answer(row: TaskRow) -> AppResult<Answer> {
    shown(Some(row.version), &TaskOut::from(row))
}
