//! Lines to the door that are cut, and a server that goes away: the libraries come back, and what both sides wrote
//! meanwhile merges.

use std::time::Duration;

use doorstep::domain::{Role, TokenKind};
use futures_util::{Stream, StreamExt as _};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use integration_tests::door::Door;
use integration_tests::faults::FaultProxy;
use samod::{BackoffConfig, DialerEvent, Repo};
use serde_json::json;
use sync_core::repo::document_id;

use super::javascript::Client;
use super::samod::{heads, named, put, to_the_door, until};
use super::scene::{request_to, tick, ticket, visit_of};

/// Comes back soon and tries for ever; a client in the field waits longer.
const SOON: BackoffConfig =
    BackoffConfig { initial_delay: Duration::from_millis(10), max_delay: Duration::from_millis(50), max_retries: None };

/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:1";

fn server(door: &Door) -> String {
    format!("http://{}", door.address())
}

/// The address of the door behind a line.
fn behind(line: &FaultProxy, ticket: Option<&str>) -> String {
    let query = ticket.map(|ticket| format!("?ticket={ticket}")).unwrap_or_default();
    format!("{}/v1/repo{query}", line.url().replacen("http", "ws", 1))
}

/// Waits for an event of a link.
async fn heard(events: &mut (impl Stream<Item = DialerEvent> + Unpin), is_it: impl Fn(&DialerEvent) -> bool) {
    while !is_it(&events.next().await.expect("the repository runs")) {}
}

#[actix_web::test]
async fn samod_comes_back_by_itself_when_its_line_is_cut_and_when_the_server_was_away() {
    let app = TestApp::new().await;
    let (mut phone, visit) = visit_of(&app, YUNZE.rep()).await;
    let access = app.device_of(YUNZE.rep()).await.access;
    let door = app.listen();
    let line = FaultProxy::before(&server(&door));
    let repo = Repo::build_tokio().load().await;
    let link = repo.dial(SOON, to_the_door(request_to(&behind(&line, None), &access))).expect("it runs");
    link.established().await.expect("the door opens");
    let handle = repo.find(named(visit)).await.expect("it runs").expect("the document is here");
    let mut events = link.events();
    let mut door = Some(door);
    for what in ["the line is cut", "the server goes"] {
        line.lead_to(NOWHERE);
        if what == "the line is cut" {
            line.cut();
        } else {
            // Its sockets end with it.
            door.take();
        }
        heard(&mut events, |event| matches!(event, DialerEvent::Disconnected { .. })).await;
        put(&handle, "ticks", &format!("kit/{what}"), &tick(YUNZE.rep()));
        phone.tick(visit, &format!("kit/phone, {what}"), true);
        phone.sync().await;
        assert_ne!(phone.heads(visit), heads(&handle), "{what}: they are apart");
        // It tries in vain before it comes back.
        heard(&mut events, |event| matches!(event, DialerEvent::Reconnecting { attempt: 2.. })).await;
        line.lead_to(&server(door.get_or_insert_with(|| app.listen())));
        heard(&mut events, |event| matches!(event, DialerEvent::Connected { .. })).await;
        handle.they_have_our_changes(link.connection_id().expect("connected")).await;
        phone.sync().await;
        until(&handle, &phone.heads(visit)).await;
    }
    assert_eq!(phone.view(visit).ticks.len(), 5);
    assert_eq!(phone.view(visit).findings, []);
    repo.stop().await;
}

#[actix_web::test]
async fn javascript_lives_on_when_its_line_is_cut_and_comes_back_with_a_new_ticket() {
    let app = TestApp::new().await;
    let (mut phone, visit) = visit_of(&app, YUNZE.rep()).await;
    let access = app.device_of(YUNZE.rep()).await.access;
    let id = document_id(visit);
    let door = app.listen();
    let line = FaultProxy::before(&server(&door));
    let mut reader = Client::start();
    let office = app.session(YUNZE.member(Role::Dispatcher), None, TokenKind::Full).await;
    reader.call("connect", json!({"url": door.repo_url(Some(&ticket(&app, &office).await))}));
    let mut client = Client::start();
    let record = tick(YUNZE.rep()).to_string();
    // One that is told each address, and one that asks for a ticket whenever the adapter dials.
    for (how, connect) in [("told", "connect"), ("by itself", "stay")] {
        let tickets = format!("{}/v1/repo/tickets", line.url());
        let mut args = json!({"url": behind(&line, None), "tickets": tickets, "token": access});
        if connect == "connect" {
            args = json!({"url": behind(&line, Some(&ticket(&app, &access).await))});
        }
        client.call(connect, args);
        client.call("find", json!({"id": id}));
        line.lead_to(NOWHERE);
        line.cut();
        assert_eq!(client.call("gone", json!({})), json!({}), "{how}: it notices, and answers");
        let (theirs, ours) = (format!("kit/client, {how}"), format!("kit/phone, {how}"));
        client.call("put", json!({"id": id, "map": "ticks", "key": theirs, "record": record}));
        phone.tick(visit, &ours, true);
        phone.sync().await;
        assert!(!phone.view(visit).ticks.contains_key(&theirs), "{how}: they are apart");
        line.lead_to(&server(&door));
        if connect == "connect" {
            client.call("connect", json!({"url": behind(&line, Some(&ticket(&app, &access).await))}));
        }
        client.call("wait", json!({"id": id, "map": "ticks", "key": ours}));
        reader.call("wait", json!({"id": id, "map": "ticks", "key": theirs}));
        phone.sync().await;
        assert_eq!(client.call("find", json!({"id": id})), json!({"heads": phone.heads(visit)}), "{how}");
        client.call("disconnect", json!({}));
    }
    assert_eq!(phone.view(visit).ticks.len(), 5);
    assert_eq!(phone.view(visit).findings, []);
}
