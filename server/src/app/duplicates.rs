//! Likely duplicates: customers and sites that share a phone number or an address, and what is certain enough to reuse.
//!
//! Names what may be the same and why; nothing is ever merged here.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::{Conn, customers, sites};
use serde::Serialize;
use sync_core::ids::{CustomerId, OrgId, SiteId};
use utoipa::ToSchema;

use crate::app::customers::{Customer, NewCustomer};
use crate::app::reach::Reach;
use crate::app::{AppResult, AppState, Ctx, ErrorCode, reach};
use crate::domain::fold::{fold, phone_key, phone_spellings};

/// Most customers and sites that are compared: beyond it an address is no sign of anything.
const MAX_COMPARED: i64 = 20_000;

/// Most customers with one number or address: what more have is a placeholder, or a house, and says nothing.
const MAX_ALIKE: usize = 200;

/// Most duplicates of one customer that are shown.
const MAX_SHOWN: i64 = 50;

/// Why two are likely the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The same phone number, with or without the prefix of the country.
    Phone,
    /// The same name, whatever its width, case and blanks.
    Name,
    /// The same address, whatever its width, case and blanks.
    Address,
}

/// What is compared of a customer.
#[derive(Debug, Clone)]
struct Person {
    id: CustomerId,
    name: String,
    address: String,
}

/// What is compared of a site.
#[derive(Debug, Clone)]
struct Place {
    id: SiteId,
    customer: CustomerId,
}

/// Customers and sites that something is compared with.
#[derive(Debug, Default)]
pub struct Index {
    people: Vec<Person>,
    by_phone: BTreeMap<String, Vec<usize>>,
    by_address: BTreeMap<String, Vec<usize>>,
    places: BTreeMap<String, Vec<Place>>,
}

/// What is looked for.
#[derive(Debug, Default)]
pub struct Signs {
    phones: BTreeSet<String>,
    addresses: BTreeSet<String>,
}

impl Signs {
    /// Adds what is known of a customer.
    pub fn add(&mut self, phones: &[String], address: &str) {
        self.phones.extend(phones.iter().flat_map(|phone| phone_spellings(phone)));
        self.add_address(address);
    }

    /// Adds the address of a site.
    pub fn add_address(&mut self, address: &str) {
        self.addresses.insert(fold(address));
    }
}

impl Index {
    /// Everything stored that has one of the signs.
    ///
    /// # Errors
    /// Database errors only.
    pub fn load(conn: &mut Conn, org: OrgId, signs: &Signs) -> AppResult<Self> {
        let mut index = Self::default();
        let phones = customers::list_by_digits(conn, org, &signs.phones, MAX_COMPARED)?;
        let ids: BTreeSet<CustomerId> = phones.iter().map(|(id, _)| *id).collect();
        let ids: Vec<CustomerId> = ids.into_iter().collect();
        let mut rows: BTreeMap<CustomerId, _> =
            customers::list_by_id(conn, org, &ids)?.into_iter().map(|row| (row.id.0, row)).collect();
        let at_address = customers::list_by_address(conn, org, &signs.addresses, MAX_COMPARED)?;
        rows.extend(at_address.into_iter().map(|row| (row.id.0, row)));
        let mut numbers: BTreeMap<CustomerId, Vec<String>> = BTreeMap::new();
        for (id, digits) in phones {
            numbers.entry(id).or_default().push(digits);
        }
        for (id, row) in rows {
            let person = Person { id, name: row.name_folded, address: row.address_folded };
            index.add_person(person, &numbers.remove(&id).unwrap_or_default());
        }
        for row in sites::list_by_address(conn, org, &signs.addresses, MAX_COMPARED)? {
            let place = Place { id: row.id.0, customer: row.customer_id.0 };
            index.places.entry(row.address_folded).or_default().push(place);
        }
        Ok(index)
    }

    fn add_person(&mut self, person: Person, phones: &[String]) {
        let at = self.people.len();
        let keys: BTreeSet<String> = phones.iter().map(|phone| phone_key(phone)).collect();
        for key in keys {
            self.by_phone.entry(key).or_default().push(at);
        }
        self.by_address.entry(person.address.clone()).or_default().push(at);
        self.people.push(person);
    }

    /// Adds a customer that is about to be stored.
    pub fn add_customer(&mut self, id: CustomerId, new: &NewCustomer) {
        self.add_person(Person { id, name: fold(&new.name), address: fold(&new.address) }, &new.phones);
    }

    /// Adds a site that is about to be stored.
    pub fn add_site(&mut self, id: SiteId, customer: CustomerId, address: &str) {
        self.places.entry(fold(address)).or_default().push(Place { id, customer });
    }

    /// Customers with the same phone number or address, those with most reasons first, else oldest first.
    #[must_use]
    pub fn like_customer(&self, name: &str, phones: &[String], address: &str) -> Vec<(CustomerId, Vec<Why>)> {
        let mut found: BTreeMap<usize, BTreeSet<Why>> = BTreeMap::new();
        let is_sign = |people: &&Vec<usize>| people.len() <= MAX_ALIKE;
        let by_phone = phones.iter().filter_map(|phone| self.by_phone.get(&phone_key(phone)).filter(is_sign));
        for at in by_phone.flatten() {
            found.entry(*at).or_default().insert(Why::Phone);
        }
        for at in self.by_address.get(&fold(address)).filter(is_sign).into_iter().flatten() {
            found.entry(*at).or_default().insert(Why::Address);
        }
        let name = fold(name);
        let mut likely: Vec<(CustomerId, Vec<Why>)> = found
            .into_iter()
            .filter_map(|(at, mut why)| {
                let person = self.people.get(at)?;
                if person.name == name {
                    why.insert(Why::Name);
                }
                Some((person.id, why.into_iter().collect()))
            })
            .collect();
        likely.sort_by_key(|(_, why)| std::cmp::Reverse(why.len()));
        likely
    }

    /// Sites at the same address, and whose they are.
    pub fn like_site(&self, address: &str) -> impl Iterator<Item = (SiteId, CustomerId)> {
        let places = self.places.get(&fold(address)).filter(|places| places.len() <= MAX_ALIKE);
        places.into_iter().flatten().map(|place| (place.id, place.customer))
    }
}

/// The only one of these customers that has both phone number and name; none if there are several.
#[must_use]
pub fn the_same(likely: &[(CustomerId, Vec<Why>)]) -> Option<CustomerId> {
    let mut same = likely.iter().filter(|(_, why)| why.contains(&Why::Phone) && why.contains(&Why::Name));
    let (id, _) = same.next()?;
    same.next().is_none().then_some(*id)
}

/// A likely duplicate of a customer.
#[derive(Debug, Clone)]
pub struct Duplicate {
    /// The other customer, masked where the asker's roles do not show it.
    pub customer: Customer,
    /// Why it is likely the same.
    pub why: Vec<Why>,
}

/// Lists the likely duplicates of a customer within the asker's reach, those with most reasons first.
///
/// # Errors
/// `not_found` if absent or out of reach.
pub async fn list_duplicates(state: &AppState, ctx: Ctx, id: CustomerId) -> AppResult<Vec<Duplicate>> {
    state
        .store
        .read(move |conn| {
            let org = ctx.actor.org;
            let reach = reach::of(conn, &ctx)?;
            if list_reached(conn, &ctx, &reach, vec![id])?.is_empty() {
                return Err(ErrorCode::NotFound.into());
            }
            let row = customers::find_customer(conn, org, id)?.ok_or(ErrorCode::NotFound)?;
            let phones = customers::list_phones(conn, org, id)?;
            let mut signs = Signs::default();
            signs.add(&phones, &row.address);
            let index = Index::load(conn, org, &signs)?;
            let mut likely = index.like_customer(&row.name, &phones, &row.address);
            likely.retain(|(other, _)| *other != id);
            let ids = likely.iter().map(|(other, _)| *other).collect();
            let shown = list_reached(conn, &ctx, &reach, ids)?;
            let mut shown: BTreeMap<CustomerId, Customer> = shown.into_iter().map(|one| (one.row.id.0, one)).collect();
            let duplicates =
                likely.into_iter().filter_map(|(id, why)| Some(Duplicate { customer: shown.remove(&id)?, why }));
            Ok(duplicates.collect())
        })
        .await
}

fn list_reached(conn: &mut Conn, ctx: &Ctx, reach: &Reach, ids: Vec<CustomerId>) -> AppResult<Vec<Customer>> {
    let filter = customers::CustomerFilter { ids: Some(ids), reps: reach.people.clone(), ..Default::default() };
    crate::app::customers::list_with_phones(conn, ctx, &filter, reach, "", MAX_SHOWN)
}

#[cfg(test)]
mod tests {
    use sync_core::ids::CustomerId;
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> CustomerId {
        CustomerId(Uuid::from_u128(number))
    }

    fn customer(name: &str, phone: &str, address: &str) -> NewCustomer {
        let (kind, name, address) = ("individual".to_owned(), name.to_owned(), address.to_owned());
        NewCustomer { kind, name, phones: vec![phone.to_owned()], address }
    }

    #[test]
    fn only_phone_and_name_together_make_one_the_same() {
        let mut index = Index::default();
        index.add_customer(id(1), &customer("王海", "+86 138-0013-8000", "示例路 18 号"));
        index.add_customer(id(2), &customer("王 海", "0532 8888 0001", "示例路１８号"));
        let like = |name: &str, phone: &str, address: &str| index.like_customer(name, &[phone.to_owned()], address);
        let both = like("王海", "13800138000", "示例路18号");
        assert_eq!(both, [(id(1), vec![Why::Phone, Why::Name, Why::Address]), (id(2), vec![Why::Name, Why::Address])]);
        assert_eq!(the_same(&both), Some(id(1)));
        assert_eq!(the_same(&like("李娜", "13800138000", "别处")), None, "somebody else at this telephone");
        assert_eq!(like("王海", "999", "别处"), [], "a name alone says nothing");
        index.add_customer(id(3), &customer("王海", "13800138000", "别处"));
        assert_eq!(the_same(&index.like_customer("王海", &["13800138000".to_owned()], "")), None, "there are two");
    }

    #[test]
    fn sites_are_the_same_by_address() {
        let mut index = Index::default();
        index.add_site(SiteId(Uuid::from_u128(7)), id(1), "示例路 18 号");
        assert_eq!(index.like_site("示例路１８号").count(), 1);
        assert_eq!(index.like_site("示例路 19 号").count(), 0);
    }
}
