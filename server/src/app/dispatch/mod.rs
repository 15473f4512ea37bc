//! Dispatch: who may be sent where, proposals and their confirmation, grids, certificates, absences.
//!
//! The decisions themselves are `domain/dispatch.rs`; here stored rows are put before them.

mod absences;
mod areas;
mod certificates;
mod clashes;
mod confirm;
mod desk;
mod fit;
mod grids;
mod propose;
mod teams;

use doorstep_store::users::UserRow;
use doorstep_store::{Conn, users};
use sync_core::ids::UserId;

pub use absences::{Handover, HandoverVisit, NewAbsence, create_absence, end_absence, list_absences};
pub use areas::NewArea;
pub use certificates::{
    CertificateListing, NewCertificate, WantedCertificates, create_certificate, list_certificates, withdraw_certificate,
};
pub use clashes::Clash;
pub(crate) use clashes::clashes_of;
pub use confirm::{Confirmation, Confirmed, Given, confirm};
pub(crate) use fit::require_fit;
pub use grids::{change_grid, create_grid, list_grids, set_grid_team};
pub use propose::{MAX_PROPOSALS, Proposals, ProposedVisit, Wanted, propose};
pub use teams::{TeamChange, change_team, create_team, list_teams};

use crate::app::{AppResult, Ctx, ErrorCode, reach};

/// A person within reach.
///
/// # Errors
/// `not_found` for absent and foreign people alike.
fn load_person(conn: &mut Conn, ctx: &Ctx, user: UserId) -> AppResult<UserRow> {
    let within = reach::of(conn, ctx)?.people;
    let person = users::find_user(conn, ctx.actor.org, user)?;
    let seen = person.filter(|person| within.is_none_or(|within| within.contains(&person.id.0)));
    Ok(seen.ok_or(ErrorCode::NotFound)?)
}

/// Of whom a list tells: everybody within reach, or the one who is named if he is.
fn listed_people(conn: &mut Conn, ctx: &Ctx, named: Option<UserId>) -> AppResult<Option<Vec<UserId>>> {
    let within = reach::of(conn, ctx)?.people;
    let Some(named) = named else { return Ok(within) };
    let is_seen = within.is_none_or(|within| within.contains(&named));
    Ok(Some(if is_seen { vec![named] } else { Vec::new() }))
}
