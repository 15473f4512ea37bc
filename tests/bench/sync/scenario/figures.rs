//! Figures over a year of visits, and what they are made of: what a manager waits for.

use doorstep::app::AppError;
use doorstep::boot;
use doorstep::domain::Role;
use doorstep_store::assignments::{AssignmentRecord, insert_assignments};
use doorstep_store::deadlines::{DeadlineRow, insert_deadlines};
use doorstep_store::visits::{VisitRecord, find_visit, insert_visits};
use doorstep_store::{Conn, Txt};
use serde_json::Value;
use sync_core::ids::{AssignmentId, UserId, VisitId};
use sync_core::time::UnixMillis;

use super::{Options, Report};
use crate::company::Company;
use crate::database::Database;
use crate::job::Done;
use crate::report::Phase;
use crate::seed::open;
use crate::server::Server;
use crate::wire::{self, Connection};
use crate::workload;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Reps who made the visits.
const REPS: usize = 100;

/// Rows written in one transaction.
const AT_ONCE: usize = 2_000;

/// Requests of each kind.
const REQUESTS: usize = 20;

/// For each size: a year of visits, the figure over all of them and over one rep's, and pages of what it is made of.
pub fn figures(options: &Options, run: usize, report: &mut Report) {
    for size in &options.sizes {
        let database = Database::new(&options.database);
        let (token, issuer, rep, now) = boot::block_on(seed(&database, *size));
        let server = Server::start(&database.url, &database.directory, &issuer);
        server.settle();
        let day = |at: UnixMillis| at.to_rfc3339()[..10].to_owned();
        let year = format!("from={}&to={}", day(now.plus_ms(-366 * DAY_MS)), day(now.plus_ms(DAY_MS)));
        let explained = |page: &str| format!("/v1/kpi/fulfilment_rate/explain?{year}&page_size=100{page}");
        let mut client = Connection::to(&server.address, &token);
        let first: Value = serde_json::from_slice(&client.get(&explained("&standing=missed"))).expect("JSON");
        let next = first["next_page_token"].as_str().expect("more than a page");
        for (what, path, least) in [
            ("figure of a year", format!("/v1/kpi/fulfilment_rate?{year}"), *size),
            ("figure of a rep's year", format!("/v1/kpi/fulfilment_rate?{year}&rep_id={rep}"), *size / REPS),
            ("first page of what it is made of", explained(""), 100),
            ("next page of what was missed", explained(&format!("&standing=missed&page_token={next}")), 100),
        ] {
            let mut client = Connection::to(&server.address, &token);
            let (before, started) = (server.usage(), wire::start());
            for _ in 0..REQUESTS {
                let answer: Value = serde_json::from_slice(&client.get(&path)).expect("JSON");
                assert_eq!(counted(&answer), least, "{what}");
            }
            let done = Done {
                wall_ms: wire::since(started),
                latencies_ms: client.latencies_ms,
                up: client.up,
                authorization: client.authorization_bytes,
                down: client.down,
                ..Done::default()
            };
            report.add(run, Phase::new(format!("{what}, {size} visits"), &done, before, server.usage()));
        }
    }
}

/// How many visits an answer is about.
fn counted(answer: &Value) -> usize {
    match (answer["standings"].as_array(), answer["items"].as_array()) {
        (Some(standings), _) => {
            let counts = standings.iter().map(|standing| standing["count"].as_u64().expect("a count"));
            usize::try_from(counts.sum::<u64>()).expect("a number")
        }
        (None, Some(items)) => items.len(),
        _ => panic!("neither a figure nor a page: {answer}"),
    }
}

/// A company with a manager, its reps, and a year of their visits.
async fn seed(database: &Database, size: usize) -> (String, String, UserId, UnixMillis) {
    let state = open(database).await;
    let now = state.clock.now();
    let company = Company::new(now);
    let (founding, manager) = (company.clone(), company.phone(&state, "manager", "only"));
    let token = manager.phone.token.clone();
    let names: Vec<String> = (0..REPS).map(|number| format!("rep{number}")).collect();
    let hired = names.clone();
    let found = move |conn: &mut Conn| {
        founding.found(conn)?;
        founding.hire_as(conn, Role::DeptManager, "manager", &[&manager])?;
        hired.iter().try_for_each(|name| founding.hire(conn, name, &[]))
    };
    state.store.write::<_, AppError>(found).await.expect("a company");
    // One visit is planned by the product; the others are its likes, at other times and of other reps.
    let planned = company.plan(&state, "rep0", 1).await[0];
    let org = company.org();
    let find = move |conn: &mut Conn| Ok::<_, AppError>(find_visit(conn, org, planned)?);
    let like = state.store.read(find).await.expect("the store answers").expect("it is planned");
    let reps: Vec<UserId> = names.iter().map(|name| company.rep(name)).collect();
    for first in (0..size).step_by(AT_ONCE) {
        let (like, reps) = (like.clone(), reps.clone());
        let write = move |conn: &mut Conn| add(conn, &like, &reps, first..size.min(first + AT_ONCE), (size, now));
        state.store.write::<_, AppError>(write).await.expect("visits");
    }
    (token, state.config.issuer(), reps[0], now)
}

/// Adds visits at these positions: most kept, a few late, a few moved by us on short notice, a few not reported.
fn add(
    conn: &mut Conn,
    like: &VisitRecord,
    reps: &[UserId],
    at: std::ops::Range<usize>,
    (size, now): (usize, UnixMillis),
) -> Result<(), AppError> {
    let (mut visits, mut assignments, mut deadlines) = (Vec::new(), Vec::new(), Vec::new());
    for position in at {
        let id = Txt(VisitId(workload::id("figured", &position.to_string(), now.0)));
        let share = i64::try_from(position * 365 * 24 * 60 / size).expect("minutes of a year");
        let start = now.0 - 365 * DAY_MS + share * MINUTE_MS;
        visits.push(VisitRecord { id, number: None, planned_start_ms: Some(start), ..like.clone() });
        assignments.push(AssignmentRecord {
            org_id: like.org_id,
            id: Txt(AssignmentId(workload::id("assigned", &position.to_string(), now.0))),
            visit_id: id,
            rep_id: Txt(reps[position % reps.len()]),
            epoch: 1,
            from_ms: start - DAY_MS,
            until_ms: None,
        });
        let row = |code: &str, due_ms, happened_ms, state: &str| DeadlineRow {
            org_id: like.org_id,
            subject: id.to_string(),
            code: code.to_owned(),
            item: 0,
            visit_id: Some(id),
            work_order_id: like.work_order_id,
            trigger_ms: start,
            due_ms,
            happened_ms,
            state: state.to_owned(),
            policy_version: 1,
            judged_ms: start,
            watch_ms: None,
            told_ms: None,
        };
        let (minutes, arrived) = match position % 20 {
            0 => (Some(-12), "missed"),
            1 => (None, "open"),
            _ => (Some(7), "met"),
        };
        deadlines.push(row("arrival", start, minutes.map(|minutes| start - minutes * MINUTE_MS), arrived));
        if position % 25 == 2 {
            deadlines.push(row("change_notice", start - 120 * MINUTE_MS, Some(start - 60 * MINUTE_MS), "missed"));
        }
    }
    insert_visits(conn, &visits)?;
    insert_assignments(conn, &assignments)?;
    insert_deadlines(conn, &deadlines)?;
    Ok(())
}
