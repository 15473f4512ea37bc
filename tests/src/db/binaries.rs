//! Finds PostgreSQL's programs, in the same order as `scripts/postgres`.

use std::path::{Path, PathBuf};
use std::{env, fs};

use super::TestDbError;

/// PostgreSQL's programs that a cluster needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    /// Makes a data directory.
    pub(super) initdb: PathBuf,
    /// Serves it.
    pub(super) postgres: PathBuf,
}

/// Finds both programs in one directory, so that their versions agree.
///
/// # Errors
/// [`TestDbError::BinariesMissing`], which says how to get them.
pub(super) fn find() -> Result<Binaries, TestDbError> {
    in_first_of(candidates()).ok_or(TestDbError::BinariesMissing)
}

fn in_first_of(directories: impl Iterator<Item = PathBuf>) -> Option<Binaries> {
    let mut pairs = directories
        .map(|directory| Binaries { initdb: directory.join("initdb"), postgres: directory.join("postgres") });
    pairs.find(|pair| pair.initdb.is_file() && pair.postgres.is_file())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_programs_come_from_one_directory() {
        let root = env::temp_dir().join(crate::db::unique_name("doorstep-binaries"));
        let [half, whole] = ["half", "whole"].map(|name| root.join(name));
        for (directory, programs) in [(&half, &["initdb"][..]), (&whole, &["initdb", "postgres"])] {
            fs::create_dir_all(directory).unwrap();
            programs.iter().for_each(|program| fs::write(directory.join(program), "").unwrap());
        }
        let found = in_first_of([half.clone(), whole.clone()].into_iter());
        assert_eq!(found.map(|pair| pair.postgres), Some(whole.join("postgres")));
        assert_eq!(in_first_of([half].into_iter()), None);
        fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn what_is_missing_is_said_with_the_way_to_get_it() {
        let words = TestDbError::BinariesMissing.to_string();
        assert!(words.contains("initdb") && words.contains("scripts/postgres"), "{words}");
    }
}
