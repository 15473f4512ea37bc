//! `doorstep worker`: does the jobs of an installation beside the servers, and ends in order.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use doorstep_store::packs::list_due;
use integration_tests::call::Call;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::db::with_conn;
use integration_tests::remote::RemotePhone;
use integration_tests::server::TestServer;
use sync_core::protocol::Outcome;

use crate::sync::writer::Writer;

/// Pushes from which a document is due to be packed.
const DUE: usize = 16;

fn due(server: &TestServer) -> usize {
    with_conn(server.database_url(), |conn| list_due(conn, None, 100)).expect("a list").len()
}

#[test]
fn a_worker_does_the_jobs_of_a_running_server_and_ends_in_order_when_told_to() {
    let server = TestServer::start();
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let mut writer = Writer::new("packed by a worker");
    for _ in 0..DUE {
        let answer = phone.sync(&server, &writer.next(&phone)).expect("an answer");
        assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
    }
    assert_eq!(due(&server), 1, "the server's own job ran when there was nothing, and rests");

    let clock = server.clock.path().as_os_str();
    let mut command = server.command(["worker".as_ref(), "--clock".as_ref(), clock]);
    let mut worker =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a worker");
    let mut log = BufReader::new(worker.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    let mut said = Vec::new();
    let is_packed = log.by_ref().any(|line| {
        said.push(line);
        said.last().is_some_and(|line| line.contains("documents were packed"))
    });
    assert!(is_packed, "{}", said.join("\n"));
    assert_eq!(due(&server), 0);

    let told = Command::new("kill").args(["-TERM", &worker.id().to_string()]).status();
    assert!(told.expect("`kill` can be run").success(), "the worker runs");
    let status = worker.wait().expect("it ends");
    assert!(status.success(), "{status}");
    let rest: Vec<String> = log.collect();
    assert!(rest.iter().all(|line| !line.contains("ERROR")), "{rest:?}");
    let output = BufReader::new(worker.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    assert_eq!(output.collect::<Vec<_>>(), ["working"]);
    server.send(&Call::get("/healthz")).expect(200);
}
