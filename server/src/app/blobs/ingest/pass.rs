//! One look at all pictures that are due: in which order, and how many at once.
//!
//! What nobody can see yet comes first, in turns by organisation: whoever uploads many keeps nobody else waiting.

use doorstep_store::Conn;
use doorstep_store::blobs::{self, DueRow};
use doorstep_store::lease::Claims;
use tokio::task::{JoinError, JoinSet};

use super::facts::VERSION;
use super::{Ended, settle};
use crate::app::turns::Turns;
use crate::app::{AppError, AppResult, AppState};

/// Pictures of an organisation in one turn.
const TURN: i64 = 1;

/// Pictures settled in one pass before those with copies are left to another one.
///
/// There may be hours of them, and what becomes pending again meanwhile may stand before where the pass has come.
const LONG_PASS: usize = 32;

/// Pictures that are being ingested.
type Running = JoinSet<AppResult<Ended>>;

/// One look at all that is due, at each picture once.
#[derive(Default)]
pub(super) struct Pass {
    /// Whose pending pictures come next.
    pending: Turns<DueRow>,
    /// The last picture so far that is tried again.
    again: Option<DueRow>,
    /// The last picture so far with copies.
    outdated: Option<DueRow>,
    claims: Option<Claims>,
    settled: usize,
    unread: Option<AppError>,
    failed: Option<AppError>,
}

impl Pass {
    /// Settles what is due, and tells how much was.
    ///
    /// # Errors
    /// The first failure, once all that were begun have ended; then that of an original that could not be read.
    pub(super) async fn run(mut self, state: &AppState) -> AppResult<usize> {
        let mut running = Running::new();
        loop {
            if let Err(error) = self.begin(state, &mut running).await {
                self.failed = self.failed.take().or(Some(error));
            }
            let Some(ended) = running.join_next().await else { break };
            self.note(state, ended);
        }
        state.ingest.memory().forget_kept();
        self.failed.or(self.unread).map_or(Ok(self.settled), Err)
    }

    /// Begins as many as may be ingested at once, and no more: whoever comes meanwhile has one of the next turns.
    async fn begin(&mut self, state: &AppState, running: &mut Running) -> AppResult<()> {
        while self.failed.is_none() && running.len() < state.ingest.at_once() {
            let Some(row) = self.next(state, running.is_empty()).await? else { return Ok(()) };
            let claims = match &self.claims {
                Some(claims) => claims.clone(),
                None => self.claims.insert(state.store.claims().await?).clone(),
            };
            let state = state.clone();
            running.spawn(async move { settle(&state, &claims, &row).await });
        }
        Ok(())
    }

    fn note(&mut self, state: &AppState, ended: Result<AppResult<Ended>, JoinError>) {
        match ended.map_err(|error| AppError::Internal(error.to_string())).and_then(|ended| ended) {
            Ok(Ended::Settled) => {
                self.settled = self.settled.saturating_add(1);
                state.findings.wake();
            }
            Ok(Ended::Left) => {}
            Ok(Ended::Unread(error)) => self.unread = self.unread.take().or(Some(error)),
            Err(error) => self.failed = self.failed.take().or(Some(error)),
        }
    }

    /// What is to be looked at next. One with copies comes when nothing is pending, and alone: it keeps a processor for what
    /// nobody can see yet.
    async fn next(&mut self, state: &AppState, is_idle: bool) -> AppResult<Option<DueRow>> {
        if state.ingest.is_closed() {
            return Ok(None);
        }
        if let Some(pending) = self.next_pending(state).await? {
            return Ok(Some(pending));
        }
        let (after, now_ms) = (self.again.clone(), state.clock.now().0);
        let list = move |conn: &mut Conn| blobs::list_due_again(conn, now_ms, after.as_ref(), 1);
        if let Some(again) = state.store.read(list).await?.pop() {
            self.again = Some(again.clone());
            return Ok(Some(again));
        }
        if !is_idle {
            return Ok(None);
        }
        if self.settled >= LONG_PASS {
            state.ingest.wake();
            return Ok(None);
        }
        let before = self.outdated.clone();
        let list = move |conn: &mut Conn| blobs::list_outdated(conn, VERSION, before.as_ref(), 1);
        let outdated = state.store.read(list).await?.pop();
        self.outdated = outdated.clone().or(self.outdated.take());
        Ok(outdated)
    }

    async fn next_pending(&mut self, state: &AppState) -> AppResult<Option<DueRow>> {
        let mut turns = std::mem::take(&mut self.pending);
        let take = move |conn: &mut Conn| {
            let list = |conn: &mut Conn, org, after: Option<&DueRow>| blobs::list_pending(conn, org, after, TURN);
            let row = turns.next(conn, blobs::find_pending_org, list)?.pop();
            Ok::<_, AppError>((turns, row))
        };
        let (turns, row) = state.store.read(take).await?;
        self.pending = turns;
        Ok(row)
    }
}
