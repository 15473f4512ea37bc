//! Jobs that one node at a time runs, and pieces of a job that one node at a time does.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};
use sync_core::bytes::Hash;

use crate::error::{StoreError, StoreResult};

/// The right to run a job; given back when dropped, and by the death of the process.
///
/// On PostgreSQL an advisory lock of a session of its own: nothing has to be tidied up, and no time is guessed after
/// which a silent node counts as dead.
#[must_use = "the right ends when this is dropped"]
pub struct Lease {
    /// Held for its session alone.
    session: Option<PgConnection>,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lease")
    }
}

impl Lease {
    /// That of an engine with one process.
    pub(crate) const fn alone() -> Self {
        Self { session: None }
    }

    /// Takes the right on a connection of its own; `None` while another node has it.
    pub(crate) fn take(url: &str, job: &str) -> StoreResult<Option<Self>> {
        let mut conn = connect(url)?;
        Ok(try_lock(&mut conn, job)?.then(|| Self { session: Some(conn) }))
    }

    /// Gives the right back at once; dropped, it goes with the session, which the database hears of a moment later.
    ///
    /// # Errors
    /// Database errors only, and then the session is gone.
    pub async fn give_back(self) -> StoreResult<()> {
        let Some(mut conn) = self.session else { return Ok(()) };
        let given = tokio::task::spawn_blocking(move || {
            let unlock = diesel::dsl::sql::<diesel::sql_types::Text>("pg_advisory_unlock_all()::text");
            diesel::select(unlock).get_result::<String>(&mut conn).map(drop)
        });
        given.await.map_or(Err(StoreError::Panicked), |given| Ok(given?))
    }
}

/// The right to single pieces of a job that several nodes do at once; given back as a [`Lease`].
#[derive(Clone)]
#[must_use = "the rights end when the last clone is dropped"]
pub struct Claims {
    session: Option<Arc<Mutex<PgConnection>>>,
}

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Claims")
    }
}

impl Claims {
    /// Those of an engine with one process.
    pub(crate) const fn alone() -> Self {
        Self { session: None }
    }

    /// None yet, on a connection of their own.
    pub(crate) fn open(url: &str) -> StoreResult<Self> {
        Ok(Self { session: Some(Arc::new(Mutex::new(connect(url)?))) })
    }

    /// Takes the right to a piece; false while another node has it.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn take(&self, piece: String) -> StoreResult<bool> {
        let Some(session) = self.session.clone() else { return Ok(true) };
        let taken = tokio::task::spawn_blocking(move || {
            // A connection is whole or broken, and says so.
            try_lock(&mut session.lock().unwrap_or_else(PoisonError::into_inner), &piece)
        });
        taken.await.unwrap_or_else(|_panicked| Err(StoreError::Panicked))
    }

    /// Gives the right to a piece back; without it it goes with the session, which the database hears of a moment later.
    ///
    /// # Errors
    /// Database errors only.
    pub async fn give_back(&self, piece: String) -> StoreResult<()> {
        let Some(session) = self.session.clone() else { return Ok(()) };
        let given = tokio::task::spawn_blocking(move || {
            let mut conn = session.lock().unwrap_or_else(PoisonError::into_inner);
            let unlock = diesel::dsl::sql::<Bool>("pg_advisory_unlock(").bind::<BigInt, _>(key_of(&piece)).sql(")");
            diesel::select(unlock).get_result::<bool>(&mut *conn).map(drop)
        });
        given.await.map_or(Err(StoreError::Panicked), |given| Ok(given?))
    }
}

fn connect(url: &str) -> StoreResult<PgConnection> {
    PgConnection::establish(url).map_err(|error| StoreError::Open(error.to_string()))
}

fn try_lock(conn: &mut PgConnection, name: &str) -> StoreResult<bool> {
    let lock = diesel::dsl::sql::<Bool>("pg_try_advisory_lock(").bind::<BigInt, _>(key_of(name)).sql(")");
    Ok(diesel::select(lock).get_result(conn)?)
}

fn key_of(name: &str) -> i64 {
    Hash::of(name.as_bytes()).0.iter().take(8).fold(0i64, |key, byte| key << 8 | i64::from(*byte))
}
