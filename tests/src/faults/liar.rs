//! A faulty server: our own, of which the answers to syncs are changed on their way.

use std::io::Read as _;

use flate2::read::GzDecoder;
use sync_core::protocol::codec::{self, Encoding};
use sync_core::protocol::{SyncResponse, decode_response};

use super::{Fate, Weather};

/// Most bytes of an answer.
const MAX_ANSWER: usize = 64 << 20;

/// Changes every answer to a sync that is a success, as it is told, and sends it uncompressed; all else passes as it is.
pub struct Liar<F>(F);

impl<F> std::fmt::Debug for Liar<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Liar")
    }
}

impl<F: FnMut(&mut SyncResponse) + Send> Liar<F> {
    /// One that changes answers so.
    pub const fn new(lie: F) -> Self {
        Self(lie)
    }

    /// The answer with another body; `None` where it is no answer to lie about.
    fn lie(&mut self, whole: &[u8]) -> Option<Vec<u8>> {
        let end = whole.windows(4).position(|four| four == b"\r\n\r\n")?;
        let (head, body) = (std::str::from_utf8(whole.get(..end)?).ok()?, whole.get(end + 4..)?);
        let header = |wanted: &str| {
            let mut headers = head.lines().filter_map(|line| line.split_once(": "));
            headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
        };
        if !head.starts_with("HTTP/1.1 200 ") {
            return None;
        }
        let mut plain = Vec::new();
        match header("content-encoding") {
            None => plain.extend_from_slice(body),
            Some("zstd") => plain = zstd::decode_all(body).ok()?,
            Some("gzip") => drop(GzDecoder::new(body).read_to_end(&mut plain).ok()?),
            Some(_) => return None,
        }
        let encoding = Encoding::from_media_type(header("content-type")?)?;
        let mut response = decode_response(&plain, encoding, MAX_ANSWER).ok()?;
        (self.0)(&mut response);
        let body = codec::encode(&response, encoding).ok()?;
        let own = ["content-length", "content-encoding"];
        let is_kept =
            |line: &&str| line.split(':').next().is_none_or(|name| !own.contains(&name.to_ascii_lowercase().as_str()));
        let mut told = head.lines().filter(is_kept).collect::<Vec<_>>().join("\r\n").into_bytes();
        told.extend_from_slice(format!("\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes());
        told.extend_from_slice(&body);
        Some(told)
    }
}

impl<F: FnMut(&mut SyncResponse) + Send> Weather for Liar<F> {
    fn request(&mut self, _bytes: u64) -> Fate {
        Fate::WHOLE
    }

    fn answer(&mut self, _bytes: u64) -> Fate {
        Fate::WHOLE
    }

    fn retells(&mut self, line: &str, answer: Vec<u8>) -> Vec<u8> {
        if !line.starts_with("POST /v1/sync ") {
            return answer;
        }
        self.lie(&answer).unwrap_or(answer)
    }
}
