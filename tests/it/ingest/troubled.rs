//! A blob storage that fails, or makes somebody wait, when the test says so.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Error;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use doorstep::ports::blobs::{BlobError, BlobFuture, BlobPieces, BlobStore, BlobWriter, UploadKey};
use sync_core::bytes::Hash;
use sync_core::ids::OrgId;
use tokio::sync::Semaphore;

/// The storage of a server, with troubles.
#[derive(Debug)]
pub(super) struct Troubled {
    sound: Arc<dyn BlobStore>,
    /// Originals that cannot be read.
    unreadable: Mutex<BTreeSet<Hash>>,
    /// Whether there is room for no copy.
    pub(super) is_full: AtomicBool,
    /// How many originals were read.
    pub(super) reads: AtomicUsize,
    /// How many copies may be stored; nothing waits for more than there will ever be.
    pub(super) copies: Semaphore,
    /// One for each copy that came to be stored.
    pub(super) came: Semaphore,
    /// One for each original that was read, before its reader has it.
    pub(super) was_read: Semaphore,
    /// How many readers may have what was read; nobody waits for more than there will ever be.
    pub(super) may_return: Semaphore,
}

impl Troubled {
    pub(super) fn new(sound: Arc<dyn BlobStore>) -> Self {
        Self {
            sound,
            unreadable: Mutex::default(),
            is_full: AtomicBool::new(false),
            reads: AtomicUsize::new(0),
            copies: Semaphore::new(Semaphore::MAX_PERMITS),
            came: Semaphore::new(0),
            was_read: Semaphore::new(0),
            may_return: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }

    pub(super) fn lose(&self, names: impl IntoIterator<Item = Hash>) {
        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).extend(names);
    }

    pub(super) fn find_again(&self) {
        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl BlobStore for Troubled {
    fn begin(&self, key: UploadKey, from: u64) -> BlobFuture<'_, Box<dyn BlobWriter>> {
        self.sound.begin(key, from)
    }

    fn received(&self, key: UploadKey) -> BlobFuture<'_, u64> {
        self.sound.received(key)
    }

    fn forget_parts(&self, unchanged_for: Duration) -> BlobFuture<'_, usize> {
        self.sound.forget_parts(unchanged_for)
    }

    fn read(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Vec<u8>> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        if self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).contains(&sha256) {
            return Box::pin(async { Err(BlobError::Io(Error::other("the disk answers nothing"))) });
        }
        Box::pin(async move {
            let bytes = self.sound.read(org, sha256).await;
            self.was_read.add_permits(1);
            self.may_return.acquire().await.expect("never closed").forget();
            bytes
        })
    }

    fn open(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, File> {
        self.sound.open(org, sha256)
    }

    fn read_head(&self, org: OrgId, sha256: Hash, bytes: usize) -> BlobFuture<'_, Vec<u8>> {
        self.sound.read_head(org, sha256, bytes)
    }

    fn pieces(&self, org: OrgId, sha256: Hash, range: Range<u64>) -> BlobFuture<'_, Box<dyn BlobPieces>> {
        self.sound.pieces(org, sha256, range)
    }

    fn checked_pieces(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, Box<dyn BlobPieces>> {
        self.sound.checked_pieces(org, sha256)
    }

    fn exists(&self, org: OrgId, sha256: Hash) -> BlobFuture<'_, bool> {
        self.sound.exists(org, sha256)
    }

    fn scratch(&self) -> BlobFuture<'_, File> {
        self.sound.scratch()
    }

    fn put_derived<'a>(&'a self, org: OrgId, name: &'a str, bytes: Vec<u8>) -> BlobFuture<'a, ()> {
        Box::pin(async move {
            self.came.add_permits(1);
            let _room = self.copies.acquire().await.expect("never closed");
            if self.is_full.load(Ordering::SeqCst) {
                return Err(BlobError::Full);
            }
            self.sound.put_derived(org, name, bytes).await
        })
    }

    fn check_writable(&self) -> BlobFuture<'_, ()> {
        self.sound.check_writable()
    }

    fn read_derived<'a>(&'a self, org: OrgId, name: &'a str) -> BlobFuture<'a, Vec<u8>> {
        self.sound.read_derived(org, name)
    }
}
