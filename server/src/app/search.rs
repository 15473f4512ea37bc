//! Searching by what people know: a name, a phone number, an order number, an address.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use doorstep_store::customers::{CustomerFilter, list_customers};
use doorstep_store::search_terms::{TermOf, list_subjects};
use doorstep_store::visits::{self, VisitFilter};
use doorstep_store::work_orders::WorkOrderFilter;
use doorstep_store::{Conn, StoreError};
use serde_json::json;
use sync_core::ids::{CustomerId, SiteId, WorkOrderId};

use crate::app::customers::{Customer, list_with_phones};
use crate::app::visits::VisitListing;
use crate::app::visits::show::listings;
use crate::app::work_orders::{WorkOrder, list_loaded};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach};
use crate::domain::fold::{digits, fold};

/// Most customers or sites that a part of a name or address brings up for comparison with the other terms, and most customers
/// whose orders are found.
const MAX_CANDIDATES: i64 = 1_000;

/// What to search for; all given parts must fit.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Part of the customer's name.
    pub name: Option<String>,
    /// A phone number, or its last four digits.
    pub phone: Option<String>,
    /// Number of a work order or visit of ours.
    pub number: Option<String>,
    /// 209 number.
    pub number_209: Option<String>,
    /// Number in the ordering system.
    pub external_ref: Option<String>,
    /// An address of a customer or site from where one of its parts begins: a street, a house, a number.
    pub address: Option<String>,
}

/// One page of what was found; customers and work orders each in id order.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Customers.
    pub customers: Vec<Customer>,
    /// Work orders.
    pub work_orders: Vec<WorkOrder>,
    /// Visits of these orders.
    pub visits: Vec<VisitListing>,
    /// Whether more may fit than its pages reach.
    pub is_cut: bool,
    /// Where the next page goes on; absent on the last one.
    pub next: Option<String>,
}

/// Where a search goes on: the last customer and the last order of the pages before, empty where there was none.
#[derive(Debug, Clone, Default)]
struct Place {
    customer: String,
    order: String,
}

impl Place {
    fn parse(key: &str) -> Option<Self> {
        if key.is_empty() {
            return Some(Self::default());
        }
        let (customer, order) = key.split_once('/')?;
        let is_known = |id: &str, is_id: bool| id.is_empty() || is_id;
        let are_ids = is_known(customer, CustomerId::from_str(customer).is_ok())
            && is_known(order, WorkOrderId::from_str(order).is_ok());
        are_ids.then(|| Self { customer: customer.to_owned(), order: order.to_owned() })
    }

    fn is_first(&self) -> bool {
        self.customer.is_empty() && self.order.is_empty()
    }

    /// The key of the page after this one, of `size` of each kind.
    fn next(&self, found: &Found, size: i64) -> Option<String> {
        if !is_full(&found.customers, size) && !is_full(&found.work_orders, size) {
            return None;
        }
        let customer = found.customers.last().map_or_else(|| self.customer.clone(), |last| last.row.id.to_string());
        let order = found.work_orders.last().map_or_else(|| self.order.clone(), |last| last.row.id.to_string());
        Some(format!("{customer}/{order}"))
    }
}

/// Searches customers, work orders and visits within the asker's reach, and records each page: each shows other people
/// (DOC-08).
///
/// Terms that name an order search orders; terms that name a person search customers and their orders.
///
/// # Errors
/// `invalid` without a term, or with a term too short to mean something; `page_token_invalid`.
pub async fn search(state: &AppState, ctx: Ctx, terms: Search, after: String, size: i64) -> AppResult<Found> {
    check(&terms)?;
    let place = Place::parse(&after).ok_or(ErrorCode::PageTokenInvalid)?;
    let (app, asker, used, is_first) = (state.clone(), ctx.clone(), terms.used(), place.is_first());
    let found = state.store.read(move |conn| find(conn, &ctx, &terms, &place, size)).await?;
    let counts = [found.customers.len(), found.work_orders.len(), found.visits.len()];
    let detail = json!({ "terms": used, "found": counts, "is_first_page": is_first });
    state.store.write(move |conn| audit::record(conn, &app, &asker, "search.done", asker.actor.user, &detail)).await?;
    Ok(found)
}

fn find(conn: &mut Conn, ctx: &Ctx, terms: &Search, place: &Place, size: i64) -> AppResult<Found> {
    let reach = reach::of(conn, ctx)?;
    let mut found = Found::default();
    let mut customers = Vec::new();
    if terms.names_person() {
        let mut filter = customer_filter(terms, reach.people.clone());
        filter.ids = people_named(conn, ctx, &filter)?;
        // The orders are those of all of them, whichever page they are on.
        let fitting = list_customers(conn, ctx.actor.org, &filter, "", MAX_CANDIDATES)?;
        customers = fitting.into_iter().map(|row| row.id.0).collect();
        found.customers = list_with_phones(conn, ctx, &filter, &reach, &place.customer, size)?;
        found.is_cut =
            filter.ids.is_some_and(|ids| is_full(&ids, MAX_CANDIDATES)) || is_full(&customers, MAX_CANDIDATES);
    }
    let mut orders = BTreeMap::new();
    for mut filter in order_filters(terms, customers, reach.people.as_ref()) {
        if filter.customers.is_none() {
            filter.sites = sites_named(conn, ctx, &filter)?;
            found.is_cut |= filter.sites.as_ref().is_some_and(|ids| is_full(ids, MAX_CANDIDATES));
        }
        let page = list_loaded(conn, ctx, &filter, reach.visits.as_ref(), &place.order, size)?;
        orders.extend(page.into_iter().map(|order| (order.row.id.0, order)));
    }
    found.work_orders = orders.into_values().take(usize::try_from(size).unwrap_or(usize::MAX)).collect();
    let number = terms.number.as_ref().filter(|_| place.is_first());
    found.visits = visits_of(conn, ctx, number, &found.work_orders, reach.visits)?;
    found.next = place.next(&found, size);
    Ok(found)
}

fn is_full<T>(list: &[T], limit: i64) -> bool {
    i64::try_from(list.len()).unwrap_or(i64::MAX) >= limit
}

/// Customers that an index finds by the longer of name and address; none where something else finds few already.
fn people_named(conn: &mut Conn, ctx: &Ctx, filter: &CustomerFilter) -> AppResult<Option<Vec<CustomerId>>> {
    if filter.digits.is_some() || filter.last_four.is_some() || filter.reps.is_some() {
        return Ok(None);
    }
    let by = [(TermOf::Name, &filter.name), (TermOf::Address, &filter.address)];
    let longest = by.into_iter().filter_map(|(of, part)| Some((of, part.as_ref()?))).max_by_key(|(_, part)| part.len());
    let Some((of, part)) = longest else { return Ok(None) };
    Ok(Some(read_ids(list_subjects(conn, ctx.actor.org, of, part, MAX_CANDIDATES)?)?))
}

/// Sites that an index finds by their address; none where something else finds few orders already.
fn sites_named(conn: &mut Conn, ctx: &Ctx, filter: &WorkOrderFilter) -> AppResult<Option<Vec<SiteId>>> {
    let Some(address) = filter.address.as_ref().filter(|_| filter.reps.is_none()) else { return Ok(None) };
    Ok(Some(read_ids(list_subjects(conn, ctx.actor.org, TermOf::Site, address, MAX_CANDIDATES)?)?))
}

fn read_ids<T: FromStr + Ord>(found: Vec<String>) -> AppResult<Vec<T>> {
    let read = |id: String| {
        id.parse().map_err(|_no_id| {
            AppError::from(StoreError::Corrupt { table: "search_terms", id, what: "its subject is no id".to_owned() })
        })
    };
    // A text may begin in several places with the same characters.
    Ok(found.into_iter().map(read).collect::<AppResult<BTreeSet<T>>>()?.into_iter().collect())
}

/// The visits of the orders found, and the one that the number names.
fn visits_of(
    conn: &mut Conn,
    ctx: &Ctx,
    number: Option<&String>,
    orders: &[WorkOrder],
    reach: Option<visits::VisitReach>,
) -> AppResult<Vec<VisitListing>> {
    let seen = VisitFilter { reach, ..Default::default() };
    let mut ids: Vec<_> = orders.iter().flat_map(|order| order.visits.iter().copied()).collect();
    if let Some(number) = number {
        let filter = VisitFilter { number: Some(number.trim().to_uppercase()), ..seen.clone() };
        let named = visits::list_visits(conn, ctx.actor.org, &filter, "", 1)?;
        ids.extend(named.iter().map(|row| row.id.0));
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let all = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let filter = VisitFilter { ids: Some(ids), ..seen };
    let rows = visits::list_visits(conn, ctx.actor.org, &filter, "", all)?;
    listings(conn, ctx, rows)
}

impl Search {
    fn names_person(&self) -> bool {
        self.name.is_some() || self.phone.is_some() || self.address.is_some()
    }

    /// Names of the terms used, which are no personal data.
    fn used(&self) -> Vec<&'static str> {
        let terms = [
            ("name", &self.name),
            ("phone", &self.phone),
            ("number", &self.number),
            ("number_209", &self.number_209),
            ("external_ref", &self.external_ref),
            ("address", &self.address),
        ];
        terms.iter().filter(|(_, term)| term.is_some()).map(|(name, _)| *name).collect()
    }
}

fn check(terms: &Search) -> AppResult<()> {
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    if terms.used().is_empty() {
        refusal = refusal.field(".", "at least one term");
    }
    if terms.phone.as_ref().is_some_and(|phone| digits(phone).len() < 4) {
        refusal = refusal.field("phone", "four digits or more");
    }
    for (name, term) in [("name", &terms.name), ("address", &terms.address)] {
        if term.as_ref().is_some_and(|term| fold(term).is_empty()) {
            refusal = refusal.field(name, "one character or more");
        }
    }
    refusal.into_result()
}

fn customer_filter(terms: &Search, reps: Option<Vec<sync_core::ids::UserId>>) -> CustomerFilter {
    let digits = terms.phone.as_deref().map(digits);
    let is_short = digits.as_ref().is_some_and(|digits| digits.len() == 4);
    CustomerFilter {
        name: terms.name.as_deref().map(fold),
        address: terms.address.as_deref().map(fold),
        digits: digits.clone().filter(|_| !is_short),
        last_four: digits.filter(|_| is_short),
        reps,
        ..Default::default()
    }
}

/// Orders of the customers found, and orders named by number or at an address.
fn order_filters(
    terms: &Search,
    customers: Vec<CustomerId>,
    reps: Option<&Vec<sync_core::ids::UserId>>,
) -> Vec<WorkOrderFilter> {
    let base = WorkOrderFilter {
        number: terms.number.as_ref().map(|number| number.trim().to_uppercase()),
        number_209: terms.number_209.clone(),
        external_ref: terms.external_ref.clone(),
        reps: reps.cloned(),
        ..Default::default()
    };
    let names_order = base.number.is_some() || base.number_209.is_some() || base.external_ref.is_some();
    let of_customers = Some(customers).filter(|ids| !ids.is_empty());
    let of_customers = of_customers.map(|ids| WorkOrderFilter { customers: Some(ids), ..base.clone() });
    let mut filters: Vec<_> = of_customers.into_iter().collect();
    if terms.name.is_none() && terms.phone.is_none() {
        if let Some(address) = &terms.address {
            filters.push(WorkOrderFilter { address: Some(fold(address)), ..base });
        } else if names_order {
            filters.push(base);
        }
    }
    filters
}
