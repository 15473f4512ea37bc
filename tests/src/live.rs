//! A live stream of a server over TCP, read event by event.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::patience::until_some;

/// Longest wait for an event.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open live stream.
#[derive(Debug)]
pub struct LiveReader {
    lines: BufReader<TcpStream>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its name; `ping` for a comment.
    pub name: String,
    /// Its data.
    pub data: Value,
}

impl LiveReader {
    /// Opens a stream and reads until it listens.
    ///
    /// # Panics
    /// If the server refuses.
    #[must_use]
    pub fn open(url: &str, token: &str) -> Self {
        let mut reader = Self::try_open(url, token).unwrap_or_else(|head| panic!("refused: {head}"));
        let ready = reader.next().expect("the first event");
        assert_eq!(ready.name, "ready", "{ready:?}");
        reader
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// The status line of a refusal.
    ///
    /// # Panics
    /// If the connection breaks.
    pub fn try_open(url: &str, token: &str) -> Result<Self, String> {
        let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a patience");
        let head = format!("GET /v1/live HTTP/1.1\r\nHost: doorstep\r\nAuthorization: Bearer {token}\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("the request is sent");
        let mut reader = Self { lines: BufReader::new(stream) };
        let status = reader.line().expect("a status line");
        if !status.contains(" 200 ") {
            return Err(status);
        }
        while reader.line().is_some_and(|line| !line.is_empty()) {}
        Ok(reader)
    }

    /// The next event that is no ping; `None` once the server has ended the stream.
    ///
    /// # Panics
    /// If nothing but pings comes.
    #[expect(clippy::should_implement_trait, reason = "reading blocks, and a stream is no collection")]
    pub fn next(&mut self) -> Option<Event> {
        until_some("a live event that is no ping", || match self.next_or_ping() {
            Some(event) if event.name == "ping" => None,
            next => Some(next),
        })
    }

    /// The next event; `None` once the server has ended the stream.
    ///
    /// # Panics
    /// If an event's data is no JSON.
    pub fn next_or_ping(&mut self) -> Option<Event> {
        let mut name = String::new();
        loop {
            // Sizes of chunks and empty lines lie between.
            let line = self.line()?;
            if line.starts_with(": ping") {
                return Some(Event { name: "ping".to_owned(), data: Value::Null });
            } else if let Some(named) = line.strip_prefix("event: ") {
                named.clone_into(&mut name);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Some(Event { name, data: serde_json::from_str(data).expect("JSON") });
            }
        }
    }

    /// Reads until an audience moved that begins so, such as `u:`.
    ///
    /// # Panics
    /// If the stream ends before.
    pub fn until_moved(&mut self, audience: &str) {
        loop {
            let event = self.next().expect("the stream goes on");
            let moved = event.data["audience"].as_str().unwrap_or_default();
            if event.name == "moved" && moved.starts_with(audience) {
                return;
            }
        }
    }

    /// Reads until the stream ends, and tells the reason it gave.
    ///
    /// # Panics
    /// If it ends without a word.
    pub fn end_reason(&mut self) -> String {
        loop {
            let event = self.next().expect("a last word");
            if event.name == "end" {
                assert_eq!(self.next(), None, "it was the last word");
                return event.data["reason"].as_str().expect("a reason").to_owned();
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(line.trim_end().to_owned()),
            // A killed server resets its connections.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("no event came: {error}"),
        }
    }
}
