//! Tunnel day: everything that was captured arrives, once, over a link that is cut all the time.
//!
//! Each run is another day; `DOORSTEP_TUNNEL_SEED` plays the one again whose seed a run tells.

use std::fs;
use std::path::Path;
use std::process::Command;

use integration_tests::db::Engine;
use integration_tests::drawn::seed;
use integration_tests::effort;
use integration_tests::tunnel::{Day, Report};

#[test]
fn a_day_in_tunnels_loses_nothing_repeats_nothing_and_resends_little() {
    let day = if effort::is_long() { Day::FULL } else { Day::SHORT };
    let played = effort::is_long().then(commit);
    let report = Day { seed: seed("DOORSTEP_TUNNEL_SEED"), ..day }.play();
    println!("{}", report.table());
    report.judge();
    if let Some(commit) = played {
        write(&report, &commit);
    }
}

/// Writes the report of a full day, which was judged to be a good one.
fn write(report: &Report, commit: &str) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let text = format!(
        "# Tunnel day\n\n`make tunnel-day` of {commit} on {:?}, {cores} cores, {}. Verdict: nothing lost, nothing doubled, \
         all hashes equal, 0 outstanding.\n\nBytes on the wire are the bodies of requests and answers that the proxies took \
         from either side since the first sync of the morning, whether or not the other side saw them. Unique bytes are \
         those of document changes, blobs, statements and intents at the server, each once and uncompressed.\n\n{}",
        Engine::chosen(),
        std::env::consts::ARCH,
        report.table()
    );
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/TUNNEL-DAY.md");
    fs::write(file, text).expect("the report is written");
}

/// The state that was played, as Git names it.
fn commit() -> String {
    let described = Command::new("git").args(["describe", "--always", "--dirty"]).output().expect("Git is here");
    String::from_utf8(described.stdout).expect("a name").trim().to_owned()
}
