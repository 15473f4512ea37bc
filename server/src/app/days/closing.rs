//! Showing how the day of a team stands.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::day_records::DayRecord;
use doorstep_store::day_sign_offs::{self, DaySignOffRow};
use doorstep_store::installed_items::{InstalledItemRow, MATERIAL};
use doorstep_store::{Conn, users};
use sync_core::bytes::Hash;
use sync_core::day::closing::{Open, open};
use sync_core::day::materials::{Used, sums};
use sync_core::decimal::Decimal;
use sync_core::ids::{IntentId, TeamId, UserId, VisitId};
use sync_core::time::UnixMillis;

use super::covered::Covered;
use super::load::Loaded;
use crate::app::day_board::people_of_team;
use crate::app::rows::read;
use crate::app::scope::load_zone;
use crate::app::visits::show::no_day;
use crate::app::{AppResult, AppState, Ctx, ErrorCode, Refusal, reach};
use crate::domain::{Scope, Window};

/// A serial number that a rep's day used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialUsed {
    /// Where.
    pub visit: VisitId,
    /// Stock code, of a material.
    pub sku: Option<String>,
    /// The serial number as written.
    pub serial: String,
}

/// A rep's day.
#[derive(Debug, Clone)]
pub struct RepClosing {
    /// The rep.
    pub rep: UserId,
    /// Name.
    pub name: String,
    /// What keeps it open; nothing once it is closed.
    pub open: Vec<Open>,
    /// Visits with number, state and outcome.
    pub visits: Vec<(VisitId, Option<String>, String, Option<String>)>,
    /// Last contact of one of the rep's phones.
    pub last_contact: Option<UnixMillis>,
    /// Items that the phones said then they have not sent.
    pub unsent: i64,
    /// Sums per stock code and unit; absent where a quantity is no number.
    pub materials: BTreeMap<(String, String), Option<Decimal>>,
    /// Serial numbers.
    pub serials: Vec<SerialUsed>,
}

/// A sign-off as people read it.
#[derive(Debug, Clone)]
pub struct SignOff {
    /// The row.
    pub row: DaySignOffRow,
    /// Whose day was open then, and why.
    pub open: BTreeMap<UserId, Vec<Open>>,
    /// The sign-off that took its place.
    pub superseded_by: Option<i64>,
}

/// Something that came after the last sign-off.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum AfterSignOff {
    /// The state of a visit or its document has changed.
    Changed(VisitId),
    /// A visit that it did not cover.
    Added(VisitId),
    /// A visit that it covered and that is no longer of the day or the team.
    Removed(VisitId),
    /// A check-in, kit check or note.
    Record(IntentId),
}

/// How the day of a team stands.
#[derive(Debug, Clone)]
pub struct Closing {
    /// The day.
    pub day: String,
    /// The team.
    pub team: TeamId,
    /// Everybody with a visit or a record of the day whom the asker may see, by name.
    pub reps: Vec<RepClosing>,
    /// What a sign-off would cover now, with its hash; absent for who does not see the whole team.
    pub covered: Option<(String, Hash)>,
    /// Whether the day has begun; nobody signs it before.
    pub has_begun: bool,
    /// The sign-off that stands.
    pub sign_off: Option<SignOff>,
    /// What came after it.
    pub after_sign_off: Vec<AfterSignOff>,
    /// False if the day has more of something than is looked at.
    pub is_complete: bool,
}

impl Closing {
    /// Whose day is open, and why.
    #[must_use]
    pub fn open(&self) -> BTreeMap<UserId, Vec<Open>> {
        self.reps.iter().filter(|rep| !rep.open.is_empty()).map(|rep| (rep.rep, rep.open.clone())).collect()
    }
}

/// Shows how the day of a team stands, of the asker's own if none is named.
///
/// # Errors
/// `parameter_invalid` if the day does not exist or no team is named and the asker has none, `not_found` for a team out of
/// reach.
pub async fn show_closing(state: &AppState, ctx: Ctx, day: String, team: Option<TeamId>) -> AppResult<Closing> {
    state.store.read(move |conn| closing(conn, &ctx, &day, team)).await
}

/// As [`show_closing`], in a transaction.
pub(super) fn closing(conn: &mut Conn, ctx: &Ctx, day: &str, team: Option<TeamId>) -> AppResult<Closing> {
    let org = ctx.actor.org;
    let TeamDay { bounds, team, people } = asked(conn, ctx, day, team)?;
    let loaded = Loaded::of(conn, org, (day, bounds), &people)?;
    let covered = (ctx.scope >= Scope::Team).then(|| Covered::of(&loaded));
    let last = day_sign_offs::find_last(conn, org, team, day)?;
    let after_sign_off = match (&last, &covered) {
        (Some(last), Some(now)) => after(last, now, &loaded)?,
        _ => Vec::new(),
    };
    let signable = |covered: Covered| {
        let text = covered.text(org, team, day)?;
        let hash = Hash::of(text.as_bytes());
        AppResult::Ok((text, hash))
    };
    Ok(Closing {
        day: day.to_owned(),
        team,
        reps: reps(conn, ctx, &loaded)?,
        covered: covered.map(signable).transpose()?,
        has_begun: bounds.from <= ctx.now,
        sign_off: last.map(|row| shown(row, None, &people)).transpose()?,
        after_sign_off,
        is_complete: loaded.is_complete,
    })
}

/// The day of a team that somebody asks about.
struct TeamDay {
    bounds: Window,
    team: TeamId,
    /// Those of it whom the asker may see.
    people: Vec<UserId>,
}

fn asked(conn: &mut Conn, ctx: &Ctx, day: &str, team: Option<TeamId>) -> AppResult<TeamDay> {
    let bounds = load_zone(conn, ctx.actor.org)?.bounds(day).map_err(|_no_day| no_day())?;
    let no_team = || Refusal::new(ErrorCode::ParameterInvalid).both("team_id", "a team", "班组");
    let team = team.or(ctx.actor.team).ok_or_else(no_team)?;
    let reach = reach::of(conn, ctx)?;
    let people = people_of_team(conn, ctx, &reach, Some(team))?.unwrap_or_default();
    Ok(TeamDay { bounds, team, people })
}

fn reps(conn: &mut Conn, ctx: &Ctx, loaded: &Loaded) -> AppResult<Vec<RepClosing>> {
    let reps = Vec::from_iter(loaded.reps());
    let named = users::list_by_id(conn, ctx.actor.org, &reps)?;
    let mut shown = Vec::with_capacity(named.len());
    for user in named {
        let rep = user.id.0;
        let day = loaded.day_of(rep)?;
        let items: Vec<&InstalledItemRow> =
            loaded.visits_of(rep).filter_map(|row| loaded.items.get(&row.id.0)).flatten().collect();
        let used = items.iter().filter(|item| item.source == MATERIAL);
        let used = used.map(|item| Used { sku: &item.sku, quantity: &item.quantity, unit: &item.unit });
        let phones = loaded.devices.iter().filter(|device| device.user_id.0 == rep);
        shown.push(RepClosing {
            rep,
            name: user.name,
            open: open(&day),
            unsent: day.unsent,
            visits: loaded
                .visits_of(rep)
                .map(|row| (row.id.0, row.number.clone(), row.state.clone(), row.outcome.clone()))
                .collect(),
            last_contact: phones.filter_map(|device| device.last_seen_at_ms).max().map(UnixMillis),
            materials: sums(used),
            serials: serials(&items),
        });
    }
    shown.sort_by(|one, other| (&one.name, one.rep).cmp(&(&other.name, other.rep)));
    Ok(shown)
}

/// Serial numbers; an answer that names what a material of the visit has is that material.
fn serials(items: &[&InstalledItemRow]) -> Vec<SerialUsed> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for item in items {
        let (Some(serial), Some(key)) = (&item.serial, &item.serial_key) else { continue };
        if item.source == MATERIAL || !seen.contains(&(item.visit_id, key)) {
            let sku = Some(item.sku.clone()).filter(|sku| !sku.is_empty());
            found.push(SerialUsed { visit: item.visit_id.0, sku, serial: serial.clone() });
        }
        seen.insert((item.visit_id, key));
    }
    found
}

fn after(last: &DaySignOffRow, now: &Covered, loaded: &Loaded) -> AppResult<Vec<AfterSignOff>> {
    let then = Covered::read(last)?;
    let mut found = BTreeSet::new();
    for (visit, content) in &now.visits {
        match then.visits.get(visit) {
            None => found.insert(AfterSignOff::Added(*visit)),
            Some(signed) => signed != content && found.insert(AfterSignOff::Changed(*visit)),
        };
    }
    let left = then.visits.keys().filter(|visit| !now.visits.contains_key(visit));
    found.extend(left.map(|visit| AfterSignOff::Removed(*visit)));
    let is_new = |record: &&DayRecord| match &then.records {
        Some(covered) => !covered.contains(&record.intent.0),
        // The first form leaves only the clock to tell by.
        None => record.received_at_ms > last.signed_at_ms,
    };
    found.extend(loaded.records.iter().filter(is_new).map(|record| AfterSignOff::Record(record.intent.0)));
    Ok(found.into_iter().collect())
}

fn shown(row: DaySignOffRow, superseded_by: Option<i64>, people: &[UserId]) -> AppResult<SignOff> {
    let mut open: BTreeMap<UserId, Vec<Open>> = read("day_sign_offs", row.number, &row.open)?;
    open.retain(|rep, _| people.contains(rep));
    Ok(SignOff { row, open, superseded_by })
}

/// Lists the sign-offs of a team's day of numbers after `after`, oldest first.
///
/// # Errors
/// As [`show_closing`].
pub async fn list_sign_offs(
    state: &AppState,
    ctx: Ctx,
    (day, team): (String, Option<TeamId>),
    after: i64,
    size: i64,
) -> AppResult<Vec<SignOff>> {
    let read = move |conn: &mut Conn| {
        let org = ctx.actor.org;
        let TeamDay { team, people, .. } = asked(conn, &ctx, &day, team)?;
        let last = day_sign_offs::find_last(conn, org, team, &day)?.map(|row| row.number);
        let rows = day_sign_offs::list_sign_offs(conn, org, (team, &day), after, size)?;
        let next = |row: &DaySignOffRow| (last != Some(row.number)).then_some(row.number + 1);
        rows.into_iter()
            .map(|row| {
                let superseded_by = next(&row);
                shown(row, superseded_by, &people)
            })
            .collect()
    };
    state.store.read(read).await
}
