//! How large a request and its answer may be: what the server named, and what the way to it lets through.

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
/// A request that broke off so often in a row may be too large for the line; one that is as small as it gets is asked
/// for once more, since only its answer may be.
const BREAKS: u32 = 2;

/// Bytes wanted back; the server packs fewer.
const WANTED_BYTES: u64 = 8 * 1024 * 1024;
/// What a server packs into an answer at most, as the reference server does: a wish above it asks for nothing less.
const MOST_PACKED_BYTES: u64 = 2 * 1024 * 1024;
/// A server packs so much even if less is wanted: of an answer there is no smaller one.
const SMALLEST_ANSWER_BYTES: u64 = 16 * 1024;

/// Where it stands what was learned.
const LEARNED: &str = "request_size";

/// What was learned from requests that failed.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Learned {
    /// Most bytes of a request, once one was too large.
    bytes: Option<usize>,
    /// Most bytes wanted back, once something broke off: it may have been the answer.
    #[serde(default)]
    answer: Option<u64>,
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

/// Most bytes the next request wants back.
pub(super) fn wanted_bytes(tx: &Tx) -> PhoneResult<u64> {
    Ok(learned(tx)?.answer.unwrap_or(WANTED_BYTES))
}

fn learned(tx: &Tx) -> PhoneResult<Learned> {
    Ok(tx.meta(LEARNED)?.unwrap_or_default())
}

/// Forgets what an earlier sync learned, if something passed since and nothing broke off after it: the network may be
/// another one by now.
pub(super) fn forget(tx: &Tx) -> PhoneResult<()> {
    let learned = learned(tx)?;
    if learned.has_passed && learned.breaks == 0 { tx.remove(META, LEARNED) } else { Ok(()) }
}

/// Notes that a request was answered.
pub(super) fn note_passed(tx: &Tx) -> PhoneResult<()> {
    match learned(tx)? {
        Learned { bytes: None, answer: None, .. } => tx.remove(META, LEARNED),
        learned => tx.set_meta(LEARNED, &Learned { has_passed: true, breaks: 0, ..learned }),
    }
}

/// Notes that a request broke off; tells whether it may have been for its size, or for that of its answer.
fn note_break(tx: &Tx, body: usize) -> PhoneResult<bool> {
    let mut learned = learned(tx)?;
    learned.breaks = learned.breaks.saturating_add(1);
    tx.set_meta(LEARNED, &learned)?;
    let is_searching = (learned.bytes.is_some() || learned.answer.is_some()) && !learned.has_passed;
    let breaks = if body > SMALLEST_BATCH_BYTES { BREAKS } else { BREAKS + 1 };
    Ok(is_searching || learned.breaks >= breaks)
}

/// Makes the next request smaller, if this one failed for its size; false if it did not, or is as small as it gets.
///
/// It was too large for the server or for something before it; or it broke off again and again, on a line that carries
/// what is small. Then it may have been the answer that did, so half as much is wanted back, too, also where the request
/// is small: what it is told of what it brought is as large as that, and the rest is what it wants.
pub(super) fn halve_after(
    phone: &Phone,
    transport: &mut dyn Transport,
    error: &PhoneError,
    body: usize,
) -> PhoneResult<bool> {
    match error {
        PhoneError::Refused { status: 413, .. } => phone.store.write(|tx| halve(tx, body, false)),
        PhoneError::Refused { status: 408, .. } if phone.store.write(|tx| note_break(tx, body))? => {
            phone.store.write(|tx| halve(tx, body, false))
        }
        PhoneError::Network(_) if phone.store.write(|tx| note_break(tx, body))? && is_line_up(transport) => {
            phone.store.write(|tx| halve(tx, body, true))
        }
        _ => Ok(false),
    }
}

/// Halves the size of requests until it is below that of what failed, and what is wanted back if it may have been the
/// answer; false if neither gets smaller.
fn halve(tx: &Tx, body: usize, may_be_answer: bool) -> PhoneResult<bool> {
    let before = learned(tx)?;
    let request = half_of(batch_bytes(tx)?, body).filter(|bytes| *bytes >= SMALLEST_BATCH_BYTES);
    let wanted = wanted_bytes(tx)?.min(MOST_PACKED_BYTES);
    let answer = Some(wanted / 2).filter(|bytes| may_be_answer && *bytes >= SMALLEST_ANSWER_BYTES);
    if request.is_none() && answer.is_none() {
        return Ok(false);
    }
    tx.clear_in_flight()?;
    let (bytes, answer) = (request.or(before.bytes), answer.or(before.answer));
    tx.set_meta(LEARNED, &Learned { bytes, answer, ..Learned::default() })?;
    Ok(true)
}

/// The half, or the half of it, until it is below what failed.
fn half_of(bytes: usize, failed: usize) -> Option<usize> {
    std::iter::successors(Some(bytes / 2), |bytes| Some(bytes / 2)).find(|bytes| *bytes < failed)
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
