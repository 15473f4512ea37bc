//! One run on one fresh server: who does what in which order.

mod beside;
mod figures;
mod growth;
mod live;
mod round_trip;
mod rows;
mod search;
mod storm;
mod touch;

use crate::child;
use crate::database::Database;
use crate::job::{Done, Form, Identity, Job, Size, Task};
use crate::report::{Phase, Report};
use crate::seed::{Rep, Seeded, seed};
use crate::server::Server;

pub use beside::beside;
pub use figures::figures;
pub use growth::grow;
pub use live::live;
pub use round_trip::round_trip;
pub use rows::rows;
pub use search::search;
pub use storm::storm;
pub use touch::touch;

/// How much work.
pub struct Options {
    /// Visits of one rep.
    pub visits: usize,
    /// First syncs after the first one, so that the figures of each are finer than the kernel's ticks.
    pub pulls: usize,
    /// Requests without news.
    pub idle_rounds: usize,
    /// Single edits.
    pub edits: usize,
    /// Reps of a storm.
    pub reps: usize,
    /// Sizes of a growing database, in visits.
    pub sizes: Vec<usize>,
    /// `sqlite` or `postgres`.
    pub database: String,
}

/// A server with its phones.
struct Stage<'a> {
    server: Server,
    now_ms: i64,
    size: Size,
    run: usize,
    report: &'a mut Report,
}

impl<'a> Stage<'a> {
    fn open(database: &Database, seeded: &Seeded, size: Size, run: usize, report: &'a mut Report) -> Self {
        let server = Server::start(&database.url, &database.directory, &seeded.issuer);
        Self { server, now_ms: seeded.now_ms, size, run, report }
    }

    /// Runs a client to its end and reads the server's figures before and after.
    fn phase(&mut self, name: &str, phone: &mut Identity, rep: &Rep, task: Task) -> Done {
        let mut before = self.server.usage();
        let done = child::run(&self.job(phone, rep, task), || before = self.server.usage());
        let after = self.server.usage();
        phone.cursor.clone_from(&done.cursor);
        self.report.add(self.run, Phase::new(name, &done, before, after));
        done
    }

    /// Runs one phone of each rep, all at once.
    fn crowd(&mut self, name: &str, reps: &[Rep], phone: usize, task: Task) -> Vec<Done> {
        let jobs: Vec<Job> = reps.iter().map(|rep| self.job(&rep.phones[phone], rep, task)).collect();
        let mut before = self.server.usage();
        let done = child::run_all(&jobs, || before = self.server.usage());
        let after = self.server.usage();
        self.report.add(self.run, Phase::of_crowd(name, &done, before, after));
        done
    }

    /// Runs a client whose figures are not reported.
    fn quiet(&self, phone: &Identity, rep: &Rep, task: Task) -> Done {
        child::run(&self.job(phone, rep, task), || {})
    }

    fn job(&self, phone: &Identity, rep: &Rep, task: Task) -> Job {
        Job {
            address: self.server.address.clone(),
            phone: phone.clone(),
            task,
            size: self.size,
            visits: rep.visits.clone(),
            now_ms: self.now_ms,
        }
    }
}
