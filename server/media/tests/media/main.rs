//! Tests of the crate through its public functions only.

mod bombs;
mod drawn;
mod previews;
mod support;
