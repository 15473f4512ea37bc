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
mod database;
mod job;
mod phone;
mod report;
mod scenario;
mod seed;
mod server;
mod wire;
mod workload;

use job::Form;
use report::Report;
use scenario::Options;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == child::ARGUMENT) {
        phone::main();
        return;
    }
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1));
    let number = |name: &str, default: usize| value(name).map_or(default, |text| text.parse().expect("a number"));
    let options = Options {
        visits: number("--visits", 1000),
        idle_rounds: number("--idle-rounds", 200),
        edits: number("--edits", 50),
        database: value("--database").map_or("sqlite", String::as_str).to_owned(),
    };
    let runs = number("--runs", 3);
    let mut report = Report::new(&options.database);
    for run in 1..=runs {
        for form in [Form::New, Form::Planned] {
            eprintln!("run {run} of {runs}: {} {form:?} visits on {}", options.visits, options.database);
            scenario::play(&options, form, run, &mut report);
        }
    }
    print!("{}", report.table());
}
