//! A restore killed at one system call after another: the data are the old ones, or the restored ones under their epoch.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Output, Stdio};

use doorstep_store::backup::PostgresUse;
use doorstep_store::restores::{EpochRow, find_epoch};
use integration_tests::clock::START;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::{Engine, count, with_conn};
use integration_tests::effort;
use integration_tests::patience::until;
use integration_tests::remote::RemotePhone;
use integration_tests::server::TestServer;
use integration_tests::trap::{DURABLE, TALK, Trap};
use sync_core::time::UnixMillis;

use crate::sync::writer::Writer;
use integration_tests::told::tell;

/// What a phone brings after the backup.
const LATER: [&str; 3] = ["visits", "documents", "doc_changes"];

/// Calls after which a restore must have come to its end.
const LONGEST_PATH: usize = 10_000;

/// Restores in a row that ended well: then the path has come to its end. One alone says little, for the calls are
/// counted for each thread.
const QUIET: usize = 3;

/// The calls to kill at, each kind in a sweep of its own: those that write, and those that come once all is written.
fn sweeps() -> [&'static str; 2] {
    match Engine::chosen() {
        Engine::Sqlite => [DURABLE, "fsync"],
        Engine::Postgres => [TALK, "wait4,?waitid"],
    }
}

/// Whether there are so many of these calls that not each is tried where not all are asked for.
fn is_many(calls: &str) -> bool {
    [DURABLE, TALK].contains(&calls)
}

fn next_call(calls: &str, nth: usize) -> usize {
    if is_many(calls) && !effort::is_long() { nth + 1 + nth / 2 } else { nth + 1 }
}

struct Bench {
    server: TestServer,
    phone: RemotePhone,
    backup: String,
    /// The epoch of the backup.
    first: EpochRow,
    /// Restores that were tried; each has its own second.
    tries: u16,
}

impl Bench {
    fn new() -> Self {
        let mut server = TestServer::start();
        let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
        let backup = server.directory().join("backup").to_str().expect("UTF-8").to_owned();
        let made = server.run(&["backup", &backup]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.kill();
        let first = with_conn(server.database_url(), find_epoch).expect("read").expect("an epoch");
        Self { server, phone, backup, first, tries: 0 }
    }

    /// The day goes on after the backup: the phone renews its session, as it can after a restore, and brings a visit.
    fn go_on(&mut self) {
        self.server.restart();
        let url = self.server.url().to_owned();
        self.phone.renew(&url, &url);
        let request = Writer::new("a visit after the backup").next(&self.phone);
        self.phone.sync(&self.server, &request).expect("the server lives");
        self.server.kill();
    }

    fn state(&self) -> (EpochRow, BTreeMap<&'static str, i64>) {
        let epoch = with_conn(self.server.database_url(), find_epoch).expect("read").expect("an epoch");
        (epoch, count(self.server.database_url(), &LATER))
    }

    /// A restore that is killed at its `nth` call, or the end of a process that it had started and that was.
    fn restore(&mut self, calls: &str, nth: usize) -> Output {
        self.tries += 1;
        self.server.clock.set(UnixMillis(START.0 + i64::from(self.tries) * 1_000));
        let mut command = self.server.command(["restore", &self.backup, "--replace", "--clock"]);
        command.arg(self.server.clock.path());
        loop {
            let mut trapped = Trap::around(&command, calls, nth);
            let ended = trapped.stdin(Stdio::null()).output().expect("strace");
            // PostgreSQL takes a moment to notice that the test's own connection is gone.
            if !String::from_utf8_lossy(&ended.stderr).contains("other connections") {
                self.until_nobody_writes();
                return ended;
            }
        }
    }

    /// What a killed restore had started may outlive it: PostgreSQL's own program, which has its orders already.
    fn until_nobody_writes(&self) {
        if Engine::chosen() == Engine::Sqlite {
            return;
        }
        let mut used = PostgresUse::open(self.server.database_url()).expect("the database");
        until("what a killed restore had started has come to its end", || used.others().expect("a number") <= 0);
    }

    /// What was there before a restore is kept under one name, however often it was begun.
    fn is_kept_once(&self) {
        let Some(database) = self.server.database_url().strip_prefix("sqlite://").map(Path::new) else { return };
        let (mut names, mut files) = (0, BTreeSet::new());
        for entry in database.parent().expect("a directory").read_dir().expect("it can be read") {
            let entry = entry.expect("an entry");
            let is_kept = entry.file_name().to_string_lossy().contains(".before_restore_");
            if is_kept {
                names += 1;
                files.insert(entry.metadata().expect("a file").ino());
            }
        }
        assert_eq!(names, files.len(), "one file has several names");
    }

    /// One day after the backup and a restore that is to be killed at its `nth` call; whether it ended well.
    fn step(&mut self, calls: &str, nth: usize, met: &mut Met) -> bool {
        // Also after a restore that came off: the session is renewed in what it left.
        self.go_on();
        let before = self.state();
        let is_done = self.restore(calls, nth).status.success();
        let after = self.state();
        let is_restored = after.0.id != before.0.id;
        assert!(is_restored || !is_done, "it says so only where it is: {calls} {nth}");
        if is_restored {
            let from = (after.0.previous_id, after.0.created_at_ms > before.0.created_at_ms);
            assert_eq!(from, (Some(self.first.id), true), "{calls} {nth}");
            assert!(after.0.backup_made_at_ms.is_some(), "{calls} {nth}");
            assert!(after.1.values().all(|rows| *rows == 0), "the backup has none of it: {:?}", after.1);
        } else {
            assert_eq!(after, before, "{calls} {nth}");
        }
        self.is_kept_once();
        met.kills += usize::from(!is_done);
        met.in_place += usize::from(is_restored && !is_done);
        is_done
    }
}

/// Where the kills met a restore.
#[derive(Default)]
struct Met {
    kills: usize,
    /// Kills when the restored data were in their place.
    in_place: usize,
}

#[test]
fn a_killed_restore_leaves_the_old_data_or_the_restored_ones_with_their_epoch() {
    let mut bench = Bench::new();
    for calls in sweeps() {
        let (mut met, mut quiet, mut nth) = (Met::default(), 0, 1);
        while quiet < QUIET {
            assert!(nth < LONGEST_PATH, "a restore has an end");
            quiet = if bench.step(calls, nth, &mut met) { quiet + 1 } else { 0 };
            nth = next_call(calls, nth);
        }
        assert!(met.kills > 0, "the restore was met at work: {calls}");
        // What a kill leaves changes the number of calls of the next restore: the last of them is met from behind.
        while met.in_place == 0 && !is_many(calls) {
            nth -= 1;
            bench.step(calls, nth, &mut met);
        }
        let Met { kills, in_place } = met;
        tell(format_args!(
            "restore, {calls}: {kills} kills, {in_place} of them when the restored data were in their place"
        ));
    }
}
