//! What the rules say of photos that were looked at, beside what is stored.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::findings::{self as rows, FindingDecisionRow, FindingRow, OPEN};
use doorstep_store::photo_near_misses::{NearMissRow, list_near_misses};
use doorstep_store::{Conn, photo_checks, photo_looks};
use sync_core::ids::{FindingId, OrgId, VisitId};
use sync_core::time::UnixMillis;

use super::album::Album;
use super::judge::{self, Looked};
use super::{VERSION, evaluate, reused};
use crate::app::{AppError, AppResult};
use crate::ports::BlobError;

/// What came of a visit that was looked at.
#[derive(Debug)]
pub(crate) enum Rebuilt {
    /// Its photos are to be looked at again, or were by other rules: what is stored is not to be what follows now.
    Waits,
    /// What is stored of it cannot be read, or not be compared.
    Unreadable(AppError),
    /// A small copy that it was compared by is lost, so nobody can tell.
    Unknown,
    /// It was compared.
    Compared(Vec<Unlike>),
}

/// A finding that is stored otherwise than it follows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Unlike {
    /// The photo.
    pub photo: String,
    /// The code of the finding, if it is about one.
    pub code: Option<String>,
    /// What is wrong, without content.
    pub what: &'static str,
}

/// A visit as it is stored, and as far as its photos say it by themselves.
struct Stored {
    looked: Looked,
    found: Vec<FindingRow>,
    decided: Vec<FindingDecisionRow>,
    near: Vec<NearMissRow>,
}

/// Compares a page of the visits whose photos were looked at, behind a place, with what follows from what is stored.
///
/// # Errors
/// Only if the database or the storage cannot be used; what cannot be read of one visit is told of it.
pub(crate) async fn rebuild(
    album: Album<'_>,
    org: OrgId,
    after: Option<VisitId>,
    limit: i64,
    now: UnixMillis,
) -> AppResult<Vec<(VisitId, Rebuilt)>> {
    let load = move |conn: &mut Conn| {
        let visits = photo_looks::list_looks(conn, org, after, limit)?;
        let one = |row: photo_looks::LookRow| {
            let visit = row.visit_id.0;
            let stored = if row.rules_version == VERSION { load(conn, org, visit, now) } else { Ok(None) };
            match stored {
                Err(AppError::Store(error)) if error.is_outage() => Err(error.into()),
                stored => Ok((visit, stored)),
            }
        };
        visits.into_iter().map(one).collect::<AppResult<Vec<_>>>()
    };
    let mut rebuilt = Vec::new();
    for (visit, stored) in album.store.read(load).await? {
        let of_visit = match stored {
            Err(error) => Rebuilt::Unreadable(error),
            Ok(None) => Rebuilt::Waits,
            Ok(Some(stored)) => compare(album, org, stored).await?,
        };
        rebuilt.push((visit, of_visit));
    }
    Ok(rebuilt)
}

/// One visit in one state of the database; nothing where its photos wait to be looked at again.
fn load(conn: &mut Conn, org: OrgId, visit: VisitId, now: UnixMillis) -> AppResult<Option<Stored>> {
    if photo_checks::is_due(conn, org, visit)? {
        return Ok(None);
    }
    let looked = judge::look(conn, org, visit, now)?;
    let found = rows::list_findings(conn, org, visit)?;
    let decided = rows::list_finding_decisions(conn, org, visit)?;
    let near = list_near_misses(conn, org, visit)?;
    Ok(Some(Stored { looked, found, decided, near }))
}

async fn compare(album: Album<'_>, org: OrgId, mut stored: Stored) -> AppResult<Rebuilt> {
    match reused::compare(album, org, &mut stored.looked).await {
        Ok(()) => {}
        Err(AppError::Blob(BlobError::NotFound)) => return Ok(Rebuilt::Unknown),
        Err(error @ (AppError::Blob(BlobError::Unreachable(_)) | AppError::Store(_))) => return Err(error),
        Err(error) => return Ok(Rebuilt::Unreadable(error)),
    }
    let new = stored.looked.photos.iter().filter(|photo| photo.is_new);
    let unseen = new.map(|photo| unlike(&photo.seen.photo, None, "it counts and was never looked at"));
    let mut unlike: Vec<Unlike> = unseen.collect();
    let expected = evaluate::finding_rows(org, &stored.looked, 0)?;
    unlike.extend(differences(&expected, &stored.found, &stored.decided));
    unlike.extend(near_differences(org, &stored));
    unlike.sort();
    Ok(Rebuilt::Compared(unlike))
}

/// The photos of which another near miss is stored than follows.
fn near_differences(org: OrgId, stored: &Stored) -> Vec<Unlike> {
    let expected: Vec<NearMissRow> = stored.looked.photos.iter().filter_map(|photo| photo.near_miss_row(org)).collect();
    let missing = expected.iter().filter(|row| !stored.near.contains(row));
    let odd = missing.chain(stored.near.iter().filter(|row| !expected.contains(row)));
    let photos: BTreeSet<&str> = odd.map(|row| row.photo_id.as_str()).collect();
    let what = "how near it is to an earlier one is not what follows";
    photos.into_iter().map(|photo| unlike(photo, None, what)).collect()
}

/// Where rows are not what follows: those that nobody decided on from the photos, the others from what was decided.
fn differences(expected: &[FindingRow], stored: &[FindingRow], decided: &[FindingDecisionRow]) -> Vec<Unlike> {
    let by_id = |rows: &[FindingRow]| rows.iter().map(|row| (row.id.0, row.clone())).collect::<BTreeMap<_, _>>();
    let (expected, stored) = (by_id(expected), by_id(stored));
    let ids: BTreeSet<FindingId> = expected.keys().chain(stored.keys()).copied().collect();
    let mut found = Vec::new();
    for id in ids {
        let (expected, stored) = (expected.get(&id), stored.get(&id));
        let what = match (expected, stored) {
            (Some(_), None) => Some("it is not stored"),
            (_, Some(row)) if row.state != OPEN => fault_of_decided(row, decided),
            (None, Some(_)) => Some("it does not follow from the photo"),
            (Some(expected), Some(row)) if is_otherwise(expected, row) => Some("it is not what follows from the photo"),
            _ => None,
        };
        let row = stored.or(expected).zip(what);
        found.extend(row.map(|(row, what)| unlike(&row.photo_id, Some(&row.code), what)));
    }
    let is_stored = |decision: &&FindingDecisionRow| stored.values().any(|row| is_about(decision, row));
    let gone = decided.iter().filter(|decision| !is_stored(decision));
    let gone: BTreeSet<(&str, &str)> = gone.map(|one| (one.photo_id.as_str(), one.code.as_str())).collect();
    let is_told = |photo: &str, code: &str, found: &[Unlike]| {
        found.iter().any(|one| one.photo == photo && one.code.as_deref() == Some(code))
    };
    for (photo, code) in gone {
        if !is_told(photo, code, &found) {
            found.push(unlike(photo, Some(code), "it was decided on and is not stored"));
        }
    }
    found
}

fn unlike(photo: &str, code: Option<&str>, what: &'static str) -> Unlike {
    Unlike { photo: photo.to_owned(), code: code.map(str::to_owned), what }
}

/// Whether rows differ in more than when they were made.
fn is_otherwise(expected: &FindingRow, row: &FindingRow) -> bool {
    FindingRow { made_at_ms: row.made_at_ms, ..expected.clone() } != *row
}

/// What was decided on says what the newest decision says, in the words of its time.
fn fault_of_decided(row: &FindingRow, decided: &[FindingDecisionRow]) -> Option<&'static str> {
    let about: Vec<&FindingDecisionRow> = decided.iter().filter(|one| is_about(one, row)).collect();
    let Some(at_ms) = about.iter().map(|one| one.at_ms).max() else {
        return Some("nobody decided on it");
    };
    // Of one instant any may have come last.
    let mut newest = about.iter().filter(|one| one.at_ms == at_ms);
    let is_it = newest.any(|one| one.decision == row.state && one.level == row.level && one.evidence == row.evidence);
    (!is_it).then_some("it is not what was decided on")
}

fn is_about(decision: &FindingDecisionRow, row: &FindingRow) -> bool {
    decision.photo_id == row.photo_id && decision.sha256 == row.sha256 && decision.code == row.code
}
