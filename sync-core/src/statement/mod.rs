//! Signed acceptance forms: two byte strings made once, outside the document (design section 5).
//!
//! Owns the exact bytes of body, seal payload, ink and openings, their building and their verification
//! layer by layer. Knows nothing of storage, keys of people or the log; never signs.

pub mod body;
mod changed;
pub mod commit;
pub mod compose;
pub mod copies;
mod drawing;
pub mod ink;
pub mod seal;
pub mod shown;
pub mod text;
pub mod verify;

pub use body::{Body, ValueItem};
pub use changed::{CHANGED_AFTER_SIGNING, changed_after_signing, newest_first};
pub use commit::Opening;
pub use compose::{ComposeError, ComposeInput, Draft, compose};
pub use ink::{Ink, Stroke};
pub use seal::{InkEntry, SealPayload, SealedStatement, SignedInk};
pub use text::Language;
pub use verify::{LayerReport, StatementError, VerifiedStatement, verify};

/// The version of body, seal payload and ink.
pub const VERSION: u32 = 1;

/// Largest body or seal payload in bytes.
///
/// # Source
/// Limits section 5, sealed form payload.
pub const MAX_FORM_BYTES: usize = 512 * 1024;
