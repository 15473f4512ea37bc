//! A restore into PostgreSQL by the programs that come with it: the text that one writes for the other goes by, and is
//! committed only if it was whole.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use doorstep_store::restores::find_epoch;
use integration_tests::db::{Engine, count, with_conn};
use integration_tests::server::TestServer;
use integration_tests::told::tell;

/// Bytes that are added to what `pg_restore` writes, in comments.
const MUCH: u64 = 200 << 20;

/// Most memory of a restore. What it holds by itself is a tenth of that.
const MEMORY: u64 = 100 << 20;

/// A server that has stopped, with a backup of it.
struct Stopped {
    server: TestServer,
    backup: String,
    programs: PathBuf,
}

impl Stopped {
    fn new() -> Self {
        let mut server = TestServer::start();
        let backup = server.directory().join("backup").to_str().expect("UTF-8").to_owned();
        let made = server.run(&["backup", &backup]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.kill();
        let programs = server.directory().join("programs");
        fs::create_dir(&programs).expect("a directory");
        Self { server, backup, programs }
    }

    /// Puts a script in the place of a program; the program itself is on its path.
    fn wrap(&self, name: &str, script: &str) {
        let file = self.programs.join(name);
        fs::write(&file, format!("#!/bin/sh\nPATH=\"${{PG_BIN:-/usr/bin}}:$PATH\"\n{script}\n")).expect("a script");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it can be run");
    }

    fn restore(&self) -> Output {
        loop {
            let mut command = self.server.command(["restore", &self.backup, "--replace", "--pg-bin"]);
            let ended = command.arg(&self.programs).stdin(Stdio::null()).output().expect("the executable can be run");
            // PostgreSQL takes a moment to notice that the connections of the server and of a test are gone.
            if !String::from_utf8_lossy(&ended.stderr).contains("other connections") {
                return ended;
            }
        }
    }
}

/// The peak that a process wrote down, in bytes.
fn peak(file: &Path) -> u64 {
    let line = fs::read_to_string(file).expect("psql was started");
    let kib: u64 = line.split_whitespace().nth(1).expect("a number").parse().expect("a number");
    kib * 1024
}

#[test]
fn a_restore_takes_no_memory_for_what_goes_through_it() {
    if Engine::chosen() == Engine::Sqlite {
        // Its file is copied by itself.
        return;
    }
    let stopped = Stopped::new();
    let before = with_conn(stopped.server.database_url(), find_epoch).expect("read").expect("an epoch");
    let line = "-".repeat(1_000);
    stopped.wrap("pg_restore", &format!("pg_restore \"$@\" && yes -- '{line}' | head -c {MUCH} && echo"));
    let told = stopped.server.directory().join("peak");
    let note = format!("grep VmHWM: /proc/$PPID/status > '{}'", told.display());
    stopped.wrap("psql", &format!("psql \"$@\"\ncode=$?\n{note}\nexit $code"));
    let ended = stopped.restore();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let after = with_conn(stopped.server.database_url(), find_epoch).expect("read").expect("an epoch");
    assert_ne!(after.id, before.id, "the data are the restored ones");
    let peak = peak(&told);
    tell(format_args!("peak memory of a restore of {} MiB: {} MiB", MUCH >> 20, peak >> 20));
    assert!(peak <= MEMORY, "{peak} bytes");
}

#[test]
fn a_restore_whose_programs_fail_in_the_middle_changes_nothing_and_says_why() {
    if Engine::chosen() == Engine::Sqlite {
        return;
    }
    let stopped = Stopped::new();
    let state = || {
        let epoch = with_conn(stopped.server.database_url(), find_epoch).expect("read").expect("an epoch");
        (epoch, count(stopped.server.database_url(), &["organisations", "users"]))
    };
    let before = state();
    let half = "pg_restore \"$@\" | head -c 20000; echo";
    let failing = [
        ("pg_restore", format!("{half}; echo 'the disk is gone' >&2; exit 1"), "pg_restore: the disk is gone"),
        // More than a pipe holds, and nobody waits with the rest.
        ("pg_restore", format!("yes moved | head -c 900000 >&2; {half}; exit 1"), "pg_restore: moved"),
        (
            "pg_restore",
            "echo 'SELECT * FROM nowhere;'; pg_restore \"$@\"; yes -- '-- more' | head -c 9000000".to_owned(),
            "psql: ERROR:  relation \"nowhere\" does not exist",
        ),
        ("psql", "head -c 20000 > /dev/null; echo 'no room' >&2; exit 3".to_owned(), "psql: no room"),
    ];
    for (program, script, why) in failing {
        stopped.wrap(program, &script);
        let ended = stopped.restore();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        fs::remove_file(stopped.programs.join(program)).expect("the script");
        assert!(!ended.status.success() && said.contains(why), "{why}: {said}");
        assert_eq!(state(), before, "{why}");
    }
    let ended = stopped.restore();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_ne!(state(), before, "with the programs themselves it is restored");
}
