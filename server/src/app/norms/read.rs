//! Reading published norms; everybody of the organisation may.

use doorstep_store::Conn;
use doorstep_store::norms::{self, CalendarVersionRow, TemplateRow};
use doorstep_store::withdrawals::{WithdrawalRow, list_withdrawals};
use sync_core::ids::OrgId;
use sync_core::plan::{CalendarRow, PolicyRow};
use sync_core::time::UnixMillis;

use crate::app::rows::read;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode};

/// A policy version in the list of all.
#[derive(Debug, Clone)]
pub struct PolicyListing {
    /// Version.
    pub version: i64,
    /// When it takes effect.
    pub effective_from: UnixMillis,
    /// Whether it is the one in force now.
    pub is_in_force: bool,
    /// When, by whom and why it was taken back, if it was.
    pub withdrawal: Option<WithdrawalRow>,
}

/// Every published template version, by code and version, with how it was taken back, if it was.
///
/// # Errors
/// Database errors only.
pub async fn list_templates(state: &AppState, ctx: Ctx) -> AppResult<Vec<(TemplateRow, Option<WithdrawalRow>)>> {
    state
        .store
        .read(move |conn| {
            let withdrawn = list_withdrawals(conn, ctx.actor.org, "template")?;
            let listing = |row: TemplateRow| {
                let is_it = |one: &&WithdrawalRow| one.code == row.code && one.version == row.version;
                let withdrawal = withdrawn.iter().find(is_it).cloned();
                (row, withdrawal)
            };
            let rows = norms::list_templates(conn, ctx.actor.org)?;
            Ok::<_, AppError>(rows.into_iter().map(listing).collect())
        })
        .await
}

/// A template version as published.
///
/// # Errors
/// `not_found`.
pub async fn show_template(state: &AppState, ctx: Ctx, code: String, version: i64) -> AppResult<TemplateRow> {
    state
        .store
        .read(move |conn| {
            norms::find_template(conn, ctx.actor.org, &code, version)?.ok_or_else(|| ErrorCode::NotFound.into())
        })
        .await
}

/// Every published policy version, oldest first.
///
/// # Errors
/// Database errors only.
pub async fn list_policies(state: &AppState, ctx: Ctx) -> AppResult<Vec<PolicyListing>> {
    state
        .store
        .read(move |conn| {
            let org = ctx.actor.org;
            let in_force = norms::find_policy_at(conn, org, ctx.now.0)?.map(|row| row.version);
            let withdrawn = list_withdrawals(conn, org, "policy")?;
            let listing = |(version, effective_from_ms): (i64, i64)| PolicyListing {
                version,
                effective_from: UnixMillis(effective_from_ms),
                is_in_force: Some(version) == in_force,
                withdrawal: withdrawn.iter().find(|row| row.version == version).cloned(),
            };
            Ok::<_, AppError>(norms::list_policies(conn, org)?.into_iter().map(listing).collect())
        })
        .await
}

/// A policy version, or the one in force now.
///
/// # Errors
/// `not_found`.
pub async fn show_policy(state: &AppState, ctx: Ctx, version: Option<i64>) -> AppResult<PolicyRow> {
    state
        .store
        .read(move |conn| {
            let org = ctx.actor.org;
            let found = match version {
                Some(version) => norms::find_policy(conn, org, version)?,
                None => norms::find_policy_at(conn, org, ctx.now.0)?,
            };
            let row = found.ok_or(ErrorCode::NotFound)?;
            read("policies", row.version, &row.body)
        })
        .await
}

/// Every published calendar version, oldest first; the newest counts.
///
/// # Errors
/// Database errors only.
pub async fn list_calendars(state: &AppState, ctx: Ctx) -> AppResult<Vec<CalendarVersionRow>> {
    state.store.read(move |conn| Ok::<_, AppError>(norms::list_calendars(conn, ctx.actor.org)?)).await
}

/// A calendar version, or the newest.
///
/// # Errors
/// `not_found`.
pub async fn show_calendar(state: &AppState, ctx: Ctx, version: Option<i64>) -> AppResult<CalendarRow> {
    state
        .store
        .read(move |conn| {
            let org = ctx.actor.org;
            let found = match version {
                Some(version) => norms::find_calendar(conn, org, version)?,
                None => norms::find_newest_calendar(conn, org)?,
            };
            let row = found.ok_or(ErrorCode::NotFound)?;
            read("calendars", row.version, &row.body)
        })
        .await
}

/// The policy that counts at an instant; the defaults before there is any.
///
/// # Errors
/// Database errors and corrupt rows only.
pub fn policy_in_force(conn: &mut Conn, org: OrgId, at: UnixMillis) -> AppResult<PolicyRow> {
    match norms::find_policy_at(conn, org, at.0)? {
        Some(row) => read("policies", row.version, &row.body),
        None => Ok(PolicyRow::default()),
    }
}

/// Of versions with the instants from which they count the one in force at an instant.
pub(crate) fn version_at(versions: impl IntoIterator<Item = (i64, i64)>, at: UnixMillis) -> Option<i64> {
    let in_force = versions.into_iter().filter(|(_, from_ms)| *from_ms <= at.0);
    in_force.max_by_key(|(version, from_ms)| (*from_ms, *version)).map(|(version, _)| version)
}
