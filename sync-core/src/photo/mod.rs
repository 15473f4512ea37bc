//! What a photo says of itself by its pixels, worked out alike at the door and in the office.
//!
//! Owns the numbers and the start values of what is compared with them; it must not know how a photo is decoded.

pub mod quality;
pub mod thresholds;
