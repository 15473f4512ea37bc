//! The context that the permission guard left.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};

use crate::app::{Ctx, ErrorCode};
use crate::http::error::ApiError;

impl FromRequest for Ctx {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let ctx = request.extensions().get::<Self>().cloned();
        ready(ctx.ok_or_else(|| ErrorCode::TokenInvalid.into()))
    }
}
