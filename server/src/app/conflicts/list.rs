//! The inbox of visits with concurrent values, and the values of one visit with who wrote them.

use std::collections::BTreeMap;

use doorstep_store::conflicts::{ConflictCounts, list_conflict_counts};
use doorstep_store::visits::{VisitFilter, list_visits};
use doorstep_store::{Conn, documents, users};
use sync_core::bytes::{Actor, Hash};
use sync_core::ids::{DeviceId, OrgId, UserId, VisitId};
use sync_core::merge::View;
use sync_core::merge::view::Conflict;
use sync_core::plan::{ChoiceRow, Review};
use sync_core::visit::late;

use crate::app::visits::VisitListing;
use crate::app::visits::project::{load_facts, load_view};
use crate::app::visits::show::listings;
use crate::app::{AppError, AppResult, AppState, Ctx, reach};

/// A visit with concurrent values.
#[derive(Debug, Clone)]
pub struct ConflictedVisit {
    /// The visit.
    pub listing: VisitListing,
    /// How many of its values are concurrent.
    pub counts: ConflictCounts,
}

/// What stands side by side in one visit.
#[derive(Debug, Clone)]
pub struct VisitConflicts {
    /// The document it was read from.
    pub heads: Vec<Hash>,
    /// The conflicts among what counts; what came late is told by the review.
    pub conflicts: Vec<Conflict>,
    /// Every choice so far, oldest first.
    pub choices: Vec<ChoiceRow>,
    /// Names of those who wrote or chose.
    pub names: BTreeMap<UserId, String>,
    /// The device of each writer.
    pub devices: BTreeMap<Actor, DeviceId>,
}

/// Lists visits with concurrent values, oldest first: those that wait for a person, or all of them.
///
/// # Errors
/// Corrupt rows.
pub async fn list_conflicted(
    state: &AppState,
    ctx: Ctx,
    only_open: bool,
    after: String,
    size: i64,
) -> AppResult<Vec<ConflictedVisit>> {
    state
        .store
        .read(move |conn| {
            let org = ctx.actor.org;
            let reach = reach::of(conn, &ctx)?.visits;
            let filter = VisitFilter { open_conflicts: Some(only_open), reach, ..Default::default() };
            let rows = list_visits(conn, org, &filter, &after, size)?;
            let ids: Vec<VisitId> = rows.iter().map(|row| row.id.0).collect();
            let counts = list_conflict_counts(conn, org, &ids)?;
            let with_counts = |listing: VisitListing| {
                let counts = counts.get(&listing.row.id.0).copied().unwrap_or_default();
                ConflictedVisit { listing, counts }
            };
            Ok::<_, AppError>(listings(conn, &ctx, rows)?.into_iter().map(with_counts).collect())
        })
        .await
}

/// Lists the concurrent values of a visit.
///
/// # Errors
/// `not_found` if absent or out of reach.
pub async fn list_of_visit(state: &AppState, ctx: Ctx, visit: VisitId) -> AppResult<VisitConflicts> {
    state
        .store
        .read(move |conn| {
            reach::load_visit(conn, &ctx, visit)?;
            let (view, review) = counting(conn, &ctx, visit)?;
            describe(conn, ctx.actor.org, view, review.choices)
        })
        .await
}

/// What counts of a visit, settled, with every choice so far.
pub(super) fn counting(conn: &mut Conn, ctx: &Ctx, visit: VisitId) -> AppResult<(View, Review)> {
    let view = load_view(conn, ctx.actor.org, visit)?;
    let loaded = load_facts(conn, ctx.actor.org, &view, ctx.now)?;
    let view = loaded.settle(view);
    let derived = sync_core::visit::state(&loaded.of(&view), &loaded.review);
    Ok((late::in_force(&view, &derived.late), loaded.review))
}

pub(super) fn describe(conn: &mut Conn, org: OrgId, view: View, choices: Vec<ChoiceRow>) -> AppResult<VisitConflicts> {
    let mut people: Vec<UserId> = choices.iter().map(|choice| choice.by).collect();
    let mut devices = BTreeMap::new();
    for entry in view.conflicts.iter().flat_map(|conflict| &conflict.candidates) {
        people.extend(entry.by());
        let actor = entry.op.actor;
        if !devices.contains_key(&actor)
            && let Some((_, device)) = documents::find_actor(conn, org, actor)?
        {
            devices.insert(actor, device);
        }
    }
    let mut names = BTreeMap::new();
    for person in people {
        if !names.contains_key(&person)
            && let Some(user) = users::find_user(conn, org, person)?
        {
            names.insert(person, user.name);
        }
    }
    Ok(VisitConflicts { heads: view.heads, conflicts: view.conflicts, choices, names, devices })
}
