//! Demo data: an invented company with the scenarios of the rulebook, put in through the use cases of the office.
//!
//! Owns the tables of people, customers and jobs, and the drawn photos and signatures that go with them.
//! It must not know how rows are stored beyond what exists already. Everything is idempotent and follows from
//! names: the same ids and numbers on every machine.

mod company;
mod data;
mod error;
pub mod ink;
mod names;
pub mod photo;
mod plan;
mod seeder;

use doorstep_store::organisations::find_organisation_by_code;

pub use data::people::{ADMIN, ORGANISATION, PASSWORD, PEOPLE, Person};
pub use error::DemoError;

use crate::app::auth::{EnrolmentCode, create_enrolment_code};
use crate::app::{AppError, AppResult, AppState, scope};
use data::jobs::{SCENARIOS, TODAY};
use seeder::Seeder;

/// Makes sure that company, customers and scenarios are there. A second time changes nothing.
///
/// # Errors
/// [`DemoError::ForeignData`] if the database holds other organisations; what the use cases refuse.
///
/// # Concurrency
/// One transaction per thing; interrupted anywhere, the next time completes it.
pub async fn seed(state: &AppState) -> Result<(), DemoError> {
    let seeder = Seeder::new(state)?;
    company::ensure(&seeder).await?;
    plan::ensure_households(&seeder).await?;
    for job in &SCENARIOS {
        plan::ensure_job(&seeder, job, job.reference, job.day).await?;
    }
    Ok(())
}

/// Makes sure that the day which is now has some visits, and returns it; needs [`seed`] first.
///
/// # Errors
/// What the use cases refuse.
pub async fn plan_today(state: &AppState) -> AppResult<String> {
    let seeder = Seeder::new(state)?;
    let org = seeder.org();
    let zone = state.store.read(move |conn| scope::load_zone(conn, org)).await?;
    let faulty = |error: crate::domain::zone::ZoneError| AppError::Internal(error.to_string());
    let day = zone.day(state.clock.now()).map_err(faulty)?;
    // Planned at midnight, so that the rows of a day do not depend on when somebody looked.
    let seeder = seeder.at(zone.bounds(&day).map_err(faulty)?.from);
    for job in &TODAY {
        plan::ensure_job(&seeder, job, &format!("{day}/{}", job.reference), &day).await?;
    }
    Ok(day)
}

/// Whether a database holds demo data: only then may a file set the clock.
///
/// # Errors
/// Database errors only.
pub async fn is_demo_data(state: &AppState) -> AppResult<bool> {
    let found = state.store.read(|conn| find_organisation_by_code(conn, ORGANISATION)).await?;
    Ok(found.is_some())
}

/// A fresh one-time code for a phone of somebody; earlier codes of that person end.
///
/// # Errors
/// Unknown logins.
pub async fn create_code(state: &AppState, login: &'static str) -> AppResult<EnrolmentCode> {
    let seeder = Seeder::new(state)?.at(state.clock.now());
    let (admin, user) = (seeder.ctx(ADMIN).await?, seeder.user(login).await?);
    create_enrolment_code(state, admin, user).await
}
