//! The stage of the scenario tests: a running demo server, and phones as processes that are offline but for a sync.
//!
//! A test reads like its scenario: it says the time, what people do in the words of the command line, and what the
//! answers must be. Owns the processes and the network between them; it must not know what a visit needs.
//!
//! ```no_run
//! use integration_tests::play::Story;
//!
//! let story = Story::begin("2025-03-04");
//! story.at("08:30");
//! let li = story.enrol("li.ming");
//! li.sync();
//! let visit = li.visit_of("王海");
//! visit.plays("09:05 start\n 09:10 contact --channel app_call --result reached");
//! assert_eq!(story.office("reviewer1").visit(&visit.id)["state"], "scheduled");
//! ```

mod at_rest;
mod network;
mod norms;
mod office;
mod phone;
mod record;
mod visit;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::sync::OnceLock;

use doorstep::demo;
use serde_json::{Value, json};
use sync_core::time::UnixMillis;

use crate::call::Call;
use crate::clock::ClockFile;
use crate::db::{self, Template, with_conn};
use crate::dir::TestDir;
use crate::server::{self, Process, TestServer};

pub use network::{Fate, Network};
pub use office::Office;
pub use phone::{Phone, Said};
pub use record::record;
pub use visit::Visit;

/// Before the first day of every scenario: when the demo data are put in.
const EVE: &str = "2025-03-03T23:30:00+08:00";

/// Who signs in at the office; once per test process, because passwords are slow on purpose.
const OFFICE: [&str; 4] = ["admin", "dispatcher", "reviewer1", "reviewer2"];

/// The database of `doorstep demo`, with the office signed in.
static DEMO: Template = Template::new(|url| {
    let data = TestDir::new();
    let clock = ClockFile::create(data.path().join("clock"), instant(EVE));
    let mut command = server::command(url, data.path(), ["demo".as_ref(), "--clock".as_ref(), clock.path()]);
    command.args(["--listen", "127.0.0.1:0"]);
    let process = Process::launch(command, &data.path().join("server.log"));
    let sessions = OFFICE.map(|login| (login, sign_in(&process.url, login)));
    SESSIONS.set(sessions.into()).map_err(|twice| format!("signed in twice: {:?}", twice.keys()))?;
    drop(process);
    // Whoever reads last moves the write-ahead log into the file, which is what is copied.
    let companies = with_conn(url, doorstep_store::organisations::list_organisations);
    companies.map(drop).map_err(|error| error.to_string())
});

/// Refresh tokens of the office in [`DEMO`]: every copy of the database knows them.
static SESSIONS: OnceLock<BTreeMap<&'static str, String>> = OnceLock::new();

fn sign_in(url: &str, login: &str) -> String {
    let body = json!({"organisation": demo::ORGANISATION, "login": login, "password": demo::PASSWORD});
    let answer = server::send(url, &Call::post("/v1/auth/login").json(&body)).expect("an answer");
    text(&answer.expect(200), "refresh_token")
}

/// A demo server of its own, the network in front of it, and the date.
#[derive(Debug)]
pub struct Story {
    server: RefCell<TestServer>,
    sessions: RefCell<BTreeMap<&'static str, String>>,
    day: Cell<&'static str>,
    time: RefCell<String>,
    /// Between the phones and the server; down but for a sync.
    pub network: Network,
    files: TestDir,
}

impl Story {
    /// Starts a demo server on the evening before, and sets the day.
    ///
    /// # Panics
    /// With its log, if the server does not start.
    #[must_use]
    pub fn begin(day: &'static str) -> Self {
        let server = TestServer::run_on("demo", &DEMO, instant(EVE));
        let sessions = SESSIONS.get().expect("the database was prepared").clone();
        let network = Network::before(server.url());
        Self {
            server: RefCell::new(server),
            sessions: RefCell::new(sessions),
            day: Cell::new(day),
            time: RefCell::new(String::new()),
            network,
            files: TestDir::new(),
        }
    }

    /// Sets the day; the time follows with [`Self::at`].
    pub fn on(&self, day: &'static str) {
        self.day.set(day);
    }

    /// Sets the clock that everybody shares, such as `09:10`, in the zone of the company.
    ///
    /// # Panics
    /// If it is no time.
    pub fn at(&self, time: &str) {
        self.server.borrow().clock.set(instant(&format!("{}T{time}:00+08:00", self.day.get())));
        time.clone_into(&mut self.time.borrow_mut());
    }

    /// Somebody at the office.
    #[must_use]
    pub const fn office(&self, login: &'static str) -> Office<'_> {
        Office { story: self, login }
    }

    /// A phone that knows nothing yet.
    #[must_use]
    pub fn new_phone(&self) -> Phone<'_> {
        Phone::new(self)
    }

    /// Enrols a phone for a rep with a code of the admin.
    ///
    /// # Panics
    /// If the server or the phone refuses.
    #[must_use]
    pub fn enrol(&self, login: &'static str) -> Phone<'_> {
        Phone::enrol(self, login, &self.enrolment_code(login))
    }

    /// Gives a visit a crew.
    ///
    /// # Panics
    /// If the dispatcher may not.
    pub fn assign(&self, visit: &str, logins: &[&str]) {
        let users = self.office("admin").list("/v1/users");
        let user = |login: &&str| users.iter().find(|user| user["login"] == *login).expect("a rep")["id"].clone();
        let crew = json!({"crew": Vec::from_iter(logins.iter().map(user))});
        self.office("dispatcher").change(visit, "assign", &crew).expect(200);
    }

    /// A code of the admin for a rep's new phone.
    ///
    /// # Panics
    /// If the server refuses.
    #[must_use]
    pub fn enrolment_code(&self, login: &'static str) -> String {
        let admin = self.office("admin");
        let users = admin.list("/v1/users");
        let user = users.iter().find(|user| user["login"] == login).expect("a rep of the demo company");
        let path = format!("/v1/users/{}/enrolment-codes", text(user, "id"));
        text(&admin.post(&path, &json!({})).expect(201), "code")
    }

    /// Enrols the phone that the server printed a code for when it started.
    ///
    /// # Panics
    /// If it printed none, or the phone is refused.
    #[must_use]
    pub fn enrol_as_printed(&self, login: &'static str) -> Phone<'_> {
        let log = self.server.borrow().log();
        let printed = log.split_whitespace().skip_while(|word| *word != "--code").nth(1);
        Phone::enrol(self, login, printed.expect("a code in what the server printed"))
    }

    /// Ends the server as `kill -9` does.
    ///
    /// # Panics
    /// If it does not run.
    pub fn kill_server(&self) {
        self.server.borrow_mut().kill();
    }

    /// Ends the server, and starts it with other settings on the data as they are.
    ///
    /// # Panics
    /// With its log, if it does not start.
    pub fn reconfigure(&self, settings: &Value) {
        self.kill_server();
        self.server.borrow().configure(settings);
        self.restart_server();
    }

    /// Starts the killed server on the data as they are.
    ///
    /// # Panics
    /// With its log, if it does not start.
    pub fn restart_server(&self) {
        let mut server = self.server.borrow_mut();
        server.restart();
        self.network.lead_to(server.url());
    }

    /// Sends a request of a phone once more, byte for byte; the answer comes uncompressed.
    #[must_use]
    pub fn send_again(&self, call: &Call) -> crate::call::Answer {
        let mut call = call.clone();
        call.headers.retain(|(name, _)| name != "accept-encoding");
        self.send(&call)
    }

    /// Runs a command of the server's administration, such as `backup DIR`, on the data and with the clock of the story.
    ///
    /// # Panics
    /// With what it said, if it fails.
    pub fn administer(&self, words: &[&str]) -> Output {
        let output = self.try_to_administer(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// As [`Self::administer`], for what may fail.
    ///
    /// # Panics
    /// If the process cannot be started.
    #[must_use]
    pub fn try_to_administer(&self, words: &[&str]) -> Output {
        self.spawn_admin(words).wait_with_output().expect("the command ends")
    }

    /// Starts a command of the server's administration.
    ///
    /// # Panics
    /// If the process cannot be started.
    #[must_use]
    pub fn spawn_admin(&self, words: &[&str]) -> Child {
        let server = self.server.borrow();
        let mut command = server.command(words);
        command.arg("--clock").arg(server.clock.path());
        // The demo server keeps its blobs where the variable says.
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the executable can be started")
    }

    /// A path for files of the story.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        self.file(name)
    }

    /// Signs somebody of the office in with the password: after a restore the server does not know newer sessions.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn sign_in_again(&self, login: &'static str) {
        let token = sign_in(self.server.borrow().url(), login);
        self.sessions.borrow_mut().insert(login, token);
    }

    /// Removes a finished blob behind the server's back.
    ///
    /// # Panics
    /// If it is not there.
    pub fn lose_blob(&self, sha256: &str) {
        self.server.borrow().lose_blob(sha256);
    }

    /// The heads of a visit's document in the server's database.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn heads(&self, visit: &str) -> Value {
        json!(db::heads(self.server.borrow().database_url(), visit.parse().expect("the id of a visit")))
    }

    /// Counts the rows of tables in the server's database.
    ///
    /// # Panics
    /// If the database cannot be read.
    #[must_use]
    pub fn rows(&self, tables: &[&'static str]) -> BTreeMap<&'static str, i64> {
        db::count(self.server.borrow().database_url(), tables)
    }

    /// Starts one more node on the same data, which PostgreSQL allows; [`Network::lead_to`] sends everybody there. It
    /// ends with what is returned.
    ///
    /// # Panics
    /// With its log, if it does not start.
    #[must_use]
    pub fn join(&self) -> Process {
        self.server.borrow().join()
    }

    /// Sends a request of the office, to the server that the network leads to.
    fn send(&self, call: &Call) -> crate::call::Answer {
        let answer = server::send(&self.network.server(), call);
        answer.unwrap_or_else(|error| panic!("{error}; the log:\n{}", self.server.borrow().log()))
    }

    /// Draws a photo of a slot; another time of the story is another picture.
    #[must_use]
    pub fn draw_photo(&self, slot: &str, order: &str) -> String {
        let taken = self.time.borrow().replace(':', "");
        let file = self.file(&format!("{slot}-{order}-{taken}.jpg"));
        let text = format!("{} {}", self.day.get(), self.time.borrow());
        self.run(&["demo-photo", "--slot", slot, "--order", order, "--text", &text, &file]);
        file
    }

    /// Draws the signature of a name.
    fn draw_ink(&self, slot: &str, name: &str) -> String {
        let file = self.file(&format!("{slot}.json"));
        self.run(&["demo-ink", name, &file]);
        file
    }

    fn file(&self, name: &str) -> String {
        utf8(&self.files.path().join(name))
    }

    fn run(&self, args: &[&str]) {
        let output = self.server.borrow().run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn instant(text: &str) -> UnixMillis {
    UnixMillis::from_rfc3339(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn utf8(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").to_owned()
}

/// A member that must be text.
fn text(object: &Value, member: &str) -> String {
    object[member].as_str().unwrap_or_else(|| panic!("no text {member} in {object}")).to_owned()
}
