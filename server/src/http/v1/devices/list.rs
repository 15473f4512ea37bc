//! GET /v1/devices

use actix_web::web;
use doorstep_store::devices::DeviceRow;
use serde::Serialize;
use sync_core::ids::{DeviceId, OrderId, UserId};
use utoipa::ToSchema;

use crate::app::{AppState, Ctx, auth};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery};
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// An enrolled phone and what it last reported.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceOut {
    /// Id.
    pub id: DeviceId,
    /// Whose it is.
    pub user_id: UserId,
    /// Name.
    pub name: String,
    /// `active`, `signed_out`, `suspended` or `revoked`.
    #[schema(example = "active")]
    pub state: String,
    /// When it was enrolled.
    pub enrolled_at: Instant,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Instant>,
    /// Last contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<Instant>,
    /// Items it reported as unsent.
    pub unsent: i64,
    /// Age of the oldest of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_unsent_at: Option<Instant>,
    /// Free space it reported, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<i64>,
    /// Its clock minus ours, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_skew_ms: Option<i64>,
    /// The order it has not answered yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_order: Option<OrderId>,
}

impl From<DeviceRow> for DeviceOut {
    fn from(row: DeviceRow) -> Self {
        Self {
            id: row.id.0,
            user_id: row.user_id.0,
            name: row.name,
            state: row.state,
            enrolled_at: row.enrolled_at_ms.into(),
            revoked_at: row.revoked_at_ms.map(Instant::from),
            last_seen_at: row.last_seen_at_ms.map(Instant::from),
            unsent: row.unsent,
            oldest_unsent_at: row.oldest_unsent_at_ms.map(Instant::from),
            free_bytes: row.free_bytes,
            clock_skew_ms: row.clock_skew_ms,
            pending_order: row.order_id.map(|order| order.0),
        }
    }
}

/// Lists enrolled phones in id order
///
/// A rep sees his own, a team lead those of the team.
///
/// # Errors
/// `page_size`, `page_token_invalid`.
#[utoipa::path(get, path = "/v1/devices", operation_id = "list_devices", tag = "devices", params(PageQuery),
    responses((status = 200, description = "Phones", body = PageOut<DeviceOut>), Problems), security(("bearer" = [])))]
pub async fn list_devices(
    state: web::Data<AppState>,
    ctx: Ctx,
    page: Page,
) -> Result<web::Json<PageOut<DeviceOut>>, ApiError> {
    let rows = auth::list_devices(&state, ctx, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(rows, |row: &DeviceRow| row.id.to_string(), DeviceOut::from)))
}
