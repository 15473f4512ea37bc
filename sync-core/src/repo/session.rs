//! Syncing one document with one socket, over Automerge's own sync state.

use automerge::sync::{State, SyncDoc as _};

use super::contained;
use super::message::SyncMessage;
use crate::bytes::Hash;
use crate::doc::VisitDoc;

/// The sync state of a document and a socket.
///
/// The state learns of changes only after they were stored: it sees messages without their changes, against a
/// document that has them.
#[derive(Debug, Clone, Default)]
pub struct DocSync {
    state: State,
    /// Whether the state was found unfit and starts anew.
    owes_answer: bool,
}

impl DocSync {
    /// A document that the peer may also write.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A document that the peer may only read; it is told so.
    #[must_use]
    pub fn read_only() -> Self {
        Self { state: State::new_read_only(), owes_answer: false }
    }

    /// Whether changes of the peer are ignored.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        self.state.read_only
    }

    /// Stops taking changes from the peer, for example because one was refused: asking for it again would never end.
    pub fn stop_taking(&mut self) {
        self.state.set_read_only(true);
    }

    /// Takes a message in, after what it brought was stored in `doc`, or refused.
    pub fn receive(&mut self, doc: &VisitDoc, message: SyncMessage) {
        let brought = !message.chunks().is_empty();
        let (mut state, mut copy) = (self.state.clone(), doc.automerge().clone());
        let received = contained(move || {
            copy.receive_sync_message(&mut state, message.message).ok()?;
            Some(state)
        });
        match received.flatten() {
            Some(state) => self.state = state,
            // Whatever the message was, the state before it is no better than a new one.
            None => self.start_anew(),
        }
        self.owes_answer |= brought;
    }

    /// The next message for the peer, if there is anything to say.
    #[must_use]
    pub fn answer(&mut self, doc: &VisitDoc) -> Option<Vec<u8>> {
        if std::mem::take(&mut self.owes_answer) {
            // The state saw no changes and would take equal heads for an answer already given.
            self.state.last_sent_heads.clear();
            self.state.in_flight = false;
        }
        let mut state = self.state.clone();
        let generated = contained(move || {
            let message = doc.automerge().generate_sync_message(&mut state);
            (state, message)
        });
        let Some((state, message)) = generated else {
            self.start_anew();
            return None;
        };
        self.state = state;
        let mut message = message?;
        if !self.state.read_only {
            // Flags invite the peer to send whole documents; one change in each chunk is what the guard takes.
            message.flags = None;
        }
        contained(move || message.encode())
    }

    /// The heads the peer was last known to have, sorted.
    #[must_use]
    pub fn peer_heads(&self) -> Option<Vec<Hash>> {
        let heads = self.state.their_heads.as_ref()?;
        Some(heads.iter().map(|hash| Hash(hash.0)).collect())
    }

    fn start_anew(&mut self) {
        *self = if self.is_read_only() { Self::read_only() } else { Self::new() };
    }
}
