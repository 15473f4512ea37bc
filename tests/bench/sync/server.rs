//! The release executable as a child process, and what the kernel says about it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A server that has used no CPU for so long is at rest.
const AT_REST: Duration = Duration::from_millis(500);

/// A running server; it ends with this value.
pub struct Server {
    child: Child,
    // Kept open, so that the server can go on printing.
    _output: BufReader<std::process::ChildStdout>,
    /// Where it listens, such as `127.0.0.1:40123`.
    pub address: String,
}

/// Figures of the process at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Seconds of CPU since the start, user and system.
    pub cpu_s: f64,
    /// Resident memory in mebibytes.
    pub rss_mib: f64,
    /// Its highest value since the start.
    pub peak_rss_mib: f64,
}

/// The executable beside this benchmark: `target/release/doorstep` for `target/release/deps/sync-…`.
fn executable() -> PathBuf {
    let bench = std::env::current_exe().expect("a process knows its executable");
    let profile = bench.parent().and_then(Path::parent).expect("benchmarks are in target/<profile>/deps");
    let path = profile.join(format!("doorstep{}", std::env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "{} is missing; `make bench` builds it first", path.display());
    path
}

impl Server {
    /// Starts a server on prepared data, with default configuration but for how often a phone may sync and a person
    /// call: one asks here as fast as it can.
    pub fn start(database_url: &str, directory: &Path, issuer: &str) -> Self {
        let config = directory.join("config.json");
        fs::write(&config, r#"{"limits":{"sync_per_minute":60000,"sync_burst":60000,"user_per_minute":60000,"tenant_per_minute":60000}}"#).expect("the configuration");
        let log = File::create(directory.join("server.log")).expect("the log file");
        let mut child = Command::new(executable())
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .env("DATABASE_URL", database_url)
            .env("DOORSTEP_DATA_DIR", directory.join("data"))
            .env("DOORSTEP_LISTEN", "127.0.0.1:0")
            // The phones' tokens were made before the port is known.
            .env("DOORSTEP_PUBLIC_URL", issuer)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the server can be started");
        let mut output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        let mut line = String::new();
        while !line.starts_with("listening on ") {
            line.clear();
            let read = output.read_line(&mut line).expect("the server prints");
            assert!(read > 0, "the server ended; see {}", directory.join("server.log").display());
        }
        let address = line.trim().trim_start_matches("listening on http://").to_owned();
        Self { child, _output: output, address }
    }

    /// Waits until the server does nothing: the jobs that begin with it are no part of what is measured.
    #[expect(
        clippy::disallowed_methods,
        reason = "a benchmark waits for the kernel's count of CPU time to stand still"
    )]
    pub fn settle(&self) {
        let mut before = f64::NAN;
        while before.to_bits() != self.usage().cpu_s.to_bits() {
            before = self.usage().cpu_s;
            std::thread::sleep(AT_REST);
        }
    }

    /// What the kernel says now.
    pub fn usage(&self) -> Usage {
        usage(self.child.id())
    }
}

/// What the kernel says of a process now.
pub fn usage(process: u32) -> Usage {
    let process = PathBuf::from("/proc").join(process.to_string());
    let stat = fs::read_to_string(process.join("stat")).expect("Linux's process table");
    // The name in parentheses may hold spaces; utime and stime are fields 14 and 15 (proc(5)).
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().expect("ticks");
    let status = fs::read_to_string(process.join("status")).expect("Linux's process table");
    let mib = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key)).expect("a figure of memory");
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).expect("kibibytes") / 1024.0
    };
    // USER_HZ is 100 on every Linux.
    Usage { cpu_s: (ticks(11) + ticks(12)) / 100.0, rss_mib: mib("VmRSS:"), peak_rss_mib: mib("VmHWM:") }
}

impl Drop for Server {
    fn drop(&mut self) {
        // As an operator stops it: a build that notes which code runs writes its notes only so.
        let is_told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        if !is_told.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
