//! Hints between the nodes of one PostgreSQL, by LISTEN and NOTIFY.
//!
//! One thread with one connection of its own. Hints leave after the commit that they are about, many in one statement,
//! and not inside its transaction: PostgreSQL lets transactions that notify commit only one after the other, each with
//! its fsync, in the whole cluster. A node that dies between commit and hint leaves readers to their next look.

use std::collections::BTreeSet;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Text};

use crate::error::{StoreError, StoreResult};
use crate::hints::{Hints, Shared, Topic};

/// The channel of notifications.
const CHANNEL: &str = "doorstep_hints";

/// The payload that stands for every topic.
const EVERYTHING: &str = "*";

/// How often the connection is looked at while somebody waits.
///
/// # Source
/// libpq tells of what has arrived only when asked, and the driver does not give its socket to wait for. A look is one
/// `recv` on the own socket, no request: five hundred a second take about a thousandth of a core.
const LOOK: Duration = Duration::from_millis(2);

/// How often it is looked at while nobody waits: only so that what has arrived does not pile up.
const GLANCE: Duration = Duration::from_millis(500);

/// After this much silence PostgreSQL is asked whether it is still there, and after a failure it is tried again.
const PROBE: Duration = Duration::from_secs(15);

/// Pause before connecting again.
const AGAIN: Duration = Duration::from_millis(500);

/// Topics that are kept for sending; beyond that everything is said to have moved.
const MOST_KEPT: usize = 10_000;

/// Starts the thread; it ends with the last clone of `hints`.
///
/// When this returns it listens: who watches from then on misses nothing.
pub(crate) fn start(url: String, hints: &Hints) -> StoreResult<()> {
    let first = Listener::connect(&url)?;
    let (sender, outgoing) = mpsc::channel();
    let shared = Arc::downgrade(hints.bridge_by(sender));
    let bridge = Bridge { url, shared, outgoing, kept: BTreeSet::new(), has_lost: false };
    std::thread::Builder::new()
        .name("hints".to_owned())
        .spawn(move || bridge.run(first))
        .map(drop)
        .map_err(|error| StoreError::Open(format!("cannot start the hints thread: {error}")))
}

/// The store is gone.
struct Over;

/// A connection that listens, and the number of its session.
struct Listener {
    conn: PgConnection,
    own: i32,
}

impl Listener {
    fn connect(url: &str) -> StoreResult<Self> {
        let mut conn = PgConnection::establish(url).map_err(|error| StoreError::Open(error.to_string()))?;
        conn.batch_execute(&format!("LISTEN {CHANNEL}"))?;
        let own = diesel::select(diesel::dsl::sql::<Integer>("pg_backend_pid()")).get_result(&mut conn)?;
        Ok(Self { conn, own })
    }
}

struct Bridge {
    url: String,
    /// Not held: the thread must not keep the store alive.
    shared: Weak<Shared>,
    outgoing: Receiver<BTreeSet<Topic>>,
    /// What other nodes have not been told yet.
    kept: BTreeSet<Topic>,
    /// Whether there was more than could be kept.
    has_lost: bool,
}

impl Bridge {
    fn run(mut self, first: Listener) {
        let mut connected = Ok(first);
        loop {
            match connected.and_then(|listener| self.carry(listener)) {
                Ok(Over) => return,
                Err(error) => tracing::warn!(%error, "no hints between nodes; connecting again"),
            }
            if self.gather(AGAIN).is_err() {
                return;
            }
            connected = Listener::connect(&self.url);
            // What was told while nobody listened is not known.
            if connected.is_ok() && self.with_shared(Shared::hear_all).is_err() {
                return;
            }
        }
    }

    /// Carries hints both ways for as long as the connection holds.
    fn carry(&mut self, listener: Listener) -> StoreResult<Over> {
        let Listener { mut conn, own } = listener;
        let mut quiet = Duration::ZERO;
        loop {
            let Ok(has_readers) = self.with_shared(Shared::has_readers) else { return Ok(Over) };
            let pause = if has_readers { LOOK } else { GLANCE };
            if self.gather(pause).is_err() {
                return Ok(Over);
            }
            quiet = quiet.saturating_add(pause);
            if self.send(&mut conn)? {
                quiet = Duration::ZERO;
            } else if quiet >= PROBE {
                conn.batch_execute("SELECT 1")?;
                quiet = Duration::ZERO;
            }
            for notification in conn.notifications_iter() {
                let notification = notification?;
                if notification.process_id != own && self.hear(&notification.payload).is_err() {
                    return Ok(Over);
                }
            }
        }
    }

    /// Waits for hints of this process, at most so long, and keeps them.
    fn gather(&mut self, pause: Duration) -> Result<(), Over> {
        match self.outgoing.recv_timeout(pause) {
            Ok(topics) => self.kept.extend(topics),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(Over),
        }
        self.kept.extend(self.outgoing.try_iter().flatten());
        if self.kept.len() > MOST_KEPT {
            self.kept.clear();
            self.has_lost = true;
        }
        Ok(())
    }

    /// Tells the other nodes what is kept; false if there is nothing.
    fn send(&mut self, conn: &mut PgConnection) -> StoreResult<bool> {
        let mut payloads: Vec<String> = self.kept.iter().map(payload).collect();
        if self.has_lost {
            payloads.push(EVERYTHING.to_owned());
        }
        if payloads.is_empty() {
            return Ok(false);
        }
        diesel::sql_query("SELECT pg_notify($1, payload) FROM unnest($2) AS payload")
            .bind::<Text, _>(CHANNEL)
            .bind::<Array<Text>, _>(payloads)
            .execute(conn)?;
        self.kept.clear();
        self.has_lost = false;
        Ok(true)
    }

    /// Gives what another node told to whoever waits here.
    fn hear(&self, payload: &str) -> Result<(), Over> {
        self.with_shared(|shared| match topic(payload) {
            Some(topic) => shared.hear(&BTreeSet::from([topic])),
            // Everything, or what a newer node means by it: looking once too often is harmless.
            None => shared.hear_all(),
        })
    }

    fn with_shared<T>(&self, f: impl FnOnce(&Shared) -> T) -> Result<T, Over> {
        self.shared.upgrade().map(|shared| f(&shared)).ok_or(Over)
    }
}

/// A topic as it travels: organisation and name, less than 100 bytes.
fn payload(topic: &Topic) -> String {
    format!("{} {}", topic.org, topic.name)
}

fn topic(payload: &str) -> Option<Topic> {
    let (org, name) = payload.split_once(' ')?;
    Some(Topic { org: org.parse().ok()?, name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use sync_core::ids::{DeviceId, OrgId, VisitId};

    use super::*;

    #[test]
    fn topics_travel_in_few_bytes_and_come_back() {
        let org = OrgId::from_bytes([0xab; 16]);
        let device = DeviceId::from_bytes([0xcd; 16]);
        let document = Topic::document(org, VisitId::from_bytes([0xef; 16]));
        let audiences = [Topic::audience(org, format!("u:{device}")), Topic::audience(org, "o")];
        for sent in audiences.into_iter().chain([Topic::device(org, device), document]) {
            assert!(payload(&sent).len() <= 100);
            assert_eq!(topic(&payload(&sent)), Some(sent));
        }
        for other in [EVERYTHING, "", "x y", "of a later version"] {
            assert_eq!(topic(other), None, "{other}");
        }
    }
}
