//! A company with a phone and a visit, and sockets to the door.

use ciborium::cbor;
use futures_util::{SinkExt as _, StreamExt as _};
use integration_tests::app::TestApp;
use integration_tests::call::Call;
use integration_tests::clock::START;
use integration_tests::company::{Member, YUNZE};
use integration_tests::door::Door;
use integration_tests::phone::Phone;
use serde_json::{Value, json};
use sync_core::ids::VisitId;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::sync::helpers::{column, quarantined};

/// The request that opens a socket with a token.
pub fn request(door: &Door, token: &str) -> Request {
    request_to(&door.repo_url(None), token)
}

/// As [`request`], by address.
pub fn request_to(url: &str, token: &str) -> Request {
    let mut request = url.into_client_request().expect("an address");
    let value = format!("Bearer {token}").parse().expect("a header");
    request.headers_mut().insert("authorization", value);
    request
}

/// A ticket for a socket.
pub async fn ticket(app: &TestApp, token: &str) -> String {
    let answer = app.send(Call::post("/v1/repo/tickets").bearer(token)).await;
    answer.expect(201)["ticket"].as_str().expect("a ticket").to_owned()
}

/// A visit of today whose document a phone has brought in.
pub async fn visit_of<'a>(app: &'a TestApp, member: Member) -> (Phone<'a>, VisitId) {
    let visit = app.office(YUNZE).await.plan(&[member]).await.visit;
    let mut phone = app.phone_of(member).await;
    phone.sync().await;
    phone.tick(visit, "kit/otdr", true);
    phone.sync().await;
    (phone, visit)
}

/// Nothing was taken of a document that a client made: no row, no push, nothing in quarantine; the feed is as it was.
pub async fn nothing_is_kept_of(app: &TestApp, visit: VisitId, fed: &[String]) {
    for table in ["documents", "doc_changes", "doc_actors"] {
        assert!(!column(app, table, "visit_id").await.contains(&visit.to_string()), "{table}");
    }
    assert_eq!(quarantined(app, YUNZE).await, []);
    assert_eq!(column(app, "feed", "item").await, fed);
}

/// A tick as a document holds it.
pub fn tick(by: Member) -> Value {
    let at = json!({"wall_ms": START.0, "mono_ms": 5, "boot_id": "F0RE1GN0"});
    json!({"done": true, "at": at, "by": by.id})
}

/// A sync message of somebody who has nothing: no heads, no needs, an empty summary, and these changes.
pub fn message(changes: &[&[u8]]) -> ciborium::Value {
    let mut bytes = vec![0x42, 0, 0, 1, 0, 0, u8::try_from(changes.len()).expect("few")];
    for change in changes {
        // LEB128 of the length.
        let mut left = change.len();
        while left >= 0x80 {
            bytes.push(u8::try_from(left & 0x7f).expect("seven bits") | 0x80);
            left >>= 7;
        }
        bytes.push(u8::try_from(left).expect("seven bits"));
        bytes.extend_from_slice(change);
    }
    ciborium::Value::Bytes(bytes)
}

/// A frame about a document.
pub fn frame(kind: &str, sender: &str, id: &str, data: ciborium::Value) -> ciborium::Value {
    cbor!({"type" => kind, "senderId" => sender, "documentId" => id, "data" => data}).expect("CBOR")
}

/// A request of somebody who has nothing yet.
pub fn ask(sender: &str, id: &str) -> ciborium::Value {
    frame("request", sender, id, message(&[]))
}

/// A plain WebSocket.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens a socket; the status of the refusal otherwise.
    pub async fn open(request: Request) -> Result<Self, u16> {
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens a socket with a token and joins as a peer.
    pub async fn join(door: &Door, token: &str, name: &str) -> Self {
        let mut socket = Self::open(request(door, token)).await.expect("the door opens");
        let join = cbor!({"type" => "join", "senderId" => name, "supportedProtocolVersions" => ["1"]});
        socket.send(&join.expect("CBOR")).await;
        let welcome = socket.next().await.expect("a welcome");
        assert_eq!(kind(&welcome), "peer");
        socket
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &ciborium::Value) {
        let mut bytes = Vec::new();
        ciborium::into_writer(frame, &mut bytes).expect("CBOR");
        self.send_raw(Message::Binary(bytes.into())).await;
    }

    /// Sends anything.
    pub async fn send_raw(&mut self, message: Message) {
        // The server may have closed already; what it says is read afterwards.
        let _sent = self.0.send(message).await;
    }

    /// The next frame; `None` once the socket is closed.
    pub async fn next(&mut self) -> Option<ciborium::Value> {
        loop {
            match self.0.next().await? {
                Ok(Message::Binary(bytes)) => return Some(ciborium::from_reader(&bytes[..]).expect("CBOR")),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Whether the server closes the socket, whatever it says before.
    pub async fn is_closed(&mut self) -> bool {
        while let Some(frame) = self.next().await {
            assert_eq!(kind(&frame), "error", "{frame:?}");
        }
        true
    }
}

/// A member of a frame.
pub fn member<'a>(frame: &'a ciborium::Value, name: &str) -> &'a ciborium::Value {
    let members = frame.as_map().expect("a map");
    &members.iter().find(|(key, _)| key.as_text() == Some(name)).expect(name).1
}

/// The kind of a frame.
pub fn kind(frame: &ciborium::Value) -> &str {
    member(frame, "type").as_text().expect("a text")
}
