//! Revealing contact data that is masked: one customer or site at a time, and never without a record of it.

use std::collections::BTreeSet;

use doorstep_store::sites::SiteRecord;
use doorstep_store::{Conn, customers, sites};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sync_core::ids::{CustomerId, SiteId};
use utoipa::ToSchema;

use crate::app::customers::{Customer, is_text};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit};

/// Longest reason, in characters.
const MAX_REASON: usize = 200;

/// Contact data of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CustomerField {
    /// The name.
    Name,
    /// The phone numbers.
    Phones,
    /// The postal address.
    Address,
}

/// Contact data of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SiteField {
    /// The address.
    Address,
    /// The position.
    Geo,
    /// How to get in.
    AccessNote,
}

/// What is asked for, and why.
#[derive(Debug, Clone)]
pub struct Reveal<F> {
    /// Which data.
    pub fields: BTreeSet<F>,
    /// Why, in the asker's words.
    pub reason: String,
}

impl<F: Serialize> Reveal<F> {
    fn check(&self) -> AppResult<()> {
        let mut refusal = Refusal::new(ErrorCode::Invalid);
        if self.fields.is_empty() {
            refusal = refusal.both("fields", "one field or more", "至少一个字段");
        }
        if !is_text(&self.reason, MAX_REASON) {
            refusal = refusal.both("reason", "1 to 200 characters", "1 至 200 个字符");
        }
        refusal.into_result()
    }

    /// Writes down who sees what and why, before it is shown: what is not recorded is not revealed.
    // Rule: GEN-15
    fn record(&self, conn: &mut Conn, app: &AppState, ctx: &Ctx, kind: &str, subject: impl ToString) -> AppResult<()> {
        let detail = json!({ "fields": self.fields, "reason": self.reason.trim() });
        audit::record(conn, app, ctx, kind, subject, &detail)
    }
}

/// Reveals contact data of a customer.
///
/// # Errors
/// `not_found` if absent, `invalid` naming the field.
pub async fn reveal_customer(
    state: &AppState,
    ctx: Ctx,
    id: CustomerId,
    asked: Reveal<CustomerField>,
) -> AppResult<Customer> {
    asked.check()?;
    let app = state.clone();
    let write = move |conn: &mut Conn| {
        let org = ctx.actor.org;
        let row = customers::find_customer(conn, org, id)?.ok_or(ErrorCode::NotFound)?;
        let phones = customers::list_phones(conn, org, id)?;
        asked.record(conn, &app, &ctx, "customer.revealed", id)?;
        Ok::<_, AppError>(Customer { row, phones })
    };
    state.store.write(write).await
}

/// Reveals contact data of a site.
///
/// # Errors
/// `not_found` if absent, `invalid` naming the field.
pub async fn reveal_site(state: &AppState, ctx: Ctx, id: SiteId, asked: Reveal<SiteField>) -> AppResult<SiteRecord> {
    asked.check()?;
    let app = state.clone();
    let write = move |conn: &mut Conn| {
        let row = sites::find_site(conn, ctx.actor.org, id)?.ok_or(ErrorCode::NotFound)?;
        asked.record(conn, &app, &ctx, "site.revealed", id)?;
        Ok::<_, AppError>(row)
    };
    state.store.write(write).await
}
