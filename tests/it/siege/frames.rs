//! Huge WebSocket frames against the automerge-repo door of the running server: refused at their head, not taken in.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::remote::RemotePhone;
use integration_tests::server::TestServer;
use integration_tests::told::tell;

use super::check_process;

/// Longest wait for a word of the server.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the frame says that it carries.
const CLAIMED: u64 = 100_000_000;

/// Most memory that a refused frame may cost.
const COST: u64 = 32 << 20;

/// The close code for a message that is too big.
///
/// # Source
/// RFC 6455 section 7.4.1.
const TOO_BIG: u16 = 1009;

/// A socket by hand: libraries would not send what is sent here.
fn open(server: &TestServer, token: &str) -> TcpStream {
    let mut stream = server.connect();
    stream.set_read_timeout(Some(PATIENCE)).expect("a patience");
    let head = format!(
        "GET /v1/repo HTTP/1.1\r\nHost: doorstep\r\nAuthorization: Bearer {token}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("the request is sent");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a head");
        answer.extend(byte);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    stream
}

/// Reads frames until the server closes; gives its code. What comes before may be a ping.
fn close_code(stream: &mut TcpStream) -> u16 {
    loop {
        let mut head = [0; 2];
        stream.read_exact(&mut head).expect("a frame");
        let mut body = vec![0; usize::from(head[1] & 0x7f)];
        stream.read_exact(&mut body).expect("a short frame");
        if head[0] & 0x0f == 8 {
            return u16::from_be_bytes([body[0], body[1]]);
        }
    }
}

#[test]
fn a_frame_of_a_hundred_megabytes_is_refused_at_its_head() {
    let server = TestServer::start();
    let process = server.process_id();
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let before = server.peak_memory_bytes();
    // Whole, and as the first of many parts.
    for kind in [0x82, 0x02] {
        let mut stream = open(&server, phone.access());
        let head = [[kind, 0xff].as_slice(), &CLAIMED.to_be_bytes(), &[0; 4]].concat();
        stream.write_all(&head).expect("the head of the frame is sent");
        stream.write_all(&[0x42; 1024]).expect("and a little of it");
        assert_eq!(close_code(&mut stream), TOO_BIG);
        // The rest goes nowhere: the connection breaks, or swallows it.
        let part = vec![0x42; 1 << 20];
        let _broken = (0..CLAIMED >> 20).try_for_each(|_| stream.write_all(&part));
    }
    let cost = server.peak_memory_bytes() - before;
    tell(format_args!("two frames of {CLAIMED} bytes cost {} KiB of memory", cost >> 10));
    assert!(cost <= COST, "{cost} bytes");
    check_process(&server, process);
}
