//! The database of a backup: SQLite by itself, PostgreSQL by the programs that come with it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use doorstep_store::restores::{self, BlobEntry, NewEpoch};
use doorstep_store::{Conn, Store, StoreError, backup};
use sync_core::ids::EpochId;

use super::BackupError;

/// File of a SQLite database in a backup.
pub(super) const SQLITE_FILE: &str = "database.sqlite";
/// File of a PostgreSQL database in a backup, in the custom form of `pg_dump`.
pub(super) const POSTGRES_FILE: &str = "database.pgdump";

/// What a copied database says of itself.
#[derive(Debug)]
pub(super) struct Copied {
    pub epoch: EpochId,
    pub blobs: Vec<BlobEntry>,
}

/// Copies a SQLite database that may be in use.
pub(super) fn copy_sqlite(from: &Path, directory: &Path) -> Result<Copied, BackupError> {
    let file = directory.join(SQLITE_FILE);
    backup::copy_sqlite(from, &file)?;
    backup::with_sqlite(&file, |conn| Ok(contents(conn))).map_err(BackupError::from)?
}

/// Dumps a PostgreSQL database that may be in use; blobs are listed from the very snapshot that is dumped.
pub(super) async fn dump_postgres(
    store: &Store,
    url: &str,
    programs: Option<PathBuf>,
    directory: &Path,
) -> Result<Copied, BackupError> {
    let (url, file) = (url.to_owned(), directory.join(POSTGRES_FILE));
    let dumped = store.read(move |conn| {
        let copied = contents(conn);
        let snapshot = backup::export_snapshot(conn)?;
        let mut dump = program(programs.as_deref(), "pg_dump", &url);
        dump.args(["--format=custom", "--schema=public", "--no-owner", "--no-privileges"]);
        dump.arg(format!("--snapshot={snapshot}")).arg("--file").arg(&file);
        let said = finish("pg_dump", dump.stdin(Stdio::null()).output());
        Ok::<_, StoreError>(said.and(copied))
    });
    dumped.await?
}

/// The epoch and the blobs of a database.
fn contents(conn: &mut Conn) -> Result<Copied, BackupError> {
    let epoch = restores::find_epoch(conn)?
        .ok_or_else(|| BackupError::Refused("the database has never served: there is nothing to back up".into()))?;
    Ok(Copied { epoch: epoch.id.0, blobs: backup::list_all_blobs(conn)? })
}

/// Puts a dump in the place of the schema `public`, which is moved aside if it holds anything, and begins the epoch:
/// one transaction, so that no moment shows the old epoch with restored data.
pub(super) fn load_postgres(
    url: &str,
    programs: Option<&Path>,
    dump: &Path,
    aside: Option<&str>,
    epoch: &NewEpoch,
) -> Result<(), BackupError> {
    let mut read = program(programs, "pg_restore", "");
    read.args(["--no-owner", "--no-privileges", "--schema=public", "--file=-"]).arg(dump);
    let read = read.stdin(Stdio::null()).stderr(Stdio::piped()).output();
    let failed = |error: std::io::Error| BackupError::Program { program: "psql".to_owned(), said: error.to_string() };
    let sql = read.map_err(|error| program_missing("pg_restore", &error))?;
    if !sql.status.success() {
        return Err(said("pg_restore", &sql.stderr));
    }
    let mut load = program(programs, "psql", url);
    load.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]);
    let mut child = load
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| program_missing("psql", &error))?;
    let mut input = child.stdin.take().ok_or_else(|| BackupError::Refused("psql takes no input".to_owned()))?;
    // A psql that gave up has said why on its own; that counts, not the broken pipe.
    let written = (|| {
        input.write_all(b"BEGIN;\n")?;
        if let Some(aside) = aside {
            writeln!(input, "ALTER SCHEMA public RENAME TO {aside};\nCREATE SCHEMA public;")?;
        }
        input.write_all(&sql.stdout)?;
        writeln!(input, "\nSET LOCAL search_path = public;")?;
        epoch.statements().iter().try_for_each(|statement| writeln!(input, "{statement};"))?;
        input.write_all(b"COMMIT;\n")
    })();
    drop(input);
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        return Err(said("psql", &output.stderr));
    }
    written.map_err(failed)
}

/// A program of PostgreSQL, pointed at a database; a password in the URL never stands among the arguments.
fn program(programs: Option<&Path>, name: &str, url: &str) -> Command {
    // Some systems keep the programs of clients apart from those of the server.
    let named = programs.map(|directory| directory.join(name)).filter(|file| file.is_file());
    let mut command = Command::new(named.unwrap_or_else(|| PathBuf::from(name)));
    if !url.is_empty() {
        let (shown, password) = without_password(url);
        command.arg(format!("--dbname={shown}"));
        if let Some(password) = password {
            command.env("PGPASSWORD", password);
        }
    }
    command
}

/// The URL without the password in it, and the password.
fn without_password(url: &str) -> (String, Option<String>) {
    let parts = url.split_once("://").and_then(|(scheme, rest)| {
        let (person, place) = rest.split_once('@')?;
        let (user, password) = person.split_once(':')?;
        Some((format!("{scheme}://{user}@{place}"), password.to_owned()))
    });
    parts.map_or_else(|| (url.to_owned(), None), |(shown, password)| (shown, Some(password)))
}

fn finish(name: &str, output: std::io::Result<std::process::Output>) -> Result<(), BackupError> {
    let output = output.map_err(|error| program_missing(name, &error))?;
    if output.status.success() { Ok(()) } else { Err(said(name, &output.stderr)) }
}

fn said(name: &str, errors: &[u8]) -> BackupError {
    BackupError::Program { program: name.to_owned(), said: String::from_utf8_lossy(errors).trim().to_owned() }
}

fn program_missing(name: &str, error: &std::io::Error) -> BackupError {
    let said = format!("{error}; it comes with PostgreSQL: put it on the PATH or name its directory with --pg-bin");
    BackupError::Program { program: name.to_owned(), said }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_stays_out_of_the_arguments() {
        assert_eq!(
            without_password("postgres://u:p@h:5432/d?a=b"),
            ("postgres://u@h:5432/d?a=b".to_owned(), Some("p".to_owned()))
        );
        for plain in ["postgres://u@h/d", "postgres:///d?host=/tmp/x"] {
            assert_eq!(without_password(plain), (plain.to_owned(), None));
        }
    }
}
