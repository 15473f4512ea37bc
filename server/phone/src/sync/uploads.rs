//! Uploads blobs, most wanted first; each is safe once a verified receipt names it.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use serde_json::Value;
use sync_core::bytes::Hash;

use super::Report;
use super::parts::{self, Upload};
use super::receipts::{self, Held, Verified};
use super::session::Access;
use crate::client::{Content, Transport, Uploaded};
use crate::commands::Phone;
use crate::error::{PhoneError, PhoneResult};
use crate::store::model::{Safety, StoredBlob};
use crate::store::{Store, Tx};

/// Uploads everything unsent and everything the server asks for; on a metered network counts it only (rulebook 21).
pub(super) fn run(
    phone: &Phone,
    transport: &mut dyn Transport,
    access: &mut Access,
    report: &mut Report,
) -> PhoneResult<()> {
    let waiting = phone.store.read(waiting)?;
    if report.how.is_metered {
        report.waiting_files = waiting.len();
        return Ok(());
    }
    let mut failure = None;
    for (blob, stored) in waiting {
        match upload(phone, transport, access, &blob, &stored, report) {
            Ok(()) => {}
            Err(error @ PhoneError::Network(_)) => {
                // It may be this one alone that something on the way does not let through.
                note(phone, &blob, |stored| stored.tries = stored.tries.saturating_add(1))?;
                return Err(error);
            }
            Err(error) => {
                report.problems.push(format!("blob {blob}: {error}"));
                note(phone, &blob, |stored| stored.problem = Some(error.to_string()))?;
                if matches!(error, PhoneError::Refused { retry_later: true, .. }) {
                    failure = Some(error);
                }
            }
        }
    }
    failure.map_or(Ok(()), Err)
}

/// The blobs to upload: those that broke off least, of them wanted ones first, then the oldest.
fn waiting(tx: &Tx) -> PhoneResult<Vec<(Hash, StoredBlob)>> {
    let wants = tx.feed()?.wants;
    let rank: BTreeMap<Hash, usize> = wants.iter().copied().zip(0..).collect();
    let mut found: Vec<(Hash, StoredBlob)> = tx
        .blobs()?
        .into_iter()
        .filter_map(|(name, stored)| Some((name.parse::<Hash>().ok()?, stored)))
        .filter(|(blob, stored)| stored.safety == Safety::Unsent || rank.contains_key(blob))
        // The server is asked first after what it had; what was freed here cannot go again.
        .filter(|(_, stored)| !stored.is_asked_after && !stored.is_freed)
        .collect();
    let rank_of = |blob: &Hash| rank.get(blob).copied().unwrap_or(usize::MAX);
    found.sort_by_key(|(blob, stored)| (stored.tries, rank_of(blob), stored.at_ms, *blob));
    Ok(found)
}

fn upload(
    phone: &Phone,
    transport: &mut dyn Transport,
    access: &mut Access,
    blob: &Hash,
    stored: &StoredBlob,
    report: &mut Report,
) -> PhoneResult<()> {
    let bytes = read(phone, blob, stored)?;
    let receipt = send(phone, transport, access, blob, stored, &bytes)?;
    let Verified { held, refused, .. } = receipts::verify(phone, transport, &[receipt])?;
    report.problems.extend(refused);
    phone.store.write(|tx| {
        let mut feed = tx.feed()?;
        for Held { verified, jws } in held {
            let epoch = feed.epoch.unwrap_or(verified.receipt().epoch);
            receipts::apply(tx, &Held { verified, jws }, epoch, None)?;
        }
        feed.wants.retain(|wanted| wanted != blob);
        tx.set_feed(&feed)
    })?;
    report.blobs_sent += 1;
    Ok(())
}

/// The bytes of a blob; notes whether they are here as they were.
fn read(phone: &Phone, blob: &Hash, stored: &StoredBlob) -> PhoneResult<Vec<u8>> {
    let found = phone.store.read_blob(blob);
    let lack = match &found {
        Err(PhoneError::File { source, .. }) => Some(source.kind()),
        _ => None,
    };
    let is_damaged = lack == Some(ErrorKind::InvalidData);
    let is_missing = is_damaged || lack == Some(ErrorKind::NotFound);
    if is_missing != stored.is_missing {
        note(phone, blob, |stored| stored.is_missing = is_missing)?;
    }
    if is_damaged {
        return Err(PhoneError::Store("its file is damaged; withdraw the photo with reason `lost`".to_owned()));
    }
    found
}

/// Asks the server once more after what cannot go from here: somebody else may have brought it.
///
/// The file is trusted, not the record: what is here all the same goes.
pub(super) fn ask_after_lost(store: &Store, tx: &Tx) -> PhoneResult<()> {
    for (blob, stored) in tx.lost_blobs()? {
        let found = if store.has_blob(&blob) {
            StoredBlob { is_freed: false, is_missing: false, problem: None, ..stored }
        } else {
            StoredBlob { is_asked_after: true, ..stored }
        };
        tx.set_blob(&blob, &found)?;
    }
    Ok(())
}

/// Whether bytes are here that the record gave up.
pub(super) fn has_lost(store: &Store, tx: &Tx) -> PhoneResult<bool> {
    Ok(tx.lost_blobs()?.iter().any(|(blob, _)| store.has_blob(blob)))
}

/// Sends what has not arrived of a blob; the held receipt.
///
/// What is small goes in one request, and only where that was begun before is the server asked how much it has. What is
/// large goes in parts, as does what something on the way refuses for its size; and where no parts come through, whole.
fn send(
    phone: &Phone,
    transport: &mut dyn Transport,
    access: &mut Access,
    blob: &Hash,
    stored: &StoredBlob,
    bytes: &[u8],
) -> PhoneResult<String> {
    let is_for_parts = phone.store.read(|tx| parts::is_for_parts(tx, bytes.len()))?;
    let mut put = |content: Content<'_>| {
        access.with(phone, transport, |transport, token| transport.put_blob(token, blob, content, &stored.media_type))
    };
    if stored.is_begun {
        match put(Content::Question(bytes.len())) {
            Ok(Uploaded::Held(answer)) => return Ok(receipt_of(&answer)),
            Ok(Uploaded::Partly(from)) if (1..bytes.len()).contains(&from) => {
                match put(Content::Rest { blob: bytes, from }) {
                    Ok(Uploaded::Held(answer)) => return Ok(receipt_of(&answer)),
                    // What had arrived was damaged, or is not there any more: from the beginning.
                    Ok(Uploaded::Partly(_)) | Err(PhoneError::Refused { retry_later: false, .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            // A server that knows no such question is sent the whole.
            Ok(Uploaded::Partly(_)) | Err(PhoneError::Refused { retry_later: false, .. }) => {}
            Err(error) => return Err(error),
        }
    } else if !is_for_parts {
        phone.store.write(|tx| match tx.blob(blob)? {
            Some(known) => tx.set_blob(blob, &StoredBlob { is_begun: true, ..known }),
            None => Ok(()),
        })?;
    }
    if is_for_parts {
        match (Upload { phone, transport: &mut *transport, access: &mut *access, blob, bytes }).send() {
            // Something on the way lets no parts through; it may let a file through.
            Err(error) if parts::is_barred(&error) => {}
            sent => return sent,
        }
    }
    let mut put = |content: Content<'_>| {
        access.with(phone, transport, |transport, token| transport.put_blob(token, blob, content, &stored.media_type))
    };
    match put(Content::Whole(bytes)) {
        Ok(Uploaded::Held(answer)) => Ok(receipt_of(&answer)),
        Ok(Uploaded::Partly(_)) => {
            Err(PhoneError::Network("the server asks for the rest of what it was sent".to_owned()))
        }
        Err(error) if parts::is_in_the_way(&error) => {
            let is_smaller = phone.store.write(|tx| parts::halve(tx, bytes.len()))?;
            if is_smaller { Upload { phone, transport, access, blob, bytes }.send() } else { Err(error) }
        }
        Err(error) => Err(error),
    }
}

/// The receipt that an answer holds.
fn receipt_of(answer: &Value) -> String {
    answer.get("receipt").and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn note(phone: &Phone, blob: &Hash, what: impl FnOnce(&mut StoredBlob)) -> PhoneResult<()> {
    phone.store.write(|tx| match tx.blob(blob)? {
        Some(mut stored) => {
            what(&mut stored);
            tx.set_blob(blob, &stored)
        }
        None => Ok(()),
    })
}
