//! Versions of rows at the edge: `ETag` out, `If-Match` in.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{ETAG, IF_MATCH};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use crate::app::{ErrorCode, Refusal};
use crate::http::error::ApiError;
use crate::http::extract::VersionNumber;

/// The version the client saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub i64);

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(if_match(request))
    }
}

fn if_match(request: &HttpRequest) -> Result<IfMatch, ApiError> {
    let header = request.headers().get(IF_MATCH).ok_or(ErrorCode::PreconditionRequired)?;
    let version = header.to_str().ok().and_then(version_of);
    version.map(IfMatch).ok_or_else(|| {
        let refusal = Refusal::new(ErrorCode::ParameterInvalid);
        refusal.field("If-Match", "the ETag of the thing as you read it, such as \"3\"").into()
    })
}

fn version_of(tag: &str) -> Option<i64> {
    VersionNumber::parse(tag.trim().strip_prefix('"')?.strip_suffix('"')?).map(|VersionNumber(version)| version)
}

/// The entity tag of a version.
#[must_use]
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// Answers with a body and the entity tag of its version.
pub fn tagged(mut response: HttpResponseBuilder, version: i64, body: &impl Serialize) -> HttpResponse {
    response.insert_header((ETAG, etag(version))).json(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_strong_tags_are_versions() {
        assert_eq!(version_of(&etag(3)), Some(3));
        for other in ["3", "W/\"3\"", "*", "\"x\"", "\"3\", \"4\"", "\"03\"", "\"+3\""] {
            assert_eq!(version_of(other), None, "{other}");
        }
    }
}
