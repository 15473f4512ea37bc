//! The outbox of messages to customers: written with the plan, sent by a gateway, told back by it.

use std::collections::BTreeMap;

use doorstep_store::notices::{
    About, NoticeFilter, NoticeRow, find_consent, find_notice, insert_notice, list_notices as list_rows, settle_notice,
    suppress_queued,
};
use doorstep_store::visits::VisitRecord;
use doorstep_store::{Conn, Txt, assignments, customers, organisations, sites, work_orders};
use serde_json::json;
use sync_core::ids::{CustomerId, NoticeId, OrgId, VisitId};
use sync_core::policy::keys;
use sync_core::statement::Language;
use sync_core::texts::{
    Circumstances, NoticeKind, QuietHours, Values, Variable, Withheld, moment, template, when_to_send,
};
use sync_core::time::UnixMillis;

use crate::app::customers::is_text;
use crate::app::norms::policy_in_force;
use crate::app::rows::corrupt;
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

/// Writes the message about a visit that was planned, moved or cancelled; one that still waits gives way to it.
///
/// `start` is when the visit begins, or would have. Without order or time there is nothing to say.
///
/// # Errors
/// Corrupt rows.
// Rule: NOT-05
pub fn tell(
    conn: &mut Conn,
    app: &AppState,
    visit: &VisitRecord,
    kind: NoticeKind,
    start: Option<UnixMillis>,
    now: UnixMillis,
) -> AppResult<()> {
    let (org, id) = (visit.org_id.0, visit.id.0);
    let (Some(start), Some(order)) = (start, visit.work_order_id) else { return Ok(()) };
    let order = work_orders::find_work_order(conn, org, order.0)?;
    let order = order.ok_or_else(|| corrupt("visits", id, "no work order"))?;
    let customer = order.customer_id.0;
    let policy = policy_in_force(conn, org, now)?;
    let language = Language::from_tag(policy.get(keys::NOTICE_LANGUAGE)).unwrap_or(Language::ZhCn);
    let zone = load_zone(conn, org)?.of_business();
    let day_error = |error: sync_core::calendar::DayError| AppError::Internal(error.to_string());
    let number = order.number.clone().or_else(|| visit.number.clone());
    let values = [
        (Variable::OrgName, Some(organisations::load_organisation(conn, org)?.name)),
        (Variable::CustomerName, customers::find_customer(conn, org, customer)?.map(|row| row.name)),
        (Variable::Address, sites::find_site(conn, org, order.site_id.0)?.map(|row| row.address)),
        (Variable::Start, Some(moment(&zone, start, language).map_err(day_error)?)),
        (Variable::OrderNo, number),
        (Variable::Hotline, policy.get(keys::SERVICE_HOTLINE)),
    ];
    let values: Values = values.into_iter().filter_map(|(variable, value)| Some((variable, value?))).collect();
    let text = template(kind.code()).ok_or_else(|| AppError::Internal(format!("no text for {kind}")))?;
    let written = text.fill(language, &values).ok();
    let given = Circumstances {
        has_consent: !text.needs_consent || has_consent(conn, org, customer)?,
        has_phone: !customers::list_phones(conn, org, customer)?.is_empty(),
        is_whole: written.is_some(),
        start,
    };
    let (not_before, withheld) = when_to_send(&given, QuietHours::of(&policy), &zone, now).map_err(day_error)?;
    suppress_queued(conn, org, About::Visit(id), Withheld::Replaced.code(), now.0)?;
    let state = if withheld.is_some() { notice_state::SUPPRESSED } else { notice_state::QUEUED };
    let row = NoticeRow {
        org_id: Txt(org),
        id: Txt(NoticeId(app.id())),
        visit_id: Txt(id),
        customer_id: Txt(customer),
        kind: kind.code().to_owned(),
        channel: text.channel,
        language: language.tag().to_owned(),
        text_version: text.version,
        text: written,
        state: state.to_owned(),
        reason: withheld.map(|why| why.code().to_owned()),
        not_before_ms: not_before.0,
        created_at_ms: now.0,
        settled_at_ms: withheld.map(|_| now.0),
        version: 1,
    };
    Ok(insert_notice(conn, &row)?)
}

fn has_consent(conn: &mut Conn, org: OrgId, customer: CustomerId) -> AppResult<bool> {
    Ok(find_consent(conn, org, customer)?.is_some_and(|said| said.consent_sms))
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
        let crews = assignments::crews_by_visit(conn, org, &visits)?;
        for row in &mut rows {
            if reach.masks(crews.get(&row.visit_id.0).map(Vec::as_slice).unwrap_or_default()) {
                row.text = None;
            }
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

/// Messages that may be sent now, for the gateway.
///
/// # Errors
/// Database errors only.
// Rule: NOT-05
pub async fn list_due_notices(state: &AppState, ctx: Ctx, after: String, size: i64) -> AppResult<Vec<DueNotice>> {
    let read = move |conn: &mut Conn| {
        let org = ctx.actor.org;
        let state = Some(notice_state::QUEUED.to_owned());
        let filter = NoticeFilter { state, due_ms: Some(ctx.now.0), ..NoticeFilter::default() };
        let rows = list_rows(conn, org, &filter, &after, size)?;
        let whom: Vec<CustomerId> = rows.iter().map(|row| row.customer_id.0).collect();
        let mut numbers: BTreeMap<CustomerId, String> = BTreeMap::new();
        for (customer, phone) in customers::list_phones_of(conn, org, &whom)? {
            numbers.entry(customer).or_insert(phone);
        }
        let due = |row: NoticeRow| DueNotice { to: numbers.get(&row.customer_id.0).cloned(), row };
        Ok::<_, AppError>(rows.into_iter().map(due).collect())
    };
    state.store.read(read).await
}

/// What the gateway tells of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// It was sent.
    Sent,
    /// It could not be, and why.
    Failed(String),
}

/// Writes what became of a message; told again it changes nothing. One that gave way to a later one while it was under way
/// was sent all the same, and that is what is written.
///
/// # Errors
/// `not_found`, `state_invalid` if something else was told or it was never to be sent, `invalid` without a reason.
pub async fn settle(state: &AppState, ctx: Ctx, id: NoticeId, told: Told) -> AppResult<NoticeRow> {
    if let Told::Failed(reason) = &told
        && !is_text(reason, 200)
    {
        return Err(Refusal::new(ErrorCode::Invalid).both("reason", "1 to 200 characters", "1 至 200 个字符").into());
    }
    let app = state.clone();
    let write = move |conn: &mut Conn| {
        let row = find_notice(conn, ctx.actor.org, id)?.ok_or(ErrorCode::NotFound)?;
        let (state, reason) = match &told {
            Told::Sent => (notice_state::SENT, row.reason.clone()),
            Told::Failed(reason) => (notice_state::FAILED, Some(reason.clone())),
        };
        if row.state == state && row.reason == reason {
            return Ok(row);
        }
        let gave_way =
            row.state == notice_state::SUPPRESSED && row.reason.as_deref() == Some(Withheld::Replaced.code());
        if row.state != notice_state::QUEUED && !gave_way {
            let refusal = Refusal::new(ErrorCode::StateInvalid);
            return Err(refusal.detail(format!("The message is {}", row.state), "该消息状态不允许此操作").into());
        }
        let (state, settled_at_ms, version) = (state.to_owned(), Some(ctx.now.0), row.version + 1);
        let row = NoticeRow { state, reason, settled_at_ms, version, ..row };
        settle_notice(conn, &row)?;
        audit::record(conn, &app, &ctx, &format!("notice.{}", row.state), id, &json!({ "kind": row.kind }))?;
        Ok::<_, AppError>(row)
    };
    state.store.write(write).await
}
