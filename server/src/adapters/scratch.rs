//! Files of one process for bytes on their way: without a name, or with one that nobody else uses.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A directory that belongs to one process; leftovers of a killed one are removed at the next start.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: PathBuf,
    next: AtomicU64,
}

impl Scratch {
    /// Names files in a directory, which whoever makes one must have made.
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), next: AtomicU64::new(0) }
    }

    /// A name that was not given before.
    pub(super) fn path(&self, what: &str) -> PathBuf {
        self.folder.join(format!("{}-{what}", self.next.fetch_add(1, Ordering::Relaxed)))
    }

    /// An empty file without a name.
    pub(super) fn file(&self) -> io::Result<File> {
        let path = self.path("scratch");
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        // Where an open file cannot be removed, the next process that opens the directory does it.
        let _ = std::fs::remove_file(&path);
        Ok(file)
    }
}
