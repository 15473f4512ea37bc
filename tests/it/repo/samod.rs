//! The Rust crate `samod` as a client of the door.

use std::convert::Infallible;
use std::sync::Arc;

use automerge::transaction::Transactable as _;
use automerge::{Automerge, ReadDoc as _, ScalarValue};
use doorstep::domain::{Role, TokenKind};
use doorstep_store::devices::find_device;
use futures_util::future::BoxFuture;
use futures_util::{SinkExt as _, StreamExt as _};
use integration_tests::app::TestApp;
use integration_tests::company::YUNZE;
use samod::{BackoffConfig, DialError, Dialer, DocHandle, DocumentId, Repo, Transport, Url};
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;
use sync_core::repo::{document_id, visit_of as visit_named};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::scene::{nothing_is_kept_of, request, tick, visit_of};
use crate::sync::helpers::{column, run};

/// Opens sockets with a token.
pub(crate) struct ToTheDoor {
    url: Url,
    request: Request,
}

impl Dialer for ToTheDoor {
    type Error = Infallible;

    fn url(&self) -> Url {
        self.url.clone()
    }

    fn connect(&self) -> BoxFuture<'static, Result<Transport, DialError<Infallible>>> {
        let request = self.request.clone();
        Box::pin(async move {
            let (socket, _) = connect_async(request).await.map_err(DialError::transient)?;
            let (sink, stream) = socket.split();
            let stream = stream.filter_map(|message| async move {
                match message {
                    Ok(Message::Binary(bytes)) => Some(Ok::<_, Error>(bytes.to_vec())),
                    Ok(_) => None,
                    Err(error) => Some(Err(error)),
                }
            });
            let sink = sink.with(|bytes: Vec<u8>| async move { Ok::<_, Error>(Message::Binary(bytes.into())) });
            Ok(Transport::new(Box::pin(stream), Box::pin(sink)))
        })
    }
}

pub(crate) fn to_the_door(request: Request) -> Arc<ToTheDoor> {
    Arc::new(ToTheDoor { url: request.uri().to_string().parse().expect("an address"), request })
}

pub(crate) fn named(visit: VisitId) -> DocumentId {
    document_id(visit).parse().expect("an id of automerge-repo")
}

/// Writes a record as the documents have them: one scalar text under a key of a map.
pub(crate) fn put(handle: &DocHandle, map: &str, key: &str, record: &serde_json::Value) {
    handle.with_document(|doc: &mut Automerge| {
        let (_, object) = doc.get(automerge::ROOT, map).expect("it reads").expect("a map of genesis");
        let text = ScalarValue::Str(record.to_string().into());
        doc.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(&object, key, text)).expect("a change");
    });
}

pub(crate) fn heads(handle: &DocHandle) -> Vec<Hash> {
    let mut heads: Vec<Hash> =
        handle.with_document(|doc| doc.get_heads().iter().map(|head| Hash(head.0)).collect::<Vec<_>>());
    heads.sort_unstable();
    heads
}

/// Waits until the client's document has these heads.
pub(crate) async fn until(handle: &DocHandle, expected: &[Hash]) {
    let mut changes = handle.changes();
    while heads(handle) != expected {
        changes.next().await.expect("the repository runs");
    }
}

#[actix_web::test]
async fn samod_opens_reads_and_edits_both_ways_and_reconnects() {
    let app = TestApp::new().await;
    let (mut phone, visit) = visit_of(&app, YUNZE.rep()).await;
    let device = app.device_of(YUNZE.rep()).await;
    let id = device.id;
    run(&app, format!("UPDATE devices SET unsent_visits = '[]' WHERE id = '{id}'")).await;
    let door = app.listen();
    let repo = Repo::build_tokio().load().await;
    let link = repo.dial(BackoffConfig::default(), to_the_door(request(&door, &device.access))).expect("it runs");
    link.established().await.expect("the door opens");
    let handle = repo.find(named(visit)).await.expect("it runs").expect("the document is here");
    assert_eq!(heads(&handle), phone.heads(visit));

    // The client's edit reaches the phone, the phone's edit the client.
    let connection = link.connection_id().expect("connected");
    put(&handle, "ticks", "kit/ladder", &tick(YUNZE.rep()));
    handle.they_have_our_changes(connection).await;
    phone.sync().await;
    assert_eq!(phone.heads(visit), heads(&handle));
    let known = app.read(move |conn| find_device(conn, YUNZE.org, id)).await.expect("the device");
    assert_eq!(known.unsent_visits.as_deref(), Some("[]"), "what its own sync last reported");
    phone.tick(visit, "kit/label", true);
    phone.sync().await;
    until(&handle, &phone.heads(visit)).await;

    // Apart, both edit; a new connection brings them together.
    link.close();
    put(&handle, "ticks", "kit/apart", &tick(YUNZE.rep()));
    phone.tick(visit, "kit/label", false);
    phone.sync().await;
    let again = repo.dial(BackoffConfig::default(), to_the_door(request(&door, &device.access))).expect("it runs");
    again.established().await.expect("the door opens again");
    handle.they_have_our_changes(again.connection_id().expect("connected")).await;
    phone.sync().await;
    until(&handle, &phone.heads(visit)).await;
    assert_eq!(phone.view(visit).ticks.len(), 4);
    repo.stop().await;
}

#[actix_web::test]
async fn samod_finds_nothing_that_is_not_its_own_and_creates_nothing() {
    let app = TestApp::new().await;
    let (_phone, others) = visit_of(&app, YUNZE.stranger()).await;
    let device = app.device_of(YUNZE.rep()).await;
    let door = app.listen();
    let repo = Repo::build_tokio().load().await;
    let link = repo.dial(BackoffConfig::default(), to_the_door(request(&door, &device.access))).expect("it runs");
    link.established().await.expect("the door opens");
    for visit in [others, VisitId::from_bytes([78; 16])] {
        assert!(repo.find(named(visit)).await.expect("it runs").is_none());
    }
    let fed = column(&app, "feed", "item").await;
    let created = repo.create(Automerge::new()).await.expect("it runs");
    let mut mine = Automerge::new();
    mine.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(automerge::ROOT, "x", 1)).expect("a change");
    let made = repo.create(mine).await.expect("it runs");
    // The door has answered for both once it answers what was asked after them.
    assert!(repo.find(named(VisitId::from_bytes([79; 16]))).await.expect("it runs").is_none());
    let office = app.session(YUNZE.member(Role::Dispatcher), None, TokenKind::Full).await;
    let other = Repo::build_tokio().load().await;
    let others_link = other.dial(BackoffConfig::default(), to_the_door(request(&door, &office))).expect("it runs");
    others_link.established().await.expect("the door opens");
    for handle in [created, made] {
        let visit = visit_named(&handle.document_id().to_string()).expect("any id could be a visit's");
        assert!(other.find(named(visit)).await.expect("it runs").is_none(), "another peer hears nothing of it");
        nothing_is_kept_of(&app, visit, &fed).await;
    }
    other.stop().await;
    repo.stop().await;
}

#[actix_web::test]
async fn samod_without_a_device_reads_only() {
    let app = TestApp::new().await;
    let (mut phone, visit) = visit_of(&app, YUNZE.rep()).await;
    let dispatcher = YUNZE.member(Role::Dispatcher);
    let office = app.session(dispatcher, None, TokenKind::Full).await;
    let door = app.listen();
    let repo = Repo::build_tokio().load().await;
    let link = repo.dial(BackoffConfig::default(), to_the_door(request(&door, &office))).expect("it runs");
    link.established().await.expect("the door opens");
    let handle = repo.find(named(visit)).await.expect("it runs").expect("the office reads");
    let before = phone.heads(visit);
    put(&handle, "ticks", "kit/forged", &tick(dispatcher));
    phone.tick(visit, "kit/label", true);
    phone.sync().await;
    let mut changes = handle.changes();
    while !heads(&handle).iter().any(|head| phone.heads(visit).contains(head)) {
        changes.next().await.expect("the repository runs");
    }
    phone.sync().await;
    assert_ne!(phone.heads(visit), before);
    assert!(!phone.view(visit).ticks.contains_key("kit/forged"), "nothing was taken from who has no device");
    repo.stop().await;
}

/// How many documents a client opens in one go.
///
/// # Source
/// Fewer than the library's authors are used to, more than a rep carries.
const MANY: usize = 1_000;

#[actix_web::test]
async fn samod_opens_a_thousand_documents() {
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
    let door = app.listen();
    let repo = Repo::build_tokio().load().await;
    let access = app.device_of(YUNZE.rep()).await.access;
    let link = repo.dial(BackoffConfig::default(), to_the_door(request(&door, &access))).expect("it runs");
    link.established().await.expect("the door opens");
    let found = futures_util::future::join_all(visits.iter().map(|visit| repo.find(named(*visit)))).await;
    for (visit, handle) in visits.iter().zip(found) {
        let handle = handle.expect("it runs").expect("every document is here");
        assert_eq!(heads(&handle), phone.heads(*visit));
    }
    repo.stop().await;
}
