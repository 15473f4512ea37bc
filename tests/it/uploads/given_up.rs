//! A creation with bytes whose request is given up before its answer, as when its line is reset.

use std::sync::Arc;
use std::time::Duration;

use doorstep::app::AppError;
use doorstep::app::uploads::{Metadata, Part, create_upload_with};
use doorstep::ports::blobs::BlobFuture;
use doorstep::ports::{Staged, StagedUpload, Staging};
use futures_util::StreamExt as _;
use tokio::sync::Semaphore;

use super::handover::ctx;
use super::*;

/// A storage that tells when an upload was forgotten.
#[derive(Debug)]
struct Telling {
    sound: Arc<dyn Staging>,
    forgotten: Semaphore,
}

impl Staging for Telling {
    fn open(&self, upload: StagedUpload) -> BlobFuture<'_, Box<dyn Staged>> {
        self.sound.open(upload)
    }

    fn received(&self, upload: StagedUpload) -> BlobFuture<'_, u64> {
        self.sound.received(upload)
    }

    fn forget(&self, upload: StagedUpload) -> BlobFuture<'_, ()> {
        Box::pin(async move {
            let forgotten = self.sound.forget(upload).await;
            self.forgotten.add_permits(1);
            forgotten
        })
    }

    fn forget_unchanged(&self, unchanged_for: Duration) -> BlobFuture<'_, usize> {
        self.sound.forget_unchanged(unchanged_for)
    }
}

#[actix_web::test]
async fn an_upload_whose_name_nobody_heard_ends_with_its_request() {
    let app = TestApp::configured(|config| config.limits.uploads_per_device = 1).await;
    let sender = Sender::of(&app).await;
    let storage = Arc::new(Telling { sound: Arc::clone(&app.state.staging), forgotten: Semaphore::new(0) });
    let state = doorstep::app::AppState { staging: storage.clone(), ..app.state.clone() };
    // A line on which a few bytes come, and then nothing more.
    let came = Semaphore::new(0);
    let first = futures_util::stream::iter([Ok::<_, AppError>(b"four".as_slice())]);
    let silence = futures_util::stream::poll_fn(|_| {
        came.add_permits(1);
        std::task::Poll::Pending
    });
    let ctx = ctx(&sender);
    {
        let body = first.chain(silence);
        let creating = create_upload_with(&state, &ctx, Some(8), Metadata::default(), Part::default(), body);
        let mut creating = std::pin::pin!(creating);
        tokio::select! {
            biased;
            created = &mut creating => panic!("the body has no end: {created:?}"),
            silent = came.acquire() => silent.expect("open").forget(),
        }
        assert_eq!(sender.send(creation(4)).await.status, 429, "it is under way");
    }
    storage.forgotten.acquire().await.expect("open").forget();
    assert_eq!(staged(&app.state.config.data_dir).len(), 0);
    sender.begin(4).await;
}
