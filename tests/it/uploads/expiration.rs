//! Uploads that nobody goes on with end after thirty days; what is finished never does.

use doorstep::jobs::purge_expired;

use super::*;

/// How long an unfinished upload is kept.
const KEPT_SECS: i64 = 30 * 24 * 3600;

#[actix_web::test]
async fn an_unfinished_upload_says_when_it_expires_and_a_finished_one_never_does() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let created = sender.send(creation(4)).await;
    let path = location(&created);
    let appended = sender.send(append(&path, 0, b"by")).await;
    let told = sender.send(tus("HEAD", &path)).await;
    for answer in [&created, &appended, &told] {
        let expires = answer.header("upload-expires").expect("an instant");
        assert!(expires.ends_with(" GMT") && expires.len() == 29, "{expires}");
        assert_eq!(Some(expires), created.header("upload-expires"));
    }
    let finished = sender.send(append(&path, 2, b"te")).await;
    let told = sender.send(tus("HEAD", &path)).await;
    assert_eq!([finished.header("upload-expires"), told.header("upload-expires")], [None, None]);
}

#[actix_web::test]
async fn a_silent_upload_expires_and_its_bytes_are_forgotten() {
    let app = TestApp::new().await;
    let mut sender = Sender::of(&app).await;
    let [path, finished] = [sender.begin(8).await, sender.begin(4).await];
    assert_eq!(sender.send(append(&path, 0, b"four")).await.status, 204);
    assert_eq!(sender.send(append(&finished, 0, b"byte")).await.status, 204);
    assert_eq!(staged(&app.state.config.data_dir).len(), 1);
    app.clock.advance_secs(KEPT_SECS - 1);
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 0);
    sender.renew().await;
    assert_eq!(sender.offset(&path).await, Some(4));
    app.clock.advance_secs(1);
    for call in [tus("HEAD", &path), append(&path, 4, b"more"), tus("DELETE", &path)] {
        let answer = sender.send(call).await;
        assert_eq!(answer.outcome(), refused(410, "upload_expired"), "before the job has run");
        assert_eq!(answer.header("upload-offset"), None);
    }
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 1);
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 0);
    assert_eq!(staged(&app.state.config.data_dir).len(), 0);
    assert_eq!(sender.outcome(tus("HEAD", &path)).await, refused(410, "upload_expired"));
    let told = sender.send(tus("HEAD", &finished)).await;
    sender.assert_stored(&told, b"byte").await;
}

#[actix_web::test]
async fn going_on_puts_the_end_off() {
    let app = TestApp::new().await;
    let mut sender = Sender::of(&app).await;
    let path = sender.begin(8).await;
    app.clock.advance_secs(KEPT_SECS - 1);
    sender.renew().await;
    assert_eq!(sender.send(append(&path, 0, b"four")).await.status, 204);
    app.clock.advance_secs(KEPT_SECS - 1);
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 0);
    sender.renew().await;
    assert_eq!(sender.offset(&path).await, Some(4));
}
