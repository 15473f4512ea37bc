//! Held receipts: verified first, then the only thing that makes an item safe.

use std::collections::BTreeSet;

use serde_json::Value;
use sync_core::bytes::Hash;
use sync_core::ids::{EpochId, VisitId};
use sync_core::jws::{Ed25519PublicKey, JwsError};
use sync_core::protocol::SyncRequest;
use sync_core::receipt::{HeldReceipt, ReceiptError, VerifiedHeld, verify_held};

use super::history::History;
use crate::client::Transport;
use crate::commands::Phone;
use crate::error::PhoneResult;
use crate::store::Tx;
use crate::store::model::{Enrolment, LastReceipt, Safety, SetAside};

/// A verified receipt with its text.
#[derive(Debug)]
pub(super) struct Held {
    pub verified: VerifiedHeld,
    pub jws: String,
}

/// Verifies receipts; unknown keys are asked for once. Also says which receipts are refused, and why.
pub(super) fn verify(
    phone: &Phone,
    transport: &mut dyn Transport,
    receipts: &[String],
) -> PhoneResult<(Vec<Held>, Vec<String>)> {
    let mut enrolment = phone.store.read(|tx| tx.enrolment())?;
    let mut keys = evidence_keys(&enrolment);
    let (mut held, mut refused) = (Vec::new(), Vec::new());
    let mut asked = false;
    for jws in receipts {
        let mut result = verify_held(jws, &keys, enrolment.org, enrolment.device);
        if matches!(result, Err(ReceiptError::Jws(JwsError::UnknownKey))) && !asked {
            asked = true;
            let answer = transport.fetch("/.well-known/evidence-keys.json", None)?;
            enrolment.evidence_keys = answer.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
            keys = evidence_keys(&enrolment);
            phone.store.write(|tx| tx.set_meta("enrolment", &enrolment))?;
            result = verify_held(jws, &keys, enrolment.org, enrolment.device);
        }
        match result {
            Ok(verified) => held.push(Held { verified, jws: jws.clone() }),
            Err(error) => refused.push(format!("a receipt is not accepted: {error}")),
        }
    }
    Ok((held, refused))
}

fn evidence_keys(enrolment: &Enrolment) -> Vec<Ed25519PublicKey> {
    enrolment.evidence_keys.iter().filter_map(|key| serde_json::from_value(key.clone()).ok()).collect()
}

/// Makes everything safe that a receipt of this epoch names.
pub(super) fn apply(tx: &Tx, held: &Held, epoch: EpochId, request: Option<&SyncRequest>) -> PhoneResult<()> {
    let receipt = held.verified.receipt();
    if receipt.epoch != epoch {
        // A receipt of other data says nothing about what this server holds.
        return Ok(());
    }
    for (visit, heads) in &receipt.docs {
        free_changes(tx, *visit, heads)?;
    }
    if let Some(request) = request.filter(|request| receipt.batch_id == Some(request.batch_id)) {
        set_quarantined_aside(tx, receipt, request)?;
    }
    apply_items(tx, receipt)?;
    tx.add_receipt(&LastReceipt { sha256: held.verified.sha256(), at_ms: receipt.at_ms.0 }, &held.jws)
}

/// Forgets the unsent changes at or below durable heads.
fn free_changes(tx: &Tx, visit: VisitId, heads: &[Hash]) -> PhoneResult<()> {
    let rows = tx.unsent_changes(visit)?;
    let Some(doc) = tx.doc(visit)?.filter(|_| !rows.is_empty()) else { return Ok(()) };
    let durable = History::of(&doc)?.below(heads);
    for (key, _) in rows.iter().filter(|(_, row)| durable.contains(&row.hash)) {
        tx.remove(crate::store::tx::UNSENT, key)?;
    }
    Ok(())
}

/// Changes that lie in quarantine are durable there; the phone keeps their edits for a person.
///
/// A document that must be replayed keeps them unsent: they are written anew.
fn set_quarantined_aside(tx: &Tx, receipt: &HeldReceipt, request: &SyncRequest) -> PhoneResult<()> {
    for push in request.docs.iter().filter(|push| !push.chunks.is_empty()) {
        let visit = push.id.to_string();
        let Some(code) = receipt.quarantine_code(&visit) else { continue };
        let Some(doc) = tx.doc(push.id)? else { continue };
        if tx.doc_state(push.id)?.hold.is_some() {
            continue;
        }
        let sent: BTreeSet<Hash> = History::of(&doc)?.below(&push.heads);
        for (key, change) in tx.unsent_changes(push.id)?.into_iter().filter(|(_, row)| sent.contains(&row.hash)) {
            tx.add_set_aside(&SetAside { visit: visit.clone(), code: code.to_owned(), change })?;
            tx.remove(crate::store::tx::UNSENT, &key)?;
        }
    }
    Ok(())
}

fn apply_items(tx: &Tx, receipt: &HeldReceipt) -> PhoneResult<()> {
    for (name, mut intent) in tx.intents()? {
        let Ok(id) = name.parse() else { continue };
        let digest = Hash::of(&intent.bytes.0).to_string();
        let code = receipt.quarantine_code(&name).or_else(|| receipt.quarantine_code(&digest));
        if let Some(safety) = safety(receipt.names_intent(&id), code) {
            (intent.safety, intent.code) = (safety, code.map(str::to_owned));
            tx.set_intent(&id, &intent)?;
        }
    }
    for (name, mut statement) in tx.statements()? {
        let Ok(digest) = name.parse::<Hash>() else { continue };
        let code = receipt.quarantine_code(&name);
        if let Some(safety) = safety(receipt.names_statement(&digest), code) {
            (statement.safety, statement.code) = (safety, code.map(str::to_owned));
            tx.set_statement(&digest, &statement)?;
        }
    }
    for blob in &receipt.blobs {
        if let Some(mut stored) = tx.blob(blob)? {
            (stored.safety, stored.problem) = (Safety::Held, None);
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
