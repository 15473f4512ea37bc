//! Hostile documents against the guard: every refused input leaves the stored document as it was.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests stop at the first surprise"
)]

#[path = "guard/admission.rs"]
mod admission;
#[path = "guard/craft.rs"]
mod craft;
#[path = "guard/inputs.rs"]
mod inputs;
#[path = "guard/limits.rs"]
mod limits;
#[path = "guard/mutations.rs"]
mod mutations;
#[path = "guard/operations.rs"]
mod operations;
#[path = "../../tests/src/told.rs"]
mod told;
