//! What surrounds every handler: request id, problems, logs, headers; and the permission guard.

pub mod edge;
pub mod guard;
pub mod idempotency;
