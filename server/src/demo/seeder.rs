//! What seeding works with: the application under a fixed clock, and ids that follow from names.

use std::sync::Arc;

use doorstep_store::users;
use sync_core::ids::{OrgId, UserId};
use sync_core::time::UnixMillis;
use uuid::Uuid;

use super::data::jobs::SEEDED_AT;
use super::data::people::Person;
use super::names::{FixedClock, NamedStream};
use crate::app::once::Once;
use crate::app::{AppError, AppResult, AppState, Ctx};
use crate::domain::{Actor, Scope, TokenKind};
use crate::ports::new_id;

/// Seeds at one instant.
pub(super) struct Seeder<'a> {
    pub(super) state: &'a AppState,
    pub(super) now: UnixMillis,
    /// When the company was put in: the instant of all ids foretold by [`Seeder::id`].
    founded_at: UnixMillis,
}

impl<'a> Seeder<'a> {
    /// Seeds at the instant of the scenarios.
    pub(super) fn new(state: &'a AppState) -> AppResult<Self> {
        let founded_at = instant(SEEDED_AT)?;
        Ok(Self { state, now: founded_at, founded_at })
    }

    /// The same at another instant.
    pub(super) fn at(self, now: UnixMillis) -> Self {
        Self { now, ..self }
    }

    /// The company.
    pub(super) fn org(&self) -> OrgId {
        OrgId(self.id("organisation"))
    }

    /// The id that follows from a name.
    pub(super) fn id(&self, name: &str) -> Uuid {
        new_id(self.founded_at, &NamedStream::of(name))
    }

    /// The application as it makes one thing: at the seeder's instant, with ids that follow from its name.
    pub(super) fn named(&self, name: &str) -> AppState {
        AppState {
            clock: Arc::new(FixedClock(self.now)),
            random: Arc::new(NamedStream::of(name)),
            ..self.state.clone()
        }
    }

    /// Somebody's id, by login.
    pub(super) async fn find_user(&self, login: &'static str) -> AppResult<Option<UserId>> {
        let org = self.org();
        let found = self.state.store.read(move |conn| users::find_user_by_login(conn, org, login)).await;
        Ok(found.map_err(AppError::from)?.map(|user| user.id.0))
    }

    /// Somebody's id, who was put in before.
    pub(super) async fn user(&self, login: &'static str) -> AppResult<UserId> {
        let found = self.find_user(login).await?;
        found.ok_or_else(|| AppError::Internal(format!("the demo data have no {login}")))
    }

    /// The context of a person's request.
    pub(super) async fn ctx(&self, person: Person) -> AppResult<Ctx> {
        let actor = Actor {
            org: self.org(),
            user: self.user(person.login).await?,
            team: None,
            roles: vec![person.role],
            device: None,
            session: None,
            token: TokenKind::Full,
        };
        let scope = Scope::Organisation;
        Ok(Ctx { now: self.now, actor, scope, grants: vec![(person.role, scope)], once: Once::default() })
    }
}

/// Reads an instant of the tables.
pub(super) fn instant(text: &str) -> AppResult<UnixMillis> {
    UnixMillis::from_rfc3339(text).map_err(|error| AppError::Internal(format!("demo data: {text}: {error}")))
}
