//! Organisations take turns: no visit waits for the visits of another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use doorstep::app::AppState;
use doorstep::ports::Clock;
use doorstep_store::photo_looks::list_looks;
use integration_tests::company::HAOYU;
use sync_core::ids::OrgId;
use sync_core::time::UnixMillis;

use super::*;

/// A clock by which no two instants are the same.
#[derive(Debug)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

/// When the visits of an organisation were looked at, the first first.
async fn looked_at(app: &TestApp, org: OrgId) -> Vec<i64> {
    let looks = app.read(move |conn| list_looks(conn, org, None, 100)).await;
    let mut instants: Vec<i64> = looks.into_iter().map(|look| look.looked_at_ms).collect();
    instants.sort_unstable();
    instants
}

#[actix_web::test]
async fn a_visit_waits_for_few_of_the_many_of_another_organisation() {
    let app = TestApp::new().await;
    let (mut busy, mut other) = (Field::of(&app, YUNZE).await, Field::of(&app, HAOYU).await);
    let mut many = Vec::new();
    for _ in 0..20 {
        many.push(busy.visit().await);
    }
    let one = other.visit().await;
    look(&app).await;
    app.write(move |conn| photo_checks::enqueue(conn, YUNZE.org, many.clone(), 1)).await;
    app.write(move |conn| photo_checks::enqueue(conn, HAOYU.org, [one], 2)).await;
    let clock = Arc::new(Ticking(AtomicI64::new(app.now().0)));
    let state = AppState { clock, ..app.state.clone() };
    assert_eq!(jobs::findings::run_due(&state).await.expect("looked at"), 21);
    let (busy, other) = (looked_at(&app, YUNZE.org).await, looked_at(&app, HAOYU.org).await);
    let before = busy.iter().filter(|instant| **instant < other[0]).count();
    assert!(before <= 8, "{before} of 20 came before, and 8 are a turn");
    assert_eq!((busy.len(), other.len()), (20, 1));
}
