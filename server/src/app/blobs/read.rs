//! Showing a blob to whom may see a visit that names it.

use doorstep_store::audit::{AuditEventRow, insert_audit_event};
use doorstep_store::blobs::{self, BlobRow};
use doorstep_store::visits::{VisitFilter, list_visits};
use doorstep_store::{Conn, Txt, assignments, devices};
use sync_core::bytes::Hash;
use sync_core::ids::{OrgId, UserId, VisitId};

use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, reach};
use crate::ports::BlobError;

/// The bytes of a blob or of a copy of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobContent {
    /// Name of the original.
    pub sha256: Hash,
    /// Media type, found by content.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A copy made by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DerivedSize {
    /// For judging: at most 1600 pixels.
    Preview,
    /// For lists: at most 320 pixels.
    Thumbnail,
}

impl DerivedSize {
    /// The copy's name below the organisation.
    pub(super) fn name(self, sha256: Hash) -> String {
        let hex = sha256.to_string();
        let (folder, _) = hex.split_at(2);
        match self {
            Self::Preview => format!("{folder}/{hex}-1600.jpg"),
            Self::Thumbnail => format!("{folder}/{hex}-320.jpg"),
        }
    }
}

/// Reads an original; every reading is an audit event.
///
/// # Errors
/// `not_found` alike for absent, unclaimed and foreign blobs; a defect if the stored bytes are damaged.
pub async fn read_original(state: &AppState, ctx: Ctx, sha256: Hash) -> AppResult<BlobContent> {
    let org = ctx.actor.org;
    let event = state.id();
    let row = state
        .store
        .write(move |conn| {
            let (row, visit) = find_readable(conn, &ctx, sha256)?;
            let event = AuditEventRow {
                org_id: Txt(org),
                id: Txt(event),
                at_ms: ctx.now.0,
                actor_id: Some(Txt(ctx.actor.user)),
                device_id: ctx.actor.device.map(Txt),
                kind: "blob.read".to_owned(),
                subject: sha256.to_string(),
                detail: format!(r#"{{"visit":"{visit}"}}"#),
            };
            insert_audit_event(conn, &event)?;
            Ok::<_, AppError>(row)
        })
        .await?;
    let bytes = read_verified(state, row.org_id.0, sha256).await?;
    Ok(BlobContent { sha256, media_type: row.media_type, bytes })
}

/// Reads an original and checks it against its name: damaged evidence is never shown as good.
pub(super) async fn read_verified(state: &AppState, org: OrgId, sha256: Hash) -> AppResult<Vec<u8>> {
    let bytes = state.blobs.read(org, sha256).await.map_err(|error| match error {
        // The row says that it is durable: absence is damage, not a wrong question.
        BlobError::NotFound => AppError::Internal(format!("the file of blob {sha256} is gone")),
        other => other.into(),
    })?;
    let (bytes, actual) = tokio::task::spawn_blocking(move || {
        let actual = Hash::of(&bytes);
        (bytes, actual)
    })
    .await
    .map_err(|error| AppError::Internal(error.to_string()))?;
    if actual == sha256 { Ok(bytes) } else { Err(AppError::Internal(format!("the file of blob {sha256} is damaged"))) }
}

/// Reads a copy made by us.
///
/// # Errors
/// `not_found` as for originals, `preview_pending` until it is made, `no_preview` with the reason.
pub async fn read_derived(state: &AppState, ctx: Ctx, sha256: Hash, size: DerivedSize) -> AppResult<BlobContent> {
    let org = ctx.actor.org;
    let row = state.store.read(move |conn| find_readable(conn, &ctx, sha256).map(|(row, _)| row)).await?;
    match row.preview_state.as_str() {
        "ready" => {}
        "pending" => return Err(ErrorCode::PreviewPending.into()),
        _ => return Err(no_preview(row.preview_reason.as_deref())),
    }
    match state.blobs.read_derived(org, &size.name(sha256)).await {
        Ok(bytes) if !bytes.is_empty() => Ok(BlobContent { sha256, media_type: "image/jpeg".to_owned(), bytes }),
        Ok(_) | Err(BlobError::NotFound) => {
            // Copies are not synced: power loss may take them, and then they are made again.
            state.store.write(move |conn| blobs::update_preview(conn, org, sha256, "pending", None)).await?;
            state.previews.wake();
            Err(ErrorCode::PreviewPending.into())
        }
        Err(error) => Err(error.into()),
    }
}

fn no_preview(reason: Option<&str>) -> AppError {
    let reason = reason.unwrap_or("format");
    Refusal::new(ErrorCode::NoPreview).detail(format!("reason: {reason}"), format!("原因：{reason}")).into()
}

/// The blob, and the visit through which the asker may see it.
fn find_readable(conn: &mut Conn, ctx: &Ctx, sha256: Hash) -> AppResult<(BlobRow, VisitId)> {
    let org = ctx.actor.org;
    let row = blobs::find_blob(conn, org, sha256)?.ok_or(ErrorCode::NotFound)?;
    let reach = reach::of(conn, ctx)?;
    let claiming = blobs::list_claiming_visits(conn, org, sha256)?.into_iter().collect();
    let filter = VisitFilter { ids: Some(claiming), reach: reach.visits.clone(), ..VisitFilter::default() };
    for visit in list_visits(conn, org, &filter, "", i64::MAX)? {
        if reach.sees_everybodys(&visit.state) || was_brought_by_crew(conn, org, &row, visit.id.0)? {
            return Ok((row, visit.id.0));
        }
    }
    Err(ErrorCode::NotFound.into())
}

/// Whether somebody of the visit's crew, past or present, brought the blob.
///
/// A rep who only knows the hash of a colleague's photo could name it in a visit of his own: knowing a
/// hash never grants access (design section 4).
fn was_brought_by_crew(conn: &mut Conn, org: OrgId, row: &BlobRow, visit: VisitId) -> AppResult<bool> {
    let Some(device) = devices::find_device(conn, org, row.device_id.0)? else { return Ok(false) };
    let sender: UserId = device.user_id.0;
    Ok(assignments::list_assignments(conn, org, visit)?.iter().any(|assignment| assignment.rep_id.0 == sender))
}
