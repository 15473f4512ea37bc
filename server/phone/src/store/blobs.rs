//! Bytes of photos, openings and inks: files named by their hash, durable before any record names them.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use sync_core::bytes::Hash;

use super::Store;
use super::at_rest::StoreKey;
use crate::error::{PhoneError, PhoneResult};

impl Store {
    /// The file of a blob.
    pub(crate) fn blob_path(&self, blob: &Hash) -> PathBuf {
        let name = blob.to_string();
        let folder = name.get(..2).unwrap_or_default();
        self.dir().join("blobs").join(folder).join(&name)
    }

    /// Makes bytes durable under their hash; a file that was damaged meanwhile is written anew.
    pub(crate) fn keep_blob(&self, bytes: &[u8]) -> PhoneResult<Hash> {
        let name = Hash::of(bytes);
        let path = self.blob_path(&name);
        let folder = path.parent().unwrap_or(self.dir());
        std::fs::create_dir_all(folder).map_err(PhoneError::file(folder))?;
        if self.read_blob(&name).is_err() {
            write_blob(&path, &self.key()?.seal(&place(&name), bytes)?)?;
        }
        // Also where the file was here: whoever wrote it may have been stopped before its name was durable.
        for made in [folder, &self.dir().join("blobs"), self.dir()] {
            sync_dir(made)?;
        }
        Ok(name)
    }

    /// The bytes of a blob as they were.
    ///
    /// # Errors
    /// [`PhoneError::File`]: `NotFound` where there are none, `InvalidData` where they are damaged.
    pub(crate) fn read_blob(&self, blob: &Hash) -> PhoneResult<Vec<u8>> {
        let path = self.blob_path(blob);
        let kept = std::fs::read(&path).map_err(PhoneError::file(&path))?;
        // A store of before there was a key may have it as it came, if it was stopped while it sealed what it had.
        let opened = self.key()?.open(&place(blob), &kept).or(Some(kept));
        let is_it = |bytes: &Vec<u8>| Hash::of(bytes) == *blob;
        opened.filter(is_it).ok_or_else(|| PhoneError::file(&path)(ErrorKind::InvalidData.into()))
    }

    /// Whether the bytes of a blob are here as they were; where the system does not say, they may be.
    pub(crate) fn has_blob(&self, blob: &Hash) -> bool {
        match self.read_blob(blob) {
            Ok(_) => true,
            Err(PhoneError::File { source, .. }) => {
                !matches!(source.kind(), ErrorKind::NotFound | ErrorKind::InvalidData)
            }
            Err(_) => true,
        }
    }

    /// Seals the blobs of a store of before there were keys.
    pub(super) fn seal_blobs(&self, key: &StoreKey) -> PhoneResult<()> {
        let folders = entries(&self.dir().join("blobs"))?;
        for path in folders.iter().map(|folder| entries(folder)).collect::<PhoneResult<Vec<_>>>()?.concat() {
            let bytes = std::fs::read(&path).map_err(PhoneError::file(&path))?;
            let name = Hash::of(&bytes);
            // What is damaged or sealed already stays as it is.
            if path.file_name().is_some_and(|file| *file == *name.to_string()) {
                write_blob(&path, &key.seal(&place(&name), &bytes)?)?;
            } else if path.extension().is_some_and(|is| is == "partial") {
                // No record names what was not written to its end, and it is not sealed.
                std::fs::remove_file(&path).map_err(PhoneError::file(&path))?;
            }
        }
        Ok(())
    }

    /// Drops the bytes of a blob; whether they were there.
    pub(crate) fn drop_blob(&self, blob: &Hash) -> PhoneResult<bool> {
        let path = self.blob_path(blob);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(PhoneError::file(&path)(error)),
        }
    }
}

/// Puts a file in its place, durable but for its name.
fn write_blob(path: &Path, sealed: &[u8]) -> PhoneResult<()> {
    // Two commands may keep the same bytes at once.
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let write = || {
        let mut file = File::create(&partial)?;
        file.write_all(sealed)?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    };
    write().map_err(PhoneError::file(path))
}

/// What is in a directory, which may be missing.
fn entries(dir: &Path) -> PhoneResult<Vec<PathBuf>> {
    match std::fs::read_dir(dir).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect()) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        found => found.map_err(PhoneError::file(dir)),
    }
}

/// What a sealed blob is bound to.
fn place(blob: &Hash) -> String {
    format!("blobs/{blob}")
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> PhoneResult<()> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(PhoneError::file(dir))
}
