//! Rows of the feed that come in numbers, read many at once.

use std::collections::{BTreeMap, HashMap};

use doorstep_store::feed::FeedKind;
use doorstep_store::{Conn, appointments, assignments, customers, evidence, sites, visits, work_orders};
use serde_json::Value;
use sync_core::ids::OrgId;

use super::{appointment_row, assignment_row, customer_row, plan_of, read, site_row, to_value, work_order_row};
use crate::app::AppResult;

/// Version and body of items of the feed, by kind and id.
#[derive(Debug, Default)]
pub struct Bodies(BTreeMap<FeedKind, HashMap<String, (i64, Value)>>);

impl Bodies {
    /// Version and body of an item, once.
    pub fn take(&mut self, kind: FeedKind, id: &str) -> Option<(i64, Value)> {
        self.0.get_mut(&kind)?.remove(id)
    }

    fn add(&mut self, kind: FeedKind, id: impl ToString, row: (i64, Value)) {
        self.0.entry(kind).or_default().insert(id.to_string(), row);
    }
}

/// What [`row_body`](super::row_body) says of items, for the kinds of which a phone gets many; other kinds, and what
/// does not exist, are left out.
///
/// # Errors
/// Database errors and corrupt rows only.
pub fn row_bodies(conn: &mut Conn, org: OrgId, items: &[(FeedKind, String)]) -> AppResult<Bodies> {
    let mut bodies = Bodies::default();
    read_visits(conn, org, items, &mut bodies)?;
    read_orders(conn, org, items, &mut bodies)?;
    for row in assignments::list_by_id(conn, org, &ids(items, FeedKind::Assignment))? {
        bodies.add(FeedKind::Assignment, row.id, (row.version(), to_value(&assignment_row(&row))?));
    }
    for row in appointments::list_appointments(conn, org, &ids(items, FeedKind::Appointment))? {
        bodies.add(FeedKind::Appointment, row.id, (row.version, to_value(&appointment_row(&row)?)?));
    }
    for (id, body) in evidence::list_intent_results(conn, org, &ids(items, FeedKind::IntentResult))? {
        bodies.add(FeedKind::IntentResult, id, (1, read("intents", id, &body)?));
    }
    Ok(bodies)
}

fn read_visits(conn: &mut Conn, org: OrgId, items: &[(FeedKind, String)], bodies: &mut Bodies) -> AppResult<()> {
    let asked = ids(items, FeedKind::Visit);
    let mut crews: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (visit, rep) in assignments::list_crews(conn, org, &asked)? {
        crews.entry(visit).or_default().push(rep);
    }
    for row in visits::list_by_id(conn, org, &asked)? {
        let crew = crews.remove(&row.id.0).unwrap_or_default();
        bodies.add(FeedKind::Visit, row.id, (row.version, to_value(&plan_of(&row, crew))?));
    }
    Ok(())
}

fn read_orders(conn: &mut Conn, org: OrgId, items: &[(FeedKind, String)], bodies: &mut Bodies) -> AppResult<()> {
    for row in work_orders::list_by_id(conn, org, &ids(items, FeedKind::WorkOrder))? {
        bodies.add(FeedKind::WorkOrder, row.id, (row.version, to_value(&work_order_row(&row)?)?));
    }
    for row in sites::list_by_id(conn, org, &ids(items, FeedKind::Site))? {
        bodies.add(FeedKind::Site, row.id, (row.version, to_value(&site_row(&row))?));
    }
    let asked = ids(items, FeedKind::Customer);
    let mut phones: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (customer, phone) in customers::list_phones_of(conn, org, &asked)? {
        phones.entry(customer).or_default().push(phone);
    }
    for row in customers::list_by_id(conn, org, &asked)? {
        let phones = phones.remove(&row.id.0).unwrap_or_default();
        bodies.add(FeedKind::Customer, row.id, (row.version, to_value(&customer_row(&row, phones))?));
    }
    Ok(())
}

/// The ids of one kind; an item that is no id is left to `row_body`, which says what is wrong with it.
fn ids<T: std::str::FromStr>(items: &[(FeedKind, String)], kind: FeedKind) -> Vec<T> {
    items.iter().filter(|item| item.0 == kind).filter_map(|item| item.1.parse().ok()).collect()
}
