//! Organisations take turns: none waits for the pictures of another.

use std::sync::Arc;

use doorstep::app::AppState;
use doorstep::app::blobs::IngestQueue;
use doorstep::jobs::ingest::run_due;
use doorstep_store::blobs::{find_blob, find_pending_org};
use integration_tests::company::HAOYU;
use integration_tests::patience::come;
use sync_core::bytes::Hash;

use super::{Site, broken, given_up, pending};
use crate::custody::upload;

#[actix_web::test]
async fn who_brings_one_picture_waits_for_none_of_the_many_of_another_organisation() {
    let site = Site::new().await;
    let many: [Vec<u8>; 40] = std::array::from_fn(broken);
    let many = site.upload(many.each_ref().map(Vec::as_slice)).await;
    let (picture, phone) = (broken(0), site.app.phone_of(HAOYU.rep()).await);
    upload(&phone, &picture).await;
    // One at a time, and the third one is held while it is read.
    let state = AppState { ingest: Arc::new(IngestQueue::new(1)), ..site.state.clone() };
    site.storage.may_return.forget_permits(usize::MAX);
    let pass = actix_web::rt::spawn(async move { run_due(&state).await });
    site.storage.may_return.add_permits(2);
    come("the third original", site.storage.was_read.acquire_many(3)).await.expect("open").forget();
    let one = Hash::of(&picture);
    let row = site.app.read(move |conn| find_blob(conn, HAOYU.org, one)).await.expect("it is stored");
    assert_eq!(row.preview_state, "no_preview", "it was settled");
    assert_eq!(site.state_of(many[0]).await, given_up("no_size"), "the oldest first");
    for name in &many[1..] {
        assert_eq!(site.state_of(*name).await, pending());
    }
    site.storage.may_return.add_permits(100);
    assert_eq!(pass.await.expect("no panic").expect("settled"), 41);
    assert_eq!(site.state_of(many[39]).await, given_up("no_size"));
    assert_eq!(site.app.read(|conn| find_pending_org(conn, None)).await, None);
}
