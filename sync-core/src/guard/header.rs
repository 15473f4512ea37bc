//! Chunk and change headers, read within the limits before Automerge sees a byte.
//!
//! Owns magic, checksum, type, the bounded inflater and the fields before a change's columns. Knows
//! nothing of operations.

use std::borrow::Cow;

use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::budget::Limits;
use super::columns::{Column, read_columns};
use super::reader::{Malformed, Reader};
use super::refusal::RefusalCode;
use crate::bytes::{Actor, Hash};
use crate::doc::genesis::{CHANGE_CHUNK, DOCUMENT_CHUNK, MAGIC, seal_chunk};

/// Chunk type of a deflated change.
const COMPRESSED_CHUNK: u8 = 2;

/// A chunk whose checksum was verified.
#[derive(Debug)]
pub(super) enum Chunk<'a> {
    /// A change: its hash and its uncompressed chunk.
    Change { hash: Hash, chunk: Cow<'a, [u8]> },
    /// A whole document: the bytes after the header.
    Document { body: &'a [u8] },
}

impl From<Malformed> for RefusalCode {
    fn from(_: Malformed) -> Self {
        Self::ChangeRejected
    }
}

/// Reads one chunk: exactly one, of an allowed type, of allowed size, with the right checksum.
pub(super) fn read_chunk<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Chunk<'a>, RefusalCode> {
    let mut reader = Reader::new(bytes);
    if reader.array()? != MAGIC {
        return Err(RefusalCode::ChangeRejected);
    }
    let checksum: [u8; 4] = reader.array()?;
    let kind = reader.byte()?;
    let max_bytes = match kind {
        DOCUMENT_CHUNK => limits.document_bytes,
        CHANGE_CHUNK | COMPRESSED_CHUNK => limits.change_bytes,
        _ => return Err(RefusalCode::ChangeEncodingNotAllowed),
    };
    if bytes.len() > max_bytes {
        return Err(if kind == DOCUMENT_CHUNK { RefusalCode::DocumentLimit } else { RefusalCode::ChangeTooLarge });
    }
    let len = reader.uleb()?;
    let body = reader.take(len)?;
    if !reader.is_empty() {
        return Err(RefusalCode::ChangeRejected);
    }

    let (hash, chunk) = match kind {
        COMPRESSED_CHUNK => {
            let inflated = inflate(body, limits.change_bytes)?;
            let (hash, chunk) = seal_chunk(CHANGE_CHUNK, &inflated);
            (hash, Cow::Owned(chunk))
        }
        // The hash covers everything from the type on.
        _ => (Hash::of(bytes.get(8..).unwrap_or_default()), Cow::Borrowed(bytes)),
    };
    if hash.as_bytes().first_chunk() != Some(&checksum) {
        return Err(RefusalCode::ChecksumMismatch);
    }
    Ok(if kind == DOCUMENT_CHUNK { Chunk::Document { body } } else { Chunk::Change { hash, chunk } })
}

/// Inflates until the end or the limit, whichever comes first.
fn inflate(body: &[u8], limit: usize) -> Result<Vec<u8>, RefusalCode> {
    use miniz_oxide::inflate::TINFLStatus;
    decompress_to_vec_with_limit(body, limit).map_err(|error| match error.status {
        TINFLStatus::HasMoreOutput => RefusalCode::ChangeTooLarge,
        _ => RefusalCode::ChangeRejected,
    })
}

/// The fields of a change before its operations.
#[derive(Debug)]
pub(super) struct ChangeHeader<'a> {
    pub(super) deps: Vec<Hash>,
    /// The writer first, then the other actors that operations refer to by position.
    pub(super) actors: Vec<Actor>,
    pub(super) seq: u64,
    pub(super) start_op: u64,
    /// When it was written, as the writer claims; 0 where it does not say.
    pub(super) time: u64,
    pub(super) columns: Vec<Column<'a>>,
}

impl ChangeHeader<'_> {
    /// Who wrote the change.
    pub(super) fn writer(&self) -> Actor {
        self.actors.first().copied().unwrap_or(Actor([0; 16]))
    }
}

/// Reads the header of an uncompressed change chunk.
pub(super) fn read_change<'a>(chunk: &'a [u8], limits: &Limits) -> Result<ChangeHeader<'a>, RefusalCode> {
    let mut reader = Reader::new(chunk.get(9..).unwrap_or_default());
    reader.uleb()?;
    let deps = counted(&mut reader, limits.change_deps, RefusalCode::ChangeTooLarge, Reader::hash)?;
    let mut actors = vec![reader.actor()?];
    let seq = reader.uleb()?;
    let start_op = reader.uleb()?;
    // The device's time is a claim that nothing relies on. But a saved document keeps differences of
    // times, and only between times that are not negative does no difference overflow.
    let time = u64::try_from(reader.sleb()?).map_err(|_negative| RefusalCode::ChangeRejected)?;
    let message = reader.uleb()?;
    if message > limits.message_bytes {
        return Err(RefusalCode::ChangeTooLarge);
    }
    std::str::from_utf8(reader.take(message)?).map_err(|_no_utf8| Malformed)?;
    actors.extend(counted(&mut reader, limits.document_actors, RefusalCode::DocumentLimit, Reader::actor)?);
    let [columns] = read_columns(&mut reader)?;
    // Automerge would read an author from what follows; visit documents have none.
    if !reader.is_empty() {
        return Err(RefusalCode::ChangeRejected);
    }
    Ok(ChangeHeader { deps, actors, seq, start_op, time, columns })
}

/// Reads a counted list; the count is judged before anything is allocated for it.
pub(super) fn counted<'a, T>(
    reader: &mut Reader<'a>,
    limit: u64,
    code: RefusalCode,
    read: fn(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<Vec<T>, RefusalCode> {
    let count = reader.uleb()?;
    if count > limit {
        return Err(code);
    }
    (0..count).map(|_| read(reader).map_err(RefusalCode::from)).collect()
}
