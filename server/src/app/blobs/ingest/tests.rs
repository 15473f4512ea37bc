//! What becomes of pictures that cannot be ingested.

use doorstep_media::draw::{DemoPhoto, draw};

use super::*;
use crate::app::reviews::fixture::{ORG, office};

#[tokio::test]
async fn a_picture_on_which_the_decoder_panics_is_parked_and_the_next_one_is_shown() {
    let office = office().await;
    let photo = |seed| DemoPhoto { seed, width: 320, height: 240, title: "probe", lines: &[] };
    let [bad, good] = [1, 2].map(|seed| draw(&photo(seed)).expect("a photo"));
    office.upload(office.rep(), &bad).await.expect("stored");
    let [row] = &*office.write(|conn| Ok(blobs::list_pending(conn, ORG, None, 9)?)).await else { panic!("one photo") };
    let sha256 = row.sha256.0;
    let begun = office.write(move |conn| Ok(blobs::begin_ingest(conn, ORG, sha256, VERSION, 0)?)).await;
    let turn = office.state.ingest.turn(0).await.expect("a turn").expect("nobody stops");
    let share = office.state.ingest.memory().original(1).await.expect("a share");
    let held = Arc::new((turn, share));
    let panics = |_: &[u8], _: &Deadline, _: &mut Workspace| -> Result<Ingested, NoPreview> {
        panic!("met what nobody thought of")
    };
    let ended = end(&office.state, row, Some(bad.clone()), begun.expect("due"), (&held, panics)).await;
    assert!(matches!(ended.expect("an end"), Ended::Settled));
    drop(held);
    office.upload(office.rep(), &good).await.expect("stored");
    assert_eq!(ingest_pending(&office.state).await.expect("the other one"), 1);
    let became = async |bytes: &[u8]| {
        let sha256 = Hash::of(bytes);
        let row = office.write(move |conn| Ok(blobs::find_blob(conn, ORG, sha256)?)).await.expect("a blob");
        (row.preview_state, row.preview_reason)
    };
    assert_eq!(became(&bad).await, ("no_preview".to_owned(), Some("decoder_panicked".to_owned())));
    assert_eq!(became(&good).await, ("ready".to_owned(), None));
    assert_eq!(office.state.blobs.read(ORG, sha256).await.expect("the original"), bad, "untouched");
}

#[test]
fn what_was_too_slow_beside_others_is_tried_alone_once() {
    assert!(is_tried_alone(&NoPreview::TooSlow, 0));
    assert!(!is_tried_alone(&NoPreview::TooSlow, 1), "it was alone");
    assert!(!is_tried_alone(&NoPreview::NoSize, 0), "a matter of the picture");
}
