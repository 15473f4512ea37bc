//! Use cases: one function per request or job; the only place where transactions begin.

pub mod audit;
pub mod auth;
pub mod blobs;
pub mod bundles;
pub mod conflicts;
pub mod ctx;
pub mod customers;
pub mod day_board;
pub mod devices;
pub mod doc_cache;
pub mod error;
pub mod health;
pub mod late_work;
pub mod live;
pub mod norms;
pub mod numbers;
pub mod once;
pub mod organisations;
pub mod quarantine;
pub mod rates;
pub mod reach;
pub mod receipts;
pub mod repo;
pub mod reviews;
pub mod rows;
pub mod scope;
pub mod search;
pub mod sites;
pub mod state;
pub mod stopping;
pub mod sync;
pub mod visits;
pub mod work_orders;

pub use ctx::Ctx;
pub use error::{AppError, AppResult, ErrorCode, FieldFault, Refusal};
pub use state::AppState;
