//! Uploads by the thousand over a line that is cut, falls silent and loses answers, to a server that is killed: each
//! becomes its blob once, and hardly a byte goes twice.
//!
//! `DOORSTEP_UPLOADS_SEED` gives the seed that a run tells again: the same photos and faults. What a kill meets is up to
//! the machine.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use fuzz_targets::mutants::asked;
use integration_tests::company::PASSWORD;
use integration_tests::db::{check_integrity, count, with_conn};
use integration_tests::effort;
use integration_tests::faults::{Counts, Cut, Fate, FaultProxy, Script, Seed};
use integration_tests::patience::{PATIENCE, until_some};
use integration_tests::remote::RemotePhone;
use integration_tests::server::{TestServer, send};
use integration_tests::told::tell;
use serde_json::json;

use super::*;

/// Uploads of a usual run, and of a long one.
const UPLOADS_PLAYED: [u64; 2] = [30, 1_000];

/// Uploads of the phone that are under way at once; whose turn it is, is drawn.
const AT_ONCE: usize = 3;

/// Sizes of photos in bytes: small ones, and as many of a camera's.
const SIZES: [std::ops::Range<u64>; 2] = [1..200_000, 200_000..1_500_000];

/// Bytes of a part; what is under way when a server dies is at most one.
const PARTS: std::ops::Range<u64> = 8 << 10..96 << 10;

/// Bytes of a request before its body, roughly: cuts fall there, too.
const HEAD: u64 = 1_000;

/// Things that go wrong with one upload.
const FAULTS: std::ops::Range<u64> = 1..4;

/// Longest wait from the beginning of a request to the kill, in microseconds: some kills meet no bytes yet, some the
/// answer.
const KILLED_WITHIN_US: std::ops::Range<u64> = 0..12_000;

/// Requests after which an upload must have come to its end: its parts and what follows each fault, with room to spare.
const MOST_REQUESTS: usize = 400;

/// Bytes sent for each hundred bytes of files: heads, questions, and what went twice.
const MOST_PER_CENT: u64 = 110;

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Nothing,
    /// The line is cut within the request.
    Cut(Cut),
    /// The server does it, and the phone never hears.
    LostAnswer,
    /// The server dies meanwhile.
    Kill,
}

impl Fault {
    fn draw(seed: &mut Seed) -> Self {
        match seed.next() % 10 {
            0 | 1 => Self::Cut(Cut::Close),
            2 | 3 => Self::Cut(Cut::Reset),
            4 => Self::Cut(Cut::Silence),
            5..8 => Self::LostAnswer,
            _ => Self::Kill,
        }
    }
}

/// One photo on its way.
struct Photo {
    seed: Seed,
    whole: Vec<u8>,
    name: String,
    faults: Vec<Fault>,
    path: Option<String>,
    /// Where the server said that it goes on; none until it is asked.
    offset: Option<usize>,
    /// The furthest that it ever told.
    told: usize,
    /// The last part that went without an answer, if it brought the end.
    last_part: Option<usize>,
    requests: usize,
    receipt: Option<String>,
}

/// What happened.
#[derive(Debug, Default)]
struct Played {
    uploads: u64,
    kills: u64,
    locked: u64,
    repeated: u64,
}

impl fmt::Display for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { uploads, kills, locked, repeated } = self;
        write!(f, "{uploads} uploads; {kills} kills, {repeated} last parts repeated, {locked} times 423")
    }
}

struct Trials {
    server: TestServer,
    proxy: FaultProxy,
    phone: RemotePhone,
    seed: Seed,
    played: Played,
}

impl Trials {
    fn new(seed: u64) -> Self {
        // The clock stands still, and one phone sends all of it.
        let server = TestServer::configured(&json!({"limits": {
            "user_per_minute": 60_000, "tenant_per_minute": 60_000,
        }}));
        let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
        let proxy = FaultProxy::before(server.url());
        Self { server, proxy, phone, seed: Seed::new(seed), played: Played::default() }
    }

    /// The next photo and what will go wrong with it.
    fn draw(&mut self) -> Photo {
        self.played.uploads += 1;
        let number = self.played.uploads;
        let mut seed = self.seed.branch(number);
        let size = &SIZES[usize::from(seed.happens(500))];
        let mut whole = vec![0; usize::try_from(seed.of(size)).expect("small")];
        seed.fill(&mut whole);
        let faults = (0..seed.of(&FAULTS)).map(|_| Fault::draw(&mut seed)).collect();
        Photo {
            seed,
            whole,
            name: format!("photo {number}"),
            faults,
            path: None,
            offset: None,
            told: 0,
            last_part: None,
            requests: 0,
            receipt: None,
        }
    }

    /// The next request of a photo, and what came of it; tells whether it is stored.
    fn step(&mut self, photo: &mut Photo) -> bool {
        photo.requests += 1;
        assert!(
            photo.requests < MOST_REQUESTS,
            "{}: no end, {} of {} bytes",
            photo.name,
            photo.told,
            photo.whole.len()
        );
        // Most faults meet a part, where most of the time is spent.
        let is_due = photo.seed.happens(if photo.offset.is_some() { 400 } else { 100 });
        let fault = if is_due { photo.faults.pop().unwrap_or(Fault::Nothing) } else { Fault::Nothing };
        let (call, end) = self.next_call(photo);
        // The proxy counts bodies by their length.
        let call =
            if call.body.is_empty() && call.method != "HEAD" { call.header("content-length", "0") } else { call };
        let answer = self.send(call.bearer(self.phone.access()), fault, &mut photo.seed);
        let Some(answer) = answer else {
            photo.last_part = end.filter(|end| *end == photo.whole.len()).and(photo.offset);
            photo.offset = None;
            return false;
        };
        self.hear(photo, &answer);
        photo.receipt.is_some()
    }

    /// The next request, and where the part that it brings ends.
    fn next_call(&mut self, photo: &mut Photo) -> (Call, Option<usize>) {
        let whole = &photo.whole;
        let Some(path) = &photo.path else {
            let said = format!("{},photo_id {}", declares(whole), base64(&photo.name));
            return (creation(whole.len()).header("upload-metadata", said), None);
        };
        if let Some(begin) = photo.last_part.take() {
            // Either form of the last part asks for the receipt; neither is sent where it would cost much.
            self.played.repeated += 1;
            let is_small = whole.len() - begin < 16 << 10;
            let begin = if is_small { begin } else { whole.len() };
            return (append(path, begin, &whole[begin..]), None);
        }
        let Some(offset) = photo.offset else { return (tus("HEAD", path), None) };
        let part = usize::try_from(photo.seed.of(&PARTS)).expect("small");
        let end = (offset + part).min(whole.len());
        (append(path, offset, &whole[offset..end]), Some(end))
    }

    /// Takes what an answer says.
    fn hear(&mut self, photo: &mut Photo, answer: &Answer) {
        let (name, said) = (&photo.name, answer.outcome());
        match (said.0, said.1.as_str()) {
            (200 | 201 | 204, "") => {}
            // What was cut comes to its turn after the question, which is asked again. A HEAD has no words.
            (423, "" | "upload_locked") => {
                self.played.locked += 1;
                photo.offset = None;
                return;
            }
            // The end was asked for, and was not there yet.
            (409, "offset_conflict") => {}
            _ => panic!("{name}: {said:?}"),
        }
        if answer.status == 201 {
            photo.path = Some(location(answer));
        }
        photo.offset = number(answer, "upload-offset");
        let Some(offset) = photo.offset else { return };
        assert!(offset >= photo.told, "{name}: {} bytes were told, not {offset}", photo.told);
        photo.told = offset;
        photo.receipt = answer.header("doorstep-receipt").map(str::to_owned);
        if answer.status == 409 {
            // Where a kill came before the end was written down, the question is what writes it.
            photo.offset = photo.offset.filter(|offset| *offset < photo.whole.len());
            return;
        }
        assert_eq!(photo.receipt.is_some(), offset == photo.whole.len(), "{name} at {offset}");
    }

    /// Sends a request through the line on which something goes wrong; none without an answer.
    fn send(&mut self, call: Call, fault: Fault, seed: &mut Seed) -> Option<Answer> {
        let cut = |cut| Fate::cut_after(0, cut);
        match fault {
            Fault::Nothing => self.proxy.set(Script::default()),
            Fault::LostAnswer => self.proxy.set(Script::new([(Fate::WHOLE, cut(Cut::Close))])),
            Fault::Cut(how) => {
                let after = seed.of(&(0..HEAD + u64::try_from(call.body.len()).expect("small")));
                self.proxy.set(Script::new([(Fate::cut_after(after, how), Fate::WHOLE)]));
                if how == Cut::Silence {
                    return self.send_half_open(&call);
                }
            }
            Fault::Kill => {
                self.proxy.set(Script::default());
                return self.kill_during(call, seed);
            }
        }
        send(self.proxy.url(), &call).ok()
    }

    /// Sends a request that comes to nothing although its connection stays; leaves it open until the next one is through.
    fn send_half_open(&self, call: &Call) -> Option<Answer> {
        let (before, path) = (self.proxy.counts(), &call.path);
        let mut stream = TcpStream::connect(self.proxy.url().trim_start_matches("http://")).expect("the proxy listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a patience");
        let headers: String = call.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let (method, length) = (&call.method, call.body.len());
        let length = if length > 0 { format!("content-length: {length}\r\n") } else { String::new() };
        let head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\n{headers}{length}\r\n");
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&call.body)).expect("the proxy takes it");
        let is_answered = until_some("the line is silent, or the request was shorter and is answered", || {
            let now = self.proxy.counts();
            let is_answered = now.down_head_bytes > before.down_head_bytes;
            (is_answered || now.silences > before.silences).then_some(is_answered)
        });
        if is_answered {
            let _ = stream.read_to_end(&mut Vec::new());
            return None;
        }
        // The phone asks on another connection while this one is half open, and the server takes it from there.
        if call.method == "PATCH" {
            let asked = send(self.proxy.url(), &tus("HEAD", path).bearer(self.phone.access()));
            assert!(matches!(asked.expect("the server lives").status, 200 | 423));
        }
        None
    }

    /// Kills the server at a moment somewhere in a request, and starts it again.
    fn kill_during(&mut self, call: Call, seed: &mut Seed) -> Option<Answer> {
        let within = Duration::from_micros(seed.of(&KILLED_WITHIN_US));
        let url = self.proxy.url().to_owned();
        let (sender, outcome) = mpsc::channel();
        let sending = std::thread::spawn(move || {
            // Who kills may not wait for it any more.
            let _ = sender.send(());
            send(&url, &call).ok()
        });
        outcome.recv_timeout(PATIENCE).expect("it begins");
        let _ = outcome.recv_timeout(within);
        self.server.kill();
        let answer = sending.join().expect("it ends");
        self.server.restart();
        self.proxy.lead_to(self.server.url());
        self.played.kills += 1;
        answer
    }

    /// Asserts that a photo is stored as it is, and that its receipt is told again.
    fn assert_stored(&self, photo: &Photo) {
        let Photo { whole, path, receipt, name, .. } = photo;
        assert_eq!(&self.server.blob(YUNZE.org, Hash::of(whole)), whole, "{name}");
        let path = path.as_ref().expect("a path");
        let asked = self.server.send(&tus("HEAD", path).bearer(self.phone.access()));
        assert_eq!((asked.status, asked.header("doorstep-receipt")), (200, receipt.as_deref()), "{name}");
    }
}

/// What is kept of a photo that is stored, to look at it again in the end.
struct Stored {
    hash: Hash,
    bytes: u64,
}

#[test]
fn every_upload_becomes_its_blob_once_whatever_happens_on_the_way() {
    let seed = asked("DOORSTEP_UPLOADS_SEED", 0x0d0e_57e9);
    let most = UPLOADS_PLAYED[usize::from(effort::is_long())];
    let (mut trials, mut turns) = (Trials::new(seed), Seed::new(seed));
    let (mut under_way, mut stored) = (Vec::new(), Vec::new());
    loop {
        while under_way.len() < AT_ONCE && trials.played.uploads < most {
            under_way.push(trials.draw());
        }
        if under_way.is_empty() {
            break;
        }
        let at = usize::try_from(turns.next() % 64).expect("small") % under_way.len();
        if trials.step(&mut under_way[at]) {
            let photo = under_way.swap_remove(at);
            trials.assert_stored(&photo);
            let bytes = u64::try_from(photo.whole.len()).expect("small");
            stored.push(Stored { hash: Hash::of(&photo.whole), bytes });
        }
    }
    judge(trials, &stored, seed);
}

/// Looks at everything once more, when nothing happens any more.
fn judge(mut trials: Trials, stored: &[Stored], seed: u64) {
    let Counts { requests, cut_requests, lost_answers, silences, up_head_bytes, up_body_bytes, .. } =
        trials.proxy.counts();
    let played = &trials.played;
    assert!(played.kills > 0 && cut_requests > 0 && lost_answers > 0 && silences > 0, "{played}");
    for Stored { hash, bytes } in stored {
        let blob = trials.server.blob(YUNZE.org, *hash);
        assert_eq!((Hash::of(&blob), u64::try_from(blob.len())), (*hash, Ok(*bytes)));
    }
    let (sent, files): (u64, u64) = (up_head_bytes + up_body_bytes, stored.iter().map(|photo| photo.bytes).sum());
    tell(format_args!(
        "{}; {requests} requests, {cut_requests} cut ({silences} fell silent), {lost_answers} answers lost; 0 lost, 0 wrong \
         bytes; {sent} bytes sent ({up_body_bytes} without heads) for {files}, {}.{:02} times; seed {seed}",
        trials.played,
        sent / files,
        sent * 100 / files % 100
    ));
    // Who is killed between the end of an upload and the end of its file leaves that to the leftovers.
    let left = staged(&trials.server.directory().join("data")).len();
    assert!(u64::try_from(left).is_ok_and(|left| left <= trials.played.kills), "{left} files are left behind");
    trials.server.kill();
    with_conn(trials.server.database_url(), check_integrity);
    let rows = count(trials.server.database_url(), &["blobs", "uploads"]);
    let expected = i64::try_from(trials.played.uploads).expect("few");
    assert!(rows.values().all(|count| *count == expected), "one of each for {expected} photos: {rows:?}");
    assert!(sent * 100 <= files * MOST_PER_CENT, "{sent} bytes were sent for {files}");
    trials.server.restart();
}
