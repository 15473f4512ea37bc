//! Figures of the phases: one line of JSON each, and a table of medians.

use std::fmt::Write as _;

use serde::Serialize;

use crate::job::Done;
use crate::server::Usage;

/// The figures of one phase of one run.
#[derive(Debug, Clone, Serialize)]
pub struct Phase {
    phase: String,
    requests: usize,
    docs: usize,
    rows: usize,
    wall_ms: f64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    server_cpu_s: f64,
    /// Server CPU of one request, in milliseconds.
    server_cpu_ms_each: f64,
    up: usize,
    down: usize,
    /// Bytes of one request without the authorization header.
    up_each_without_authorization: usize,
    down_each: usize,
    /// Bodies of one request and its answer.
    bodies_each: usize,
    /// The same of the request that had most.
    bodies_most: usize,
    rss_mib: f64,
    peak_rss_mib: f64,
}

/// Everything measured.
pub struct Report {
    database: String,
    phases: Vec<Phase>,
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The value that a share of all does not exceed.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a position in a short list")]
    let at = (sorted.len() as f64 * share) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

impl Phase {
    /// Puts together what the client and the kernel say.
    pub fn new(phase: impl Into<String>, done: &Done, before: Usage, after: Usage) -> Self {
        Self::timed(phase, &done.latencies_ms, done, before, after)
    }

    /// The same for several phones at once: the times are those each phone took for all it had to do.
    pub fn of_crowd(phase: impl Into<String>, done: &[Done], before: Usage, after: Usage) -> Self {
        let mut all = Done::default();
        for one in done {
            all.wall_ms = all.wall_ms.max(one.wall_ms);
            all.latencies_ms.extend(&one.latencies_ms);
            all.up += one.up;
            all.authorization += one.authorization;
            all.down += one.down;
            all.bodies += one.bodies;
            all.most_bodies = all.most_bodies.max(one.most_bodies);
            all.docs += one.docs;
            all.rows += one.rows;
        }
        let times: Vec<f64> = done.iter().map(|one| one.wall_ms).collect();
        Self::timed(phase, &times, &all, before, after)
    }

    fn timed(phase: impl Into<String>, times_ms: &[f64], done: &Done, before: Usage, after: Usage) -> Self {
        let requests = done.latencies_ms.len();
        let cpu = after.cpu_s - before.cpu_s;
        Self {
            phase: phase.into(),
            requests,
            docs: done.docs,
            rows: done.rows,
            wall_ms: round(done.wall_ms),
            p50_ms: round(quantile(times_ms, 0.5)),
            p95_ms: round(quantile(times_ms, 0.95)),
            p99_ms: round(quantile(times_ms, 0.99)),
            server_cpu_s: round(cpu),
            server_cpu_ms_each: round(cpu * 1000.0 / requests as f64),
            up: done.up,
            down: done.down,
            up_each_without_authorization: (done.up - done.authorization) / requests,
            down_each: done.down / requests,
            bodies_each: done.bodies / requests,
            bodies_most: done.most_bodies,
            rss_mib: round(after.rss_mib),
            peak_rss_mib: round(after.peak_rss_mib),
        }
    }
}

impl Report {
    /// An empty report on a database of this kind.
    pub fn new(database: &str) -> Self {
        Self { database: database.to_owned(), phases: Vec::new() }
    }

    /// Prints a phase and keeps it for the table.
    pub fn add(&mut self, run: usize, phase: Phase) {
        let mut line = serde_json::to_value(&phase).expect("figures are JSON");
        line["database"] = self.database.clone().into();
        line["run"] = run.into();
        println!("{line}");
        self.phases.push(phase);
    }

    /// Medians over the runs, as a table in Markdown.
    pub fn table(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for phase in &self.phases {
            if !names.contains(&phase.phase.as_str()) {
                names.push(&phase.phase);
            }
        }
        let mut table = format!(
            "\nMedians on {}:\n\n| phase | requests | server CPU s | wall s | p50 / p95 / p99 ms | bytes up | bytes down | \
             up each* | down each | bodies each | bodies most | RSS MiB | peak MiB |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
            self.database
        );
        for name in names {
            table.push_str(&self.line(name));
        }
        table.push_str("\n\\* without the authorization header\n");
        table
    }

    fn line(&self, name: &str) -> String {
        let runs: Vec<&Phase> = self.phases.iter().filter(|phase| phase.phase == name).collect();
        let median = |figure: &dyn Fn(&Phase) -> f64| {
            let values: Vec<f64> = runs.iter().map(|phase| figure(phase)).collect();
            quantile(&values, 0.5)
        };
        let count = |figure: &dyn Fn(&Phase) -> usize| median(&|phase| figure(phase) as f64);
        let mut line = format!("| {name} | {}", count(&|phase| phase.requests));
        let _ = write!(line, " | {:.2}", median(&|phase| phase.server_cpu_s));
        let _ = write!(line, " | {:.2}", median(&|phase| phase.wall_ms) / 1000.0);
        let (p50, p95) = (median(&|phase| phase.p50_ms), median(&|phase| phase.p95_ms));
        let _ = write!(line, " | {p50:.1} / {p95:.1} / {:.1}", median(&|phase| phase.p99_ms));
        let _ = write!(line, " | {} | {}", count(&|phase| phase.up), count(&|phase| phase.down));
        let _ = write!(line, " | {}", count(&|phase| phase.up_each_without_authorization));
        let _ = write!(line, " | {}", count(&|phase| phase.down_each));
        let _ = write!(line, " | {}", count(&|phase| phase.bodies_each));
        // A bound on one request holds in every run, so this is no median.
        let _ = write!(line, " | {}", runs.iter().map(|phase| phase.bodies_most).max().unwrap_or_default());
        let (rss, peak) = (median(&|phase| phase.rss_mib), median(&|phase| phase.peak_rss_mib));
        let _ = writeln!(line, " | {rss:.0} | {peak:.0} |");
        line
    }
}
