//! What other processes may change of an installation while this one runs: its keys, and by a restore its data.
//!
//! Keys are read anew every few seconds and wherever one is missed. The epoch of the data never changes under a
//! process: one that finds another has the memory of other data, and ends.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use doorstep_store::organisations::{SigningKeyRow, list_signing_keys};
use doorstep_store::restores::find_epoch;
use doorstep_store::{Conn, StoreError};
use sync_core::bundle::BundleSecretKey;
use tokio::sync::Mutex;

use crate::app::{AppError, AppResult, AppState, ErrorCode, Refusal};
use crate::auth::keys::{KeyRing, Purpose, ServerKey};

/// How often keys and epoch are looked at, whatever happens.
///
/// # Source
/// As long as a revoked key may go on signing; a look is one short read.
const EVERY: Duration = Duration::from_secs(5);

/// When a request may be sent again that came to a process about to end, in seconds.
const RETRY_SECS: i64 = 5;

/// The keys of the server as they were read last.
#[derive(Debug)]
pub struct Keys {
    ring: RwLock<Arc<KeyRing>>,
    /// One at a time reads: who asks for unknown keys in a row costs one connection.
    reading: Mutex<()>,
}

impl Keys {
    /// Begins with these.
    #[must_use]
    pub fn new(ring: KeyRing) -> Self {
        Self { ring: RwLock::new(Arc::new(ring)), reading: Mutex::default() }
    }

    /// The keys as they were read last.
    #[must_use]
    pub fn now(&self) -> Arc<KeyRing> {
        // Each change of it is complete in itself.
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, ring: Arc<KeyRing>) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
    }
}

/// Reads the keys anew, for whoever misses one.
///
/// # Errors
/// Database errors.
pub async fn reload_keys(state: &AppState) -> AppResult<Arc<KeyRing>> {
    let _alone = state.keys.reading.lock().await;
    let read = Arc::new(state.store.read(load_ring).await?);
    state.keys.set(Arc::clone(&read));
    Ok(read)
}

/// The keys to be shown to others: as the database has them, or as they were read last while it is away.
pub async fn public_keys(state: &AppState) -> Arc<KeyRing> {
    reload_keys(state).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "keys cannot be read; those known are shown");
        state.keys()
    })
}

/// Looks at keys and epoch until the data turn out to be others.
pub async fn watch(state: AppState) {
    let mut ticks = tokio::time::interval(EVERY);
    while !state.stopping.is_displaced() {
        ticks.tick().await;
        match read_own(&state, |_conn| Ok(())).await {
            Ok(()) => drop(public_keys(&state).await),
            Err(error) => tracing::warn!(%error, "the keys and epoch in force are not known"),
        }
    }
}

/// Reads on one consistent snapshot of the data that this process began with; if they are others, the process is to end.
///
/// # Errors
/// `busy` if they are others; what `read` fails with.
pub async fn read_own<T: Send + 'static>(
    state: &AppState,
    read: impl FnOnce(&mut Conn) -> AppResult<T> + Send + 'static,
) -> AppResult<T> {
    let (epoch, stopping) = (state.epoch, state.stopping.clone());
    let checked = move |conn: &mut Conn| {
        if find_epoch(conn)?.is_some_and(|found| found.id.0 == epoch) {
            return read(conn);
        }
        stopping.displace();
        Err(Refusal::new(ErrorCode::Busy).retry_after(RETRY_SECS).into())
    };
    state.store.read(checked).await
}

/// Every key of the server.
///
/// # Errors
/// If there is none of a purpose, or one is damaged.
pub fn load_ring(conn: &mut Conn) -> AppResult<KeyRing> {
    let access = load_signers(conn, Purpose::Access)?;
    let evidence = load_signers(conn, Purpose::Evidence)?;
    // The newest in force is the one that phones seal for.
    let bundles = list_signing_keys(conn, Purpose::Bundle.as_str())?;
    let bundle = bundles.iter().rev().find(|row| row.retired_at_ms.is_none());
    let bundle = bundle.map(|row| Ok::<_, AppError>(BundleSecretKey::from_seed(&seed_of(row)?).public().clone()));
    let ring = bundle.transpose()?.and_then(|bundle| KeyRing::new(access, evidence, bundle));
    ring.ok_or_else(|| AppError::Internal("every signing key is retired".to_owned()))
}

fn load_signers(conn: &mut Conn, purpose: Purpose) -> AppResult<Vec<ServerKey>> {
    let key = |row: SigningKeyRow| {
        let seed = seed_of(&row)?;
        Ok(ServerKey::from_seed(&seed, row.created_at_ms, row.retired_at_ms).revoked(row.revoked_at_ms))
    };
    list_signing_keys(conn, purpose.as_str())?.into_iter().map(key).collect()
}

/// The 32 bytes a key is made of.
///
/// # Errors
/// If the row holds something else.
pub fn seed_of(row: &SigningKeyRow) -> AppResult<[u8; 32]> {
    row.private_key.as_slice().try_into().map_err(|_length| {
        let what = "the seed is not 32 bytes".to_owned();
        StoreError::Corrupt { table: "signing_keys", id: row.kid.clone(), what }.into()
    })
}
