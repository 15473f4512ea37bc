//! Puts the company in: organisation, norms, grids, teams and its people.

use doorstep_store::Txt;
use doorstep_store::organisations::{self, OrganisationRow};
use doorstep_store::users::UserRow;
use sync_core::ids::{GridId, OrgId, TeamId, UserId};

use super::data::people::{ADMIN, GRIDS, ORGANISATION, ORGANISATION_NAME, PASSWORD, PEOPLE, Person, TEAMS, ZONE};
use super::error::DemoError;
use super::names::NamedStream;
use super::seeder::Seeder;
use crate::app::auth::{NewUser, create_user};
use crate::app::organisations::Rows;
use crate::app::{AppError, AppResult};
use crate::auth::password;
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
    for person in PEOPLE {
        ensure_person(seeder, person).await?;
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
        grids: GRIDS.map(|(key, name)| (grid(seeder, key), name.to_owned())).to_vec(),
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

/// The id of a grid.
pub(super) fn grid(seeder: &Seeder<'_>, key: &str) -> GridId {
    GridId(seeder.id(&format!("grid/{key}")))
}

fn team(seeder: &Seeder<'_>, key: &str) -> TeamId {
    TeamId(seeder.id(&format!("team/{key}")))
}
