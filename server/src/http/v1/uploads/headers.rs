//! What requests to uploads share: the part they bring, the answer they get.

use std::time::{Duration, UNIX_EPOCH};

use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HttpDate};
use actix_web::{HttpRequest, HttpResponseBuilder};

use crate::app::uploads::{Checksum, Part, Standing};
use crate::app::{AppResult, ErrorCode, Refusal};
use crate::http::tus;

/// What the headers say of the bytes that follow.
pub(super) fn part(request: &HttpRequest, offset: u64, length: Option<u64>) -> AppResult<Part> {
    let checksum = tus::text(request, tus::UPLOAD_CHECKSUM, ErrorCode::UploadChecksumInvalid)?;
    let checksum = checksum.map(Checksum::read).transpose()?;
    Ok(Part { offset, length, bytes: declared(request), checksum })
}

/// Refuses bytes of another kind than those of an upload.
pub(super) fn check_kind(request: &HttpRequest) -> AppResult<()> {
    if has_kind(request)? {
        return Ok(());
    }
    Err(Refusal::new(ErrorCode::MediaTypeUnsupported).field("Content-Type", tus::OFFSET_STREAM).into())
}

/// Whether the body is bytes of an upload.
pub(super) fn has_kind(request: &HttpRequest) -> AppResult<bool> {
    let kind = tus::text(request, CONTENT_TYPE.as_str(), ErrorCode::MediaTypeUnsupported)?;
    let kind = kind.and_then(|value| value.split(';').next());
    Ok(kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(tus::OFFSET_STREAM)))
}

/// Whether bytes are announced; some clients send an empty body in chunks, which is none.
pub(super) fn has_body(request: &HttpRequest) -> bool {
    declared(request).is_some_and(|bytes| bytes > 0)
}

fn declared(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Says where the upload stands, when it expires, and what it became.
pub(super) fn tell(response: &mut HttpResponseBuilder, standing: &Standing) {
    response.insert_header((tus::UPLOAD_OFFSET, standing.offset));
    if let Some(expires) = standing.expires {
        let expires = UNIX_EPOCH + Duration::from_millis(u64::try_from(expires.0).unwrap_or_default());
        response.insert_header((tus::UPLOAD_EXPIRES, HttpDate::from(expires).to_string()));
    }
    if let Some(receipt) = &standing.receipt {
        response.insert_header((tus::RECEIPT, receipt.as_str()));
    }
}
