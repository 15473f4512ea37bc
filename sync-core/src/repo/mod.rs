//! The automerge-repo protocol, version "1", without I/O: frames of a socket, ids of documents, sync of one document.
//!
//! What a foreign client sends is bounded and taken apart here before Automerge sees any of it. Changes are handed out
//! to be judged by the guard like those of a phone; Automerge's own sync state only learns of them once they are stored.

use std::panic::{AssertUnwindSafe, catch_unwind};

mod frame;
mod id;
mod message;
mod peer;
mod session;

pub use frame::{Ephemeral, MAX_FRAME};
pub use id::{document_id, visit_of};
pub use message::{Malformed, SyncMessage};
pub use peer::{Incoming, Peer};
pub use session::DocSync;

/// Runs Automerge on what a peer sent: a panic is no answer.
fn contained<T>(run: impl FnOnce() -> T) -> Option<T> {
    // Everything the closure touches is a copy and is dropped on a panic.
    catch_unwind(AssertUnwindSafe(run)).ok()
}
