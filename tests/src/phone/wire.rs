//! How a phone's requests travel: encoding, compression, headers.

use std::io::{Read as _, Write as _};

use sync_core::protocol::codec::{self, Encoding};
use sync_core::protocol::{SyncRequest, SyncResponse};

use super::Phone;
use crate::call::{Answer, Call};
use crate::contract::Contract;

/// Compression of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// None.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

/// How a request is written and which answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wire {
    /// CBOR or JSON.
    pub encoding: Encoding,
    /// Compression both ways.
    pub coding: Coding,
}

impl Wire {
    /// Plain CBOR, what phones use.
    pub const CBOR: Self = Self { encoding: Encoding::Cbor, coding: Coding::Identity };
    /// Plain JSON.
    pub const JSON: Self = Self { encoding: Encoding::Json, coding: Coding::Identity };

    /// A sync request with this body.
    ///
    /// # Panics
    /// If the request cannot be encoded.
    #[must_use]
    pub fn call(self, request: &SyncRequest) -> Call {
        let body = codec::encode(request, self.encoding).expect("a request can be encoded");
        let call = Call::post("/v1/sync").bytes(self.encoding.media_type(), compress(&body, self.coding));
        match self.coding.name() {
            Some(name) => call.header("content-encoding", name).header("accept-encoding", name),
            None => call,
        }
    }
}

impl Coding {
    const fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }
}

/// Compresses a body.
fn compress(body: &[u8], coding: Coding) -> Vec<u8> {
    match coding {
        Coding::Identity => body.to_vec(),
        Coding::Zstd => zstd::bulk::compress(body, 3).expect("zstd compresses"),
        Coding::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(body).expect("gzip compresses");
            encoder.finish().expect("gzip compresses")
        }
    }
}

/// The body of an answer without its content coding.
///
/// # Panics
/// If it is not what its header says.
#[must_use]
fn decompress(answer: &Answer) -> Vec<u8> {
    let mut body = Vec::new();
    match answer.header("content-encoding") {
        None => body.clone_from(&answer.body),
        Some("zstd") => body = zstd::decode_all(answer.body.as_slice()).expect("zstd"),
        Some("gzip") => {
            flate2::read::GzDecoder::new(answer.body.as_slice()).read_to_end(&mut body).expect("gzip");
        }
        Some(other) => panic!("content-encoding {other} was not asked for"),
    }
    body
}

/// Takes concatenated chunks apart: magic, checksum, type byte, length, body.
///
/// # Panics
/// If the bytes are no chunks.
#[must_use]
pub fn split_chunks(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    const LENGTH_AT: usize = 9;
    let mut chunks = Vec::new();
    while !bytes.is_empty() {
        let (mut length, mut at) = (0usize, LENGTH_AT);
        for shift in (0..).step_by(7) {
            let byte = bytes[at];
            length |= usize::from(byte & 0x7f) << shift;
            at += 1;
            if byte < 0x80 {
                break;
            }
        }
        let (chunk, rest) = bytes.split_at(at + length);
        chunks.push(chunk.to_vec());
        bytes = rest;
    }
    chunks
}

impl Phone<'_> {
    /// Sends a request; gives the answer without its content coding, held against the API document.
    ///
    /// # Panics
    /// If the answer is outside the contract.
    pub async fn send(&self, request: &SyncRequest) -> Answer {
        let call = self.wire.call(request).bearer(&self.device.access);
        let mut answer = self.device.app.send_unchecked(&call).await;
        answer.body = decompress(&answer);
        Contract::current().check(&call, &answer).unwrap_or_else(|violation| panic!("{violation}"));
        answer
    }

    /// Sends a request that the server must answer.
    ///
    /// # Panics
    /// With the answer, if it is no success.
    pub async fn exchange(&self, request: &SyncRequest) -> SyncResponse {
        let answer = self.send(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        codec::decode_response(&answer.body, self.wire.encoding, 1 << 28).expect("a sync response")
    }
}
