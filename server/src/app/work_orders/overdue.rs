//! Holds that last longer than they said: somebody is told, and nothing goes on by itself.

use std::collections::BTreeMap;

use doorstep_store::Conn;
use doorstep_store::order_holds::{OrderHoldRow, list_to_tell, mark_told};
use sync_core::ids::{OrgId, OutageId};
use sync_core::time::UnixMillis;

use crate::app::tasks::{self, NewTask};
use crate::app::{AppResult, AppState};
use crate::domain::task::TaskKind;

/// Holds of one transaction.
const PAGE: i64 = 200;

/// Opens a task for each hold of an organisation that lasts longer than it said, one for all that wait for the same outage;
/// tells how many holds.
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
    let holds = list_to_tell(conn, org, now.0, PAGE)?;
    let mut new = BTreeMap::new();
    for hold in &holds {
        if mark_told(conn, hold)? {
            let task = task_of(hold);
            new.insert(task.source.clone(), task);
        }
    }
    tasks::open(conn, org, &Vec::from_iter(new.into_values()), now)?;
    Ok(holds.len())
}

fn task_of(hold: &OrderHoldRow) -> NewTask {
    let (source, order) = match hold.outage_id {
        Some(outage) => (source_of_outage(outage.0), None),
        None => (source_of_hold(hold), Some(hold.work_order_id.0)),
    };
    let due_at = hold.until_ms.map(UnixMillis);
    NewTask { due_at, ..NewTask::of(TaskKind::HoldOverdue, source, (None, order)) }
}

/// The source of the task about a hold of an order by itself.
pub(super) fn source_of_hold(hold: &OrderHoldRow) -> String {
    format!("hold/{}", hold.id)
}

/// The source of the task about all orders that wait for an outage.
pub(crate) fn source_of_outage(outage: OutageId) -> String {
    format!("outage/{outage}")
}
