//! What a photo says of itself by its pixels and by its record, worked out alike at the door and in the office.
//!
//! Owns the numbers, the limits they are compared with, and what a person should look at; it must not know how a photo
//! is decoded, where it is kept or what is done about a finding. Nothing here refuses a photo.

pub mod capture;
pub mod clock;
pub mod distance;
pub mod finding;
pub mod quality;
pub mod record;
pub mod refit;
pub mod reuse;
pub mod shown;
pub mod thresholds;

pub use finding::{Earlier, Evidence, Finding, FindingCode, Level};
