//! Uploads that go on where they stopped (tus 1.0), until they are blobs like any other.
//!
//! The row says what an upload is and how it ended; how far it has come, the storage alone knows.

mod active;
mod append;
mod checksum;
mod create;
mod expire;
mod finish;
mod metadata;
mod repeat;
mod standing;
mod terminate;

pub use active::ActiveUploads;
pub(super) use active::Received;
pub use append::{Part, append_upload};
pub use checksum::Checksum;
pub use create::{create_upload, create_upload_with};
pub use expire::{expire_uploads, forget_ended_uploads};
pub use metadata::Metadata;
pub(super) use standing::KEPT_MS;
use standing::locked;
pub use standing::{Standing, show_upload};
pub use terminate::terminate_upload;

#[cfg(test)]
mod tests;
