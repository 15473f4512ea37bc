//! Changes with flipped bytes and repaired checksums (A6), from a seed that is told.

use std::collections::BTreeMap;

use serde_json::json;
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::{Map, VisitDoc};
use sync_core::ids::UserId;

use crate::{BY, Held, ME, VISIT, check};

/// Bytes before the hashed part of a chunk: magic and checksum.
const UNHASHED: usize = 8;

/// A number that the environment asks for, such as how long a run is.
///
/// # Panics
/// If it is no number.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the length and the seed of a run are chosen by who starts it")]
pub fn asked(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a number in the environment"))
}

/// A small generator: reproducible, and no more.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Begins at a seed; zero would stay zero.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(if seed == 0 { 1 } else { seed })
    }

    /// A number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap_or(0)
    }
}

/// Makes the checksum of a chunk right.
pub fn repair(chunk: &mut [u8]) {
    if chunk.len() > UNHASHED {
        let hash = Hash::of(&chunk[UNHASHED..]);
        chunk[4..UNHASHED].copy_from_slice(&hash.as_bytes()[..4]);
    }
}

/// Flips one to three bytes behind the header and makes the checksum right again.
#[must_use]
pub fn mutated(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut mutant = bytes.to_vec();
    // Magic, checksum, type, and a length of one or two bytes.
    let start = if mutant.get(9).is_some_and(|byte| byte & 0x80 == 0) { 10 } else { 11 };
    // Flips in the dependencies at the front only make the past unknown, so three quarters spare them.
    let from = if random.below(4) == 0 { start } else { (start + 33).min(mutant.len().saturating_sub(1)) };
    for _ in 0..=random.below(3) {
        let at = from + random.below(mutant.len().saturating_sub(from));
        if let Some(byte) = mutant.get_mut(at) {
            *byte = random.byte();
        }
    }
    repair(&mut mutant);
    mutant
}

/// Steps of a history in which every kind of operation comes several times.
pub const STEPS: usize = 24;

/// Writes one step of a history of all kinds of operations by two writers, and gives its change.
///
/// # Panics
/// Never: the step is honest.
pub fn write_step(doc: &mut VisitDoc, step: usize, writers: [Actor; 2], by: UserId) -> Vec<u8> {
    let [first, second] = writers;
    let writer = if step.is_multiple_of(3) { second } else { first };
    let new = doc.edit(writer, |edit| match step % 4 {
        0 => edit.put(Map::Ticks, "step/a", &json!({"done": step.is_multiple_of(8), "at": step, "by": by})),
        1 => edit.put(Map::Photos, &format!("photo-{step}"), &json!({"slot": "box", "by": by})),
        2 => edit.set_notes(&format!("第{step}次与客户确认装机位置")),
        _ => {
            edit.put(Map::Measures, &format!("m-{step}"), &json!({"code": "rx", "value": "-18.5"}))?;
            edit.put(Map::Answers, "q", &json!({"value": step, "by": by}))
        }
    });
    new.expect("an edit").expect("a change").chunk
}

/// A history of all kinds of operations by two writers, and the server before each of its changes.
///
/// # Panics
/// Never: the history is honest.
#[must_use]
pub fn history() -> Vec<(Held, Vec<u8>)> {
    let mut doc = VisitDoc::create(VISIT).expect("a document");
    let step = |step| (Held::of(&doc), write_step(&mut doc, step, [ME, Actor([0x22; 16])], BY));
    (0..STEPS).map(step).collect()
}

/// What became of mutants.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Judged.
    pub mutants: u64,
    /// Good all the same, and stored as such.
    pub accepted: u64,
    /// Of an unknown past.
    pub missing: u64,
    /// Refused, by code.
    pub refused: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// The counts in one line.
    #[must_use]
    pub fn line(&self, seed: u64) -> String {
        let Self { mutants, accepted, missing, refused } = self;
        format!("seed {seed}: {mutants} mutants, {accepted} accepted, {missing} of unknown past, refused {refused:?}")
    }
}

/// Judges mutants of the history; each is refused whole, or good.
///
/// # Panics
/// If a promise of the guard is broken.
#[must_use]
pub fn judge_many(seed: u64, count: u64) -> Tally {
    let (history, mut random) = (history(), Random::new(seed));
    let mut tally = Tally { mutants: count, ..Tally::default() };
    for _ in 0..count {
        let (server, bytes) = &history[random.below(history.len())];
        let mutant = mutated(bytes, &mut random);
        let admission = server.judge(std::slice::from_ref(&mutant));
        check(&admission);
        tally.missing += u64::from(!admission.missing.is_empty());
        tally.accepted += u64::from(admission.accepted.is_some());
        if let Some(refused) = admission.refused {
            assert!(admission.accepted.is_none(), "one change is either good or refused");
            assert_eq!(refused.chunks, [mutant], "quarantine keeps the exact bytes");
            *tally.refused.entry(refused.code.as_str()).or_insert(0) += 1;
        } else if let Some(good) = admission.accepted {
            assert_eq!(good.chunks, std::slice::from_ref(&mutant));
            // A phone that applies the change to what it has sees the same as one that loads it all.
            let mut phone = VisitDoc::load(VISIT, &server.snapshot).expect("a sound document");
            phone.apply_trusted(&[mutant], &good.heads).expect("what the server stored applies");
            assert_eq!(sync_core::merge::view(&phone), sync_core::merge::view(&good.doc));
        }
    }
    tally
}
