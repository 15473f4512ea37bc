//! Ending an upload at the wish of its sender.

use super::*;

#[actix_web::test]
async fn an_upload_that_is_ended_is_gone_with_its_bytes() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(8).await;
    assert_eq!(sender.send(append(&path, 0, b"four")).await.status, 204);
    assert_eq!(staged(&app.state.config.data_dir).len(), 1);
    let ended = sender.send(tus("DELETE", &path)).await;
    assert_eq!((ended.status, ended.body.len()), (204, 0));
    for call in [tus("HEAD", &path), append(&path, 4, b"more"), append(&path, 0, b"four"), tus("DELETE", &path)] {
        assert_eq!(sender.outcome(call).await, refused(410, "upload_expired"));
    }
    assert_eq!(staged(&app.state.config.data_dir).len(), 0);
}

#[actix_web::test]
async fn what_is_finished_stays() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(4).await;
    assert_eq!(sender.send(append(&path, 0, b"byte")).await.status, 204);
    assert_eq!(sender.outcome(tus("DELETE", &path)).await, refused(400, "upload_finished"));
    let told = sender.send(tus("HEAD", &path)).await;
    sender.assert_stored(&told, b"byte").await;
}

#[actix_web::test]
async fn what_was_ended_can_be_begun_anew() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let whole = photo(100);
    let call = || creation(100).header("upload-metadata", declares(&whole));
    let path = location(&sender.send(call()).await);
    assert_eq!(sender.send(tus("DELETE", &path)).await.status, 204);
    let again = sender.send(call()).await;
    assert_eq!(number(&again, "upload-offset"), Some(0));
    assert_ne!(location(&again), path);
}
