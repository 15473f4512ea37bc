//! The outbox of messages to customers: listed, handed out to a gateway, told back by it.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::notices::{
    About, NoticeFilter, NoticeRow, find_notice, list_notices as list_rows, list_willing, settle_notice,
    suppress_queued,
};
use doorstep_store::{Conn, customers, presence};
use serde_json::json;
use sync_core::ids::{CustomerId, NoticeId, OrgId, VisitId};
use sync_core::texts::{QuietHours, Withheld};
use sync_core::time::UnixMillis;

use super::tell::{LINK, has_consent};
use crate::app::customers::text_fault;
use crate::app::norms::policy_in_force;
use crate::app::scope::load_zone;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach};

/// States of a message.
pub mod notice_state {
    /// It waits to be sent.
    pub const QUEUED: &str = "queued";
    /// The gateway sent it.
    pub const SENT: &str = "sent";
    /// The gateway could not.
    pub const FAILED: &str = "failed";
    /// It is not sent.
    pub const SUPPRESSED: &str = "suppressed";
    /// Every one.
    pub const ALL: [&str; 4] = [QUEUED, SENT, FAILED, SUPPRESSED];
}

/// Which messages.
#[derive(Debug, Clone)]
pub struct NoticesWanted {
    /// State; every one if absent.
    pub state: Option<&'static str>,
    /// Only about this visit.
    pub visit: Option<VisitId>,
}

/// Messages in the order in which they were written, as far as the asker may see them; without the text for who sees no
/// contact data.
///
/// # Errors
/// Database errors only.
pub async fn list_notices(
    state: &AppState,
    ctx: Ctx,
    wanted: NoticesWanted,
    after: String,
    size: i64,
) -> AppResult<Vec<NoticeRow>> {
    let read = move |conn: &mut Conn| {
        let (org, reach) = (ctx.actor.org, reach::of(conn, &ctx)?);
        let state = wanted.state.map(str::to_owned);
        let filter = NoticeFilter { state, visit: wanted.visit, due_ms: None, people: reach.people.clone() };
        let mut rows = list_rows(conn, org, &filter, &after, size)?;
        let visits: Vec<VisitId> = rows.iter().map(|row| row.visit_id.0).collect();
        let masked = reach.masked(conn, org, &visits)?;
        for row in rows.iter_mut().filter(|row| masked.contains(&row.visit_id.0)) {
            row.text = None;
        }
        Ok::<_, AppError>(rows)
    };
    state.store.read(read).await
}

/// A message to send, and where to.
#[derive(Debug, Clone)]
pub struct DueNotice {
    /// The message.
    pub row: NoticeRow,
    /// The customer's first number.
    pub to: Option<String>,
}

/// Messages that may be sent now, for the gateway; none in the quiet hours. What tells nothing useful any more is taken back,
/// and what waits for somebody who does not agree to messages.
///
/// # Errors
/// Database errors and corrupt rows only.
// Rule: NOT-05
pub async fn list_due_notices(state: &AppState, ctx: Ctx, after: String, size: i64) -> AppResult<Vec<DueNotice>> {
    let write = move |conn: &mut Conn| {
        let (org, now) = (ctx.actor.org, ctx.now);
        suppress_queued(conn, org, About::Passed, Withheld::TooLate.code(), now.0)?;
        let zone = load_zone(conn, org)?.of_business();
        if QuietHours::of(&policy_in_force(conn, org, now)?).not_before(&zone, now)? > now {
            return Ok(Vec::new());
        }
        let rows = willing_rows(conn, org, &after, size, now)?;
        let whom: Vec<CustomerId> = rows.iter().map(|row| row.customer_id.0).collect();
        let mut numbers: BTreeMap<CustomerId, String> = BTreeMap::new();
        for (customer, phone) in customers::list_phones_of(conn, org, &whom)? {
            numbers.entry(customer).or_insert(phone);
        }
        let due = |row: NoticeRow| {
            let to = numbers.get(&row.customer_id.0).cloned();
            let text = match (&row.text, &row.link) {
                (Some(text), Some(link)) => Some(text.replace(LINK, link)),
                (text, _) => text.clone(),
            };
            DueNotice { to, row: NoticeRow { text, ..row } }
        };
        Ok::<_, AppError>(rows.into_iter().map(due).collect())
    };
    state.store.write(write).await
}

/// A page of the messages that may be sent to customers who agree to them.
fn willing_rows(conn: &mut Conn, org: OrgId, after: &str, size: i64, now: UnixMillis) -> AppResult<Vec<NoticeRow>> {
    let state = Some(notice_state::QUEUED.to_owned());
    let filter = NoticeFilter { state, due_ms: Some(now.0), ..NoticeFilter::default() };
    loop {
        let rows = list_rows(conn, org, &filter, after, size)?;
        let whom: BTreeSet<CustomerId> = rows.iter().map(|row| row.customer_id.0).collect();
        let willing = list_willing(conn, org, &Vec::from_iter(whom.iter().copied()))?;
        if willing == whom {
            return Ok(rows);
        }
        for customer in whom.difference(&willing) {
            presence::lock_customer(conn, org, *customer)?;
            // Who agreed meanwhile is in the next page.
            if !has_consent(conn, org, *customer)? {
                suppress_queued(conn, org, About::Customer(*customer), Withheld::NoConsent.code(), now.0)?;
            }
        }
    }
}

/// What the gateway tells of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It was sent.
    Sent,
    /// It could not be, and why.
    Failed(String),
}

/// Writes what became of a message; told again it changes nothing. One that was taken back while it was under way was sent, or
/// failed, all the same: that is what is written, beside why it was taken back.
///
/// # Errors
/// `not_found`, `state_invalid` if something else was told or it was never to be sent, `invalid` without a reason.
pub async fn settle(state: &AppState, ctx: Ctx, id: NoticeId, told: Told) -> AppResult<NoticeRow> {
    let (state_told, reason) = match told {
        Told::Sent => (notice_state::SENT, None),
        Told::Failed(reason) => (notice_state::FAILED, Some(reason)),
    };
    if let Some([en, zh]) = reason.as_deref().and_then(|reason| text_fault(reason, 200)) {
        return Err(Refusal::new(ErrorCode::Invalid).both("reason", en, zh).into());
    }
    let app = state.clone();
    let write = move |conn: &mut Conn| {
        let row = find_notice(conn, ctx.actor.org, id)?.ok_or(ErrorCode::NotFound)?;
        if row.state == state_told && row.reason == reason {
            return Ok(row);
        }
        if !may_have_been_sent(&row) {
            let refusal = Refusal::new(ErrorCode::StateInvalid);
            return Err(refusal.detail(format!("The message is {}", row.state), "该消息状态不允许此操作").into());
        }
        let (state, settled_at_ms, version) = (state_told.to_owned(), Some(ctx.now.0), row.version + 1);
        let row = NoticeRow { state, reason: reason.clone(), settled_at_ms, version, ..row };
        settle_notice(conn, &row)?;
        audit::record(conn, &app, &ctx, &format!("notice.{}", row.state), id, &json!({ "kind": row.kind }))?;
        Ok::<_, AppError>(row)
    };
    state.store.write(write).await
}

/// Whether the gateway may have got a message of which nothing is told yet: it waits, or waited before it was taken back,
/// and at an instant at which it might be sent.
fn may_have_been_sent(row: &NoticeRow) -> bool {
    match row.state.as_str() {
        notice_state::QUEUED => true,
        notice_state::SUPPRESSED => row.version > 1 && row.settled_at_ms.is_some_and(|at| row.not_before_ms <= at),
        _ => false,
    }
}
