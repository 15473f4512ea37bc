//! The two phones of a live edit: one edits when it is told to, the other listens for hints and fetches what is new.
//!
//! Each is a process of its own and tells when it did what by the clock of the machine, which is the same for both.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use serde::{Deserialize, Serialize};
use sync_core::ids::VisitId;

use crate::child;
use crate::phone::Phone;
use crate::wire;

/// What the writer is told before each edit.
pub const EDIT: &str = "edit";

/// What the reader says once it will hear of every edit.
pub const LISTENING: &str = "listening";

/// One edit, as its writer tells of it; instants in microseconds of the machine's clock.
#[derive(Debug, Serialize, Deserialize)]
pub struct Edited {
    /// The visit.
    pub visit: VisitId,
    /// Just before it was sent.
    pub sent_us: u64,
    /// When it was acknowledged.
    pub acknowledged_us: u64,
}

/// One edit, as its reader tells of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Seen {
    /// The visit.
    pub visit: VisitId,
    /// When the edit was there, in microseconds of the machine's clock.
    pub at_us: u64,
}

/// Makes so many edits, each when it is told to.
pub fn edit_when_told(phone: &mut Phone, count: usize) {
    for _ in 0..count {
        assert_eq!(child::told(), EDIT);
        let sent_us = wire::now_us();
        let visit = phone.push_next();
        tell(&Edited { visit, sent_us, acknowledged_us: wire::now_us() });
    }
}

/// Asks for news whenever a hint says that there are some, until so many edits have come.
pub fn watch(phone: &mut Phone, address: &str, token: &str, count: usize) {
    let stream = listen(address, token);
    println!("{LISTENING}");
    let mut left = count;
    for line in stream.lines().map(|line| line.expect("the stream goes on")) {
        if line.starts_with("data: ") {
            let arrived = phone.look();
            let at_us = wire::now_us();
            left -= arrived.len();
            arrived.into_iter().for_each(|visit| tell(&Seen { visit, at_us }));
        }
        if left == 0 {
            return;
        }
    }
}

fn tell(what: &impl Serialize) {
    println!("{}", serde_json::to_string(what).unwrap());
}

/// Opens a live stream and reads until it listens.
fn listen(address: &str, token: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let head = format!("GET /v1/live HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("the server reads");
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while !line.starts_with("data: ") {
        line.clear();
        assert!(stream.read_line(&mut line).expect("the server answers") > 0, "the server hung up");
    }
    stream
}
