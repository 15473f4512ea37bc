//! Decisions and vocabulary of the office, without I/O.

pub mod actor;
pub mod operation;
pub mod review;
pub mod review_words;

pub use actor::{Actor, Role, Scope, TokenKind};
pub use operation::Operation;
