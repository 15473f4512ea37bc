//! F-38: the order of a day's jobs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::FormulaError;
use super::input::Input;
use crate::time::UnixMillis;

/// Which jobs of a day come first; each class is in the order of the requested time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DispatchClass {
    /// Put off for safety (INS-49).
    SafetyDeferred,
    /// Second and later appointments (APT-09).
    Second,
    /// First appointments.
    First,
}

/// A job that waits for its place in the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuedJob<'a> {
    /// The job.
    pub id: &'a str,
    /// Which appointment of the order it is, from 1.
    pub attempt: u64,
    /// When the customer asked for it.
    pub requested: UnixMillis,
    /// Whether it was put off for safety.
    pub deferred_safety: bool,
}

impl QueuedJob<'_> {
    /// Its class; what was put off for safety stays so whatever its attempt.
    #[must_use]
    pub const fn class(&self) -> DispatchClass {
        if self.deferred_safety {
            DispatchClass::SafetyDeferred
        } else if self.attempt > 1 {
            DispatchClass::Second
        } else {
            DispatchClass::First
        }
    }
}

/// F-38: puts the jobs of a day in order, ties by id; the order given has no influence.
// Rules: APT-09, INS-49
pub fn dispatch_order(queue: &mut [QueuedJob<'_>]) {
    queue.sort_unstable_by_key(|job| (job.class(), job.requested, job.id));
}

pub(super) fn run_dispatch_order(input: &Value) -> Result<Value, FormulaError> {
    let (mut queue, mut seen) = (Vec::new(), BTreeSet::new());
    for item in Input::root(input).get("queue")?.items()? {
        let id = item.name_once("id", &mut seen)?;
        let attempt = match item.get("attempt")?.count()? {
            0 => return Err(item.wrong_at("attempt", "is counted from 1")),
            attempt => attempt,
        };
        let requested = item.get("requested")?.instant()?;
        let deferred_safety = item.find("deferred_safety")?.map_or(Ok(false), |flag| flag.boolean())?;
        queue.push(QueuedJob { id, attempt, requested, deferred_safety });
    }
    dispatch_order(&mut queue);
    Ok(json!({ "order": queue.iter().map(|job| job.id).collect::<Vec<_>>() }))
}
