//! Sessions: request and response types.

pub mod assertion;
pub mod login;
pub mod me;
pub mod refresh;
pub mod sign_out;

use serde::Serialize;
use sync_core::ids::{DeviceId, OrgId, UserId};
use utoipa::ToSchema;

use crate::app::auth::Session;

/// A signed-in session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionOut {
    /// Tenant.
    pub org_id: OrgId,
    /// The user.
    pub user_id: UserId,
    /// The enrolled device, if the session belongs to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
    /// Send it as `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: String,
    /// Life of the access token, in seconds.
    #[schema(example = 900)]
    pub expires_in_s: i64,
    /// Exchange it for the next session; absent with an upload-only token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
}

impl From<Session> for SessionOut {
    fn from(session: Session) -> Self {
        Self {
            org_id: session.org,
            user_id: session.user,
            device_id: session.device,
            access_token: session.access_token,
            token_type: "Bearer".to_owned(),
            expires_in_s: session.expires_in_s,
            refresh_token: session.refresh_token,
        }
    }
}
