//! `Idempotency-Key`: the same request again has one effect and one answer, whatever happens in between.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use doorstep::app::AppError;
use doorstep::app::once::{Answer as Stored, Once};
use doorstep::domain::Role;
use doorstep::jobs::purge_expired;
use doorstep_store::Conn;
use integration_tests::actors::Client;
use integration_tests::app::TestApp;
use integration_tests::call::{Answer, Call};
use integration_tests::clock::START;
use integration_tests::company::{HAOYU, PASSWORD, YUNZE};
use integration_tests::server::{TestServer, send};
use integration_tests::together::all;
use serde_json::{Value, json};

const DAY_SECS: i64 = 24 * 3600;

fn customer(name: &str) -> Value {
    json!({"kind": "individual", "name": name, "phones": ["000-0000-0017"], "address": "云泽市虚构区示例路 18 号"})
}

fn keyed(path: &str, key: &str, body: &Value) -> Call {
    Call::post(path).header("idempotency-key", key).json(body)
}

async fn add(client: &Client<'_>, key: &str, name: &str) -> Answer {
    client.send(keyed("/v1/customers", key, &customer(name))).await
}

async fn count(client: &Client<'_>) -> usize {
    client.get("/v1/customers?page_size=200").await.expect(200)["items"].as_array().expect("items").len()
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

#[actix_web::test]
async fn the_same_request_again_has_one_effect_and_one_answer() {
    let app = TestApp::new().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let first = add(&dispatcher, "a-1", "王海").await;
    assert_eq!((first.status, is_replayed(&first)), (201, false), "{}", first.text());
    for _ in 0..3 {
        let again = add(&dispatcher, "a-1", "王海").await;
        assert_eq!((again.status, &again.body, again.header("etag")), (201, &first.body, first.header("etag")));
        assert!(is_replayed(&again));
    }
    assert_eq!(count(&dispatcher).await, 1);
    assert_eq!(add(&dispatcher, "a-2", "王海").await.status, 201);
    assert_eq!(dispatcher.post("/v1/customers", customer("王海")).await.status, 201);
    assert_eq!(count(&dispatcher).await, 3, "another key, or none, is another request");
}

#[actix_web::test]
async fn a_key_with_another_request_is_refused() {
    let app = TestApp::new().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let added = add(&dispatcher, "b-1", "王海").await.expect(201);
    let mismatch = (422, "idempotency_mismatch".to_owned());
    assert_eq!(add(&dispatcher, "b-1", "王河").await.outcome(), mismatch);
    let site = json!({"customer_id": added["id"], "address": "示例路 18 号", "scene": "rural"});
    assert_eq!(dispatcher.send(keyed("/v1/sites", "b-1", &site)).await.outcome(), mismatch);
    assert_eq!(count(&dispatcher).await, 1);
}

#[actix_web::test]
async fn keys_belong_to_their_sender() {
    let app = TestApp::new().await;
    let one = app.role(YUNZE, Role::Dispatcher).await;
    let two = app.role(YUNZE, Role::CsAgent).await;
    let foreign = app.role(HAOYU, Role::Dispatcher).await;
    let mut ids = Vec::new();
    for client in [&one, &two, &foreign] {
        let added = add(client, "same", "王海").await;
        assert!(!is_replayed(&added));
        ids.push(added.expect(201)["id"].to_string());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[actix_web::test]
async fn a_refused_request_leaves_its_key_free() {
    let app = TestApp::new().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let faulty = keyed("/v1/customers", "c-1", &json!({"kind": "ghost", "name": "", "address": ""}));
    assert_eq!(dispatcher.send(faulty).await.outcome(), (422, "invalid".to_owned()));
    let absent = json!({"customer_id": app.id(), "address": "示例路", "scene": "rural"});
    assert_eq!(dispatcher.send(keyed("/v1/sites", "c-1", &absent)).await.status, 422, "refused inside the transaction");
    let added = add(&dispatcher, "c-1", "王海").await;
    assert_eq!((added.status, is_replayed(&added)), (201, false), "{}", added.text());
}

#[actix_web::test]
async fn faulty_keys_are_refused() {
    let app = TestApp::new().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    for key in ["".to_owned(), "a b".to_owned(), "钥".to_owned(), "k".repeat(129)] {
        let refused = add(&dispatcher, &key, "王海").await;
        assert_eq!(refused.outcome(), (422, "parameter_invalid".to_owned()), "{key:?}");
        assert_eq!(refused.json()["fields"][0]["path"], json!("Idempotency-Key"));
    }
    let twice = keyed("/v1/customers", "k", &customer("王海")).header("idempotency-key", "l");
    assert_eq!(dispatcher.send(twice).await.outcome(), (422, "parameter_invalid".to_owned()));
    assert_eq!(add(&dispatcher, &"k".repeat(128), "王海").await.status, 201);
    assert_eq!(count(&dispatcher).await, 1);
}

#[actix_web::test]
async fn a_change_repeats_its_answer_although_the_version_has_moved() {
    let app = TestApp::new().await;
    app.office(YUNZE).await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let rows = json!([{ "customer": customer("王海"), "site": {"address": "示例路 18 号", "scene": "rural"},
        "order": {"type": "install", "channel": "hotline", "fields": {"contracted_mbps": "500"}} }]);
    let import = keyed("/v1/work-orders/import", "d-1", &json!({ "rows": rows }));
    let imported = dispatcher.send(import.clone()).await.expect(200);
    assert_eq!(dispatcher.send(import).await.expect(200), imported);
    let orders = dispatcher.get("/v1/work-orders").await.expect(200);
    assert_eq!(orders["items"].as_array().map(Vec::len), Some(1));

    let planned = json!({"work_order_id": imported["rows"][0]["work_order_id"], "template": "broadband_install"});
    let visit = dispatcher.send(keyed("/v1/visits", "d-2", &planned)).await.expect(201);
    assert_eq!(dispatcher.send(keyed("/v1/visits", "d-2", &planned)).await.expect(201), visit);

    let path = format!("/v1/visits/{}/assign", visit["id"].as_str().expect("an id"));
    let crew = json!({"crew": [YUNZE.rep().id]});
    let assign = |key: &str| keyed(&path, key, &crew).header("if-match", "\"1\"");
    let assigned = dispatcher.send(assign("d-3")).await;
    assert_eq!((assigned.status, assigned.header("etag")), (200, Some("\"2\"")), "{}", assigned.text());
    let again = dispatcher.send(assign("d-3")).await;
    assert_eq!((again.status, &again.body, again.header("etag")), (200, &assigned.body, Some("\"2\"")));
    assert_eq!(dispatcher.send(assign("d-4")).await.outcome(), (412, "stale_version".to_owned()));
}

#[actix_web::test]
async fn a_password_leaves_no_trace_in_the_key() {
    let app = TestApp::new().await;
    let admin = app.role(YUNZE, Role::Admin).await;
    let body = |password: &str| json!({"login": "new", "name": "新人", "roles": [], "password": password});
    let added = admin.send(keyed("/v1/users", "e-1", &body("correct horse"))).await;
    let again = admin.send(keyed("/v1/users", "e-1", &body("another horse"))).await;
    assert_eq!((added.status, again.status, &added.body), (201, 201, &again.body));
    let old = app.anonymous().login("yunze", "new", "correct horse").await;
    assert_eq!(old.status, 200, "{}", old.text());
}

#[actix_web::test]
async fn answers_with_secrets_are_never_stored() {
    let app = TestApp::new().await;
    let admin = app.role(YUNZE, Role::Admin).await;
    let path = format!("/v1/users/{}/enrolment-codes", YUNZE.rep().id);
    let call = || Call::post(&path).header("idempotency-key", "f-1");
    let (one, two) = (admin.send(call()).await.expect(201), admin.send(call()).await.expect(201));
    assert_ne!(one["code"], two["code"]);
}

#[actix_web::test]
async fn a_key_is_free_again_after_ninety_days() {
    let app = TestApp::new().await;
    let add_now = async |name: &str| {
        // A token does not live as long as a key.
        let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
        add(&dispatcher, "g-1", name).await
    };
    let first = add_now("王海").await;
    app.clock.advance_secs(90 * DAY_SECS);
    assert_eq!(add_now("王海").await.body, first.body, "the last instant");
    app.clock.advance_secs(1);
    let second = add_now("王河").await;
    assert_eq!((second.status, is_replayed(&second)), (201, false), "{}", second.text());
    assert_eq!(add_now("王河").await.body, second.body);

    app.clock.advance_secs(90 * DAY_SECS);
    let now = app.state.clock.now();
    assert_eq!(purge_expired::run_due(&app.state, now).await.expect("the job"), 0);
    assert_eq!(purge_expired::run_due(&app.state, now.plus_ms(1)).await.expect("the job"), 1);
    assert!(!is_replayed(&add_now("王河").await));
}

#[actix_web::test]
async fn a_request_that_still_runs_is_not_run_beside_itself() {
    let app = TestApp::new().await;
    let dispatcher = app.role(YUNZE, Role::Dispatcher).await;
    let user = YUNZE.member(Role::Dispatcher).id;
    let running = app.state.running.start(YUNZE.org, user, "h-1").expect("nothing runs yet");
    let refused = add(&dispatcher, "h-1", "王海").await;
    assert_eq!(refused.outcome(), (409, "idempotency_in_progress".to_owned()));
    assert_eq!(refused.json()["retry"], json!("after"));
    assert!(refused.header("retry-after").is_some());
    drop(running);
    assert_eq!(add(&dispatcher, "h-1", "王海").await.status, 201);
}

/// Two nodes do not share what runs: there the database holds the second until the first has committed.
#[actix_web::test]
async fn on_several_nodes_at_once_one_has_the_effect_and_the_others_its_answer() {
    let app = TestApp::new().await;
    let user = YUNZE.member(Role::Dispatcher).id;
    let effects = Arc::new(AtomicU16::new(0));
    let write = || {
        let once = Once::keyed(YUNZE.org, user, "k-1".to_owned(), "0".repeat(64), START);
        let render = |number: u16| Ok(Stored { status: 201, version: None, body: number.to_string() });
        let (effects, store) = (effects.clone(), app.state.store.clone());
        async move {
            let effect = move |_: &mut Conn| Ok::<u16, AppError>(effects.fetch_add(1, Ordering::SeqCst));
            once.answering::<u16>(render).write(&store, effect).await
        }
    };
    let outcomes = all((0..4).map(|_| write())).await;
    assert_eq!(effects.load(Ordering::SeqCst), 1);
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Ok(0))).count(), 1);
    let is_the_answer = |outcome: &&Result<u16, AppError>| match outcome {
        Err(AppError::Answered(answer)) => (answer.status, answer.body.as_str()) == (201, "0"),
        _ => false,
    };
    assert_eq!(outcomes.iter().filter(is_the_answer).count(), 3, "{outcomes:?}");
}

#[actix_web::test]
async fn many_at_once_have_one_effect() {
    let server = TestServer::start();
    let login = json!({"organisation": "yunze", "login": "dispatcher", "password": PASSWORD});
    let session = server.send(&Call::post("/v1/auth/login").json(&login)).expect(200);
    let token = session["access_token"].as_str().expect("a token").to_owned();
    let call = keyed("/v1/customers", "i-1", &customer("王海")).bearer(&token);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..12).map(|_| scope.spawn(|| send(server.url(), &call).expect("an answer"))).collect();
        senders.into_iter().map(|sender| sender.join().expect("a sender")).collect()
    });
    let added: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!added.is_empty() && added.iter().all(|answer| answer.body == added[0].body));
    assert_eq!(added.iter().filter(|answer| !is_replayed(answer)).count(), 1);
    let others = answers.iter().filter(|answer| answer.status != 201);
    assert!(others.map(Answer::outcome).all(|outcome| outcome == (409, "idempotency_in_progress".to_owned())));
    let listed = server.send(&Call::get("/v1/customers").bearer(&token)).expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_kill_loses_neither_effect_nor_answer_and_leaves_no_key_stuck() {
    let mut server = TestServer::start();
    let login = json!({"organisation": "yunze", "login": "dispatcher", "password": PASSWORD});
    let session = server.send(&Call::post("/v1/auth/login").json(&login)).expect(200);
    let token = session["access_token"].as_str().expect("a token").to_owned();
    let call = |round: u64| keyed("/v1/customers", &format!("j-{round}"), &customer("王海")).bearer(&token);
    for round in 0..8u64 {
        let (url, request) = (server.url().to_owned(), call(round));
        let (sender, answers) = mpsc::channel();
        let sending = std::thread::spawn(move || sender.send(send(&url, &request).ok()));
        // A moment before, during or after the commit: every one must do.
        let first = answers.recv_timeout(Duration::from_micros(1500 * (round * 3 % 7))).ok().flatten();
        server.kill();
        let _ = sending.join().expect("the sender");
        let first = first.or_else(|| answers.try_recv().ok().flatten());
        server.restart();
        let again = server.send(&call(round)).expect(201);
        if let Some(first) = first {
            assert_eq!(first.expect(201), again);
        }
    }
    let listed = server.send(&Call::get("/v1/customers").bearer(&token)).expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(8));
}
