//! Tests of the API, mirroring its paths.

mod archive;
mod audit_events;
mod auth;
mod check_ins;
mod contacts;
mod days;
mod deadlines;
mod dispatch;
mod errors;
mod idempotency;
mod imports;
mod judged;
mod kpi;
mod limits;
mod methods;
mod norms;
mod outages;
mod planning;
mod readiness;
mod refusals;
mod reveals;
mod reviews;
mod search;
mod slow_senders;
mod wild_times;
