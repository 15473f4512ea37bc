//! Every measured hostile input (A1 to A9 and what was found besides) and thousands of mutated changes against the
//! running process: it never ends, and another rep's phone notices nothing.

use std::collections::BTreeMap;

use fuzz_targets::mutants::{Random, asked, mutated};
use integration_tests::call::Call;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::remote::RemotePhone;
use serde_json::json;
use sync_core::bytes::Actor;
use sync_core::doc::{Map, VisitDoc};
use sync_core::protocol::{Outcome, PushDoc};

use super::{Scene, actor, heads, pushed, tick};
use crate::sync::hostile::craft::{
    a_million_operations, altered, chain_after, chunk, forked, nested, put, raw_change, tick as craft_tick,
    zeros_deflated,
};

/// Most memory of the server, whatever the phone sends.
const MEMORY: u64 = 300 << 20;

/// Mutants through the server in every run; the other four fifths go to the guard directly (`fuzz-targets`).
const MUTANTS: u64 = 4_000;

/// Visits of one request, and mutants for each of them.
const BATCH: (u64, u64) = (20, 25);

/// A colleague at work while the siege goes on.
struct Bystander {
    phone: RemotePhone,
    doc: VisitDoc,
    cursor: String,
}

impl Bystander {
    fn begin(scene: &Scene) -> Self {
        let phone = RemotePhone::enrol_named(&scene.server, YUNZE, YUNZE.colleague(), PASSWORD, "the bystander's key");
        let mut doc = VisitDoc::create(RemotePhone::visit("bystander")).expect("a document");
        tick(&mut doc, &phone, "kit_check/0");
        let request = phone.pushing(vec![pushed(&doc, vec![doc.save()])], vec![phone.create_visit("bystander")]);
        let mut answer = phone.sync(&scene.server, &request).expect("the server lives");
        assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
        while answer.more {
            let next = phone.empty_request(Some(answer.cursor));
            answer = phone.sync(&scene.server, &next).expect("the server lives");
        }
        Self { phone, doc, cursor: answer.cursor }
    }

    /// Works on: every tick is stored, and nothing of the siege reaches this phone.
    fn works_on(&mut self, scene: &Scene, what: &str) {
        let quiet = self.phone.sync(&scene.server, &self.phone.empty_request(Some(self.cursor.clone())));
        let quiet = quiet.expect("the server lives");
        let others = quiet.docs.iter().filter(|update| update.id != self.doc.visit()).count();
        assert_eq!((others, quiet.rows.get("quarantine")), (0, None), "{what}: no news of somebody else's work");
        self.cursor = quiet.cursor;
        let before = self.doc.heads();
        tick(&mut self.doc, &self.phone, &format!("after/{what}"));
        let chunks = self.doc.changes_since(&before).expect("known heads");
        let request = self.phone.pushing(vec![pushed(&self.doc, chunks)], Vec::new());
        let answer = self.phone.sync(&scene.server, &request).expect("the server lives");
        assert_eq!(answer.acks[0].outcome, Outcome::Stored, "{what}");
        assert_eq!(heads(&scene.server, self.doc.visit()), self.doc.heads(), "{what}");
    }
}

/// Every hostile push of one document: name, chunks, code of the refusal; `missing` for an unknown past.
fn inputs(doc: &VisitDoc, actor: Actor) -> Vec<(&'static str, Vec<Vec<u8>>, &'static str)> {
    let honest = craft_tick(doc, actor, "x");
    let bytes = honest.raw_bytes().to_vec();
    let mut huge = raw_change(doc, actor, |edit| put(edit, doc.visit(), Map::Ticks, "huge", &"a".repeat(100 << 20)));
    let mut flipped = bytes.clone();
    *flipped.last_mut().expect("a byte") ^= 1;
    let counter = |at: u64| altered(&honest, |change| change.start_op = at.try_into().expect("a counter"));
    vec![
        ("A1 a gigabyte of zeros", vec![chunk(2, &zeros_deflated(1 << 30))], "change_too_large"),
        ("A1 thirty megabytes of zeros", vec![chunk(2, &zeros_deflated(30 << 20))], "change_too_large"),
        ("A2 a text of 100 MiB", vec![huge.bytes().into_owned()], "change_too_large"),
        ("A3 a million operations", vec![a_million_operations(doc, actor)], "change_too_large"),
        ("A4 nested maps", vec![nested(doc, actor, 2_000)], "operation_not_allowed"),
        ("A5 a poisoned counter", vec![counter(4_294_967_294)], "change_counter_invalid"),
        ("A5 a counter too low", vec![counter(1)], "change_counter_invalid"),
        ("A6 a flipped byte", vec![flipped], "checksum_mismatch"),
        ("A7 a forked actor", vec![forked(doc, &honest)], "actor_forked"),
        ("A8 a past that nobody has", chain_after(&honest, 20_000), "missing"),
        ("a gap in seq", vec![altered(&honest, |change| change.seq += 1)], "change_counter_invalid"),
        ("a negative time", vec![altered(&honest, |change| change.time = -1)], "change_rejected"),
        ("a cut change", vec![bytes[..bytes.len() - 3].to_vec()], "change_rejected"),
        ("an unknown type", vec![chunk(4, &[0])], "change_encoding_not_allowed"),
        ("no chunk at all", vec![b"hello".to_vec()], "change_rejected"),
    ]
}

#[test]
fn every_measured_hostile_input_leaves_the_process_and_everybody_else_as_they_were() {
    let scene = Scene::begin();
    let process = scene.server.process_id();
    let mut bystander = Bystander::begin(&scene);
    let doc = &scene.docs[0];
    let stored = heads(&scene.server, doc.visit());
    let mut refused = BTreeMap::new();
    for (what, chunks, code) in inputs(doc, actor(doc)) {
        let ack = scene.push_one(doc, chunks);
        if code == "missing" {
            assert_eq!((ack.outcome, ack.missing.len()), (Outcome::NeedFull, 1), "{what}: {ack:?}");
        } else {
            assert!(matches!(ack.outcome, Outcome::Quarantined | Outcome::NeedReplay), "{what}: {ack:?}");
            assert_eq!(ack.code.as_deref(), Some(code), "{what}");
        }
        assert_eq!(heads(&scene.server, doc.visit()), stored, "{what}");
        *refused.entry(code).or_insert(0) += 1;
        bystander.works_on(&scene, what);
    }
    // A9: an absurd time is a claim; it is stored, and does no harm.
    let absurd = altered(&craft_tick(doc, actor(doc), "x"), |change| change.time = i64::MAX);
    assert_eq!(scene.push_one(doc, vec![absurd]).outcome, Outcome::Stored);
    bystander.works_on(&scene, "A9 an absurd time");
    // Bodies that are no request.
    for (kind, body) in [
        ("application/json", b"[".repeat(100_000)),
        ("application/cbor", vec![0x81; 100_000]),
        ("application/cbor", vec![0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("application/cbor", vec![0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ] {
        let call = Call::post("/v1/sync").bytes(kind, body).bearer(scene.phone.access());
        let answer = scene.server.send(&call);
        assert!((400..500).contains(&answer.status), "{}", answer.text());
    }
    bystander.works_on(&scene, "bodies that are no request");
    let peak = scene.server.peak_memory_bytes();
    println!("refused {refused:?}; peak memory of the server {} MiB", peak >> 20);
    assert_eq!(scene.server.process_id(), process);
    assert!(peak <= MEMORY, "{peak} bytes");
}

/// An honest change of a writer that was never seen, of one of four kinds.
fn honest(doc: &VisitDoc, phone: &RemotePhone, random: &mut Random) -> Vec<u8> {
    let mut bytes = [0; 16];
    bytes.iter_mut().for_each(|byte| *byte = u8::try_from(random.below(256)).expect("a byte"));
    let (kind, by) = (random.below(4), phone.user());
    let key = format!("m-{}", random.below(1 << 30));
    let mut copy = doc.clone();
    let written = copy.edit(Actor(bytes), |edit| match kind {
        0 => edit.put(Map::Ticks, "kit_check/tools", &json!({"done": false, "by": by})),
        1 => edit.put(Map::Photos, &key, &json!({"slot": "box", "by": by})),
        2 => edit.set_notes("与客户确认装机位置"),
        _ => {
            edit.put(Map::Measures, &key, &json!({"code": "rx", "value": "-18.5", "by": by}))?;
            edit.put(Map::Answers, "q", &json!({"value": kind, "by": by}))
        }
    });
    written.expect("an edit").expect("a change").chunk
}

/// Twenty visits that the server holds, new ones each time: a visit takes only so many writers.
fn fresh_visits(scene: &Scene, round: u64) -> Vec<VisitDoc> {
    let names: Vec<String> = (0..BATCH.0).map(|number| format!("mutants {round} {number}")).collect();
    let docs: Vec<VisitDoc> = names
        .iter()
        .map(|name| {
            let mut doc = VisitDoc::create(RemotePhone::visit(name)).expect("a document");
            tick(&mut doc, &scene.phone, "kit_check/tools");
            doc
        })
        .collect();
    let intents = names.iter().map(|name| scene.phone.create_visit(name)).collect();
    let request = scene.phone.pushing(docs.iter().map(|doc| pushed(doc, vec![doc.save()])).collect(), intents);
    let answer = scene.phone.sync(&scene.server, &request).expect("the server lives");
    assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
    docs
}

#[test]
fn mutated_changes_leave_the_process_and_everybody_else_as_they_were() {
    let seed = asked("DOORSTEP_HOSTILE_SEED", 0x0dd0_5e1d);
    let count = asked("DOORSTEP_HOSTILE_CHANGES_TO_SERVER", MUTANTS);
    let scene = Scene::begin();
    let process = scene.server.process_id();
    let mut bystander = Bystander::begin(&scene);
    let mut random = Random::new(seed);
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    let rounds = count.div_ceil(BATCH.0 * BATCH.1);
    for round in 0..rounds {
        let docs = fresh_visits(&scene, round);
        let pushes: Vec<PushDoc> = docs
            .iter()
            .map(|doc| {
                let mutants = (0..BATCH.1).map(|_| mutated(&honest(doc, &scene.phone, &mut random), &mut random));
                pushed(doc, mutants.collect())
            })
            .collect();
        for ack in scene.push(pushes).acks {
            let code = ack.code.map(|code| format!(" {code}")).unwrap_or_default();
            *outcomes.entry(format!("{:?}{code}", ack.outcome)).or_insert(0) += 1;
        }
        // Whatever became of them: each document can be read, and written by its rep.
        for doc in docs.iter().step_by(7) {
            let review = scene.get(&format!("/v1/visits/{}", doc.visit()));
            assert_eq!(review["id"], json!(doc.visit()));
            let mut honest = doc.clone();
            tick(&mut honest, &scene.phone, "kit_check/after");
            let ack = scene.push_one(doc, honest.changes_since(&doc.heads()).expect("known"));
            assert_eq!(ack.outcome, Outcome::Stored, "seed {seed}, round {round}: {ack:?}");
        }
        if round % 8 == 0 || round + 1 == rounds {
            bystander.works_on(&scene, &format!("round {round}"));
        }
    }
    let peak = scene.server.peak_memory_bytes();
    println!(
        "seed {seed}: {} mutants in {rounds} requests; documents by outcome {outcomes:?}; peak memory {} MiB",
        rounds * BATCH.0 * BATCH.1,
        peak >> 20
    );
    assert_eq!(scene.server.process_id(), process, "0 process deaths");
    assert!(peak <= MEMORY, "{peak} bytes");
}
