//! Jobs that one node at a time runs.

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
    _session: Option<PgConnection>,
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lease")
    }
}

impl Lease {
    /// That of an engine with one process.
    pub(crate) const fn alone() -> Self {
        Self { _session: None }
    }

    /// Takes the right on a connection of its own; `None` while another node has it.
    pub(crate) fn take(url: &str, job: &str) -> StoreResult<Option<Self>> {
        let mut conn = PgConnection::establish(url).map_err(|error| StoreError::Open(error.to_string()))?;
        let key = Hash::of(job.as_bytes()).0.iter().take(8).fold(0i64, |key, byte| key << 8 | i64::from(*byte));
        let lock = diesel::dsl::sql::<Bool>("pg_try_advisory_lock(").bind::<BigInt, _>(key).sql(")");
        let taken: bool = diesel::select(lock).get_result(&mut conn)?;
        Ok(taken.then(|| Self { _session: Some(conn) }))
    }
}
