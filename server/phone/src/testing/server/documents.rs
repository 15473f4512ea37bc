//! How the server in memory takes documents: by the real guard, unless a test says otherwise.

use sync_core::bytes::Hash;
use sync_core::guard::{Admission, ChangeIndex, Limits, Push, Stored, admit};
use sync_core::protocol::{Ack, AckItem, Outcome, PushDoc, SyncResponse};
use sync_core::receipt::HeldReceipt;

use super::{Server, Stance};
use crate::testing::REP;

impl Server {
    /// Takes what a request brings of a document, or answers its question.
    pub(super) fn push(&mut self, push: &PushDoc, held: &mut HeldReceipt, response: &mut SyncResponse) -> Ack {
        let item = AckItem::Doc(push.id);
        if push.asks() {
            if !self.docs.contains_key(&push.id) || self.unknown.contains(&push.id) {
                return Ack::new(item, Outcome::NotFound);
            }
            response.docs.push(self.snapshot(push.id));
            return Ack { heads: self.docs[&push.id].heads(), ..Ack::new(item, Outcome::Stored) };
        }
        if let Some(ack) = self.told(push, held) {
            return ack;
        }
        let is_whole = push.chunks.iter().any(|chunk| chunk.0.get(8) == Some(&0));
        if let Some(doc) = self.docs.get(&push.id).filter(|_| is_whole) {
            // A whole document for one that is stored: the changes themselves are welcome.
            return Ack { heads: doc.heads(), ..Ack::new(item, Outcome::NeedFull) };
        }
        let mut chunks: Vec<Vec<u8>> = push.chunks.iter().map(|chunk| chunk.0.clone()).collect();
        let is_refused = |chunk: &Vec<u8>| Some(Hash::of(&chunk[8..])) == self.refuses;
        let refuses = chunks.iter().any(is_refused);
        chunks.retain(|chunk| !is_refused(chunk));
        let admission = self.judge(push, &chunks);
        self.keep(push, admission, refuses, held)
    }

    /// What a test has the server say, whatever it is sent.
    fn told(&mut self, push: &PushDoc, held: &mut HeldReceipt) -> Option<Ack> {
        let item = AckItem::Doc(push.id);
        let bytes: Vec<u8> = push.chunks.iter().flat_map(|chunk| chunk.0.iter().copied()).collect();
        if let Some(ack) = self.refusal(item, Hash::of(&bytes), held) {
            return Some(ack);
        }
        if self.stance == Stance::AlwaysForked {
            let (hash, code) = (push.heads.first().copied(), "actor_forked".to_owned());
            held.quarantined.extend(hash.map(|hash| (hash.to_string(), code.clone())));
            return Some(Ack { hash, code: Some(code), ..Ack::new(item, Outcome::NeedReplay) });
        }
        if self.unknown.contains(&push.id) {
            return Some(Ack::new(item, Outcome::NotFound));
        }
        self.replayed.extend(&push.replays);
        let ack = self.scripted.remove(&push.id)?;
        if matches!(ack.outcome, Outcome::Quarantined | Outcome::NeedReplay) {
            let name = ack.hash.map_or_else(|| push.id.to_string(), |hash| hash.to_string());
            held.quarantined.push((name, ack.code.clone().unwrap_or_default()));
        }
        Some(ack)
    }

    fn judge(&self, push: &PushDoc, chunks: &[Vec<u8>]) -> Admission {
        let stored = self.docs.get(&push.id).map(|doc| (doc.save(), ChangeIndex::of(doc)));
        admit(Push {
            visit: push.id,
            by: REP,
            chunks,
            stored: stored.as_ref().map(|(snapshot, index)| Stored { snapshot, loaded: None, index }),
            may_use_actor: &|actor| {
                let is_named = || push.actors.as_ref().is_none_or(|named| named.contains(actor));
                self.actors.get(actor).map_or_else(is_named, |owner| *owner == self.device)
            },
            limits: &Limits::DEFAULT,
        })
        .unwrap()
    }

    /// Keeps what was judged; `refuses` says that a change of it was one that this server refuses.
    fn keep(&mut self, push: &PushDoc, admission: Admission, refuses: bool, held: &mut HeldReceipt) -> Ack {
        let mut ack = Ack::new(AckItem::Doc(push.id), Outcome::Duplicate);
        if let Some(accepted) = admission.accepted {
            ack.outcome = self.late.as_ref().map_or(Outcome::Stored, |_| Outcome::Late);
            ack.reason.clone_from(&self.late);
            for change in &accepted.changes {
                self.actors.entry(change.actor).or_insert(self.device);
            }
            self.docs.insert(push.id, accepted.doc);
        }
        if let Some(refused) = admission.refused {
            ack.outcome = Outcome::Quarantined;
            ack.code = Some(refused.code.as_str().to_owned());
            ack.hash = Some(refused.hash);
            held.quarantined.push((refused.hash.to_string(), refused.code.as_str().to_owned()));
            self.quarantine.push((push.id, refused.code.as_str().to_owned()));
        }
        if refuses {
            // With all that depends on it.
            (ack.outcome, ack.hash, ack.code) = (Outcome::NeedReplay, self.refuses, Some("field_limit".to_owned()));
            held.quarantined.extend(self.refuses.map(|hash| (hash.to_string(), "field_limit".to_owned())));
            if let Some(doc) = self.docs.get(&push.id) {
                held.docs.push((push.id, doc.heads()));
            }
            return ack;
        }
        if !admission.missing.is_empty() {
            return Ack { missing: admission.missing, ..Ack::new(AckItem::Doc(push.id), Outcome::NeedFull) };
        }
        if let Some(doc) = self.docs.get(&push.id) {
            ack.heads = doc.heads();
            let is_held = push.heads.iter().all(|head| doc.has_change(head));
            assert!(ack.code.is_some() || is_held, "the heads of a push are what it brings");
            let mut heads = doc.heads();
            heads.extend(push.heads.iter().filter(|head| self.names_brought && !doc.heads().contains(head)));
            held.docs.push((push.id, heads));
        }
        ack
    }
}
