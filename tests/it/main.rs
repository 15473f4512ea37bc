//! The integration tests: one binary, a list of modules.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "support code of tests fails by panicking, as tests do"
)]

mod architecture;
#[cfg(unix)]
mod blobs;
#[cfg(unix)]
mod bundles;
#[cfg(unix)]
mod conformance;
mod custody;
mod demo;
mod findings;
#[cfg(unix)]
mod follow;
mod harness;
mod ingest;
mod live;
#[cfg(unix)]
mod no_jobs;
#[cfg(feature = "postgres")]
mod nodes;
mod openapi_current;
mod permissions_matrix;
#[cfg(unix)]
mod private_files;
mod repo;
mod scenarios;
#[cfg(target_os = "linux")]
mod siege;
mod start_up;
mod store;
mod sync;
mod tunnel_day;
mod uploads;
mod v1;
