//! GET `/v1/visits/{visit_id}/receipt`

use actix_web::web;
use doorstep_store::receipts::CompleteReceiptRow;
use serde::Serialize;
use sync_core::ids::VisitId;
use sync_core::time::UnixMillis;
use utoipa::ToSchema;

use crate::app::{AppState, Ctx, receipts};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// The server's word that everything a visit declares is durable.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompleteReceiptOut {
    /// The visit.
    pub visit_id: VisitId,
    /// Place among the receipts of the visit, from 1: it is issued anew after later edits.
    #[schema(example = 1)]
    pub number: i64,
    /// When it was issued.
    pub issued_at: Instant,
    /// Compact JWS (EdDSA, `typ` `doorstep-receipt`) over `{v, kind: "complete", org, visit, heads, blobs, statements,
    /// at_ms}`; its key is in `/.well-known/evidence-keys.json`.
    #[schema(example = "eyJhbGciOiJFZERTQSJ9.eyJ2IjoxfQ.c2lnbmF0dXJl")]
    pub receipt: String,
}

impl From<CompleteReceiptRow> for CompleteReceiptOut {
    fn from(row: CompleteReceiptRow) -> Self {
        let issued_at = Instant(UnixMillis(row.issued_at_ms));
        Self { visit_id: row.visit_id.0, number: row.number, issued_at, receipt: row.jws }
    }
}

/// Shows the receipt that a visit is complete
///
/// Signed once every photo that is not withdrawn, every statement that the document names and the document itself are
/// durable. Photos and statements that came after the hand-in are not waited for.
///
/// # Errors
/// `not_found`; `evidence_incomplete` names the missing blobs and statements in `fields`.
#[utoipa::path(get, path = "/v1/visits/{visit_id}/receipt", operation_id = "show_complete_receipt", tag = "visits",
    params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 200, description = "The receipt as of now", body = CompleteReceiptOut), Problems),
    security(("bearer" = [])))]
pub async fn show_complete_receipt(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(visit): Path<VisitId>,
) -> Result<web::Json<CompleteReceiptOut>, ApiError> {
    Ok(web::Json(receipts::show_complete(&state, ctx, visit).await?.into()))
}
