//! Tests of the crate through its public functions only.

mod aligned;
mod bombs;
mod drawn;
mod facts;
mod index;
mod previews;
mod prints;
mod quality;
mod support;
