//! A client process: started, told its job, released when the server's figures have been read.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use crate::job::{Done, Job};

/// First argument of a client process.
pub const ARGUMENT: &str = "client";

/// Runs a client process; `start` is called when it is ready and has not sent anything yet.
pub fn run(job: &Job, start: impl FnOnce()) -> Done {
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
    writeln!(stdin, "{}", serde_json::to_string(job).unwrap()).expect("the client listens");
    assert_eq!(line(), "ready");
    start();
    writeln!(stdin, "go").expect("the client listens");
    let done = serde_json::from_str(&line()).expect("the client's figures");
    assert!(child.wait().expect("the client ends").success());
    done
}

/// The client's side: reads the job, prepares, waits for the word, runs, answers.
pub fn serve<P>(prepare: impl FnOnce(Job) -> P, run: impl FnOnce(P) -> Done) {
    let mut input = std::io::stdin().lines();
    let mut line = || input.next().and_then(Result::ok).expect("the benchmark is there");
    let prepared = prepare(serde_json::from_str(&line()).expect("a job"));
    println!("ready");
    assert_eq!(line(), "go");
    println!("{}", serde_json::to_string(&run(prepared)).unwrap());
}
