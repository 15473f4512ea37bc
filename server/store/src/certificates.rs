//! Certificates of people.

use diesel::prelude::*;
use sync_core::ids::{CertificateId, OrgId, UserId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::schema::certificates;
use crate::text::Txt;

/// A certificate; its days are those of the organisation's zone, `YYYY-MM-DD`, both included.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = certificates)]
pub struct CertificateRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id, UUIDv7.
    pub id: Txt<CertificateId>,
    /// Who holds it.
    pub user_id: Txt<UserId>,
    /// What it is.
    pub kind: String,
    /// The number on it.
    pub number: Option<String>,
    /// The first day.
    pub valid_from: String,
    /// The last day.
    pub valid_to: String,
    /// Who noted it.
    pub noted_by: Txt<UserId>,
    /// When.
    pub noted_at_ms: i64,
    /// Who withdrew it.
    pub withdrawn_by: Option<Txt<UserId>>,
    /// When.
    pub withdrawn_at_ms: Option<i64>,
    /// Why.
    pub withdraw_reason: Option<String>,
}

/// Adds a certificate.
///
/// # Errors
/// Conflict if the id is taken or the person unknown.
pub fn insert_certificate(conn: &mut Conn, row: &CertificateRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(certificates::table).values(row).execute(c))?;
    Ok(())
}

/// Which certificates a list names.
#[derive(Debug, Clone, Default)]
pub struct CertificateFilter {
    /// Only this one.
    pub id: Option<CertificateId>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only of these people.
    pub people: Option<Vec<UserId>>,
}

/// Certificates in id order, after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_certificates(
    conn: &mut Conn,
    org: OrgId,
    filter: &CertificateFilter,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<CertificateRow>> {
    Ok(per_backend!(conn, c => {
        let mut query = certificates::table
            .filter(certificates::org_id.eq(Txt(org)))
            .limit(limit)
            .select(CertificateRow::as_select())
            .into_boxed();
        query = if filter.people.is_some() {
            // An expression instead of the column keeps the engine from walking the primary key.
            query.filter(certificates::id.concat("").gt(after)).order(certificates::id.concat(""))
        } else {
            query.filter(certificates::id.gt(after)).order(certificates::id)
        };
        if let Some(id) = filter.id {
            query = query.filter(certificates::id.eq(Txt(id)));
        }
        if let Some(kind) = &filter.kind {
            query = query.filter(certificates::kind.eq(kind));
        }
        if let Some(people) = &filter.people {
            query = query.filter(one_of(certificates::user_id, people));
        }
        query.load(c)
    })?)
}

/// The certificates of people that were not withdrawn, whichever days they count on.
///
/// # Errors
/// Database errors only.
pub fn list_held(conn: &mut Conn, org: OrgId, people: &[UserId]) -> StoreResult<Vec<CertificateRow>> {
    Ok(per_backend!(conn, c => certificates::table
        .filter(certificates::org_id.eq(Txt(org)).and(certificates::withdrawn_at_ms.is_null()))
        .filter(one_of(certificates::user_id, people))
        .select(CertificateRow::as_select())
        .load(c))?)
}

/// Withdraws a certificate.
///
/// # Errors
/// Stale if it was withdrawn before.
pub fn withdraw_certificate(
    conn: &mut Conn,
    org: OrgId,
    id: CertificateId,
    (by, at_ms): (UserId, i64),
    reason: &str,
) -> StoreResult<()> {
    let affected = per_backend!(conn, c => diesel::update(certificates::table
            .filter(certificates::org_id.eq(Txt(org))
                .and(certificates::id.eq(Txt(id)))
                .and(certificates::withdrawn_at_ms.is_null())))
        .set((
            certificates::withdrawn_by.eq(Some(Txt(by))),
            certificates::withdrawn_at_ms.eq(Some(at_ms)),
            certificates::withdraw_reason.eq(Some(reason)),
        ))
        .execute(c))?;
    expect_one(affected)
}
