//! An upload that another node finishes or takes at the very moment at which this one opens it.

use std::cell::Cell;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use doorstep::app::once::Once;
use doorstep::app::uploads::{ActiveUploads, Part, append_upload, show_upload};
use doorstep::app::{AppError, AppState, Ctx, ErrorCode};
use doorstep::domain::{Actor, Scope};
use doorstep::ports::blobs::BlobFuture;
use doorstep::ports::{Staged, StagedUpload, Staging};
use integration_tests::patience::come;

use super::*;

/// What the other node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meanwhile {
    /// It finishes the upload, before this node opens it.
    Finishes,
    /// It has the bytes under another name, after this node has opened it.
    Takes,
}

/// The storage of a node that another one is faster than.
#[derive(Debug)]
struct Shared {
    there: AppState,
    ctx: Ctx,
    meanwhile: Meanwhile,
}

impl Staging for Shared {
    fn open(&self, upload: StagedUpload) -> BlobFuture<'_, Box<dyn Staged>> {
        Box::pin(async move {
            if self.meanwhile == Meanwhile::Finishes {
                let standing =
                    show_upload(&self.there, &self.ctx, upload.key.upload).await.expect("everything is here");
                assert!(standing.receipt.is_some());
            }
            let staged = self.there.staging.open(upload).await?;
            if self.meanwhile == Meanwhile::Takes {
                self.there.staging.forget(upload).await?;
            }
            Ok(staged)
        })
    }

    fn received(&self, upload: StagedUpload) -> BlobFuture<'_, u64> {
        self.there.staging.received(upload)
    }

    fn forget(&self, upload: StagedUpload) -> BlobFuture<'_, ()> {
        self.there.staging.forget(upload)
    }

    fn forget_unchanged(&self, unchanged_for: Duration) -> BlobFuture<'_, usize> {
        self.there.staging.forget_unchanged(unchanged_for)
    }
}

/// What a use case gets of a sender.
pub(super) fn ctx(sender: &Sender<'_>) -> Ctx {
    let Device { app, org, id, member, .. } = &sender.0;
    let actor = Actor {
        org: *org,
        user: member.id,
        team: member.team,
        roles: Vec::new(),
        device: Some(*id),
        session: None,
        token: TokenKind::Full,
    };
    Ctx { now: app.now(), actor, scope: Scope::Own, grants: Vec::new(), once: Once::default() }
}

/// This node, where another one does something meanwhile.
fn here(sender: &Sender<'_>, meanwhile: Meanwhile) -> AppState {
    let state = &sender.0.app.state;
    let there = AppState { active_uploads: ActiveUploads::default(), ..state.clone() };
    AppState { staging: Arc::new(Shared { there, ctx: ctx(sender), meanwhile }), ..state.clone() }
}

/// An upload of which eight bytes are here, and nobody has heard of them.
async fn arrived(sender: &Sender<'_>, length: usize) -> StagingKey {
    let path = sender.begin(length).await;
    let upload = sender.upload(&path);
    let mut staged = sender.0.app.state.staging.open(upload).await.expect("opened");
    staged.append(b"fourmore").await.expect("written");
    staged.keep().await.expect("durable");
    upload.key
}

#[actix_web::test]
async fn what_another_node_finishes_just_then_is_finished_here_too() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let key = arrived(&sender, 8).await;
    let shown = show_upload(&here(&sender, Meanwhile::Finishes), &ctx(&sender), key.upload).await.expect("it is here");
    assert_eq!((shown.offset, shown.receipt.is_some()), (8, true));
    assert_eq!(staged(&app.state.config.data_dir).len(), 0, "nothing is left of what was opened");

    let key = arrived(&sender, 8).await;
    let body = futures_util::stream::iter([Ok::<_, AppError>(b"more".as_slice())]);
    let part = Part { offset: 4, ..Part::default() };
    let repeated = append_upload(&here(&sender, Meanwhile::Finishes), &ctx(&sender), key.upload, part, body).await;
    assert_eq!(repeated.expect("what was stored").offset, 8);
}

#[actix_web::test]
async fn what_another_node_takes_just_then_is_asked_for_again() {
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    for length in [8, 9] {
        let key = arrived(&sender, length).await;
        let state = here(&sender, Meanwhile::Takes);
        let refused = show_upload(&state, &ctx(&sender), key.upload).await.expect_err("its bytes are elsewhere");
        assert_eq!(refused.code(), ErrorCode::UploadLocked);
    }
}

#[actix_web::test]
async fn a_question_takes_an_upload_from_a_sender_who_always_has_more() {
    /// Many more than come while the question is on its way; together as large as an upload may be.
    const PARTS: usize = 40 << 10;
    const PART: [u8; 1 << 10] = [7; 1 << 10];
    let app = TestApp::new().await;
    let sender = Sender::of(&app).await;
    let path = sender.begin(PART.len() * PARTS).await;
    let (state, ctx, id) = (&app.state, ctx(&sender), sender.upload(&path).key.upload);
    let (came, is_asked) = (Cell::new(0), Cell::new(false));
    // At every look something has arrived.
    let body = futures_util::stream::poll_fn(|_| {
        came.set(came.get() + 1);
        let part = (came.get() <= PARTS).then(|| Ok::<_, AppError>(PART));
        Poll::Ready(part)
    });
    let asking = async {
        while came.get() < 3 {
            tokio::task::yield_now().await;
        }
        is_asked.set(true);
        show_upload(state, &ctx, id).await
    };
    let both = async { tokio::join!(append_upload(state, &ctx, id, Part::default(), body), asking) };
    let (appended, shown) = come("the question is answered", Box::pin(both)).await;
    assert!(is_asked.get() && came.get() < PARTS, "{} of {PARTS} parts", came.get());
    let shown = shown.expect("it stands somewhere");
    let AppError::Refused(refusal) = appended.expect_err("it has lost its turn") else { panic!("no refusal") };
    let offset = i64::try_from(shown.offset).expect("small");
    assert_eq!((refusal.code, refusal.actual, shown.receipt), (ErrorCode::OffsetConflict, Some(offset), None));
}
