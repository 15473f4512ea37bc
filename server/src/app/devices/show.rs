//! One phone: what it may do, what it was ordered, and what only it still has.

use doorstep_store::device_orders::{self, DeviceMarkRow, DeviceOrderRow};
use doorstep_store::devices::{self, DeviceRow};
use doorstep_store::{Conn, Txt, blobs, presence, users};
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId, VisitId};

use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode};
use crate::domain::Scope;

/// Most things of a kind that are named.
const NAMED: i64 = 200;

/// Something a document names and the server lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingItem {
    /// The visit.
    pub visit: VisitId,
    /// `blob` or `statement`.
    pub kind: &'static str,
    /// Its hash or digest.
    pub sha256: Hash,
}

/// Everything known of a phone.
#[derive(Debug, Clone)]
pub struct DeviceFile {
    /// The phone and what it last reported.
    pub device: DeviceRow,
    /// Visits of which it last said that something is unsent; absent where it never said.
    pub unsent_visits: Option<Vec<VisitId>>,
    /// What visits it wrote to name, and the server lacks.
    pub missing: Vec<MissingItem>,
    /// Orders to it, oldest first.
    pub orders: Vec<DeviceOrderRow>,
    /// What it brought while it was suspended, and what it sealed that came once it was revoked; the newest first.
    pub marks: Vec<DeviceMarkRow>,
}

/// Shows a phone with what only it still has.
///
/// # Errors
/// `not_found` if there is none within reach.
pub async fn show_device(state: &AppState, ctx: Ctx, id: DeviceId) -> AppResult<DeviceFile> {
    state
        .store
        .read(move |conn| {
            let org = ctx.actor.org;
            let device = devices::find_device(conn, org, id)?.ok_or(ErrorCode::NotFound)?;
            if !is_within_reach(conn, &ctx, &device)? {
                return Err(AppError::from(ErrorCode::NotFound));
            }
            let named = device.unsent_visits.as_deref().map(serde_json::from_str).transpose();
            Ok(DeviceFile {
                unsent_visits: named.ok().flatten(),
                missing: missing(conn, org, id)?,
                orders: device_orders::list_orders(conn, org, id)?,
                marks: device_orders::list_marks(conn, org, id, NAMED)?,
                device,
            })
        })
        .await
}

/// Whether the holder of a device is one whose devices the asker may see.
pub(super) fn is_within_reach(conn: &mut Conn, ctx: &Ctx, device: &DeviceRow) -> AppResult<bool> {
    Ok(match ctx.scope {
        Scope::Organisation => true,
        Scope::Own => device.user_id == Txt(ctx.actor.user),
        Scope::Team => {
            let holder = users::find_user(conn, ctx.actor.org, device.user_id.0)?;
            let team = holder.and_then(|holder| holder.team_id).map(|Txt(team)| team);
            device.user_id == Txt(ctx.actor.user) || (team.is_some() && team == ctx.actor.team)
        }
    })
}

fn missing(conn: &mut Conn, org: OrgId, device: DeviceId) -> AppResult<Vec<MissingItem>> {
    let mut found = Vec::new();
    for visit in devices::list_visits_written(conn, org, device, NAMED)? {
        let lacking = blobs::list_missing(conn, org, visit)?;
        found.extend(lacking.into_iter().map(|sha256| MissingItem { visit, kind: "blob", sha256 }));
        let lacking = presence::list_missing_statements(conn, org, visit)?;
        found.extend(lacking.into_iter().map(|sha256| MissingItem { visit, kind: "statement", sha256 }));
    }
    Ok(found)
}
