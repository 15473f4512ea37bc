//! Figures: shared request types and handlers.

pub mod dispute;
pub mod explain;
pub mod show;

use serde::Deserialize;
use sync_core::deadlines::Figure;
use sync_core::ids::{TeamId, UserId};
use utoipa::IntoParams;

use crate::app::ErrorCode;
use crate::app::kpi::Asked;
use crate::http::error::ApiError;
use crate::http::wire::Instant;

/// Which period, and whose.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeriodQuery {
    /// First day, in the zone of the organisation.
    #[param(example = "2025-03-01")]
    pub from: String,
    /// Last day.
    #[param(example = "2025-03-31")]
    pub to: String,
    /// As it was known at this instant; now if absent.
    pub as_of: Option<Instant>,
    /// Only visits that this rep is assigned to.
    pub rep_id: Option<UserId>,
    /// Only visits of this team.
    pub team_id: Option<TeamId>,
}

impl PeriodQuery {
    fn of(self, figure: Figure) -> Asked {
        let as_of = self.as_of.map(|at| at.0);
        Asked { figure, from: self.from, to: self.to, as_of, rep: self.rep_id, team: self.team_id }
    }
}

fn figure_of(code: &str) -> Result<Figure, ApiError> {
    Figure::from_code(code).ok_or_else(|| ErrorCode::NotFound.into())
}
