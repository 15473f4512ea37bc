//! The phone's own photos over bad lines: what arrived of one is not sent again, whoever died meanwhile.

use std::path::Path;

use clap::Parser;
use doorstep_phone::cli::{PhoneArgs, execute};
use integration_tests::company::PASSWORD;
use integration_tests::dir::TestDir;
use integration_tests::faults::{Cut, Fate, FaultProxy, Script, Seed, Weather};
use integration_tests::remote::enrolment_code;
use integration_tests::server::TestServer;
use integration_tests::tunnel;
use serde_json::Value;

use super::*;

/// Bytes of a large photo.
const LARGE: u64 = 1_500_000;

/// Bytes that a bad line carries in a second: no more than a server takes meanwhile.
const PACE: u64 = 400_000;

/// Bytes sent for each hundred bytes of photos.
const MOST_PER_CENT: u64 = 110;

/// Most syncs until everything must have arrived.
const MOST_SYNCS: usize = 20;

/// The command line of a phone.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    phone: PhoneArgs,
}

/// A phone at a visit behind a line of its own. Each command is a phone that starts anew.
struct Rep {
    server: TestServer,
    proxy: FaultProxy,
    directory: TestDir,
    visit: String,
    seed: Seed,
    photos: Vec<Vec<u8>>,
}

impl Rep {
    fn arrives() -> Self {
        let server = TestServer::start();
        let code = enrolment_code(&server, YUNZE, YUNZE.rep(), PASSWORD);
        let proxy = FaultProxy::before(server.url());
        let (directory, seed) = (TestDir::new(), Seed::new(7));
        let mut rep = Self { server, proxy, directory, visit: String::new(), seed, photos: Vec::new() };
        let url = rep.proxy.url().to_owned();
        let who = ["--login", YUNZE.rep().login, "--organisation", YUNZE.code, "--code", &code];
        rep.does(&[&["enrol", "--server", &url][..], &who].concat());
        rep.does(&["sync"]);
        let customer =
            rep.intends("create_customer", &["kind=individual", "name=用户", "address=示例路1号"], "customer_id");
        let of_customer = format!("customer_id={customer}");
        let site =
            rep.intends("create_site", &[&of_customer, "address=示例路1号", "scene=urban_residential"], "site_id");
        let of_site = format!("site_id={site}");
        let fields = ["template=broadband_install", &of_customer, &of_site, "reason=当场要求"];
        rep.visit = rep.intends("create_visit", &fields, "visit");
        rep.does(&["start", &rep.visit.clone()]);
        rep.does(&["sync"]);
        rep
    }

    fn intends(&self, kind: &str, fields: &[&str], id: &str) -> String {
        let fields = fields.iter().flat_map(|field| ["-f", field]);
        let answer = self.does(&["intent", kind].into_iter().chain(fields).collect::<Vec<_>>());
        answer[id].as_str().unwrap_or_else(|| panic!("no {id} in {answer}")).to_owned()
    }

    /// Runs a command; its exit code and what it said.
    fn tries(&self, words: &[&str]) -> (u8, Value) {
        let store = self.directory.path().join("phone");
        let place = ["phone", "--dir", utf8(&store), "--clock", utf8(self.server.clock.path())];
        let line = Line::try_parse_from(place.iter().chain(words)).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        match execute(&line.phone) {
            Ok(output) => (output.code, output.json),
            Err(error) => (error.exit_code(), Value::String(error.to_string())),
        }
    }

    fn does(&self, words: &[&str]) -> Value {
        let (code, said) = self.tries(words);
        assert_eq!(code, 0, "{words:?}: {said}");
        said
    }

    /// Takes a photo of about so many bytes.
    fn photographs(&mut self, slot: &str, bytes: u64) {
        let photo = tunnel::photo(&mut self.seed, bytes);
        let file = self.directory.path().join("photo.jpg");
        std::fs::write(&file, &photo).expect("the photo is written");
        self.does(&["photo", &self.visit, utf8(&file), "--slot", slot]);
        self.photos.push(photo);
    }

    /// Syncs until nothing is outstanding; how often.
    fn syncs_to_rest(&self) -> usize {
        let done = (1..=MOST_SYNCS).find(|_| self.tries(&["sync"]).0 == 0);
        done.unwrap_or_else(|| panic!("still outstanding: {}", self.does(&["status"])))
    }

    /// Asserts that every photo is at the server as it was taken, and went hardly more than once.
    fn assert_arrived(&self, sent_before: u64) {
        for photo in &self.photos {
            assert_eq!(&self.server.blob(YUNZE.org, Hash::of(photo)), photo);
        }
        let photos: u64 = self.photos.iter().map(|photo| u64::try_from(photo.len()).expect("small")).sum();
        let sent = self.sent() - sent_before;
        assert!(sent * 100 <= photos * MOST_PER_CENT, "{sent} bytes were sent for {photos}");
    }

    /// Bytes that the phone sent so far, with heads.
    fn sent(&self) -> u64 {
        let counts = self.proxy.counts();
        counts.up_head_bytes + counts.up_body_bytes
    }
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// A line on which so many bytes go up, and then it breaks: for a moment, or until it is set anew.
struct Breaking {
    every: u64,
    passed: u64,
    comes_back: bool,
}

impl Breaking {
    const fn after(every: u64, comes_back: bool) -> Self {
        Self { every, passed: 0, comes_back }
    }
}

impl Weather for Breaking {
    fn request(&mut self, bytes: u64) -> Fate {
        let left = self.every - self.passed;
        if bytes <= left {
            self.passed += bytes;
            return Fate { bytes_per_sec: Some(PACE), ..Fate::WHOLE };
        }
        self.passed = if self.comes_back { 0 } else { self.every };
        Fate { bytes_per_sec: Some(PACE), ..Fate::cut_after(left, Cut::Close) }
    }

    fn answer(&mut self, _bytes: u64) -> Fate {
        Fate::WHOLE
    }
}

/// A line that loses the first answer to a request that begins so.
struct Losing {
    begins: &'static str,
    is_it: bool,
    is_lost: bool,
}

impl Weather for Losing {
    fn swallows(&mut self, line: &str) -> bool {
        self.is_it = line.starts_with(self.begins);
        false
    }

    fn request(&mut self, _bytes: u64) -> Fate {
        Fate::WHOLE
    }

    fn answer(&mut self, _bytes: u64) -> Fate {
        if !self.is_it || self.is_lost {
            return Fate::WHOLE;
        }
        self.is_lost = true;
        Fate::cut_after(0, Cut::Close)
    }
}

/// Something on the way that refuses bodies above a size.
struct Strict(u64);

impl Weather for Strict {
    fn refuses(&mut self, body_bytes: u64) -> bool {
        body_bytes > self.0
    }

    fn request(&mut self, _bytes: u64) -> Fate {
        Fate::WHOLE
    }

    fn answer(&mut self, _bytes: u64) -> Fate {
        Fate::WHOLE
    }
}

#[test]
fn over_a_line_that_breaks_all_the_time_a_photo_goes_once() {
    let mut rep = Rep::arrives();
    rep.photographs("outdoor_route", LARGE);
    let before = rep.sent();
    rep.proxy.set(Breaking::after(300_000, true));
    rep.syncs_to_rest();
    assert!(rep.proxy.counts().cut_requests >= 4, "{:?}", rep.proxy.counts());
    rep.assert_arrived(before);
}

#[test]
fn past_something_that_refuses_large_bodies_photos_go_in_small_parts() {
    let mut rep = Rep::arrives();
    rep.photographs("outdoor_route", 150_000);
    rep.photographs("splitter_label", LARGE);
    rep.proxy.set(Strict(64 << 10));
    assert_eq!(rep.syncs_to_rest(), 1);
    for photo in &rep.photos {
        assert_eq!(&rep.server.blob(YUNZE.org, Hash::of(photo)), photo);
    }
}

#[test]
fn a_phone_and_a_server_that_start_again_go_on_where_the_photo_stopped() {
    let mut rep = Rep::arrives();
    rep.photographs("outdoor_route", LARGE);
    let before = rep.sent();
    for stop in [400_000, 500_000] {
        rep.proxy.set(Breaking::after(stop, false));
        assert_eq!(rep.tries(&["sync"]).0, 3, "the line is dead");
        rep.server.kill();
        rep.server.restart();
        rep.proxy.lead_to(rep.server.url());
    }
    rep.proxy.set(Script::default());
    assert_eq!(rep.syncs_to_rest(), 1);
    rep.assert_arrived(before);
}

#[test]
fn a_photo_of_which_the_server_lost_what_had_arrived_begins_anew() {
    let mut rep = Rep::arrives();
    rep.photographs("outdoor_route", LARGE);
    rep.proxy.set(Breaking::after(700_000, false));
    assert_eq!(rep.tries(&["sync"]).0, 3, "the line is dead");
    rep.server.kill();
    let staged = staged(&rep.server.directory().join("data"));
    assert!(!staged.is_empty(), "some of it is there");
    staged.iter().for_each(|file| std::fs::remove_file(file).expect("it was there"));
    rep.server.restart();
    rep.proxy.lead_to(rep.server.url());
    rep.proxy.set(Script::default());
    assert_eq!(rep.syncs_to_rest(), 1);
    assert_eq!(rep.server.blob(YUNZE.org, Hash::of(&rep.photos[0])), rep.photos[0]);
}

#[test]
fn the_end_of_a_photo_is_heard_although_its_answer_is_lost() {
    for begins in ["POST /v1/uploads", "PATCH"] {
        let mut rep = Rep::arrives();
        rep.photographs("outdoor_route", 500_000);
        let before = rep.sent();
        rep.proxy.set(Losing { begins, is_it: false, is_lost: false });
        rep.syncs_to_rest();
        assert_eq!(rep.proxy.counts().lost_answers, 1);
        rep.assert_arrived(before);
    }
}
