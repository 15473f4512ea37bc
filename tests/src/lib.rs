//! The harness of the integration tests.
//!
//! A test takes a server of its own, with a seeded database, and leaves nothing behind:
//!
//! ```no_run
//! use doorstep::domain::Role;
//! use integration_tests::app::TestApp;
//! use integration_tests::company::YUNZE;
//!
//! # async fn example() {
//! let app = TestApp::new().await;
//! let admin = app.role(YUNZE, Role::Admin).await;
//! assert_eq!(admin.get("/v1/me").await.status, 200);
//! # }
//! ```
//!
//! Every answer is held against `openapi.yaml`; the clock stands still until the test moves it.
//! `DOORSTEP_TEST_DATABASE=postgres` runs the same tests on PostgreSQL; see [`db::Engine`].

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "support code of tests fails by panicking, as tests do; absent fields of JSON are null"
)]

pub mod actors;
pub mod album;
pub mod app;
#[cfg(unix)]
pub mod bucket;
pub mod builders;
pub mod call;
pub mod clock;
pub mod company;
pub mod contract;
pub mod db;
pub mod dir;
pub mod door;
pub mod drawn;
pub mod effort;
pub mod faults;
pub mod form;
pub mod live;
pub mod patience;
pub mod phone;
pub mod plain_png;
pub mod play;
pub mod remote;
pub mod server;
pub mod together;
pub mod told;
#[cfg(target_os = "linux")]
pub mod trap;
pub mod tunnel;
pub mod verdicts;
pub mod workbook;
