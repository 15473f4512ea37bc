//! Writing messages to customers: with the plan, and of what came of it.

use doorstep_store::notices::{About, NoticeRow, find_consent, insert_notice, suppress_queued};
use doorstep_store::visits::VisitRecord;
use doorstep_store::work_orders::WorkOrderRecord;
use doorstep_store::{Conn, Txt, assignments, customers, organisations, presence, sites, work_orders};
use sync_core::formulas::minutes_ms;
use sync_core::ids::{CustomerId, CustomerLinkId, NoticeId, OrgId, VisitId};
use sync_core::plain_json;
use sync_core::plan::PolicyRow;
use sync_core::policy::keys;
use sync_core::statement::Language;
use sync_core::texts::{
    Circumstances, NoticeKind, QuietHours, Values, Variable, Withheld, moment, template, when_to_send,
};
use sync_core::time::UnixMillis;

use super::links::{give_link, page_address};
use super::notices::notice_state;
use crate::app::norms::policy_in_force;
use crate::app::rows::corrupt;
use crate::app::scope::load_zone;
use crate::app::{AppError, AppResult, AppState, Ctx};
use crate::auth::secret::CustomerToken;

/// The type of orders whose visits are return visits.
const RETURN_VISIT: &str = "return_visit";

/// What follows the kind in the code of a text that leads to the customer's page.
const WITH_LINK: &str = "_link";

/// What stands in a text until it goes to the customer: nobody else learns the link.
pub(super) const LINK: &str = "{link}";

/// What a customer is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    /// What it is about.
    pub(super) kind: NoticeKind,
    /// When that is, or was.
    pub(super) at: UnixMillis,
    /// From when on it tells nothing useful any more.
    pub(super) useful_until: UnixMillis,
    /// Where the message leads to the customer's page.
    pub(super) invitation: Option<Invitation<'a>>,
}

/// A link to the customer's page, which is made only if the message goes out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Invitation<'a> {
    /// Who planned the visit.
    ctx: &'a Ctx,
    /// Where customers reach the server.
    url: &'a str,
}

impl Invitation<'_> {
    /// The address of the page about a visit that begins at `start`, for a message that goes out at `from`; earlier ones end.
    fn link(
        self,
        conn: &mut Conn,
        app: &AppState,
        visit: VisitId,
        (from, start): (UnixMillis, UnixMillis),
    ) -> AppResult<String> {
        let (link, token) = (CustomerLinkId(app.id()), CustomerToken::new(self.ctx.actor.org, &*app.random));
        give_link(conn, app, self.ctx, visit, (link, &token, start.0), from)?;
        Ok(page_address(self.url, &token))
    }
}

/// Writes the message about a visit that was planned, moved or cancelled; one that still waits gives way to it.
///
/// A return visit is announced, and moved, with a link by which the customer confirms the time or asks for another, where the server
/// knows under which address it is reached (`public_url`). `start` is when the visit begins, or would have. Without order or
/// time there is nothing to say.
///
/// # Errors
/// Corrupt rows.
// Rule: NOT-05
pub fn tell(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    visit: &VisitRecord,
    kind: NoticeKind,
    start: Option<UnixMillis>,
) -> AppResult<()> {
    let (Some(start), now) = (start, ctx.now) else { return Ok(()) };
    let policy = policy_in_force(conn, visit.org_id.0, now)?;
    let useful_until = match kind {
        // Whoever waits in vain wants to know even after the visit should have begun.
        NoticeKind::Cancellation => start.plus_ms(news_of_use_ms(&policy)),
        _ => start,
    };
    let is_return_visit = is_return_visit(conn, visit)?;
    let kind = match kind {
        NoticeKind::Appointment if is_return_visit => NoticeKind::ReturnVisit,
        kind => kind,
    };
    let invitation = match (kind, &app.config.public_url) {
        // There is nothing to confirm of a time that has come.
        (NoticeKind::ReturnVisit | NoticeKind::Change, Some(url)) if is_return_visit && start > now => {
            Some(Invitation { ctx, url })
        }
        _ => None,
    };
    write(conn, app, visit, &policy, Message { kind, at: start, useful_until, invitation }, now)
}

fn is_return_visit(conn: &mut Conn, visit: &VisitRecord) -> AppResult<bool> {
    let Some(order) = visit.work_order_id else { return Ok(false) };
    Ok(work_orders::find_work_order(conn, visit.org_id.0, order.0)?.is_some_and(|order| order.kind == RETURN_VISIT))
}

/// How long it is of use to hear what came of a visit, in milliseconds.
pub(super) fn news_of_use_ms(policy: &PolicyRow) -> i64 {
    minutes_ms(policy.get(keys::RESULT_NOTICE).saturating_mul(60))
}

/// Writes a message; one about the same visit that still waits gives way to it.
///
/// # Concurrency
/// Holds the customer until the commit: consent that is taken back meanwhile is seen, or sees the message.
///
/// # Errors
/// Conflict if the customer was told of the same fact; corrupt rows.
// Rule: NOT-05
pub(super) fn write(
    conn: &mut Conn,
    app: &AppState,
    visit: &VisitRecord,
    policy: &PolicyRow,
    message: Message<'_>,
    now: UnixMillis,
) -> AppResult<()> {
    let (org, id) = (visit.org_id.0, visit.id.0);
    let Some(order) = visit.work_order_id else { return Ok(()) };
    let order = work_orders::find_work_order(conn, org, order.0)?;
    let order = order.ok_or_else(|| corrupt("visits", id, "no work order"))?;
    let kind = message.kind;
    let customer = order.customer_id.0;
    presence::lock_customer(conn, org, customer)?;
    let language = Language::from_tag(policy.get(keys::NOTICE_LANGUAGE)).unwrap_or(Language::ZhCn);
    let zone = load_zone(conn, org)?.of_business();
    let at = moment(&zone, message.at, language)?;
    let code = kind.code().to_owned() + message.invitation.map_or("", |_| WITH_LINK);
    let text = template(&code).ok_or_else(|| AppError::Internal(format!("no text for {kind}")))?;
    let written = text.fill(language, &values(conn, visit, &order, policy, at)?);
    let given = Circumstances {
        has_consent: !text.needs_consent || has_consent(conn, org, customer)?,
        has_phone: !customers::list_phones(conn, org, customer)?.is_empty(),
        is_whole: written.is_ok(),
        useful_until: message.useful_until,
    };
    let (not_before, withheld) = when_to_send(&given, QuietHours::of(policy), &zone, now)?;
    suppress_queued(conn, org, About::Visit(id), Withheld::Replaced.code(), now.0)?;
    let state = if withheld.is_some() { notice_state::SUPPRESSED } else { notice_state::QUEUED };
    let link = message.invitation.filter(|_| withheld.is_none());
    let link = link.map(|page| page.link(conn, app, id, (not_before, message.at))).transpose()?;
    let lacking = written.as_ref().err().map(|unfilled| plain_json::to_string(&unfilled.missing)).transpose();
    let row = NoticeRow {
        org_id: Txt(org),
        id: Txt(NoticeId(app.id())),
        visit_id: Txt(id),
        customer_id: Txt(customer),
        kind: kind.code().to_owned(),
        channel: text.channel,
        language: language.tag().to_owned(),
        text_version: text.version,
        text: written.ok(),
        state: state.to_owned(),
        reason: None,
        not_before_ms: not_before.0,
        created_at_ms: now.0,
        settled_at_ms: withheld.map(|_| now.0),
        version: 1,
        withheld: withheld.map(|why| why.code().to_owned()),
        missing: lacking.map_err(|error| AppError::Internal(error.to_string()))?,
        useful_until_ms: message.useful_until.0,
        fact: kind.fact().map(str::to_owned),
        link,
    };
    Ok(insert_notice(conn, &row)?)
}

/// What the texts of messages may name, as far as it is known.
fn values(
    conn: &mut Conn,
    visit: &VisitRecord,
    order: &WorkOrderRecord,
    policy: &PolicyRow,
    at: String,
) -> AppResult<Values> {
    let (org, customer) = (visit.org_id.0, order.customer_id.0);
    let crew: Vec<String> =
        assignments::list_crew(conn, org, visit.id.0)?.into_iter().map(|member| member.name).collect();
    let values = [
        (Variable::OrgName, Some(organisations::load_organisation(conn, org)?.name)),
        (Variable::CustomerName, customers::find_customer(conn, org, customer)?.map(|row| row.name)),
        (Variable::Address, sites::find_site(conn, org, order.site_id.0)?.map(|row| row.address)),
        (Variable::Start, Some(at.clone())),
        (Variable::End, Some(at)),
        (Variable::RepName, (!crew.is_empty()).then(|| crew.join("、"))),
        (Variable::OrderNo, order.number.clone().or_else(|| visit.number.clone())),
        (Variable::Hotline, policy.get(keys::SERVICE_HOTLINE)),
        (Variable::Link, Some(LINK.to_owned())),
    ];
    Ok(values.into_iter().filter_map(|(variable, value)| Some((variable, value?))).collect())
}

/// Whether the customer said last that messages may be sent.
pub(super) fn has_consent(conn: &mut Conn, org: OrgId, customer: CustomerId) -> AppResult<bool> {
    Ok(find_consent(conn, org, customer)?.is_some_and(|said| said.consent_sms))
}
