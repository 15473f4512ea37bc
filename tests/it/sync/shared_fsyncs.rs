//! Group commit, counted in the running server: phones that sync at once share the waits for the disk, and nobody is
//! answered before the wait that made his push durable has come to its end.
//!
//! PostgreSQL groups commits by itself, in processes of its own: there the wait is the one for its word on a commit.

use std::thread;

use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::Engine;
use integration_tests::remote::RemotePhone;
use integration_tests::server::TestServer;
use integration_tests::told::tell;
use integration_tests::trap::{Watch, Watched};
use serde_json::json;
use sync_core::protocol::{Outcome, SyncRequest};

use super::writer::Writer;

/// Phones that sync at once: as many as one commit takes.
const PHONES: usize = 16;

/// Edits of each phone.
const EDITS: usize = 4;

/// What is watched: requests, answers, what makes the log of the database durable, and the talk with PostgreSQL.
const CALLS: &str = "recvfrom,read,sendto,sendmsg,writev,fsync,fdatasync";

/// How long the disk is made to take, in microseconds. It only has to be longer than the other phones need to come to the
/// writer's queue: what is asserted are counts and an order.
const SLOW_DISK: (&str, u32) = ("fsync,fdatasync", 400_000);

struct Crew {
    server: TestServer,
    phones: Vec<(RemotePhone, Writer)>,
}

impl Crew {
    /// Phones with a visit each that the server holds.
    fn begin() -> Self {
        let server = TestServer::configured(&json!({"limits": {
            "user_per_minute": 60_000, "login_address_per_minute": 30_000, "login_tenant_per_minute": 30_000,
        }}));
        let enrol = |number: usize| {
            let name = format!("phone {number}");
            let phone = match number {
                0 => RemotePhone::enrol_named(&server, YUNZE, YUNZE.rep(), PASSWORD, &name),
                _ => RemotePhone::enrol_further(&server, YUNZE, YUNZE.rep(), PASSWORD, &name),
            };
            let mut writer = Writer::new(&name);
            push(&phone, server.url(), &writer.next(&phone));
            (phone, writer)
        };
        let phones = (0..PHONES).map(enrol).collect();
        Self { server, phones }
    }

    /// One edit of each phone, ready to be sent.
    fn edits(&mut self) -> Vec<(&RemotePhone, SyncRequest)> {
        self.phones.iter_mut().map(|(phone, writer)| (&*phone, writer.next(phone))).collect()
    }

    /// Watches the server while every phone sends its edits, all at once or one after the other.
    fn watched(&mut self, is_at_once: bool) -> Seen {
        let url = self.server.url().to_owned();
        let watch = Watch::begin(self.server.process_id(), CALLS, is_at_once.then_some(SLOW_DISK));
        for _ in 0..EDITS {
            let edits = self.edits();
            if is_at_once {
                thread::scope(|scope| {
                    for (phone, request) in &edits {
                        scope.spawn(|| push(phone, &url, request));
                    }
                });
            } else {
                edits.iter().for_each(|(phone, request)| push(phone, &url, request));
            }
        }
        Seen::of(&watch.end())
    }
}

fn push(phone: &RemotePhone, url: &str, request: &SyncRequest) {
    let answer = phone.sync_at(url, request).expect("the server lives");
    assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
}

/// What the server did: when it had read each push and began to answer it, and each wait for the log to be durable.
#[derive(Debug)]
struct Seen {
    pushes: Vec<(usize, usize)>,
    waits: Vec<(usize, usize)>,
}

impl Seen {
    fn of(calls: &[Watched]) -> Self {
        let waits = waits(calls);
        let begins = calls.iter().filter(|call| received(call) && call.text.contains("\"POST /v1/sync"));
        let pushes = begins.map(|begin| {
            // Each request has a connection of its own, whose number no other one gets.
            let here: Vec<&Watched> = calls.iter().filter(|call| call.place() == begin.place()).collect();
            let answer = here
                .iter()
                .find(|call| call.text.contains("\"HTTP/1.1 200"))
                .unwrap_or_else(|| panic!("no answer among {here:#?}"));
            let whole = here.iter().filter(|call| received(call) && call.ended < answer.began).map(|call| call.ended);
            (whole.max().expect("a request"), answer.began)
        });
        Self { pushes: pushes.collect(), waits }
    }

    /// Each push was answered after a wait that began when it was there, and had come to its end.
    fn check(&self) {
        assert_eq!(self.pushes.len(), PHONES * EDITS, "every push was seen");
        for (read, answered) in &self.pushes {
            let is_durable = self.waits.iter().any(|(began, ended)| began > read && ended < answered);
            assert!(is_durable, "read at {read}, answered at {answered}; the waits: {:?}", self.waits);
        }
    }
}

/// The waits that make the database durable, from their begin to their end.
pub fn waits(calls: &[Watched]) -> Vec<(usize, usize)> {
    match Engine::chosen() {
        Engine::Sqlite => fsyncs(calls),
        Engine::Postgres => commits(calls),
    }
}

/// Whether a call is one of these, by the beginnings of their names.
pub fn is(call: &Watched, names: &[&str]) -> bool {
    names.iter().any(|name| call.text.starts_with(name))
}

fn received(call: &&Watched) -> bool {
    // Not what had nothing to read: `-1 EAGAIN`, or `0` at the end.
    is(call, &["recvfrom(", "read("]) && call.result().starts_with(|first: char| ('1'..='9').contains(&first))
}

/// The waits for the disk that make the log of SQLite durable.
fn fsyncs(calls: &[Watched]) -> Vec<(usize, usize)> {
    let is_wait = |call: &&Watched| is(call, &["fsync(", "fdatasync("]) && call.place().ends_with("-wal");
    let waits = calls.iter().filter(is_wait).map(|call| {
        assert!(call.result().starts_with('0'), "the disk is sound: {}", call.text);
        (call.began, call.ended)
    });
    waits.collect()
}

/// The waits for PostgreSQL's word that it has committed.
fn commits(calls: &[Watched]) -> Vec<(usize, usize)> {
    let is_of_commit = |call: &&Watched| call.text.contains("COMMIT");
    let waits = calls.iter().filter(is_of_commit).filter(received).map(|word| {
        let asked = |call: &&Watched| is(call, &["sendto("]) && call.place() == word.place() && call.began < word.ended;
        let asked = calls.iter().filter(is_of_commit).filter(asked).map(|call| call.began).max();
        (asked.unwrap_or_else(|| panic!("nobody asked for {word:?}")), word.ended)
    });
    waits.collect()
}

#[test]
fn phones_that_sync_at_once_share_fsyncs_and_are_answered_after_theirs() {
    let mut crew = Crew::begin();
    let (alone, together) = (crew.watched(false), crew.watched(true));
    let pushes = alone.pushes.len();
    tell(format_args!(
        "{pushes} pushes: {} waits one after the other, {} at once",
        alone.waits.len(),
        together.waits.len()
    ));
    alone.check();
    together.check();
    assert!(alone.waits.len() >= pushes, "each push alone waits: {}", alone.waits.len());
    let waits = together.waits.len();
    match Engine::chosen() {
        Engine::Sqlite => assert!(waits * 2 <= pushes, "at once they share the waits: {waits}"),
        Engine::Postgres => assert!(waits >= pushes, "each has a commit of its own: {waits}"),
    }
}
