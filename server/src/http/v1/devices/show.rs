//! GET `/v1/devices/{device_id}`

use actix_web::web;
use doorstep_store::device_orders::DeviceMarkRow;
use doorstep_store::device_orders::DeviceOrderRow;
use serde::Serialize;
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrderId, UserId, VisitId};
use utoipa::ToSchema;

use super::list::DeviceOut;
use crate::app::devices::{self, DeviceFile, MissingItem};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Path;
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// What documents name and the server lacks: only this phone may still have it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MissingItemOut {
    /// The visit.
    pub visit_id: VisitId,
    /// `blob` or `statement`.
    #[schema(example = "blob")]
    pub kind: String,
    /// Hash of the blob or digest of the statement.
    pub sha256: Hash,
}

/// An order to a phone.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceOrderOut {
    /// Id.
    pub id: OrderId,
    /// `wipe`.
    #[schema(example = "wipe")]
    pub kind: String,
    /// Whether what is unsent is given up.
    pub wipe_now: bool,
    /// When it was given.
    pub ordered_at: Instant,
    /// By whom.
    pub ordered_by: UserId,
    /// When it was first told to the phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Instant>,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Instant>,
    /// When the phone's receipt came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Instant>,
    /// The receipt: JWS of the phone, `typ` `doorstep-order-receipt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
}

/// Something the phone brought while it was suspended, or sealed and came once it was revoked.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceMarkOut {
    /// `doc`, `intent`, `statement`, `blob`, or `seal` for the list that it sealed of a whole request.
    #[schema(example = "doc")]
    pub kind: String,
    /// Id, digest or hash.
    pub item: String,
    /// Why it is marked: `device_suspended` or `device_revoked`.
    #[schema(example = "device_suspended")]
    pub code: String,
    /// When it first came.
    pub at: Instant,
}

/// A phone, what only it still has, and what it was told.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeviceFileOut {
    /// The phone and what it last reported.
    #[serde(flatten)]
    pub device: DeviceOut,
    /// Visits of which it last said that something is unsent; absent where it never said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsent_visits: Option<Vec<VisitId>>,
    /// What visits it wrote to name, and the server lacks; another phone of the crew may have it as well.
    pub missing: Vec<MissingItemOut>,
    /// Orders to it, oldest first.
    pub orders: Vec<DeviceOrderOut>,
    /// What it brought while it was suspended, or sealed and came once it was revoked, newest first; at most 200.
    pub marks: Vec<DeviceMarkOut>,
}

impl From<DeviceOrderRow> for DeviceOrderOut {
    fn from(row: DeviceOrderRow) -> Self {
        Self {
            id: row.id.0,
            kind: row.kind,
            wipe_now: row.wipe_now,
            ordered_at: row.ordered_at_ms.into(),
            ordered_by: row.ordered_by.0,
            sent_at: row.sent_at_ms.map(Instant::from),
            withdrawn_at: row.withdrawn_at_ms.map(Instant::from),
            done_at: row.done_at_ms.map(Instant::from),
            receipt: row.receipt,
        }
    }
}

impl From<DeviceFile> for DeviceFileOut {
    fn from(file: DeviceFile) -> Self {
        let missing =
            |MissingItem { visit, kind, sha256 }| MissingItemOut { visit_id: visit, kind: kind.to_owned(), sha256 };
        let mark = |DeviceMarkRow { kind, item, code, at_ms, .. }| DeviceMarkOut { kind, item, code, at: at_ms.into() };
        Self {
            device: file.device.into(),
            unsent_visits: file.unsent_visits,
            missing: file.missing.into_iter().map(missing).collect(),
            orders: file.orders.into_iter().map(DeviceOrderOut::from).collect(),
            marks: file.marks.into_iter().map(mark).collect(),
        }
    }
}

/// Shows a phone with what only it still has
///
/// For a lost phone: what it last reported as unsent, which photos and forms its visits name and never arrived, the
/// orders to it, and what came while it was suspended or revoked. A rep sees his own, a team lead those of the team.
///
/// # Errors
/// `not_found`.
#[utoipa::path(get, path = "/v1/devices/{device_id}", operation_id = "show_device", tag = "devices",
    params(("device_id" = DeviceId, Path, description = "The phone")),
    responses((status = 200, description = "The phone", body = DeviceFileOut), Problems),
    security(("bearer" = [])))]
pub async fn show_device(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path(device): Path<DeviceId>,
) -> Result<web::Json<DeviceFileOut>, ApiError> {
    Ok(web::Json(devices::show_device(&state, ctx, device).await?.into()))
}
