//! F-32, F-42: answers to complaints, repairs of the same fault.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::FormulaError;
use super::input::{Input, show_instant};
use crate::calendar::days_between;
use crate::policy::keys;
use crate::time::UnixMillis;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// Elapsed hours until a complaint is answered, nights and weekends included.
///
/// # Source
/// CMP-01, CMP-02.
pub const COMPLAINT_ANSWER_HOURS: i64 = keys::COMPLAINT_ANSWER.kind.default;

/// The instant so many elapsed hours later.
#[must_use]
pub const fn plus_hours(at: UnixMillis, hours: i64) -> UnixMillis {
    at.plus_ms(hours.saturating_mul(HOUR_MS))
}

/// Result of F-32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerDue {
    /// Last instant of an answer in time.
    pub due_at: UnixMillis,
    /// Whether the answer was in time; `None` while there is none.
    pub in_time: Option<bool>,
}

/// F-32: when a complaint must be answered, and whether it was.
#[must_use]
pub fn complaint_answer_due(received_at: UnixMillis, answered_at: Option<UnixMillis>, hours: i64) -> AnswerDue {
    let due_at = plus_hours(received_at, hours);
    AnswerDue { due_at, in_time: answered_at.map(|answered| answered <= due_at) }
}

pub(super) fn run_complaint_answer_due(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let received_at = input.get("received_at")?.instant()?;
    let answered_at = input.find("answered_at")?.map(|answer| match answer.instant()? {
        answered if answered < received_at => Err(answer.wrong("lies before received_at")),
        answered => Ok(answered),
    });
    let due = complaint_answer_due(received_at, answered_at.transpose()?, COMPLAINT_ANSWER_HOURS);
    Ok(json!({ "due_at": show_instant(due.due_at), "in_time": due.in_time }))
}

/// Days within which another repair of the same fault is a repeat.
///
/// # Source
/// CMP-13, chosen by the rulebook.
pub const REPEAT_REPAIR_DAYS: i64 = keys::REPEAT_REPAIR.kind.default;

/// Result of F-42.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepeatRepair {
    /// Days from the first repair to the next; negative if the next lies before.
    pub days: i64,
    /// Whether it is a repeat.
    pub repeat: bool,
}

/// F-42: whether a repair repeats an earlier one: the same fault, not later than so many days after it.
#[must_use]
pub fn repeat_repair(first: Date, next: Date, same_fault: bool, within_days: i64) -> RepeatRepair {
    let days = days_between(first, next);
    RepeatRepair { days, repeat: same_fault && 0 <= days && days <= within_days }
}

pub(super) fn run_repeat_repair(input: &Value) -> Result<Value, FormulaError> {
    let input = Input::root(input);
    let (first, next) = (input.get("first_repair")?.date()?, input.get("next_repair")?);
    let repair = repeat_repair(first, next.date()?, input.get("same_fault")?.boolean()?, REPEAT_REPAIR_DAYS);
    if repair.days < 0 {
        return Err(next.wrong("lies before first_repair"));
    }
    Ok(json!({ "days": repair.days, "repeat": repair.repeat }))
}
