//! Real connections and a real process: lines that go dead, requests that meet, `kill -9`.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use integration_tests::company::PASSWORD;
use integration_tests::patience::{PATIENCE, until};
use integration_tests::remote::RemotePhone;
use integration_tests::server::{TestServer, checked_raw, read_raw};

use super::*;

/// What the server says to `expect: 100-continue` when it waits for the body.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Sends the head of a request, and returns once the server waits for its body.
pub fn half_open(url: &str, call: &Call) -> TcpStream {
    let headers: String = call.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let (method, path) = (&call.method, &call.path);
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nexpect: 100-continue\r\n{headers}\r\n");
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a patience");
    stream.write_all(head.as_bytes()).expect("the head is sent");
    let mut told = [0; CONTINUE.len()];
    stream.read_exact(&mut told).expect("the server asks for the body");
    assert_eq!(told.as_slice(), CONTINUE);
    stream
}

/// A PATCH that announces so many bytes and brings none yet.
pub fn announce(path: &str, offset: usize, bytes: usize, token: &str) -> Call {
    let call = append(path, offset, b"").bearer(token);
    call.header("content-length", bytes.to_string())
}

/// Waits until a part is under way, of which so many bytes have been written down.
pub fn until_written(server: &TestServer, path: &str, bytes: u64) {
    let data = server.directory().join("data");
    let name = format!("{}.0", path.rsplit('/').next().expect("an id"));
    let is_there = |file: PathBuf| file.ends_with(&name) && std::fs::metadata(file).is_ok_and(|it| it.len() >= bytes);
    until("a part is written down", || staged(&data).into_iter().any(is_there));
}

struct Line {
    server: TestServer,
    phone: RemotePhone,
}

impl Line {
    fn open() -> Self {
        let server = TestServer::start();
        let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
        Self { server, phone }
    }

    fn send(&self, call: Call) -> Answer {
        self.server.send(&call.bearer(self.phone.access()))
    }

    fn begin(&self, photo: &[u8]) -> String {
        location(&self.send(creation(photo.len()).header("upload-metadata", declares(photo))))
    }

    fn offset(&self, path: &str) -> usize {
        number(&self.send(tus("HEAD", path)), "upload-offset").expect("an offset")
    }

    fn announce(&self, path: &str, offset: usize, bytes: usize) -> (Call, TcpStream) {
        let call = announce(path, offset, bytes, self.phone.access());
        let stream = half_open(self.server.url(), &call);
        (call, stream)
    }

    /// Goes on to the end, and asserts that the blob is the photo.
    fn finish(&self, path: &str, offset: usize, photo: &[u8]) {
        let finished = self.send(append(path, offset, &photo[offset..]));
        assert_eq!(number(&finished, "upload-offset"), Some(photo.len()), "{}", finished.text());
        assert!(finished.header("doorstep-receipt").is_some());
        assert_eq!(self.server.blob(YUNZE.org, Hash::of(photo)), photo);
    }
}

#[test]
fn a_question_takes_an_upload_from_a_line_that_is_dead() {
    let line = Line::open();
    let whole = photo(600_000);
    let path = line.begin(&whole);
    let (call, mut dead) = line.announce(&path, 0, whole.len());
    dead.write_all(&whole[..300_000]).expect("some bytes");
    until_written(&line.server, &path, 200_000);
    let offset = line.offset(&path);
    assert!((200_000..=300_000).contains(&offset), "{offset}");
    let answer = checked_raw(&call, &read_raw(&mut dead));
    assert_eq!((answer.outcome(), number(&answer, "upload-offset")), (refused(409, "offset_conflict"), Some(offset)));
    assert_eq!(line.offset(&path), offset, "what was told, stays");
    line.finish(&path, offset, &whole);
}

#[test]
fn a_part_takes_an_upload_from_a_line_that_is_dead() {
    let line = Line::open();
    let whole = photo(100_000);
    let path = line.begin(&whole);
    let (call, mut dead) = line.announce(&path, 0, whole.len());
    until_written(&line.server, &path, 0);
    line.finish(&path, 0, &whole);
    let answer = checked_raw(&call, &read_raw(&mut dead));
    assert_eq!((answer.outcome(), number(&answer, "upload-offset")), (refused(409, "offset_conflict"), Some(0)));
    assert_eq!(line.offset(&path), whole.len());
}

#[test]
fn what_came_before_the_line_broke_off_is_kept_but_not_under_a_checksum() {
    let line = Line::open();
    let whole = photo(600_000);
    let path = line.begin(&whole);
    let broken_off = |checksum: Option<&str>, written| {
        let mut call = announce(&path, 0, whole.len(), line.phone.access());
        if let Some(checksum) = checksum {
            call = call.header("upload-checksum", checksum);
        }
        let mut stream = half_open(line.server.url(), &call);
        stream.write_all(&whole[..300_000]).expect("a part is sent");
        until_written(&line.server, &path, written);
        stream.shutdown(Shutdown::Write).expect("nothing more will come");
        // Until the server has given it up.
        let _ = stream.read_to_end(&mut Vec::new());
        line.offset(&path)
    };
    assert_eq!(broken_off(Some("sha1 n49+7F3qWsQ3OHIZOcEgMYy/8d8="), 0), 0);
    // Of the end of the line the server may hear before it has taken all that came over it.
    let kept = broken_off(None, 200_000);
    assert!((200_000..=300_000).contains(&kept), "{kept}");
    line.finish(&path, kept, &whole);
}

#[test]
fn of_a_creation_that_breaks_off_what_came_is_kept() {
    let line = Line::open();
    let whole = photo(600_000);
    let creation = || creation(whole.len()).header("upload-metadata", declares(&whole));
    let call = creation().bearer(line.phone.access()).header("content-type", BYTES);
    let mut stream = half_open(line.server.url(), &call.header("content-length", whole.len().to_string()));
    stream.write_all(&whole[..300_000]).expect("a part is sent");
    let data = line.server.directory().join("data");
    let is_long = |file: PathBuf| std::fs::metadata(file).is_ok_and(|file| file.len() >= 200_000);
    until("a part is written down", || staged(&data).into_iter().any(is_long));
    stream.shutdown(Shutdown::Write).expect("nothing more will come");
    let _ = stream.read_to_end(&mut Vec::new());
    // Its answer never came: the same creation tells where it stopped.
    let again = line.send(creation());
    let kept = number(&again, "upload-offset").expect("an offset");
    assert!((200_000..=300_000).contains(&kept), "{kept}");
    line.finish(&location(&again), kept, &whole);
}

#[test]
fn bytes_whose_number_nobody_said_are_appended_as_they_come() {
    let line = Line::open();
    let whole = photo(10_000);
    let path = line.begin(&whole);
    let call = append(&path, 0, b"").bearer(line.phone.access()).header("transfer-encoding", "chunked");
    let mut stream = half_open(line.server.url(), &call);
    for part in [&whole[..1], &whole[1..9_000]] {
        let chunk = [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
        stream.write_all(&chunk).expect("a chunk");
    }
    stream.write_all(b"0\r\n\r\n").expect("the last chunk");
    let answer = checked_raw_without_length(&read_raw(&mut stream));
    assert!(answer.starts_with("HTTP/1.1 204 ") && answer.contains("upload-offset: 9000"), "{answer}");
    line.finish(&path, 9_000, &whole);
}

/// The head of an answer that has no body, nor its length.
fn checked_raw_without_length(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text").to_lowercase().replacen("http/1.1", "HTTP/1.1", 1)
}

#[test]
fn a_device_has_four_parts_under_way_and_a_fifth_waits() {
    let line = Line::open();
    let whole = photo(100);
    let under_way: Vec<(Call, TcpStream)> =
        (0..4).map(|_| line.announce(&location(&line.send(creation(100))), 0, 100)).collect();
    under_way.iter().for_each(|(call, _)| until_written(&line.server, &call.path, 0));
    let path = line.begin(&whole);
    assert_eq!(line.send(append(&path, 0, &whole)).outcome(), refused(429, "too_many_uploads"));
    let again = &under_way[0].0.path;
    assert_eq!(line.offset(again), 0, "one of the four may be asked after");
    line.finish(&path, 0, &whole);
}

#[test]
fn what_was_acknowledged_survives_a_kill_and_the_rest_is_appended() {
    let mut line = Line::open();
    let whole = photo(500_000);
    let path = line.begin(&whole);
    let mut acknowledged = 0;
    for end in [100_000, 250_000, 400_000] {
        let appended = line.send(append(&path, acknowledged, &whole[acknowledged..end]));
        acknowledged = number(&appended, "upload-offset").expect("an offset");
        assert_eq!(acknowledged, end);
        // One part more is on its way when the process dies.
        let (_, mut dying) = line.announce(&path, acknowledged, whole.len() - acknowledged);
        dying.write_all(&whole[acknowledged..end + 50_000]).expect("a part is sent");
        line.server.kill();
        line.server.restart();
        let offset = line.offset(&path);
        assert!((acknowledged..=end + 50_000).contains(&offset), "{acknowledged} was acknowledged, not {offset}");
        // Whatever else has arrived is the same bytes: the hash of the whole says so in the end.
        acknowledged = offset;
    }
    line.finish(&path, acknowledged, &whole);
}
