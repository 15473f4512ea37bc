//! The policy in force now, for what no visit has pinned.

use doorstep_store::{Conn, norms};
use sync_core::ids::OrgId;
use sync_core::plan::PolicyRow;
use sync_core::time::UnixMillis;

use crate::app::AppResult;
use crate::app::rows::read;

/// The policy in force; the defaults where there is none.
pub(super) fn policy(conn: &mut Conn, org: OrgId, now: UnixMillis) -> AppResult<PolicyRow> {
    match norms::find_policy_at(conn, org, now.0)? {
        Some(row) => read("policies", row.version, &row.body),
        None => Ok(PolicyRow::default()),
    }
}
