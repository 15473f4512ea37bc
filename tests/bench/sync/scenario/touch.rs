//! Memory of the server after it has touched many visits: it must not grow with their number.

use super::{Form, Options, Report, Size, Stage, Task, seed};
use crate::database::Database;

/// Visits of each rep.
const VISITS: usize = 1000;

/// Reps push and pull one after the other; the figures to compare are the resident memory after each size.
pub fn touch(options: &Options, run: usize, report: &mut Report) {
    let most = options.sizes.iter().copied().max().unwrap_or_default();
    let database = Database::new(&options.database);
    let seeded = seed(&database, Form::New, most / VISITS, VISITS);
    let mut stage = Stage::open(&database, &seeded, Size::Light, run, report);
    for (number, rep) in seeded.reps.iter().enumerate() {
        let touched = (number + 1) * VISITS;
        let [mut first, mut second] = rep.phones.clone();
        if options.sizes.contains(&touched) {
            stage.phase(&format!("touch: push, {touched} in all"), &mut first, rep, Task::Push(Form::New));
            stage.phase(&format!("touch: pull, {touched} in all"), &mut second, rep, Task::Pull);
        } else {
            stage.quiet(&first, rep, Task::Push(Form::New));
            stage.quiet(&second, rep, Task::Pull);
        }
    }
}
