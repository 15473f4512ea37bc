//! Tests of the harness itself: a contract that catches nothing would prove nothing.

use integration_tests::app::TestApp;
use integration_tests::call::{Answer, Call};
use integration_tests::clock::START;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::contract::Contract;
use integration_tests::server::TestServer;
use serde_json::{Value, json};

fn answer(status: u16, content_type: &str, body: &Value) -> Answer {
    let headers = vec![("content-type".to_owned(), content_type.to_owned())];
    Answer { status, headers, body: body.to_string().into_bytes() }
}

fn violation(call: &Call, answer: &Answer) -> String {
    Contract::current().check(call, answer).expect_err("outside the contract").to_string()
}

#[actix_web::test]
async fn answers_outside_the_contract_are_caught_with_operation_status_and_place() {
    let app = TestApp::new().await;
    let client = app.signed_in(YUNZE.rep()).await;
    let good = client.get("/v1/me").await.expect(200);
    let call = Call::get("/v1/me");
    Contract::current().check(&call, &answer(200, "application/json", &good)).expect("as documented");

    let mut wrong_type = good.clone();
    wrong_type["user"]["is_disabled"] = json!("no");
    let found = violation(&call, &answer(200, "application/json", &wrong_type));
    assert!(found.contains("show_me (GET /v1/me) answered 200: at \"/user/is_disabled\""), "{found}");

    let mut missing = good.clone();
    missing["user"].as_object_mut().expect("an object").remove("login");
    let found = violation(&call, &answer(200, "application/json", &missing));
    assert!(found.contains("at \"/user\"") && found.contains("login"), "{found}");

    let mut undocumented = good.clone();
    undocumented["user"]["password_hash"] = json!("secret");
    let found = violation(&call, &answer(200, "application/json", &undocumented));
    assert!(found.contains("at \"/user\"") && found.contains("password_hash"), "{found}");

    let found = violation(&call, &answer(418, "application/json", &good));
    assert!(found.contains("answered 418: the status is not documented"), "{found}");
    let found = violation(&call, &answer(200, "text/html", &good));
    assert!(found.contains("content type \"text/html\" is not documented"), "{found}");
    let found = violation(&Call::get("/v1/nowhere"), &answer(200, "application/json", &good));
    assert!(found.contains("the operation is not documented"), "{found}");
    let sign_out = Call::post("/v1/auth/sign-out");
    let found = violation(&sign_out, &answer(204, "application/json", &json!({})));
    assert!(found.contains("no body is documented"), "{found}");
}

#[test]
fn a_killed_server_starts_again_on_the_same_data() {
    let mut server = TestServer::start();
    let body = json!({"organisation": "yunze", "login": "admin", "password": PASSWORD});
    let login = Call::post("/v1/auth/login").json(&body);
    let session = server.send(&login).expect(200);
    let token = session["access_token"].as_str().expect("a token").to_owned();
    let keys = server.send(&Call::get("/.well-known/evidence-keys.json")).json();
    server.kill();
    server.restart();
    // Sessions and keys were durable before the answer left.
    server.send(&Call::get("/v1/me").bearer(&token)).expect(200);
    assert_eq!(server.send(&Call::get("/.well-known/evidence-keys.json")).json(), keys);
    server.clock.set(START.plus_ms(900_000));
    assert_eq!(server.send(&Call::get("/v1/me").bearer(&token)).outcome(), (401, "token_invalid".to_owned()));
}

#[test]
fn an_unknown_database_scheme_is_refused_and_makes_no_file() {
    let directory = integration_tests::dir::TestDir::new();
    for url in ["mysql://u:secret@h/d", "doorstep.sqlite", "sqlite:doorstep.sqlite", "sqlite://", "SQLITE://x", ""] {
        let mut command = std::process::Command::new(integration_tests::server::executable());
        command.args(["serve", "--listen", "127.0.0.1:0"]).current_dir(directory.path()).env("DATABASE_URL", url);
        let output = command.output().expect("the executable can be run");
        let (said, printed) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
        assert!(!output.status.success(), "{url}: {printed}");
        assert!(said.contains("DATABASE_URL must be"), "{url}: {said}");
        assert!(!said.contains("secret") && printed.is_empty(), "{url}: {said}");
        let made: Vec<_> = std::fs::read_dir(directory.path()).expect("the directory").flatten().collect();
        assert!(made.is_empty(), "{url}: {made:?}");
    }
}
