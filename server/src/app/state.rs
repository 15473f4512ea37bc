//! Everything use cases need, built once in `boot` and passed along.

use std::sync::Arc;

use doorstep_store::Store;
use sync_core::ids::EpochId;
use sync_core::time::UnixMillis;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::app::access_log::Looks;
use crate::app::blobs::{IngestQueue, Readers};
use crate::app::doc_cache::DocCache;
use crate::app::findings::FindingsQueue;
use crate::app::health::BlobsProbe;
use crate::app::installation::Keys;
use crate::app::live::LiveStreams;
use crate::app::once::Running;
use crate::app::rates::Rates;
use crate::app::repo::Hub;
use crate::app::stopping::Stopping;
use crate::app::uploads::ActiveUploads;
use crate::auth::keys::KeyRing;
use crate::config::Config;
use crate::ports::{BlobStore, Clock, Random, Staging, new_id};

/// The application's parts; cheap to clone, no mutable state of its own.
#[derive(Debug, Clone)]
pub struct AppState {
    /// The database.
    pub store: Store,
    /// Blobs.
    pub blobs: Arc<dyn BlobStore>,
    /// Uploads that are not blobs yet.
    pub staging: Arc<dyn Staging>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Keys of tokens and receipts.
    pub keys: Arc<Keys>,
    /// The identity of this data (design section 3, point 7).
    pub epoch: EpochId,
    /// When the data were last restored from a backup; absent in the first epoch.
    pub restored_at: Option<UnixMillis>,
    /// Configuration.
    pub config: Arc<Config>,
    /// Bounds the memory of concurrent password hashes.
    pub hashing: Arc<Semaphore>,
    /// Pictures that wait to be ingested.
    pub ingest: Arc<IngestQueue>,
    /// Photos that wait to be looked at.
    pub findings: Arc<FindingsQueue>,
    /// Idempotency keys whose requests run here.
    pub running: Running,
    /// How often one may call.
    pub rates: Arc<Rates>,
    /// Loaded documents.
    pub documents: Arc<DocCache>,
    /// The open sockets of the automerge-repo door.
    pub repo: Arc<Hub>,
    /// Bounds the requests served at once.
    pub slots: Arc<Semaphore>,
    /// Bounds the uploads received at once.
    pub uploads: Arc<Semaphore>,
    /// Bounds the originals sent at once.
    pub originals: Arc<Semaphore>,
    /// How many of them are sent to each person.
    pub readers: Arc<Readers>,
    /// Which looks at records are covered by an event.
    pub looks: Arc<Looks>,
    /// Which uploads this process is receiving.
    pub active_uploads: ActiveUploads,
    /// Bounds the large sync requests worked on at once.
    pub syncs: Arc<Semaphore>,
    /// Who is told of news at once.
    pub live: Arc<LiveStreams>,
    /// Whether blobs can be written.
    pub blobs_probe: BlobsProbe,
    /// Whether the process is about to stop.
    pub stopping: Stopping,
    /// Runs what goes on without its request: the threads that serve connections end with those.
    pub runtime: Handle,
}

impl AppState {
    /// The keys of tokens and receipts as they were read last.
    #[must_use]
    pub fn keys(&self) -> Arc<KeyRing> {
        self.keys.now()
    }

    /// A new UUIDv7 of now.
    #[must_use]
    pub fn id(&self) -> Uuid {
        new_id(self.clock.now(), &*self.random)
    }
}
