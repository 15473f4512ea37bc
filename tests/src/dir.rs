//! A directory of its own for a test, removed with the value.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::db::unique_name;

/// A private directory.
#[derive(Debug)]
pub struct TestDir(PathBuf);

impl TestDir {
    /// Makes an empty directory.
    ///
    /// # Panics
    /// If the temporary directory of the machine cannot be written.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "making a directory is no default")]
    pub fn new() -> Self {
        let path = env::temp_dir().join(unique_name("doorstep-dir"));
        fs::create_dir(&path).unwrap_or_else(|error| panic!("cannot create {}: {error}", path.display()));
        Self(path)
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TestDir {
    fn drop(&mut self) {
        // A test that already failed must show its own reason, so this one is only printed.
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} was not removed: {error}", self.0.display());
        }
    }
}
