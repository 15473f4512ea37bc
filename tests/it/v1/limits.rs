//! Limits on a request as a whole: URL, headers, JSON, how often and how many at once.

use std::io::Write as _;
use std::num::NonZeroU32;

use doorstep::config::LimitsConfig;
use doorstep::domain::Role;
use integration_tests::actors::Device;
use integration_tests::app::TestApp;
use integration_tests::call::{Answer, Call};
use integration_tests::company::{HAOYU, YUNZE};
use integration_tests::server::{TestServer, checked_raw, read_raw};
use serde_json::{Value, json};

fn per_minute(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).expect("more than zero")
}

async fn limited(change: impl FnOnce(&mut LimitsConfig)) -> TestApp {
    TestApp::configured(|config| change(&mut config.limits)).await
}

/// A refusal that tells how long to wait, in header and body alike.
fn assert_wait(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.outcome(), (status, code.to_owned()), "{}", answer.text());
    let body = answer.json();
    let secs = body["retry_after_s"].as_i64().expect("seconds to wait");
    assert!((1..=61).contains(&secs), "{body}");
    assert_eq!((answer.header("retry-after"), &body["retry"]), (Some(secs.to_string().as_str()), &json!("after")));
}

fn me_with_url_of(bytes: usize) -> Call {
    let start = "/v1/me?x=";
    Call::get(format!("{start}{}", "a".repeat(bytes - start.len())))
}

#[test]
fn a_long_url_is_refused_with_both_numbers() {
    let server = TestServer::start();
    assert_eq!(server.send(&me_with_url_of(4096)).outcome(), (401, "token_invalid".to_owned()));
    for bytes in [4097, 40_000] {
        let refused = server.send(&me_with_url_of(bytes));
        assert_eq!(refused.outcome(), (414, "uri_too_long".to_owned()));
        assert_eq!((&refused.json()["limit"], &refused.json()["actual"]), (&json!(4096), &json!(bytes)));
    }
}

/// Sends a request as it stands; gives the answer as received.
fn raw(server: &TestServer, head: &str) -> Vec<u8> {
    let mut stream = server.connect();
    stream.write_all(head.as_bytes()).expect("the request is sent");
    read_raw(&mut stream)
}

#[test]
fn many_or_large_headers_are_refused() {
    let server = TestServer::start();
    let with = |count: usize, value: &str| {
        let more: String = (2..count).map(|at| format!("x-{at}: {value}\r\n")).collect();
        raw(&server, &format!("GET /v1/me HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{more}\r\n"))
    };
    let checked = |bytes: Vec<u8>| checked_raw(&Call::get("/v1/me"), &bytes);
    assert_eq!(checked(with(64, "v")).status, 401);
    let refused = checked(with(65, "v"));
    assert_eq!(refused.outcome(), (431, "headers_too_large".to_owned()));
    assert_eq!((&refused.json()["limit"], &refused.json()["actual"]), (&json!(64), &json!(65)));
    let large = "v".repeat(8 * 1024);
    assert_eq!(checked(with(3, &large)).status, 401);
    assert_eq!(checked(with(4, &large)).outcome(), (431, "headers_too_large".to_owned()));
    // Here the HTTP library answers before us: the status is right, the problem is missing, and so is the check.
    assert!(with(97, "v").starts_with(b"HTTP/1.1 431 "));
    let malformed = raw(&server, "GET /v1/me HTTP/1.1\r\nhost: test\r\nno name\r\n\r\n");
    assert!(malformed.starts_with(b"HTTP/1.1 400 "));
    let log = server.log();
    assert!(!log.contains("ERROR") && !log.contains("no name"), "they are their senders' faults: {log}");
}

#[actix_web::test]
async fn wide_json_is_refused_before_it_is_parsed() {
    let app = TestApp::new().await;
    let send = async |body: String| app.send(Call::post("/v1/auth/login").bytes("application/json", body)).await;
    let keys = |count: usize| {
        let keys: Vec<String> = (0..count).map(|at| format!(r#""k{at}":0"#)).collect();
        format!("{{{}}}", keys.join(","))
    };
    let items = |count: usize| format!(r#"{{"login":[{}]}}"#, vec!["0"; count].join(","));
    for (fits, too_many, limit) in [(keys(1000), keys(1001), 1000), (items(10_000), items(10_001), 10_000)] {
        assert_eq!(send(fits).await.outcome(), (400, "body_invalid".to_owned()));
        let refused = send(too_many).await;
        assert_eq!(refused.outcome(), (422, "json_too_complex".to_owned()));
        assert_eq!((&refused.json()["limit"], &refused.json()["actual"]), (&json!(limit), &json!(limit + 1)));
    }
}

async fn sync(device: &Device<'_>) -> Answer {
    let request = json!({
        "protocol": 1, "device_id": device.id, "batch_id": device.app.id(), "max_bytes": 65536,
    });
    device.client().post("/v1/sync", request).await
}

#[actix_web::test]
async fn each_device_has_its_own_number_of_syncs() {
    let app = limited(|limits| (limits.sync_per_minute, limits.sync_burst) = (per_minute(1), per_minute(2))).await;
    let (one, two) = (app.device_of(YUNZE.rep()).await, app.device_of(YUNZE.colleague()).await);
    for _ in 0..2 {
        sync(&one).await.expect(200);
    }
    assert_wait(&sync(&one).await, 429, "rate_limited");
    sync(&two).await.expect(200);
    one.client().get("/v1/me").await.expect(200);
}

#[actix_web::test]
async fn each_person_and_each_organisation_has_a_number_of_calls() {
    let app = limited(|limits| {
        (limits.user_per_minute, limits.tenant_per_minute) = (per_minute(3), per_minute(5));
    })
    .await;
    let [one, two] = [app.role(YUNZE, Role::Dispatcher).await, app.role(YUNZE, Role::Reviewer).await];
    for _ in 0..3 {
        one.get("/v1/me").await.expect(200);
    }
    let refused = one.get("/v1/me").await;
    assert_wait(&refused, 429, "rate_limited");
    assert_eq!(refused.json()["limit"], json!(3));
    for _ in 0..2 {
        two.get("/v1/me").await.expect(200);
    }
    let refused = two.get("/v1/me").await;
    assert_wait(&refused, 429, "rate_limited");
    assert_eq!(refused.json()["limit"], json!(5), "the organisation's, not hers");
    app.role(HAOYU, Role::Dispatcher).await.get("/v1/me").await.expect(200);
    app.send(Call::get("/healthz")).await.expect(200);
}

#[actix_web::test]
async fn sign_ins_to_one_organisation_are_counted_whether_it_exists_or_not() {
    let app = limited(|limits| limits.login_tenant_per_minute = per_minute(2)).await;
    let somebody = app.anonymous();
    for organisation in ["yunze", "nowhere"] {
        for login in ["a", "b"] {
            assert_eq!(somebody.login(organisation, login, "wrong").await.status, 401);
        }
        assert_wait(&somebody.login(organisation, "c", "wrong").await, 429, "too_many_attempts");
    }
    assert_eq!(somebody.login("haoyu", "a", "wrong").await.status, 401);
}

#[test]
fn sign_ins_from_one_address_are_counted() {
    let server = TestServer::start();
    let attempt = || server.send(&Call::post("/v1/auth/login").json(&json!({})));
    // Not one too few; and a few more may come in while they are sent, two seconds each.
    let outcomes: Vec<Answer> = (0..45).map(|_| attempt()).collect();
    let refused = outcomes.iter().position(|answer| answer.status == 429).expect("45 are too many");
    assert!(refused >= 30, "the {refused}th");
    assert!(outcomes[..refused].iter().all(|answer| answer.status == 400));
    assert_wait(&outcomes[refused], 429, "too_many_attempts");
    server.send(&Call::get("/readyz")).expect(200);
}

#[actix_web::test]
async fn behind_a_proxy_the_address_is_the_one_the_proxy_saw() {
    let app = TestApp::configured(|config| {
        config.behind_proxy = true;
        config.limits.login_address_per_minute = per_minute(2);
    })
    .await;
    let attempt = async |forwarded: &str| {
        let call = Call::post("/v1/auth/login").json(&Value::Null).header("x-forwarded-for", forwarded);
        app.send(call).await.status
    };
    assert_eq!([attempt("192.0.2.1").await, attempt("10.0.0.1, 192.0.2.1").await], [400, 400]);
    assert_eq!(attempt("10.9.9.9,192.0.2.1").await, 429, "what the caller claims does not count");
    assert_eq!(attempt("192.0.2.1, 192.0.2.2").await, 400);
}

#[actix_web::test]
async fn a_full_process_says_when_to_come_back_and_shows_its_health() {
    let app = limited(|limits| limits.concurrent_requests = 2).await;
    let places = app.state.slots.clone().acquire_many_owned(2).await.expect("two places");
    let mut waits = Vec::new();
    for _ in 0..40 {
        let refused = app.anonymous().get("/v1/me").await;
        assert_wait(&refused, 503, "overloaded");
        waits.push(refused.json()["retry_after_s"].as_i64());
    }
    waits.sort_unstable();
    waits.dedup();
    assert!(waits.len() > 1, "all would come back at once: {waits:?}");
    for path in ["/healthz", "/readyz"] {
        app.send(Call::get(path)).await.expect(200);
    }
    drop(places);
    for _ in 0..3 {
        assert_eq!(app.anonymous().get("/v1/me").await.status, 401, "each gives its place back");
    }
}
