//! Encryption of the store at rest: what lies in its directory says nothing without the key, which lies elsewhere.
//!
//! A real phone keeps the key in Keystore or Secure Enclave; this one in a file beside the directory, never in it.
//! XChaCha20-Poly1305 seals each value and each blob by itself, bound to its place: none passes for another. What stays
//! readable are ids, hashes and sizes.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};

use super::blobs::sync_dir;
use crate::error::{PhoneError, PhoneResult};
use crate::keys::random;

/// First byte of what is sealed; neither JSON, a document nor a picture begins with it.
const SEALED: u8 = 1;

/// Bytes of a nonce of `XChaCha20`, many enough to draw it at random (draft-irtf-cfrg-xchacha, section 2.1).
const NONCE: usize = 24;

/// The key of a store.
// Rule: DOC-08
pub(crate) struct StoreKey(XChaCha20Poly1305);

impl StoreKey {
    /// The file of the key of a store that lies in a directory.
    pub(crate) fn path(dir: &Path) -> PathBuf {
        // `.` and the like have no name of their own to put an ending to.
        let dir = dir.canonicalize().unwrap_or_else(|_not_there_yet| dir.to_owned());
        let mut name = dir.into_os_string();
        name.push(".key");
        PathBuf::from(name)
    }

    /// The key in a file, if there is one.
    ///
    /// # Errors
    /// [`PhoneError::File`] if it cannot be read; [`PhoneError::Store`] if it is none.
    pub(crate) fn load(path: &Path) -> PhoneResult<Option<Self>> {
        match std::fs::read(path) {
            Ok(bytes) => match XChaCha20Poly1305::new_from_slice(&bytes) {
                Ok(cipher) => Ok(Some(Self(cipher))),
                Err(_length) => Err(PhoneError::Store(format!("{} holds no key of 32 bytes", path.display()))),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(PhoneError::file(path)(error)),
        }
    }

    /// Draws a key and makes it durable, for its owner alone to read.
    ///
    /// # Errors
    /// [`PhoneError::File`] if it cannot be written.
    pub(crate) fn create(path: &Path) -> PhoneResult<Self> {
        let secret: [u8; 32] = random()?;
        let partial = path.with_extension("key.partial");
        let write = || {
            let mut file = private(&partial)?;
            file.write_all(&secret)?;
            file.sync_all()?;
            std::fs::rename(&partial, path)
        };
        write().map_err(PhoneError::file(path))?;
        sync_dir(parent(path))?;
        Ok(Self(XChaCha20Poly1305::new(&secret.into())))
    }

    /// Overwrites and removes a key, if there is one.
    ///
    /// # Errors
    /// [`PhoneError::File`] if it cannot be removed.
    pub(crate) fn destroy(path: &Path) -> PhoneResult<()> {
        let overwrite = || {
            let mut file = OpenOptions::new().write(true).open(path)?;
            file.write_all(&[0; 32])?;
            file.sync_all()
        };
        // A key that cannot be overwritten is to go all the same.
        let overwritten = overwrite();
        match std::fs::remove_file(path).and(overwritten) {
            Ok(()) => sync_dir(parent(path)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(PhoneError::file(path)(error)),
        }
    }

    /// Seals what is kept at a place.
    ///
    /// # Errors
    /// [`PhoneError::Store`] if the system gives no random bytes.
    pub(crate) fn seal(&self, place: &str, plain: &[u8]) -> PhoneResult<Vec<u8>> {
        let nonce: [u8; NONCE] = random()?;
        let payload = Payload { msg: plain, aad: place.as_bytes() };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_too_long| PhoneError::Store(format!("{place} cannot be sealed")))?;
        Ok([[SEALED].as_slice(), &nonce, &sealed].concat())
    }

    /// Opens what is kept at a place; `None` if it is damaged, belongs elsewhere or to another key.
    pub(crate) fn open(&self, place: &str, kept: &[u8]) -> Option<Vec<u8>> {
        let (nonce, msg) = kept.strip_prefix(&[SEALED])?.split_first_chunk::<NONCE>()?;
        self.0.decrypt(&XNonce::from(*nonce), Payload { msg, aad: place.as_bytes() }).ok()
    }
}

/// The directory of a file.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A new file that only its owner reads.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
