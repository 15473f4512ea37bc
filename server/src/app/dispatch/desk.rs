//! What a dispatcher has on the desk: visits as jobs, and what people have around a day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use doorstep_store::agenda::{Errand, list_errands, list_taken};
use doorstep_store::grids::list_grids;
use doorstep_store::visits::VisitRecord;
use doorstep_store::{Conn, assignments};
use sync_core::ids::{GridId, OrgId, TeamId, UserId, VisitId};
use sync_core::plan::PolicyRow;
use sync_core::policy::keys;
use sync_core::time::UnixMillis;

use super::fit::needs_of;
use crate::app::day_board::deferred_before;
use crate::app::scope::load_zone;
use crate::app::visits::Norms;
use crate::app::{AppResult, Ctx};
use crate::domain::dispatch::{Job, Slot};
use crate::domain::{Window, Zone};

/// No visit is taken to last longer than the policy may say: what begins earlier before a day is over by then.
const MARGIN_MS: i64 = 12 * 60 * 60 * 1000;

/// Zone and policies, read once.
pub(super) struct Desk {
    org: OrgId,
    now: UnixMillis,
    pub(super) zone: Zone,
    norms: Norms,
}

impl Desk {
    pub(super) fn load(conn: &mut Conn, ctx: &Ctx) -> AppResult<Self> {
        let org = ctx.actor.org;
        Ok(Self { org, now: ctx.now, zone: load_zone(conn, org)?, norms: Norms::new(org, ctx.now) })
    }

    fn policy(&mut self, conn: &mut Conn, version: i64) -> AppResult<Arc<PolicyRow>> {
        Ok(self.norms.policy(conn, version)?.unwrap_or_default())
    }

    /// When a visit is planned, and how long it is taken to last.
    pub(super) fn slot(&mut self, conn: &mut Conn, row: &VisitRecord) -> AppResult<Slot> {
        self.slot_under(conn, row.id.0, row.planned_start_ms, row.policy_in_force())
    }

    fn slot_under(
        &mut self,
        conn: &mut Conn,
        visit: VisitId,
        planned_start_ms: Option<i64>,
        policy_version: i64,
    ) -> AppResult<Slot> {
        let minutes = self.policy(conn, policy_version)?.get(keys::VISIT_MINUTES);
        Ok(Slot { visit, start: planned_start_ms.map(UnixMillis), minutes })
    }

    /// Visits as jobs of a day.
    pub(super) fn jobs(
        &mut self,
        conn: &mut Conn,
        ctx: &Ctx,
        rows: &[VisitRecord],
        errands: &BTreeMap<VisitId, Errand>,
        day: Window,
    ) -> AppResult<Vec<Job>> {
        let ids: Vec<VisitId> = rows.iter().map(|row| row.id.0).collect();
        let mut crews = assignments::crews_by_visit(conn, self.org, &ids)?;
        let teams = self.teams(conn)?;
        let deferred = deferred_before(conn, ctx, rows)?;
        let mut jobs = Vec::with_capacity(rows.len());
        for row in rows {
            let policy = self.policy(conn, row.policy_in_force())?;
            let errand = errands.get(&row.id.0);
            let grid = errand.and_then(|errand| errand.grid_id).map(|grid| grid.0);
            jobs.push(Job {
                slot: self.slot(conn, row)?,
                needs: needs_of(&self.zone, &policy, errand.map(|errand| errand.kind.as_str()), row, self.now)?,
                attempt: u64::try_from(row.attempt).unwrap_or(1),
                is_deferred_safety: row.previous_visit_id.is_some_and(|before| deferred.contains(&before.0)),
                team: grid.and_then(|grid| teams.get(&grid).copied()),
                crew: crews.remove(&row.id.0).unwrap_or_default(),
                day,
                daily_minutes: policy.get(keys::DAILY_LOAD),
            });
        }
        Ok(jobs)
    }

    fn teams(&self, conn: &mut Conn) -> AppResult<BTreeMap<GridId, TeamId>> {
        let grids = list_grids(conn, self.org, "", i64::MAX)?;
        Ok(grids.into_iter().filter_map(|grid| Some((grid.id.0, grid.team()?))).collect())
    }

    /// What people have on a day, and shortly before and after.
    pub(super) fn slots(
        &mut self,
        conn: &mut Conn,
        reps: &[UserId],
        day: Window,
    ) -> AppResult<BTreeMap<UserId, Vec<Slot>>> {
        let around = (day.from.plus_ms(-MARGIN_MS).0, day.to.plus_ms(MARGIN_MS).0);
        let mut slots: BTreeMap<UserId, Vec<Slot>> = BTreeMap::new();
        for taken in list_taken(conn, self.org, reps, around)? {
            let version = taken.pinned_policy_version.unwrap_or(taken.policy_version);
            let slot = self.slot_under(conn, taken.visit_id.0, taken.planned_start_ms, version)?;
            slots.entry(taken.rep_id.0).or_default().push(slot);
        }
        Ok(slots)
    }
}

/// What visits are for, by visit.
pub(super) fn errands_of(conn: &mut Conn, org: OrgId, rows: &[VisitRecord]) -> AppResult<BTreeMap<VisitId, Errand>> {
    let ids: Vec<VisitId> = rows.iter().map(|row| row.id.0).collect();
    Ok(list_errands(conn, org, &ids)?.into_iter().map(|errand| (errand.visit_id.0, errand)).collect())
}

/// Who is assigned to a visit now.
pub(super) fn crew_of(conn: &mut Conn, org: OrgId, visit: VisitId) -> AppResult<BTreeSet<UserId>> {
    Ok(assignments::list_crew(conn, org, visit)?.into_iter().map(|member| member.rep).collect())
}
