//! The files of an upload, and which of them counts.
//!
//! It is that of the highest number. Whoever looks for it, begins it, takes it over, acknowledges bytes in it, gives it to
//! the blobs or removes it does so behind the gate of the upload: a lock that the operating system takes back when the
//! process ends, however that happens. So of any number of writers one at a time is at any of these steps, and what is left
//! to think through is what the one before left there, be it finished or killed:
//!
//! - *Opening.* A file that nobody has locked, and that is no blob as well, is gone on with. Else it is copied under a
//!   passing name, the copy synced and linked under the next number, the directory synced, the lower numbers removed.
//!   Killed before the link: the file of before counts, and its writer, if he lives, goes on in it. Killed after it: the copy
//!   counts. It has every byte that was acknowledged, for the writer of before acknowledges behind the gate: before the
//!   copy began, or never again. Lower numbers and passing names that stay are nobody's, and cost room until the upload ends.
//! - *Acknowledging.* Bytes and names are synced; then it is looked, behind the gate, whether the file counts still. Whoever
//!   takes over afterwards copies what is acknowledged; whoever did before has made a higher number.
//! - *A third writer* waits at the gate while the second one copies. He finds the copy, whose lock tells that the second one
//!   goes on in it, and takes over from him; or that of before, if the second one was killed.
//! - *A number that is used again*: only once all files are gone, as where the bytes were not what was declared. A writer of
//!   before then knows by the file itself that the one of his number is another's.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::fs_blobs::sync_directory;

/// The names of one upload.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) folder: PathBuf,
    pub(super) upload: String,
    /// The file whose lock is the gate; others share it.
    pub(super) gate: PathBuf,
    /// A name that nobody else uses, for what is not complete.
    pub(super) passing: PathBuf,
}

/// A file that its writer has locked.
pub(super) struct Held {
    pub(super) file: File,
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

/// The names of an upload, as long as nobody else looks at them or changes them.
pub(super) struct Entered<'a> {
    names: &'a Names,
    /// Locked.
    _gate: File,
}

impl Names {
    /// Waits until nobody else is behind the gate.
    pub(super) fn enter(&self) -> io::Result<Entered<'_>> {
        let options = File::options().read(true).write(true).create(true).truncate(false).clone();
        let gate = match options.open(&self.gate) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(self.gate.parent().unwrap_or(&self.gate))?;
                options.open(&self.gate)
            }
            gate => gate,
        }?;
        gate.lock()?;
        Ok(Entered { names: self, _gate: gate })
    }

    pub(super) fn numbered(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{}.{number}", self.upload))
    }
}

impl Entered<'_> {
    /// Every file of the upload.
    pub(super) fn all(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.names.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
        let is_ours = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem.to_string_lossy() == self.names.upload);
        Ok(paths.into_iter().filter(is_ours).collect())
    }

    /// The number that counts.
    fn highest(&self) -> io::Result<Option<u64>> {
        Ok(self.all()?.iter().filter_map(|path| number_of(path)).max())
    }

    /// Begins the upload, or goes on at the end of what has arrived.
    pub(super) fn open(&self) -> io::Result<Held> {
        loop {
            let Some(number) = self.highest()? else { return self.create() };
            match self.claim(number) {
                // Old enough to be forgotten, it was: nobody enters for that.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                held => return held,
            }
        }
    }

    fn create(&self) -> io::Result<Held> {
        fs::create_dir_all(&self.names.folder)?;
        let path = self.names.numbered(0);
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        file.try_lock().map_err(|_claimed| io::Error::from(ErrorKind::AlreadyExists))?;
        Ok(Held { file, path, bytes: 0 })
    }

    fn claim(&self, number: u64) -> io::Result<Held> {
        let path = self.names.numbered(number);
        let mut file = File::options().read(true).write(true).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return self.take_over(number),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        match file.metadata()?.nlink() {
            0 => Err(ErrorKind::NotFound.into()),
            1 => {
                let bytes = file.seek(SeekFrom::End(0))?;
                Ok(Held { file, path, bytes })
            }
            // It is a blob already: what is published is never written again.
            _ => self.take_over(number),
        }
    }

    /// Goes on under the next number, where whoever else has the file never comes.
    pub(super) fn take_over(&self, number: u64) -> io::Result<Held> {
        let next = number.saturating_add(1);
        let copied = self.copy(number).and_then(|copy| self.name(copy, next));
        // It has its name by now, or never will.
        let _ = fs::remove_file(&self.names.passing);
        let held = copied?;
        self.remove_below(next);
        Ok(held)
    }

    /// Copies what has arrived under the passing name.
    pub(super) fn copy(&self, number: u64) -> io::Result<Held> {
        let mut source = File::open(self.names.numbered(number))?;
        let path = self.names.passing.clone();
        let mut file = File::options().read(true).write(true).create_new(true).open(&path)?;
        file.try_lock().map_err(|_claimed| io::Error::from(ErrorKind::AlreadyExists))?;
        let bytes = io::copy(&mut source, &mut file)?;
        file.sync_all()?;
        Ok(Held { file, path, bytes })
    }

    /// Gives the copy its number: from here on it counts.
    pub(super) fn name(&self, copy: Held, number: u64) -> io::Result<Held> {
        let path = self.names.numbered(number);
        fs::hard_link(&copy.path, &path)?;
        sync_directory(&self.names.folder)?;
        Ok(Held { path, ..copy })
    }

    /// Removes what does not count any more; where it stays, it costs room only.
    fn remove_below(&self, number: u64) {
        for path in self.all().unwrap_or_default() {
            if number_of(&path).is_some_and(|earlier| earlier < number) {
                let _ = fs::remove_file(path);
            }
        }
    }

    /// Bytes of the file that counts.
    pub(super) fn received(&self) -> io::Result<u64> {
        let Some(number) = self.highest()? else { return Ok(0) };
        match fs::metadata(self.names.numbered(number)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
            found => Ok(found?.len()),
        }
    }

    /// Refuses a writer whose file does not count any more.
    ///
    /// # Errors
    /// Not found, if it is so.
    pub(super) fn check(&self, held: &File, path: &Path) -> io::Result<()> {
        let is_highest = self.highest()?.is_some_and(|number| self.names.numbered(number) == path);
        let (named, held) = (fs::metadata(path)?, held.metadata()?);
        let is_same = (named.dev(), named.ino()) == (held.dev(), held.ino());
        if is_highest && is_same { Ok(()) } else { Err(ErrorKind::NotFound.into()) }
    }

    /// Removes every file of the upload.
    pub(super) fn forget(&self) -> io::Result<()> {
        self.all()?.iter().try_for_each(|path| match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
    }
}

/// The number of an upload's file; none for a passing name.
fn number_of(path: &Path) -> Option<u64> {
    path.extension()?.to_str()?.parse().ok()
}
