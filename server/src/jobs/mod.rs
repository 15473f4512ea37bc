//! What happens without a request; jobs call use cases, exactly as handlers do.

pub mod archive_visits;
pub mod findings;
pub mod follow_norms;
pub mod ingest;
pub mod pack_documents;
pub mod purge_expired;
pub mod roll_scope;
pub mod tell_customers;
pub mod tidy_node;
pub mod watch_deadlines;

use std::ops::AddAssign;
use std::time::Duration;

use doorstep_store::organisations::list_organisations;
use sync_core::ids::OrgId;
use tokio::task::JoinHandle;

use crate::app::blobs::stop_ingest;
use crate::app::{AppError, AppResult, AppState};

/// The jobs of a running server; dropping this stops them.
///
/// # Concurrency
/// Each job may be stopped at any moment: it repeats what it has not finished.
#[derive(Debug)]
#[must_use = "the jobs stop when this is dropped"]
pub struct Jobs(Vec<JoinHandle<()>>);

impl Jobs {
    /// Stops the jobs in order: pictures that have begun are finished, if that does not take too long.
    pub async fn stop(self, state: &AppState) {
        let finish = Duration::from_secs(state.config.stop.finish_secs);
        stop_ingest(state, finish).await;
    }
}

/// Starts every job of the installation; one node that runs them is enough.
pub fn spawn_all(state: &AppState) -> Jobs {
    Jobs(vec![
        ingest::spawn(state.clone()),
        tokio::spawn(findings::run(state.clone())),
        tokio::spawn(roll_scope::run(state.clone())),
        tokio::spawn(follow_norms::run(state.clone())),
        tokio::spawn(watch_deadlines::run(state.clone())),
        tokio::spawn(tell_customers::run(state.clone())),
        tokio::spawn(archive_visits::run(state.clone())),
        tokio::spawn(purge_expired::run(state.clone())),
        tokio::spawn(pack_documents::run(state.clone())),
    ])
}

/// Starts what every node does for itself, whoever runs the jobs.
pub fn spawn_own(state: &AppState) -> Jobs {
    Jobs(vec![tokio::spawn(tidy_node::run(state.clone()))])
}

/// Runs a job unless another node is running it just now; `None` then.
///
/// # Errors
/// Those of the job, and of the database.
async fn alone<T>(
    state: &AppState,
    job: &'static str,
    run: impl Future<Output = AppResult<T>>,
) -> AppResult<Option<T>> {
    match state.store.lease(job).await? {
        Some(lease) => {
            let ran = run.await;
            if let Err(error) = lease.give_back().await {
                tracing::debug!(job, %error, "the right to a job went with its connection");
            }
            ran.map(Some)
        }
        None => Ok(None),
    }
}

/// Does something for every organisation, one after another; tells the sum of what came of it.
///
/// # Errors
/// If the list of organisations cannot be read; what is wrong with one of them is logged and keeps nobody else waiting.
async fn for_each_organisation<T, W>(state: &AppState, work: impl Fn(OrgId) -> W) -> AppResult<T>
where
    T: Default + AddAssign,
    W: Future<Output = AppResult<T>>,
{
    let mut sum = T::default();
    for organisation in state.store.read(|conn| Ok::<_, AppError>(list_organisations(conn)?)).await? {
        match work(organisation.id.0).await {
            Ok(count) => sum += count,
            Err(error) => tracing::error!(org = %organisation.id.0, ?error, "a job failed for an organisation"),
        }
    }
    Ok(sum)
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}
