//! Previews: several nodes make those of different pictures at once, each picture by one.

use doorstep::app::AppState;
use doorstep::boot;
use doorstep::jobs::ingest::run_due;
use doorstep_store::blobs::list_pending;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::patience::come;
use sync_core::bytes::Hash;

use crate::custody::upload;

/// How a JPEG begins.
const JPEG: [u8; 3] = [0xff, 0xd8, 0xff];

/// A server with pictures of which no preview was made yet. Nothing can decode them, which settles them as well.
async fn with_pictures(count: usize) -> (TestApp, Vec<Hash>) {
    let app = TestApp::new().await;
    let phone = app.phone_of(YUNZE.rep()).await;
    let pictures: Vec<Vec<u8>> = (0..count).map(|number| [&JPEG, number.to_string().as_bytes()].concat()).collect();
    for picture in &pictures {
        upload(&phone, picture).await;
    }
    let hashes = pictures.iter().map(|picture| Hash::of(picture)).collect();
    (app, hashes)
}

/// A second node beside a server.
async fn another_node(app: &TestApp) -> AppState {
    let config = doorstep::config::Config::clone(&app.state.config);
    boot::build_state(config, app.clock.clone()).await.unwrap_or_else(|error| panic!("{error:?}"))
}

async fn pending(app: &TestApp) -> Vec<Hash> {
    app.read(|conn| list_pending(conn, YUNZE.org, None, 100)).await.into_iter().map(|row| row.sha256.0).collect()
}

#[actix_web::test]
async fn nodes_that_work_at_once_make_each_preview_once() {
    let (app, pictures) = with_pictures(40).await;
    let other = another_node(&app).await;
    let (one, two) = tokio::join!(run_due(&app.state), run_due(&other));
    let (one, two) = (one.expect("made"), two.expect("made"));
    assert_eq!(one + two, pictures.len(), "{one} and {two}");
    assert_eq!(pending(&app).await, []);
}

#[actix_web::test]
async fn a_picture_another_node_is_at_keeps_nobody_waiting_and_is_free_once_that_node_dies() {
    let (app, pictures) = with_pictures(3).await;
    let claims = app.state.store.claims().await.expect("a session");
    let name = format!("ingest/{}/{}", YUNZE.org, pictures[0]);
    assert!(claims.take(name).await.expect("an answer"), "nobody is at it");
    assert_eq!(run_due(&app.state).await.expect("made"), 2);
    assert_eq!(pending(&app).await, pictures[..1]);
    // As the death of a process ends its session; the server takes note of that by itself.
    drop(claims);
    come("it is free", async { while run_due(&app.state).await.expect("made") == 0 {} }).await;
    assert_eq!(pending(&app).await, []);
}
