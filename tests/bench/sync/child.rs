//! A client process: started, told the jobs of its phones, released when the server's figures have been read.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use crate::job::{Done, Job};

/// First argument of a client process.
pub const ARGUMENT: &str = "client";

/// Runs a client process with one phone; `start` is called when it is ready and has not sent anything yet.
pub fn run(job: &Job, start: impl FnOnce()) -> Done {
    run_all(std::slice::from_ref(job), start).pop().expect("one phone")
}

/// Runs a client process with several phones, which all begin at once.
pub fn run_all(jobs: &[Job], start: impl FnOnce()) -> Vec<Done> {
    let program = std::env::current_exe().expect("a process knows its executable");
    let mut child = Command::new(program)
        .arg(ARGUMENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the client can be started");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    let mut lines = BufReader::new(child.stdout.take().expect("its output is a pipe")).lines();
    let mut line = || lines.next().and_then(Result::ok).expect("the client answers; its reason is above");
    writeln!(stdin, "{}", serde_json::to_string(jobs).unwrap()).expect("the client listens");
    assert_eq!(line(), "ready");
    start();
    writeln!(stdin, "go").expect("the client listens");
    let done = serde_json::from_str(&line()).expect("the client's figures");
    assert!(child.wait().expect("the client ends").success());
    done
}

/// The client's side: reads the jobs, prepares, waits for the word, runs each phone on a thread, answers.
pub fn serve<P: Send>(prepare: impl Fn(Job) -> P, run: impl Fn(P) -> Done + Sync) {
    let mut input = std::io::stdin().lines();
    let mut line = || input.next().and_then(Result::ok).expect("the benchmark is there");
    let jobs: Vec<Job> = serde_json::from_str(&line()).expect("jobs");
    let prepared: Vec<P> = jobs.into_iter().map(prepare).collect();
    println!("ready");
    assert_eq!(line(), "go");
    let run = &run;
    let done: Vec<Done> = std::thread::scope(|scope| {
        let phones: Vec<_> = prepared.into_iter().map(|phone| scope.spawn(move || run(phone))).collect();
        phones.into_iter().map(|phone| phone.join().expect("the phone's reason is above")).collect()
    });
    println!("{}", serde_json::to_string(&done).unwrap());
}
