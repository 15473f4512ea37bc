//! A clock read from a file at each use, for dated scenarios with demo data.

use std::path::PathBuf;

use sync_core::time::UnixMillis;

use crate::ports::Clock;

/// Reads an RFC 3339 instant from a file whenever somebody asks for the time.
///
/// Server and phones share the file, so that a scenario runs at its stated times.
#[derive(Debug)]
pub struct FileClock {
    path: PathBuf,
    last: std::sync::atomic::AtomicI64,
}

impl FileClock {
    /// Opens the clock file.
    ///
    /// # Errors
    /// If the file cannot be read or holds no instant.
    pub fn open(path: PathBuf) -> std::io::Result<Self> {
        let now = read(&path)?;
        Ok(Self { path, last: std::sync::atomic::AtomicI64::new(now.0) })
    }
}

fn read(path: &std::path::Path) -> std::io::Result<UnixMillis> {
    let text = std::fs::read_to_string(path)?;
    UnixMillis::from_rfc3339(text.trim())
        .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, format!("{}: {error}", path.display())))
}

impl Clock for FileClock {
    fn now(&self) -> UnixMillis {
        use std::sync::atomic::Ordering::Relaxed;
        match read(&self.path) {
            Ok(now) => {
                self.last.store(now.0, Relaxed);
                now
            }
            // Somebody is writing the file just now: the last good instant stands.
            Err(_half_written) => UnixMillis(self.last.load(Relaxed)),
        }
    }
}
