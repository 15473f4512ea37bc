//! The database of a backup: SQLite by itself, PostgreSQL by the programs that come with it.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use doorstep_store::restores::{self, BlobEntry, NewEpoch, NextNumber};
use doorstep_store::{Conn, Store, StoreError, backup};
use sync_core::ids::EpochId;

use super::BackupError;

/// File of a SQLite database in a backup.
pub(super) const SQLITE_FILE: &str = "database.sqlite";
/// File of a PostgreSQL database in a backup, in the custom form of `pg_dump`.
pub(super) const POSTGRES_FILE: &str = "database.pgdump";

/// Bytes of a dump's text in memory at once.
const PIECE: usize = 64 * 1024;
/// Most bytes of what a program says of its failure that are shown.
const SAID_BYTES: u64 = 64 * 1024;

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
    given: &[NextNumber],
) -> Result<(), BackupError> {
    let mut read = program(programs, "pg_restore", "");
    read.args(["--no-owner", "--no-privileges", "--schema=public", "--file=-"]).arg(dump);
    let mut reading = Running::start("pg_restore", read.stdin(Stdio::null()).stdout(Stdio::piped()))?;
    let mut load = program(programs, "psql", url);
    load.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]);
    let mut loading = Running::start("psql", load.stdin(Stdio::piped()).stdout(Stdio::null()))?;
    let (Some(mut sql), Some(mut input)) = (reading.child.stdout.take(), loading.child.stdin.take()) else {
        return Err(BackupError::Refused("the programs of PostgreSQL have no pipes".to_owned()));
    };
    let passed = begin(&mut input, aside).and_then(|()| pass_on(&mut sql, &mut input));
    drop(sql);
    let read = reading.end();
    // A psql that gave up has said why on its own; that counts, not the pipes that broke for it.
    let written = match (passed, read) {
        (Ok(()), Ok(())) => commit(&mut input, epoch, given),
        // A text that ends too early is not committed: without that word psql takes nothing.
        (Ok(()), Err(cut)) => {
            drop(input);
            let _ = loading.end();
            return Err(cut);
        }
        (Err(error), _) => Err(error),
    };
    drop(input);
    loading.end()?;
    written.map_err(|error| BackupError::Program { program: "psql".to_owned(), said: error.to_string() })
}

/// Begins the transaction, with the schema that is there moved aside.
fn begin(input: &mut impl Write, aside: Option<&str>) -> io::Result<()> {
    input.write_all(b"BEGIN;\n")?;
    aside.map_or(Ok(()), |aside| writeln!(input, "ALTER SCHEMA public RENAME TO {aside};\nCREATE SCHEMA public;"))
}

/// Ends it with the new epoch, and with numbers behind those that were given.
fn commit(input: &mut impl Write, epoch: &NewEpoch, given: &[NextNumber]) -> io::Result<()> {
    writeln!(input, "\nSET LOCAL search_path = public;")?;
    epoch.statements().iter().try_for_each(|statement| writeln!(input, "{statement};"))?;
    given.iter().try_for_each(|number| writeln!(input, "{};", number.statement()))?;
    input.write_all(b"COMMIT;\n")
}

/// Copies to the end; a piece at a time is in memory.
fn pass_on(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => to.write_all(piece.get(..length).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A program that runs, and what it says of its failure, which is read all the while: it must not wait for us.
struct Running {
    name: &'static str,
    child: Child,
    errors: Option<JoinHandle<Vec<u8>>>,
}

impl Running {
    fn start(name: &'static str, command: &mut Command) -> Result<Self, BackupError> {
        let mut child = command.stderr(Stdio::piped()).spawn().map_err(|error| program_missing(name, &error))?;
        let errors = child.stderr.take().map(|mut errors| {
            std::thread::spawn(move || {
                let mut said = Vec::new();
                // What cannot be read is not shown; the exit code tells that it failed.
                let _ = errors.by_ref().take(SAID_BYTES).read_to_end(&mut said);
                let _ = io::copy(&mut errors, &mut io::sink());
                said
            })
        });
        Ok(Self { name, child, errors })
    }

    /// Waits for its end.
    fn end(mut self) -> Result<(), BackupError> {
        let status = self.child.wait();
        let errors = self.errors.take().and_then(|errors| errors.join().ok()).unwrap_or_default();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(_) => Err(said(self.name, &errors)),
            Err(error) => Err(said(self.name, error.to_string().as_bytes())),
        }
    }
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

fn finish(name: &str, output: io::Result<std::process::Output>) -> Result<(), BackupError> {
    let output = output.map_err(|error| program_missing(name, &error))?;
    if output.status.success() { Ok(()) } else { Err(said(name, &output.stderr)) }
}

fn said(name: &str, errors: &[u8]) -> BackupError {
    BackupError::Program { program: name.to_owned(), said: String::from_utf8_lossy(errors).trim().to_owned() }
}

fn program_missing(name: &str, error: &io::Error) -> BackupError {
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
