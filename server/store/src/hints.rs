//! Who has news: hints to whoever waits, given after the commit.
//!
//! A hint names a topic, carries nothing, and may be lost or given twice: it only makes a reader look sooner than he
//! would anyway. Topics are audiences of the feed, documents, sessions and devices. Knows neither requests nor streams.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};

use sync_core::ids::{DeviceId, OrgId, VisitId};
use tokio::sync::Notify;
use uuid::Uuid;

/// Where the names of documents begin.
const DOCUMENT: &str = "doc:";

/// What a hint is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic {
    /// The organisation.
    pub org: OrgId,
    /// An audience of its feed, or a name that is none.
    pub name: String,
}

impl Topic {
    /// News for an audience.
    #[must_use]
    pub fn audience(org: OrgId, audience: impl Into<String>) -> Self {
        Self { org, name: audience.into() }
    }

    /// A change of a visit's document.
    #[must_use]
    pub fn document(org: OrgId, visit: VisitId) -> Self {
        Self { org, name: format!("{DOCUMENT}{visit}") }
    }

    /// The visit whose document it is about, if it is about one.
    #[must_use]
    pub fn as_document(&self) -> Option<VisitId> {
        self.name.strip_prefix(DOCUMENT)?.parse().ok()
    }

    /// A change of what a device may do.
    #[must_use]
    pub fn device(org: OrgId, device: DeviceId) -> Self {
        Self { org, name: format!("device:{device}") }
    }

    /// The end of a session.
    #[must_use]
    pub fn session(org: OrgId, session: Uuid) -> Self {
        Self { org, name: format!("session:{session}") }
    }
}

/// The hints of one process; cheap to clone.
///
/// # Concurrency
/// Nobody who gives a hint waits for who gets it: a reader's hints are a set of the few topics he watches.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    shared: Arc<Shared>,
}

/// What [`Hints`] and its bridge to other nodes share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    readers: Mutex<HashMap<Topic, HashMap<u64, Arc<Reader>>>>,
    next_reader: AtomicU64,
    /// The way to other nodes, where there are any.
    bridge: OnceLock<mpsc::Sender<BTreeSet<Topic>>>,
}

/// Somebody who waits.
#[derive(Debug, Default)]
struct Reader {
    news: Mutex<BTreeSet<Topic>>,
    awake: Notify,
}

impl Reader {
    fn hint(&self, topic: &Topic) {
        lock(&self.news).insert(topic.clone());
        self.awake.notify_one();
    }
}

/// What is behind a lock stays usable when a holder panicked: every change of it is one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hints {
    /// Waits for news about some topics from now on.
    #[must_use]
    pub fn watch(&self, topics: BTreeSet<Topic>) -> Watch {
        let id = self.shared.next_reader.fetch_add(1, Ordering::Relaxed);
        let watch = Watch { hints: self.clone(), id, topics, reader: Arc::default() };
        self.shared.enter(&watch, &watch.topics);
        watch
    }

    /// Gives hints here and on every other node.
    pub(crate) fn tell(&self, topics: BTreeSet<Topic>) {
        if topics.is_empty() {
            return;
        }
        self.shared.hear(&topics);
        self.shared.send(topics);
    }

    /// Opens the way to other nodes; the first one stays.
    pub(crate) fn bridge_by(&self, sender: mpsc::Sender<BTreeSet<Topic>>) -> &Arc<Shared> {
        // Never set twice: a store opens its database once.
        let _ = self.shared.bridge.set(sender);
        &self.shared
    }
}

impl Shared {
    /// Lets a reader wait for topics.
    fn enter(&self, watch: &Watch, topics: &BTreeSet<Topic>) {
        let is_first = {
            let mut readers = lock(&self.readers);
            let is_first = readers.is_empty();
            for topic in topics {
                readers.entry(topic.clone()).or_default().insert(watch.id, Arc::clone(&watch.reader));
            }
            is_first
        };
        if is_first {
            // The bridge looks seldom while nobody waits.
            self.send(BTreeSet::new());
        }
    }

    /// Lets a reader wait no more for topics.
    fn leave(&self, id: u64, topics: &BTreeSet<Topic>) {
        let mut readers = lock(&self.readers);
        for topic in topics {
            if let Some(of_topic) = readers.get_mut(topic) {
                of_topic.remove(&id);
                if of_topic.is_empty() {
                    readers.remove(topic);
                }
            }
        }
    }

    /// Gives hints here.
    pub(crate) fn hear(&self, topics: &BTreeSet<Topic>) {
        let readers = lock(&self.readers);
        for topic in topics {
            readers.get(topic).into_iter().flat_map(HashMap::values).for_each(|reader| reader.hint(topic));
        }
    }

    /// Gives every reader all the hints he waits for.
    pub(crate) fn hear_all(&self) {
        for (topic, readers) in &*lock(&self.readers) {
            readers.values().for_each(|reader| reader.hint(topic));
        }
    }

    /// Whether anybody waits.
    pub(crate) fn has_readers(&self) -> bool {
        !lock(&self.readers).is_empty()
    }

    fn send(&self, topics: BTreeSet<Topic>) {
        if let Some(bridge) = self.bridge.get() {
            // The bridge ends with the store only.
            let _ = bridge.send(topics);
        }
    }
}

/// One who waits for news; dropping it ends that.
#[derive(Debug)]
pub struct Watch {
    hints: Hints,
    id: u64,
    topics: BTreeSet<Topic>,
    reader: Arc<Reader>,
}

impl Watch {
    /// Waits for news about one more topic, too, from now on.
    pub fn add(&mut self, topic: Topic) {
        if self.topics.insert(topic.clone()) {
            self.hints.shared.enter(self, &BTreeSet::from([topic]));
        }
    }

    /// Waits no more for news about a topic; what it was told before stays news.
    pub fn remove(&mut self, topic: &Topic) {
        if let Some(topic) = self.topics.take(topic) {
            self.hints.shared.leave(self.id, &BTreeSet::from([topic]));
        }
    }

    /// Waits until there is news, and tells about what; what came several times is told once.
    ///
    /// # Concurrency
    /// Dropping the future loses nothing.
    pub async fn news(&self) -> BTreeSet<Topic> {
        loop {
            let news = std::mem::take(&mut *lock(&self.reader.news));
            if !news.is_empty() {
                return news;
            }
            self.reader.awake.notified().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.hints.shared.leave(self.id, &self.topics);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(name: &str) -> Topic {
        Topic::audience(OrgId::from_bytes([1; 16]), name)
    }

    fn topics(names: &[&str]) -> BTreeSet<Topic> {
        names.iter().map(|name| topic(name)).collect()
    }

    #[tokio::test]
    async fn who_watches_hears_his_topics_once_however_often_they_moved() {
        let hints = Hints::default();
        let watch = hints.watch(topics(&["u:1", "o"]));
        for name in ["u:1", "u:2", "u:1", "o", "u:1"] {
            hints.tell(topics(&[name]));
        }
        assert_eq!(watch.news().await, topics(&["o", "u:1"]));
        let quiet = tokio::time::timeout(std::time::Duration::ZERO, watch.news()).await;
        quiet.expect_err("nothing more is known");
        hints.tell(topics(&["u:1"]));
        assert_eq!(watch.news().await, topics(&["u:1"]));
    }

    #[tokio::test]
    async fn the_same_audience_of_another_organisation_is_another_topic() {
        let hints = Hints::default();
        let watch = hints.watch(topics(&["o"]));
        hints.tell(BTreeSet::from([Topic::audience(OrgId::from_bytes([2; 16]), "o")]));
        tokio::time::timeout(std::time::Duration::ZERO, watch.news()).await.expect_err("not theirs");
    }

    #[tokio::test]
    async fn who_watches_may_change_his_mind() {
        let hints = Hints::default();
        let mut watch = hints.watch(BTreeSet::new());
        watch.add(topic("u:1"));
        watch.add(topic("o"));
        watch.remove(&topic("o"));
        hints.tell(topics(&["u:1", "o"]));
        assert_eq!(watch.news().await, topics(&["u:1"]));
        drop(watch);
        assert!(!hints.shared.has_readers());
    }

    #[test]
    fn the_topic_of_a_document_names_its_visit() {
        let (org, visit) = (OrgId::from_bytes([1; 16]), VisitId::from_bytes([2; 16]));
        assert_eq!(Topic::document(org, visit).as_document(), Some(visit));
        assert_eq!(Topic::device(org, DeviceId::from_bytes([2; 16])).as_document(), None);
    }

    #[test]
    fn who_has_left_is_forgotten() {
        let hints = Hints::default();
        let (one, other) = (hints.watch(topics(&["u:1", "o"])), hints.watch(topics(&["o"])));
        drop(one);
        assert_eq!(lock(&hints.shared.readers).keys().collect::<Vec<_>>(), [&topic("o")]);
        drop(other);
        assert!(!hints.shared.has_readers());
    }
}
