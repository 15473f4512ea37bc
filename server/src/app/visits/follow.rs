//! Which norms a visit follows.
//!
//! A visit that nobody has begun follows those in force at its planned start, or now where that has passed or there is none.
//! With its first record the phone pins what it had (design section 2.1), and the visit ends under that, whatever is
//! published meanwhile: a published version stays acceptable for ever (design section 2.3).

use doorstep_store::feed::FeedBatch;
use doorstep_store::presence::lock_visits;
use doorstep_store::scope::has_document;
use doorstep_store::visits::{PlannedNorms, VisitRecord, find_visit, list_unbegun, update_plan};
use doorstep_store::{Conn, norms};
use sync_core::ids::{OrgId, VisitId};
use sync_core::time::UnixMillis;
use sync_core::visit::VisitState;

use super::reproject;
use crate::app::norms::version_at;
use crate::app::scope::{load_window, refresh_visit};
use crate::app::{AppError, AppResult, AppState};

/// States of visits that nobody has begun.
const UNBEGUN: [VisitState; 2] = [VisitState::Draft, VisitState::Scheduled];

/// Visits looked at in one query, and changed in one transaction.
const PAGE: i64 = 200;

/// When a visit with this planned start can begin at the earliest.
#[must_use]
pub(crate) fn begins_at(planned_start_ms: Option<i64>, now: UnixMillis) -> UnixMillis {
    planned_start_ms.map_or(now, |start| UnixMillis(start).max(now))
}

/// Versions with the instants from which they count.
#[derive(Debug, Clone, Default)]
struct Published {
    policies: Vec<(i64, i64)>,
    templates: Vec<(String, i64, i64)>,
}

impl Published {
    fn load(conn: &mut Conn, org: OrgId) -> AppResult<Self> {
        let policies = norms::list_policy_versions(conn, org)?;
        Ok(Self { policies, templates: norms::list_template_versions(conn, org)? })
    }

    /// The version of a template and of the policy in force at an instant.
    fn at(&self, code: &str, at: UnixMillis) -> (Option<i64>, Option<i64>) {
        let of_code = self.templates.iter().filter(|(known, ..)| known == code);
        let templates = of_code.map(|(_, version, from_ms)| (*version, *from_ms));
        (version_at(templates, at), version_at(self.policies.iter().copied(), at))
    }
}

/// The norms in force at one instant.
#[derive(Debug, Clone)]
pub(super) struct InForce {
    published: Published,
    at: UnixMillis,
}

impl InForce {
    pub(super) fn load(conn: &mut Conn, org: OrgId, at: UnixMillis) -> AppResult<Self> {
        Ok(Self { published: Published::load(conn, org)?, at })
    }

    pub(super) fn template(&self, code: &str) -> Option<i64> {
        self.published.at(code, self.at).0
    }

    pub(super) fn policy(&self) -> Option<i64> {
        self.published.at("", self.at).1
    }
}

/// Has a visit follow the norms of its planned start, unless its crew has begun; the row is not written yet.
///
/// # Errors
/// Database errors only.
pub(super) fn follow(conn: &mut Conn, row: &mut VisitRecord, now: UnixMillis) -> AppResult<bool> {
    let published = Published::load(conn, row.org_id.0)?;
    follow_of(&published, conn, row, now)
}

/// Whether nobody has begun a visit: its state says so, and there is no document of it.
///
/// # Errors
/// Database errors only.
pub(crate) fn is_unbegun(conn: &mut Conn, row: &VisitRecord) -> AppResult<bool> {
    let state = VisitState::from_code(&row.state);
    let is_new = UNBEGUN.into_iter().any(|unbegun| Some(unbegun) == state);
    Ok(is_new && !has_document(conn, row.org_id.0, row.id.0)?)
}

/// [`follow`], by versions that are loaded already.
fn follow_of(published: &Published, conn: &mut Conn, row: &mut VisitRecord, now: UnixMillis) -> AppResult<bool> {
    if !is_unbegun(conn, row)? {
        return Ok(false);
    }
    let (template, policy) = published.at(&row.template, begins_at(row.planned_start_ms, now));
    let before = (row.template_version, row.policy_version);
    row.template_version = template.unwrap_or(row.template_version);
    row.policy_version = policy.unwrap_or(row.policy_version);
    Ok(before != (row.template_version, row.policy_version))
}

/// Has every visit that nobody has begun follow the norms of its planned start, and tells who carries it; tells how many
/// changed.
///
/// # Errors
/// Database errors; what was changed before stays, and the job comes back to the rest.
///
/// # Concurrency
/// Doing it twice, or on two nodes at once, changes nothing more.
pub async fn follow_norms(state: &AppState, org: OrgId, now: UnixMillis) -> AppResult<u64> {
    let (mut changed, mut after) = (0, String::new());
    loop {
        let from = after.clone();
        let states: Vec<&'static str> = UNBEGUN.iter().map(|state| state.code()).collect();
        let look = move |conn: &mut Conn| {
            let published = Published::load(conn, org)?;
            let page = list_unbegun(conn, org, &states, &from, PAGE)?;
            let last = page.last().map(|visit| visit.id.to_string());
            let lags = |visit: &PlannedNorms| is_behind(&published, visit, now);
            let behind: Vec<VisitId> = page.iter().filter(|visit| lags(visit)).map(|visit| visit.id.0).collect();
            Ok::<_, AppError>((last, behind))
        };
        let (last, behind) = state.store.read(look).await?;
        let Some(last) = last else { return Ok(changed) };
        if !behind.is_empty() {
            changed += move_on(state, org, behind, now).await?;
        }
        after = last;
    }
}

fn is_behind(published: &Published, visit: &PlannedNorms, now: UnixMillis) -> bool {
    let (template, policy) = published.at(&visit.template, begins_at(visit.planned_start_ms, now));
    let differs = |in_force: Option<i64>, planned: i64| in_force.is_some_and(|version| version != planned);
    differs(template, visit.template_version) || differs(policy, visit.policy_version)
}

/// Changes visits in one transaction.
async fn move_on(state: &AppState, org: OrgId, visits: Vec<VisitId>, now: UnixMillis) -> AppResult<u64> {
    let config = state.config.sync.clone();
    let write = move |conn: &mut Conn| {
        let window = load_window(conn, org, &config, now)?;
        let (mut batch, mut changed) = (FeedBatch::new(), 0);
        // Before the versions are read: whoever had a visit meanwhile may have followed a newer one.
        lock_visits(conn, org, &visits)?;
        let published = Published::load(conn, org)?;
        for visit in &visits {
            let Some(mut row) = find_visit(conn, org, *visit)? else { continue };
            if follow_of(&published, conn, &mut row, now)? {
                row.version += 1;
                update_plan(conn, &row)?;
                reproject(conn, org, *visit, now)?;
                refresh_visit(conn, &mut batch, org, *visit, window)?;
                changed += 1;
            }
        }
        batch.publish(conn, org)?;
        Ok::<_, AppError>(changed)
    };
    state.store.write(write).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_the_start_counts_and_of_now_where_that_has_passed() {
        let published = Published {
            policies: vec![(1, 0), (2, 100), (3, 200)],
            templates: vec![("a".to_owned(), 1, 0), ("a".to_owned(), 2, 150), ("b".to_owned(), 1, 180)],
        };
        let at = |planned, now| published.at("a", begins_at(planned, UnixMillis(now)));
        assert_eq!(at(Some(99), 10), (Some(1), Some(1)));
        assert_eq!(at(Some(100), 10), (Some(1), Some(2)), "from its first instant on");
        assert_eq!(at(Some(99), 160), (Some(2), Some(2)), "it begins now at the earliest");
        assert_eq!(at(None, 250), (Some(2), Some(3)));
        assert_eq!(published.at("b", UnixMillis(179)), (None, Some(2)), "none is in force yet");
        let visit = |template_version, policy_version| PlannedNorms {
            id: doorstep_store::Txt(VisitId(uuid::Uuid::nil())),
            planned_start_ms: Some(160),
            template: "a".to_owned(),
            template_version,
            policy_version,
        };
        let behind = |visit: PlannedNorms| is_behind(&published, &visit, UnixMillis(0));
        assert!(!behind(visit(2, 2)) && behind(visit(1, 2)) && behind(visit(2, 3)));
        assert!(!behind(PlannedNorms { template: "gone".to_owned(), ..visit(7, 2) }), "nothing better is known");
    }
}
