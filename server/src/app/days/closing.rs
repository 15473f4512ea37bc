//! Showing how the day of a team stands.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_store::day_sign_offs::{DaySignOffRow, list_sign_offs};
use doorstep_store::installed_items::{InstalledItemRow, MATERIAL};
use doorstep_store::{Conn, users};
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::day::closing::{Open, open};
use sync_core::day::materials::{Used, sums};
use sync_core::decimal::Decimal;
use sync_core::ids::{IntentId, TeamId, UserId, VisitId};
use sync_core::intent;
use sync_core::plain_json;
use sync_core::time::UnixMillis;

use super::load::Loaded;
use crate::app::day_board::people_of_team;
use crate::app::rows::read;
use crate::app::scope::load_zone;
use crate::app::visits::show::no_day;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, reach};
use crate::domain::Scope;

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
    /// The document of a visit has changed.
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
    /// Sign-offs, oldest first.
    pub sign_offs: Vec<SignOff>,
    /// What came after the last of them.
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
    let bounds = load_zone(conn, org)?.bounds(day).map_err(|_no_day| no_day())?;
    let no_team = || Refusal::new(ErrorCode::ParameterInvalid).both("team_id", "a team", "班组");
    let team = team.or(ctx.actor.team).ok_or_else(no_team)?;
    let reach = reach::of(conn, ctx)?;
    let people = people_of_team(conn, ctx, &reach, Some(team))?.unwrap_or_default();
    let loaded = Loaded::of(conn, org, (day, bounds), &people)?;
    let sees_all = ctx.scope >= Scope::Team;
    let covered = if sees_all { Some(covered(ctx, team, day, &loaded)?) } else { None };
    let rows = list_sign_offs(conn, org, team, day)?;
    let after_sign_off = match rows.last() {
        Some(last) if sees_all => after(last, &loaded)?,
        _ => Vec::new(),
    };
    Ok(Closing {
        day: day.to_owned(),
        team,
        reps: reps(conn, ctx, &loaded)?,
        covered,
        sign_offs: sign_offs(rows, &people)?,
        after_sign_off,
        is_complete: loaded.is_complete,
    })
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

/// What a sign-off covers: each visit with its state and the heads of its document.
type Covered = Vec<(VisitId, String, Vec<Hash>)>;

fn covered(ctx: &Ctx, team: TeamId, day: &str, loaded: &Loaded) -> AppResult<(String, Hash)> {
    let heads = |visit: &VisitId| loaded.heads.get(visit).cloned().unwrap_or_default();
    let visits: Covered = loaded.visits.iter().map(|(visit, row)| (*visit, row.state.clone(), heads(visit))).collect();
    let list = json!(["doorstep-day-1", ctx.actor.org, team, day, visits]);
    let text = plain_json::to_string(&list).map_err(|error| AppError::Internal(error.to_string()))?;
    let hash = Hash::of(text.as_bytes());
    Ok((text, hash))
}

fn after(last: &DaySignOffRow, loaded: &Loaded) -> AppResult<Vec<AfterSignOff>> {
    let (_, _, _, _, covered): (String, String, String, String, Covered) =
        read("day_sign_offs", last.number, &last.covered)?;
    let covered: BTreeMap<VisitId, Vec<Hash>> = covered.into_iter().map(|(visit, _, heads)| (visit, heads)).collect();
    let now = |visit: &VisitId| loaded.heads.get(visit).map(Vec::as_slice).unwrap_or_default();
    let mut found = BTreeSet::new();
    for visit in loaded.visits.keys() {
        match covered.get(visit) {
            None => found.insert(AfterSignOff::Added(*visit)),
            Some(heads) => heads.as_slice() != now(visit) && found.insert(AfterSignOff::Changed(*visit)),
        };
    }
    let left = covered.keys().filter(|visit| !loaded.visits.contains_key(visit));
    found.extend(left.map(|visit| AfterSignOff::Removed(*visit)));
    let late = loaded.records.iter().filter(|record| record.received_at_ms > last.signed_at_ms);
    found.extend(late.filter_map(|record| intent::id_of(&record.bytes)).map(AfterSignOff::Record));
    Ok(found.into_iter().collect())
}

fn sign_offs(rows: Vec<DaySignOffRow>, people: &[UserId]) -> AppResult<Vec<SignOff>> {
    let last = rows.last().map(|row| row.number);
    let shown = rows.into_iter().map(|row| {
        let mut open: BTreeMap<UserId, Vec<Open>> = read("day_sign_offs", row.number, &row.open)?;
        open.retain(|rep, _| people.contains(rep));
        let superseded_by = (last != Some(row.number)).then_some(row.number + 1);
        Ok(SignOff { row, open, superseded_by })
    });
    shown.collect()
}
