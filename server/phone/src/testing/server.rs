//! A server in memory: the real guard, seal check and receipts; faults on demand.

mod documents;
mod uploads;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::VisitDoc;
use sync_core::ids::{DeviceId, EpochId, IntentId, OrderId, VisitId};
use sync_core::intent;
use sync_core::jws::{self, Ed25519PublicKey, P256PublicKey};
use sync_core::order::{WipeOrder, WipeReceipt, verify_wipe_receipt};
use sync_core::protocol::codec::{self, Encoding};
use sync_core::protocol::cursor::Audience;
use sync_core::protocol::seal::verify_batch_seal;
use sync_core::protocol::{
    Ack, AckItem, Cursor, DocForm, DocUpdate, Outcome, ProtocolLimits, Row, SyncRequest, SyncResponse, decode_request,
};
use sync_core::receipt::HeldReceipt;
use sync_core::time::UnixMillis;

use super::{EPOCH, ORG};
use crate::client::{Content, Stands, Step, Transport, Uploaded};
use crate::error::{PhoneError, PhoneResult};
pub(crate) use uploads::Fault as UploadFault;

fn signing_key() -> SigningKey {
    SigningKey::from_bytes(&[42; 32])
}

/// The key of the server's receipts.
pub(crate) fn evidence_key() -> Ed25519PublicKey {
    Ed25519PublicKey::from_bytes(&signing_key().verifying_key().to_bytes()).unwrap()
}

/// What happens to the next request.
pub(crate) enum Fault {
    /// None.
    Nothing,
    /// It never arrives.
    Unreachable,
    /// It is done, but the answer is lost.
    LostAnswer,
    /// The answer names no receipt.
    NoReceipt,
    /// It is refused as a whole, for good.
    Refused,
    /// The access token has ended.
    TokenInvalid,
}

/// How the server takes what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stance {
    /// As the guard says.
    Takes,
    /// The device is revoked: everything goes to quarantine, documents under the hash of all bytes of the push.
    Revoked,
    /// The device is revoked and its share of quarantine used up: nothing is kept.
    Full,
    /// Every document must be written anew, for ever.
    AlwaysForked,
    /// There is always more to fetch.
    NeverDone,
}

/// The server.
pub(crate) struct Server {
    pub stance: Stance,
    pub epoch: EpochId,
    pub now: UnixMillis,
    pub docs: BTreeMap<VisitId, VisitDoc>,
    pub actors: BTreeMap<Actor, DeviceId>,
    pub intents: BTreeMap<IntentId, Vec<u8>>,
    pub statements: BTreeSet<Hash>,
    pub blobs: BTreeMap<Hash, Vec<u8>>,
    pub quarantine: Vec<(VisitId, String)>,
    /// What happens to the next requests.
    pub faults: VecDeque<Fault>,
    /// Acks given instead of doing anything, once per visit.
    pub scripted: BTreeMap<VisitId, Ack>,
    /// A change that is kept in quarantine, however often it comes.
    pub refuses: Option<Hash>,
    /// Visits that it does not know, whatever it is sent of them.
    pub unknown: BTreeSet<VisitId>,
    /// Statements of visits that it does not know.
    pub unknown_forms: BTreeSet<Hash>,
    /// What arrived of uploads in parts, by the path at which they go on.
    pub uploads: BTreeMap<String, uploads::Begun>,
    /// Where the parts of uploads began, and how many bytes they brought.
    pub parts: Vec<(usize, usize)>,
    /// What happens to the next requests of uploads in parts.
    pub upload_faults: VecDeque<uploads::Fault>,
    /// Most bytes of a body of a blob that something on the way lets through; the others it refuses.
    pub passes_bytes: usize,
    /// A blob at which the connection breaks.
    pub breaks_at: Option<Hash>,
    /// What pushes named as written anew.
    pub replayed: Vec<Hash>,
    /// Sent with the next answer.
    pub docs_out: Vec<DocUpdate>,
    pub rows_out: BTreeMap<String, Vec<Row>>,
    /// Sent with the answer after the next, which says that there is more.
    pub docs_later: Vec<DocUpdate>,
    /// Why everything new of documents counts as late.
    pub late: Option<String>,
    /// Heads that acks of documents name beside those the server has.
    pub ghosts: Vec<Hash>,
    /// Whether receipts also name the heads of a push that had arrived before.
    pub names_brought: bool,
    /// Whether refresh tokens still work.
    pub refresh_works: bool,
    /// How many of the next assertions for a refresh are refused.
    pub stale_nonces: usize,
    /// Every sync body as received.
    pub bodies: Vec<Vec<u8>>,
    /// Paths of the other requests.
    pub paths: Vec<String>,
    /// Verified receipts of wiped phones.
    pub wiped: Vec<WipeReceipt>,
    /// Most bytes of a sync body.
    pub takes_bytes: usize,
    /// Most bytes of a sync body that get through the line.
    pub carries_bytes: usize,
    /// Most bytes of an answer that get through the line.
    pub answers_bytes: usize,
    /// How many it is after one did.
    pub then_answers_bytes: Option<usize>,
    /// Sent in this order, in each answer as much as the request wants, but one at least; sent again until it arrives.
    pub docs_waiting: VecDeque<DocUpdate>,
    /// Whether nothing else gets through.
    pub is_down: bool,
    /// Limits that its answers name.
    pub limits: BTreeMap<String, i64>,
    /// Whether receipts of wiped phones get lost.
    pub loses_receipts: bool,
    device: DeviceId,
    key: P256PublicKey,
}

impl Server {
    /// A server that knows one device.
    pub(crate) fn new(phone: &super::TestPhone) -> Self {
        Self {
            stance: Stance::Takes,
            epoch: EPOCH,
            now: UnixMillis(1_741_050_000_000),
            docs: BTreeMap::new(),
            actors: BTreeMap::new(),
            intents: BTreeMap::new(),
            statements: BTreeSet::new(),
            blobs: BTreeMap::new(),
            quarantine: Vec::new(),
            faults: VecDeque::new(),
            scripted: BTreeMap::new(),
            refuses: None,
            unknown: BTreeSet::new(),
            unknown_forms: BTreeSet::new(),
            uploads: BTreeMap::new(),
            parts: Vec::new(),
            upload_faults: VecDeque::new(),
            passes_bytes: usize::MAX,
            breaks_at: None,
            replayed: Vec::new(),
            docs_out: Vec::new(),
            rows_out: BTreeMap::new(),
            docs_later: Vec::new(),
            late: None,
            ghosts: Vec::new(),
            names_brought: false,
            refresh_works: true,
            stale_nonces: 0,
            takes_bytes: usize::MAX,
            carries_bytes: usize::MAX,
            answers_bytes: usize::MAX,
            then_answers_bytes: None,
            docs_waiting: VecDeque::new(),
            is_down: false,
            limits: BTreeMap::new(),
            bodies: Vec::new(),
            paths: Vec::new(),
            wiped: Vec::new(),
            loses_receipts: false,
            device: phone.device,
            key: phone.key.clone(),
        }
    }

    /// Orders a device to wipe itself, with the server's key or another one.
    pub(crate) fn order_wipe(&mut self, device: DeviceId, wipe_now: bool, is_genuine: bool) {
        let key = if is_genuine { signing_key() } else { SigningKey::from_bytes(&[43; 32]) };
        self.order_wipe_by(&key, &evidence_key().thumbprint(), device, wipe_now);
    }

    /// Orders a wipe with a key of this name.
    pub(crate) fn order_wipe_by(&mut self, key: &SigningKey, kid: &str, device: DeviceId, wipe_now: bool) {
        let order = WipeOrder::new(OrderId::from_bytes([5; 16]), ORG, device, wipe_now, UnixMillis(1));
        let input = order.prepare(kid).unwrap();
        let jws = jws::finish(&input, &key.sign(input.as_bytes()).to_bytes());
        let row = Row::Put { id: order.id.to_string(), version: 1, body: json!({"jws": jws}) };
        self.rows_out.insert("order".to_owned(), vec![row]);
    }

    /// Serves another phone from now on.
    pub(crate) fn serve(&mut self, phone: &super::TestPhone) {
        (self.device, self.key) = (phone.device, phone.key.clone());
    }

    /// The snapshot of a document, as an update.
    pub(crate) fn snapshot(&self, visit: VisitId) -> DocUpdate {
        let doc = &self.docs[&visit];
        DocUpdate { id: visit, form: DocForm::Snapshot, heads: doc.heads(), bytes: Blob(doc.save()) }
    }

    /// All changes of a document one after the other, as an update.
    pub(crate) fn delta(&self, visit: VisitId) -> DocUpdate {
        let doc = &self.docs[&visit];
        let bytes = doc.changes_since(&[]).unwrap().concat();
        DocUpdate { id: visit, form: DocForm::Delta, heads: doc.heads(), bytes: Blob(bytes) }
    }

    fn receipt(&self, receipt: &HeldReceipt) -> String {
        let input = receipt.prepare(&evidence_key().thumbprint()).unwrap();
        jws::finish(&input, &signing_key().sign(input.as_bytes()).to_bytes())
    }

    fn answer(&mut self, request: &SyncRequest) -> SyncResponse {
        let is_endless = self.stance == Stance::NeverDone;
        let round = i64::try_from(self.bodies.len()).unwrap();
        let positions = is_endless.then_some((Audience::Org, round)).into_iter().collect();
        let cursor = Cursor { positions, ..Cursor::start(self.epoch) }.encode().unwrap();
        let now = self.now;
        let mut response = SyncResponse::nothing_new(self.epoch, cursor, now);
        let mut held = HeldReceipt::new(ORG, request.device_id, self.epoch, Some(request.batch_id), now);
        response.more = is_endless || !self.docs_later.is_empty();
        response.docs = std::mem::take(&mut self.docs_out);
        self.docs_out = std::mem::take(&mut self.docs_later);
        let mut left = usize::try_from(request.max_bytes).unwrap().max(16 * 1024);
        while left > 0
            && let Some(update) = self.docs_waiting.pop_front()
        {
            left = left.saturating_sub(update.bytes.0.len());
            response.docs.push(update);
        }
        response.more |= !self.docs_waiting.is_empty();
        response.rows = std::mem::take(&mut self.rows_out);
        // An order stands in every answer until it is obeyed.
        if let Some(order) = response.rows.get("order").filter(|_| self.wiped.is_empty()) {
            self.rows_out.insert("order".to_owned(), order.clone());
        }
        for push in &request.docs {
            let mut ack = self.push(push, &mut held, &mut response);
            ack.heads.extend(&self.ghosts);
            response.acks.push(ack);
        }
        for bytes in &request.intents {
            let id = intent::id_of(&bytes.0).unwrap();
            if let Some(ack) = self.refusal(AckItem::Intent(id), Hash::of(&bytes.0), &mut held) {
                response.acks.push(Ack { hash: None, ..ack });
                continue;
            }
            let known = self.intents.insert(id, bytes.0.clone());
            assert!(known.as_ref().is_none_or(|known| *known == bytes.0), "an intent never changes");
            let outcome = if known.is_some() { Outcome::Duplicate } else { Outcome::Stored };
            response.acks.push(Ack::new(AckItem::Intent(id), outcome));
            held.intents.push(id);
        }
        for statement in &request.statements {
            let digest = statement.digest();
            if self.unknown_forms.contains(&digest) {
                response.acks.push(Ack::new(AckItem::Statement(digest), Outcome::NotFound));
                continue;
            }
            if let Some(ack) = self.refusal(AckItem::Statement(digest), digest, &mut held) {
                response.acks.push(Ack { hash: None, ..ack });
                continue;
            }
            let outcome = if self.statements.insert(digest) { Outcome::Stored } else { Outcome::Duplicate };
            response.acks.push(Ack::new(AckItem::Statement(digest), outcome));
            held.statements.push(digest);
        }
        held.blobs.extend(request.blobs.iter().filter(|blob| self.blobs.contains_key(*blob)));
        if !held.is_empty() {
            response.receipts.push(self.receipt(&held));
        }
        response
    }

    /// What a revoked device hears; what is kept is named by its hash alone, as the real server does.
    fn refusal(&self, item: AckItem, hash: Hash, held: &mut HeldReceipt) -> Option<Ack> {
        let code = match self.stance {
            Stance::Revoked => "device_revoked",
            Stance::Full => "quarantine_full",
            _ => return None,
        };
        if self.stance == Stance::Revoked {
            held.quarantined.push((hash.to_string(), code.to_owned()));
        }
        Some(Ack { hash: Some(hash), code: Some(code.to_owned()), ..Ack::new(item, Outcome::Quarantined) })
    }

    fn token(&self, with_refresh: bool) -> Value {
        json!({"access_token": "next", "expires_in_s": 900, "token_type": "Bearer",
            "refresh_token": with_refresh.then_some("refresh-2")})
    }
}

fn refused(code: &str) -> PhoneError {
    PhoneError::Refused { status: 401, code: code.to_owned(), title: code.to_owned(), retry_later: false }
}

impl Transport for Server {
    fn post(&mut self, path: &str, _token: Option<&str>, body: &Value) -> PhoneResult<Value> {
        self.paths.push(path.to_owned());
        if let Some(assertion) = body.get("assertion").and_then(Value::as_str) {
            jws::verify_es256(assertion, &self.key, jws::typ::ASSERTION).unwrap();
        }
        match path {
            "/v1/auth/nonces" => Ok(json!({"nonce": "nonce"})),
            "/v1/auth/refresh" if self.stale_nonces > 0 => {
                self.stale_nonces -= 1;
                Err(refused("assertion_invalid"))
            }
            "/v1/auth/refresh" if self.refresh_works => Ok(self.token(true)),
            "/v1/auth/refresh" => Err(refused("refresh_invalid")),
            "/v1/auth/upload-tokens" => Ok(self.token(false)),
            "/v1/devices/wipe-receipts" if self.loses_receipts => Err(PhoneError::Network("lost".to_owned())),
            "/v1/devices/wipe-receipts" => {
                let receipt = body["receipt"].as_str().unwrap();
                self.wiped.push(verify_wipe_receipt(receipt, &self.key, ORG, self.device).unwrap());
                Ok(Value::Null)
            }
            other => panic!("unexpected request to {other}"),
        }
    }

    fn fetch(&mut self, path: &str, _token: Option<&str>) -> PhoneResult<Value> {
        if path.starts_with("/v1/devices?") {
            return Ok(json!({"items": []}));
        }
        if path == "/healthz" {
            let down = PhoneError::Network("nothing gets through".to_owned());
            return if self.is_down { Err(down) } else { Ok(json!({"status": "ok"})) };
        }
        if path == "/v1/me" {
            return Ok(json!({"user": {"name": "李明"}, "organisation": "云泽通信"}));
        }
        self.paths.push(path.to_owned());
        match path {
            "/.well-known/evidence-keys.json" => Ok(json!({"keys": [evidence_key()]})),
            other => panic!("unexpected request to {other}"),
        }
    }

    fn sync(&mut self, _token: &str, body: &[u8]) -> PhoneResult<Vec<u8>> {
        let fault = self.faults.pop_front();
        match &fault {
            Some(Fault::Unreachable) => return Err(PhoneError::Network("unreachable".to_owned())),
            _ if body.len() > self.carries_bytes => return Err(PhoneError::Network("it broke off".to_owned())),
            Some(Fault::Refused) => return Err(refused("seal_invalid")),
            Some(Fault::TokenInvalid) => return Err(refused("token_invalid")),
            _ if body.len() > self.takes_bytes => {
                let code = "sync_batch_too_large".to_owned();
                return Err(PhoneError::Refused { status: 413, title: code.clone(), code, retry_later: false });
            }
            _ => self.bodies.push(body.to_vec()),
        }
        let request = decode_request(body, Encoding::Cbor, &ProtocolLimits::DEFAULT).unwrap();
        assert_eq!(request.device_id, self.device);
        verify_batch_seal(ORG, &request, &self.key).unwrap();
        let waiting = self.docs_waiting.clone();
        let mut response = self.answer(&request);
        response.limits.clone_from(&self.limits);
        if codec::encode(&response, Encoding::Cbor).unwrap().len() > self.answers_bytes {
            self.docs_waiting = waiting;
            return Err(PhoneError::Network("the answer broke off".to_owned()));
        }
        self.answers_bytes = self.then_answers_bytes.take().unwrap_or(self.answers_bytes);
        match fault {
            Some(Fault::LostAnswer) => Err(PhoneError::Network("the answer was lost".to_owned())),
            Some(Fault::NoReceipt) => {
                response.receipts.clear();
                Ok(codec::encode(&response, Encoding::Cbor).unwrap())
            }
            _ => Ok(codec::encode(&response, Encoding::Cbor).unwrap()),
        }
    }

    fn put_blob(
        &mut self,
        _token: &str,
        blob: &Hash,
        content: Content<'_>,
        _media_type: &str,
    ) -> PhoneResult<Uploaded> {
        if self.breaks_at == Some(*blob) {
            return Err(PhoneError::Network("the connection broke".to_owned()));
        }
        let Content::Whole(bytes) = content else { return Ok(Uploaded::Partly(0)) };
        if bytes.len() > self.passes_bytes {
            return Err(uploads::too_large());
        }
        let receipt = self.store_blob(blob, bytes);
        Ok(Uploaded::Held(json!({"sha256": blob, "bytes": bytes.len(), "receipt": receipt})))
    }

    fn upload(&mut self, _token: &str, step: Step<'_>) -> PhoneResult<Stands> {
        self.step(step)
    }
}
