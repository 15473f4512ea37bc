//! Received parts of uploads in an S3-compatible bucket, as `uploads/<org>/<device>/<upload>/<from>-<to>`.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use object_store::path::Path as Key;
use object_store::{Error, ObjectMeta, ObjectStoreExt as _};

use super::s3_objects::{S3Objects, unreachable};
use crate::ports::blobs::{BlobError, BlobFuture};
use crate::ports::parts::Parts;
use crate::ports::staging::StagingKey;

/// Above all parts.
const ALL: &str = "uploads";

/// Names the parts of an upload, each with a segment of its own below it.
fn folder(key: StagingKey) -> Key {
    Key::from_iter([ALL, &key.org.to_string(), &key.device.to_string(), &key.upload.to_string()])
}

fn name(key: StagingKey, part: &Range<u64>) -> Key {
    folder(key).join(format!("{}-{}", part.start, part.end))
}

/// The part that a name says; none of what is not ours.
fn part_of(key: &Key) -> Option<Range<u64>> {
    let (from, to) = key.filename()?.split_once('-')?;
    Some(from.parse().ok()?..to.parse().ok()?)
}

impl S3Objects {
    async fn list_below(&self, prefix: &Key) -> Result<Vec<ObjectMeta>, BlobError> {
        let mut listed = self.store.list(Some(prefix));
        let mut found = Vec::new();
        while let Some(object) = poll_fn(|cx| listed.as_mut().poll_next(cx)).await {
            found.push(object.map_err(unreachable)?);
        }
        Ok(found)
    }

    async fn remove(&self, key: &Key) -> Result<(), BlobError> {
        match self.store.delete(key).await {
            Err(Error::NotFound { .. }) | Ok(()) => Ok(()),
            Err(error) => Err(unreachable(error)),
        }
    }

    async fn remove_unchanged(&self, unchanged_for: Duration) -> Result<usize, BlobError> {
        let mut uploads = BTreeMap::<String, Vec<ObjectMeta>>::new();
        for object in self.list_below(&Key::from(ALL)).await? {
            let (upload, _part) = object.location.as_ref().rsplit_once('/').unwrap_or_default();
            uploads.entry(upload.to_owned()).or_default().push(object);
        }
        let is_old = |part: &ObjectMeta| {
            let age = SystemTime::from(part.last_modified).elapsed();
            age.is_ok_and(|age| age >= unchanged_for)
        };
        uploads.retain(|_, parts| parts.iter().all(is_old));
        for part in uploads.values().flatten() {
            self.remove(&part.location).await?;
        }
        Ok(uploads.len())
    }
}

impl Parts for S3Objects {
    fn put(&self, key: StagingKey, from: u64, bytes: Vec<u8>) -> BlobFuture<'_, ()> {
        let to = from.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let name = name(key, &(from..to));
        Box::pin(async move { self.store.put(&name, bytes.into()).await.map(drop).map_err(unreachable) })
    }

    fn list(&self, key: StagingKey) -> BlobFuture<'_, Vec<Range<u64>>> {
        Box::pin(async move {
            let found = self.list_below(&folder(key)).await?;
            Ok(found.iter().filter_map(|object| part_of(&object.location)).collect())
        })
    }

    fn read(&self, key: StagingKey, part: Range<u64>) -> BlobFuture<'_, Vec<u8>> {
        Box::pin(async move {
            let got = self.store.get(&name(key, &part)).await.map_err(unreachable)?;
            Ok(got.bytes().await.map_err(unreachable)?.into())
        })
    }

    fn forget(&self, key: StagingKey) -> BlobFuture<'_, ()> {
        Box::pin(async move {
            for object in self.list_below(&folder(key)).await? {
                self.remove(&object.location).await?;
            }
            Ok(())
        })
    }

    fn forget_unchanged(&self, unchanged_for: Duration) -> BlobFuture<'_, usize> {
        Box::pin(self.remove_unchanged(unchanged_for))
    }
}
