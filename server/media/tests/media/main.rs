//! Tests of the crate through its public functions only.

mod aligned;
mod bombs;
mod drawn;
mod facts;
mod heic;
mod index;
mod mutants;
mod odd_jpegs;
mod previews;
mod prints;
mod quality;
mod support;
