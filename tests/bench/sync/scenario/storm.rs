//! Monday morning: every rep syncs at once.

use super::{Form, Options, Report, Size, Stage, Task, seed};
use crate::database::Database;

/// Visits of each rep.
const VISITS: usize = 60;

/// Every rep pushes his planned visits at once; then every rep's other phone syncs for the first time, at once.
pub fn storm(options: &Options, run: usize, report: &mut Report) {
    let database = Database::new(&options.database);
    let seeded = seed(&database, Form::Planned, options.reps, VISITS);
    let mut stage = Stage::open(&database, &seeded, Size::Full, run, report);
    let pushed = stage.crowd("storm: push", &seeded.reps, 0, Task::Push(Form::Planned));
    let pulled = stage.crowd("storm: first sync", &seeded.reps, 1, Task::Pull);
    assert!(pulled.iter().all(|one| one.docs == VISITS), "every phone has every visit of its rep");
    let heads = |all: &[crate::job::Done]| all.iter().map(|one| one.heads).collect::<Vec<_>>();
    assert_eq!(heads(&pushed), heads(&pulled), "both phones of each rep hold the same");
}
