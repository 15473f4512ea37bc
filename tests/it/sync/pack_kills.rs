//! The server killed at one system call after another while it packs documents: every push stays, byte for byte as
//! received, and a later start packs the rest.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use doorstep_store::documents::list_doc_changes;
use doorstep_store::packs::list_due;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::{Engine, check_integrity, with_conn};
use integration_tests::effort;
use integration_tests::remote::RemotePhone;
use integration_tests::server::TestServer;
use integration_tests::told::tell;
use integration_tests::trap::{DURABLE, TALK, Trap};
use serde_json::json;
use sync_core::ids::VisitId;
use sync_core::protocol::{Outcome, SyncRequest};

use super::writer::Writer;

/// Documents that are packed in one run of the job, which starts with the server.
const DOCS: usize = 6;

/// More pushes than any document needs to be due twice.
const MOST_PUSHES: usize = 100;

/// Calls after which the job must have come to its end.
const LONGEST_PATH: usize = 10_000;

/// Tries in a row that came off without the call to kill at: then the path has come to its end. One alone says little,
/// for the calls are counted for each thread.
const QUIET: usize = 3;

/// The call after this one at which the server is killed: each, or ever fewer where not all are asked for.
fn next_call(nth: usize) -> usize {
    if effort::is_long() { nth + 1 } else { nth + 1 + nth / 4 }
}

struct Bench {
    server: TestServer,
    phone: RemotePhone,
    writers: Vec<Writer>,
    requests: Vec<SyncRequest>,
    /// The pushes of each document, in order.
    sent: BTreeMap<VisitId, Vec<Vec<u8>>>,
}

impl Bench {
    fn new() -> Self {
        let limits = json!({"limits": {"sync_per_minute": 60_000, "sync_burst": 60_000}});
        let mut server = TestServer::configured(&limits);
        let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
        server.kill();
        let writers = (0..DOCS).map(|number| Writer::new(&format!("packed visit {number}"))).collect();
        Self { server, phone, writers, requests: Vec::new(), sent: BTreeMap::new() }
    }

    /// Makes every document due, in a server that is gone when this returns.
    fn fill(&mut self) {
        if self.due() == DOCS {
            return;
        }
        self.server.restart();
        // What was left to pack is packed at the start of this one, perhaps with some of the pushes that now come.
        let pushes = self.requests.len();
        while self.due() < DOCS {
            assert!(self.requests.len() - pushes < MOST_PUSHES, "enough pushes make a document due");
            let parts: Vec<SyncRequest> = self.writers.iter_mut().map(|writer| writer.next(&self.phone)).collect();
            let docs = parts.iter().flat_map(|part| part.docs.clone()).collect();
            let intents = parts.into_iter().flat_map(|part| part.intents).map(|intent| intent.0).collect();
            let request = self.phone.pushing(docs, intents);
            let answer = self.phone.sync(&self.server, &request).expect("the server lives");
            assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
            for doc in &request.docs {
                let bytes = doc.chunks.iter().flat_map(|chunk| chunk.0.clone()).collect();
                self.sent.entry(doc.id).or_default().push(bytes);
            }
            self.requests.push(request);
        }
        self.server.kill();
    }

    /// Documents that wait to be packed.
    fn due(&self) -> usize {
        with_conn(self.server.database_url(), |conn| list_due(conn, None, 1_000)).expect("a list").len()
    }

    /// All bytes are there as they were sent, and the database is whole. No server runs meanwhile.
    fn check(&self) {
        with_conn(self.server.database_url(), |conn| {
            check_integrity(conn);
            for (visit, sent) in &self.sent {
                let pushes = list_doc_changes(conn, YUNZE.org, *visit).expect("the pushes can be read");
                assert!(pushes.iter().map(|push| &push.bytes).eq(sent), "the pushes of {visit}");
            }
        });
    }

    /// Starts a server that packs what is due; whether it died at its `nth` call, and was not packed before.
    fn is_killed_packing(&self, nth: usize) -> bool {
        // PostgreSQL makes things durable in processes of its own, which are left alone.
        let calls = match Engine::chosen() {
            Engine::Sqlite => DURABLE,
            Engine::Postgres => TALK,
        };
        let clock = self.server.clock.path().as_os_str();
        let mut command = self.server.command(["serve".as_ref(), "--clock".as_ref(), clock]);
        command.args(["--listen", "127.0.0.1:0"]);
        let mut trapped = Trap::around(&command, calls, nth);
        let mut child =
            trapped.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("strace");
        let log = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut said = Vec::new();
        let is_packed = log.lines().map_while(Result::ok).any(|line| {
            said.push(line);
            said.last().is_some_and(|line| line.contains("documents were packed"))
        });
        // It may be gone already.
        let _ = child.kill();
        let status = child.wait().expect("it ended");
        assert_eq!(status.signal(), Some(9), "the server ended by itself: {}", said.join("\n"));
        !is_packed
    }
}

/// What the kills came to.
#[derive(Default)]
struct Path {
    kills: usize,
    /// Kills after some documents were packed and before all were.
    between: usize,
    /// The last call at which nothing was packed yet.
    begin: usize,
    /// The first call at which everything was.
    end: Option<usize>,
}

impl Path {
    /// Kills the server at its `nth` call; whether it died before it had told that all is packed.
    fn step(&mut self, bench: &mut Bench, nth: usize) -> bool {
        bench.fill();
        let is_killed = bench.is_killed_packing(nth);
        bench.check();
        let after = bench.due();
        assert!(is_killed || after == 0, "all are packed");
        self.kills += usize::from(is_killed);
        match after {
            DOCS if self.end.is_none() => self.begin = nth,
            DOCS => {}
            0 => self.end = self.end.or(Some(nth)),
            _ => self.between += 1,
        }
        is_killed
    }
}

#[test]
fn a_server_killed_while_it_packs_loses_no_byte_and_packs_the_rest_later() {
    let (mut bench, mut path) = (Bench::new(), Path::default());
    let mut quiet = 0;
    for nth in std::iter::successors(Some(1), |nth| Some(next_call(*nth))) {
        assert!(nth < LONGEST_PATH, "the job has an end");
        quiet = if path.step(&mut bench, nth) { 0 } else { quiet + 1 };
        if quiet == QUIET {
            break;
        }
    }
    // Where not all calls are tried, those of the job's work may all have been left out.
    for nth in path.begin..=path.end.expect("all was packed at last") {
        if path.between > 0 {
            break;
        }
        path.step(&mut bench, nth);
    }
    let Path { kills, between, .. } = path;
    tell(format_args!(
        "{kills} kills, {between} of them after some documents were packed and before all were; 0 bytes lost"
    ));
    assert!(between > 0, "the job was met at work");
    bench.server.restart();
    for request in &bench.requests {
        let answer = bench.phone.sync(&bench.server, request).expect("the server lives");
        assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Duplicate), "{:?}", answer.acks);
    }
    let verified = bench.server.run(&["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
