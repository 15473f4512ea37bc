//! Everything a reviewer needs to judge a visit.

use std::collections::BTreeMap;

use doorstep_store::Conn;
use doorstep_store::evidence::list_statements;
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;
use sync_core::merge::view::Finding;
use sync_core::rules::{Blocker, Moment, Trace, blocking, evaluate_for};
use sync_core::statement::body::VerdictItem;
use sync_core::statement::{Body, changed_after_signing, newest_first};
use sync_core::time::UnixMillis;

use super::case::Case;
use super::claim;
use crate::app::blobs::list_openable;
use crate::app::rows::read;
use crate::app::{AppResult, AppState, Ctx, reach};
use crate::domain::review::{self, Claim};

/// A sealed statement of the visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewStatement {
    /// Its digest.
    pub digest: Hash,
    /// Document kind.
    pub kind: String,
    /// When it arrived.
    pub received_at: UnixMillis,
    /// The rules' verdicts as the rep saw them when the customer signed.
    pub verdicts: Vec<VerdictItem>,
}

/// A visit as a reviewer sees it.
#[derive(Debug, Clone)]
pub struct VisitReview {
    /// The visit.
    pub case: Case,
    /// The outcome it is judged for.
    pub outcome: String,
    /// Who is reviewing it now.
    pub claim: Option<Claim>,
    /// Its statements, oldest first.
    pub statements: Vec<ReviewStatement>,
    /// What every rule says, on the content that is judged.
    pub traces: Vec<Trace>,
    /// What stands against the outcome.
    pub blockers: Vec<Blocker>,
    /// Preview state of each current photo that arrived.
    pub previews: BTreeMap<Hash, String>,
}

/// Shows a visit with plan, photos, form, readings, answers, rules and decisions.
///
/// # Errors
/// `not_found` if absent or out of reach.
pub async fn show_review(state: &AppState, ctx: Ctx, visit: VisitId) -> AppResult<VisitReview> {
    state
        .store
        .read(move |conn| {
            let row = reach::load_visit(conn, &ctx, visit)?;
            let mut case = Case::load(conn, row, ctx.now)?;
            if reach::of(conn, &ctx)?.masks(&case.loaded.plan.visit.crew) {
                mask(&mut case);
            }
            assemble(conn, &ctx, case)
        })
        .await
}

fn assemble(conn: &mut Conn, ctx: &Ctx, mut case: Case) -> AppResult<VisitReview> {
    let (org, visit) = (ctx.actor.org, case.row.id.0);
    let outcome = review::outcome(&case.view);
    let facts = case.facts();
    let moments = [Moment::Start, Moment::Finish, Moment::Server].into_iter();
    let traces = moments.flat_map(|moment| evaluate_for(&facts, moment, Some(&outcome))).collect();
    let blockers = blocking(&facts, &outcome);
    let names = Vec::from_iter(case.view.current_photos().map(|photo| photo.value.sha256));
    let openable = list_openable(conn, ctx, &case.row, &names)?.into_iter();
    let previews = openable.map(|blob| (blob.sha256.0, blob.preview_state)).collect();
    let claim = claim::find(conn, org, visit)?.filter(|claim| claim.until > ctx.now);
    let (statements, changed) = statements(conn, &case)?;
    case.findings.extend(changed);
    case.findings.sort();
    Ok(VisitReview { case, outcome, claim, statements, traces, blockers, previews })
}

/// The statements of the visit, and what the crew changed since it sealed the newest of them.
fn statements(conn: &mut Conn, case: &Case) -> AppResult<(Vec<ReviewStatement>, Vec<Finding>)> {
    let rows = list_statements(conn, case.row.org_id.0, case.row.id.0)?;
    let (mut shown, mut bodies) = (Vec::with_capacity(rows.len()), BTreeMap::new());
    for row in rows {
        let body: Body = read("statements", row.digest, &String::from_utf8_lossy(&row.body))?;
        shown.push(ReviewStatement {
            digest: row.digest.0,
            kind: row.kind,
            received_at: UnixMillis(row.received_at_ms),
            verdicts: body.verdicts.clone(),
        });
        bodies.insert(row.digest.0, body);
    }
    // Only what was verified is stored; a statement still on its way is not compared with.
    let newest = newest_first(&case.view).find_map(|(digest, named)| Some((bodies.get(&digest)?, named)));
    let changed = newest.map(|(body, named)| changed_after_signing(&case.view, &case.loaded.template, body, named));
    Ok((shown, changed.unwrap_or_default()))
}

/// Hides where the customer lives from who judges only (rulebook section 20, "R masked").
fn mask(case: &mut Case) {
    if let Some(site) = &mut case.loaded.plan.site {
        let kept: String = site.address.chars().take(6).collect();
        site.address = format!("{kept}***");
        site.access_note = None;
    }
}
