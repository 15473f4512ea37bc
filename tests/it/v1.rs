//! Tests of the API, mirroring its paths.

mod auth;
mod errors;
mod idempotency;
mod judged;
mod limits;
mod methods;
mod norms;
mod planning;
mod readiness;
mod reviews;
mod slow_senders;
mod wild_times;
