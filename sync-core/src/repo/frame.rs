//! The frames of the protocol: one CBOR map per WebSocket message.
//!
//! Reading is as lenient as other implementations need: unknown keys, `undefined`, whole numbers as floats, ids of
//! documents as text or bytes, metadata under two names.

use std::fmt;

use ciborium::Value;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, Visitor};

use crate::bytes::Blob;
use crate::ids::VisitId;

use super::id::{document_id, visit_of};

/// Largest frame that is looked at, in bytes.
///
/// # Source
/// A document is at most 256 KiB (limits-and-threats section 5); a frame may hold one, its overhead, and no more than
/// that again.
pub const MAX_FRAME: usize = 1 << 20;

/// Nesting of a frame: metadata of clients is flat.
const MAX_DEPTH: usize = 16;

/// Longest id of a peer or session.
const MAX_NAME: usize = 128;

/// A frame as received. All but its kind may be missing.
#[derive(Debug, Deserialize)]
pub(super) struct Frame {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(rename = "senderId", default)]
    pub sender: Option<String>,
    #[serde(rename = "targetId", default)]
    pub target: Option<String>,
    #[serde(rename = "documentId", default)]
    pub document: Option<Named>,
    #[serde(default)]
    pub data: Option<Blob>,
    #[serde(rename = "supportedProtocolVersions", default)]
    pub versions: Option<Vec<String>>,
    #[serde(default)]
    pub count: Option<Whole>,
    #[serde(rename = "sessionId", default)]
    pub session: Option<String>,
    #[serde(rename = "peerMetadata", default)]
    pub _peer_metadata: Option<IgnoredAny>,
    #[serde(rename = "metadata", default)]
    pub _metadata: Option<IgnoredAny>,
}

impl Frame {
    /// Reads a frame; `None` for bytes that are none.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_FRAME {
            return None;
        }
        let frame: Self = ciborium::de::from_reader_with_recursion_limit(bytes, MAX_DEPTH).ok()?;
        let is_short = |name: &Option<String>| name.as_ref().is_none_or(|name| name.len() <= MAX_NAME);
        (is_short(&frame.sender) && is_short(&frame.target) && is_short(&frame.session)).then_some(frame)
    }
}

/// A document named in a frame.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Named {
    /// Ours, or one that could be.
    Visit(VisitId),
    /// Something that is no id of a visit, as it was written.
    Other(Value),
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Named;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the id of a document")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Named, E> {
                match visit_of(text) {
                    Some(visit) => Ok(Named::Visit(visit)),
                    None if text.len() <= MAX_NAME => Ok(Named::Other(Value::Text(text.to_owned()))),
                    None => Err(E::custom("an id too long")),
                }
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Named, E> {
                match <[u8; 16]>::try_from(bytes) {
                    Ok(id) => Ok(Named::Visit(VisitId::from_bytes(id))),
                    Err(_length) => Err(E::custom("an id of another length")),
                }
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A whole number, as JavaScript may also write it as a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whole(pub u64);

/// The largest whole number that a JavaScript number holds exactly.
const MAX_WHOLE: f64 = 9_007_199_254_740_991.0;

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Whole, E> {
                Ok(Whole(number))
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Whole, E> {
                if number.fract() != 0.0 || !(0.0..=MAX_WHOLE).contains(&number) {
                    return Err(E::custom("no whole number"));
                }
                #[expect(
                    clippy::as_conversions,
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a whole number between 0 and 2^53 - 1"
                )]
                Ok(Whole(number as u64))
            }
        }
        deserializer.deserialize_any(Number)
    }
}

/// A message that is forwarded and never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ephemeral {
    /// The document it is about.
    pub visit: VisitId,
    /// Who sent it first.
    pub sender: String,
    /// The sender's session.
    pub session: String,
    /// Its number in that session.
    pub count: u64,
    /// What it says.
    pub data: Blob,
}

/// Writes a map of text keys.
fn encode(members: Vec<(&str, Value)>) -> Vec<u8> {
    let map = Value::Map(members.into_iter().map(|(key, value)| (Value::Text(key.to_owned()), value)).collect());
    let mut bytes = Vec::new();
    // Writing into memory cannot fail; an empty frame would be a defect that every test sees.
    let _written = ciborium::into_writer(&map, &mut bytes);
    bytes
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Welcomes a peer: under both names that metadata has had.
pub(super) fn peer(own: &str, to: &str) -> Vec<u8> {
    let metadata = || Value::Map(vec![(text("isEphemeral"), Value::Bool(true))]);
    encode(vec![
        ("type", text("peer")),
        ("senderId", text(own)),
        ("targetId", text(to)),
        ("peerMetadata", metadata()),
        ("metadata", metadata()),
        ("selectedProtocolVersion", text("1")),
    ])
}

/// Tells a peer why the socket is closed.
pub(super) fn error(own: &str, to: &str, message: &str) -> Vec<u8> {
    encode(vec![("type", text("error")), ("senderId", text(own)), ("targetId", text(to)), ("message", text(message))])
}

/// A sync message about a visit.
pub(super) fn sync(own: &str, to: &str, visit: VisitId, data: Vec<u8>) -> Vec<u8> {
    encode(vec![
        ("type", text("sync")),
        ("senderId", text(own)),
        ("targetId", text(to)),
        ("documentId", Value::Text(document_id(visit))),
        ("data", Value::Bytes(data)),
    ])
}

/// Says that a document is not here, whether it is absent or denied.
pub(super) fn unavailable(own: &str, to: &str, document: Named) -> Vec<u8> {
    let document = match document {
        Named::Visit(visit) => Value::Text(document_id(visit)),
        Named::Other(written) => written,
    };
    encode(vec![
        ("type", text("doc-unavailable")),
        ("senderId", text(own)),
        ("targetId", text(to)),
        ("documentId", document),
    ])
}

/// Forwards an ephemeral message; the sender stays who sent it first.
pub(super) fn ephemeral(to: &str, message: &Ephemeral) -> Vec<u8> {
    encode(vec![
        ("type", text("ephemeral")),
        ("senderId", text(&message.sender)),
        ("targetId", text(to)),
        ("documentId", Value::Text(document_id(message.visit))),
        ("sessionId", text(&message.session)),
        ("count", Value::Integer(message.count.into())),
        ("data", Value::Bytes(message.data.0.clone())),
    ])
}
