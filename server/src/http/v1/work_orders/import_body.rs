//! The body of an import: JSON, text with separators or a workbook, by its content type.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::import::ImportIn;
use crate::app::work_orders::SheetFormat;
use crate::app::{ErrorCode, Refusal};
use crate::http::body::read_body;
use crate::http::error::ApiError;
use crate::http::extract::Json;
use crate::http::extract::json::{limit_of, media_type};

/// Media type of text with separators (RFC 7111); its parameter `charset` is not needed, the bytes say it.
const CSV: &str = "text/csv";

/// Media type of a workbook (ECMA-376).
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What is to be imported.
#[derive(Debug)]
pub enum ImportBody {
    /// Rows as JSON.
    Json(ImportIn),
    /// A sheet, not read yet.
    Sheet(SheetFormat, Vec<u8>),
}

impl FromRequest for ImportBody {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let format = match media_type(&request).to_ascii_lowercase().as_str() {
                CSV => SheetFormat::Csv,
                XLSX => SheetFormat::Xlsx,
                "application/json" => {
                    return Json::from_request(&request, &mut payload).await.map(|Json(body)| Self::Json(body));
                }
                _ => return Err(unsupported()),
            };
            let bytes = read_body(&request, payload, limit_of(&request)?, ErrorCode::BodyTooLarge).await?;
            Ok(Self::Sheet(format, bytes))
        })
    }
}

fn unsupported() -> ApiError {
    let refusal = Refusal::new(ErrorCode::MediaTypeUnsupported);
    refusal
        .detail(
            format!("Send application/json, {CSV} or {XLSX}"),
            format!("请以 application/json、{CSV} 或 {XLSX} 发送"),
        )
        .into()
}
