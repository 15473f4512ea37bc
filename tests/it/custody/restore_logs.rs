//! A restore where a database of SQLite is damaged or half gone: no log of it is read into what was restored.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use doorstep_store::restores::{EpochRow, find_epoch};
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::{Engine, count, with_conn};
use integration_tests::remote::RemotePhone;
use integration_tests::server::TestServer;

use crate::sync::writer::Writer;

/// A server killed with work in its log that came after the backup.
struct Killed {
    server: TestServer,
    backup: String,
    /// The epoch of the backup.
    first: EpochRow,
    database: PathBuf,
}

impl Killed {
    /// `None` where the database is a server of its own, which looks after its files.
    fn new() -> Option<Self> {
        if Engine::chosen() == Engine::Postgres {
            return None;
        }
        let mut server = TestServer::start();
        let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
        let backup = server.directory().join("backup").to_str().expect("UTF-8").to_owned();
        let made = server.run(&["backup", &backup]);
        assert!(made.status.success(), "{}", said(&made));
        let first = with_conn(server.database_url(), find_epoch).expect("read").expect("an epoch");
        let request = Writer::new("a visit after the backup").next(&phone);
        phone.sync(&server, &request).expect("an answer");
        server.kill();
        let database = PathBuf::from(server.database_url().trim_start_matches("sqlite://"));
        assert!(fs::metadata(log_of(&database)).expect("a log").len() > 0, "the visit is in the log");
        Some(Self { server, backup, first, database })
    }

    fn restore(&self, options: &[&str]) -> Output {
        let mut command = self.server.command([&["restore", &self.backup], options].concat());
        command.stdin(Stdio::null()).output().expect("the executable can be run")
    }

    /// Nothing but the backup is there, under an epoch of its own, and a server serves it.
    fn is_as_in_the_backup(&mut self) {
        assert!(!log_of(&self.database).exists(), "no log beside the restored file");
        let epoch = with_conn(self.server.database_url(), find_epoch).expect("read").expect("an epoch");
        assert_eq!(epoch.previous_id, Some(self.first.id));
        self.server.restart();
        let rows = count(self.server.database_url(), &["visits", "documents", "doc_changes"]);
        assert!(rows.values().all(|rows| *rows == 0), "the backup has none of it: {rows:?}");
    }

    /// Files that were moved aside, by the ends of their names.
    fn aside(&self, ending: &str) -> Vec<PathBuf> {
        let name = self.database.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        let kept = fs::read_dir(self.database.parent().expect("a directory")).expect("it can be read");
        let is_kept = |file: &PathBuf| {
            let file = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            file.strip_prefix(&format!("{name}.before_restore_")).is_some_and(|rest| match ending {
                "" => !rest.contains('-'),
                ending => rest.ends_with(ending),
            })
        };
        kept.map(|entry| entry.expect("an entry").path()).filter(is_kept).collect()
    }
}

fn log_of(database: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", database.display()))
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

#[test]
fn a_log_without_its_database_is_never_read_into_a_restored_one() {
    let Some(mut killed) = Killed::new() else { return };
    let (log, rescued) = (log_of(&killed.database), killed.server.directory().join("rescued"));
    let bytes = fs::read(&log).expect("the log");
    // What somebody does who knows of one file.
    fs::rename(&killed.database, &rescued).expect("moved");
    let refused = killed.restore(&[]);
    assert!(!refused.status.success(), "{}", said(&refused));
    assert!(said(&refused).contains(log.to_str().expect("UTF-8")) && said(&refused).contains("--replace"));
    assert_eq!(fs::read(&log).expect("the log"), bytes, "nothing was touched");
    assert!(!killed.database.exists());

    let restored = killed.restore(&["--replace"]);
    assert!(restored.status.success(), "{}", said(&restored));
    let kept = killed.aside("-wal");
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(fs::read(&kept[0]).expect("the log"), bytes, "it is kept as it was");
    killed.is_as_in_the_backup();
}

#[test]
fn a_database_that_can_be_read_no_more_is_moved_aside_and_the_backup_takes_its_place() {
    let Some(mut killed) = Killed::new() else { return };
    let garbage = vec![0xa5; 40_960];
    fs::write(&killed.database, &garbage).expect("damaged");
    // SQLite takes a log whose beginning it does not know for an empty one.
    fs::write(log_of(&killed.database), &garbage).expect("damaged");
    let refused = killed.restore(&[]);
    assert!(!refused.status.success() && said(&refused).contains("--replace"), "{}", said(&refused));

    let restored = killed.restore(&["--replace"]);
    assert!(restored.status.success(), "{}", said(&restored));
    let kept = killed.aside("");
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(fs::read(&kept[0]).expect("the damaged file"), garbage);
    killed.is_as_in_the_backup();
}

/// What a restore writes before it moves anything aside: a kill in between leaves it.
fn begin_to_keep(database: &Path, name: &str) {
    fs::write(format!("{}.setting_aside", database.display()), name).expect("a note");
}

#[test]
fn a_restore_after_one_that_was_killed_keeps_what_was_before_once() {
    let Some(mut killed) = Killed::new() else { return };
    // Killed when the database had its second name, and the backup not yet the first.
    let kept = PathBuf::from(format!("{}.before_restore_1", killed.database.display()));
    fs::hard_link(&killed.database, &kept).expect("a second name");
    let restored = killed.restore(&["--replace"]);
    assert!(restored.status.success() && said(&restored).contains("before_restore_1"), "{}", said(&restored));
    assert_eq!(killed.aside(""), [kept]);
    killed.is_as_in_the_backup();
}

#[test]
fn a_restore_after_one_that_was_killed_keeps_a_damaged_database_with_its_log() {
    let Some(mut killed) = Killed::new() else { return };
    let garbage = vec![0xa5; 40_960];
    for file in [&killed.database, &log_of(&killed.database)] {
        fs::write(file, &garbage).expect("damaged");
    }
    let kept = PathBuf::from(format!("{}.before_restore_1", killed.database.display()));
    begin_to_keep(&killed.database, "before_restore_1");
    fs::rename(log_of(&killed.database), log_of(&kept)).expect("moved");
    let restored = killed.restore(&["--replace"]);
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!((killed.aside(""), killed.aside("-wal")), (vec![kept.clone()], vec![log_of(&kept)]));

    // From then on that name is taken.
    killed.is_as_in_the_backup();
    killed.server.kill();
    let restored = killed.restore(&["--replace"]);
    assert!(restored.status.success(), "{}", said(&restored));
    assert_eq!((killed.aside("").len(), fs::read(&kept).expect("the damaged file")), (2, garbage));
}
