//! What the rows of a push and of a pull cost at least: SQLite alone, without a request, checks or an answer.

use std::fs;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Text};

use super::{Form, Options, Report, Size, Stage, Task, seed};
use crate::database::Database;
use crate::server;

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

/// A document, or the values of a row one after the other.
#[derive(QueryableByName)]
struct Item {
    #[diesel(sql_type = Binary)]
    bytes: Vec<u8>,
}

/// Times that a pull is measured at once, so that it is more than the kernel's ticks.
const PULLS: u32 = 20;

/// Bytes of one answer before compression.
const ANSWER_BYTES: usize = 2 << 20;

/// Level of zstd, as the server's.
const ZSTD_LEVEL: i32 = 3;

/// Lets a server take in a push, and writes the same rows once more into a copy of the database from before: in one
/// transaction, with its indexes, its log, one fsync and the checkpoint; then reads what a pull tells of them, and compresses
/// it. Prints the CPU of each, the best of the runs.
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
    pull(&stored, runs);
}

/// Reads the feed, the documents and the rows that it names, in the order of their keys, and compresses all of it.
fn pull(stored: &Path, runs: usize) {
    let mut conn = open(stored);
    let audience = "SELECT audience AS name FROM feed GROUP BY audience ORDER BY count(*) DESC LIMIT 1";
    let Table { name } = diesel::sql_query(audience).get_result(&mut conn).expect("the rep's audience");
    let mut read = || -> Vec<Vec<u8>> {
        let feed = "SELECT CAST(kind || item || pos || entered_pos || op AS BLOB) AS bytes FROM feed \
                    WHERE org_id = (SELECT id FROM organisations) AND audience = ? AND pos > ? ORDER BY pos";
        let told: Vec<Item> =
            diesel::sql_query(feed).bind::<Text, _>(&name).bind::<BigInt, _>(0).load(&mut conn).unwrap();
        let documents = "SELECT snapshot AS bytes FROM documents";
        let documents: Vec<Item> = diesel::sql_query(documents).load(&mut conn).unwrap();
        let heads = "SELECT CAST(visit_id || heads AS BLOB) AS bytes FROM documents";
        let heads: Vec<Item> = diesel::sql_query(heads).load(&mut conn).unwrap();
        let visits = "SELECT CAST(id || template || template_version || policy_version || assignment_epoch || \
                      planned_start_ms || attempt || priority || version AS BLOB) AS bytes FROM visits";
        let visits: Vec<Item> = diesel::sql_query(visits).load(&mut conn).unwrap();
        let crews = "SELECT CAST(id || visit_id || rep_id || epoch || from_ms AS BLOB) AS bytes FROM assignments";
        let crews: Vec<Item> = diesel::sql_query(crews).load(&mut conn).unwrap();
        let results = "SELECT CAST(id || result_body AS BLOB) AS bytes FROM intents";
        let results: Vec<Item> = diesel::sql_query(results).load(&mut conn).unwrap();
        assert!(told.len() >= documents.len(), "the feed tells of each document");
        [documents, heads, visits, crews, results].into_iter().flatten().map(|item| item.bytes).collect()
    };
    let items = read();
    let bytes = items.concat();
    let reading = cpu_ms(runs, || drop(read()));
    let compressing = cpu_ms(runs, || {
        bytes.chunks(ANSWER_BYTES).for_each(|answer| drop(zstd::bulk::compress(answer, ZSTD_LEVEL).unwrap()));
    });
    println!("| SQLite reads the feed, documents and rows of such a pull ({} items) | {reading:.0} |", items.len());
    println!("| zstd compresses them ({} bytes) | {compressing:.0} |", bytes.len());
}

/// Milliseconds of CPU, the best of the runs.
fn cpu_ms(runs: usize, mut work: impl FnMut()) -> f64 {
    let took = (0..runs).map(|_| {
        let before = server::usage(std::process::id()).cpu_s;
        (0..PULLS).for_each(|_| work());
        (server::usage(std::process::id()).cpu_s - before) * 1000.0 / f64::from(PULLS)
    });
    took.fold(f64::INFINITY, f64::min)
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
