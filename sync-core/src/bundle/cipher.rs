//! The file around the contents: HPKE (RFC 9180, base mode, X25519, HKDF-SHA256, ChaCha20-Poly1305) in chunks.
//!
//! The file is a header of [`HEADER_BYTES`] and chunks of [`CHUNK_BYTES`] of plain bytes, each with its tag; only the
//! last may be shorter. HPKE counts the chunks in its nonce, the header is its `info`, and each chunk says under its
//! tag whether it is the last: a chunk that is missing, repeated, exchanged or cut off opens nothing.

use std::convert::Infallible;

use hpke::aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable as _, Kem, OpModeR, OpModeS, Serializable as _, setup_receiver, setup_sender_with_rng};

use super::BundleError;
use super::key::{BundlePublicKey, BundleSecretKey, KeyId};
use crate::bytes::Hash;

/// The first bytes of the file: what it is, and the version of the format.
const MAGIC: &[u8; 8] = b"DOORSTB1";

/// Bytes before the first chunk: magic, id of the key, encapsulated key.
pub const HEADER_BYTES: usize = 8 + 32 + 32;

/// Plain bytes of a chunk: what is in memory at once.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// Bytes of a chunk's tag.
const TAG_BYTES: usize = 16;

/// Bytes of a chunk in the file.
const SEALED_CHUNK_BYTES: usize = CHUNK_BYTES + TAG_BYTES;

/// Separates this use of HPKE from any other.
const INFO: &[u8] = b"doorstep-bundle-1";

/// Associated data of a chunk that is followed by another.
const GOES_ON: &[u8] = &[0];
/// Associated data of the last chunk.
const LAST: &[u8] = &[1];

type Sending = AeadCtxS<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>;
type Receiving = AeadCtxR<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>;
type Encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey;

/// Seals a stream of bytes.
pub struct Sealer {
    context: Sending,
    waiting: Vec<u8>,
}

impl Sealer {
    /// Begins a file for a key, from 32 random bytes that serve no other purpose; returns its header too.
    ///
    /// # Errors
    /// [`BundleError::Key`] for a key that would keep nothing secret.
    pub fn new(key: &BundlePublicKey, seed: [u8; 32]) -> Result<(Self, Vec<u8>), BundleError> {
        let id = key.id();
        let info = [INFO, MAGIC, id.as_bytes()].concat();
        let (encapsulated, context): (Encapsulated, Sending) =
            setup_sender_with_rng(&OpModeS::Base, &key.kem()?, &info, &mut Drawn(seed))
                .map_err(|_weak| BundleError::Key)?;
        let header = [MAGIC.as_slice(), id.as_bytes(), &encapsulated.to_bytes()].concat();
        Ok((Self { context, waiting: Vec::new() }, header))
    }

    /// Takes plain bytes and appends the chunks that are full to `out`.
    ///
    /// # Errors
    /// Only after more chunks than a file can have.
    pub fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), BundleError> {
        let Self { context, waiting } = self;
        // What is exactly full waits: it may be the last.
        in_chunks(waiting, bytes, CHUNK_BYTES, |chunk| {
            out.extend(context.seal(chunk, GOES_ON).map_err(|_too_many| BundleError::Damaged)?);
            Ok(())
        })
    }

    /// Appends the last chunk to `out`.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), BundleError> {
        out.extend(self.context.seal(&self.waiting, LAST).map_err(|_too_many| BundleError::Damaged)?);
        Ok(())
    }
}

/// The id of the key a file is sealed for, from its header.
///
/// # Errors
/// [`BundleError::Malformed`] if the bytes do not begin as a bundle does.
pub fn key_id_of(header: &[u8; HEADER_BYTES]) -> Result<KeyId, BundleError> {
    split(header).map(|(id, _)| id)
}

fn split(header: &[u8; HEADER_BYTES]) -> Result<(KeyId, &[u8]), BundleError> {
    let malformed = BundleError::Malformed { what: "it does not begin as a bundle does" };
    let rest = header.strip_prefix(MAGIC).ok_or_else(|| malformed.clone())?;
    let (id, encapsulated) = rest.split_first_chunk::<32>().ok_or(malformed)?;
    Ok((Hash(*id), encapsulated))
}

/// Opens a stream of bytes; what it has opened may still turn out to be the beginning of a file that was cut off.
pub struct Opener {
    context: Receiving,
    waiting: Vec<u8>,
}

impl Opener {
    /// Begins with the header of a file and the key that it names.
    ///
    /// # Errors
    /// [`BundleError::Malformed`] or [`BundleError::Damaged`].
    pub fn new(header: &[u8; HEADER_BYTES], key: &BundleSecretKey) -> Result<Self, BundleError> {
        let (id, encapsulated) = split(header)?;
        if id != key.public().id() {
            return Err(BundleError::Damaged);
        }
        let encapsulated = Encapsulated::from_bytes(encapsulated).map_err(|_length| BundleError::Damaged)?;
        let info = [INFO, MAGIC, id.as_bytes()].concat();
        let context: Receiving =
            setup_receiver(&OpModeR::Base, key.kem(), &encapsulated, &info).map_err(|_weak| BundleError::Damaged)?;
        Ok(Self { context, waiting: Vec::new() })
    }

    /// Takes bytes of the file and appends what they hold to `out`.
    ///
    /// # Errors
    /// [`BundleError::Damaged`].
    pub fn read(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), BundleError> {
        let Self { context, waiting } = self;
        in_chunks(waiting, bytes, SEALED_CHUNK_BYTES, |chunk| {
            out.extend(context.open(chunk, GOES_ON).map_err(|_tag| BundleError::Damaged)?);
            Ok(())
        })
    }

    /// Opens the last chunk: only now is it certain that nothing is missing.
    ///
    /// # Errors
    /// [`BundleError::Damaged`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), BundleError> {
        out.extend(self.context.open(&self.waiting, LAST).map_err(|_tag| BundleError::Damaged)?);
        Ok(())
    }
}

/// Hands on each chunk behind which something follows; the rest waits.
fn in_chunks(
    waiting: &mut Vec<u8>,
    mut bytes: &[u8],
    size: usize,
    mut take: impl FnMut(&[u8]) -> Result<(), BundleError>,
) -> Result<(), BundleError> {
    while !bytes.is_empty() {
        if waiting.len() == size {
            take(waiting)?;
            waiting.clear();
        }
        let (now, later) = bytes.split_at(bytes.len().min(size - waiting.len()));
        waiting.extend_from_slice(now);
        bytes = later;
    }
    Ok(())
}

/// Random bytes that were drawn by the caller, for a library that wants to draw them itself.
struct Drawn([u8; 32]);

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Each block is used once; HPKE asks for one.
    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        for part in into.chunks_mut(32) {
            part.copy_from_slice(self.0.get(..part.len()).unwrap_or_default());
            self.0 = Hash::of(&self.0).0;
        }
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}
