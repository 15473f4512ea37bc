//! A stream whose asker nobody can look up for a while.

use doorstep::app::live::{EndReason, LiveEvent, LiveStream, open};
use doorstep::app::once::Once;
use doorstep::app::{Ctx, auth};
use doorstep::domain::Scope;
use doorstep::ports::Clock as _;
use doorstep_store::hints::Topic;
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;

use crate::sync::helpers::run;

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

#[actix_web::test]
async fn a_stream_ends_on_what_is_known_and_asks_again_while_nobody_knows() {
    let app = TestApp::configured(|config| config.limits.live_ping_ms = 10).await;
    let phone = app.device_of(YUNZE.rep()).await;
    let now = app.clock.now();
    let actor = auth::authenticate(&app.state, &phone.access, now).await.expect("a sign-in");
    let ctx = Ctx { now, actor, scope: Scope::Own, grants: Vec::new(), once: Once::default() };
    let mut stream = open(&app.state, &ctx, &phone.access).expect("a place");
    assert!(matches!(stream.next().await, Some(LiveEvent::Ready(_))));
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
    run(&app, format!("UPDATE away SET revoked_at_ms = {}", now.0)).await;
    run(&app, "ALTER TABLE away RENAME TO refresh_families".to_owned()).await;
    assert_eq!(after_pings(&mut stream).await, Some(LiveEvent::End(EndReason::AccessEnded)));
    assert_eq!(stream.next().await, None);
}
