//! A phone: carries what the server gave it, captures offline, and syncs when the test says so.
//!
//! Built on `sync-core` as real phones are. Airplane mode is not calling [`Phone::sync`]. Owns one
//! install of one person; knows nothing of the server's database.

mod capture;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::Value;
use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::VisitDoc;
use sync_core::guard::{Limits, heads_of};
use sync_core::ids::{BatchId, VisitId};
use sync_core::jws::Ed25519PublicKey;
use sync_core::merge::{self, View};
use sync_core::plan::{ChoiceRow, Review};
use sync_core::protocol::seal::{BatchContent, prepare_batch_seal};
use sync_core::protocol::{
    Ack, AckItem, DocForm, DocUpdate, Outcome, PushDoc, PushStatement, Row, SyncRequest, SyncResponse,
};
use sync_core::receipt::{self, CompleteReceipt, HeldReceipt, Receipt};

pub use crate::form::Form;
pub use wire::{Coding, Wire, split_chunks};

use crate::actors::Device;
use crate::app::TestApp;
use crate::company::Member;

/// More rounds than any test needs; a phone that goes on asking is a defect.
const MAX_ROUNDS: usize = 500;

/// A document on the phone.
#[derive(Debug, Clone)]
struct Carried {
    doc: VisitDoc,
    actor: Actor,
    /// Heads the server is known to hold; `None` before the first word about the document.
    server: Option<Vec<Hash>>,
}

/// A phone with its store.
#[derive(Debug, Clone)]
pub struct Phone<'a> {
    /// The install.
    pub device: Device<'a>,
    /// How requests are encoded.
    pub wire: Wire,
    /// Most bytes wanted in one answer.
    pub max_bytes: u64,
    /// Where the phone stands.
    pub cursor: Option<String>,
    /// Rows by kind and id.
    pub rows: BTreeMap<String, BTreeMap<String, Value>>,
    /// Intents not yet named by a receipt.
    pub intents: Vec<Vec<u8>>,
    /// Statements not yet named by a receipt.
    pub statements: Vec<PushStatement>,
    /// Every held receipt, verified.
    pub receipts: Vec<HeldReceipt>,
    /// The last receipt of each complete visit, verified.
    pub complete: BTreeMap<VisitId, CompleteReceipt>,
    /// Blobs the server asked for.
    pub wants: BTreeSet<Hash>,
    /// What the clock shows where it is wrong.
    pub wrong_clock: Option<sync_core::time::Stamp>,
    docs: BTreeMap<VisitId, Carried>,
}

impl TestApp {
    /// A new phone of a person: enrolled, empty.
    pub async fn phone_of(&self, member: Member) -> Phone<'_> {
        Phone::new(self.device_of(member).await)
    }
}

impl<'a> Phone<'a> {
    /// An empty phone on an enrolled device.
    #[must_use]
    pub const fn new(device: Device<'a>) -> Self {
        Self {
            device,
            wire: Wire::CBOR,
            max_bytes: 1 << 20,
            cursor: None,
            rows: BTreeMap::new(),
            intents: Vec::new(),
            statements: Vec::new(),
            receipts: Vec::new(),
            complete: BTreeMap::new(),
            wants: BTreeSet::new(),
            wrong_clock: None,
            docs: BTreeMap::new(),
        }
    }

    /// Whether the phone carries a row.
    #[must_use]
    pub fn has(&self, kind: &str, id: impl ToString) -> bool {
        self.rows.get(kind).is_some_and(|rows| rows.contains_key(&id.to_string()))
    }

    /// The body of a row; null if the phone has none.
    #[must_use]
    pub fn row(&self, kind: &str, id: impl ToString) -> Value {
        self.rows.get(kind).and_then(|rows| rows.get(&id.to_string())).cloned().unwrap_or_default()
    }

    /// Whether the phone carries a document.
    #[must_use]
    pub fn carries(&self, visit: VisitId) -> bool {
        self.docs.contains_key(&visit)
    }

    /// The document of a visit.
    ///
    /// # Panics
    /// If the phone does not carry it.
    #[must_use]
    pub fn doc(&self, visit: VisitId) -> &VisitDoc {
        &self.docs.get(&visit).expect("the phone carries the document").doc
    }

    /// The merged view of a visit.
    #[must_use]
    pub fn view(&self, visit: VisitId) -> View {
        merge::view_without(self.doc(visit), &self.review(visit).held())
    }

    /// The view of a visit with the template's policies and the office's choices, as everybody reads it.
    ///
    /// # Panics
    /// If a choice cannot be read.
    #[must_use]
    pub fn settled(&self, visit: VisitId) -> View {
        merge::settle(self.view(visit), &self.template(visit), &self.rows_as::<ChoiceRow>("conflict"))
    }

    /// What the office said about late work of a visit.
    fn review(&self, visit: VisitId) -> Review {
        let mut review = Review {
            late_work: self.rows_as("late_work"),
            late_decisions: self.rows_as("late_decision"),
            ..Review::default()
        };
        review.late_work.retain(|work| work.visit_id == visit);
        review.late_decisions.retain(|decision| decision.visit_id == visit);
        review.late_decisions.sort_by_key(|decision| (decision.at_ms, decision.id));
        review
    }

    fn rows_as<T: DeserializeOwned>(&self, kind: &str) -> Vec<T> {
        let rows = self.rows.get(kind).into_iter().flat_map(BTreeMap::values);
        rows.map(|row| serde_json::from_value(row.clone()).expect("a row can be read")).collect()
    }

    /// The heads of a visit.
    #[must_use]
    pub fn heads(&self, visit: VisitId) -> Vec<Hash> {
        self.doc(visit).heads()
    }

    /// The document, made now if the phone has none.
    fn carried(&mut self, visit: VisitId) -> &mut Carried {
        let random = self.device.app.state.random.bytes32();
        self.docs.entry(visit).or_insert_with(|| {
            let actor = Actor::try_from(&random[..16]).expect("16 bytes");
            Carried { doc: VisitDoc::create(visit).expect("a document"), actor, server: None }
        })
    }

    /// Forgets what the server is known to hold, as a phone whose store was rebuilt does.
    pub fn offer_whole(&mut self, visit: VisitId) {
        self.carried(visit).server = None;
    }

    /// The changes the server is not known to hold.
    ///
    /// # Panics
    /// If the phone does not carry the document.
    #[must_use]
    pub fn unsent_chunks(&self, visit: VisitId) -> Vec<Vec<u8>> {
        let carried = self.docs.get(&visit).expect("the phone carries the document");
        let known = carried.server.as_deref().unwrap_or_default();
        carried.doc.changes_since(known).expect("the server's heads are known here")
    }

    fn push_doc(visit: VisitId, carried: &Carried) -> Option<PushDoc> {
        let heads = carried.doc.heads();
        let chunks = match &carried.server {
            // The first push is the whole document in one piece.
            None => vec![carried.doc.save()],
            Some(known) => carried.doc.changes_since(known).expect("the server's heads are known here"),
        };
        let chunks: Vec<Blob> = chunks.into_iter().map(Blob).collect();
        let base_heads = carried.server.clone().unwrap_or_default();
        (!chunks.is_empty()).then_some(PushDoc { base_heads, heads, chunks, ..PushDoc::asking(visit) })
    }

    /// Whether nothing waits to be sent.
    #[must_use]
    pub fn is_all_sent(&self) -> bool {
        let docs = self.docs.iter().all(|(visit, carried)| Self::push_doc(*visit, carried).is_none());
        docs && self.intents.is_empty() && self.statements.is_empty()
    }

    /// A request with nothing in it.
    #[must_use]
    pub fn empty_request(&self) -> SyncRequest {
        SyncRequest {
            protocol: 1,
            device_id: self.device.id,
            batch_id: BatchId(self.device.app.id()),
            cursor: self.cursor.clone(),
            max_bytes: self.max_bytes,
            docs: Vec::new(),
            intents: Vec::new(),
            statements: Vec::new(),
            blobs: Vec::new(),
            arrived: Vec::new(),
            receipts: Vec::new(),
            device_state: None,
            seal: None,
        }
    }

    /// The request the phone would send now: everything unsent, sealed.
    #[must_use]
    pub fn request(&self) -> SyncRequest {
        let docs = self.docs.iter().filter_map(|(visit, carried)| Self::push_doc(*visit, carried)).collect();
        let intents = self.intents.iter().cloned().map(Blob).collect();
        self.sealed(SyncRequest { docs, intents, statements: self.statements.clone(), ..self.empty_request() })
    }

    /// A request that pushes chunks of one document, whatever they are.
    #[must_use]
    pub fn pushing(&self, visit: VisitId, chunks: Vec<Vec<u8>>) -> SyncRequest {
        let heads = heads_of(&chunks, &Limits::DEFAULT);
        let chunks = chunks.into_iter().map(Blob).collect();
        let doc = PushDoc { heads, chunks, ..PushDoc::asking(visit) };
        self.sealed(SyncRequest { docs: vec![doc], ..self.empty_request() })
    }

    /// A request that pushes one intent, whatever its bytes are.
    #[must_use]
    pub fn pushing_intent(&self, bytes: impl Into<Vec<u8>>) -> SyncRequest {
        self.sealed(SyncRequest { intents: vec![Blob(bytes.into())], ..self.empty_request() })
    }

    /// Puts the device's seal on a request, or none if it carries nothing.
    ///
    /// # Panics
    /// Never: the list is ids and hashes.
    #[must_use]
    pub fn sealed(&self, mut request: SyncRequest) -> SyncRequest {
        let content = BatchContent::of_request(self.device.org, &request);
        let kid = self.device.key.public().thumbprint();
        let input = prepare_batch_seal(&content, &kid).expect("a list of ids and hashes");
        request.seal = request.has_content().then(|| self.device.key.finish(&input));
        request
    }

    /// Takes in an answer: verified receipts, acks, documents, rows.
    ///
    /// # Panics
    /// If a receipt does not verify or a document does not apply.
    pub fn take_in(&mut self, response: &SyncResponse) {
        for receipt in &response.receipts {
            self.take_receipt(receipt);
        }
        for ack in &response.acks {
            self.take_ack(ack);
        }
        for update in &response.docs {
            self.take_doc(update);
        }
        for (kind, rows) in &response.rows {
            let known = self.rows.entry(kind.clone()).or_default();
            for row in rows {
                match row {
                    Row::Put { id, body, .. } => drop(known.insert(id.clone(), body.clone())),
                    Row::Gone { id } => drop(known.remove(id)),
                }
            }
        }
        self.wants.extend(&response.wants);
        self.cursor = Some(response.cursor.clone());
    }

    fn take_receipt(&mut self, jws: &str) {
        let keys: Vec<Ed25519PublicKey> = self.device.app.evidence_keys();
        let verified = receipt::verify(jws, &keys, self.device.org, self.device.id).expect("a receipt of the server");
        let receipt = match verified {
            Receipt::Held(verified) => verified.receipt().clone(),
            Receipt::Complete(complete) => {
                self.complete.insert(complete.visit, *complete);
                return;
            }
        };
        let is_held = |name: &str| receipt.quarantine_code(name).is_some();
        self.intents.retain(|bytes| {
            let id = sync_core::intent::id_of(bytes);
            !id.is_some_and(|id| receipt.names_intent(&id)) && !is_held(&Hash::of(bytes).to_string())
        });
        self.statements.retain(|statement| {
            let digest = statement.digest();
            !receipt.names_statement(&digest) && !is_held(&digest.to_string())
        });
        self.receipts.push(receipt);
    }

    fn take_ack(&mut self, ack: &Ack) {
        let AckItem::Doc(visit) = ack.item else { return };
        let Some(carried) = self.docs.get_mut(&visit) else { return };
        match ack.outcome {
            Outcome::Stored | Outcome::Duplicate | Outcome::Late | Outcome::NeedFull | Outcome::NeedReplay => {
                let known = ack.heads.iter().filter(|head| carried.doc.has_change(head)).copied().collect();
                carried.server = Some(known);
            }
            Outcome::Quarantined | Outcome::NotFound => {}
        }
    }

    fn take_doc(&mut self, update: &DocUpdate) {
        if update.form == DocForm::Gone {
            // A real phone offers unsent work first; tests that keep such work look at it before.
            self.docs.remove(&update.id);
            return;
        }
        let carried = self.carried(update.id);
        let chunks = match update.form {
            DocForm::Snapshot => vec![update.bytes.0.clone()],
            _ => split_chunks(&update.bytes.0),
        };
        carried.doc.apply_trusted(&chunks, &update.heads).expect("what the server sends applies");
        carried.server = Some(update.heads.clone());
    }

    /// One round: sends what is unsent, takes in the answer.
    pub async fn round(&mut self) -> SyncResponse {
        let response = self.exchange(&self.request()).await;
        self.take_in(&response);
        response
    }

    /// Syncs until nothing waits on either side; gives every answer.
    ///
    /// # Panics
    /// If it never comes to rest.
    pub async fn sync(&mut self) -> Vec<SyncResponse> {
        let mut answers = Vec::new();
        loop {
            assert!(answers.len() < MAX_ROUNDS, "the phone never came to rest");
            let response = self.round().await;
            let asks_again = response.more || response.acks.iter().any(|ack| ack.outcome == Outcome::NeedFull);
            answers.push(response);
            if !asks_again {
                return answers;
            }
        }
    }
}
