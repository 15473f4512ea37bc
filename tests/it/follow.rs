//! `doorstep phone follow` as a process: syncs at the start and with the news, and leaves a sound store when it is told
//! to end.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::live::LiveReader;
use integration_tests::remote::{RemotePhone, enrolment_code};
use integration_tests::server::TestServer;
use serde_json::Value;
use sync_core::protocol::Outcome;

/// A command of the phone, which answers in JSON.
fn phone(server: &TestServer, words: &[&str]) -> Command {
    let clock = server.clock.path().to_str().expect("UTF-8").to_owned();
    let mut command = server.command(["phone", "--json", "--dir", "followed", "--clock", &clock]);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(server: &TestServer, words: &[&str]) -> Value {
    let output = phone(server, words).output().expect("the phone can be run");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What the next sync came to.
fn next(said: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = said.next().expect("it goes on").expect("a line");
    let said: Value = serde_json::from_str(&line).expect("JSON");
    assert!(said["error"].is_null(), "{said}");
    said
}

fn tell(child: &mut Child, signal: &str) {
    let told = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(told.expect("`kill` can be run").success(), "it runs");
    let status = child.wait().expect("it ends");
    assert!(status.success(), "{status}");
}

/// The phone of the rep, with its store in the server's directory.
fn enrol(server: &TestServer) {
    let code = enrolment_code(server, YUNZE, YUNZE.rep(), PASSWORD);
    let (org, login) = (YUNZE.code, YUNZE.rep().login);
    run(server, &["enrol", "--server", server.url(), "--organisation", org, "--login", login, "--code", &code]);
}

#[test]
fn a_phone_that_follows_hears_of_news_and_its_store_is_sound_after_it_was_ended() {
    let server = TestServer::start();
    enrol(&server);
    let other = RemotePhone::enrol_further(&server, YUNZE, YUNZE.rep(), PASSWORD, "the other phone of the rep");
    let mut live = LiveReader::open(server.url(), other.access());

    let mut follower = phone(&server, &["follow"]).spawn().expect("the phone can be started");
    let mut said = BufReader::new(follower.stdout.take().expect("a pipe")).lines();
    // Once at the start, and once more when the stream listens: from then on nothing is missed.
    next(&mut said);
    next(&mut said);
    let made = other.pushing(Vec::new(), vec![other.create_visit("made elsewhere")]);
    let answer = other.sync(&server, &made).expect("an answer");
    assert_eq!(answer.acks[0].outcome, Outcome::Stored, "{:?}", answer.acks);
    live.until_moved("u:");
    next(&mut said);
    tell(&mut follower, "-TERM");
    assert_eq!(next(&mut said)["ended"], true);
    assert!(said.next().is_none(), "the last word");

    let visit = RemotePhone::visit("made elsewhere").to_string();
    assert!(run(&server, &["list", "--all"]).to_string().contains(&visit), "the news came with the hint");
    run(&server, &["sync"]);
}

#[test]
fn a_phone_that_follows_ends_in_order_also_while_no_server_answers() {
    let mut server = TestServer::start();
    enrol(&server);
    server.kill();
    for signal in ["-TERM", "-INT"] {
        let mut follower = phone(&server, &["follow"]).spawn().expect("the phone can be started");
        let mut said = BufReader::new(follower.stdout.take().expect("a pipe")).lines();
        let line = said.next().expect("it goes on").expect("a line");
        assert!(line.contains("error"), "{line}");
        tell(&mut follower, signal);
        assert_eq!(said.last().expect("a last word").expect("a line"), r#"{"ended":true}"#);
    }
    run(&server, &["list", "--all"]);
}
