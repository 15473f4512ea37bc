//! What the outside must satisfy: clock, randomness and ids, blob storage.

pub mod blobs;
pub mod clock;
pub mod objects;
pub mod parts;
pub mod staging;

pub use blobs::{BlobError, BlobPieces, BlobStore, UploadKey};
pub use clock::{Clock, Random, new_id};
pub use objects::Objects;
pub use parts::Parts;
pub use staging::{Staged, StagedUpload, Staging, StagingKey};
