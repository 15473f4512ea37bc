//! What is staged: where it goes on, who takes it over, what is left of it.

use std::time::SystemTime;

use sync_core::ids::{DeviceId, OrgId, UploadId};

use super::super::fs_objects::relative_path;
use super::super::fs_staging_names::Entered;
use super::*;

/// A directory of blobs, gone with the test.
struct Blobs(PathBuf);

impl Blobs {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("doorstep-staging-{name}-{}", std::process::id()));
        fs::create_dir_all(&root).expect("a directory");
        Self(root)
    }
}

impl Drop for Blobs {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn key() -> StagingKey {
    let (org, device) = (OrgId::from_bytes([1; 16]), DeviceId::from_bytes([2; 16]));
    StagingKey { org, device, upload: UploadId::from_bytes([3; 16]) }
}

fn upload() -> StagedUpload {
    StagedUpload { key: key(), has_arrived: true }
}

fn files(staging: &FsStaging) -> Vec<PathBuf> {
    staging.names(key()).enter().and_then(|entered| entered.all()).expect("the files")
}

#[tokio::test]
async fn who_comes_anew_takes_over_and_the_other_writes_where_nobody_reads() {
    let blobs = Blobs::new("takes-over");
    let (here, there) = (FsStaging::new(&blobs.0, "here"), FsStaging::new(&blobs.0, "there"));
    let mut old = here.open(upload()).await.expect("opened");
    old.append(&vec![1; PIECE_BYTES]).await.expect("written");
    let mut new = there.open(upload()).await.expect("taken over");
    assert_eq!(new.bytes(), 256 << 10);
    old.append(b"lost").await.expect("written where nobody reads");
    assert!(matches!(old.keep().await, Err(BlobError::NotFound)));
    new.append(b"kept").await.expect("written");
    assert_eq!(new.keep().await.expect("durable"), (256 << 10) + 4);
    assert_eq!(files(&here).len(), 1);
    let again = here.open(upload()).await.expect("opened");
    assert_eq!(again.bytes(), (256 << 10) + 4);
    assert!(again.publish(None).await.is_ok(), "the bytes are a blob");
}

#[tokio::test]
async fn a_blob_that_is_staged_still_is_published_again_and_leaves_one_name() {
    let blobs = Blobs::new("again");
    let staging = FsStaging::new(&blobs.0, "here");
    let mut first = staging.open(upload()).await.expect("opened");
    first.append(b"a photo").await.expect("written");
    let name = first.publish(Some(Hash::of(b"a photo"))).await.expect("published");
    let second = staging.open(upload()).await.expect("as after a kill before its row was written");
    assert_eq!((second.bytes(), second.publish(Some(name)).await.expect("again")), (7, name));
    assert_eq!(files(&staging).len(), 1);
    staging.forget(upload()).await.expect("forgotten");
    assert_eq!(files(&staging).len(), 0);
    assert_eq!(fs::read(blobs.0.join(relative_path(key().org, name))).expect("the blob"), b"a photo");
}

#[tokio::test]
async fn what_was_heard_of_is_no_leftover() {
    let blobs = Blobs::new("leftover");
    let staging = FsStaging::new(&blobs.0, "here");
    let day = Duration::from_secs(24 * 3600);
    staging.open(upload()).await.expect("opened").keep().await.expect("durable");
    let old = SystemTime::UNIX_EPOCH;
    let make_old = || {
        let file = File::options().write(true).open(&files(&staging)[0]).expect("the file");
        file.set_modified(old).expect("its time");
    };
    make_old();
    staging.open(upload()).await.expect("opened").keep().await.expect("durable");
    assert_eq!(staging.forget_unchanged(day).await.expect("looked"), 0);
    make_old();
    assert_eq!(staging.forget_unchanged(day).await.expect("looked"), 1);
}

#[tokio::test]
async fn what_is_a_blob_already_is_never_written_again() {
    let blobs = Blobs::new("blob");
    let staging = FsStaging::new(&blobs.0, "here");
    let mut first = staging.open(upload()).await.expect("opened");
    first.append(b"a photo").await.expect("written");
    let name = first.publish(None).await.expect("published");
    let mut late = staging.open(upload()).await.expect("as by who has not heard of it");
    assert_eq!(late.bytes(), 7);
    late.append(b"x").await.expect("written");
    drop(late);
    assert_eq!(fs::read(blobs.0.join(relative_path(key().org, name))).expect("the blob"), b"a photo");
    assert_eq!(fs::read(&files(&staging)[0]).expect("the upload"), b"a photox");
}

/// Bytes of which it was told that they are kept.
const KEPT: u64 = 256 << 10;

/// A writer of whom so much was acknowledged, and who is not heard any more.
async fn writer_of_before(staging: &FsStaging) -> Box<dyn Staged> {
    let mut old = staging.open(upload()).await.expect("opened");
    old.append(&vec![1; PIECE_BYTES]).await.expect("written");
    assert_eq!(old.keep().await.expect("acknowledged"), KEPT);
    staging.open(upload()).await.expect("opened")
}

/// A takeover by another process, which comes so far and no further.
fn take_over(entered: &Entered<'_>, steps: usize) -> Option<Held> {
    match steps {
        0 => None,
        1 => Some(entered.copy(0).expect("copied")),
        2 => Some(entered.name(entered.copy(0).expect("copied"), 1).expect("named")),
        _ => Some(entered.take_over(0).expect("taken over")),
    }
}

/// The steps after which the copy counts.
const NAMED: usize = 2;

#[tokio::test]
async fn a_takeover_that_is_killed_at_any_step_loses_nothing_that_was_acknowledged() {
    for steps in 0..4 {
        let blobs = Blobs::new(&format!("killed-{steps}"));
        let (here, there) = (FsStaging::new(&blobs.0, "here"), FsStaging::new(&blobs.0, "there").names(key()));
        let mut old = writer_of_before(&here).await;
        // What the other process holds goes with it.
        drop(take_over(&there.enter().expect("entered"), steps));
        old.append(b"more").await.expect("written");
        let kept = old.keep().await;
        let third = FsStaging::new(&blobs.0, "third").open(upload()).await.expect("opened");
        if steps < NAMED {
            assert_eq!(kept.expect("acknowledged"), KEPT + 4, "after {steps} steps");
            assert_eq!(third.bytes(), KEPT + 4, "after {steps} steps");
        } else {
            assert!(matches!(kept, Err(BlobError::NotFound)), "nothing is acknowledged after {steps} steps");
            assert_eq!(third.bytes(), KEPT, "what was acknowledged is there after {steps} steps");
        }
    }
}

#[tokio::test]
async fn a_third_writer_comes_in_at_no_step_of_a_takeover_and_goes_on_where_it_ended_or_was_killed() {
    for (steps, is_killed) in (0..4).flat_map(|steps| [(steps, false), (steps, true)]) {
        let blobs = Blobs::new(&format!("third-{steps}-{is_killed}"));
        let (here, there) = (FsStaging::new(&blobs.0, "here"), FsStaging::new(&blobs.0, "there"));
        let third = FsStaging::new(&blobs.0, "third");
        // The writer of before has ended: nothing but the gate keeps others from his file.
        drop(writer_of_before(&here).await);
        let names = there.names(key());
        let entered = names.enter().expect("entered");
        let held = take_over(&entered, steps);
        let gate = File::options().write(true).open(third.names(key()).gate).expect("the gate");
        assert!(matches!(gate.try_lock(), Err(fs::TryLockError::WouldBlock)), "it is open after {steps} steps");
        drop(gate);
        let mut second = None;
        if steps >= NAMED && !is_killed {
            second = held.map(|held| FsStaged::new(names.clone(), held, key(), Arc::clone(&there.objects)));
        } else {
            drop(held);
        }
        drop(entered);
        let mut third = third.open(upload()).await.expect("opened");
        assert_eq!(third.bytes(), KEPT, "after {steps} steps");
        third.append(b"third").await.expect("written");
        assert_eq!(third.keep().await.expect("acknowledged"), KEPT + 5);
        if let Some(mut second) = second {
            second.append(b"second").await.expect("written where nobody reads");
            assert!(matches!(Box::new(second).keep().await, Err(BlobError::NotFound)));
        }
        let next = there.open(upload()).await.expect("opened");
        assert_eq!(next.bytes(), KEPT + 5, "what the third was told is there after {steps} steps");
    }
}

#[tokio::test]
async fn a_writer_of_before_acknowledges_nothing_in_what_was_taken_over_twice() {
    let blobs = Blobs::new("twice");
    let (here, there) = (FsStaging::new(&blobs.0, "here"), FsStaging::new(&blobs.0, "there").names(key()));
    let mut old = writer_of_before(&here).await;
    // The process that took over is killed before it removed what does not count any more.
    drop(take_over(&there.enter().expect("entered"), NAMED));
    let third = FsStaging::new(&blobs.0, "third");
    let mut new = third.open(upload()).await.expect("taken over");
    old.append(b"more").await.expect("written where nobody reads");
    assert!(matches!(old.keep().await, Err(BlobError::NotFound)), "his file has its name, and counts no more");
    new.append(b"kept").await.expect("written");
    assert_eq!(new.keep().await.expect("durable"), KEPT + 4);
}

#[tokio::test]
async fn a_number_that_is_used_again_is_not_that_of_a_writer_of_before() {
    let blobs = Blobs::new("number");
    let (here, there) = (FsStaging::new(&blobs.0, "here"), FsStaging::new(&blobs.0, "there"));
    let mut old = writer_of_before(&here).await;
    let wrong = there.open(upload()).await.expect("taken over").publish(Some(Hash::of(b"another"))).await;
    assert!(matches!(wrong, Err(BlobError::HashMismatch { .. })), "{wrong:?}");
    let mut new = there.open(upload()).await.expect("begun anew");
    new.append(b"new").await.expect("written");
    assert_eq!(new.keep().await.expect("acknowledged"), 3);
    old.append(b"more").await.expect("written where nobody reads");
    assert!(matches!(old.keep().await, Err(BlobError::NotFound)), "its number is that of another file");
    assert_eq!(here.open(upload()).await.expect("opened").bytes(), 3);
}

#[tokio::test]
async fn a_writer_of_before_whose_bytes_are_wrong_removes_nothing_of_who_took_over() {
    let blobs = Blobs::new("wrong");
    let (here, there) = (FsStaging::new(&blobs.0, "here"), FsStaging::new(&blobs.0, "there"));
    let mut old = writer_of_before(&here).await;
    there.open(upload()).await.expect("taken over").keep().await.expect("acknowledged");
    old.append(b"bent on the way").await.expect("written where nobody reads");
    let published = old.publish(Some(Hash::of(b"another"))).await;
    assert!(matches!(published, Err(BlobError::NotFound)), "{published:?}");
    assert_eq!(here.open(upload()).await.expect("opened").bytes(), KEPT);
}

#[test]
fn a_takeover_that_fails_leaves_what_has_arrived_and_nothing_else() {
    let blobs = Blobs::new("fails");
    let staging = FsStaging::new(&blobs.0, "here");
    let names = staging.names(key());
    let entered = names.enter().expect("entered");
    entered.open().expect("begun").file.write_all(b"arrived").expect("written");
    // The passing name is not free.
    fs::create_dir(&names.passing).expect("a directory");
    assert!(entered.take_over(0).is_err());
    fs::remove_dir(&names.passing).expect("removed");
    drop(entered);
    assert_eq!(files(&staging), [names.numbered(0)]);
    assert_eq!(fs::read(names.numbered(0)).expect("the file"), b"arrived");
}

#[tokio::test]
async fn nothing_is_published_of_an_upload_that_was_begun_anew_under_its_name() {
    let blobs = Blobs::new("anew");
    let (here, there) = (FsStaging::new(&blobs.0, "here"), FsStaging::new(&blobs.0, "there"));
    let mut first = here.open(upload()).await.expect("opened");
    first.append(b"a photo").await.expect("written");
    // Another process ends the upload and begins it anew: the name is that of another file.
    there.forget(upload()).await.expect("forgotten");
    let mut second = there.open(upload()).await.expect("begun anew");
    second.append(b"another").await.expect("written");
    second.keep().await.expect("durable");
    let name = Hash::of(b"a photo");
    let published = first.publish(Some(name)).await;
    assert!(matches!(published, Err(BlobError::NotFound)), "{published:?}");
    assert!(!blobs.0.join(relative_path(key().org, name)).exists(), "other bytes under this name");
    assert_eq!(files(&there).len(), 1, "the passing name is gone");
}
