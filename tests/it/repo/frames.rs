//! Frames that no library sends, and who may open which document.

use ciborium::{Value, cbor};
use doorstep::domain::{Role, TokenKind};
use doorstep_store::audit::list_audit_events;
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::company::YUNZE;
use serde_json::json;
use sync_core::doc::Map;
use sync_core::ids::VisitId;
use sync_core::repo::document_id;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::scene::{Socket, ask, kind, member, request, ticket, visit_of};

#[actix_web::test]
async fn a_ticket_opens_one_socket_and_nothing_opens_without_a_handshake() {
    let app = TestApp::new().await;
    let device = app.device_of(YUNZE.rep()).await;
    let door = app.listen();
    let with = |ticket: &str| door.repo_url(Some(ticket)).into_client_request().expect("an address");
    let paper = ticket(&app, &device.access).await;
    assert!(Socket::open(with(&paper)).await.is_ok());
    assert_eq!(Socket::open(with(&paper)).await.err(), Some(401), "used up");
    let old = ticket(&app, &device.access).await;
    app.clock.advance_secs(61);
    assert_eq!(Socket::open(with(&old)).await.err(), Some(401), "too old");
    assert_eq!(Socket::open(with("nonsense")).await.err(), Some(401));
    let nothing = door.repo_url(None).into_client_request().expect("an address");
    assert_eq!(Socket::open(nothing).await.err(), Some(401));
    let plain = app.send(Call::get("/v1/repo").bearer(&device.access)).await;
    assert_eq!(plain.outcome(), (426, "upgrade_required".to_owned()));
}

#[actix_web::test]
async fn a_denied_document_looks_like_an_absent_one() {
    let app = TestApp::new().await;
    let (_phone, others) = visit_of(&app, YUNZE.stranger()).await;
    let planned = app.office_again(YUNZE).plan(&[YUNZE.rep()]).await.visit;
    let device = app.device_of(YUNZE.rep()).await;
    let door = app.listen();
    let mut socket = Socket::join(&door, &device.access, "me").await;
    // Another team's, none at all, one whose document nobody has made, and something that is no id.
    let absent = VisitId::from_bytes([77; 16]);
    for id in [document_id(others), document_id(absent), document_id(planned), "nonsense".to_owned()] {
        socket.send(&ask("me", &id)).await;
        let answer = socket.next().await.expect("an answer");
        let expected = cbor!({"type" => "doc-unavailable", "senderId" => member(&answer, "senderId").clone(),
            "targetId" => "me", "documentId" => id.as_str()});
        assert_eq!(answer, expected.expect("CBOR"));
    }
}

#[actix_web::test]
async fn frames_out_of_order_close_their_socket_and_no_other() {
    let app = TestApp::new().await;
    let (phone, visit) = visit_of(&app, YUNZE.rep()).await;
    let access = phone.device.access.clone();
    let door = app.listen();
    let id = document_id(visit);
    let mut good = Socket::join(&door, &access, "good").await;

    let mut early = Socket::open(request(&door, &access)).await.expect("the door opens");
    early.send(&ask("me", &id)).await;
    assert!(early.is_closed().await, "before join");

    let sync = |data: Vec<u8>| {
        cbor!({"type" => "sync", "senderId" => "bad", "documentId" => id.as_str(), "data" => Value::Bytes(data)})
            .expect("CBOR")
    };
    let probes = vec![0x42, 0, 0, 1, 0, 8, 1, 10, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
    for (name, frame) in [
        ("another sender", ask("good", &id)),
        ("no data", sync(Vec::new())),
        ("no sync message", sync(vec![0xff; 64])),
        ("a filter that loops for ever", sync(probes)),
        ("a second join", cbor!({"type" => "join", "senderId" => "bad"}).expect("CBOR")),
    ] {
        let mut bad = Socket::join(&door, &access, "bad").await;
        bad.send(&frame).await;
        assert!(bad.is_closed().await, "{name}");
    }
    for message in [
        Message::Text("hello".into()),
        Message::Binary(vec![0xff; 32].into()),
        Message::Binary(vec![0; 2 << 20].into()),
    ] {
        let mut bad = Socket::join(&door, &access, "bad").await;
        bad.send_raw(message).await;
        assert!(bad.is_closed().await);
    }
    good.send(&cbor!({"type" => "tomorrow", "senderId" => "good"}).expect("CBOR")).await;
    good.send(&ask("good", &id)).await;
    assert_eq!(kind(&good.next().await.expect("an answer")), "sync", "the others are served");
}

#[actix_web::test]
async fn a_second_socket_of_a_peer_takes_the_place_of_the_first() {
    let app = TestApp::new().await;
    let (mine, other) = (app.device_of(YUNZE.rep()).await, app.device_of(YUNZE.colleague()).await);
    let door = app.listen();
    let mut first = Socket::join(&door, &mine.access, "me").await;
    let mut others = Socket::join(&door, &other.access, "me").await;
    let _second = Socket::join(&door, &mine.access, "me").await;
    assert!(first.next().await.is_none(), "the older one is closed");
    others.send(&ask("me", "nonsense")).await;
    assert_eq!(kind(&others.next().await.expect("an answer")), "doc-unavailable", "a name belongs to a sign-in");
}

#[actix_web::test]
async fn rights_end_with_the_sign_in_at_the_next_message() {
    let app = TestApp::new().await;
    let (phone, visit) = visit_of(&app, YUNZE.rep()).await;
    let door = app.listen();
    let mut socket = Socket::join(&door, &phone.device.access, "me").await;
    socket.send(&ask("me", &document_id(visit))).await;
    assert_eq!(kind(&socket.next().await.expect("an answer")), "sync");
    app.office_again(YUNZE).assign(visit, &[YUNZE.colleague()]).await;
    socket.send(&ask("me", &document_id(visit))).await;
    assert_eq!(kind(&socket.next().await.expect("an answer")), "doc-unavailable", "no more his visit");
    let admin = app.role(YUNZE, Role::Admin).await;
    admin.post_empty(format!("/v1/devices/{}/revoke", phone.device.id)).await;
    socket.send(&ask("me", &document_id(visit))).await;
    assert!(socket.is_closed().await, "a revoked device");
}

#[actix_web::test]
async fn ephemeral_messages_reach_the_other_sockets_of_the_document() {
    let app = TestApp::new().await;
    let (phone, visit) = visit_of(&app, YUNZE.rep()).await;
    let office = app.session(YUNZE.member(Role::Dispatcher), None, doorstep::domain::TokenKind::Full).await;
    let door = app.listen();
    let id = document_id(visit);
    let mut one = Socket::join(&door, &phone.device.access, "one").await;
    let mut two = Socket::join(&door, &office, "two").await;
    let mut three = Socket::join(&door, &office, "three").await;
    for (socket, name) in [(&mut one, "one"), (&mut two, "two")] {
        socket.send(&ask(name, &id)).await;
        assert_eq!(kind(&socket.next().await.expect("an answer")), "sync");
    }
    let message = |data: Vec<u8>| {
        cbor!({"type" => "ephemeral", "senderId" => "one", "documentId" => id.as_str(), "sessionId" => "s",
            "count" => Value::Float(3.0), "data" => Value::Bytes(data)})
        .expect("CBOR")
    };
    one.send(&message(vec![0; 70 << 10])).await;
    one.send(&message(vec![1, 2, 3])).await;
    let heard = two.next().await.expect("the message");
    assert_eq!(
        (kind(&heard), member(&heard, "data")),
        ("ephemeral", &Value::Bytes(vec![1, 2, 3])),
        "not the large one"
    );
    assert_eq!((member(&heard, "senderId"), member(&heard, "targetId")), (&"one".into(), &"two".into()));
    three.send(&ask("three", "nonsense")).await;
    assert_eq!(kind(&three.next().await.expect("an answer")), "doc-unavailable", "who holds nothing hears nothing");
}

#[actix_web::test]
async fn who_lost_the_visit_hears_nothing_more_about_it() {
    let app = TestApp::new().await;
    let (mut phone, lost) = visit_of(&app, YUNZE.rep()).await;
    let kept = app.office_again(YUNZE).plan(&[YUNZE.rep()]).await.visit;
    phone.sync().await;
    phone.tick(kept, "kit/otdr", true);
    phone.sync().await;
    let office = app.session(YUNZE.member(Role::Dispatcher), None, doorstep::domain::TokenKind::Full).await;
    let door = app.listen();
    let (mut rep, mut other) =
        (Socket::join(&door, &phone.device.access, "rep").await, Socket::join(&door, &office, "other").await);
    for visit in [lost, kept] {
        for (socket, name) in [(&mut rep, "rep"), (&mut other, "other")] {
            socket.send(&ask(name, &document_id(visit))).await;
            assert_eq!(kind(&socket.next().await.expect("an answer")), "sync");
        }
    }
    let message = |visit: VisitId, count: f64| {
        cbor!({"type" => "ephemeral", "senderId" => "other", "documentId" => document_id(visit).as_str(),
            "sessionId" => "s", "count" => Value::Float(count), "data" => Value::Bytes(vec![1])})
        .expect("CBOR")
    };
    let id_of = |frame: &Value| member(frame, "documentId").as_text().expect("an id").to_owned();
    other.send(&message(lost, 1.0)).await;
    assert_eq!(id_of(&rep.next().await.expect("the message")), document_id(lost), "still the rep's");
    app.office_again(YUNZE).assign(lost, &[YUNZE.colleague()]).await;
    for (visit, count) in [(lost, 2.0), (kept, 3.0)] {
        other.send(&message(visit, count)).await;
    }
    let heard = rep.next().await.expect("a message");
    assert_eq!((kind(&heard), id_of(&heard)), ("ephemeral", document_id(kept)), "nothing about the other");
}

// Rules: INS-35, GEN-15
#[actix_web::test]
async fn a_document_that_says_where_a_call_was_recorded_opens_to_few_and_each_time_recorded() {
    let app = TestApp::new().await;
    let (mut phone, visit) = visit_of(&app, YUNZE.rep()).await;
    let id = document_id(visit);
    let door = app.listen();
    let subject = visit.to_string();
    let shown = async || -> Vec<(String, String)> {
        let subject = subject.clone();
        let events = app.read(move |conn| list_audit_events(conn, YUNZE.org, &subject, 100)).await;
        let of_recordings = events.into_iter().filter(|event| event.kind == "recording.shown");
        of_recordings.map(|event| (event.actor_id.expect("somebody").to_string(), event.detail)).collect()
    };
    let open = async |role: Role| {
        let token = app.session(YUNZE.member(role), None, TokenKind::Full).await;
        let mut socket = Socket::join(&door, &token, role.code()).await;
        socket.send(&ask(role.code(), &id)).await;
        let answer = kind(&socket.next().await.expect("an answer")).to_owned();
        (socket, answer)
    };
    let (mut agent, answer) = open(Role::CsAgent).await;
    assert_eq!(answer, "sync", "it says nothing of recordings yet");
    let (mut auditor, answer) = open(Role::Auditor).await;
    assert_eq!((answer.as_str(), shown().await.len()), ("sync", 0));

    let call = json!({"channel": "app_call", "started_at": phone.stamp(), "duration_s": 5, "result": "reached",
        "recording_ref": "rec/secret", "by": YUNZE.rep().id});
    let contact = phone.add(visit, Map::Contacts, &call);
    phone.sync().await;
    assert_eq!(kind(&agent.next().await.expect("news")), "doc-unavailable");
    assert_eq!(kind(&auditor.next().await.expect("news")), "sync");
    let by = |role: Role| (YUNZE.member(role).id.to_string(), json!({"of": [contact]}).to_string());
    assert_eq!(shown().await, [by(Role::Auditor)]);

    for role in [Role::TeamLead, Role::Dispatcher, Role::CsAgent] {
        assert_eq!(open(role).await.1, "doc-unavailable", "{role}");
    }
    let mut rep = Socket::join(&door, &phone.device.access, "rep").await;
    rep.send(&ask("rep", &id)).await;
    assert_eq!(kind(&rep.next().await.expect("an answer")), "sync", "his own words");
    assert_eq!(shown().await.len(), 1);
    for role in [Role::CsSupervisor, Role::DeptManager, Role::BranchManager, Role::Auditor] {
        assert_eq!(open(role).await.1, "sync", "{role}");
        assert!(shown().await.contains(&by(role)), "{role}");
    }
    assert_eq!(shown().await.len(), 5);
}
