//! Everything a rule may read.

use jiff::civil::Date;

use crate::bytes::Hash;
use crate::calendar::{DayError, Zone};
use crate::merge::View;
use crate::plan::{CalendarRow, PlanSnapshot, PolicyRow};
use crate::template::Template;
use crate::time::{Stamp, UnixMillis};

use super::background::Background;
use super::trace::Versions;

/// The arguments of every rule (design section 7); nothing else is read.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The merged document.
    pub view: &'a View,
    /// The office's rows about the visit.
    pub plan: &'a PlanSnapshot,
    /// What the office knows beyond them.
    pub background: &'a Background,
    /// The pinned template.
    pub template: &'a Template,
    /// The pinned policy.
    pub policy: &'a PolicyRow,
    /// The working-day calendar.
    pub calendar: &'a CalendarRow,
    /// Offset of the organisation's zone in milliseconds east of UTC.
    pub zone_offset_ms: i64,
    /// Now, on the server's clock as well as the caller knows it.
    pub now: UnixMillis,
    /// Now as the device stamps it: judges a wait that has not ended yet. Absent on the server.
    pub device_now: Option<&'a Stamp>,
}

impl Facts<'_> {
    /// The agreed start of the visit: the appointment in force, else the planned start.
    #[must_use]
    pub fn appointment_start(&self) -> Option<UnixMillis> {
        self.plan.appointment.as_ref().map(|row| row.start_ms).or(self.plan.visit.planned_start_ms)
    }

    /// An order field of the template format: the channel, else an entry of `fields`.
    #[must_use]
    pub fn order_field(&self, code: &str) -> Option<&str> {
        let order = self.plan.work_order.as_ref()?;
        if code == "channel" { Some(&order.channel) } else { order.fields.get(code).map(String::as_str) }
    }

    /// The outcome the visit names, if any.
    #[must_use]
    pub fn outcome(&self) -> Option<&str> {
        self.view.outcome().map(|outcome| outcome.code.as_str())
    }

    /// The zone in which the organisation counts its days.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`] for an offset that no zone has.
    pub fn zone(&self) -> Result<Zone, DayError> {
        Zone::at_offset_ms(self.zone_offset_ms)
    }

    /// The local day that holds an instant.
    ///
    /// # Errors
    /// [`DayError::OutOfRange`].
    pub fn day_of(&self, instant: UnixMillis) -> Result<Date, DayError> {
        self.zone()?.day_of(instant)
    }

    /// Minutes since local midnight.
    #[must_use]
    pub fn minute_of_day(&self, instant: UnixMillis) -> i64 {
        instant.plus_ms(self.zone_offset_ms).0.div_euclid(60_000).rem_euclid(1_440)
    }

    /// The local time of day, `HH:MM`.
    #[must_use]
    pub fn local_time(&self, instant: UnixMillis) -> String {
        let minute = self.minute_of_day(instant);
        format!("{:02}:{:02}", minute / 60, minute % 60)
    }

    /// What the verdicts of these facts were judged on.
    #[must_use]
    pub fn versions(&self) -> Versions {
        // A plan snapshot is plain data and always serialises; its hash names the exact rows judged.
        let plan = serde_json::to_vec(self.plan).unwrap_or_default();
        Versions {
            heads: self.view.heads.clone(),
            visit: self.plan.visit.id,
            assignment_epoch: self.plan.visit.assignment_epoch,
            appointment: self.plan.visit.appointment_id,
            plan_sha256: Hash::of(&plan),
            template: self.template.code.clone(),
            template_version: self.template.version,
            policy_version: self.policy.version,
            calendar_version: self.calendar.version,
        }
    }
}
