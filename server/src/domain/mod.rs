//! Decisions and vocabulary of the office, without I/O.

pub mod actor;
pub mod customer_link;
pub mod dispatch;
#[cfg(test)]
mod dispatch_tests;
pub mod event_file;
pub mod fold;
pub mod operation;
pub mod review;
pub mod review_words;
pub mod task;
pub mod visit;
pub mod zone;

pub use actor::{Actor, Role, Scope, TokenKind};
pub use operation::Operation;
pub use zone::{Window, Zone};
