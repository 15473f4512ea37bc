//! Composition root: configuration to a running server.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use doorstep_store::conn::UrlError;
use doorstep_store::organisations::{SigningKeyRow, ensure_epoch, insert_signing_key, list_signing_keys};
use doorstep_store::restores::find_epoch;
use doorstep_store::{Conn, DatabaseUrl, Store, StoreError, StoreOptions};
use sync_core::ids::EpochId;
use sync_core::time::UnixMillis;
use tokio::sync::Semaphore;

use crate::adapters::fs_blobs::{FsBlobs, Sharing};
use crate::adapters::objects::{check, open_with};
use crate::adapters::system::SystemRandom;
use crate::app::blobs::{IngestQueue, Readers, stop_ingest};
use crate::app::bundles::until_imported;
use crate::app::doc_cache::DocCache;
use crate::app::findings::FindingsQueue;
use crate::app::health::BlobsProbe;
use crate::app::installation::{self, Keys, load_ring};
use crate::app::live::LiveStreams;
use crate::app::once::Running;
use crate::app::rates::Rates;
use crate::app::stopping::Stopping;
use crate::app::uploads::ActiveUploads;
use crate::app::{AppError, AppState, ErrorCode};
use crate::auth::keys::Purpose;
use crate::config::Config;
use crate::http::error::ApiError;
use crate::http::middleware::edge::edge;
use crate::http::{readers, routes};
use crate::jobs;
use crate::ports::{Clock, Random, new_id};

/// Opens the database and blobs and puts the application together.
///
/// # Errors
/// If the database or data directory cannot be used.
pub async fn build_state(config: Config, clock: Arc<dyn Clock>) -> Result<AppState, AppError> {
    let store = open_store(&config).await?;
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let now = clock.now();
    let fresh_epoch = EpochId(new_id(now, &*random));
    let seeds = [random.bytes32(), random.bytes32(), random.bytes32()];
    let (epoch, restored_at, keys) = store
        .write(move |conn| {
            for (purpose, seed) in [Purpose::Access, Purpose::Evidence, Purpose::Bundle].into_iter().zip(&seeds) {
                ensure_key(conn, purpose, seed, now.0)?;
            }
            let epoch = ensure_epoch(conn, fresh_epoch, now.0)?;
            Ok::<_, AppError>((epoch, restored_at(conn)?, load_ring(conn)?))
        })
        .await?;
    let sharing = if store.has_nodes() { Sharing::Nodes } else { Sharing::Alone };
    let process = new_id(now, &*random).to_string();
    let directory = config.data_dir.join("blobs");
    let blobs = FsBlobs::open(&directory, &process, sharing)?;
    let places =
        open_with(&config, Arc::clone(blobs.scratch_files())).map_err(|error| AppError::Internal(error.to_string()))?;
    check(&*places.objects).await.map_err(|error| AppError::Internal(error.to_string()))?;
    Ok(AppState {
        store,
        blobs: Arc::new(blobs.keeping_in(Arc::clone(&places.objects))),
        staging: places.staging(&directory, &process),
        clock,
        random,
        keys: Arc::new(Keys::new(keys)),
        epoch,
        restored_at,
        hashing: Arc::new(Semaphore::new(config.auth.concurrent_hashes)),
        ingest: Arc::new(IngestQueue::new(std::thread::available_parallelism().map_or(2, std::num::NonZero::get))),
        findings: Arc::new(FindingsQueue::new(config.limits.print_index_bytes)),
        running: Running::default(),
        rates: Arc::new(Rates::new(&config.limits)),
        documents: Arc::new(DocCache::new(config.limits.document_cache_bytes)),
        repo: Arc::default(),
        slots: Arc::new(Semaphore::new(config.limits.concurrent_requests)),
        uploads: Arc::new(Semaphore::new(config.limits.concurrent_uploads)),
        originals: Arc::new(Semaphore::new(config.limits.concurrent_originals)),
        readers: Arc::new(Readers::new(&config.limits)),
        looks: Arc::default(),
        active_uploads: ActiveUploads::default(),
        syncs: Arc::new(Semaphore::new(config.limits.concurrent_syncs)),
        live: Arc::new(LiveStreams::new(&config.limits)),
        blobs_probe: BlobsProbe::default(),
        stopping: Stopping::default(),
        runtime: tokio::runtime::Handle::current(),
        config: Arc::new(config),
    })
}

/// Opens the database and brings it to the current schema; touches nothing else.
///
/// # Errors
/// If the URL is of an unknown scheme, or the database cannot be opened or migrated.
pub async fn open_store(config: &Config) -> Result<Store, AppError> {
    open_database(config, true).await
}

/// Opens the database as it is, beside a running server; only for reading.
///
/// # Errors
/// As [`open_store`], and if its schema is an older one.
pub async fn open_for_reading(config: &Config) -> Result<Store, AppError> {
    open_database(config, false).await
}

async fn open_database(config: &Config, migrates: bool) -> Result<Store, AppError> {
    let url: DatabaseUrl =
        config.database_url.parse().map_err(|error: UrlError| StoreError::Open(error.to_string()))?;
    let options = StoreOptions {
        connections: config.database.connections,
        wait: Duration::from_millis(config.database.wait_ms),
        migrates,
        ..StoreOptions::default()
    };
    tokio::task::spawn_blocking(move || Store::open(&url, &options))
        .await
        .map_err(|error| AppError::Internal(error.to_string()))?
        .map_err(AppError::from)
}

/// When the data were restored from a backup, if they ever were.
fn restored_at(conn: &mut Conn) -> Result<Option<UnixMillis>, AppError> {
    let epoch = find_epoch(conn)?.filter(|epoch| epoch.previous_id.is_some());
    Ok(epoch.map(|epoch| UnixMillis(epoch.created_at_ms)))
}

/// Makes a key of a purpose at the first start.
fn ensure_key(conn: &mut Conn, purpose: Purpose, seed: &[u8; 32], now_ms: i64) -> Result<(), AppError> {
    if list_signing_keys(conn, purpose.as_str())?.is_empty() {
        insert_signing_key(conn, &key_row(purpose, seed, now_ms))?;
    }
    Ok(())
}

/// The row of a new key.
pub(crate) fn key_row(purpose: Purpose, seed: &[u8; 32], now_ms: i64) -> SigningKeyRow {
    let (kid, public) = purpose.public_half(seed);
    SigningKeyRow {
        kid,
        purpose: purpose.as_str().to_owned(),
        public_key: public.to_vec(),
        private_key: seed.to_vec(),
        created_at_ms: now_ms,
        retired_at_ms: None,
        revoked_at_ms: None,
    }
}

/// Adds everything the API needs to an actix application; the in-process tests use it too.
pub fn configure(state: AppState) -> impl FnOnce(&mut web::ServiceConfig) + Clone + Send + 'static {
    move |config| {
        config.app_data(web::Data::new(state));
        routes::configure(config);
        config.default_service(web::to(no_route));
    }
}

/// Answers paths that nothing serves, or that know other methods only.
async fn no_route(request: actix_web::HttpRequest) -> Result<actix_web::HttpResponse, ApiError> {
    let is_known = !routes::allowed(request.path()).is_empty();
    Err(if is_known { ErrorCode::MethodNotAllowed } else { ErrorCode::NotFound }.into())
}

/// Runs a future to its end on the runtime that the server needs.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(future)
}

/// Serves until the process is told to stop; then finishes what runs, closes what would go on for ever, and returns.
///
/// # Errors
/// If the server cannot listen, and if the data turn out to be others than those it began with.
pub async fn serve(state: AppState, listener: TcpListener) -> std::io::Result<()> {
    let configured = state.clone();
    let head_timeout = Duration::from_millis(state.config.limits.head_read_ms);
    let idle = Duration::from_millis(state.config.limits.body_idle_ms);
    let server = HttpServer::new(move || {
        let state = configured.clone();
        App::new().app_data(web::Data::new(state.clone())).wrap(from_fn(edge)).configure(configure(state))
    })
    .workers(std::thread::available_parallelism().map_or(2, std::num::NonZero::get))
    // Heads that trickle in are cut here, with 408 and no body; bodies where they are read, in `http/body.rs`.
    .client_request_timeout(head_timeout)
    .on_connect(move |connection, _| readers::watch(connection, idle))
    .disable_signals()
    .shutdown_timeout(state.config.stop.finish_secs)
    .listen(listener)?
    .run();
    tokio::spawn(installation::watch(state.clone()));
    let _own = jobs::spawn_own(&state);
    let stop = tokio::spawn(stop_when_told(state, server.handle()));
    server.await?;
    stop.await.map_err(std::io::Error::other)?.result()
}

/// Runs the jobs of an installation until the process is told to stop; serves nothing.
///
/// # Errors
/// If signals cannot be received, and if the data turn out to be others than those it began with.
pub async fn work(state: &AppState) -> std::io::Result<()> {
    let (jobs, _own) = (jobs::spawn_all(state), jobs::spawn_own(state));
    tokio::spawn(installation::watch(state.clone()));
    let stop = tokio::select! {
        told = told_to_stop() => told?,
        () = state.stopping.displaced() => Stop::Displaced,
    };
    jobs.stop(state).await;
    stop.result()
}

/// Stops the server in order: it is not ready any more, then its live streams end, then nothing new is accepted.
async fn stop_when_told(state: AppState, server: ServerHandle) -> Stop {
    let told = async {
        match told_to_stop().await {
            Ok(stop) => stop,
            Err(error) => {
                tracing::error!(%error, "signals cannot be received: only `kill -9` stops this process");
                std::future::pending().await
            }
        }
    };
    let stop = tokio::select! {
        stop = told => stop,
        () = state.stopping.displaced() => Stop::Displaced,
    };
    state.stopping.drain();
    // Somebody at a terminal waits for nobody, and nobody should be served from other data.
    if stop == Stop::Terminated {
        tokio::time::sleep(Duration::from_millis(state.config.stop.drain_ms)).await;
    }
    state.stopping.close();
    // Imports go on without the requests that brought them, and nothing else waits for those.
    let finish = Duration::from_secs(state.config.stop.finish_secs);
    let (_, imports, _) = tokio::join!(
        server.stop(true),
        tokio::time::timeout(finish, until_imported(&state)),
        stop_ingest(&state, finish),
    );
    if imports.is_err() {
        tracing::warn!("an import or upload was cut off; the same bytes again complete it");
    }
    stop
}

/// Why the process stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// `SIGTERM`: by whoever runs it.
    Terminated,
    /// `SIGINT`: at its terminal.
    Interrupted,
    /// The data are others than those it began with.
    Displaced,
}

impl Stop {
    /// Whether it was meant to stop.
    fn result(self) -> std::io::Result<()> {
        match self {
            Self::Terminated | Self::Interrupted => Ok(()),
            Self::Displaced => Err(std::io::Error::other("the data were restored or replaced: start it anew")),
        }
    }
}

#[cfg(unix)]
async fn told_to_stop() -> std::io::Result<Stop> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminated, mut interrupted) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(tokio::select! {
        _ = terminated.recv() => Stop::Terminated,
        _ = interrupted.recv() => Stop::Interrupted,
    })
}

#[cfg(not(unix))]
async fn told_to_stop() -> std::io::Result<Stop> {
    tokio::signal::ctrl_c().await.map(|()| Stop::Interrupted)
}
