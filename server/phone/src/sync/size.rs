//! How large a request may be: what the server named, and what the way to it lets through.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::client::Transport;
use crate::commands::Phone;
use crate::error::{PhoneError, PhoneResult};
use crate::store::Tx;
use crate::store::tx::META;

/// Bytes of a request before compression; below the server's limit of 4 MiB.
pub(super) const BATCH_BYTES: usize = 3 * 1024 * 1024;
/// Below this a request is not made smaller: what is in the way then refuses every request.
const SMALLEST_BATCH_BYTES: usize = 4 * 1024;
/// A request that broke off so often in a row may be too large for the line.
const BREAKS: u32 = 2;

/// Where it stands what was learned.
const LEARNED: &str = "request_size";

/// What was learned from requests that failed.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Learned {
    /// Most bytes of a request, once one was too large.
    bytes: Option<usize>,
    /// Whether one passed since.
    has_passed: bool,
    /// How many in a row broke off.
    breaks: u32,
}

/// Most bytes of the next request: what the server named, and what was learned.
pub(super) fn batch_bytes(tx: &Tx) -> PhoneResult<usize> {
    let (named, learned) = (tx.feed()?.batch_bytes, learned(tx)?.bytes);
    Ok(BATCH_BYTES.min(named.unwrap_or(BATCH_BYTES)).min(learned.unwrap_or(BATCH_BYTES)))
}

fn learned(tx: &Tx) -> PhoneResult<Learned> {
    Ok(tx.meta(LEARNED)?.unwrap_or_default())
}

/// Forgets what an earlier sync learned, if something passed since: the network may be another one by now.
pub(super) fn forget(tx: &Tx) -> PhoneResult<()> {
    if learned(tx)?.has_passed { tx.remove(META, LEARNED) } else { Ok(()) }
}

/// Notes that a request was answered.
pub(super) fn note_passed(tx: &Tx) -> PhoneResult<()> {
    match learned(tx)?.bytes {
        Some(bytes) => tx.set_meta(LEARNED, &Learned { bytes: Some(bytes), has_passed: true, breaks: 0 }),
        None => tx.remove(META, LEARNED),
    }
}

/// Notes that a request broke off; tells whether it may have been for its size.
fn note_break(tx: &Tx) -> PhoneResult<bool> {
    let mut learned = learned(tx)?;
    learned.breaks = learned.breaks.saturating_add(1);
    tx.set_meta(LEARNED, &learned)?;
    let is_searching = learned.bytes.is_some() && !learned.has_passed;
    Ok(is_searching || learned.breaks >= BREAKS)
}

/// Makes the next request smaller, if this one failed for its size; false if it did not, or is as small as it gets.
///
/// It was too large for the server or for something before it; or it broke off again and again, on a line that carries
/// what is small.
pub(super) fn halve_after(
    phone: &Phone,
    transport: &mut dyn Transport,
    error: &PhoneError,
    body: usize,
) -> PhoneResult<bool> {
    let is_for_its_size = match error {
        PhoneError::Refused { status: 413, .. } => true,
        PhoneError::Refused { status: 408, .. } => phone.store.write(note_break)?,
        PhoneError::Network(_) => {
            phone.store.write(note_break)? && body > SMALLEST_BATCH_BYTES && is_line_up(transport)
        }
        _ => false,
    };
    Ok(is_for_its_size && phone.store.write(|tx| halve(tx, body))?)
}

/// Halves the size until it is below that of what failed.
fn halve(tx: &Tx, body: usize) -> PhoneResult<bool> {
    let mut bytes = batch_bytes(tx)? / 2;
    while bytes >= body {
        bytes /= 2;
    }
    if bytes < SMALLEST_BATCH_BYTES {
        return Ok(false);
    }
    tx.clear_in_flight()?;
    tx.set_meta(LEARNED, &Learned { bytes: Some(bytes), ..Learned::default() })?;
    Ok(true)
}

/// Whether anything at all gets through.
fn is_line_up(transport: &mut dyn Transport) -> bool {
    !matches!(transport.fetch("/healthz", None), Err(PhoneError::Network(_)))
}

/// Whether a round that failed says nothing about uploads, which are requests of their own.
pub(super) fn spares_uploads(transport: &mut dyn Transport, error: &PhoneError) -> bool {
    match error {
        PhoneError::Network(_) => is_line_up(transport),
        PhoneError::Refused { status, .. } => !matches!(status, 401 | 429 | 503),
        _ => false,
    }
}

/// Keeps to a smaller limit that the server named; a quarter stays for what is around the items.
pub(super) fn bounded(limits: &BTreeMap<String, i64>) -> Option<usize> {
    let limits = ["sync_encoded_bytes", "sync_decoded_bytes"].into_iter().filter_map(|name| limits.get(name));
    let smallest = limits.filter_map(|limit| usize::try_from(*limit).ok()).min()?;
    Some((smallest / 4 * 3).clamp(SMALLEST_BATCH_BYTES, BATCH_BYTES))
}
