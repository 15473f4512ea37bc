//! Rows of the feed that come in numbers, read many at once.

use std::collections::{BTreeMap, HashMap};

use doorstep_store::feed::FeedKind;
use doorstep_store::{Conn, appointments, assignments, customers, evidence, sites, visits, work_orders};
use serde_json::Value;
use sync_core::ids::OrgId;
use uuid::Uuid;

use super::{appointment_row, assignment_row, customer_row, plan_of, read, site_row, to_value, work_order_row};
use crate::app::AppResult;

/// Version and body of items of the feed, by kind and id.
#[derive(Debug, Default)]
pub struct Bodies(HashMap<(FeedKind, Uuid), (i64, Value)>);

impl Bodies {
    /// Version and body of an item, once.
    pub fn take(&mut self, kind: FeedKind, id: &str) -> Option<(i64, Value)> {
        self.0.remove(&(kind, id.parse().ok()?))
    }

    fn add(&mut self, kind: FeedKind, id: Uuid, row: (i64, Value)) {
        self.0.insert((kind, id), row);
    }
}

/// What [`row_body`](super::row_body) says of items, for the kinds of which a phone gets many; other kinds, and what
/// does not exist, are left out.
///
/// # Errors
/// Database errors and corrupt rows only.
pub fn row_bodies(conn: &mut Conn, org: OrgId, items: &[(FeedKind, &str)]) -> AppResult<Bodies> {
    let mut asked: BTreeMap<FeedKind, Vec<&str>> = BTreeMap::new();
    for (kind, id) in items {
        asked.entry(*kind).or_default().push(id);
    }
    let mut bodies = Bodies::default();
    for (kind, ids) in asked {
        read_kind(conn, org, kind, &ids, &mut bodies)?;
    }
    Ok(bodies)
}

fn read_kind(conn: &mut Conn, org: OrgId, kind: FeedKind, ids: &[&str], bodies: &mut Bodies) -> AppResult<()> {
    match kind {
        FeedKind::Visit => read_visits(conn, org, ids, bodies)?,
        FeedKind::Customer => read_customers(conn, org, ids, bodies)?,
        FeedKind::WorkOrder => {
            for row in work_orders::list_by_id(conn, org, &parsed(ids))? {
                bodies.add(kind, row.id.0.0, (row.version, to_value(&work_order_row(&row)?)?));
            }
        }
        FeedKind::Site => {
            for row in sites::list_by_id(conn, org, &parsed(ids))? {
                bodies.add(kind, row.id.0.0, (row.version, to_value(&site_row(&row))?));
            }
        }
        FeedKind::Assignment => {
            for row in assignments::list_by_id(conn, org, &parsed(ids))? {
                bodies.add(kind, row.id.0.0, (row.version(), to_value(&assignment_row(&row))?));
            }
        }
        FeedKind::Appointment => {
            for row in appointments::list_appointments(conn, org, &parsed(ids))? {
                bodies.add(kind, row.id.0.0, (row.version, to_value(&appointment_row(&row)?)?));
            }
        }
        FeedKind::IntentResult => {
            for (id, body) in evidence::list_intent_results(conn, org, &parsed(ids))? {
                bodies.add(kind, id.0, (1, read("intents", id, &body)?));
            }
        }
        _ => {}
    }
    Ok(())
}

fn read_visits(conn: &mut Conn, org: OrgId, ids: &[&str], bodies: &mut Bodies) -> AppResult<()> {
    let asked = parsed(ids);
    let mut crews = assignments::crews_by_visit(conn, org, &asked)?;
    for row in visits::list_by_id(conn, org, &asked)? {
        let crew = crews.remove(&row.id.0).unwrap_or_default();
        bodies.add(FeedKind::Visit, row.id.0.0, (row.version, to_value(&plan_of(&row, crew))?));
    }
    Ok(())
}

fn read_customers(conn: &mut Conn, org: OrgId, ids: &[&str], bodies: &mut Bodies) -> AppResult<()> {
    let asked = parsed(ids);
    let mut phones: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (customer, phone) in customers::list_phones_of(conn, org, &asked)? {
        phones.entry(customer).or_default().push(phone);
    }
    for row in customers::list_by_id(conn, org, &asked)? {
        let phones = phones.remove(&row.id.0).unwrap_or_default();
        bodies.add(FeedKind::Customer, row.id.0.0, (row.version, to_value(&customer_row(&row, phones))?));
    }
    Ok(())
}

/// The ids that are ids; an item that is none is left to `row_body`, which says what is wrong with it.
fn parsed<T: std::str::FromStr>(ids: &[&str]) -> Vec<T> {
    ids.iter().filter_map(|id| id.parse().ok()).collect()
}
