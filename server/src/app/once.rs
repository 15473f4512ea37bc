//! Requests with an idempotency key: the effect and the answer are committed together, or neither is.
//!
//! Knows keys and answers as numbers and text; what an answer looks like is the caller's.

use std::any::Any;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use doorstep_store::idempotency::{IdempotencyRow, claim_key, load_key, update_key};
use doorstep_store::{Conn, Store, Txt};
use sync_core::ids::{OrgId, UserId};
use sync_core::time::UnixMillis;

use crate::app::{AppError, AppResult, ErrorCode};

/// How long an answer is kept.
///
/// # Source
/// Design section 10: 90 days.
pub const KEPT_MS: i64 = 90 * 24 * 3_600_000;

/// An answer as it is stored and given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Version of the thing in the body, if it has one.
    pub version: Option<i64>,
    /// Body, JSON.
    pub body: String,
}

type Render = Arc<dyn Fn(&dyn Any) -> AppResult<Answer> + Send + Sync>;

/// A key and the request it came with.
#[derive(Clone)]
struct Keyed {
    row: IdempotencyRow,
    render: Option<Render>,
}

/// Makes a write happen once per idempotency key; without a key it is an ordinary write.
#[derive(Clone, Default)]
pub struct Once(Option<Arc<Keyed>>);

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Once(keyed)" } else { "Once(plain)" })
    }
}

impl Once {
    /// For a request with a key; `fingerprint` is the hash of what the request asks for.
    #[must_use]
    pub fn keyed(org: OrgId, user: UserId, key: String, fingerprint: String, now: UnixMillis) -> Self {
        let row = IdempotencyRow {
            org_id: Txt(org),
            user_id: Txt(user),
            idempotency_key: key,
            fingerprint,
            status: 0,
            version: None,
            body: String::new(),
            created_at_ms: now.0,
        };
        Self(Some(Arc::new(Keyed { row, render: None })))
    }

    /// Says how the result of the write becomes the answer that is stored with it.
    #[must_use]
    pub fn answering<T: Clone + 'static>(self, render: fn(T) -> AppResult<Answer>) -> Self {
        Self(self.0.map(|keyed| {
            let erased = move |done: &dyn Any| match done.downcast_ref::<T>() {
                Some(done) => render(done.clone()),
                None => Err(AppError::Internal("the answer is of another type than the write".to_owned())),
            };
            Arc::new(Keyed { row: keyed.row.clone(), render: Some(Arc::new(erased)) })
        }))
    }

    /// Runs `f` in a transaction that also stores the answer under the key.
    ///
    /// A refusal rolls all of it back: the key stays free, and a repetition is judged anew.
    ///
    /// # Errors
    /// [`AppError::Answered`] with the stored answer if the request was answered before, `idempotency_mismatch` if
    /// the key came with another request, else whatever `f` reports.
    ///
    /// # Concurrency
    /// Of two requests with one key at once, the second waits for the commit of the first and gets its answer.
    pub async fn write<T: Send + 'static>(
        self,
        store: &Store,
        mut f: impl FnMut(&mut Conn) -> AppResult<T> + Send + 'static,
    ) -> AppResult<T> {
        // An operation that says nothing about its answer cannot repeat it.
        let Some((keyed, render)) = self.0.and_then(|keyed| keyed.render.clone().map(|render| (keyed, render))) else {
            return store.write(f).await;
        };
        store
            .write(move |conn| {
                claim(conn, &keyed.row)?;
                let done = f(conn)?;
                let Answer { status, version, body } = render(&done)?;
                update_key(conn, &IdempotencyRow { status: status.into(), version, body, ..keyed.row.clone() })?;
                Ok(done)
            })
            .await
    }
}

/// Takes the key for this transaction, or tells what became of the request that took it.
fn claim(conn: &mut Conn, row: &IdempotencyRow) -> AppResult<()> {
    if claim_key(conn, row)? {
        return Ok(());
    }
    let known = load_key(conn, row.org_id.0, row.user_id.0, &row.idempotency_key)?;
    if known.created_at_ms < row.created_at_ms.saturating_sub(KEPT_MS) {
        // The job has not come by yet; the key is free all the same.
        return Ok(update_key(conn, row)?);
    }
    if known.fingerprint != row.fingerprint {
        return Err(ErrorCode::IdempotencyMismatch.into());
    }
    let status = u16::try_from(known.status).map_err(|_no_status| {
        AppError::from(doorstep_store::StoreError::Corrupt {
            table: "idempotency_keys",
            id: known.idempotency_key.clone(),
            what: "its status is no status".to_owned(),
        })
    })?;
    Err(AppError::Answered(Box::new(Answer { status, version: known.version, body: known.body })))
}

/// The keys whose requests run in this process, so that a second one is told to wait instead of queueing.
///
/// # Concurrency
/// A convenience, not the guarantee: across processes the database holds the second request until the first ends.
#[derive(Debug, Clone, Default)]
pub struct Running(Arc<Mutex<HashSet<Key>>>);

type Key = (OrgId, UserId, String);

impl Running {
    /// Marks a key as running until the value is dropped; `None` if it runs already.
    #[must_use]
    pub fn start(&self, org: OrgId, user: UserId, key: &str) -> Option<RunningKey> {
        let key = (org, user, key.to_owned());
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        is_new.then(|| RunningKey { all: self.clone(), key })
    }
}

/// A running key; it ends with this value.
#[derive(Debug)]
pub struct RunningKey {
    all: Running,
    key: Key,
}

impl Drop for RunningKey {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}
