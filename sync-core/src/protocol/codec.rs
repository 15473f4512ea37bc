//! Encodes and decodes messages as CBOR or JSON.
//!
//! Foreign bytes pass strict bounds before a type sees them. Compression is the transport's.

use std::io::Write;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cbor::{self, CborError};
use super::limits::{LimitExceeded, ProtocolLimits};
use super::message::{SyncRequest, SyncResponse};
use crate::plain_json::{self, Bounds, PlainJsonError, without_input};

/// Bounds of a message; its size is bounded by the caller.
///
/// # Source
/// Limits section 5: JSON depth 16; 50,000 changes and their hashes stay far below the count.
const BOUNDS: Bounds = Bounds { depth: 16, values: 1_000_000 };

/// The decoder's own recursion bound: above [`BOUNDS`], which is checked first.
const RECURSION: usize = 64;

/// An encoding of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes stay bytes.
    Cbor,
    /// Bytes become text.
    Json,
}

impl Encoding {
    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Cbor => "application/cbor",
            Self::Json => "application/json",
        }
    }

    /// The encoding of a `Content-Type`; parameters are ignored.
    #[must_use]
    pub fn from_media_type(text: &str) -> Option<Self> {
        let essence = text.split(';').next().unwrap_or_default().trim();
        [Self::Cbor, Self::Json].into_iter().find(|encoding| essence.eq_ignore_ascii_case(encoding.media_type()))
    }
}

/// Reports a message that cannot be encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message cannot be encoded: {0}")]
pub struct EncodeError(String);

/// Reports bytes that are no message. No text of the input is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// More bytes than allowed.
    #[error("{actual} bytes, at most {limit} are allowed")]
    TooLarge {
        /// The limit.
        limit: usize,
        /// The size.
        actual: usize,
    },
    /// Not the CBOR of the protocol.
    #[error("not a CBOR message: {0}")]
    Cbor(#[from] CborError),
    /// Not strict JSON.
    #[error("not a JSON message: {0}")]
    Json(#[from] PlainJsonError),
    /// Well-formed, but not the expected message.
    #[error("not the expected message: {what}")]
    Shape {
        /// What was expected.
        what: String,
    },
    /// A protocol version this code does not speak.
    #[error("protocol {found} is not spoken here, only {}", super::PROTOCOL)]
    Protocol {
        /// The version asked for.
        found: u32,
    },
    /// Too many items.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}

impl DecodeError {
    /// The stable code of the error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "sync_batch_too_large",
            Self::Cbor(_) => "cbor_malformed",
            Self::Json(_) => "json_malformed",
            Self::Shape { .. } => "message_malformed",
            Self::Protocol { .. } => "protocol_unknown",
            Self::Limit(limit) => limit.code,
        }
    }
}

/// Encodes a message.
///
/// # Errors
/// [`EncodeError`] if a value has no form in the encoding, which no message of this crate has.
pub fn encode<T: Serialize>(message: &T, encoding: Encoding) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    write(message, encoding, &mut bytes)?;
    Ok(bytes)
}

/// Encodes a message into `writer`, in pieces of a few bytes and of whole strings.
///
/// # Errors
/// [`EncodeError`] if a value has no form in the encoding, which no message of this crate has, or if writing fails.
pub fn write<T: Serialize>(message: &T, encoding: Encoding, writer: impl Write) -> Result<(), EncodeError> {
    match encoding {
        Encoding::Cbor => ciborium::into_writer(message, writer).map_err(|error| EncodeError(error.to_string())),
        Encoding::Json => serde_json::to_writer(writer, message).map_err(|error| EncodeError(error.to_string())),
    }
}

/// Decodes a message of at most `max_bytes`.
///
/// # Errors
/// [`DecodeError`] names what was expected.
pub fn decode<T: DeserializeOwned>(bytes: &[u8], encoding: Encoding, max_bytes: usize) -> Result<T, DecodeError> {
    if bytes.len() > max_bytes {
        return Err(DecodeError::TooLarge { limit: max_bytes, actual: bytes.len() });
    }
    match encoding {
        Encoding::Cbor => {
            cbor::check(bytes, BOUNDS)?;
            ciborium::de::from_reader_with_recursion_limit(bytes, RECURSION).map_err(|error| cbor_shape(&error))
        }
        Encoding::Json => {
            plain_json::from_value(plain_json::parse_within(bytes, BOUNDS)?).map_err(|error| match error {
                PlainJsonError::Shape { what } => DecodeError::Shape { what },
                other => DecodeError::Json(other),
            })
        }
    }
}

fn cbor_shape(error: &ciborium::de::Error<std::io::Error>) -> DecodeError {
    let what = match error {
        ciborium::de::Error::Semantic(_offset, message) => without_input(message),
        _ => "the bytes end early".to_owned(),
    };
    DecodeError::Shape { what }
}

/// Decodes a request within the limits.
///
/// # Errors
/// [`DecodeError`]; each fails the request as a whole.
pub fn decode_request(bytes: &[u8], encoding: Encoding, limits: &ProtocolLimits) -> Result<SyncRequest, DecodeError> {
    let request: SyncRequest = decode(bytes, encoding, limits.decoded_bytes)?;
    if !ProtocolLimits::speaks(request.protocol) {
        return Err(DecodeError::Protocol { found: request.protocol });
    }
    limits.check(&request)?;
    Ok(request)
}

/// Decodes a response of at most `max_bytes`.
///
/// # Errors
/// [`DecodeError`] names what was expected.
pub fn decode_response(bytes: &[u8], encoding: Encoding, max_bytes: usize) -> Result<SyncResponse, DecodeError> {
    decode(bytes, encoding, max_bytes)
}
