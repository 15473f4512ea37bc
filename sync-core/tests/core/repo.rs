//! The automerge-repo door without sockets: sync with real Automerge peers, frames of other implementations, hostile
//! messages.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use automerge::sync::{Message, State, SyncDoc as _};
use automerge::transaction::Transactable as _;
use automerge::{Automerge, ReadDoc as _, ScalarValue};
use ciborium::{Value, cbor};
use serde_json::json;
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::guard::{ChangeIndex, Limits, Push, Stored, admit};
use sync_core::ids::{UserId, VisitId};
use sync_core::repo::{DocSync, Incoming, MAX_FRAME, Peer, SyncMessage, document_id, visit_of};

const VISIT: VisitId = VisitId::from_bytes([42; 16]);
const BY: UserId = UserId::from_bytes([7; 16]);

/// The server's side as the application has it: a stored document, judged pushes, one sync state.
struct Server {
    doc: VisitDoc,
    index: ChangeIndex,
    sync: DocSync,
    refused: usize,
}

impl Server {
    fn new(doc: VisitDoc) -> Self {
        let push = Push {
            visit: VISIT,
            by: BY,
            chunks: &[doc.save()],
            stored: None,
            may_use_actor: &|_| true,
            limits: &Limits::default(),
        };
        let index = admit(push).unwrap().accepted.unwrap().index;
        Self { doc, index, sync: DocSync::new(), refused: 0 }
    }

    fn receive(&mut self, data: &[u8]) {
        let message = SyncMessage::read(data).unwrap();
        if !message.chunks().is_empty() && !self.sync.is_read_only() {
            self.push(message.chunks());
        }
        self.sync.receive(&self.doc, message);
    }

    fn push(&mut self, chunks: &[Vec<u8>]) {
        let snapshot = self.doc.save();
        let push = Push {
            visit: VISIT,
            by: BY,
            chunks,
            stored: Some(Stored { snapshot: &snapshot, loaded: None, index: &self.index }),
            may_use_actor: &|_| true,
            limits: &Limits::default(),
        };
        let admission = admit(push).unwrap();
        if admission.refused.is_some() {
            self.refused += 1;
            self.sync.stop_taking();
        }
        if let Some(accepted) = admission.accepted {
            (self.doc, self.index) = (accepted.doc, accepted.index);
        }
    }
}

/// A foreign client: plain Automerge.
struct Client {
    doc: Automerge,
    sync: State,
}

impl Client {
    fn new() -> Self {
        Self { doc: Automerge::new(), sync: State::new() }
    }

    /// Writes a record as design section 13 has it.
    fn put(&mut self, map: &str, key: &str, value: ScalarValue) {
        let (_, object) = self.doc.get(automerge::ROOT, map).unwrap().unwrap();
        self.doc.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(&object, key, value)).unwrap();
    }

    fn tick(&mut self, key: &str) {
        self.put("ticks", key, ScalarValue::Str(json!({"done": true, "by": BY}).to_string().into()));
    }
}

/// Exchanges messages until both are silent; gives their number.
fn talk(client: &mut Client, server: &mut Server) -> usize {
    for round in 0..20 {
        let up = client.doc.generate_sync_message(&mut client.sync).map(Message::encode);
        if let Some(up) = &up {
            server.receive(up);
        }
        let down = server.sync.answer(&server.doc);
        if let Some(down) = &down {
            let message = Message::decode(down).unwrap();
            client.doc.receive_sync_message(&mut client.sync, message).unwrap();
        }
        if up.is_none() && down.is_none() {
            return round;
        }
    }
    panic!("they never fall silent");
}

fn heads(doc: &Automerge) -> Vec<Hash> {
    let mut heads: Vec<Hash> = doc.get_heads().iter().map(|head| Hash(head.0)).collect();
    heads.sort_unstable();
    heads
}

fn visited() -> VisitDoc {
    let mut doc = VisitDoc::create(VISIT).unwrap();
    for number in 0..30 {
        doc.edit(Actor([1; 16]), |edit| edit.put(Map::Ticks, &format!("s/{number}"), &json!({"done": true}))).unwrap();
    }
    doc
}

#[test]
fn a_foreign_client_opens_reads_and_edits_both_ways() {
    let (mut client, mut server) = (Client::new(), Server::new(visited()));
    assert!(talk(&mut client, &mut server) <= 4);
    assert_eq!(heads(&client.doc), server.doc.heads());

    for number in 0..5 {
        client.tick(&format!("c/{number}"));
        talk(&mut client, &mut server);
        assert_eq!(heads(&client.doc), server.doc.heads(), "the client's edit {number}");
        server
            .doc
            .edit(Actor([1; 16]), |edit| edit.put(Map::Ticks, &format!("d/{number}"), &json!({"done": true})))
            .unwrap();
        server = Server { sync: server.sync, ..Server::new(server.doc) };
        talk(&mut client, &mut server);
        assert_eq!(heads(&client.doc), server.doc.heads(), "the server's edit {number}");
    }
    assert_eq!(server.refused, 0);
}

#[test]
fn both_edit_while_apart_and_a_new_socket_starts_anew() {
    let (mut client, mut server) = (Client::new(), Server::new(visited()));
    talk(&mut client, &mut server);
    for number in 0..40 {
        client.tick(&format!("c/{number}"));
    }
    server.doc.edit(Actor([1; 16]), |edit| edit.put(Map::Ticks, "d", &json!({"done": true}))).unwrap();
    server = Server::new(server.doc);
    // The client goes on from what it kept of the connection before, or forgot everything.
    client.sync = State::decode(&client.sync.encode()).unwrap();
    talk(&mut client, &mut server);
    assert_eq!(heads(&client.doc), server.doc.heads());
    (client.sync, server.sync) = (State::new(), DocSync::new());
    assert!(talk(&mut client, &mut server) <= 3);
    assert_eq!((heads(&client.doc), server.refused), (server.doc.heads(), 0));
}

#[test]
fn what_the_guard_refuses_is_not_asked_for_again() {
    let (mut client, mut server) = (Client::new(), Server::new(visited()));
    talk(&mut client, &mut server);
    let before = server.doc.heads();
    client.put("ticks", "s/1", ScalarValue::Int(5));
    talk(&mut client, &mut server);
    assert_eq!((server.doc.heads(), server.refused), (before, 1), "a value must be a text");
    server.doc.edit(Actor([1; 16]), |edit| edit.put(Map::Ticks, "e", &json!({"done": true}))).unwrap();
    talk(&mut client, &mut server);
    assert!(server.doc.heads().iter().all(|head| heads(&client.doc).contains(head)), "reading goes on");
}

#[test]
fn a_reader_brings_nothing() {
    let (mut client, mut server) = (Client::new(), Server::new(visited()));
    server.sync = DocSync::read_only();
    talk(&mut client, &mut server);
    let before = server.doc.heads();
    assert_eq!(heads(&client.doc), before);
    client.tick("mine");
    talk(&mut client, &mut server);
    assert_eq!(server.doc.heads(), before);
}

#[test]
fn hostile_messages_are_refused_before_automerge_counts_with_them() {
    let leb = |mut number: u64| {
        let mut bytes = Vec::new();
        loop {
            let low = u8::try_from(number & 0x7f).unwrap();
            number >>= 7;
            if number == 0 {
                bytes.push(low);
                return bytes;
            }
            bytes.push(low | 0x80);
        }
    };
    let with_bloom = |bloom: Vec<u8>| {
        let mut bytes = vec![0x42, 0, 0, 1, 0];
        bytes.extend(leb(u64::try_from(bloom.len()).unwrap()));
        bytes.extend(bloom);
        bytes.push(0);
        bytes
    };
    let bloom = |entries: u64, bits: u64, probes: u64, len: usize| {
        [leb(entries), leb(bits), leb(probes), vec![0; len]].concat()
    };
    assert!(SyncMessage::read(&with_bloom(bloom(1, 10, 7, 2))).is_ok());
    for (name, bytes) in [
        ("empty", vec![]),
        ("another kind", vec![0x41, 0, 0, 0, 0]),
        ("four thousand million probes", with_bloom(bloom(1, 10, 0xffff_ffff, 2))),
        ("no bits to probe", with_bloom(bloom(1, 0, 7, 0))),
        ("no entries but bits", with_bloom(bloom(0, 10, 7, 9))),
        ("bits that are not there", with_bloom(bloom(1 << 20, 64, 7, 2))),
        ("two summaries", vec![0x42, 0, 0, 2, 0, 0, 0, 0, 0]),
        ("heads that are not there", [vec![0x42], leb(9_999), vec![0; 64]].concat()),
        ("heads beyond all bounds", [vec![0x42], leb(u64::MAX), vec![0; 64]].concat()),
        ("changes that are not there", vec![0x42, 0, 0, 0, 3, 1, 1]),
    ] {
        assert!(SyncMessage::read(&bytes).is_err(), "{name}");
    }
}

#[test]
fn mutated_messages_never_panic_and_never_hurt_the_document() {
    let (mut client, mut server) = (Client::new(), Server::new(visited()));
    talk(&mut client, &mut server);
    client.tick("x");
    let good = client.doc.generate_sync_message(&mut client.sync).unwrap().encode();
    let before = server.doc.heads();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % u64::try_from(below).unwrap()).unwrap()
    };
    for _ in 0..5_000 {
        let mut bytes = good.clone();
        for _ in 0..=next(3) {
            let at = next(bytes.len());
            bytes[at] = u8::try_from(next(256)).unwrap();
        }
        bytes.truncate(bytes.len() - next(4).min(bytes.len() - 1));
        let Ok(message) = SyncMessage::read(&bytes) else { continue };
        let mut sync = server.sync.clone();
        sync.receive(&server.doc, message);
        let _answer = sync.answer(&server.doc);
    }
    assert_eq!(server.doc.heads(), before);
}

fn bytes_of(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn joined() -> Peer {
    let mut peer = Peer::new("doorstep".to_owned());
    let join = cbor!({"type" => "join", "senderId" => "me", "supportedProtocolVersions" => ["1"]}).unwrap();
    assert!(matches!(peer.receive(&bytes_of(&join)), Incoming::Joined { .. }));
    peer
}

fn member<'a>(frame: &'a Value, name: &str) -> &'a Value {
    &frame.as_map().unwrap().iter().find(|(key, _)| key.as_text() == Some(name)).unwrap().1
}

#[test]
fn the_handshake_takes_every_form_and_both_names_of_metadata() {
    for join in [
        cbor!({"type" => "join", "senderId" => "me", "peerMetadata" => {"isEphemeral" => true}}).unwrap(),
        cbor!({"type" => "join", "senderId" => "me", "metadata" => {"storageId" => "s", "x" => [1.5]}}).unwrap(),
        cbor!({"type" => "join", "senderId" => "me", "supportedProtocolVersions" => ["2", "1"], "new" => null})
            .unwrap(),
    ] {
        let mut peer = Peer::new("doorstep".to_owned());
        let Incoming::Joined { welcome } = peer.receive(&bytes_of(&join)) else { panic!("{join:?}") };
        let welcome: Value = ciborium::from_reader(&welcome[..]).unwrap();
        assert_eq!(member(&welcome, "selectedProtocolVersion"), &Value::Text("1".to_owned()));
        assert_eq!(member(&welcome, "peerMetadata"), member(&welcome, "metadata"));
        assert_eq!((member(&welcome, "targetId"), peer.name()), (&Value::Text("me".to_owned()), Some("me")));
    }
    let mut peer = Peer::new("doorstep".to_owned());
    let other = cbor!({"type" => "join", "senderId" => "me", "supportedProtocolVersions" => ["7"]}).unwrap();
    assert!(matches!(peer.receive(&bytes_of(&other)), Incoming::Refused { answer: Some(_), .. }));
}

#[test]
fn frames_out_of_order_or_in_another_name_close_the_socket() {
    let id = document_id(VISIT);
    let sync = |sender: &str, target: &str| {
        cbor!({"type" => "sync", "senderId" => sender, "targetId" => target, "documentId" => id.as_str(),
            "data" => Value::Bytes(vec![0x42])})
        .unwrap()
    };
    let refused = |peer: &mut Peer, frame: &Value| matches!(peer.receive(&bytes_of(frame)), Incoming::Refused { .. });
    assert!(refused(&mut Peer::new("doorstep".to_owned()), &sync("me", "doorstep")), "before join");
    assert!(refused(&mut joined(), &sync("you", "doorstep")), "spoofed sender");
    assert!(refused(&mut joined(), &sync("me", "another")), "for another peer");
    let own = cbor!({"type" => "join", "senderId" => "doorstep"}).unwrap();
    assert!(refused(&mut Peer::new("doorstep".to_owned()), &own), "the server's own name");
    let again = cbor!({"type" => "join", "senderId" => "me"}).unwrap();
    assert!(refused(&mut joined(), &again), "a second join");
    let nothing = cbor!({"type" => "sync", "senderId" => "me", "documentId" => id.as_str()}).unwrap();
    assert!(refused(&mut joined(), &nothing), "no data");
    for bytes in
        [vec![], vec![0xff; 9], vec![0x81; 4_000], b"\xa1\x64type\x9b\xff\xff\xff\xff\xff\xff\xff\xff".to_vec()]
    {
        assert!(matches!(joined().receive(&bytes), Incoming::Refused { .. }), "{} bytes", bytes.len());
    }
    let mut large = bytes_of(&sync("me", "doorstep"));
    large.resize(MAX_FRAME + 1, 0);
    assert!(matches!(joined().receive(&large), Incoming::Refused { .. }));
}

#[test]
fn documents_are_named_by_text_or_bytes_and_numbers_may_be_floats() {
    let data = Value::Bytes(vec![1, 2]);
    for name in [Value::Text(document_id(VISIT)), Value::Bytes(vec![42; 16])] {
        for kind in ["sync", "request"] {
            let frame =
                cbor!({"type" => kind, "senderId" => "me", "documentId" => name.clone(), "data" => data.clone()});
            let expected = Incoming::Sync { visit: VISIT, data: vec![1, 2] };
            assert_eq!(joined().receive(&bytes_of(&frame.unwrap())), expected);
        }
    }
    let ephemeral = |count: Value| {
        cbor!({"type" => "ephemeral", "senderId" => "me", "documentId" => document_id(VISIT), "sessionId" => "s",
            "count" => count, "data" => data.clone()})
        .unwrap()
    };
    let seven = joined().receive(&bytes_of(&ephemeral(Value::Float(7.0))));
    assert!(matches!(seven, Incoming::Ephemeral(message) if message.count == 7 && message.sender == "me"));
    assert!(matches!(joined().receive(&bytes_of(&ephemeral(Value::Float(0.5)))), Incoming::Refused { .. }));
    for kind in ["remote-heads-changed", "remote-subscription-change", "tomorrow"] {
        let frame = cbor!({"type" => kind, "senderId" => "me", "add" => ["x"]}).unwrap();
        assert_eq!(joined().receive(&bytes_of(&frame)), Incoming::Ignored, "{kind}");
    }
    // `undefined`, as JavaScript writes absent members.
    let undefined = b"\xa3\x64type\x65leave\x68senderId\x62me\x68targetId\xf7";
    assert_eq!(joined().receive(undefined), Incoming::Left);
    let strange = cbor!({"type" => "request", "senderId" => "me", "documentId" => "nonsense", "data" => data}).unwrap();
    let Incoming::Unknown { answer } = joined().receive(&bytes_of(&strange)) else { panic!() };
    let answer: Value = ciborium::from_reader(&answer[..]).unwrap();
    assert_eq!(member(&answer, "documentId"), &Value::Text("nonsense".to_owned()));
    assert_eq!(visit_of("nonsense"), None);
}
