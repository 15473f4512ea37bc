//! GET `/c/{token}`

use actix_web::{HttpRequest, HttpResponse, web};

use super::html::{self, Entered};
use super::{PageQuery, PageRefusals, language, page};
use crate::app::contacts::show_page;
use crate::app::{AppError, AppState};
use crate::http::error::ApiError;
use crate::http::extract::Path;

/// Shows the customer's page
///
/// HTML for any phone, in Chinese or English. Looking changes nothing: programs that preview links answer nothing in the
/// customer's name.
///
/// # Errors
/// A page with 404 for what is no link of this server, with 410 for one that has ended.
#[utoipa::path(get, path = "/c/{token}", operation_id = "show_customer_page", tag = "contacts",
    params(("token" = String, Path, description = "The token of the link"), PageQuery),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"), PageRefusals))]
pub async fn show_customer_page(
    state: web::Data<AppState>,
    request: HttpRequest,
    Path(token): Path<String>,
) -> Result<HttpResponse, ApiError> {
    let language = language(request.query_string(), request.headers());
    let shown = show_page(&state, &token).await?;
    let body = html::show(&shown, &token, language, &Entered::default());
    Ok(page(HttpResponse::Ok().finish(), body.map_err(|error| AppError::Internal(error.to_string()))?))
}
