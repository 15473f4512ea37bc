//! Uploads that nobody goes on with end after thirty days; what is finished never does.

use std::num::NonZeroU32;
use std::time::{Duration, UNIX_EPOCH};

use actix_web::http::header::HttpDate;
use doorstep::jobs::purge_expired;
use doorstep_store::uploads::load_upload;

use super::*;

/// How long an unfinished upload is kept.
const KEPT_SECS: i64 = 30 * 24 * 3600;

/// How long one is kept of which nothing has arrived.
const EMPTY_KEPT_SECS: i64 = 24 * 3600;

#[actix_web::test]
async fn an_unfinished_upload_says_when_it_expires_and_a_finished_one_never_does() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let created = sender.send(creation(4)).await;
    let path = location(&created);
    let asked = sender.send(tus("HEAD", &path)).await;
    let appended = sender.send(append(&path, 0, b"by")).await;
    let told = sender.send(tus("HEAD", &path)).await;
    for (answer, kept) in
        [(&created, EMPTY_KEPT_SECS), (&asked, EMPTY_KEPT_SECS), (&appended, KEPT_SECS), (&told, KEPT_SECS)]
    {
        let expires = UNIX_EPOCH + Duration::from_millis(u64::try_from(app.now().0 + kept * 1000).expect("a time"));
        assert_eq!(answer.header("upload-expires"), Some(HttpDate::from(expires).to_string().as_str()));
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
async fn a_silent_upload_of_which_every_byte_is_here_becomes_a_blob() {
    let app = TestApp::new().await;
    let mut sender = Sender::of(&app).await;
    let whole = photo(1_000);
    let [lost, other] = [photo(1_000), b"other".repeat(200)].map(|bytes| (bytes, declares(&whole)));
    let mut paths = Vec::new();
    for (photo_id, (bytes, said)) in [("lost", &lost), ("other", &other)] {
        let said = format!("{said},photo_id {}", base64(photo_id));
        let path = location(&sender.send(creation(1_000).header("upload-metadata", said)).await);
        // As when the process died before it wrote that the last byte had come.
        let mut staged = app.state.staging.open(sender.upload(&path)).await.expect("opened");
        staged.append(bytes).await.expect("written");
        staged.keep().await.expect("durable");
        paths.push(path);
    }
    app.clock.advance_secs(KEPT_SECS);
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 2);
    assert_eq!(staged(&app.state.config.data_dir).len(), 0);
    sender.renew().await;
    let told = sender.send(tus("HEAD", &paths[0])).await;
    sender.assert_stored(&told, &whole).await;
    assert_eq!(
        sender.outcome(tus("HEAD", &paths[1])).await,
        refused(410, "upload_expired"),
        "it is not what was declared"
    );
}

#[actix_web::test]
async fn one_upload_that_cannot_be_ended_keeps_no_other() {
    let app = TestApp::new().await;
    let mut sender = Sender::of(&app).await;
    let paths = [sender.begin(8).await, sender.begin(8).await];
    for path in &paths {
        assert_eq!(sender.send(append(path, 0, b"four")).await.status, 204);
    }
    // In place of a file there is what cannot be opened.
    let name = paths[0].rsplit('/').next().expect("an id");
    let broken = staged(&app.state.config.data_dir).into_iter().find(|file| file.to_string_lossy().contains(name));
    let broken = broken.expect("a file");
    let aside = app.state.config.data_dir.join("aside");
    std::fs::rename(&broken, &aside).expect("moved");
    std::fs::create_dir(&broken).expect("a directory");
    app.clock.advance_secs(KEPT_SECS);
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 1);
    assert_eq!(staged(&app.state.config.data_dir), std::slice::from_ref(&broken));
    std::fs::remove_dir(&broken).and_then(|()| std::fs::rename(&aside, &broken)).expect("mended");
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 1);
    sender.renew().await;
    assert_eq!(sender.outcome(tus("HEAD", &paths[0])).await, refused(410, "upload_expired"));
}

#[actix_web::test]
async fn an_upload_of_which_nothing_has_arrived_is_kept_for_a_day() {
    let app = TestApp::new().await;
    let mut sender = Sender::of(&app).await;
    let (empty, begun, late) = (sender.begin(8).await, sender.begin(8).await, sender.begin(8).await);
    assert_eq!(sender.send(append(&begun, 0, b"b")).await.status, 204);
    app.clock.advance_secs(EMPTY_KEPT_SECS - 1);
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 0);
    sender.renew().await;
    // What this one brings is under way, and nothing of it is there yet.
    assert_eq!(sender.send(append(&late, 0, b"")).await.status, 204);
    app.clock.advance_secs(1);
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 1);
    assert_eq!(sender.outcome(tus("HEAD", &empty)).await, refused(410, "upload_expired"));
    assert_eq!((sender.offset(&begun).await, sender.offset(&late).await), (Some(1), Some(0)));
}

#[actix_web::test]
async fn many_uploads_that_cannot_be_ended_keep_no_other() {
    // More than are looked at together.
    const MANY: usize = 101;
    let app = TestApp::configured(|config| {
        config.limits.uploads_per_device = MANY;
        config.limits.user_per_minute = NonZeroU32::MAX;
    })
    .await;
    let (mut sender, other) = (Sender::of(&app).await, Sender::of(&app).await);
    for _ in 0..MANY {
        other.begin(8).await;
    }
    // It comes behind all of them.
    app.clock.advance_secs(1);
    let path = sender.begin(8).await;
    assert_eq!(sender.send(append(&path, 0, b"four")).await.status, 204);
    // In place of the directory of the other phone there is what cannot be looked into.
    let folder = app.state.config.data_dir.join("blobs/uploads").join(YUNZE.org.to_string());
    std::fs::write(folder.join(other.0.id.to_string()), b"").expect("a file");
    app.clock.advance_secs(KEPT_SECS);
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 1);
    sender.renew().await;
    assert_eq!(sender.outcome(tus("HEAD", &path)).await, refused(410, "upload_expired"));
}

#[actix_web::test]
async fn the_row_of_an_ended_upload_goes_after_ninety_days_and_its_blob_stays() {
    let app = TestApp::new().await;
    let mut sender = Sender::of(&app).await;
    let paths = [sender.begin(4).await, sender.begin(4).await];
    assert_eq!(sender.send(append(&paths[0], 0, b"byte")).await.status, 204);
    assert_eq!(sender.send(tus("DELETE", &paths[1])).await.status, 204);
    app.clock.advance_secs(3 * KEPT_SECS - 1);
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 0);
    sender.renew().await;
    let told = sender.send(tus("HEAD", &paths[0])).await;
    sender.assert_stored(&told, b"byte").await;
    app.clock.advance_secs(1);
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 2);
    for path in &paths {
        assert_eq!(sender.outcome(tus("HEAD", path)).await, refused(404, "not_found"));
    }
    assert_eq!(sender.receipt(b"byte").await.status, 200);
    let stored = app.state.blobs.read(YUNZE.org, Hash::of(b"byte")).await.expect("the blob");
    assert_eq!(stored, b"byte");
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

#[actix_web::test]
async fn thirty_days_are_those_after_the_last_byte() {
    let app = TestApp::new().await;
    let mut sender = Sender::of(&app).await;
    let path = sender.begin(8).await;
    assert_eq!(sender.send(append(&path, 0, b"four")).await.status, 204);
    // Sooner than anything else would be noted.
    app.clock.advance_secs(60);
    let appended = sender.send(append(&path, 4, b"mor")).await;
    let told = sender.send(tus("HEAD", &path)).await;
    let expires = UNIX_EPOCH + Duration::from_millis(u64::try_from(app.now().0 + KEPT_SECS * 1000).expect("a time"));
    for answer in [&appended, &told] {
        assert_eq!(answer.header("upload-expires"), Some(HttpDate::from(expires).to_string().as_str()));
    }
    app.clock.advance_secs(KEPT_SECS - 1);
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 0);
    sender.renew().await;
    assert_eq!(sender.offset(&path).await, Some(7));
    app.clock.advance_secs(1);
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 1);
}

#[actix_web::test]
async fn what_lies_at_another_node_is_ended_by_none_that_does_not_see_it() {
    let app = TestApp::new().await;
    let mut sender = Sender::of(&app).await;
    let path = sender.begin(8).await;
    assert_eq!(sender.send(append(&path, 0, b"four")).await.status, 204);
    // The job runs where nothing of it is.
    let here = app.state.config.data_dir.join("blobs/uploads");
    let elsewhere = here.with_extension("elsewhere");
    std::fs::rename(&here, &elsewhere).expect("moved");
    for secs in [EMPTY_KEPT_SECS, KEPT_SECS - EMPTY_KEPT_SECS - 1] {
        app.clock.advance_secs(secs);
        assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 0);
    }
    std::fs::rename(&elsewhere, &here).expect("moved");
    sender.renew().await;
    assert_eq!(sender.offset(&path).await, Some(4));
}

#[actix_web::test]
async fn an_upload_whose_bytes_were_not_what_was_declared_is_empty_again() {
    let app = TestApp::new().await;
    let mut sender = Sender::of(&app).await;
    let begun = sender.send(creation(8).header("upload-metadata", declares(b"eight by"))).await;
    let path = location(&begun);
    let id = sender.upload(&path).key.upload;
    let device = sender.0.id;
    let arrived = async || app.read(move |conn| load_upload(conn, YUNZE.org, device, id)).await.arrived_at_ms;
    assert_eq!(sender.send(append(&path, 0, b"four")).await.status, 204);
    assert_eq!(arrived().await, Some(app.now().0));
    let wrong = sender.outcome(append(&path, 4, b"more")).await;
    assert_eq!(wrong, refused(460, "upload_mismatch"));
    assert_eq!(arrived().await, None, "nothing of it is kept");
    // Again, from the beginning.
    app.clock.advance_secs(1);
    sender.renew().await;
    assert_eq!(sender.send(append(&path, 0, b"eigh")).await.status, 204);
    assert_eq!(arrived().await, Some(app.now().0));
    assert_eq!(sender.outcome(append(&path, 4, b"more")).await, refused(460, "upload_mismatch"));
    app.clock.advance_secs(EMPTY_KEPT_SECS);
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 1, "it ends as an empty one");
}

#[actix_web::test]
async fn an_empty_upload_whose_sender_asks_again_does_not_end_at_once() {
    let app = TestApp::new().await;
    let mut sender = Sender::of(&app).await;
    let create = || creation(8).header("upload-metadata", declares(b"eightest"));
    let path = location(&sender.send(create()).await);
    app.clock.advance_secs(EMPTY_KEPT_SECS - 60);
    sender.renew().await;
    assert_eq!(location(&sender.send(create()).await), path);
    app.clock.advance_secs(120);
    assert_eq!(purge_expired::run_due(&app.state, app.now()).await.expect("the job"), 0);
    assert_eq!(sender.offset(&path).await, Some(0));
}
