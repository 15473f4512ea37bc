//! GET `/v1/notices/due`

use actix_web::web;
use serde::Serialize;
use utoipa::ToSchema;

use super::CustomerNoticeOut;
use crate::app::contacts::{self, DueNotice};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::page::PageOut;
use crate::http::extract::{Page, PageQuery};
use crate::http::openapi::Problems;

/// A message to send.
#[derive(Debug, Serialize, ToSchema)]
pub struct DueNoticeOut {
    /// The message.
    pub notice: CustomerNoticeOut,
    /// The customer's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "000-0000-0001")]
    pub to: Option<String>,
}

impl From<DueNotice> for DueNoticeOut {
    fn from(due: DueNotice) -> Self {
        Self { notice: due.row.into(), to: due.to }
    }
}

/// Lists the messages that may be sent now, for the gateway that sends them
///
/// In the quiet hours nothing is. Tell of each what became of it; until then it stays in the list, as long as it tells something
/// useful and the customer agrees to messages.
///
/// # Errors
/// `page_size`, `page_token_invalid`.
#[utoipa::path(get, path = "/v1/notices/due", operation_id = "list_due_notices", tag = "contacts", params(PageQuery),
    responses((status = 200, description = "Messages", body = PageOut<DueNoticeOut>), Problems),
    security(("bearer" = [])))]
pub async fn list_due_notices(
    state: web::Data<AppState>,
    ctx: Ctx,
    page: Page,
) -> Result<web::Json<PageOut<DueNoticeOut>>, ApiError> {
    let found = contacts::list_due_notices(&state, ctx, page.after.clone(), page.size).await?;
    Ok(web::Json(page.wrap(found, |due: &DueNotice| due.row.id.to_string(), DueNoticeOut::from)))
}
