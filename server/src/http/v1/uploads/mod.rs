//! Uploads that go on where they stopped (tus 1.0).

pub mod append;
pub mod create;
mod headers;
pub mod offset;
pub mod options;
pub mod terminate;
