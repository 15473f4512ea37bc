//! The automerge-repo door of one node hears what comes by another.

use integration_tests::call::Call;
use integration_tests::company::{PASSWORD, YUNZE};
use integration_tests::remote::RemotePhone;
use integration_tests::server::send;
use samod::{BackoffConfig, DocHandle, Repo};
use sync_core::bytes::Hash;
use sync_core::ids::VisitId;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::{PATIENCE, Pair};
use crate::repo::samod::{heads, named, put, to_the_door, until};
use crate::repo::scene::{Socket, request_to, tick};
use crate::sync::writer::Writer;

/// The address of a node's door.
fn door(url: &str) -> String {
    format!("{}/v1/repo", url.replacen("http", "ws", 1))
}

/// A client at the door of a node, with a document open.
async fn opened(url: &str, token: &str, visit: VisitId) -> (Repo, DocHandle) {
    let repo = Repo::build_tokio().load().await;
    let link = repo.dial(BackoffConfig::default(), to_the_door(request_to(&door(url), token))).expect("it runs");
    link.established().await.expect("the door opens");
    let handle = repo.find(named(visit)).await.expect("it runs").expect("the document is here");
    (repo, handle)
}

async fn hears(handle: &DocHandle, expected: &[Hash]) {
    timeout(PATIENCE, until(handle, expected)).await.expect("the other node is told");
}

#[actix_web::test]
async fn a_socket_hears_what_a_phone_and_a_socket_bring_to_the_other_node() {
    let pair = Pair::start();
    let [here, there] = pair.urls();
    let phone = RemotePhone::enrol(&pair.server, YUNZE, YUNZE.rep(), PASSWORD);
    let mut writer = Writer::new("open at two doors");
    let visit = writer.doc().visit();
    phone.sync_at(here, &writer.next(&phone)).expect("an answer");
    let (first, mine) = opened(here, phone.access(), visit).await;
    let (second, others) = opened(there, phone.access(), visit).await;
    assert_eq!(heads(&others), writer.doc().heads());

    phone.sync_at(here, &writer.next(&phone)).expect("an answer");
    let pushed = writer.doc().heads();
    hears(&others, &pushed).await;
    hears(&mine, &pushed).await;

    put(&mine, "ticks", "kit/ladder", &tick(YUNZE.rep()));
    hears(&others, &heads(&mine)).await;
    put(&others, "ticks", "kit/label", &tick(YUNZE.rep()));
    hears(&mine, &heads(&others)).await;
    first.stop().await;
    second.stop().await;
}

#[actix_web::test]
async fn a_ticket_of_one_node_opens_one_socket_on_any() {
    let pair = Pair::start();
    let [here, there] = pair.urls();
    let phone = RemotePhone::enrol(&pair.server, YUNZE, YUNZE.rep(), PASSWORD);
    let ticket = send(here, &Call::post("/v1/repo/tickets").bearer(phone.access())).expect("an answer").expect(201);
    let with_it = |url: &str| format!("{}?ticket={}", door(url), ticket["ticket"].as_str().expect("a ticket"));
    let open = async |url: &str| Socket::open(with_it(url).into_client_request().expect("an address")).await.map(drop);
    assert_eq!(open(there).await, Ok(()));
    assert_eq!(open(here).await, Err(401), "used up where it came from");
    assert_eq!(open(there).await, Err(401), "and where it was used");
}
