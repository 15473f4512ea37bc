//! Where a serial number was seen, and what that says of a visit that notes it.

use std::collections::BTreeSet;

use doorstep_store::Conn;
use doorstep_store::installed_items::{SerialSeen, list_of_serials};
use doorstep_store::visits::{self, VisitFilter};
use sync_core::day::installed::{self, Sighting};
use sync_core::day::materials::serial_key;
use sync_core::ids::{OrgId, VisitId};
use sync_core::merge::View;
use sync_core::merge::view::Finding;
use sync_core::plan::WorkOrderRow;
use sync_core::time::UnixMillis;
use sync_core::visit::VisitState;

use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, reach};

/// Most sightings that are looked at or shown; a serial number has a handful.
const MOST: i64 = 500;

/// What is found about the serial numbers and materials of a visit.
///
/// # Errors
/// Database errors only.
pub(crate) fn findings(
    conn: &mut Conn,
    org: OrgId,
    view: &View,
    order: Option<&WorkOrderRow>,
) -> AppResult<Vec<Finding>> {
    let keys: Vec<String> = installed::serials(view).into_iter().collect();
    let seen = if keys.is_empty() { Vec::new() } else { list_of_serials(conn, org, &keys, MOST)? };
    let others = seen.into_iter().filter(|seen| seen.item.visit_id.0 != view.visit && is_done(seen));
    let sightings: Vec<Sighting> = others.filter_map(sighting).collect();
    Ok(installed::findings(view, order, &sightings))
}

/// Whether the visit did what it says: one that goes on, was cancelled or ended without work has installed nothing.
fn is_done(seen: &SerialSeen) -> bool {
    use VisitState as S;
    let state = VisitState::from_code(&seen.state);
    let is_completed = seen.outcome.as_deref().is_none_or(|code| code == "completed");
    is_completed
        && state
            .is_some_and(|state| matches!(state, S::Submitted | S::UnderReview | S::Approved | S::Returned | S::Closed))
}

fn sighting(seen: SerialSeen) -> Option<Sighting> {
    Some(Sighting {
        serial_key: seen.item.serial_key?,
        at: UnixMillis(seen.item.at_ms),
        site: seen.site,
        order_kind: seen.order_kind,
    })
}

/// Where a serial number was seen, oldest first, as far as the asker may see the visits.
///
/// # Errors
/// `parameter_invalid` for what is no serial number.
pub async fn list_installed_items(state: &AppState, ctx: Ctx, serial: &str) -> AppResult<Vec<SerialSeen>> {
    let no_serial = || Refusal::new(ErrorCode::ParameterInvalid).both("serial", "a serial number", "序列号");
    let key = serial_key(serial).ok_or_else(no_serial)?;
    let read = move |conn: &mut Conn| {
        let mut seen = list_of_serials(conn, ctx.actor.org, &[key], MOST)?;
        let ids: BTreeSet<VisitId> = seen.iter().map(|one| one.item.visit_id.0).collect();
        let filter = VisitFilter {
            ids: Some(ids.into_iter().collect()),
            reach: reach::of(conn, &ctx)?.visits,
            ..Default::default()
        };
        let seen_by_asker = visits::list_visits(conn, ctx.actor.org, &filter, "", MOST)?;
        let visible: BTreeSet<VisitId> = seen_by_asker.into_iter().map(|row| row.id.0).collect();
        seen.retain(|one| visible.contains(&one.item.visit_id.0));
        Ok::<_, AppError>(seen)
    };
    state.store.read(read).await
}
