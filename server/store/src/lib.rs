//! The database of Doorstep: SQLite and PostgreSQL behind one set of queries.
//!
//! *Architecture invariant:* this is the only crate that imports `diesel`. Query functions take
//! `&mut Conn`, never a pool, and never begin or commit: transactions belong to [`Store::read`] and
//! [`Store::write`], which the application layer calls.
//! Every statement is written once; [`per_backend!`] expands it for both engines, and the few texts
//! that really differ live in [`dialect`].

#[macro_use]
mod per_backend;

pub mod absences;
pub mod agenda;
pub mod appointments;
pub mod archive;
pub mod assignments;
pub mod audit;
pub mod backup;
pub mod blob_bringers;
pub mod blob_facts;
pub mod blobs;
pub mod calls;
pub mod certificates;
pub mod checks;
pub mod conflicts;
pub mod conn;
pub mod customer_links;
pub mod customers;
pub mod day_records;
pub mod day_sign_offs;
pub mod deadlines;
pub mod device_orders;
pub mod devices;
pub mod dialect;
pub mod documents;
pub mod error;
pub mod evidence;
pub mod feed;
pub mod findings;
pub mod grids;
pub mod hints;
pub mod idempotency;
pub mod installed_items;
pub mod intent_blobs;
pub mod kept_receipts;
pub mod late_work;
pub mod lease;
pub mod meeting_places;
pub mod migrate;
pub mod norms;
pub mod notices;
pub mod order_holds;
pub mod order_refusals;
pub mod org_storage;
pub mod organisations;
pub mod outages;
pub mod outbox;
pub mod packs;
pub mod past_visits;
pub mod photo_checks;
pub mod photo_looks;
pub mod photo_near_misses;
pub mod photo_sightings;
pub mod presence;
pub mod projections;
pub mod quarantine;
pub mod receipts;
pub mod restores;
pub mod reviews;
pub mod schema;
pub mod scope;
pub mod seals;
pub mod search_terms;
pub mod sessions;
pub mod sites;
pub mod tasks;
pub mod teams;
pub mod text;
pub mod unclaimed;
pub mod uploads;
pub mod users;
pub mod visits;
pub mod withdrawals;
pub mod work_orders;

mod bridge;
mod one_of;
mod prepared;
mod store;
mod writer;

pub use conn::{Conn, DatabaseUrl, EngineConn};
pub use error::{StoreError, StoreResult};
pub use store::{Store, StoreOptions};
pub use text::Txt;
