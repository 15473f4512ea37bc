//! Tests of the database layer, on the engine of the run; only these look at rows.

mod busy_writer;
pub mod catalogue;
mod day_records;
mod feed;
mod gaps;
mod group_commit;
mod hints;
mod immutability;
mod migrate_up_down;
mod plans;
mod prepared;
#[cfg(feature = "postgres")]
mod schema_parity;
