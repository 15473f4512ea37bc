//! Who would be at two places at once: told to whoever plans, assigns or moves a visit, and refused nowhere.

use doorstep_store::Conn;
use doorstep_store::visits::VisitRecord;
use sync_core::ids::{UserId, VisitId};
use sync_core::time::UnixMillis;

use super::desk::Desk;
use crate::app::{AppResult, Ctx, reach};
use crate::domain::Window;

/// A visit at the same time as another one of the same person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clash {
    /// Who.
    pub rep: UserId,
    /// The other visit.
    pub visit: VisitId,
    /// Its planned start.
    pub start: UnixMillis,
    /// When it is taken to be over.
    pub end: UnixMillis,
}

/// What of a crew's other visits is at the time of a visit, by person and start, as far as the people are within reach.
///
/// # Errors
/// Corrupt rows.
// Rule: APT-11
pub(crate) fn clashes_of(conn: &mut Conn, ctx: &Ctx, row: &VisitRecord, crew: &[UserId]) -> AppResult<Vec<Clash>> {
    let within = reach::of(conn, ctx)?.people;
    let is_within = |rep: &UserId| within.as_ref().is_none_or(|within| within.contains(rep));
    let crew: Vec<UserId> = crew.iter().copied().filter(is_within).collect();
    let mut desk = Desk::load(conn, ctx)?;
    let own = desk.slot(conn, row)?;
    let (Some((start, end)), false) = (own.times(), crew.is_empty()) else { return Ok(Vec::new()) };
    let mut clashes = Vec::new();
    for (rep, slots) in desk.slots(conn, &crew, Window { from: start, to: end })? {
        let others = slots.into_iter().filter(|slot| slot.visit != own.visit && slot.clashes(&own));
        let times = others.filter_map(|slot| Some((slot.visit, slot.times()?)));
        clashes.extend(times.map(|(visit, (start, end))| Clash { rep, visit, start, end }));
    }
    Ok(clashes)
}
