//! One-time links to the customer's page.

use diesel::prelude::*;
use sync_core::ids::{CustomerLinkId, OrgId, UserId, VisitId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::schema::customer_links;
use crate::text::Txt;

/// A link to the customer's page; of its token only the hash is stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = customer_links)]
pub struct CustomerLinkRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id, UUIDv7.
    pub id: Txt<CustomerLinkId>,
    /// The visit that it is about.
    pub visit_id: Txt<VisitId>,
    /// Hash of its token.
    pub token_sha256: String,
    /// The planned start that it asks about.
    pub planned_start_ms: i64,
    /// When it was made.
    pub created_at_ms: i64,
    /// Who made it.
    pub created_by: Txt<UserId>,
    /// When it ends.
    pub expires_at_ms: i64,
    /// When a newer one took its place.
    pub revoked_at_ms: Option<i64>,
    /// `confirmed` or `proposed`.
    pub answer: Option<String>,
    /// When the customer answered.
    pub answered_at_ms: Option<i64>,
    /// The start that the customer asks for.
    pub proposed_start_ms: Option<i64>,
    /// What the customer adds.
    pub words: Option<String>,
}

/// Adds a link.
///
/// # Errors
/// Database errors only.
pub fn insert_link(conn: &mut Conn, row: &CustomerLinkRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(customer_links::table).values(row).execute(c))?;
    Ok(())
}

/// Ends every link of a visit that has not ended.
///
/// # Errors
/// Database errors only.
pub fn revoke_links(conn: &mut Conn, org: OrgId, visit: VisitId, now_ms: i64) -> StoreResult<usize> {
    Ok(per_backend!(conn, c => diesel::update(customer_links::table
            .filter(customer_links::org_id.eq(Txt(org))
                .and(customer_links::visit_id.eq(Txt(visit)))
                .and(customer_links::revoked_at_ms.is_null())))
        .set(customer_links::revoked_at_ms.eq(now_ms))
        .execute(c))?)
}

/// The link of this token.
///
/// # Errors
/// Database errors only.
pub fn find_by_token(conn: &mut Conn, org: OrgId, token_sha256: &str) -> StoreResult<Option<CustomerLinkRow>> {
    Ok(per_backend!(conn, c => customer_links::table
        .filter(customer_links::org_id.eq(Txt(org)).and(customer_links::token_sha256.eq(token_sha256)))
        .select(CustomerLinkRow::as_select())
        .first(c)
        .optional())?)
}

/// The links of a visit, oldest first, after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_links(
    conn: &mut Conn,
    org: OrgId,
    visit: VisitId,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<CustomerLinkRow>> {
    Ok(per_backend!(conn, c => customer_links::table
        .filter(customer_links::org_id.eq(Txt(org))
            .and(customer_links::visit_id.eq(Txt(visit)))
            .and(customer_links::id.gt(after)))
        .order(customer_links::id)
        .limit(limit)
        .select(CustomerLinkRow::as_select())
        .load(c))?)
}

/// Writes what the customer answers, once.
///
/// # Errors
/// Stale if there is an answer already.
pub fn answer_link(conn: &mut Conn, row: &CustomerLinkRow) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(customer_links::table
            .filter(customer_links::org_id.eq(row.org_id)
                .and(customer_links::id.eq(row.id))
                .and(customer_links::answered_at_ms.is_null())))
        .set((
            customer_links::answer.eq(&row.answer),
            customer_links::answered_at_ms.eq(row.answered_at_ms),
            customer_links::proposed_start_ms.eq(row.proposed_start_ms),
            customer_links::words.eq(&row.words),
        ))
        .execute(c))?)
}
