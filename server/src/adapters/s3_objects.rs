//! Finished blobs in an S3-compatible bucket.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, Checksum};
use object_store::client::HttpConnector;
use object_store::path::Path as Key;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig};
use sha2::{Digest as _, Sha256};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::fs_blobs::{blocking, io_error};
use super::s3_http::Waiting;
use super::scratch::Scratch;
use crate::config::S3Config;
use crate::ports::blobs::{BlobError, BlobFuture};
use crate::ports::objects::Objects;

/// Bytes up to which a blob is sent by one request.
///
/// # Source
/// Photo notes, section 1: one PUT up to 16 MiB, parts above.
const SINGLE_PUT_BYTES: u64 = 16 << 20;

/// Bytes of a part, and bytes that are read at once.
///
/// # Source
/// S3 takes parts from 5 MiB on.
const PART_BYTES: u64 = 8 << 20;

/// How often a request is sent again, and for how long, before its sender is told that nothing is stored.
const RETRIES: (usize, Duration) = (3, Duration::from_secs(20));

/// Written to see whether the bucket can be written.
const PROBE: &str = "ready";

/// Keeps blobs under `o/<org>/sha256/ab/cd/<hex>` in a bucket.
#[derive(Debug)]
pub(super) struct S3Objects {
    store: Arc<dyn ObjectStore>,
    scratch: Arc<Scratch>,
}

impl S3Objects {
    /// Keeps blobs in a bucket; asks it nothing yet.
    ///
    /// # Errors
    /// If the settings name no possible bucket.
    pub(super) fn open(config: &S3Config, bucket: &str, scratch: Arc<Scratch>) -> object_store::Result<Self> {
        Self::over(Waiting::new(), config, bucket, scratch)
    }

    fn over(
        connector: impl HttpConnector,
        config: &S3Config,
        bucket: &str,
        scratch: Arc<Scratch>,
    ) -> object_store::Result<Self> {
        let (max_retries, retry_timeout) = RETRIES;
        let mut builder = AmazonS3Builder::new()
            .with_http_connector(connector)
            .with_bucket_name(bucket)
            .with_region(&config.region)
            .with_retry(RetryConfig { max_retries, retry_timeout, ..RetryConfig::default() })
            // Whoever receives the bytes compares them with it before he keeps them.
            .with_checksum_algorithm(Checksum::SHA256);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(true);
        }
        if let (Some(id), Some(secret)) = (&config.access_key_id, &config.secret_access_key) {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret.reveal());
        }
        if let Some(token) = &config.session_token {
            builder = builder.with_token(token.reveal());
        }
        Ok(Self { store: Arc::new(builder.build()?), scratch })
    }

    async fn put(&self, file: &Path, key: &Key) -> Result<(), BlobError> {
        let mut file = File::open(file).await.map_err(io_error)?;
        if file.metadata().await.map_err(io_error)?.len() > SINGLE_PUT_BYTES {
            return self.put_in_parts(file, key).await;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).await.map_err(io_error)?;
        self.store.put(key, bytes.into()).await.map(drop).map_err(s3_error)
    }

    async fn put_in_parts(&self, mut file: File, key: &Key) -> Result<(), BlobError> {
        let mut upload = self.store.put_multipart(key).await.map_err(s3_error)?;
        let sent = async {
            loop {
                let mut part = Vec::new();
                (&mut file).take(PART_BYTES).read_to_end(&mut part).await.map_err(io_error)?;
                if part.is_empty() {
                    return upload.complete().await.map(drop).map_err(s3_error);
                }
                upload.put_part(PutPayload::from(part)).await.map_err(s3_error)?;
            }
        };
        let sent = sent.await;
        if sent.is_err() {
            // Parts that stay behind cost room only; a rule of the bucket removes those of a process that died.
            let _ = upload.abort().await;
        }
        sent
    }

    /// Reads an object piece by piece, from its beginning to its end.
    async fn pieces(
        &self,
        key: &Key,
        mut each: impl FnMut(&[u8]) -> std::io::Result<()> + Send,
    ) -> Result<(), BlobError> {
        let size = self.store.head(key).await.map_err(s3_error)?.size;
        let mut from = 0;
        while from < size {
            let to = size.min(from.saturating_add(PART_BYTES));
            let piece = self.store.get_range(key, from..to).await.map_err(s3_error)?;
            each(&piece).map_err(BlobError::of_io)?;
            from = to;
        }
        Ok(())
    }

    async fn read_key(&self, key: &Key) -> Result<Vec<u8>, BlobError> {
        let mut bytes = Vec::new();
        self.pieces(key, |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })
        .await?;
        Ok(bytes)
    }

    async fn hash_key(&self, key: &Key) -> Result<Hash, BlobError> {
        let mut hasher = Sha256::new();
        self.pieces(key, |piece| {
            hasher.update(piece);
            Ok(())
        })
        .await?;
        Ok(Hash(hasher.finalize().into()))
    }

    /// Whether the bucket holds these very bytes already.
    async fn is_sound(&self, key: &Key, sha256: Hash) -> Result<bool, BlobError> {
        match self.hash_key(key).await {
            Err(BlobError::NotFound) => Ok(false),
            actual => Ok(actual? == sha256),
        }
    }
}

/// The name of a blob in the bucket.
fn key(org: OrgId, sha256: Hash) -> Key {
    let hex = sha256.to_string();
    let (first, rest) = hex.split_at(2);
    let (second, _) = rest.split_at(2);
    Key::from_iter(["o", &org.to_string(), "sha256", first, second, &hex])
}

fn derived_key(org: OrgId, name: &str) -> Key {
    Key::from(format!("o/{org}/derived/{name}"))
}

fn s3_error(error: Error) -> BlobError {
    match error {
        Error::NotFound { .. } => BlobError::NotFound,
        error => BlobError::Unreachable(Box::new(error)),
    }
}

impl Objects for S3Objects {
    /// Sends the bytes, reads them back and compares their hash: some who speak this protocol repeat the checksum that
    /// they were sent and keep other bytes.
    fn take<'a>(&'a self, file: &'a Path, org: OrgId, sha256: Hash) -> BlobFuture<'a, ()> {
        Box::pin(async move {
            let key = key(org, sha256);
            // Sound bytes are never written over: a phone may have freed its own by the receipt for them.
            if !self.is_sound(&key, sha256).await? {
                match self.put(file, &key).await {
                    // Another upload of the same bytes was finished meanwhile, and took this try for a leftover.
                    Err(BlobError::NotFound) if !file.exists() => {}
                    sent => sent?,
                }
                let actual = self.hash_key(&key).await?;
                if actual != sha256 {
                    let text = format!("the bucket gives back {actual} for {sha256}");
                    return Err(BlobError::Unreachable(text.into()));
                }
            }
            // A leftover costs room only.
            let _ = tokio::fs::remove_file(file).await;
            Ok(())
        })
    }

    fn find(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Option<u64>> {
        Box::pin(async move {
            match self.store.head(&key(org, sha256)).await {
                Ok(found) => Ok(Some(found.size)),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(s3_error(error)),
            }
        })
    }

    fn hash(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Hash> {
        Box::pin(async move { self.hash_key(&key(org, sha256)).await })
    }

    fn read(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Vec<u8>> {
        Box::pin(async move { self.read_key(&key(org, sha256)).await })
    }

    fn read_head(&self, org: OrgId, sha256: Hash, bytes: usize) -> BlobFuture<'_, Vec<u8>> {
        Box::pin(async move {
            let key = key(org, sha256);
            let size = self.store.head(&key).await.map_err(s3_error)?.size;
            let to = size.min(u64::try_from(bytes).unwrap_or(u64::MAX));
            if to == 0 {
                return Ok(Vec::new());
            }
            Ok(self.store.get_range(&key, 0..to).await.map_err(s3_error)?.to_vec())
        })
    }

    fn open(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, std::fs::File> {
        Box::pin(async move {
            let scratch = Arc::clone(&self.scratch);
            let mut file = blocking(move || scratch.file().map_err(BlobError::of_io)).await?;
            self.pieces(&key(org, sha256), |piece| file.write_all(piece)).await?;
            file.seek(SeekFrom::Start(0)).map_err(BlobError::of_io)?;
            Ok(file)
        })
    }

    fn put_derived<'a>(&'a self, org: OrgId, name: &'a str, bytes: Vec<u8>) -> BlobFuture<'a, ()> {
        Box::pin(async move { self.store.put(&derived_key(org, name), bytes.into()).await.map(drop).map_err(s3_error) })
    }

    fn read_derived<'a>(&'a self, org: OrgId, name: &'a str) -> BlobFuture<'a, Vec<u8>> {
        Box::pin(async move { self.read_key(&derived_key(org, name)).await })
    }

    fn check_writable(&self) -> BlobFuture<'_, ()> {
        let probe = PutPayload::from_static(b"ready");
        Box::pin(async move { self.store.put(&Key::from(PROBE), probe).await.map(drop).map_err(s3_error) })
    }
}

#[cfg(test)]
#[path = "s3_objects_tests.rs"]
mod tests;
