//! The requests to a bucket, through the HTTP client that the phone uses: no second TLS is built in.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use object_store::client::{
    ClientOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
    HttpResponseBody, HttpService,
};
use tokio::sync::Semaphore;
use ureq::Agent;
use ureq::http::{Method, Request, Response};

/// Most bytes of an answer: blobs are read in pieces that are smaller.
const MOST_BYTES: u64 = 32 << 20;

/// How long the other side may take to be reached, to begin its answer, and to end it.
const TIMEOUTS: [Duration; 3] = [Duration::from_secs(5), Duration::from_secs(60), Duration::from_secs(60)];

/// The same for what is asked only to see whether the bucket answers.
///
/// # Source
/// Whoever asks whether we are ready gives up after a few seconds.
const BRIEF: [Duration; 3] = [Duration::from_secs(5); 3];

/// Requests on their way at once: as many threads at most wait for a bucket that hangs.
///
/// # Source
/// With answers of 8 MiB at most (`PART_BYTES` of the blobs) 64 MiB.
const AT_ONCE: usize = 8;

/// How long a request waits for those before it.
const QUEUE: Duration = Duration::from_secs(60);

/// Sends requests on threads that may wait.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    agent: Agent,
    /// Of requests on their way at once.
    places: Arc<Semaphore>,
    /// How long a request waits for a place.
    queue: Duration,
}

impl Waiting {
    /// For blobs.
    pub(super) fn new() -> Self {
        Self::with(TIMEOUTS, AT_ONCE, QUEUE)
    }

    /// For looking whether the bucket answers: it waits behind no blob, and not for long.
    pub(super) fn brief() -> Self {
        Self::with(BRIEF, 1, BRIEF[0])
    }

    fn with(timeouts: [Duration; 3], at_once: usize, queue: Duration) -> Self {
        let [connect, answer, body] = timeouts.map(Some);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // The signature is for one host: whoever points elsewhere is not followed.
            .max_redirects(0)
            .timeout_connect(connect)
            .timeout_send_body(body)
            .timeout_recv_response(answer)
            .timeout_recv_body(body)
            .user_agent("doorstep")
            .build();
        Self { agent: config.into(), places: Arc::new(Semaphore::new(at_once)), queue }
    }
}

impl HttpConnector for Waiting {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl HttpService for Waiting {
    fn call<'a, 'async_trait>(
        &'a self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'async_trait>>
    where
        'a: 'async_trait,
        Self: 'async_trait,
    {
        let (agent, places, queue) = (self.agent.clone(), Arc::clone(&self.places), self.queue);
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = HttpRequestBody::collect(body).await?.to_bytes();
            let place = tokio::time::timeout(queue, places.acquire_owned()).await;
            let place = place.map_err(|late| HttpError::new(HttpErrorKind::Timeout, late))?;
            let place = place.map_err(|closed| HttpError::new(HttpErrorKind::Unknown, closed))?;
            let sent = tokio::task::spawn_blocking(move || {
                // Until the thread ends, whoever still waits for it.
                let _place = place;
                exchange(&agent, Request::from_parts(head, &*body))
            });
            let (head, body) = sent.await.map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))??.into_parts();
            Ok(HttpResponse::from_parts(head, HttpResponseBody::from(body)))
        })
    }
}

/// Sends a request and reads all of the answer.
fn exchange(agent: &Agent, request: Request<&[u8]>) -> Result<Response<Vec<u8>>, HttpError> {
    let has_body = !matches!(*request.method(), Method::GET | Method::HEAD | Method::DELETE);
    let answered = if has_body { agent.run(request) } else { agent.run(request.map(|_none| ())) };
    let (head, mut body) = answered.map_err(failed)?.into_parts();
    let body = body.with_config().limit(MOST_BYTES).read_to_vec().map_err(failed)?;
    Ok(Response::from_parts(head, body))
}

/// Tells what may be tried again.
fn failed(error: ureq::Error) -> HttpError {
    let kind = match &error {
        ureq::Error::Timeout(_) => HttpErrorKind::Timeout,
        ureq::Error::ConnectionFailed | ureq::Error::HostNotFound => HttpErrorKind::Connect,
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => HttpErrorKind::Connect,
        ureq::Error::Io(_) => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_that_nobody_waits_for_keep_their_places_until_the_bucket_ends_them() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let waiting = Waiting::new();
        let asked = (0..AT_ONCE + 4).map(|_| {
            let (waiting, url) = (waiting.clone(), url.clone());
            tokio::spawn(async move {
                let request = Request::get(url).body(HttpRequestBody::empty()).expect("a request");
                waiting.call(request).await.map(drop)
            })
        });
        let asked: Vec<_> = asked.collect();
        let accept = move || (0..AT_ONCE).map(|_| listener.accept().expect("a request")).collect::<Vec<_>>();
        let hanging = tokio::task::spawn_blocking(accept).await.expect("requests");
        for request in asked {
            request.abort();
            assert!(request.await.is_err_and(|error| error.is_cancelled()));
        }
        assert_eq!(waiting.places.available_permits(), 0, "their threads are there still");
        drop(hanging);
        let all = u32::try_from(AT_ONCE).expect("few");
        assert!(waiting.places.acquire_many(all).await.is_ok(), "each place is given back");
    }
}
