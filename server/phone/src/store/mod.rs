//! The phone's durable store: one directory, one writer, one transaction per command.
//!
//! Owns the database file, its lock, the directory of blobs and the key that seals them. Knows nothing of visits or of the network.

mod at_rest;
#[cfg(test)]
mod at_rest_tests;
pub(crate) mod blobs;
mod items;
pub(crate) mod model;
#[cfg(test)]
mod tests;
pub(crate) mod tx;

use std::fs::File;
use std::path::{Path, PathBuf};

use redb::{Database, Durability};

use crate::error::{PhoneError, PhoneResult, usage};

use at_rest::StoreKey;
pub(crate) use tx::Tx;

/// File of the database.
const DATABASE: &str = "phone.redb";
/// File whose lock makes commands take turns.
const LOCK: &str = "lock";
/// File whose lock belongs to the one sync that may run.
const SYNC_LOCK: &str = "sync.lock";

/// The store of one phone.
///
/// # Concurrency
/// The database is open only inside `write`, `read` and `erase_if`, which wait for each other across
/// processes; nothing holds it while the network is slow, so capturing never waits for a sync.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
}

impl Store {
    /// Opens the store in a directory; makes nothing, so that a mistyped name is found out.
    ///
    /// # Errors
    /// [`PhoneError::NoStore`] if there is none.
    pub fn open(dir: &Path) -> PhoneResult<Self> {
        if !dir.join(DATABASE).is_file() {
            return Err(PhoneError::NoStore(dir.display().to_string()));
        }
        Ok(Self { dir: dir.to_owned() })
    }

    /// Opens or makes the store in a directory.
    ///
    /// # Errors
    /// [`PhoneError::File`] if the directory cannot be made.
    pub fn create(dir: &Path) -> PhoneResult<Self> {
        std::fs::create_dir_all(dir).map_err(PhoneError::file(dir))?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Runs a command in one transaction: durable as a whole when this returns, or without any trace.
    ///
    /// # Errors
    /// Whatever the closure returns, and failures of the store.
    pub(crate) fn write<T>(&self, run: impl FnOnce(&Tx) -> PhoneResult<T>) -> PhoneResult<T> {
        let _turn = self.lock(LOCK)?;
        let tx = self.begin()?;
        self.settle_incarnation(&tx)?;
        let result = run(&tx)?;
        tx.commit()?;
        Ok(result)
    }

    /// Runs a question in one transaction that changes nothing.
    ///
    /// # Errors
    /// Whatever the closure returns, and failures of the store.
    pub(crate) fn read<T>(&self, run: impl FnOnce(&Tx) -> PhoneResult<T>) -> PhoneResult<T> {
        let _turn = self.lock(LOCK)?;
        self.ask(run)
    }

    /// Removes everything but what [`crate::wipe`] wrote; the same again finishes what a kill left.
    ///
    /// # Errors
    /// [`PhoneError::File`] if something cannot be removed.
    pub(crate) fn erase(&self) -> PhoneResult<()> {
        let _turn = self.lock(LOCK)?;
        self.remove()
    }

    /// Removes everything as [`Store::erase`] does if `last` comes to something; no command writes in between.
    ///
    /// # Errors
    /// Whatever the closure returns, and [`PhoneError::File`] if something cannot be removed.
    pub(crate) fn erase_if<T>(&self, last: impl FnOnce(&Tx) -> PhoneResult<Option<T>>) -> PhoneResult<Option<T>> {
        let _turn = self.lock(LOCK)?;
        let found = self.ask(last)?;
        if found.is_some() {
            self.remove()?;
        }
        Ok(found)
    }

    fn ask<T>(&self, run: impl FnOnce(&Tx) -> PhoneResult<T>) -> PhoneResult<T> {
        run(&self.begin()?)
    }

    /// Begins a transaction with the key of the store, which is drawn where the store is not sealed yet.
    fn begin(&self) -> PhoneResult<Tx> {
        let mut transaction = self.database()?.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        let is_sealed = tx::is_sealed(&transaction)?;
        let path = self.key_path();
        let key = match StoreKey::load(&path)? {
            Some(key) => key,
            None if is_sealed => return Err(PhoneError::NoKey(path.display().to_string())),
            None => StoreKey::create(&path)?,
        };
        if !is_sealed {
            self.seal_blobs(&key)?;
        }
        Tx::new(transaction, key)
    }

    /// The key of the store, which its first transaction has drawn.
    pub(crate) fn key(&self) -> PhoneResult<StoreKey> {
        let path = self.key_path();
        StoreKey::load(&path)?.ok_or_else(|| PhoneError::NoKey(path.display().to_string()))
    }

    /// The file of the key.
    fn key_path(&self) -> PathBuf {
        StoreKey::path(&self.dir)
    }

    fn remove(&self) -> PhoneResult<()> {
        let (database, blobs) = (self.dir.join(DATABASE), self.dir.join("blobs"));
        // Without it nothing of what is unlinked can be read any more, however long its bytes stay on the medium.
        StoreKey::destroy(&self.key_path())?;
        let is_absent = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
        for (path, removed) in [(&blobs, std::fs::remove_dir_all(&blobs)), (&database, std::fs::remove_file(&database))]
        {
            removed
                .or_else(|error| if is_absent(&error) { Ok(()) } else { Err(error) })
                .map_err(PhoneError::file(path))?;
        }
        blobs::sync_dir(&self.dir)
    }

    /// Takes the right to sync; it ends when the file is dropped or the process dies.
    pub(crate) fn sync_turn(&self) -> PhoneResult<File> {
        let file = self.lock_file(SYNC_LOCK)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => usage("another sync of this phone is running"),
            Err(std::fs::TryLockError::Error(error)) => Err(PhoneError::file(&self.dir.join(SYNC_LOCK))(error)),
        }
    }

    fn lock(&self, name: &str) -> PhoneResult<File> {
        let file = self.lock_file(name)?;
        file.lock().map_err(PhoneError::file(&self.dir.join(name)))?;
        Ok(file)
    }

    fn lock_file(&self, name: &str) -> PhoneResult<File> {
        let path = self.dir.join(name);
        File::options().create(true).append(true).open(&path).map_err(PhoneError::file(&path))
    }

    fn database(&self) -> PhoneResult<Database> {
        let path = self.dir.join(DATABASE);
        let is_new = !path.exists();
        let database = Database::create(&path)?;
        if is_new {
            // The name of the file must survive a power cut as well as its content.
            blobs::sync_dir(&self.dir)?;
        }
        Ok(database)
    }

    /// Ends the use of all actors if this store is a copy: a clone or an old state must not write as the original.
    fn settle_incarnation(&self, tx: &Tx) -> PhoneResult<()> {
        let here = incarnation(&self.dir.join(DATABASE));
        let known: Option<String> = tx.meta("incarnation")?;
        if known.is_some() && known == here {
            return Ok(());
        }
        if known.is_some() {
            tx.retire_actors()?;
        }
        here.map_or(Ok(()), |here| tx.set_meta("incarnation", &here))
    }
}

/// What tells a database file from its copies, where the system has such a thing.
#[cfg(unix)]
fn incarnation(path: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let data = std::fs::metadata(path).ok()?;
    // The number of a removed file is given again; its birth is not.
    let born = data.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    Some(format!("{}:{}:{}", data.dev(), data.ino(), born.map_or(0, |born| born.as_nanos())))
}

/// No such thing here: forks are then found by the server (`actor_forked`).
#[cfg(not(unix))]
fn incarnation(_path: &Path) -> Option<String> {
    None
}
