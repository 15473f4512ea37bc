//! The proxy does what it is told: a fault that did not happen would make every test over it worthless.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use super::{Counts, Cut, Fate, FaultProxy, Script, Seed, Tunnel, TunnelPlan, Weather as _};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789";
const ANSWER_HEAD: u64 = 39;

/// A server that says how much of each body reached it, and answers whole ones.
fn server() -> (String, Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, arrived) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(&stream);
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                match line.trim_end().split_once(": ") {
                    Some(("content-length", value)) => length = value.parse().unwrap(),
                    Some(("connection", value)) => assert_eq!(value, "close", "the proxy asks for it"),
                    Some(_) => {}
                    None if line.starts_with("PUT") => {}
                    None => break,
                }
            }
            let mut body = Vec::new();
            // A reset connection ends the body as well.
            let _ = reader.take(length).read_to_end(&mut body);
            if sender.send(body.len()).is_err() {
                return;
            }
            if u64::try_from(body.len()) == Ok(length) {
                (&stream).write_all(ANSWER).unwrap();
            }
        }
    });
    (url, arrived)
}

/// Sends a body of so many bytes through the proxy and reads what comes back until the connection ends.
fn put(proxy: &FaultProxy, bytes: usize) -> (u64, io::Result<Vec<u8>>) {
    let mut stream = TcpStream::connect(proxy.url().trim_start_matches("http://")).unwrap();
    let head = format!("PUT /x HTTP/1.1\r\nconnection: keep-alive\r\ncontent-length: {bytes}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    // A link that is cut early does not take all of it.
    let _ = stream.write_all(&vec![7; bytes]);
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer).map(|_| answer);
    // What the proxy sends on: with its own connection header.
    (u64::try_from(head.len() - "keep-alive".len() + "close".len()).unwrap(), read)
}

fn under(fates: impl IntoIterator<Item = (Fate, Fate)>) -> (FaultProxy, Receiver<usize>) {
    let (url, arrived) = server();
    let proxy = FaultProxy::before(&url);
    proxy.set(Script::new(fates));
    (proxy, arrived)
}

#[test]
fn in_fine_weather_everything_passes_and_is_counted() {
    let (proxy, arrived) = under([]);
    let (head, answer) = put(&proxy, 100_000);
    assert_eq!(answer.unwrap(), ANSWER);
    assert_eq!(arrived.recv().unwrap(), 100_000);
    let counts = Counts {
        requests: 1,
        up_head_bytes: head,
        up_body_bytes: 100_000,
        down_head_bytes: ANSWER_HEAD,
        down_body_bytes: 10,
        ..Counts::default()
    };
    assert_eq!(proxy.counts(), counts);
    assert_eq!((counts.body_bytes(), counts.bytes()), (100_010, 100_010 + head + ANSWER_HEAD));
}

#[test]
fn a_request_is_cut_after_exactly_so_many_bytes() {
    let (proxy, arrived) = under([]);
    let (head, _) = put(&proxy, 1);
    for (after, cut) in [(0, Cut::Close), (70_000, Cut::Close), (10, Cut::Reset)] {
        let head = head - 1 + 6;
        let before = proxy.counts();
        proxy.set(Script::new([(Fate::cut_after(head + after, cut), Fate::WHOLE)]));
        let (_, answer) = put(&proxy, 100_000);
        assert!(answer.map_or(true, |answer| answer.is_empty()), "{cut:?} after {after}");
        let counts = proxy.counts();
        assert_eq!(counts.up_body_bytes - before.up_body_bytes, after);
        assert_eq!((counts.cut_requests - before.cut_requests, counts.down_head_bytes), (1, before.down_head_bytes));
    }
    // The client learns of the cut before the server does: wait for what it says.
    let bodies: Vec<usize> = arrived.iter().take(3).collect();
    assert_eq!(bodies, [1, 0, 70_000]);

    // Inside its head: the server hears nothing at all.
    proxy.set(Script::new([(Fate::cut_after(5, Cut::Close), Fate::WHOLE)]));
    assert_eq!(put(&proxy, 50).1.unwrap(), b"");
    assert_eq!(put(&proxy, 60).1.unwrap(), ANSWER);
    // The reset above may have swallowed some of its ten bytes.
    assert_eq!(arrived.iter().find(|bytes| *bytes > 10).unwrap(), 60);
}

#[test]
fn an_answer_is_lost_or_cut_after_the_server_gave_it() {
    let lost = (Fate::WHOLE, Fate::cut_after(0, Cut::Close));
    let cut = (Fate::WHOLE, Fate::cut_after(ANSWER_HEAD + 3, Cut::Close));
    let longer = (Fate::WHOLE, Fate::cut_after(ANSWER_HEAD + 10, Cut::Close));
    let (proxy, arrived) = under([lost, cut, longer]);
    let answers = [1, 2, 3].map(|bytes| put(&proxy, bytes).1.unwrap());
    assert_eq!(answers, [&b""[..], &ANSWER[..42], ANSWER]);
    assert_eq!(arrived.iter().take(3).collect::<Vec<_>>(), [1, 2, 3], "the server served all three");
    let counts = proxy.counts();
    assert_eq!((counts.lost_answers, counts.cut_answers, counts.cut_requests, counts.silences), (1, 1, 0, 0));
    assert_eq!(counts.down_body_bytes, 30, "also what nobody saw");
}

#[test]
fn a_reset_is_seen_as_one() {
    let reset = (Fate::WHOLE, Fate::cut_after(ANSWER_HEAD, Cut::Reset));
    let (proxy, _arrived) = under([reset]);
    let error = put(&proxy, 5).1.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn a_silent_link_says_nothing_until_somebody_gives_up() {
    for fates in [(Fate::cut_after(60, Cut::Silence), Fate::WHOLE), (Fate::WHOLE, Fate::cut_after(5, Cut::Silence))] {
        let (proxy, _arrived) = under([fates]);
        let mut stream = TcpStream::connect(proxy.url().trim_start_matches("http://")).unwrap();
        stream.write_all(b"PUT /x HTTP/1.1\r\ncontent-length: 50\r\n\r\n").unwrap();
        stream.write_all(&[7; 50]).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut answer = Vec::new();
        let error = stream.read_to_end(&mut answer).unwrap_err();
        assert!(matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{error}");
        assert!(answer.len() <= 5);
        assert_eq!(proxy.counts().silences, 1);
        // The proxy gives up.
        drop(proxy);
        stream.set_read_timeout(None).unwrap();
        assert_eq!(stream.read_to_end(&mut answer).unwrap(), 0);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "what a delay takes is what is asked here")]
fn delay_and_pace_take_their_time() {
    let slow = Fate { delay: Duration::from_millis(40), bytes_per_sec: Some(1_000_000), cut: None };
    let (proxy, _arrived) = under([(slow, slow)]);
    let begun = std::time::Instant::now();
    assert_eq!(put(&proxy, 50_000).1.unwrap(), ANSWER);
    assert!(begun.elapsed() >= Duration::from_millis(40 + 50 + 40), "{:?}", begun.elapsed());
}

#[test]
fn a_server_that_moved_is_found_again() {
    let (proxy, _arrived) = under([]);
    let (url, arrived) = server();
    proxy.lead_to(&url);
    assert_eq!(put(&proxy, 8).1.unwrap(), ANSWER);
    assert_eq!(arrived.recv().unwrap(), 8);
}

#[test]
fn a_tunnel_cuts_by_simulated_time_and_follows_from_its_seed() {
    let plan = TunnelPlan {
        cut_every_ms: 5_000..60_000,
        lost_answers_per_mille: 300,
        resets_per_mille: 200,
        silences_per_mille: 100,
        bytes_per_sec: 64_000,
        latency_ms: 100,
        outage_ms: 3_000,
    };
    let play = |seed| {
        let (mut tunnel, count) = Tunnel::new(plan.clone(), Seed::new(seed));
        let fates: Vec<_> = (0..2_000).map(|_| [tunnel.request(128_000), tunnel.answer(400)]).collect();
        let count = *count.lock().unwrap();
        (fates, count)
    };
    let (fates, count) = play(7);
    assert_eq!((fates.clone(), count), play(7));
    assert_ne!(fates, play(8).0);
    // 2,000 times 2.2 s, a cut about every 32.5 s.
    let expected = count.simulated_ms / (32_500 + plan.outage_ms);
    assert!(count.cuts.abs_diff(expected) < expected / 5, "{count:?}");
    assert!(count.lost_answers.abs_diff(600) < 60, "{count:?}");
    let cuts: Vec<(u64, Cut)> = fates.iter().filter_map(|[request, _]| request.cut).collect();
    assert!(cuts.iter().all(|(after, _)| *after <= 128_000));
    assert!([Cut::Close, Cut::Reset, Cut::Silence].iter().all(|kind| cuts.iter().any(|(_, cut)| cut == kind)));
}

/// A server that speaks another protocol after an upgrade: it says everything back. Tells when a connection has ended.
fn echo() -> (String, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(&stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                reader.read_line(&mut head).unwrap();
            }
            assert!(head.contains("\r\nconnection: upgrade\r\n"), "{head}");
            (&stream).write_all(UPGRADED).unwrap();
            // Also a connection that is reset has ended.
            let _ = io::copy(&mut reader, &mut &stream);
            if sender.send(()).is_err() {
                return;
            }
        }
    });
    (url, ended)
}

const UPGRADED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";

#[test]
fn an_upgraded_connection_passes_both_ways_until_it_is_cut() {
    let (url, ended) = echo();
    let proxy = FaultProxy::before(&url);
    let talk = || {
        let mut stream = TcpStream::connect(proxy.url().trim_start_matches("http://")).unwrap();
        stream.write_all(b"GET /x HTTP/1.1\r\nConnection: Upgrade\r\nupgrade: websocket\r\n\r\n").unwrap();
        stream.read_exact(&mut [0; UPGRADED.len()]).unwrap();
        for said in [b"one", b"two"] {
            let mut heard = [0; 3];
            stream.write_all(said).unwrap();
            stream.read_exact(&mut heard).unwrap();
            assert_eq!(&heard, said);
        }
        stream
    };
    let mut stream = talk();
    proxy.cut();
    assert_eq!(stream.read(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    ended.recv().unwrap();
    // The next one passes, and ends at the server when the phone hangs up.
    drop(talk());
    ended.recv().unwrap();
}
