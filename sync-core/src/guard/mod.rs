//! The guard: what every byte of a document passes before it is stored (design section 3.2).
//!
//! Automerge trusts its input: a change of 104 bytes can cost it half a gigabyte, another makes the
//! saved document unreadable, a third panics. So the guard reads headers and columns itself within
//! [`Limits`], judges every operation, and only then lets Automerge try the changes on a scratch copy
//! whose saved bytes must load again. It refuses what is structurally unsafe or forbidden, never what
//! is merely unknown. It knows nothing of transport, storage or business rules.

mod admit;
mod budget;
mod chunks;
mod claims;
mod columns;
mod cover;
mod document;
mod header;
mod index;
mod operations;
mod order;
mod plain;
mod push;
pub(crate) mod reader;
mod record_json;
mod refusal;
mod rows;
mod salvage;
mod scratch;
mod unpack;
mod written;

pub use admit::admit;
pub use budget::Limits;
pub use chunks::split_chunks;
pub use claims::{Claim, claims};
pub use cover::{change_hashes, heads_of, uncovered};
pub use index::{ChangeIndex, IndexError};
pub use push::{Accepted, Admission, Push, Stored};
pub use refusal::{RefusalCode, Refused};
pub use salvage::{Salvage, SalvagedRecord, salvage};
pub use unpack::as_changes;
