//! Fresh data for one scenario: a company, its reps with two phones each, their visits.

use std::sync::Arc;

use doorstep::adapters::system::SystemClock;
use doorstep::app::{AppError, AppState};
use doorstep::boot;
use sync_core::ids::VisitId;

use crate::company::Company;
use crate::database::Database;
use crate::job::{Form, Identity};
use crate::workload;

/// A rep with two phones and the visits to work on: planned ones, or ids for new ones.
#[derive(Clone)]
pub struct Rep {
    /// His phones.
    pub phones: [Identity; 2],
    /// His visits.
    pub visits: Vec<VisitId>,
}

/// What the phones need to know.
pub struct Seeded {
    /// The reps.
    pub reps: Vec<Rep>,
    /// When it was seeded, in milliseconds.
    pub now_ms: i64,
    /// The issuer of the phones' tokens.
    pub issuer: String,
}

/// Opens a database as the server will.
pub async fn open(database: &Database) -> AppState {
    let mut config = doorstep::config::load(None).expect("the default configuration");
    config.database_url.clone_from(&database.url);
    config.data_dir = database.directory.join("data");
    boot::build_state(config, Arc::new(SystemClock)).await.expect("a database")
}

/// Seeds a fresh database with so many reps of so many visits each.
pub fn seed(database: &Database, form: Form, reps: usize, visits: usize) -> Seeded {
    boot::block_on(async {
        let state = open(database).await;
        let now = state.clock.now();
        let company = Company::new(now);
        let founding = company.clone();
        state.store.write(move |conn| founding.found(conn)).await.expect("a company");
        let mut seeded = Vec::with_capacity(reps);
        for number in 0..reps {
            let name = format!("rep{number}");
            let enrolled = [company.phone(&state, &name, "first"), company.phone(&state, &name, "second")];
            let phones = [enrolled[0].phone.clone(), enrolled[1].phone.clone()];
            let (hiring, hired) = (company.clone(), name.clone());
            let hire = move |conn: &mut _| hiring.hire(conn, &hired, &[&enrolled[0], &enrolled[1]]);
            state.store.write::<_, AppError>(hire).await.expect("a rep");
            let visits = match form {
                Form::New => {
                    let id = |at| VisitId(workload::id("visit", &format!("{at} of {name}"), now.0));
                    (0..visits).map(id).collect()
                }
                Form::Planned => company.plan(&state, &name, visits).await,
            };
            seeded.push(Rep { phones, visits });
        }
        Seeded { reps: seeded, now_ms: now.0, issuer: state.config.issuer() }
    })
}
