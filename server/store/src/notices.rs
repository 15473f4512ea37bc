//! Messages to customers, and who agreed to them.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use sync_core::ids::{CustomerId, NoticeId, OrgId, UserId, VisitId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::schema::{assignments, customer_consents, notices};
use crate::text::Txt;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = notices)]
pub struct NoticeRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id, UUIDv7.
    pub id: Txt<NoticeId>,
    /// The visit that it is about.
    pub visit_id: Txt<VisitId>,
    /// Whom it is for.
    pub customer_id: Txt<CustomerId>,
    /// What it is about.
    pub kind: String,
    /// `sms`.
    pub channel: String,
    /// Language of the text.
    pub language: String,
    /// Version of the text template.
    pub text_version: i64,
    /// The text; absent where it lacks values.
    pub text: Option<String>,
    /// `queued`, `sent`, `failed` or `suppressed`.
    pub state: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// When it may be sent.
    pub not_before_ms: i64,
    /// When it was written.
    pub created_at_ms: i64,
    /// When it was sent, failed or was suppressed.
    pub settled_at_ms: Option<i64>,
    /// Version of the row.
    pub version: i64,
    /// Why it was not to be sent; stays where it was under way by then.
    pub withheld: Option<String>,
    /// Variables of its text that had no value, as a JSON array.
    pub missing: Option<String>,
    /// From when on it tells nothing useful any more.
    pub useful_until_ms: i64,
    /// The fact of the visit that it tells of, once; absent where the plan says when.
    pub fact: Option<String>,
    /// The link of its text, which goes to the customer alone; forgotten once it is sent, or is not to be.
    pub link: Option<String>,
}

/// Adds a message.
///
/// # Errors
/// Conflict if the customer was told of the same fact.
pub fn insert_notice(conn: &mut Conn, row: &NoticeRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(notices::table).values(row).execute(c))?;
    Ok(())
}

/// Whether the customer of a visit was told of a fact, or was not to be.
///
/// # Errors
/// Database errors only.
pub fn is_told(conn: &mut Conn, org: OrgId, visit: VisitId, fact: &str) -> StoreResult<bool> {
    let told: i64 = per_backend!(conn, c => notices::table
        .filter(notices::org_id.eq(Txt(org)).and(notices::visit_id.eq(Txt(visit))).and(notices::fact.eq(fact)))
        .count()
        .get_result(c))?;
    Ok(told > 0)
}

/// The message of this id.
///
/// # Errors
/// Database errors only.
pub fn find_notice(conn: &mut Conn, org: OrgId, id: NoticeId) -> StoreResult<Option<NoticeRow>> {
    Ok(per_backend!(conn, c => notices::table
        .find((Txt(org), Txt(id)))
        .select(NoticeRow::as_select())
        .first(c)
        .optional())?)
}

/// Writes what became of a message if the stored version is `row.version - 1`.
///
/// # Errors
/// Stale if somebody else was faster.
pub fn settle_notice(conn: &mut Conn, row: &NoticeRow) -> StoreResult<()> {
    expect_one(per_backend!(conn, c => diesel::update(notices::table
            .filter(notices::org_id.eq(row.org_id)
                .and(notices::id.eq(row.id))
                .and(notices::version.eq(row.version - 1))))
        .set((
            notices::state.eq(&row.state),
            notices::reason.eq(&row.reason),
            notices::settled_at_ms.eq(row.settled_at_ms),
            notices::link.eq(None::<String>),
            notices::version.eq(row.version),
        ))
        .execute(c))?)
}

/// Whose waiting messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Those about a visit.
    Visit(VisitId),
    /// Those for a customer.
    Customer(CustomerId),
    /// Those that tell nothing useful any more.
    Passed,
}

/// Takes back every message that waits.
///
/// # Errors
/// Database errors only.
pub fn suppress_queued(conn: &mut Conn, org: OrgId, about: About, withheld: &str, now_ms: i64) -> StoreResult<usize> {
    Ok(per_backend!(conn, c => {
        let waiting = notices::org_id.eq(Txt(org)).and(notices::state.eq("queued"));
        let settled = (
            notices::state.eq("suppressed"),
            notices::withheld.eq(withheld),
            notices::settled_at_ms.eq(now_ms),
            notices::link.eq(None::<String>),
            notices::version.eq(notices::version + 1),
        );
        match about {
            About::Visit(visit) => diesel::update(notices::table.filter(waiting.and(notices::visit_id.eq(Txt(visit)))))
                .set(settled)
                .execute(c),
            About::Customer(customer) => diesel::update(notices::table
                    .filter(waiting.and(notices::customer_id.eq(Txt(customer)))))
                .set(settled)
                .execute(c),
            About::Passed => diesel::update(notices::table.filter(waiting.and(notices::useful_until_ms.le(now_ms))))
                .set(settled)
                .execute(c),
        }
    })?)
}

/// Has a message about a visit that waits with a link lead to another one.
///
/// # Errors
/// Database errors only.
pub fn set_waiting_link(conn: &mut Conn, org: OrgId, visit: VisitId, link: &str) -> StoreResult<usize> {
    let waiting = notices::org_id.eq(Txt(org)).and(notices::visit_id.eq(Txt(visit))).and(notices::state.eq("queued"));
    Ok(per_backend!(conn, c => diesel::update(notices::table.filter(waiting).filter(notices::link.is_not_null()))
        .set(notices::link.eq(link))
        .execute(c))?)
}

/// Which messages a list names.
#[derive(Debug, Clone, Default)]
pub struct NoticeFilter {
    /// State.
    pub state: Option<String>,
    /// Only about this visit.
    pub visit: Option<VisitId>,
    /// Only those that may be sent by then.
    pub due_ms: Option<i64>,
    /// Only about visits that one of these people is assigned to now.
    pub people: Option<Vec<UserId>>,
}

/// Messages in id order, after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_notices(
    conn: &mut Conn,
    org: OrgId,
    filter: &NoticeFilter,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<NoticeRow>> {
    Ok(per_backend!(conn, c => {
        let mut query = notices::table
            .filter(notices::org_id.eq(Txt(org)).and(notices::id.gt(after)))
            .order(notices::id)
            .limit(limit)
            .select(NoticeRow::as_select())
            .into_boxed();
        if let Some(state) = &filter.state {
            query = query.filter(notices::state.eq(state));
        }
        if let Some(visit) = filter.visit {
            query = query.filter(notices::visit_id.eq(Txt(visit)));
        }
        if let Some(due_ms) = filter.due_ms {
            query = query.filter(notices::not_before_ms.le(due_ms));
        }
        if let Some(people) = &filter.people {
            let assigned = assignments::table
                .filter(assignments::org_id.eq(Txt(org))
                    .and(assignments::until_ms.is_null())
                    .and(one_of(assignments::rep_id, people)))
                .select(assignments::visit_id);
            query = query.filter(notices::visit_id.eq_any(assigned));
        }
        query.load(c)
    })?)
}

/// Whether a customer agreed to messages.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = customer_consents)]
pub struct ConsentRow {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// The customer.
    pub customer_id: Txt<CustomerId>,
    /// 1 for the first.
    pub seq: i64,
    /// When it was recorded.
    pub at_ms: i64,
    /// Whether messages may be sent.
    pub consent_sms: bool,
    /// Who recorded it.
    pub recorded_by: Txt<UserId>,
}

/// Adds what a customer said.
///
/// # Errors
/// Conflict if somebody else was faster.
pub fn insert_consent(conn: &mut Conn, row: &ConsentRow) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(customer_consents::table).values(row).execute(c))?;
    Ok(())
}

/// What a customer said last.
///
/// # Errors
/// Database errors only.
pub fn find_consent(conn: &mut Conn, org: OrgId, customer: CustomerId) -> StoreResult<Option<ConsentRow>> {
    Ok(per_backend!(conn, c => customer_consents::table
        .filter(customer_consents::org_id.eq(Txt(org)).and(customer_consents::customer_id.eq(Txt(customer))))
        .order(customer_consents::seq.desc())
        .select(ConsentRow::as_select())
        .first(c)
        .optional())?)
}

/// Which of these customers agreed to messages, by what each said last.
///
/// # Errors
/// Database errors only.
pub fn list_willing(conn: &mut Conn, org: OrgId, of: &[CustomerId]) -> StoreResult<BTreeSet<CustomerId>> {
    let said: Vec<(Txt<CustomerId>, bool)> = per_backend!(conn, c => customer_consents::table
        .filter(customer_consents::org_id.eq(Txt(org)).and(one_of(customer_consents::customer_id, of)))
        .order((customer_consents::customer_id, customer_consents::seq))
        .select((customer_consents::customer_id, customer_consents::consent_sms))
        .load(c))?;
    let last: BTreeMap<CustomerId, bool> = said.into_iter().map(|(customer, said)| (customer.0, said)).collect();
    Ok(last.into_iter().filter(|(_, said)| *said).map(|(customer, _)| customer).collect())
}
