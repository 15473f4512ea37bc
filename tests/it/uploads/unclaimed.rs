//! What a phone brings that nothing names: so much and no more, all of it stays, and the office sees it.

use std::process::Command;

use doorstep_store::unclaimed::list_unclaimed;
use integration_tests::phone::Phone;
use integration_tests::server::command;
use serde_json::json;
use sync_core::doc::Map;
use sync_core::ids::VisitId;

use super::*;

/// Bytes for two files that are as small as can be.
const ROOM: u64 = 1 << 20;

fn put(bytes: &[u8]) -> Call {
    Call::new("PUT", format!("/v1/blobs/{}", Hash::of(bytes))).bytes("application/octet-stream", bytes.to_vec())
}

/// A phone with a visit, of an app in which it may bring so much that nothing names.
async fn at_work(app: &TestApp) -> (Phone<'_>, VisitId) {
    app.office(YUNZE).await;
    let visit = app.office_again(YUNZE).plan(&[YUNZE.rep()]).await.visit;
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.sync().await;
    phone.event(visit, "arrive");
    (phone, visit)
}

/// Says in the document of a visit that there is a photo.
fn name(phone: &mut Phone<'_>, visit: VisitId, photo: &[u8]) {
    let record = json!({"slot": "outdoor_route", "sha256": Hash::of(photo), "bytes": photo.len(),
        "media_type": "image/jpeg", "taken_at": phone.stamp(), "source": "camera",
        "geo": {"lat_udeg": 30_659_462, "lon_udeg": 104_065_735, "acc_m": 12, "datum": "wgs84"},
        "by": phone.device.member.id});
    phone.add(visit, Map::Photos, &record);
}

#[actix_web::test]
async fn a_phone_brings_so_much_that_nothing_names_and_whatever_its_visits_name() {
    let app = TestApp::configured(|config| config.limits.unclaimed_bytes_per_device = ROOM).await;
    let (mut phone, visit) = at_work(&app).await;
    let photos: [Vec<u8>; 6] = std::array::from_fn(|number| photo(100 + number));
    let quota = refused(507, "storage_quota");
    let send = async |phone: &Phone<'_>, call: Call| phone.device.client().send(call).await;
    for photo in &photos[..2] {
        send(&phone, put(photo)).await.expect(200);
    }
    let answer = send(&phone, put(&photos[2])).await;
    assert_eq!(answer.outcome(), quota, "in one piece");
    assert_eq!(answer.json()["limit"], ROOM);
    assert_eq!(send(&phone, creation(102).header("upload-metadata", declares(&photos[2]))).await.outcome(), quota);
    assert_eq!(send(&phone, deferred()).await.outcome(), quota, "a length that follows");
    send(&phone, put(&photos[0])).await.expect(200);
    let other = Sender(app.device_of(YUNZE.colleague()).await);
    other.send(put(&photos[2])).await.expect(200);

    // What a visit names is taken in any case.
    name(&mut phone, visit, &photos[3]);
    name(&mut phone, visit, &photos[4]);
    phone.sync().await;
    send(&phone, put(&photos[3])).await.expect(200);
    let created = send(&phone, deferred().header("upload-metadata", declares(&photos[4]))).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let created = send(&phone, creation(104).header("upload-metadata", declares(&photos[4]))).await;
    assert_eq!(send(&phone, append(&location(&created), 0, &photos[4])).await.status, 204);
    assert_eq!(send(&phone, put(&photos[5])).await.outcome(), quota);

    // What is named later makes room, and what is not stays.
    name(&mut phone, visit, &photos[1]);
    phone.sync().await;
    send(&phone, put(&photos[5])).await.expect(200);
    assert_eq!(send(&phone, put(&photo(99))).await.outcome(), quota);
    for stored in [&photos[0], &photos[5]] {
        assert_eq!(&app.state.blobs.read(YUNZE.org, Hash::of(stored)).await.expect("it is there"), stored);
    }
}

#[actix_web::test]
async fn what_is_announced_counts_unless_a_visit_names_it() {
    let app = TestApp::configured(|config| config.limits.unclaimed_bytes_per_device = ROOM).await;
    let sender = Sender::of(&app).await;
    let half = usize::try_from(ROOM / 2).expect("a length");
    let open = sender.begin(half).await;
    sender.begin(half).await;
    assert_eq!(sender.outcome(creation(1)).await, refused(507, "storage_quota"));
    assert_eq!(sender.send(tus("DELETE", &open)).await.status, 204);
    sender.begin(1).await;
}

#[actix_web::test]
async fn until_its_length_is_said_an_upload_counts_as_the_largest_for_its_phone() {
    let app = TestApp::configured(|config| {
        config.limits.unclaimed_bytes_per_device = ROOM;
        config.limits.blob_bytes = ROOM / 2;
    })
    .await;
    let sender = Sender::of(&app).await;
    let half = usize::try_from(ROOM / 2).expect("a length");
    let paths = [location(&sender.send(deferred()).await), location(&sender.send(deferred()).await)];
    let answer = sender.send(deferred()).await;
    assert_eq!(answer.outcome(), refused(507, "storage_quota"));
    assert_eq!((&answer.json()["limit"], &answer.json()["actual"]), (&ROOM.into(), &(ROOM / 2 * 3).into()));
    let with_length = |path: &str, bytes: usize| append(path, 0, b"").header("upload-length", bytes.to_string());
    assert_eq!(sender.send(with_length(&paths[0], half)).await.status, 204, "its own bytes count once");
    assert_eq!(sender.outcome(creation(1)).await, refused(507, "storage_quota"));
    assert_eq!(sender.send(with_length(&paths[1], 1)).await.status, 204);
    sender.begin(half - 1).await;
}

#[actix_web::test]
async fn the_office_lists_what_nothing_names_with_age_and_size() {
    let app = TestApp::new().await;
    let (mut phone, visit) = at_work(&app).await;
    let [named, old, young] = [photo(100), photo(101), photo(102)];
    name(&mut phone, visit, &named);
    phone.sync().await;
    for bytes in [&named, &old] {
        phone.device.client().send(put(bytes)).await.expect(200);
    }
    app.clock.advance_secs(31 * 24 * 3600);
    let mut sender = Sender(app.device_of(YUNZE.colleague()).await);
    sender.renew().await;
    sender.send(put(&young)).await.expect(200);
    let list = async |before_ms| {
        let rows = app.read(move |conn| list_unclaimed(conn, YUNZE.org, before_ms, None, 10)).await;
        rows.into_iter().map(|row| (row.sha256.0, row.bytes)).collect::<Vec<_>>()
    };
    let now = app.now().0;
    assert_eq!(list(now - 1).await, [(Hash::of(&old), 101)]);
    assert_eq!(list(now + 1).await.len(), 2);

    let config = &app.state.config;
    let clock = config.data_dir.join("clock");
    std::fs::write(&clock, app.now().to_rfc3339()).expect("the clock is set");
    let mut command: Command =
        command(&config.database_url, &config.data_dir, ["admin", "list-unclaimed", "--organisation", YUNZE.code]);
    let output = command.arg("--clock").arg(clock).output().expect("the executable can be run");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 2, "{printed}{}", String::from_utf8_lossy(&output.stderr));
    let device = phone.device.id;
    assert_eq!(lines[0], format!("31 days, 101 bytes, application/octet-stream, device {device}, {}", Hash::of(&old)));
    assert!(lines[1].starts_with("yunze: 1 files, 101 bytes that nothing names"), "{printed}");
}
