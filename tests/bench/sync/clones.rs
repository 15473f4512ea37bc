//! Copies of a rep with all his visits, made in the database, where a million visits through the product take hours.
//!
//! Every id of a copy is the original's with other last digits; what a copy holds is otherwise what the product wrote.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::Text;
use doorstep::app::AppError;
use doorstep::boot;
use doorstep_store::{Conn, EngineConn, StoreError};
use sync_core::ids::UserId;

use crate::database::Database;
use crate::seed;

/// Copies made in one transaction.
const AT_ONCE: usize = 100;

/// Tables in the order of their foreign keys, with the rows that belong to the rep.
const TABLES: &[(&str, &str)] = &[
    ("users", "id = 'REP'"),
    ("visits", "id IN (VISITS)"),
    ("assignments", "rep_id = 'REP'"),
    ("documents", "visit_id IN (VISITS)"),
    ("doc_changes", "visit_id IN (VISITS)"),
    ("doc_actors", "visit_id IN (VISITS)"),
    ("visit_photos", "visit_id IN (VISITS)"),
    ("visit_readings", "visit_id IN (VISITS)"),
    ("visit_answers", "visit_id IN (VISITS)"),
    ("visit_events", "visit_id IN (VISITS)"),
    ("blob_claims", "visit_id IN (VISITS)"),
    ("intents", "user_id = 'REP'"),
    ("audience_heads", "audience = 'u:REP'"),
    ("feed", "audience = 'u:REP'"),
];

/// Columns that name something of the rep, whose last twelve digits become those of the copy.
const IDS: &[&str] = &["visit_id", "rep_id", "user_id", "actor", "audience", "item"];

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Adds copies of a rep; `before` were made already.
pub fn add(database: &Database, rep: UserId, before: usize, copies: usize) {
    boot::block_on(async {
        let state = seed::open(database).await;
        for first in (before..before + copies).step_by(AT_ONCE) {
            let last = (first + AT_ONCE).min(before + copies) - 1;
            let copy = move |conn: &mut Conn| copy_all(conn, rep, first, last).map_err(AppError::Store);
            state.store.write(copy).await.expect("copies");
            if first % 1000 == 0 {
                eprintln!("  {} of {} copies", last + 1 - before, copies);
            }
        }
    });
}

fn copy_all(conn: &mut Conn, rep: UserId, first: usize, last: usize) -> Result<(), StoreError> {
    for (table, rows) in TABLES {
        let columns = columns(conn, table)?;
        let digits = match &mut conn.engine {
            EngineConn::Sqlite(_) => "printf('%012x', n)",
            EngineConn::Postgres(_) => "lpad(to_hex(n), 12, '0')",
        };
        let values: Vec<String> = columns.iter().map(|column| value(table, column, digits)).collect();
        let (columns, values) = (columns.join(", "), values.join(", "));
        let rows = rows.replace("VISITS", "SELECT visit_id FROM assignments WHERE rep_id = 'REP'");
        let rows = rows.replace("REP", &rep.to_string());
        let sql = format!(
            "INSERT INTO {table} ({columns}) WITH RECURSIVE copies (n) AS (SELECT {first} UNION ALL \
             SELECT n + 1 FROM copies WHERE n < {last}) SELECT {values} FROM {table}, copies WHERE {rows}"
        );
        match &mut conn.engine {
            EngineConn::Sqlite(conn) => conn.batch_execute(&sql),
            EngineConn::Postgres(conn) => conn.batch_execute(&sql),
        }?;
    }
    Ok(())
}

/// What a copy has in a column.
fn value(table: &str, column: &str, digits: &str) -> String {
    let renamed = format!("substr({column}, 1, length({column}) - 12) || {digits}");
    match (table, column) {
        ("visits", "number") => "NULL".to_owned(),
        ("users", "login") => format!("login || '-' || {digits}"),
        ("users" | "visits" | "assignments" | "intents", "id") => renamed,
        (_, column) if IDS.contains(&column) => renamed,
        _ => column.to_owned(),
    }
}

fn columns(conn: &mut Conn, table: &str) -> Result<Vec<String>, StoreError> {
    let columns: Vec<Column> = match &mut conn.engine {
        EngineConn::Sqlite(conn) => {
            diesel::sql_query(format!("SELECT name FROM pragma_table_info('{table}')")).load(&mut **conn)
        }
        EngineConn::Postgres(conn) => diesel::sql_query(format!(
            "SELECT column_name::text AS name FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = '{table}'"
        ))
        .load(&mut **conn),
    }?;
    Ok(columns.into_iter().map(|column| column.name).collect())
}
