//! What the outside must satisfy: clock, randomness and ids, blob storage.

pub mod blobs;
pub mod clock;

pub use blobs::{BlobError, BlobStore};
pub use clock::{Clock, Random, new_id};
