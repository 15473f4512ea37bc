//! `free`: drops the bytes of blobs that the server holds, and nothing else.

use std::collections::BTreeSet;

use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::receipt::verify_held;

use super::Phone;
use crate::error::PhoneResult;
use crate::output::Output;
use crate::store::Tx;
use crate::store::model::{Safety, StoredBlob};
use crate::sync::evidence_keys;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// `free`: a blob goes if a held receipt of the server's present data names it, verified now.
///
/// The record says so before the file goes: after a kill in between, the next `free` finds the file and drops it.
pub(crate) fn free(phone: &Phone, keep_days: u32) -> PhoneResult<Output> {
    let before = phone.clock.now()?.0.saturating_sub(i64::from(keep_days).saturating_mul(DAY_MS));
    let freed = phone.store.write(|tx| {
        let named = named_by_receipts(tx)?;
        let mut freed = Vec::new();
        for (name, stored) in tx.blobs()? {
            let Ok(blob) = name.parse::<Hash>() else { continue };
            let is_held = stored.safety == Safety::Held && named.contains(&blob);
            if is_held && stored.at_ms <= before {
                tx.set_blob(&blob, &StoredBlob { is_freed: true, ..stored.clone() })?;
                freed.push((blob, stored.bytes));
            }
        }
        Ok(freed)
    })?;
    let (count, bytes) = drop_files(phone, &freed)?;
    let kept = phone.store.read(|tx| Ok(tx.blobs()?.iter().filter(|(_, stored)| !stored.is_freed).count()))?;
    let text =
        format!("freed {count} files, {bytes} bytes; {kept} files are kept\n已释放 {count} 个文件，保留 {kept} 个");
    Ok(Output::done(json!({"freed": count, "bytes": bytes, "kept": kept}), text))
}

/// Drops the files of what was freed, in a turn of the store: a sync may have heard meanwhile that the server lost it.
///
/// One that cannot be dropped keeps back no other.
fn drop_files(phone: &Phone, freed: &[(Hash, i64)]) -> PhoneResult<(usize, i64)> {
    phone.store.read(|tx| {
        let (mut count, mut bytes, mut failure) = (0_usize, 0_i64, None);
        for (blob, size) in freed {
            if !tx.blob(blob)?.is_some_and(|stored| stored.is_freed && stored.safety == Safety::Held) {
                continue;
            }
            match phone.store.drop_blob(blob) {
                Ok(true) => (count, bytes) = (count + 1, bytes.saturating_add(*size)),
                Ok(false) => {}
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok((count, bytes)), Err)
    })
}

/// The blobs that verified held receipts of the present data name.
fn named_by_receipts(tx: &Tx) -> PhoneResult<BTreeSet<Hash>> {
    let (enrolment, epoch) = (tx.enrolment()?, tx.feed()?.epoch);
    let keys = evidence_keys(&enrolment);
    let receipts = tx.receipts()?;
    let verified = receipts.iter().filter_map(|jws| verify_held(jws, &keys, enrolment.org, enrolment.device).ok());
    let of_now = verified.filter(|held| Some(held.receipt().epoch) == epoch);
    Ok(of_now.flat_map(|held| held.receipt().blobs.clone()).collect())
}
