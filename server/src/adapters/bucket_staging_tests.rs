//! What one node was told, any other one has; and nothing comes back of what begins anew.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use sync_core::ids::{DeviceId, OrgId, UploadId};

use super::super::fs_staging::FsStaging;
use super::*;

/// A bucket in memory.
#[derive(Debug, Default)]
struct Bucket {
    parts: Mutex<BTreeMap<(u64, u64), Vec<u8>>>,
    is_down: AtomicBool,
}

impl Bucket {
    fn ranges(&self) -> Vec<(u64, u64)> {
        self.parts.lock().expect("the parts").keys().copied().collect()
    }

    fn answer<T>(&self, answer: impl FnOnce(&mut BTreeMap<(u64, u64), Vec<u8>>) -> T) -> Result<T, BlobError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(BlobError::Unreachable("it is down".into()));
        }
        Ok(answer(&mut self.parts.lock().expect("the parts")))
    }
}

fn pair(part: &Range<u64>) -> (u64, u64) {
    (part.start, part.end)
}

impl Parts for Bucket {
    fn put(&self, _key: StagingKey, from: u64, bytes: Vec<u8>) -> BlobFuture<'_, ()> {
        let to = from + u64::try_from(bytes.len()).expect("few bytes");
        Box::pin(async move { self.answer(|parts| drop(parts.insert((from, to), bytes))) })
    }

    fn list(&self, _key: StagingKey) -> BlobFuture<'_, Vec<Range<u64>>> {
        Box::pin(async { self.answer(|parts| parts.keys().map(|(from, to)| *from..*to).collect()) })
    }

    fn read(&self, _key: StagingKey, part: Range<u64>) -> BlobFuture<'_, Vec<u8>> {
        Box::pin(async move { self.answer(|parts| parts[&pair(&part)].clone()) })
    }

    fn forget(&self, _key: StagingKey) -> BlobFuture<'_, ()> {
        Box::pin(async { self.answer(BTreeMap::clear) })
    }

    fn forget_unchanged(&self, _unchanged_for: Duration) -> BlobFuture<'_, usize> {
        Box::pin(async { Ok(0) })
    }
}

/// Two nodes with a directory each, gone with the test.
struct Nodes {
    root: PathBuf,
    bucket: Arc<Bucket>,
}

impl Nodes {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("doorstep-shared-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&root).expect("a directory");
        Self { root, bucket: Arc::default() }
    }

    fn node(&self, name: &str) -> BucketStaging {
        let bucket: Arc<dyn Parts> = Arc::<Bucket>::clone(&self.bucket);
        let directory = self.root.join(name);
        std::fs::create_dir_all(&directory).expect("a directory");
        BucketStaging::new(Arc::new(FsStaging::new(&directory, name)), bucket)
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// An upload of which something was told.
fn arrived() -> StagedUpload {
    let (org, device) = (OrgId::from_bytes([1; 16]), DeviceId::from_bytes([2; 16]));
    let key = StagingKey { org, device, upload: UploadId::from_bytes([3; 16]) };
    StagedUpload { key, has_arrived: true }
}

/// The same, of which nothing was told.
fn begun() -> StagedUpload {
    StagedUpload { has_arrived: false, ..arrived() }
}

async fn append_and_keep(node: &BucketStaging, bytes: &[u8]) -> u64 {
    let mut staged = node.open(arrived()).await.expect("opened");
    staged.append(bytes).await.expect("written");
    staged.keep().await.expect("durable")
}

#[tokio::test]
async fn what_one_node_told_another_goes_on_with() {
    let nodes = Nodes::new("goes-on");
    let (here, there) = (nodes.node("here"), nodes.node("there"));
    assert_eq!(append_and_keep(&here, b"one, ").await, 5);
    assert_eq!(there.received(arrived()).await.expect("looked"), 0, "it is for the other to end it");
    assert_eq!(append_and_keep(&there, b"two, ").await, 10);
    // What broke off here was told to nobody: it stays, and is shared with what comes after it.
    let mut broken = here.open(arrived()).await.expect("opened");
    assert_eq!(broken.bytes(), 10);
    broken.append(b"thr").await.expect("written");
    drop(broken);
    assert_eq!(append_and_keep(&here, b"ee").await, 15);
    assert_eq!(nodes.bucket.ranges(), [(0, 5), (5, 10), (10, 15)]);

    let staged = there.open(arrived()).await.expect("opened");
    let whole = Hash::of(b"one, two, three");
    assert_eq!(staged.publish(Some(whole)).await.expect("the bytes of all nodes"), whole);
    there.forget(arrived()).await.expect("forgotten");
    assert_eq!(nodes.bucket.ranges(), []);
}

#[tokio::test]
async fn who_has_lost_an_upload_adds_nothing_to_what_others_know() {
    let nodes = Nodes::new("lost");
    let here = nodes.node("here");
    let mut old = here.open(arrived()).await.expect("opened");
    old.append(b"too late").await.expect("written where nobody reads");
    here.forget(arrived()).await.expect("ended");
    assert!(matches!(old.keep().await, Err(BlobError::NotFound)));
    assert_eq!(nodes.bucket.ranges(), []);
}

#[tokio::test]
async fn an_upload_in_one_piece_never_is_a_part() {
    let nodes = Nodes::new("one-piece");
    let here = nodes.node("here");
    let mut staged = here.open(begun()).await.expect("opened");
    staged.append(&vec![7; 300_000]).await.expect("written");
    // Nor is the bucket asked for any.
    nodes.bucket.is_down.store(true, Ordering::SeqCst);
    staged.publish(None).await.expect("a blob");
    here.forget(begun()).await.expect("forgotten");
    assert_eq!(nodes.bucket.ranges(), []);
}

#[tokio::test]
async fn large_parts_are_cut_and_come_back_whole() {
    let nodes = Nodes::new("large");
    let (here, there) = (nodes.node("here"), nodes.node("there"));
    let bytes: Vec<u8> = (0_u32..5_000_000).flat_map(u32::to_be_bytes).collect();
    assert_eq!(append_and_keep(&here, &bytes).await, 20_000_000);
    let part = PART_BYTES;
    assert_eq!(nodes.bucket.ranges(), [(0, part), (part, 2 * part), (2 * part, 20_000_000)]);
    let staged = there.open(arrived()).await.expect("opened");
    assert_eq!(staged.publish(None).await.expect("a blob"), Hash::of(&bytes));
}

#[tokio::test]
async fn nothing_comes_back_of_bytes_that_were_not_what_was_declared() {
    let nodes = Nodes::new("anew");
    let (here, there) = (nodes.node("here"), nodes.node("there"));
    append_and_keep(&here, b"others").await;
    let staged = there.open(arrived()).await.expect("opened");
    nodes.bucket.is_down.store(true, Ordering::SeqCst);
    let refused = staged.publish(Some(Hash::of(b"declared"))).await;
    assert!(matches!(refused, Err(BlobError::HashMismatch { .. })), "{refused:?}");

    // What could not be removed is found wrong at any node, until nothing can come back.
    nodes.bucket.is_down.store(false, Ordering::SeqCst);
    let staged = there.open(arrived()).await.expect("opened");
    assert_eq!(staged.bytes(), 6);
    let refused = staged.publish(Some(Hash::of(b"declared"))).await;
    assert!(matches!(refused, Err(BlobError::HashMismatch { .. })), "{refused:?}");
    assert_eq!(there.open(begun()).await.expect("opened").bytes(), 0);
    // What the first node has still, it finds wrong in its turn.
    let staged = here.open(begun()).await.expect("opened");
    assert_eq!(staged.bytes(), 6);
    let refused = staged.publish(Some(Hash::of(b"declared"))).await;
    assert!(matches!(refused, Err(BlobError::HashMismatch { .. })), "{refused:?}");
    assert_eq!(here.open(begun()).await.expect("opened").bytes(), 0);
}

#[tokio::test]
async fn what_the_bucket_did_not_take_is_not_told_and_stays() {
    let nodes = Nodes::new("down");
    let here = nodes.node("here");
    let mut staged = here.open(arrived()).await.expect("opened");
    staged.append(b"received").await.expect("written");
    nodes.bucket.is_down.store(true, Ordering::SeqCst);
    assert!(matches!(staged.keep().await, Err(BlobError::Unreachable(_))));
    nodes.bucket.is_down.store(false, Ordering::SeqCst);
    assert_eq!(append_and_keep(&here, b"").await, 8);
    assert_eq!(nodes.bucket.ranges(), [(0, 8)]);
}

#[test]
fn parts_count_as_far_as_they_leave_no_gap() {
    let parts = vec![20..30, 0..5, 4..10, 0..4, 11..12, 6..9];
    assert_eq!(without_gap(parts), [0..4, 0..5, 4..10]);
    assert_eq!(without_gap(vec![1..2, 2..3]), []);
}
