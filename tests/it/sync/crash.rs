//! `kill -9` in the middle of pushes: what was acknowledged is there, what was not can be sent again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use doorstep_store::StoreError;
use doorstep_store::documents::find_document;
use doorstep_store::evidence::find_intent;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::{Engine, check_integrity, count, with_conn};
use integration_tests::drawn::seed;
use integration_tests::effort;
use integration_tests::remote::RemotePhone;
use integration_tests::server::TestServer;
use integration_tests::told::tell;
use sync_core::doc::VisitDoc;
use sync_core::protocol::{Outcome, PushDoc, SyncRequest};

use super::writer::Writer;

/// Kills of a usual run, and of a long one.
const KILLS: [u64; 2] = [24, 1_000];

/// Moments within a push at which the server is killed, in turn; a run begins at any of them.
const MOMENTS: u64 = 23;

/// Most batches between two kills; a server that lives longer is killed while it rests.
const BATCHES: usize = 200;

/// Pushes until the server dies; gives the acknowledged requests and the one without an answer.
fn push_until_killed(
    phone: &RemotePhone,
    url: &str,
    name: &str,
    answered: &mpsc::Sender<()>,
) -> (Vec<SyncRequest>, Option<SyncRequest>) {
    let mut writer = Writer::new(name);
    let mut acknowledged = Vec::new();
    for _ in 0..BATCHES {
        let request = writer.next(phone);
        let Some(answer) = phone.sync_at(url, &request) else { return (acknowledged, Some(request)) };
        assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
        acknowledged.push(request);
        // The killer may have what it waited for already.
        let _ = answered.send(());
    }
    (acknowledged, None)
}

#[test]
fn what_was_acknowledged_survives_every_kill_and_the_rest_can_be_sent_again() {
    let kills = KILLS[usize::from(effort::is_long())];
    let first_moment = seed("DOORSTEP_CRASH_SEED") % MOMENTS;
    let mut server = TestServer::start();
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let mut all: Vec<SyncRequest> = Vec::new();
    let mut unanswered = 0;
    for kill in 0..kills {
        let (sender, answers) = mpsc::channel();
        let (url, name) = (server.url().to_owned(), format!("visit {kill}"));
        let pusher = phone.clone();
        let pushing = std::thread::spawn(move || push_until_killed(&pusher, &url, &name, &sender));
        for _ in 0..kill % 4 {
            answers.recv().expect("the server answers");
        }
        // A moment somewhere inside the next push; its answer may come first, and is let go by.
        let _ = answers.recv_timeout(Duration::from_micros(700 * ((first_moment + kill * 7) % MOMENTS)));
        server.kill();
        let (acknowledged, lost) = pushing.join().expect("the pusher ends");
        server.restart();

        for request in &acknowledged {
            let answer = phone.sync(&server, request).expect("the server lives");
            assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Duplicate), "{kill}: {:?}", answer.acks);
            assert_eq!(answer.receipts.len(), 1, "it is held");
        }
        if let Some(request) = &lost {
            let answer = phone.sync(&server, request).expect("the server lives");
            let outcomes: BTreeSet<String> = answer.acks.iter().map(|ack| format!("{:?}", ack.outcome)).collect();
            assert_eq!(outcomes.len(), 1, "all of a batch or nothing: {:?}", answer.acks);
            assert!(outcomes.contains("Stored") || outcomes.contains("Duplicate"), "{outcomes:?}");
            unanswered += 1;
        }
        all.extend(acknowledged.into_iter().chain(lost));
    }
    assert!(unanswered >= kills / 2, "only {unanswered} of {kills} kills met a push");
    server.kill();
    // Each visit was made once, and each batch written once.
    let pushes = i64::try_from(all.len()).expect("few");
    let made = i64::try_from(kills).expect("few");
    let expected = [("doc_changes", pushes), ("documents", made), ("intents", made), ("visits", made)];
    let rows = count(server.database_url(), &expected.map(|(table, _)| table));
    assert_eq!(rows, BTreeMap::from(expected), "{kills} visits in {pushes} batches");

    let last: Vec<&PushDoc> = all.iter().map(|request| &request.docs[0]).collect();
    with_conn(server.database_url(), |conn| {
        check_integrity(conn);
        for pushed in last {
            let stored = find_document(conn, YUNZE.org, pushed.id)?.expect("the document");
            let doc = VisitDoc::load(pushed.id, &stored.snapshot).expect("it loads");
            assert!(pushed.heads.iter().all(|head| doc.has_change(head)));
        }
        for kill in 0..kills {
            let id = RemotePhone::intent(&format!("visit {kill}"));
            assert!(find_intent(conn, YUNZE.org, id)?.is_some(), "the intent of visit {kill}");
        }
        Ok::<_, StoreError>(())
    })
    .expect("the database opens");
    tell(format_args!("{kills} kills, {unanswered} in the middle of a push; {} requests, 0 lost", all.len()));
    let verified = server.run(&["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    server.restart();
}

#[test]
fn a_second_server_on_the_same_data_refuses_to_start_on_sqlite_joins_on_postgres_and_harms_nothing() {
    let server = TestServer::start();
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let mut second = server.command(["serve", "--listen", "127.0.0.1:0"]);
    let mut second = second.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the executable can be run");
    let (mut out, mut err) = (second.stdout.take().expect("piped"), second.stderr.take().expect("piped"));
    // A server that starts after all says where it listens and goes on: its first words decide.
    let mut said = [0; 4096];
    let printed = out.read(&mut said).expect("stdout can be read");
    let refused = printed == 0;
    if !refused {
        second.kill().expect("it runs");
    }
    let status = second.wait().expect("it ended");
    let mut log = String::new();
    err.read_to_string(&mut log).expect("UTF-8");
    log.push_str(&String::from_utf8_lossy(&said[..printed]));
    assert!(!status.success(), "{log}");
    assert_eq!(refused, Engine::chosen() == Engine::Sqlite, "{log}");
    assert_eq!(refused, log.contains("is in use by another process"), "{log}");

    let answer = phone.sync(&server, &Writer::new("afterwards").next(&phone)).expect("the first server goes on");
    assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
}
