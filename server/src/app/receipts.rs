//! Complete receipts: the server's signed word that everything a visit declares is durable.
//!
//! Issued when somebody asks and, by itself, with the news of a visit that was handed in: as long as a rep works, each
//! of his edits would make the one before worthless. A receipt is stored and never changed; other content makes
//! another one, and so does the revocation of its key.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::receipts::{self, CompleteReceiptRow};
use doorstep_store::{Conn, Txt, blobs, documents, evidence, presence};
use sync_core::bytes::Hash;
use sync_core::ids::{OrgId, VisitId};
use sync_core::jws;
use sync_core::plain_json;
use sync_core::receipt::CompleteReceipt;
use sync_core::time::UnixMillis;

use super::reach;
use super::rows::corrupt;
use super::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal};
use crate::auth::keys::{KeyRing, ServerKey};

/// Most missing items that a refusal names.
const MAX_NAMED: usize = 100;

/// When to ask again for the receipt of a visit of which something is missing, in seconds.
const RETRY_AFTER_SECS: i64 = 60;

/// What of a visit's evidence is not here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gaps {
    /// Whether the document itself is missing.
    pub document: bool,
    /// Blobs that are not durable.
    pub blobs: BTreeSet<Hash>,
    /// Statements that the document names.
    pub statements: BTreeSet<Hash>,
}

/// Everything a complete receipt says but for its instant.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    heads: Vec<Hash>,
    blobs: Vec<Hash>,
    statements: Vec<Hash>,
}

/// How a visit stands.
enum Standing {
    /// The newest receipt says how the visit is now.
    Current(Box<CompleteReceiptRow>),
    /// Everything is here, and no receipt says so yet; the number of the next one.
    Due(Content, i64),
    Lacking(Gaps),
}

/// Shows the receipt of a visit as it is now; the first to ask has it issued.
///
/// # Errors
/// `not_found` if the visit is absent or out of reach; `evidence_incomplete` names what is missing.
pub async fn show_complete(state: &AppState, ctx: Ctx, visit: VisitId) -> AppResult<CompleteReceiptRow> {
    let keys = state.keys();
    state
        .store
        .write(move |conn| {
            reach::load_visit(conn, &ctx, visit)?;
            ensure_complete(conn, &keys, ctx.actor.org, visit, ctx.now)?.map_err(|gaps| refusal(&gaps).into())
        })
        .await
}

/// The receipts that belong to the news of these visits, but those that cannot be had for a reason of their visit.
///
/// # Errors
/// The database is away, or holds other data by now.
pub(crate) async fn of_news(state: &AppState, org: OrgId, news: Vec<VisitId>) -> AppResult<Vec<String>> {
    if news.is_empty() {
        return Ok(Vec::new());
    }
    let looking = state.clone();
    let (mut known, due) = state.store.read(move |conn| look_up(conn, &looking, org, &news)).await?;
    if !due.is_empty() {
        known.extend(issue_all(state, org, due).await?);
    }
    Ok(known.into_values().collect())
}

/// Issues receipts together; if that fails, each by itself, so that one that cannot be written keeps back no other.
async fn issue_all(state: &AppState, org: OrgId, due: Vec<VisitId>) -> AppResult<BTreeMap<VisitId, String>> {
    let now = state.clock.now();
    let issue = async |due: Vec<VisitId>| {
        let keys = state.keys();
        state.store.write(move |conn| issue(conn, &keys, org, &due, now)).await
    };
    let together = issue(due.clone()).await;
    if together.is_ok() {
        return together;
    }
    let mut issued = BTreeMap::new();
    for visit in due {
        issued.extend(unless_faulty(state, org, visit, issue(vec![visit]).await)?.unwrap_or_default());
    }
    Ok(issued)
}

/// What was found for one visit; a fault of its own is told to whoever runs the server, and costs no other visit anything.
fn unless_faulty<T>(state: &AppState, org: OrgId, visit: VisitId, found: AppResult<T>) -> AppResult<Option<T>> {
    match found {
        Err(error) if state.stopping.is_displaced() => Err(error),
        Err(AppError::Store(error)) if error.is_outage() => Err(error.into()),
        Err(error) => {
            tracing::error!(%org, %visit, ?error, "the receipt of a complete visit cannot be given");
            Ok(None)
        }
        Ok(found) => Ok(Some(found)),
    }
}

/// What is issued, by visit, and the visits for which something must be.
type Known = (BTreeMap<VisitId, String>, Vec<VisitId>);

fn look_up(conn: &mut Conn, state: &AppState, org: OrgId, news: &[VisitId]) -> AppResult<Known> {
    let (keys, mut known, mut due) = (state.keys(), BTreeMap::new(), Vec::new());
    for visit in receipts::list_complete(conn, org, news, &reach::handed_in())? {
        let standing = standing(conn, &keys, org, visit);
        match unless_faulty(state, org, visit, standing)? {
            Some(Standing::Current(row)) => drop(known.insert(visit, row.jws)),
            Some(Standing::Due(..)) => due.push(visit),
            Some(Standing::Lacking(_)) | None => {}
        }
    }
    Ok((known, due))
}

fn issue(
    conn: &mut Conn,
    keys: &KeyRing,
    org: OrgId,
    due: &[VisitId],
    now: UnixMillis,
) -> AppResult<BTreeMap<VisitId, String>> {
    let mut issued = BTreeMap::new();
    // In the order of their ids, as everybody who locks several.
    for visit in due.iter().copied().collect::<BTreeSet<_>>() {
        if let Ok(row) = ensure_complete(conn, keys, org, visit, now)? {
            issued.insert(visit, row.jws);
        }
    }
    Ok(issued)
}

/// The receipt of a visit as it is now, issued if there is none; else what is missing.
///
/// # Concurrency
/// Holds the visit's row until the commit, as pushes do: nothing is named that another transaction takes away.
fn ensure_complete(
    conn: &mut Conn,
    keys: &KeyRing,
    org: OrgId,
    visit: VisitId,
    now: UnixMillis,
) -> AppResult<Result<CompleteReceiptRow, Gaps>> {
    presence::lock_visit(conn, org, visit)?;
    let (content, number) = match standing(conn, keys, org, visit)? {
        Standing::Current(row) => return Ok(Ok(*row)),
        Standing::Lacking(gaps) => return Ok(Err(gaps)),
        Standing::Due(content, number) => (content, number),
    };
    let content_sha256 = Txt(content.digest()?);
    let jws = content.sign(keys.evidence_signer(), org, visit, now)?;
    let row =
        CompleteReceiptRow { org_id: Txt(org), visit_id: Txt(visit), number, content_sha256, jws, issued_at_ms: now.0 };
    receipts::insert_complete_receipt(conn, &row)?;
    Ok(Ok(row))
}

fn standing(conn: &mut Conn, keys: &KeyRing, org: OrgId, visit: VisitId) -> AppResult<Standing> {
    let heads = documents::find_heads(conn, org, visit)?;
    let gaps = Gaps {
        document: heads.is_none(),
        blobs: blobs::list_missing(conn, org, visit)?,
        statements: presence::list_missing_statements(conn, org, visit)?,
    };
    let Some(heads) = heads.filter(|_| gaps.blobs.is_empty() && gaps.statements.is_empty()) else {
        return Ok(Standing::Lacking(gaps));
    };
    let mut statements: Vec<Hash> =
        evidence::list_statements(conn, org, visit)?.into_iter().map(|row| row.digest.0).collect();
    statements.sort();
    let content = Content { heads, blobs: receipts::list_required_blobs(conn, org, visit)?, statements };
    let newest = receipts::find_complete_receipt(conn, org, visit)?;
    let number = newest.as_ref().map_or(1, |row| row.number + 1);
    match newest {
        Some(row) if row.content_sha256.0 == content.digest()? && is_in_force(keys, &row)? => {
            Ok(Standing::Current(Box::new(row)))
        }
        _ => Ok(Standing::Due(content, number)),
    }
}

/// Whether phones still take it: not once its key was revoked.
fn is_in_force(keys: &KeyRing, row: &CompleteReceiptRow) -> AppResult<bool> {
    let signed = jws::parse(&row.jws).map_err(|error| corrupt("complete_receipts", row.visit_id, error))?;
    Ok(!keys.has_revoked(&signed.header.kid))
}

impl Content {
    fn digest(&self) -> AppResult<Hash> {
        let listed = plain_json::to_vec(&(&self.heads, &self.blobs, &self.statements)).map_err(defect)?;
        Ok(Hash::of(&listed))
    }

    fn sign(self, signer: &ServerKey, org: OrgId, visit: VisitId, at_ms: UnixMillis) -> AppResult<String> {
        let Self { heads, blobs, statements } = self;
        let receipt = CompleteReceipt { org, visit, heads, blobs, statements, at_ms };
        let input = receipt.prepare(&signer.kid).map_err(defect)?;
        Ok(jws::finish(&input, &signer.sign(input.as_bytes())))
    }
}

fn defect(error: plain_json::PlainJsonError) -> AppError {
    AppError::Internal(format!("a complete receipt cannot be written: {error}"))
}

/// Says what is missing, by name.
fn refusal(gaps: &Gaps) -> Refusal {
    let (blobs, statements) = (gaps.blobs.len(), gaps.statements.len());
    let mut refusal = Refusal::new(ErrorCode::EvidenceIncomplete).retry_after(RETRY_AFTER_SECS).detail(
        if gaps.document {
            "The document of the visit has not arrived".to_owned()
        } else {
            format!("{blobs} blobs and {statements} statements have not arrived")
        },
        if gaps.document {
            "工单记录尚未到达".to_owned()
        } else {
            format!("尚缺 {blobs} 个文件、{statements} 份确认单")
        },
    );
    let blobs = gaps.blobs.iter().map(|blob| ("blob", blob));
    for (path, name) in blobs.chain(gaps.statements.iter().map(|digest| ("statement", digest))).take(MAX_NAMED) {
        refusal = refusal.field(path, name.to_string());
    }
    refusal
}
