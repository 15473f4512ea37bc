//! A6: thousands of changes and documents with flipped bytes and repaired checksums.
//!
//! Deterministic: the generator starts from a constant, so a failure repeats.

use serde_json::json;
use sync_core::doc::{Map, VisitDoc};

use super::craft::*;
use super::told::tell;

const CHANGES: usize = 20_000;
const DOCUMENTS: usize = 2_000;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// Flips one to three bytes of the body and makes the checksum right again.
fn mutated(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    // Magic, checksum, type, and a length of one or two bytes.
    let start = if bytes[9] & 0x80 == 0 { 10 } else { 11 };
    let mut body = bytes[start..].to_vec();
    // Flips in the dependencies at the front only make the past unknown, so three quarters spare them.
    let from = if random.below(4) == 0 { 0 } else { body.len().min(34) - 1 };
    for _ in 0..=random.below(3) {
        let at = from + random.below(body.len() - from);
        body[at] = u8::try_from(random.below(256)).unwrap();
    }
    chunk(bytes[8], &body, bytes[8], &body)
}

/// A history of all kinds of operations by two writers, and the server before each of its changes.
fn history() -> Vec<(Server, Vec<u8>)> {
    let mut doc = VisitDoc::create(VISIT).unwrap();
    let mut steps = Vec::new();
    for step in 0..24 {
        let actor = if step % 3 == 0 { OTHER } else { ME };
        let server = Server::of(&doc);
        let new = doc.edit(actor, |edit| match step % 4 {
            0 => edit.put(Map::Ticks, "step/a", &json!({"done": step % 8 == 0, "at": step, "by": BY})),
            1 => edit.put(Map::Photos, &format!("photo-{step}"), &json!({"slot": "box", "by": BY})),
            2 => edit.set_notes(&format!("第{step}次与客户确认装机位置")),
            _ => {
                edit.put(Map::Measures, &format!("m-{step}"), &json!({"code": "rx", "value": "-18.5"}))?;
                edit.put(Map::Answers, "q", &json!({"value": step, "by": BY}))
            }
        });
        steps.push((server, new.unwrap().unwrap().chunk));
    }
    steps
}

#[test]
fn a6_mutated_changes_are_refused_or_good() {
    let history = history();
    let mut random = Random(0x1234_5678_9abc_def0);
    let (mut accepted, mut missing, mut codes) = (0, 0, std::collections::BTreeMap::new());
    for _ in 0..CHANGES {
        let (server, bytes) = &history[random.below(history.len())];
        let change = mutated(bytes, &mut random);
        let admission = server.push(std::slice::from_ref(&change));
        missing += usize::from(!admission.missing.is_empty());
        if let Some(refused) = admission.refused {
            assert!(admission.accepted.is_none());
            assert_eq!(refused.chunks, [change]);
            *codes.entry(refused.code).or_insert(0) += 1;
        } else if let Some(good) = admission.accepted {
            accepted += 1;
            let good = check_accepted(good);
            assert_eq!(good.chunks, std::slice::from_ref(&change));
            // A phone that applies the change to what it has sees the same as one that loads it all.
            let mut phone = VisitDoc::load(VISIT, &server.snapshot).unwrap();
            phone.apply_trusted(&[change], &good.heads).unwrap();
            assert_eq!(sync_core::merge::view(&phone), sync_core::merge::view(&good.doc));
        }
    }
    tell(format_args!("{CHANGES} changes: {accepted} accepted, {missing} with missing past, refused {codes:?}"));
    assert!(accepted > 0 && codes.len() > 4, "the generator reaches past the first checks");
}

#[test]
fn mutated_documents_are_refused_or_good() {
    let mut doc = VisitDoc::load(VISIT, &history().last().unwrap().0.snapshot).unwrap();
    doc.edit(OTHER, |edit| edit.put(Map::Ticks, "last", &json!({"by": BY}))).unwrap();
    let bytes = doc.save();
    let mut random = Random(0x0fed_cba9_8765_4321);
    let (mut accepted, mut codes) = (0, std::collections::BTreeMap::new());
    for _ in 0..DOCUMENTS {
        let admission = first_push(&[mutated(&bytes, &mut random)]);
        if let Some(refused) = admission.refused {
            *codes.entry(refused.code).or_insert(0) += 1;
        }
        if let Some(good) = admission.accepted {
            check_accepted(good);
            accepted += 1;
        }
    }
    tell(format_args!("{DOCUMENTS} documents: {accepted} accepted, refused {codes:?}"));
    assert!(!codes.is_empty());
}
