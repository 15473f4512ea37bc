//! What a reviewer says of something that was found about a photo.

use doorstep_store::findings::{self, FindingDecisionRow, FindingRow};
use doorstep_store::{Conn, Txt};
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::ids::{FindingDecisionId, VisitId};
use sync_core::photo::FindingCode;

use crate::app::reviews::{check_comment, open};
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
    open(conn, ctx, visit)?;
    if let Some(stored) = findings::find_finding_decision(conn, org, sent.id)? {
        return if is_repeat(&stored, ctx, visit, photo, sent) {
            Ok(stored)
        } else {
            Err(ErrorCode::IdempotencyMismatch.into())
        };
    }
    let of_photo = |row: &FindingRow| row.photo_id == photo && row.code == sent.code;
    let Some(finding) = findings::list_findings(conn, org, visit)?.into_iter().find(of_photo) else {
        let known = FindingCode::from_code(&sent.code).is_some();
        let expected = if known { "something found about this photo" } else { "the code of a finding" };
        return Err(Refusal::new(ErrorCode::Invalid).field("code", expected).into());
    };
    if finding.sha256.0 != sent.sha256 {
        return Err(ErrorCode::StaleContent.into());
    }
    let id = finding.id.0;
    let row = row_of(finding, ctx, sent);
    findings::decide_finding(conn, id, &row)?;
    let detail = json!({ "visit": visit, "photo": photo, "code": row.code, "decision": row.decision });
    audit::record(conn, app, ctx, "photo.finding_decided", sent.id, &detail)?;
    Ok::<_, AppError>(row)
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
