//! Both engines have the same schema, and `schema.rs` says the same.

use std::collections::BTreeMap;

use doorstep_store::migrate;
use integration_tests::db::{TestDb, with_conn};
use integration_tests::dir::TestDir;

use super::catalogue::{self, Catalogue, Column};

fn migrated(db: &TestDb) -> Catalogue {
    with_conn(db.url(), |conn| {
        migrate::run_pending(conn).expect("the migrations run");
        catalogue::read(conn)
    })
}

#[test]
fn sqlite_and_postgres_have_the_same_schema() {
    let directory = TestDir::new();
    let sqlite = migrated(&TestDb::sqlite(directory.path()));
    let postgres = migrated(&TestDb::postgres());
    assert!(sqlite.len() >= 30, "the catalogue was read: {:?}", sqlite.keys());
    assert_eq!(sqlite.keys().collect::<Vec<_>>(), postgres.keys().collect::<Vec<_>>());
    for (name, table) in &sqlite {
        assert_eq!(table, &postgres[name], "table {name}: SQLite left, PostgreSQL right");
    }
}

/// Keys start with the tenant, except in the tables of the server itself.
#[test]
fn every_key_starts_with_the_organisation() {
    let catalogue = migrated(&TestDb::postgres());
    for (name, table) in &catalogue {
        if matches!(name.as_str(), "organisations" | "store_epoch" | "signing_keys") {
            continue;
        }
        assert_eq!(table.primary_key.first().map(String::as_str), Some("org_id"), "{name}");
        for (columns, target, _) in &table.foreign_keys {
            assert_eq!(columns[0], "org_id", "{name} to {target}");
        }
        for columns in &table.uniques {
            assert_eq!(columns[0], "org_id", "{name}");
        }
    }
}

/// Columns and primary key of each `table!` of `schema.rs`.
fn declared() -> BTreeMap<String, (BTreeMap<String, Column>, Vec<String>)> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/store/src/schema.rs");
    let text = std::fs::read_to_string(path).expect("schema.rs");
    let mut tables = BTreeMap::new();
    let mut current = None;
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with("///") && !line.starts_with("//!")) {
        if let Some((name, rest)) = line.strip_suffix(") {").and_then(|line| line.split_once(" (")) {
            let key = rest.split(", ").map(str::to_owned).collect();
            tables.insert(name.to_owned(), (BTreeMap::new(), key));
            current = Some(name.to_owned());
        } else if let (Some((column, kind)), Some(table)) = (line.split_once(" -> "), &current) {
            let entry = tables.get_mut(table).expect("the table was just found");
            entry.0.insert(column.to_owned(), diesel_type(kind.trim_end_matches(',')));
        }
    }
    tables
}

fn diesel_type(kind: &str) -> Column {
    let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
    let portable = match inner.unwrap_or(kind) {
        "Text" => "text",
        "BigInt" => "bigint",
        "Binary" => "bytes",
        "Bool" => "flag",
        other => panic!("schema.rs uses {other}, which migrations/README.md does not know"),
    };
    (portable, inner.is_some())
}

#[test]
fn schema_rs_says_what_the_databases_have() {
    let catalogue = migrated(&TestDb::postgres());
    let real: BTreeMap<_, _> =
        catalogue.into_iter().map(|(name, table)| (name, (table.columns, table.primary_key))).collect();
    let declared = declared();
    assert_eq!(declared.keys().collect::<Vec<_>>(), real.keys().collect::<Vec<_>>());
    for (name, table) in &declared {
        assert_eq!(table, &real[name], "table {name}: schema.rs left, PostgreSQL right");
    }
}
