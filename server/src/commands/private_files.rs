//! Who may read what this process makes. Knows nothing of what is written where.

/// Makes every file and directory from here on readable for the user of the process alone.
///
/// Databases of server and phone hold private keys, and what stands beside them (write-ahead logs, blobs, locks) is
/// made by libraries: the mask of the process is the one place that reaches all of them. What exists keeps its mode.
///
/// # Concurrency
/// Holds for the whole process: to be called before other threads make files.
#[cfg(unix)]
pub(super) fn from_now_on() {
    use nix::sys::stat::{Mode, umask};
    umask(Mode::S_IRWXG | Mode::S_IRWXO);
}

/// Does nothing: the directory's access list decides, which new files inherit.
#[cfg(not(unix))]
pub(super) const fn from_now_on() {}
