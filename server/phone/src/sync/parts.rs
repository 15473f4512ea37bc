//! Uploads of a blob in parts: each goes on where the server says that the one before ended.
//!
//! Nothing of an upload is kept on the phone: who begins the same one again is told how far it has come.

use serde::{Deserialize, Serialize};
use sync_core::bytes::Hash;

use super::session::Access;
use crate::client::{Stands, Step, Transport};
use crate::commands::Phone;
use crate::error::{PhoneError, PhoneResult};
use crate::store::Tx;
use crate::store::tx::META;

/// Bytes above which a blob goes in parts: below it the question where it stopped costs more than it saves.
const WHOLE_BYTES: usize = 256 << 10;

/// Bytes of a part, until something is learned; what is held back on the way until a request is whole is at most that.
const PART_BYTES: usize = 1 << 20;

/// Below this a part is not made smaller: what is around it would cost more than it brings.
const SMALLEST_PART_BYTES: usize = 16 << 10;

/// A part that broke off so often in a row may be too large for the line.
const BREAKS: u32 = 2;

/// Requests in a row that bring an upload no further, and then it waits for the next sync; the server waits itself
/// before it says that an upload is taken. More than there are sizes to try.
const MOST_IDLE: usize = 12;

/// Answers in a row that say that somebody else goes on with the upload: the server has waited before each of them.
const MOST_TAKEN: usize = 3;

/// How often an upload is begun in one sync: it may end in vain, and the server may lose it.
const MOST_BEGUN: usize = 3;

/// Where it stands what was learned.
const LEARNED: &str = "part_size";

/// What was learned from parts that failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Learned {
    /// Most bytes of a part, once one was too large.
    bytes: Option<usize>,
    /// Whether one passed since.
    has_passed: bool,
    /// How many in a row broke off.
    breaks: u32,
}

/// Whether a blob of this size goes in parts.
pub(super) fn is_for_parts(tx: &Tx, bytes: usize) -> PhoneResult<bool> {
    Ok(bytes > WHOLE_BYTES.min(learned(tx)?.bytes.unwrap_or(WHOLE_BYTES)))
}

/// Whether something on the way refused a body for its size; where the server did, it says so.
pub(super) fn is_in_the_way(error: &PhoneError) -> bool {
    matches!(error, PhoneError::Refused { status: 413, code, .. } if code != "photo_too_large")
}

/// Whether something on the way knows nothing of uploads in parts, or a server that is older; where ours refuses one, it
/// says so with a code.
pub(super) fn is_barred(error: &PhoneError) -> bool {
    matches!(error, PhoneError::Refused { status: 403 | 404 | 405 | 501, code, .. } if code.is_empty())
}

/// Forgets what an earlier sync learned, if something passed since and nothing broke off after it: the network may be
/// another one by now.
pub(super) fn forget(tx: &Tx) -> PhoneResult<()> {
    let learned = learned(tx)?;
    if learned.has_passed && learned.breaks == 0 { tx.remove(META, LEARNED) } else { Ok(()) }
}

fn learned(tx: &Tx) -> PhoneResult<Learned> {
    Ok(tx.meta(LEARNED)?.unwrap_or_default())
}

fn part_bytes(tx: &Tx) -> PhoneResult<usize> {
    Ok(learned(tx)?.bytes.unwrap_or(PART_BYTES))
}

fn note_passed(tx: &Tx) -> PhoneResult<()> {
    let before = learned(tx)?;
    let bytes = before.bytes;
    let after = Learned { bytes, has_passed: bytes.is_some(), breaks: 0 };
    if after == before { Ok(()) } else { tx.set_meta(LEARNED, &after) }
}

/// Notes that a part broke off, and makes the next one smaller if it may have been for its size.
fn note_break(tx: &Tx, body: usize) -> PhoneResult<()> {
    let before = learned(tx)?;
    let breaks = before.breaks.saturating_add(1);
    tx.set_meta(LEARNED, &Learned { breaks, ..before })?;
    let is_searching = before.bytes.is_some() && !before.has_passed;
    if is_searching || breaks >= BREAKS {
        halve(tx, body)?;
    }
    Ok(())
}

/// Halves the size of parts until it is below that of what failed; false if they are as small as they get.
pub(super) fn halve(tx: &Tx, body: usize) -> PhoneResult<bool> {
    let halves = std::iter::successors(Some(part_bytes(tx)? / 2), |bytes| Some(bytes / 2));
    let mut sizes = halves.take_while(|bytes| *bytes >= SMALLEST_PART_BYTES);
    let Some(bytes) = sizes.find(|bytes| *bytes < body) else { return Ok(false) };
    tx.set_meta(LEARNED, &Learned { bytes: Some(bytes), ..Learned::default() })?;
    Ok(true)
}

/// An upload under way.
pub(super) struct Upload<'a> {
    pub(super) phone: &'a Phone,
    pub(super) transport: &'a mut dyn Transport,
    pub(super) access: &'a mut Access,
    pub(super) blob: &'a Hash,
    pub(super) bytes: &'a [u8],
}

impl Upload<'_> {
    /// Sends what the server lacks; the held receipt.
    ///
    /// # Errors
    /// As a `PUT` of the blob; that of the line, once it carries not even the question how far the upload has come.
    pub(super) fn send(mut self) -> PhoneResult<String> {
        let mut stands = self.begin()?;
        let (mut reached, mut idle, mut begun) = (stands.offset, 0, 1);
        loop {
            if let Some(receipt) = stands.receipt {
                return Ok(receipt);
            }
            let path = stands.path.unwrap_or_default();
            let stood = match stands.offset {
                Some(from) => self.append(&path, from)?,
                None => self.ask(&path)?,
            };
            stands = match stood {
                Some(stood) => Stands { path: Some(path), ..stood },
                // It has ended there, in vain, or the server lost it.
                None if begun == MOST_BEGUN => return Err(waits()),
                None => {
                    begun += 1;
                    reached = None;
                    self.begin()?
                }
            };
            idle = if stands.offset > reached { 0 } else { idle + 1 };
            reached = stands.offset.max(reached);
            if idle > MOST_IDLE || (stands.offset.is_none() && idle >= MOST_TAKEN) {
                return Err(waits());
            }
        }
    }

    fn step(&mut self, step: Step<'_>) -> PhoneResult<Stands> {
        self.access.with(self.phone, self.transport, |transport, token| transport.upload(token, step))
    }

    /// Begins the upload, or finds it.
    fn begin(&mut self) -> PhoneResult<Stands> {
        for _ in 0..MOST_TAKEN {
            let stands = self.step(Step::Begin { blob: self.blob, bytes: self.bytes.len() })?;
            if stands.path.is_some() {
                return Ok(stands);
            }
        }
        Err(waits())
    }

    /// Brings the next part; none if the upload is not there any more, or begins at its beginning.
    fn append(&mut self, path: &str, from: usize) -> PhoneResult<Option<Stands>> {
        let most = self.phone.store.read(part_bytes)?;
        let rest = self.bytes.get(from..).unwrap_or_default();
        let part = rest.get(..most).unwrap_or(rest);
        let body = part.len();
        match self.step(Step::Append { path, from, part }) {
            Ok(stands) => {
                self.phone.store.write(note_passed)?;
                Ok(Some(stands))
            }
            Err(error) if is_in_the_way(&error) => {
                let is_smaller = self.phone.store.write(|tx| halve(tx, body))?;
                if is_smaller { Ok(Some(Stands { offset: Some(from), ..Stands::default() })) } else { Err(error) }
            }
            Err(PhoneError::Network(_) | PhoneError::Refused { status: 408, .. }) => {
                self.phone.store.write(|tx| note_break(tx, body))?;
                self.ask(path)
            }
            Err(error) if is_barred(&error) => Err(error),
            Err(PhoneError::Refused { status: 404 | 410 | 460, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks how far the upload has come; none if that is not told. The answer has no words: who begins it again is told
    /// why.
    fn ask(&mut self, path: &str) -> PhoneResult<Option<Stands>> {
        match self.step(Step::Ask { path }) {
            Ok(stands) => Ok(Some(stands)),
            Err(PhoneError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The upload goes on with the next sync, and other blobs before.
fn waits() -> PhoneError {
    let title = "the upload is taken, or comes no further; it goes on with the next sync".to_owned();
    PhoneError::Refused { status: 423, code: "upload_locked".to_owned(), title, retry_later: true }
}
