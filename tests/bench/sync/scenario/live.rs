//! One edit on one phone until the other phone has it: told by a live hint, fetched by a sync.
//!
//! Each phone is a process of its own; the clock of the machine measures both.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use super::{Form, Options, Report, Size, Stage, Task, seed};
use crate::child::Client;
use crate::database::Database;
use crate::job::Done;
use crate::report::Phase;
use crate::watch::{EDIT, Edited, LISTENING, Seen};
use crate::wire;

/// Writes whose fsync is measured.
const FSYNCS: usize = 200;

/// A page, as databases write it.
const PAGE: [u8; 4096] = [7; 4096];

/// Plays single edits, one after the other.
pub fn live(options: &Options, run: usize, report: &mut Report) {
    let database = Database::new(&options.database);
    let seeded = seed(&database, Form::New, 1, options.visits);
    let rep = seeded.reps[0].clone();
    let [first, mut second] = rep.phones.clone();
    let edits = options.edits.min(options.visits);
    let mut stage = Stage::open(&database, &seeded, Size::Full, run, report);
    stage.quiet(&first, &rep, Task::Push(Form::New));
    let pulled = stage.phase("live: first pull", &mut second, &rep, Task::Pull);
    assert_eq!(pulled.docs, options.visits, "every visit arrives");

    let mut writer = Client::open(&[stage.job(&first, &rep, Task::EditWhenTold(edits))]);
    let mut reader = Client::open(&[stage.job(&second, &rep, Task::Watch(edits))]);
    reader.go();
    reader.expect(LISTENING);
    writer.go();
    let before = stage.server.usage();
    let (mut acknowledged, mut seen) = (Vec::new(), Vec::new());
    for _ in 0..edits {
        writer.tell(EDIT);
        let edited: Edited = writer.hear();
        let arrived: Seen = reader.hear();
        assert_eq!(arrived.visit, edited.visit, "the edit arrives");
        acknowledged.push(ms(edited.sent_us, edited.acknowledged_us));
        seen.push(ms(edited.sent_us, arrived.at_us));
    }
    let after = stage.server.usage();
    let mut add = |name: &str, latencies_ms: Vec<f64>| {
        let done = Done { wall_ms: latencies_ms.iter().sum(), latencies_ms, ..Done::default() };
        stage.report.add(run, Phase::new(name, &done, before, after));
    };
    add("live: edit acknowledged", acknowledged);
    add("live: edit on the other phone", seen);
    reader.done();
    writer.done();
    add("live: two fsyncs of a page", fsyncs(&database.directory));
}

/// Milliseconds from one instant to another, both in microseconds.
fn ms(from_us: u64, to_us: u64) -> f64 {
    to_us.checked_sub(from_us).expect("the machine's clock was not set back") as f64 / 1000.0
}

/// What two fsyncs take where the data is.
fn fsyncs(directory: &Path) -> Vec<f64> {
    let mut file = File::create(directory.join("fsync")).expect("a file");
    let mut twice = || {
        let started = wire::start();
        for _ in 0..2 {
            file.write_all(&PAGE).and_then(|()| file.sync_data()).expect("a write");
        }
        wire::since(started)
    };
    (0..FSYNCS).map(|_| twice()).collect()
}
