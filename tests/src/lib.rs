//! The harness of the integration tests.
//!
//! A test takes a database of its own and leaves nothing behind:
//!
//! ```no_run
//! use integration_tests::db::TestDb;
//!
//! let db = TestDb::new();
//! println!("an empty database at {}", db.url());
//! ```
//!
//! `DOORSTEP_TEST_DATABASE=postgres` runs the same tests on PostgreSQL; see [`db::Engine`].

pub mod db;
