//! What the fuzzers call, for stable Rust: each function takes any bytes, and panics only where a promise is broken.
//!
//! The corpus beside this crate holds one seed for each form of honest and hostile bytes; a test runs all of them.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a fuzz target stops at the first broken promise, and the bytes it makes itself are right"
)]

pub mod mutants;
pub mod pictures;
pub mod seeds;

use std::sync::LazyLock;

use sync_core::bundle::{BundleLimits, Opener, Unpacker};
use sync_core::bytes::{Actor, Hash};
use sync_core::doc::VisitDoc;
use sync_core::guard::{self, Admission, ChangeIndex, Limits, Push, Stored, admit, split_chunks};
use sync_core::ids::{UserId, VisitId};
use sync_core::intent::Intent;
use sync_core::jws::P256PublicKey;
use sync_core::plain_json;
use sync_core::protocol::codec::{self, Encoding};
use sync_core::protocol::{Cursor, ProtocolLimits, SyncResponse};
use sync_core::statement::{Body, Ink, SealPayload, verify};

/// The visit that every seed is about.
pub const VISIT: VisitId = VisitId::from_bytes([0x42; 16]);

/// Who writes it.
pub const BY: UserId = UserId::from_bytes([0x07; 16]);

/// The actor of its phone.
pub const ME: Actor = Actor([0x11; 16]);

/// What the server holds before a push.
#[derive(Debug, Clone)]
pub struct Held {
    /// The saved document.
    pub snapshot: Vec<u8>,
    /// Its changes.
    pub index: ChangeIndex,
}

impl Held {
    /// The server's side of a document.
    #[must_use]
    pub fn of(doc: &VisitDoc) -> Self {
        Self { snapshot: doc.save(), index: ChangeIndex::of(doc) }
    }

    /// Judges chunks for the document.
    ///
    /// # Panics
    /// If the guard calls what we hold damaged.
    #[must_use]
    pub fn judge(&self, chunks: &[Vec<u8>]) -> Admission {
        judge(chunks, Some(Stored { snapshot: &self.snapshot, loaded: None, index: &self.index }))
    }
}

fn judge(chunks: &[Vec<u8>], stored: Option<Stored<'_>>) -> Admission {
    let push = Push { visit: VISIT, by: BY, chunks, stored, may_use_actor: &|_| true, limits: &Limits::DEFAULT };
    admit(push).expect("what we hold is sound")
}

/// Promises about every push, whatever its bytes.
///
/// # Panics
/// If one is broken.
pub fn check(admission: &Admission) {
    let Some(accepted) = &admission.accepted else { return };
    let again = VisitDoc::load(VISIT, &accepted.snapshot).expect("what was accepted loads again");
    assert_eq!(again.heads(), accepted.heads, "the saved document has the heads that are told");
    assert_eq!(ChangeIndex::of(&again), accepted.index, "the index is that of the document");
    let view = sync_core::merge::view(&again);
    assert_eq!(view, sync_core::merge::view(&accepted.doc), "equal heads give equal views");
}

/// Chunks for a document that the server holds, or not (first byte), with checksums repaired where that byte says so.
///
/// # Panics
/// If a promise of the guard is broken.
pub fn guard(data: &[u8]) {
    static HELD: LazyLock<Held> = LazyLock::new(|| Held::of(&seeds::visit()));
    let Some((kind, bytes)) = data.split_first() else { return };
    let mut chunks = split_chunks(bytes).unwrap_or_else(|| vec![bytes.to_vec()]);
    if kind & 2 == 2 {
        // A fuzzer does not find SHA-256 by chance: behind the checksum is where it should look.
        chunks.iter_mut().for_each(|chunk| mutants::repair(chunk));
    }
    let admission = if kind & 1 == 1 { judge(&chunks, None) } else { HELD.judge(&chunks) };
    check(&admission);
    if let Some(refused) = &admission.refused {
        for kept in &refused.chunks {
            let is_sent = chunks.contains(kept) || bytes.len() > kept.len();
            assert!(is_sent, "quarantine keeps what was sent");
        }
    }
    let heads = guard::heads_of(&chunks, &Limits::DEFAULT);
    assert_eq!(guard::uncovered(&chunks, &heads, &Limits::DEFAULT), None, "the heads cover the chunks");
    let found = guard::salvage(VISIT, BY, &chunks.concat(), &Limits::DEFAULT);
    assert!(found.records.iter().all(|record| record.refused.is_some() || record.record.len() <= 16 << 10));
}

/// A batch in CBOR or JSON (first byte), as request, answer or cursor.
///
/// # Panics
/// If what was read is not written and read alike.
pub fn batch(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    let encoding = if kind & 1 == 1 { Encoding::Json } else { Encoding::Cbor };
    if let Ok(request) = codec::decode_request(bytes, encoding, &ProtocolLimits::DEFAULT) {
        let written = codec::encode(&request, encoding).expect("what was read can be written");
        let again = codec::decode_request(&written, encoding, &ProtocolLimits::DEFAULT).expect("and read again");
        assert_eq!(again, request);
    }
    if let Ok(response) = codec::decode::<SyncResponse>(bytes, encoding, 1 << 20) {
        codec::encode(&response, encoding).expect("an answer that was read can be written");
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(cursor) = Cursor::decode(text)
    {
        let again = cursor.encode().map(|text| Cursor::decode(&text));
        assert_eq!(again.ok().and_then(Result::ok), Some(cursor));
    }
}

/// The contents of a bundle, or (first byte) a whole sealed file, in pieces of a size that this byte tells.
///
/// # Panics
/// If the pieces matter, or an item is not where it is said to be.
pub fn bundle(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    let piece = usize::from(*kind >> 1) + 1;
    if kind & 1 == 1 {
        if let Some((header, sealed)) = bytes.split_first_chunk()
            && let Ok(mut opener) = Opener::new(header, &seeds::bundle_key())
        {
            let mut plain = Vec::new();
            let is_opened = sealed.chunks(piece).all(|piece| opener.read(piece, &mut plain).is_ok());
            assert!(plain.len() <= sealed.len(), "nothing grows when it is opened");
            if is_opened && opener.finish(&mut plain).is_ok() {
                contents(&plain, piece);
            }
        }
        return;
    }
    contents(bytes, piece);
}

fn contents(plain: &[u8], piece: usize) {
    let limits = BundleLimits { items: 64, bytes: 1 << 20, request_bytes: 1 << 16 };
    let read = |size: usize| {
        let mut unpacker = Unpacker::new(limits);
        plain.chunks(size).try_for_each(|piece| unpacker.read(piece))?;
        unpacker.finish()
    };
    let whole = read(plain.len().max(1));
    assert_eq!(read(piece), whole, "the pieces do not matter");
    let Ok(found) = whole else { return };
    for item in &found.items {
        let from = usize::try_from(item.offset).expect("within the bytes");
        let content = &plain[from..from + usize::try_from(item.bytes).expect("within the bytes")];
        assert_eq!(Hash::of(content), item.sha256, "an item is what its hash says");
    }
    let _ = found.verify(&seeds::key_of(&seeds::device_key()));
}

/// A statement: the body, a line feed, the seal; each part also alone, as what the parsers behind the signature read.
///
/// # Panics
/// If the signature of other bytes is taken for good, or what was read is not written and read alike.
pub fn statement(data: &[u8]) {
    static KEY: LazyLock<P256PublicKey> = LazyLock::new(|| seeds::key_of(&seeds::device_key()));
    let at = data.iter().rposition(|byte| *byte == b'\n').unwrap_or(data.len());
    let (body, seal) = (&data[..at], data.get(at + 1..).unwrap_or_default());
    if let Ok(jws) = std::str::from_utf8(seal)
        && let Ok(verified) = verify(body, jws, &KEY)
    {
        assert_eq!(verified.seal().body_sha256, Hash::of(body), "the seal names the body");
    }
    for part in [body, seal] {
        if let Ok(read) = plain_json::parse_as::<Body>(part) {
            let written = read.to_bytes().expect("a body that was read can be written");
            assert_eq!(plain_json::parse_as::<Body>(&written).ok().as_ref(), Some(&read));
        }
        let _ = plain_json::parse_as::<SealPayload>(part);
        let _ = Ink::parse(part);
        let _ = Intent::parse(part);
    }
}
