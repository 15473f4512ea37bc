//! What the store keeps, as types. All of it is JSON under text keys, but for documents, which are bytes.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_core::bundle::BundlePublicKey;
use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::Map;
use sync_core::ids::{BatchId, CustomerId, DeviceId, EpochId, OrgId, SiteId, TeamId, UserId, VisitId};
use sync_core::time::{Stamp, UnixMillis};

/// The device this store belongs to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Enrolment {
    /// Base URL of the server.
    pub server: String,
    /// The organisation.
    pub org: OrgId,
    /// The rep.
    pub user: UserId,
    /// This install.
    pub device: DeviceId,
    /// Secret bytes of the device key.
    pub key: Blob,
    /// The server's evidence keys as JWKs.
    pub evidence_keys: Vec<Value>,
    /// The key that bundles for the office are sealed for, once known.
    #[serde(default)]
    pub bundle_key: Option<BundlePublicKey>,
    /// Login of the rep, once known.
    #[serde(default)]
    pub login: Option<String>,
    /// Name of the organisation, once known.
    #[serde(default)]
    pub org_name: Option<String>,
    /// Name of the rep, once known.
    #[serde(default)]
    pub user_name: Option<String>,
    /// Team of the rep, once known.
    #[serde(default)]
    pub team: Option<TeamId>,
    /// Number under which customers reach the rep, where he has one.
    #[serde(default)]
    pub user_phone: Option<String>,
}

/// The tokens in force.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Bearer token.
    pub access_token: String,
    /// When it ends, on the phone's clock.
    pub expires_at_ms: i64,
    /// Token for the next session; absent once sign-in is dead.
    pub refresh_token: Option<String>,
    /// Whether the token may only upload.
    #[serde(default)]
    pub upload_only: bool,
}

/// One boot of the clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Boot {
    /// Random identity, 8 base32 characters.
    pub id: String,
    /// The system's name of the boot it stands for.
    pub machine: Option<String>,
    /// Where its monotonic time begins, if it is derived from the wall clock.
    pub origin_ms: i64,
}

/// Links a boot to the one before (design section 6).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ClockLink {
    pub prev_boot: String,
    pub prev_wall: i64,
    pub prev_mono: i64,
    pub wall: i64,
    pub mono: i64,
    /// The first stamp of the boot; absent in links of the first version.
    #[serde(default)]
    pub at: Option<Stamp>,
}

/// One edit as the rep made it, so that it can be written anew under another actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Edit {
    /// A record.
    Put { map: String, key: String, record: Value },
    /// A paragraph of the notes, or its beginning.
    Note { text: String },
    /// More of the paragraph before, of which one change cannot hold all.
    NotePart { text: String },
}

impl Edit {
    /// A record of a map.
    pub(crate) fn put(map: Map, key: impl Into<String>, record: Value) -> Self {
        Self::Put { map: map.key().to_owned(), key: key.into(), record }
    }
}

/// A change of a document that no receipt names yet, with the edits it holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct UnsentChange {
    /// Hash of the change.
    pub hash: Hash,
    /// When it was written.
    pub at_ms: i64,
    /// Its edits; none for the genesis change and for changes of others that the server lost.
    pub edits: Vec<Edit>,
}

/// Why a document is not offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Hold {
    /// Its unsent edits must be written anew on the server's state, under a new actor.
    Replay {
        hash: Option<Hash>,
        code: Option<String>,
        /// The name that the server keeps the refused bytes under.
        #[serde(default)]
        kept_as: Option<Hash>,
        /// Changes of the same push that build on the refused one: the server keeps them with it.
        #[serde(default)]
        kept_with: Vec<Hash>,
    },
}

/// What the phone knows of a document beside its bytes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct DocState {
    /// Actor of this install and document.
    pub actor: Option<Actor>,
    /// Actors this install used before.
    pub past_actors: Vec<Actor>,
    /// The server's heads last seen.
    pub server_heads: Vec<Hash>,
    /// Heads the server named that the document was not yet seen to hold.
    #[serde(default)]
    pub named: Vec<Hash>,
    /// Whether the server has the document, so that only change chunks may follow.
    pub is_at_server: bool,
    /// Number of the next unsent change.
    pub next_change: u64,
    /// Why it waits.
    pub hold: Option<Hold>,
    /// What the server refused and the unsent changes write anew, until it takes a push that names it.
    #[serde(default)]
    pub replays: Vec<Hash>,
    /// The number of the try with which it last went in vain; 0 if the server took something since.
    #[serde(default, alias = "tries")]
    pub last_try: u32,
    /// Since when, by this phone's clock, its changes wait for those of another phone that the server lost.
    #[serde(default)]
    pub waits_since: Option<i64>,
    /// Whether the whole document must be asked for.
    pub wants_snapshot: bool,
    /// Whether it leaves the phone once nothing of it is unsent.
    pub is_gone: bool,
    /// Why the server did not take it at the last try.
    pub problem: Option<String>,
    /// How many clock links were there at the last record of this phone.
    #[serde(default)]
    pub links: usize,
    /// Customer of a visit made here.
    pub customer: Option<CustomerId>,
    /// Site of a visit made here.
    pub site: Option<SiteId>,
}

/// Why work of a visit arrived late; stays when the visit leaves the phone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LateWork {
    /// Number of the visit, if it had one.
    pub number: Option<String>,
    /// The server's code.
    pub reason: String,
    /// When the server said so last, on the phone's clock.
    pub at_ms: i64,
}

/// An office row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredRow {
    /// Version; 0 for what this phone made itself.
    pub version: i64,
    /// The row.
    pub body: Value,
    /// Whether it comes from data that are no more, and the server has not sent it anew.
    #[serde(default)]
    pub is_old: bool,
}

impl StoredRow {
    /// A row as the server has it now; version 0 for what this phone made itself.
    pub(crate) const fn new(version: i64, body: Value) -> Self {
        Self { version, body, is_old: false }
    }
}

/// Whether an item is at the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Safety {
    /// No receipt names it.
    Unsent,
    /// A held receipt names it.
    Held,
    /// A held receipt names it as quarantined.
    Quarantined,
}

/// An intent of this phone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredIntent {
    /// Place among the intents of this phone, from 0: the order in which they were made, whatever the clock said.
    pub number: usize,
    pub kind: String,
    pub bytes: Blob,
    pub at_ms: i64,
    pub safety: Safety,
    /// Code of quarantine.
    #[serde(default)]
    pub code: Option<String>,
}

/// A statement of this phone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredStatement {
    pub visit: String,
    /// Place in the order of sealing.
    #[serde(default)]
    pub number: u64,
    pub body: Blob,
    pub seal: String,
    pub at_ms: i64,
    pub safety: Safety,
    #[serde(default)]
    pub code: Option<String>,
    /// The number of the try with which it last went in vain; 0 if it never did.
    #[serde(default)]
    pub last_try: u32,
}

/// A blob of this phone; its bytes are a file named by its hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredBlob {
    pub bytes: i64,
    pub media_type: String,
    pub at_ms: i64,
    pub safety: Safety,
    /// Why the server did not take it at the last try.
    #[serde(default)]
    pub problem: Option<String>,
    /// Whether the server is to be asked first if it has it: it had it before its data were restored.
    #[serde(default)]
    pub is_asked_after: bool,
    /// Whether the bytes were to be freed here, because the server held them; the file goes after the record says so.
    #[serde(default)]
    pub is_freed: bool,
    /// Whether the bytes were missing or damaged here at the last try.
    #[serde(default)]
    pub is_missing: bool,
    /// Whether an upload of it was begun: then the server may have some of it, or all.
    #[serde(default)]
    pub is_begun: bool,
    /// How often the connection broke while it went: others go first.
    #[serde(default)]
    pub tries: u32,
}

impl StoredBlob {
    /// Whether it is unsent and cannot go from here, as far as the record knows: only somebody else may still bring it.
    ///
    /// The file may be here all the same; whoever gives it up looks first.
    pub(crate) fn is_lost(&self) -> bool {
        self.safety == Safety::Unsent && (self.is_freed || self.is_missing)
    }
}

/// Edits that a server refused, kept for a person to look at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SetAside {
    pub visit: String,
    pub code: String,
    pub change: UnsentChange,
    /// The change itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunk: Option<Blob>,
    /// Whether no server is known to keep it, as after the data of the one that did became others: it has to go there.
    #[serde(default)]
    pub is_unsent: bool,
    /// How often it went since then and was neither taken nor kept.
    #[serde(default)]
    pub tries: u32,
}

impl SetAside {
    /// A change that the server keeps in quarantine.
    pub(crate) fn new(visit: VisitId, code: &str, change: UnsentChange, chunk: Option<Blob>) -> Self {
        Self { visit: visit.to_string(), code: code.to_owned(), change, chunk, is_unsent: false, tries: 0 }
    }
}

/// The server's verified word that a visit is complete.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CompleteWork {
    /// Heads of the document as the server had it.
    pub heads: Vec<Hash>,
    /// The blobs it holds.
    pub blobs: Vec<Hash>,
    /// When the receipt was made.
    pub at_ms: i64,
    /// The receipt.
    pub jws: String,
}

/// A request on its way: the same bytes go out until they are answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct InFlight {
    pub batch_id: BatchId,
    pub body: Blob,
}

/// The last receipt, which statements name as the time they were certainly made after.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LastReceipt {
    pub sha256: Hash,
    pub at_ms: i64,
}

/// A form that was shown and may be signed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ShownForm {
    pub kind: String,
    pub language: String,
    pub heads: Vec<Hash>,
    pub body: Blob,
    pub text: String,
    pub openings: Vec<Blob>,
}

/// Position in the feed and identity of the server's data.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct FeedState {
    pub epoch: Option<EpochId>,
    pub cursor: Option<String>,
    pub wants: Vec<Hash>,
    pub last_sync_at: Option<UnixMillis>,
    /// Most bytes of a request before compression, where the server named less than this phone would send.
    #[serde(default)]
    pub batch_bytes: Option<usize>,
}
