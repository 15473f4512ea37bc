//! A process killed at the exact system call that a test names, by `strace`.

use std::io::{BufRead as _, BufReader, ErrorKind};
use std::process::{Child, Command, Stdio};

/// What makes bytes durable: at each of these the machine may lose its power.
pub const DURABLE: &str = "write,pwrite64,fsync,fdatasync,ftruncate,?rename,?renameat,renameat2,?unlink,unlinkat";

/// The same with what speaks to another process, such as PostgreSQL.
pub const TALK: &str = "sendto,write,pwrite64,fsync,fdatasync,ftruncate,?rename,?renameat,renameat2,?unlink,unlinkat";

/// What brings an answer on its way.
pub const ANSWER: &str = "sendto,sendmsg,writev";

/// A trap on a process: SIGKILL at a call.
///
/// `strace` counts the calls of each thread for itself, from the moment the trap is set; the first thread that comes to
/// the named call ends the process before that call does anything.
#[derive(Debug)]
pub struct Trap(Child);

impl Trap {
    /// Sets a trap on a running process: it dies when one of its threads makes its `nth` of these calls, from 1.
    ///
    /// # Panics
    /// With what to do, if `strace` is missing or may not trace.
    #[must_use]
    pub fn set(process: u32, calls: &str, nth: usize) -> Self {
        let spawned = Command::new("strace")
            .args(["-f", "-o", "/dev/null", "-p", &process.to_string()])
            .args(["-e", &format!("trace={calls}"), "-e", &format!("inject={calls}:signal=SIGKILL:when={nth}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = match spawned {
            Err(error) if error.kind() == ErrorKind::NotFound => panic!(
                "strace is missing, without which no crash point can be tested: run scripts/strace, which installs \
                 Debian's package, or put strace on the PATH"
            ),
            spawned => spawned.expect("strace can be started"),
        };
        let mut lines =
            BufReader::new(child.stderr.take().expect("its errors are a pipe")).lines().map_while(Result::ok);
        let mut said = Vec::new();
        let is_set = lines.by_ref().any(|line| {
            said.push(line);
            said.last().is_some_and(|line| line.contains(" attached"))
        });
        let trap = Self(child);
        // It tells of every new thread, and would die if nobody listened.
        std::thread::spawn(move || lines.for_each(drop));
        assert!(
            is_set,
            "strace may not trace the server (a container needs SYS_PTRACE, a machine kernel.yama.ptrace_scope = 0 or \
             root): {}",
            said.join("\n")
        );
        trap
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        // It ends with the process it traces; one whose call never came is taken away.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
