//! Random histories of two to five replicas, brought to servers through the guard in every order of up to three replicas,
//! else in a random one, whole and in pieces, with doubles and losses: equal heads give equal views, also under the
//! template's policies and the office's choices.
//!
//! `DOORSTEP_HISTORIES` sets how many histories are played (100,000), `DOORSTEP_SEED` the first seed, which is another one
//! in each run and printed; a failure prints the seed of its history, which alone replays it:
//! `DOORSTEP_SEED=… DOORSTEP_HISTORIES=1`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use std::hash::{BuildHasher as _, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};
use sync_core::bytes::Actor;
use sync_core::doc::{Map, VisitDoc};
use sync_core::guard::{Accepted, Limits, Push, Stored, admit};
use sync_core::ids::{ChoiceId, UserId, VisitId};
use sync_core::merge::{View, settle, view};
use sync_core::plan::ChoiceRow;
use sync_core::template::Template;
use sync_core::time::UnixMillis;

const VISIT: VisitId = VisitId::from_bytes([42; 16]);
const BY: &str = "01955f2c-3000-7000-8000-0000000000aa";

/// Histories of a run that says nothing else.
const HISTORIES: u64 = 100_000;

/// `SplitMix64`: every seed is a sequence of its own, on every machine the same.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `count`.
    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(count).unwrap()).unwrap()
    }

    /// True once in `count` throws.
    fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Questions and readings under every policy.
fn template() -> Template {
    let title = json!({"en": "x", "zh-CN": "x"});
    let question = |code: &str, merge: &str| json!({"code": code, "title": title, "type": "integer", "required": false, "merge": merge});
    let reading = |code: &str, merge: &str| {
        json!({"code": code, "title": title, "type": "integer", "unit": "dB", "scale": 0, "required": false,
            "on_fail": "warn", "merge": merge})
    };
    serde_json::from_value(json!({"code": "t", "version": 1, "title": title, "steps": [], "photos": [],
        "measurements": [reading("m0", "min"), reading("m1", "newest"), reading("m2", "first_signed")],
        "questions": [question("q0", "newest"), question("q1", "max"), question("q2", "first_signed"),
            question("q3", "ask")],
        "signatures": [], "rules": []}))
    .unwrap()
}

fn actor(replica: usize) -> Actor {
    Actor([u8::try_from(replica).unwrap() + 1; 16])
}

fn at() -> Value {
    json!({"wall_ms": 1_741_053_120_000_i64, "mono_ms": 2, "boot_id": "ABCDEFGH"})
}

fn id(number: usize) -> String {
    format!("01955f2c-3000-7000-8000-{number:012}")
}

/// A record of any map; where a map's keys may be written again, under one that others write too.
fn record(dice: &mut Dice, number: usize) -> (Map, String, Value) {
    let (new, known, value) = (id(number), id(dice.below(number + 1)), dice.below(6));
    let (map, key, mut record) = match dice.below(20) {
        0..=3 => (Map::Answers, format!("q{}", dice.below(4)), json!({"value": value})),
        4..=6 => {
            let code = format!("m{}", dice.below(3));
            (Map::Measures, new, json!({"code": code, "value": value.to_string(), "unit": "dB", "source": "typed"}))
        }
        7 => (Map::Ticks, format!("s/{}", dice.below(2)), json!({"done": value.is_multiple_of(2)})),
        8 => (Map::Outcomes, new, json!({"code": (["completed", "no_show", "not_accepted"][value % 3])})),
        9 => (Map::Statements, format!("{number:064}"), json!({"kind": "form"})),
        10 => (Map::Timeline, new, json!({"event": (["arrive", "submit", "levitate"][value % 3])})),
        11 => return (Map::More, format!("odd/{}", value % 2), json!([number])),
        12..=13 => {
            let photo = json!({"slot": format!("p{}", value % 2), "sha256": format!("{number:064}"), "bytes": number,
                "media_type": "image/jpeg", "taken_at": at(), "source": "camera", "replaces": known});
            (Map::Photos, new, photo)
        }
        14 => (Map::Captions, known, json!({"text": format!("caption {value}")})),
        15 => (Map::Withdrawn, known, json!({"reason": (["lost", "wrong"][value % 2])})),
        16..=17 => (Map::Pins, new, json!({"template": "t", "template_version": 1 + value, "policy_version": 1})),
        18 => {
            let contact = json!({"channel": "app_call", "started_at": at(), "duration_s": value, "result": "reached"});
            (Map::Contacts, new, contact)
        }
        _ => (Map::Materials, new, json!({"sku": "s", "quantity": value.to_string(), "unit": "m", "source": "scan"})),
    };
    record["by"] = json!(BY);
    // Photos and contacts tell their time under a name of their own.
    if !matches!(map, Map::Photos | Map::Contacts) {
        record["at"] = at();
    }
    (map, key, record)
}

/// One action on one replica, or a meeting of two.
fn act(dice: &mut Dice, docs: &mut [VisitDoc], number: usize) {
    let replica = dice.below(docs.len());
    match dice.below(16) {
        0..=1 => {
            let source = docs[dice.below(docs.len())].clone();
            meet(&mut docs[replica], &source);
        }
        2..=3 => {
            let notes = ["", "客户不在", "客户在家", "no port", "a port"][dice.below(5)];
            docs[replica].edit(actor(replica), |edit| edit.set_notes(notes)).unwrap();
        }
        _ => {
            let (map, key, record) = record(dice, number);
            docs[replica].edit(actor(replica), |edit| edit.put(map, &key, &record)).unwrap();
        }
    }
}

fn meet(into: &mut VisitDoc, from: &VisitDoc) {
    let known: Vec<_> = from.heads().into_iter().filter(|head| into.has_change(head)).collect();
    into.apply_trusted(&from.changes_since(&known).unwrap(), &from.heads()).unwrap();
}

/// Phones that meet in any order, each a second time.
fn merged(dice: &mut Dice, docs: &[VisitDoc]) -> VisitDoc {
    let mut order: Vec<&VisitDoc> = docs.iter().chain(docs).collect();
    dice.shuffle(&mut order);
    let mut all = VisitDoc::create(VISIT).unwrap();
    order.into_iter().for_each(|doc| meet(&mut all, doc));
    all
}

/// A server with one document, behind the guard.
#[derive(Default)]
struct Server {
    stored: Option<Accepted>,
}

impl Server {
    /// One push; tells whether dependencies were missing: what follows them is not stored.
    fn takes(&mut self, chunks: &[Vec<u8>]) -> bool {
        let stored = self.stored.as_ref().map(|stored| Stored {
            snapshot: &stored.snapshot,
            loaded: None,
            index: &stored.index,
        });
        let push = Push {
            visit: VISIT,
            by: BY.parse().unwrap(),
            chunks,
            stored,
            may_use_actor: &|_| true,
            limits: &Limits::DEFAULT,
        };
        let admission = admit(push).unwrap();
        assert_eq!(admission.refused, None);
        let missing = admission.missing;
        self.stored = admission.accepted.or(self.stored.take());
        assert!(self.stored.as_ref().is_none_or(|stored| missing.iter().all(|hash| !stored.doc.has_change(hash))));
        !missing.is_empty()
    }

    fn doc(&self) -> &VisitDoc {
        &self.stored.as_ref().unwrap().doc
    }
}

/// Every order of up to three replicas, a random one of more.
fn orders(dice: &mut Dice, replicas: usize) -> Vec<Vec<usize>> {
    match replicas {
        2 => vec![vec![0, 1], vec![1, 0]],
        3 => [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].map(Vec::from).into(),
        _ => {
            let mut order: Vec<usize> = (0..replicas).collect();
            dice.shuffle(&mut order);
            vec![order]
        }
    }
}

/// Everything arrives through the guard, replica by replica.
fn deliver_whole(order: &[usize], replicas: &[Vec<Vec<u8>>]) -> Server {
    let mut server = Server::default();
    order.iter().for_each(|replica| assert!(!server.takes(&replicas[*replica])));
    server
}

/// Everything arrives in pieces, some of them twice and some not at all at first.
fn deliver(dice: &mut Dice, order: &[usize], replicas: &[Vec<Vec<u8>>]) -> Server {
    let mut server = Server::default();
    for replica in order {
        let chunks = &replicas[*replica];
        // A cut somewhere; now and then the first piece is lost, and the second asks for it.
        let (first, second) = chunks.split_at(dice.below(chunks.len()));
        let is_lost = first.is_empty() || dice.once_in(4);
        if !is_lost {
            assert!(!server.takes(first));
        }
        if server.takes(second) || is_lost {
            assert!(!server.takes(chunks), "what was missing came with it");
        }
        if dice.once_in(3) {
            let again = server.doc().heads();
            assert!(!server.takes(chunks));
            assert_eq!(server.doc().heads(), again, "doubles have no effect");
        }
    }
    server
}

/// Some choices about what stands side by side, also outdated ones.
fn choices(dice: &mut Dice, views: &[&View]) -> Vec<ChoiceRow> {
    let mut made = Vec::new();
    for conflict in views.iter().flat_map(|view| &view.conflicts) {
        if dice.once_in(2) {
            continue;
        }
        let number = u8::try_from(made.len() % 200).unwrap();
        made.push(ChoiceRow {
            id: ChoiceId::from_bytes([number; 16]),
            visit_id: VISIT,
            map: conflict.map.clone(),
            key: conflict.key.clone(),
            candidates: conflict.candidates.iter().map(|entry| entry.op).collect(),
            chosen: conflict.candidates[dice.below(conflict.candidates.len())].op,
            by: UserId::from_bytes([9; 16]),
            reason: None,
            at_ms: UnixMillis(i64::from(number)),
        });
    }
    made
}

/// Plays one history to its end; tells how many conflicts there were.
fn play(seed: u64, template: &Template) -> usize {
    let mut dice = Dice(seed);
    let replicas = 2 + dice.below(4).min(dice.below(4));
    let mut docs = vec![VisitDoc::create(VISIT).unwrap(); replicas];
    for number in 0..2 + dice.below(10) {
        act(&mut dice, &mut docs, number);
    }
    let chunks: Vec<Vec<Vec<u8>>> = docs.iter().map(|doc| doc.changes_since(&[]).unwrap()).collect();
    let orders = orders(&mut dice, replicas);
    let mut ends: Vec<VisitDoc> = orders.iter().map(|order| deliver_whole(order, &chunks).doc().clone()).collect();
    let in_pieces = &orders[dice.below(orders.len())];
    ends.push(deliver(&mut dice, in_pieces, &chunks).doc().clone());
    // Phones merge without a server, too.
    dice.shuffle(&mut docs);
    let early = view(&docs[0]);
    ends.push(merged(&mut dice, &docs));
    let (first, rest) = docs.split_first_mut().unwrap();
    rest.iter().for_each(|other| meet(first, other));
    ends.push(first.clone());

    let expected = view(&ends[0]);
    for doc in &ends[1..] {
        assert_eq!(doc.heads(), expected.heads);
        assert_eq!(view(doc), expected);
    }
    let mut choices = choices(&mut dice, &[&early, &settle(expected.clone(), template, &[])]);
    let settled = settle(expected.clone(), template, &choices);
    dice.shuffle(&mut choices);
    assert_eq!(settle(view(&ends[1]), template, &choices), settled, "choices may be told in any order");
    assert_eq!(settle(settled.clone(), template, &choices), settled, "settling twice changes nothing");
    nothing_is_hidden(&expected, &settled);
    settled.conflicts.len()
}

/// Policies and choices move what counts; every value of the document stays in sight.
fn nothing_is_hidden(document: &View, settled: &View) {
    for conflict in &document.conflicts {
        let kept = settled.conflicts.iter().find(|one| (&one.map, &one.key) == (&conflict.map, &conflict.key)).unwrap();
        assert!(conflict.candidates.iter().all(|entry| kept.candidates.contains(entry)), "{}", conflict.name());
        assert!(kept.candidates.iter().any(|entry| entry.op == kept.chosen));
    }
    assert_eq!(settled.measures, document.measures);
    assert_eq!(settled.outcomes, document.outcomes);
    assert_eq!(settled.answers.len(), document.answers.len());
}

#[expect(clippy::disallowed_methods, reason = "a long run is asked for from outside")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[test]
fn replicas_converge_in_every_history() {
    let count = number("DOORSTEP_HISTORIES").unwrap_or(HISTORIES);
    // Of 48 bits, so that a number can be read out and a long run does not come to the end of all numbers.
    let first = number("DOORSTEP_SEED").unwrap_or_else(|| RandomState::new().hash_one(HISTORIES) >> 16);
    println!("{count} histories from seed {first}");
    let template = template();
    let workers = u64::try_from(std::thread::available_parallelism().map_or(1, usize::from)).unwrap().min(count.max(1));
    let run = |worker: u64| {
        let mut conflicts = 0;
        for seed in
            (first..first + count).skip(usize::try_from(worker).unwrap()).step_by(usize::try_from(workers).unwrap())
        {
            let played = catch_unwind(AssertUnwindSafe(|| play(seed, &template)));
            conflicts += played.unwrap_or_else(|_| panic!("replay with DOORSTEP_SEED={seed} DOORSTEP_HISTORIES=1"));
        }
        conflicts
    };
    let conflicts: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|worker| scope.spawn(move || run(worker))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    println!("{conflicts} conflicts");
    assert!(count < 1_000 || conflicts > 0, "the histories hold conflicts");
}
