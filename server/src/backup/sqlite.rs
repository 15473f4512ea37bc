//! The files of a SQLite database: what lies there is moved aside whole, and a restored one takes its place at one blow.
//!
//! A database is its file and the logs beside it. A log that stays behind is read into whatever file has the name next.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use doorstep_store::restores::{NewEpoch, NextNumber, begin_epoch, go_on_behind};
use doorstep_store::{StoreError, backup, migrate};

use super::BackupError;
use super::files::{copy, sync_directory};

/// What SQLite adds to the name of a database for its logs and their index.
///
/// # Source
/// SQLite, "Temporary Files Used By SQLite".
const LOGS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What stands before the instant in the name under which a database is kept.
pub(super) const ASIDE: &str = "before_restore_";

/// What is added to the name of a database for a note of the name under which it is being kept: who is killed in between
/// has moved a part of its files, and who goes on moves the others to the same name.
const BEGUN: &str = ".setting_aside";

/// What is added for a copy that is not whole yet.
const PARTIAL: &str = ".copying";

/// The file of a database and its logs, as far as they are there.
pub(super) fn files_of(path: &Path) -> Vec<PathBuf> {
    let all = std::iter::once(path.to_owned()).chain(LOGS.iter().map(|ending| beside(path, ending)));
    // One that cannot be looked at is there, too.
    all.filter(|file| file.symlink_metadata().map_or_else(|error| !is_absent(&error), |_| true)).collect()
}

fn is_absent(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::NotFound
}

/// The names of the same, for people.
pub(super) fn names_of(path: &Path) -> String {
    let names = files_of(path).into_iter().map(|file| file.display().to_string());
    names.collect::<Vec<_>>().join(", ")
}

/// The name under which a database is to be kept: `fresh`, unless a restore that was killed had begun to keep it under
/// another, or had just done so.
pub(super) fn aside_of(path: &Path, fresh: String) -> Result<String, BackupError> {
    if let Ok(begun) = fs::read_to_string(beside(path, BEGUN))
        && begun.strip_prefix(ASIDE).is_some_and(|at| at.parse::<i64>().is_ok())
    {
        let kept = beside(path, &format!(".{begun}"));
        // Whoever started a server meanwhile has made another database: what was kept is never written over.
        if !path.exists() || !kept.exists() || is_twin(path, &kept) {
            return Ok(begun);
        }
    }
    let directory = directory_of(path);
    let own = beside(path, &format!(".{ASIDE}"));
    let own = own.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for entry in fs::read_dir(directory).map_err(BackupError::file(directory))? {
        let entry = entry.map_err(BackupError::file(directory))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let at = name.strip_prefix(&own).filter(|at| at.parse::<i64>().is_ok());
        if let Some(at) = at
            && is_twin(path, &entry.path())
        {
            return Ok(format!("{ASIDE}{at}"));
        }
    }
    Ok(fresh)
}

/// Whether two names are those of one file.
fn is_twin(path: &Path, other: &Path) -> bool {
    let file = |path: &Path| path.metadata().ok().map(|file| (file.dev(), file.ino()));
    file(path).is_some_and(|one| file(other) == Some(one))
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Prepares a database in a file of its own, then renames it into place.
pub(super) fn place(epoch: &NewEpoch, dump: &Path, path: &Path, aside: Option<&str>) -> Result<(), BackupError> {
    let directory = directory_of(path);
    fs::create_dir_all(directory).map_err(BackupError::file(directory))?;
    let prepared = path.with_extension("restoring");
    for leftover in files_of(&prepared) {
        fs::remove_file(&leftover).map_err(BackupError::file(&leftover))?;
    }
    copy(dump, &prepared)?;
    backup::with_sqlite(&prepared, |conn| {
        migrate::run_pending(conn)?;
        begin_epoch(conn, epoch)
    })?;
    let begun = beside(path, BEGUN);
    if let Some(aside) = aside {
        let noted = fs::File::create(&begun).and_then(|mut file| {
            file.write_all(aside.as_bytes())?;
            file.sync_all()?;
            sync_directory(directory)
        });
        noted.map_err(BackupError::file(&begun))?;
        let given = put_aside(path, aside)?;
        backup::with_sqlite(&prepared, |conn| go_on_behind(conn, &given))?;
    } else if !files_of(path).is_empty() {
        // Blobs took long: whoever began meanwhile has data of his own there.
        return Err(StoreError::Open("the database is in use: stop the server first".to_owned()).into());
    }
    let synced = fs::File::open(&prepared).and_then(|file| file.sync_all());
    synced.map_err(BackupError::file(&prepared))?;
    // Before the other takes its place: from then on what was kept is whole, and nothing more may go under its name.
    match fs::remove_file(&begun) {
        Err(error) if !is_absent(&error) => return Err(BackupError::file(&begun)(error)),
        _ => {}
    }
    let placed = fs::rename(&prepared, path).and_then(|()| sync_directory(directory));
    placed.map_err(BackupError::file(path))
}

/// Keeps a database under another name; of what is whole the file stays where it is until another takes its place. Gives
/// the series of its numbers, if they can be read.
fn put_aside(path: &Path, aside: &str) -> Result<Vec<NextNumber>, BackupError> {
    let kept = beside(path, &format!(".{aside}"));
    // To open an empty file is to throw away the log that belongs to it.
    let has_content = path.metadata().is_ok_and(|metadata| metadata.len() > 0);
    let settled = if has_content { backup::settle_sqlite(path)? } else { false };
    if settled && beside(path, LOGS[0]).exists() {
        return Err(StoreError::Open("the database is in use: stop the server first".to_owned()).into());
    }
    // Under names by which SQLite reads what was damaged together.
    for ending in LOGS {
        move_there(&beside(path, ending), &beside(&kept, ending))?;
    }
    if !settled {
        move_there(path, &kept)?;
        // One that a restore has moved before it was killed is not opened: it may be damaged, and stays as it is.
        return Ok(Vec::new());
    }
    let given = backup::with_sqlite(path, NextNumber::list).unwrap_or_default();
    if is_twin(path, &kept) || fs::hard_link(path, &kept).is_ok() {
        return Ok(given);
    }
    let partial = beside(path, PARTIAL);
    copy(path, &partial)?;
    fs::rename(&partial, &kept).map_err(BackupError::file(&kept))?;
    Ok(given)
}

fn move_there(file: &Path, to: &Path) -> Result<(), BackupError> {
    match fs::rename(file, to) {
        Err(error) if !is_absent(&error) => Err(BackupError::file(file)(error)),
        _ => Ok(()),
    }
}

/// A file beside another, with a longer name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_is_kept_is_never_written_over_by_another_that_was_made_since() {
        let folder = std::env::temp_dir().join(format!("doorstep-aside-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a directory");
        let path = folder.join("db");
        let (begun, fresh) = (format!("{ASIDE}1"), format!("{ASIDE}2"));
        let kept = beside(&path, &format!(".{begun}"));
        fs::write(beside(&path, BEGUN), &begun).expect("the note");
        // Killed before anything, or when the file had moved: it goes on under the name that was begun.
        fs::write(&path, "the first").expect("a database");
        assert_eq!(aside_of(&path, fresh.clone()).expect("a name"), begun);
        fs::rename(&path, &kept).expect("moved");
        assert_eq!(aside_of(&path, fresh.clone()).expect("a name"), begun);
        // A server was started then.
        fs::write(&path, "the second").expect("another database");
        assert_eq!(aside_of(&path, fresh.clone()).expect("a name"), fresh);
        fs::remove_dir_all(&folder).expect("gone");
    }
}
