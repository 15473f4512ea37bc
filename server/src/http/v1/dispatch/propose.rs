//! POST /v1/dispatch/proposals

use std::collections::BTreeMap;

use actix_web::web;
use serde::{Deserialize, Serialize};
use sync_core::ids::{GridId, UserId, VisitId};
use utoipa::ToSchema;

use super::ObstacleOut;
use crate::app::dispatch::{self, MAX_PROPOSALS, Proposals, ProposedVisit, Wanted};
use crate::app::{AppState, Ctx, ErrorCode, Refusal};
use crate::domain::dispatch::Fit;
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::openapi::Problems;
use crate::http::wire::Instant;

/// Most people named for one visit, of those who can be sent and of those who cannot each.
const MAX_NAMED: usize = 20;

/// For which visits somebody is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "day": "2025-03-05" }))]
pub struct ProposeIn {
    /// Day of the organisation's zone.
    #[schema(example = "2025-03-05")]
    pub day: String,
    /// Only visits in this grid.
    #[serde(default)]
    pub grid_id: Option<GridId>,
    /// Only these visits of that day, whoever is assigned, at most 200; else those that nobody is assigned to.
    #[serde(default)]
    pub visit_ids: Option<Vec<VisitId>>,
    /// Only visits of this person, who is to be replaced.
    #[serde(default)]
    pub from_rep: Option<UserId>,
}

/// Somebody judged for a visit.
#[derive(Debug, Serialize, ToSchema)]
pub struct FitOut {
    /// Who.
    pub rep_id: UserId,
    /// Name.
    #[schema(example = "李明")]
    pub rep_name: String,
    /// Whether his team serves the grid; absent where no team does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fits_grid: Option<bool>,
    /// Visits that he has on that day, with those proposed before this one.
    #[schema(example = 3)]
    pub visits: i64,
    /// Minutes that they are taken to last.
    #[schema(example = 180)]
    pub planned_minutes: i64,
    /// Everything that stands in the way.
    pub obstacles: Vec<ObstacleOut>,
}

/// A visit with who could be sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalOut {
    /// The visit.
    pub visit_id: VisitId,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "V-2025-000001")]
    pub number: Option<String>,
    /// Version of the plan, for the confirmation.
    #[schema(example = 1)]
    pub version: i64,
    /// Planned start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned_start: Option<Instant>,
    /// Number of the attempt.
    #[schema(example = 1)]
    pub attempt: i64,
    /// Whether the attempt before was deferred for safety.
    pub is_deferred_safety: bool,
    /// Grid of its site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grid_id: Option<GridId>,
    /// Who is proposed: the first candidate, counted as sent for the visits that follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed_rep_id: Option<UserId>,
    /// Who can be sent, best first: by grid, then who has least to do. At most 20 are named.
    pub candidates: Vec<FitOut>,
    /// How many can be sent.
    #[schema(example = 1)]
    pub candidate_count: usize,
    /// Who cannot be sent, and why. At most 20 are named.
    pub excluded: Vec<FitOut>,
    /// How many cannot be sent.
    #[schema(example = 0)]
    pub excluded_count: usize,
}

/// The proposals for a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalsOut {
    /// The visits in dispatch order: deferred for safety first, then second appointments, then by time (F-38).
    pub visits: Vec<ProposalOut>,
    /// False if more than 200 visits wait; confirm these and ask again, or ask for a grid.
    pub is_complete: bool,
    /// How many wait that are not named: they come after these.
    #[schema(example = 0)]
    pub left_out: usize,
}

fn fit_out(fit: Fit, names: &BTreeMap<UserId, String>) -> FitOut {
    FitOut {
        rep_id: fit.rep,
        rep_name: names.get(&fit.rep).cloned().unwrap_or_default(),
        fits_grid: fit.fits_grid,
        visits: fit.load.visits,
        planned_minutes: fit.load.minutes,
        obstacles: fit.hindrances.into_iter().map(ObstacleOut::from).collect(),
    }
}

fn proposal_out(visit: ProposedVisit, names: &BTreeMap<UserId, String>) -> ProposalOut {
    let (row, proposal) = (visit.row, visit.proposal);
    let named = |fits: Vec<Fit>| fits.into_iter().take(MAX_NAMED).map(|fit| fit_out(fit, names)).collect();
    ProposalOut {
        visit_id: row.id.0,
        number: row.number,
        version: row.version,
        planned_start: row.planned_start_ms.map(Instant::from),
        attempt: row.attempt,
        is_deferred_safety: visit.is_deferred_safety,
        grid_id: visit.grid,
        proposed_rep_id: proposal.candidates.first().map(|fit| fit.rep),
        candidate_count: proposal.candidates.len(),
        candidates: named(proposal.candidates),
        excluded_count: proposal.excluded.len(),
        excluded: named(proposal.excluded),
    }
}

impl From<Proposals> for ProposalsOut {
    fn from(found: Proposals) -> Self {
        let names = found.names;
        let visits = found.visits.into_iter().map(|visit| proposal_out(visit, &names)).collect();
        Self { visits, is_complete: found.left_out == 0, left_out: found.left_out }
    }
}

/// Proposes who could be sent to the visits of a day
///
/// For each visit everybody who could be sent, best first, and everybody who could not, with every reason: certificates,
/// absences, other visits at that time, the load of the day. Nothing is written: a person confirms. A team lead sees the
/// visits and people of the team.
///
/// # Errors
/// `invalid` for a day that does not exist, too many visits, or a visit that is not of that day, over, on hold or not yours
/// to see.
#[utoipa::path(post, path = "/v1/dispatch/proposals", operation_id = "propose_dispatch", tag = "dispatch",
    request_body = ProposeIn,
    responses((status = 200, description = "Who could be sent", body = ProposalsOut), Problems),
    security(("bearer" = [])))]
pub async fn propose_dispatch(
    state: web::Data<AppState>,
    ctx: Ctx,
    Json(body): Json<ProposeIn>,
) -> Result<web::Json<ProposalsOut>, ApiError> {
    let named = body.visit_ids.as_ref().map_or(0, Vec::len);
    if named > MAX_PROPOSALS {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let refusal = Refusal::new(ErrorCode::Invalid).limit(number(MAX_PROPOSALS), number(named));
        return Err(refusal.both("visit_ids", "at most 200 visits", "最多 200 个工单").into());
    }
    let wanted = Wanted { day: body.day, grid: body.grid_id, visits: body.visit_ids, from_rep: body.from_rep };
    Ok(web::Json(dispatch::propose(&state, ctx, wanted).await?.into()))
}
