//! The sync round over HTTP: encodings, compression, limits.

mod coding;
pub mod round;
