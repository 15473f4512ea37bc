//! Buckets of an S3-compatible server that belongs to the test process.
//!
//! As with PostgreSQL a small shell stands between the test process and the server and holds the reading end of a pipe:
//! when the process ends, in whichever way, the pipe closes and the shell stops the server.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;
use std::{env, thread};

use doorstep::config::{Config, S3Config, Secret};

use crate::db::unique_name;

/// How long the server may take to start on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// Runs a server until standard input is closed.
const WATCH: &str =
    r#""$@" </dev/null & server=$!; exec 2>/dev/null; trap '' INT TERM HUP; cat >/dev/null; kill "$server""#;

/// What whoever changes an object must show; the server looks at the name of the key alone.
const ANYBODY: &str =
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";

/// The server of this process.
#[derive(Debug)]
struct Peer {
    url: String,
    /// Held open until the process ends; its standard input is the sign of life.
    _watcher: Child,
}

/// An empty bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// Where it is served.
    pub endpoint: String,
    /// Its name.
    pub name: String,
}

/// Whether the tests that do not say where blobs are kept have them kept in buckets: `DOORSTEP_TEST_BLOBS=s3`.
///
/// # Panics
/// If the variable has another value.
#[must_use]
pub fn is_everywhere() -> bool {
    #[expect(clippy::disallowed_methods, reason = "the harness is told by its environment, as of the database")]
    match env::var("DOORSTEP_TEST_BLOBS").as_deref() {
        Ok("s3") => true,
        Ok("directory") | Err(_) => false,
        Ok(other) => panic!("DOORSTEP_TEST_BLOBS is {other}: it must be directory or s3"),
    }
}

impl Bucket {
    /// Makes a bucket; the first one of a process starts the server.
    ///
    /// # Panics
    /// With what is missing, if the server cannot be started.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "starting a server is no default")]
    pub fn new() -> Self {
        static PEER: OnceLock<Result<Peer, String>> = OnceLock::new();
        let peer = PEER.get_or_init(start).as_ref().unwrap_or_else(|error| panic!("{error}"));
        let bucket = Self { endpoint: peer.url.clone(), name: unique_name("doorstep-blobs") };
        ureq::put(format!("{}/{}", bucket.endpoint, bucket.name)).send_empty().expect("a bucket");
        bucket
    }

    /// One that nobody serves.
    #[must_use]
    pub fn nowhere() -> Self {
        // Only who may do everything listens on port 1, and nothing does.
        Self { endpoint: "http://127.0.0.1:1".to_owned(), name: "nowhere".to_owned() }
    }

    /// Has blobs kept in it.
    pub fn set(&self, config: &mut Config) {
        config.s3 = S3Config {
            bucket: Some(self.name.clone()),
            endpoint: Some(self.endpoint.clone()),
            region: "us-east-1".to_owned(),
            access_key_id: Some("test".to_owned()),
            secret_access_key: Some(Secret::new("test")),
            session_token: None,
        };
    }

    /// The same as environment of a process.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, &str); 4] {
        [
            ("DOORSTEP_S3_BUCKET", &self.name),
            ("DOORSTEP_S3_ENDPOINT", &self.endpoint),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ]
    }

    /// The names of all objects, as the server lists them to anybody.
    ///
    /// # Panics
    /// If it does not answer.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let url = format!("{}/{}?list-type=2", self.endpoint, self.name);
        let text = ureq::get(url).call().expect("a list").body_mut().read_to_string().expect("a list");
        let keys = text.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        keys.map(str::to_owned).collect()
    }

    /// The bytes of an object.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn read(&self, name: &str) -> Vec<u8> {
        let url = format!("{}/{}/{name}", self.endpoint, self.name);
        let mut answer = ureq::get(url).header("authorization", ANYBODY).call().expect("an object");
        answer.body_mut().with_config().limit(1 << 30).read_to_vec().expect("its bytes")
    }

    /// Writes other bytes under the name of an object, as nobody should.
    ///
    /// # Panics
    /// If the server refuses it.
    pub fn overwrite(&self, name: &str, bytes: &[u8]) {
        let url = format!("{}/{}/{name}", self.endpoint, self.name);
        ureq::put(url).header("authorization", ANYBODY).send(bytes).expect("written");
    }

    /// Takes an object away, as nobody should.
    ///
    /// # Panics
    /// If the server refuses it.
    pub fn remove(&self, name: &str) {
        let url = format!("{}/{}/{name}", self.endpoint, self.name);
        ureq::delete(url).header("authorization", ANYBODY).call().expect("removed");
    }
}

fn start() -> Result<Peer, String> {
    let program = find()?;
    let mut watcher = Command::new("/bin/sh");
    watcher.args(["-c", WATCH, "watch"]).arg(&program).args(["-H", "127.0.0.1", "-p", "0"]);
    // A group of its own: an interrupt typed at the terminal reaches the tests, the closing pipe then the watcher.
    watcher.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = watcher.spawn().map_err(|error| format!("/bin/sh cannot be run: {error}"))?;
    let log = child.stderr.take().ok_or("the S3-compatible server has no log")?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            // Nobody listens after the start; the pipe still has to be drained.
            let _heard = sender.send(line);
        }
    });
    let mut seen = Vec::new();
    loop {
        let Ok(line) = receiver.recv_timeout(START_TIMEOUT) else {
            return Err(format!("the S3-compatible server did not start; its log:\n{}", seen.join("\n")));
        };
        if let Some((_, url)) = line.split_once("Running on ") {
            return Ok(Peer { url: url.trim().to_owned(), _watcher: child });
        }
        seen.push(line);
    }
}

/// The program: `$S3_PEER`, or where `scripts/s3-peer` puts it, beside the tests.
fn find() -> Result<PathBuf, String> {
    let named = env::var_os("S3_PEER").map(PathBuf::from);
    let beside = env::current_exe().ok().and_then(|test| {
        // `target/debug/deps/it-…`
        Some(test.parent()?.parent()?.parent()?.join("s3-peer/bin/moto_server"))
    });
    let found = named.into_iter().chain(beside).find(|program| program.is_file());
    found.ok_or_else(|| {
        "the S3-compatible server of the tests is missing: run `scripts/s3-peer`, which installs it or \
        says what it needs"
            .to_owned()
    })
}
