//! Use cases: one function per request or job; the only place where transactions begin.

pub mod auth;
pub mod blobs;
pub mod ctx;
pub mod error;
pub mod state;

pub use ctx::Ctx;
pub use error::{AppError, AppResult, ErrorCode, FieldFault, Refusal};
pub use state::AppState;
