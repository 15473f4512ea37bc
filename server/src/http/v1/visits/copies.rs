//! GET `/v1/visits/{visit_id}/copies`

use actix_web::web;
use serde::Serialize;
use sync_core::bytes::Hash;
use sync_core::ids::{UserId, VisitId};
use utoipa::ToSchema;

use crate::app::visits::copies::{self, Copy, Form};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// One copy of a form.
#[derive(Debug, Serialize, ToSchema)]
pub struct CopyOut {
    /// `customer`, `installer` or `department`.
    #[schema(example = "customer")]
    pub copy: String,
    /// In English.
    #[schema(example = "Customer")]
    pub label_en: String,
    /// In Chinese.
    #[schema(example = "客户联")]
    pub label_zh: String,
    /// Whether whoever it is for has it, as far as is known.
    #[schema(example = true)]
    pub is_delivered: bool,
    /// Since when: of the customer's when it was handed over, of the rep's the seal, of the archive's the receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Instant>,
    /// How the customer's was handed over: `paper`, `qr` or `link`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "qr")]
    pub how: Option<String>,
    /// Who handed it over or sealed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
}

impl From<Copy> for CopyOut {
    fn from(copy: Copy) -> Self {
        Self {
            copy: copy.of.code().to_owned(),
            label_en: copy.of.label_en().to_owned(),
            label_zh: copy.of.label_zh().to_owned(),
            is_delivered: copy.delivered_at.is_some(),
            delivered_at: copy.delivered_at.map(Instant::from),
            how: copy.how,
            by: copy.by,
        }
    }
}

/// A form with its copies: one signature, one digest.
#[derive(Debug, Serialize, ToSchema)]
pub struct FormCopiesOut {
    /// Digest of the statement.
    pub digest: Hash,
    /// Document kind.
    #[schema(example = "construction_confirmation")]
    pub kind: String,
    /// The copies that its template asks for.
    pub copies: Vec<CopyOut>,
}

/// The forms of a visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct CopiesOut {
    /// The newest first.
    pub items: Vec<FormCopiesOut>,
}

impl From<Form> for FormCopiesOut {
    fn from(form: Form) -> Self {
        let copies = form.copies.into_iter().map(CopyOut::from).collect();
        Self { digest: form.digest, kind: form.kind, copies }
    }
}

/// Shows who has which copy of the signed forms of a visit
///
/// One signature yields them all, so all have the digest of the form (INS-12).
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/visits/{visit_id}/copies", operation_id = "show_copies", tag = "visits",
    params(("visit_id" = VisitId, Path, description = "The visit")),
    responses((status = 200, description = "The copies", body = CopiesOut), Problems),
    security(("bearer" = [])))]
pub async fn show_copies(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(visit): Path<VisitId>,
) -> Result<web::Json<CopiesOut>, ApiError> {
    let forms = copies::show_copies(&state, ctx, visit).await?;
    Ok(web::Json(CopiesOut { items: forms.into_iter().map(FormCopiesOut::from).collect() }))
}
