//! Customers: request and response types.

pub mod consent;
pub mod create;
pub mod duplicates;
pub mod list;
pub mod reveal;
pub mod show;

use serde::{Deserialize, Serialize};
use sync_core::ids::CustomerId;
use utoipa::ToSchema;

use crate::app::customers::{Customer, NewCustomer};
use crate::http::wire::Instant;

/// A customer to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "individual", "name": "王海", "phones": ["000-0000-0001"], "address": "云泽市虚构区示例路 18 号 3 栋 502"
}))]
pub struct CustomerIn {
    /// `individual` or `institution`.
    #[schema(example = "individual")]
    pub kind: String,
    /// Name, 1 to 100 characters.
    #[schema(example = "王海")]
    pub name: String,
    /// Phone numbers, at most 10.
    #[serde(default)]
    pub phones: Vec<String>,
    /// Postal address, 1 to 300 characters.
    #[schema(example = "云泽市虚构区示例路 18 号 3 栋 502")]
    pub address: String,
}

impl From<CustomerIn> for NewCustomer {
    fn from(body: CustomerIn) -> Self {
        Self { kind: body.kind, name: body.name, phones: body.phones, address: body.address }
    }
}

/// A customer; contact data is masked for roles that only judge.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerOut {
    /// Id.
    pub id: CustomerId,
    /// `individual` or `institution`.
    #[schema(example = "individual")]
    pub kind: String,
    /// Name.
    #[schema(example = "王海")]
    pub name: String,
    /// Phone numbers.
    pub phones: Vec<String>,
    /// Postal address.
    #[schema(example = "云泽市虚构区示例路 18 号 3 栋 502")]
    pub address: String,
    /// Version of the row.
    #[schema(example = 1)]
    pub version: i64,
    /// When it was added.
    pub created_at: Instant,
}

impl From<Customer> for CustomerOut {
    fn from(customer: Customer) -> Self {
        let row = customer.row;
        Self {
            id: row.id.0,
            kind: row.kind,
            name: row.name,
            phones: customer.phones,
            address: row.address,
            version: row.version,
            created_at: row.created_at_ms.into(),
        }
    }
}
