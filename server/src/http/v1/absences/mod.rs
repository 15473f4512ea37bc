//! Absences of people: response types and handlers.

pub mod create;
pub mod end;
pub mod list;

use doorstep_store::absences::Absence;
use serde::Serialize;
use sync_core::dispatch::AbsenceReason;
use sync_core::ids::{AbsenceId, UserId};
use utoipa::ToSchema;

use crate::http::wire::Instant;

/// A time in which somebody does not work.
#[derive(Debug, Serialize, ToSchema)]
pub struct AbsenceOut {
    /// The absence.
    pub id: AbsenceId,
    /// Who.
    pub user_id: UserId,
    /// From this instant.
    pub from: Instant,
    /// Before this instant; open where it is not known, and for somebody who left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// `ill`, `leave` or `left`.
    #[schema(example = "ill")]
    pub reason: String,
    /// The same in Chinese.
    #[schema(example = "病假")]
    pub reason_zh: String,
    /// When it was noted.
    pub noted_at: Instant,
    /// When its end was said last, if otherwise than was noted first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Instant>,
}

impl From<Absence> for AbsenceOut {
    fn from(absence: Absence) -> Self {
        let until = absence.until_ms();
        let row = absence.row;
        Self {
            id: row.id.0,
            user_id: row.user_id.0,
            from: row.from_ms.into(),
            until: until.map(Instant::from),
            reason_zh: AbsenceReason::from_code(&row.reason)
                .map(AbsenceReason::label_zh)
                .unwrap_or_default()
                .to_owned(),
            reason: row.reason,
            noted_at: row.noted_at_ms.into(),
            ended_at: absence.end.map(|end| end.ended_at_ms.into()),
        }
    }
}
