//! `list`: today's visits, or all the phone knows.

use serde_json::{Value, json};
use sync_core::ids::VisitId;
use sync_core::plan::VisitPlan;
use sync_core::time::UnixMillis;
use sync_core::visit::VisitState;

use super::Phone;
use crate::error::PhoneResult;
use crate::output::Output;
use crate::store::Tx;
use crate::visit::context::{local_time, time_zone};
use crate::visit::{VisitContext, resolve};

/// One line of the list.
struct Line {
    start: Option<UnixMillis>,
    is_open: bool,
    json: Value,
    text: String,
}

/// `list`: visits of today, those under way and those returned; with `all` every visit.
pub(crate) fn list(phone: &Phone, all: bool) -> PhoneResult<Output> {
    phone.store.write(|tx| {
        tx.enrolment()?;
        let at = phone.clock.stamp(tx)?;
        let zone = time_zone(tx)?;
        let day = |instant: UnixMillis| local_time(&zone, instant, "%Y-%m-%d");
        let today = day(at.corrected());
        let mut lines = Vec::new();
        for (visit, plan) in resolve::visits(tx)? {
            let line = match VisitContext::load(tx, visit, &at) {
                Ok(context) => known(tx, &context, &zone)?,
                Err(error) => unknown(visit, plan.as_ref(), &error.to_string()),
            };
            if all || line.is_open || line.start.is_some_and(|start| day(start) == today) {
                lines.push(line);
            }
        }
        lines.sort_by_key(|line| line.start.unwrap_or(UnixMillis(i64::MAX)));
        let json = json!({
            "date": today,
            "visits": lines.iter().map(|line| line.json.clone()).collect::<Vec<_>>(),
        });
        let mut text: Vec<String> = vec![format!("{today}: {} visits", lines.len())];
        text.extend(lines.into_iter().map(|line| line.text));
        Ok(Output::done(json, text.join("\n")))
    })
}

fn known(tx: &Tx, context: &VisitContext, zone: &str) -> PhoneResult<Line> {
    let visit = context.view.visit;
    let plan = &context.plan.visit;
    let derived = context.derived();
    let start = context.facts().appointment_start();
    let unsent = tx.unsent_changes(visit)?.len();
    let code = visit.short_code();
    let customer = context.customer.as_ref().map(|customer| customer.name.clone());
    let begun = !context.view.pins.is_empty();
    let is_open =
        (begun && !derived.state.is_handed_in() && !is_judged(derived.state)) || derived.state == VisitState::Returned;
    let shown = start.map_or_else(|| "--:--".to_owned(), |start| local_time(zone, start, "%m-%d %H:%M"));
    let mark = if unsent > 0 { format!("  ({unsent} unsent)") } else { String::new() };
    let text = format!(
        "{shown}  {}  {}  {} / {}{mark}",
        plan.number.as_deref().unwrap_or(&code),
        customer.as_deref().unwrap_or("-"),
        derived.state.label_zh(),
        derived.state
    );
    let json = json!({
        "visit": visit, "number": plan.number, "short_code": code, "start": start.map(UnixMillis::to_rfc3339),
        "customer": customer, "site": context.plan.site.as_ref().map(|site| &site.address),
        "template": context.template.code, "state": derived.state, "reopened_slots": derived.reopened_slots,
        "attempt": plan.attempt, "priority": plan.priority, "begun": begun, "unsent_changes": unsent,
    });
    Ok(Line { start, is_open, json, text })
}

const fn is_judged(state: VisitState) -> bool {
    matches!(state, VisitState::UnderReview | VisitState::Approved | VisitState::Closed | VisitState::Cancelled)
}

/// A visit that cannot be judged yet, for instance because its template has not arrived.
fn unknown(visit: VisitId, plan: Option<&VisitPlan>, problem: &str) -> Line {
    let number = plan.and_then(|plan| plan.number.clone());
    let name = number.clone().unwrap_or_else(|| visit.short_code());
    Line {
        start: plan.and_then(|plan| plan.planned_start_ms),
        is_open: false,
        json: json!({"visit": visit, "number": number, "short_code": visit.short_code(), "problem": problem}),
        text: format!("--:--  {name}  {problem}"),
    }
}
