//! What a bucket may do to us: repeat the checksum that it was sent, and keep other bytes.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use object_store::client::{
    ClientOptions, HttpClient, HttpError, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};

use super::*;

/// A server that answers every request well, gives these bytes back, and counts what it was sent.
#[derive(Debug, Clone)]
struct Liar(&'static [u8], Arc<AtomicUsize>);

impl HttpConnector for Liar {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl HttpService for Liar {
    fn call<'a, 'async_trait>(
        &'a self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'async_trait>>
    where
        'a: 'async_trait,
        Self: 'async_trait,
    {
        let mut answer = ureq::http::Response::builder()
            .header("etag", "\"0\"")
            .header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT")
            .header("content-length", self.0.len());
        if let Some(checksum) = request.headers().get("x-amz-checksum-sha256") {
            answer = answer.header("x-amz-checksum-sha256", checksum);
        }
        let mut bytes = Vec::new();
        if request.method() == "PUT" {
            self.1.fetch_add(1, Ordering::SeqCst);
        }
        if request.method() == "GET" {
            answer =
                answer.status(206).header("content-range", format!("bytes 0-{}/{}", self.0.len() - 1, self.0.len()));
            bytes.extend_from_slice(self.0);
        }
        let answer = answer.body(HttpResponseBody::from(bytes)).expect("an answer");
        Box::pin(std::future::ready(Ok(answer)))
    }
}

#[tokio::test]
async fn nothing_is_taken_of_which_other_bytes_come_back() {
    let folder = std::env::temp_dir().join(format!("doorstep-bucket-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a directory");
    let file = folder.join("file");
    let org = OrgId::from_bytes([1; 16]);
    let config = crate::config::load(None).expect("defaults").s3;
    let config = S3Config { access_key_id: Some("id".to_owned()), ..config };
    let config = S3Config { secret_access_key: Some(crate::config::Secret::new("secret")), ..config };
    for (gives_back, is_taken) in [(&b"a photo"[..], true), (b"a phot0", false), (b"a phot", false)] {
        std::fs::write(&file, b"a photo").expect("a file");
        let (scratch, sent) = (Arc::new(Scratch::new(&folder)), Arc::new(AtomicUsize::new(0)));
        let bucket =
            S3Objects::over(Liar(gives_back, Arc::clone(&sent)), &config, "bucket", scratch).expect("settings");
        let taken = bucket.take(&file, org, Hash::of(b"a photo")).await;
        assert_eq!((taken.is_ok(), file.exists()), (is_taken, !is_taken), "{taken:?}");
        assert_eq!(sent.load(Ordering::SeqCst), usize::from(!is_taken), "sound bytes are not written over");
        assert!(is_taken || matches!(taken, Err(BlobError::Unreachable(_))));
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}
