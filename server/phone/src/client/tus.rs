//! Uploads that go on where they stopped: the few requests of tus 1.0 that the phone makes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sync_core::bytes::Hash;
use ureq::Body;
use ureq::http::Response;

use super::{Http, bearer, network, refusal};
use crate::error::{PhoneError, PhoneResult};

/// Where uploads begin.
const UPLOADS: &str = "/v1/uploads";

/// The version of the protocol.
const VERSION: &str = "1.0.0";

/// One request of an upload in parts.
#[derive(Debug, Clone, Copy)]
pub enum Step<'b> {
    /// Begins the upload of a blob of this size, or finds the one that was begun.
    Begin {
        /// What the whole hashes to.
        blob: &'b Hash,
        /// Its size.
        bytes: usize,
    },
    /// Asks how far an upload has come.
    Ask {
        /// Where it goes on.
        path: &'b str,
    },
    /// Brings bytes.
    Append {
        /// Where it goes on.
        path: &'b str,
        /// Where they belong.
        from: usize,
        /// The bytes.
        part: &'b [u8],
    },
}

/// How an upload stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stands {
    /// Where it goes on, as the answer to its beginning says.
    pub path: Option<String>,
    /// Bytes on stable storage; none where another request goes on with it just then.
    pub offset: Option<usize>,
    /// The held receipt, once it is finished.
    pub receipt: Option<String>,
}

/// Does one request.
pub(super) fn step(http: &Http, token: &str, step: Step<'_>) -> PhoneResult<Stands> {
    let agent = &http.agent;
    let answered = match step {
        Step::Begin { blob, bytes } => agent
            .post(http.url(UPLOADS))
            .header("authorization", bearer(token))
            .header("tus-resumable", VERSION)
            .header("upload-length", bytes.to_string())
            .header("upload-metadata", format!("sha256 {}", STANDARD.encode(blob.0)))
            .send_empty(),
        Step::Ask { path } => {
            agent.head(http.url(path)).header("authorization", bearer(token)).header("tus-resumable", VERSION).call()
        }
        Step::Append { path, from, part } => agent
            .patch(http.url(path))
            .header("authorization", bearer(token))
            .header("tus-resumable", VERSION)
            .header("upload-offset", from.to_string())
            .header("content-type", "application/offset+octet-stream")
            .send(part),
    };
    read(answered.map_err(network)?)
}

/// What an answer says.
fn read(mut response: Response<Body>) -> PhoneResult<Stands> {
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let offset = header("upload-offset").and_then(|offset| offset.parse().ok());
    let (path, receipt) = (header("location").map(|place| below(&place)), header("doorstep-receipt"));
    match status {
        200..300 if offset.is_none() => Err(PhoneError::Network("an answer to an upload names no offset".to_owned())),
        200..300 => Ok(Stands { path, offset, receipt }),
        // The true offset, if it is known; and one that somebody else works on.
        409 | 423 => Ok(Stands { offset, ..Stands::default() }),
        _ => {
            let problem = response.body_mut().read_to_vec().map_err(network)?;
            Err(refusal(status, &problem))
        }
    }
}

/// The path of a location, which something on the way may have made a whole address.
fn below(place: &str) -> String {
    let path = place.split_once("://").and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)));
    path.unwrap_or(place).to_owned()
}
