//! What lies in the server's database, counted behind its back.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use doorstep_store::documents::find_heads;
use doorstep_store::organisations::list_organisations;
use doorstep_store::per_backend;
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;

use super::with_conn;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Rows per table.
pub(crate) fn count(url: &str, tables: &[&'static str]) -> BTreeMap<&'static str, i64> {
    let rows = |table: &&'static str| {
        let sql = format!("SELECT count(*) AS count FROM {table}");
        let counted: QueryResult<Vec<Count>> = with_conn(url, |conn| per_backend!(conn, c => sql_query(&sql).load(c)));
        (*table, counted.unwrap_or_else(|error| panic!("{table}: {error}"))[0].count)
    };
    tables.iter().map(rows).collect()
}

/// Heads of a document of the only organisation.
pub(crate) fn heads(url: &str, visit: VisitId) -> Vec<Hash> {
    let found = with_conn(url, |conn| {
        let company = list_organisations(conn)?.into_iter().next();
        company.map_or(Ok(None), |company| find_heads(conn, company.id.0, visit))
    });
    found.expect("the database can be read").expect("the server has the document")
}
