//! The HTTP edge: extract, authorise, call one use case, map the result.
//!
//! *Architecture invariant:* this module never opens a transaction or names a table.

pub mod body;
pub mod customer_page;
pub mod docs;
pub mod error;
pub mod extract;
pub mod middleware;
pub mod once;
pub mod openapi;
pub mod place;
pub mod readers;
pub mod routes;
pub mod tus;
pub mod v1;
pub mod wire;
