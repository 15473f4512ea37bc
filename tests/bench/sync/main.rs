//! Sync as phones see it: push, pull, nothing new, one edit, against the release executable over TCP.
//!
//! Each client is a process of its own (this program once more), so that the server's figures are the
//! server's alone. One line of JSON per phase and run on standard output, a table of medians at the end.
//! The figures belong into `docs/BENCHMARKS.md`.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a benchmark fails by panicking; its figures are rounded for people"
)]

mod child;
mod clones;
mod company;
mod database;
mod evaluation;
mod fixtures;
mod floor;
mod job;
mod phone;
mod report;
mod scenario;
mod seed;
mod server;
mod watch;
mod wire;
mod workload;

use job::Form;
use report::Report;
use scenario::Options;

const HELP: &str = "\
Measures sync against the release build; `make bench` builds it first.

  --scenario round-trip   one rep with two phones: push, pull, nothing new, one edit (the default)
  --scenario storm        every rep pushes at once, then every rep's other phone syncs for the first time
  --scenario growth       the same work while other reps' visits fill the database
  --scenario beside       a phone's sync after other reps of its team have worked
  --scenario live         one edit until the rep's other phone has it, by a live hint
  --scenario touch        memory after many visits were pushed and pulled
  --scenario search       imports orders, and searches among them by everything they are known by
  --scenario figures      a figure over a year of visits, and pages of what it is made of
  --evaluation            every rule of a full install visit, in this process
  --floor                 the guard and its parts, and SQLite with the rows of a push, in this process
  --fixtures DIR          writes the visits as fixtures for the peers, and ends

  --runs N          runs; figures are medians (3)
  --visits N        visits of one rep (1000)
  --pulls N         first syncs after the first one (20)
  --idle-rounds N   requests without news (200)
  --edits N         single edits (50)
  --reps N          reps of a storm (200)
  --sizes N,N,…     visits stored (growth: 1000,10000,100000), touched (touch: 10000,100000) or of others (beside:
                    0,1000,10000), orders (search: 1000000), visits of a year (figures: 100000)
  --database NAME   sqlite (the default) or postgres
";

/// The sizes of a scenario, where none are given.
fn sizes_of(scenario: &str) -> &'static str {
    match scenario {
        "touch" => "10000,100000",
        "beside" => "0,1000,10000",
        "search" => "1000000",
        "figures" => "100000",
        _ => "1000,10000,100000",
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == child::ARGUMENT) {
        phone::main();
        return;
    }
    if args.iter().any(|arg| arg == "--help") {
        print!("{HELP}");
        return;
    }
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1));
    let number = |name: &str, default: usize| value(name).map_or(default, |text| text.parse().expect("a number"));
    let visits = number("--visits", 1000);
    if let Some(directory) = value("--fixtures") {
        fixtures::write(directory.as_ref(), visits);
        return;
    }
    let scenario = value("--scenario").map_or("round-trip", String::as_str);
    let sizes = value("--sizes").map_or(sizes_of(scenario), String::as_str);
    let options = Options {
        visits,
        pulls: number("--pulls", 20),
        idle_rounds: number("--idle-rounds", 200),
        edits: number("--edits", 50),
        reps: number("--reps", 200),
        sizes: sizes.split(',').map(|size| size.parse().expect("a number")).collect(),
        database: value("--database").map_or("sqlite", String::as_str).to_owned(),
    };
    if args.iter().any(|arg| arg == "--evaluation") {
        evaluation::measure(number("--runs", 5));
        return;
    }
    if args.iter().any(|arg| arg == "--floor") {
        let runs = number("--runs", 5);
        floor::measure(visits, runs);
        scenario::rows(&options, runs, &mut Report::new("sqlite"));
        return;
    }
    let runs = number("--runs", 3);
    let mut report = Report::new(&options.database);
    for run in 1..=runs {
        eprintln!("run {run} of {runs}: {scenario} on {}", options.database);
        match scenario {
            "round-trip" => {
                scenario::round_trip(&options, Form::New, run, &mut report);
                scenario::round_trip(&options, Form::Planned, run, &mut report);
            }
            "storm" => scenario::storm(&options, run, &mut report),
            "growth" => scenario::grow(&options, run, &mut report),
            "beside" => scenario::beside(&options, run, &mut report),
            "live" => scenario::live(&options, run, &mut report),
            "touch" => scenario::touch(&options, run, &mut report),
            "figures" => scenario::figures(&options, run, &mut report),
            "search" => scenario::search(&options, run, &mut report),
            other => panic!("no scenario {other}; see --help"),
        }
    }
    print!("{}", report.table());
}
