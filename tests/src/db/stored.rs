//! What lies in the server's database, counted behind its back.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use doorstep_store::documents::find_heads;
use doorstep_store::organisations::list_organisations;
use doorstep_store::per_backend;
use doorstep_store::{Conn, EngineConn};
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;

use super::with_conn;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Rows per table.
///
/// # Panics
/// If the database cannot be read.
pub fn count(url: &str, tables: &[&'static str]) -> BTreeMap<&'static str, i64> {
    tables.iter().map(|table| (*table, number(url, &format!("SELECT count(*) AS count FROM {table}")))).collect()
}

/// The `count` of a question that gives one row.
pub(crate) fn number(url: &str, sql: &str) -> i64 {
    let counted: QueryResult<Vec<Count>> = with_conn(url, |conn| per_backend!(conn, c => sql_query(sql).load(c)));
    counted.unwrap_or_else(|error| panic!("{sql}: {error}"))[0].count
}

#[derive(QueryableByName)]
struct Verdict {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

/// What the database itself says about its file; PostgreSQL recovers or does not start.
///
/// # Panics
/// With what is wrong.
pub fn check_integrity(conn: &mut Conn) {
    if let EngineConn::Sqlite(sqlite) = &mut conn.engine {
        let verdict: Vec<Verdict> = sql_query("PRAGMA integrity_check").load(sqlite).expect("a verdict");
        assert_eq!(verdict[0].integrity_check, "ok");
    }
}

/// Heads of a document of the only organisation.
pub(crate) fn heads(url: &str, visit: VisitId) -> Vec<Hash> {
    let found = with_conn(url, |conn| {
        let company = list_organisations(conn)?.into_iter().next();
        company.map_or(Ok(None), |company| find_heads(conn, company.id.0, visit))
    });
    found.expect("the database can be read").expect("the server has the document")
}

/// Does something while a table has another name, so that nothing finds it.
///
/// # Panics
/// If it cannot be renamed.
pub async fn renamed(url: &str, table: &str, during: impl AsyncFnOnce()) {
    let rename = |from: &str, to: &str| {
        let sql = format!("ALTER TABLE {from} RENAME TO {to}");
        with_conn(url, |conn| per_backend!(conn, c => sql_query(&sql).execute(c))).expect("renamed");
    };
    let elsewhere = format!("{table}_elsewhere");
    rename(table, &elsewhere);
    during().await;
    rename(&elsewhere, table);
}
