//! A phone as a series of `doorstep phone` processes on one directory: between two commands it does not run at all.

use std::cell::Cell;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use doorstep::demo::ORGANISATION;
use redb::ReadableTable as _;
use serde_json::Value;

use super::{Fate, Story, Visit, at_rest, utf8};
use crate::clock::ClockFile;
use crate::dir::TestDir;

/// File of a phone's store.
const STORE: &str = "phone.redb";

/// Single values of the store.
const META: redb::TableDefinition<'static, &str, &[u8]> = redb::TableDefinition::new("meta");

/// What a command said.
#[derive(Debug, Clone)]
pub struct Said {
    /// Exit code; `None` after a kill.
    pub code: Option<i32>,
    /// The answer of `--json`; null if it said nothing.
    pub json: Value,
    /// What it said to people when it failed.
    pub errors: String,
}

impl Said {
    /// The answer of a command that succeeded.
    ///
    /// # Panics
    /// With all it said, if it failed.
    #[must_use]
    pub fn done(self) -> Value {
        assert_eq!(self.code, Some(0), "{} {}", self.json, self.errors);
        self.json
    }
}

/// An enrolled phone.
#[derive(Debug)]
pub struct Phone<'s> {
    pub(super) story: &'s Story,
    /// Holds its directory, and beside it the key.
    home: TestDir,
    /// By how many minutes its clock is ahead of the story's.
    minutes_ahead: Cell<i64>,
}

impl<'s> Phone<'s> {
    pub(super) fn new(story: &'s Story) -> Self {
        Self { story, home: TestDir::new(), minutes_ahead: Cell::new(0) }
    }

    pub(super) fn enrol(story: &'s Story, login: &str, code: &str) -> Self {
        let phone = Self::new(story);
        let _enrolled = phone.tries_to_enrol(login, code, Fate::Deliver).done();
        phone
    }

    /// One try to enrol over a network that behaves as told, and is down afterwards.
    #[must_use]
    pub fn tries_to_enrol(&self, login: &str, code: &str, fate: Fate) -> Said {
        self.story.network.next(fate);
        let said = said(self.spawn_enrol(login, code));
        self.story.network.next(Fate::Down);
        said
    }

    /// Starts to enrol.
    ///
    /// # Panics
    /// If the process cannot be started.
    #[must_use]
    pub fn spawn_enrol(&self, login: &str, code: &str) -> Child {
        let server = self.story.network.url();
        self.spawn(&["enrol", "--server", &server, "--organisation", ORGANISATION, "--login", login, "--code", code])
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// If the process cannot be started.
    #[must_use]
    pub fn run(&self, words: &[&str]) -> Said {
        said(self.spawn(words))
    }

    /// Starts a command.
    ///
    /// # Panics
    /// If the process cannot be started.
    #[must_use]
    pub fn spawn(&self, words: &[&str]) -> Child {
        self.command(words).spawn().expect("the phone process can be started")
    }

    fn command(&self, words: &[&str]) -> Command {
        let server = self.story.server.borrow();
        let (directory, mut clock) = (utf8(&self.directory()), utf8(server.clock.path()));
        if self.minutes_ahead.get() != 0 {
            let shown = server.clock.now().plus_ms(self.minutes_ahead.get() * 60_000);
            clock = utf8(ClockFile::create(self.home.path().join("clock"), shown).path());
        }
        let mut command = server.command(["phone", "--json", "--dir", &directory, "--clock", &clock]);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command for at most this long, then kills it as `kill -9` does; tells whether it was killed.
    ///
    /// # Panics
    /// If the process cannot be started or killed.
    #[must_use]
    pub fn is_killed_after(&self, words: &[&str], longest: Duration) -> bool {
        let mut child = self.spawn(words);
        let mut output = child.stdout.take().expect("its output is a pipe");
        let (ended, end) = mpsc::channel();
        std::thread::spawn(move || {
            let read = output.read_to_end(&mut Vec::new());
            // The kill may have come first; then nobody listens any more.
            let _ = ended.send(read.is_ok());
        });
        let in_time = end.recv_timeout(longest).is_ok();
        if !in_time {
            child.kill().expect("the phone can be killed");
        }
        child.wait().expect("the phone is reaped");
        !in_time
    }

    /// Starts anew with a clock that is so much ahead of the right time from now on, as after an empty battery: the
    /// monotonic clock begins anew too.
    ///
    /// # Panics
    /// If the store cannot be changed.
    pub fn restarts(&self, minutes_ahead: i64) {
        self.minutes_ahead.set(minutes_ahead);
        // What the system calls its boots is the only thing by which a phone sees that it was off.
        self.changes("boot", |boot| boot["machine"] = "the boot before".into());
    }

    /// Takes the login out of what the phone knows of itself, as in stores of before it was kept.
    ///
    /// # Panics
    /// If the store cannot be changed, or tells no login.
    pub fn forgets_login(&self) {
        self.changes("enrolment", |enrolment| {
            let told = enrolment.as_object_mut().and_then(|enrolment| enrolment.remove("login"));
            assert!(told.is_some_and(|login| login.is_string()), "{enrolment}");
        });
    }

    /// Changes a single value of the store behind the phone's back.
    fn changes(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let (place, directory) = (format!("meta/{name}"), self.directory());
        let database = redb::Database::open(self.store()).expect("the phone's store");
        let changes = database.begin_write().expect("a transaction");
        {
            let mut meta = changes.open_table(META).expect("a table");
            let sealed = meta.get(name).expect("read").expect("a value").value().to_vec();
            let bytes = at_rest::open(&directory, &place, &sealed);
            let mut value: Value = serde_json::from_slice(&bytes).expect("JSON");
            change(&mut value);
            let sealed = at_rest::seal(&directory, &place, &serde_json::to_vec(&value).expect("JSON"));
            meta.insert(name, sealed.as_slice()).expect("written");
        }
        changes.commit().expect("committed");
    }

    /// Has a network for the time of one sync, which leaves nothing outstanding.
    ///
    /// # Panics
    /// With what it said, if anything still waits.
    pub fn sync(&self) -> Value {
        let said = self.tries_to_sync(Fate::Deliver).done();
        assert_eq!(said["outstanding"]["total"], 0, "{said}");
        assert_eq!(said["problems"], serde_json::json!([]), "{said}");
        said
    }

    /// One sync over a network that behaves as told, and is down afterwards.
    #[must_use]
    pub fn tries_to_sync(&self, fate: Fate) -> Said {
        self.story.network.next(fate);
        let said = self.run(&["sync"]);
        self.story.network.next(Fate::Down);
        said
    }

    /// Syncs until a request, counted from 0, is on its way and then for another moment; then something happens to the
    /// phone or to the server. Tells whether the sync went that far; the network is down afterwards.
    ///
    /// # Panics
    /// If the process cannot be started.
    pub fn sync_until(&self, request: usize, moment: Duration, happens: impl FnOnce(&mut Child)) -> bool {
        let network = &self.story.network;
        let requests = network.watch();
        let mut child = self.spawn(&["sync"]);
        let mut output = child.stdout.take().expect("its output is a pipe");
        let is_reached = std::thread::scope(|scope| {
            scope.spawn(move || {
                let _ = output.read_to_end(&mut Vec::new());
                // No more requests will come: this ends the list of them.
                network.next(Fate::Down);
            });
            let Some(on_its_way) = requests.iter().nth(request) else { return false };
            drop(on_its_way);
            // The next request is let go too, if it comes before the moment is over.
            drop(requests.recv_timeout(moment));
            happens(&mut child);
            drop(requests);
            true
        });
        child.wait().expect("the phone is reaped");
        is_reached
    }

    /// One sync, each request of which the test sees before the server hears of it; the network is down afterwards.
    ///
    /// # Panics
    /// If the process cannot be started.
    pub fn sync_seen(&self, mut see: impl FnMut(&str)) -> Said {
        let network = &self.story.network;
        let requests = network.watch();
        let child = self.spawn(&["sync"]);
        std::thread::scope(|scope| {
            let ends = scope.spawn(move || {
                let said = said(child);
                // No more requests will come: this ends the list of them.
                network.next(Fate::Down);
                said
            });
            requests.iter().for_each(|request| see(&request.path));
            ends.join().expect("the phone process ends")
        })
    }

    /// The directory of the phone's store.
    #[must_use]
    pub fn directory(&self) -> std::path::PathBuf {
        self.home.path().join("store")
    }

    /// The file of the phone's store.
    #[must_use]
    pub fn store(&self) -> std::path::PathBuf {
        self.directory().join(STORE)
    }

    /// The store as it is now, as a backup program copies it.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn copy_of_store(&self) -> Vec<u8> {
        fs::read(self.directory().join(STORE)).expect("the phone's store")
    }

    /// Puts a copy in the place of the store, in a file of its own.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn put_back(&self, copy: &[u8]) {
        let new = self.directory().join("copy");
        fs::write(&new, copy).and_then(|()| fs::rename(&new, self.directory().join(STORE))).expect("put back");
    }

    /// A phone on a copy of all that this one has, as a clone is.
    ///
    /// # Panics
    /// If it cannot be copied.
    #[must_use]
    pub fn copy(&self) -> Self {
        let copy = Self::new(self.story);
        copy_files(self.home.path(), copy.home.path());
        copy
    }

    /// Puts the directory back as a copy has it, in files of their own.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn restore(&self, copy: &Self) {
        let here = self.directory();
        fs::remove_dir_all(&here).and_then(|()| fs::create_dir(&here)).expect("an empty directory");
        copy_files(&copy.directory(), &here);
    }

    /// Puts the directory back as a copy has it, into the files that are there.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn restore_in_place(&self, copy: &Self) {
        copy_files(&copy.directory(), &self.directory());
    }

    /// The names in the phone's directory.
    ///
    /// # Panics
    /// If it cannot be read.
    #[must_use]
    pub fn files(&self) -> Vec<String> {
        let names = fs::read_dir(self.directory()).expect("the phone's directory");
        let mut names: Vec<String> =
            names.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// How many things are not safe at the server.
    #[must_use]
    pub fn outstanding(&self) -> i64 {
        self.run(&["status"]).done()["outstanding"]["total"].as_i64().expect("a number")
    }

    /// The visits of the list, of today or all.
    ///
    /// # Panics
    /// If there is no list.
    #[must_use]
    pub fn visits(&self, words: &[&str]) -> Vec<Value> {
        self.run(words).done()["visits"].as_array().expect("visits").clone()
    }

    /// The visit at a customer's.
    ///
    /// # Panics
    /// If the phone knows none or several.
    #[must_use]
    pub fn visit_of(&self, customer: &str) -> Visit<'_> {
        let all = self.visits(&["list", "--all"]);
        let mut found = all.iter().filter(|visit| visit["customer"] == customer);
        let visit = found.next().unwrap_or_else(|| panic!("no visit at {customer}: {all:?}"));
        assert!(found.next().is_none(), "several visits at {customer}: {all:?}");
        self.visit(visit["visit"].as_str().expect("an id"), customer)
    }

    /// A visit by id, with the name of who signs for the customer.
    #[must_use]
    pub fn visit(&self, id: &str, customer: &str) -> Visit<'_> {
        Visit { phone: self, id: id.to_owned(), customer: customer.to_owned() }
    }
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a directory") {
        let (entry, target) = entry.map(|entry| (entry.path(), to.join(entry.file_name()))).expect("an entry");
        if entry.is_dir() {
            fs::create_dir_all(&target).expect("a directory");
            copy_files(&entry, &target);
        } else {
            fs::copy(&entry, &target).expect("a copy");
        }
    }
}

/// What a command says until it ends, whether by itself or killed.
pub(super) fn said(child: Child) -> Said {
    let output = child.wait_with_output().expect("the phone process ends");
    let printed = String::from_utf8_lossy(&output.stdout);
    let json = match printed.trim() {
        "" => Value::Null,
        line => serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}")),
    };
    Said { code: output.status.code(), json, errors: String::from_utf8_lossy(&output.stderr).into_owned() }
}
