//! Applies one answer in one transaction: acks, receipts, news, and the cursor that covers them.

use std::ptr;

use sync_core::bytes::Hash;
use sync_core::ids::VisitId;
use sync_core::protocol::row::kind;
use sync_core::protocol::{Ack, AckItem, DocForm, Outcome, SyncRequest, SyncResponse};
use sync_core::receipt::CompleteReceipt;
use sync_core::time::UnixMillis;

use super::Report;
use super::compare::compare;
use super::documents::{apply_news, drop_gone, is_own, offer_again, offer_everything, own_actors};
use super::export;
use super::history::History;
use super::receipts::{self, Exchange, Held};
use super::replay::replay_on_known;
use super::{old_rows, set_aside, size};
use crate::clock::PhoneClock;
use crate::error::PhoneResult;
use crate::late;
use crate::store::model::{DocState, Hold, Safety, StoredStatement};
use crate::store::{Store, Tx};

/// An answer with the request it belongs to.
pub(super) struct Answer<'a> {
    pub request: &'a SyncRequest,
    pub response: &'a SyncResponse,
    pub receipts: &'a [Held],
    pub complete: &'a [(CompleteReceipt, String)],
    pub store: &'a Store,
    pub clock: &'a PhoneClock,
    /// Ticks of the clock when the request was sent.
    pub sent: i64,
    pub received_at: UnixMillis,
}

impl Answer<'_> {
    /// Applies the answer. With an upload-only token nothing was read, so the position in the feed stays.
    pub(super) fn apply(&self, tx: &Tx, upload_only: bool, report: &mut Report) -> PhoneResult<()> {
        tx.clear_in_flight()?;
        tx.count_try()?;
        self.clock.heard(tx, self.sent, self.response.server_time)?;
        let mut feed = tx.feed()?;
        let is_other = feed.epoch.is_some_and(|known| known != self.response.epoch);
        if is_other {
            report.epoch_changed = true;
            offer_everything(self.store, tx)?;
        }
        for ack in &self.response.acks {
            self.apply_ack(tx, ack, report)?;
            self.note_late(tx, ack, report)?;
        }
        let exchange = Exchange { request: self.request, response: self.response };
        for held in self.receipts {
            report.settled += receipts::apply(tx, held, self.response.epoch, Some(exchange))?;
        }
        set_aside::note_answered(tx, self.request)?;
        self.note_tried_forms(tx)?;
        receipts::keep_complete(tx, self.complete)?;
        receipts::note_arrived(tx, self.receipts, self.request)?;
        export::forget(tx)?;
        self.note_lost_blobs(tx, report)?;
        // An order stands in every answer until the phone has obeyed: one that is missing was withdrawn.
        for (order, _) in tx.rows(kind::ORDER)? {
            tx.drop_row(kind::ORDER, &order)?;
        }
        apply_news(tx, self.response)?;
        self.note_whole(report);
        if !upload_only && !self.response.more {
            let whole = std::mem::take(&mut report.whole);
            compare(tx, &whole, report)?;
            report.whole = whole;
        }
        if !upload_only {
            old_rows::settle(tx, self.response, feed.cursor.as_ref() != Some(&self.response.cursor))?;
        }
        drop_gone(tx)?;
        feed.epoch = Some(self.response.epoch);
        if !upload_only {
            feed.cursor = Some(self.response.cursor.clone());
        }
        if !self.response.wants.is_empty() {
            feed.wants.clone_from(&self.response.wants);
        }
        let known = feed.batch_bytes.filter(|_| !is_other && self.request.cursor.is_some());
        feed.batch_bytes = size::bounded(&self.response.limits).or(known);
        feed.last_sync_at = Some(self.received_at);
        tx.set_feed(&feed)
    }

    fn apply_ack(&self, tx: &Tx, ack: &Ack, report: &mut Report) -> PhoneResult<()> {
        match ack.item {
            AckItem::Doc(visit) => self.apply_doc_ack(tx, visit, ack, report),
            AckItem::Intent(_) | AckItem::UnreadableIntent(_) | AckItem::Statement(_) => {
                if ack.outcome == Outcome::Quarantined {
                    report.problems.push(format!("{} is quarantined: {}", name(ack.item), reason(ack)));
                }
                Ok(())
            }
        }
    }

    fn apply_doc_ack(&self, tx: &Tx, visit: VisitId, ack: &Ack, report: &mut Report) -> PhoneResult<()> {
        let mut state = tx.doc_state(visit)?;
        // A document that is asked for, too, has a second ack.
        let is_first = self.response.acks.iter().find(|one| one.item == ack.item).is_some_and(|one| ptr::eq(one, ack));
        let push = self.request.pushed().find(|push| push.id == visit).filter(|_| is_first);
        if push.is_some() {
            state.last_try = tx.last_try()?;
        }
        match ack.outcome {
            Outcome::Stored | Outcome::Duplicate | Outcome::Late => {
                if is_first {
                    (state.problem, state.waits_since) = (None, None);
                }
                if let Some(push) = push {
                    state.last_try = 0;
                    state.replays.retain(|replayed| !push.replays.contains(replayed));
                }
                note_heads(&mut state, ack);
                // Of a push whose answer was lost the ack names what the server has now; the receipt also names what it
                // had then, and that may be all of it that is here.
                let durable = self.durable_heads(visit).into_iter();
                let new: Vec<Hash> = durable.filter(|head| !state.server_heads.contains(head)).collect();
                state.server_heads.extend(new);
            }
            Outcome::Quarantined => {
                state.problem = Some(format!("quarantined: {}", reason(ack)));
                report.problems.push(format!("visit {visit} is quarantined: {}", reason(ack)));
            }
            Outcome::NeedReplay => {
                let kept_with = push.map(|push| receipts::kept_with(tx, push, ack)).transpose()?.unwrap_or_default();
                self.hold_for_replay(tx, &mut state, ack, kept_with, report)?;
                // What came before the refused change: what is written anew builds on it.
                state.server_heads.extend(self.durable_heads(visit));
            }
            Outcome::NeedFull => {
                note_heads(&mut state, ack);
                state.server_heads.clone_from(&ack.heads);
                state.is_at_server = true;
                tx.set_doc_state(visit, &state)?;
                if ack.missing.is_empty() {
                    // Another phone of the crew was first: the same changes go again, without the document around them.
                    return Ok(());
                }
                let foreign = foreign_below(tx, visit, &state, &ack.missing)?;
                if !foreign.is_empty() && !report.how.relays && self.may_wait(&mut state) {
                    // They come from the phones that wrote them; until then what builds on them waits here.
                    state.problem = Some(WAITS_FOR_OTHERS.to_owned());
                    report.problems.push(format!("visit {visit}: {WAITS_FOR_OTHERS}"));
                    return tx.set_doc_state(visit, &state);
                }
                if offer_again(tx, visit, |history| history.below(&ack.missing))? {
                    return Ok(());
                }
                // The phone cannot fill the gap: the server's own state tells where both stand.
                state = tx.doc_state(visit)?;
                state.wants_snapshot = true;
            }
            Outcome::NotFound if state.hold.is_some() => {
                // The server has nothing of the document, or does not tell this phone any more.
                return replay_on_known(tx, visit);
            }
            Outcome::NotFound => {
                state.wants_snapshot = false;
                state.named.clear();
                state.problem = Some("not_found".to_owned());
                report.problems.push(format!("visit {visit} is unknown to the server"));
            }
        }
        tx.set_doc_state(visit, &state)
    }

    /// Whether work may wait for a colleague's phone. Not for ever: that one may have been lost, or have written its own
    /// anew meanwhile, and what the office wrote belongs to no phone.
    fn may_wait(&self, state: &mut DocState) -> bool {
        // By the server's clock: that of a phone may be set.
        let now = self.response.server_time.0;
        now.saturating_sub(*state.waits_since.get_or_insert(now)) < PATIENCE_MS
    }

    /// Notes that edits are to be written anew, if the server proves that it keeps the refused bytes: else everything
    /// stays unsent, and is offered again.
    fn hold_for_replay(
        &self,
        tx: &Tx,
        state: &mut DocState,
        ack: &Ack,
        kept_with: Vec<Hash>,
        report: &mut Report,
    ) -> PhoneResult<()> {
        let is_named = |hash: Hash| {
            let of_epoch = self.receipts.iter().map(|held| held.verified.receipt());
            let mut of_epoch = of_epoch.filter(|receipt| receipt.epoch == self.response.epoch);
            of_epoch.any(|receipt| receipt.quarantine_code(&hash.to_string()).is_some())
        };
        if !ack.hash.is_some_and(is_named) {
            state.problem = Some(format!("refused, and kept here: {}", reason(ack)));
            report.problems.push(format!("{} is refused, and no receipt names it: {}", name(ack.item), reason(ack)));
        } else if is_set_aside(tx, ack)? {
            // The others were written anew before; the server had lost what it refused then.
            note_heads(state, ack);
        } else {
            let (hash, code, kept_as) = (ack.hash, ack.code.clone(), ack.kept_as);
            state.hold = Some(Hold::Replay { hash, code, kept_as, kept_with });
            report.problems.push(format!("{} is written anew: {}", name(ack.item), reason(ack)));
        }
        Ok(())
    }

    /// The heads of a document that the receipts of this answer name.
    fn durable_heads(&self, visit: VisitId) -> Vec<Hash> {
        let of_epoch = self.receipts.iter().map(|held| held.verified.receipt());
        let docs = of_epoch.filter(|receipt| receipt.epoch == self.response.epoch).flat_map(|receipt| &receipt.docs);
        docs.filter(|(named, _)| *named == visit).flat_map(|(_, heads)| heads).copied().collect()
    }

    /// Notes why an item counts as late: the rep is told, also where the visit leaves the phone with this answer.
    fn note_late(&self, tx: &Tx, ack: &Ack, report: &mut Report) -> PhoneResult<()> {
        let visit = match ack.item {
            _ if !is_late(ack) => None,
            AckItem::Doc(visit) => Some(visit),
            AckItem::Statement(digest) => tx.statement(&digest)?.and_then(|stored| stored.visit.parse().ok()),
            AckItem::Intent(_) | AckItem::UnreadableIntent(_) => None,
        };
        let Some(visit) = visit else { return Ok(()) };
        let reason = ack.reason.as_deref().unwrap_or("late");
        report.late.insert(visit);
        late::note(tx, visit, reason, self.received_at)
    }

    /// Notes which signed forms went in vain.
    fn note_tried_forms(&self, tx: &Tx) -> PhoneResult<()> {
        for push in &self.request.statements {
            let (digest, unsent) = (push.digest(), |stored: &StoredStatement| stored.safety == Safety::Unsent);
            if let Some(stored) = tx.statement(&digest)?.filter(unsent) {
                tx.set_statement(&digest, &StoredStatement { last_try: tx.last_try()?, ..stored })?;
            }
        }
        Ok(())
    }

    /// What the server was asked after and did not name has to go again, or is lost where its bytes were freed.
    fn note_lost_blobs(&self, tx: &Tx, report: &mut Report) -> PhoneResult<()> {
        for blob in &self.request.blobs {
            let Some(mut stored) = tx.blob(blob)?.filter(|stored| stored.safety == Safety::Unsent) else { continue };
            stored.is_asked_after = false;
            if stored.is_freed {
                let problem = "the server lost it, and its bytes were freed here";
                stored.problem = Some(problem.to_owned());
                report.problems.push(format!("blob {blob}: {problem}"));
            }
            tx.set_blob(blob, &stored)?;
        }
        Ok(())
    }

    /// Notes the documents that this request asked for and this answer brings as a whole.
    fn note_whole(&self, report: &mut Report) {
        let asked = self.request.asked().map(|doc| doc.id);
        let whole =
            |id: &VisitId| self.response.docs.iter().any(|update| update.id == *id && update.form == DocForm::Snapshot);
        report.whole.extend(asked.filter(whole));
    }
}

/// Whether a refused change was set aside before, and is not among what waits to be written anew.
fn is_set_aside(tx: &Tx, ack: &Ack) -> PhoneResult<bool> {
    let AckItem::Doc(visit) = ack.item else { return Ok(false) };
    let is_unsent = tx.unsent_changes(visit)?.iter().any(|(_, change)| Some(change.hash) == ack.hash);
    Ok(!is_unsent && tx.set_aside()?.iter().any(|(_, item)| Some(item.change.hash) == ack.hash))
}

/// Whether an item is late evidence; a lost answer is repeated as a duplicate with the reason.
const fn is_late(ack: &Ack) -> bool {
    matches!((ack.outcome, &ack.reason), (Outcome::Late, _) | (Outcome::Duplicate, Some(_)))
}

fn name(item: AckItem) -> String {
    match item {
        AckItem::Doc(id) => format!("visit {id}"),
        AckItem::Intent(id) => format!("intent {id}"),
        AckItem::UnreadableIntent(digest) => format!("intent {digest}"),
        AckItem::Statement(digest) => format!("statement {digest}"),
    }
}

fn reason(ack: &Ack) -> String {
    match (&ack.code, &ack.reason) {
        (Some(code), Some(reason)) => format!("{code} ({reason})"),
        (Some(code), None) => code.clone(),
        (None, Some(reason)) => reason.clone(),
        (None, None) => "no reason was given".to_owned(),
    }
}

/// How long work waits for what another phone wrote and the server lost; then it goes on as with `sync --relay`.
///
/// # Source
/// A day: whoever works syncs that often, and nobody misses what a rep did for longer.
const PATIENCE_MS: i64 = 24 * 60 * 60 * 1000;

/// Why changes are not taken that build on what another phone wrote and the server lost.
const WAITS_FOR_OTHERS: &str = "it waits for what another phone of the crew wrote and the server lost, at most a day; `sync --relay` does not wait";

/// Which of the changes that the server lacks were written by others.
fn foreign_below(tx: &Tx, visit: VisitId, state: &DocState, missing: &[Hash]) -> PhoneResult<Vec<Hash>> {
    let Some(doc) = tx.doc(visit)? else { return Ok(Vec::new()) };
    let (history, mine) = (History::of(&doc)?, own_actors(state));
    let foreign = history.changes.iter().filter(|change| missing.contains(&change.hash) && !is_own(change, &mine));
    Ok(foreign.map(|change| change.hash).collect())
}

fn note_heads(state: &mut DocState, ack: &Ack) {
    if !ack.heads.is_empty() {
        state.is_at_server = true;
        state.server_heads.clone_from(&ack.heads);
        // The server's documents only grow: what it named before lies below what it names now.
        state.named.clone_from(&ack.heads);
    }
}
