//! A phone as a process of its own: prepares its work before the clock runs, then syncs.

use std::collections::BTreeMap;

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use sync_core::bytes::{Blob, Hash};
use sync_core::doc::VisitDoc;
use sync_core::ids::{BatchId, IntentId, VisitId};
use sync_core::intent::body::CreateVisit;
use sync_core::intent::{Intent, IntentBody};
use sync_core::jws::{self, P256PublicKey};
use sync_core::merge;
use sync_core::protocol::seal::{BatchContent, prepare_batch_seal};
use sync_core::protocol::{
    DeviceState, DocForm, Encoding, Outcome, PushDoc, SyncRequest, SyncResponse, decode_response, encode,
};

use crate::job::{Done, Form, Job, Task};
use crate::wire::{self, Connection};
use crate::{child, watch, workload};

/// Most bytes of a request before compression, and asked for in an answer.
const BATCH_BYTES: usize = 4 << 20;

/// Kept free for everything beside the items.
const ENVELOPE: usize = 64 << 10;

const DAY_MS: i64 = 86_400_000;

/// Something to push.
struct Parcel {
    doc: PushDoc,
    intent: Option<Blob>,
}

impl Parcel {
    fn size(&self) -> usize {
        let chunks: usize = self.doc.chunks.iter().map(|chunk| chunk.0.len() + 9).sum();
        chunks + self.intent.as_ref().map_or(0, |intent| intent.0.len()) + 256
    }
}

/// A phone that is ready to begin.
pub struct Phone {
    job: Job,
    key: SigningKey,
    connection: Connection,
    cursor: Option<String>,
    batches: usize,
    parcels: Vec<Parcel>,
    done: Done,
}

/// Runs a client process.
pub fn main() {
    child::serve(Phone::prepare, Phone::run);
}

/// When a visit was worked on: in the last six days, so that today is a usual day.
fn worked_at(job: &Job, position: usize) -> i64 {
    job.now_ms - DAY_MS * i64::try_from(position % 6).unwrap() - 3_600_000
}

/// Which state of which documents: equal for two phones that hold the same.
fn digest(heads: &BTreeMap<VisitId, Vec<Hash>>) -> Hash {
    let lines: String = heads.iter().map(|(visit, heads)| format!("{visit} {heads:?}\n")).collect();
    Hash::of(lines.as_bytes())
}

impl Phone {
    /// Prepares what the job asks for.
    pub fn prepare(job: Job) -> Self {
        let mut phone = Self {
            key: SigningKey::from_slice(&job.phone.key).expect("nearly every 32 bytes are a key"),
            cursor: job.phone.cursor.clone(),
            batches: 0,
            parcels: Vec::new(),
            done: Done::default(),
            connection: Connection::to(&job.address, &job.phone.token),
            job,
        };
        match phone.job.task {
            Task::Push(form) => phone.pack_visits(form),
            Task::Edit(count) | Task::EditWhenTold(count) => phone.pack_edits(count),
            Task::Upload(_) | Task::Pull | Task::PullAgain(_) | Task::Rest | Task::Idle(_) | Task::Watch(_) => {}
        }
        phone
    }

    fn run(mut self) -> Done {
        let started = wire::start();
        match self.job.task {
            Task::Push(_) => self.push(),
            Task::Pull => self.pull(),
            Task::PullAgain(times) => (0..times).for_each(|_| {
                self.cursor = None;
                self.pull();
            }),
            Task::Upload(count) => self.upload(count),
            Task::Rest => while self.round(Vec::new()).more {},
            Task::Idle(rounds) => self.idle(rounds),
            Task::Edit(_) => self.push_each(),
            Task::EditWhenTold(count) => watch::edit_when_told(&mut self, count),
            Task::Watch(count) => {
                let Job { address, phone, .. } = self.job.clone();
                watch::watch(&mut self, &address, &phone.token, count);
            }
        }
        self.done.wall_ms = wire::since(started);
        self.done.latencies_ms = self.connection.latencies_ms;
        self.done.up = self.connection.up;
        self.done.authorization = self.connection.authorization_bytes;
        self.done.bodies = self.connection.bodies;
        self.done.most_bodies = self.connection.most_bodies;
        self.done.down = self.connection.down;
        self.done.cursor = self.cursor;
        self.done
    }

    fn pack_visits(&mut self, form: Form) {
        let template = workload::template();
        let mut heads = BTreeMap::new();
        for (position, id) in self.job.visits.clone().into_iter().enumerate() {
            let at = worked_at(&self.job, position);
            let doc = workload::visit(id, self.job.phone.user, &template, at, self.job.size);
            heads.insert(id, doc.heads());
            // As the phone does with every document that is new to the server.
            let chunks = vec![Blob(doc.save())];
            let intent = (form == Form::New).then(|| self.create_visit(id, at));
            let actors = Some(vec![workload::actor(id)]);
            let doc = PushDoc { heads: doc.heads(), chunks, actors, ..PushDoc::asking(id) };
            self.parcels.push(Parcel { doc, intent });
        }
        self.done.heads = Some(digest(&heads));
    }

    fn create_visit(&self, visit_id: VisitId, at: i64) -> Blob {
        let body = CreateVisit {
            visit_id,
            template: workload::TEMPLATE_CODE.to_owned(),
            template_version: 1,
            policy_version: 1,
            work_order_id: None,
            customer_id: None,
            site_id: None,
            reason: "客户临时要求上门".to_owned(),
        };
        let intent = Intent {
            id: IntentId(workload::id("intent", &visit_id.to_string(), at)),
            at: workload::stamp(at),
            by: self.job.phone.user,
            base_version: None,
            body: IntentBody::CreateVisit(body),
        };
        Blob(intent.to_bytes().unwrap())
    }

    /// The visit as it was first pushed.
    fn visit(&self, position: usize) -> VisitDoc {
        let (id, at) = (self.job.visits[position], worked_at(&self.job, position));
        workload::visit(id, self.job.phone.user, &workload::template(), at, self.job.size)
    }

    fn upload(&mut self, count: usize) {
        for position in 0..count {
            for photo in merge::view(&self.visit(position)).photos {
                let content = workload::photo(&photo.key);
                self.connection.put(&format!("/v1/blobs/{}", Hash::of(content)), content);
            }
        }
    }

    fn pack_edits(&mut self, count: usize) {
        for position in 0..count {
            let mut doc = self.visit(position);
            let base_heads = doc.heads();
            let chunks = vec![workload::edit(&mut doc, self.job.phone.user, self.job.now_ms)];
            self.parcels.push(Parcel {
                doc: PushDoc { base_heads, heads: doc.heads(), chunks, ..PushDoc::asking(doc.visit()) },
                intent: None,
            });
        }
    }

    /// Sends everything in as few requests as fit.
    fn push(&mut self) {
        let (mut batch, mut size) = (Vec::new(), ENVELOPE);
        for parcel in std::mem::take(&mut self.parcels) {
            if size + parcel.size() > BATCH_BYTES {
                self.send(std::mem::take(&mut batch));
                size = ENVELOPE;
            }
            size += parcel.size();
            batch.push(parcel);
        }
        self.send(batch);
    }

    fn push_each(&mut self) {
        for parcel in std::mem::take(&mut self.parcels) {
            self.send(vec![parcel]);
        }
    }

    /// Pushes the next parcel alone, and tells of which visit it was.
    pub fn push_next(&mut self) -> VisitId {
        let parcel = self.parcels.remove(0);
        let visit = parcel.doc.id;
        self.send(vec![parcel]);
        visit
    }

    /// Asks for news once, and tells which visits changed.
    pub fn look(&mut self) -> Vec<VisitId> {
        self.round(Vec::new()).docs.into_iter().map(|update| update.id).collect()
    }

    /// Pulls until there is nothing more; every document must have the heads that the server names.
    fn pull(&mut self) {
        let mut heads = BTreeMap::new();
        loop {
            let answer = self.round(Vec::new());
            self.done.rows += answer.rows.values().map(Vec::len).sum::<usize>();
            for update in answer.docs {
                assert_eq!(update.form, DocForm::Snapshot, "a first sync brings whole documents");
                let doc = VisitDoc::load(update.id, &update.bytes.0).expect("a whole document");
                assert_eq!(doc.heads(), update.heads, "the heads the server names");
                heads.insert(update.id, update.heads);
            }
            if !answer.more {
                break;
            }
        }
        self.done.docs = heads.len();
        self.done.heads = Some(digest(&heads));
    }

    /// Asks each time from where it stood at first, so that each time is like the first.
    fn idle(&mut self, rounds: usize) {
        let stood = self.cursor.clone();
        for _ in 0..rounds {
            self.cursor.clone_from(&stood);
            let answer = self.round(Vec::new());
            assert!(!answer.more && answer.docs.is_empty() && answer.rows.is_empty(), "nothing is new");
        }
    }

    /// Pushes a batch; all of it must be stored, and a receipt must say so.
    fn send(&mut self, batch: Vec<Parcel>) {
        let count = batch.len();
        let intents = batch.iter().filter(|parcel| parcel.intent.is_some()).count();
        let answer = self.round(batch);
        let stored = answer.acks.iter().filter(|ack| ack.outcome == Outcome::Stored).count();
        let refused = answer.acks.iter().find(|ack| ack.outcome != Outcome::Stored);
        assert_eq!(stored, count + intents, "everything is stored, but {refused:?}");
        assert_eq!(answer.receipts.len(), 1, "a held receipt");
        self.done.docs += count;
    }

    fn round(&mut self, batch: Vec<Parcel>) -> SyncResponse {
        let request = self.request(batch);
        let body = encode(&request, Encoding::Cbor).unwrap();
        let body = self.connection.post("/v1/sync", Encoding::Cbor.media_type(), &body);
        let answer = decode_response(&body, Encoding::Cbor, 64 << 20).expect("an answer of the protocol");
        self.cursor = Some(answer.cursor.clone());
        answer
    }

    fn request(&mut self, batch: Vec<Parcel>) -> SyncRequest {
        self.batches += 1;
        let name = format!("{} {:?} {}", self.job.phone.device, self.job.task, self.batches);
        let (docs, intents): (Vec<_>, Vec<_>) = batch.into_iter().map(|parcel| (parcel.doc, parcel.intent)).unzip();
        let has_content = !docs.is_empty();
        let mut request = SyncRequest {
            protocol: 1,
            device_id: self.job.phone.device,
            batch_id: BatchId(workload::id("batch", &name, self.job.now_ms)),
            cursor: self.cursor.clone(),
            max_bytes: u64::try_from(BATCH_BYTES).unwrap(),
            docs,
            intents: intents.into_iter().flatten().collect(),
            statements: Vec::new(),
            blobs: Vec::new(),
            arrived: Vec::new(),
            receipts: Vec::new(),
            device_state: has_content.then(|| DeviceState {
                unsent: 0,
                // Nothing is, beside what the request brings.
                oldest_unsent_at: None,
                free_bytes: Some(8 << 30),
                clock: workload::stamp(self.job.now_ms),
                unsent_visits: None,
            }),
            seal: None,
        };
        if has_content {
            request.seal = Some(self.seal(&request));
        }
        request
    }

    fn seal(&self, request: &SyncRequest) -> String {
        let public = P256PublicKey::from_sec1(&self.key.verifying_key().to_sec1_bytes()).expect("a public key");
        let content = BatchContent::of_request(self.job.phone.org, request);
        let input = prepare_batch_seal(&content, &public.thumbprint()).unwrap();
        let signature: Signature = self.key.sign(input.as_bytes());
        jws::detach(&jws::finish(&input, &signature.to_bytes().into()))
    }
}
