//! A round with nothing new, byte by byte: phones ask often, on networks that are paid by volume.

use std::io::Write as _;

use integration_tests::call::Call;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::remote::RemotePhone;
use integration_tests::server::{TestServer, checked_raw, read_raw};
use sync_core::protocol::codec::{self, Encoding};

/// Sends a request over a fresh connection that is closed after it; gives the answer as received.
fn exchange(server: &TestServer, head: &str, body: &[u8]) -> Vec<u8> {
    let mut stream = server.connect();
    stream.write_all(&[head.as_bytes(), body].concat()).expect("sent");
    let answer = read_raw(&mut stream);
    let _ = checked_raw(&Call::post("/v1/sync"), &answer);
    answer
}

#[test]
fn a_round_with_nothing_new_fits_into_400_bytes_each_way() {
    let server = TestServer::start();
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    // The cursor holds a position of both audiences of a rep.
    let note = phone.pushing(Vec::new(), vec![phone.day_note("bring a ladder")]);
    let first = phone.sync(&server, &note).expect("answered");
    assert!(!first.more && first.rows.len() > 1);
    let second = phone.empty_request(Some(first.cursor));
    let body = codec::encode(&second, Encoding::Cbor).expect("CBOR");
    let host = server.url().trim_start_matches("http://").to_owned();
    let head = format!(
        "POST /v1/sync HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/cbor\r\ncontent-length: {}\r\n",
        body.len()
    );
    let request = head.len() + 2 + body.len();
    assert!(request <= 400, "the request has {request} bytes without its token");

    let head = format!("{head}connection: close\r\nauthorization: Bearer {}\r\n\r\n", phone.access());
    let answer = exchange(&server, &head, &body);
    let text = String::from_utf8_lossy(&answer).into_owned();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    let body_at = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a body") + 4;
    assert!(answer.len() - body_at <= 300, "the body has {} bytes", answer.len() - body_at);
    assert!(answer.len() <= 400, "the answer has {} bytes:\n{text}", answer.len());
    for header in ["x-content-type-options: nosniff", "cache-control: no-store"] {
        assert!(text.contains(header), "{header} is missing:\n{text}");
    }
}
