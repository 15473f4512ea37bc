//! The upload protocol tus 1.0 in headers: what is read, what is written, what browsers are told.
//!
//! Knows no use case; the handlers are in `v1/uploads`.

use std::str::FromStr as _;

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::app::{AppResult, ErrorCode, Refusal};
use crate::domain::Operation;

/// The version of the protocol.
pub const VERSION: &str = "1.0.0";
/// What of its extensions is served.
pub const EXTENSIONS: &str = "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination";
/// The media type of the bytes of an upload.
pub const OFFSET_STREAM: &str = "application/offset+octet-stream";

/// The version that a message speaks.
pub const TUS_RESUMABLE: &str = "tus-resumable";
/// Versions that are served.
pub const TUS_VERSION: &str = "tus-version";
/// Where an upload goes on.
pub const UPLOAD_OFFSET: &str = "upload-offset";
/// The size of the whole.
pub const UPLOAD_LENGTH: &str = "upload-length";
/// `1` while the size of the whole is not known.
pub const UPLOAD_DEFER_LENGTH: &str = "upload-defer-length";
/// What the sender says of the upload.
pub const UPLOAD_METADATA: &str = "upload-metadata";
/// What the bytes of one request hash to.
pub const UPLOAD_CHECKSUM: &str = "upload-checksum";
/// When an upload expires.
pub const UPLOAD_EXPIRES: &str = "upload-expires";
/// The receipt that names the blob.
pub const RECEIPT: &str = "doorstep-receipt";

/// The method that is meant, where a client cannot send it.
const METHOD_OVERRIDE: &str = "x-http-method-override";

/// Headers of every answer. A bearer token is no cookie: a page of any origin may send its own.
const EVERY_ANSWER: [(&str, &str); 3] = [
    (TUS_RESUMABLE, VERSION),
    ("access-control-allow-origin", "*"),
    (
        "access-control-expose-headers",
        "Location, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, Upload-Offset, \
         Upload-Length, Upload-Defer-Length, Upload-Metadata, Upload-Expires, Doorstep-Receipt, Retry-After, X-Request-Id",
    ),
];

/// Whether a path is one of uploads.
#[must_use]
pub fn is_upload(path: &str) -> bool {
    path.strip_prefix(Operation::CreateUpload.row().path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Takes the method that is meant for the one that was sent.
pub fn override_method(request: &mut ServiceRequest) {
    if !is_upload(request.path()) {
        return;
    }
    let meant = request.headers().get(METHOD_OVERRIDE).and_then(|value| Method::from_bytes(value.as_bytes()).ok());
    if let Some(meant) = meant {
        request.head_mut().method = meant;
    }
}

/// Adds what every answer says.
pub fn add_headers(headers: &mut HeaderMap) {
    for (name, value) in EVERY_ANSWER {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

/// Refuses another version of the protocol.
///
/// # Errors
/// `tus_version_unsupported`.
pub fn check_version(request: &HttpRequest) -> AppResult<()> {
    match text(request, TUS_RESUMABLE, ErrorCode::TusVersionUnsupported)? {
        Some(VERSION) => Ok(()),
        _ => Err(Refusal::new(ErrorCode::TusVersionUnsupported).field("Tus-Resumable", VERSION).into()),
    }
}

/// The value of a header.
///
/// # Errors
/// `code` if it cannot be read or is there twice: it would not mean what its sender meant.
pub fn text<'a>(request: &'a HttpRequest, name: &str, code: ErrorCode) -> AppResult<Option<&'a str>> {
    let mut values = request.headers().get_all(name);
    let (value, further) = (values.next().map(HeaderValue::to_str), values.next());
    match (value.transpose(), further) {
        (Ok(value), None) => Ok(value),
        _ => Err(Refusal::new(code).field(name, "once, in ASCII").into()),
    }
}

/// A header that holds a number of bytes.
///
/// # Errors
/// `code` for anything but digits, and for more than any file has.
pub fn bytes(request: &HttpRequest, name: &str, code: ErrorCode) -> AppResult<Option<u64>> {
    let Some(text) = text(request, name, code)? else { return Ok(None) };
    let number = text.bytes().all(|digit| digit.is_ascii_digit()).then(|| i64::from_str(text).ok()).flatten();
    let number = number.and_then(|number| u64::try_from(number).ok());
    number.map(Some).ok_or_else(|| Refusal::new(code).field(name, "a number of bytes").into())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn numbers_are_digits_within_reach() {
        let read = |text: &str| {
            let request = TestRequest::default().insert_header((UPLOAD_OFFSET, text)).to_http_request();
            bytes(&request, UPLOAD_OFFSET, ErrorCode::OffsetInvalid).ok().flatten()
        };
        assert_eq!((read("0"), read("41943040")), (Some(0), Some(41_943_040)));
        for faulty in ["-1", "+1", "", "1.0", "0x1", "9223372036854775808", "1, 1"] {
            assert_eq!(read(faulty), None, "{faulty}");
        }
    }

    #[test]
    fn what_cannot_be_read_or_comes_twice_is_refused() {
        let faulty = ErrorCode::UploadMetadataInvalid;
        let of = |values: &[&[u8]]| {
            let values = values.iter().map(|value| HeaderValue::from_bytes(value).expect("a value"));
            let request =
                values.fold(TestRequest::default(), |request, value| request.append_header((UPLOAD_METADATA, value)));
            let request = request.to_http_request();
            text(&request, UPLOAD_METADATA, faulty).map(|text| text.map(str::to_owned)).map_err(|error| error.code())
        };
        assert_eq!((of(&[]), of(&[b"a ZA=="])), (Ok(None), Ok(Some("a ZA==".to_owned()))));
        assert_eq!((of(&["a ZA==,\u{fc}".as_bytes()]), of(&[b"a ZA==", b"b ZA=="])), (Err(faulty), Err(faulty)));
    }

    #[test]
    fn only_paths_of_uploads_are_uploads() {
        assert!(is_upload("/v1/uploads") && is_upload("/v1/uploads/x"));
        assert!(!is_upload("/v1/uploadsx") && !is_upload("/v1/users"));
    }
}
