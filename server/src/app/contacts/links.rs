//! One-time links for a customer: given out by the office, ended by a newer one or another time.

use doorstep_store::customer_links::{CustomerLinkRow, insert_link, list_links, revoke_links};
use doorstep_store::{Conn, Txt, notices, presence};
use serde_json::json;
use sync_core::ids::{CustomerLinkId, OrgId, VisitId};
use sync_core::policy::keys;
use sync_core::time::UnixMillis;

use crate::app::norms::policy_in_force;
use crate::app::visits::{require, state_of, without_order};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach, tasks};
use crate::auth::secret::CustomerToken;
use crate::domain::visit::may_reschedule;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// A link that was just made: the only time that its token is known.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// The row.
    pub row: CustomerLinkRow,
    /// The token.
    pub token: String,
}

/// Gives a link to the customer's page; earlier ones of the visit end.
///
/// # Errors
/// `not_found`, `state_invalid` without a planned time that is to come, after arrival, or without a work order.
// Rule: APT-02
pub async fn create_link(state: &AppState, ctx: Ctx, id: VisitId) -> AppResult<NewLink> {
    let app = state.clone();
    let (link, token) = (CustomerLinkId(state.id()), CustomerToken::new(ctx.actor.org, &*state.random));
    let write = move |conn: &mut Conn| {
        let org = ctx.actor.org;
        presence::lock_visit(conn, org, id)?;
        let visit = reach::load_visit(conn, &ctx, id)?;
        let state = state_of(&visit)?;
        require(may_reschedule(state), state)?;
        if visit.work_order_id.is_none() {
            return Err(without_order(&visit));
        }
        let to_come = visit.planned_start_ms.filter(|start| *start > ctx.now.0);
        let planned_start_ms = to_come.ok_or_else(|| {
            let refusal = Refusal::new(ErrorCode::StateInvalid);
            AppError::from(refusal.detail("The visit has no time that is to come", "该上门任务没有未到的预约时间"))
        })?;
        let row = give_link(conn, &app, &ctx, id, (link, &token, planned_start_ms), ctx.now)?;
        // A message that still waits leads to the newest one.
        if let Some(url) = &app.config.public_url {
            notices::set_waiting_link(conn, org, id, &page_address(url, &token))?;
        }
        Ok::<_, AppError>(NewLink { row, token: token.to_text() })
    };
    state.store.write(write).await
}

/// Where a customer finds the page.
pub(super) fn page_address(url: &str, token: &CustomerToken) -> String {
    format!("{}/c/{}", url.trim_end_matches('/'), token.to_text())
}

/// Writes a link to the customer's page of a visit with a time that is to come, which lives from an instant on; earlier ones
/// end.
pub(super) fn give_link(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    id: VisitId,
    (link, token, planned_start_ms): (CustomerLinkId, &CustomerToken, i64),
    from: UnixMillis,
) -> AppResult<CustomerLinkRow> {
    let org = ctx.actor.org;
    let life_ms = policy_in_force(conn, org, ctx.now)?.get(keys::CUSTOMER_LINK).saturating_mul(HOUR_MS);
    revoke_links(conn, org, id, ctx.now.0)?;
    let row = CustomerLinkRow {
        org_id: Txt(org),
        id: Txt(link),
        visit_id: Txt(id),
        token_sha256: token.hash(),
        planned_start_ms,
        created_at_ms: ctx.now.0,
        created_by: Txt(ctx.actor.user),
        expires_at_ms: from.plus_ms(life_ms).0.min(planned_start_ms),
        revoked_at_ms: None,
        answer: None,
        answered_at_ms: None,
        proposed_start_ms: None,
        words: None,
    };
    insert_link(conn, &row)?;
    audit::record(conn, app, ctx, "customer_link.created", id, &json!({ "link": link }))?;
    Ok(row)
}

/// The links of a visit with what customers answered, oldest first.
///
/// # Errors
/// `not_found` if the visit is absent or out of reach.
pub async fn list_visit_links(
    state: &AppState,
    ctx: Ctx,
    id: VisitId,
    after: String,
    size: i64,
) -> AppResult<Vec<CustomerLinkRow>> {
    let read = move |conn: &mut Conn| {
        reach::load_visit(conn, &ctx, id)?;
        Ok::<_, AppError>(list_links(conn, ctx.actor.org, id, &after, size)?)
    };
    state.store.read(read).await
}

/// The source of the task about what a customer asks for.
pub(super) fn source_of(link: CustomerLinkId) -> String {
    format!("customer_proposal/{link}")
}

/// The visit has another time, or none any more: its links end, and what customers asked for is seen to.
///
/// # Errors
/// Database errors only.
pub fn end_links(conn: &mut Conn, org: OrgId, visit: VisitId, now: UnixMillis) -> AppResult<()> {
    let links = list_links(conn, org, visit, "", i64::MAX)?;
    if links.is_empty() {
        return Ok(());
    }
    revoke_links(conn, org, visit, now.0)?;
    let asked = links.iter().filter(|link| link.proposed_start_ms.is_some());
    let sources: Vec<String> = asked.map(|link| source_of(link.id.0)).collect();
    tasks::settle(conn, org, &sources, now)
}
