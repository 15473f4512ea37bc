//! Whether another round is worth its bytes: what a round moved, and when to stop asking.
//!
//! Knows nothing of requests and answers. Receipts are no progress: a server signs a new one for every round.

use std::collections::BTreeMap;

use sync_core::bytes::Hash;
use sync_core::ids::{EpochId, VisitId};

use super::size;
use crate::commands::status::Outstanding;
use crate::error::PhoneResult;
use crate::store::Tx;
use crate::store::model::{Hold, Safety};

/// Most rounds in a row that only prepare something: a replay takes two (the refusal, then the server's state), and
/// the gap the server sees in its result one or two more.
const MAX_IDLE_ROUNDS: usize = 4;

/// Where phone and server stand between two rounds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Items that became safe in this sync.
    settled: usize,
    /// Changes kept for a person.
    set_aside: usize,
    /// Documents with something unsent, signed forms and changes set aside that are to go and were not tried yet.
    untried: usize,
    /// Whether what was set aside goes next.
    is_turned: bool,
    news: News,
    outstanding: Outstanding,
    /// Blobs the server is still to be asked after.
    asked_after: usize,
    waiting: BTreeMap<VisitId, Waiting>,
    /// Whether the next request only asks, because the work was exported.
    only_asks: bool,
}

/// What came from the server.
#[derive(Debug, PartialEq, Eq)]
struct News {
    epoch: Option<EpochId>,
    cursor: Option<String>,
    /// A smaller request than the last is worth a try, however often.
    batch_bytes: usize,
    /// So is one that wants less back.
    wanted_bytes: u64,
    heads: BTreeMap<VisitId, Vec<Hash>>,
}

/// What a document waits for, and in which form it goes.
#[derive(Debug, PartialEq, Eq)]
struct Waiting {
    hold: Option<Hold>,
    wants_snapshot: bool,
    is_at_server: bool,
}

impl Standing {
    /// Reads the store; `settled` is the number of items that became safe so far.
    pub(super) fn of(tx: &Tx, settled: usize) -> PhoneResult<Self> {
        let feed = tx.feed()?;
        let (mut heads, mut waiting) = (BTreeMap::new(), BTreeMap::new());
        let set_aside = tx.set_aside()?;
        let mut untried = set_aside.iter().filter(|(_, item)| item.is_unsent && item.tries == 0).count();
        let statements = tx.statements()?;
        untried += statements.iter().filter(|(_, one)| one.safety == Safety::Unsent && one.last_try == 0).count();
        let unsent = tx.visits_with_unsent()?;
        for (visit, state) in tx.doc_states()? {
            untried += usize::from(state.last_try == 0 && unsent.contains(&visit));
            let (wants_snapshot, is_at_server) = (state.wants_snapshot, state.is_at_server);
            heads.insert(visit, state.server_heads);
            waiting.insert(visit, Waiting { hold: state.hold, wants_snapshot, is_at_server });
        }
        Ok(Self {
            settled,
            set_aside: set_aside.len(),
            untried,
            is_turned: super::set_aside::is_next(tx)?,
            news: News {
                epoch: feed.epoch,
                cursor: feed.cursor,
                batch_bytes: size::batch_bytes(tx)?,
                wanted_bytes: size::wanted_bytes(tx)?,
                heads,
            },
            outstanding: Outstanding::of(tx)?,
            asked_after: tx.blobs()?.iter().filter(|(_, stored)| stored.is_asked_after).count(),
            waiting,
            only_asks: super::export::is_noted(tx)?,
        })
    }

    /// Whether something unsent became safe or was set aside, or something new came, since `before`.
    fn is_progress_on(&self, before: &Self) -> bool {
        self.settled > before.settled
            || self.set_aside > before.set_aside
            || self.untried < before.untried
            || self.asked_after < before.asked_after
            || self.news != before.news
    }
}

/// How long the rounds have been without progress.
#[derive(Debug, Default)]
pub(super) struct Pace {
    idle: usize,
}

impl Pace {
    /// Whether another round may help: a round that changed nothing would change nothing again, and one that only
    /// changed what the next request says may be followed by a few more.
    pub(super) fn goes_on(&mut self, before: &Standing, after: &Standing) -> bool {
        self.idle = if after.is_progress_on(before) { 0 } else { self.idle + 1 };
        before != after && self.idle < MAX_IDLE_ROUNDS
    }
}
