//! Searching by what people know: a name, a phone number, an order number, an address.

use doorstep_store::Conn;
use doorstep_store::customers::CustomerFilter;
use doorstep_store::visits::{self, VisitFilter};
use doorstep_store::work_orders::WorkOrderFilter;
use serde_json::json;

use crate::app::customers::{Customer, list_with_phones};
use crate::app::visits::VisitListing;
use crate::app::visits::show::listings;
use crate::app::work_orders::{WorkOrder, list_loaded};
use crate::app::{AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach};
use crate::domain::fold::{digits, fold};

/// Most results per kind.
const MAX_RESULTS: i64 = 50;

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
    /// Part of an address of a customer or site.
    pub address: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Customers.
    pub customers: Vec<Customer>,
    /// Work orders.
    pub work_orders: Vec<WorkOrder>,
    /// Visits.
    pub visits: Vec<VisitListing>,
}

/// Searches customers, work orders and visits within the asker's reach, and records that it was done.
///
/// Terms that name an order search orders; terms that name a person search customers and their orders.
///
/// # Errors
/// `invalid` without a term, or with a term too short to mean something.
pub async fn search(state: &AppState, ctx: Ctx, terms: Search) -> AppResult<Found> {
    check(&terms)?;
    let (app, asker, used) = (state.clone(), ctx.clone(), terms.used());
    let found = state.store.read(move |conn| find(conn, &ctx, &terms)).await?;
    let counts = [found.customers.len(), found.work_orders.len(), found.visits.len()];
    let detail = json!({ "terms": used, "found": counts });
    state.store.write(move |conn| audit::record(conn, &app, &asker, "search.done", asker.actor.user, &detail)).await?;
    Ok(found)
}

fn find(conn: &mut Conn, ctx: &Ctx, terms: &Search) -> AppResult<Found> {
    let reach = reach::of(conn, ctx)?;
    let mut found = Found::default();
    if terms.names_person() {
        let filter = customer_filter(terms, reach.people.clone());
        found.customers = list_with_phones(conn, ctx, &filter, &reach, "", MAX_RESULTS)?;
    }
    for filter in order_filters(terms, &found.customers, reach.people.as_ref()) {
        for order in list_loaded(conn, ctx, &filter, reach.visits.as_ref(), "", MAX_RESULTS)? {
            if found.work_orders.iter().all(|known| known.row.id != order.row.id) {
                found.work_orders.push(order);
            }
        }
    }
    found.work_orders.truncate(usize::try_from(MAX_RESULTS).unwrap_or(usize::MAX));
    let seen = VisitFilter { reach: reach.visits, ..Default::default() };
    let mut ids: Vec<_> = found.work_orders.iter().flat_map(|order| order.visits.iter().copied()).collect();
    if let Some(number) = &terms.number {
        let filter = VisitFilter { number: Some(number.trim().to_uppercase()), ..seen.clone() };
        let named = visits::list_visits(conn, ctx.actor.org, &filter, "", MAX_RESULTS)?;
        ids.extend(named.iter().map(|row| row.id.0));
    }
    let filter = VisitFilter { ids: Some(ids), ..seen };
    let rows = visits::list_visits(conn, ctx.actor.org, &filter, "", MAX_RESULTS)?;
    found.visits = listings(conn, ctx, rows)?;
    Ok(found)
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

/// Orders named by number, orders at an address, and orders of the customers found.
fn order_filters(
    terms: &Search,
    customers: &[Customer],
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
    let of_customer = |customer: &Customer| WorkOrderFilter { customer: Some(customer.row.id.0), ..base.clone() };
    let mut filters: Vec<_> = customers.iter().map(of_customer).collect();
    if terms.name.is_none() && terms.phone.is_none() {
        if let Some(address) = &terms.address {
            filters.push(WorkOrderFilter { address: Some(fold(address)), ..base });
        } else if names_order {
            filters.push(base);
        }
    }
    filters
}
