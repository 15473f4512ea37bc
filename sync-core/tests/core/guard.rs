//! Hostile documents against the guard: every refused input leaves the stored document as it was.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests stop at the first surprise"
)]

mod admission;
mod craft;
mod inputs;
mod limits;
mod mutations;
mod operations;
#[path = "../../../tests/src/told.rs"]
mod told;
