//! Where teams begin their day: response type and handlers.

pub mod set;
pub mod show;

use serde::Serialize;
use sync_core::day::MeetingPlace;
use sync_core::ids::TeamId;
use utoipa::ToSchema;

use crate::app::meeting_places::Shown;
use crate::http::wire::Instant;

/// The meeting places of a team.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeetingPlacesOut {
    /// The team.
    pub team_id: TeamId,
    /// Version, which is the `ETag`; 0 where none were ever set.
    #[schema(example = 1)]
    pub version: i64,
    /// The places.
    pub places: Vec<MeetingPlace>,
    /// Since when they hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_at: Option<Instant>,
}

impl From<Shown> for MeetingPlacesOut {
    fn from(shown: Shown) -> Self {
        Self {
            team_id: shown.team,
            version: shown.version,
            places: shown.places,
            set_at: shown.set_at.map(Instant::from),
        }
    }
}
