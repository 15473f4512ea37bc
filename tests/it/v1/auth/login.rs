//! POST /v1/auth/login

use integration_tests::app::TestApp;
use integration_tests::call::Answer;
use integration_tests::company::{HAOYU, PASSWORD, YUNZE};
use integration_tests::together::all;
use serde_json::{Value, json};

/// The body without what is new in every answer.
fn comparable(answer: &Answer) -> Value {
    let mut body = answer.json();
    body["request_id"] = Value::Null;
    body
}

#[actix_web::test]
async fn the_right_password_opens_a_session() {
    let app = TestApp::new().await;
    let session = app.anonymous().login("yunze", "dispatcher", PASSWORD).await.expect(200);
    assert_eq!(
        (&session["org_id"], &session["token_type"], &session["expires_in_s"], session.get("device_id")),
        (&json!(YUNZE.org), &json!("Bearer"), &json!(900), None)
    );
    let token = session["access_token"].as_str().expect("a token");
    let me = app.with_token(token).get("/v1/me").await.expect(200);
    assert_eq!((&me["user"]["login"], &me["user"]["roles"]), (&json!("dispatcher"), &json!(["dispatcher"])));
}

#[actix_web::test]
async fn every_failure_looks_the_same() {
    let app = TestApp::new().await;
    let somebody = app.anonymous();
    let wrong = somebody.login("yunze", "dispatcher", "wrong").await;
    assert_eq!(wrong.outcome(), (401, "login_failed".to_owned()));
    for (organisation, login, password) in [
        ("yunze", "who.is.this", PASSWORD),
        ("unknown", "dispatcher", PASSWORD),
        ("yunze", "disabled", PASSWORD),
        ("yunze", "stranger", PASSWORD),
        ("yunze", "stranger", ""),
        ("yunze", "dispatcher", ""),
        ("yunze", "DISPATCHER", PASSWORD),
    ] {
        let answer = somebody.login(organisation, login, password).await;
        assert_eq!((answer.status, comparable(&answer)), (401, comparable(&wrong)), "{organisation} {login}");
    }
}

#[actix_web::test]
async fn failures_grow_a_delay_that_the_clock_ends() {
    let app = TestApp::new().await;
    let somebody = app.anonymous();
    for _ in 0..5 {
        assert_eq!(somebody.login("yunze", "dispatcher", "wrong").await.outcome(), (401, "login_failed".to_owned()));
    }
    for minutes in [1, 2, 4, 8, 15, 15] {
        let waiting = somebody.login("yunze", "dispatcher", PASSWORD).await;
        assert_eq!(waiting.outcome(), (429, "too_many_attempts".to_owned()));
        assert_eq!(waiting.json()["retry_after_s"], json!(minutes * 60 + 1), "after {minutes} minutes");
        assert_eq!(waiting.header("retry-after"), Some((minutes * 60 + 1).to_string().as_str()));
        // The last second of the delay still waits, whatever the password; the next try fails and doubles it.
        app.clock.advance_secs(minutes * 60 - 1);
        assert_eq!(somebody.login("yunze", "dispatcher", PASSWORD).await.status, 429);
        app.clock.advance_secs(1);
        assert_eq!(somebody.login("yunze", "dispatcher", "wrong").await.status, 401);
    }
    app.clock.advance_secs(15 * 60);
    somebody.login("yunze", "dispatcher", PASSWORD).await.expect(200);
    // Success forgets the failures.
    assert_eq!(somebody.login("yunze", "dispatcher", "wrong").await.status, 401);
    somebody.login("yunze", "dispatcher", PASSWORD).await.expect(200);
}

#[actix_web::test]
async fn the_delay_of_an_unknown_login_grows_alike_and_touches_nobody_else() {
    let app = TestApp::new().await;
    let somebody = app.anonymous();
    for _ in 0..5 {
        assert_eq!(somebody.login("yunze", "who.is.this", "wrong").await.status, 401);
    }
    assert_eq!(somebody.login("yunze", "who.is.this", "wrong").await.outcome(), (429, "too_many_attempts".to_owned()));
    somebody.login("yunze", "dispatcher", PASSWORD).await.expect(200);
    assert_eq!(somebody.login(HAOYU.code, "who.is.this", "wrong").await.status, 401);
}

#[actix_web::test]
async fn guesses_at_once_are_counted_one_by_one() {
    let app = TestApp::new().await;
    let somebody = app.anonymous();
    let guesses = (0..20).map(|_| somebody.login("yunze", "dispatcher", "wrong"));
    let mut outcomes: Vec<(u16, String)> = all(guesses).await.iter().map(Answer::outcome).collect();
    outcomes.sort();
    let tried = outcomes.iter().filter(|outcome| **outcome == (401, "login_failed".to_owned())).count();
    let told_to_wait = outcomes.iter().filter(|outcome| **outcome == (429, "too_many_attempts".to_owned())).count();
    assert_eq!((tried, told_to_wait), (5, 15));
    assert_eq!(somebody.login("yunze", "dispatcher", PASSWORD).await.status, 429);
    app.clock.advance_secs(60);
    somebody.login("yunze", "dispatcher", PASSWORD).await.expect(200);
}
