//! How the allocator treats the memory of a server.
//!
//! glibc gives each of many threads an arena of its own, and keeps what a large request took. Two arenas and an earlier
//! return take a third off the memory of a server after a first sync, at no cost in time (`docs/BENCHMARKS.md`). It also
//! sweeps its lists of small free pieces for each piece of a kibibyte and more; without those lists a first sync, which is
//! documents of some kibibytes, takes a tenth less time. The HTTP library reads uploads into pieces of 128 KiB: they are
//! taken from what is kept, not from the system each time.

/// What glibc reads from the environment when a program starts, and from nowhere else (`mallopt(3)`).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const SETTINGS: [(&str, &str); 4] = [
    ("MALLOC_ARENA_MAX", "2"),
    ("MALLOC_TRIM_THRESHOLD_", "262144"),
    ("MALLOC_MMAP_THRESHOLD_", "262144"),
    ("GLIBC_TUNABLES", "glibc.malloc.mxfast=0"),
];

/// Says that the program was started again. A program with privileges of its own never sees the settings: glibc takes
/// them out of its environment, but not this.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const STARTED_AGAIN: &str = "DOORSTEP_STARTED_AGAIN";

/// Puts the same program in the place of this process, with the settings in its environment; its id stays.
///
/// Settings that the environment names already are the operator's, and where the program cannot be started again it runs
/// on as it is. To be called before anything is opened.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn settle() {
    use std::os::unix::process::CommandExt as _;

    let mut known = SETTINGS.iter().map(|(name, _)| *name).chain([STARTED_AGAIN]);
    if known.any(|name| std::env::var_os(name).is_some()) {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let mut again = std::process::Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    // Returns only if it failed.
    let _failed = again.args(arguments).envs(SETTINGS).env(STARTED_AGAIN, "1").exec();
}

/// Other allocators need no settings.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn settle() {}
