//! Customers and their phone numbers.

use std::collections::BTreeSet;

use diesel::prelude::*;
use sync_core::ids::{CustomerId, OrgId, UserId};

use crate::conn::Conn;
use crate::error::{StoreResult, expect_one};
use crate::one_of::one_of;
use crate::schema::{assignments, customer_phones, customers, visits, work_orders};
use crate::search_terms::{TermOf, TermRow, delete_terms, insert_terms, terms_of};
use crate::text::Txt;

/// A customer; folded columns serve the search only.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = customers, treat_none_as_default_value = false)]
pub struct CustomerRecord {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Id.
    pub id: Txt<CustomerId>,
    /// `individual` or `institution`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Name as it is searched.
    pub name_folded: String,
    /// Postal address.
    pub address: String,
    /// Address as it is searched.
    pub address_folded: String,
    /// Version of the row.
    pub version: i64,
    /// When it was made.
    pub created_at_ms: i64,
}

/// A phone number of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = customer_phones, treat_none_as_default_value = false)]
pub struct PhoneRecord {
    /// Tenant.
    pub org_id: Txt<OrgId>,
    /// Whose.
    pub customer_id: Txt<CustomerId>,
    /// Position in the list, from 0.
    pub position: i64,
    /// As given.
    pub phone: String,
    /// Digits only.
    pub digits: String,
    /// The last four digits.
    pub last_four: String,
}

/// Adds a customer with phone numbers.
///
/// # Errors
/// Conflict if the id is taken.
pub fn insert_customer(conn: &mut Conn, row: &CustomerRecord, phones: &[PhoneRecord]) -> StoreResult<()> {
    per_backend!(conn, c => diesel::insert_into(customers::table).values(row).execute(c))?;
    insert_terms(conn, &terms(row))?;
    insert_phones(conn, phones)
}

/// By what a customer is found.
fn terms(row: &CustomerRecord) -> Vec<TermRow> {
    let mut terms = terms_of(row.org_id.0, TermOf::Name, &row.name_folded, row.id);
    terms.extend(terms_of(row.org_id.0, TermOf::Address, &row.address_folded, row.id));
    terms
}

/// Adds many customers with all their phone numbers.
///
/// # Errors
/// Conflict if an id is taken.
pub fn insert_customers(conn: &mut Conn, rows: &[CustomerRecord], phones: &[PhoneRecord]) -> StoreResult<()> {
    insert_rows!(conn, customers::table, rows)?;
    insert_terms(conn, &rows.iter().flat_map(terms).collect::<Vec<_>>())?;
    insert_phones(conn, phones)
}

fn insert_phones(conn: &mut Conn, phones: &[PhoneRecord]) -> StoreResult<()> {
    Ok(insert_rows!(conn, customer_phones::table, phones)?)
}

/// Replaces a customer and the phone numbers if the stored version is `row.version - 1`.
///
/// # Errors
/// Stale if somebody else was faster.
pub fn update_customer(conn: &mut Conn, row: &CustomerRecord, phones: &[PhoneRecord]) -> StoreResult<()> {
    let known = find_customer(conn, row.org_id.0, row.id.0)?;
    let affected = per_backend!(conn, c => diesel::update(customers::table
            .filter(customers::org_id.eq(row.org_id)
                .and(customers::id.eq(row.id))
                .and(customers::version.eq(row.version - 1))))
        .set((
            customers::kind.eq(&row.kind),
            customers::name.eq(&row.name),
            customers::name_folded.eq(&row.name_folded),
            customers::address.eq(&row.address),
            customers::address_folded.eq(&row.address_folded),
            customers::version.eq(row.version),
        ))
        .execute(c))?;
    expect_one(affected)?;
    delete_terms(conn, &known.iter().flat_map(terms).collect::<Vec<_>>())?;
    insert_terms(conn, &terms(row))?;
    per_backend!(conn, c => diesel::delete(customer_phones::table
            .filter(customer_phones::org_id.eq(row.org_id).and(customer_phones::customer_id.eq(row.id))))
        .execute(c))?;
    insert_phones(conn, phones)
}

/// The customer of this id.
///
/// # Errors
/// Database errors only.
pub fn find_customer(conn: &mut Conn, org: OrgId, id: CustomerId) -> StoreResult<Option<CustomerRecord>> {
    Ok(per_backend!(conn, c => customers::table
        .find((Txt(org), Txt(id)))
        .select(CustomerRecord::as_select())
        .first(c)
        .optional())?)
}

/// Phone numbers of a customer as given, in order.
///
/// # Errors
/// Database errors only.
pub fn list_phones(conn: &mut Conn, org: OrgId, customer: CustomerId) -> StoreResult<Vec<String>> {
    Ok(per_backend!(conn, c => customer_phones::table
        .filter(customer_phones::org_id.eq(Txt(org)).and(customer_phones::customer_id.eq(Txt(customer))))
        .order(customer_phones::position)
        .select(customer_phones::phone)
        .load(c))?)
}

/// Phone numbers of several customers as given, each in order.
///
/// # Errors
/// Database errors only.
pub fn list_phones_of(conn: &mut Conn, org: OrgId, of: &[CustomerId]) -> StoreResult<Vec<(CustomerId, String)>> {
    let rows: Vec<(Txt<CustomerId>, String)> = per_backend!(conn, c => customer_phones::table
        .filter(customer_phones::org_id.eq(Txt(org))
            .and(one_of(customer_phones::customer_id, of)))
        .order((customer_phones::customer_id, customer_phones::position))
        .select((customer_phones::customer_id, customer_phones::phone))
        .load(c))?;
    Ok(rows.into_iter().map(|(customer, phone)| (customer.0, phone)).collect())
}

/// The customers of these ids, as far as there are any.
///
/// # Errors
/// Database errors only.
pub fn list_by_id(conn: &mut Conn, org: OrgId, ids: &[CustomerId]) -> StoreResult<Vec<CustomerRecord>> {
    Ok(per_backend!(conn, c => customers::table
        .filter(customers::org_id.eq(Txt(org)).and(one_of(customers::id, ids)))
        .select(CustomerRecord::as_select())
        .load(c))?)
}

/// Who has one of these phone numbers, given as digits, and which; oldest first, at most `limit`.
///
/// # Errors
/// Database errors only.
pub fn list_by_digits(
    conn: &mut Conn,
    org: OrgId,
    digits: &BTreeSet<String>,
    limit: i64,
) -> StoreResult<Vec<(CustomerId, String)>> {
    let rows: Vec<(Txt<CustomerId>, String)> = per_backend!(conn, c => customer_phones::table
        .filter(customer_phones::org_id.eq(Txt(org)).and(one_of(customer_phones::digits, digits)))
        // An expression instead of the column keeps the engine from walking the primary key.
        .order(customer_phones::customer_id.concat(""))
        .limit(limit)
        .select((customer_phones::customer_id, customer_phones::digits))
        .load(c))?;
    Ok(rows.into_iter().map(|(customer, digits)| (customer.0, digits)).collect())
}

/// Customers with one of these folded addresses, oldest first, at most `limit`.
///
/// # Errors
/// Database errors only.
pub fn list_by_address(
    conn: &mut Conn,
    org: OrgId,
    addresses: &BTreeSet<String>,
    limit: i64,
) -> StoreResult<Vec<CustomerRecord>> {
    Ok(per_backend!(conn, c => customers::table
        .filter(customers::org_id.eq(Txt(org)).and(one_of(customers::address_folded, addresses)))
        .order(customers::id.concat(""))
        .limit(limit)
        .select(CustomerRecord::as_select())
        .load(c))?)
}

/// Which customers a list names.
#[derive(Debug, Clone, Default)]
pub struct CustomerFilter {
    /// Only those with this id.
    pub id: Option<CustomerId>,
    /// Only those with one of these ids.
    pub ids: Option<Vec<CustomerId>>,
    /// The folded name contains this.
    pub name: Option<String>,
    /// The folded address contains this.
    pub address: Option<String>,
    /// A phone number has exactly these digits.
    pub digits: Option<String>,
    /// A phone number ends with these four digits.
    pub last_four: Option<String>,
    /// Only customers of visits that one of these people is assigned to now.
    pub reps: Option<Vec<UserId>>,
}

impl CustomerFilter {
    /// Whether few rows fit, so that finding them by index and sorting beats walking all rows in id order.
    const fn is_narrow(&self) -> bool {
        self.ids.is_some() || self.digits.is_some() || self.last_four.is_some() || self.reps.is_some()
    }
}

/// Customers in id order, after `after`.
///
/// # Errors
/// Database errors only.
pub fn list_customers(
    conn: &mut Conn,
    org: OrgId,
    filter: &CustomerFilter,
    after: &str,
    limit: i64,
) -> StoreResult<Vec<CustomerRecord>> {
    Ok(per_backend!(conn, c => {
        let mut query = customers::table
            .filter(customers::org_id.eq(Txt(org)))
            .limit(limit)
            .select(CustomerRecord::as_select())
            .into_boxed();
        query = if filter.is_narrow() {
            // An expression instead of the column keeps the engine from walking the primary key.
            query.filter(customers::id.concat("").gt(after)).order(customers::id.concat(""))
        } else {
            query.filter(customers::id.gt(after)).order(customers::id)
        };
        if let Some(id) = filter.id {
            query = query.filter(customers::id.eq(Txt(id)));
        }
        if let Some(ids) = &filter.ids {
            query = query.filter(one_of(customers::id, ids));
        }
        if let Some(name) = &filter.name {
            query = query.filter(customers::name_folded.like(containing(name)).escape('\\'));
        }
        if let Some(address) = &filter.address {
            query = query.filter(customers::address_folded.like(containing(address)).escape('\\'));
        }
        let phones = || customer_phones::table
            .filter(customer_phones::org_id.eq(Txt(org)))
            .select(customer_phones::customer_id);
        if let Some(digits) = &filter.digits {
            query = query.filter(customers::id.eq_any(phones().filter(customer_phones::digits.eq(digits))));
        }
        if let Some(last_four) = &filter.last_four {
            query = query.filter(customers::id.eq_any(phones().filter(customer_phones::last_four.eq(last_four))));
        }
        if let Some(reps) = &filter.reps {
            // One list within the other: of a join SQLite would begin with all visits.
            let assigned = visits::table
                .inner_join(assignments::table.on(assignments::org_id.eq(visits::org_id)
                    .and(assignments::visit_id.eq(visits::id))))
                .filter(visits::org_id.eq(Txt(org))
                    .and(visits::work_order_id.is_not_null())
                    .and(assignments::until_ms.is_null())
                    .and(one_of(assignments::rep_id, reps)))
                .select(visits::work_order_id.assume_not_null());
            let served = work_orders::table
                .filter(work_orders::org_id.eq(Txt(org)).and(work_orders::id.eq_any(assigned)))
                .select(work_orders::customer_id);
            query = query.filter(customers::id.eq_any(served));
        }
        query.load(c)
    })?)
}

/// A LIKE pattern for text that contains `part`, whatever characters it has.
#[must_use]
pub fn containing(part: &str) -> String {
    let mut pattern = String::with_capacity(part.len() + 2);
    pattern.push('%');
    for character in part.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_searched_as_they_are() {
        assert_eq!(containing(r"50%_\a"), r"%50\%\_\\a%");
    }
}
