//! GET /v1/day-board

use actix_web::web;
use serde::{Deserialize, Serialize};
use sync_core::ids::{TeamId, UserId};
use utoipa::{IntoParams, ToSchema};

use crate::app::day_board::{self as app, Board, BoardLine, BoardVisit};
use crate::app::{AppState, Ctx};
use crate::http::error::ApiError;
use crate::http::extract::Query;
use crate::http::openapi::Problems;
use crate::http::v1::visits::VisitItemOut;

/// Which day.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DayQuery {
    /// Day of the organisation's zone; today if absent.
    #[param(example = "2025-03-04")]
    pub date: Option<String>,
    /// Only this team.
    pub team_id: Option<TeamId>,
}

/// A visit on the board.
#[derive(Debug, Serialize, ToSchema)]
pub struct BoardVisitOut {
    /// The visit.
    pub visit: VisitItemOut,
    /// Name of the customer, unless masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "王海")]
    pub customer: Option<String>,
    /// Address of the site, unless masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether it will probably be late, or is.
    pub is_late_risk: bool,
    /// Whether the attempt before was deferred for safety.
    pub is_deferred_safety: bool,
    /// Whether we moved its time with less than two hours' notice.
    pub is_short_notice: bool,
    /// Whether nobody works on its order for the time being.
    pub is_on_hold: bool,
}

impl From<BoardVisit> for BoardVisitOut {
    fn from(visit: BoardVisit) -> Self {
        Self {
            visit: visit.listing.into(),
            customer: visit.customer,
            address: visit.address,
            is_late_risk: visit.is_late_risk,
            is_deferred_safety: visit.is_deferred_safety,
            is_short_notice: visit.is_short_notice,
            is_on_hold: visit.is_on_hold,
        }
    }
}

/// One rep's day; without a rep, visits nobody is assigned to.
#[derive(Debug, Serialize, ToSchema)]
pub struct BoardLineOut {
    /// The rep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rep_id: Option<UserId>,
    /// Name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "李明")]
    pub rep_name: Option<String>,
    /// Visits in dispatch order.
    pub visits: Vec<BoardVisitOut>,
}

impl From<BoardLine> for BoardLineOut {
    fn from(line: BoardLine) -> Self {
        let (rep_id, rep_name) = line.rep.unzip();
        Self { rep_id, rep_name, visits: line.visits.into_iter().map(BoardVisitOut::from).collect() }
    }
}

/// The board of one day.
#[derive(Debug, Serialize, ToSchema)]
pub struct BoardOut {
    /// The day.
    #[schema(example = "2025-03-04")]
    pub date: String,
    /// One line per rep, by name.
    pub lines: Vec<BoardLineOut>,
    /// False if the day has more than 2000 visits; ask for a team then.
    pub is_complete: bool,
}

impl From<Board> for BoardOut {
    fn from(board: Board) -> Self {
        let lines = board.lines.into_iter().map(BoardLineOut::from).collect();
        Self { date: board.day, lines, is_complete: board.is_complete }
    }
}

/// Shows who does what on one day
///
/// Per rep in dispatch order: deferred for safety first, then second appointments, then by time (F-38).
///
/// # Errors
/// `parameter_invalid` if the day does not exist, `not_found` for a team out of reach.
#[utoipa::path(get, path = "/v1/day-board", operation_id = "show_day_board", tag = "visits", params(DayQuery),
    responses((status = 200, description = "The board", body = BoardOut), Problems), security(("bearer" = [])))]
pub async fn show_day_board(
    state: web::Data<AppState>,
    ctx: Ctx,
    Query(query): Query<DayQuery>,
) -> Result<web::Json<BoardOut>, ApiError> {
    Ok(web::Json(app::show_day_board(&state, ctx, query.date, query.team_id).await?.into()))
}
