//! Held receipts: verified first, then the only thing that makes an item safe.

use std::collections::BTreeSet;

use serde_json::Value;
use sync_core::bytes::Hash;
use sync_core::ids::{EpochId, VisitId};
use sync_core::jws::{Ed25519PublicKey, JwsError};
use sync_core::protocol::{Ack, AckItem, Outcome, PushDoc, SyncRequest, SyncResponse};
use sync_core::receipt::{self, CompleteReceipt, HeldReceipt, Receipt, ReceiptError, VerifiedHeld};

use super::history::{History, is_document};
use crate::client::Transport;
use crate::commands::Phone;
use crate::error::PhoneResult;
use crate::store::Tx;
use crate::store::model::{CompleteWork, Enrolment, LastReceipt, Safety, SetAside};

/// A verified receipt with its text.
#[derive(Debug)]
pub(super) struct Held {
    pub verified: VerifiedHeld,
    pub jws: String,
}

/// The receipts of an answer.
#[derive(Debug, Default)]
pub(super) struct Verified {
    pub held: Vec<Held>,
    /// Complete receipts with their text.
    pub complete: Vec<(CompleteReceipt, String)>,
    /// Why the others are refused.
    pub refused: Vec<String>,
}

/// Verifies receipts; unknown keys are asked for once. Also says which receipts are refused, and why.
pub(super) fn verify(phone: &Phone, transport: &mut dyn Transport, receipts: &[String]) -> PhoneResult<Verified> {
    let mut enrolment = phone.store.read(|tx| tx.enrolment())?;
    let mut keys = evidence_keys(&enrolment);
    let mut verified = Verified::default();
    let mut asked = false;
    for jws in receipts {
        let mut result = receipt::verify(jws, &keys, enrolment.org, enrolment.device);
        if matches!(result, Err(ReceiptError::Jws(JwsError::UnknownKey))) && !asked {
            asked = true;
            keys = fetch_keys(phone, transport, &mut enrolment)?;
            result = receipt::verify(jws, &keys, enrolment.org, enrolment.device);
        }
        match result {
            Ok(Receipt::Held(held)) => verified.held.push(Held { verified: *held, jws: jws.clone() }),
            Ok(Receipt::Complete(complete)) => verified.complete.push((*complete, jws.clone())),
            Err(error) => verified.refused.push(format!("a receipt is not accepted: {error}")),
        }
    }
    Ok(verified)
}

/// Asks the server for its evidence keys anew.
pub(super) fn fetch_keys(
    phone: &Phone,
    transport: &mut dyn Transport,
    enrolment: &mut Enrolment,
) -> PhoneResult<Vec<Ed25519PublicKey>> {
    let answer = transport.fetch("/.well-known/evidence-keys.json", None)?;
    enrolment.evidence_keys = answer.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
    phone.store.write(|tx| tx.set_meta("enrolment", &*enrolment))?;
    Ok(evidence_keys(enrolment))
}

/// The keys that receipts verify with; what a revoked key signs may be anybody's.
pub(crate) fn evidence_keys(enrolment: &Enrolment) -> Vec<Ed25519PublicKey> {
    let valid = enrolment.evidence_keys.iter().filter(|key| key.get("revoked_at").is_none());
    valid.filter_map(|key| serde_json::from_value(key.clone()).ok()).collect()
}

/// Keeps the server's word that visits are complete.
pub(super) fn keep_complete(tx: &Tx, complete: &[(CompleteReceipt, String)]) -> PhoneResult<()> {
    for (receipt, jws) in complete {
        let (heads, blobs, at_ms) = (receipt.heads.clone(), receipt.blobs.clone(), receipt.at_ms.0);
        tx.set_complete(receipt.visit, &CompleteWork { heads, blobs, at_ms, jws: jws.clone() })?;
    }
    Ok(())
}

/// Where the names of receipts stand of which the server is to be told.
const ARRIVED: &str = "arrived_receipts";

/// Receipts for work that somebody else brought to the office, of which the server does not know that they are here.
pub(super) fn arrived(tx: &Tx) -> PhoneResult<Vec<Hash>> {
    Ok(tx.meta(ARRIVED)?.unwrap_or_default())
}

/// Notes which receipts came that no request of this phone asked for: the server sends them until it hears of it.
pub(super) fn note_arrived(tx: &Tx, receipts: &[Held], request: &SyncRequest) -> PhoneResult<()> {
    let is_answer = |held: &&Held| held.verified.receipt().batch_id == Some(request.batch_id);
    let mut names: Vec<Hash> = arrived(tx)?.into_iter().filter(|name| !request.arrived.contains(name)).collect();
    names.extend(receipts.iter().filter(|held| !is_answer(held)).map(|held| held.verified.sha256()));
    tx.set_meta(ARRIVED, &names)
}

/// The receipts that this device was given for bringing some of these blobs, of whatever data: as many as `room` bytes hold.
pub(super) fn of_uploads(tx: &Tx, blobs: &BTreeSet<Hash>, room: usize) -> PhoneResult<Vec<String>> {
    if blobs.is_empty() {
        return Ok(Vec::new());
    }
    let enrolment = tx.enrolment()?;
    let (keys, mut left, mut room) = (evidence_keys(&enrolment), blobs.clone(), room);
    let mut proofs = Vec::new();
    for jws in tx.receipts()? {
        let Ok(held) = receipt::verify_held(&jws, &keys, enrolment.org, enrolment.device) else { continue };
        let Some(rest) = room.checked_sub(jws.len()) else { continue };
        let brought = held.receipt().batch_id.is_none().then_some(&held.receipt().blobs);
        if brought.into_iter().flatten().filter(|blob| left.remove(*blob)).count() > 0 {
            room = rest;
            proofs.push(jws);
        }
    }
    Ok(proofs)
}

/// A push with its answer: only together they say which changes a name in quarantine stands for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exchange<'a> {
    pub request: &'a SyncRequest,
    pub response: &'a SyncResponse,
}

/// Makes everything safe that a receipt of this epoch names; returns how many changes, intents and statements that
/// were unsent are so no more.
pub(super) fn apply(tx: &Tx, held: &Held, epoch: EpochId, exchange: Option<Exchange<'_>>) -> PhoneResult<usize> {
    let receipt = held.verified.receipt();
    if receipt.epoch != epoch {
        // A receipt of other data says nothing about what this server holds.
        return Ok(0);
    }
    let mut settled = 0;
    for (visit, heads) in &receipt.docs {
        settled += free_changes(tx, *visit, heads)?;
    }
    let exchange = exchange.filter(|exchange| receipt.batch_id == Some(exchange.request.batch_id));
    if let Some(exchange) = exchange {
        settled += set_quarantined_aside(tx, receipt, exchange)?;
    }
    settled += apply_intents(tx, receipt)? + apply_statements(tx, receipt)? + apply_set_aside(tx, receipt, exchange)?;
    apply_blobs(tx, receipt)?;
    tx.add_receipt(&LastReceipt { sha256: held.verified.sha256(), at_ms: receipt.at_ms.0 }, &held.jws)?;
    Ok(settled)
}

/// Forgets the unsent changes at or below durable heads; returns how many.
fn free_changes(tx: &Tx, visit: VisitId, heads: &[Hash]) -> PhoneResult<usize> {
    let rows = tx.unsent_changes(visit)?;
    let Some(doc) = tx.doc(visit)?.filter(|_| !rows.is_empty()) else { return Ok(0) };
    let durable = History::of(&doc)?.below(heads);
    let mut freed = 0;
    for (key, row) in rows.iter().filter(|(_, row)| durable.contains(&row.hash)) {
        tx.settle_change(visit, key, row)?;
        freed += 1;
    }
    Ok(freed)
}

/// Changes that lie in quarantine are durable there; the phone keeps their edits for a person. Returns how many.
///
/// A document that must be replayed keeps them unsent: they are written anew.
fn set_quarantined_aside(tx: &Tx, receipt: &HeldReceipt, exchange: Exchange<'_>) -> PhoneResult<usize> {
    let mut moved = 0;
    for push in exchange.request.pushed() {
        let Some(ack) = quarantining_ack(exchange.response, push.id) else { continue };
        let Some(code) = quarantine_code(receipt, ack, push.id) else { continue };
        let Some(doc) = tx.doc(push.id)? else { continue };
        let history = History::of(&doc)?;
        let refused = refused_changes(&history, push, ack);
        for (key, change) in tx.unsent_changes(push.id)?.into_iter().filter(|(_, row)| refused.contains(&row.hash)) {
            let chunk = history.chunk_of(&change.hash);
            tx.add_set_aside(&SetAside::new(push.id, code, change, chunk))?;
            tx.remove(crate::store::tx::UNSENT, &key)?;
            moved += 1;
        }
    }
    Ok(moved)
}

/// The answer to a push that lies in quarantine for good.
fn quarantining_ack(response: &SyncResponse, visit: VisitId) -> Option<&Ack> {
    response.acks.iter().find(|ack| ack.item == AckItem::Doc(visit) && ack.outcome == Outcome::Quarantined)
}

/// The code under which a receipt names what the ack speaks of: the refused bytes or change by hash, or the visit.
///
/// An ack whose hash no receipt names (`quarantine_full`) leaves everything unsent.
fn quarantine_code<'a>(receipt: &'a HeldReceipt, ack: &Ack, visit: VisitId) -> Option<&'a str> {
    let by_hash = ack.hash.and_then(|hash| receipt.quarantine_code(&hash.to_string()));
    by_hash.or_else(|| receipt.quarantine_code(&visit.to_string()))
}

/// What of a push went to quarantine if it was not taken: all it carried, but for what rests on changes the server
/// lacks, which it neither took nor kept.
///
/// The changes the server took are named by the receipt's heads and unsent no more.
fn refused_changes(history: &History, push: &PushDoc, ack: &Ack) -> BTreeSet<Hash> {
    let mut sent = if push.chunks.iter().any(|chunk| is_document(&chunk.0)) {
        history.below(&push.heads)
    } else {
        let carried = history.changes.iter().filter(|change| push.chunks.contains(&change.chunk));
        carried.map(|change| change.hash).collect()
    };
    if !ack.missing.is_empty() {
        sent.retain(|hash| history.below(&[*hash]).iter().all(|below| !ack.missing.contains(below)));
    }
    sent
}

/// What of a push the server keeps beside the change that it refused: all that depends on it.
pub(super) fn kept_with(tx: &Tx, push: &PushDoc, ack: &Ack) -> PhoneResult<Vec<Hash>> {
    let (Some(offending), Some(doc)) = (ack.hash, tx.doc(push.id)?) else { return Ok(Vec::new()) };
    let history = History::of(&doc)?;
    let refused = refused_changes(&history, push, ack).into_iter();
    Ok(refused.filter(|hash| *hash != offending && history.below(&[*hash]).contains(&offending)).collect())
}

/// Whether a receipt says that all of a push is durable: taken, or in quarantine as it came.
fn is_kept(receipt: &HeldReceipt, push: &PushDoc, ack: &Ack) -> bool {
    match ack.outcome {
        Outcome::Stored | Outcome::Duplicate | Outcome::Late => receipt.docs.iter().any(|(visit, _)| *visit == push.id),
        Outcome::Quarantined => quarantine_code(receipt, ack, push.id).is_some(),
        Outcome::NeedFull | Outcome::NeedReplay | Outcome::NotFound => false,
    }
}

/// What was refused before the server's data became others is safe there once more: refused again, or taken this time.
fn apply_set_aside(tx: &Tx, receipt: &HeldReceipt, exchange: Option<Exchange<'_>>) -> PhoneResult<usize> {
    let mut settled = 0;
    for (_, mut item) in tx.set_aside()?.into_iter().filter(|(_, item)| item.is_unsent) {
        let is_taken = exchange.is_some_and(|exchange| {
            exchange.request.pushed().any(|push| {
                let ack = exchange.response.acks.iter().find(|ack| ack.item == AckItem::Doc(push.id));
                item.chunk.as_ref().is_some_and(|chunk| push.chunks.contains(chunk))
                    && ack.is_some_and(|ack| is_kept(receipt, push, ack))
            })
        });
        if is_taken || receipt.quarantine_code(&item.change.hash.to_string()).is_some() {
            item.is_unsent = false;
            tx.add_set_aside(&item)?;
            settled += 1;
        }
    }
    Ok(settled)
}

fn apply_intents(tx: &Tx, receipt: &HeldReceipt) -> PhoneResult<usize> {
    let mut settled = 0;
    for (name, mut intent) in tx.intents()? {
        let Ok(id) = name.parse() else { continue };
        let digest = Hash::of(&intent.bytes.0).to_string();
        let code = receipt.quarantine_code(&name).or_else(|| receipt.quarantine_code(&digest));
        if let Some(safety) = safety(receipt.names_intent(&id), code) {
            settled += usize::from(intent.safety == Safety::Unsent);
            (intent.safety, intent.code) = (safety, code.map(str::to_owned));
            tx.set_intent(&id, &intent)?;
        }
    }
    Ok(settled)
}

fn apply_statements(tx: &Tx, receipt: &HeldReceipt) -> PhoneResult<usize> {
    let mut settled = 0;
    for (name, mut statement) in tx.statements()? {
        let Ok(digest) = name.parse::<Hash>() else { continue };
        let code = receipt.quarantine_code(&name);
        if let Some(safety) = safety(receipt.names_statement(&digest), code) {
            settled += usize::from(statement.safety == Safety::Unsent);
            (statement.safety, statement.code) = (safety, code.map(str::to_owned));
            tx.set_statement(&digest, &statement)?;
        }
    }
    Ok(settled)
}

fn apply_blobs(tx: &Tx, receipt: &HeldReceipt) -> PhoneResult<()> {
    for blob in &receipt.blobs {
        if let Some(mut stored) = tx.blob(blob)? {
            (stored.safety, stored.problem, stored.is_asked_after) = (Safety::Held, None, false);
            tx.set_blob(blob, &stored)?;
        }
    }
    for (name, code) in &receipt.quarantined {
        let Ok(blob) = name.parse::<Hash>() else { continue };
        if let Some(mut stored) = tx.blob(&blob)? {
            (stored.safety, stored.problem) = (Safety::Quarantined, Some(code.clone()));
            tx.set_blob(&blob, &stored)?;
        }
    }
    Ok(())
}

const fn safety(is_named: bool, quarantine: Option<&str>) -> Option<Safety> {
    match (is_named, quarantine) {
        (true, _) => Some(Safety::Held),
        (false, Some(_)) => Some(Safety::Quarantined),
        (false, None) => None,
    }
}
