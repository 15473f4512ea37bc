//! A stream whose asker nobody can look up for a while.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use doorstep::app::live::{EndReason, LiveEvent, LiveStream, open};
use doorstep::app::once::Once;
use doorstep::app::{Ctx, auth};
use doorstep::domain::Scope;
use doorstep::ports::Clock as _;
use doorstep_store::hints::Topic;
use doorstep_store::{Conn, StoreError};
use integration_tests::actors::Device;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use tokio::time::timeout;

use crate::sync::helpers::run;

/// Longer than anything here takes that works at all.
const PATIENCE: Duration = Duration::from_secs(60);

async fn tell(app: &TestApp, topic: Topic) {
    app.write(move |conn| {
        conn.tell(topic.clone());
        Ok(())
    })
    .await;
}

/// The next thing that is said.
async fn after_pings(stream: &mut LiveStream) -> Option<LiveEvent> {
    loop {
        match stream.next().await {
            Some(LiveEvent::Ping) => {}
            said => return said,
        }
    }
}

/// A phone as it asks for a stream.
async fn asking(app: &TestApp, phone: &Device<'_>) -> Ctx {
    let now = app.clock.now();
    let actor = auth::authenticate(&app.state, &phone.access, now).await.expect("a sign-in");
    Ctx { now, actor, scope: Scope::Own, grants: Vec::new(), once: Once::default() }
}

/// A stream that has said that it listens; it needs no database for it.
async fn listening(app: &TestApp, ctx: &Ctx, phone: &Device<'_>) -> LiveStream {
    let mut stream = open(&app.state, ctx, &phone.access).expect("a place");
    assert!(matches!(stream.next().await, Some(LiveEvent::Ready(_))));
    stream
}

/// A database of which every connection waits for something; it goes on once this is dropped.
struct Stuck {
    _held: Vec<mpsc::Sender<()>>,
}

impl Stuck {
    async fn of(app: &TestApp) -> Self {
        let (began, mut begun) = tokio::sync::mpsc::unbounded_channel();
        let mut held = Vec::new();
        for _ in 0..app.state.store.connections() {
            let (hold, until) = mpsc::channel::<()>();
            let (store, began) = (app.state.store.clone(), began.clone());
            held.push(hold);
            tokio::spawn(async move {
                let wait = move |_: &mut Conn| {
                    began.send(()).expect("the test waits");
                    let _ = until.recv();
                    Ok::<_, StoreError>(())
                };
                store.read(wait).await.expect("read");
            });
            begun.recv().await.expect("a connection is taken");
        }
        Self { _held: held }
    }
}

/// What comes of something that a stuck database must not hold up.
async fn in_time<T>(said: impl Future<Output = T>) -> T {
    timeout(PATIENCE, said).await.expect("a stuck database holds no stream up")
}

/// Whether something waits, once it was begun.
async fn is_pending<T>(mut said: Pin<&mut impl Future<Output = T>>) -> bool {
    poll_fn(|context| Poll::Ready(said.as_mut().poll(context).is_pending())).await
}

/// A server that waits for a connection as long as it takes, and takes one stream of a phone.
async fn patient(live_ping_ms: u64) -> TestApp {
    TestApp::configured(|config| {
        config.database.wait_ms = 600_000;
        (config.limits.live_ping_ms, config.limits.live_streams_per_device) = (live_ping_ms, 1);
    })
    .await
}

#[actix_web::test]
async fn a_stream_goes_on_while_the_database_is_stuck_and_ends_on_what_it_says_then() {
    let app = patient(10).await;
    let phone = app.device_of(YUNZE.rep()).await;
    let mut stream = listening(&app, &asking(&app, &phone).await, &phone).await;
    run(&app, format!("UPDATE refresh_families SET revoked_at_ms = {}", app.now().0)).await;
    tell(&app, Topic::device(phone.org, phone.id)).await;
    tell(&app, Topic::audience(phone.org, format!("u:{}", YUNZE.rep().id))).await;
    let stuck = Stuck::of(&app).await;
    assert!(matches!(in_time(stream.next()).await, Some(LiveEvent::Moved(_))));
    for _ in 0..3 {
        assert_eq!(in_time(stream.next()).await, Some(LiveEvent::Ping));
    }
    drop(stuck);
    assert_eq!(in_time(after_pings(&mut stream)).await, Some(LiveEvent::End(EndReason::AccessEnded)));
}

#[actix_web::test]
async fn a_stream_that_asks_a_stuck_database_leaves_its_place_to_a_newer_one_and_ends_with_the_process() {
    let app = patient(600_000).await;
    let phone = app.device_of(YUNZE.rep()).await;
    let ctx = asking(&app, &phone).await;
    let [mut first, mut second] = [listening(&app, &ctx, &phone).await, listening(&app, &ctx, &phone).await];
    assert_eq!(in_time(first.next()).await, Some(LiveEvent::End(EndReason::Replaced)));
    tell(&app, Topic::device(phone.org, phone.id)).await;
    let stuck = Stuck::of(&app).await;
    let mut third = {
        let mut said = pin!(second.next());
        assert!(is_pending(said.as_mut()).await, "nobody can say whether the phone may still read");
        let third = listening(&app, &ctx, &phone).await;
        assert_eq!(in_time(said).await, Some(LiveEvent::End(EndReason::Replaced)));
        third
    };
    drop(stuck);
    tell(&app, Topic::device(phone.org, phone.id)).await;
    let stuck = Stuck::of(&app).await;
    let mut said = pin!(third.next());
    assert!(is_pending(said.as_mut()).await, "nor now");
    app.state.stopping.close();
    assert_eq!(in_time(said).await, Some(LiveEvent::End(EndReason::Stopping)));
    drop(stuck);
}

#[actix_web::test]
async fn a_stream_ends_on_what_is_known_and_asks_again_while_nobody_knows() {
    let app = TestApp::configured(|config| config.limits.live_ping_ms = 10).await;
    let phone = app.device_of(YUNZE.rep()).await;
    let mut stream = listening(&app, &asking(&app, &phone).await, &phone).await;
    let (access, own) =
        (Topic::device(phone.org, phone.id), Topic::audience(phone.org, format!("u:{}", YUNZE.rep().id)));

    // Whether the session stands cannot be said.
    run(&app, "ALTER TABLE refresh_families RENAME TO away".to_owned()).await;
    tell(&app, access.clone()).await;
    for _ in 0..3 {
        assert_eq!(stream.next().await, Some(LiveEvent::Ping));
    }
    tell(&app, own).await;
    assert!(matches!(after_pings(&mut stream).await, Some(LiveEvent::Moved(_))));

    // It can again, and by then it has ended; nothing more is told of that.
    run(&app, format!("UPDATE away SET revoked_at_ms = {}", app.now().0)).await;
    run(&app, "ALTER TABLE away RENAME TO refresh_families".to_owned()).await;
    assert_eq!(after_pings(&mut stream).await, Some(LiveEvent::End(EndReason::AccessEnded)));
    assert_eq!(stream.next().await, None);
}
