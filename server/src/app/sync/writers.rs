//! Whose the actors of a pushed document are: those that are bound already, and those that this push may bind.
//!
//! An actor that nobody used here may all the same belong to another device: a restore forgets those first used after the
//! backup, and what they wrote lives on in the documents of whoever had read it. So an actor is bound to the device that
//! brings it only where the device says that it is its own, or where nobody else can have used it before.

use std::collections::BTreeMap;

use doorstep_store::feed::FeedBatch;
use doorstep_store::restores::find_epoch;
use doorstep_store::{Conn, StoreResult, devices, documents, quarantine};
use sync_core::bytes::{Actor, Hash};
use sync_core::guard::{Admission, Claim, Limits, RefusalCode, as_changes, change_hashes, claims, split_chunks};
use sync_core::protocol::PushDoc;
use sync_core::quarantine::WRITER_UNKNOWN;

use super::Round;
use super::doc::JudgedDoc;
use crate::app::AppResult;
use crate::app::quarantine::{load_bytes, settle};

/// Whether a device may write as an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    /// The actor is its own, or becomes it.
    Own,
    /// It is another device's, or this one does not name it as its own.
    Foreign,
    /// Since a restore nobody knows, and nothing in the push says so.
    Unknown,
}

/// Answers the guard, which asks at each change.
pub(super) struct Writers<'a> {
    conn: &'a mut Conn,
    round: &'a Round,
    pushed: &'a PushDoc,
    chunks: &'a [Vec<u8>],
    rights: BTreeMap<Actor, Right>,
    /// Read once something depends on them.
    claims: Option<Vec<Claim>>,
}

impl<'a> Writers<'a> {
    pub(super) const fn new(conn: &'a mut Conn, round: &'a Round, pushed: &'a PushDoc, chunks: &'a [Vec<u8>]) -> Self {
        Self { conn, round, pushed, chunks, rights: BTreeMap::new(), claims: None }
    }

    /// Whether the device may write as this actor.
    pub(super) fn may_use(&mut self, actor: Actor) -> StoreResult<bool> {
        let right = match self.rights.get(&actor) {
            Some(right) => *right,
            None => self.find(actor)?,
        };
        self.rights.insert(actor, right);
        Ok(right == Right::Own)
    }

    fn find(&mut self, actor: Actor) -> StoreResult<Right> {
        let own = |is_own: bool| if is_own { Right::Own } else { Right::Foreign };
        if let Some(owner) = documents::find_actor(self.conn, self.round.ctx.actor.org, actor)? {
            return Ok(own(owner == (self.pushed.id, self.round.device.id.0)));
        }
        match &self.pushed.actors {
            // Whoever of the office lets bytes be judged again decides whose they are, but for what is known to be
            // another's.
            _ if self.round.is_from_office => Ok(own(!self.round.drives(RefusalCode::ActorNotYours.as_str()))),
            Some(named) => Ok(own(named.contains(&actor))),
            None if self.can_only_be_own(actor)? => Ok(Right::Own),
            None => Ok(Right::Unknown),
        }
    }

    /// Whether nobody else can have used an actor that is new here: the data never lost any; or what it wrote was written
    /// since; or it wrote records in the name of this user, who has no other device.
    fn can_only_be_own(&mut self, actor: Actor) -> StoreResult<bool> {
        let epoch = find_epoch(self.conn)?.filter(|epoch| epoch.previous_id.is_some());
        let Some(epoch) = epoch else { return Ok(true) };
        let claimed: Vec<Claim> = self.claims().iter().filter(|claim| claim.writer == actor).cloned().collect();
        if claimed.iter().any(|claim| claim.at_ms.is_some_and(|at| at >= epoch.created_at_ms)) {
            return Ok(true);
        }
        let (who, device) = (&self.round.ctx.actor, self.round.device.id.0);
        Ok(claimed.iter().any(|claim| claim.names_user)
            && !devices::has_other_device(self.conn, who.org, who.user, device)?)
    }

    fn claims(&mut self) -> &[Claim] {
        let (visit, by, chunks) = (self.pushed.id, self.round.ctx.actor.user, self.chunks);
        self.claims.get_or_insert_with(|| claims(visit, by, chunks, &Limits::DEFAULT))
    }

    /// Whether what was refused was refused because nobody knows who wrote it.
    pub(super) fn is_unknown(&mut self, admission: &Admission) -> bool {
        let refused = admission.refused.as_ref().filter(|refused| refused.code == RefusalCode::ActorNotYours);
        let Some(refused) = refused.filter(|_| self.rights.values().any(|right| *right == Right::Unknown)) else {
            return false;
        };
        let writer = self.claims().iter().find(|claim| claim.change == refused.hash).map(|claim| claim.writer);
        writer.is_some_and(|writer| self.rights.get(&writer) == Some(&Right::Unknown))
    }
}

/// Settles what nobody knew the writer of, on whichever device, once all of it counts: its own device brought it.
///
/// # Concurrency
/// To be called once the rows of the visits are locked, as everybody does who settles an item by what he writes.
pub(super) fn settle_known(conn: &mut Conn, round: &Round, docs: &[JudgedDoc], batch: &mut FeedBatch) -> AppResult<()> {
    let mut accepted = docs.iter().filter_map(|doc| Some((doc, doc.accepted_index()?))).peekable();
    if accepted.peek().is_none() || find_epoch(conn)?.is_none_or(|epoch| epoch.previous_id.is_none()) {
        return Ok(());
    }
    let org = round.ctx.actor.org;
    for (doc, index) in accepted {
        for item in quarantine::list_open_of_code(conn, org, doc.visit, WRITER_UNKNOWN)? {
            let is_driven =
                round.driven.as_ref().is_some_and(|one| (one.device, &one.id) == (item.device_id.0, &item.id));
            // An item has the name of the first change in it: while that is not here, nothing of it is unpacked.
            if is_driven || !item.id.parse().is_ok_and(|first| index.contains(&first)) {
                continue;
            }
            let changes = changes_in(&load_bytes(conn, org, item.device_id.0, &item.id)?);
            if !changes.is_empty() && changes.iter().all(|change| index.contains(change)) {
                settle(conn, org, &item, "redriven", None, round.ctx.now, batch)?;
            }
        }
    }
    Ok(())
}

/// The changes in refused bytes; none where some cannot be read.
fn changes_in(bytes: &[u8]) -> Vec<Hash> {
    let limits = Limits::DEFAULT;
    let Some(chunks) = split_chunks(bytes) else { return Vec::new() };
    let changes = Vec::from_iter(chunks.into_iter().flat_map(|chunk| as_changes(chunk, &limits)));
    let hashes = change_hashes(&changes.concat(), &limits);
    if hashes.len() == changes.len() { hashes } else { Vec::new() }
}
