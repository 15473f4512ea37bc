//! Tests of the test databases themselves, on the engine of the run.
//!
//! What concerns PostgreSQL alone is compiled only with the feature `postgres`, which `make test-postgres` sets: a run
//! without PostgreSQL does not list those tests at all, instead of passing them unseen.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel::{PgConnection, SqliteConnection, sql_query};

use super::*;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Runs statements on the database of a URL, whichever engine it is.
fn run(url: &str, statements: &[&str]) -> Result<(), String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    if let Some(path) = url.strip_prefix("sqlite://") {
        let mut connection = SqliteConnection::establish(path).map_err(|error| text(&error))?;
        statements.iter().try_for_each(|sql| sql_query(*sql).execute(&mut connection).map(drop))
    } else {
        let mut connection = PgConnection::establish(url).map_err(|error| text(&error))?;
        statements.iter().try_for_each(|sql| sql_query(*sql).execute(&mut connection).map(drop))
    }
    .map_err(|error| text(&error))
}

fn count(url: &str, sql: &str) -> i64 {
    let rows: Vec<Count> = match url.strip_prefix("sqlite://") {
        Some(path) => sql_query(sql).load(&mut SqliteConnection::establish(path).unwrap()).unwrap(),
        None => sql_query(sql).load(&mut PgConnection::establish(url).unwrap()).unwrap(),
    };
    rows[0].count
}

#[test]
fn each_database_is_empty_and_its_own() {
    let (one, two) = (TestDb::new(), TestDb::new());
    assert_ne!(one.url(), two.url());
    for db in [&one, &two] {
        run(db.url(), &["CREATE TABLE marks (id BIGINT)", "INSERT INTO marks VALUES (1)"]).unwrap();
        assert_eq!(count(db.url(), "SELECT count(*) AS count FROM marks"), 1);
    }
}

#[test]
fn a_dropped_database_is_gone() {
    let db = TestDb::new();
    let url = db.url().to_owned();
    run(&url, &["CREATE TABLE marks (id BIGINT)"]).unwrap();
    drop(db);
    assert!(run(&url, &["INSERT INTO marks VALUES (1)"]).is_err(), "{url} is still there");
}

#[test]
fn copies_of_a_template_are_prepared_and_do_not_share_writes() {
    static TEMPLATE: Template =
        Template::new(|url| run(url, &["CREATE TABLE marks (id BIGINT)", "INSERT INTO marks VALUES (1)"]));
    let (one, two) = (TestDb::copy_of(&TEMPLATE), TestDb::copy_of(&TEMPLATE));
    run(one.url(), &["INSERT INTO marks VALUES (2)"]).unwrap();
    assert_eq!(count(one.url(), "SELECT count(*) AS count FROM marks"), 2);
    assert_eq!(count(two.url(), "SELECT count(*) AS count FROM marks"), 1);
}

#[test]
fn a_template_that_fails_says_why_each_time() {
    static TEMPLATE: Template = Template::new(|_| Err("no such table".to_owned()));
    for _ in 0..2 {
        let reason = TEMPLATE.copy().unwrap_err().to_string();
        assert!(reason.contains("no such table"), "{reason}");
    }
}

#[test]
fn a_borrowed_directory_stays() {
    let directory = env::temp_dir().join(unique_name("doorstep-borrowed"));
    fs::create_dir(&directory).unwrap();
    let db = TestDb::sqlite(&directory);
    run(db.url(), &["CREATE TABLE marks (id BIGINT)"]).unwrap();
    drop(db);
    assert!(directory.join("doorstep.sqlite").is_file());
    fs::remove_dir_all(&directory).unwrap();
}

#[cfg(feature = "postgres")]
mod postgres {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn an_open_connection_does_not_keep_a_database_alive() {
        let db = TestDb::postgres();
        let mut connection = PgConnection::establish(db.url()).unwrap();
        drop(db);
        assert!(sql_query("SELECT 1").execute(&mut connection).is_err());
    }

    /// Not a check of its own: it is what [`the_cluster_dies_with_its_process`] starts as another process.
    #[test]
    fn starts_a_cluster_for_the_process_that_asks() {
        let cluster = Cluster::of_this_process().unwrap();
        assert!(cluster.directory().join("data").is_dir());
        if env::var_os("DOORSTEP_TEST_HOLD").is_some() {
            println!("\ncluster at {}", cluster.directory().display());
            loop {
                std::thread::park();
            }
        }
    }

    #[test]
    fn the_cluster_dies_with_its_process() {
        let mut owner = Command::new(env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "db::tests::postgres::starts_a_cluster_for_the_process_that_asks"])
            .env("DOORSTEP_TEST_HOLD", "1")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
        let directory =
            lines.map_while(Result::ok).find_map(|line| line.strip_prefix("cluster at ").map(PathBuf::from));
        let directory = directory.expect("the other process names its cluster");
        let server = fs::read_to_string(directory.join("data/postmaster.pid")).unwrap();
        let server = server.lines().next().unwrap().to_owned();
        assert!(is_alive(&server));

        owner.kill().unwrap();
        owner.wait().unwrap();
        // `tail` ends when the server has; no polling is needed.
        let waited = Command::new("tail").args(["--pid", &server, "-f", "/dev/null"]).status().unwrap();
        assert!(waited.success());
        assert!(!is_alive(&server));
    }

    fn is_alive(pid: &str) -> bool {
        Command::new("kill").args(["-0", pid]).stderr(Stdio::null()).status().unwrap().success()
    }
}
