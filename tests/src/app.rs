//! The server inside the test process, with a clock that the test sets.

use std::future::{Future, poll_fn};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::{self, BoxBody, MessageBody as _};
use actix_web::dev::{Service as _, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error, web};
use doorstep::app::{AppError, AppState};
use doorstep::boot;
use doorstep::config::Config;
use doorstep::http::middleware::edge::edge;
use doorstep::verify::{Report, Verifier};
use doorstep_store::{Conn, StoreResult, migrate};

use crate::bucket::{self, Bucket};
use crate::call::{Answer, Call};
use crate::clock::{START, TestClock};
use crate::company::{HAOYU, YUNZE};
use crate::contract::Contract;
use crate::db::{Template, TestDb, with_conn};
use crate::dir::TestDir;

/// A migrated database with the two seeded organisations.
pub static COMPANIES: Template = Template::new(|url| {
    with_conn(url, |conn| {
        migrate::run_pending(conn)?;
        YUNZE.insert(conn)?;
        HAOYU.insert(conn)
    })
    .map_err(|error: doorstep_store::StoreError| error.to_string())
});

async fn first_chunk(mut body: BoxBody) -> Result<web::Bytes, Box<dyn std::error::Error>> {
    poll_fn(|context| Pin::new(&mut body).poll_next(context)).await.unwrap_or_else(|| Ok(web::Bytes::new()))
}

type Served = Pin<Box<dyn Future<Output = Result<ServiceResponse<BoxBody>, Error>>>>;

/// A running server with data of its own.
pub struct TestApp {
    /// The clock of the server.
    pub clock: Arc<TestClock>,
    /// The parts of the server, for tests that look behind the API.
    pub state: AppState,
    serve: Rc<dyn Fn(TestRequest) -> Served>,
    // In this order: the pools must be closed before the database is dropped.
    _data: TestDir,
    db: TestDb,
}

impl std::fmt::Debug for TestApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TestApp({})", self.db.url())
    }
}

impl TestApp {
    /// Starts a server with the two seeded organisations.
    pub async fn new() -> Self {
        Self::configured(|_| ()).await
    }

    /// Starts a server whose configuration the test changes.
    ///
    /// # Panics
    /// If the server cannot be built.
    pub async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        let db = TestDb::copy_of(&COMPANIES);
        let data = TestDir::new();
        let mut config = doorstep::config::load(None).expect("the default configuration");
        config.database_url = db.url().to_owned();
        config.data_dir = data.path().to_owned();
        // One request at a time, and tests that send several; more would only slow the start.
        config.database.connections = 4;
        // The tests of rates set their own; elsewhere they would only make tests depend on each other's number of calls.
        let plenty = NonZeroU32::new(60_000).expect("more than zero");
        (config.limits.user_per_minute, config.limits.tenant_per_minute) = (plenty, plenty);
        (config.limits.sync_per_minute, config.limits.sync_burst) = (plenty, plenty);
        config.limits.login_tenant_per_minute = plenty;
        if bucket::is_everywhere() {
            Bucket::new().set(&mut config);
        }
        change(&mut config);
        let clock = Arc::new(TestClock::at(START));
        let state = boot::build_state(config, clock.clone()).await.unwrap_or_else(|error| panic!("{error:?}"));
        let configured = App::new()
            .app_data(web::Data::new(state.clone()))
            .wrap(from_fn(edge))
            .configure(boot::configure(state.clone()));
        let service = init_service(configured).await;
        let serve: Rc<dyn Fn(TestRequest) -> Served> =
            Rc::new(move |request| Box::pin(service.call(request.to_request())));
        Self { clock, state, serve, _data: data, db }
    }

    /// Sends a request and checks the answer against the API document.
    ///
    /// # Panics
    /// If the answer is outside the contract; the message names operation, status and place.
    pub async fn send(&self, call: Call) -> Answer {
        let answer = self.send_unchecked(&call).await;
        Contract::current().check(&call, &answer).unwrap_or_else(|violation| panic!("{violation}"));
        answer
    }

    /// Sends a request that the API document does not know, such as one for `/docs`.
    ///
    /// # Panics
    /// If the request cannot be expressed.
    pub async fn send_unchecked(&self, call: &Call) -> Answer {
        let method = Method::from_bytes(call.method.as_bytes()).expect("a method");
        let mut request = TestRequest::with_uri(&call.path).method(method);
        for header in &call.headers {
            request = request.append_header((header.0.as_str(), header.1.as_str()));
        }
        if !call.body.is_empty() {
            request = request.set_payload(call.body.clone());
        }
        let response = (self.serve)(request).await.unwrap_or_else(|error| panic!("{error}"));
        let status = response.status().as_u16();
        let value = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = response.headers().iter().map(|(name, text)| (name.to_string(), value(text.as_bytes())));
        let headers = headers.collect();
        let is_stream = response.headers().get("content-type").is_some_and(|value| value == "text/event-stream");
        let body = response.into_body();
        // A live stream has no end: its first event is its answer.
        let body = if is_stream { first_chunk(body).await } else { body::to_bytes(body).await };
        let body = body.unwrap_or_else(|error| panic!("{error}")).to_vec();
        Answer { status, headers, body }
    }

    /// Where its data are.
    #[must_use]
    pub fn database_url(&self) -> &str {
        self.db.url()
    }

    /// What `doorstep verify` says of the data.
    ///
    /// # Panics
    /// If they cannot be read.
    pub async fn verified(&self) -> Report {
        let objects = doorstep::adapters::objects::open(&self.state.config).expect("the settings of blobs");
        let verifier = Verifier { store: self.state.store.clone(), objects, now: self.now() };
        verifier.run(&|_| ()).await.expect("the data can be read")
    }

    /// Writes rows behind the API's back.
    ///
    /// # Panics
    /// If the write fails.
    pub async fn write<T: Send + 'static>(&self, mut f: impl FnMut(&mut Conn) -> StoreResult<T> + Send + 'static) -> T {
        let written = self.state.store.write(move |conn| f(conn).map_err(AppError::from)).await;
        written.unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// Reads rows behind the API's back.
    ///
    /// # Panics
    /// If the read fails.
    pub async fn read<T: Send + 'static>(&self, f: impl FnOnce(&mut Conn) -> StoreResult<T> + Send + 'static) -> T {
        self.state.store.read(f).await.unwrap_or_else(|error| panic!("{error:?}"))
    }
}
