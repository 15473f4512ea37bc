//! What is promised of stored blobs, by each storage alike.

use std::time::Duration;

use doorstep::ports::{BlobError, BlobStore, StagedUpload, StagingKey, UploadKey};
use integration_tests::app::TestApp;
use integration_tests::bucket::Bucket;
use integration_tests::company::{HAOYU, YUNZE};
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, UploadId};

use crate::uploads::photo;

/// A server that keeps blobs in its directory, and one that keeps them in a bucket.
async fn both() -> [TestApp; 2] {
    let bucket = Bucket::new();
    let directory = |config: &mut doorstep::config::Config| config.s3.bucket = None;
    [TestApp::configured(directory).await, TestApp::configured(|config| bucket.set(config)).await]
}

fn key(bytes: &[u8]) -> UploadKey {
    UploadKey { org: YUNZE.org, device: DeviceId::from_bytes([7; 16]), sha256: Hash::of(bytes) }
}

async fn store(blobs: &dyn BlobStore, bytes: &[u8]) -> Result<u64, BlobError> {
    let mut writer = blobs.begin(key(bytes), 0).await?;
    writer.write(bytes).await?;
    writer.finish().await
}

#[actix_web::test]
async fn what_is_stored_is_read_as_it_was() {
    // One request, the largest one, and parts: the last of them a single byte.
    for size in [1, 300_000, 16 << 20, (16 << 20) + 1, (24 << 20) + 1] {
        let bytes = photo(size);
        let name = Hash::of(&bytes);
        for app in both().await {
            let blobs = &*app.state.blobs;
            assert!(!blobs.exists(YUNZE.org, name).await.expect("an answer"));
            assert!(matches!(blobs.read(YUNZE.org, name).await, Err(BlobError::NotFound)));
            assert!(matches!(blobs.open(YUNZE.org, name).await, Err(BlobError::NotFound)));
            assert!(matches!(blobs.read_head(YUNZE.org, name, 10).await, Err(BlobError::NotFound)));
            assert_eq!(store(blobs, &bytes).await.expect("stored"), u64::try_from(size).expect("a size"));
            assert!(blobs.exists(YUNZE.org, name).await.expect("an answer"));
            assert!(!blobs.exists(HAOYU.org, name).await.expect("an answer"), "of another organisation");
            assert!(blobs.read(YUNZE.org, name).await.expect("the blob") == bytes);
            let head = blobs.read_head(YUNZE.org, name, 100).await.expect("its head");
            assert_eq!(head, bytes.iter().copied().take(100).collect::<Vec<u8>>());
            let mut opened = Vec::new();
            let mut file = blobs.open(YUNZE.org, name).await.expect("the blob");
            std::io::Read::read_to_end(&mut file, &mut opened).expect("read");
            assert!(opened == bytes, "from its beginning to its end");
            assert_eq!(blobs.received(key(&bytes)).await.expect("an answer"), 0, "nothing is on its way");
        }
    }
}

#[actix_web::test]
async fn what_hashes_to_something_else_is_never_stored() {
    for app in both().await {
        let blobs = &*app.state.blobs;
        let mut writer = blobs.begin(key(b"a photo"), 0).await.expect("begun");
        writer.write(b"another photo").await.expect("written");
        assert!(matches!(writer.finish().await, Err(BlobError::HashMismatch { .. })));
        for bytes in [&b"a photo"[..], b"another photo"] {
            assert!(!blobs.exists(YUNZE.org, Hash::of(bytes)).await.expect("an answer"));
        }
    }
}

#[actix_web::test]
async fn an_upload_that_went_on_is_the_same_blob_and_keeps_its_bytes_until_it_is_forgotten() {
    for app in both().await {
        let whole = photo(400_000);
        let upload = UploadId::from_bytes([9; 16]);
        let key = StagingKey { org: YUNZE.org, device: DeviceId::from_bytes([7; 16]), upload };
        let upload = StagedUpload { key, has_arrived: true };
        let mut first = app.state.staging.open(upload).await.expect("opened");
        first.append(&whole[..300_000]).await.expect("written");
        assert_eq!(first.keep().await.expect("durable"), 300_000);
        let mut second = app.state.staging.open(upload).await.expect("goes on");
        second.append(&whole[300_000..]).await.expect("written");
        let name = second.publish(Some(Hash::of(&whole))).await.expect("published");
        assert!(app.state.blobs.read(YUNZE.org, name).await.expect("the blob") == whole);
        // As after a kill before its row was written.
        let again = app.state.staging.open(upload).await.expect("it is there still");
        assert_eq!(again.publish(None).await.expect("published again"), name);
        app.state.staging.forget(upload).await.expect("forgotten");
        assert!(app.state.blobs.exists(YUNZE.org, name).await.expect("an answer"));
    }
}

#[actix_web::test]
async fn copies_are_kept_and_made_anew() {
    for app in both().await {
        let blobs = &*app.state.blobs;
        assert!(matches!(blobs.read_derived(YUNZE.org, "ab/abc-320.jpg").await, Err(BlobError::NotFound)));
        for bytes in [b"a copy".to_vec(), b"another one".to_vec()] {
            blobs.put_derived(YUNZE.org, "ab/abc-320.jpg", bytes.clone()).await.expect("kept");
            assert_eq!(blobs.read_derived(YUNZE.org, "ab/abc-320.jpg").await.expect("the copy"), bytes);
        }
        blobs.check_writable().await.expect("writable");
    }
}

#[actix_web::test]
async fn parts_of_an_upload_that_nobody_goes_on_with_leave_the_bucket() {
    let bucket = Bucket::new();
    let app = TestApp::configured(|config| bucket.set(config)).await;
    let uploads = [UploadId::from_bytes([9; 16]), UploadId::from_bytes([8; 16])].map(|upload| {
        let key = StagingKey { org: YUNZE.org, device: DeviceId::from_bytes([7; 16]), upload };
        StagedUpload { key, has_arrived: true }
    });
    for upload in uploads {
        let mut staged = app.state.staging.open(upload).await.expect("opened");
        staged.append(b"a part").await.expect("written");
        assert_eq!(staged.keep().await.expect("durable"), 6);
    }
    let parts = || bucket.names().into_iter().filter(|name| name.starts_with("uploads/")).count();
    assert_eq!(app.state.staging.forget_unchanged(Duration::from_hours(24)).await.expect("looked"), 0);
    assert_eq!(parts(), 2);
    app.state.staging.forget(uploads[0]).await.expect("forgotten");
    assert_eq!(parts(), 1, "of the other one");
    // The file of the other one, and its part.
    assert_eq!(app.state.staging.forget_unchanged(Duration::ZERO).await.expect("forgotten"), 2);
    assert_eq!(parts(), 0);
}
