//! Admission of a push: which changes of it may be stored, and what becomes of the others.
//!
//! Each change is judged in causal order; the good ones are tried together on the scratch copy. A
//! change waits for nothing: with unknown dependencies it is reported as such and forgotten.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use automerge::Change;

use super::budget::Limits;
use super::header::read_change;
use super::index::ChangeIndex;
use super::operations::{Operations, Rules, check_operations};
use super::order::causal_order;
use super::plain;
use super::push::{Accepted, Admission, Push};
use super::refusal::{RefusalCode, Refused};
use super::scratch::{Candidate, Scratch, Settled, guarded};
use super::unpack::{Item, Unpacked};
use crate::bytes::{Actor, Hash};
use crate::doc::genesis::{GENESIS_OPS, Genesis, genesis, genesis_actor};
use crate::doc::{ChangeMeta, DocError, VisitDoc};

/// How many changes that fail only on application are told apart before the rest is refused unseen.
const MAX_CULPRITS: usize = 4;
/// Pushes above this many changes are searched for one culprit only: each search costs several loads,
/// and honest phones send a few dozen changes.
const MANY_CHANGES: usize = 1_000;

/// Judges a push.
///
/// # Errors
/// [`DocError`] if the *stored* snapshot is damaged; whatever is wrong with the push is no error but
/// part of the [`Admission`].
pub fn admit(push: Push<'_>) -> Result<Admission, DocError> {
    let limits = push.limits.within_ceiling();
    if let Some(accepted) = plain::accept(&push, &limits) {
        return Ok(Admission { accepted: Some(accepted), duplicates: 0, missing: Vec::new(), refused: None });
    }
    admit_changes(push, &limits)
}

/// Judges change by change.
pub(super) fn admit_changes(push: Push<'_>, limits: &Limits) -> Result<Admission, DocError> {
    let mut judge = Judge::new(push, limits);
    let mut unpacked = Unpacked::of(&push, limits);
    for (bytes, code) in std::mem::take(&mut unpacked.refused) {
        judge.refuse(Hash::of(bytes), code, bytes.to_vec());
    }
    let candidates = judge.judge_all(&mut unpacked.items);
    let duplicates = unpacked.duplicates;
    let accepted = judge.accept(candidates, unpacked.whole)?;
    Ok(Admission { accepted, duplicates, missing: judge.missing.into_iter().collect(), refused: judge.refused })
}

enum Fate {
    Admitted,
    Refused,
    Waiting,
}

struct Judge<'a> {
    push: Push<'a>,
    limits: &'a Limits,
    genesis: Genesis,
    /// The stored index and, as they are admitted, the changes of the push.
    draft: ChangeIndex,
    missing: BTreeSet<Hash>,
    refused: Option<Refused>,
}

impl<'a> Judge<'a> {
    fn new(push: Push<'a>, limits: &'a Limits) -> Self {
        Self {
            push,
            limits,
            genesis: genesis(push.visit),
            draft: push.stored.map(|stored| stored.index.clone()).unwrap_or_default(),
            missing: BTreeSet::new(),
            refused: None,
        }
    }

    fn refuse(&mut self, hash: Hash, code: RefusalCode, bytes: Vec<u8>) {
        self.refused.get_or_insert_with(|| Refused { hash, code, chunks: Vec::new() }).chunks.push(bytes);
    }

    /// Judges every change in causal order.
    fn judge_all(&mut self, items: &mut [Item<'a>]) -> Vec<Candidate> {
        let order = causal_order(&items.iter().map(|item| (item.hash, item.deps.as_slice())).collect::<Vec<_>>());
        let in_push: BTreeSet<Hash> = items.iter().map(|item| item.hash).collect();
        let mut fates: HashMap<Hash, Fate> = HashMap::with_capacity(items.len());
        let mut candidates = Vec::with_capacity(items.len());
        for at in order {
            let Some(item) = items.get_mut(at) else { continue };
            let fate = match self.judge(item, &in_push, &fates) {
                Ok(Some(candidate)) => {
                    self.draft.insert(&candidate.meta);
                    candidates.push(candidate);
                    Fate::Admitted
                }
                Ok(None) => Fate::Waiting,
                Err(code) => {
                    self.refuse(item.hash, code, item.exact());
                    Fate::Refused
                }
            };
            fates.insert(item.hash, fate);
        }
        candidates
    }

    /// Judges one change whose dependencies were judged; `None` if some of them are not here.
    fn judge(
        &mut self,
        item: &mut Item<'a>,
        in_push: &BTreeSet<Hash>,
        fates: &HashMap<Hash, Fate>,
    ) -> Result<Option<Candidate>, RefusalCode> {
        if let Some(code) = item.unreadable {
            return Err(code);
        }
        if item.deps.iter().any(|dep| matches!(fates.get(dep), Some(Fate::Refused))) {
            return Err(RefusalCode::ChangeRejected);
        }
        let is_unknown = |dep: &&Hash| !self.draft.contains(dep) && !in_push.contains(dep);
        let unknown: Vec<Hash> = item.deps.iter().filter(is_unknown).copied().collect();
        let waits = item.deps.iter().any(|dep| matches!(fates.get(dep), Some(Fate::Waiting)));
        if waits || !unknown.is_empty() {
            self.missing.extend(unknown);
            return Ok(None);
        }
        let (meta, operations) = self.check(item.hash, item.chunk())?;
        let parsed = if item.change.is_none() { Some(parse(item.chunk())?) } else { None };
        // Two readers must agree on how much there is before Automerge's reading counts.
        let count = parsed.as_ref().or(item.change.as_ref()).map_or(0, Change::len);
        if u64::try_from(count) != Ok(operations.count) {
            return Err(RefusalCode::ChangeRejected);
        }
        let exact = item.exact();
        let Some(change) = parsed.or_else(|| item.change.take()) else { return Err(RefusalCode::ChangeRejected) };
        Ok(Some(Candidate { change, meta, puts: operations.puts, exact }))
    }

    /// Checks a change against the history, the device and the operations a visit may have.
    fn check(&self, hash: Hash, chunk: &[u8]) -> Result<(ChangeMeta, Operations), RefusalCode> {
        if chunk.len() > self.limits.change_bytes {
            return Err(RefusalCode::ChangeTooLarge);
        }
        let header = read_change(chunk, self.limits)?;
        let actor = header.writer();
        if actor == genesis_actor(self.push.visit) {
            return self.check_genesis(hash, actor);
        }
        if header.deps.is_empty() {
            return Err(RefusalCode::GenesisMissing);
        }
        if !(self.push.may_use_actor)(&actor) {
            return Err(RefusalCode::ActorNotYours);
        }
        self.check_sequence(&actor, header.seq, &header.deps)?;
        let past = header.deps.iter().filter_map(|dep| self.draft.max_op(dep)).max().unwrap_or(0);
        if header.start_op != past.saturating_add(1) {
            return Err(RefusalCode::ChangeCounterInvalid);
        }
        let rules = Rules { visit: self.push.visit, by: self.push.by, limits: self.limits };
        let operations = check_operations(&header, rules)?;
        // Operations refer to those of the past, so whoever they name has written something.
        if header.actors.iter().skip(1).any(|other| *other == actor || self.draft.last(other).is_none()) {
            return Err(RefusalCode::ChangeRejected);
        }
        self.check_document_limits(&actor, operations.count)?;
        let max_op = past + operations.count;
        let (seq, start_op) = (header.seq, header.start_op);
        Ok((ChangeMeta { hash, actor, seq, start_op, max_op, deps: header.deps }, operations))
    }

    /// Only the genesis change itself may use the genesis actor.
    fn check_genesis(&self, hash: Hash, actor: Actor) -> Result<(ChangeMeta, Operations), RefusalCode> {
        if hash != self.genesis.hash {
            return Err(RefusalCode::ActorNotYours);
        }
        let meta = ChangeMeta { hash, actor, seq: 1, start_op: 1, max_op: GENESIS_OPS, deps: Vec::new() };
        Ok((meta, Operations { count: GENESIS_OPS, puts: Vec::new() }))
    }

    /// A writer's changes form one chain without gaps, each naming the one before.
    fn check_sequence(&self, actor: &Actor, seq: u64, deps: &[Hash]) -> Result<(), RefusalCode> {
        let (last, previous) = self.draft.last(actor).map_or((0, None), |(seq, hash)| (seq, Some(hash)));
        if seq != 0 && seq <= last {
            return Err(RefusalCode::ActorForked);
        }
        if seq != last + 1 || previous.is_some_and(|previous| !deps.contains(&previous)) {
            return Err(RefusalCode::ChangeCounterInvalid);
        }
        Ok(())
    }

    fn check_document_limits(&self, actor: &Actor, operations: u64) -> Result<(), RefusalCode> {
        let within = |count: usize, limit: u64| u64::try_from(count).is_ok_and(|count| count < limit);
        let is_new_actor = self.draft.last(actor).is_none();
        let fits = within(self.draft.len(), self.limits.document_changes)
            && (!is_new_actor || within(self.draft.actors().len(), self.limits.document_actors))
            && self.draft.operations().saturating_add(operations) <= self.limits.document_ops;
        if fits { Ok(()) } else { Err(RefusalCode::DocumentLimit) }
    }

    /// Tries the candidates on the scratch copy and builds what is to be stored.
    fn accept(&mut self, candidates: Vec<Candidate>, whole: Option<&[u8]>) -> Result<Option<Accepted>, DocError> {
        if candidates.is_empty() {
            return Ok(None);
        }
        let stored = self.push.stored.map(|stored| match stored.loaded {
            Some(doc) => Ok(Cow::Borrowed(doc)),
            None => VisitDoc::load(self.push.visit, stored.snapshot).map(Cow::Owned),
        });
        let stored = stored.transpose()?;
        let scratch = Scratch::new(self.push.visit, stored.as_deref(), self.limits);
        let settled = self.settle(&scratch, candidates);
        Ok(settled.map(|(settled, mut candidates)| {
            // A document is kept as it came only if its changes make the same bytes: Automerge loads operations in any
            // order, which no hash covers.
            let chunks = match whole.filter(|bytes| *bytes == settled.snapshot) {
                Some(whole) => vec![whole.to_vec()],
                None => candidates.iter_mut().map(|candidate| std::mem::take(&mut candidate.exact)).collect(),
            };
            self.accepted(settled, candidates, chunks)
        }))
    }

    /// Settles as many candidates as possible; what fails is refused with all that depends on it.
    fn settle(&mut self, scratch: &Scratch<'_>, mut candidates: Vec<Candidate>) -> Option<(Settled, Vec<Candidate>)> {
        let rounds = if candidates.len() > MANY_CHANGES { 1 } else { MAX_CULPRITS };
        for round in 1..=rounds {
            if candidates.is_empty() {
                return None;
            }
            let code = match scratch.attempt(&candidates) {
                Ok(settled) => return Some((settled, candidates)),
                Err(code) => code,
            };
            let (culprit, code) = scratch.find_culprit(&candidates, code);
            let mut spoiled = BTreeSet::new();
            for candidate in candidates.split_off(culprit) {
                let depends = candidate.meta.deps.iter().any(|dep| spoiled.contains(dep));
                if spoiled.is_empty() || depends || round == rounds {
                    spoiled.insert(candidate.meta.hash);
                    self.refuse(candidate.meta.hash, code, candidate.exact);
                } else {
                    candidates.push(candidate);
                }
            }
        }
        let settled = if candidates.is_empty() { None } else { scratch.attempt(&candidates).ok() };
        settled.map(|settled| (settled, candidates))
    }

    fn accepted(&self, settled: Settled, candidates: Vec<Candidate>, chunks: Vec<Vec<u8>>) -> Accepted {
        let mut index = self.push.stored.map(|stored| stored.index.clone()).unwrap_or_default();
        let changes: Vec<ChangeMeta> = candidates.into_iter().map(|candidate| candidate.meta).collect();
        for change in &changes {
            index.insert(change);
        }
        let heads = settled.doc.heads();
        Accepted { doc: settled.doc, index, heads, snapshot: settled.snapshot, changes, chunks }
    }
}

fn parse(chunk: &[u8]) -> Result<Change, RefusalCode> {
    guarded(|| Change::from_bytes(chunk.to_vec()).map_err(|_unreadable| RefusalCode::ChangeRejected))
}
