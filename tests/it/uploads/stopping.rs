//! A server that is told to stop while uploads are under way: what was acknowledged stays, and the phone goes on.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::ExitStatus;
use std::sync::mpsc;
use std::time::Duration;

use integration_tests::company::PASSWORD;
use integration_tests::patience::until;
use integration_tests::remote::RemotePhone;
use integration_tests::server::{TestServer, checked_raw, read_raw};
use serde_json::json;

use super::preempt::{announce, half_open, until_written};
use super::*;

/// Limits-and-threats, L5.
const LONGEST: Duration = Duration::from_secs(10);

/// Bytes of each upload, and how many of them are sent before the server is told to stop.
const WHOLE: usize = 800_000;
const SENT: usize = 500_000;

/// Bytes of the upload in parts that were acknowledged before.
const ACKNOWLEDGED: usize = 100_000;

/// Two uploads under way: one in parts, and one in a single request.
struct Bench {
    server: TestServer,
    phone: RemotePhone,
    in_parts: Vec<u8>,
    path: String,
    at_once: Vec<u8>,
}

/// A request of which a part has been sent.
type Open = (Call, TcpStream);

impl Bench {
    fn new(finish_secs: u64) -> Self {
        let server = TestServer::configured(&json!({"stop": {"drain_ms": 20, "finish_secs": finish_secs}}));
        let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
        let (in_parts, at_once) = (photo(WHOLE), photo(WHOLE + 1).split_off(1));
        let mut bench = Self { server, phone, in_parts, path: String::new(), at_once };
        bench.path = location(&bench.send(creation(WHOLE).header("upload-metadata", declares(&bench.in_parts))));
        assert_eq!(bench.send(append(&bench.path, 0, &bench.in_parts[..ACKNOWLEDGED])).status, 204);
        bench
    }

    fn send(&self, call: Call) -> Answer {
        self.server.send(&call.bearer(self.phone.access()))
    }

    fn put(&self) -> Call {
        Call::new("PUT", format!("/v1/blobs/{}", Hash::of(&self.at_once)))
    }

    /// How far the upload in a single request has come; `None` if it is stored.
    fn lacks_from(&self) -> Option<usize> {
        let asked = self.send(self.put().header("content-range", format!("bytes */{WHOLE}")));
        if asked.status == 200 {
            return None;
        }
        assert_eq!(asked.outcome(), (409, "upload_incomplete".to_owned()));
        Some(asked.json()["actual"].as_u64().and_then(|bytes| usize::try_from(bytes).ok()).expect("a number"))
    }

    fn offset(&self) -> usize {
        number(&self.send(tus("HEAD", &self.path)), "upload-offset").expect("an offset")
    }

    /// Sends the beginning of both; returns once the server reads them.
    fn begin(&self) -> [Open; 2] {
        let part = announce(&self.path, ACKNOWLEDGED, WHOLE - ACKNOWLEDGED, self.phone.access());
        let put = self.put().bytes("application/octet-stream", b"".as_slice()).bearer(self.phone.access());
        let put = put.header("content-length", WHOLE.to_string());
        let [mut first, mut second] = [&part, &put].map(|call| half_open(self.server.url(), call));
        first.write_all(&self.in_parts[ACKNOWLEDGED..SENT]).expect("a part is sent");
        second.write_all(&self.at_once[..SENT]).expect("a part is sent");
        until_written(&self.server, &self.path, 200_000);
        until("a part is written down", || self.lacks_from() != Some(0));
        [(part, first), (put, second)]
    }

    /// Tells the server to stop, does something meanwhile, and starts it anew once it has ended.
    fn stop(&mut self, meanwhile: impl FnOnce(&Self)) {
        self.server.process().terminate();
        meanwhile(self);
        let process = self.server.process();
        let status: ExitStatus = std::thread::scope(|scope| {
            let (sender, ended) = mpsc::channel();
            scope.spawn(move || sender.send(process.wait()));
            ended.recv_timeout(LONGEST).expect("it ends in time")
        });
        assert!(status.success(), "{status}");
        self.server.gone();
        self.server.restart();
    }

    fn are_stored(&self) {
        assert_eq!((self.offset(), self.lacks_from()), (WHOLE, None));
        for blob in [&self.in_parts, &self.at_once] {
            assert_eq!(&self.server.blob(YUNZE.org, Hash::of(blob)), blob);
        }
    }
}

#[test]
fn a_stop_waits_for_no_sender_that_is_silent_and_loses_nothing_that_was_acknowledged() {
    let mut bench = Bench::new(1);
    let open = bench.begin();
    bench.stop(|_| ());
    drop(open);
    let (offset, lacks_from) = (bench.offset(), bench.lacks_from().expect("not all of it came"));
    assert!((ACKNOWLEDGED..=SENT).contains(&offset), "{offset}");
    assert!(lacks_from <= SENT, "{lacks_from}");
    // The phones go on from there.
    let finished = bench.send(append(&bench.path, offset, &bench.in_parts[offset..]));
    assert!(finished.header("doorstep-receipt").is_some(), "{}", finished.text());
    let rest = bench.put().header("content-range", format!("bytes {lacks_from}-{}/{WHOLE}", WHOLE - 1));
    bench.send(rest.bytes("application/octet-stream", &bench.at_once[lacks_from..])).expect(200);
    bench.are_stored();
}

#[test]
fn what_comes_whole_while_a_server_stops_is_acknowledged_and_stored() {
    let mut bench = Bench::new(8);
    let [(_, mut first), (put, mut second)] = bench.begin();
    bench.stop(|bench| {
        let address = bench.server.url().trim_start_matches("http://");
        until("nobody is taken in", || TcpStream::connect(address).is_err());
        first.write_all(&bench.in_parts[SENT..]).expect("the rest");
        second.write_all(&bench.at_once[SENT..]).expect("the rest");
        let finished = String::from_utf8_lossy(&read_raw(&mut first)).to_ascii_lowercase();
        assert!(finished.starts_with("http/1.1 204 ") && finished.contains("\r\ndoorstep-receipt: "), "{finished}");
        checked_raw(&put, &read_raw(&mut second)).expect(200);
    });
    bench.are_stored();
}
