//! GET /v1/quarantine

use actix_web::web;
use doorstep_store::quarantine::QuarantineFilter;
use doorstep_store::quarantine::QuarantineItem;
use doorstep_store::quarantine::QuarantineKey;
use serde::Deserialize;
use sync_core::ids::{DeviceId, VisitId};
use utoipa::IntoParams;

use super::QuarantineItemOut;
use crate::app::{AppState, Ctx, ErrorCode, quarantine};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery, Query};
use crate::http::openapi::Problems;

/// Which items.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct QuarantineQuery {
    /// Only those of this phone.
    pub device_id: Option<DeviceId>,
    /// Only those of this visit.
    pub visit_id: Option<VisitId>,
    /// Only those refused with this code.
    #[param(example = "operation_not_allowed")]
    pub code: Option<String>,
    /// Only those in this state.
    #[param(example = "open")]
    pub state: Option<String>,
}

/// Lists what is in quarantine, newest first
///
/// A rep sees what his own phones sent, a team lead that of the team. Nothing is ever removed.
///
/// # Errors
/// `page_size`, `page_token_invalid`, `parameter_invalid`.
#[utoipa::path(get, path = "/v1/quarantine", operation_id = "list_quarantine", tag = "quarantine",
    params(QuarantineQuery, PageQuery),
    responses((status = 200, description = "Items", body = PageOut<QuarantineItemOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_quarantine(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<QuarantineQuery>,
    page: Page,
) -> Result<web::Json<PageOut<QuarantineItemOut>>, ApiError> {
    let filter = QuarantineFilter {
        device: query.device_id,
        visit: query.visit_id,
        code: query.code,
        state: query.state,
        people: None,
    };
    let after = match page.after.as_str() {
        "" => None,
        text => Some(from_text(text).ok_or(ErrorCode::PageTokenInvalid)?),
    };
    let found = quarantine::list_quarantine(&state, ctx, filter, after, page.size).await?;
    let key = |item: &QuarantineItem| format!("{}/{}/{}", item.received_at_ms, item.device_id, item.id);
    Ok(web::Json(page.wrap(found, key, QuarantineItemOut::from)))
}

fn from_text(text: &str) -> Option<QuarantineKey> {
    let mut parts = text.splitn(3, '/');
    let (at, device, id) = (parts.next()?, parts.next()?, parts.next()?);
    Some(QuarantineKey { received_at_ms: at.parse().ok()?, device: device.parse().ok()?, id: id.to_owned() })
}
