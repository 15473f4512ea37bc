//! Looking at every visit whose photos are due, one after the other.

use doorstep_store::feed::FeedBatch;
use doorstep_store::norms::find_policy;
use doorstep_store::photo_checks::{self, PhotoCheckRow};
use doorstep_store::photo_looks::{self, LookRow};
use doorstep_store::photo_near_misses::{self, NearMissRow};
use doorstep_store::photo_sightings::{self, SightingRow};
use doorstep_store::{Conn, StoreError, Txt, findings as rows, installed_items, presence};
use sync_core::ids::{FindingId, OrgId, VisitId};
use sync_core::photo::Finding;
use sync_core::plain_json;
use sync_core::time::UnixMillis;

use super::album::Album;
use super::judge::{self, Looked};
use super::{VERSION, belated, reused};
use crate::app::reviews::on_resubmission;
use crate::app::turns::Turns;
use crate::app::visits;
use crate::app::{AppError, AppResult, AppState};
use crate::ports::BlobError;

/// Visits of an organisation in one turn: its prints may have to be read for it.
const TURN: i64 = 8;

/// After so many visits that were looked at, the pass begins anew.
const LONG_PASS: usize = 500;

/// Looks at the photos of every visit that is due, in turns by organisation; returns how many visits were settled.
///
/// Equal photos and records give equal rows, so looking again changes nothing. Killed in between, a visit was looked at or
/// it was not.
///
/// # Concurrency
/// For one node at a time: which of two photos was there before is the order in which they are looked at. Should two ever
/// run, one of them takes a place in that order from the other, which then leaves the visit due.
///
/// # Errors
/// Only if the database cannot be used at all. A visit that cannot be looked at is logged, keeps back no other, and stays
/// due; so does, without a word, one that waits for a copy that was lost.
pub async fn evaluate_due(state: &AppState) -> AppResult<usize> {
    let (mut settled, mut turns, mut begun_at) = (0, Turns::default(), 0);
    loop {
        if settled - begun_at >= LONG_PASS {
            // What has come meanwhile may stand before what is looked at again when there is time.
            (turns, begun_at) = (Turns::default(), settled);
        }
        let take = move |conn: &mut Conn| {
            let list = |conn: &mut Conn, org, after: Option<&_>| photo_checks::list_due(conn, org, after, TURN);
            let due = turns.next(conn, photo_checks::find_due_org, list)?;
            Ok::<_, AppError>((turns, due))
        };
        let (taken, due) = state.store.read(take).await?;
        if due.is_empty() {
            return Ok(settled);
        }
        turns = taken;
        for row in due {
            match evaluate(state, row.clone()).await {
                Ok(true) => settled += 1,
                // More came meanwhile: what was found is of yesterday.
                Ok(false) => state.findings.wake(),
                // A small copy that it is compared by was lost: the end of the ingest that makes it anew wakes the job.
                Err(AppError::Blob(BlobError::NotFound)) => {}
                // Another node was at it: the next pass sees what that one made of it.
                Err(AppError::Store(StoreError::Stale | StoreError::Conflict { .. })) => {}
                Err(AppError::Store(error)) if error.is_outage() => return Err(error.into()),
                Err(error) => {
                    tracing::error!(org = %row.org_id, visit = %row.visit_id, ?error, "photos cannot be looked at");
                }
            }
        }
    }
}

/// Whether anything is due.
///
/// # Errors
/// Database errors only.
pub async fn is_any_due(state: &AppState) -> AppResult<bool> {
    let find = |conn: &mut Conn| Ok::<_, AppError>(photo_checks::find_due_org(conn, None)?);
    Ok(state.store.read(find).await?.is_some())
}

/// Looks at the photos of one visit; false if more came meanwhile.
async fn evaluate(state: &AppState, check: PhotoCheckRow) -> AppResult<bool> {
    let (org, visit, now) = (check.org_id.0, check.visit_id.0, state.clock.now());
    let look = move |conn: &mut Conn| judge::look(conn, org, visit, now);
    let mut looked = state.store.read(look).await?;
    if !looked.belated.is_empty() {
        belated::take_in(Album::of(state), org, &looked, now).await?;
        state.findings.wake();
        // The places behind the last one were taken.
        looked = state.store.read(look).await?;
    }
    reused::compare(Album::of(state), org, &mut looked).await?;
    let sightings: Vec<SightingRow> = looked.photos.iter().filter_map(|photo| photo.new_sighting(org)).collect();
    let found = finding_rows(org, &looked, now.0)?;
    let near: Vec<NearMissRow> = looked.photos.iter().filter_map(|photo| photo.near_miss_row(org)).collect();
    let look = LookRow {
        org_id: check.org_id,
        visit_id: check.visit_id,
        rules_version: VERSION,
        policy_version: looked.policy.version,
        awaited_policy: looked.awaited_policy,
        looked_at_ms: now.0,
    };
    state
        .store
        .write(move |conn| {
            // As everybody who decides about the visit, and before any other row.
            presence::lock_visit(conn, org, visit)?;
            if let Some(version) = look.awaited_policy
                && find_policy(conn, org, version)?.is_some()
            {
                // Published since the look, when nobody knew that this visit waits for it.
                return Ok(false);
            }
            if !photo_checks::settle(conn, &check)? {
                return Ok(false);
            }
            photo_sightings::insert_sightings(conn, &sightings)?;
            rows::replace_findings(conn, org, visit, &found)?;
            photo_near_misses::replace_near_misses(conn, org, visit, &near)?;
            photo_looks::put_look(conn, &look)?;
            project_anew(conn, org, visit, &looked, now)?;
            Ok::<_, AppError>(true)
        })
        .await
}

/// Writes the state of a visit anew where another follows by now: it was derived by an earlier version of the rules, and a
/// later one has such visits looked at.
fn project_anew(conn: &mut Conn, org: OrgId, visit: VisitId, looked: &Looked, now: UnixMillis) -> AppResult<()> {
    // Of visits from before they were kept.
    if installed_items::list_of_visits(conn, org, &[visit])? != looked.items {
        installed_items::replace_items(conn, org, visit, &looked.items)?;
    }
    if visits::is_as_stored(conn, org, visit, &looked.projected)? {
        return Ok(());
    }
    let mut batch = FeedBatch::new();
    let projected = visits::reproject(conn, org, visit, now)?;
    on_resubmission(conn, &mut batch, org, visit, &projected, now)?;
    Ok(batch.publish(conn, org).map(drop)?)
}

/// What was found as rows that nobody decided on.
///
/// # Errors
/// If evidence is no plain JSON, which is a defect.
pub(super) fn finding_rows(org: OrgId, looked: &Looked, made_at_ms: i64) -> AppResult<Vec<rows::FindingRow>> {
    let mut found = Vec::new();
    for photo in &looked.photos {
        for Finding { code, level, evidence, earlier } in &photo.findings {
            let seen = &photo.seen;
            let evidence = plain_json::to_string(evidence).map_err(|error| AppError::Internal(error.to_string()))?;
            let earlier = earlier.as_ref();
            found.push(rows::FindingRow {
                org_id: Txt(org),
                id: Txt(FindingId::of(seen.visit, &seen.photo, seen.sha256, *code)),
                visit_id: Txt(seen.visit),
                photo_id: seen.photo.clone(),
                sha256: Txt(seen.sha256),
                code: code.code().to_owned(),
                level: level.score(),
                evidence,
                earlier_visit_id: earlier.map(|earlier| Txt(earlier.visit)),
                earlier_photo_id: earlier.map(|earlier| earlier.photo.clone()),
                earlier_sha256: earlier.map(|earlier| Txt(earlier.sha256)),
                state: rows::OPEN.to_owned(),
                version: VERSION,
                made_at_ms,
            });
        }
    }
    Ok(found)
}
