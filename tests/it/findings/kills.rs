//! The server killed at one system call after another while it looks at photos: of each visit everything was found or
//! nothing, and a later start finds the rest, once.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use doorstep_store::findings::list_findings;
use doorstep_store::{photo_checks, photo_sightings};
use integration_tests::call::Call;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::{Engine, check_integrity, with_conn};
use integration_tests::patience::until;
use integration_tests::remote::RemotePhone;
use integration_tests::server::TestServer;
use integration_tests::told::tell;
use integration_tests::trap::{DURABLE, TALK, Trap};
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::ids::VisitId;

use super::rows;
use crate::sync::writer::Writer;

/// Visits that are looked at in one run of the job, which starts with the server.
const VISITS: usize = 6;

/// Calls after which the job must have come to its end.
const LONGEST_PATH: usize = 10_000;

/// Visits with the same photo each, in a server that is gone.
fn with_photos() -> (TestServer, Vec<VisitId>) {
    let mut server = TestServer::start();
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let bytes = b"the same everywhere, and no picture".to_vec();
    let mut visits = Vec::new();
    for number in 0..VISITS {
        let mut writer = Writer::new(&format!("looked at {number}"));
        let record = json!({"slot": "outdoor_route", "sha256": Hash::of(&bytes), "bytes": bytes.len(),
            "media_type": "image/jpeg", "taken_at": RemotePhone::stamp(), "source": "camera", "by": phone.user()});
        writer.put(Map::Photos, &format!("01955f2c-3000-7000-8000-00000000b00{number}"), &record);
        phone.sync(&server, &writer.next(&phone)).expect("it is stored");
        visits.push(writer.doc().visit());
    }
    let upload = Call::new("PUT", format!("/v1/blobs/{}", Hash::of(&bytes))).bytes("application/octet-stream", bytes);
    assert_eq!(server.send(&upload.bearer(phone.access())).status, 200);
    server.kill();
    (server, visits)
}

/// As if nothing had been looked at.
fn forget(server: &TestServer, visits: &[VisitId]) {
    with_conn(server.database_url(), |conn| {
        rows::forget(conn).expect("forgotten");
        photo_checks::enqueue(conn, YUNZE.org, visits.iter().copied(), 1).expect("due");
    });
}

/// How many visits were looked at, each with all that is to be said of it.
fn looked_at(server: &TestServer, visits: &[VisitId]) -> usize {
    with_conn(server.database_url(), |conn| {
        check_integrity(conn);
        let mut looked_at = Vec::new();
        for visit in visits {
            let is_due = photo_checks::is_due(conn, YUNZE.org, *visit).expect("read");
            let sightings = photo_sightings::list_of_visit(conn, YUNZE.org, *visit).expect("read");
            let found = list_findings(conn, YUNZE.org, *visit).expect("read");
            let codes: Vec<String> = found.into_iter().map(|row| row.code).collect();
            match (is_due, sightings.first().map(|row| row.seq)) {
                (true, None) => assert!(codes.is_empty(), "{visit} is to be looked at: {codes:?}"),
                (false, Some(seq)) => {
                    let expected: &[&str] = if seq == 1 {
                        &["no_preview", "no_position"]
                    } else {
                        &["no_preview", "no_position", "reused_exact"]
                    };
                    let mut expected = expected.to_vec();
                    expected.sort_unstable();
                    assert_eq!(codes, expected, "of {visit}, looked at as {seq}");
                    looked_at.push(seq);
                }
                other => panic!("{visit} was looked at by half: {other:?}"),
            }
        }
        looked_at.sort_unstable();
        let expected: Vec<i64> = (1..).take(looked_at.len()).collect();
        assert_eq!(looked_at, expected, "nothing was looked at twice");
        looked_at.len()
    })
}

/// Kills a server that is about to commit what it found of the visit that it looks at as `seq` (PostgreSQL).
fn kill_before_commit(server: &TestServer, seq: usize) {
    let clock = server.clock.path().as_os_str();
    let mut command = server.command(["serve".as_ref(), "--clock".as_ref(), clock]);
    command.args(["--listen", "127.0.0.1:0"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    with_conn(server.database_url(), |conn| {
        rows::hold_commit(conn, seq);
        let mut child = command.spawn().expect("it starts");
        until("it waits before its commit", || {
            assert!(child.try_wait().expect("its state").is_none(), "the server ended by itself");
            rows::is_held(conn)
        });
        child.kill().and_then(|()| child.wait()).expect("killed");
        rows::end_hold(conn).expect("let go");
    });
}

/// Starts a server that looks at what is due; whether it died at its `nth` call, and not after it was done.
fn is_killed(server: &TestServer, nth: usize) -> bool {
    // PostgreSQL makes things durable in processes of its own, which are left alone.
    let calls = match Engine::chosen() {
        Engine::Sqlite => DURABLE,
        Engine::Postgres => TALK,
    };
    let clock = server.clock.path().as_os_str();
    let mut command = server.command(["serve".as_ref(), "--clock".as_ref(), clock]);
    command.args(["--listen", "127.0.0.1:0"]);
    let mut trapped = Trap::around(&command, calls, nth);
    let mut child = trapped.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("strace");
    let log = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut said = Vec::new();
    let is_done = log.lines().map_while(Result::ok).any(|line| {
        said.push(line);
        said.last().is_some_and(|line| line.contains("photos were looked at"))
    });
    // It may be gone already.
    let _ = child.kill();
    let status = child.wait().expect("it ended");
    assert_eq!(status.signal(), Some(9), "the server ended by itself: {}", said.join("\n"));
    !is_done
}

/// What came of kills.
#[derive(Debug, Default)]
struct Kills {
    all: u32,
    /// After some visits were looked at and before all were.
    between: u32,
}

impl Kills {
    /// Kills the server at a call; whether it was, and how many visits it had looked at by then.
    fn play(&mut self, server: &TestServer, visits: &[VisitId], nth: usize) -> (bool, usize) {
        forget(server, visits);
        let killed = is_killed(server, nth);
        let done = looked_at(server, visits);
        assert!(killed || done == VISITS, "all are looked at");
        self.all += u32::from(killed);
        self.between += u32::from(killed && (1..VISITS).contains(&done));
        if done < VISITS {
            // The next start, undisturbed, finds the rest.
            assert!(!is_killed(server, LONGEST_PATH), "after call {nth}");
            assert_eq!(looked_at(server, visits), VISITS, "after call {nth}");
        }
        (killed, done)
    }
}

#[test]
fn a_server_killed_while_it_looks_at_photos_finds_each_thing_once() {
    let (server, visits) = with_photos();
    let (mut kills, mut quiet) = (Kills::default(), 0);
    // The last call before which nothing was looked at, and the first by which everything was.
    let (mut before, mut behind) = (0, LONGEST_PATH);
    for nth in std::iter::successors(Some(1), |nth| Some(nth + 1 + nth / 8)) {
        assert!(nth < LONGEST_PATH, "the job has an end");
        let (killed, done) = kills.play(&server, &visits, nth);
        before = if done == 0 { before.max(nth) } else { before };
        behind = if done == VISITS { behind.min(nth) } else { behind };
        quiet = if killed { 0 } else { quiet + 1 };
        if quiet == 3 {
            break;
        }
    }
    match Engine::chosen() {
        // The steps may have passed over the job at work: it is between these two.
        Engine::Sqlite => {
            while kills.between == 0 && behind > before + 1 {
                let middle = before + (behind - before) / 2;
                match kills.play(&server, &visits, middle) {
                    (_, 0) => before = middle,
                    _ => behind = middle,
                }
            }
        }
        // Each visit may be looked at by another thread, and calls are counted by thread: none may come to the one
        // that is named. There a commit can be held instead.
        Engine::Postgres => {
            for seq in 2..=VISITS {
                forget(&server, &visits);
                kill_before_commit(&server, seq);
                assert_eq!(looked_at(&server, &visits), seq - 1, "killed before the commit of {seq}");
                kills.all += 1;
                kills.between += 1;
                assert!(!is_killed(&server, LONGEST_PATH), "after the kill before {seq}");
                assert_eq!(looked_at(&server, &visits), VISITS, "after the kill before {seq}");
            }
        }
    }
    tell(format_args!(
        "{} kills, {} of them after some visits were looked at and before all were",
        kills.all, kills.between
    ));
    assert!(kills.between > 0, "the job was met at work");
}
