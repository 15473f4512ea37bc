//! One open socket: what it holds, what it may, and what goes back for each frame.

use std::collections::{BTreeSet, HashMap, VecDeque};

use sync_core::ids::VisitId;
use sync_core::repo::{Ephemeral, Incoming, Peer, SyncMessage};

use super::document::{self, Held, Talked};
use super::hub::Seat;
use super::pace::Pace;
use crate::app::{AppResult, AppState, Ctx, ErrorCode};
use crate::domain::Actor;

/// Messages at once after a rest, and steadily per second: a client that opens a thousand documents sends four each.
const MESSAGES: (i64, i64) = (10_000, 200);

/// Ephemeral messages likewise; what is more is dropped.
const EPHEMERAL: (i64, i64) = (100, 20);

/// What the edge does next.
#[derive(Debug)]
pub enum Next {
    /// Sends these frames.
    Send(Vec<Vec<u8>>),
    /// Sends a last frame, if there is one, and closes.
    Close {
        /// The last frame.
        last: Option<Vec<u8>>,
        /// Why, for the log.
        reason: &'static str,
    },
}

impl Next {
    const NOTHING: Self = Self::Send(Vec::new());
}

/// A socket after the upgrade.
#[derive(Debug)]
pub struct Socket {
    state: AppState,
    actor: Actor,
    seat: Seat,
    peer: Peer,
    docs: HashMap<VisitId, Held>,
    messages: Pace,
    ephemeral: Pace,
}

impl Socket {
    /// Opens a socket for whom the context stands.
    ///
    /// # Errors
    /// `overloaded` if the process holds as many as it can.
    pub fn open(state: &AppState, ctx: Ctx) -> AppResult<Self> {
        let seat = state.repo.enter(state.store.hints()).ok_or(ErrorCode::Overloaded)?;
        Ok(Self {
            state: state.clone(),
            actor: ctx.actor,
            seat,
            // All nodes over one database are one peer.
            peer: Peer::new(format!("doorstep-{}", state.epoch)),
            docs: HashMap::new(),
            messages: Pace::new(MESSAGES.0, MESSAGES.1, ctx.now),
            ephemeral: Pace::new(EPHEMERAL.0, EPHEMERAL.1, ctx.now),
        })
    }

    /// Takes one binary frame in.
    pub async fn receive(&mut self, frame: &[u8]) -> Next {
        if !self.messages.allows(self.state.clock.now()) {
            return self.close("too many messages");
        }
        match self.peer.receive(frame) {
            Incoming::Joined { welcome } => {
                let name = self.peer.name().unwrap_or_default().to_owned();
                self.seat.take_name((self.actor.org, self.actor.user, self.actor.device, name));
                Next::Send(vec![welcome])
            }
            Incoming::Sync { visit, data } => match SyncMessage::read(&data) {
                Ok(message) => self.talk(visit, Some(message)).await,
                Err(_malformed) => self.close("a sync message that cannot be read"),
            },
            Incoming::Ephemeral(message) => self.forward(message).await,
            Incoming::Unavailable(visit) => {
                self.let_go(visit);
                Next::NOTHING
            }
            Incoming::Unknown { answer } => Next::Send(vec![answer]),
            Incoming::Ignored => Next::NOTHING,
            Incoming::Left => Next::Close { last: None, reason: "the peer left" },
            Incoming::Refused { answer, reason } => Next::Close { last: answer, reason },
        }
    }

    /// Waits until something waits for this socket.
    pub async fn rung(&mut self) {
        self.seat.rung().await;
    }

    /// What others did to the documents it holds.
    pub async fn news(&mut self) -> Next {
        let waiting = self.seat.take();
        if waiting.is_replaced {
            return Next::Close { last: None, reason: "another socket of this peer" };
        }
        let mut frames = match self.heard(&waiting.ephemeral).await {
            Ok(frames) => frames,
            Err(close) => return close,
        };
        for visit in self.seat.take_moved() {
            if !self.docs.contains_key(&visit) {
                continue;
            }
            match self.talk(visit, None).await {
                Next::Send(more) => frames.extend(more),
                close @ Next::Close { .. } => return close,
            }
        }
        Next::Send(frames)
    }

    /// Whether the sign-in still stands.
    pub async fn is_welcome(&self) -> bool {
        let (actor, now) = (self.actor.clone(), self.state.clock.now());
        let standing = self.state.store.read(move |conn| document::authorise(conn, &actor, now).map(drop)).await;
        // A database that is away for a moment ends no socket.
        !standing.is_err_and(|error| error.ends_access())
    }

    async fn talk(&mut self, visit: VisitId, message: Option<SyncMessage>) -> Next {
        if self.docs.len() >= self.state.config.limits.socket_documents && !self.docs.contains_key(&visit) {
            return self.close("too many documents");
        }
        let held = self.docs.remove(&visit);
        // Held before it is read, so that a change in between is heard of.
        self.seat.hold(self.actor.org, visit);
        match document::talk(&self.state, &self.actor, visit, held, message).await {
            Ok(Some(Talked { held, answer })) => {
                self.docs.insert(visit, held);
                Next::Send(answer.into_iter().map(|data| self.peer.sync(visit, data)).collect())
            }
            Ok(None) => {
                self.let_go(visit);
                Next::Send(vec![self.peer.unavailable(visit)])
            }
            Err(error) if error.ends_access() => self.close("the sign-in ended"),
            Err(error) => {
                tracing::error!(org = %self.actor.org, %visit, ?error, "a message of a socket failed");
                self.close("try again later")
            }
        }
    }

    async fn forward(&mut self, message: Ephemeral) -> Next {
        let visit = message.visit;
        if !self.docs.contains_key(&visit) || !self.ephemeral.allows(self.state.clock.now()) {
            return Next::NOTHING;
        }
        match self.may_read(visit).await {
            Ok(true) => self.seat.forward(self.actor.org, &message),
            Ok(false) => {}
            Err(close) => return close,
        }
        Next::NOTHING
    }

    /// What others said about documents that this socket may still read: nothing tells it that a visit was lost.
    async fn heard(&mut self, messages: &VecDeque<Ephemeral>) -> Result<Vec<Vec<u8>>, Next> {
        let mut readable = BTreeSet::new();
        for visit in messages.iter().map(|message| message.visit).collect::<BTreeSet<_>>() {
            if self.may_read(visit).await? {
                readable.insert(visit);
            }
        }
        let heard = messages.iter().filter(|message| readable.contains(&message.visit));
        Ok(heard.map(|message| self.peer.forward(message)).collect())
    }

    /// Whether a document may be read now; one that may not is let go.
    ///
    /// # Errors
    /// What the edge does if the sign-in ended.
    async fn may_read(&mut self, visit: VisitId) -> Result<bool, Next> {
        let (actor, now) = (self.actor.clone(), self.state.clock.now());
        match self.state.store.read(move |conn| document::may_read(conn, &actor, now, visit)).await {
            Ok(true) => Ok(true),
            Ok(false) => {
                self.let_go(visit);
                Ok(false)
            }
            Err(error) if error.ends_access() => Err(self.close("the sign-in ended")),
            // An ephemeral message may be lost anywhere on its way.
            Err(_failed) => Ok(false),
        }
    }

    fn let_go(&mut self, visit: VisitId) {
        self.docs.remove(&visit);
        self.seat.let_go(self.actor.org, visit);
    }

    /// Closes, telling the peer why.
    #[must_use]
    pub fn close(&self, reason: &'static str) -> Next {
        let last = self.peer.name().map(|_| self.peer.error(reason));
        Next::Close { last, reason }
    }
}
