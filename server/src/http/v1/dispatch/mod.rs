//! Dispatch: who could be sent where, and the word of a person who is.

pub mod confirm;
pub mod propose;

use serde::Serialize;
use sync_core::ids::VisitId;
use utoipa::ToSchema;

use crate::domain::dispatch::Hindrance;

/// What stands in the way of sending somebody.
#[derive(Debug, Serialize, ToSchema)]
pub struct ObstacleOut {
    /// `on_crew`, `rep_not_certified`, `rep_absent`, `time_clash` or `overload`.
    #[schema(example = "time_clash")]
    pub code: String,
    /// The same in Chinese.
    #[schema(example = "时间冲突")]
    pub label_zh: String,
    /// Whether it may be confirmed all the same, with a reason.
    pub may_be_overridden: bool,
    /// The certificate that is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "post_certification")]
    pub certificate: Option<String>,
    /// The visit at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit_id: Option<VisitId>,
}

impl From<Hindrance> for ObstacleOut {
    fn from(hindrance: Hindrance) -> Self {
        let obstacle = hindrance.obstacle;
        Self {
            code: obstacle.code().to_owned(),
            label_zh: obstacle.label_zh().to_owned(),
            may_be_overridden: obstacle.may_be_overridden(),
            certificate: hindrance.certificate.map(|kind| kind.code().to_owned()),
            visit_id: hindrance.visit,
        }
    }
}
