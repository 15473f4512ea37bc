//! Refused decisions in words their sender can act on.

use crate::app::{AppError, ErrorCode, Refusal};
use crate::domain::review::ReviewError;

impl From<ReviewError> for AppError {
    fn from(error: ReviewError) -> Self {
        refusal(error).into()
    }
}

fn refusal(error: ReviewError) -> Refusal {
    let not_allowed = Refusal::new(ErrorCode::StateInvalid);
    match error {
        ReviewError::FourEyes => Refusal::new(ErrorCode::FourEyes),
        ReviewError::ClaimedByOther { until } => {
            let until = until.to_rfc3339();
            Refusal::new(ErrorCode::ClaimedByOther)
                .detail(format!("The claim lasts until {until}"), format!("审核占用至 {until}"))
        }
        ReviewError::State { state } => not_allowed.detail(
            format!("The visit is {}, not under review", state.code().replace('_', " ")),
            format!("工单状态为“{}”，不在审核中", state.label_zh()),
        ),
        ReviewError::Stale => Refusal::new(ErrorCode::StaleContent),
        ReviewError::NotArrived => {
            not_allowed.detail("Declared photos or parts of the form have not arrived", "照片或表单内容尚未全部上传")
        }
        ReviewError::UnknownTick { code } => {
            Refusal::new(ErrorCode::Invalid).field(format!("ticks.{code}"), "a must_show code of the slot")
        }
        ReviewError::TicksMissing { codes } => codes.iter().fold(Refusal::new(ErrorCode::Invalid), |refusal, code| {
            refusal.field(format!("ticks.{code}"), "true, to approve")
        }),
        ReviewError::ReasonMissing => Refusal::new(ErrorCode::Invalid).field("reason", "why it is not accepted"),
        ReviewError::PhotosNotApproved { photos } => photos.iter().fold(
            not_allowed.detail("Photos await an approving verdict on their content", "仍有照片未审核通过"),
            |refusal, photo| refusal.field(format!("photos.{photo}"), "an approving verdict"),
        ),
        ReviewError::Undecided { fields } => fields.iter().fold(
            not_allowed.detail("Concurrent values wait for a choice", "并发取值尚待选择"),
            |refusal, field| refusal.field(field.clone(), "a choice"),
        ),
        ReviewError::PhotosMissing { slots } => slots
            .iter()
            .fold(not_allowed.detail("Required photos are missing", "缺少必需的照片"), |refusal, slot| {
                refusal.field(format!("slots.{slot}"), "more photos")
            }),
    }
}
