//! One request on its way to the server, and its answer on its way back.

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use socket2::SockRef;

use super::proxy::Shared;
use super::{Cut, Fate};

/// Most bytes that are passed on at once.
const PIECE: u64 = 16 << 10;

/// Longest silence of the server.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request's head, and how long its body is.
struct Head {
    bytes: Vec<u8>,
    body_bytes: u64,
    /// Whether the connection is to speak another protocol from here on, such as WebSocket.
    is_upgrade: bool,
}

impl Head {
    /// The first line: method, path, version.
    fn line(&self) -> String {
        self.bytes.split(|byte| *byte == b'\r').next().map(String::from_utf8_lossy).unwrap_or_default().into_owned()
    }
}

/// Relays one request; the phone's connection ends with it.
pub(super) fn relay(phone: &TcpStream, shared: &Shared) -> io::Result<()> {
    let mut reader = BufReader::new(phone);
    let head = read_head(&mut reader)?;
    if shared.ask(|weather| weather.swallows(&head.line())) {
        io::copy(&mut (&mut reader).take(head.body_bytes), &mut io::sink())?;
        (&mut &*phone).write_all(b"HTTP/1.1 204 Swallowed\r\nconnection: close\r\n\r\n")?;
        return end(phone, None, Cut::Close);
    }
    if shared.ask(|weather| weather.refuses(head.body_bytes)) {
        io::copy(&mut (&mut reader).take(head.body_bytes), &mut io::sink())?;
        let words = "<html>413 Request Entity Too Large</html>";
        let answer =
            format!("HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{words}", words.len());
        (&mut &*phone).write_all(answer.as_bytes())?;
        return end(phone, None, Cut::Close);
    }
    let head_bytes = length(&head.bytes);
    let fate = shared.ask(|weather| weather.request(head_bytes + head.body_bytes));
    shared.count(|counts| {
        counts.requests += 1;
        counts.up_head_bytes += head_bytes;
    });
    wait(fate.delay);
    let cut = fate.cut_of(head_bytes + head.body_bytes);
    let up_to = cut.map_or(u64::MAX, |(after, _)| after);
    // A request that is cut inside its head never reaches anybody.
    let server = if up_to < head_bytes { None } else { Some(shared.connect()?) };
    if let Some(mut server) = server.as_ref() {
        server.write_all(&head.bytes)?;
    }
    let mut left = head.body_bytes.min(up_to.saturating_sub(head_bytes));
    let mut piece = Vec::new();
    while left > 0 {
        piece.clear();
        let read = (&mut reader).take(left.min(PIECE)).read_to_end(&mut piece)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        shared.count(|counts| counts.up_body_bytes += length(&piece));
        if let Some(mut server) = server.as_ref() {
            server.write_all(&piece)?;
        }
        keep_pace(&fate, length(&piece));
        left -= length(&piece);
    }
    if let Some((_, cut)) = cut {
        shared.count(|counts| {
            counts.cut_requests += 1;
            counts.silences += u64::from(cut == Cut::Silence);
        });
        return end(phone, server.as_ref(), cut);
    }
    match server {
        Some(server) if head.is_upgrade => through(phone, reader, &server, shared),
        Some(server) => answer(phone, &server, shared, &head.line()),
        None => Ok(()),
    }
}

/// Passes everything on, both ways and as it comes, until either side or a cut ends it: what follows an upgrade.
fn through(phone: &TcpStream, reader: BufReader<&TcpStream>, server: &TcpStream, shared: &Shared) -> io::Result<()> {
    let (up, down) = std::thread::scope(|scope| {
        let down = scope.spawn(|| pump(server, phone, [phone, server]));
        let up = pump(reader, server, [phone, server]);
        (up, down.join().unwrap_or_default())
    });
    shared.count(|counts| {
        counts.up_body_bytes += up;
        counts.down_body_bytes += down;
    });
    Ok(())
}

/// Passes on one direction, and has the other one end with it; says how many bytes went.
fn pump(mut from: impl Read, mut to: &TcpStream, both: [&TcpStream; 2]) -> u64 {
    let mut passed = 0;
    let mut piece = [0; 4 << 10];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        if to.write_all(piece.get(..read).unwrap_or_default()).is_err() {
            break;
        }
        passed += u64::try_from(read).unwrap_or(u64::MAX);
    }
    for stream in both {
        // Only reading ends here: what becomes of the connection is said when it is let go.
        let _ = stream.shutdown(Shutdown::Read);
    }
    passed
}

/// Reads the answer whole, then passes on what the weather lets through.
fn answer(phone: &TcpStream, server: &TcpStream, shared: &Shared, line: &str) -> io::Result<()> {
    server.set_read_timeout(Some(PATIENCE))?;
    let mut whole = Vec::new();
    let mut server = server;
    server.read_to_end(&mut whole)?;
    if whole.is_empty() {
        // The server died: the phone sees the same.
        return end(phone, None, Cut::Close);
    }
    let whole = shared.ask(|weather| weather.retells(line, whole));
    let total = length(&whole);
    let head = whole.windows(4).position(|four| four == b"\r\n\r\n").map_or(total, |at| length(&whole[..at]) + 4);
    let fate = shared.ask(|weather| weather.answer(total));
    let cut = fate.cut_of(total);
    shared.count(|counts| {
        counts.down_head_bytes += head;
        counts.down_body_bytes += total - head;
        match cut {
            Some((0, _)) => counts.lost_answers += 1,
            Some(_) => counts.cut_answers += 1,
            None => {}
        }
        counts.silences += u64::from(cut.is_some_and(|(_, cut)| cut == Cut::Silence));
    });
    wait(fate.delay);
    let through = cut.map_or(total, |(after, _)| after);
    let through = &whole[..usize::try_from(through).map_err(io::Error::other)?];
    let mut to = phone;
    for piece in through.chunks(usize::try_from(PIECE).map_err(io::Error::other)?) {
        to.write_all(piece)?;
        keep_pace(&fate, length(piece));
    }
    end(phone, None, cut.map_or(Cut::Close, |(_, cut)| cut))
}

/// Ends both connections in the way of a cut.
fn end(phone: &TcpStream, server: Option<&TcpStream>, cut: Cut) -> io::Result<()> {
    match cut {
        Cut::Close => {}
        Cut::Reset => {
            for stream in [Some(phone), server].into_iter().flatten() {
                SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
            }
            // The connections are reset when their last handles close: the proxy keeps none of the phone's.
            return Ok(());
        }
        // Ends when the phone gives up, or the proxy does.
        Cut::Silence => drop(io::copy(&mut &*phone, &mut io::sink())),
    }
    if let Some(server) = server {
        server.shutdown(Shutdown::Both)?;
    }
    phone.shutdown(Shutdown::Both)
}

/// Reads a head; the connection it asks for is one that ends with the answer, but for an upgrade.
fn read_head(reader: &mut BufReader<&TcpStream>) -> io::Result<Head> {
    let mut head = Head { bytes: Vec::new(), body_bytes: 0, is_upgrade: false };
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line.trim_end().is_empty() {
            let connection = if head.is_upgrade { "upgrade" } else { "close" };
            head.bytes.extend_from_slice(format!("connection: {connection}\r\n\r\n").as_bytes());
            return Ok(head);
        }
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        match name.to_ascii_lowercase().as_str() {
            "connection" => continue,
            "upgrade" => head.is_upgrade = true,
            "content-length" => head.body_bytes = value.trim().parse().map_err(io::Error::other)?,
            "transfer-encoding" => return Err(io::Error::other("this proxy reads bodies with content-length only")),
            _ => {}
        }
        head.bytes.extend_from_slice(line.as_bytes());
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn keep_pace(fate: &Fate, bytes: u64) {
    if let Some(pace) = fate.bytes_per_sec {
        wait(Duration::from_micros(bytes * 1_000_000 / pace));
    }
}

/// Lets time pass, as a slow link does: the time is the fault itself, nobody waits here for something to happen.
fn wait(time: Duration) {
    if !time.is_zero() {
        // The sender stays, so this ends by the time-out alone.
        let (_sender, receiver) = mpsc::channel::<()>();
        let _ = receiver.recv_timeout(time);
    }
}
