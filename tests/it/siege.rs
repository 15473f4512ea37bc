//! One hostile phone against the running server, over TCP: nobody else notices, and nothing is lost.

mod bystander;
mod frames;
mod inputs;
mod mutants;
mod pictures;
mod pill;
mod stored;

use doorstep_store::documents::find_heads;
use integration_tests::call::{Answer, Call};
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::with_conn;
use integration_tests::remote::{RemotePhone, sign_in};
use integration_tests::server::TestServer;
use integration_tests::told::tell;
use serde_json::{Value, json};
use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::guard::{Limits, heads_of};
use sync_core::ids::VisitId;
use sync_core::protocol::{Ack, AckItem, Outcome, PushDoc, SyncResponse};

/// Visits of the phone under siege.
const VISITS: usize = 20;

/// Most memory of the server, whatever a phone sends.
const MEMORY: u64 = 300 << 20;

/// A server, a phone with twenty visits that the server holds, and a dispatcher.
struct Scene {
    server: TestServer,
    phone: RemotePhone,
    dispatcher: String,
    docs: Vec<VisitDoc>,
}

/// The actor of an honest phone for a visit.
fn actor(doc: &VisitDoc) -> Actor {
    Actor::try_from(&Hash::of(doc.visit().as_bytes()).0[..16]).expect("16 bytes")
}

fn tick(doc: &mut VisitDoc, phone: &RemotePhone, key: &str) {
    let record = json!({"done": true, "at": RemotePhone::stamp(), "by": phone.user()});
    let actor = actor(doc);
    doc.edit(actor, |edit| edit.put(Map::Ticks, key, &record)).expect("an edit");
}

/// The heads of a document in the server's database.
fn heads(server: &TestServer, visit: VisitId) -> Vec<Hash> {
    let found = with_conn(server.database_url(), |conn| find_heads(conn, YUNZE.org, visit));
    found.expect("the database can be read").expect("the server has the document")
}

/// A push of chunks of one document, whatever they are.
fn pushed(doc: &VisitDoc, chunks: Vec<Vec<u8>>) -> PushDoc {
    let heads = heads_of(&chunks, &Limits::DEFAULT);
    PushDoc { heads, chunks: chunks.into_iter().map(Blob).collect(), ..PushDoc::asking(doc.visit()) }
}

/// Settings under which one phone may send as much as many would: the clock of a test stands still.
fn roomy() -> Value {
    json!({"limits": {
        "sync_per_minute": 60_000, "sync_burst": 60_000, "user_per_minute": 600_000, "tenant_per_minute": 6_000_000,
        "login_address_per_minute": 30_000, "login_tenant_per_minute": 300_000,
    }})
}

/// The server is the process it was, serves, held its memory, and met nothing that it did not expect.
fn check_process(server: &TestServer, process: u32) {
    check_memory(server, process);
    let log = server.log();
    let odd = log.lines().find(|line| line.contains("panicked") || line.contains("ERROR"));
    assert_eq!(odd, None, "nothing was unexpected");
}

/// The same process answers, and never took more memory than it may.
fn check_memory(server: &TestServer, process: u32) {
    server.send(&Call::get("/healthz")).expect(200);
    assert_eq!(server.process_id(), process, "the same process all the time");
    let peak = server.peak_memory_bytes();
    tell(format_args!("peak memory of the server: {} MiB", peak >> 20));
    assert!(peak <= MEMORY, "{peak} bytes");
}

impl Scene {
    fn begin() -> Self {
        let server = TestServer::start();
        let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
        let dispatcher = sign_in(&server, YUNZE, "dispatcher", PASSWORD);
        let mut scene = Self { server, phone, dispatcher, docs: Vec::new() };
        let names: Vec<String> = (0..VISITS).map(|number| format!("siege {number}")).collect();
        for name in &names {
            let mut doc = VisitDoc::create(RemotePhone::visit(name)).expect("a document");
            tick(&mut doc, &scene.phone, "kit_check/tools");
            scene.docs.push(doc);
        }
        let intents = names.iter().map(|name| scene.phone.create_visit(name)).collect();
        let docs = scene.docs.iter().map(|doc| pushed(doc, vec![doc.save()])).collect();
        let request = scene.phone.pushing(docs, intents);
        let answer = scene.phone.sync(&scene.server, &request).expect("the server lives");
        assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
        scene
    }

    fn push(&self, docs: Vec<PushDoc>) -> SyncResponse {
        self.phone.sync(&self.server, &self.phone.pushing(docs, Vec::new())).expect("the server lives")
    }

    /// Pushes chunks of one document and gives the ack.
    fn push_one(&self, doc: &VisitDoc, chunks: Vec<Vec<u8>>) -> Ack {
        self.push_doc(pushed(doc, chunks))
    }

    fn push_doc(&self, doc: PushDoc) -> Ack {
        let item = AckItem::Doc(doc.id);
        self.push(vec![doc]).acks.into_iter().find(|ack| ack.item == item).expect("an ack")
    }

    fn ask(&self, call: Call) -> Answer {
        self.server.send(&call.bearer(&self.dispatcher))
    }

    fn get(&self, path: &str) -> Value {
        self.ask(Call::get(path)).expect(200)
    }

    /// The path of what the phone sent under this name.
    fn item(&self, ack: &Ack) -> String {
        format!("/v1/quarantine/{}/{}", self.phone.device(), ack.hash.expect("refused bytes have a name"))
    }
}
