//! The integration tests: one binary, a list of modules.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "helpers of tests fail by panicking, as tests do")]

mod architecture;
