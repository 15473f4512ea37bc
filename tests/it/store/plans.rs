//! What a sync asks of the database does not grow with what is stored: no statement of it walks a table that grows. Nor
//! does a page of a verification.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use doorstep::domain::Role;
use doorstep::jobs::findings;
use doorstep::jobs::ingest::run_due;
use doorstep_store::photo_checks::enqueue;
use doorstep_store::{Conn, EngineConn, StoreResult, per_backend};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use serde_json::json;

use crate::sync::statements::{signed_visit, upload};

/// What an organisation has few of, or what a sync reads whole by design; `json_each` gives the keys that were asked for.
const SMALL: [&str; 10] = [
    "json_each",
    "organisations",
    "grids",
    "org_storage",
    "store_epoch",
    "templates",
    "policies",
    "calendars",
    "norm_withdrawals",
    "evidence_keys",
];

/// How diesel asks for none of an empty list: the engine looks at nothing.
const FOR_NOTHING: &str = "(1=0)";

/// Statements as they are sent, each once.
type Heard = Arc<Mutex<BTreeSet<String>>>;

/// Hears every statement of a connection from now on.
fn listen(conn: &mut Conn, heard: &Heard) -> StoreResult<()> {
    let heard = Arc::clone(heard);
    let hear = move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let sql = text.split_once(" -- binds:").map_or(text.as_str(), |(sql, _)| sql);
            heard.lock().unwrap_or_else(PoisonError::into_inner).insert(sql.to_owned());
        }
    };
    per_backend!(conn, c => c.set_instrumentation(hear));
    Ok(())
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct PgStep {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    detail: String,
}

/// How the engine would run a statement on tables of any size.
fn plan_of(conn: &mut Conn, sql: &str) -> Vec<String> {
    match &mut conn.engine {
        EngineConn::Sqlite(c) => {
            let steps: Vec<Step> = sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(&mut **c).expect(sql);
            steps.into_iter().map(|step| step.detail).collect()
        }
        EngineConn::Postgres(c) => {
            let parameters = (1..).take_while(|number| sql.contains(&format!("${number}"))).count();
            let nothing = vec!["NULL"; parameters].join(", ");
            let arguments = if parameters == 0 { String::new() } else { format!("({nothing})") };
            sql_query("SET enable_seqscan = off").execute(&mut **c).expect("a setting");
            sql_query("SET plan_cache_mode = force_generic_plan").execute(&mut **c).expect("a setting");
            sql_query(format!("PREPARE asked AS {sql}")).execute(&mut **c).expect(sql);
            let steps: Vec<PgStep> = sql_query(format!("EXPLAIN EXECUTE asked{arguments}")).load(&mut **c).expect(sql);
            sql_query("DEALLOCATE asked").execute(&mut **c).expect("forgotten");
            steps.into_iter().map(|step| step.detail).collect()
        }
    }
}

/// The table that a step walks from end to end, or through all rows of an organisation.
fn walks(step: &str) -> Option<&str> {
    let step = step.trim_start().trim_start_matches("-> ").trim_start();
    let whole = step.strip_prefix("SCAN ").or_else(|| step.strip_prefix("Seq Scan on "));
    let organisation = step.strip_prefix("SEARCH ").filter(|step| step.ends_with("(org_id=?)"));
    whole.or(organisation)?.split(' ').next()
}

/// The statements of an app with one connection, from now on.
async fn listening(app: &TestApp) -> Heard {
    let heard = Heard::default();
    let (reading, writing) = (Arc::clone(&heard), Arc::clone(&heard));
    app.state.store.read(move |conn| listen(conn, &reading)).await.expect("a reader");
    app.state.store.write(move |conn| listen(conn, &writing)).await.expect("the writer");
    heard
}

fn taken(heard: &Heard) -> BTreeSet<String> {
    std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Those of the statements that walk a table that grows, with how.
async fn walking(app: &TestApp, statements: Vec<String>) -> Vec<String> {
    app.read(move |conn| {
        let mut walking = Vec::new();
        for sql in &statements {
            let steps = plan_of(conn, sql);
            let walked = steps.iter().filter_map(|step| walks(step)).filter(|table| !SMALL.contains(table));
            walking.extend(walked.map(|table| format!("{table}: {sql}\n    {}", steps.join("\n    "))));
        }
        Ok(walking)
    })
    .await
}

#[actix_web::test]
async fn no_statement_of_a_sync_walks_a_table_that_grows() {
    let app = TestApp::configured(|config| config.database.connections = 1).await;
    let heard = listening(&app).await;
    // An office that plans, two phones of one rep, work with a photo and a form, and a correction.
    let (mut phone, visit, _, blobs) = signed_visit(&app).await;
    let mut second = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    for blob in &blobs {
        upload(&phone, blob).await;
    }
    second.sync().await;
    phone.tick(visit, "wiring", true);
    phone.sync().await;
    second.sync().await;

    let heard = taken(&heard);
    assert!(heard.len() > 40, "{} statements", heard.len());
    let is_planned = |sql: &String| {
        let verbs = ["SELECT `", "SELECT \"", "UPDATE", "DELETE", "INSERT"];
        verbs.iter().any(|verb| sql.starts_with(verb)) && !sql.contains(FOR_NOTHING)
    };
    let walking = walking(&app, heard.into_iter().filter(is_planned).collect()).await;
    assert!(walking.is_empty(), "{}", walking.join("\n\n"));
}

#[actix_web::test]
async fn no_statement_of_a_search_or_an_import_walks_a_table_that_grows() {
    let app = TestApp::configured(|config| config.database.connections = 1).await;
    app.office(YUNZE).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let rep = app.signed_in(YUNZE.rep()).await;
    let heard = listening(&app).await;
    let row = json!({"customer": {"kind": "individual", "name": "王海", "phones": ["13800138000"], "address": "示例路"},
        "site": {"address": "示例路", "scene": "rural"},
        "order": {"external_ref": "A-1", "type": "repair", "channel": "web"}});
    let import = json!({"reuse": "exact", "rows": [row]});
    let kept = dispatcher.post("/v1/work-orders/import", import).await.expect(200);
    let order = &kept["rows"][0];
    let plan =
        json!({"work_order_id": order["work_order_id"], "template": "broadband_install", "crew": [YUNZE.rep().id]});
    let visit = dispatcher.post("/v1/visits", plan).await.expect(201);
    taken(&heard);
    dispatcher.post("/v1/work-orders/import", json!({"rows": [row]})).await.expect(200);
    for client in [&dispatcher, &rep] {
        for terms in [
            json!({"name": "海"}),
            json!({"phone": "8000"}),
            json!({"phone": "13800138000"}),
            json!({"address": "示例路"}),
            json!({"number": order["number"]}),
            json!({"number": visit["number"]}),
            json!({"number_209": "20900088001"}),
            json!({"external_ref": "A-1"}),
        ] {
            client.post("/v1/search", terms).await.expect(200);
        }
    }
    let customer = order["customer"]["id"].as_str().expect("an id");
    dispatcher.get(format!("/v1/customers/{customer}/duplicates")).await.expect(200);
    let heard = taken(&heard);
    let asked: Vec<String> = heard
        .into_iter()
        .filter(|sql| sql.starts_with("SELECT ") && sql != "SELECT 1" && !sql.contains(FOR_NOTHING))
        .collect();
    assert!(asked.len() > 15, "{} statements", asked.len());
    let walking = walking(&app, asked).await;
    assert!(walking.is_empty(), "{}", walking.join("\n\n"));
}

#[actix_web::test]
async fn what_a_phone_has_in_quarantine_is_counted_in_an_index_alone() {
    let app = TestApp::configured(|config| config.database.connections = 1).await;
    let (phone, visit, ..) = signed_visit(&app).await;
    let heard = listening(&app).await;
    phone.exchange(&phone.pushing(visit, vec![b"no change".to_vec()])).await;
    let counting: Vec<String> = taken(&heard).into_iter().filter(|sql| sql.contains("LENGTH(bytes)")).collect();
    let [sql] = counting.as_slice() else { panic!("one statement, not {counting:?}") };
    let sql = sql.clone();
    let plan = app.read(move |conn| Ok(plan_of(conn, &sql).join("\n"))).await;
    // PostgreSQL reads no bytes for their length, and the rows in any case.
    let index = if app.state.store.has_nodes() { "Index Scan" } else { "COVERING INDEX quarantine_by_device" };
    assert!(plan.contains(index), "{plan}");
}

#[actix_web::test]
async fn no_page_of_a_verification_begins_where_its_organisation_does() {
    let app = TestApp::configured(|config| config.database.connections = 1).await;
    let heard = listening(&app).await;
    assert_eq!(app.verified().await.differences, []);
    let pages: Vec<String> = taken(&heard).into_iter().filter(|sql| sql.contains(" LIMIT ")).collect();
    assert!(pages.len() > 6, "{pages:?}");
    let walking = walking(&app, pages).await;
    assert!(walking.is_empty(), "{}", walking.join("\n\n"));
}

#[actix_web::test]
async fn what_is_due_of_an_ingest_is_found_without_walking_the_pictures() {
    let app = TestApp::configured(|config| config.database.connections = 1).await;
    let phone = app.phone_of(YUNZE.rep()).await;
    upload(&phone, b"\xff\xd8\xffbroken").await;
    let heard = listening(&app).await;
    assert_eq!(run_due(&app.state).await.expect("a job"), 1);
    let heard = taken(&heard);
    for (what, index) in [
        ("preview_state = 'pending' AND org_id >", "blobs_pending"),
        ("preview_state = 'pending' AND (", "blobs_pending"),
        ("preview_state IN ('ready', 'no_preview') AND", "blobs_outdated"),
        ("ingest_due_ms IS NOT NULL AND", "blobs_due_again"),
    ] {
        let lists: Vec<&String> = heard.iter().filter(|sql| sql.contains(what)).collect();
        let [sql] = lists.as_slice() else { panic!("one statement for {index}, not {lists:?}") };
        let sql = (*sql).clone();
        let plan = app.read(move |conn| Ok(plan_of(conn, &sql).join("\n"))).await;
        // A place to begin in the index of what is due: without it both engines walk another index from its beginning.
        let (begins, within) = if app.state.store.has_nodes() {
            (format!(" using {index} on blobs"), "Index Cond: ")
        } else {
            let column = match index {
                "blobs_due_again" => "(ingest_due_ms",
                "blobs_pending" if what.ends_with('>') => "(org_id>?)",
                // The place is of one organisation.
                "blobs_pending" => "(org_id=? AND (received_at_ms",
                _ => "received_at_ms",
            };
            let covering = if what.ends_with('>') { "COVERING " } else { "" };
            (format!("SEARCH blobs USING {covering}INDEX {index} ("), column)
        };
        assert!(plan.contains(&begins) && plan.contains(within), "{plan}");
    }
}

#[actix_web::test]
async fn whose_photos_are_to_be_looked_at_is_found_without_walking_what_waits() {
    let app = TestApp::configured(|config| config.database.connections = 1).await;
    let (_, visit, ..) = signed_visit(&app).await;
    app.write(move |conn| enqueue(conn, YUNZE.org, [visit], 1)).await;
    let heard = listening(&app).await;
    assert!(findings::run_due(&app.state).await.expect("a job") > 0);
    let heard = taken(&heard);
    let begins = |sql: &str| {
        let place =
            [("org_id > ", "(org_id>?)"), ("(due_at_ms, visit_id) > (", "(org_id=? AND (due_at_ms,visit_id)>(?,?))")];
        place.into_iter().find(|(what, _)| sql.contains(what)).map(|(_, place)| place)
    };
    let lists: Vec<(String, &str)> = heard
        .into_iter()
        .filter(|sql| sql.contains("photo_checks") && sql.contains(" LIMIT "))
        .filter_map(|sql| begins(&sql).map(|place| (sql, place)))
        .collect();
    assert_eq!(lists.len(), 2, "{lists:?}");
    for (sql, place) in lists {
        let plan = app.read(move |conn| Ok(plan_of(conn, &sql).join("\n"))).await;
        let found = if app.state.store.has_nodes() {
            plan.contains(" using photo_checks_") && plan.contains("Index Cond: ")
        } else {
            plan.starts_with("SEARCH photo_checks ") && plan.contains(place)
        };
        assert!(found, "{plan}");
    }
}

#[test]
fn a_walk_is_recognised() {
    assert_eq!(walks("SCAN feed USING INDEX feed_by_item"), Some("feed"));
    assert_eq!(walks("SEARCH feed USING PRIMARY KEY (org_id=?)"), Some("feed"));
    assert_eq!(walks("SEARCH feed USING PRIMARY KEY (org_id=? AND audience=?)"), None);
    assert_eq!(walks("  ->  Seq Scan on feed  (cost=0.00..1.0 rows=1 width=8)"), Some("feed"));
    assert_eq!(walks("  ->  Index Scan using feed_pkey on feed  (cost=0.00..1.0 rows=1 width=8)"), None);
}
