//! Whether the heads a device names, and therefore its seal, cover every change it sends.

use std::collections::{BTreeMap, BTreeSet};

use super::budget::Limits;
use super::document::check_document;
use super::header::{Chunk, read_change, read_chunk};
use super::reader::Reader;
use crate::bytes::Hash;

/// The first change of a push that is no ancestor of the named heads; `None` if all are covered.
///
/// A seal names heads, and a head commits to its whole history: what no named head reaches was not
/// sealed with this request. Chunks that cannot be read are passed over; they are never stored as
/// changes, and their own hash names them in quarantine.
#[must_use]
pub fn uncovered(chunks: &[impl AsRef<[u8]>], heads: &[Hash], limits: &Limits) -> Option<Hash> {
    let named: BTreeSet<Hash> = heads.iter().copied().collect();
    let Pushed { mut changes, documents } = Pushed::read(chunks, limits);
    if let Some(head) = documents.iter().find(|head| !named.contains(*head)) {
        return Some(*head);
    }
    let mut open: Vec<Hash> = named.into_iter().collect();
    while let Some(hash) = open.pop() {
        open.extend(changes.remove(&hash).unwrap_or_default());
    }
    changes.into_keys().next()
}

/// The fewest heads that cover the chunks, sorted: what a seal over exactly them must name.
#[must_use]
pub fn heads_of(chunks: &[impl AsRef<[u8]>], limits: &Limits) -> Vec<Hash> {
    let Pushed { changes, documents } = Pushed::read(chunks, limits);
    let followed: BTreeSet<Hash> = changes.values().flatten().copied().collect();
    let last = changes.into_keys().filter(|hash| !followed.contains(hash));
    last.chain(documents).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The hashes of the change chunks in stored bytes, one chunk after the other; whole documents are passed over.
#[must_use]
pub fn change_hashes(bytes: &[u8], limits: &Limits) -> Vec<Hash> {
    let mut hashes = Vec::new();
    let mut rest = bytes;
    while let Some((chunk, behind)) = split_chunk(rest) {
        if let Ok(Chunk::Change { hash, .. }) = read_chunk(chunk, limits) {
            hashes.push(hash);
        }
        rest = behind;
    }
    hashes
}

/// The first of several chunks and what follows it.
fn split_chunk(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = Reader::new(bytes.get(9..)?);
    let len = reader.uleb().ok()?;
    reader.take(len).ok()?;
    bytes.split_at_checked(bytes.len().checked_sub(reader.rest().len())?)
}

/// What the readable chunks of a push are.
#[derive(Default)]
struct Pushed {
    /// Changes with their dependencies.
    changes: BTreeMap<Hash, Vec<Hash>>,
    /// Heads of whole documents.
    documents: BTreeSet<Hash>,
}

impl Pushed {
    fn read(chunks: &[impl AsRef<[u8]>], limits: &Limits) -> Self {
        let limits = limits.within_ceiling();
        let mut pushed = Self::default();
        for bytes in chunks {
            match read_chunk(bytes.as_ref(), &limits) {
                Ok(Chunk::Change { hash, chunk }) => {
                    if let Ok(header) = read_change(&chunk, &limits) {
                        pushed.changes.insert(hash, header.deps);
                    }
                }
                Ok(Chunk::Document { body }) => {
                    pushed.documents.extend(check_document(body, &limits).unwrap_or_default());
                }
                Err(_unreadable) => {}
            }
        }
        pushed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Actor;
    use crate::doc::{Map, VisitDoc};
    use crate::ids::VisitId;

    fn history() -> (VisitDoc, Vec<Vec<u8>>) {
        let mut doc = VisitDoc::create(VisitId::from_bytes([7; 16])).expect("a document");
        let base = doc.heads();
        for step in ["a", "b", "c"] {
            let tick = serde_json::json!({"done": true});
            doc.edit(Actor([9; 16]), |edit| edit.put(Map::Ticks, step, &tick)).expect("an edit");
        }
        let chunks = doc.changes_since(&base).expect("three changes");
        (doc, chunks)
    }

    #[test]
    fn a_head_covers_its_history_and_nothing_else() {
        let (doc, chunks) = history();
        let limits = Limits::DEFAULT;
        assert_eq!(uncovered(&chunks, &doc.heads(), &limits), None);
        assert_eq!(uncovered(&[doc.save()], &doc.heads(), &limits), None);
        let metas = doc.change_metas();
        let (before, last) = (metas[metas.len() - 2].hash, metas[metas.len() - 1].hash);
        assert_eq!(uncovered(&chunks, &[before], &limits), Some(last));
        assert_eq!(uncovered(&[doc.save()], &[before], &limits), Some(last));
        assert!(uncovered(&chunks, &[], &limits).is_some());
        assert_eq!(uncovered(&[b"no chunk".to_vec()], &[], &limits), None);
        assert_eq!(heads_of(&chunks, &limits), doc.heads());
        assert_eq!(heads_of(&[doc.save()], &limits), doc.heads());
        let hashes: Vec<Hash> = doc.change_metas().iter().skip(1).map(|meta| meta.hash).collect();
        assert_eq!(change_hashes(&chunks.concat(), &limits), hashes);
        assert_eq!(change_hashes(&doc.save(), &limits), []);
        assert_eq!(change_hashes(b"no chunk at all", &limits), []);
    }
}
