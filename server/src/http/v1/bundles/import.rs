//! POST /v1/bundles

use std::collections::BTreeMap;

use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpRequest, web};
use serde::Serialize;
use sync_core::ids::{BundleId, DeviceId, UserId};
use sync_core::protocol::Outcome;
use utoipa::ToSchema;

use crate::app::bundles::{Bringer, Fate, Imported, ImportedItem, import_bundle as import, receive};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal};
use crate::http::body::Upload;
use crate::http::error::ApiError;
use crate::http::openapi::Problems;
use crate::http::place::move_to_uploads;

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemOutcome {
    /// Now durable.
    Stored,
    /// Was durable before.
    Duplicate,
    /// Durable as late evidence.
    Late,
    /// Kept byte for byte in quarantine.
    Quarantined,
    /// Kept in quarantine; the phone writes it anew at its next sync.
    NeedReplay,
    /// Not taken: it builds on changes that the server lacks.
    NeedFull,
    /// Not taken: the visit does not exist for this phone.
    NotFound,
    /// Not taken: no server would.
    Refused,
}

impl From<Fate> for ItemOutcome {
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::Judged(Outcome::Stored) => Self::Stored,
            Fate::Judged(Outcome::Duplicate) => Self::Duplicate,
            Fate::Judged(Outcome::Late) => Self::Late,
            Fate::Judged(Outcome::Quarantined) => Self::Quarantined,
            Fate::Judged(Outcome::NeedReplay) => Self::NeedReplay,
            Fate::Judged(Outcome::NeedFull) => Self::NeedFull,
            Fate::Judged(Outcome::NotFound) => Self::NotFound,
            Fate::Refused => Self::Refused,
        }
    }
}

/// An item of a bundle.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedItemOut {
    /// `doc`, `intent`, `statement` or `blob`; `request` for one that was refused as a whole.
    #[schema(example = "doc")]
    pub kind: String,
    /// Its id, digest or hash.
    #[schema(example = "01955f2c-3000-7000-8000-000000000001")]
    pub id: String,
    /// What became of it.
    pub outcome: ItemOutcome,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "device_revoked")]
    pub code: Option<String>,
}

/// A bundle that was taken in.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedOut {
    /// The bundle.
    pub bundle_id: BundleId,
    /// The phone whose work it holds.
    pub device_id: DeviceId,
    /// The phone's holder.
    pub user_id: UserId,
    /// When the phone made it, by its own clock.
    #[schema(example = "2025-03-04T09:52:00.000Z")]
    pub made_at: String,
    /// Whether everything in it was here before.
    pub is_duplicate: bool,
    /// Number of items of each outcome.
    #[schema(value_type = Object, example = json!({"stored": 14, "duplicate": 1}))]
    pub counts: BTreeMap<ItemOutcome, usize>,
    /// Every item, blobs first. Of more than `limits.bundle_items` (10,000) only those that somebody has to look at:
    /// neither stored nor duplicate, and of these the first.
    pub items: Vec<ImportedItemOut>,
    /// Items that are counted and not listed.
    #[schema(example = 0)]
    pub unlisted: usize,
}

impl From<&ImportedItem> for ImportedItemOut {
    fn from(item: &ImportedItem) -> Self {
        Self { kind: item.kind.to_owned(), id: item.id.clone(), outcome: item.fate.into(), code: item.code.clone() }
    }
}

impl From<Imported> for ImportedOut {
    fn from(imported: Imported) -> Self {
        let counts: BTreeMap<ItemOutcome, usize> =
            imported.report.counts().iter().map(|(fate, count)| ((*fate).into(), *count)).collect();
        Self {
            bundle_id: imported.bundle,
            device_id: imported.device,
            user_id: imported.user,
            made_at: imported.made_at.to_rfc3339(),
            is_duplicate: counts.keys().all(|outcome| *outcome == ItemOutcome::Duplicate),
            counts,
            items: imported.report.items().iter().map(Into::into).collect(),
            unlisted: imported.report.unlisted(),
        }
    }
}

/// Takes in the unsent work of a phone that cannot sync
///
/// The body is the file that the phone exported, sealed for this server. All of it is verified first: a bundle that is
/// refused has no effect. Then its contents go the way of the phone's own sync, with the same outcomes; the same
/// bundle again has no second effect. An import whose bundle has arrived goes on when the connection ends; should the
/// server stop before its end, the same bundle completes it. Receipts reach the phone with its next sync.
///
/// # Errors
/// `bundle_too_large` with limit and size, `bundle_malformed`, `bundle_damaged`, `bundle_key_unknown`,
/// `bundle_foreign`, `bundle_device_unknown`, `bundle_seal_invalid`, `media_type_unsupported`, `request_timeout`,
/// `disk_full`.
#[utoipa::path(post, path = "/v1/bundles", operation_id = "import_bundle", tag = "devices",
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file"),
    responses((status = 200, description = "Taken in", body = ImportedOut), Problems),
    security(("bearer" = [])))]
pub async fn import_bundle(
    state: web::Data<AppState>,
    ctx: Ctx,
    request: HttpRequest,
    body: web::Payload,
) -> Result<web::Json<ImportedOut>, ApiError> {
    require_bytes(&request)?;
    let place = move_to_uploads(&request, &state)?;
    let body = Upload::new(body.into_inner(), &state.config.limits);
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let file = receive(&state, declared, body).await?;
    let bringer = Bringer::Office(ctx.actor.org, ctx.actor.user);
    // Whoever brought all of it may leave: the import goes on to its end, and keeps its place among the uploads.
    let app = state.clone();
    let importing = state.runtime.spawn(async move {
        let imported = import(&app, file, bringer).await;
        drop(place);
        imported
    });
    let imported = importing.await.map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(web::Json(imported?.into()))
}

fn require_bytes(request: &HttpRequest) -> AppResult<()> {
    let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/octet-stream") {
        return Ok(());
    }
    Err(Refusal::new(ErrorCode::MediaTypeUnsupported)
        .detail("Send the file as application/octet-stream", "请以 application/octet-stream 发送文件")
        .into())
}
