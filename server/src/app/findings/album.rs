//! What photos are compared by: the prints of all of them, and the small copies of a few.

use doorstep_media::Sample;
use doorstep_store::Store;
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;

use super::FindingsQueue;
use crate::app::blobs::{DerivedSize, read_sample, sample_of};
use crate::app::{AppResult, AppState};
use crate::ports::Objects;

/// What photos are compared by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Album<'a> {
    /// The database.
    pub store: &'a Store,
    /// The prints that were read.
    pub prints: &'a FindingsQueue,
    /// The small copies.
    pub samples: Samples<'a>,
}

/// Where the small copies of photos come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Samples<'a> {
    /// A server, which makes anew what was lost.
    Server(&'a AppState),
    /// What is kept, and nothing else.
    Kept(&'a dyn Objects),
}

impl<'a> Album<'a> {
    /// That of a running server.
    pub(super) fn of(state: &'a AppState) -> Self {
        Self { store: &state.store, prints: &state.findings, samples: Samples::Server(state) }
    }
}

impl Samples<'_> {
    /// The sample of a photo; nothing where it cannot be compared.
    ///
    /// # Errors
    /// Those of storage that gives no answer; `NotFound` of a lost copy, which a server makes anew.
    pub(super) async fn read(self, org: OrgId, sha256: Hash) -> AppResult<Option<Sample>> {
        match self {
            Self::Server(state) => read_sample(state, org, sha256).await,
            Self::Kept(objects) => {
                let bytes = objects.read_derived(org, &DerivedSize::Thumbnail.name(sha256)).await?;
                sample_of(org, sha256, bytes).await
            }
        }
    }
}
