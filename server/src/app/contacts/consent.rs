//! Whether a customer agreed to messages.

use doorstep_store::notices::{About, ConsentRow, find_consent, insert_consent, suppress_queued};
use doorstep_store::{Conn, Txt, customers, presence};
use serde_json::json;
use sync_core::ids::CustomerId;
use sync_core::texts::Withheld;

use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, audit};

/// What the customer said last; nothing where nobody asked.
///
/// # Errors
/// `not_found`.
pub async fn show_consent(state: &AppState, ctx: Ctx, id: CustomerId) -> AppResult<Option<ConsentRow>> {
    let read = move |conn: &mut Conn| {
        customers::find_customer(conn, ctx.actor.org, id)?.ok_or(ErrorCode::NotFound)?;
        Ok::<_, AppError>(find_consent(conn, ctx.actor.org, id)?)
    };
    state.store.read(read).await
}

/// Records what a customer said; the same again is no new word. Who takes consent back gets nothing that still waits.
///
/// # Errors
/// `not_found`.
// Rules: NOT-05, GEN-15
pub async fn set_consent(state: &AppState, ctx: Ctx, id: CustomerId, consent_sms: bool) -> AppResult<ConsentRow> {
    let app = state.clone();
    let write = move |conn: &mut Conn| {
        let org = ctx.actor.org;
        // A message that is being written is seen, or sees this.
        presence::lock_customer(conn, org, id)?;
        customers::find_customer(conn, org, id)?.ok_or(ErrorCode::NotFound)?;
        let known = find_consent(conn, org, id)?;
        if let Some(known) = known.as_ref().filter(|known| known.consent_sms == consent_sms) {
            return Ok(known.clone());
        }
        let row = ConsentRow {
            org_id: Txt(org),
            customer_id: Txt(id),
            seq: known.map_or(1, |known| known.seq + 1),
            at_ms: ctx.now.0,
            consent_sms,
            recorded_by: Txt(ctx.actor.user),
        };
        insert_consent(conn, &row)?;
        if !consent_sms {
            suppress_queued(conn, org, About::Customer(id), Withheld::NoConsent.code(), ctx.now.0)?;
        }
        audit::record(conn, &app, &ctx, "customer.consent_set", id, &json!({ "consent_sms": consent_sms }))?;
        Ok::<_, AppError>(row)
    };
    state.store.write(write).await
}
