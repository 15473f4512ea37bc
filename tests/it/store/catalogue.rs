//! What a database really contains, read from the engine's own catalogue into one comparable form.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Nullable, Text};
use doorstep_store::{Conn, EngineConn};

/// A column: its type in the words of `migrations/README.md`, and whether it may be null.
pub type Column = (&'static str, bool);

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Columns by name.
    pub columns: BTreeMap<String, Column>,
    /// Columns of the primary key, in order.
    pub primary_key: Vec<String>,
    /// Columns of each unique constraint.
    pub uniques: BTreeSet<Vec<String>>,
    /// Columns, table and columns there of each foreign key.
    pub foreign_keys: BTreeSet<(Vec<String>, String, Vec<String>)>,
    /// Named indexes: unique or not, columns.
    pub indexes: BTreeMap<String, (bool, Vec<String>)>,
    /// Events that a trigger refuses.
    pub refused: BTreeSet<String>,
}

/// Tables by name, without those of the migration tool.
pub type Catalogue = BTreeMap<String, Table>;

#[derive(QueryableByName)]
struct Item {
    #[diesel(sql_type = Text)]
    owner: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    detail: Option<String>,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn items(conn: &mut Conn, sql: &str) -> Vec<Item> {
    doorstep_store::per_backend!(conn, c => sql_query(sql).load(c)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// Reads the catalogue of either engine.
pub fn read(conn: &mut Conn) -> Catalogue {
    match conn.engine {
        EngineConn::Sqlite(_) => sqlite(conn),
        EngineConn::Postgres(_) => postgres(conn),
    }
}

/// Counts the rows of every table.
pub fn count_rows(conn: &mut Conn) -> BTreeMap<String, i64> {
    let tables: Vec<String> = read(conn).into_keys().collect();
    let count = |table: String| {
        let sql = format!("SELECT '{table}' AS owner, '' AS name, NULL AS detail, count(*) AS number FROM {table}");
        let counted = items(conn, &sql).pop().expect("one row");
        (counted.owner, counted.number)
    };
    tables.into_iter().map(count).collect()
}

/// The type of `migrations/README.md` for a declared type and, on PostgreSQL, its collation.
fn portable(declared: &str, column: &str) -> &'static str {
    match declared {
        "TEXT" | "text C" => "text",
        "BIGINT" | "bigint" => "bigint",
        "BLOB" | "bytea" => "bytes",
        "BOOLEAN" | "boolean" => "flag",
        other => panic!("column {column} has type {other:?}, which migrations/README.md does not know"),
    }
}

fn columns_of(detail: Option<String>) -> Vec<String> {
    detail.unwrap_or_default().split(',').map(str::to_owned).collect()
}

fn table<'a>(catalogue: &'a mut Catalogue, name: &str) -> &'a mut Table {
    catalogue.get_mut(name).unwrap_or_else(|| panic!("table {name} is in the catalogue"))
}

fn sqlite(conn: &mut Conn) -> Catalogue {
    const TABLES: &str = "SELECT name AS owner FROM sqlite_schema WHERE type = 'table' \
        AND name NOT LIKE 'sqlite_%' AND name <> '__diesel_schema_migrations'";
    let mut catalogue = Catalogue::new();
    let columns = format!(
        "SELECT t.owner, c.name, c.type AS detail, c.\"notnull\" * 100 + c.pk AS number \
         FROM ({TABLES}) t, pragma_table_info(t.owner) c ORDER BY t.owner, c.pk"
    );
    for item in items(conn, &columns) {
        let table = catalogue.entry(item.owner.clone()).or_default();
        let kind = portable(&item.detail.unwrap_or_default(), &format!("{}.{}", item.owner, item.name));
        table.columns.insert(item.name.clone(), (kind, item.number < 100));
        if item.number % 100 > 0 {
            table.primary_key.push(item.name);
        }
    }
    // Origin u: a UNIQUE constraint; c: CREATE INDEX; pk: the primary key, read above.
    let indexes = format!(
        "SELECT t.owner, i.origin || i.name AS name, i.\"unique\" AS number, \
            (SELECT group_concat(x.name, ',' ORDER BY x.seqno) FROM pragma_index_info(i.name) x) AS detail \
         FROM ({TABLES}) t, pragma_index_list(t.owner) i WHERE i.origin IN ('u', 'c')"
    );
    for item in items(conn, &indexes) {
        let table = table(&mut catalogue, &item.owner);
        let columns = columns_of(item.detail);
        match item.name.split_at(1) {
            ("u", _) => drop(table.uniques.insert(columns)),
            (_, name) => drop(table.indexes.insert(name.to_owned(), (item.number == 1, columns))),
        }
    }
    let keys = format!(
        "SELECT t.owner, f.\"table\" AS name, 0 AS number, \
            group_concat(f.\"from\", ',' ORDER BY f.seq) || ';' || group_concat(f.\"to\", ',' ORDER BY f.seq) AS detail \
         FROM ({TABLES}) t, pragma_foreign_key_list(t.owner) f GROUP BY t.owner, f.id, f.\"table\""
    );
    add_foreign_keys(&mut catalogue, items(conn, &keys));
    let triggers =
        "SELECT tbl_name AS owner, name, sql AS detail, 0 AS number FROM sqlite_schema WHERE type = 'trigger'";
    for item in items(conn, triggers) {
        let sql = item.detail.unwrap_or_default();
        let events = ["UPDATE", "DELETE"].into_iter().filter(|event| sql.contains(&format!("BEFORE {event} ON")));
        table(&mut catalogue, &item.owner).refused.extend(events.map(str::to_owned));
    }
    catalogue
}

fn postgres(conn: &mut Conn) -> Catalogue {
    let mut catalogue = Catalogue::new();
    let columns = "SELECT table_name::text AS owner, column_name::text AS name, \
            (data_type || coalesce(' ' || collation_name, ''))::text AS detail, \
            (CASE is_nullable WHEN 'YES' THEN 1 ELSE 0 END)::bigint AS number \
         FROM information_schema.columns \
         WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'";
    for item in items(conn, columns) {
        let kind = portable(&item.detail.unwrap_or_default(), &format!("{}.{}", item.owner, item.name));
        catalogue.entry(item.owner).or_default().columns.insert(item.name, (kind, item.number == 1));
    }
    let names = |table: &str, keys: &str| {
        format!(
            "(SELECT string_agg(a.attname, ',' ORDER BY k.at) FROM unnest({keys}) WITH ORDINALITY k(number, at) \
              JOIN pg_attribute a ON a.attrelid = {table} AND a.attnum = k.number)"
        )
    };
    let constraints = format!(
        "SELECT t.relname::text AS owner, c.contype::text AS name, {} AS detail, 0::bigint AS number \
         FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid \
         WHERE c.contype IN ('p', 'u') AND c.connamespace = 'public'::regnamespace \
         AND t.relname <> '__diesel_schema_migrations'",
        names("c.conrelid", "c.conkey")
    );
    for item in items(conn, &constraints) {
        let table = table(&mut catalogue, &item.owner);
        let columns = columns_of(item.detail);
        match item.name.as_str() {
            "p" => table.primary_key = columns,
            _ => drop(table.uniques.insert(columns)),
        }
    }
    let indexes = format!(
        "SELECT t.relname::text AS owner, i.relname::text AS name, {} AS detail, x.indisunique::int::bigint AS number \
         FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid \
         WHERE t.relnamespace = 'public'::regnamespace \
         AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = x.indexrelid AND c.contype IN ('p', 'u'))",
        names("x.indrelid", "x.indkey::int2[]")
    );
    for item in items(conn, &indexes) {
        let entry = (item.number == 1, columns_of(item.detail));
        table(&mut catalogue, &item.owner).indexes.insert(item.name, entry);
    }
    let keys = format!(
        "SELECT t.relname::text AS owner, f.relname::text AS name, {} || ';' || {} AS detail, 0::bigint AS number \
         FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid \
         WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace",
        names("c.conrelid", "c.conkey"),
        names("c.confrelid", "c.confkey")
    );
    add_foreign_keys(&mut catalogue, items(conn, &keys));
    let triggers = "SELECT event_object_table::text AS owner, event_manipulation::text AS name, NULL::text AS detail, \
         0::bigint AS number FROM information_schema.triggers WHERE action_timing = 'BEFORE'";
    for item in items(conn, triggers) {
        table(&mut catalogue, &item.owner).refused.insert(item.name);
    }
    catalogue
}

fn add_foreign_keys(catalogue: &mut Catalogue, keys: Vec<Item>) {
    for item in keys {
        let detail = item.detail.unwrap_or_default();
        let (from, to) = detail.split_once(';').expect("two lists of columns");
        let list = |text: &str| columns_of(Some(text.to_owned()));
        table(catalogue, &item.owner).foreign_keys.insert((list(from), item.name, list(to)));
    }
}
