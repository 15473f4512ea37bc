//! One hostile phone against the running server, over TCP: nobody else notices, and nothing is lost.

mod pill;

use doorstep_store::documents::find_heads;
use integration_tests::call::{Answer, Call};
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::with_conn;
use integration_tests::remote::{RemotePhone, sign_in};
use integration_tests::server::TestServer;
use serde_json::{Value, json};
use sync_core::bytes::{Actor, Blob, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::guard::{Limits, heads_of};
use sync_core::ids::VisitId;
use sync_core::protocol::{Ack, AckItem, Outcome, PushDoc, SyncResponse};

/// Visits of the phone under siege.
const VISITS: usize = 20;

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
    PushDoc { id: doc.visit(), base_heads: Vec::new(), heads, chunks: chunks.into_iter().map(Blob).collect() }
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
        let answer = self.push(vec![pushed(doc, chunks)]);
        answer.acks.into_iter().find(|ack| ack.item == AckItem::Doc(doc.visit())).expect("an ack")
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
