//! Documents that were read or written lately, loaded: a busy one is not built anew from its bytes each time.
//!
//! Nothing here is needed for correctness. Whoever asks names the heads that his transaction reads, and heads name one
//! content; what another process wrote meanwhile is simply not found.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sync_core::bytes::Hash;
use sync_core::doc::VisitDoc;
use sync_core::ids::{OrgId, VisitId};

/// A document once more, as its snapshot says: measured, one in memory takes about this many times its snapshot.
const BYTES_PER_SNAPSHOT_BYTE: usize = 4;

type Key = (OrgId, VisitId);

/// Loaded documents, the least recently used given up first.
#[derive(Debug)]
pub struct DocCache {
    most_bytes: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    documents: HashMap<Key, Entry>,
    /// By last use, the oldest first.
    by_use: BTreeMap<u64, Key>,
    bytes: usize,
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    heads: Vec<Hash>,
    doc: Arc<VisitDoc>,
    bytes: usize,
    used: u64,
}

impl DocCache {
    /// An empty cache for documents that take about so many bytes of memory together; 0 keeps none.
    #[must_use]
    pub fn new(most_bytes: usize) -> Self {
        Self { most_bytes, held: Mutex::default() }
    }

    /// The document at these heads, sorted, if it is here.
    #[must_use]
    pub fn get(&self, org: OrgId, visit: VisitId, heads: &[Hash]) -> Option<Arc<VisitDoc>> {
        let mut held = self.lock();
        let held = &mut *held;
        let entry = held.documents.get_mut(&(org, visit)).filter(|entry| entry.heads == heads)?;
        held.by_use.remove(&entry.used);
        held.uses += 1;
        entry.used = held.uses;
        held.by_use.insert(held.uses, (org, visit));
        Some(Arc::clone(&entry.doc))
    }

    /// Keeps a document whose saved form has so many bytes, in place of the same at other heads.
    pub fn put(&self, org: OrgId, doc: Arc<VisitDoc>, snapshot_bytes: usize) {
        let bytes = snapshot_bytes.saturating_mul(BYTES_PER_SNAPSHOT_BYTE);
        if bytes > self.most_bytes {
            return;
        }
        let (key, heads) = ((org, doc.visit()), doc.heads());
        let mut held = self.lock();
        held.forget(key);
        while held.bytes > self.most_bytes - bytes {
            let Some((_, oldest)) = held.by_use.pop_first() else { break };
            held.forget(oldest);
        }
        held.uses += 1;
        let used = held.uses;
        held.bytes += bytes;
        held.by_use.insert(used, key);
        held.documents.insert(key, Entry { heads, doc, bytes, used });
    }

    /// A panic elsewhere leaves at worst an entry too few.
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn forget(&mut self, key: Key) {
        if let Some(entry) = self.documents.remove(&key) {
            self.by_use.remove(&entry.used);
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORG: OrgId = OrgId::from_bytes([1; 16]);

    fn doc(number: u8) -> Arc<VisitDoc> {
        Arc::new(VisitDoc::create(VisitId::from_bytes([number; 16])).expect("a document"))
    }

    #[test]
    fn a_document_is_found_at_its_heads_by_its_organisation_only() {
        let cache = DocCache::new(1_000);
        let one = doc(1);
        cache.put(ORG, Arc::clone(&one), 100);
        assert!(cache.get(ORG, one.visit(), &one.heads()).is_some());
        assert!(cache.get(ORG, one.visit(), &[Hash([0; 32])]).is_none());
        assert!(cache.get(OrgId::from_bytes([2; 16]), one.visit(), &one.heads()).is_none());
    }

    #[test]
    fn what_was_not_used_longest_goes_and_the_bytes_stay_within_the_bound() {
        let cache = DocCache::new(1_000);
        let docs = [1, 2, 3].map(doc);
        let holds = |doc: &Arc<VisitDoc>| cache.get(ORG, doc.visit(), &doc.heads()).is_some();
        cache.put(ORG, Arc::clone(&docs[0]), 100);
        cache.put(ORG, Arc::clone(&docs[1]), 100);
        assert!(holds(&docs[0]), "used again");
        cache.put(ORG, Arc::clone(&docs[2]), 100);
        assert_eq!([holds(&docs[0]), holds(&docs[1]), holds(&docs[2])], [true, false, true]);
        cache.put(ORG, Arc::clone(&docs[2]), 150);
        assert_eq!(cache.lock().bytes, 1_000, "the same document counts once");
        cache.put(ORG, doc(4), 251);
        assert!(holds(&docs[0]), "what is larger than all of it is not kept");
        let held = cache.lock();
        assert_eq!(held.documents.len(), held.by_use.len());
    }
}
