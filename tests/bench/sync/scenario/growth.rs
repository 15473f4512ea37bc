//! The same work on a database that holds ever more of other reps: its cost must not grow.

use super::{Form, Options, Report, Size, Stage, Task, seed};
use crate::clones;
use crate::database::Database;

/// Visits of the rep who is copied, and of each rep who is measured.
const VISITS: usize = 60;

/// Above this many visits the copied ones are light: what grows is the number of rows and the depth of indexes.
const MOST_FULL: usize = 100_000;

/// For each size: fills the database up to it, starts the server anew, and measures one rep.
pub fn grow(options: &Options, run: usize, report: &mut Report) {
    let database = Database::new(&options.database);
    let seeded = seed(&database, Form::New, 1 + options.sizes.len(), VISITS);
    let (source, measured) = seeded.reps.split_first().expect("a rep to copy");
    let largest = options.sizes.iter().copied().max().unwrap_or_default();
    let size = if largest > MOST_FULL { Size::Light } else { Size::Full };
    Stage::open(&database, &seeded, size, run, report).quiet(&source.phones[0], source, Task::Push(Form::New));
    let mut stored = VISITS;
    for (visits, rep) in options.sizes.iter().zip(measured) {
        let copies = visits.saturating_sub(stored).div_ceil(VISITS);
        clones::add(&database, source.phones[0].user, stored / VISITS, copies);
        stored += copies * VISITS;
        let mut stage = Stage::open(&database, &seeded, Size::Full, run, report);
        // The hourly job over the sync window begins with the server, and looks at every visit in it.
        stage.server.settle();
        let [mut first, mut second] = rep.phones.clone();
        let name = |phase: &str| format!("{phase}, {visits} stored");
        stage.phase(&name("push 60 new"), &mut first, rep, Task::Push(Form::New));
        stage.phase(&name("first sync of 60"), &mut second, rep, Task::PullAgain(options.pulls));
        stage.phase(&name("nothing new"), &mut second, rep, Task::Idle(options.idle_rounds));
        stage.phase(&name("one edit"), &mut first, rep, Task::Edit(options.edits.min(VISITS)));
        stored += VISITS;
    }
}
