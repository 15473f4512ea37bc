//! What a reviewer says of something that was found about a photo.

use doorstep_store::findings::{self, FindingDecisionRow, FindingRow};
use doorstep_store::{Conn, Txt};
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::ids::{FindingDecisionId, OrgId, VisitId};
use sync_core::photo::FindingCode;

use super::judge::text;
use crate::app::reviews::{Case, check_comment, open};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit};
use crate::domain::review_words::FindingDecision;

/// What a reviewer says, as he sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingVerdict {
    /// Made by the client: the same again has no effect.
    pub id: FindingDecisionId,
    /// The content he looked at.
    pub sha256: Hash,
    /// Which finding of the photo.
    pub code: String,
    /// The decision.
    pub decision: FindingDecision,
    /// Why, in words.
    pub comment: Option<String>,
}

/// Decides on a finding; of several decisions the newest counts.
///
/// It neither claims the visit nor judges the photo, and may come at any time after the visit was handed in.
///
/// # Errors
/// `not_found`, `four_eyes`, `stale_content` if the photo has other content by now, `invalid` if nothing of the kind was
/// found, `idempotency_mismatch`.
pub async fn decide_finding(
    state: &AppState,
    ctx: Ctx,
    visit: VisitId,
    photo: String,
    sent: FindingVerdict,
) -> AppResult<FindingDecisionRow> {
    check_comment(sent.id.0, sent.comment.as_deref())?;
    let app = state.clone();
    ctx.once().write(&state.store, move |conn| decide(conn, &app, &ctx, visit, &photo, &sent)).await
}

fn decide(
    conn: &mut Conn,
    app: &AppState,
    ctx: &Ctx,
    visit: VisitId,
    photo: &str,
    sent: &FindingVerdict,
) -> AppResult<FindingDecisionRow> {
    let org = ctx.actor.org;
    let case = open(conn, ctx, visit)?;
    if let Some(stored) = findings::find_finding_decision(conn, org, sent.id)? {
        return if is_repeat(&stored, ctx, visit, photo, sent) {
            Ok(stored)
        } else {
            Err(ErrorCode::IdempotencyMismatch.into())
        };
    }
    let finding = find_current(conn, &case, org, visit, photo, sent)?;
    let id = finding.id.0;
    let row = row_of(finding, ctx, sent);
    findings::decide_finding(conn, id, &row)?;
    let detail = json!({ "visit": visit, "photo": photo, "code": row.code, "decision": row.decision });
    audit::record(conn, app, ctx, "photo.finding_decided", sent.id, &detail)?;
    Ok::<_, AppError>(row)
}

/// What was found about the content that counts now, which must be the content he looked at.
fn find_current(
    conn: &mut Conn,
    case: &Case,
    org: OrgId,
    visit: VisitId,
    photo: &str,
    sent: &FindingVerdict,
) -> AppResult<FindingRow> {
    let mut found = findings::list_findings(conn, org, visit)?;
    found.retain(|row| row.photo_id == photo);
    let current = case.view.current_photos().find(|entry| text(&entry.key) == photo);
    match current {
        Some(entry) if entry.value.sha256 == sent.sha256 => {}
        // Withdrawn, or too late to count.
        None if found.is_empty() && !case.view.photos.iter().any(|entry| text(&entry.key) == photo) => {}
        _ => return Err(ErrorCode::StaleContent.into()),
    }
    // A decision on other content of the same photo may stand beside it.
    let is_it = |row: &FindingRow| row.code == sent.code && row.sha256.0 == sent.sha256;
    found.into_iter().find(is_it).ok_or_else(|| {
        let known = FindingCode::from_code(&sent.code).is_some();
        let expected = if known { "something found about this photo" } else { "the code of a finding" };
        Refusal::new(ErrorCode::Invalid).field("code", expected).into()
    })
}

fn row_of(finding: FindingRow, ctx: &Ctx, sent: &FindingVerdict) -> FindingDecisionRow {
    FindingDecisionRow {
        org_id: finding.org_id,
        id: Txt(sent.id),
        visit_id: finding.visit_id,
        photo_id: finding.photo_id,
        sha256: finding.sha256,
        code: finding.code,
        level: finding.level,
        evidence: finding.evidence,
        decision: sent.decision.code().to_owned(),
        comment: sent.comment.clone(),
        decided_by: Txt(ctx.actor.user),
        at_ms: ctx.now.0,
    }
}

/// Whether the stored decision is the one sent; when it came and what was found then are the server's.
fn is_repeat(stored: &FindingDecisionRow, ctx: &Ctx, visit: VisitId, photo: &str, sent: &FindingVerdict) -> bool {
    stored.visit_id.0 == visit
        && stored.photo_id == photo
        && stored.sha256.0 == sent.sha256
        && stored.code == sent.code
        && stored.decision == sent.decision.code()
        && stored.comment == sent.comment
        && stored.decided_by.0 == ctx.actor.user
}
