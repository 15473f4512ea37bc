//! The list of visits with late work, and what came late to one visit.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::late_work::{CountsByReason, list_late_counts};
use doorstep_store::visits::{LateWorkFilter, VisitFilter, list_visits};
use doorstep_store::{Conn, documents, users};
use sync_core::bytes::{Actor, Hash};
use sync_core::ids::{DeviceId, UserId, VisitId};
use sync_core::plan::{LateDecisionRow, LateReason, LateWorkRow, Review};
use sync_core::visit::{Derived, LateRecord};

use super::load_of;
use super::project::reason_of;
use crate::app::visits::VisitListing;
use crate::app::visits::project::{load_facts, load_view};
use crate::app::visits::show::listings;
use crate::app::{AppError, AppResult, AppState, Ctx, reach};

/// A visit with work that came late.
#[derive(Debug, Clone)]
pub struct LateVisit {
    /// The visit.
    pub listing: VisitListing,
    /// How many records came late, by reason.
    pub counts: CountsByReason,
    /// Which pushes brought work late, oldest first.
    pub brought: Vec<LateWorkRow>,
}

/// A record that came late.
#[derive(Debug, Clone)]
pub struct LateRecordItem {
    /// The record.
    pub record: LateRecord,
    /// Why it is late.
    pub reason: LateReason,
    /// Whether it counts, since the office accepted it.
    pub is_accepted: bool,
    /// The push that brought it; absent where it came in time and became late since.
    pub push: Option<i64>,
    /// The device that wrote it.
    pub device: Option<DeviceId>,
}

/// What came late to one visit.
#[derive(Debug, Clone)]
pub struct VisitLateWork {
    /// The document it was read from.
    pub heads: Vec<Hash>,
    /// The records, those that do not count first.
    pub records: Vec<LateRecordItem>,
    /// Which pushes brought work late, oldest first.
    pub brought: Vec<LateWorkRow>,
    /// Every decision so far, oldest first.
    pub decisions: Vec<LateDecisionRow>,
    /// Names of those who wrote, brought or decided.
    pub names: BTreeMap<UserId, String>,
}

/// Lists visits with work that came late, oldest first.
///
/// # Errors
/// Corrupt rows.
pub async fn list_late_visits(
    state: &AppState,
    ctx: Ctx,
    wanted: LateWorkFilter,
    after: String,
    size: i64,
) -> AppResult<Vec<LateVisit>> {
    state
        .store
        .read(move |conn| {
            let org = ctx.actor.org;
            let reach = reach::of(conn, &ctx)?.visits;
            let filter = VisitFilter { late_work: Some(wanted.clone()), reach, ..Default::default() };
            let rows = list_visits(conn, org, &filter, &after, size)?;
            let ids: Vec<VisitId> = rows.iter().map(|row| row.id.0).collect();
            let mut counts = list_late_counts(conn, org, &ids)?;
            let mut late = load_of(conn, org, &ids)?;
            let with_late_work = |listing: VisitListing| {
                let visit = listing.row.id.0;
                let counts = counts.remove(&visit).unwrap_or_default();
                LateVisit { listing, counts, brought: late.remove(&visit).unwrap_or_default().work }
            };
            Ok::<_, AppError>(listings(conn, &ctx, rows)?.into_iter().map(with_late_work).collect())
        })
        .await
}

/// Lists what came late to a visit.
///
/// # Errors
/// `not_found` if absent or out of reach.
pub async fn list_of_visit(state: &AppState, ctx: Ctx, visit: VisitId) -> AppResult<VisitLateWork> {
    state
        .store
        .read(move |conn| {
            reach::load_visit(conn, &ctx, visit)?;
            describe(conn, &ctx, visit)
        })
        .await
}

/// The state of a visit with what came late to it, and with what was decided.
pub(super) fn derive(conn: &mut Conn, ctx: &Ctx, visit: VisitId) -> AppResult<(Derived, Vec<Hash>, Review)> {
    let view = load_view(conn, ctx.actor.org, visit)?;
    let loaded = load_facts(conn, ctx.actor.org, &view, ctx.now)?;
    let view = loaded.settle(view);
    let derived = sync_core::visit::state(&loaded.of(&view), &loaded.review);
    Ok((derived, view.heads, loaded.review))
}

pub(super) fn describe(conn: &mut Conn, ctx: &Ctx, visit: VisitId) -> AppResult<VisitLateWork> {
    let org = ctx.actor.org;
    let (derived, heads, review) = derive(conn, ctx, visit)?;
    let late = derived.late.into_iter().map(|record| (record, false));
    let all = late.chain(derived.accepted.into_iter().map(|record| (record, true)));
    let mut devices: BTreeMap<Actor, Option<DeviceId>> = BTreeMap::new();
    let mut records = Vec::new();
    for (record, is_accepted) in all {
        let actor = record.op.actor;
        let device = match devices.entry(actor) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => {
                *unknown.insert(documents::find_actor(conn, org, actor)?.map(|(_, device)| device))
            }
        };
        records.push(LateRecordItem {
            reason: reason_of(&record, &review.late_work),
            push: LateWorkRow::that_brought(&review.late_work, record.op).map(|work| work.seq),
            device,
            is_accepted,
            record,
        });
    }
    let mut people: BTreeSet<UserId> = records.iter().filter_map(|item| item.record.by).collect();
    people.extend(review.late_work.iter().map(|work| work.by));
    people.extend(review.late_decisions.iter().map(|decision| decision.by));
    let mut names = BTreeMap::new();
    for person in people {
        names.extend(users::find_user(conn, org, person)?.map(|user| (person, user.name)));
    }
    Ok(VisitLateWork { heads, records, brought: review.late_work, decisions: review.late_decisions, names })
}
