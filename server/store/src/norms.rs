//! Published norms: templates, policies, calendars; a version never changes.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;

use crate::conn::Conn;
use crate::error::StoreResult;
use crate::schema::{calendars, norm_withdrawals, policies, templates};
use crate::text::Txt;

/// Whether a template version was not taken back.
macro_rules! template_stands {
    () => {
        not(exists(
            norm_withdrawals::table.filter(
                norm_withdrawals::org_id
                    .eq(templates::org_id)
                    .and(norm_withdrawals::kind.eq("template"))
                    .and(norm_withdrawals::code.eq(templates::code))
                    .and(norm_withdrawals::version.eq(templates::version)),
            ),
        ))
    };
}

/// Whether a policy version was not taken back.
macro_rules! policy_stands {
    () => {
        not(exists(
            norm_withdrawals::table.filter(
                norm_withdrawals::org_id
                    .eq(policies::org_id)
                    .and(norm_withdrawals::kind.eq("policy"))
                    .and(norm_withdrawals::version.eq(policies::version)),
            ),
        ))
    };
}

/// A template version; `body` is plain JSON, served verbatim.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = templates)]
pub struct TemplateRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Code.
    pub code: String,
    /// Version, from 1.
    pub version: i64,
    /// The template as plain JSON.
    pub body: String,
    /// SHA-256 of `body`.
    pub sha256: Txt<Hash>,
    /// When it was published.
    pub published_at_ms: i64,
    /// From when visits follow it.
    pub effective_from_ms: i64,
}

/// Publishes a template version.
///
/// # Errors
/// Conflict if the version exists.
pub fn insert_template(conn: &mut Conn, row: &TemplateRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(templates::table).values(row).execute(c))?;
    Ok(())
}

/// One template version.
///
/// # Errors
/// Database errors only.
pub fn find_template(conn: &mut Conn, org: OrgId, code: &str, version: i64) -> StoreResult<Option<TemplateRow>> {
    Ok(per_backend!(conn, c => templates::table
        .find((Txt(org), code, version))
        .select(TemplateRow::as_select())
        .first(c)
        .optional())?)
}

/// Whether a template version is published; its body stays where it is.
///
/// # Errors
/// Database errors only.
pub fn has_template(conn: &mut Conn, org: OrgId, code: &str, version: i64) -> StoreResult<bool> {
    let found: Option<i64> = per_backend!(conn, c => templates::table
        .find((Txt(org), code, version))
        .select(templates::version)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// The newest version of a template, also one that was taken back: its number is used.
///
/// # Errors
/// Database errors only.
pub fn find_newest_template(conn: &mut Conn, org: OrgId, code: &str) -> StoreResult<Option<TemplateRow>> {
    Ok(per_backend!(conn, c => templates::table
        .filter(templates::org_id.eq(Txt(org)).and(templates::code.eq(code)))
        .order(templates::version.desc())
        .select(TemplateRow::as_select())
        .first(c)
        .optional())?)
}

/// The version of a template in force at an instant.
///
/// # Errors
/// Database errors only.
pub fn find_template_at(conn: &mut Conn, org: OrgId, code: &str, at_ms: i64) -> StoreResult<Option<TemplateRow>> {
    Ok(per_backend!(conn, c => templates::table
        .filter(templates::org_id.eq(Txt(org))
            .and(templates::code.eq(code))
            .and(templates::effective_from_ms.le(at_ms)))
        .filter(template_stands!())
        .order((templates::effective_from_ms.desc(), templates::version.desc()))
        .select(TemplateRow::as_select())
        .first(c)
        .optional())?)
}

/// Every template version that stands, without its body: code, version, and from when visits follow it.
///
/// # Errors
/// Database errors only.
pub fn list_template_versions(conn: &mut Conn, org: OrgId) -> StoreResult<Vec<(String, i64, i64)>> {
    Ok(per_backend!(conn, c => templates::table
        .filter(templates::org_id.eq(Txt(org)))
        .filter(template_stands!())
        .order((templates::code, templates::version))
        .select((templates::code, templates::version, templates::effective_from_ms))
        .load(c))?)
}

/// Every template version, by code and version.
///
/// # Errors
/// Database errors only.
pub fn list_templates(conn: &mut Conn, org: OrgId) -> StoreResult<Vec<TemplateRow>> {
    Ok(per_backend!(conn, c => templates::table
        .filter(templates::org_id.eq(Txt(org)))
        .order((templates::code, templates::version))
        .select(TemplateRow::as_select())
        .load(c))?)
}

/// A policy version; `body` is the row phones receive.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = policies)]
pub struct PolicyVersionRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Version, from 1.
    pub version: i64,
    /// `PolicyRow` as plain JSON.
    pub body: String,
    /// When it takes effect.
    pub effective_from_ms: i64,
}

/// Publishes a policy version.
///
/// # Errors
/// Conflict if the version exists.
pub fn insert_policy(conn: &mut Conn, row: &PolicyVersionRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(policies::table).values(row).execute(c))?;
    Ok(())
}

/// One policy version.
///
/// # Errors
/// Database errors only.
pub fn find_policy(conn: &mut Conn, org: OrgId, version: i64) -> StoreResult<Option<PolicyVersionRow>> {
    Ok(per_backend!(conn, c => policies::table
        .find((Txt(org), version))
        .select(PolicyVersionRow::as_select())
        .first(c)
        .optional())?)
}

/// The policy in force at an instant.
///
/// # Errors
/// Database errors only.
pub fn find_policy_at(conn: &mut Conn, org: OrgId, at_ms: i64) -> StoreResult<Option<PolicyVersionRow>> {
    Ok(per_backend!(conn, c => policies::table
        .filter(policies::org_id.eq(Txt(org)).and(policies::effective_from_ms.le(at_ms)))
        .filter(policy_stands!())
        .order((policies::effective_from_ms.desc(), policies::version.desc()))
        .select(PolicyVersionRow::as_select())
        .first(c)
        .optional())?)
}

/// The newest policy version, whenever it takes effect, also one that was taken back: its number is used.
///
/// # Errors
/// Database errors only.
pub fn find_newest_policy_version(conn: &mut Conn, org: OrgId) -> StoreResult<Option<i64>> {
    Ok(per_backend!(conn, c => policies::table
        .filter(policies::org_id.eq(Txt(org)))
        .order(policies::version.desc())
        .select(policies::version)
        .first(c)
        .optional())?)
}

/// Every policy version that stands, oldest first, with when it takes effect.
///
/// # Errors
/// Database errors only.
pub fn list_policy_versions(conn: &mut Conn, org: OrgId) -> StoreResult<Vec<(i64, i64)>> {
    Ok(per_backend!(conn, c => policies::table
        .filter(policies::org_id.eq(Txt(org)))
        .filter(policy_stands!())
        .order(policies::version)
        .select((policies::version, policies::effective_from_ms))
        .load(c))?)
}

/// Every policy version, also those taken back, oldest first, with when it takes effect.
///
/// # Errors
/// Database errors only.
pub fn list_policies(conn: &mut Conn, org: OrgId) -> StoreResult<Vec<(i64, i64)>> {
    Ok(per_backend!(conn, c => policies::table
        .filter(policies::org_id.eq(Txt(org)))
        .order(policies::version)
        .select((policies::version, policies::effective_from_ms))
        .load(c))?)
}

/// A calendar version; `body` is the row phones receive.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = calendars)]
pub struct CalendarVersionRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Version, from 1.
    pub version: i64,
    /// `CalendarRow` as plain JSON.
    pub body: String,
    /// When it was published.
    pub published_at_ms: i64,
}

/// Publishes a calendar version.
///
/// # Errors
/// Conflict if the version exists.
pub fn insert_calendar(conn: &mut Conn, row: &CalendarVersionRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(calendars::table).values(row).execute(c))?;
    Ok(())
}

/// One calendar version.
///
/// # Errors
/// Database errors only.
pub fn find_calendar(conn: &mut Conn, org: OrgId, version: i64) -> StoreResult<Option<CalendarVersionRow>> {
    Ok(per_backend!(conn, c => calendars::table
        .find((Txt(org), version))
        .select(CalendarVersionRow::as_select())
        .first(c)
        .optional())?)
}

/// The newest calendar.
///
/// # Errors
/// Database errors only.
pub fn find_newest_calendar(conn: &mut Conn, org: OrgId) -> StoreResult<Option<CalendarVersionRow>> {
    Ok(per_backend!(conn, c => calendars::table
        .filter(calendars::org_id.eq(Txt(org)))
        .order(calendars::version.desc())
        .select(CalendarVersionRow::as_select())
        .first(c)
        .optional())?)
}

/// Every calendar version with when it was published, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_calendar_versions(conn: &mut Conn, org: OrgId) -> StoreResult<Vec<(i64, i64)>> {
    Ok(per_backend!(conn, c => calendars::table
        .filter(calendars::org_id.eq(Txt(org)))
        .order(calendars::version)
        .select((calendars::version, calendars::published_at_ms))
        .load(c))?)
}

/// Every calendar version, oldest first.
///
/// # Errors
/// Database errors only.
pub fn list_calendars(conn: &mut Conn, org: OrgId) -> StoreResult<Vec<CalendarVersionRow>> {
    Ok(per_backend!(conn, c => calendars::table
        .filter(calendars::org_id.eq(Txt(org)))
        .order(calendars::version)
        .select(CalendarVersionRow::as_select())
        .load(c))?)
}
