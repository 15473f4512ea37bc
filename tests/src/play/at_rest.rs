//! What a phone keeps, read with its key by a hand of its own, to what `docs/SECURITY.md` says of it.

use std::fs;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};

/// The file with the key of a store: beside its directory.
fn key_path(store: &Path) -> PathBuf {
    store.with_extension("key")
}

/// Opens what is kept at a place.
///
/// # Panics
/// If it is not sealed, or by another key, or at another place.
pub(super) fn open(store: &Path, place: &str, kept: &[u8]) -> Vec<u8> {
    let (nonce, msg) = kept.strip_prefix(&[1]).and_then(|rest| rest.split_at_checked(24)).expect("it is sealed");
    let nonce = nonce.try_into().expect("24 bytes");
    cipher(store).decrypt(nonce, Payload { msg, aad: place.as_bytes() }).expect("it is sealed for this place")
}

/// Seals what is to be kept at a place.
///
/// # Panics
/// If there is no key.
pub(super) fn seal(store: &Path, place: &str, plain: &[u8]) -> Vec<u8> {
    // No secret of anybody is in the stores of tests.
    let nonce = [7; 24];
    let payload = Payload { msg: plain, aad: place.as_bytes() };
    let sealed = cipher(store).encrypt(&nonce.into(), payload).expect("sealed");
    [&[1], nonce.as_slice(), &sealed].concat()
}

fn cipher(store: &Path) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new_from_slice(&fs::read(key_path(store)).expect("the key of the store")).expect("32 bytes")
}
