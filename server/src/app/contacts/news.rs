//! What customers are told of visits that phones brought news of: of each fact once, while it is of use.
//!
//! A push only notes that there is news: no message may keep it from being stored.

use doorstep_store::notices::is_told;
use doorstep_store::outbox::{self, Outbox};
use doorstep_store::{Conn, visits};
use serde_json::Value;
use sync_core::formulas::minutes_ms;
use sync_core::ids::{OrgId, VisitId};
use sync_core::merge::View;
use sync_core::plan::PolicyRow;
use sync_core::policy::keys;
use sync_core::rules::arrived_at;
use sync_core::template::Template;
use sync_core::texts::NoticeKind;
use sync_core::time::UnixMillis;

use super::tell::{Message, news_of_use_ms, write};
use crate::app::norms::policy_in_force;
use crate::app::outbox::take_each;
use crate::app::visits::{load_facts, load_view};
use crate::app::{AppResult, AppState};

/// Has the customers of visits told after this transaction, which turned their state into one that is news to them.
///
/// # Concurrency
/// Under `presence::lock_visits`.
///
/// # Errors
/// Database errors only.
pub fn note_news(conn: &mut Conn, org: OrgId, turned: &[VisitId], now: UnixMillis) -> AppResult<()> {
    Ok(outbox::note(conn, Outbox::News, org, turned, now.0)?)
}

/// Writes what customers of an organisation are told of visits that there is news of; tells how many messages.
///
/// # Concurrency
/// Doing it twice, or on two nodes at once, tells nobody twice.
///
/// # Errors
/// If the database cannot be used at all; what is wrong with one visit is logged.
// Rule: NOT-05
pub async fn tell_news(state: &AppState, org: OrgId, now: UnixMillis) -> AppResult<usize> {
    let tell = move |conn: &mut Conn, app: &AppState, visit| Ok(usize::from(tell_of(conn, app, org, visit, now)?));
    take_each(state, Outbox::News, org, tell).await
}

/// Writes the message about a visit; false if there is nothing to tell.
fn tell_of(conn: &mut Conn, app: &AppState, org: OrgId, visit: VisitId, now: UnixMillis) -> AppResult<bool> {
    let policy = policy_in_force(conn, org, now)?;
    let Some(message) = news(conn, org, visit, &policy, now)?.filter(|message| now < message.useful_until) else {
        return Ok(false);
    };
    let told = message.kind.fact().map(|fact| is_told(conn, org, visit, fact)).transpose()?;
    let Some(row) = visits::find_visit(conn, org, visit)?.filter(|_| told == Some(false)) else { return Ok(false) };
    write(conn, app, &row, &policy, message, now)?;
    Ok(true)
}

/// What a customer is told of a visit as it stands.
fn news(
    conn: &mut Conn,
    org: OrgId,
    visit: VisitId,
    policy: &PolicyRow,
    now: UnixMillis,
) -> AppResult<Option<Message<'static>>> {
    let view = load_view(conn, org, visit)?;
    let loaded = load_facts(conn, org, &view, now)?;
    let projected = loaded.project(&view);
    let counting = projected.counting.as_ref().unwrap_or(&view);
    if !is_at_customers(&loaded.template, counting) {
        return Ok(None);
    }
    // Under review nothing but its last event says that the crew met nobody.
    let handed_in = counting.timeline.iter().rfind(|entry| entry.value.hands_in());
    let gave_up = handed_in.filter(|entry| entry.value.event == "give_up").map(|_| "no_show");
    let outcome = projected.outcome.as_deref().or(gave_up);
    let Some(kind) = NoticeKind::of_visit(projected.state, outcome) else { return Ok(None) };
    let (at, useful_ms) = match kind {
        NoticeKind::Arrival => (arrived_at(counting), minutes_ms(policy.get(keys::ARRIVAL_NOTICE))),
        _ => (projected.submitted_at, news_of_use_ms(policy)),
    };
    // A clock that is ahead does not make it last.
    let at = at.map(|at| at.min(now));
    Ok(at.map(|at| Message { kind, at, useful_until: at.plus_ms(useful_ms), invitation: None }))
}

/// Whether somebody came, and was received: a return visit says how it was made, and may be a call that nobody took
/// (RTV-27, RTV-34). What does not ask is made at the customer's.
fn is_at_customers(template: &Template, view: &View) -> bool {
    let asks = |code: &str| template.questions.iter().any(|question| question.code == code);
    let says = |code: &str, answers: &[&str]| {
        !asks(code) || view.answer(code).and_then(Value::as_str).is_some_and(|given| answers.contains(&given))
    };
    let was_received = view.answer("contact_result").is_none() || says("contact_result", &["done"]);
    says("mode", &["on_site"]) && was_received
}
