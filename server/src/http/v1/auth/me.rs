//! GET /v1/me

use actix_web::web;
use serde::Serialize;
use sync_core::bundle::BundlePublicKey;
use utoipa::ToSchema;

use crate::app::{AppState, Ctx, auth};
use crate::http::error::ApiError;
use crate::http::openapi::Problems;
use crate::http::v1::users::UserOut;

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeOut {
    /// The person.
    pub user: UserOut,
    /// Name of the organisation.
    pub organisation: String,
    /// Key that phones seal offline bundles for: JWK, X25519.
    #[schema(value_type = Object, example = json!({"kty": "OKP", "crv": "X25519", "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"}))]
    pub bundle_key: BundlePublicKey,
}

/// Shows who is signed in
///
/// With roles as they are now.
///
/// # Errors
/// `token_invalid`.
#[utoipa::path(get, path = "/v1/me", operation_id = "show_me", tag = "auth",
    responses((status = 200, description = "The person", body = MeOut), Problems), security(("bearer" = [])))]
pub async fn show_me(state: web::Data<AppState>, ctx: Ctx) -> Result<web::Json<MeOut>, ApiError> {
    let (person, organisation) = auth::describe_me(&state, ctx).await?;
    Ok(web::Json(MeOut { user: person.into(), organisation, bundle_key: state.keys().bundle.clone() }))
}
