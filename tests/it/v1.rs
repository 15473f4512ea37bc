//! Tests of the API, mirroring its paths.

mod auth;
mod deadlines;
mod errors;
mod idempotency;
mod kpi;
mod limits;
mod methods;
mod norms;
mod planning;
mod readiness;
mod reviews;
mod slow_senders;
mod wild_times;
