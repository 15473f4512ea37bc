//! One edit on one phone until the other phone has it: told by a live hint, fetched by a sync.
//!
//! Both phones are threads of this process, so that one clock measures both.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc;

use super::{Form, Options, Report, Size, Stage, Task, seed};
use crate::database::Database;
use crate::job::Done;
use crate::phone::Phone;
use crate::report::Phase;
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

    let mut writer = Phone::prepare(stage.job(&first, &rep, Task::Edit(edits)));
    let mut reader = Phone::prepare(stage.job(&second, &rep, Task::Idle(0)));
    let stream = listen(&stage.server.address, &second.token);
    let before = stage.server.usage();
    let (mut acknowledged, mut seen) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        let (sender, arrivals) = mpsc::channel();
        scope.spawn(move || {
            let mut left = edits;
            for line in stream.lines().map(|line| line.expect("the stream goes on")) {
                if line.starts_with("data: ") {
                    let arrived = reader.look();
                    left -= arrived.len();
                    arrived.into_iter().for_each(|visit| sender.send(visit).expect("the writer waits"));
                }
                if left == 0 {
                    return;
                }
            }
        });
        for _ in 0..edits {
            let started = wire::start();
            let pushed = writer.push_next();
            acknowledged.push(wire::since(started));
            assert_eq!(arrivals.recv().expect("the reader lives"), pushed, "the edit arrives");
            seen.push(wire::since(started));
        }
    });
    let after = stage.server.usage();
    let mut add = |name: &str, latencies_ms: Vec<f64>| {
        let done = Done { wall_ms: latencies_ms.iter().sum(), latencies_ms, ..Done::default() };
        stage.report.add(run, Phase::new(name, &done, before, after));
    };
    add("live: edit acknowledged", acknowledged);
    add("live: edit on the other phone", seen);
    add("live: two fsyncs of a page", fsyncs(&database.directory));
}

/// Opens a live stream and reads until it listens.
fn listen(address: &str, token: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let head = format!("GET /v1/live HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("the server reads");
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while !line.starts_with("data: ") {
        line.clear();
        assert!(stream.read_line(&mut line).expect("the server answers") > 0, "the server hung up");
    }
    stream
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
