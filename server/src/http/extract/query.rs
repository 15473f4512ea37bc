//! Query parameters of lists, with our problems.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;

use crate::app::{ErrorCode, Refusal};
use crate::http::error::ApiError;

/// Typed query parameters; the guard has refused unknown ones.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        if holds_nul(request.query_string()) {
            return ready(Err(Refusal::new(ErrorCode::ParameterInvalid).field("query", "text without U+0000").into()));
        }
        let parsed = web::Query::<T>::from_query(request.query_string());
        ready(parsed.map(|query| Self(query.into_inner())).map_err(|error| {
            let refusal = Refusal::new(ErrorCode::ParameterInvalid);
            refusal.field("query", error.to_string()).into()
        }))
    }
}

/// Reads a parameter that is one of a few codes.
///
/// # Errors
/// `parameter_invalid` with the codes that there are.
pub fn coded<T>(
    name: &str,
    given: Option<&str>,
    read: impl Fn(&str) -> Option<T>,
    codes: impl IntoIterator<Item = &'static str>,
) -> Result<Option<T>, ApiError> {
    let Some(code) = given else { return Ok(None) };
    if let Some(known) = read(code) {
        return Ok(Some(known));
    }
    let codes = Vec::from_iter(codes).join(", ");
    Err(Refusal::new(ErrorCode::ParameterInvalid).field(name, format!("one of {codes}")).into())
}

/// Reads a field of a body that is one of a few codes.
///
/// # Errors
/// `invalid` with the codes that there are.
pub fn coded_field<T>(
    name: &str,
    given: &str,
    read: impl Fn(&str) -> Option<T>,
    codes: impl IntoIterator<Item = &'static str>,
) -> Result<T, ApiError> {
    read(given).ok_or_else(|| {
        let codes = Vec::from_iter(codes);
        let refusal = Refusal::new(ErrorCode::Invalid);
        refusal.both(name, format!("one of {}", codes.join(", ")), format!("下列之一：{}", codes.join("、"))).into()
    })
}

/// Whether a query or path, decoded or not, holds U+0000, which no text of the database can.
pub(super) fn holds_nul(encoded: &str) -> bool {
    encoded.contains("%00") || encoded.contains('\0')
}
