//! The messages of one sync round (design sections 3 and 13).
//!
//! One set of types for CBOR and JSON. Absent optionals and empty lists are omitted; unknown fields are
//! ignored. Instants are integer milliseconds UTC.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::row::Row;
use crate::bytes::{Actor, Blob, Hash};
use crate::ids::{BatchId, DeviceId, EpochId, IntentId, VisitId};
use crate::time::{Stamp, UnixMillis};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// What a phone sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SyncRequest {
    /// Version of the protocol: 1.
    pub protocol: u32,
    /// The sending device.
    pub device_id: DeviceId,
    /// Random id of this batch; a retry sends the same bytes with the same id.
    pub batch_id: BatchId,
    /// Where the phone stands in its feeds; absent on the first sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Most bytes the phone wants back, before compression.
    pub max_bytes: u64,
    /// Documents pushed or asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub docs: Vec<PushDoc>,
    /// Intents: plain JSON bytes, see [`crate::intent`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intents: Vec<Blob>,
    /// Sealed statements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<PushStatement>,
    /// Blobs of which the phone asks whether they are held, as after a restore of the server: a receipt names those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs: Vec<Hash>,
    /// Receipts for work that somebody else brought ([`crate::bundle`]), by SHA-256 of their text: they have arrived.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arrived: Vec<Hash>,
    /// Held receipts of uploads: they prove that this device brought blobs it asks after, which may be gone here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<String>,
    /// How the phone is doing.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known_or_none")]
    pub device_state: Option<DeviceState>,
    /// JWS of the device over everything above, with or without its payload, see [`super::seal`]; absent without content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<String>,
}

/// What a phone says of itself never keeps back what it brings: a form that is not understood counts as absent.
fn known_or_none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<DeviceState>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Known(DeviceState),
        Unknown(serde::de::IgnoredAny),
    }
    Ok(match Said::deserialize(deserializer)? {
        Said::Known(state) => Some(state),
        Said::Unknown(_) => None,
    })
}

/// Ids as text or as bytes: behind [`known_or_none`] nobody knows any more which encoding it was.
fn ids_of_any_form<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<VisitId>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Text(VisitId),
        Bytes(Blob),
    }
    let Some(ids) = Option::<Vec<Id>>::deserialize(deserializer)? else { return Ok(None) };
    let id = |id| match id {
        Id::Text(id) => Ok(id),
        Id::Bytes(bytes) => bytes.0.try_into().map(VisitId::from_bytes),
    };
    let ids = ids.into_iter().map(id).collect::<Result<_, Vec<u8>>>();
    ids.map(Some).map_err(|bytes| serde::de::Error::invalid_length(bytes.len(), &"16 bytes"))
}

impl SyncRequest {
    /// Whether the request carries something that must be sealed: changes, intents or statements.
    #[must_use]
    pub fn has_content(&self) -> bool {
        self.pushed().next().is_some() || !self.intents.is_empty() || !self.statements.is_empty()
    }

    /// Documents with changes, which the seal covers.
    pub fn pushed(&self) -> impl Iterator<Item = &PushDoc> {
        self.docs.iter().filter(|doc| !doc.asks())
    }

    /// Documents that are only asked for.
    pub fn asked(&self) -> impl Iterator<Item = &PushDoc> {
        self.docs.iter().filter(|doc| doc.asks())
    }
}

/// Changes of one document.
///
/// With empty `chunks` the item asks for the snapshot of that document: a phone sends it when its heads
/// differ from the server's after applying a delta. Such an item is no content and is not sealed; its
/// ack is `stored` with the server's heads, or without any where the server cannot read the document now, or `not_found`
/// where it has none for this phone or the token only uploads. Of a document for which an answer has no room the ack comes
/// alone, and it is asked for again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushDoc {
    /// The visit.
    pub id: VisitId,
    /// The server's heads this device last saw, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub base_heads: Vec<Hash>,
    /// The device's heads after these chunks, sorted; together they cover every change sent. One that
    /// another covers may stand here too, so the server checks that it holds them, not that they are all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<Hash>,
    /// Change chunks, dependencies first; or one document chunk for a document new to the server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chunks: Vec<Blob>,
    /// What acks with `need_replay` named (`kept_as`, else `hash`) and these changes write anew without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replays: Vec<Hash>,
    /// The writers of these changes that are this device's own, as far as it has more than genesis: only those are bound
    /// to it. Absent where the device does not say; then after a restore not every change is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actors: Option<Vec<Actor>>,
}

impl PushDoc {
    /// An item that asks for the snapshot of a document.
    #[must_use]
    pub const fn asking(id: VisitId) -> Self {
        Self { id, base_heads: Vec::new(), heads: Vec::new(), chunks: Vec::new(), replays: Vec::new(), actors: None }
    }

    /// Whether this asks for the snapshot of the document instead of bringing changes.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.chunks.is_empty()
    }
}

/// A sealed statement: body and seal, exactly as made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PushStatement {
    /// Body bytes, see [`crate::statement::body`].
    pub body: Blob,
    /// JWS over the seal payload, see [`crate::statement::seal`].
    pub seal: String,
}

impl PushStatement {
    /// The digest that names the statement: SHA-256 of the seal payload.
    ///
    /// Where the seal is no JWS, SHA-256 of its text, so that unreadable bytes have a name too.
    #[must_use]
    pub fn digest(&self) -> Hash {
        crate::jws::parse(&self.seal)
            .map_or_else(|_unreadable| Hash::of(self.seal.as_bytes()), |seal| Hash::of(&seal.payload))
    }
}

/// How a phone is doing, for the office's alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeviceState {
    /// Items that no held receipt names, blobs included, but for those that this request brings.
    pub unsent: u64,
    /// When the oldest of them was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_unsent_at: Option<UnixMillis>,
    /// Free bytes of the phone's store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
    /// The phone's clock at sending.
    pub clock: Stamp,
    /// Visits with unsent changes or statements, in id order, at most 100; absent where the phone does not say.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "ids_of_any_form")]
    pub unsent_visits: Option<Vec<VisitId>>,
}

/// What the server answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SyncResponse {
    /// Identity of the server's data; a phone that sees a new one offers everything again.
    pub epoch: EpochId,
    /// Where the phone stands after this answer.
    pub cursor: String,
    /// Whether to sync again at once.
    #[serde(default, skip_serializing_if = "is_false")]
    pub more: bool,
    /// The server's clock.
    pub server_time: UnixMillis,
    /// What became of each item, in request order: docs, then intents, then statements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acks: Vec<Ack>,
    /// News of documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub docs: Vec<DocUpdate>,
    /// News of office data by kind, see [`super::row::kind`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rows: BTreeMap<String, Vec<Row>>,
    /// Receipts as JWS.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<String>,
    /// Blobs the server waits for, most wanted first; only when that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wants: Vec<Hash>,
    /// Limits that differ from the defaults, by name, in answer to a request without a cursor
    /// or with one of another epoch.
    ///
    /// `sync_encoded_bytes` and `sync_decoded_bytes`: most bytes of a request as sent and after decompression.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, i64>,
    /// Newest signed head of the organisation's log; only when it changed. This version keeps no such log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree_head: Option<String>,
}

impl SyncResponse {
    /// The answer that says nothing is new.
    #[must_use]
    pub const fn nothing_new(epoch: EpochId, cursor: String, server_time: UnixMillis) -> Self {
        Self {
            epoch,
            cursor,
            more: false,
            server_time,
            acks: Vec::new(),
            docs: Vec::new(),
            rows: BTreeMap::new(),
            receipts: Vec::new(),
            wants: Vec::new(),
            limits: BTreeMap::new(),
            tree_head: None,
        }
    }
}

/// The form in which a document comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DocForm {
    /// `bytes` are raw change chunks one after the other.
    Delta,
    /// `bytes` are one uncompressed document chunk.
    Snapshot,
    /// The phone no longer holds the document; no bytes.
    Gone,
}

/// News of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocUpdate {
    /// The visit.
    pub id: VisitId,
    /// How to read `bytes`.
    pub form: DocForm,
    /// The server's heads after this update, sorted; the phone compares them after applying.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<Hash>,
    /// Change chunks or a document chunk.
    #[serde(default, skip_serializing_if = "blob_is_empty")]
    pub bytes: Blob,
}

fn blob_is_empty(blob: &Blob) -> bool {
    blob.0.is_empty()
}

/// What became of one item of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Now durable.
    Stored,
    /// Was durable before; the same as stored.
    Duplicate,
    /// Durable as late evidence: the visit moved, was cancelled or was submitted.
    Late,
    /// Not stored: dependencies are unknown; `missing` names them.
    NeedFull,
    /// Kept in quarantine; `hash` names the change to leave out when writing the edits anew.
    NeedReplay,
    /// Kept byte for byte, not merged; `code` says why.
    Quarantined,
    /// The document does not exist for this device.
    NotFound,
}

/// The item an ack is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AckItem {
    /// A document.
    Doc(VisitId),
    /// An intent.
    Intent(IntentId),
    /// An intent without readable id, by the SHA-256 of its bytes.
    UnreadableIntent(Hash),
    /// A statement, by its digest ([`PushStatement::digest`]).
    Statement(Hash),
}

/// The server's word on one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "AckWire", into = "AckWire")]
pub struct Ack {
    /// The item.
    pub item: AckItem,
    /// What became of it.
    pub outcome: Outcome,
    /// The server's heads after the item, sorted.
    pub heads: Vec<Hash>,
    /// Unknown dependencies of `need_full`.
    pub missing: Vec<Hash>,
    /// The offending change of `need_replay`.
    pub hash: Option<Hash>,
    /// The name under which its bytes are kept, where another push of the same change has that name already.
    pub kept_as: Option<Hash>,
    /// Stable code of the reason.
    pub code: Option<String>,
    /// The reason for people.
    pub reason: Option<String>,
}

impl Ack {
    /// An ack without details.
    #[must_use]
    pub const fn new(item: AckItem, outcome: Outcome) -> Self {
        Self {
            item,
            outcome,
            heads: Vec::new(),
            missing: Vec::new(),
            hash: None,
            kept_as: None,
            code: None,
            reason: None,
        }
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
enum AckKind {
    Doc,
    Intent,
    Statement,
}

/// Flat form of [`Ack`]: `id` or `digest` beside the kind.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
struct AckWire {
    kind: AckKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<VisitId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<Hash>,
    outcome: Outcome,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    heads: Vec<Hash>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Hash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<Hash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept_as: Option<Hash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Ack {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        AckWire::schema()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Ack {
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        AckWire::schemas(schemas);
    }
}

impl From<Ack> for AckWire {
    fn from(ack: Ack) -> Self {
        let (kind, id, digest) = match ack.item {
            AckItem::Doc(id) => (AckKind::Doc, Some(id), None),
            AckItem::Intent(IntentId(id)) => (AckKind::Intent, Some(VisitId(id)), None),
            AckItem::UnreadableIntent(digest) => (AckKind::Intent, None, Some(digest)),
            AckItem::Statement(digest) => (AckKind::Statement, None, Some(digest)),
        };
        let Ack { outcome, heads, missing, hash, kept_as, code, reason, .. } = ack;
        Self { kind, id, digest, outcome, heads, missing, hash, kept_as, code, reason }
    }
}

impl TryFrom<AckWire> for Ack {
    type Error = &'static str;

    fn try_from(wire: AckWire) -> Result<Self, &'static str> {
        let item = match (wire.kind, wire.id, wire.digest) {
            (AckKind::Doc, Some(id), None) => AckItem::Doc(id),
            (AckKind::Intent, Some(VisitId(id)), None) => AckItem::Intent(IntentId(id)),
            (AckKind::Intent, None, Some(digest)) => AckItem::UnreadableIntent(digest),
            (AckKind::Statement, None, Some(digest)) => AckItem::Statement(digest),
            _ => return Err("expected an ack with the id of a doc or intent, or the digest of a statement"),
        };
        let AckWire { outcome, heads, missing, hash, kept_as, code, reason, .. } = wire;
        Ok(Self { item, outcome, heads, missing, hash, kept_as, code, reason })
    }
}
