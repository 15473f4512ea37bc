//! POST `/v1/templates/{code}/{version}/withdraw`

use actix_web::{HttpResponse, web};
use doorstep_store::withdrawals::WithdrawalRow;

use crate::app::norms::Version;
use crate::app::once::Answer;
use crate::app::{AppResult, AppState, Ctx, norms};
use crate::http::error::ApiError;
use crate::http::extract::{Json, Path, VersionNumber};
use crate::http::once::{once, shown};
use crate::http::openapi::Problems;
use crate::http::v1::policies::{WithdrawalIn, WithdrawalOut};

/// Withdraws a template version that has not taken effect
///
/// It stays as it was published, and acceptable of a phone that begins by it out of reach, but no visit follows it any more, and
/// an urgent version may be dated before it. Its number is used: the next version has the next one.
///
/// # Errors
/// `not_found`, `state_invalid` once it counts, once a crew began a visit by it or where it was withdrawn before, `invalid`
/// without a reason.
#[utoipa::path(post, path = "/v1/templates/{code}/{version}/withdraw", operation_id = "withdraw_template", tag = "templates",
    params(("code" = String, Path, description = "Code", example = "broadband_install"),
        ("version" = i64, Path, description = "Version", example = 2)), request_body = WithdrawalIn,
    responses((status = 200, description = "Withdrawn", body = WithdrawalOut), Problems), security(("bearer" = [])))]
pub async fn withdraw_template(
    state: web::Data<AppState>,
    ctx: Ctx,
    Path((code, VersionNumber(version))): Path<(String, VersionNumber)>,
    Json(body): Json<WithdrawalIn>,
) -> Result<HttpResponse, ApiError> {
    let version = Version::Template(code, version);
    once(ctx, answer, |ctx| norms::withdraw(&state, ctx, version, body.reason)).await
}

fn answer(row: WithdrawalRow) -> AppResult<Answer> {
    shown(None, &WithdrawalOut::from(row))
}
