//! Readers of large originals over TCP: slow ones cost little, those who stop or trickle lose their places, and nobody
//! has the places of all.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use doorstep::domain::Role;
use integration_tests::call::Call;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::patience::{until, until_some};
use integration_tests::remote::{RemotePhone, sign_in};
use integration_tests::server::TestServer;
use integration_tests::told::tell;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::doc::Map;

use crate::sync::writer::Writer;

/// Bytes of the video: more than what the system keeps of it for a reader.
const VIDEO: usize = 100 << 20;

/// Readers at once.
const READERS: usize = 8;

/// Most memory that they may cost together: pieces of 256 KiB, read and on their way, and what else a connection holds.
const MOST: u64 = 32 << 20;

/// A rep with a video that a visit of his names.
pub struct Shown {
    pub server: TestServer,
    phone: RemotePhone,
    pub video: Vec<u8>,
}

impl Shown {
    fn with(limits: Value) -> Self {
        let mut settings = json!({"limits": {"blob_bytes": 128 << 20}});
        settings["limits"].as_object_mut().expect("limits").extend(limits.as_object().expect("limits").clone());
        let mut video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec();
        video.extend((0..VIDEO - video.len()).map(|place| u8::try_from(place / 4096 % 251).expect("below 251")));
        Self::of(TestServer::configured(&settings), video)
    }

    /// Has a rep of a server bring it.
    pub fn of(server: TestServer, video: Vec<u8>) -> Self {
        let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
        let mut writer = Writer::new("a large video");
        let record = json!({"kind": "video", "slot": "outdoor_route", "sha256": Hash::of(&video), "bytes": video.len(),
            "media_type": "video/mp4", "taken_at": RemotePhone::stamp(), "source": "camera", "by": phone.user()});
        writer.put(Map::Photos, "01955f2c-3000-7000-8000-000000000001", &record);
        phone.sync(&server, &writer.next(&phone)).expect("it is stored");
        let call = Call::new("PUT", format!("/v1/blobs/{}", Hash::of(&video)));
        server.send(&call.bytes("application/octet-stream", video.clone()).bearer(phone.access())).expect(200);
        Self { server, phone, video }
    }

    /// A request of the rep for it.
    pub fn call(&self, method: &str) -> Call {
        Call::new(method, format!("/v1/blobs/{}", Hash::of(&self.video))).bearer(self.phone.access())
    }

    /// Asks for the original, all of it or from a place on, and reads no more than the head of the answer.
    fn ask(&self, range: &str) -> TcpStream {
        let call = self.call("GET");
        let headers: String = call.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!("GET {} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}{range}\r\n", call.path);
        let mut stream = self.server.connect();
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("the head of an answer");
            head.extend(byte);
        }
        let head = String::from_utf8(head).expect("text");
        let left = if range.is_empty() { VIDEO } else { VIDEO - 1 };
        assert!(head.to_lowercase().contains(&format!("\r\ncontent-length: {left}\r\n")), "{head}");
        stream
    }
}

#[test]
fn slow_readers_of_a_large_original_cost_pieces_of_it_and_get_all_of_it() {
    let shown = Shown::with(json!({}));
    let before = shown.server.memory_bytes();
    let peak = shown.server.peak_memory_bytes();
    let readers = (0..READERS).map(|number| (number, shown.ask(["", "range: bytes=1-\r\n"][number % 2])));
    let mut readers: Vec<(usize, TcpStream)> = readers.collect();
    // Each has begun to read, and the server has sent what the system takes.
    for (_, reader) in &mut readers {
        reader.read_exact(&mut vec![0; 1 << 20]).expect("the first megabyte");
    }
    let cost = shown.server.memory_bytes().saturating_sub(before);
    for (number, mut reader) in readers {
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).expect("the rest");
        assert!(rest == shown.video[(1 << 20) + number % 2..], "reader {number}: {} bytes", rest.len());
    }
    let more = shown.server.peak_memory_bytes() - peak;
    tell(format_args!(
        "{READERS} readers of {} MiB cost {} KiB; a new peak by {} KiB",
        VIDEO >> 20,
        cost >> 10,
        more >> 10
    ));
    assert!(cost <= MOST && more <= MOST, "{cost} bytes, {more} above the peak");
}

#[test]
#[cfg(target_os = "linux")]
fn who_stops_reading_an_original_is_cut_and_the_next_one_is_served() {
    let shown = Shown::with(json!({"body_idle_ms": 1_000, "concurrent_originals": 1,
        "user_per_minute": 600_000, "tenant_per_minute": 6_000_000}));
    let mut stopped = shown.ask("");
    let call = shown.call("GET").header("range", "bytes=0-99");
    let refused = shown.server.send(&call);
    assert_eq!(refused.outcome(), (503, "overloaded".to_owned()), "there is one place");
    let served = until_some("the place of who stopped is free", || {
        let answer = shown.server.send(&call);
        (answer.status != 503).then_some(answer)
    });
    assert_eq!((served.status, &served.body[..]), (206, &shown.video[..100]));
    // What the system had taken comes still, and then no more.
    let mut rest = Vec::new();
    let end = stopped.read_to_end(&mut rest);
    assert!(end.is_err() || rest.len() < VIDEO, "{} bytes", rest.len());
}

#[test]
fn who_trickles_an_original_loses_his_place_and_the_next_one_is_served() {
    // Not for taking nothing at all: for that nobody is cut here.
    let shown = Shown::with(json!({"body_idle_ms": 600_000, "original_window_ms": 200, "concurrent_originals": 1,
        "user_per_minute": 600_000, "tenant_per_minute": 6_000_000}));
    let mut trickling = shown.ask("");
    let call = shown.call("GET").header("range", "bytes=0-99");
    let served = until_some("the place of who trickles is free", || {
        trickling.read_exact(&mut [0]).expect("a byte that was on its way");
        let answer = shown.server.send(&call);
        (answer.status != 503).then_some(answer)
    });
    assert_eq!((served.status, &served.body[..]), (206, &shown.video[..100]));
    let mut rest = Vec::new();
    let end = trickling.read_to_end(&mut rest);
    assert!(end.is_err() || rest.len() < VIDEO / 2, "{} bytes", rest.len());
}

#[test]
fn the_readers_of_one_person_leave_a_place_for_a_colleague() {
    let shown = Shown::with(json!({"concurrent_originals": 3, "originals_per_person": 2,
        "user_per_minute": 600_000, "tenant_per_minute": 6_000_000}));
    let stopped = [shown.ask(""), shown.ask("range: bytes=1-\r\n")];
    let call = shown.call("GET").header("range", "bytes=0-99");
    let refused = shown.server.send(&call);
    assert_eq!(refused.outcome(), (429, "too_many_downloads".to_owned()));
    let problem = refused.json();
    assert_eq!((&problem["limit"], &problem["actual"], &problem["retry"]), (&2.into(), &2.into(), &"after".into()));
    assert_eq!(refused.header("retry-after"), Some("2"));
    let titles = ["en", "zh-CN"].map(|language| problem["texts"][language]["title"].as_str().expect("a title"));
    assert_eq!(
        titles,
        ["Too many originals at once; let some end first", "同时读取的原始文件过多，请先等待部分读取结束"]
    );

    let auditor = sign_in(&shown.server, YUNZE, YUNZE.member(Role::Auditor).login, PASSWORD);
    let path = call.path.clone();
    let served = shown.server.send(&Call::get(path).bearer(&auditor).header("range", "bytes=0-99"));
    assert_eq!((served.status, &served.body[..]), (206, &shown.video[..100]));
    // Whoever leaves gives his places back.
    drop(stopped);
    until("his places are his again", || shown.server.send(&call).status == 206);
}
