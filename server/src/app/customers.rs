//! Customers: adding, showing, listing.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::customers::{self, CustomerFilter, CustomerRecord, PhoneRecord};
use doorstep_store::{Conn, Txt};
use serde_json::json;
use sync_core::ids::{CustomerId, OrgId};
use sync_core::time::UnixMillis;

use crate::app::reach::{self, Reach};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit};
use crate::domain::fold::{digits, fold, last_four};

/// Kinds of customers.
///
/// # Source
/// Rulebook 1.2.
pub const KINDS: [&str; 2] = ["individual", "institution"];

/// Most phone numbers of a customer.
const MAX_PHONES: usize = 10;

/// A customer to add.
#[derive(Debug, Clone)]
pub struct NewCustomer {
    /// `individual` or `institution`.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Phone numbers.
    pub phones: Vec<String>,
    /// Postal address.
    pub address: String,
}

/// A customer with phone numbers.
#[derive(Debug, Clone)]
pub struct Customer {
    /// The row.
    pub row: CustomerRecord,
    /// Phone numbers as given.
    pub phones: Vec<String>,
}

/// Adds a customer.
///
/// # Errors
/// `invalid` naming the field.
pub async fn create_customer(state: &AppState, ctx: Ctx, new: NewCustomer) -> AppResult<Customer> {
    check("", &new, Refusal::new(ErrorCode::Invalid)).into_result()?;
    let app = state.clone();
    ctx.once()
        .write(&state.store, move |conn| {
            let customer = insert(conn, ctx.actor.org, CustomerId(app.id()), &new, ctx.now)?;
            audit::record(conn, &app, &ctx, "customer.created", customer.row.id, &json!({}))?;
            Ok::<_, AppError>(customer)
        })
        .await
}

/// Adds faults of a customer to a refusal; `at` is the path of the customer in the request.
pub(crate) fn check(at: &str, new: &NewCustomer, mut refusal: Refusal) -> Refusal {
    if !KINDS.contains(&new.kind.as_str()) {
        refusal =
            refusal.both(format!("{at}kind"), "individual or institution", "individual（个人）或 institution（机构）");
    }
    if !is_text(&new.name, 100) {
        refusal = refusal.both(
            format!("{at}name"),
            "1 to 100 characters, none of them a control character",
            "1 至 100 个字符，不含控制字符",
        );
    }
    if !is_text(&new.address, 300) {
        refusal = refusal.both(
            format!("{at}address"),
            "1 to 300 characters, none of them a control character",
            "1 至 300 个字符，不含控制字符",
        );
    }
    if new.phones.len() > MAX_PHONES {
        refusal = refusal.both(format!("{at}phones"), "at most 10 numbers", "最多 10 个号码");
    }
    for (index, phone) in new.phones.iter().enumerate() {
        if !(3..=20).contains(&digits(phone).len()) || phone.chars().count() > 30 || phone.chars().any(steers) {
            refusal = refusal.both(
                format!("{at}phones[{index}]"),
                "a phone number of 3 to 20 digits",
                "3 至 20 位数字的电话号码",
            );
        }
    }
    refusal
}

/// Whether a text holds something, is not too long, and cannot deceive: what turns the direction of writing or steers
/// a terminal would show another name than the one that is signed.
pub(crate) fn is_text(text: &str, max_chars: usize) -> bool {
    let is_blank = |letter: char| letter.is_whitespace() || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{feff}');
    !text.chars().all(is_blank) && text.chars().count() <= max_chars && !text.chars().any(steers)
}

/// What a text should have been that [`is_text`] refuses, in English and Chinese.
pub(crate) fn text_fault(text: &str, max_chars: usize) -> Option<[String; 2]> {
    if is_text(text, max_chars) {
        None
    } else if text.chars().count() > max_chars {
        Some([format!("at most {max_chars} characters"), format!("最多 {max_chars} 个字符")])
    } else if text.chars().any(steers) {
        Some(["no control characters".to_owned(), "不含控制字符".to_owned()])
    } else {
        Some([format!("1 to {max_chars} characters"), format!("1 至 {max_chars} 个字符")])
    }
}

/// Control characters but for line breaks and tabs, and those that override the direction of writing (UAX 9).
pub(crate) fn steers(letter: char) -> bool {
    let is_layout = matches!(letter, '\n' | '\r' | '\t');
    (letter.is_control() && !is_layout) || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Writes a checked customer.
pub(crate) fn insert(
    conn: &mut Conn,
    org: OrgId,
    id: CustomerId,
    new: &NewCustomer,
    now: UnixMillis,
) -> AppResult<Customer> {
    let row = row_of(org, id, new, now);
    customers::insert_customer(conn, &row, &phones_of(org, id, new))?;
    Ok(Customer { row, phones: new.phones.clone() })
}

/// The row of a checked customer.
pub(crate) fn row_of(org: OrgId, id: CustomerId, new: &NewCustomer, now: UnixMillis) -> CustomerRecord {
    CustomerRecord {
        org_id: Txt(org),
        id: Txt(id),
        kind: new.kind.clone(),
        name: new.name.trim().to_owned(),
        name_folded: fold(&new.name),
        address: new.address.trim().to_owned(),
        address_folded: fold(&new.address),
        version: 1,
        created_at_ms: now.0,
    }
}

/// The phone numbers of a checked customer.
pub(crate) fn phones_of(org: OrgId, id: CustomerId, new: &NewCustomer) -> Vec<PhoneRecord> {
    (0..).zip(&new.phones).map(|(at, phone)| phone_record(org, id, at, phone)).collect()
}

fn phone_record(org: OrgId, customer: CustomerId, position: i64, phone: &str) -> PhoneRecord {
    let digits = digits(phone);
    PhoneRecord {
        org_id: Txt(org),
        customer_id: Txt(customer),
        position,
        phone: phone.trim().to_owned(),
        last_four: last_four(&digits),
        digits,
    }
}

/// The customer of this id.
///
/// # Errors
/// `not_found` if absent or out of reach.
pub async fn show_customer(state: &AppState, ctx: Ctx, id: CustomerId) -> AppResult<Customer> {
    state
        .store
        .read(move |conn| {
            let reach = reach::of(conn, &ctx)?;
            let filter = CustomerFilter { id: Some(id), reps: reach.people.clone(), ..Default::default() };
            let found = list_with_phones(conn, &ctx, &filter, &reach, "", 1)?;
            found.into_iter().next().ok_or_else(|| ErrorCode::NotFound.into())
        })
        .await
}

/// Lists customers in id order, as far as the asker may see them.
///
/// # Errors
/// Database errors only.
pub async fn list_customers(state: &AppState, ctx: Ctx, after: String, size: i64) -> AppResult<Vec<Customer>> {
    state
        .store
        .read(move |conn| {
            let reach = reach::of(conn, &ctx)?;
            let filter = CustomerFilter { reps: reach.people.clone(), ..Default::default() };
            list_with_phones(conn, &ctx, &filter, &reach, &after, size)
        })
        .await
}

/// Lists customers with phone numbers, masked where none of the asker's roles shows them.
pub(crate) fn list_with_phones(
    conn: &mut Conn,
    ctx: &Ctx,
    filter: &CustomerFilter,
    reach: &Reach,
    after: &str,
    size: i64,
) -> AppResult<Vec<Customer>> {
    let org = ctx.actor.org;
    let rows = customers::list_customers(conn, org, filter, after, size)?;
    let unmasked = match &reach.unmasked {
        // The same page of fewer people's customers: it holds every row of the page above that is theirs.
        Some(people) => {
            let theirs = CustomerFilter { reps: Some(people.clone()), ..filter.clone() };
            let rows = customers::list_customers(conn, org, &theirs, after, size)?;
            Some(rows.into_iter().map(|row| row.id.0).collect::<BTreeSet<_>>())
        }
        None => None,
    };
    let ids: Vec<CustomerId> = rows.iter().map(|row| row.id.0).collect();
    let mut phones: BTreeMap<CustomerId, Vec<String>> = BTreeMap::new();
    for (customer, phone) in customers::list_phones_of(conn, org, &ids)? {
        phones.entry(customer).or_default().push(phone);
    }
    let customers = rows.into_iter().map(|row| {
        let customer = Customer { phones: phones.remove(&row.id.0).unwrap_or_default(), row };
        let is_masked = unmasked.as_ref().is_some_and(|ids| !ids.contains(&customer.row.id.0));
        if is_masked { mask(customer) } else { customer }
    });
    Ok(customers.collect())
}

/// Hides contact data (GEN-15): the first character of the name, the last two digits, the place.
// Rule: DOC-02
fn mask(mut customer: Customer) -> Customer {
    let kept = |text: &str, count: usize| text.chars().take(count).collect::<String>();
    customer.row.name = format!("{}**", kept(&customer.row.name, 1));
    customer.row.address = format!("{}***", kept(&customer.row.address, 6));
    for phone in &mut customer.phones {
        let digits = digits(phone);
        *phone = format!("***{}", digits.get(digits.len().saturating_sub(2)..).unwrap_or_default());
    }
    customer
}
