//! The list of deadlines.

use doorstep_store::deadlines::{DeadlineFilter, DeadlinePlace, DeadlineRow, list_deadlines as list_rows};
use sync_core::deadlines::{Due, DueCode, DueState};
use sync_core::ids::{VisitId, WorkOrderId};
use sync_core::time::UnixMillis;

use super::keep::due_of;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, reach};

/// Which deadlines.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// State.
    pub state: DueState,
    /// Which deadline.
    pub code: Option<DueCode>,
    /// Only of this visit.
    pub visit: Option<VisitId>,
    /// Only of this order and its visits.
    pub work_order: Option<WorkOrderId>,
    /// Only those due at this instant or before.
    pub due_by: Option<UnixMillis>,
}

/// A deadline with what it is about.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The row.
    pub row: DeadlineRow,
    /// The deadline.
    pub due: Due,
    /// Whether it has passed while nothing is known to have been done.
    pub is_overdue: bool,
}

impl Listed {
    /// Where a list goes on after it.
    #[must_use]
    pub fn key(&self) -> String {
        let DeadlinePlace { due_ms, subject, code, item } = self.row.place();
        format!("{due_ms}/{subject}/{code}/{item}")
    }
}

/// Deadlines of one state by the time they are due, as far as the asker may see them.
///
/// # Errors
/// `page_token_invalid`; corrupt rows.
pub async fn list_deadlines(
    state: &AppState,
    ctx: Ctx,
    wanted: Wanted,
    after: String,
    size: i64,
) -> AppResult<Vec<Listed>> {
    let place = if after.is_empty() { None } else { Some(place_of(&after).ok_or(ErrorCode::PageTokenInvalid)?) };
    let read = move |conn: &mut doorstep_store::Conn| {
        let filter = DeadlineFilter {
            state: wanted.state.code().to_owned(),
            code: wanted.code.map(|code| code.code().to_owned()),
            visit: wanted.visit,
            work_order: wanted.work_order,
            due_by_ms: wanted.due_by.map(|at| at.0),
            people: reach::of(conn, &ctx)?.people,
        };
        let rows = list_rows(conn, ctx.actor.org, &filter, place.as_ref(), size)?;
        let listed = rows.into_iter().map(|row| {
            let due = due_of(&row.judgement())?;
            let is_overdue = due.state == DueState::Open && due.due_at < ctx.now;
            Ok(Listed { row, due, is_overdue })
        });
        listed.collect::<Result<Vec<_>, AppError>>()
    };
    state.store.read(read).await
}

fn place_of(key: &str) -> Option<DeadlinePlace> {
    let mut parts = key.split('/');
    let (due_ms, subject) = (parts.next()?.parse().ok()?, parts.next()?.to_owned());
    let (code, item) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(DeadlinePlace { due_ms, subject, code, item })
}
