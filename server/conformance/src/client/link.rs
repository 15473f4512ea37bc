//! The phone's link to the server: a relay that cuts, replays, withholds and takes receipts away.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use sync_core::protocol::codec::{self, Encoding};
use sync_core::protocol::row::kind;
use sync_core::protocol::{Row, SyncResponse};

use crate::Broken;

/// Most bytes of an answer.
const MAX_ANSWER: usize = 64 << 20;
/// Longest silence.
const PATIENCE: Duration = Duration::from_secs(60);

/// Id of an order that nobody gave.
const ORDER: &str = "01955f2c-3000-7000-8000-00000000f0f0";

/// What becomes of requests.
#[derive(Debug, Clone)]
pub(super) enum Fate {
    /// They are answered.
    Deliver,
    /// The server hears only so many bytes of each.
    CutRequest(usize),
    /// The phone hears only so many bytes of each answer.
    CutAnswer(usize),
    /// The server hears each twice; the phone hears the second answer.
    Replay,
    /// The server answers, but the answers to a sync lose their receipts.
    WithoutReceipts,
    /// The server answers, and the answers to a sync bring this order beside.
    WithOrder(String),
    /// The server answers, the phone hears nothing and waits; each answer is announced.
    Withhold(Sender<Sender<()>>),
}

/// A relay in front of a server.
pub(super) struct Link {
    url: String,
    fate: Arc<Mutex<Fate>>,
}

impl Link {
    /// A relay before the server at a base URL.
    pub(super) fn before(base: &str) -> Result<Self, Broken> {
        let server = base.trim_end_matches('/').strip_prefix("http://").map(str::to_owned);
        let server = server.ok_or("a link can be cut over http:// only; run this beside the server, before its TLS")?;
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| format!("no port for the link: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let fate = Arc::new(Mutex::new(Fate::Deliver));
        let shared = Arc::clone(&fate);
        // The thread ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (server, fate) = (server.clone(), Arc::clone(&shared));
                std::thread::spawn(move || {
                    let fate = fate.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    // A cut link is what these checks are about: its ends see that themselves.
                    let _ = relay(stream, &server, &fate);
                });
            }
        });
        Ok(Self { url: format!("http://{address}"), fate })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Says what becomes of the next requests.
    pub(super) fn next(&self, fate: Fate) {
        *self.fate.lock().unwrap_or_else(PoisonError::into_inner) = fate;
    }

    /// Withholds answers from now on; each is announced once the server has given it.
    pub(super) fn withhold(&self) -> Receiver<Sender<()>> {
        let (sender, receiver) = mpsc::channel();
        self.next(Fate::Withhold(sender));
        receiver
    }
}

/// One request and its answer, on connections of their own.
fn relay(mut phone: TcpStream, server: &str, fate: &Fate) -> io::Result<()> {
    phone.set_read_timeout(Some(PATIENCE))?;
    let mut request = read_request(&phone, matches!(fate, Fate::WithoutReceipts | Fate::WithOrder(_)))?;
    if let Fate::CutRequest(bytes) = fate {
        request.truncate(*bytes);
        let mut stream = TcpStream::connect(server)?;
        stream.write_all(&request)?;
        stream.shutdown(Shutdown::Both)?;
        return phone.shutdown(Shutdown::Both);
    }
    let mut answer = exchange(server, &request)?;
    match fate {
        Fate::Replay => answer = exchange(server, &request)?,
        Fate::CutAnswer(bytes) => answer.truncate(*bytes),
        Fate::WithoutReceipts => answer = changed(answer, |response| response.receipts.clear()),
        Fate::WithOrder(jws) => {
            let row = Row::Put { id: ORDER.to_owned(), version: 1, body: json!({ "jws": jws }) };
            answer = changed(answer, |response| response.rows.entry(kind::ORDER.to_owned()).or_default().push(row));
        }
        Fate::Withhold(announce) => {
            let (gate, opened) = mpsc::channel();
            if announce.send(gate).is_ok() {
                // An error is what is waited for: the other end was dropped.
                let _ = opened.recv();
            }
            return phone.shutdown(Shutdown::Both);
        }
        Fate::Deliver | Fate::CutRequest(_) => {}
    }
    phone.write_all(&answer)?;
    phone.shutdown(Shutdown::Both)
}

fn exchange(server: &str, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// The bytes of one request, its connection ending with it.
fn read_request(phone: &TcpStream, uncompressed: bool) -> io::Result<Vec<u8>> {
    let mut reader = BufReader::new(phone);
    let mut head = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            if line.trim_end().is_empty() {
                break;
            }
            head.extend_from_slice(line.as_bytes());
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "connection" => continue,
            // What is not compressed can be changed on its way back.
            "accept-encoding" if uncompressed => continue,
            "content-length" => length = value.trim().parse().map_err(io::Error::other)?,
            "transfer-encoding" => return Err(io::Error::other("this link reads bodies with content-length only")),
            _ => {}
        }
        head.extend_from_slice(line.as_bytes());
    }
    head.extend_from_slice(b"connection: close\r\n\r\n");
    let at = head.len();
    head.resize(at.saturating_add(length), 0);
    reader.read_exact(head.get_mut(at..).unwrap_or_default())?;
    Ok(head)
}

/// An answer to a sync, changed; any other answer as it is.
fn changed(answer: Vec<u8>, change: impl FnOnce(&mut SyncResponse)) -> Vec<u8> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(at) = answer.windows(END.len()).position(|window| window == END).map(|at| at + END.len()) else {
        return answer;
    };
    let (head, body) = answer.split_at(at);
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let encoding = if head.contains("content-type: application/cbor") { Encoding::Cbor } else { Encoding::Json };
    let Ok(mut response) = codec::decode_response(body, encoding, MAX_ANSWER) else { return answer };
    change(&mut response);
    let Ok(body) = codec::encode(&response, encoding) else { return answer };
    let kept: Vec<&str> = head.lines().filter(|line| !line.is_empty() && !line.starts_with("content-length")).collect();
    let head = format!("{}\r\ncontent-length: {}\r\n\r\n", kept.join("\r\n"), body.len());
    [head.into_bytes(), body].concat()
}
