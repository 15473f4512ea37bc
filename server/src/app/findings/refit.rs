//! Limits that would have told best what reviewers confirmed from what they dismissed.

use std::collections::BTreeMap;

use doorstep_store::findings::{self as rows, FindingDecisionRow};
use doorstep_store::{Conn, Store, norms, photo_near_misses, photo_sightings};
use sync_core::ids::{OrgId, VisitId};
use sync_core::photo::FindingCode;
use sync_core::photo::refit::{Fit, Label, Population, Proposal, Wish, fit};
use sync_core::plan::PolicyRow;
use sync_core::time::UnixMillis;

use crate::app::rows::read;
use crate::app::{AppError, AppResult, ErrorCode};
use crate::domain::review_words::FindingDecision;

/// Visits whose decisions are read in one transaction.
const PAGE: i64 = 500;

/// What decisions say of the limits of a policy.
#[derive(Debug, Clone)]
pub struct Refit {
    /// The policy in force.
    pub policy: PolicyRow,
    /// The newest version that is published.
    pub newest_version: i64,
    /// Findings that were decided on; of several decisions about one the newest counts.
    pub labels: usize,
    /// What they stand for.
    pub population: Population,
    /// How many photos are near to an earlier one of another site and were not told, by bits.
    pub near_misses: Vec<(i64, i64)>,
    /// Every limit that findings say a number for.
    pub fits: Vec<Fit>,
}

impl Refit {
    /// The policy with every limit that tells better, as the next version; `None` if nothing changes.
    #[must_use]
    pub fn next_policy(&self, now: UnixMillis) -> Option<PolicyRow> {
        let changed = self.fits.iter().filter_map(|fit| match fit.proposal {
            Proposal::Change(score) => Some((fit.threshold.key.to_owned(), score.limit.to_string())),
            Proposal::TooFew | Proposal::Nothing | Proposal::Stays => None,
        });
        let changed: Vec<(String, String)> = changed.collect();
        let parameters = self.policy.parameters.clone().into_iter().chain(changed.clone()).collect();
        let next = PolicyRow { version: self.newest_version + 1, effective_from_ms: now, parameters };
        (!changed.is_empty()).then_some(next)
    }
}

/// Reads what people decided in an organisation, and what comes of it for the limits of the policy in force; writes nothing.
/// `progress` hears how many visits were read.
///
/// # Errors
/// `not_found` if no policy is in force; corrupt rows.
pub async fn refit(
    store: &Store,
    org: OrgId,
    now: UnixMillis,
    wish: Wish,
    progress: &dyn Fn(usize),
) -> AppResult<Refit> {
    let in_force = move |conn: &mut Conn| {
        let row = norms::find_policy_at(conn, org, now.0)?.ok_or(ErrorCode::NotFound)?;
        let newest_version = norms::find_newest_policy_version(conn, org)?.unwrap_or(row.version);
        let policy: PolicyRow = read("policies", row.version, &row.body)?;
        let near_misses = photo_near_misses::count_elsewhere(conn, org)?;
        Ok::<_, AppError>((policy, newest_version, population(conn, org)?, near_misses))
    };
    let (policy, newest_version, population, near_misses) = store.read(in_force).await?;
    let labels = load_labels(store, org, progress).await?;
    let fits = fit(&labels, &population, wish, &policy.parameters);
    Ok(Refit { policy, newest_version, labels: labels.len(), population, near_misses, fits })
}

fn population(conn: &mut Conn, org: OrgId) -> AppResult<Population> {
    let whole = |count: i64| u64::try_from(count).unwrap_or_default();
    let known = |(code, count): (String, i64)| Some((FindingCode::from_code(&code)?, whole(count)));
    let undecided = rows::count_open(conn, org)?.into_iter().filter_map(known).collect();
    Ok(Population { photos: whole(photo_sightings::count_sightings(conn, org)?), undecided })
}

async fn load_labels(store: &Store, org: OrgId, progress: &dyn Fn(usize)) -> AppResult<Vec<Label>> {
    let (mut labels, mut visits, mut after) = (Vec::new(), 0, None);
    loop {
        let page = move |conn: &mut Conn| {
            let visits = rows::list_decided_visits(conn, org, after, PAGE)?;
            let mut labels = Vec::new();
            for visit in &visits {
                labels.extend(labels_of(&rows::list_finding_decisions(conn, org, *visit)?)?);
            }
            Ok::<(Vec<VisitId>, Vec<Label>), AppError>((visits, labels))
        };
        let (read, more) = store.read(page).await?;
        let Some(last) = read.last() else { return Ok(labels) };
        after = Some(*last);
        visits += read.len();
        labels.extend(more);
        progress(visits);
    }
}

/// The newest decision about each finding, of all about one visit from the oldest on.
fn labels_of(decided: &[FindingDecisionRow]) -> AppResult<Vec<Label>> {
    let about = |row: &FindingDecisionRow| (row.photo_id.clone(), row.sha256.0, row.code.clone());
    let newest: BTreeMap<_, &FindingDecisionRow> = decided.iter().map(|row| (about(row), row)).collect();
    let label = |row: &FindingDecisionRow| {
        let Some(code) = FindingCode::from_code(&row.code) else { return Ok(None) };
        let evidence = read("finding_decisions", row.id, &row.evidence)?;
        let is_confirmed = row.decision == FindingDecision::Confirmed.code();
        Ok(Some(Label { code, evidence, is_confirmed }))
    };
    let labels: AppResult<Vec<Option<Label>>> = newest.into_values().map(label).collect();
    Ok(labels?.into_iter().flatten().collect())
}
