//! HTTP/1.1 on one kept connection, counting every byte of it. Knows nothing of what is sent.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A connection to the server.
pub struct Connection {
    /// Connected by the first request: preparing a phone may take longer than the server waits for one.
    stream: Option<BufReader<TcpStream>>,
    address: String,
    authorization: String,
    /// Bytes sent.
    pub up: usize,
    /// Of these, the authorization headers.
    pub authorization_bytes: usize,
    /// Bytes received.
    pub down: usize,
    /// Of both, the bodies as sent.
    pub bodies: usize,
    /// Most bodies of one round trip.
    pub most_bodies: usize,
    /// Milliseconds of each round trip.
    pub latencies_ms: Vec<f64>,
}

/// Milliseconds since.
pub fn since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}

/// Starts to measure.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub fn start() -> Instant {
    Instant::now()
}

/// Microseconds of the machine's clock, which all processes share.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(since.as_micros()).expect("before the year 586,000")
}

impl Connection {
    /// A connection that is not made yet.
    pub fn to(address: &str, token: &str) -> Self {
        Self {
            stream: None,
            address: address.to_owned(),
            authorization: format!("authorization: Bearer {token}\r\n"),
            up: 0,
            authorization_bytes: 0,
            down: 0,
            bodies: 0,
            most_bodies: 0,
            latencies_ms: Vec::new(),
        }
    }

    /// Posts a body, compressed if that is worth it, and returns that of the answer.
    pub fn post(&mut self, path: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
        let is_large = body.len() > 512;
        // As the phone does.
        let level = if body.len() <= 16 << 10 { 19 } else { 3 };
        let body = if is_large { zstd::bulk::compress(body, level).expect("zstd") } else { body.to_vec() };
        let coding = if is_large { "content-encoding: zstd\r\n" } else { "" };
        self.exchange("POST", path, media_type, coding, &body)
    }

    /// Gets what is at a path.
    pub fn get(&mut self, path: &str) -> Vec<u8> {
        self.exchange("GET", path, "application/json", "", &[])
    }

    /// Puts a body as it is.
    pub fn put(&mut self, path: &str, body: &[u8]) {
        self.exchange("PUT", path, "application/octet-stream", "", body);
    }

    fn exchange(&mut self, method: &str, path: &str, media_type: &str, coding: &str, body: &[u8]) -> Vec<u8> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{}user-agent: doorstep-phone/0.1\r\naccept-encoding: zstd\r\n\
             content-type: {media_type}\r\n{coding}content-length: {}\r\n\r\n",
            self.address,
            self.authorization,
            body.len(),
        )
        .into_bytes();
        let before = self.bodies;
        self.bodies += body.len();
        request.extend(body);
        let started = start();
        self.stream().get_mut().write_all(&request).expect("the server reads");
        let (head, body) = self.answer();
        self.most_bodies = self.most_bodies.max(self.bodies - before);
        self.latencies_ms.push(since(started));
        self.up += request.len();
        self.authorization_bytes += self.authorization.len();
        assert!(head.starts_with("http/1.1 200"), "{head}{}", String::from_utf8_lossy(&body));
        if head.contains("content-encoding: zstd") { zstd::decode_all(body.as_slice()).expect("zstd") } else { body }
    }

    fn stream(&mut self) -> &mut BufReader<TcpStream> {
        self.stream.get_or_insert_with(|| {
            let stream = TcpStream::connect(&self.address).expect("the server listens");
            stream.set_nodelay(true).expect("a TCP option");
            BufReader::new(stream)
        })
    }

    fn answer(&mut self) -> (String, Vec<u8>) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = self.stream().read_line(&mut head).expect("the server answers");
            assert!(read > 0, "the server hung up after {head:?}");
        }
        let head = head.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.expect("a length").parse().expect("a number")];
        self.stream().read_exact(&mut body).expect("the whole body");
        self.down += head.len() + body.len();
        self.bodies += body.len();
        (head, body)
    }
}
