//! Senders who stop in the middle of a request, or trickle: they are cut, and keep nobody out meanwhile.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use integration_tests::call::{Answer, Call};
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::remote::RemotePhone;
use integration_tests::server::{TestServer, checked_raw, read_raw};
use serde_json::json;
use sync_core::bytes::Hash;

/// What the server says to `expect: 100-continue` when it has begun to serve the request.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Sends the head of a request with a body of so many bytes, and waits until the server waits for the body.
fn begin(server: &TestServer, call: &Call, bytes: usize) -> TcpStream {
    let headers: String = call.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (method, path) = (&call.method, &call.path);
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nexpect: 100-continue\r\n{headers}\
         content-length: {bytes}\r\n\r\n"
    );
    let mut stream = server.connect();
    stream.write_all(head.as_bytes()).expect("the head is sent");
    let mut told = [0; CONTINUE.len()];
    stream.read_exact(&mut told).expect("the server asks for the body");
    assert_eq!(told.as_slice(), CONTINUE);
    stream
}

fn answer(call: &Call, stream: &mut TcpStream) -> Answer {
    checked_raw(call, &read_raw(stream))
}

fn nonce_call() -> Call {
    Call::post("/v1/auth/nonces").header("content-type", "application/json")
}

fn login_body() -> serde_json::Value {
    json!({"organisation": "yunze", "login": YUNZE.rep().login, "password": PASSWORD})
}

#[test]
fn six_hundred_who_send_no_body_keep_nobody_out() {
    let server = TestServer::start();
    let body = json!({"org_id": YUNZE.org}).to_string();
    let mut slow: Vec<TcpStream> = (0..600).map(|_| begin(&server, &nonce_call(), body.len())).collect();
    for _ in 0..3 {
        server.send(&Call::post("/v1/auth/login").json(&login_body())).expect(200);
        assert_eq!(server.send(&Call::get("/v1/me")).status, 401);
    }
    // One of them wakes up, and is served like everybody.
    let woken = slow.last_mut().expect("somebody");
    woken.write_all(body.as_bytes()).expect("the rest is sent");
    let woken = answer(&nonce_call(), woken);
    assert!(woken.status != 503 && woken.status != 408, "{}", woken.text());
}

#[test]
fn a_body_that_stops_is_cut() {
    let server = TestServer::configured(&json!({"limits": {"body_idle_ms": 200}}));
    let mut stream = begin(&server, &nonce_call(), 60);
    stream.write_all(b"{").expect("a first byte");
    let refused = answer(&nonce_call(), &mut stream);
    assert_eq!(refused.outcome(), (408, "request_timeout".to_owned()));
    assert_eq!((refused.header("connection"), &refused.json()["retry"]), (Some("close"), &json!("now")));
}

#[test]
fn a_body_that_is_not_whole_in_time_is_cut_whatever_its_pauses() {
    let server = TestServer::configured(&json!({"limits": {"body_total_ms": 200}}));
    let mut stream = begin(&server, &nonce_call(), 60);
    stream.write_all(b"{").expect("a first byte");
    assert_eq!(answer(&nonce_call(), &mut stream).outcome(), (408, "request_timeout".to_owned()));
}

#[test]
fn an_upload_slower_than_its_pace_is_cut_and_the_next_one_is_stored() {
    let server = TestServer::configured(&json!({"limits": {"upload_window_ms": 500, "concurrent_uploads": 1}}));
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let content = vec![7; 4096];
    let path = format!("/v1/blobs/{}", Hash::of(&content));
    let call = Call::new("PUT", path).bearer(phone.access());
    let mut stream = begin(&server, &call, content.len());
    // Half a second at 256 B/s asks for 128 bytes.
    stream.write_all(&content[..100]).expect("a beginning");
    // The only place among uploads is free again afterwards.
    let upload = call.clone().bytes("application/octet-stream", content);
    assert_eq!(answer(&call, &mut stream).outcome(), (408, "request_timeout".to_owned()));
    server.send(&upload).expect(200);
}
