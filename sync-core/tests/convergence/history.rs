//! Random histories: what a handful of replicas do, alone and when they meet.

use serde_json::{Value, json};
use sync_core::bytes::Actor;
use sync_core::doc::{Map, VisitDoc};
use sync_core::ids::VisitId;

pub const VISIT: VisitId = VisitId::from_bytes([42; 16]);
pub const BY: &str = "01955f2c-3000-7000-8000-0000000000aa";

/// `SplitMix64`: every seed is a sequence of its own, on every machine the same.
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(count).unwrap()).unwrap()
    }

    /// True once in `count` throws.
    pub fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Who writes on each replica, in no order: so that of two concurrent writes now one's actor is the higher, now the other's.
pub fn actors(dice: &mut Dice, replicas: usize) -> Vec<Actor> {
    let mut actors =
        std::iter::repeat_with(|| Actor((u128::from(dice.next()) << 64 | u128::from(dice.next())).to_be_bytes()));
    actors.by_ref().take(replicas).collect()
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
pub fn act(dice: &mut Dice, docs: &mut [VisitDoc], actors: &[Actor], number: usize) {
    let replica = dice.below(docs.len());
    match dice.below(16) {
        0..=1 => {
            // Whoever meets himself learns nothing.
            if let Ok([into, from]) = docs.get_disjoint_mut([replica, dice.below(docs.len())]) {
                meet(into, from);
            }
        }
        2..=3 => {
            let notes = ["", "客户不在", "客户在家", "no port", "a port"][dice.below(5)];
            docs[replica].edit(actors[replica], |edit| edit.set_notes(notes)).unwrap();
        }
        _ => {
            let (map, key, record) = record(dice, number);
            docs[replica].edit(actors[replica], |edit| edit.put(map, &key, &record)).unwrap();
        }
    }
}

pub fn meet(into: &mut VisitDoc, from: &VisitDoc) {
    let known: Vec<_> = from.heads().into_iter().filter(|head| into.has_change(head)).collect();
    into.apply_trusted(&from.changes_since(&known).unwrap(), &from.heads()).unwrap();
}

/// A phone without work that meets the others in any order, each a second time.
pub fn merged(dice: &mut Dice, mut all: VisitDoc, docs: &[VisitDoc]) -> VisitDoc {
    let mut order: Vec<&VisitDoc> = docs.iter().chain(docs).collect();
    dice.shuffle(&mut order);
    order.into_iter().for_each(|doc| meet(&mut all, doc));
    all
}
