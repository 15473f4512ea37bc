//! Blobs that come in one piece: the turns of a device are the same as for parts of uploads.

use doorstep::app::blobs::{Portion, StoredBlob, receive_blob};
use doorstep::app::{AppError, AppResult, AppState, Ctx, ErrorCode};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::handover::ctx;
use super::*;

fn put(bytes: &[u8]) -> Call {
    Call::new("PUT", format!("/v1/blobs/{}", Hash::of(bytes))).bytes("application/octet-stream", bytes.to_vec())
}

/// A request that brings some bytes of a blob.
fn put_part(whole: &[u8], range: &str, bytes: &[u8]) -> Call {
    let call = Call::new("PUT", format!("/v1/blobs/{}", Hash::of(whole))).header("content-range", range.to_owned());
    call.bytes("application/octet-stream", bytes.to_vec())
}

/// A body of which these bytes come, and then nothing any more; tells when there is nothing.
fn stalled(bytes: Vec<u8>, stalls: &'static Semaphore) -> impl Stream<Item = Result<Vec<u8>, AppError>> + Unpin {
    let nothing = stream::once(async move {
        stalls.add_permits(1);
        std::future::pending().await
    });
    Box::pin(stream::iter([Ok(bytes)]).chain(nothing))
}

/// A request that brings the first bytes of a blob, which are written when this returns, and then nothing.
async fn half(state: &AppState, ctx: Ctx, whole: &[u8], bytes: usize) -> JoinHandle<AppResult<StoredBlob>> {
    let stalls: &'static Semaphore = Box::leak(Box::new(Semaphore::new(0)));
    let (state, sha256, total) = (state.clone(), Hash::of(whole), u64::try_from(whole.len()).expect("a length"));
    let body = stalled(whole[..bytes].to_vec(), stalls);
    let sending =
        actix_web::rt::spawn(async move { receive_blob(&state, ctx, sha256, Portion::Whole, Some(total), body).await });
    stalls.acquire().await.expect("open").forget();
    sending
}

#[actix_web::test]
async fn a_device_has_four_under_way_in_one_piece_or_in_parts_and_a_fifth_waits() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let mut under_way = Vec::new();
    for bytes in 101..=104 {
        under_way.push(half(&app.state, ctx(&sender), &photo(bytes), 50).await);
    }
    let answer = sender.send(put(&photo(105))).await;
    assert_eq!(answer.outcome(), refused(429, "too_many_uploads"));
    assert_eq!((&answer.json()["limit"], &answer.json()["actual"]), (&4.into(), &4.into()));
    let path = sender.begin(105).await;
    assert_eq!(sender.outcome(append(&path, 0, &photo(105))).await, refused(429, "too_many_uploads"), "nor a part");
    let asked = sender.send(put_part(&photo(105), "bytes */105", b"")).await;
    assert_eq!(asked.outcome(), refused(409, "upload_incomplete"), "a question takes no turn");
    let other = Sender(app.device_of(YUNZE.colleague()).await);
    other.send(put(&photo(105))).await.expect(200);
    // One that ends makes room.
    let ended = under_way.pop().expect("four");
    ended.abort();
    assert!(ended.await.is_err_and(|error| error.is_cancelled()));
    sender.send(put(&photo(105))).await.expect(200);
    under_way.iter().for_each(JoinHandle::abort);
}

#[actix_web::test]
async fn a_new_request_takes_a_blob_from_a_line_that_is_dead_and_goes_on_where_that_stopped() {
    let app = TestApp::configured(|config| config.limits.active_uploads_per_device = 1).await;
    let sender = Sender::of(&app).await;
    let whole = photo(1_000);
    let dead = half(&app.state, ctx(&sender), &whole, 400).await;
    let stored = sender.send(put_part(&whole, "bytes 400-999/1000", &whole[400..])).await.expect(200);
    assert_eq!(stored["bytes"], 1_000);
    let taken = dead.await.expect("no panic").expect_err("it was taken");
    assert_eq!(taken.code(), ErrorCode::UploadLocked);
    // The turn of the later request has ended, too.
    sender.send(put(&photo(7))).await.expect(200);
}
