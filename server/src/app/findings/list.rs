//! What was found about the photos of a visit, for who judges it.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::findings::{self, FindingRow};
use doorstep_store::{Conn, photo_checks, photo_sightings};
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;
use sync_core::photo::{Evidence, FindingCode};
use sync_core::time::UnixMillis;

use super::hints::{PhotoHints, list_hints};
use crate::app::rows::{corrupt, read};
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, reach};

/// A photo of another visit that was there before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierPhoto {
    /// Its visit.
    pub visit: VisitId,
    /// Its record.
    pub photo: String,
    /// Its content.
    pub sha256: Hash,
    /// When it was taken, as well as the clocks told; absent if nobody knows any more.
    pub taken_at: Option<UnixMillis>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The row.
    pub row: FindingRow,
    /// What it says.
    pub code: FindingCode,
    /// Why.
    pub evidence: Evidence,
    /// The photo that was there before; absent where its visit is out of the asker's reach.
    pub earlier: Option<EarlierPhoto>,
}

/// What was found about the photos of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitFindings {
    /// The heaviest first.
    pub items: Vec<Found>,
    /// What the metadata inside the photos that were looked at says, by photo.
    pub hints: Vec<PhotoHints>,
    /// Whether photos of the visit wait to be looked at.
    pub is_due: bool,
}

/// Lists what was found about the photos of a visit, the heaviest first.
///
/// # Errors
/// `not_found` if absent or out of reach; corrupt rows.
pub async fn list_findings(state: &AppState, ctx: Ctx, visit: VisitId) -> AppResult<VisitFindings> {
    state
        .store
        .read(move |conn| {
            reach::load_visit(conn, &ctx, visit)?;
            let org = ctx.actor.org;
            let rows = findings::list_findings(conn, org, visit)?;
            let earlier: BTreeSet<VisitId> = rows.iter().filter_map(|row| Some(row.earlier_visit_id?.0)).collect();
            let earlier = taken_at(conn, &ctx, earlier)?;
            let mut items: Vec<Found> = rows.into_iter().map(|row| found(row, &earlier)).collect::<AppResult<_>>()?;
            // Photos stay together where they weigh alike.
            items.sort_by_key(|item| std::cmp::Reverse(item.row.level));
            let hints = list_hints(conn, org, visit)?;
            Ok::<_, AppError>(VisitFindings { items, hints, is_due: photo_checks::is_due(conn, org, visit)? })
        })
        .await
}

/// When the photos of a visit were taken, by record and content.
type TakenAt = BTreeMap<(String, Hash), UnixMillis>;

/// When the photos of other visits were taken, of those that the asker may know of.
fn taken_at(conn: &mut Conn, ctx: &Ctx, visits: BTreeSet<VisitId>) -> AppResult<BTreeMap<VisitId, TakenAt>> {
    let mut known = BTreeMap::new();
    for visit in visits {
        match reach::load_visit(conn, ctx, visit) {
            Ok(_) => {}
            Err(AppError::Refused(refusal)) if refusal.code == ErrorCode::NotFound => continue,
            Err(error) => return Err(error),
        }
        let seen = photo_sightings::list_of_visit(conn, ctx.actor.org, visit)?;
        let seen = seen.into_iter().map(|row| ((row.photo_id, row.sha256.0), UnixMillis(row.taken_at_ms)));
        known.insert(visit, seen.collect());
    }
    Ok(known)
}

fn found(row: FindingRow, known: &BTreeMap<VisitId, TakenAt>) -> AppResult<Found> {
    let code = FindingCode::from_code(&row.code);
    let code = code.ok_or_else(|| corrupt("findings", row.id, format!("no finding is called {}", row.code)))?;
    let evidence = read("findings", row.id, &row.evidence)?;
    let earlier = row.earlier_visit_id.zip(row.earlier_photo_id.clone()).zip(row.earlier_sha256);
    let earlier = earlier.and_then(|((visit, photo), sha256)| {
        let taken_at = known.get(&visit.0)?.get(&(photo.clone(), sha256.0)).copied();
        Some(EarlierPhoto { visit: visit.0, photo, sha256: sha256.0, taken_at })
    });
    Ok(Found { row, code, evidence, earlier })
}
