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
        let bucket = S3Objects::over(
            [Liar(gives_back, Arc::clone(&sent)), Liar(gives_back, Arc::clone(&sent))],
            &config,
            "bucket",
            scratch,
        )
        .expect("settings");
        let taken = bucket.take(&file, org, Hash::of(b"a photo")).await;
        assert_eq!((taken.is_ok(), file.exists()), (is_taken, !is_taken), "{taken:?}");
        assert_eq!(sent.load(Ordering::SeqCst), usize::from(!is_taken), "sound bytes are not written over");
        assert!(is_taken || matches!(taken, Err(BlobError::Unreachable(_))));
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// What a server has been asked for: method, path with query, body, and the headers.
type Asked = (String, String, usize, ureq::http::HeaderMap);

/// What it answers: status, bytes, and the entity tag of their version.
type Told = (u16, Vec<u8>, &'static str);

/// An answer that may take its time.
type Telling = Pin<Box<dyn Future<Output = Told> + Send>>;

/// A server that answers as a test says.
#[derive(Clone)]
struct Scripted(Arc<dyn Fn(Asked) -> Telling + Send + Sync>);

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

impl HttpConnector for Scripted {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl HttpService for Scripted {
    fn call<'a, 'async_trait>(
        &'a self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'async_trait>>
    where
        'a: 'async_trait,
        Self: 'async_trait,
    {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or_else(String::new, ToString::to_string);
        let range = head.headers.get("range").and_then(|range| range.to_str().ok()).and_then(|range| {
            let (from, last) = range.strip_prefix("bytes=")?.split_once('-')?;
            Some((from.parse::<usize>().ok()?, last.parse::<usize>().ok()?))
        });
        let (method, checksum) = (head.method.clone(), head.headers.get("x-amz-checksum-sha256").cloned());
        let told = (self.0)((method.to_string(), path, body.content_length(), head.headers));
        Box::pin(async move {
            let (status, mut bytes, version) = told.await;
            let mut answer = ureq::http::Response::builder()
                .header("etag", version)
                .header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT")
                .header("content-length", bytes.len());
            if let Some(checksum) = checksum {
                answer = answer.header("x-amz-checksum-sha256", checksum);
            }
            let mut status = status;
            if let (200, "GET", Some((from, last))) = (status, method.as_str(), range) {
                let last = last.min(bytes.len() - 1);
                answer = answer.header("content-range", format!("bytes {from}-{last}/{}", bytes.len()));
                (status, bytes) = (206, bytes[from..=last].to_vec());
            }
            if method == "HEAD" {
                bytes.clear();
            }
            Ok(answer.status(status).body(HttpResponseBody::from(bytes)).expect("an answer"))
        })
    }
}

/// A directory, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("doorstep-bucket-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a directory");
        Self(folder)
    }

    fn bucket<F: Future<Output = Told> + Send + 'static>(
        &self,
        answer: impl Fn(Asked) -> F + Send + Sync + 'static,
    ) -> S3Objects {
        let config = crate::config::load(None).expect("defaults").s3;
        let config = S3Config { access_key_id: Some("id".to_owned()), ..config };
        let config = S3Config { secret_access_key: Some(crate::config::Secret::new("secret")), ..config };
        let server = Scripted(Arc::new(move |asked| Box::pin(answer(asked))));
        S3Objects::over([server.clone(), server], &config, "bucket", Arc::new(Scratch::new(&self.0))).expect("settings")
    }

    /// A bucket that is reached as in service, at this address.
    fn bucket_at(&self, endpoint: String) -> S3Objects {
        let config = crate::config::load(None).expect("defaults").s3;
        let config = S3Config { access_key_id: Some("id".to_owned()), endpoint: Some(endpoint), ..config };
        let config = S3Config { secret_access_key: Some(crate::config::Secret::new("secret")), ..config };
        S3Objects::open(&config, "bucket", Arc::new(Scratch::new(&self.0))).expect("settings")
    }

    fn file(&self, bytes: &[u8]) -> PathBuf {
        let file = self.0.join("file");
        std::fs::write(&file, bytes).expect("a file");
        file
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An answer with a code, as S3 gives it.
fn refusal(status: u16, code: &str) -> Told {
    (status, format!("<Error><Code>{code}</Code></Error>").into_bytes(), "\"0\"")
}

const ORG: OrgId = OrgId::from_bytes([1; 16]);

#[tokio::test]
async fn a_bucket_that_is_gone_is_no_bucket_without_blobs() {
    let folder = Folder::new("gone");
    let bucket = folder.bucket(|_| async { refusal(404, "NoSuchBucket") });
    for size in [7, 17 << 20] {
        let bytes = vec![1; size];
        let file = folder.file(&bytes);
        let taken = bucket.take(&file, ORG, Hash::of(&bytes)).await;
        assert!(matches!(taken, Err(BlobError::Unreachable(_))), "{taken:?}");
        assert!(file.exists());
    }
    let put = bucket.put_derived(ORG, "ab/abc-320.jpg", b"a copy".to_vec()).await;
    assert!(matches!(put, Err(BlobError::Unreachable(_))), "{put:?}");
    let written = bucket.check_writable().await;
    assert!(matches!(written, Err(BlobError::Unreachable(_))), "{written:?}");
    let found = bucket.find(ORG, Hash([2; 32])).await;
    assert!(matches!(found, Err(BlobError::Unreachable(_))), "{found:?}");
    let read = bucket.read_derived(ORG, "ab/abc-320.jpg").await;
    assert!(matches!(read, Err(BlobError::Unreachable(_))), "{read:?}");
}

#[tokio::test]
async fn all_pieces_that_are_read_are_of_one_version() {
    let folder = Folder::new("version");
    for (obeys, length) in [(true, 9 << 20), (false, (9 << 20) + 1)] {
        let gets = Arc::new(AtomicUsize::new(0));
        let bucket = folder.bucket(move |(method, _, _, headers)| {
            let earlier = if method == "GET" { gets.fetch_add(1, Ordering::SeqCst) } else { 0 };
            // Written over between the first piece and the second.
            let (bytes, version) = if earlier == 0 { (vec![1; 9 << 20], "\"1\"") } else { (vec![2; length], "\"2\"") };
            let is_other = headers.get("if-match").is_some_and(|known| known != version);
            async move { if obeys && is_other { refusal(412, "PreconditionFailed") } else { (200, bytes, version) } }
        });
        let read = bucket.read(ORG, Hash([2; 32])).await.map(|bytes| bytes.len());
        assert!(matches!(read, Err(BlobError::Unreachable(_))), "{read:?}");
    }
}

#[tokio::test]
async fn a_request_that_nobody_waits_for_leaves_no_half_of_an_upload_in_the_bucket() {
    let folder = Folder::new("dropped");
    let (came, may_go_on, done) =
        (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (arrived, released, completed) = (Arc::clone(&came), Arc::clone(&may_go_on), Arc::clone(&done));
    let bucket = folder.bucket(move |(method, path, ..)| {
        let (came, may_go_on, done) = (Arc::clone(&arrived), Arc::clone(&released), Arc::clone(&completed));
        async move {
            if method == "PUT" {
                came.add_permits(1);
                may_go_on.acquire().await.expect("open").forget();
            }
            match (method.as_str(), path.contains("uploads")) {
                ("HEAD", _) => refusal(404, "NoSuchKey"),
                ("POST", true) => (200, b"<R><UploadId>u</UploadId></R>".to_vec(), "\"0\""),
                ("POST", false) => {
                    done.add_permits(1);
                    (200, b"<R><ETag>e</ETag></R>".to_vec(), "\"0\"")
                }
                _ => (200, Vec::new(), "\"0\""),
            }
        }
    });
    let bytes = vec![1; 17 << 20];
    let file = folder.file(&bytes);
    let taken = tokio::spawn(async move { bucket.take(&file, ORG, Hash::of(&bytes)).await });
    came.acquire().await.expect("open").forget();
    taken.abort();
    assert!(taken.await.is_err_and(|error| error.is_cancelled()));
    may_go_on.add_permits(16);
    let completed = tokio::time::timeout(Duration::from_secs(60), done.acquire()).await;
    assert!(completed.is_ok(), "the parts stay behind");
}

#[tokio::test]
async fn what_is_wrong_with_a_bucket_is_told_from_what_it_does_not_hold() {
    let folder = Folder::new("fault");
    let cases = [
        (404, "NoSuchKey", Some("")),
        (404, "NoSuchBucket", Some("there is no bucket bucket")),
        (404, "", Some("there is no bucket bucket")),
        (403, "AccessDenied", Some("refuses the access key")),
        (403, "SignatureDoesNotMatch", Some("refuses the access key")),
        (301, "PermanentRedirect", None),
    ];
    for (status, code, expected) in cases {
        let bucket = folder.bucket(move |_| async move { refusal(status, code) });
        match (bucket.fault().await, expected) {
            (Ok(None), Some("")) => {}
            (Ok(Some(fault)), Some(text)) if !text.is_empty() => assert!(fault.contains(text), "{fault}"),
            (Err(BlobError::Unreachable(_)), None) => {}
            (found, _) => panic!("{status} {code}: {found:?}"),
        }
    }
}

/// Reads a request and answers it well, with nothing in it.
fn answer(mut stream: std::net::TcpStream) {
    let (mut request, mut piece) = (Vec::new(), [0; 1024]);
    while !request.ends_with(b"ready") {
        let read = std::io::Read::read(&mut stream, &mut piece).expect("the request");
        assert_ne!(read, 0, "it is whole");
        request.extend_from_slice(&piece[..read]);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\netag: \"0\"\r\ncontent-length: 0\r\n\r\n").expect("answered");
}

#[tokio::test]
async fn whether_a_bucket_can_be_written_is_seen_while_everything_else_waits_for_it() {
    let folder = Folder::new("probe");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let bucket = folder.bucket_at(format!("http://{}", listener.local_addr().expect("an address")));
    let org = OrgId::from_bytes([1; 16]);
    // Each place of a request is taken by one that gets no answer, and some wait for a place.
    let asked = (0..12_u8).map(|number| {
        let bucket = bucket.clone();
        tokio::spawn(async move { bucket.find(org, Hash::of(&[number])).await })
    });
    let asked: Vec<_> = asked.collect();
    let (accepting, hanging) = tokio::task::spawn_blocking(move || {
        let hanging: Vec<_> = (0..8).map(|_| listener.accept().expect("a request")).collect();
        (listener, hanging)
    })
    .await
    .expect("requests");
    let probe = tokio::spawn(async move { bucket.check_writable().await });
    let (done, answered) = tokio::sync::oneshot::channel();
    // Where no probe comes, nobody waits for this thread.
    std::thread::spawn(move || {
        answer(accepting.accept().expect("the probe").0);
        let _ = done.send(());
    });
    let answered = tokio::time::timeout(Duration::from_secs(20), answered).await;
    answered.expect("it waits behind no other").expect("answered");
    assert!(probe.await.expect("it ends").is_ok(), "the bucket can be written");
    for request in asked {
        request.abort();
    }
    drop(hanging);
}
