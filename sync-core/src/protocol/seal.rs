//! The batch seal: one device signature over everything a request carries (design section 13).
//!
//! Document heads commit to the whole history, so one signature covers every record.

use serde_json::{Value, json};

use super::cursor::Cursor;
use super::message::SyncRequest;
use crate::bytes::Hash;
use crate::ids::{BatchId, DeviceId, EpochId, OrgId, VisitId};
use crate::intent;
use crate::jws::{self, Alg, Header, JwsError, P256PublicKey, SigningInput, typ};
use crate::plain_json::{self, PlainJsonError};

/// The first element of every sealed list.
const TAG: &str = "doorstep-batch-1";

/// Everything a batch seal covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchContent {
    /// The organisation.
    pub org: OrgId,
    /// The sending device.
    pub device: DeviceId,
    /// The epoch inside the request's cursor; absent without cursor.
    pub epoch: Option<EpochId>,
    /// The batch.
    pub batch_id: BatchId,
    /// Documents that carry chunks, with their heads after them.
    pub docs: Vec<(VisitId, Vec<Hash>)>,
    /// Intents: id (or, unreadable, the SHA-256 of the bytes in hex) and SHA-256 of the bytes.
    pub intents: Vec<(String, Hash)>,
    /// Digests of statements.
    pub statements: Vec<Hash>,
}

/// Reports a batch seal that does not cover the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchSealError {
    /// The request carries content, but no seal.
    #[error("a request with content must carry a seal")]
    Missing,
    /// The seal is not a valid signature of this device.
    #[error("the seal is not accepted: {0}")]
    Jws(#[from] JwsError),
    /// The seal covers other content.
    #[error("the seal covers other content than the request carries")]
    Content,
    /// The list to seal could not be written.
    #[error(transparent)]
    List(#[from] PlainJsonError),
}

impl BatchContent {
    /// Collects what the seal of a request covers; an unreadable cursor counts as none.
    #[must_use]
    pub fn of_request(org: OrgId, request: &SyncRequest) -> Self {
        let epoch = request.cursor.as_deref().and_then(|text| Cursor::decode(text).ok()).map(|cursor| cursor.epoch);
        let sealed = request.pushed();
        Self {
            org,
            device: request.device_id,
            epoch,
            batch_id: request.batch_id,
            docs: sealed.map(|doc| (doc.id, doc.heads.clone())).collect(),
            intents: request.intents.iter().map(|intent| intent::seal_entry(&intent.0)).collect(),
            statements: request.statements.iter().map(super::message::PushStatement::digest).collect(),
        }
    }

    /// The sealed list as plain JSON; the server keeps it with the seal.
    ///
    /// # Errors
    /// [`PlainJsonError`], which ids and hashes never cause.
    pub fn list(&self) -> Result<String, PlainJsonError> {
        let mut docs: Vec<_> = self.docs.iter().map(|(id, heads)| (id.to_string(), sorted(heads))).collect();
        let mut intents: Vec<_> = self.intents.iter().map(|(id, hash)| (id, hash.to_string())).collect();
        docs.sort();
        intents.sort();
        plain_json::to_string(&json!([
            TAG,
            self.org,
            self.device,
            self.epoch.map_or_else(|| Value::from(""), |epoch| Value::from(epoch.to_string())),
            self.batch_id,
            docs,
            intents,
            sorted(&self.statements),
        ]))
    }

    /// Reads a sealed list back; `None` if it is none.
    #[must_use]
    pub fn from_list(list: &str) -> Option<Self> {
        type Docs = Vec<(VisitId, Vec<Hash>)>;
        type List = (String, OrgId, DeviceId, String, BatchId, Docs, Vec<(String, Hash)>, Vec<Hash>);
        let (tag, org, device, epoch, batch_id, docs, intents, statements): List = serde_json::from_str(list).ok()?;
        let epoch = if epoch.is_empty() { None } else { Some(epoch.parse().ok()?) };
        (tag == TAG).then_some(Self { org, device, epoch, batch_id, docs, intents, statements })
    }

    /// The payload of the seal: SHA-256 of [`Self::list`].
    ///
    /// # Errors
    /// As [`Self::list`].
    pub fn digest(&self) -> Result<Hash, PlainJsonError> {
        self.list().map(|list| Hash::of(list.as_bytes()))
    }
}

fn sorted(hashes: &[Hash]) -> Vec<String> {
    let mut texts: Vec<_> = hashes.iter().map(Hash::to_string).collect();
    texts.sort();
    texts
}

/// The digest a device signs for a batch.
///
/// # Errors
/// As [`BatchContent::list`].
pub fn batch_digest(content: &BatchContent) -> Result<Hash, PlainJsonError> {
    content.digest()
}

/// Builds the bytes a device signs to seal a batch.
///
/// # Errors
/// As [`BatchContent::list`].
pub fn prepare_batch_seal(content: &BatchContent, kid: &str) -> Result<SigningInput, PlainJsonError> {
    let header = Header { alg: Alg::Es256, kid: kid.to_owned(), typ: typ::BATCH.to_owned() };
    Ok(jws::prepare(&header, content.digest()?.as_bytes()))
}

/// A seal that covers its request: to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchSeal {
    /// The sealed list, see [`BatchContent::list`].
    pub list: String,
    /// The seal with its payload, whether or not it was sent with it.
    pub jws: String,
}

/// Verifies the seal of a request and returns what is to be kept of it.
///
/// The seal may come without its payload (RFC 7515 appendix F), which follows from the request. A request without content
/// needs no seal; then there is none. An older epoch is accepted.
///
/// # Errors
/// [`BatchSealError`]; the request fails as a whole with `seal_invalid`.
pub fn verify_batch_seal(
    org: OrgId,
    request: &SyncRequest,
    key: &P256PublicKey,
) -> Result<Option<BatchSeal>, BatchSealError> {
    let Some(seal) = &request.seal else {
        return if request.has_content() { Err(BatchSealError::Missing) } else { Ok(None) };
    };
    let list = BatchContent::of_request(org, request).list()?;
    let digest = Hash::of(list.as_bytes());
    let jws = jws::attach(seal, digest.as_bytes());
    let payload = jws::verify_es256(&jws, key, typ::BATCH)?;
    if payload == digest.as_bytes() { Ok(Some(BatchSeal { list, jws })) } else { Err(BatchSealError::Content) }
}
