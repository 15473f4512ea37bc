//! One rep with two phones: what he pushes with one the other pulls.

use super::{Form, Options, Report, Size, Stage, Task, seed};
use crate::database::Database;

/// Plays all phases for one form of visits.
pub fn round_trip(options: &Options, form: Form, run: usize, report: &mut Report) {
    let database = Database::new(&options.database);
    let seeded = seed(&database, form, 1, options.visits);
    let rep = seeded.reps[0].clone();
    let [mut first, mut second] = rep.phones.clone();
    let mut stage = Stage::open(&database, &seeded, Size::Full, run, report);
    if form == Form::Planned {
        stage.phase("pull plan", &mut first, &rep, Task::Pull);
    }
    let (push, pull) = match form {
        Form::New => ("push new", "pull new"),
        Form::Planned => ("push planned", "pull planned"),
    };
    let pushed = stage.phase(push, &mut first, &rep, Task::Push(form));
    let pulled = stage.phase(pull, &mut second, &rep, Task::Pull);
    assert_eq!((pushed.docs, pulled.docs), (options.visits, options.visits), "every visit arrives");
    assert_eq!(pushed.heads, pulled.heads, "both phones hold the same");
    if form == Form::New {
        let again = stage.phase("pull new, again", &mut second, &rep, Task::PullAgain(options.pulls));
        assert_eq!(again.heads, pulled.heads, "each time the same");
        // From here on nothing of the visits that will be edited is outstanding.
        let edits = options.edits.min(options.visits);
        stage.quiet(&first, &rep, Task::Upload(edits));
        second.cursor = stage.quiet(&second, &rep, Task::Rest).cursor;
        stage.phase("nothing new", &mut second, &rep, Task::Idle(options.idle_rounds));
        // What the answers to its pushes had no room for.
        stage.phase("own news", &mut first, &rep, Task::Rest);
        stage.phase("one edit", &mut first, &rep, Task::Edit(edits));
    }
}
