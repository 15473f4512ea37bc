//! The server as the phone sees it: a trait, and its form over HTTP.

mod tus;

use std::io::Read as _;
use std::time::Duration;

use serde_json::Value;
use sync_core::bytes::Hash;
use ureq::http::Response;
use ureq::{Agent, Body};

use crate::error::{PhoneError, PhoneResult};
pub use tus::{Stands, Step};

/// Most bytes of an answer, after decompression.
const MAX_ANSWER: u64 = 64 * 1024 * 1024;
/// Below this size compression costs more than it saves.
const WORTH_COMPRESSING: usize = 512;
/// A body that shrinks more than this is sent as it is: the server takes it for a bomb.
///
/// # Source
/// Limits section 5, ratio 20, with room to spare.
const HIGHEST_RATIO: usize = 18;
/// Level of zstd.
const LEVEL: i32 = 3;
/// Level of a body of at most [`SMALL`] bytes, as that of an edit: a few bytes fewer, which no phone waits for.
const LEVEL_OF_SMALL: i32 = 19;
const SMALL: usize = 16 << 10;

/// Longest life of a stream of hints: the server ends it with the token, after a quarter of an hour.
const LIVE: Duration = Duration::from_secs(20 * 60);

/// What a request says about a blob.
#[derive(Debug, Clone, Copy)]
pub enum Content<'b> {
    /// All of it.
    Whole(&'b [u8]),
    /// All from a byte on: what lies before has arrived.
    Rest {
        /// The whole blob.
        blob: &'b [u8],
        /// The first byte to send.
        from: usize,
    },
    /// Nothing: it asks how much of a blob of this size has arrived.
    Question(usize),
}

/// What came of an upload.
#[derive(Debug, Clone)]
pub enum Uploaded {
    /// The server holds the blob; its answer has the receipt.
    Held(Value),
    /// So many bytes have arrived.
    Partly(usize),
}

impl<'b> Content<'b> {
    /// The bytes to send.
    #[must_use]
    pub fn body(self) -> &'b [u8] {
        match self {
            Self::Whole(blob) => blob,
            Self::Rest { blob, from } => blob.get(from..).unwrap_or_default(),
            Self::Question(_) => &[],
        }
    }

    /// The header `Content-Range`, where there is one.
    fn range(self) -> Option<String> {
        match self {
            Self::Whole(_) => None,
            Self::Rest { blob, from } => Some(format!("bytes {from}-{}/{}", blob.len().saturating_sub(1), blob.len())),
            Self::Question(total) => Some(format!("bytes */{total}")),
        }
    }
}

/// What the phone asks of a server; a test gives another one.
pub trait Transport {
    /// Posts JSON.
    ///
    /// # Errors
    /// [`PhoneError::Network`] without an answer, [`PhoneError::Refused`] with a problem.
    fn post(&mut self, path: &str, token: Option<&str>, body: &Value) -> PhoneResult<Value>;

    /// Fetches JSON.
    ///
    /// # Errors
    /// As [`Self::post`].
    fn fetch(&mut self, path: &str, token: Option<&str>) -> PhoneResult<Value>;

    /// Does one sync round: an encoded request for an encoded response.
    ///
    /// # Errors
    /// As [`Self::post`].
    fn sync(&mut self, token: &str, body: &[u8]) -> PhoneResult<Vec<u8>>;

    /// Uploads a blob or the rest of it, or asks how much of it has arrived.
    ///
    /// # Errors
    /// As [`Self::post`].
    fn put_blob(&mut self, token: &str, blob: &Hash, content: Content<'_>, media_type: &str) -> PhoneResult<Uploaded>;

    /// Does one request of an upload in parts.
    ///
    /// # Errors
    /// As [`Self::post`]; where the bytes belong elsewhere, or somebody else goes on with the upload, is no error.
    fn upload(&mut self, token: &str, step: Step<'_>) -> PhoneResult<Stands>;
}

/// A server over HTTP.
#[derive(Debug)]
pub struct Http {
    agent: Agent,
    base: String,
}

impl Http {
    /// Speaks to the server at a base URL.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(15)))
            .timeout_recv_response(Some(Duration::from_secs(120)))
            .timeout_recv_body(Some(Duration::from_secs(300)))
            .user_agent("doorstep-phone")
            .build();
        Self { agent: config.into(), base: base.trim_end_matches('/').to_owned() }
    }

    /// Opens the stream of live hints.
    ///
    /// # Errors
    /// As [`Transport::fetch`].
    pub(crate) fn live(&self, token: &str) -> PhoneResult<impl std::io::Read + Send + use<>> {
        let request = self.agent.get(self.url("/v1/live")).header("authorization", bearer(token));
        let request = request.config().timeout_recv_body(Some(LIVE)).build();
        let mut response = request.call().map_err(network)?;
        if response.status().is_success() {
            return Ok(response.into_body().into_reader());
        }
        Err(refusal(response.status().as_u16(), &response.body_mut().read_to_vec().unwrap_or_default()))
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

fn network(error: ureq::Error) -> PhoneError {
    PhoneError::Network(error.to_string())
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// The body of a good answer; anything else as a refusal.
fn answer(response: Result<Response<Body>, ureq::Error>) -> PhoneResult<Vec<u8>> {
    let (status, bytes) = read(response)?;
    if (200..300).contains(&status) { Ok(bytes) } else { Err(refusal(status, &bytes)) }
}

/// Status and body of an answer, decompressed.
fn read(response: Result<Response<Body>, ureq::Error>) -> PhoneResult<(u16, Vec<u8>)> {
    let mut response = response.map_err(network)?;
    let status = response.status().as_u16();
    let is_compressed = response.headers().get("content-encoding").is_some_and(|encoding| encoding == "zstd");
    let bytes = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec().map_err(network)?;
    Ok((status, if is_compressed { decompress(&bytes)? } else { bytes }))
}

/// What a problem says.
fn refusal(status: u16, problem: &[u8]) -> PhoneError {
    let problem: Value = serde_json::from_slice(problem).unwrap_or_default();
    let text = |name: &str| problem.get(name).and_then(Value::as_str).map(str::to_owned);
    let title = text("detail").or_else(|| text("title")).unwrap_or_else(|| "no problem was named".to_owned());
    let retry_later = status >= 500 || matches!(text("retry").as_deref(), Some("now" | "after"));
    PhoneError::Refused { status, code: text("code").unwrap_or_default(), title, retry_later }
}

/// How much has arrived, where a problem says so.
fn arrived(status: u16, bytes: &[u8]) -> Option<usize> {
    let problem: Value = serde_json::from_slice(bytes).ok()?;
    let is_incomplete = status == 409 && problem.get("code")? == "upload_incomplete";
    usize::try_from(problem.get("actual")?.as_u64()?).ok().filter(|_| is_incomplete)
}

fn decompress(bytes: &[u8]) -> PhoneResult<Vec<u8>> {
    let broken = |error: std::io::Error| PhoneError::Network(format!("the answer cannot be decompressed: {error}"));
    let mut plain = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(bytes).map_err(broken)?;
    decoder.take(MAX_ANSWER).read_to_end(&mut plain).map_err(broken)?;
    Ok(plain)
}

/// A compressed form of the body that the server accepts, where there is one.
fn compressed(body: &[u8]) -> Option<Vec<u8>> {
    if body.len() < WORTH_COMPRESSING {
        return None;
    }
    let level = if body.len() <= SMALL { LEVEL_OF_SMALL } else { LEVEL };
    let small = zstd::bulk::compress(body, level).ok()?;
    (small.len() < body.len() && small.len().saturating_mul(HIGHEST_RATIO) >= body.len()).then_some(small)
}

/// An answer as JSON; one without content is null.
fn json(bytes: &[u8]) -> PhoneResult<Value> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes).map_err(|error| PhoneError::Network(format!("the answer is no JSON: {error}")))
}

impl Transport for Http {
    fn post(&mut self, path: &str, token: Option<&str>, body: &Value) -> PhoneResult<Value> {
        let mut request = self.agent.post(self.url(path)).header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", bearer(token));
        }
        json(&answer(request.send(serde_json::to_vec(body)?.as_slice()))?)
    }

    fn fetch(&mut self, path: &str, token: Option<&str>) -> PhoneResult<Value> {
        let mut request = self.agent.get(self.url(path));
        if let Some(token) = token {
            request = request.header("authorization", bearer(token));
        }
        json(&answer(request.call())?)
    }

    fn sync(&mut self, token: &str, body: &[u8]) -> PhoneResult<Vec<u8>> {
        let request = self
            .agent
            .post(self.url("/v1/sync"))
            .header("authorization", bearer(token))
            .header("content-type", "application/cbor")
            .header("accept", "application/cbor")
            .header("accept-encoding", "zstd");
        match compressed(body) {
            Some(small) => answer(request.header("content-encoding", "zstd").send(small.as_slice())),
            None => answer(request.send(body)),
        }
    }

    fn put_blob(&mut self, token: &str, blob: &Hash, content: Content<'_>, media_type: &str) -> PhoneResult<Uploaded> {
        let mut request = self
            .agent
            .put(self.url(&format!("/v1/blobs/{blob}")))
            .header("authorization", bearer(token))
            .header("content-type", media_type);
        if let Some(range) = content.range() {
            request = request.header("content-range", range);
        }
        let (status, bytes) = read(request.send(content.body()))?;
        match arrived(status, &bytes) {
            Some(bytes) => Ok(Uploaded::Partly(bytes)),
            None if (200..300).contains(&status) => Ok(Uploaded::Held(json(&bytes)?)),
            None => Err(refusal(status, &bytes)),
        }
    }

    fn upload(&mut self, token: &str, step: Step<'_>) -> PhoneResult<Stands> {
        tus::step(self, token, step)
    }
}
