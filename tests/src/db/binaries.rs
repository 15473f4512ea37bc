//! Finds PostgreSQL's programs, in the same order as `scripts/postgres`.

use std::path::{Path, PathBuf};
use std::{env, fs};

use super::TestDbError;

/// Returns the path of one of PostgreSQL's programs.
///
/// # Errors
/// [`TestDbError::BinaryMissing`], which says how to get it.
pub(super) fn find(binary: &'static str) -> Result<PathBuf, TestDbError> {
    candidates()
        .map(|directory| directory.join(binary))
        .find(|program| program.is_file())
        .ok_or(TestDbError::BinaryMissing { binary })
}

fn candidates() -> impl Iterator<Item = PathBuf> {
    let named = env::var_os("PG_BIN").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = env::split_paths(&path).collect();
    named.into_iter().chain(on_path).chain(debian()).chain([PathBuf::from("/usr/local/bin")])
}

/// Debian's directories, the newest version first.
fn debian() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir("/usr/lib/postgresql") else { return Vec::new() };
    let mut directories: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    directories.sort_by_key(|directory| std::cmp::Reverse(version(directory)));
    directories.into_iter().map(|directory| directory.join("bin")).collect()
}

fn version(directory: &Path) -> u32 {
    directory.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok()).unwrap_or(0)
}
