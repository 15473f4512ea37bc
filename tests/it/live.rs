//! Live streams of a real server: who is told what, when a stream ends, and how the process stops.

mod doubt;

use std::sync::mpsc;
use std::time::Duration;

use integration_tests::call::Call;
use integration_tests::clock::START;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::live::LiveReader;
use integration_tests::patience::until;
use integration_tests::remote::{RemotePhone, sign_in};
use integration_tests::server::{TestServer, send};
use integration_tests::told::tell;
use serde_json::json;
use sync_core::protocol::Outcome;

fn enrolled(server: &TestServer) -> RemotePhone {
    RemotePhone::enrol(server, YUNZE, YUNZE.rep(), PASSWORD)
}

/// Captures a note and brings it to the server.
fn push(phone: &RemotePhone, server: &TestServer, text: &str) {
    let answer = phone.sync(server, &phone.pushing(Vec::new(), vec![phone.day_note(text)])).expect("an answer");
    assert_eq!(answer.acks[0].outcome, Outcome::Stored);
}

#[test]
fn a_commit_is_told_to_his_audience_alone() {
    let server = TestServer::start();
    let phone = enrolled(&server);
    let colleague = RemotePhone::enrol_further(&server, YUNZE, YUNZE.colleague(), PASSWORD, "the colleague's");
    let mut live = LiveReader::open(server.url(), phone.access());
    let mut other = LiveReader::open(server.url(), colleague.access());
    for text in ["one", "two", "three"] {
        push(&phone, &server, text);
        let event = live.next().expect("a hint");
        let data = json!({"audience": format!("u:{}", phone.user())});
        assert_eq!((event.name.as_str(), event.data), ("moved", data));
    }
    // What the colleague hears first is his own: three hints for the other would have come before.
    push(&colleague, &server, "mine");
    let event = other.next().expect("a hint");
    assert_eq!(event.data, json!({"audience": format!("u:{}", colleague.user())}));
}

#[test]
fn a_stream_pings_and_ends_with_its_token() {
    let server = TestServer::configured(&json!({"limits": {"live_ping_ms": 20}}));
    let phone = enrolled(&server);
    let mut live = LiveReader::open(server.url(), phone.access());
    for _ in 0..3 {
        assert_eq!(live.next_or_ping().expect("a ping").name, "ping");
    }
    server.clock.set(START.plus_ms(900_000));
    assert_eq!(live.end_reason(), "token_expired");
    let status = LiveReader::try_open(server.url(), phone.access()).expect_err("the token has expired");
    assert!(status.contains(" 401 "), "{status}");
}

#[test]
fn a_revoked_or_suspended_device_and_an_ended_session_are_told_no_more() {
    let server = TestServer::start();
    let phone = enrolled(&server);
    let admin = sign_in(&server, YUNZE, "admin", PASSWORD);
    let suspended = RemotePhone::enrol_further(&server, YUNZE, YUNZE.colleague(), PASSWORD, "the colleague's");
    for (phone, verb) in [(&phone, "revoke"), (&suspended, "suspend")] {
        let mut live = LiveReader::open(server.url(), phone.access());
        let path = format!("/v1/devices/{}/{verb}", phone.device());
        let answer = server.send(&Call::post(path).bearer(&admin));
        assert!(answer.status < 300, "{}", answer.text());
        assert_eq!(live.end_reason(), "access_ended", "{verb}");
    }
    let mut office = LiveReader::open(server.url(), &admin);
    let answer = server.send(&Call::post("/v1/auth/sign-out").bearer(&admin));
    assert!(answer.status < 300, "{}", answer.text());
    assert_eq!(office.end_reason(), "access_ended");
}

#[test]
fn the_newest_streams_of_a_device_stay() {
    let server = TestServer::configured(&json!({"limits": {"live_streams_per_device": 2}}));
    let phone = enrolled(&server);
    let mut streams: Vec<LiveReader> = (0..3).map(|_| LiveReader::open(server.url(), phone.access())).collect();
    assert_eq!(streams[0].end_reason(), "replaced");
    push(&phone, &server, "news");
    for stream in &mut streams[1..] {
        stream.until_moved("u:");
    }
}

#[test]
fn streams_have_a_limit_of_their_own_and_take_no_place_of_a_request() {
    let server = TestServer::configured(&json!({"limits": {"live_streams": 2, "concurrent_requests": 1}}));
    let phone = enrolled(&server);
    let first = LiveReader::open(server.url(), phone.access());
    let mut second = LiveReader::open(server.url(), phone.access());
    let refused = server.send(&Call::get("/v1/live").bearer(phone.access()));
    assert_eq!(refused.outcome(), (503, "overloaded".to_owned()));
    push(&phone, &server, "news");
    second.until_moved("u:");
    drop(first);
    // The server notices that the reader is gone when it says something next.
    push(&phone, &server, "more news");
    second.until_moved("u:");
}

#[test]
fn a_server_that_is_told_to_stop_says_so_first_and_ends_its_streams_last() {
    let mut server = TestServer::configured(&json!({"stop": {"drain_ms": 5000}}));
    let phone = enrolled(&server);
    let mut live = LiveReader::open(server.url(), phone.access());
    assert_eq!(server.send(&Call::get("/readyz")).expect(200)["schema"], "current");
    server.process().terminate();
    // It becomes unready while it still serves.
    until("the process is ready no more", || server.send(&Call::get("/readyz")).status != 200);
    let unready = server.send(&Call::get("/readyz"));
    assert_eq!(unready.outcome(), (503, "not_ready".to_owned()));
    server.send(&Call::get("/healthz")).expect(200);
    push(&phone, &server, "while it drains");
    live.until_moved("u:");
    assert_eq!(live.end_reason(), "stopping");
    assert!(server.process().wait().success());
}

/// Pushes notes one after the other until no answer comes; gives those that were acknowledged.
fn push_until_gone(phone: &RemotePhone, url: &str, name: &str) -> Vec<String> {
    let mut acknowledged = Vec::new();
    loop {
        let text = format!("{name} {}", acknowledged.len());
        let call = phone.sync_call(&phone.pushing(Vec::new(), vec![phone.day_note(&text)]));
        // A server that stops may answer that it does; a note is only acknowledged by its answer.
        match send(url, &call) {
            Ok(answer) if answer.status == 200 => acknowledged.push(text),
            _ => return acknowledged,
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_when_a_server_is_told_to_stop_under_load() {
    const STOPS: usize = 5;
    /// Limits-and-threats, L5.
    const LONGEST: Duration = Duration::from_secs(10);
    let mut server = TestServer::configured(&json!({
        "stop": {"drain_ms": 20}, "limits": {"sync_per_minute": 60_000, "sync_burst": 60_000}
    }));
    let phone = enrolled(&server);
    let mut acknowledged = Vec::new();
    for stop in 0..STOPS {
        let url = server.url().to_owned();
        let pushed = std::thread::scope(|scope| {
            let pushers: Vec<_> = (0..4)
                .map(|pusher| {
                    let (phone, url) = (&phone, &url);
                    scope.spawn(move || push_until_gone(phone, url, &format!("stop {stop} pusher {pusher}")))
                })
                .collect();
            // Under load: it serves some of them first.
            let mut live = LiveReader::open(&url, phone.access());
            (0..20).for_each(|_| live.until_moved("u:"));
            let process = server.process();
            process.terminate();
            let (sender, ended) = mpsc::channel();
            scope.spawn(move || sender.send(process.wait()));
            let status = ended.recv_timeout(LONGEST).expect("it ends in time");
            assert!(status.success(), "{status}");
            pushers.into_iter().flat_map(|pusher| pusher.join().expect("no panic")).collect::<Vec<String>>()
        });
        acknowledged.extend(pushed);
        server.gone();
        server.restart();
    }
    assert!(acknowledged.len() >= STOPS * 20, "{}", acknowledged.len());
    for text in &acknowledged {
        let again = phone.sync(&server, &phone.pushing(Vec::new(), vec![phone.day_note(text)])).expect("an answer");
        assert_eq!(again.acks[0].outcome, Outcome::Duplicate, "{text} was lost");
    }
    tell(format_args!("{STOPS} stops under load: {} acknowledged, 0 lost", acknowledged.len()));
}
