//! POST /v1/devices/enrol

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_core::bundle::BundlePublicKey;
use sync_core::ids::{EpochId, UserId};
use sync_core::jws::P256PublicKey;
use utoipa::ToSchema;

use crate::app::auth::EnrolCommand;
use crate::app::{AppState, ErrorCode, Refusal, auth};
use crate::http::error::{ApiError, Problem};
use crate::http::extract::Json;
use crate::http::openapi::PublicProblems;
use crate::http::v1::auth::SessionOut;

/// What a phone sends to enrol.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolIn {
    /// Code of the organisation.
    #[schema(example = "yunze")]
    pub organisation: String,
    /// Login of the rep.
    #[schema(example = "li.ming")]
    pub login: String,
    /// The one-time code.
    #[schema(example = "7K3M9P2QXR")]
    pub code: String,
    /// Name of the phone, for lists.
    #[schema(example = "Li Ming's phone")]
    pub name: String,
    /// Public key of the install: JWK, EC P-256.
    #[schema(value_type = Object, example = json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}))]
    pub public_key: Value,
    /// The person whose work the phone holds already, as one that enrols anew after a restore: a code of anybody else is
    /// refused, and stays good.
    #[serde(default)]
    pub former_user_id: Option<UserId>,
}

/// An enrolled phone: its session, and what it needs to check this server.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnrolOut {
    /// The session.
    pub session: SessionOut,
    /// Identity of the server's data.
    pub epoch: EpochId,
    /// Keys of receipts.
    #[schema(value_type = Vec<Object>)]
    pub evidence_keys: Vec<Value>,
    /// Key that offline bundles are sealed for: JWK, X25519.
    #[schema(value_type = Object, example = json!({"kty": "OKP", "crv": "X25519", "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"}))]
    pub bundle_key: BundlePublicKey,
}

/// Enrols a phone by one-time code
///
/// Binds the phone's key to the person; every later request with content is sealed by that key. The same code with the
/// same key again, while the code would have lived, gives a new session of the same phone: its answer was lost.
///
/// # Errors
/// `enrolment_invalid`, `enrolment_expired`, `enrolment_locked`, `enrolment_foreign` for another person than
/// `former_user_id`, `conflict` for a key that is enrolled already.
#[utoipa::path(post, path = "/v1/devices/enrol", operation_id = "enrol_device", tag = "devices", request_body = EnrolIn,
    responses((status = 201, description = "Enrolled", body = EnrolOut),
        (status = 403, description = "The code is another person's than the phone's", body = Problem,
            content_type = "application/problem+json"),
        PublicProblems))]
pub async fn enrol_device(state: web::Data<AppState>, Json(body): Json<EnrolIn>) -> Result<HttpResponse, ApiError> {
    let public_key: P256PublicKey = serde_json::from_value(body.public_key)
        .map_err(|error| Refusal::new(ErrorCode::BodyInvalid).field("public_key", error.to_string()))?;
    let EnrolIn { organisation, login, code, name, former_user_id: former_user, .. } = body;
    let command = EnrolCommand { organisation, login, code, name, public_key, former_user };
    let session = auth::enrol_device(&state, command).await?;
    let keys = state.keys();
    let evidence_keys = keys.evidence.iter().map(crate::auth::keys::ServerKey::jwk).collect();
    let (session, epoch, bundle_key) = (session.into(), state.epoch, keys.bundle.clone());
    Ok(HttpResponse::Created().json(EnrolOut { session, epoch, evidence_keys, bundle_key }))
}
