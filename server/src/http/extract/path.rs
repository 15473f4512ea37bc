//! Path parameters: what is faulty, or written otherwise than we do, is answered like an absent thing.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use crate::app::ErrorCode;
use crate::http::error::ApiError;
use crate::http::extract::query::holds_nul;

/// Typed path parameters.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Path<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if holds_nul(request.uri().path()) {
            return ready(Err(ErrorCode::NotFound.into()));
        }
        let parsed = web::Path::<T>::from_request(request, payload).into_inner();
        ready(parsed.map(|path| Self(path.into_inner())).map_err(|_faulty_id| ErrorCode::NotFound.into()))
    }
}

/// The number of a version. It has one spelling, so that a version has one address: `01` is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionNumber(pub i64);

impl VersionNumber {
    /// The number that a text spells.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number: &i64| number.to_string() == text).map(Self)
    }
}

impl<'de> Deserialize<'de> for VersionNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("expected the number of a version"))
    }
}
