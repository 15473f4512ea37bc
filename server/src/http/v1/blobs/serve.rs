//! Answers with bytes: entity tag, conditional and range requests, headers that keep a browser from guessing.

use std::convert::Infallible;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody, SizedStream};
use actix_web::http::Method;
use actix_web::http::header::{IF_NONE_MATCH, IF_RANGE, RANGE};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use sync_core::bytes::Hash;

use super::range::{Wanted, wanted};
use super::sending::Sending;
use crate::app::blobs::{BlobContent, Original};
use crate::app::{AppState, ErrorCode, Refusal};
use crate::http::error::ApiError;
use crate::http::place::move_to_originals;

/// How a browser treats the bytes.
#[derive(Debug, Clone, Copy)]
enum Disposition {
    /// Saved to a file, never shown: bytes from outside.
    Attachment,
    /// Shown: a copy that we made.
    Inline,
}

/// What is said of a blob or a copy of it, whether its bytes follow or not.
struct Shown<'a> {
    sha256: Hash,
    media_type: &'a str,
    etag: String,
    disposition: Disposition,
}

/// What a request wants of it.
enum Choice {
    /// Nothing: the sender has it already.
    Known,
    /// All of it.
    Whole,
    /// These bytes.
    Part(Range<usize>),
}

/// Answers with a copy of a blob.
pub(super) fn serve(request: &HttpRequest, content: BlobContent) -> Result<HttpResponse, ApiError> {
    // A copy may be made anew, of other bytes.
    let etag = format!("\"{}\"", Hash::of(&content.bytes));
    let disposition = Disposition::Inline;
    let shown = Shown { sha256: content.sha256, media_type: &content.media_type, etag, disposition };
    let len = content.bytes.len();
    Ok(match choose(request, &shown.etag, len)? {
        Choice::Known => shown.decorate(&mut HttpResponse::NotModified()).finish(),
        Choice::Whole => shown.decorate(&mut HttpResponse::Ok()).body(content.bytes),
        Choice::Part(part) => {
            let bytes = content.bytes.get(part.clone()).unwrap_or_default().to_vec();
            shown.decorate(&mut partial(&part, len)).body(bytes)
        }
    })
}

/// Answers with an original, of which no byte is read that is not sent, and none before its reader has room for it.
pub(super) async fn serve_original(
    request: &HttpRequest,
    state: &AppState,
    sha256: Hash,
    original: Original,
) -> Result<HttpResponse, ApiError> {
    let media_type = original.media_type().to_owned();
    let (etag, disposition) = (format!("\"{sha256}\""), Disposition::Attachment);
    let shown = Shown { sha256, media_type: &media_type, etag, disposition };
    let len = usize::try_from(original.bytes()).unwrap_or(usize::MAX);
    let (mut response, part) = match choose(request, &shown.etag, len)? {
        Choice::Known => return Ok(shown.decorate(&mut HttpResponse::NotModified()).finish()),
        Choice::Whole => (HttpResponse::Ok(), 0..len),
        Choice::Part(part) => (partial(&part, len), part),
    };
    let at = |place: usize| u64::try_from(place).unwrap_or(u64::MAX);
    if request.method() == Method::HEAD {
        // What is said of it shows nothing of it.
        return Ok(shown.decorate(&mut response).body(LeftAway(at(len))));
    }
    let place = move_to_originals(request, state, original.reader())?;
    let pieces = original.open(state, at(part.start)..at(part.end)).await?;
    let body = SizedStream::new(at(part.len()), Sending::begin(pieces, place, &state.config.limits));
    Ok(shown.decorate(&mut response).body(body))
}

/// A body of this size of which the answer tells the size alone.
struct LeftAway(u64);

impl MessageBody for LeftAway {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0)
    }

    fn poll_next(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<web::Bytes, Infallible>>> {
        Poll::Ready(None)
    }
}

/// Looks at conditions and ranges.
fn choose(request: &HttpRequest, etag: &str, len: usize) -> Result<Choice, ApiError> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    if header(IF_NONE_MATCH).is_some_and(|known| known.split(',').any(|tag| same_tag(tag, etag))) {
        return Ok(Choice::Known);
    }
    // A range is one of what GET gives (RFC 9110 section 14.2).
    let range = header(RANGE).filter(|_| request.method() != Method::HEAD);
    let range = range.filter(|_| header(IF_RANGE).is_none_or(|known| known.trim() == etag));
    match wanted(range, len) {
        Wanted::Whole => Ok(Choice::Whole),
        Wanted::Part(part) => Ok(Choice::Part(part)),
        Wanted::Unsatisfiable => {
            Err(Refusal::new(ErrorCode::RangeInvalid).limit(i64::try_from(len).unwrap_or(i64::MAX), 0).into())
        }
    }
}

/// How the name of a file ends whose bytes are of a type that we recognise.
fn ending(media_type: &str) -> &'static str {
    match media_type {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/webp" => "webp",
        "image/heic" => "heic",
        "image/avif" => "avif",
        "application/pdf" => "pdf",
        "audio/mpeg" => "mp3",
        "audio/mp4" => "m4a",
        "audio/aac" => "aac",
        "audio/amr" => "amr",
        "audio/ogg" => "ogg",
        "audio/wav" => "wav",
        "audio/flac" => "flac",
        "video/mp4" => "mp4",
        "video/3gpp" => "3gp",
        "video/3gpp2" => "3g2",
        "video/quicktime" => "mov",
        "video/webm" => "webm",
        "video/mpeg" => "mpg",
        _ => "bin",
    }
}

/// Weak comparison (RFC 9110 section 8.8.3.2).
fn same_tag(sent: &str, etag: &str) -> bool {
    let sent = sent.trim();
    sent == "*" || sent.strip_prefix("W/").unwrap_or(sent) == etag
}

impl Shown<'_> {
    fn decorate<'r>(&self, response: &'r mut HttpResponseBuilder) -> &'r mut HttpResponseBuilder {
        let (shown, cached) = match self.disposition {
            // Named by its hash: no name from outside reaches a header.
            Disposition::Attachment => {
                let ending = ending(self.media_type);
                (format!("attachment; filename=\"{}.{ending}\"", self.sha256), "private, no-store")
            }
            // Kept by the browser, but asked for each time: rights may have ended.
            Disposition::Inline => ("inline".to_owned(), "private, no-cache"),
        };
        response
            .content_type(self.media_type)
            .insert_header(("ETag", self.etag.as_str()))
            .insert_header(("Accept-Ranges", "bytes"))
            .insert_header(("Content-Disposition", shown))
            .insert_header(("Content-Security-Policy", "sandbox; default-src 'none'"))
            .insert_header(("Cache-Control", cached))
    }
}

/// Begins to answer with some of the bytes.
fn partial(part: &Range<usize>, len: usize) -> HttpResponseBuilder {
    let place = format!("bytes {}-{}/{len}", part.start, part.end.saturating_sub(1));
    let mut response = HttpResponse::PartialContent();
    response.insert_header(("Content-Range", place));
    response
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use super::*;

    const COPY: &[u8] = b"0123456789";

    fn answer(headers: &[(&'static str, &str)]) -> Result<HttpResponse, ApiError> {
        answer_with(COPY, headers)
    }

    fn answer_with(copy: &[u8], headers: &[(&'static str, &str)]) -> Result<HttpResponse, ApiError> {
        let mut request = TestRequest::get();
        for header in headers {
            request = request.insert_header(*header);
        }
        let content = BlobContent { sha256: Hash([7; 32]), media_type: "image/jpeg".to_owned(), bytes: copy.to_vec() };
        serve(&request.to_http_request(), content)
    }

    #[test]
    fn a_known_tag_is_not_sent_again() {
        let tag = format!("\"{}\"", Hash::of(COPY));
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let response = answer(&[("If-None-Match", &known)]).expect("answer");
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{known}");
        }
        assert_eq!(answer(&[("If-None-Match", "\"other\"")]).expect("answer").status(), StatusCode::OK);
        let anew = answer_with(b"made anew", &[("If-None-Match", &tag)]).expect("answer");
        assert_eq!(anew.status(), StatusCode::OK, "a copy of other bytes is another one");
    }

    #[test]
    fn a_range_of_another_version_is_ignored() {
        let part = answer(&[("Range", "bytes=2-4")]).expect("answer");
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
        assert_eq!(part.headers().get("content-range").expect("range"), "bytes 2-4/10");
        let whole = answer(&[("Range", "bytes=2-4"), ("If-Range", "\"other\"")]).expect("answer");
        assert_eq!(whole.status(), StatusCode::OK);
        assert_eq!(answer(&[("Range", "bytes=10-")]).expect_err("range").0.code(), ErrorCode::RangeInvalid);
    }
}
