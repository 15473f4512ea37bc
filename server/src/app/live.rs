//! Live streams: who asks is told at once which of his audiences moved (design section 3, point 9).
//!
//! A hint carries no data and may come once too often; what has moved is fetched by a sync. Knows no HTTP.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use doorstep_store::hints::{Topic, Watch};
use sync_core::ids::{DeviceId, OrgId, UserId};
use sync_core::protocol::Audience;
use sync_core::time::UnixMillis;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::app::{AppResult, AppState, Ctx, ErrorCode, Refusal, auth, scope};
use crate::config::LimitsConfig;

/// When a refused stream may be tried again, in seconds.
const RETRY_SECS: i64 = 5;

/// Longest wait for the database before a stream goes on in doubt.
///
/// # Source
/// Chosen: a reader takes a stream for dead after a minute without a word, and there is one every 25 seconds.
const ANSWER_PATIENCE: Duration = Duration::from_secs(5);

/// What a live stream says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveEvent {
    /// The stream listens from now on: what moved before is for a sync.
    Ready(BTreeSet<Audience>),
    /// These audiences moved.
    Moved(BTreeSet<Audience>),
    /// Nothing to say, and still here.
    Ping,
    /// The last word.
    End(EndReason),
}

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The access token has expired.
    TokenExpired,
    /// The session, device or person may not read any more.
    AccessEnded,
    /// Newer streams of the same device took its place.
    Replaced,
    /// The process stops.
    Stopping,
}

impl EndReason {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TokenExpired => "token_expired",
            Self::AccessEnded => "access_ended",
            Self::Replaced => "replaced",
            Self::Stopping => "stopping",
        }
    }
}

/// The live streams of this process.
#[derive(Debug)]
pub struct LiveStreams {
    places: Arc<Semaphore>,
    per_holder: usize,
    next: AtomicU64,
    held: Mutex<HashMap<Holder, VecDeque<Held>>>,
}

/// Whose streams are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Holder {
    Device(OrgId, DeviceId),
    User(OrgId, UserId),
}

/// One stream of a holder.
#[derive(Debug)]
struct Held {
    id: u64,
    replaced: Arc<Notify>,
}

impl LiveStreams {
    /// No streams yet, under these limits.
    #[must_use]
    pub fn new(limits: &LimitsConfig) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.live_streams)),
            per_holder: limits.live_streams_per_device,
            next: AtomicU64::new(0),
            held: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Holder, VecDeque<Held>>> {
        // Each change is complete in itself.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place; the holder's oldest stream leaves his when he has too many.
    ///
    /// The newest stays, not the oldest: a phone that changes networks leaves streams behind that nobody reads, and
    /// nothing tells the server so for a quarter of an hour.
    fn take(self: &Arc<Self>, holder: Holder) -> AppResult<Place> {
        let permit = self.places.clone().try_acquire_owned();
        let permit = permit.map_err(|_none_free| Refusal::new(ErrorCode::Overloaded).retry_after(RETRY_SECS))?;
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let replaced = Arc::new(Notify::new());
        let mut all = self.lock();
        let streams = all.entry(holder).or_default();
        streams.push_back(Held { id, replaced: Arc::clone(&replaced) });
        if streams.len() > self.per_holder
            && let Some(oldest) = streams.pop_front()
        {
            oldest.replaced.notify_one();
        }
        Ok(Place { streams: Arc::clone(self), holder, id, replaced, _permit: permit })
    }
}

/// A stream's place, given back when dropped.
#[derive(Debug)]
struct Place {
    streams: Arc<LiveStreams>,
    holder: Holder,
    id: u64,
    replaced: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.streams.lock();
        if let Some(streams) = all.get_mut(&self.holder) {
            streams.retain(|held| held.id != self.id);
            if streams.is_empty() {
                all.remove(&self.holder);
            }
        }
    }
}

/// One live stream.
#[derive(Debug)]
pub struct LiveStream {
    state: AppState,
    /// Proves again, when told to, that the asker may still read.
    token: String,
    expires_at: UnixMillis,
    audiences: BTreeSet<Audience>,
    watch: Watch,
    place: Place,
    phase: Phase,
    /// Whether nobody could tell, when it was last asked, if the asker may still read.
    is_in_doubt: bool,
    /// The question whether he may, as long as it has no answer: however long the database is stuck, there is one.
    question: JoinSet<Standing>,
}

/// What the database says of the right to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Stands,
    HasEnded,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    New,
    Open,
    Over,
}

/// Opens a live stream for the holder of an access token.
///
/// # Errors
/// `overloaded` if there are too many streams or the process is about to stop, `token_invalid`.
pub fn open(state: &AppState, ctx: &Ctx, token: &str) -> AppResult<LiveStream> {
    if state.stopping.has_begun() {
        return Err(Refusal::new(ErrorCode::Overloaded).retry_after(RETRY_SECS).into());
    }
    let (org, user) = (ctx.actor.org, ctx.actor.user);
    let expires_at = auth::expiry(state, token, ctx.now).ok_or(ErrorCode::TokenInvalid)?;
    let holder = ctx.actor.device.map_or(Holder::User(org, user), |device| Holder::Device(org, device));
    let place = state.live.take(holder)?;
    let audiences = scope::audiences_of(&ctx.actor);
    let mut topics: BTreeSet<Topic> = audiences.iter().map(|one| Topic::audience(org, one.to_string())).collect();
    topics.extend(ctx.actor.device.map(|device| Topic::device(org, device)));
    topics.extend(ctx.actor.session.map(|session| Topic::session(org, session)));
    let watch = state.store.hints().watch(topics);
    let (state, token) = (state.clone(), token.to_owned());
    let (phase, question) = (Phase::New, JoinSet::new());
    Ok(LiveStream { state, token, expires_at, audiences, watch, place, phase, is_in_doubt: false, question })
}

impl LiveStream {
    /// The next thing to say; `None` after the last word.
    ///
    /// # Concurrency
    /// Whoever asks late is told what moved meanwhile, once: nothing queues.
    pub async fn next(&mut self) -> Option<LiveEvent> {
        match self.phase {
            Phase::New => {
                self.phase = Phase::Open;
                return Some(LiveEvent::Ready(self.audiences.clone()));
            }
            Phase::Open => {}
            Phase::Over => return None,
        }
        loop {
            let Some(pause) = self.pause() else { return Some(self.end(EndReason::TokenExpired)) };
            let news = tokio::select! {
                biased;
                () = self.state.stopping.closing() => return Some(self.end(EndReason::Stopping)),
                () = self.place.replaced.notified() => return Some(self.end(EndReason::Replaced)),
                news = self.watch.news() => Some(news),
                () = tokio::time::sleep(pause) => None,
            };
            let (is_silent, topics) = (news.is_none(), news.unwrap_or_default());
            let moved: BTreeSet<Audience> = topics.iter().filter_map(|topic| topic.name.parse().ok()).collect();
            // What is no audience is a word about the asker's access.
            if (moved.len() < topics.len() || self.is_in_doubt)
                && let Some(reason) = self.ended_by_asking().await
            {
                return Some(self.end(reason));
            }
            if !moved.is_empty() {
                return Some(LiveEvent::Moved(moved));
            }
            if is_silent {
                return Some(LiveEvent::Ping);
            }
        }
    }

    /// How long to say nothing; `None` once the token has expired.
    fn pause(&self) -> Option<Duration> {
        let left = u64::try_from(self.expires_at.since_ms(self.state.clock.now())).ok().filter(|left| *left > 0)?;
        Some(Duration::from_millis(left.min(self.state.config.limits.live_ping_ms)))
    }

    /// Why the stream ends, if it does, once it was asked whether the asker may still read.
    ///
    /// A database that is away says nothing of that, and others take `access_ended` for a revocation: a doubt ends
    /// nothing, and the question is asked again with the next word or ping. Nor does one that is stuck hold the stream
    /// up: a newer one takes its place, and the process stops, as always.
    async fn ended_by_asking(&mut self) -> Option<EndReason> {
        let now = self.state.clock.now();
        if self.expires_at <= now {
            // The end of the token has a word of its own.
            return None;
        }
        let is_asked_anew = self.question.is_empty();
        if is_asked_anew {
            self.question.spawn(standing(self.state.clone(), self.token.clone(), now));
        }
        let patience = ANSWER_PATIENCE.min(Duration::from_millis(self.state.config.limits.live_ping_ms));
        let answer = tokio::select! {
            biased;
            () = self.state.stopping.closing() => return Some(EndReason::Stopping),
            () = self.place.replaced.notified() => return Some(EndReason::Replaced),
            answer = self.question.join_next() => answer.and_then(Result::ok),
            () = tokio::time::sleep(patience) => None,
        };
        // A question that was asked before may have been answered before what is heard now happened.
        self.is_in_doubt = !is_asked_anew || answer != Some(Standing::Stands);
        (answer == Some(Standing::HasEnded)).then_some(EndReason::AccessEnded)
    }

    const fn end(&mut self, reason: EndReason) -> LiveEvent {
        self.phase = Phase::Over;
        LiveEvent::End(reason)
    }
}

async fn standing(state: AppState, token: String, now: UnixMillis) -> Standing {
    match auth::authenticate(&state, &token, now).await {
        Ok(_) => Standing::Stands,
        Err(error) if error.ends_access() => Standing::HasEnded,
        Err(_) => Standing::Unknown,
    }
}
