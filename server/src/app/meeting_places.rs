//! Where teams begin their day (INS-53, INS-54): each setting is a version of its own, so that a check-in stays judged by
//! what held when it came.

use std::collections::BTreeSet;

use doorstep_store::feed::{FeedBatch, FeedKind};
use doorstep_store::meeting_places::{self, MeetingPlacesRow};
use doorstep_store::{Conn, StoreError, Txt};
use serde_json::{Value, json};
use sync_core::day::{MeetingPlace, MeetingPlaces};
use sync_core::ids::{OrgId, TeamId};
use sync_core::time::UnixMillis;

use crate::app::customers::is_text;
use crate::app::rows::{corrupt, read};
use crate::app::scope::EVERYBODY;
use crate::app::sites::check_position;
use crate::app::{AppError, AppResult, AppState, Ctx, ErrorCode, Refusal, audit};
use crate::domain::Scope;

/// Most places of one team.
const MAX_PLACES: usize = 50;

/// Longest name of a place, in characters.
const MAX_NAME_CHARS: usize = 100;

/// Least and greatest radius in metres, those of the policy's `duty_fence_m`.
const RADIUS_M: std::ops::RangeInclusive<i64> = 20..=10_000;

/// The places of a team and since when they hold.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The team.
    pub team: TeamId,
    /// Version; 0 where none were ever set.
    pub version: i64,
    /// The places.
    pub places: Vec<MeetingPlace>,
    /// When they were set.
    pub set_at: Option<UnixMillis>,
}

/// Shows the places of a team.
///
/// # Errors
/// `not_found` for a team that is absent or out of reach.
pub async fn show_meeting_places(state: &AppState, ctx: Ctx, team: TeamId) -> AppResult<Shown> {
    let read = move |conn: &mut Conn| {
        check_team(conn, &ctx, team)?;
        match meeting_places::find_newest(conn, ctx.actor.org, team)? {
            Some(row) => shown(&row),
            None => Ok(Shown { team, version: 0, places: Vec::new(), set_at: None }),
        }
    };
    state.store.read(read).await
}

/// Sets the places of a team; phones hear of them.
///
/// # Errors
/// `not_found` for a team that is absent or out of reach, `stale_version`, `invalid` naming the fields.
pub async fn set_meeting_places(
    state: &AppState,
    ctx: Ctx,
    team: TeamId,
    seen_version: i64,
    places: Vec<MeetingPlace>,
) -> AppResult<Shown> {
    let places = checked(places)?;
    let text = serde_json::to_string(&places).map_err(|error| AppError::Internal(error.to_string()))?;
    let app = state.clone();
    let set = move |conn: &mut Conn| {
        let org = ctx.actor.org;
        check_team(conn, &ctx, team)?;
        let version = meeting_places::find_newest(conn, org, team)?.map_or(0, |row| row.version);
        if version != seen_version {
            return Err(StoreError::Stale.into());
        }
        let row = MeetingPlacesRow {
            org_id: Txt(org),
            team_id: Txt(team),
            version: version + 1,
            places: text.clone(),
            set_by: Txt(ctx.actor.user),
            set_at_ms: ctx.now.0,
        };
        meeting_places::insert_meeting_places(conn, &row)?;
        let detail = json!({ "version": row.version, "places": places.len() });
        audit::record(conn, &app, &ctx, "meeting_places.set", team, &detail)?;
        let mut batch = FeedBatch::new();
        batch.put(EVERYBODY, FeedKind::Reference, MeetingPlaces::item_of(team));
        batch.publish(conn, org)?;
        shown(&row)
    };
    state.store.write(set).await
}

fn check_team(conn: &mut Conn, ctx: &Ctx, team: TeamId) -> AppResult<()> {
    let is_reached = ctx.scope == Scope::Organisation || ctx.actor.team == Some(team);
    if is_reached && meeting_places::has_team(conn, ctx.actor.org, team)? {
        return Ok(());
    }
    Err(ErrorCode::NotFound.into())
}

/// Places with trimmed names, all faults told at once.
fn checked(mut places: Vec<MeetingPlace>) -> AppResult<Vec<MeetingPlace>> {
    let mut refusal = Refusal::new(ErrorCode::Invalid);
    if places.len() > MAX_PLACES {
        return Err(refusal.both("places", "at most 50 places", "最多 50 个集合点").into());
    }
    let mut names = BTreeSet::new();
    for (at, place) in places.iter_mut().enumerate() {
        place.name = place.name.trim().to_owned();
        let path = format!("places[{at}].");
        if !is_text(&place.name, MAX_NAME_CHARS) {
            let (en, zh) = ("1 to 100 characters, none of them a control character", "1 至 100 个字符，不含控制字符");
            refusal = refusal.both(format!("{path}name"), en, zh);
        }
        if !names.insert(place.name.clone()) {
            refusal = refusal.both(format!("{path}name"), "a name that no other place has", "不与其他集合点重名");
        }
        if place.radius_m.is_some_and(|radius| !RADIUS_M.contains(&radius)) {
            refusal = refusal.both(format!("{path}radius_m"), "20 to 10000 metres", "20 至 10000 米");
        }
        place.geo.mock = None;
        refusal = check_position(&path, &place.geo, refusal);
    }
    refusal.into_result()?;
    Ok(places)
}

fn shown(row: &MeetingPlacesRow) -> AppResult<Shown> {
    Ok(Shown {
        team: row.team_id.0,
        version: row.version,
        places: places_of(row)?,
        set_at: Some(UnixMillis(row.set_at_ms)),
    })
}

/// The places of a version.
///
/// # Errors
/// A corrupt row.
pub(crate) fn places_of(row: &MeetingPlacesRow) -> AppResult<Vec<MeetingPlace>> {
    read("meeting_places", row.team_id, &row.places)
}

/// Version and body of a reference row, if it exists.
///
/// # Errors
/// Database errors and corrupt rows only.
pub(crate) fn reference_body(conn: &mut Conn, org: OrgId, item: &str) -> AppResult<Option<(i64, Value)>> {
    let team = item.strip_prefix("meeting_places/").and_then(|team| team.parse().ok());
    let team: TeamId = team.ok_or_else(|| corrupt("feed", item, "no key of a reference row"))?;
    let Some(row) = meeting_places::find_newest(conn, org, team)? else { return Ok(None) };
    let body = MeetingPlaces { team_id: team, places: places_of(&row)? };
    let body = serde_json::to_value(&body).map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(Some((row.version, body)))
}
