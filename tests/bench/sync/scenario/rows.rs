//! What the rows of a push cost at least: SQLite alone, which gets them from another file instead of from a request.

use std::fs;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::{Form, Options, Report, Size, Stage, Task, seed};
use crate::database::Database;
use crate::server;

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Lets a server take in a push, and writes the same rows once more into a copy of the database from before: in one
/// transaction, with its indexes, its log, one fsync and the checkpoint. Prints the CPU of that, the best of the runs.
pub fn rows(options: &Options, runs: usize, report: &mut Report) {
    let database = Database::new("sqlite");
    let seeded = seed(&database, Form::New, 1, options.visits);
    let stored = database.directory.join("doorstep.sqlite");
    let (empty, copy) = (database.directory.join("empty.sqlite"), database.directory.join("copy.sqlite"));
    let mut conn = open(&stored);
    conn.batch_execute(&format!("VACUUM INTO '{}'", empty.display())).expect("a copy");
    drop(conn);
    let stage = Stage::open(&database, &seeded, Size::Full, 1, report);
    stage.quiet(&seeded.reps[0].phones[0], &seeded.reps[0], Task::Push(Form::New));
    drop(stage);
    let took = (0..runs).map(|_| {
        fs::copy(&empty, &copy).expect("a copy");
        let cpu_s = write(&copy, &stored);
        fs::remove_file(&copy).expect("the copy");
        cpu_s
    });
    let best = took.fold(f64::INFINITY, f64::min);
    println!("| SQLite writes the rows of such a push, in one transaction | {:.0} |", best * 1000.0);
}

/// Writes the rows of one database into another; gives the seconds of CPU.
fn write(into: &Path, from: &Path) -> f64 {
    let mut conn = open(into);
    conn.batch_execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8000;")
        .expect("set");
    conn.batch_execute(&format!("ATTACH '{}' AS stored", from.display())).expect("attached");
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let tables: Vec<Table> = diesel::sql_query(tables).load(&mut conn).expect("tables");
    let copies: String = tables
        .iter()
        .map(|Table { name }| format!("INSERT OR IGNORE INTO main.{name} SELECT * FROM stored.{name};"))
        .collect();
    let before = server::usage(std::process::id()).cpu_s;
    conn.batch_execute(&format!("BEGIN; {copies} COMMIT; PRAGMA main.wal_checkpoint(TRUNCATE);")).expect("written");
    server::usage(std::process::id()).cpu_s - before
}

fn open(path: &Path) -> SqliteConnection {
    let mut conn = SqliteConnection::establish(&path.to_string_lossy()).expect("a database");
    // Whoever seeded it may still be closing it.
    conn.batch_execute("PRAGMA busy_timeout = 10000").expect("set");
    conn
}
