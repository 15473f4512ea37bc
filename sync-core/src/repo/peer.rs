//! One socket's side of the protocol: who it is, and what each of its frames asks for.

use super::frame::{self, Ephemeral, Frame, Named, Whole};
use crate::bytes::Blob;
use crate::ids::VisitId;

/// The protocol version that is spoken.
const VERSION: &str = "1";

/// Largest ephemeral message that is forwarded, in bytes.
const MAX_EPHEMERAL: usize = 64 << 10;

/// What a frame asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    /// The peer introduced itself; this is the welcome.
    Joined {
        /// The frame to send.
        welcome: Vec<u8>,
    },
    /// A sync message about a document.
    Sync {
        /// The document.
        visit: VisitId,
        /// Automerge's sync message, unread.
        data: Vec<u8>,
    },
    /// The peer has no such document any more.
    Unavailable(VisitId),
    /// A message for the other sockets of a document.
    Ephemeral(Ephemeral),
    /// A document that cannot be ours: the answer that it is not here.
    Unknown {
        /// The frame to send.
        answer: Vec<u8>,
    },
    /// Nothing to do: a kind that is unknown, optional, or not worth more.
    Ignored,
    /// The peer said good-bye.
    Left,
    /// The socket must be closed.
    Refused {
        /// A last frame, if the peer would understand one.
        answer: Option<Vec<u8>>,
        /// Why, in plain words.
        reason: &'static str,
    },
}

/// The protocol state of one socket.
#[derive(Debug)]
pub struct Peer {
    own: String,
    name: Option<String>,
}

impl Peer {
    /// A socket that has said nothing yet; `own` is the server's name.
    #[must_use]
    pub const fn new(own: String) -> Self {
        Self { own, name: None }
    }

    /// The name the peer gave itself.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Reads one frame.
    pub fn receive(&mut self, bytes: &[u8]) -> Incoming {
        let Some(frame) = Frame::read(bytes) else { return self.refuse("a frame that cannot be read") };
        let Some(sender) = frame.sender.clone().filter(|sender| !sender.is_empty()) else {
            return self.refuse("a frame without sender");
        };
        let Some(name) = self.name.clone() else { return self.join(&frame, sender) };
        if sender != name {
            return self.refuse("a frame in the name of another peer");
        }
        if frame.target.as_ref().is_some_and(|target| *target != self.own) {
            return self.refuse("a frame for another peer");
        }
        match (frame.kind.as_str(), frame.document) {
            ("join", _) => self.refuse("a second join"),
            ("leave", _) => Incoming::Left,
            ("error", _) => Incoming::Refused { answer: None, reason: "the peer reports an error" },
            ("sync" | "request" | "ephemeral" | "doc-unavailable", None) => self.refuse("a frame without document"),
            ("sync" | "request", Some(Named::Visit(visit))) => match frame.data {
                Some(data) => Incoming::Sync { visit, data: data.0 },
                None => self.refuse("a sync message without data"),
            },
            ("sync" | "request", Some(other)) => {
                Incoming::Unknown { answer: frame::unavailable(&self.own, &name, other) }
            }
            ("doc-unavailable", Some(Named::Visit(visit))) => Incoming::Unavailable(visit),
            ("ephemeral", Some(Named::Visit(visit))) => {
                Self::ephemeral(visit, name, frame.session, frame.count, frame.data)
            }
            _ => Incoming::Ignored,
        }
    }

    fn join(&mut self, frame: &Frame, sender: String) -> Incoming {
        if frame.kind != "join" {
            return self.refuse("a frame before join");
        }
        let versions = frame.versions.as_ref();
        if versions.is_some_and(|versions| !versions.iter().any(|version| version == VERSION)) {
            let answer = frame::error(&self.own, &sender, "unsupported protocol version");
            return Incoming::Refused { answer: Some(answer), reason: "no common protocol version" };
        }
        if sender == self.own {
            return self.refuse("a join in the server's name");
        }
        let welcome = frame::peer(&self.own, &sender);
        self.name = Some(sender);
        Incoming::Joined { welcome }
    }

    fn ephemeral(
        visit: VisitId,
        sender: String,
        session: Option<String>,
        count: Option<Whole>,
        data: Option<Blob>,
    ) -> Incoming {
        match (session, count, data) {
            (Some(session), Some(count), Some(data)) if data.0.len() <= MAX_EPHEMERAL => {
                Incoming::Ephemeral(Ephemeral { visit, sender, session, count: count.0, data })
            }
            _ => Incoming::Ignored,
        }
    }

    fn refuse(&self, reason: &'static str) -> Incoming {
        let answer = self.name.as_deref().map(|name| frame::error(&self.own, name, reason));
        Incoming::Refused { answer, reason }
    }

    /// The frame with a sync message.
    #[must_use]
    pub fn sync(&self, visit: VisitId, data: Vec<u8>) -> Vec<u8> {
        frame::sync(&self.own, self.addressee(), visit, data)
    }

    /// The frame that says a document is not here.
    #[must_use]
    pub fn unavailable(&self, visit: VisitId) -> Vec<u8> {
        frame::unavailable(&self.own, self.addressee(), Named::Visit(visit))
    }

    /// The frame that forwards an ephemeral message of another peer.
    #[must_use]
    pub fn forward(&self, message: &Ephemeral) -> Vec<u8> {
        frame::ephemeral(self.addressee(), message)
    }

    /// The frame that tells why the socket is closed.
    #[must_use]
    pub fn error(&self, reason: &str) -> Vec<u8> {
        frame::error(&self.own, self.addressee(), reason)
    }

    fn addressee(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }
}
