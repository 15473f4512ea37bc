//! A rep with a phone behind a link of its own.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use clap::Parser;
use doorstep::demo::ink::demo_ink;
use doorstep_phone::cli::{PhoneArgs, execute};
use serde_json::Value;
use sync_core::bytes::Hash;

use super::visit::{DEEDS, SLOTS, photo};
use super::{Day, Time};
use crate::company::{Member, YUNZE};
use crate::dir::TestDir;
use crate::faults::{Counts, FaultProxy, Seed, Tunnel, TunnelCount};
use crate::server::{TestServer, executable};

/// Most syncs until a phone must have come to rest.
const MOST_SYNCS: u32 = 400;

/// The command line of a phone.
#[derive(Parser)]
struct Line {
    #[command(flatten)]
    phone: PhoneArgs,
}

/// A visit that was captured.
#[derive(Debug)]
pub(super) struct Captured {
    pub(super) id: String,
    /// What was photographed.
    pub(super) photos: Vec<Hash>,
}

/// A rep.
#[derive(Debug)]
pub(crate) struct Rep {
    directory: TestDir,
    door: Arc<FaultProxy>,
    link: Arc<Mutex<TunnelCount>>,
    seed: Seed,
    pub(super) visits: Vec<Captured>,
    /// Syncs that were begun.
    pub(super) syncs: usize,
    /// Syncs that were killed.
    pub(super) killed_syncs: usize,
    /// Photos in the middle of which the phone was killed.
    pub(super) killed_photos: usize,
}

impl Rep {
    /// Enrols the phone, in fine weather.
    pub(super) fn enrol(server: &TestServer, member: Member, code: &str, seed: Seed) -> Self {
        let door = Arc::new(FaultProxy::before(server.url()));
        let rep = Self {
            directory: TestDir::new(),
            door,
            link: Arc::default(),
            seed,
            visits: Vec::new(),
            syncs: 0,
            killed_syncs: 0,
            killed_photos: 0,
        };
        for (name, file) in [("customer", rep.ink("customer")), ("rep", rep.ink("rep"))] {
            fs::write(file, serde_json::to_vec(&demo_ink(name)).expect("ink is JSON")).expect("the ink is written");
        }
        let url = rep.door.url().to_owned();
        let code = ["--login", member.login, "--organisation", YUNZE.code, "--code", code];
        let words = [&["enrol", "--server", &url][..], &code].concat();
        rep.does_at(server.clock.path().to_owned(), &words);
        rep
    }

    /// First sync in fine weather; then the tunnels begin.
    pub(super) fn begin(&mut self, day: &Day, clock: &Time) {
        assert!(self.tries_to_sync(clock, None), "the first sync of the day");
        let (tunnel, link) = Tunnel::new(day.link.clone(), self.seed.branch(1));
        self.link = link;
        self.door.set(tunnel);
    }

    pub(super) fn door(&self) -> Arc<FaultProxy> {
        Arc::clone(&self.door)
    }

    pub(super) fn counts(&self) -> Counts {
        self.door.counts()
    }

    pub(super) fn link(&self) -> TunnelCount {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One visit, then a try or two to sync.
    pub(super) fn works(&mut self, day: &Day, clock: &Time) {
        clock.pass_ms(20_000);
        self.captures(day, clock);
        for _ in 0..2 {
            if self.tries_to_sync(clock, Some(1)) {
                return;
            }
        }
    }

    /// Syncs until nothing is outstanding.
    pub(super) fn syncs_to_rest(&mut self, clock: &Time) {
        for count in 1..=MOST_SYNCS {
            clock.pass_ms(2_000);
            if self.tries_to_sync(clock, Some(count)) {
                return;
            }
        }
        panic!("still outstanding after {MOST_SYNCS} syncs: {}", self.does(clock, &["status"]));
    }

    fn captures(&mut self, day: &Day, clock: &Time) {
        let made = |rep: &Self, kind: &str, fields: &[&str], id: &str| {
            let fields = fields.iter().flat_map(|field| ["-f", field]);
            let answer = rep.does(clock, &["intent", kind].into_iter().chain(fields).collect::<Vec<_>>());
            answer[id].as_str().unwrap_or_else(|| panic!("no {id} in {answer}")).to_owned()
        };
        let number = self.visits.len();
        let (name, address) = (format!("name=用户{number}"), format!("address=云泽市示例路{number}号"));
        let customer = made(self, "create_customer", &["kind=individual", &name, &address], "customer_id");
        let of_customer = format!("customer_id={customer}");
        let site = made(self, "create_site", &[&of_customer, &address, "scene=urban_residential"], "site_id");
        let of_site = format!("site_id={site}");
        let fields = ["template=broadband_install", &of_customer, &of_site, "reason=当场要求"];
        let id = made(self, "create_visit", &fields, "visit");
        let mut visit = Captured { id, photos: Vec::new() };
        for line in DEEDS.lines().map(str::trim).filter(|line| !line.is_empty()) {
            self.plays(day, clock, &mut visit, line);
        }
        assert_eq!(visit.photos.len(), SLOTS.len());
        self.visits.push(visit);
    }

    fn plays(&mut self, day: &Day, clock: &Time, visit: &mut Captured, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["photo", slot] => self.photographs(day, clock, visit, slot),
            ["sign"] => {
                let ink = |slot: &str, who: &str| format!("{slot}={}", utf8(self.ink(who)));
                let inks = [ink("customer_confirmation", "customer"), ink("installer_confirmation", "rep")];
                self.does(clock, &["sign", &visit.id]);
                self.does(clock, &["sign", &visit.id, "--ink", &inks[0], "--ink", &inks[1]]);
            }
            [verb, rest @ ..] => drop(self.does(clock, &[&[*verb, &visit.id], rest].concat())),
            [] => {}
        }
    }

    /// Takes a photo; now and then the battery falls out meanwhile, and it is taken again if the phone knows nothing
    /// of it.
    fn photographs(&mut self, day: &Day, clock: &Time, visit: &mut Captured, slot: &str) {
        let size = self.seed.of(&day.photo_bytes);
        let bytes = photo(&mut self.seed, size);
        let (hash, file) = (Hash::of(&bytes), self.directory.path().join("photo.jpg"));
        fs::write(&file, bytes).expect("the photo is written");
        let file = utf8(file);
        let words = ["photo", &visit.id, &file, "--slot", slot];
        let mut is_taken = false;
        if self.seed.happens(200) {
            let moment = Duration::from_millis(self.seed.of(&(0..40)));
            let is_killed = self.runs(clock, &words, Some(moment)).is_none();
            self.killed_photos += usize::from(is_killed);
            is_taken = self.has_photo(clock, &visit.id, &hash);
        }
        if !is_taken {
            self.does(clock, &words);
        }
        visit.photos.push(hash);
    }

    fn has_photo(&self, clock: &Time, visit: &str, hash: &Hash) -> bool {
        let shown = self.does(clock, &["show", visit]);
        let photos = shown["photos"].as_array().expect("photos");
        photos.iter().any(|photo| photo["value"]["sha256"] == hash.to_string())
    }

    /// One sync in a process of its own, in bad weather with the patience of a number of tries, and now and then
    /// killed; tells whether it left nothing outstanding.
    fn tries_to_sync(&mut self, clock: &Time, tries: Option<u32>) -> bool {
        self.syncs += 1;
        let patience = tries.map(|tries| {
            let is_killed = self.seed.happens(250);
            let moment = Duration::from_millis(self.seed.of(&(20..400)));
            // Who waits on a silent link gives up; each time a little later, for the machine may be slow.
            if is_killed { moment } else { Duration::from_secs(3) + Duration::from_millis(500) * tries }
        });
        match self.runs(clock, &["sync"], patience) {
            Some(0) => true,
            Some(_) => false,
            None => {
                self.killed_syncs += 1;
                false
            }
        }
    }

    /// Runs a command as a process; no exit code if it took longer than it may and was killed.
    fn runs(&self, clock: &Time, words: &[&str], longest: Option<Duration>) -> Option<i32> {
        let mut child = Command::new(executable())
            .args(["phone", "--json", "--dir"])
            .arg(self.directory.path().join("phone"))
            .arg("--clock")
            .arg(clock.path())
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the phone process can be started");
        let mut output = child.stdout.take().expect("its output is a pipe");
        let (ended, end) = mpsc::channel();
        std::thread::spawn(move || {
            let read = output.read_to_end(&mut Vec::new());
            // The kill may have come first; then nobody listens any more.
            let _ = ended.send(read.is_ok());
        });
        let in_time = longest.is_none_or(|longest| end.recv_timeout(longest).is_ok());
        if !in_time {
            child.kill().expect("the phone can be killed");
        }
        let status = child.wait().expect("the phone is reaped");
        in_time.then(|| status.code()).flatten()
    }

    /// Runs a command through the library; it must succeed.
    pub(super) fn does(&self, clock: &Time, words: &[&str]) -> Value {
        self.does_at(clock.path().to_owned(), words)
    }

    fn does_at(&self, clock: PathBuf, words: &[&str]) -> Value {
        let place = ["phone", "--dir", &utf8(self.directory.path().join("phone")), "--clock", &utf8(clock)];
        let line = place.iter().chain(words);
        let line = Line::try_parse_from(line).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        let output = execute(&line.phone).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        assert_eq!(output.code, 0, "{words:?}: {}", output.text);
        output.json
    }

    fn ink(&self, who: &str) -> PathBuf {
        self.directory.path().join(format!("{who}.ink"))
    }
}

fn utf8(path: PathBuf) -> String {
    path.into_os_string().into_string().expect("a path in UTF-8")
}
