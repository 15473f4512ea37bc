//! Bytes of photos, openings and inks: files named by their hash, durable before any record names them.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sync_core::bytes::Hash;

use super::Store;
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
        if !std::fs::read(&path).is_ok_and(|found| found == bytes) {
            let partial = path.with_extension("partial");
            let write = || {
                let mut file = File::create(&partial)?;
                file.write_all(bytes)?;
                file.sync_all()?;
                std::fs::rename(&partial, &path)
            };
            write().map_err(PhoneError::file(&path))?;
        }
        // Also where the file was here: whoever wrote it may have been stopped before its name was durable.
        for made in [folder, &self.dir().join("blobs"), self.dir()] {
            sync_dir(made)?;
        }
        Ok(name)
    }

    /// The bytes of a blob.
    pub(crate) fn read_blob(&self, blob: &Hash) -> PhoneResult<Vec<u8>> {
        let path = self.blob_path(blob);
        std::fs::read(&path).map_err(PhoneError::file(&path))
    }

    /// Whether the bytes of a blob are here as they were; where the system does not say, they may be.
    pub(crate) fn has_blob(&self, blob: &Hash) -> bool {
        match std::fs::read(self.blob_path(blob)) {
            Ok(bytes) => Hash::of(&bytes) == *blob,
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        }
    }

    /// Drops the bytes of a blob; whether they were there.
    pub(crate) fn drop_blob(&self, blob: &Hash) -> PhoneResult<bool> {
        let path = self.blob_path(blob);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(PhoneError::file(&path)(error)),
        }
    }
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(dir: &Path) -> PhoneResult<()> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(PhoneError::file(dir))
}
