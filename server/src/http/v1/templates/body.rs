//! A template in a request body, as YAML or JSON; the error names the place.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use sync_core::template::Template;

use crate::app::{AppError, AppResult, ErrorCode, Refusal};
use crate::http::body::{read_body, state_of};
use crate::http::error::ApiError;
use crate::http::extract::json::{limit_of, parse};
use crate::http::extract::shape::Shape;

/// A template as it was sent.
#[derive(Debug)]
pub struct TemplateBody(pub Template);

impl FromRequest for TemplateBody {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let is_yaml = is_yaml(&request)?;
            let limits = &state_of(&request)?.config.limits;
            let shape = Shape { keys: limits.json_keys, items: limits.json_items };
            let body = read_body(&request, payload, limit_of(&request)?, ErrorCode::BodyTooLarge).await?;
            let body = if is_yaml { json_of(&body)? } else { body };
            Ok(Self(parse(&body, shape)?))
        })
    }
}

/// Whether the body is YAML; it is JSON otherwise.
fn is_yaml(request: &HttpRequest) -> AppResult<bool> {
    let media_type = request.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    match media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/json" => Ok(false),
        // RFC 9512, and what went before it.
        "application/yaml" | "application/x-yaml" | "text/yaml" => Ok(true),
        _ => {
            let (en, zh) = (
                "Send the body as application/yaml or application/json",
                "请以 application/yaml 或 application/json 发送",
            );
            Err(Refusal::new(ErrorCode::MediaTypeUnsupported).detail(en, zh).into())
        }
    }
}

/// Most events that aliases may stand for, and most that are kept for them; the largest template of the product has some four
/// thousand of its own.
const MAX_REPEATED: usize = 20_000;

/// How YAML is read: what its aliases say again is bounded before it is said.
fn bounded() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_recorded_anchor_events: MAX_REPEATED,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_REPEATED },
    }
}

/// YAML as JSON, which is parsed like any other body.
fn json_of(body: &[u8]) -> AppResult<Vec<u8>> {
    let faulty = |place: String| {
        AppError::from(Refusal::new(ErrorCode::BodyInvalid).field(place, "YAML that JSON can say, each key once"))
    };
    let text = std::str::from_utf8(body).map_err(|_no_text| faulty(String::new()))?;
    // Nothing that was sent is repeated: only the place is told.
    let value: serde_json::Value = serde_saphyr::from_str_with_options(text, bounded()).map_err(|error| {
        faulty(error.location().map_or_else(String::new, |at| format!("line {}, column {}", at.line(), at.column())))
    })?;
    serde_json::to_vec(&value).map_err(|error| AppError::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_say_little_again() {
        let one = "a: &a {x: 1}\nb: *a\n";
        assert_eq!(json_of(one.as_bytes()).unwrap(), br#"{"a":{"x":1},"b":{"x":1}}"#);
        // Nine levels of nine: 387 million scalars of a few hundred bytes.
        let mut laughs = "a0: &a0 [lol]\n".to_owned();
        for level in 1..9 {
            let before = vec![format!("*a{}", level - 1); 9].join(", ");
            laughs.push_str(&format!("a{level}: &a{level} [{before}]\n"));
        }
        let Err(AppError::Refused(refusal)) = json_of(laughs.as_bytes()) else { panic!("it laughs") };
        assert_eq!(refusal.code, ErrorCode::BodyInvalid);
    }

    #[test]
    fn yaml_becomes_json_and_its_faults_have_a_place() {
        assert_eq!(
            json_of("a: [1, \"二\"]\nb: true\n".as_bytes()).unwrap(),
            "{\"a\":[1,\"二\"],\"b\":true}".as_bytes()
        );
        for text in ["a: 1\na: 2\n", "a: [1\nb: 2\n"] {
            let Err(AppError::Refused(refusal)) = json_of(text.as_bytes()) else { panic!("{text}") };
            assert!(refusal.fields.iter().all(|field| field.path.starts_with("line ")), "{text}: {refusal:?}");
            assert_eq!((refusal.code, refusal.fields.len()), (ErrorCode::BodyInvalid, 1));
        }
    }
}
