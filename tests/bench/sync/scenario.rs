//! One run on one fresh server: who does what in which order.

use crate::child;
use crate::database::Database;
use crate::job::{Done, Form, Identity, Job, Task};
use crate::report::{Phase, Report};
use crate::seed::{Seeded, seed};
use crate::server::Server;

/// How much work.
pub struct Options {
    /// Visits.
    pub visits: usize,
    /// Requests without news.
    pub idle_rounds: usize,
    /// Single edits.
    pub edits: usize,
    /// `sqlite` or `postgres`.
    pub database: String,
}

/// A server with its phones.
struct Stage<'a> {
    server: Server,
    seeded: Seeded,
    run: usize,
    report: &'a mut Report,
}

/// Plays all phases for one form of visits.
pub fn play(options: &Options, form: Form, run: usize, report: &mut Report) {
    let database = Database::new(&options.database);
    let seeded = seed(&database, form, options.visits);
    let server = Server::start(&database.url, &database.directory, &seeded.issuer);
    let [mut first, mut second] = seeded.phones.clone();
    let mut stage = Stage { server, seeded, run, report };
    if form == Form::Planned {
        stage.phase("pull plan", &mut first, Task::Pull);
    }
    let (push, pull) = match form {
        Form::New => ("push new", "pull new"),
        Form::Planned => ("push planned", "pull planned"),
    };
    let pushed = stage.phase(push, &mut first, Task::Push(form));
    let pulled = stage.phase(pull, &mut second, Task::Pull);
    assert_eq!((pushed.docs, pulled.docs), (options.visits, options.visits), "every visit arrives");
    assert_eq!(pushed.heads, pulled.heads, "both phones hold the same");
    if form == Form::New {
        stage.phase("nothing new", &mut second, Task::Idle(options.idle_rounds));
        stage.phase("one edit", &mut first, Task::Edit(options.edits.min(options.visits)));
    }
}

impl Stage<'_> {
    /// Runs a client to its end and reads the server's figures before and after.
    fn phase(&mut self, name: &'static str, phone: &mut Identity, task: Task) -> Done {
        let job = Job {
            address: self.server.address.clone(),
            phone: phone.clone(),
            task,
            visits: self.seeded.visits.clone(),
            now_ms: self.seeded.now_ms,
        };
        let mut before = self.server.usage();
        let done = child::run(&job, || before = self.server.usage());
        let after = self.server.usage();
        phone.cursor.clone_from(&done.cursor);
        self.report.add(self.run, Phase::new(name, &done, before, after));
        done
    }
}
