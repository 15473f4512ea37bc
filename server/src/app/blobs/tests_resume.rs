//! Uploads that broke off and go on.

use std::time::Duration;

use super::*;
use crate::ports::UploadKey;

/// Files of unfinished uploads of the phone.
pub(super) fn unfinished(office: &Office) -> usize {
    let folder = office.root.join("blobs/parts").join(ORG.to_string()).join(PHONE.to_string());
    std::fs::read_dir(folder).expect("the folder of the phone").count()
}

/// What a refusal says has arrived.
fn arrived(result: AppResult<StoredBlob>) -> Option<i64> {
    match result {
        Err(AppError::Refused(refusal)) if refusal.code == ErrorCode::UploadIncomplete => refusal.actual,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_upload_that_broke_off_goes_on_where_it_stopped() {
    let office = office().await;
    let whole = jpeg();
    let name = Hash::of(&whole);
    let total = u64::try_from(whole.len()).expect("a size");
    let put = async |portion, parts| store_blob(&office.state, office.rep(), name, portion, None, Parts(parts)).await;
    let asked_by_other =
        async || store_blob(&office.state, office.other_rep(), name, Portion::Nothing, None, Parts(vec![])).await;
    assert_eq!(arrived(put(Portion::Nothing, vec![]).await), Some(0), "nothing is known of it");

    let broken = vec![Ok(whole[..700].to_vec()), Ok(whole[700..2_000].to_vec()), Err(ErrorCode::RequestTimeout)];
    assert_eq!(code(put(Portion::Whole, broken).await), ErrorCode::RequestTimeout);
    assert_eq!(arrived(put(Portion::Nothing, vec![]).await), Some(2_000));
    let behind = put(Portion::Rest { from: 2_001, total }, vec![Ok(whole[2_001..].to_vec())]).await;
    assert_eq!(arrived(behind), Some(2_000), "a gap is never filled with anything");
    assert_eq!(arrived(asked_by_other().await), Some(0), "another device learns nothing of it");

    // Breaks off again, and then overlaps what has arrived.
    let broken = vec![Ok(whole[2_000..3_000].to_vec()), Err(ErrorCode::BodyInvalid)];
    assert_eq!(code(put(Portion::Rest { from: 2_000, total }, broken).await), ErrorCode::BodyInvalid);
    assert_eq!((arrived(put(Portion::Nothing, vec![]).await), unfinished(&office)), (Some(3_000), 1));
    let stored = put(Portion::Rest { from: 2_500, total }, vec![Ok(whole[2_500..].to_vec())]).await.expect("stored");
    assert_eq!((stored.bytes, unfinished(&office)), (i64::try_from(total).expect("a size"), 0));
    assert_eq!(office.state.blobs.read(ORG, name).await.expect("the blob"), whole);
    assert_eq!(row(&office, &whole).await.expect("its row").media_type, "image/jpeg", "known by its first bytes");

    // The lost answer can be asked for, but not by a device that only knows the name.
    assert_eq!(put(Portion::Nothing, vec![]).await.expect("all of it is here"), stored);
    assert_eq!(arrived(asked_by_other().await), Some(0));
}

#[tokio::test]
async fn what_was_damaged_on_its_way_is_not_gone_on_with() {
    let office = office().await;
    let whole = b"what it should be".to_vec();
    let put = async |portion, parts| {
        store_blob(&office.state, office.rep(), Hash::of(&whole), portion, None, Parts(parts)).await
    };
    let broken = vec![Ok(b"what it shXXXd".to_vec()), Err(ErrorCode::BodyInvalid)];
    assert_eq!(code(put(Portion::Whole, broken).await), ErrorCode::BodyInvalid);
    let rest = put(Portion::Rest { from: 14, total: 17 }, vec![Ok(b" be".to_vec())]).await;
    assert_eq!((code(rest), unfinished(&office)), (ErrorCode::ChecksumMismatch, 0));
    assert!(!exists(&office, &whole).await);
    put(Portion::Whole, vec![Ok(whole.clone())]).await.expect("from the beginning");
}

#[tokio::test]
async fn an_upload_nobody_hears_any_more_changes_nothing_of_the_one_that_went_on() {
    let office = office().await;
    let key = UploadKey { org: ORG, device: PHONE, sha256: Hash::of(b"abcdef") };
    let blobs = &office.state.blobs;
    let mut first = blobs.begin(key, 0).await.expect("begun");
    first.write(b"abc").await.expect("written");
    // A file answers a write before it is done; the next one waits for it.
    first.write(b"").await.expect("written");
    let mut second = blobs.begin(key, 2).await.expect("goes on");
    first.write(b"XYZ").await.expect("written where nobody reads");
    second.write(b"cdef").await.expect("written");
    second.finish().await.expect("the hash is right");
    assert!(first.finish().await.is_err());
    assert_eq!(blobs.read(ORG, key.sha256).await.expect("the blob"), b"abcdef");
}

#[tokio::test]
async fn what_nobody_goes_on_with_is_forgotten() {
    let office = office().await;
    let blobs = &office.state.blobs;
    let key = UploadKey { org: ORG, device: PHONE, sha256: Hash::of(b"never finished") };
    let mut writer = blobs.begin(key, 0).await.expect("begun");
    writer.write(b"never").await.expect("written");
    drop(writer);
    assert_eq!(blobs.forget_parts(Duration::from_secs(3600)).await.expect("looked"), 0, "it may still go on");
    assert_eq!((blobs.forget_parts(Duration::ZERO).await.expect("looked"), unfinished(&office)), (1, 0));
}

#[tokio::test]
async fn tries_that_broke_off_take_the_place_of_older_ones() {
    let office = office().await;
    let blobs = &office.state.blobs;
    for number in 0..40_u8 {
        let key = UploadKey { org: ORG, device: PHONE, sha256: Hash::of(&[number]) };
        let mut writer = blobs.begin(key, 0).await.expect("begun");
        writer.write(b"never finished").await.expect("written");
        writer.keep().await.expect("kept");
    }
    assert_eq!(unfinished(&office), 16);
    let last = UploadKey { org: ORG, device: PHONE, sha256: Hash::of(&[39]) };
    assert_eq!(blobs.received(last).await.expect("looked"), 14, "what came last is there");
}
