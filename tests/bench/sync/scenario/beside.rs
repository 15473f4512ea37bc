//! A phone's sync after other reps of the same team have worked, which stands in other audiences: it must not make it dearer.

use super::{Form, Options, Report, Size, Stage, Task, seed};
use crate::database::Database;
use crate::seed::Rep;

/// Visits of each rep who is measured.
const VISITS: usize = 60;

/// For each number of visits: a rep syncs with both phones, others push so many, and he syncs again.
pub fn beside(options: &Options, run: usize, report: &mut Report) {
    let database = Database::new(&options.database);
    let most: usize = options.sizes.iter().sum();
    let seeded = seed(&database, Form::New, options.sizes.len() + most.div_ceil(options.visits), options.visits);
    let (measured, mut others) = seeded.reps.split_at(options.sizes.len());
    let mut stage = Stage::open(&database, &seeded, Size::Full, run, report);
    for (visits, rep) in options.sizes.iter().zip(measured) {
        let rep = Rep { visits: rep.visits.iter().take(VISITS).copied().collect(), ..rep.clone() };
        let [mut first, mut second] = rep.phones.clone();
        first.cursor = stage.quiet(&first, &rep, Task::Push(Form::New)).cursor;
        let edits = options.edits.min(VISITS);
        stage.quiet(&first, &rep, Task::Upload(edits));
        first.cursor = stage.quiet(&first, &rep, Task::Rest).cursor;
        second.cursor = stage.quiet(&second, &rep, Task::Pull).cursor;
        second.cursor = stage.quiet(&second, &rep, Task::Rest).cursor;
        let (now, later) = others.split_at(visits.div_ceil(options.visits));
        others = later;
        for other in now {
            stage.quiet(&other.phones[0], other, Task::Push(Form::New));
        }
        // Jobs and checkpoints after their work are no part of his.
        stage.server.settle();
        let name = |phase: &str| format!("{phase}, {visits} by others since");
        stage.phase(&name("nothing new"), &mut second, &rep, Task::Idle(5 * options.idle_rounds));
        stage.phase(&name("one edit"), &mut first, &rep, Task::Edit(edits));
        stage.phase(&name("first sync of 60"), &mut second, &rep, Task::PullAgain(options.pulls));
    }
}
