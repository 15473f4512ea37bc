//! How much an organisation may store.

use doorstep::app::blobs::{Portion, store_blob};
use doorstep::app::storage_quota::mend_stored_bytes;
use doorstep::app::{AppError, ErrorCode};
use doorstep_store::org_storage;
use integration_tests::company::HAOYU;
use integration_tests::together;

use super::handover::ctx;
use super::*;

#[actix_web::test]
async fn an_organisation_stores_so_much_and_no_more() {
    let app = TestApp::configured(|config| config.limits.org_storage_bytes = 20).await;
    let sender = Sender::of(&app).await;
    let whole = photo(10);
    let known = || creation(10).header("upload-metadata", declares(&whole));
    let path = location(&sender.send(known()).await);
    assert_eq!(sender.send(append(&path, 0, &whole)).await.status, 204);
    let open = sender.begin(6).await;
    let answer = sender.send(creation(5)).await;
    assert_eq!(answer.outcome(), refused(507, "storage_quota"), "stored bytes and those to come count");
    assert_eq!((&answer.json()["limit"], &answer.json()["actual"]), (&20.into(), &21.into()));
    assert_eq!(location(&sender.send(known()).await), path, "what exists takes no further room");
    assert_eq!(sender.send(tus("DELETE", &open)).await.status, 204);
    sender.begin(10).await;
    let other = Sender(app.device_of(HAOYU.rep()).await);
    other.begin(20).await;
}

#[actix_web::test]
async fn where_nothing_else_is_set_an_organisation_stores_50_gib() {
    const MOST: i64 = 50 << 30;
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    app.write(|conn| org_storage::add_stored_bytes(conn, YUNZE.org, MOST - 10)).await;
    sender.begin(10).await;
    let answer = sender.send(creation(1)).await;
    assert_eq!(answer.outcome(), refused(507, "storage_quota"));
    assert_eq!((&answer.json()["limit"], &answer.json()["actual"]), (&MOST.into(), &(MOST + 1).into()));
}

#[actix_web::test]
async fn the_quota_is_the_same_on_every_way_in() {
    let app = TestApp::configured(|config| config.limits.org_storage_bytes = 20).await;
    let sender = Sender::of(&app).await;
    let quota = refused(507, "storage_quota");
    let put = |bytes: &[u8]| {
        Call::new("PUT", format!("/v1/blobs/{}", Hash::of(bytes))).bytes("application/octet-stream", bytes.to_vec())
    };
    let whole = photo(12);
    sender.send(put(&whole)).await.expect(200);
    let answer = sender.send(put(&photo(9))).await;
    assert_eq!(answer.outcome(), quota, "in one piece");
    assert_eq!((&answer.json()["limit"], &answer.json()["actual"]), (&20.into(), &21.into()));
    assert_eq!(sender.receipt(&photo(9)).await.status, 409, "nothing of it is here");
    sender.send(put(&whole)).await.expect(200);

    // A size that follows: it may be that of the largest.
    let answer = sender.send(deferred()).await;
    assert_eq!(answer.outcome(), quota);
    let largest = i64::try_from(app.state.config.limits.blob_bytes).expect("a number");
    assert_eq!((&answer.json()["limit"], &answer.json()["actual"]), (&20.into(), &(12 + largest).into()));
    let path = sender.begin(8).await;
    assert_eq!(sender.outcome(put(b"x")).await, quota, "what is announced counts");
    let finished = sender.send(append(&path, 0, &photo(8))).await;
    sender.assert_stored(&finished, &photo(8)).await;
    assert_eq!(sender.outcome(creation(1)).await, quota);
}

#[actix_web::test]
async fn an_upload_without_a_length_takes_the_room_of_the_largest_until_it_says_one() {
    let app = TestApp::configured(|config| {
        config.limits.org_storage_bytes = 20;
        config.limits.blob_bytes = 10;
    })
    .await;
    let sender = Sender::of(&app).await;
    let quota = refused(507, "storage_quota");
    let paths = [location(&sender.send(deferred()).await), location(&sender.send(deferred()).await)];
    let answer = sender.send(deferred()).await;
    assert_eq!(answer.outcome(), quota);
    assert_eq!((&answer.json()["limit"], &answer.json()["actual"]), (&20.into(), &30.into()));
    assert_eq!(answer.header("retry-after"), Some("3600"), "room comes by a person");
    assert_eq!((&answer.json()["retry"], &answer.json()["retry_after_s"]), (&"after".into(), &3600.into()));
    assert_eq!(sender.outcome(creation(1)).await, quota, "whatever is announced");
    // Its own bytes count once, also where nothing is left, and those that it will not bring are free.
    let with_length = |path: &str, bytes: &[u8]| append(path, 0, bytes).header("upload-length", "10");
    assert_eq!(sender.send(append(&paths[0], 0, b"byte")).await.status, 204);
    let finished = sender.send(with_length(&paths[1], &photo(10))).await;
    sender.assert_stored(&finished, &photo(10)).await;
    assert_eq!(sender.outcome(creation(1)).await, quota);
    assert_eq!(sender.send(append(&paths[0], 4, b"").header("upload-length", "6")).await.status, 204);
    assert_eq!(sender.outcome(creation(5)).await, quota);
    sender.begin(4).await;
    let finished = sender.send(append(&paths[0], 4, b"s.")).await;
    sender.assert_stored(&finished, b"bytes.").await;
}

#[actix_web::test]
async fn what_exceeds_the_quota_meanwhile_keeps_no_upload_that_was_begun_from_its_end() {
    let app = TestApp::configured(|config| {
        config.limits.org_storage_bytes = 20;
        config.limits.blob_bytes = 10;
    })
    .await;
    let sender = Sender::of(&app).await;
    let path = location(&sender.send(deferred()).await);
    // As bytes that came at the same moment.
    app.write(|conn| org_storage::add_stored_bytes(conn, YUNZE.org, 20)).await;
    let finished = sender.send(append(&path, 0, &photo(8)).header("upload-length", "8")).await;
    sender.assert_stored(&finished, &photo(8)).await;
}

#[actix_web::test]
async fn a_blob_of_unknown_size_is_refused_once_it_is_too_large() {
    let app = TestApp::configured(|config| config.limits.org_storage_bytes = 20).await;
    let sender = Sender::of(&app).await;
    let put = |bytes: &'static [u8]| {
        let parts = futures_util::stream::iter([Ok::<_, AppError>(bytes)]);
        let (state, ctx) = (&app.state, ctx(&sender));
        async move { store_blob(state, ctx, Hash::of(bytes), Portion::Whole, None, parts).await.map(|blob| blob.bytes) }
    };
    assert_eq!(put(&[1; 21]).await.expect_err("no room").code(), ErrorCode::StorageQuota);
    assert_eq!(put(&[1; 20]).await.expect("room"), 20);
    assert_eq!(put(&[1; 20]).await.expect("known"), 20);
    assert_eq!(put(&[2; 1]).await.expect_err("no room").code(), ErrorCode::StorageQuota);
}

#[actix_web::test]
async fn bytes_that_were_not_counted_are_told_and_counted_anew() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let counted = async || app.read(|conn| org_storage::find_stored_bytes(conn, YUNZE.org)).await;
    assert_eq!(counted().await, 0);
    for bytes in [5, 7, 5] {
        let path = sender.begin(bytes).await;
        assert_eq!(sender.send(append(&path, 0, &photo(bytes))).await.status, 204);
    }
    assert_eq!(counted().await, 12, "each blob once");
    assert_eq!(app.verified().await.differences, []);
    // As where a server of before took them.
    app.write(|conn| org_storage::add_stored_bytes(conn, YUNZE.org, -7)).await;
    let differences = app.verified().await.differences;
    let [difference] = differences.as_slice() else { panic!("one, not {differences:?}") };
    assert_eq!(
        (difference.check, difference.what.as_str()),
        ("stored_bytes", "5 bytes are counted, and 12 are stored")
    );
    assert_eq!(mend_stored_bytes(&app.state).await.expect("counted"), 1);
    assert_eq!((counted().await, mend_stored_bytes(&app.state).await.expect("counted")), (12, 0));
}

#[actix_web::test]
async fn at_the_edge_of_the_quota_those_that_are_begun_at_once_get_no_more_than_there_is() {
    let app = TestApp::configured(|config| config.limits.org_storage_bytes = 20).await;
    let sender = Sender::of(&app).await;
    let answers = together::all((0..8).map(|_| sender.send(creation(6)))).await;
    let begun = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(begun, 3, "6 bytes each of 20");
    let refused_ones = answers.iter().filter(|answer| answer.outcome() == refused(507, "storage_quota")).count();
    assert_eq!(refused_ones, 5);
}

#[actix_web::test]
async fn a_full_quota_tells_nobody_what_others_have_brought() {
    let app = TestApp::configured(|config| config.limits.org_storage_bytes = 20).await;
    let sender = Sender::of(&app).await;
    let put = |bytes: &[u8]| {
        Call::new("PUT", format!("/v1/blobs/{}", Hash::of(bytes))).bytes("application/octet-stream", bytes.to_vec())
    };
    let (known, unknown) = (photo(20), vec![7; 20]);
    sender.send(put(&known)).await.expect(200);
    let other = Sender(app.device_of(YUNZE.colleague()).await);
    for (what, bytes) in [("known", &known), ("unknown", &unknown)] {
        let answer = other.send(put(bytes)).await;
        assert_eq!(answer.outcome(), refused(507, "storage_quota"), "{what}, in one piece");
        assert_eq!(answer.json()["actual"], 40, "{what}");
        let begun = creation(20).header("upload-metadata", declares(bytes));
        assert_eq!(other.outcome(begun).await, refused(507, "storage_quota"), "{what}, as an upload");
    }
    sender.send(put(&known)).await.expect(200);
}
