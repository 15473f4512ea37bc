//! A process killed at the exact system call that a test names, or watched at it, by `strace`.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead as _, BufReader, ErrorKind};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::dir::TestDir;

/// What makes bytes durable: at each of these the machine may lose its power.
pub const DURABLE: &str =
    "write,pwrite64,fsync,fdatasync,ftruncate,?link,linkat,?rename,?renameat,renameat2,?unlink,unlinkat";

/// The same with what speaks to another process, such as PostgreSQL.
pub const TALK: &str =
    "sendto,write,pwrite64,fsync,fdatasync,ftruncate,?link,linkat,?rename,?renameat,renameat2,?unlink,unlinkat";

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
        Self(attach(process, &["-o", "/dev/null"], &killing(calls, nth)))
    }

    /// A command whose process dies when one of its threads makes its `nth` of these calls, from 1 at its start.
    ///
    /// # Panics
    /// With what to do, if `strace` is missing.
    #[must_use]
    pub fn around(command: &Command, calls: &str, nth: usize) -> Command {
        let found = Command::new("strace").arg("-V").stdout(Stdio::null()).status();
        assert!(spawned(found).success(), "strace can be run");
        let mut trapped = Command::new("strace");
        // The process stays the child of whoever starts the command; `strace` is the one that stands aside.
        trapped.args(["-D", "-f", "-o", "/dev/null"]).args(killing(calls, nth)).arg("--");
        trapped.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            trapped.env(name, value.unwrap_or(OsStr::new("")));
        }
        if let Some(directory) = command.get_current_dir() {
            trapped.current_dir(directory);
        }
        trapped
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        // It ends with the process it traces; one whose call never came is taken away.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A watch on a process: the calls that its threads make, in the order in which they begin and end.
#[derive(Debug)]
pub struct Watch {
    strace: Child,
    told: PathBuf,
    _directory: TestDir,
}

/// A call that was watched; a moment is a number that grows.
#[derive(Debug, Clone)]
pub struct Watched {
    /// When it began.
    pub began: usize,
    /// When it ended.
    pub ended: usize,
    /// As `strace` tells it, such as `fdatasync(9<doorstep.sqlite-wal>) = 0`; without its end where the watch was
    /// over first.
    pub text: String,
}

impl Watched {
    /// What it returned, with a remark of `strace`; nothing while it goes on.
    #[must_use]
    pub fn result(&self) -> &str {
        self.text.rsplit_once(" = ").map_or("", |(_, result)| result)
    }

    /// What its first argument is: a path, or the number of a socket.
    #[must_use]
    pub fn place(&self) -> &str {
        let behind = self.text.split_once('<').map_or("", |(_, behind)| behind);
        behind.split_once('>').map_or("", |(place, _)| place)
    }
}

impl Watch {
    /// Begins to watch calls of a running process; `delay` holds up each of some calls, in microseconds, once it is done.
    ///
    /// # Panics
    /// With what to do, if `strace` is missing or may not trace.
    #[must_use]
    pub fn begin(process: u32, calls: &str, delay: Option<(&str, u32)>) -> Self {
        let directory = TestDir::new();
        let told = directory.path().join("calls");
        let mut expressions = vec!["-e".to_owned(), format!("trace={calls}")];
        if let Some((held_up, micros)) = delay {
            expressions.extend(["-e".to_owned(), format!("inject={held_up}:delay_exit={micros}")]);
        }
        let path = told.to_str().expect("UTF-8");
        let strace = attach(process, &["-y", "-s", "24", "-o", path], &expressions);
        Self { strace, told, _directory: directory }
    }

    /// Ends the watch and tells what was done.
    ///
    /// # Panics
    /// If `strace` cannot be told to stop, or its words are not understood.
    #[must_use]
    pub fn end(mut self) -> Vec<Watched> {
        let told = Command::new("kill").args(["-TERM", &self.strace.id().to_string()]).status();
        assert!(told.expect("`kill` can be run").success(), "strace runs");
        self.strace.wait().expect("it ends");
        read_calls(&fs::read_to_string(&self.told).expect("its words"))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        let _ = self.strace.kill();
        let _ = self.strace.wait();
    }
}

/// Puts the two halves of calls together between which another thread did something.
fn read_calls(lines: &str) -> Vec<Watched> {
    let mut begun: Vec<(&str, usize, &str)> = Vec::new();
    let mut calls = Vec::new();
    for (at, line) in lines.lines().enumerate() {
        let (thread, call) = line.split_once(' ').expect("thread and call");
        let call = call.trim_start();
        if let Some(half) = call.strip_suffix(" <unfinished ...>") {
            begun.push((thread, at, half));
        } else if let Some((_, rest)) = call.strip_prefix("<... ").and_then(|call| call.split_once(" resumed>")) {
            let place = begun.iter().position(|(other, ..)| *other == thread);
            // One that was under way when the watch began has no first half.
            let Some(place) = place else { continue };
            let (_, began, half) = begun.swap_remove(place);
            calls.push(Watched { began, ended: at, text: format!("{half}{rest}") });
        } else {
            calls.push(Watched { began: at, ended: at, text: call.to_owned() });
        }
    }
    let open = |(_, began, half): (&str, usize, &str)| Watched { began, ended: usize::MAX, text: half.to_owned() };
    calls.extend(begun.into_iter().map(open));
    calls
}

fn killing(calls: &str, nth: usize) -> [String; 4] {
    let flag = || "-e".to_owned();
    [flag(), format!("trace={calls}"), flag(), format!("inject={calls}:signal=SIGKILL:when={nth}")]
}

/// Starts `strace` on a running process and waits until it traces it.
fn attach(process: u32, options: &[&str], expressions: &[String]) -> Child {
    let started = Command::new("strace")
        .args(["-f", "-p", &process.to_string()])
        .args(options)
        .args(expressions)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = spawned(started);
    let mut lines = BufReader::new(child.stderr.take().expect("its errors are a pipe")).lines().map_while(Result::ok);
    let mut said = Vec::new();
    let is_set = lines.by_ref().any(|line| {
        said.push(line);
        said.last().is_some_and(|line| line.contains(" attached"))
    });
    if !is_set {
        let _ = child.kill();
        let _ = child.wait();
    }
    // It tells of every new thread, and would die if nobody listened.
    std::thread::spawn(move || lines.for_each(drop));
    assert!(
        is_set,
        "strace may not trace the server (a container needs SYS_PTRACE, a machine kernel.yama.ptrace_scope = 0 or root): \
         {}",
        said.join("\n")
    );
    child
}

fn spawned<T>(started: io::Result<T>) -> T {
    match started {
        Err(error) if error.kind() == ErrorKind::NotFound => panic!(
            "strace is missing, without which no crash point can be tested: run scripts/strace, which installs Debian's \
             package, or put strace on the PATH"
        ),
        started => started.expect("strace can be started"),
    }
}
