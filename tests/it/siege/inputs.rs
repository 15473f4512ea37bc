//! The measured hostile inputs A1 to A9, what was found besides, and the stored corpus of the fuzzers, against the running
//! server: each gets the answer it should, the document stays as it was, memory stays small, and nobody else notices.

use std::io::{Read as _, Write as _};

use automerge::legacy::{ObjectId, OpId, OpType};
use automerge::transaction::Transactable as _;
use automerge::{ActorId, ChangeHash};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use fuzz_targets::seeds;
use integration_tests::call::Call;
use integration_tests::company::{HAOYU, PASSWORD, YUNZE};
use integration_tests::remote::RemotePhone;
use integration_tests::server::TestServer;
use sync_core::bytes::{Actor, Blob};
use sync_core::doc::{Map, VisitDoc};
use sync_core::guard::split_chunks;
use sync_core::ids::VisitId;
use sync_core::protocol::{Ack, Outcome, PushDoc, PushStatement, SyncRequest};

use super::bystander::Bystander;
use super::{check_process, heads, pushed, roomy};
use crate::sync::hostile::craft::{self, altered, chain_after, chunk, list_of_nulls, nested, raw_change};
use crate::sync::writer::Writer;

/// What should become of an input.
#[derive(Debug, Clone, Copy)]
enum Expected {
    Stored,
    /// Of an unknown past: the phone is asked for it, and nothing is kept meanwhile.
    Missing,
    /// Kept in quarantine with this code.
    Refused(&'static str),
}

use Expected::{Missing, Refused, Stored};
use integration_tests::told::tell;

type Input = (&'static str, Vec<Vec<u8>>, Expected);

/// A phone with a document that the server holds.
struct Attacker<'a> {
    server: &'a TestServer,
    phone: RemotePhone,
    doc: VisitDoc,
    actor: Actor,
}

impl<'a> Attacker<'a> {
    fn begin(server: &'a TestServer) -> Self {
        let phone = RemotePhone::enrol_named(server, YUNZE, YUNZE.rep(), PASSWORD, "attacker");
        let mut writer = Writer::new("under attack");
        for _ in 0..3 {
            let answer = phone.sync(server, &writer.next(&phone)).expect("the server lives");
            assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
        }
        let doc = writer.doc().clone();
        let actor = doc.change_metas().last().expect("a change").actor;
        Self { server, phone, doc, actor }
    }

    fn send(&self, request: SyncRequest) -> Ack {
        let answer = self.phone.sync(self.server, &self.phone.sealed(request)).expect("the server lives");
        let [ack] = <[Ack; 1]>::try_from(answer.acks).expect("the ack of the only item");
        ack
    }

    fn push(&self, doc: PushDoc) -> Ack {
        self.send(SyncRequest { docs: vec![doc], ..self.phone.empty_request(None) })
    }

    /// Pushes an input to the document; it gets the answer it should.
    fn play(&mut self, (what, chunks, expected): Input) {
        let ack = self.push(pushed(&self.doc, chunks.clone()));
        match (ack.outcome, expected) {
            (Outcome::Stored, Stored) => self.doc.apply_trusted(&chunks, &ack.heads).expect("it applies"),
            (Outcome::NeedFull, Missing) => assert!(!ack.missing.is_empty(), "{what}: {ack:?}"),
            (Outcome::NeedReplay | Outcome::Quarantined, Refused(code)) => {
                assert_eq!(ack.code.as_deref(), Some(code), "{what}");
            }
            _ => panic!("{what}: {expected:?}, but {ack:?}"),
        }
        assert_eq!(ack.heads, self.doc.heads(), "{what}");
        assert_eq!(heads(self.server, self.doc.visit()), self.doc.heads(), "{what}");
    }

    /// One more honest record.
    fn works(&mut self) {
        let record = serde_json::json!({"done": true, "at": RemotePhone::stamp(), "by": self.phone.user()});
        let key = format!("after/{}", self.doc.heads()[0]);
        let mut next = self.doc.clone();
        let change = next.edit(self.actor, |edit| edit.put(Map::Ticks, &key, &record)).expect("an edit");
        self.play(("honest work", vec![change.expect("a change").chunk], Stored));
    }

    fn honest(&self, key: &str) -> automerge::Change {
        let record = serde_json::json!({"done": true, "by": self.phone.user()}).to_string();
        raw_change(&self.doc, self.actor, |edit| craft::put(edit, self.doc.visit(), Map::Ticks, key, &record))
    }
}

/// Zeros, compressed a thousand times.
fn deflated_zeros(len: u64) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    std::io::copy(&mut std::io::repeat(0).take(len), &mut encoder).expect("zeros");
    encoder.finish().expect("the end")
}

/// A1: a gigabyte out of more than a change may have on the wire, and a quarter of it out of less.
fn bombs() -> Vec<Input> {
    let [huge, hidden] = [1 << 30, 250 << 20].map(|len| chunk(2, &deflated_zeros(len)));
    assert!(huge.len() < 2 << 20 && hidden.len() < 256 << 10, "{} and {} bytes", huge.len(), hidden.len());
    vec![
        ("A1 a gigabyte of zeros", vec![huge], Refused("change_too_large")),
        ("A1 250 MiB of zeros", vec![hidden], Refused("change_too_large")),
    ]
}

/// A2 to A4: honest in form, and huge.
fn giants(attacker: &Attacker<'_>) -> Vec<Input> {
    let (doc, actor) = (&attacker.doc, attacker.actor);
    let text =
        |len: usize| raw_change(doc, actor, |edit| craft::put(edit, doc.visit(), Map::Ticks, "huge", &"a".repeat(len)));
    let compressed = text(100 << 20).bytes().into_owned();
    assert!(compressed.len() < 256 << 10, "{} bytes", compressed.len());
    let mut inputs = vec![
        ("A2 100 MiB of text, compressed", vec![compressed], Refused("change_too_large")),
        ("A2 3 MiB of text", vec![text(3 << 20).raw_bytes().to_vec()], Refused("change_too_large")),
    ];
    for len in [1_000_000, 1 << 40] {
        let list = list_of_nulls(doc, actor, len);
        assert!(list.len() < 180, "{} bytes", list.len());
        inputs.push(("A3 a list of nulls", vec![list], Refused("change_too_large")));
    }
    let deep = [300, 2_000, 4_999];
    inputs.extend(deep.map(|depth| ("A4 nested", vec![nested(doc, actor, depth)], Refused("operation_not_allowed"))));
    inputs
}

/// A5 to A9, and what was found besides: lies about the history, the clock, objects and bytes.
fn lies(attacker: &Attacker<'_>) -> Vec<Input> {
    let doc = &attacker.doc;
    let honest = attacker.honest("x");
    let bytes = honest.raw_bytes().to_vec();
    let right = honest.start_op().get();
    let counter = |at: u64| altered(&honest, |change| change.start_op = at.try_into().expect("a counter"));
    let mut flipped = bytes.clone();
    *flipped.last_mut().expect("a byte") ^= 1;
    let metas = doc.change_metas();
    let forked = altered(&honest, |change| {
        change.seq -= 1;
        change.deps = vec![ChangeHash(metas[metas.len() - 2].hash.0)];
        change.start_op = (right - 1).try_into().expect("a counter");
    });
    let (me, nobody) = (ActorId::from(&attacker.actor.0[..]), ActorId::from(&[5u8; 16][..]));
    let on = |object: OpId| altered(&honest, |change| change.operations[0].obj = ObjectId::Id(object));
    let after = |previous: OpId| altered(&honest, |change| change.operations[0].pred = vec![previous].into());
    let delete = raw_change(doc, attacker.actor, |edit| {
        craft::put(edit, doc.visit(), Map::Ticks, "gone", "{}");
        edit.delete(craft::object(doc.visit(), Map::Ticks), "gone").expect("a delete");
    });
    let at = |time: i64| altered(&honest, |change| change.time = time);
    vec![
        ("A5 the last counter", vec![counter(4_294_967_294)], Refused("change_counter_invalid")),
        ("A5 a counter of 2^40", vec![counter(1 << 40)], Refused("change_counter_invalid")),
        ("a counter of the past", vec![counter(1)], Refused("change_counter_invalid")),
        ("A6 a flipped byte", vec![flipped], Refused("checksum_mismatch")),
        ("A7 forked", vec![forked], Refused("actor_forked")),
        ("A8 20,000 without their past", chain_after(&honest, 20_000), Missing),
        ("A9 before all time", vec![at(i64::MIN)], Refused("change_rejected")),
        ("a gap in the sequence", vec![altered(&honest, |change| change.seq += 1)], Refused("change_counter_invalid")),
        ("sequence 0", vec![altered(&honest, |change| change.seq = 0)], Refused("change_counter_invalid")),
        ("an unknown object", vec![on(OpId::new(99_999, &nobody))], Refused("operation_not_allowed")),
        ("a scalar as object", vec![on(OpId::new(17, &me))], Refused("operation_not_allowed")),
        ("an unknown predecessor", vec![after(OpId::new(7_777, &nobody))], Refused("change_rejected")),
        (
            "an increment",
            vec![altered(&honest, |change| change.operations[0].action = OpType::Increment(4))],
            Refused("operation_not_allowed"),
        ),
        ("put and deleted at once", vec![delete.raw_bytes().to_vec()], Refused("operation_not_allowed")),
        ("no past at all", vec![altered(&honest, |change| change.deps.clear())], Refused("genesis_missing")),
        ("cut", vec![bytes[..bytes.len() - 3].to_vec()], Refused("change_rejected")),
        ("twice in one chunk", vec![[bytes.clone(), bytes].concat()], Refused("change_rejected")),
        ("of an unknown type", vec![chunk(4, &[0])], Refused("change_encoding_not_allowed")),
        ("no chunk", vec![b"hello".to_vec()], Refused("change_rejected")),
        ("A9 at the end of all time", vec![at(i64::MAX)], Stored),
    ]
}

/// A7: the next number of another phone's actor would lock its owner out.
fn spoof(attacker: &mut Attacker<'_>) {
    let owner = RemotePhone::enrol_further(attacker.server, YUNZE, YUNZE.rep(), PASSWORD, "owner of an actor");
    let actor = Actor([0x55; 16]);
    let record = serde_json::json!({"done": true, "by": owner.user()}).to_string();
    let tick = |doc: &VisitDoc, key: &str| {
        raw_change(doc, actor, |edit| craft::put(edit, doc.visit(), Map::Ticks, key, &record)).raw_bytes().to_vec()
    };
    let own = |attacker: &mut Attacker<'_>, key: &str| {
        let change = tick(&attacker.doc, key);
        let request = owner.pushing(vec![pushed(&attacker.doc, vec![change.clone()])], Vec::new());
        let answer = owner.sync(attacker.server, &request).expect("the server lives");
        assert_eq!(answer.acks[0].outcome, Outcome::Stored, "{:?}", answer.acks);
        attacker.doc.apply_trusted(&[change], &answer.acks[0].heads).expect("it applies");
    };
    own(attacker, "owner/1");
    let stolen = tick(&attacker.doc, "stolen");
    attacker.play(("A7 the actor of another phone", vec![stolen], Refused("actor_not_yours")));
    own(attacker, "owner/2");
}

/// Documents of others: whatever is sent, they are as absent as what does not exist.
fn reach_for(attacker: &Attacker<'_>, others: &[VisitId]) {
    let absent = RemotePhone::visit("nobody has it");
    let honest = attacker.honest("reached").raw_bytes().to_vec();
    let bomb = chunk(2, &deflated_zeros(250 << 20));
    for chunks in [vec![honest], vec![bomb], vec![b"hello".to_vec()]] {
        let acks = others.iter().chain([&absent]).map(|visit| {
            let doc = PushDoc { id: *visit, ..pushed(&attacker.doc, chunks.clone()) };
            let ack = attacker.push(doc);
            assert_eq!(ack.outcome, Outcome::NotFound, "{ack:?}");
            format!("{ack:?}").replace(&visit.to_string(), "").replace(&format!("{visit:?}"), "")
        });
        let acks: Vec<String> = acks.collect();
        assert!(acks.iter().all(|ack| *ack == acks[0]), "foreign and absent look the same: {acks:#?}");
    }
}

/// The corpus of the fuzzers, where it fits: as chunks, as statements, as intents, as bodies.
fn play_corpus(attacker: &Attacker<'_>) -> usize {
    let seeds = seeds::all();
    let before = attacker.doc.heads();
    for seed in &seeds {
        match seed.target {
            "guard" => {
                let bytes = &seed.data[1..];
                let chunks = split_chunks(bytes).unwrap_or_else(|| vec![bytes.to_vec()]);
                let ack = attacker.push(pushed(&attacker.doc, chunks));
                let is_kept_out = matches!(ack.outcome, Outcome::NeedFull | Outcome::NeedReplay | Outcome::Quarantined);
                assert!(is_kept_out && ack.heads == before, "{}: {ack:?}", seed.name);
            }
            "statement" => {
                let at = seed.data.iter().rposition(|byte| *byte == b'\n').unwrap_or(seed.data.len());
                let seal = String::from_utf8_lossy(seed.data.get(at + 1..).unwrap_or_default()).into_owned();
                let statements = vec![PushStatement { body: Blob(seed.data[..at].to_vec()), seal }];
                let ack = attacker.send(SyncRequest { statements, ..attacker.phone.empty_request(None) });
                assert_eq!(ack.outcome, Outcome::Quarantined, "{}: {ack:?}", seed.name);
                let intents = vec![Blob(seed.data.clone())];
                let ack = attacker.send(SyncRequest { intents, ..attacker.phone.empty_request(None) });
                assert_eq!(ack.outcome, Outcome::Quarantined, "{}: {ack:?}", seed.name);
            }
            _ => {
                let kind = if seed.data[0] & 1 == 1 { "application/json" } else { "application/cbor" };
                refuse_body(attacker, &seed.name, Call::post("/v1/sync").bytes(kind, &seed.data[1..]));
            }
        }
    }
    assert_eq!(heads(attacker.server, attacker.doc.visit()), before);
    seeds.len()
}

fn refuse_body(attacker: &Attacker<'_>, what: &str, call: Call) {
    let answer = attacker.server.send(&call.bearer(attacker.phone.access()));
    assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.text());
}

/// Bodies that are small on the wire only.
fn body_bombs(attacker: &Attacker<'_>) {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let mut zstd = zstd::stream::Encoder::new(Vec::new(), 1).expect("an encoder");
    let zeros = vec![0; 1 << 20];
    for _ in 0..256 {
        gzip.write_all(&zeros).expect("zeros");
        zstd.write_all(&zeros).expect("zeros");
    }
    for (coding, body) in [("gzip", gzip.finish().expect("the end")), ("zstd", zstd.finish().expect("the end"))] {
        let call = Call::post("/v1/sync").bytes("application/cbor", body).header("content-encoding", coding);
        let answer = attacker.server.send(&call.bearer(attacker.phone.access()));
        assert_eq!(answer.outcome(), (413, "sync_batch_too_large".to_owned()), "{coding}");
    }
    let huge = Call::post("/v1/sync").bytes("application/cbor", vec![0x81; (4 << 20) + 1]);
    refuse_body(attacker, "more than a body may have", huge);
}

#[test]
fn every_measured_hostile_input_is_answered_and_harms_nobody() {
    let server = TestServer::configured(&roomy());
    let process = server.process_id();
    let mut colleague = Bystander::begin(&server, YUNZE, YUNZE.colleague());
    let mut stranger = Bystander::begin(&server, HAOYU, HAOYU.rep());
    let mut attacker = Attacker::begin(&server);
    let inputs = [bombs(), giants(&attacker), lies(&attacker)].concat();
    let count = inputs.len();
    for input in inputs {
        attacker.play(input);
        colleague.work();
        stranger.work();
    }
    spoof(&mut attacker);
    reach_for(&attacker, &[colleague.resting(), stranger.resting()]);
    let seeds = play_corpus(&attacker);
    body_bombs(&attacker);
    attacker.works();
    let syncs = colleague.check() + stranger.check();
    check_process(&server, process);
    tell(format_args!(
        "{count} inputs and {seeds} seeds of the corpus; {syncs} syncs of two bystanders, who noticed nothing"
    ));
}
