//! Finished blobs in an S3-compatible bucket.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, Checksum};
use object_store::client::HttpConnector;
use object_store::path::Path as Key;
use object_store::{Error, GetOptions, ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig};
use sha2::{Digest as _, Sha256};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::sync::Semaphore;

use super::fs_blobs::{blocking, io_error};
use super::pieces::{PIECE_BYTES, check_end};
use super::s3_http::Waiting;
use super::scratch::Scratch;
use crate::config::S3Config;
use crate::ports::blobs::{BlobError, BlobFuture, BlobPieces};
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

/// The same for what is written to see whether the bucket can be written.
const PROBE_RETRIES: (usize, Duration) = (1, Duration::from_secs(5));

/// Blobs, or parts of them, that are in memory at once to be sent.
///
/// # Source
/// With `SINGLE_PUT_BYTES` of each 128 MiB, however many uploads are received at once.
const SENT_AT_ONCE: usize = 8;

/// Written to see whether the bucket can be written.
const PROBE: &str = "ready";

/// The code of an answer that says of a bucket which is there that it has no such object.
///
/// # Source
/// S3's list of error codes; of a bucket that is not there it is `NoSuchBucket`.
const NO_SUCH_KEY: &str = "<Code>NoSuchKey</Code>";

/// Keeps blobs under `o/<org>/sha256/ab/cd/<hex>` in a bucket.
#[derive(Debug, Clone)]
pub(super) struct S3Objects {
    pub(super) store: Arc<dyn ObjectStore>,
    /// The same bucket through a client of its own, for looking whether it answers.
    probing: Arc<dyn ObjectStore>,
    bucket: Arc<str>,
    scratch: Arc<Scratch>,
    sending: Arc<Semaphore>,
}

/// An object that is read piece by piece, all of one version.
struct Pieces {
    store: Arc<dyn ObjectStore>,
    key: Key,
    size: u64,
    version: Option<String>,
    from: u64,
    /// Where reading ends.
    to: u64,
    /// Most bytes of a piece.
    at_once: u64,
}

impl Pieces {
    /// The next bytes; none at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, BlobError> {
        if self.from >= self.to {
            return Ok(None);
        }
        let to = self.to.min(self.from.saturating_add(self.at_once));
        let options = GetOptions::new().with_range(Some(self.from..to)).with_if_match(self.version.clone());
        // One that has changed or is gone since the look at it may be read as a whole later.
        let got = self.store.get_opts(&self.key, options).await.map_err(unreachable)?;
        let (size, piece) = (got.meta.size, got.bytes().await.map_err(unreachable)?);
        let wanted = to.saturating_sub(self.from);
        if size != self.size || u64::try_from(piece.len()) != Ok(wanted) {
            let text = format!("{} was {} bytes long and is {size}", self.key, self.size);
            return Err(BlobError::Unreachable(text.into()));
        }
        self.from = to;
        Ok(Some(piece.into()))
    }
}

impl BlobPieces for Pieces {
    fn next(&mut self) -> BlobFuture<'_, Option<Vec<u8>>> {
        Box::pin(Pieces::next(self))
    }
}

impl S3Objects {
    /// Keeps blobs in a bucket; asks it nothing yet.
    ///
    /// # Errors
    /// If the settings name no possible bucket.
    pub(super) fn open(config: &S3Config, bucket: &str, scratch: Arc<Scratch>) -> object_store::Result<Self> {
        Self::over([Waiting::new(), Waiting::brief()], config, bucket, scratch)
    }

    /// Reaches the bucket in these ways: the first one is for blobs.
    fn over(
        [blobs, probe]: [impl HttpConnector; 2],
        config: &S3Config,
        bucket: &str,
        scratch: Arc<Scratch>,
    ) -> object_store::Result<Self> {
        let store = Arc::new(Self::reach(blobs, config, bucket, RETRIES)?);
        let probing = Arc::new(Self::reach(probe, config, bucket, PROBE_RETRIES)?);
        let sending = Arc::new(Semaphore::new(SENT_AT_ONCE));
        Ok(Self { store, probing, bucket: bucket.into(), scratch, sending })
    }

    fn reach(
        connector: impl HttpConnector,
        config: &S3Config,
        bucket: &str,
        (max_retries, retry_timeout): (usize, Duration),
    ) -> object_store::Result<AmazonS3> {
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
        builder.build()
    }

    async fn put(&self, file: &Path, key: &Key) -> Result<(), BlobError> {
        let _room = self.sending.acquire().await.map_err(|error| BlobError::Io(std::io::Error::other(error)))?;
        let mut file = File::open(file).await.map_err(io_error)?;
        if file.metadata().await.map_err(io_error)?.len() > SINGLE_PUT_BYTES {
            return self.put_in_parts(file, key).await;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).await.map_err(io_error)?;
        self.store.put(key, bytes.into()).await.map(drop).map_err(unreachable)
    }

    async fn put_in_parts(&self, mut file: File, key: &Key) -> Result<(), BlobError> {
        let mut upload = self.store.put_multipart(key).await.map_err(unreachable)?;
        let sent = async {
            loop {
                let mut part = Vec::new();
                (&mut file).take(PART_BYTES).read_to_end(&mut part).await.map_err(io_error)?;
                if part.is_empty() {
                    return upload.complete().await.map(drop).map_err(unreachable);
                }
                upload.put_part(PutPayload::from(part)).await.map_err(unreachable)?;
            }
        };
        let sent = sent.await;
        if sent.is_err() {
            // Parts that stay behind cost room only; a rule of the bucket removes those of a process that died.
            let _ = upload.abort().await;
        }
        sent
    }

    /// Begins to read an object.
    async fn pieces(&self, key: &Key) -> object_store::Result<Pieces> {
        let found = self.store.head(key).await?;
        let (store, key) = (Arc::clone(&self.store), key.clone());
        Ok(Pieces { store, key, size: found.size, version: found.e_tag, from: 0, to: found.size, at_once: PART_BYTES })
    }

    /// Begins to read an object that should be there.
    async fn known_pieces(&self, key: &Key) -> Result<Pieces, BlobError> {
        match self.pieces(key).await {
            Ok(pieces) => Ok(pieces),
            Err(error) => Err(self.reading_failed(error).await),
        }
    }

    /// What is wrong with an object that cannot be read: it is absent only from a bucket that is there.
    async fn reading_failed(&self, error: Error) -> BlobError {
        match error {
            Error::NotFound { .. } => match self.look().await {
                Ok(None) => BlobError::NotFound,
                Ok(Some(fault)) => BlobError::Unreachable(fault.into()),
                Err(error) => error,
            },
            error => unreachable(error),
        }
    }

    /// What is wrong with the bucket, if anything is.
    async fn look(&self) -> Result<Option<String>, BlobError> {
        let bucket = &self.bucket;
        match self.store.get(&Key::from(PROBE)).await {
            Ok(_probe) => Ok(None),
            // Only the answer to GET has a body, which tells the one from the other.
            Err(Error::NotFound { source, .. }) if source.to_string().contains(NO_SUCH_KEY) => Ok(None),
            Err(Error::NotFound { .. }) => Ok(Some(format!("there is no bucket {bucket} at this endpoint"))),
            Err(Error::PermissionDenied { .. } | Error::Unauthenticated { .. }) => Ok(Some(format!(
                "the bucket {bucket} refuses the access key, which needs s3:GetObject, s3:PutObject and s3:ListBucket"
            ))),
            Err(error) => Err(unreachable(error)),
        }
    }

    async fn read_key(&self, key: &Key, range: Range<u64>) -> Result<Vec<u8>, BlobError> {
        let mut pieces = self.known_pieces(key).await?;
        (pieces.from, pieces.to) = (range.start, range.end.min(pieces.size));
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// Whether the bucket holds these very bytes already.
    async fn is_sound(&self, key: &Key, sha256: Hash) -> Result<bool, BlobError> {
        match self.pieces(key).await {
            // Also where there is no bucket: writing fails then.
            Err(Error::NotFound { .. }) => Ok(false),
            pieces => Ok(hash(pieces.map_err(unreachable)?).await? == sha256),
        }
    }

    /// Sends the bytes, reads them back and compares their hash.
    async fn take_to_end(&self, file: PathBuf, key: Key, sha256: Hash) -> Result<(), BlobError> {
        // Sound bytes are never written over: a phone may have freed its own by the receipt for them.
        if !self.is_sound(&key, sha256).await? {
            match self.put(&file, &key).await {
                // Another upload of the same bytes was finished meanwhile, and took this try for a leftover.
                Err(BlobError::NotFound) if !file.exists() => {}
                sent => sent?,
            }
            let actual = hash(self.pieces(&key).await.map_err(unreachable)?).await?;
            if actual != sha256 {
                let text = format!("the bucket gives back {actual} for {sha256}");
                return Err(BlobError::Unreachable(text.into()));
            }
        }
        // A leftover costs room only.
        let _ = tokio::fs::remove_file(file).await;
        Ok(())
    }
}

/// Hashes what is left to read, on threads that may be busy.
async fn hash(mut pieces: Pieces) -> Result<Hash, BlobError> {
    let mut hasher = Sha256::new();
    while let Some(piece) = pieces.next().await? {
        hasher = blocking(move || {
            hasher.update(&piece);
            Ok(hasher)
        })
        .await?;
    }
    Ok(Hash(hasher.finalize().into()))
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

/// No answer from which anything follows: nothing is said to be stored, and nothing to be absent.
pub(super) fn unreachable(error: Error) -> BlobError {
    BlobError::Unreachable(Box::new(error))
}

impl Objects for S3Objects {
    /// Sends the bytes, reads them back and compares their hash: some who speak this protocol repeat the checksum that
    /// they were sent and keep other bytes.
    fn take<'a>(&'a self, file: &'a Path, org: OrgId, sha256: Hash) -> BlobFuture<'a, ()> {
        let (this, file) = (self.clone(), file.to_owned());
        // Of a request that nobody waits for any more no half is left in the bucket.
        let taken = async move { this.take_to_end(file, key(org, sha256), sha256).await };
        Box::pin(async move { tokio::spawn(taken).await.map_err(|error| BlobError::Io(std::io::Error::other(error)))? })
    }

    fn find(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Option<u64>> {
        Box::pin(async move {
            match self.store.head(&key(org, sha256)).await {
                Ok(found) => Ok(Some(found.size)),
                Err(error) => match self.reading_failed(error).await {
                    BlobError::NotFound => Ok(None),
                    error => Err(error),
                },
            }
        })
    }

    fn hash(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Hash> {
        Box::pin(async move { hash(self.known_pieces(&key(org, sha256)).await?).await })
    }

    fn read(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Vec<u8>> {
        Box::pin(async move { self.read_key(&key(org, sha256), 0..u64::MAX).await })
    }

    fn read_range(&self, org: OrgId, sha256: Hash, range: Range<u64>) -> BlobFuture<'_, Vec<u8>> {
        Box::pin(async move { self.read_key(&key(org, sha256), range).await })
    }

    fn pieces(&self, org: OrgId, sha256: Hash, range: Range<u64>) -> BlobFuture<'_, Box<dyn BlobPieces>> {
        Box::pin(async move {
            let mut pieces = self.known_pieces(&key(org, sha256)).await?;
            check_end(pieces.size, &range)?;
            (pieces.from, pieces.to, pieces.at_once) = (range.start, range.end, PIECE_BYTES);
            let pieces: Box<dyn BlobPieces> = Box::new(pieces);
            Ok(pieces)
        })
    }

    fn open(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, std::fs::File> {
        Box::pin(async move {
            let scratch = Arc::clone(&self.scratch);
            let mut file = blocking(move || scratch.file().map_err(BlobError::of_io)).await?;
            let mut pieces = self.known_pieces(&key(org, sha256)).await?;
            while let Some(piece) = pieces.next().await? {
                file = blocking(move || file.write_all(&piece).map(|()| file).map_err(BlobError::of_io)).await?;
            }
            file.seek(SeekFrom::Start(0)).map_err(BlobError::of_io)?;
            Ok(file)
        })
    }

    fn put_derived<'a>(&'a self, org: OrgId, name: &'a str, bytes: Vec<u8>) -> BlobFuture<'a, ()> {
        Box::pin(
            async move { self.store.put(&derived_key(org, name), bytes.into()).await.map(drop).map_err(unreachable) },
        )
    }

    fn read_derived<'a>(&'a self, org: OrgId, name: &'a str) -> BlobFuture<'a, Vec<u8>> {
        Box::pin(async move { self.read_key(&derived_key(org, name), 0..u64::MAX).await })
    }

    fn fault(&self) -> BlobFuture<'_, Option<String>> {
        Box::pin(self.look())
    }

    fn check_writable(&self) -> BlobFuture<'_, ()> {
        let probe = PutPayload::from_static(b"ready");
        Box::pin(async move { self.probing.put(&Key::from(PROBE), probe).await.map(drop).map_err(unreachable) })
    }
}

#[cfg(test)]
#[path = "s3_objects_tests.rs"]
mod tests;
