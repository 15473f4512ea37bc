//! What several sync tests look at.

use std::collections::BTreeMap;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use doorstep_store::checks::list_quarantine_after;
use doorstep_store::evidence::QuarantineRow;
use doorstep_store::{Conn, EngineConn, per_backend};
use integration_tests::app::TestApp;
use integration_tests::company::Company;
use integration_tests::db::with_conn;
use integration_tests::phone::Phone;
use sync_core::ids::VisitId;
use sync_core::intent::IntentBody;
use sync_core::intent::body::DayNote;
use sync_core::protocol::SyncResponse;
use sync_core::receipt::{HeldReceipt, verify_held};
use sync_core::time::UnixMillis;

/// Every table that a push may write.
const TABLES: [&str; 14] = [
    "documents",
    "doc_changes",
    "doc_actors",
    "batch_seals",
    "intents",
    "statements",
    "quarantine",
    "visits",
    "assignments",
    "appointments",
    "customers",
    "sites",
    "feed",
    "blob_claims",
];

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Rows per table.
pub async fn counts(app: &TestApp) -> BTreeMap<&'static str, i64> {
    app.read(|conn| {
        let mut counts = BTreeMap::new();
        for table in TABLES {
            let sql = format!("SELECT count(*) AS count FROM {table}");
            let rows: Vec<Count> = per_backend!(conn, c => sql_query(&sql).load(c))?;
            counts.insert(table, rows[0].count);
        }
        Ok(counts)
    })
    .await
}

#[derive(QueryableByName)]
struct Shown {
    #[diesel(sql_type = Text)]
    value: String,
}

/// One text column of a table, sorted.
pub async fn column(app: &TestApp, table: &str, column: &str) -> Vec<String> {
    let sql = format!("SELECT {column} AS value FROM {table} ORDER BY 1");
    let rows: Vec<Shown> = app.read(move |conn| Ok(per_backend!(conn, c => sql_query(&sql).load(c))?)).await;
    rows.into_iter().map(|row| row.value).collect()
}

/// Runs statements behind the server's back.
pub async fn run(app: &TestApp, sql: String) {
    app.write(move |conn| Ok(per_backend!(conn, c => c.batch_execute(&sql))?)).await;
}

/// Makes the database refuse new rows of a table where a column has a value.
pub async fn refuse(app: &TestApp, table: &str, column: &str, value: impl ToString) {
    let value = value.to_string();
    let is_sqlite = app.read(|conn| Ok(matches!(conn.engine, EngineConn::Sqlite(_)))).await;
    let sql = if is_sqlite {
        format!(
            "CREATE TRIGGER poison BEFORE INSERT ON {table} WHEN NEW.{column} = '{value}' \
             BEGIN SELECT RAISE(ABORT, 'not this one'); END;"
        )
    } else {
        format!(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; \
             END $$; CREATE TRIGGER poison BEFORE INSERT ON {table} FOR EACH ROW WHEN (NEW.{column} = '{value}') \
             EXECUTE FUNCTION poison();"
        )
    };
    run(app, sql).await;
}

/// Ends what [`refuse`] began.
pub async fn accept_again(app: &TestApp) {
    let is_sqlite = app.read(|conn| Ok(matches!(conn.engine, EngineConn::Sqlite(_)))).await;
    let sql = if is_sqlite { "DROP TRIGGER poison" } else { "DROP FUNCTION poison() CASCADE" };
    run(app, sql.to_owned()).await;
}

/// What makes the database refuse readings of a visit, as a defect of the server would, or mends that; for SQLite and
/// for PostgreSQL.
pub fn refusing_readings(visit: VisitId, is_on: bool) -> [String; 2] {
    if !is_on {
        return ["DROP TRIGGER poison", "ALTER TABLE visit_readings DROP CONSTRAINT poison"].map(str::to_owned);
    }
    [
        format!(
            "CREATE TRIGGER poison BEFORE INSERT ON visit_readings WHEN NEW.visit_id = '{visit}' \
             BEGIN SELECT RAISE(ABORT, 'not this one'); END;"
        ),
        format!("ALTER TABLE visit_readings ADD CONSTRAINT poison CHECK (visit_id <> '{visit}')"),
    ]
}

/// Has a statement run in the transaction that stores changes, as if somebody else had been just so quick; for SQLite and
/// for PostgreSQL.
pub fn with_the_next_changes(statement: &str) -> [String; 2] {
    with_the_next("doc_changes", statement)
}

/// Has a statement run in the transaction that adds a row to a table.
pub fn with_the_next(table: &str, statement: &str) -> [String; 2] {
    [
        format!("CREATE TRIGGER meanwhile AFTER INSERT ON {table} BEGIN {statement}; END;"),
        format!(
            "CREATE FUNCTION meanwhile() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statement}; RETURN NULL; END; $$; \
             CREATE TRIGGER meanwhile AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION meanwhile();"
        ),
    ]
}

/// Ends what [`with_the_next_changes`] began.
pub fn without_changes() -> [String; 2] {
    ["DROP TRIGGER meanwhile", "DROP TRIGGER meanwhile ON doc_changes"].map(str::to_owned)
}

/// Runs the statement of the engine behind the back of a server in another process.
pub fn run_at(database_url: &str, statements: &[String; 2]) {
    with_conn(database_url, |conn| batch(conn, statements));
}

/// Runs the statement of the engine on a connection.
pub fn batch(conn: &mut Conn, [sqlite, postgres]: &[String; 2]) {
    let done = match &mut conn.engine {
        EngineConn::Sqlite(conn) => conn.batch_execute(sqlite),
        EngineConn::Postgres(conn) => conn.batch_execute(postgres),
    };
    done.expect("the database is told");
}

/// The only receipt of an answer, verified.
pub fn receipt_of(app: &TestApp, phone: &Phone<'_>, answer: &SyncResponse) -> HeldReceipt {
    let [jws] = answer.receipts.as_slice() else { panic!("one receipt, not {:?}", answer.receipts) };
    let verified = verify_held(jws, &app.evidence_keys(), phone.device.org, phone.device.id).expect("a receipt");
    verified.receipt().clone()
}

/// What the receipt of an answer lists, whenever it was signed.
pub fn contents_of(app: &TestApp, phone: &Phone<'_>, answer: &SyncResponse) -> HeldReceipt {
    HeldReceipt { at_ms: UnixMillis(0), ..receipt_of(app, phone, answer) }
}

/// What is in quarantine.
pub async fn quarantined(app: &TestApp, company: Company) -> Vec<QuarantineRow> {
    let rows = app.read(move |conn| list_quarantine_after(conn, company.org, ("", ""), 100)).await;
    rows.into_iter().map(|(row, _)| row).collect()
}

/// A note of the day.
pub fn day_note(text: &str) -> IntentBody {
    IntentBody::DayNote(DayNote { date: "2025-03-04".to_owned(), visit_id: None, text: text.to_owned() })
}
