//! JSON bodies within limits, with errors that name the field.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use crate::app::{AppError, ErrorCode, Refusal};
use crate::http::body::{read_body, state_of};
use crate::http::error::ApiError;
use crate::http::extract::shape::Shape;
use crate::http::extract::unique::Unique;

/// A JSON body of the expected form.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            require_json(&request)?;
            let limit = limit_of(&request)?;
            let limits = &state_of(&request)?.config.limits;
            let body = read_body(&request, payload, limit, ErrorCode::BodyTooLarge).await?;
            parse(&body, Shape { keys: limits.json_keys, items: limits.json_items }).map(Self).map_err(ApiError)
        })
    }
}

fn require_json(request: &HttpRequest) -> Result<(), ApiError> {
    if media_type(request).eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let refusal = Refusal::new(ErrorCode::MediaTypeUnsupported)
        .detail("Send the body as application/json", "请以 application/json 发送请求内容");
    Err(refusal.into())
}

/// What the body of a request is said to be, without parameters; its case does not count (RFC 9110 section 8.3.1).
#[must_use]
pub fn media_type(request: &HttpRequest) -> &str {
    let header = request.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    header.split(';').next().unwrap_or_default().trim()
}

/// The largest body of a request, in bytes.
///
/// # Errors
/// If the application is put together wrongly.
pub fn limit_of(request: &HttpRequest) -> Result<usize, ApiError> {
    let limits = &state_of(request)?.config.limits;
    Ok(if request.path().ends_with("/import") { limits.import_body_bytes } else { limits.json_body_bytes })
}

/// Parses JSON; the error names the faulty field and what was expected there.
///
/// # Errors
/// `json_duplicate_key`, `json_too_complex` or `body_invalid`.
pub fn parse<T: DeserializeOwned>(body: &[u8], shape: Shape) -> Result<T, AppError> {
    shape.check(body)?;
    if holds_nul(body) {
        // PostgreSQL's texts cannot hold it, and no person types it.
        return Err(Refusal::new(ErrorCode::BodyInvalid)
            .detail("A text holds the character U+0000", "文本中含有 U+0000 字符")
            .into());
    }
    if body.trim_ascii_start().first() != Some(&b'{') {
        // Serde would take an array for an object, field by field.
        return Err(Refusal::new(ErrorCode::BodyInvalid).field("", "a JSON object").into());
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let parsed: T = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| faulty(&error))?;
    deserializer.end().map_err(|_trailing| {
        AppError::from(
            Refusal::new(ErrorCode::BodyInvalid).detail("Something follows the JSON value", "JSON 内容之后有多余字符"),
        )
    })?;
    // A struct refuses a second key by itself, a map keeps the last.
    let _: Unique = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(body))
        .map_err(|error| faulty(&error))?;
    Ok(parsed)
}

fn faulty(error: &serde_path_to_error::Error<serde_json::Error>) -> AppError {
    let message = error.inner().to_string();
    let is_double = message.starts_with("duplicate field");
    let code = if is_double { ErrorCode::JsonDuplicateKey } else { ErrorCode::BodyInvalid };
    Refusal::new(code).field(nameable(&error.path().to_string()), expectation(&message)).into()
}

/// What serde expected, without what it found: nothing that was sent is repeated (limits-and-threats section 5).
fn expectation(message: &str) -> String {
    // The position says nothing to a client that sent one line. What was sent may hold these words too: the last count.
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    let repeats = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant ", "unknown field "];
    if !repeats.iter().any(|start| message.starts_with(start)) {
        return message.to_owned();
    }
    message.rsplit_once(", expected ").map_or_else(|| "nothing here".to_owned(), |(_, expected)| expected.to_owned())
}

/// A path as it can be shown: the name of an unknown field comes from the sender and may be anything.
#[must_use]
pub fn nameable(path: &str) -> String {
    let is_name = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_lowercase())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-[]".contains(&byte))
    };
    let is_shown = path == "." || (path.len() <= 200 && path.split('.').all(is_name));
    if is_shown { path.to_owned() } else { "?".to_owned() }
}

/// Whether a string of the JSON text holds an escaped U+0000.
fn holds_nul(body: &[u8]) -> bool {
    let mut rest = body;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escape = rest.get(at + 1..).unwrap_or_default();
        if escape.starts_with(b"u0000") {
            return true;
        }
        rest = escape.get(1..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[expect(dead_code, reason = "only its parsing is tested")]
        phones: Vec<String>,
    }

    const SHAPE: Shape = Shape { keys: 10, items: 10 };

    fn refusal(body: &str) -> (ErrorCode, Vec<String>) {
        match parse::<Body>(body.as_bytes(), SHAPE).expect_err(body) {
            AppError::Refused(refusal) => (refusal.code, refusal.fields.into_iter().map(|field| field.path).collect()),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn errors_name_the_field() {
        assert_eq!(refusal(r#"{"phones":["1",2]}"#), (ErrorCode::BodyInvalid, vec!["phones[1]".to_owned()]));
        assert_eq!(refusal(r#"{"phones":[],"phones":[]}"#).0, ErrorCode::JsonDuplicateKey);
        assert_eq!(refusal(r#"{"phones":[]} x"#).0, ErrorCode::BodyInvalid);
        assert_eq!(refusal(&"[".repeat(17)).0, ErrorCode::JsonTooComplex);
    }

    #[test]
    fn a_key_is_not_twice_in_a_map_either() {
        let parsed = |body: &str| parse::<BTreeMap<String, BTreeMap<String, i64>>>(body.as_bytes(), SHAPE);
        parsed(r#"{"fields":{"a":1,"b":-1},"c":{"a":1}}"#).expect("the same key of another object");
        for body in [r#"{"fields":{"a":1,"a":1}}"#, r#"{"a":{},"a":{}}"#, r#"{"fields":{"a":1,"\u0061":2}}"#] {
            let Err(AppError::Refused(refusal)) = parsed(body) else { panic!("{body}") };
            assert_eq!(refusal.code, ErrorCode::JsonDuplicateKey, "{body}");
        }
    }

    #[test]
    fn nothing_that_was_sent_is_repeated() {
        for (message, shown) in [
            ("invalid type: string \"1380, expected x\", expected u32 at line 1 column 9", "u32"),
            ("unknown field `1380`, expected `a` or `b`", "`a` or `b`"),
            ("unknown field `1380`, there are no fields", "nothing here"),
            ("missing field `a`", "missing field `a`"),
        ] {
            assert_eq!(expectation(message), shown);
        }
        assert_eq!(["a.b_c[0].d", ".", "13800138000", "a b", ""].map(nameable), ["a.b_c[0].d", ".", "?", "?", "?"]);
    }

    #[test]
    fn nul_and_arrays_are_no_bodies() {
        assert_eq!(refusal(r#"{"phones":["a\u0000b"]}"#).0, ErrorCode::BodyInvalid);
        assert_eq!(refusal(r#"[["1"]]"#).0, ErrorCode::BodyInvalid);
        assert!(parse::<Body>(br#"{"phones":["\\u0000"]}"#, SHAPE).is_ok(), "an escaped backslash is no escape");
    }
}
