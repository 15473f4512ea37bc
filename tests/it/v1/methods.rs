//! Methods, query parameters and the authorisation header, as HTTP has them.

use doorstep::domain::Role;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::server::{TestServer, send};
use serde_json::json;

#[test]
fn head_answers_as_get_without_the_body() {
    let server = TestServer::start();
    let login = json!({"organisation": "yunze", "login": "dispatcher", "password": PASSWORD});
    let session = server.send(&Call::post("/v1/auth/login").json(&login)).expect(200);
    let token = session["access_token"].as_str().expect("a token");
    for (path, status) in [("/healthz", 200), ("/v1/me", 200), ("/v1/visits", 200), ("/v1/devices", 200)] {
        let get = server.send(&Call::get(path).bearer(token));
        let head = send(server.url(), &Call::new("HEAD", path).bearer(token)).expect("an answer");
        assert_eq!((get.status, head.status, head.body.len()), (status, status, 0), "{path}");
        for header in ["content-type", "content-length", "cache-control"] {
            assert_eq!(head.header(header), get.header(header), "{header} of {path}");
        }
        assert!(get.header("content-length").is_some_and(|length| length != "0"));
    }
    let absent = "/v1/visits/01955f2c-3000-7000-8000-00000000ffff";
    let anonymous = send(server.url(), &Call::new("HEAD", absent)).expect("an answer");
    let asked = send(server.url(), &Call::new("HEAD", absent).bearer(token)).expect("an answer");
    assert_eq!([anonymous.status, asked.status], [401, 404]);
}

#[actix_web::test]
async fn a_refused_method_names_those_that_work() {
    let app = TestApp::new().await;
    for (method, path, allowed) in [
        ("DELETE", "/v1/users", "GET, HEAD, POST"),
        ("POST", "/v1/me", "GET, HEAD"),
        ("GET", "/v1/auth/login", "POST"),
        ("HEAD", "/v1/auth/login", "POST"),
        ("PATCH", "/v1/blobs/x", "GET, HEAD, PUT"),
        ("GET", "/v1/uploads", "OPTIONS, POST"),
        ("GET", "/v1/uploads/x", "DELETE, HEAD, OPTIONS, PATCH"),
    ] {
        let refused = app.send(Call::new(method, path)).await;
        assert_eq!(refused.outcome(), (405, "method_not_allowed".to_owned()), "{method} {path}");
        assert_eq!(refused.header("allow"), Some(allowed), "{method} {path}");
    }
    assert_eq!(app.send(Call::get("/v1/nowhere")).await.header("allow"), None);
}

#[actix_web::test]
async fn the_case_of_the_scheme_does_not_count() {
    let app = TestApp::new().await;
    let token = app.role(YUNZE, Role::Dispatcher).await.token.expect("a token");
    for (header, status) in [
        (format!("bearer {token}"), 200),
        (format!("BEARER {token}"), 200),
        (format!("Bearer {token}"), 200),
        (format!("Basic {token}"), 401),
        (format!("Bearer{token}"), 401),
        (token.clone(), 401),
    ] {
        let answer = app.send(Call::get("/v1/me").header("authorization", &header)).await;
        assert_eq!(answer.status, status, "{}", header.split(' ').next().unwrap_or_default());
    }
}

#[actix_web::test]
async fn query_parameters_that_nobody_reads_are_refused_by_name() {
    let app = TestApp::new().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    for (path, name) in [
        ("/v1/visits?sate=approved", "sate"),
        ("/v1/visits?page_size=5&State=approved", "?"),
        ("/v1/work-orders?page-size=5", "page-size"),
        ("/v1/me?verbose=1", "verbose"),
        ("/v1/day-board?dat%65s=2025-03-04", "dates"),
        ("/v1/users?13800138000=1", "?"),
    ] {
        let refused = dispatcher.get(path).await;
        assert_eq!(refused.outcome(), (422, "parameter_invalid".to_owned()), "{path}");
        assert_eq!(refused.json()["fields"][0]["path"], json!(name), "{path}");
        assert!(!refused.text().contains("13800138000"));
    }
    let two = dispatcher.get("/v1/visits?a=1&state=approved&b=2").await.json();
    let names = two["fields"].as_array().expect("fields").iter().map(|field| field["path"].clone());
    assert_eq!(names.collect::<Vec<_>>(), [json!("a"), json!("b")]);
    dispatcher.get("/v1/visits?page_size=5&state=approved").await.expect(200);
    dispatcher.get("/v1/visits?").await.expect(200);
    assert_eq!(app.send(Call::post("/v1/auth/login?x=1").json(&json!({}))).await.status, 422);
    app.send(Call::get("/healthz?probe=1")).await.expect(200);
    assert_eq!(app.send(Call::get("/v1/visits?sate=approved")).await.status, 401, "strangers learn nothing");
}
