//! The npm packages `@automerge/automerge-repo` and its WebSocket adapter as a client of the door.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::LazyLock;

use doorstep::domain::{Role, TokenKind};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;
use sync_core::repo::{document_id, visit_of as visit_named};

use super::scene::{nothing_is_kept_of, tick, ticket, visit_of};
use crate::sync::helpers::column;

/// The packages as the lock file names them, installed once for a run.
static PACKAGES: LazyLock<PathBuf> = LazyLock::new(|| {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign");
    let npm = Command::new("npm")
        .args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&place)
        .status();
    let status = npm.unwrap_or_else(|error| panic!("npm cannot be started; the door is tested with Node: {error}"));
    assert!(status.success(), "npm could not install the packages of {}", place.display());
    place
});

/// A foreign client in a process of its own.
pub(super) struct Client {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Client {
    pub(super) fn start() -> Self {
        let mut node = Command::new("node");
        node.arg("client.mjs").current_dir(&*PACKAGES).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = node.spawn().unwrap_or_else(|error| panic!("Node cannot be started: {error}"));
        let input = child.stdin.take().expect("its input");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, input, output }
    }

    /// One command and its answer. The server runs on other threads, so this one may wait.
    pub(super) fn call(&mut self, command: &str, mut args: Value) -> Value {
        args["command"] = command.into();
        writeln!(self.input, "{args}").expect("it reads");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it writes");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{command}: {error} in {line:?}"))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It ends with its input; a client that hangs must not outlive the test.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[actix_web::test]
async fn javascript_opens_reads_and_edits_both_ways_and_reconnects() {
    let app = TestApp::new().await;
    let (mut phone, visit) = visit_of(&app, YUNZE.rep()).await;
    let access = app.device_of(YUNZE.rep()).await.access;
    let id = document_id(visit);
    let door = app.listen();
    let mut client = Client::start();
    let peer = client.call("connect", json!({"url": door.repo_url(Some(&ticket(&app, &access).await))}));
    assert_eq!(peer["peer"], format!("doorstep-{}", app.state.epoch));
    assert_eq!(client.call("find", json!({"id": id})), json!({"heads": phone.heads(visit)}));

    // Its edit reaches the phone, the phone's edit reaches it, and so back: the door has stored what it sent on.
    let record = tick(YUNZE.rep()).to_string();
    let put = |key: &str| json!({"id": id, "map": "ticks", "key": key, "record": record});
    let mut reader = Client::start();
    let office = app.session(YUNZE.member(Role::Dispatcher), None, TokenKind::Full);
    reader.call("connect", json!({"url": door.repo_url(Some(&ticket(&app, &office.await).await))}));
    client.call("put", put("kit/ladder"));
    let seen = reader.call("wait", json!({"id": id, "map": "ticks", "key": "kit/ladder"}));
    assert_eq!(seen["record"], record.as_str(), "another client sees it");
    phone.sync().await;
    assert!(phone.view(visit).ticks.contains_key("kit/ladder"));
    phone.tick(visit, "kit/label", true);
    phone.sync().await;
    client.call("wait", json!({"id": id, "map": "ticks", "key": "kit/label"}));

    // Apart, both edit; a new connection with a new ticket brings them together.
    client.call("disconnect", json!({}));
    client.call("put", put("kit/apart"));
    phone.tick(visit, "kit/meanwhile", true);
    phone.sync().await;
    client.call("connect", json!({"url": door.repo_url(Some(&ticket(&app, &access).await))}));
    client.call("wait", json!({"id": id, "map": "ticks", "key": "kit/meanwhile"}));
    reader.call("wait", json!({"id": id, "map": "ticks", "key": "kit/apart"}));
    phone.sync().await;
    assert_eq!(phone.view(visit).ticks.len(), 5);
    assert_eq!(phone.view(visit).findings, []);
}

#[actix_web::test]
async fn javascript_finds_nothing_that_is_not_its_own_and_creates_nothing() {
    let app = TestApp::new().await;
    let (_phone, others) = visit_of(&app, YUNZE.stranger()).await;
    let access = app.device_of(YUNZE.rep()).await.access;
    let door = app.listen();
    let mut client = Client::start();
    client.call("connect", json!({"url": door.repo_url(Some(&ticket(&app, &access).await))}));
    for visit in [others, VisitId::from_bytes([80; 16])] {
        let answer = client.call("find", json!({"id": document_id(visit)}));
        assert!(answer["missing"].as_str().is_some_and(|text| text.contains("unavailable")), "{answer}");
    }
    let fed = column(&app, "feed", "item").await;
    let made = client.call("create", json!({}));
    let visit = visit_named(made["id"].as_str().expect("an id")).expect("any id could be a visit's");
    // The door has answered for it once it answers what was asked after it.
    client.call("find", json!({"id": document_id(VisitId::from_bytes([81; 16]))}));
    let mut other = Client::start();
    let office = app.session(YUNZE.member(Role::Dispatcher), None, TokenKind::Full).await;
    other.call("connect", json!({"url": door.repo_url(Some(&ticket(&app, &office).await))}));
    let answer = other.call("find", json!({"id": made["id"]}));
    assert!(answer["missing"].as_str().is_some_and(|text| text.contains("unavailable")), "another client: {answer}");
    nothing_is_kept_of(&app, visit, &fed).await;
}

#[actix_web::test]
async fn what_the_door_refuses_is_kept_in_quarantine_and_hurts_no_other_document_and_nobody_else() {
    let app = TestApp::new().await;
    let (mut phone, visit) = visit_of(&app, YUNZE.rep()).await;
    let other = app.office_again(YUNZE).plan(&[YUNZE.rep()]).await.visit;
    phone.sync().await;
    phone.tick(other, "kit/otdr", true);
    phone.sync().await;
    let access = app.device_of(YUNZE.rep()).await.access;
    let (door, dispatcher) = (app.listen(), app.role(YUNZE, Role::Dispatcher).await);
    let mut client = Client::start();
    client.call("connect", json!({"url": door.repo_url(Some(&ticket(&app, &access).await))}));
    let ids = [visit, other].map(document_id);
    let before = client.call("find", json!({"id": ids[0]}));
    client.call("find", json!({"id": ids[1]}));

    let record = tick(YUNZE.rep()).to_string();
    let put = |id: &str, key: &str| json!({"id": id, "map": "ticks", "key": key, "record": record});
    let written = client.call("putText", json!({"id": ids[0], "map": "ticks", "key": "kit/text", "text": "done"}));
    assert_ne!(written, before);
    // Nothing of this document is taken from this client any more; all of the other one is.
    client.call("put", put(&ids[0], "kit/after"));
    client.call("put", put(&ids[1], "kit/ladder"));
    let mut reader = Client::start();
    let office = app.session(YUNZE.member(Role::Dispatcher), None, TokenKind::Full).await;
    reader.call("connect", json!({"url": door.repo_url(Some(&ticket(&app, &office).await))}));
    reader.call("wait", json!({"id": ids[1], "map": "ticks", "key": "kit/ladder"}));
    assert_eq!(reader.call("find", json!({"id": ids[0]})), before, "as if nothing had been sent");

    let kept = dispatcher.get("/v1/quarantine").await.expect(200);
    let [item] = kept["items"].as_array().expect("items").as_slice() else { panic!("{kept}") };
    assert_eq!((&item["code"], &item["visit_id"]), (&json!("operation_not_allowed"), &json!(visit)));
    let bytes = item["bytes"].as_u64().expect("a size");
    assert!(bytes > 0, "{item}");

    // Who had no part in it goes on.
    phone.tick(visit, "kit/label", true);
    phone.sync().await;
    assert_eq!(phone.view(visit).ticks.len(), 2);
    reader.call("wait", json!({"id": ids[0], "map": "ticks", "key": "kit/label"}));
    assert_eq!(app.verified().await.differences, []);
}

/// How many documents a client opens.
const MANY: usize = 1_000;

#[actix_web::test]
async fn javascript_opens_a_thousand_documents() {
    let app = TestApp::new().await;
    let office = app.office(YUNZE).await;
    let mut visits = Vec::new();
    for _ in 0..MANY {
        visits.push(office.plan(&[YUNZE.rep()]).await.visit);
    }
    let mut phone = app.phone_of(YUNZE.rep()).await;
    phone.max_bytes = 8 << 20;
    phone.sync().await;
    for visits in visits.chunks(100) {
        for visit in visits {
            phone.tick(*visit, "kit/otdr", true);
        }
        phone.sync().await;
    }
    let access = app.device_of(YUNZE.rep()).await.access;
    let door = app.listen();
    let mut client = Client::start();
    client.call("connect", json!({"url": door.repo_url(Some(&ticket(&app, &access).await))}));
    let ids: Vec<String> = visits.iter().map(|visit| document_id(*visit)).collect();
    let heads: Vec<Vec<Hash>> = visits.iter().map(|visit| phone.heads(*visit)).collect();
    assert_eq!(client.call("findMany", json!({"ids": ids})), json!({"heads": heads}));
}
