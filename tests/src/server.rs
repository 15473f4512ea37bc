//! The real executable as a child process over TCP, with data that survives `kill -9`.
//!
//! Owns starting, killing and restarting processes; it must not know what requests mean.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;

use serde_json::Value;
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use sync_core::time::UnixMillis;

use crate::app::COMPANIES;
use crate::bucket::{self, Bucket};
use crate::call::{Answer, Call};
use crate::clock::{ClockFile, START};
use crate::contract::Contract;
use crate::db::{Template, TestDb};
use crate::dir::TestDir;
use crate::patience::PATIENCE;

/// The configuration file of a server that has one, in its directory.
const SETTINGS: &str = "settings.json";

/// The server as a child process, with a database and a data directory of its own.
#[derive(Debug)]
pub struct TestServer {
    process: Option<Process>,
    /// The subcommand that serves.
    subcommand: &'static str,
    /// The clock that server and phones share.
    pub clock: ClockFile,
    /// Where its blobs are kept, if not in its directory.
    bucket: Option<Bucket>,
    // In this order: the process is gone before its data.
    data: TestDir,
    db: TestDb,
}

/// A child process that serves; it ends with this value, as `kill -9` ends it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Where it listens, such as `http://127.0.0.1:40123`.
    pub(crate) url: String,
}

impl Process {
    /// Starts a serving command and waits until it says where it listens; all it prints goes to the log.
    ///
    /// # Panics
    /// With the log, if it does not start.
    #[must_use]
    pub fn launch(mut command: Command, log: &Path) -> Self {
        let errors = OpenOptions::new().create(true).append(true).open(log).expect("the log file");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("the server process can be started");
        let stdout = child.stdout.take().expect("its output is a pipe");
        // From here on the process ends with this value, also when the next line fails.
        let mut process = Self { child, url: String::new() };
        let Some(url) = announced_url(stdout, log.to_owned()) else {
            panic!("the server did not start; its log:\n{}", fs::read_to_string(log).unwrap_or_default())
        };
        process.url = url;
        process
    }

    /// Where it listens, such as `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process, as the system numbers it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Tells it to stop, as whoever runs servers does.
    ///
    /// # Panics
    /// If the signal cannot be sent.
    pub fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(sent.expect("`kill` can be run").success(), "the process runs");
    }

    /// Waits for its end and tells how it ended.
    ///
    /// # Panics
    /// If the system does not say.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already; whatever is left of it must not outlive the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl TestServer {
    /// Starts a server with the two seeded organisations.
    ///
    /// # Panics
    /// With its log, if it does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::run_on("serve", &COMPANIES, START)
    }

    /// Starts a server with the two seeded organisations and settings of its own.
    ///
    /// # Panics
    /// With its log, if it does not start.
    #[must_use]
    pub fn configured(settings: &Value) -> Self {
        let data = TestDir::new();
        write_settings(&data, settings);
        Self::run_in(data, None, "serve", &COMPANIES, START)
    }

    /// Starts a server with the two seeded organisations that keeps its blobs in a bucket.
    ///
    /// # Panics
    /// With its log, if it does not start.
    #[must_use]
    pub fn with_bucket(bucket: &Bucket) -> Self {
        Self::run_in(TestDir::new(), Some(bucket.clone()), "serve", &COMPANIES, START)
    }

    /// Has blobs kept in another bucket from the next start on.
    pub fn move_bucket(&mut self, bucket: &Bucket) {
        self.bucket = Some(bucket.clone());
    }

    /// Gives the server other settings, which count from its next start.
    pub(crate) fn configure(&self, settings: &Value) {
        write_settings(&self.data, settings);
    }

    /// Starts a serving subcommand on a copy of a database, its clock at an instant.
    pub(crate) fn run_on(subcommand: &'static str, database: &Template, now: UnixMillis) -> Self {
        Self::run_in(TestDir::new(), None, subcommand, database, now)
    }

    fn run_in(
        data: TestDir,
        bucket: Option<Bucket>,
        subcommand: &'static str,
        database: &Template,
        now: UnixMillis,
    ) -> Self {
        let clock = ClockFile::create(data.path().join("clock"), now);
        let bucket = bucket.or_else(|| bucket::is_everywhere().then(Bucket::new));
        let mut server = Self { process: None, subcommand, clock, bucket, data, db: TestDb::copy_of(database) };
        server.restart();
        server
    }

    /// Starts the server on the data as they are; it must have been killed.
    ///
    /// # Panics
    /// With its log, if it does not start.
    pub fn restart(&mut self) {
        assert!(self.process.is_none(), "the server still runs");
        self.process = Some(self.join());
    }

    /// Starts one more process on the same database and data, which PostgreSQL allows; it ends with what is returned.
    ///
    /// # Panics
    /// With its log, if it does not start.
    #[must_use]
    pub fn join(&self) -> Process {
        self.join_in(&self.data.path().join("data"))
    }

    /// The same, with a data directory of its own.
    ///
    /// # Panics
    /// With its log, if it does not start.
    #[must_use]
    pub fn join_in(&self, data: &Path) -> Process {
        let clock = self.clock.path().as_os_str();
        let mut command = self.command([self.subcommand.as_ref(), "--clock".as_ref(), clock]);
        command.env("DOORSTEP_DATA_DIR", data);
        command.args(["--listen", "127.0.0.1:0"]);
        if self.data.path().join(SETTINGS).exists() {
            command.args(["--config", SETTINGS]);
        }
        Process::launch(command, &self.log_path())
    }

    /// The process, for what only a process can do.
    ///
    /// # Panics
    /// If it does not run.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the server runs")
    }

    /// Ends the server as `kill -9` does: it gets no chance to tidy up.
    ///
    /// # Panics
    /// If it does not run.
    pub fn kill(&mut self) {
        drop(self.process.take().expect("the server runs"));
    }

    /// Takes note that the server has ended by itself.
    ///
    /// # Panics
    /// If it did not run.
    pub fn gone(&mut self) {
        self.kill();
    }

    /// The address, such as `http://127.0.0.1:40123`.
    ///
    /// # Panics
    /// If the server does not run.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.process.as_ref().expect("the server runs").url
    }

    /// Opens a connection to the server; what is awaited from it and does not come fails.
    ///
    /// # Panics
    /// If it does not listen.
    #[must_use]
    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.url().trim_start_matches("http://")).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a patience");
        stream
    }

    /// The address of the database.
    #[must_use]
    pub fn database_url(&self) -> &str {
        self.db.url()
    }

    /// The directory of blobs and logs; tests may put files of their own there.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.data.path()
    }

    /// Removes a finished blob from the directory of blobs, of whatever organisation, behind the server's back.
    ///
    /// # Panics
    /// If it is not there.
    pub fn lose_blob(&self, sha256: &str) {
        let mut organisations = fs::read_dir(self.data.path().join("data/blobs/o")).expect("blobs");
        let name =
            |organisation: &Path| organisation.join("sha256").join(&sha256[..2]).join(&sha256[2..4]).join(sha256);
        let is_lost = organisations.any(|entry| fs::remove_file(name(&entry.expect("an entry").path())).is_ok());
        assert!(is_lost, "the blob {sha256} is here");
    }

    /// A finished blob as it is stored, read behind the server's back.
    ///
    /// # Panics
    /// If it is not there.
    #[must_use]
    pub fn blob(&self, org: OrgId, sha256: Hash) -> Vec<u8> {
        let hex = sha256.to_string();
        let name = format!("o/{org}/sha256/{}/{}/{hex}", &hex[..2], &hex[2..4]);
        match &self.bucket {
            Some(bucket) => bucket.read(&name),
            None => fs::read(self.data.path().join("data/blobs").join(name)).expect("the blob"),
        }
    }

    /// The process, as the system numbers it: another number is another process.
    ///
    /// # Panics
    /// If the server does not run.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.as_ref().expect("the server runs").id()
    }

    /// The most memory that the process ever held, in bytes, as the kernel counts it.
    ///
    /// # Panics
    /// Where there is no `/proc`, or the server does not run.
    #[must_use]
    pub fn peak_memory_bytes(&self) -> u64 {
        self.memory("VmHWM:")
    }

    /// The memory that the process holds now, in bytes, as the kernel counts it.
    ///
    /// # Panics
    /// Where there is no `/proc`, or the server does not run.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.memory("VmRSS:")
    }

    fn memory(&self, which: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process_id())).expect("/proc of the server");
        let line = status.lines().find_map(|line| line.strip_prefix(which)).expect("a number of bytes");
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
        kib * 1024
    }

    /// Everything the server has printed since the first start.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.data.path().join("server.log")
    }

    /// A command of the executable on this server's data, with the environment of the server.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = command(self.db.url(), self.data.path(), args);
        command.envs(self.bucket.iter().flat_map(Bucket::environment));
        command
    }

    /// Runs a command of the executable to its end, such as `["phone", "sync", …]`.
    ///
    /// # Panics
    /// If the process cannot be started.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).stdin(Stdio::null()).output().expect("the executable can be run")
    }

    /// Sends a request over TCP and checks the answer against the API document.
    ///
    /// # Panics
    /// With the server's log if it does not answer; with the violation if the answer is outside the contract.
    #[must_use]
    pub fn send(&self, call: &Call) -> Answer {
        send(self.url(), call).unwrap_or_else(|error| panic!("{error}; the log:\n{}", self.log()))
    }
}

/// A command of the executable on a database and a directory.
pub fn command<S: AsRef<OsStr>>(database_url: &str, directory: &Path, args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(executable());
    command
        .args(args)
        .current_dir(directory)
        .env("DATABASE_URL", database_url)
        .env("DOORSTEP_DATA_DIR", directory.join("data"));
    command
}

/// Sends a request to a server and checks the answer against the API document.
///
/// # Errors
/// Where no answer came.
///
/// # Panics
/// With the violation if the answer is outside the contract.
pub fn send(url: &str, call: &Call) -> Result<Answer, String> {
    let answer = exchange(url, call)?;
    Contract::current().check(call, &answer).unwrap_or_else(|violation| panic!("{violation}"));
    Ok(answer)
}

/// Sends a request; the caller checks the answer.
pub(crate) fn exchange(url: &str, call: &Call) -> Result<Answer, String> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build().into();
    let mut request = ureq::http::Request::builder().method(call.method.as_str()).uri(format!("{url}{}", call.path));
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    // Who says that there are no bytes has that said; else an empty body goes in chunks, or not at all.
    let says_length = call.headers.iter().any(|(name, _)| name == "content-length");
    let sent = if call.body.is_empty() && !says_length {
        agent.run(request.body(()).map_err(|error| error.to_string())?)
    } else {
        agent.run(request.body(call.body.clone()).map_err(|error| error.to_string())?)
    };
    let mut response = sent.map_err(|error| error.to_string())?;
    let value = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = response.headers().iter().map(|(name, text)| (name.to_string(), value(text.as_bytes()))).collect();
    let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().map_err(|error| error.to_string())?;
    Ok(Answer { status: response.status().as_u16(), headers, body })
}

/// Reads the one answer of a connection that the server closes after it, as received.
///
/// # Panics
/// If the connection breaks.
#[must_use]
pub fn read_raw(stream: &mut TcpStream) -> Vec<u8> {
    stream.set_read_timeout(Some(PATIENCE)).expect("a patience");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer, then the end");
    answer
}

/// Reads an answer out of its bytes and holds it against the API document, as every answer is.
///
/// # Panics
/// If the bytes are no whole answer, or one outside the contract.
#[must_use]
pub fn checked_raw(call: &Call, bytes: &[u8]) -> Answer {
    let head_end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let answer = Answer {
        status: status.expect("a status line"),
        headers: lines.filter_map(header).collect(),
        body: bytes[head_end + 4..].to_vec(),
    };
    let length = answer.header("content-length").and_then(|length| length.parse().ok());
    assert_eq!(length, Some(answer.body.len()), "a whole answer: {head}");
    Contract::current().check(call, &answer).unwrap_or_else(|violation| panic!("{violation}"));
    answer
}

/// Waits for the line that says where the server listens, and copies all of its output to the log.
fn announced_url(stdout: impl io::Read + Send + 'static, log: PathBuf) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let Ok(mut log) = File::options().append(true).open(log) else { return };
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // A log that cannot be written is no reason to let the pipe fill.
            let _ = writeln!(log, "{line}");
            if let Some(url) = line.strip_prefix("listening on ") {
                // The test may have given up by now.
                let _ = sender.send(url.trim().to_owned());
            }
        }
    });
    receiver.recv_timeout(PATIENCE).ok()
}

/// The executable beside the tests: `target/debug/doorstep` for `target/debug/deps/it-…`.
///
/// # Panics
/// With a hint, if it has not been built: Cargo builds the executables of other packages only when asked.
#[must_use]
pub fn executable() -> PathBuf {
    let test = std::env::current_exe().expect("a process knows its executable");
    let profile = test.parent().and_then(Path::parent).expect("tests are in target/<profile>/deps");
    let path = profile.join(format!("doorstep{}", std::env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "{} is missing; run `cargo build -p doorstep` first (make test does)", path.display());
    path
}

fn write_settings(data: &TestDir, settings: &Value) {
    fs::write(data.path().join(SETTINGS), settings.to_string()).expect("the settings are written");
}
