//! What is answered to a request from which a later one takes an upload while it waits for its turn.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use super::*;
use crate::app::reviews::fixture::{ORG, PHONE, Parts, office};
use crate::app::{AppResult, AppState, ErrorCode};
use crate::ports::StagingKey;

/// The answer to a request for an upload that waits for whoever has it while a later one comes.
async fn overtaken<T>(state: &AppState, key: Received, asking: impl Future<Output = AppResult<T>>) -> AppResult<T> {
    let before = state.active_uploads.enter(key, 1).await.expect("nobody else");
    let mut asking = pin!(asking);
    poll_fn(|cx| {
        assert!(asking.as_mut().poll(cx).is_pending(), "whoever has it is waited for");
        if before.has_ended() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let mut later = pin!(state.active_uploads.enter(key, 1));
    assert!(is_waiting(later.as_mut()).await);
    drop(before);
    let answer = asking.await;
    drop(later.await.expect("its turn"));
    answer
}

async fn is_waiting<T>(mut waiting: Pin<&mut impl Future<Output = T>>) -> bool {
    poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx).is_pending())).await
}

#[tokio::test]
async fn whoever_is_overtaken_is_told_that_the_upload_is_locked_and_no_offset_that_nobody_knows() {
    let office = office().await;
    let (state, ctx) = (&office.state, office.rep());
    let id = create_upload(state, &ctx, Some(4), Metadata::default()).await.expect("begun").id;
    let key = Received::Upload(StagingKey { org: ORG, device: PHONE, upload: id });
    let code = |answer: AppResult<()>| answer.expect_err("overtaken").code();
    let shown = overtaken(state, key, async { show_upload(state, &ctx, id).await.map(drop) }).await;
    let part = append_upload(state, &ctx, id, Part::default(), Parts(vec![Ok(b"four".to_vec())]));
    let appended = overtaken(state, key, async { part.await.map(drop) }).await;
    let ended = overtaken(state, key, terminate_upload(state, &ctx, id)).await;
    assert_eq!([shown, appended, ended].map(code), [ErrorCode::UploadLocked; 3]);
    assert_eq!(show_upload(state, &ctx, id).await.expect("it goes on").offset, 0);
}
