//! The visit document: containers, records, genesis, reading and writing (design section 2.1).

pub mod record;
pub mod schema;

pub use schema::Map;
