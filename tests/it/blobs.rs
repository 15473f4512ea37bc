//! Blobs where they are kept: the same promises by a directory and by a bucket.

mod bucket;
mod drawings;
mod foreign;
mod links;
mod others;
mod ranges;
mod readers;
pub mod revoked;
mod serving;
mod storage;

use doorstep::jobs::ingest::run_due;
use doorstep_media::draw::{DemoPhoto, draw};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::phone::Phone;
use serde_json::json;
use sync_core::bytes::Hash;
use sync_core::doc::Map;
use sync_core::protocol::Outcome;

use crate::custody::upload;

/// A rep with a photo that a visit of his names, with its copies.
async fn with_photo(app: &TestApp) -> (Phone<'_>, Vec<u8>) {
    let visit = app.office(YUNZE).await.plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    let photo = draw(&DemoPhoto { seed: 7, width: 800, height: 600, title: "door", lines: &[] }).expect("a photo");
    let (at, by) = (phone.stamp(), phone.device.member.id);
    let record = json!({"slot": "ont_front", "sha256": Hash::of(&photo), "bytes": photo.len(),
        "media_type": "image/jpeg", "taken_at": at, "source": "camera", "by": by});
    phone.add(visit, Map::Photos, &record);
    let answer = phone.round().await;
    assert!(answer.acks.iter().all(|ack| ack.outcome == Outcome::Stored), "{:?}", answer.acks);
    upload(&phone, &photo).await;
    run_due(&app.state).await.expect("ingested");
    (phone, photo)
}
