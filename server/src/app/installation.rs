//! What other processes may change of an installation while this one runs: its keys, and by a restore its data.
//!
//! Keys are read anew every few seconds and wherever one is missed. The epoch of the data never changes under a
//! process: one that finds another has the memory of other data, and ends.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use doorstep_store::organisations::{SigningKeyRow, list_signing_keys};
use doorstep_store::restores::find_epoch;
use doorstep_store::{Conn, StoreError};
use sync_core::bundle::BundleSecretKey;
use sync_core::time::UnixMillis;
use tokio::sync::Mutex;

use crate::app::{AppError, AppResult, AppState, ErrorCode, Refusal};
use crate::auth::keys::{KeyRing, Purpose, ServerKey};

/// How often keys and epoch are looked at, whatever happens.
///
/// # Source
/// As long as a revoked key may go on signing; a look is one short read.
const EVERY: Duration = Duration::from_secs(5);

/// How often, in milliseconds, the keys are read because a token names one that is not known.
///
/// # Source
/// Anybody can send such tokens: a flood of them costs one read a second, and a key that was just made is taken a
/// second later at the latest.
const LOOK_EVERY_MS: u64 = 1000;

/// When a request may be sent again that came to a process about to end, in seconds.
const RETRY_SECS: i64 = 5;

/// The keys of the server as they were read last.
#[derive(Debug)]
pub struct Keys {
    ring: RwLock<Arc<KeyRing>>,
    /// How many readings have begun.
    begun: AtomicU64,
    /// One at a time reads: however many ask, they cost one connection.
    reading: Mutex<Readings>,
}

/// What is known of earlier readings.
#[derive(Debug, Default)]
struct Readings {
    /// The number of the newest that succeeded.
    read: u64,
    /// When a key that was not known was looked for last.
    looked_at: Option<UnixMillis>,
}

impl Readings {
    fn has_looked_lately(&self, now: UnixMillis) -> bool {
        // A clock that was set back must not keep keys unknown for long.
        self.looked_at.is_some_and(|at| at.0.abs_diff(now.0) < LOOK_EVERY_MS)
    }
}

impl Keys {
    /// Begins with these.
    #[must_use]
    pub fn new(ring: KeyRing) -> Self {
        Self { ring: RwLock::new(Arc::new(ring)), begun: AtomicU64::default(), reading: Mutex::default() }
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

/// Reads the keys anew; who waits for another's reading meanwhile takes what one found that began after the call.
///
/// # Errors
/// Database errors.
pub async fn reload_keys(state: &AppState) -> AppResult<Arc<KeyRing>> {
    read_keys(state, None).await
}

/// The keys for whoever misses one now: read anew, unless that was done for another such a moment ago.
///
/// # Errors
/// Database errors.
pub async fn look_for_key(state: &AppState, now: UnixMillis) -> AppResult<Arc<KeyRing>> {
    read_keys(state, Some(now)).await
}

async fn read_keys(state: &AppState, looking_at: Option<UnixMillis>) -> AppResult<Arc<KeyRing>> {
    let keys = &state.keys;
    let called_at = keys.begun.load(Ordering::SeqCst);
    let mut readings = keys.reading.lock().await;
    // One that had begun before the call may have missed what the caller knows to be there.
    if readings.read > called_at || looking_at.is_some_and(|now| readings.has_looked_lately(now)) {
        return Ok(keys.now());
    }
    let number = keys.begun.fetch_add(1, Ordering::SeqCst).saturating_add(1);
    let ring = Arc::new(state.store.read(load_ring).await?);
    keys.set(Arc::clone(&ring));
    *readings = Readings { read: number, looked_at: looking_at.or(readings.looked_at) };
    Ok(ring)
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

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Poll;

    use doorstep_store::organisations::insert_signing_key;

    use super::*;
    use crate::app::auth::authenticate;
    use crate::app::reviews::fixture::{ORG, Office, PHONE, REP, office};
    use crate::auth::token::{Subject, mint};
    use crate::domain::TokenKind;

    /// An access token by the newest key of a ring.
    fn token(office: &Office, ring: &KeyRing, now: UnixMillis) -> String {
        let subject = Subject { org: ORG, user: REP, session: None, device: Some(PHONE), kind: TokenKind::Upload };
        mint(ring, &office.state.config.issuer(), &subject, now, 900, office.state.id()).expect("a token")
    }

    /// The keys as they will be with one more of access.
    fn with_new_key(office: &Office, seed: u8) -> (KeyRing, SigningKeyRow) {
        let key = ServerKey::from_seed(&[seed; 32], office.state.clock.now().0 + 1, None);
        let row = SigningKeyRow {
            kid: key.kid.clone(),
            purpose: Purpose::Access.as_str().to_owned(),
            private_key: key.seed().to_vec(),
            public_key: key.public_bytes().to_vec(),
            created_at_ms: key.created_at_ms,
            retired_at_ms: None,
            revoked_at_ms: None,
        };
        let known = office.state.keys();
        let access = [known.access.clone(), vec![key]].concat();
        (KeyRing::new(access, known.evidence.clone(), known.bundle.clone()).expect("a ring"), row)
    }

    fn readings(office: &Office) -> u64 {
        office.state.keys.begun.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn tokens_of_keys_that_nobody_knows_cost_one_read_a_second_and_a_new_key_is_taken_by_then() {
        let office = office().await;
        let (state, now) = (&office.state, office.state.clock.now());
        let forged = token(&office, &with_new_key(&office, 1).0, now);
        let before = readings(&office);
        for _ in 0..20 {
            let refused = authenticate(state, &forged, now).await.expect_err("nobody's key");
            assert_eq!(refused.code(), ErrorCode::TokenInvalid);
        }
        assert_eq!(readings(&office), before + 1);

        let (ring, row) = with_new_key(&office, 2);
        let fresh = token(&office, &ring, now);
        state.store.write(move |conn| Ok::<_, AppError>(insert_signing_key(conn, &row)?)).await.expect("a new key");
        authenticate(state, &fresh, now).await.expect_err("the same second");
        let later = UnixMillis(now.0 + 1000);
        authenticate(state, &forged, later).await.expect_err("nobody's key");
        let actor = authenticate(state, &fresh, later).await.expect("known by what was read for another");
        assert_eq!((actor.user, readings(&office)), (REP, before + 2));
    }

    #[tokio::test]
    async fn who_waited_together_takes_what_one_of_them_read() {
        let office = office().await;
        let (state, now) = (&office.state, office.state.clock.now());
        let before = readings(&office);
        let another = state.keys.reading.lock().await;
        let mut waiting =
            pin!(async { tokio::join!(public_keys(state), look_for_key(state, now), reload_keys(state)) });
        let is_waiting = std::future::poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context).is_pending()));
        assert!(is_waiting.await);
        let (ring, row) = with_new_key(&office, 2);
        state.store.write(move |conn| Ok::<_, AppError>(insert_signing_key(conn, &row)?)).await.expect("a new key");
        drop(another);
        let (shown, found, read) = waiting.await;
        let newest = &ring.access_signer().kid;
        for keys in [shown, found.expect("read"), read.expect("read")] {
            assert_eq!(&keys.access_signer().kid, newest);
        }
        assert_eq!(readings(&office), before + 1);
        reload_keys(state).await.expect("read");
        assert_eq!(readings(&office), before + 2, "who comes later reads for himself");
    }
}
