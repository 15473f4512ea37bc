//! What is in quarantine, and what became of it; the bytes are kept by [`crate::evidence`].

use std::collections::BTreeSet;

use diesel::dsl::{exists, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId, UserId, VisitId};

use crate::conn::Conn;
use crate::dialect;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::schema::{blob_claims, blobs, devices, quarantine};
use crate::text::Txt;

/// A quarantined item without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct QuarantineItem {
    /// Change hash, statement digest, or SHA-256 of the bytes.
    pub id: String,
    /// Who sent it.
    pub device_id: Txt<DeviceId>,
    /// Whose phone it is.
    pub user_id: Txt<UserId>,
    /// `doc`, `intent`, `statement` or `blob`.
    pub kind: String,
    /// The visit, if known; of a blob the first that names it by now.
    pub visit_id: Option<Txt<VisitId>>,
    /// Why it was refused.
    pub code: String,
    /// Size of the bytes.
    pub size: i64,
    /// When it arrived.
    pub received_at_ms: i64,
    /// `open`, `redriven`, `replayed`, `salvaged` or `dismissed`.
    pub state: String,
    /// Grows with each change of state.
    pub version: i64,
    /// When the state last changed.
    pub settled_at_ms: Option<i64>,
    /// Who changed it; absent where the phone did.
    pub settled_by: Option<Txt<UserId>>,
    /// Why, in words of a person.
    pub remark: Option<String>,
}

/// Which items a list names.
#[derive(Debug, Clone, Default)]
pub struct QuarantineFilter {
    /// Of one phone.
    pub device: Option<DeviceId>,
    /// Of one visit.
    pub visit: Option<VisitId>,
    /// Refused for one reason.
    pub code: Option<String>,
    /// In one state.
    pub state: Option<String>,
    /// Of phones of these people; `None` for everybody's.
    pub people: Option<Vec<UserId>>,
}

/// Place in the list: newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineKey {
    /// When the item arrived.
    pub received_at_ms: i64,
    /// Its id.
    pub id: String,
    /// Its phone.
    pub device: DeviceId,
}

/// The visit of an item. A blob is often here before the visit that names it.
const VISIT: &str = "COALESCE(quarantine.visit_id, (SELECT MIN(blob_claims.visit_id) FROM blob_claims \
    WHERE quarantine.kind = 'blob' AND blob_claims.org_id = quarantine.org_id AND blob_claims.sha256 = quarantine.id))";

/// The size of an item; the bytes of a blob are not in its row.
const SIZE: &str = "CAST(COALESCE((SELECT blobs.bytes FROM blobs WHERE quarantine.kind = 'blob' \
    AND blobs.org_id = quarantine.org_id AND blobs.sha256 = quarantine.id), LENGTH(quarantine.bytes)) AS BIGINT)";

macro_rules! items {
    () => {
        quarantine::table
            .inner_join(
                devices::table.on(devices::org_id.eq(quarantine::org_id).and(devices::id.eq(quarantine::device_id))),
            )
            .select((
                quarantine::id,
                quarantine::device_id,
                devices::user_id,
                quarantine::kind,
                sql::<Nullable<Text>>(VISIT),
                quarantine::code,
                sql::<BigInt>(SIZE),
                quarantine::received_at_ms,
                quarantine::state,
                quarantine::version,
                quarantine::settled_at_ms,
                quarantine::settled_by,
                quarantine::remark,
            ))
    };
}

/// Items newest first, behind `after`.
///
/// # Errors
/// Database errors only.
pub fn list_items(
    conn: &mut Conn,
    org: OrgId,
    filter: &QuarantineFilter,
    after: Option<&QuarantineKey>,
    limit: i64,
) -> StoreResult<Vec<QuarantineItem>> {
    Ok(per_backend!(conn, c => {
        let mut query = items!()
            .filter(quarantine::org_id.eq(Txt(org)))
            .order((quarantine::received_at_ms.desc(), quarantine::id.desc(), quarantine::device_id.desc()))
            .limit(limit)
            .into_boxed();
        if let Some(device) = filter.device {
            query = query.filter(quarantine::device_id.eq(Txt(device)));
        }
        if let Some(visit) = filter.visit {
            let named = blob_claims::table
                .filter(blob_claims::org_id.eq(Txt(org)).and(blob_claims::visit_id.eq(Txt(visit))))
                .select(blob_claims::sha256);
            query = query.filter(quarantine::visit_id.eq(Txt(visit))
                .or(quarantine::kind.eq("blob").and(quarantine::id.eq_any(named)).assume_not_null()));
        }
        if let Some(code) = &filter.code {
            query = query.filter(quarantine::code.eq(code));
        }
        if let Some(state) = &filter.state {
            query = query.filter(quarantine::state.eq(state));
        }
        if let Some(people) = &filter.people {
            query = query.filter(one_of(devices::user_id, people));
        }
        if let Some(QuarantineKey { received_at_ms: at, id, device }) = after {
            let same = quarantine::received_at_ms.eq(*at);
            // The first condition alone lets both engines start inside the index.
            query = query.filter(quarantine::received_at_ms.le(*at)).filter(quarantine::received_at_ms.lt(*at)
                .or(same.and(quarantine::id.lt(id)))
                .or(same.and(quarantine::id.eq(id)).and(quarantine::device_id.lt(Txt(*device)))));
        }
        query.load(c)
    })?)
}

/// One item.
///
/// # Errors
/// Database errors only.
pub fn find_item(conn: &mut Conn, org: OrgId, device: DeviceId, id: &str) -> StoreResult<Option<QuarantineItem>> {
    Ok(per_backend!(conn, c => items!()
        .filter(quarantine::org_id.eq(Txt(org)).and(quarantine::device_id.eq(Txt(device))).and(quarantine::id.eq(id)))
        .first(c)
        .optional())?)
}

/// As [`find_item`], for a transaction that decides by how the item stands.
///
/// # Concurrency
/// Holds the item's row until the commit; what is read is how it stands once it is held.
///
/// # Errors
/// Database errors only.
pub fn lock_item(conn: &mut Conn, org: OrgId, device: DeviceId, id: &str) -> StoreResult<Option<QuarantineItem>> {
    dialect::lock_quarantined(conn, org, device, id)?;
    find_item(conn, org, device, id)
}

/// Whether a blob that a device brought lies in quarantine: the office has not re-driven it.
///
/// The same bytes may lie there as a document already, which its id does not tell apart.
///
/// # Errors
/// Database errors only.
pub fn has_quarantined_blob(conn: &mut Conn, org: OrgId, device: DeviceId, sha256: Hash) -> StoreResult<bool> {
    let found: Option<String> = per_backend!(conn, c => quarantine::table
        .find((Txt(org), sha256.to_string(), Txt(device)))
        .filter(quarantine::state.ne("redriven"))
        .filter(quarantine::kind.eq("blob").or(exists(blobs::table
            .filter(blobs::org_id.eq(Txt(org)).and(blobs::sha256.eq(Txt(sha256))).and(blobs::is_quarantined)))))
        .select(quarantine::id)
        .first(c)
        .optional())?;
    Ok(found.is_some())
}

/// The items of a phone about documents of these visits that nobody made use of: open ones, and dismissed ones.
///
/// # Errors
/// Database errors only.
pub fn list_unused_of_visits(
    conn: &mut Conn,
    org: OrgId,
    device: DeviceId,
    visits: &[VisitId],
) -> StoreResult<Vec<QuarantineItem>> {
    Ok(per_backend!(conn, c => items!()
        .filter(quarantine::org_id.eq(Txt(org)).and(quarantine::device_id.eq(Txt(device))))
        .filter(quarantine::state.eq_any(["open", "dismissed"]).and(quarantine::kind.eq("doc")))
        .filter(quarantine::visit_id.eq_any(visits.iter().copied().map(Txt)))
        .load(c))?)
}

/// The open items of any phone about the document of a visit that were refused for one reason.
///
/// # Errors
/// Database errors only.
pub fn list_open_of_code(conn: &mut Conn, org: OrgId, visit: VisitId, code: &str) -> StoreResult<Vec<QuarantineItem>> {
    Ok(per_backend!(conn, c => items!()
        .filter(quarantine::org_id.eq(Txt(org)).and(quarantine::visit_id.eq(Txt(visit))))
        .filter(quarantine::state.eq("open").and(quarantine::kind.eq("doc")).and(quarantine::code.eq(code)))
        .load(c))?)
}

/// Those of these items that a phone has in quarantine about the document of a visit, however they stand.
///
/// # Errors
/// Database errors only.
pub fn list_of_visit(
    conn: &mut Conn,
    org: OrgId,
    device: DeviceId,
    visit: VisitId,
    ids: &[Hash],
) -> StoreResult<Vec<QuarantineItem>> {
    Ok(per_backend!(conn, c => items!()
        .filter(quarantine::org_id.eq(Txt(org)).and(quarantine::device_id.eq(Txt(device))))
        .filter(quarantine::kind.eq("doc").and(quarantine::visit_id.eq(Txt(visit))))
        .filter(quarantine::id.eq_any(ids.iter().map(ToString::to_string)))
        .load(c))?)
}

/// The reps in whose name somebody of the office took over records of a visit at an instant.
///
/// # Errors
/// Database errors only.
pub fn list_salvaged_reps(
    conn: &mut Conn,
    org: OrgId,
    visit: VisitId,
    by: UserId,
    at_ms: i64,
) -> StoreResult<BTreeSet<UserId>> {
    let items: Vec<QuarantineItem> = per_backend!(conn, c => items!()
        .filter(quarantine::org_id.eq(Txt(org)).and(quarantine::visit_id.eq(Txt(visit))))
        .filter(quarantine::state.eq("salvaged").and(quarantine::settled_by.eq(Txt(by))))
        .filter(quarantine::settled_at_ms.eq(at_ms))
        .load(c))?;
    Ok(items.into_iter().map(|item| item.user_id.0).collect())
}

/// What became of an item.
#[derive(Debug, Clone)]
pub struct Settlement<'a> {
    /// The new state.
    pub state: &'a str,
    /// When.
    pub at_ms: i64,
    /// By whom; `None` where the phone did it.
    pub by: Option<UserId>,
    /// Why.
    pub remark: Option<&'a str>,
}

/// Writes what became of an item that was read in this version.
///
/// # Errors
/// Stale if it changed meanwhile.
pub fn settle_item(conn: &mut Conn, org: OrgId, item: &QuarantineItem, done: &Settlement<'_>) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(quarantine::table.filter(
        quarantine::org_id.eq(Txt(org))
            .and(quarantine::device_id.eq(item.device_id))
            .and(quarantine::id.eq(&item.id))
            .and(quarantine::version.eq(item.version)),
    )).set((
        quarantine::state.eq(done.state),
        quarantine::version.eq(item.version + 1),
        quarantine::settled_at_ms.eq(done.at_ms),
        quarantine::settled_by.eq(done.by.map(Txt)),
        quarantine::remark.eq(done.remark),
    )).execute(c))?)
}
