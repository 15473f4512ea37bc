//! The customer's page: what it shows, and the one answer that it takes.

use doorstep_store::appointments::{find_appointment, update_appointment};
use doorstep_store::audit::{AuditEventRow, insert_audit_event};
use doorstep_store::customer_links::{CustomerLinkRow, answer_link, find_by_token};
use doorstep_store::visits::{VisitRecord, find_visit};
use doorstep_store::work_orders::{WorkOrderRecord, find_work_order};
use doorstep_store::{Conn, Txt, assignments, organisations, presence};
use serde_json::{Value, json};
use sync_core::calendar::Zone;
use sync_core::policy::keys;
use sync_core::time::UnixMillis;

use super::links::source_of;
use crate::app::customers::text_fault;
use crate::app::norms::policy_in_force;
use crate::app::rows::corrupt;
use crate::app::scope::load_zone;
use crate::app::tasks::{self, NewTask};
use crate::app::visits::{NewAppointment, make_appointment, save_plan, state_of};
use crate::app::{AppError, AppResult, AppState, ErrorCode, Refusal, deadlines};
use crate::auth::secret::CustomerToken;
use crate::domain::customer_link::{Link, MAX_WORDS, ProposalError, Standing, proposed_start};
use crate::domain::task::TaskKind;

/// What the customer's page shows, and nothing beyond what the customer needs.
#[derive(Debug, Clone)]
pub struct Page {
    /// Name of the organisation.
    pub organisation: String,
    /// Number that customers call.
    pub hotline: Option<String>,
    /// Type of the order.
    pub order_kind: String,
    /// Names of those who come.
    pub reps: Vec<String>,
    /// Start of the visit.
    pub start: UnixMillis,
    /// End, if one is agreed.
    pub end: Option<UnixMillis>,
    /// The zone of both.
    pub zone: Zone,
    /// Within how many days another time may be asked for.
    pub proposal_days: i64,
    /// Now.
    pub now: UnixMillis,
    /// What the customer answered.
    pub answer: Option<CustomerAnswer>,
    /// Name of the appointment in calendars, the same for ever.
    pub uid: String,
    /// Grows with each change of the visit.
    pub sequence: i64,
}

/// What a customer answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerAnswer {
    /// The time is fine.
    Confirmed,
    /// Another time would be better.
    Proposed {
        /// Which.
        start: UnixMillis,
        /// What the customer adds.
        words: Option<String>,
    },
}

/// What a customer sends.
#[derive(Debug, Clone)]
pub enum Asked {
    /// The time is fine.
    Confirm,
    /// Another time would be better.
    Propose {
        /// Day, `YYYY-MM-DD`.
        day: String,
        /// Time, `HH:MM`.
        time: String,
        /// What the customer adds.
        words: Option<String>,
    },
}

/// A link with the visit that it is about.
struct Found {
    link: CustomerLinkRow,
    visit: VisitRecord,
    order: WorkOrderRecord,
    standing: Standing,
}

/// Shows the page; nothing changes.
///
/// # Errors
/// `not_found` for what is no link of ours, `link_expired`.
// Rule: APT-02
pub async fn show_page(state: &AppState, token: &str) -> AppResult<Page> {
    let (token, now) = (CustomerToken::from_text(token).ok_or(ErrorCode::NotFound)?, state.clock.now());
    let read = move |conn: &mut Conn| {
        let found = find(conn, &token, now)?;
        page(conn, &found, now)
    };
    state.store.read(read).await
}

/// Takes the customer's answer, once for each link.
///
/// # Errors
/// Those of [`show_page`]; `state_invalid` if there is an answer already, `invalid` naming the field.
// Rule: APT-02
pub async fn answer_page(state: &AppState, token: &str, asked: Asked) -> AppResult<()> {
    let (token, now) = (CustomerToken::from_text(token).ok_or(ErrorCode::NotFound)?, state.clock.now());
    let app = state.clone();
    let write = move |conn: &mut Conn| {
        let visit = find(conn, &token, now)?.visit.id.0;
        presence::lock_visit(conn, token.org, visit)?;
        // Who was faster is seen now.
        let found = find(conn, &token, now)?;
        if found.standing != Standing::Open {
            let refusal = Refusal::new(ErrorCode::StateInvalid);
            return Err(refusal.detail("The customer has answered already", "客户已答复").into());
        }
        match &asked {
            Asked::Confirm => confirm(conn, &app, found, now),
            Asked::Propose { day, time, words } => {
                let words = words.as_deref().map(str::trim).filter(|words| !words.is_empty());
                propose(conn, &app, found, (day, time), words, now)
            }
        }
    };
    state.store.write(write).await
}

fn find(conn: &mut Conn, token: &CustomerToken, now: UnixMillis) -> AppResult<Found> {
    let org = token.org;
    let link = find_by_token(conn, org, &token.hash())?.ok_or(ErrorCode::NotFound)?;
    let visit = find_visit(conn, org, link.visit_id.0)?.ok_or(ErrorCode::NotFound)?;
    let standing = Link {
        planned_start: UnixMillis(link.planned_start_ms),
        expires_at: UnixMillis(link.expires_at_ms),
        is_revoked: link.revoked_at_ms.is_some(),
        is_answered: link.answered_at_ms.is_some(),
    }
    .standing(visit.planned_start_ms.map(UnixMillis), state_of(&visit)?, now);
    let order = visit.work_order_id.map(|id| find_work_order(conn, org, id.0)).transpose()?.flatten();
    match (standing, order) {
        (Standing::Ended, _) | (_, None) => Err(ErrorCode::LinkExpired.into()),
        (_, Some(order)) => Ok(Found { link, visit, order, standing }),
    }
}

fn page(conn: &mut Conn, found: &Found, now: UnixMillis) -> AppResult<Page> {
    let (org, visit, link) = (found.visit.org_id.0, &found.visit, &found.link);
    let policy = policy_in_force(conn, org, now)?;
    let appointment = visit.appointment_id.map(|id| find_appointment(conn, org, id.0)).transpose()?.flatten();
    let answer = match (link.answered_at_ms, link.proposed_start_ms) {
        (None, _) => None,
        (Some(_), None) => Some(CustomerAnswer::Confirmed),
        (Some(_), Some(start)) => {
            Some(CustomerAnswer::Proposed { start: UnixMillis(start), words: link.words.clone() })
        }
    };
    Ok(Page {
        organisation: organisations::load_organisation(conn, org)?.name,
        hotline: policy.get(keys::SERVICE_HOTLINE),
        order_kind: found.order.kind.clone(),
        reps: assignments::list_crew(conn, org, visit.id.0)?.into_iter().map(|member| member.name).collect(),
        start: UnixMillis(link.planned_start_ms),
        end: appointment.and_then(|row| row.end_ms).map(UnixMillis),
        zone: load_zone(conn, org)?.of_business(),
        proposal_days: policy.get(keys::CUSTOMER_PROPOSAL),
        now,
        answer,
        uid: format!("{}@doorstep", visit.id),
        sequence: visit.version,
    })
}

/// The appointment is agreed, which is a first contact, too (D-01).
// Rules: APT-01, APT-02
fn confirm(conn: &mut Conn, app: &AppState, found: Found, now: UnixMillis) -> AppResult<()> {
    let Found { link, mut visit, order, .. } = found;
    let org = visit.org_id.0;
    keep_answer(conn, app, CustomerLinkRow { answer: Some("confirmed".to_owned()), ..link }, now, &json!({}))?;
    match visit.appointment_id {
        Some(id) => {
            let known = find_appointment(conn, org, id.0)?;
            let mut row = known.ok_or_else(|| corrupt("visits", visit.id, "no appointment"))?;
            "agreed".clone_into(&mut row.state);
            row.agreed_at_ms = row.agreed_at_ms.or(Some(now.0));
            row.version += 1;
            update_appointment(conn, &row)?;
        }
        None => {
            let start = UnixMillis(visit.planned_start_ms.unwrap_or(now.0));
            let new = NewAppointment { start, end: None, proposed_by: "office".to_owned(), agreed_at: now };
            visit.appointment_id = Some(make_appointment(conn, app, &order, visit.attempt, &new)?.id);
        }
    }
    deadlines::contacted(conn, org, order.id.0, now)?;
    save_plan(conn, app, visit, now)
}

/// What the customer asks for is kept, and the dispatcher sees to it.
// Rule: APT-02
fn propose(
    conn: &mut Conn,
    app: &AppState,
    found: Found,
    (day, time): (&str, &str),
    words: Option<&str>,
    now: UnixMillis,
) -> AppResult<()> {
    let Found { link, visit, .. } = found;
    let org = visit.org_id.0;
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    if let Some([en, zh]) = words.and_then(|words| text_fault(words, MAX_WORDS)) {
        refusal = refusal.both("words", en, zh);
    }
    let zone = load_zone(conn, org)?.of_business();
    let days = policy_in_force(conn, org, now)?.get(keys::CUSTOMER_PROPOSAL);
    let asked = proposed_start((day, time), &zone, (UnixMillis(link.planned_start_ms), now), days);
    let start = match asked {
        Ok(start) => Some(start),
        Err(error) => {
            refusal = match error {
                ProposalError::NoTime => refusal.both("date", "a day and a time", "日期和时间"),
                ProposalError::Passed => {
                    refusal.both("date", "a time to come, other than the planned one", "未到的、不同于已约的时间")
                }
                ProposalError::TooFar => refusal.both("date", format!("within {days} days"), format!("{days} 天以内")),
            };
            None
        }
    };
    refusal.into_result()?;
    let proposed_start_ms = start.map(|start| start.0);
    let place = (Some(visit.id.0), visit.work_order_id.map(|order| order.0));
    let task = NewTask {
        due_at: Some(UnixMillis(link.planned_start_ms)),
        reason: words.map(str::to_owned),
        ..NewTask::of(TaskKind::CustomerProposal, source_of(link.id.0), place)
    };
    let detail = json!({ "proposed_ms": proposed_start_ms });
    let words = words.map(str::to_owned);
    let answered = CustomerLinkRow { answer: Some("proposed".to_owned()), proposed_start_ms, words, ..link };
    keep_answer(conn, app, answered, now, &detail)?;
    tasks::open(conn, org, &[task], now)
}

/// Writes the answer and that the customer gave it.
fn keep_answer(
    conn: &mut Conn,
    app: &AppState,
    link: CustomerLinkRow,
    now: UnixMillis,
    detail: &Value,
) -> AppResult<()> {
    let link = CustomerLinkRow { answered_at_ms: Some(now.0), ..link };
    answer_link(conn, &link)?;
    let event = AuditEventRow {
        org_id: link.org_id,
        id: Txt(app.id()),
        at_ms: now.0,
        actor_id: None,
        device_id: None,
        kind: format!("customer.{}", link.answer.as_deref().unwrap_or_default()),
        subject: link.visit_id.to_string(),
        detail: detail.to_string(),
    };
    Ok::<_, AppError>(insert_audit_event(conn, &event)?)
}
