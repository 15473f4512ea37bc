//! HTTP as it stands on the wire: whole answers with status and headers, and requests that end too early.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

use crate::Broken;

/// Most bytes of an answer.
const MAX_ANSWER: u64 = 64 << 20;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server by its base URL.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    agent: Agent,
    base: String,
}

/// A request.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// An answer, its names of headers in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, media_type: &str, body: Vec<u8>) -> Self {
        self.body = body;
        self.header("content-type", media_type)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        let bytes = body.to_string().into_bytes();
        self.body("application/json", bytes)
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Status and beginning of the body, for messages.
    pub(crate) fn summary(&self) -> String {
        let text: String = String::from_utf8_lossy(&self.body).chars().take(300).collect();
        format!("status {} with {text}", self.status)
    }

    /// The body without its content coding.
    pub(crate) fn plain_body(&self) -> Result<Vec<u8>, Broken> {
        let mut plain = Vec::new();
        let body = self.body.as_slice();
        match self.headers.get("content-encoding").map(String::as_str) {
            None => return Ok(self.body.clone()),
            Some("zstd") => zstd::stream::read::Decoder::new(body)
                .and_then(|decoder| decoder.take(MAX_ANSWER).read_to_end(&mut plain)),
            Some("gzip") => flate2::read::GzDecoder::new(body).take(MAX_ANSWER).read_to_end(&mut plain),
            Some(other) => return Err(format!("content-encoding {other} was not asked for")),
        }
        .map_err(|error| format!("the answer cannot be decompressed: {error}"))?;
        Ok(plain)
    }
}

impl Wire {
    pub(crate) fn new(base: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .user_agent("doorstep-conformance")
            .build();
        Self { agent: config.into(), base: base.trim_end_matches('/').to_owned() }
    }

    /// Sends a request and reads the answer; HTTP errors are answers. Comes again when it was told to wait.
    #[expect(clippy::disallowed_methods, reason = "the server says how long a client of the contract waits")]
    pub(crate) fn send(&self, call: &Call) -> Result<Answer, Broken> {
        loop {
            let answer = self.send_once(call)?;
            let wait = answer.headers.get("retry-after").and_then(|seconds| seconds.parse().ok());
            match (answer.status, wait) {
                (429, Some(seconds)) => std::thread::sleep(Duration::from_secs(seconds)),
                _ => return Ok(answer),
            }
        }
    }

    fn send_once(&self, call: &Call) -> Result<Answer, Broken> {
        let lost = |error: &dyn std::fmt::Display| format!("{} {}: no answer: {error}", call.method, call.path);
        let mut request = ureq::http::Request::builder().method(call.method).uri(format!("{}{}", self.base, call.path));
        // Asked for explicitly or not at all: the library would decompress on its own.
        if !call.headers.iter().any(|(name, _)| *name == "accept-encoding") {
            request = request.header("accept-encoding", "identity");
        }
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let request = request.body(call.body.clone()).map_err(|error| lost(&error))?;
        let mut response = self.agent.run(request).map_err(|error| lost(&error))?;
        let text = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec().map_err(|error| lost(&error))?;
        Ok(Answer { status: response.status().as_u16(), headers, body })
    }

    /// Sends the first bytes of a request and hangs up.
    pub(crate) fn cut(&self, call: &Call, body_bytes: usize) -> Result<(), Broken> {
        let mut stream = self.begin(call, body_bytes)?;
        stream.flush().and_then(|()| stream.shutdown(Shutdown::Both)).or_else(ended)
    }

    /// Sends a whole request and hangs up once its answer has begun, without taking it in.
    #[expect(clippy::disallowed_methods, reason = "a client of the contract waits when it is told to")]
    pub(crate) fn drop_answer(&self, call: &Call) -> Result<(), Broken> {
        const STATUS_LINE: usize = "HTTP/1.1 200".len();
        loop {
            let mut stream = self.begin(call, call.body.len())?;
            let mut line = [0; STATUS_LINE];
            stream
                .flush()
                .and_then(|()| stream.read_exact(&mut line))
                .map_err(|error| format!("no answer: {error}"))?;
            match line.as_slice() {
                b"HTTP/1.1 200" => return Ok(()),
                b"HTTP/1.1 429" => std::thread::sleep(Duration::from_secs(1)),
                other => return Err(format!("the answer began with {}", String::from_utf8_lossy(other))),
            }
        }
    }

    fn begin(&self, call: &Call, body_bytes: usize) -> Result<TcpStream, Broken> {
        let authority = self
            .base
            .strip_prefix("http://")
            .ok_or("requests can be cut over http:// only; run this beside the server, before its TLS")?;
        let broken = |error: std::io::Error| format!("{authority}: {error}");
        let mut stream = TcpStream::connect(authority).map_err(broken)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(broken)?;
        let mut head = format!("{} {} HTTP/1.1\r\nhost: {authority}\r\n", call.method, call.path);
        for (name, value) in &call.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", call.body.len()));
        stream.write_all(head.as_bytes()).map_err(broken)?;
        stream.write_all(call.body.get(..body_bytes).unwrap_or(&call.body)).map_err(broken)?;
        Ok(stream)
    }
}

/// The other side may have hung up first, which is a cut as well.
fn ended(error: std::io::Error) -> Result<(), Broken> {
    if error.kind() == std::io::ErrorKind::NotConnected { Ok(()) } else { Err(error.to_string()) }
}
