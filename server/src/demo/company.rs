//! Puts the company in: organisation, norms, grids, teams and its people.

use doorstep_store::organisations::{self, OrganisationRow};
use doorstep_store::users::UserRow;
use doorstep_store::{Txt, grids};
use sync_core::day::MeetingPlace;
use sync_core::dispatch::CertificateKind;
use sync_core::ids::{GridId, OrgId, TeamId, UserId};
use sync_core::time::Geo;

use super::data::people::{
    ADMIN, CERTIFIED, GRIDS, MEETING_PLACES, ORGANISATION, ORGANISATION_NAME, PASSWORD, PEOPLE, Person, TEAMS, ZONE,
};
use super::error::DemoError;
use super::names::NamedStream;
use super::seeder::Seeder;
use crate::app::auth::{NewUser, create_user};
use crate::app::dispatch::{NewCertificate, WantedCertificates, create_certificate, list_certificates, set_grid_team};
use crate::app::meeting_places::{set_meeting_places, show_meeting_places};
use crate::app::organisations::Rows;
use crate::app::{AppError, AppResult};
use crate::auth::password;
use crate::domain::visit::goes_out;
use crate::ports::Random;

/// Makes sure that company and people exist.
pub(super) async fn ensure(seeder: &Seeder<'_>) -> Result<(), DemoError> {
    let known = seeder.state.store.read(organisations::list_organisations).await.map_err(AppError::from)?;
    if known.iter().any(|row| row.id.0 != seeder.org()) {
        return Err(DemoError::ForeignData);
    }
    if known.is_empty() {
        found(seeder).await?;
    }
    for (key, _, served_by) in GRIDS {
        ensure_served(seeder, grid(seeder, key), team(seeder, served_by)).await?;
    }
    for (key, name, lat_udeg, lon_udeg) in MEETING_PLACES {
        let geo = Geo { lat_udeg, lon_udeg, acc_m: 5, datum: "wgs84".to_owned(), mock: None };
        ensure_place(seeder, team(seeder, key), MeetingPlace { name: name.to_owned(), geo, radius_m: None }).await?;
    }
    for person in PEOPLE {
        ensure_person(seeder, person).await?;
        if goes_out(person.role.code()) {
            ensure_certificates(seeder, person).await?;
        }
    }
    Ok(())
}

/// Writes what has no use case of its own, in one transaction: the company exists whole or not at all.
async fn found(seeder: &Seeder<'_>) -> AppResult<()> {
    // Whoever knows the password may know the salt: both are as public as the data.
    let salt = <dyn Random>::bytes32(&NamedStream::of("salt/admin"));
    let password_hash = password::hash(&seeder.state.hashing, PASSWORD.to_owned(), salt).await?;
    let (org, now) = (seeder.org(), seeder.now);
    let admin = UserRow {
        org_id: Txt(org),
        id: Txt(UserId(seeder.id("user/admin"))),
        login: ADMIN.login.to_owned(),
        name: ADMIN.name.to_owned(),
        staff_number: None,
        team_id: None,
        password_hash: Some(password_hash),
        is_disabled: false,
        version: 1,
        created_at_ms: now.0,
        phone: None,
    };
    let rows = Rows {
        organisation: row_of_company(org, now.0),
        teams: TEAMS.map(|(key, name)| (team(seeder, key), name.to_owned())).to_vec(),
        grids: GRIDS.map(|(key, name, _)| (grid(seeder, key), name.to_owned())).to_vec(),
        admin,
    };
    seeder.state.store.write(move |conn| rows.insert(conn)).await
}

fn row_of_company(org: OrgId, created_at_ms: i64) -> OrganisationRow {
    OrganisationRow {
        id: Txt(org),
        code: ORGANISATION.to_owned(),
        name: ORGANISATION_NAME.to_owned(),
        zone: ZONE.to_owned(),
        created_at_ms,
    }
}

async fn ensure_person(seeder: &Seeder<'_>, person: Person) -> AppResult<()> {
    if seeder.find_user(person.login).await?.is_some() {
        return Ok(());
    }
    let number = PEOPLE.iter().position(|one| one.login == person.login).unwrap_or_default();
    let new = NewUser {
        login: person.login.to_owned(),
        name: person.name.to_owned(),
        staff_number: Some(format!("YZ-{:03}", number + 1)),
        roles: vec![person.role],
        team: person.team.map(|key| team(seeder, key)),
        password: Some(PASSWORD.to_owned()),
        phone: Some(format!("000-0000-{:04}", number + 1)),
    };
    let admin = seeder.ctx(ADMIN).await?;
    create_user(&seeder.named(&format!("user/{}", person.login)), admin, new).await.map(drop)
}

/// Makes sure that a team serves a grid.
async fn ensure_served(seeder: &Seeder<'_>, id: GridId, by: TeamId) -> AppResult<()> {
    let org = seeder.org();
    let known = seeder.state.store.read(move |conn| grids::find_grid(conn, org, id)).await?;
    if known.is_none_or(|grid| grid.version > 0) {
        return Ok(());
    }
    set_grid_team(seeder.state, seeder.ctx(ADMIN).await?, id, 0, Some(by)).await.map(drop)
}

/// Makes sure that a team has a place where it meets.
async fn ensure_place(seeder: &Seeder<'_>, team: TeamId, place: MeetingPlace) -> AppResult<()> {
    let admin = seeder.ctx(ADMIN).await?;
    if show_meeting_places(seeder.state, admin.clone(), team).await?.version > 0 {
        return Ok(());
    }
    set_meeting_places(seeder.state, admin, team, 0, vec![place]).await.map(drop)
}

/// Makes sure that everybody who goes out holds the certificates.
async fn ensure_certificates(seeder: &Seeder<'_>, person: Person) -> AppResult<()> {
    let user = seeder.user(person.login).await?;
    let wanted = WantedCertificates { user: Some(user), kind: None };
    let admin = seeder.ctx(ADMIN).await?;
    if !list_certificates(seeder.state, admin.clone(), wanted, String::new(), 1).await?.is_empty() {
        return Ok(());
    }
    for kind in CertificateKind::ALL.iter().copied() {
        let new =
            NewCertificate { kind, number: None, valid_from: CERTIFIED.0.to_owned(), valid_to: CERTIFIED.1.to_owned() };
        let named = seeder.named(&format!("certificate/{}/{kind}", person.login));
        create_certificate(&named, admin.clone(), user, new).await?;
    }
    Ok(())
}

/// The id of a grid.
pub(super) fn grid(seeder: &Seeder<'_>, key: &str) -> GridId {
    GridId(seeder.id(&format!("grid/{key}")))
}

fn team(seeder: &Seeder<'_>, key: &str) -> TeamId {
    TeamId(seeder.id(&format!("team/{key}")))
}
