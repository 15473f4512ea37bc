//! Taking in what a verified bundle holds: blobs, then requests, as by their device; and keeping its receipts for it.

use std::sync::Arc;

use doorstep_store::Txt;
use doorstep_store::blobs::find_blob;
use doorstep_store::kept_receipts::{KeptReceiptRow, keep_receipt};
use sync_core::bundle::{Item, ItemKind};
use sync_core::bytes::Hash;
use sync_core::protocol::Outcome;
use sync_core::receipt::HeldReceipt;

use super::spool::Section;
use super::{Fate, ImportedItem, Report, Verified, blocking, open};
use crate::app::blobs::{DEVICE_REVOKED, Portion, sign_held, store_blob};
use crate::app::once::Once;
use crate::app::sync::take_in_carried;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode};
use crate::domain::Scope;

/// Blobs that one receipt names.
const BLOBS_OF_RECEIPT: usize = 1_000;

/// Takes in everything, and tells what became of it.
pub(super) async fn apply(state: &AppState, verified: &Verified) -> AppResult<Report> {
    let most = usize::try_from(state.config.limits.bundle_items).unwrap_or(usize::MAX);
    let (mut report, mut durable) = (Report::new(most), Vec::new());
    for item in verified.contents.of_kind(ItemKind::Blob) {
        let done = take_blob(state, verified, item).await?;
        durable.extend(done.fate.is_kept().then(|| (item.sha256, done.code.clone())));
        report.add(done);
    }
    for (number, blobs) in durable.chunks(BLOBS_OF_RECEIPT).enumerate() {
        keep_blob_receipt(state, verified, number, blobs).await?;
    }
    for item in verified.contents.of_kind(ItemKind::Request) {
        take_request(state, verified, item).await?.into_iter().for_each(|item| report.add(item));
    }
    Ok(report)
}

/// The device's own context, at this instant.
fn ctx_of(state: &AppState, verified: &Verified) -> Ctx {
    let actor = verified.holder.clone();
    Ctx { now: state.clock.now(), actor, scope: Scope::Own, once: Once::default(), grants: Vec::new() }
}

async fn take_blob(state: &AppState, verified: &Verified, item: &Item) -> AppResult<ImportedItem> {
    let (org, sha256) = (verified.device.org_id.0, item.sha256);
    let known = state.store.read(move |conn| Ok::<_, AppError>(find_blob(conn, org, sha256)?)).await?;
    let is_known = known.is_some() && state.blobs.exists(org, sha256).await?;
    let bytes = Section::new(Arc::clone(&verified.plain), item.offset, item.bytes);
    let ctx = ctx_of(state, verified);
    let (fate, code) = match store_blob(state, ctx, sha256, Portion::Whole, Some(item.bytes), bytes).await {
        Ok(stored) if stored.is_quarantined => (Fate::Judged(Outcome::Quarantined), Some(DEVICE_REVOKED.to_owned())),
        Ok(_) if is_known => (Fate::Judged(Outcome::Duplicate), None),
        Ok(_) => (Fate::Judged(Outcome::Stored), None),
        // A file that no phone may upload, or for which there is no room, must not keep the others out.
        Err(error) if matches!(error.code(), ErrorCode::PhotoTooLarge | ErrorCode::StorageQuota) => {
            (Fate::Refused, Some(error.code().as_str().to_owned()))
        }
        Err(error) => return Err(error),
    };
    Ok(ImportedItem { kind: "blob", id: sha256.to_string(), fate, code })
}

async fn take_request(state: &AppState, verified: &Verified, item: &Item) -> AppResult<Vec<ImportedItem>> {
    let (plain, of_request) = (Arc::clone(&verified.plain), item.clone());
    let request = blocking(move || open::read_request(&plain, &of_request)).await?;
    let batch = request.batch_id;
    match take_in_carried(state, ctx_of(state, verified), request).await {
        Ok(carried) => {
            if let Some(receipt) = carried.receipt {
                keep(state, verified, batch.to_string(), receipt).await?;
            }
            Ok(carried.acks.into_iter().map(ImportedItem::of_ack).collect())
        }
        // The device sealed what no server takes: the rest of its work must not wait for that.
        Err(AppError::Refused(refusal)) if refusal.code != ErrorCode::Busy => {
            let code = Some(refusal.code.as_str().to_owned());
            Ok(vec![ImportedItem { kind: "request", id: batch.to_string(), fate: Fate::Refused, code }])
        }
        Err(error) => Err(error),
    }
}

/// Keeps the receipt for blobs, each with the code under which it lies in quarantine, if it does.
async fn keep_blob_receipt(
    state: &AppState,
    verified: &Verified,
    number: usize,
    blobs: &[(Hash, Option<String>)],
) -> AppResult<()> {
    let device = &verified.device;
    let mut receipt = HeldReceipt::new(device.org_id.0, device.id.0, state.epoch, None, state.clock.now());
    for (sha256, code) in blobs {
        match code {
            Some(code) => receipt.quarantined.push((sha256.to_string(), code.clone())),
            None => receipt.blobs.push(*sha256),
        }
    }
    let part = format!("{}/{number}", verified.contents.manifest.id);
    keep(state, verified, part, sign_held(state, &receipt)?).await
}

/// Keeps a receipt until the device has it; the same work again takes its place.
async fn keep(state: &AppState, verified: &Verified, part: String, jws: String) -> AppResult<()> {
    let row = KeptReceiptRow {
        org_id: verified.device.org_id,
        device_id: verified.device.id,
        part,
        sha256: Txt(Hash::of(jws.as_bytes())),
        jws,
        made_at_ms: state.clock.now().0,
    };
    state.store.write(move |conn| Ok::<_, AppError>(keep_receipt(conn, &row)?)).await
}
