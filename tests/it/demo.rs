//! The invented company: complete, the same everywhere, and put in only once.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use doorstep::app::{AppError, AppState};
use doorstep::demo::{self, DemoError};
use doorstep::{boot, config};
use doorstep_store::assignments::list_crew;
use doorstep_store::visits::{VisitFilter, list_visits};
use doorstep_store::work_orders::find_work_order;
use doorstep_store::{Conn, organisations};
use integration_tests::app::COMPANIES;
use integration_tests::call::Call;
use integration_tests::clock::{START, TestClock};
use integration_tests::db::TestDb;
use integration_tests::dir::TestDir;
use integration_tests::server::{executable, send};
use serde_json::{Value, json};
use sync_core::time::UnixMillis;

use crate::store::catalogue::count_rows;

/// Noon of a day of today, in the company's zone.
const TODAY: &str = "2026-02-03T12:00:00+08:00";

/// A server as each start builds it.
async fn start(db: &TestDb, data: &TestDir, now: UnixMillis) -> AppState {
    let mut config = config::load(None).expect("the default configuration");
    config.database_url = db.url().to_owned();
    config.data_dir = data.path().to_owned();
    config.database.connections = 2;
    boot::build_state(config, Arc::new(TestClock::at(now))).await.expect("the server can be built")
}

async fn read<T: Send + 'static>(state: &AppState, f: impl FnOnce(&mut Conn) -> T + Send + 'static) -> T {
    state.store.read(move |conn| Ok::<_, AppError>(f(conn))).await.expect("the database can be read")
}

/// Every planned visit in one line: reference of its order, numbers, ids, template, start, crew.
fn plan(conn: &mut Conn) -> Vec<String> {
    let org = organisations::find_organisation_by_code(conn, demo::ORGANISATION).unwrap().unwrap().id.0;
    let visits = list_visits(conn, org, &VisitFilter::default(), "", 1000).unwrap();
    let mut lines: Vec<String> = visits
        .into_iter()
        .map(|visit| {
            let order = find_work_order(conn, org, visit.work_order_id.unwrap().0).unwrap().unwrap();
            let crew = list_crew(conn, org, visit.id.0).unwrap();
            let crew: Vec<&str> = crew.iter().map(|member| member.name.as_str()).collect();
            let start = UnixMillis(visit.planned_start_ms.unwrap()).to_rfc3339();
            let numbers = format!("{} {}", order.number.unwrap(), visit.number.unwrap());
            let reference = order.external_ref.unwrap();
            format!("{reference} {numbers} {} {} {start} {}", visit.id.0, visit.template, crew.join("+"))
        })
        .collect();
    lines.sort();
    lines
}

#[actix_web::test]
async fn a_second_start_changes_nothing() {
    let (db, data) = (TestDb::new(), TestDir::new());
    let now = UnixMillis::from_rfc3339(TODAY).unwrap();
    let first = start(&db, &data, now).await;
    demo::seed(&first).await.unwrap();
    assert_eq!(demo::plan_today(&first).await.unwrap(), "2026-02-03");
    demo::create_code(&first, "li.ming").await.unwrap();
    let before = read(&first, count_rows).await;
    drop(first);

    let again = start(&db, &data, now.plus_ms(3_600_000)).await;
    demo::seed(&again).await.unwrap();
    demo::plan_today(&again).await.unwrap();
    demo::create_code(&again, "li.ming").await.unwrap();
    assert_eq!(read(&again, count_rows).await, before);
    let of = |table: &str| before[table];
    let counts = [of("organisations"), of("users"), of("teams"), of("grids"), of("customers"), of("visits")];
    assert_eq!((counts, of("meeting_places")), ([1, 18, 2, 3, 16, 17], 2));
    assert_eq!([of("templates"), of("policies"), of("calendars")], [8, 1, 1]);
}

#[actix_web::test]
async fn the_next_day_brings_visits_of_its_own() {
    let (db, data) = (TestDb::new(), TestDir::new());
    let now = UnixMillis::from_rfc3339(TODAY).unwrap();
    let state = start(&db, &data, now).await;
    demo::seed(&state).await.unwrap();
    demo::plan_today(&state).await.unwrap();
    drop(state);

    let state = start(&db, &data, now.plus_ms(24 * 3_600_000)).await;
    demo::plan_today(&state).await.unwrap();
    let lines = read(&state, plan).await;
    let of = |day: &str| lines.iter().filter(|line| line.starts_with(day)).count();
    assert_eq!([of("2026-02-03/"), of("2026-02-04/")], [4, 4], "{lines:#?}");
}

#[actix_web::test]
async fn every_machine_gets_the_same_plan() {
    let mut plans = Vec::new();
    for _machine in 0..2 {
        let (db, data) = (TestDb::new(), TestDir::new());
        let state = start(&db, &data, START).await;
        demo::seed(&state).await.unwrap();
        plans.push(read(&state, plan).await);
    }
    assert_eq!(plans[0], plans[1]);
    // Named in documents and tests: a change here breaks them.
    let first = "S-01 WO-2025-000001 V-2025-000001 ";
    assert!(plans[0][0].starts_with(first), "{:#?}", plans[0]);
    assert!(plans[0][0].ends_with(" broadband_install 2025-03-04T02:00:00.000Z 李明"), "{:#?}", plans[0]);
    let references: Vec<&str> = plans[0].iter().map(|line| line.split(' ').next().unwrap()).collect();
    let expected = [
        "S-01",
        "S-02",
        "S-03",
        "S-04",
        "S-05",
        "S-06",
        "S-07",
        "S-08",
        "S-09",
        "S-10",
        "S-11",
        "S-12",
        "S-12-inspection",
    ];
    assert_eq!(references, expected);
}

#[actix_web::test]
async fn data_of_others_are_left_alone() {
    let (db, data) = (TestDb::copy_of(&COMPANIES), TestDir::new());
    let state = start(&db, &data, START).await;
    let before = read(&state, count_rows).await;
    assert!(matches!(demo::seed(&state).await, Err(DemoError::ForeignData)));
    assert_eq!(read(&state, count_rows).await, before);
}

#[test]
fn only_demo_data_take_their_time_from_a_file() {
    let (db, data) = (TestDb::new(), TestDir::new());
    let clock = data.path().join("clock");
    std::fs::write(&clock, START.to_rfc3339()).unwrap();
    let mut command = program(&db, data.path());
    let refused = command.args(["serve", "--listen", "127.0.0.1:0", "--clock"]).arg(&clock).output().unwrap();
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success());
    assert!(message.contains("doorstep: --clock is for demo data only"), "{message}");
}

#[test]
fn the_demo_prints_how_to_sign_in() {
    let (db, data) = (TestDb::new(), TestDir::new());
    let demo = Demo::start(&db, data.path());
    assert!(demo.banner.contains(&format!("{}/docs/index.html", demo.url)), "{}", demo.banner);
    let body = json!({ "organisation": "yunze", "login": "reviewer1", "password": demo::PASSWORD });
    let answer = send(&demo.url, &Call::post("/v1/auth/login").json(&body)).unwrap();
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let session: Value = serde_json::from_slice(&answer.body).unwrap();
    let token = session["access_token"].as_str().expect("a token");
    let me = send(&demo.url, &Call::get("/v1/me").bearer(token)).unwrap();
    let me: Value = serde_json::from_slice(&me.body).unwrap();
    assert_eq!(me["user"]["name"], "沈清");
}

#[test]
fn the_printed_commands_enrol_a_phone_and_list_the_visits_of_today() {
    let (db, data) = (TestDb::new(), TestDir::new());
    let demo = Demo::start(&db, data.path());
    let commands: Vec<&str> =
        demo.banner.lines().map(str::trim).filter(|line| line.contains(" phone --dir ")).collect();
    let [enrol, list] = commands[..] else { panic!("not two commands: {}", demo.banner) };
    run(enrol, data.path());
    let listed = run(list, data.path());
    assert!(listed.contains("何雨") && listed.contains("宋杰"), "{listed}");
    assert!(!listed.contains("罗兰"), "another rep's customer: {listed}");
}

/// Runs a printed command as a person would.
fn run(line: &str, directory: &Path) -> String {
    let output = Command::new("sh").args(["-c", line]).current_dir(directory).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{line}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

fn program(db: &TestDb, data: &Path) -> Command {
    let mut command = Command::new(executable());
    command.current_dir(data).env("DATABASE_URL", db.url()).env("DOORSTEP_DATA_DIR", data.join("demo"));
    command
}

/// `doorstep demo` as a process.
pub struct Demo {
    child: Child,
    /// What it prints at the start.
    pub banner: String,
    url: String,
}

impl Demo {
    fn start(db: &TestDb, data: &Path) -> Self {
        let mut command = program(db, data);
        command.args(["demo", "--listen", "127.0.0.1:0"]).stdin(Stdio::null());
        Self::run(command)
    }

    /// Runs a command that serves the demo, up to the line that says where it listens.
    pub fn run(mut command: Command) -> Self {
        command.stdout(Stdio::piped());
        let mut demo = Self { child: command.spawn().unwrap(), banner: String::new(), url: String::new() };
        let mut lines = BufReader::new(demo.child.stdout.take().unwrap()).lines();
        demo.url = loop {
            let line = lines.next().unwrap_or_else(|| panic!("the demo ended: {}", demo.banner)).unwrap();
            if let Some(url) = line.strip_prefix("listening on ") {
                break url.to_owned();
            }
            demo.banner.push_str(&line);
            demo.banner.push('\n');
        };
        demo
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may be gone already; whatever is left of it must not outlive the test.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
