//! A server whose blobs are in a bucket.

use std::path::Path;

use integration_tests::app::TestApp;
use integration_tests::bucket::Bucket;
use integration_tests::call::Call;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::remote::RemotePhone;
use integration_tests::server::TestServer;
use sync_core::bytes::Hash;

use crate::uploads::{append, creation, declares, location, number, photo, staged, tus};

/// The name of a blob in the bucket, as design section 4 says.
fn object(bytes: &[u8]) -> String {
    let hex = Hash::of(bytes).to_string();
    format!("o/{}/sha256/{}/{}/{hex}", YUNZE.org, &hex[..2], &hex[2..4])
}

fn put(bytes: &[u8]) -> Call {
    Call::new("PUT", format!("/v1/blobs/{}", Hash::of(bytes))).bytes("application/octet-stream", bytes)
}

/// Files of finished blobs below a data directory.
fn kept(data: &Path) -> bool {
    data.join("blobs/o").exists()
}

#[actix_web::test]
async fn finished_blobs_are_in_the_bucket_under_the_names_of_their_content_and_nowhere_else() {
    let bucket = Bucket::new();
    let app = TestApp::configured(|config| bucket.set(config)).await;
    let phone = app.device_of(YUNZE.rep()).await;
    let (small, resumed) = (photo(5_000), photo(70_000));
    phone.client().send(put(&small)).await.expect(200);
    let created = phone.client().send(creation(70_000).header("upload-metadata", declares(&resumed))).await;
    let path = location(&created);
    let half = phone.client().send(append(&path, 0, &resumed[..40_000])).await;
    assert_eq!((half.status, number(&half, "upload-offset")), (204, Some(40_000)));
    let [blob, part] = &bucket.names()[..] else { panic!("a blob and a part: {:?}", bucket.names()) };
    assert_eq!(*blob, object(&small));
    assert!(
        part.starts_with("uploads/") && part.ends_with("/0-40000"),
        "what was told of the other is for all nodes: {part}"
    );
    assert_eq!(bucket.read(part), resumed[..40_000]);
    assert_eq!(staged(&app.state.config.data_dir).len(), 1);
    let done = phone.client().send(append(&path, 40_000, &resumed[40_000..])).await;
    assert_eq!(done.status, 204);
    let mut names = [object(&small), object(&resumed)];
    names.sort();
    assert_eq!(bucket.names(), names);
    assert!(!kept(&app.state.config.data_dir));
}

#[actix_web::test]
async fn nothing_is_stored_while_the_bucket_does_not_answer() {
    let nowhere = Bucket::nowhere();
    let app = TestApp::configured(|config| nowhere.set(config)).await;
    let phone = app.device_of(YUNZE.rep()).await;
    let bytes = photo(5_000);
    let refused = phone.client().send(put(&bytes)).await;
    assert_eq!(refused.outcome(), (503, "busy".to_owned()));
    let created = phone.client().send(creation(5_000).header("upload-metadata", declares(&bytes))).await;
    let path = location(&created);
    assert_eq!(phone.client().send(append(&path, 0, &bytes)).await.outcome(), (503, "busy".to_owned()));
    assert_eq!(staged(&app.state.config.data_dir).len(), 1, "it waits for the bucket");
    let ready = app.anonymous().get("/readyz").await;
    assert_eq!(ready.outcome(), (503, "not_ready".to_owned()));
}

#[actix_web::test]
async fn damage_in_the_bucket_is_found_and_mended_by_the_same_bytes() {
    let bucket = Bucket::new();
    let app = TestApp::configured(|config| bucket.set(config)).await;
    let phone = app.device_of(YUNZE.rep()).await;
    let photos = [photo(5_000), photo(6_000), photo(7_000)];
    for photo in &photos {
        phone.client().send(put(photo)).await.expect(200);
    }
    assert!(app.verified().await.differences.is_empty());
    bucket.overwrite(&object(&photos[0]), b"something else");
    bucket.remove(&object(&photos[1]));
    let mut found: Vec<_> = app.verified().await.differences.into_iter().map(|found| (found.id, found.what)).collect();
    found.sort();
    let mut expected = [
        (Hash::of(&photos[0]).to_string(), "its bytes are not what its name says".to_owned()),
        (Hash::of(&photos[1]).to_string(), "its file is gone".to_owned()),
    ];
    expected.sort();
    assert_eq!(found, expected);
    for photo in &photos {
        phone.client().send(put(photo)).await.expect(200);
    }
    assert!(app.verified().await.differences.is_empty());
}

#[test]
fn a_server_goes_on_at_the_bucket_after_a_kill_and_when_the_bucket_is_back() {
    let bucket = Bucket::new();
    let mut server = TestServer::with_bucket(&bucket);
    let phone = RemotePhone::enrol(&server, YUNZE, YUNZE.rep(), PASSWORD);
    let whole = photo(70_000);
    let path =
        location(&server.send(&creation(70_000).header("upload-metadata", declares(&whole)).bearer(phone.access())));
    assert_eq!(server.send(&append(&path, 0, &whole[..40_000]).bearer(phone.access())).status, 204);
    server.kill();
    server.move_bucket(&Bucket::nowhere());
    server.restart();
    let rest = append(&path, 40_000, &whole[40_000..]).bearer(phone.access());
    assert_eq!(server.send(&rest).outcome(), (503, "busy".to_owned()));
    server.kill();
    server.move_bucket(&bucket);
    server.restart();
    // What was told stands; what was refused is with the phone.
    let told = server.send(&tus("HEAD", &path).bearer(phone.access()));
    assert_eq!(number(&told, "upload-offset"), Some(40_000));
    let done = server.send(&rest);
    assert_eq!((done.status, done.header("doorstep-receipt").is_some()), (204, true));
    assert_eq!(bucket.names(), [object(&whole)]);
    let verified = server.run(&["verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

#[test]
fn a_backup_of_a_bucket_is_refused_before_anything_is_written() {
    let server = TestServer::with_bucket(&Bucket::new());
    let made = server.run(&["backup", "backup"]);
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(!made.status.success() && said.contains("bucket"), "{said}");
    assert!(!server.directory().join("backup").exists());
    let restored = server.run(&["restore", "backup"]);
    let said = String::from_utf8_lossy(&restored.stderr).into_owned();
    assert!(!restored.status.success() && said.contains("bucket"), "{said}");
}

#[actix_web::test]
async fn many_who_ask_whether_blobs_can_be_written_write_to_the_bucket_once_in_ten_seconds() {
    let bucket = Bucket::new();
    let app = TestApp::configured(|config| bucket.set(config)).await;
    let ask = async || app.anonymous().get("/readyz").await.status;
    assert_eq!((ask().await, bucket.names()), (200, vec!["ready".to_owned()]));
    bucket.remove("ready");
    app.clock.advance_secs(9);
    assert_eq!((ask().await, bucket.names().len()), (200, 0), "the answer of before");
    app.clock.advance_secs(1);
    assert_eq!((ask().await, bucket.names()), (200, vec!["ready".to_owned()]));
}

#[test]
fn nothing_is_started_on_a_bucket_that_is_not_there() {
    let bucket = Bucket::new();
    let mut server = TestServer::with_bucket(&bucket);
    server.kill();
    server.move_bucket(&Bucket { name: "doorstep-of-another-name".to_owned(), ..bucket });
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["verify"]] {
        let mut child = server.command(command);
        // Whoever starts it nevertheless is not waited for.
        child.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
        let mut child = child.stderr(std::process::Stdio::piped()).spawn().expect("the executable can be run");
        let mut first = String::new();
        let out = child.stdout.take().expect("its output");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut first).expect("a line, or its end");
        let _ = child.kill();
        let said = child.wait_with_output().expect("its end").stderr;
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("there is no bucket doorstep-of-another-name"), "{command:?}: {first}{said}");
    }
}
