//! Holds that last longer than they said: somebody is told, and nothing goes on by itself.

use doorstep_store::order_holds::{self, OrderHoldRow};
use doorstep_store::{Conn, outages};
use sync_core::ids::{OrgId, OutageId, WorkOrderId};
use sync_core::time::UnixMillis;

use crate::app::tasks::{self, NewTask};
use crate::app::{AppResult, AppState};
use crate::domain::task::TaskKind;

/// Holds of one transaction.
const PAGE: i64 = 200;

/// Opens a task for each hold and each outage of an organisation that lasts longer than was said; what waits for an outage
/// lasts as long as that does. Tells how many.
///
/// # Errors
/// Database errors; what was told before stays told, and the job comes back to the rest.
///
/// # Concurrency
/// Doing it twice, or on two nodes at once, opens no task twice.
pub async fn tell_overdue(state: &AppState, org: OrgId, now: UnixMillis) -> AppResult<usize> {
    tasks::page_by_page(state, org, now, tell_page).await
}

fn tell_page(conn: &mut Conn, org: OrgId, now: UnixMillis) -> AppResult<usize> {
    let holds = order_holds::list_to_tell(conn, org, now.0, PAGE)?;
    let outages = outages::list_to_tell(conn, org, now.0, PAGE)?;
    let mut new = Vec::new();
    for hold in &holds {
        if order_holds::mark_told(conn, hold)? && hold.outage_id.is_none() {
            let order = Some(hold.work_order_id.0);
            new.push(task_of(source_of_hold(hold), order, hold.until_ms));
        }
    }
    for outage in &outages {
        if outages::mark_told(conn, outage)? {
            new.push(task_of(source_of_outage(outage.id.0), None, outage.expected_end_ms));
        }
    }
    tasks::open(conn, org, &new, now)?;
    Ok(holds.len() + outages.len())
}

fn task_of(source: String, order: Option<WorkOrderId>, until_ms: Option<i64>) -> NewTask {
    NewTask { due_at: until_ms.map(UnixMillis), ..NewTask::of(TaskKind::HoldOverdue, source, (None, order)) }
}

/// The source of the task about a hold of an order by itself.
pub(super) fn source_of_hold(hold: &OrderHoldRow) -> String {
    format!("hold/{}", hold.id)
}

/// The source of the task about an outage.
pub(crate) fn source_of_outage(outage: OutageId) -> String {
    format!("outage/{outage}")
}
