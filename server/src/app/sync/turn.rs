//! Turns of the rounds that cost many times their bytes of memory.

use std::sync::Arc;

use sync_core::protocol::{Audience, Cursor};
use tokio::sync::OwnedSemaphorePermit;

use super::Round;
use super::pull::known_cursor;
use crate::app::{AppState, Ctx};
use crate::domain::TokenKind;

/// Items of an answer that takes no turn: what the fullest of days tells a phone, some 100 KiB.
const FEW: i64 = 100;

/// The turn of a round, held until its answer has been made, if it needs one.
///
/// A round whose body may become many times its size, whose answer is much, or that changes documents of which much is
/// stored waits for one; a small one needs none, so that a single edit never waits behind the first syncs of a morning.
#[derive(Debug, Default)]
pub struct Turn(Option<OwnedSemaphorePermit>);

impl Turn {
    /// Waits for a turn, unless it has come already.
    pub async fn wait(&mut self, state: &AppState) {
        if self.0.is_none() {
            // Never closed.
            self.0 = Arc::clone(&state.syncs).acquire_owned().await.ok();
        }
    }
}

/// How far the asker has read what he himself carries, which is read last; `None` where the answer holds everything
/// there is, as in a first sync and after a restore.
pub(super) fn has_read(state: &AppState, round: &Round) -> Option<i64> {
    let own = Audience::User(round.ctx.actor.user);
    let position = |cursor: Cursor| cursor.positions.get(&own).copied();
    known_cursor(&round.request, state.epoch).and_then(position)
}

/// Whether an answer may hold much, for an asker who has read so far of so much.
pub(super) fn is_much(ctx: &Ctx, read: Option<i64>, head: i64) -> bool {
    ctx.actor.token == TokenKind::Full && read.is_none_or(|read| head.saturating_sub(read) > FEW)
}
