//! Published templates.

mod body;
pub mod check;
pub mod create;
pub mod list;
pub mod show;
pub mod withdraw;
