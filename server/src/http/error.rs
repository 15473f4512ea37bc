//! Problems (RFC 9457): the only place that knows status codes of refusals.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{AppError, ErrorCode, FieldFault};
use crate::http::tus;

/// A failed request on its way to the client; the edge middleware turns it into a problem.
#[derive(Debug)]
pub struct ApiError(pub AppError);

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: Into<AppError>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        status(self.0.code())
    }

    fn error_response(&self) -> HttpResponse {
        problem_response(&self.0, "", Language::English)
    }
}

/// The status of each code.
#[must_use]
pub fn status(code: ErrorCode) -> StatusCode {
    use ErrorCode as C;
    match code {
        C::NotFound | C::PreviewPending | C::NoPreview => StatusCode::NOT_FOUND,
        C::RangeInvalid => StatusCode::RANGE_NOT_SATISFIABLE,
        C::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        C::TokenInvalid
        | C::LoginFailed
        | C::RefreshInvalid
        | C::RefreshReused
        | C::DeviceSuspended
        | C::AssertionInvalid
        | C::EnrolmentInvalid
        | C::SealInvalid => StatusCode::UNAUTHORIZED,
        C::Forbidden | C::FourEyes | C::EnrolmentForeign => StatusCode::FORBIDDEN,
        C::TooManyAttempts | C::EnrolmentLocked | C::RateLimited | C::TooManyUploads | C::TooManyDownloads => {
            StatusCode::TOO_MANY_REQUESTS
        }
        C::EnrolmentExpired | C::UploadExpired | C::LinkExpired => StatusCode::GONE,
        C::BodyInvalid
        | C::JsonDuplicateKey
        | C::ContentEncodingInvalid
        | C::OffsetInvalid
        | C::UploadLengthInvalid
        | C::UploadMetadataInvalid
        | C::UploadChecksumInvalid
        | C::UploadFinished => StatusCode::BAD_REQUEST,
        // The protocol's own number, which HTTP has no name for.
        C::UploadMismatch => StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST),
        C::MediaTypeUnsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        C::BodyTooLarge | C::PhotoTooLarge | C::SyncBatchTooLarge | C::BundleTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        C::JsonTooComplex
        | C::SyncBatchTooMany
        | C::TooManyCalls
        | C::ChecksumMismatch
        | C::BundleMalformed
        | C::BundleDamaged
        | C::BundleKeyUnknown
        | C::BundleForeign
        | C::BundleDeviceUnknown
        | C::BundleSealInvalid
        | C::ParameterInvalid
        | C::PageSize
        | C::PageTokenInvalid
        | C::Invalid
        | C::TextIncomplete
        | C::RepNotCertified
        | C::RepAbsent
        | C::IdempotencyMismatch => StatusCode::UNPROCESSABLE_ENTITY,
        C::Conflict
        | C::StateInvalid
        | C::DayOpen
        | C::RepBusy
        | C::OrderOnHold
        | C::ClaimedByOther
        | C::IdempotencyInProgress
        | C::EvidenceIncomplete
        | C::UploadIncomplete
        | C::OffsetConflict => StatusCode::CONFLICT,
        C::StaleVersion | C::StaleContent | C::TusVersionUnsupported => StatusCode::PRECONDITION_FAILED,
        C::PreconditionRequired => StatusCode::PRECONDITION_REQUIRED,
        C::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        C::UpgradeRequired => StatusCode::UPGRADE_REQUIRED,
        C::UriTooLong => StatusCode::URI_TOO_LONG,
        C::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        C::Busy | C::Overloaded | C::NotReady => StatusCode::SERVICE_UNAVAILABLE,
        C::UploadLocked => StatusCode::LOCKED,
        C::DiskFull | C::StorageQuota => StatusCode::INSUFFICIENT_STORAGE,
        C::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A response with the status of a refusal, for pages that tell it in words.
#[must_use]
pub fn told_by_page(code: ErrorCode) -> HttpResponseBuilder {
    HttpResponse::build(status(code))
}

/// Whether the same request may succeed another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// It never will.
    Never,
    /// At once.
    Now,
    /// After `retry_after_s`.
    After,
}

const fn retry(code: ErrorCode) -> Retry {
    use ErrorCode as C;
    match code {
        C::Busy
        | C::Overloaded
        | C::NotReady
        | C::TooManyAttempts
        | C::RateLimited
        | C::DiskFull
        | C::Internal
        | C::PreviewPending
        | C::IdempotencyInProgress
        | C::TooManyUploads
        | C::TooManyDownloads
        | C::UploadLocked
        | C::StorageQuota
        | C::EvidenceIncomplete => Retry::After,
        C::StaleVersion
        | C::ClaimedByOther
        | C::RequestTimeout
        | C::UploadIncomplete
        | C::UploadMismatch
        | C::OffsetConflict => Retry::Now,
        _ => Retry::Never,
    }
}

/// A problem in one language.
#[derive(Debug, Serialize, ToSchema)]
pub struct LocalText {
    /// What the code means.
    pub title: String,
    /// What is wrong with this request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// A problem in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub struct LocalTexts {
    /// English.
    pub en: LocalText,
    /// Simplified Chinese.
    #[serde(rename = "zh-CN")]
    pub zh_cn: LocalText,
}

/// Why a request failed (RFC 9457, `application/problem+json`).
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// URI of the kind of problem: `/problems/<code>`.
    #[serde(rename = "type")]
    #[schema(example = "/problems/body_invalid")]
    pub kind: String,
    /// What the code means, in the language asked for.
    pub title: String,
    /// Status code of the answer.
    #[schema(example = 400)]
    pub status: u16,
    /// What is wrong with this request, in the language asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Stable code.
    pub code: ErrorCode,
    /// Whether trying again may help.
    pub retry: Retry,
    /// The id under which the request was logged.
    pub request_id: String,
    /// The limit that was exceeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    /// What was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<i64>,
    /// Seconds to wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<i64>,
    /// Faulty fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldFault>,
    /// The same in both languages.
    pub texts: LocalTexts,
}

/// Language of `title` and `detail`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Simplified Chinese.
    Chinese,
}

/// Seconds to wait where nothing more is known.
const RETRY_AFTER_SECS: i64 = 2;

/// Seconds to wait where there is room once a person makes it, or once records come that name what is here.
const QUOTA_RETRY_SECS: i64 = 3600;

/// Seconds to wait before the same request may succeed, unless the refusal says it; none if it never will, or at once.
const fn retry_after_secs(code: ErrorCode) -> Option<i64> {
    match (retry(code), code) {
        (Retry::After, ErrorCode::StorageQuota) => Some(QUOTA_RETRY_SECS),
        (Retry::After, _) => Some(RETRY_AFTER_SECS),
        _ => None,
    }
}

/// Builds the problem of an error.
#[must_use]
pub fn problem(error: &AppError, request_id: &str, language: Language) -> Problem {
    let code = error.code();
    let refusal = match error {
        AppError::Refused(refusal) => Some(refusal.as_ref()),
        _ => None,
    };
    let texts = LocalTexts {
        en: LocalText {
            title: code.title_en().to_owned(),
            detail: refusal.and_then(|refusal| refusal.detail_en.clone()),
        },
        zh_cn: LocalText {
            title: code.title_zh().to_owned(),
            detail: refusal.and_then(|refusal| refusal.detail_zh.clone()),
        },
    };
    let shown = match language {
        Language::English => &texts.en,
        Language::Chinese => &texts.zh_cn,
    };
    let retry = retry(code);
    Problem {
        kind: format!("/problems/{}", code.as_str()),
        title: shown.title.clone(),
        status: status(code).as_u16(),
        detail: shown.detail.clone(),
        code,
        retry,
        request_id: request_id.to_owned(),
        limit: refusal.and_then(|refusal| refusal.limit),
        actual: refusal.and_then(|refusal| refusal.actual),
        retry_after_s: refusal.and_then(|refusal| refusal.retry_after_s).or_else(|| retry_after_secs(code)),
        fields: refusal.map(|refusal| refusal.fields.clone()).unwrap_or_default(),
        texts,
    }
}

/// Builds the response of an error.
#[must_use]
pub fn problem_response(error: &AppError, request_id: &str, language: Language) -> HttpResponse {
    let problem = problem(error, request_id, language);
    let mut response = HttpResponse::build(status(error.code()));
    if let Some(secs) = problem.retry_after_s {
        response.insert_header(("Retry-After", secs.to_string()));
    }
    if matches!(error.code(), ErrorCode::TokenInvalid) {
        response.insert_header(("WWW-Authenticate", "Bearer"));
    }
    match (error.code(), problem.actual) {
        (ErrorCode::OffsetConflict, Some(offset)) => drop(response.insert_header((tus::UPLOAD_OFFSET, offset))),
        (ErrorCode::TusVersionUnsupported, _) => drop(response.insert_header((tus::TUS_VERSION, tus::VERSION))),
        _ => {}
    }
    if matches!(error.code(), ErrorCode::RequestTimeout) {
        // What is still to come belongs to the request that was given up (RFC 9110 section 15.5.9).
        response.force_close();
    }
    response
        .content_type("application/problem+json")
        .body(serde_json::to_string(&problem).unwrap_or_else(|_never| "{}".to_owned()))
}
