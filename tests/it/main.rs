//! The integration tests: one binary, a list of modules.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "support code of tests fails by panicking, as tests do"
)]

mod architecture;
