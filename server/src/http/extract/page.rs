//! Keyset pagination: `page_size` and `page_token` in, `next_page_token` out.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::{Deserialize, Serialize};
use sync_core::bytes::{from_base64url, to_base64url};
use utoipa::{IntoParams, ToSchema};

use crate::app::{AppState, ErrorCode, Refusal};
use crate::http::error::ApiError;
use crate::http::extract::query::holds_nul;

/// Items per page where the client names no number.
const DEFAULT_PAGE_SIZE: i64 = 50;

/// The query parameters of a list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Items per page, 1 to 200.
    #[param(example = 50)]
    pub page_size: Option<i64>,
    /// `next_page_token` of the page before.
    pub page_token: Option<String>,
}

/// A checked page request: where to go on, and how many items.
#[derive(Debug, Clone)]
pub struct Page {
    /// Key of the last item of the page before; empty for the first page.
    pub after: String,
    /// Items wanted.
    pub size: i64,
}

impl FromRequest for Page {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(page(request))
    }
}

fn page(request: &HttpRequest) -> Result<Page, ApiError> {
    let ceiling = request.app_data::<web::Data<AppState>>().map_or(200, |state| state.config.limits.page_size);
    let query = web::Query::<PageQuery>::from_query(request.query_string())
        .map_err(|_faulty| Refusal::new(ErrorCode::PageSize).limit(ceiling, 0))?
        .into_inner();
    let size = query.page_size.unwrap_or(DEFAULT_PAGE_SIZE);
    if !(1..=ceiling).contains(&size) {
        return Err(Refusal::new(ErrorCode::PageSize).limit(ceiling, size).into());
    }
    let after = query.page_token.map_or(Ok(String::new()), |token| {
        let text = from_base64url(&token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        text.filter(|text| !holds_nul(text)).ok_or(ErrorCode::PageTokenInvalid)
    })?;
    Ok(Page { after, size })
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageOut<T> {
    /// The items.
    pub items: Vec<T>,
    /// Send it as `page_token` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// The token of a page that goes on after a key.
#[must_use]
pub fn token_of(key: &str) -> String {
    to_base64url(key.as_bytes())
}

impl Page {
    /// Wraps the items; a full page has a successor that starts after `key` of the last item.
    pub fn wrap<T, U>(&self, rows: Vec<T>, key: impl Fn(&T) -> String, out: impl Fn(T) -> U) -> PageOut<U> {
        let full = i64::try_from(rows.len()).is_ok_and(|len| len >= self.size);
        let next_page_token = rows.last().filter(|_| full).map(|row| token_of(&key(row)));
        PageOut { items: rows.into_iter().map(out).collect(), next_page_token }
    }
}
