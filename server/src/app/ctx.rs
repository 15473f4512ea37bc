//! What every use case gets besides its command: who asks, when, how far his rights reach.

use sync_core::time::UnixMillis;

use crate::app::error::{AppError, ErrorCode};
use crate::app::once::Once;
use crate::domain::{Actor, Role, Scope};

/// The context of one authorised request.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// The instant of the request.
    pub now: UnixMillis,
    /// Who asks.
    pub actor: Actor,
    /// How far the granted operation reaches.
    pub scope: Scope,
    /// The request's idempotency key, if it has one.
    pub once: Once,
    /// The roles of the asker that grant it, and how far each of them reaches.
    pub grants: Vec<(Role, Scope)>,
}

impl Ctx {
    /// Makes the one write of a request, once per idempotency key.
    #[must_use]
    pub fn once(&self) -> Once {
        self.once.clone()
    }

    /// The actor's device.
    ///
    /// # Errors
    /// `forbidden` if the token belongs to no device.
    pub fn device(&self) -> Result<sync_core::ids::DeviceId, AppError> {
        self.actor.device.ok_or_else(|| ErrorCode::Forbidden.into())
    }
}
