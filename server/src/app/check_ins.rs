//! Who began the working day, and where (INS-53, INS-54, MTG-10): what check-ins, kit checks and notes say of a day.
//!
//! The rows follow from the intents alone; where a check-in was made is judged when somebody looks, by the places and the
//! policy that held when it came.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use doorstep_store::assignments::list_crews;
use doorstep_store::day_records::{DayRecord, DayRecordRow, list_of_day};
use doorstep_store::intent_blobs::list_missing_of_intents;
use doorstep_store::norms::list_policy_versions;
use doorstep_store::visits::{self, VisitFilter};
use doorstep_store::{Conn, Txt, meeting_places, users};
use sync_core::bytes::Hash;
use sync_core::day::{CheckInFinding, MeetingPlace, Placed, check_in, day_of, placed};
use sync_core::ids::{IntentId, OrgId, TeamId, UserId, VisitId};
use sync_core::intent::body::{DayCheckIn, DayKit, DayNote};
use sync_core::intent::{Intent, IntentBody};
use sync_core::photo::{Evidence, Finding};
use sync_core::plan::PolicyRow;
use sync_core::policy::keys;
use sync_core::time::{Stamp, UnixMillis};
use sync_core::visit::VisitState;

use crate::app::day_board::{AskedDay, asked_day};
use crate::app::meeting_places::places_of;
use crate::app::norms::version_at;
use crate::app::rows::corrupt;
use crate::app::visits::Norms;
use crate::app::{AppError, AppResult, AppState, Ctx};
use crate::domain::Zone;

/// Most visits and most records of one day.
const MAX_OF_DAY: i64 = 2_000;

/// The row of a record of a day; `None` for intents that are about no day.
#[must_use]
pub fn record_of(org: OrgId, intent: &Intent) -> Option<DayRecordRow> {
    Some(DayRecordRow {
        org_id: Txt(org),
        intent_id: Txt(intent.id),
        user_id: Txt(intent.by),
        day: day_of(intent)?.to_owned(),
        at_ms: intent.at.corrected().0,
    })
}

/// When a record was made and when it came.
#[derive(Debug, Clone, Copy)]
pub struct Noted {
    /// Its intent.
    pub intent: IntentId,
    /// When it was made, on the server's clock.
    pub at: UnixMillis,
    /// When it came.
    pub received_at: UnixMillis,
}

/// A check-in as the office sees it.
#[derive(Debug, Clone)]
pub struct CheckIn {
    /// When.
    pub noted: Noted,
    /// What it says.
    pub said: DayCheckIn,
    /// Where it was made.
    pub placed: Placed,
    /// Whether its photo is here; absent where it names none.
    pub is_photo_held: Option<bool>,
    /// What a person should look at.
    pub findings: Vec<CheckInFinding>,
    /// What its clock is found inconsistent by.
    pub clock: Option<Evidence>,
}

/// A rep's morning.
#[derive(Debug, Clone)]
pub struct Morning {
    /// The rep.
    pub rep: UserId,
    /// Name.
    pub name: String,
    /// Team.
    pub team: Option<TeamId>,
    /// Visits of that day that he is assigned to and that nobody cancelled.
    pub visits: Vec<VisitId>,
    /// Check-ins in the order in which they were made.
    pub check_ins: Vec<CheckIn>,
    /// Kit checks likewise.
    pub kits: Vec<(Noted, DayKit)>,
    /// Notes likewise.
    pub notes: Vec<(Noted, DayNote)>,
}

/// Everybody's morning of one day.
#[derive(Debug, Clone)]
pub struct Mornings {
    /// The day.
    pub day: String,
    /// Those with a visit or a record of that day, by name.
    pub reps: Vec<Morning>,
    /// False if the day has more than one answer shows; a team's answer is then complete.
    pub is_complete: bool,
}

/// Shows who checked in on a day and who did not, today if none is named, of one team or as far as the asker may see.
///
/// # Errors
/// `parameter_invalid` if the day does not exist, `not_found` for a team out of reach.
pub async fn list_check_ins(
    state: &AppState,
    ctx: Ctx,
    day: Option<String>,
    team: Option<TeamId>,
) -> AppResult<Mornings> {
    let read = move |conn: &mut Conn| {
        let AskedDay { zone, day, people, filter, .. } = asked_day(conn, &ctx, day, team)?;
        let visits = planned(conn, &ctx, &filter)?;
        let records = list_of_day(conn, ctx.actor.org, &day, people.as_deref(), MAX_OF_DAY + 1)?;
        let is_complete = fits(visits.len()) && fits(records.len());
        let mut mornings = Mornings { day, reps: Vec::new(), is_complete };
        let mut by_rep: BTreeMap<UserId, (Vec<VisitId>, Vec<DayRecord>)> = BTreeMap::new();
        let is_seen = |rep: &UserId| people.as_ref().is_none_or(|people| people.contains(rep));
        for (visit, rep) in list_crews(conn, ctx.actor.org, &visits)?.into_iter().filter(|(_, rep)| is_seen(rep)) {
            by_rep.entry(rep).or_default().0.push(visit);
        }
        for record in records {
            by_rep.entry(record.user.0).or_default().1.push(record);
        }
        let intents: Vec<IntentId> = by_rep.values().flat_map(|(_, records)| intents_of(records)).collect();
        let missing = list_missing_of_intents(conn, ctx.actor.org, &intents)?;
        let mut judge = Judge::load(conn, &ctx, (zone, missing), by_rep.keys().copied().collect())?;
        for (rep, (visits, records)) in by_rep {
            mornings.reps.push(judge.morning(conn, rep, visits, records)?);
        }
        mornings.reps.sort_by(|a, b| (&a.name, a.rep).cmp(&(&b.name, b.rep)));
        Ok::<_, AppError>(mornings)
    };
    state.store.read(read).await
}

fn intents_of(records: &[DayRecord]) -> impl Iterator<Item = IntentId> {
    records.iter().map(|record| record.intent.0)
}

fn fits(found: usize) -> bool {
    i64::try_from(found).is_ok_and(|found| found <= MAX_OF_DAY)
}

/// The visits of a day that nobody cancelled.
fn planned(conn: &mut Conn, ctx: &Ctx, filter: &VisitFilter) -> AppResult<Vec<VisitId>> {
    let rows = visits::list_visits(conn, ctx.actor.org, filter, "", MAX_OF_DAY + 1)?;
    let stands = |row: &visits::VisitRecord| row.state != VisitState::Cancelled.code();
    Ok(rows.into_iter().filter(stands).map(|row| row.id.0).collect())
}

/// What records of a day are judged by.
struct Judge {
    zone: Zone,
    people: BTreeMap<UserId, (String, Option<TeamId>)>,
    /// Photos that are not here.
    missing: BTreeSet<Hash>,
    /// Each version of a team's places with when it was set, oldest first.
    places: BTreeMap<TeamId, Vec<(i64, Vec<MeetingPlace>)>>,
    policies: Policies,
}

impl Judge {
    fn load(conn: &mut Conn, ctx: &Ctx, (zone, missing): (Zone, BTreeSet<Hash>), reps: Vec<UserId>) -> AppResult<Self> {
        let org = ctx.actor.org;
        let people: BTreeMap<_, _> = users::list_by_id(conn, org, &reps)?
            .into_iter()
            .map(|user| (user.id.0, (user.name, user.team_id.map(|team| team.0))))
            .collect();
        let teams: BTreeSet<TeamId> = people.values().filter_map(|(_, team)| *team).collect();
        let mut places: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in meeting_places::list_versions(conn, org, &Vec::from_iter(teams))? {
            places.entry(row.team_id.0).or_default().push((row.set_at_ms, places_of(&row)?));
        }
        Ok(Self { zone, people, missing, places, policies: Policies::load(conn, ctx)? })
    }

    fn morning(
        &mut self,
        conn: &mut Conn,
        rep: UserId,
        visits: Vec<VisitId>,
        records: Vec<DayRecord>,
    ) -> AppResult<Morning> {
        let (name, team) = self.people.remove(&rep).unwrap_or_default();
        let mut morning =
            Morning { rep, name, team, visits, check_ins: Vec::new(), kits: Vec::new(), notes: Vec::new() };
        let parse =
            |record: &DayRecord| Intent::parse(&record.bytes).map_err(|error| corrupt("intents", record.intent, error));
        let intents = records.iter().map(parse).collect::<AppResult<Vec<_>>>()?;
        let stamps: Vec<Stamp> = intents.iter().map(|intent| intent.at.clone()).collect();
        let stamps: Vec<&Stamp> = stamps.iter().collect();
        for (intent, record) in intents.into_iter().zip(records) {
            let (at, received_at) = (UnixMillis(record.at_ms), UnixMillis(record.received_at_ms));
            let noted = Noted { intent: intent.id, at, received_at };
            match intent.body {
                IntentBody::DayCheckIn(said) => {
                    let policy = self.policies.at(conn, received_at)?;
                    let clock = check_in::clock(&intent.at, Some(received_at), &stamps, &policy);
                    morning.check_ins.push(self.check_in(team, (noted, said), clock, &policy));
                }
                IntentBody::DayKit(said) => morning.kits.push((noted, said)),
                IntentBody::DayNote(said) => morning.notes.push((noted, said)),
                _ => return Err(corrupt("day_records", noted.intent, "its intent is about no day")),
            }
        }
        Ok(morning)
    }

    fn check_in(
        &self,
        team: Option<TeamId>,
        (noted, said): (Noted, DayCheckIn),
        clock: Option<Finding>,
        policy: &PolicyRow,
    ) -> CheckIn {
        let places = self.places_at(team, noted.received_at);
        // A day that its clock does not have is none that it names.
        let made_on = self.zone.day(noted.at).unwrap_or_default();
        CheckIn {
            placed: placed(&said, places, policy.get(keys::DUTY_FENCE)),
            findings: check_in::findings(&said, places, &made_on, clock.as_ref()),
            clock: clock.map(|found| found.evidence),
            is_photo_held: said.photo.as_ref().map(|photo| !self.missing.contains(&photo.sha256)),
            noted,
            said,
        }
    }

    /// The places of a team as they held at an instant.
    fn places_at(&self, team: Option<TeamId>, at: UnixMillis) -> &[MeetingPlace] {
        let versions = team.and_then(|team| self.places.get(&team)).map(Vec::as_slice).unwrap_or_default();
        versions
            .iter()
            .rev()
            .find(|(set_at, _)| *set_at <= at.0)
            .map(|(_, places)| places.as_slice())
            .unwrap_or_default()
    }
}

/// The policies in force at instants.
struct Policies {
    versions: Vec<(i64, i64)>,
    norms: Norms,
}

impl Policies {
    fn load(conn: &mut Conn, ctx: &Ctx) -> AppResult<Self> {
        let org = ctx.actor.org;
        Ok(Self { versions: list_policy_versions(conn, org)?, norms: Norms::new(org, ctx.now) })
    }

    fn at(&mut self, conn: &mut Conn, at: UnixMillis) -> AppResult<Arc<PolicyRow>> {
        let version = version_at(self.versions.iter().copied(), at);
        let policy = version.map(|version| self.norms.policy(conn, version)).transpose()?;
        Ok(policy.flatten().unwrap_or_default())
    }
}

impl CheckIn {
    /// The hash of its photo.
    #[must_use]
    pub fn photo(&self) -> Option<Hash> {
        self.said.photo.as_ref().map(|photo| photo.sha256)
    }
}
