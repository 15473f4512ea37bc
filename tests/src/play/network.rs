//! The network between phones and server: a relay that can be down, and can lose an answer.
//!
//! Phones know only its address, so the server may restart elsewhere. Each request is relayed on a connection of its
//! own and its answer held against the API document.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sync_core::protocol::codec::{self, Encoding};

use crate::call::{Answer, Call};
use crate::contract::Contract;
use crate::server;

/// What becomes of requests from now on.
#[derive(Debug, Clone)]
pub enum Fate {
    /// They are answered.
    Deliver,
    /// They are cut off before the server hears of them.
    Down,
    /// They are answered, but from the first one to this path on, or below it if it ends with a slash, the phone hears
    /// nothing.
    LoseAnswers(&'static str),
    /// They are answered, but the phone waits for nothing; each answer is announced when the server gave it.
    WithholdAnswers(Sender<Passing>),
    /// They are answered, but the first answer to a sync loses the documents it brings.
    WithholdDocs,
    /// They are answered; each is announced before the server hears of it, and goes on when the test says so.
    Watch(Sender<Passing>),
}

impl Fate {
    /// Whether this is the call whose answer is lost.
    fn loses(&self, call: &Call) -> bool {
        let is_of = |path: &str| if path.ends_with('/') { call.path.starts_with(path) } else { call.path == path };
        matches!(self, Self::LoseAnswers(path) if is_of(path))
    }
}

/// A request on its way; dropping it lets the request go on.
#[derive(Debug)]
pub struct Passing {
    /// Its path.
    pub path: String,
    _gate: Sender<()>,
}

/// A relay in front of a server.
#[derive(Debug)]
pub struct Network {
    url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    server: String,
    fate: Fate,
    /// Answers outside the contract, to fail the test with.
    violations: Vec<String>,
    /// Requests that reached the server since somebody last looked.
    passed: Vec<Call>,
}

impl Network {
    pub(super) fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port for the network");
        let url = format!("http://{}", listener.local_addr().expect("the port is known"));
        let state = State { server: server.to_owned(), fate: Fate::Down, violations: Vec::new(), passed: Vec::new() };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::downgrade(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(state) = shared.upgrade() else { return };
                std::thread::spawn(move || relay(stream, &state));
            }
        });
        Self { url, state }
    }

    /// Its address, which phones take for the server's.
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Says what becomes of the next requests.
    ///
    /// # Panics
    /// If an answer was outside the contract.
    pub fn next(&self, fate: Fate) {
        let mut state = lock(&self.state);
        assert!(state.violations.is_empty(), "{}", state.violations.join("\n"));
        state.fate = fate;
    }

    /// Announces every request from now on and holds it until it is dropped.
    #[must_use]
    pub fn watch(&self) -> Receiver<Passing> {
        let (sender, receiver) = mpsc::channel();
        self.next(Fate::Watch(sender));
        receiver
    }

    /// The requests that reached the server since this was last asked, byte for byte.
    #[must_use]
    pub fn take_passed(&self) -> Vec<Call> {
        std::mem::take(&mut lock(&self.state).passed)
    }

    /// The server that it leads to.
    #[must_use]
    pub fn server(&self) -> String {
        lock(&self.state).server.clone()
    }

    /// Leads to a server elsewhere.
    pub fn lead_to(&self, server: &str) {
        server.clone_into(&mut lock(&self.state).server);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The accepting thread sees that nobody is left when the next connection comes: this one.
        let address = self.url.trim_start_matches("http://").to_owned();
        let (server, violations, passed) = (String::new(), Vec::new(), Vec::new());
        self.state = Arc::new(Mutex::new(State { server, fate: Fate::Down, violations, passed }));
        let _ = TcpStream::connect(address);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One request and its answer; without an answer the phone sees the connection end.
fn relay(mut stream: TcpStream, state: &Mutex<State>) {
    let Ok(mut call) = read_call(&stream) else { return };
    let (fate, server) = {
        let mut state = lock(state);
        let fate = state.fate.clone();
        if fate.loses(&call) {
            // This one still reaches the server; after it nothing does.
            state.fate = Fate::Down;
        }
        if matches!(fate, Fate::WithholdDocs) && call.path == "/v1/sync" {
            state.fate = Fate::Deliver;
        }
        (fate, state.server.clone())
    };
    match &fate {
        Fate::Down => return,
        Fate::Deliver | Fate::LoseAnswers(_) | Fate::WithholdAnswers(_) => {}
        // What is not compressed can be changed on its way back.
        Fate::WithholdDocs => call.headers.retain(|(name, _)| name != "accept-encoding"),
        Fate::Watch(announce) => hold(announce, &call),
    }
    lock(state).passed.push(call.clone());
    let Ok(mut answer) = server::exchange(&server, &call) else { return };
    if let Err(violation) = Contract::current().check(&call, &answer) {
        lock(state).violations.push(violation.to_string());
    }
    if matches!(fate, Fate::WithholdDocs) && call.path == "/v1/sync" && answer.status == 200 {
        answer.body = without_docs(&answer.body);
    }
    if let Fate::WithholdAnswers(announce) = &fate {
        hold(announce, &call);
    } else if !fate.loses(&call) {
        // A phone that was killed does not listen any more.
        let _ = write_answer(&mut stream, &answer);
    }
}

/// The answer to a sync without the documents it brings.
fn without_docs(body: &[u8]) -> Vec<u8> {
    let mut response = codec::decode_response(body, Encoding::Cbor, 1 << 30).expect("an answer to a sync");
    response.docs.clear();
    codec::encode(&response, Encoding::Cbor).expect("an answer to a sync")
}

/// Announces a request and waits until the test lets it go.
fn hold(announce: &Sender<Passing>, call: &Call) {
    let (gate, opened) = mpsc::channel();
    if announce.send(Passing { path: call.path.clone(), _gate: gate }).is_ok() {
        // An error is what is waited for: the other end was dropped.
        let _ = opened.recv();
    }
}

fn read_call(stream: &TcpStream) -> io::Result<Call> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let mut call = Call::new(method, path);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().map_err(io::Error::other)?,
            "host" | "connection" => {}
            name => call = call.header(name, value),
        }
    }
    call.body = vec![0; length];
    reader.read_exact(&mut call.body)?;
    Ok(call)
}

fn write_answer(stream: &mut TcpStream, answer: &Answer) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Relayed\r\nconnection: close\r\n", answer.status);
    let own = ["connection", "content-length", "transfer-encoding"];
    for (name, value) in answer.headers.iter().filter(|(name, _)| !own.contains(&name.as_str())) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", answer.body.len()));
    stream.write_all(head.as_bytes())?;
    stream.write_all(&answer.body)
}
