//! Chooses where finished blobs are kept: the directory of the data, or a bucket.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::bucket_staging::BucketStaging;
use super::fs_objects::FsObjects;
use super::fs_staging::FsStaging;
use super::scratch::Scratch;
use crate::config::Config;
use crate::ports::{Objects, Parts, Staging};

/// Why blobs cannot be kept where the configuration says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectsError {
    /// This program was built for directories only.
    #[error("blobs are to be kept in the bucket {0}, and this doorstep was built without S3 (cargo feature `s3`)")]
    NotBuilt(String),
    /// The settings are no description of a bucket.
    #[error("the settings of S3: {0}")]
    Settings(String),
    /// What they describe is no place for blobs.
    #[error("blobs cannot be kept where the settings say: {0}")]
    Fault(String),
}

/// How long the place of blobs has for an answer when it is looked at; a start waits no longer for one that hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at the place of blobs. One that gives no answer may give one later: then nothing is said.
///
/// # Errors
/// If it is not there, or refuses us.
pub async fn check(objects: &dyn Objects) -> Result<(), ObjectsError> {
    match tokio::time::timeout(PATIENCE, objects.fault()).await {
        Ok(Ok(None)) => Ok(()),
        Ok(Ok(Some(fault))) => Err(ObjectsError::Fault(fault)),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the place of blobs gives no answer");
            Ok(())
        }
        Err(_elapsed) => {
            tracing::warn!("the place of blobs gives no answer in time");
            Ok(())
        }
    }
}

/// Opens what the configuration names, for reading beside running servers; it holds no lock.
///
/// # Errors
/// If the configuration names what this program cannot do.
pub fn open(config: &Config) -> Result<Arc<dyn Objects>, ObjectsError> {
    let root = config.data_dir.join("blobs");
    Ok(open_with(config, Arc::new(Scratch::new(&root)))?.objects)
}

/// Where a server keeps what it is sent.
pub(crate) struct Places {
    /// Finished blobs.
    pub(crate) objects: Arc<dyn Objects>,
    /// What has arrived of others, where nodes need no directory in common.
    parts: Option<Arc<dyn Parts>>,
}

impl Places {
    /// What stages uploads, for a process with a name of its own and a directory of blobs.
    pub(crate) fn staging(&self, directory: &Path, process: &str) -> Arc<dyn Staging> {
        let local = Arc::new(FsStaging::new(directory, process).keeping_in(Arc::clone(&self.objects)));
        match &self.parts {
            Some(parts) => Arc::new(BucketStaging::new(local, Arc::clone(parts))),
            None => local,
        }
    }
}

/// Opens what the configuration names for a process with a directory of its own for unfinished files.
pub(crate) fn open_with(config: &Config, scratch: Arc<Scratch>) -> Result<Places, ObjectsError> {
    match &config.s3.bucket {
        Some(bucket) => in_bucket(config, bucket, scratch),
        None => Ok(Places { objects: Arc::new(FsObjects::new(&config.data_dir.join("blobs"), scratch)), parts: None }),
    }
}

#[cfg(feature = "s3")]
fn in_bucket(config: &Config, bucket: &str, scratch: Arc<Scratch>) -> Result<Places, ObjectsError> {
    let objects = super::s3_objects::S3Objects::open(&config.s3, bucket, scratch);
    let objects = Arc::new(objects.map_err(|error| ObjectsError::Settings(error.to_string()))?);
    let parts: Arc<dyn Parts> = Arc::<super::s3_objects::S3Objects>::clone(&objects);
    Ok(Places { objects, parts: Some(parts) })
}

#[cfg(not(feature = "s3"))]
fn in_bucket(_config: &Config, bucket: &str, _scratch: Arc<Scratch>) -> Result<Places, ObjectsError> {
    Err(ObjectsError::NotBuilt(bucket.to_owned()))
}
