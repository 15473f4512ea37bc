//! A client process: started, told the jobs of its phones, released when the server's figures have been read.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::de::DeserializeOwned;

use crate::job::{Done, Job};

/// First argument of a client process.
pub const ARGUMENT: &str = "client";

/// A client process, seen from the benchmark.
pub struct Client {
    child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Client {
    /// Starts one and waits until its phones are ready; none has sent anything yet.
    pub fn open(jobs: &[Job]) -> Self {
        let program = std::env::current_exe().expect("a process knows its executable");
        let mut child = Command::new(program)
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the client can be started");
        let stdin = child.stdin.take().expect("its input is a pipe");
        let lines = BufReader::new(child.stdout.take().expect("its output is a pipe")).lines();
        let mut client = Self { child, stdin, lines };
        client.tell(&serde_json::to_string(jobs).unwrap());
        client.expect("ready");
        client
    }

    /// Lets its phones begin, all at once.
    pub fn go(&mut self) {
        self.tell("go");
    }

    /// Tells it a line.
    pub fn tell(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").expect("the client listens");
    }

    /// Waits for a certain line.
    pub fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Waits for what it has to say.
    pub fn hear<T: DeserializeOwned>(&mut self) -> T {
        serde_json::from_str(&self.line()).expect("the client's figures")
    }

    /// Waits for its end.
    pub fn done(mut self) -> Vec<Done> {
        let done = self.hear();
        assert!(self.child.wait().expect("the client ends").success());
        done
    }

    fn line(&mut self) -> String {
        self.lines.next().and_then(Result::ok).expect("the client answers; its reason is above")
    }
}

/// Runs a client process with one phone; `start` is called when it is ready and has not sent anything yet.
pub fn run(job: &Job, start: impl FnOnce()) -> Done {
    run_all(std::slice::from_ref(job), start).pop().expect("one phone")
}

/// Runs a client process with several phones, which all begin at once.
pub fn run_all(jobs: &[Job], start: impl FnOnce()) -> Vec<Done> {
    let mut client = Client::open(jobs);
    start();
    client.go();
    client.done()
}

/// The client's side: the next line that it is told.
pub fn told() -> String {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("the benchmark is there");
    line.trim_end().to_owned()
}

/// The client's side: reads the jobs, prepares, waits for the word, runs each phone on a thread, answers.
pub fn serve<P: Send>(prepare: impl Fn(Job) -> P, run: impl Fn(P) -> Done + Sync) {
    let jobs: Vec<Job> = serde_json::from_str(&told()).expect("jobs");
    let prepared: Vec<P> = jobs.into_iter().map(prepare).collect();
    println!("ready");
    assert_eq!(told(), "go");
    let run = &run;
    let done: Vec<Done> = std::thread::scope(|scope| {
        let phones: Vec<_> = prepared.into_iter().map(|phone| scope.spawn(move || run(phone))).collect();
        phones.into_iter().map(|phone| phone.join().expect("the phone's reason is above")).collect()
    });
    println!("{}", serde_json::to_string(&done).unwrap());
}
