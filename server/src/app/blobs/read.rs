//! Showing a blob to whom may see a visit or an intent that names it.

use std::collections::BTreeSet;
use std::ops::Range;

use doorstep_store::audit::insert_audit_event;
use doorstep_store::blob_bringers::{list_bringers, list_bringers_of};
use doorstep_store::blobs::{self, BlobRow};
use doorstep_store::intent_blobs::list_claiming_intents;
use doorstep_store::visits::{VisitFilter, VisitRecord, list_visits};
use doorstep_store::{Conn, assignments};
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::ids::{IntentId, OrgId, UserId, VisitId};

use super::readers::Reader;
use crate::app::reach::Reach;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit, reach};
use crate::ports::{BlobError, BlobPieces};

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
    pub(in crate::app) fn name(self, sha256: Hash) -> String {
        let hex = sha256.to_string();
        let (folder, _) = hex.split_at(2);
        match self {
            Self::Preview => format!("{folder}/{hex}-1600.jpg"),
            Self::Thumbnail => format!("{folder}/{hex}-320.jpg"),
        }
    }
}

/// An original that somebody may read, and has not read yet.
#[derive(Debug, Clone)]
pub struct Original {
    row: BlobRow,
    named_by: NamedBy,
    ctx: Ctx,
}

/// Finds an original; none of its bytes are read, so that this is no audit event. Nor is an answer that says that the
/// asker's copy is still good: it shows nothing of it.
///
/// # Errors
/// `not_found` alike for absent, unclaimed and foreign blobs.
pub async fn find_original(state: &AppState, ctx: Ctx, sha256: Hash) -> AppResult<Original> {
    let asker = ctx.clone();
    let find = move |conn: &mut Conn| {
        let reach = reach::of(conn, &asker)?;
        find_readable(conn, &asker, &reach, sha256)
    };
    let (row, named_by) = state.store.read(find).await?;
    Ok(Original { row, named_by, ctx })
}

impl Original {
    /// Media type, found by content.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.row.media_type
    }

    /// Its size in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        u64::try_from(self.row.bytes).unwrap_or(0)
    }

    /// Who is to read it.
    #[must_use]
    pub fn reader(&self) -> Reader {
        (self.ctx.actor.org, self.ctx.actor.user)
    }

    /// Opens some bytes of it and no others; every reading is an audit event, which is there before the bytes are.
    ///
    /// All of it is checked against its name before the first byte goes out: damaged evidence is never shown as good. A
    /// part cannot be: whoever puts parts together does that.
    ///
    /// # Errors
    /// A defect if the stored bytes are damaged, or not there.
    pub async fn open(&self, state: &AppState, range: Range<u64>) -> AppResult<Box<dyn BlobPieces>> {
        self.record(state).await?;
        let (org, sha256) = (self.row.org_id.0, self.row.sha256.0);
        let opened = if range == (0..self.bytes()) {
            state.blobs.checked_pieces(org, sha256).await
        } else {
            state.blobs.pieces(org, sha256, range).await
        };
        opened.map_err(|error| unreadable(sha256, error))
    }

    /// Says that it was read.
    pub(super) async fn record(&self, state: &AppState) -> AppResult<()> {
        let event = audit::event(state, &self.ctx, "blob.read", self.row.sha256, &self.named_by.detail());
        state.store.write(move |conn| Ok::<_, AppError>(insert_audit_event(conn, &event)?)).await?;
        Ok(())
    }
}

/// Reads an original from its beginning to its end.
///
/// # Errors
/// Those of [`find_original`] and [`Original::open`].
#[cfg(test)]
pub(super) async fn read_original(state: &AppState, ctx: Ctx, sha256: Hash) -> AppResult<BlobContent> {
    let original = find_original(state, ctx, sha256).await?;
    let (mut pieces, mut bytes) = (original.open(state, 0..original.bytes()).await?, Vec::new());
    while let Some(piece) = pieces.next().await? {
        bytes.extend(piece);
    }
    Ok(BlobContent { sha256, media_type: original.row.media_type, bytes })
}

/// Reads an original and checks it against its name: damaged evidence is never shown as good.
pub(super) async fn read_verified(state: &AppState, org: OrgId, sha256: Hash) -> Result<Vec<u8>, BlobError> {
    let bytes = state.blobs.read(org, sha256).await?;
    let (bytes, actual) = tokio::task::spawn_blocking(move || {
        let actual = Hash::of(&bytes);
        (bytes, actual)
    })
    .await
    .map_err(|error| BlobError::Io(std::io::Error::other(error)))?;
    if actual == sha256 { Ok(bytes) } else { Err(BlobError::HashMismatch { actual }) }
}

/// Reads a blob that lies in quarantine, for whom that was allowed.
///
/// # Errors
/// A defect if the stored bytes are damaged.
pub(in crate::app) async fn read_quarantined(state: &AppState, org: OrgId, sha256: Hash) -> AppResult<Vec<u8>> {
    read_verified(state, org, sha256).await.map_err(|error| unreadable(sha256, error))
}

/// What is said of an original that cannot be read.
///
/// Its row says that it is durable: absence is damage, not a wrong question.
pub(super) fn unreadable(sha256: Hash, error: BlobError) -> AppError {
    match error {
        BlobError::NotFound | BlobError::HashMismatch { .. } => AppError::Internal(format!("blob {sha256}: {error}")),
        other => other.into(),
    }
}

/// Reads a copy made by us.
///
/// # Errors
/// `not_found` as for originals, `preview_pending` until it is made, `no_preview` with the reason.
pub async fn read_derived(state: &AppState, ctx: Ctx, sha256: Hash, size: DerivedSize) -> AppResult<BlobContent> {
    let find = move |conn: &mut Conn| {
        let reach = reach::of(conn, &ctx)?;
        find_readable(conn, &ctx, &reach, sha256).map(|(row, _)| row)
    };
    let row = state.store.read(find).await?;
    show_copy(state, &row, size).await
}

/// Reads a copy of a blob that the asker may see.
pub(super) async fn show_copy(state: &AppState, row: &BlobRow, size: DerivedSize) -> AppResult<BlobContent> {
    let (org, sha256) = (row.org_id.0, row.sha256.0);
    match row.preview_state.as_str() {
        "ready" => {}
        "pending" => return Err(ErrorCode::PreviewPending.into()),
        _ => return Err(no_preview(row.preview_reason.as_deref())),
    }
    match state.blobs.read_derived(org, &size.name(sha256)).await {
        Ok(bytes) if !bytes.is_empty() => Ok(BlobContent { sha256, media_type: "image/jpeg".to_owned(), bytes }),
        Ok(_) | Err(BlobError::NotFound) => {
            // Copies are not synced: power loss may take them, and then they are made again.
            state.store.write(move |conn| blobs::ingest_again(conn, org, sha256)).await?;
            state.ingest.wake();
            Err(ErrorCode::PreviewPending.into())
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn no_preview(reason: Option<&str>) -> AppError {
    let reason = reason.unwrap_or("format");
    Refusal::new(ErrorCode::NoPreview).detail(format!("reason: {reason}"), format!("原因：{reason}")).into()
}

/// Through what somebody may see a blob.
#[derive(Debug, Clone, Copy)]
pub(super) enum NamedBy {
    Visit(VisitId),
    Intent(IntentId),
}

impl NamedBy {
    /// The detail of an audit event.
    fn detail(self) -> Value {
        match self {
            Self::Visit(visit) => json!({ "visit": visit }),
            Self::Intent(intent) => json!({ "intent": intent }),
        }
    }
}

/// The blob, and the visit or intent through which the asker may see it.
pub(super) fn find_readable(conn: &mut Conn, ctx: &Ctx, reach: &Reach, sha256: Hash) -> AppResult<(BlobRow, NamedBy)> {
    let row = blobs::find_blob(conn, ctx.actor.org, sha256)?.ok_or(ErrorCode::NotFound)?;
    let named_by = match find_visit(conn, ctx, &row, reach)? {
        Some(visit) => Some(NamedBy::Visit(visit)),
        None => find_intent(conn, &row, reach.people.as_deref())?.map(NamedBy::Intent),
    };
    Ok((row, named_by.ok_or(ErrorCode::NotFound)?))
}

/// The blobs that are here, of those a visit within reach names, as far as the asker may open them.
///
/// # Errors
/// Database errors only.
pub(in crate::app) fn list_openable(
    conn: &mut Conn,
    ctx: &Ctx,
    visit: &VisitRecord,
    named: &[Hash],
) -> AppResult<Vec<BlobRow>> {
    let org = ctx.actor.org;
    let here = blobs::list_blobs(conn, org, named)?;
    let reach = reach::of(conn, ctx)?;
    if reach.sees_everybodys(&visit.state) {
        return Ok(here);
    }
    let crew = list_crew(conn, org, visit.id.0)?;
    let bringers = list_bringers_of(conn, org, named)?;
    let mut openable = Vec::new();
    for row in here {
        let of_crew = bringers.get(&row.sha256.0).is_some_and(|bringers| !bringers.is_disjoint(&crew));
        // Else through another visit, or an intent.
        let may_open = of_crew
            || match find_readable(conn, ctx, &reach, row.sha256.0) {
                Ok(_) => true,
                Err(error) if error.code() == ErrorCode::NotFound => false,
                Err(error) => return Err(error),
            };
        if may_open {
            openable.push(row);
        }
    }
    Ok(openable)
}

/// A visit within reach that names the blob.
fn find_visit(conn: &mut Conn, ctx: &Ctx, row: &BlobRow, reach: &Reach) -> AppResult<Option<VisitId>> {
    let org = ctx.actor.org;
    let claiming = blobs::list_claiming_visits(conn, org, row.sha256.0)?.into_iter().collect();
    let filter = VisitFilter { ids: Some(claiming), reach: reach.visits.clone(), ..VisitFilter::default() };
    let bringers = list_bringers(conn, org, row.sha256.0)?;
    for visit in list_visits(conn, org, &filter, "", i64::MAX)? {
        if reach.sees_everybodys(&visit.state) || !list_crew(conn, org, visit.id.0)?.is_disjoint(&bringers) {
            return Ok(Some(visit.id.0));
        }
    }
    Ok(None)
}

/// An intent of somebody within reach that names the blob; as with visits, its author must have brought it.
fn find_intent(conn: &mut Conn, row: &BlobRow, reach: Option<&[UserId]>) -> AppResult<Option<IntentId>> {
    let bringers = list_bringers(conn, row.org_id.0, row.sha256.0)?;
    let claiming = list_claiming_intents(conn, row.org_id.0, row.sha256.0)?;
    let mut visible = claiming.into_iter().filter(|(_, author)| match reach {
        None => true,
        Some(reach) => reach.contains(author) && bringers.contains(author),
    });
    Ok(visible.next().map(|(intent, _)| intent))
}

/// The crew of a visit, past and present: of the blobs it names they may open those that one of them brought.
///
/// A rep who only knows the hash of a colleague's photo could name it in a visit of his own: knowing a
/// hash never grants access (design section 4).
fn list_crew(conn: &mut Conn, org: OrgId, visit: VisitId) -> AppResult<BTreeSet<UserId>> {
    let assignments = assignments::list_assignments(conn, org, visit)?;
    Ok(assignments.into_iter().map(|assignment| assignment.rep_id.0).collect())
}
