//! Tasks: what somebody of the office has to see to, who is asked, and what became of it (INS-42, rulebook 22).

mod open;
mod see_to;

use doorstep_store::tasks::TaskFilter;
use doorstep_store::tasks::{TaskRow, list_tasks as list_rows};
use sync_core::ids::VisitId;

pub use open::{NewTask, escalate_due, open, page_by_page, settle};
pub use see_to::{Closing, assign_task, close_task};

use crate::app::{AppResult, AppState, Ctx, reach};
use crate::domain::Role;
use crate::domain::task::TaskKind;

/// States of a task.
pub mod state {
    /// Somebody has to see to it.
    pub const OPEN: &str = "open";
    /// Somebody did.
    pub const DONE: &str = "done";
    /// What it was about is done, or has another time.
    pub const SETTLED: &str = "settled";
    /// Every one.
    pub const ALL: [&str; 3] = [OPEN, DONE, SETTLED];
}

/// Which tasks.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// State.
    pub state: &'static str,
    /// What they are.
    pub kind: Option<TaskKind>,
    /// Which role is asked.
    pub role: Option<Role>,
    /// Only of this visit.
    pub visit: Option<VisitId>,
}

/// Tasks of one state in the order in which they came, as far as the asker may see them; what a customer wrote only for who
/// sees contact data.
///
/// # Errors
/// Database errors only.
pub async fn list_tasks(
    state: &AppState,
    ctx: Ctx,
    wanted: Wanted,
    after: String,
    size: i64,
) -> AppResult<Vec<TaskRow>> {
    let read = move |conn: &mut doorstep_store::Conn| {
        let reach = reach::of(conn, &ctx)?;
        let filter = TaskFilter {
            state: Some(wanted.state.to_owned()),
            kind: wanted.kind.map(|kind| kind.code().to_owned()),
            role: wanted.role.map(|role| role.code().to_owned()),
            visit: wanted.visit,
            people: reach.people.clone(),
            id: None,
        };
        let mut rows = list_rows(conn, ctx.actor.org, &filter, &after, size)?;
        let is_proposal = |row: &TaskRow| row.kind == TaskKind::CustomerProposal.code();
        let proposals = rows.iter().filter(|row| is_proposal(row));
        let visits: Vec<VisitId> = proposals.filter_map(|row| Some(row.visit_id?.0)).collect();
        let masked = reach.masked(conn, ctx.actor.org, &visits)?;
        let is_masked = |row: &TaskRow| row.visit_id.map_or(reach.masks(&[]), |visit| masked.contains(&visit.0));
        for row in rows.iter_mut().filter(|row| is_proposal(row) && is_masked(row)) {
            row.reason = None;
        }
        Ok::<_, crate::app::AppError>(rows)
    };
    state.store.read(read).await
}
