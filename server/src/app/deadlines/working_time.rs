//! Working time of an organisation, as its norms say now.

use doorstep_store::{Conn, norms};
use sync_core::calendar::{Calendar, WorkingHours, Zone};
use sync_core::deadlines::{Due, first_contact_due};
use sync_core::ids::OrgId;
use sync_core::plan::{CalendarRow, PolicyRow};
use sync_core::policy::keys;
use sync_core::time::UnixMillis;

use crate::app::AppResult;
use crate::app::norms::policy_in_force;
use crate::app::rows::{calendar_row, corrupt};
use crate::app::scope::load_zone;

/// Policy in force, newest calendar and zone: what deadlines that nobody pinned are counted by.
#[derive(Debug, Clone)]
pub struct WorkingTime {
    policy: PolicyRow,
    calendar: Calendar,
    zone: Zone,
}

impl WorkingTime {
    /// Reads them.
    ///
    /// # Errors
    /// Corrupt rows.
    pub fn load(conn: &mut Conn, org: OrgId, now: UnixMillis) -> AppResult<Self> {
        let policy = policy_in_force(conn, org, now)?;
        let calendar = match norms::find_newest_calendar(conn, org)? {
            Some(row) => calendar_row(conn, org, row.version)?.unwrap_or_default(),
            None => CalendarRow::default(),
        };
        let calendar = Calendar::of_row(&calendar).map_err(|error| corrupt("calendars", org, error))?;
        Ok(Self { policy, calendar, zone: load_zone(conn, org)?.of_business() })
    }

    /// The version of the policy.
    #[must_use]
    pub const fn policy_version(&self) -> i64 {
        self.policy.version
    }

    /// The first contact of an order that came at `received` (D-01).
    ///
    /// # Errors
    /// Internal at the end of the calendar.
    pub fn first_contact(&self, received: UnixMillis) -> AppResult<Due> {
        Ok(first_contact_due(received, &self.policy, &self.calendar, &self.zone)?)
    }

    /// When a task that was opened or passed on now is passed on.
    ///
    /// # Errors
    /// Internal at the end of the calendar.
    pub fn escalates_at(&self, now: UnixMillis) -> AppResult<UnixMillis> {
        let hours = self.policy.get(keys::TASK_ESCALATION);
        Ok(WorkingHours::of(&self.policy).after(&self.calendar, &self.zone, now, hours)?)
    }
}
