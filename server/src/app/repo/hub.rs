//! Which sockets of this process hold which documents, and what waits for each of them.
//!
//! That a document moved is a hint of the store, from any node; ephemeral messages and names are known to this process
//! alone. Nothing here is needed for correctness: a socket that missed a hint hears of it with its next message. What
//! waits is bounded: a document stands in the list once however often it moved.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use doorstep_store::hints::{Hints, Topic, Watch};
use sync_core::ids::{DeviceId, OrgId, UserId, VisitId};
use sync_core::repo::Ephemeral;
use tokio::sync::Notify;

/// Most sockets of one process.
const MAX_SOCKETS: usize = 2_048;

/// Most ephemeral messages that wait for a slow reader; older ones are dropped, as the network might have.
const MAX_WAITING: usize = 64;

/// Who a socket is: one peer of one sign-in.
pub(super) type Name = (OrgId, UserId, Option<DeviceId>, String);

/// The sockets of this process.
#[derive(Debug, Default)]
pub struct Hub {
    sockets: Mutex<Sockets>,
}

#[derive(Debug, Default)]
struct Sockets {
    next: u64,
    inboxes: HashMap<u64, Arc<Inbox>>,
    holders: HashMap<(OrgId, VisitId), BTreeSet<u64>>,
    names: HashMap<Name, u64>,
}

/// What waits for one socket.
#[derive(Debug, Default)]
struct Inbox {
    waiting: Mutex<Waiting>,
    bell: Notify,
}

/// What other sockets of this process told one since it last looked.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub ephemeral: VecDeque<Ephemeral>,
    /// Another socket of the same name has taken its place.
    pub is_replaced: bool,
}

/// A lock that outlives a panic: what it guards is hints.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inbox {
    fn tell(&self, put: impl FnOnce(&mut Waiting)) {
        put(&mut lock(&self.waiting));
        self.bell.notify_one();
    }
}

/// A socket's place in the hub; gives it back when dropped.
#[derive(Debug)]
pub(super) struct Seat {
    hub: Arc<Hub>,
    id: u64,
    inbox: Arc<Inbox>,
    /// The documents it holds.
    watch: Watch,
    moved: BTreeSet<VisitId>,
    holds: BTreeSet<(OrgId, VisitId)>,
    name: Option<Name>,
}

impl Hub {
    /// A place for one more socket that hears by these hints, if there is one.
    pub(super) fn enter(self: &Arc<Self>, hints: &Hints) -> Option<Seat> {
        let mut sockets = lock(&self.sockets);
        if sockets.inboxes.len() >= MAX_SOCKETS {
            return None;
        }
        let (id, inbox) = (sockets.next, Arc::new(Inbox::default()));
        sockets.next += 1;
        sockets.inboxes.insert(id, Arc::clone(&inbox));
        let (watch, moved, holds) = (hints.watch(BTreeSet::new()), BTreeSet::new(), BTreeSet::new());
        Some(Seat { hub: Arc::clone(self), id, inbox, watch, moved, holds, name: None })
    }
}

impl Seat {
    /// Takes a name; another socket that had it is told to go.
    pub(super) fn take_name(&mut self, name: Name) {
        let mut sockets = lock(&self.hub.sockets);
        if let Some(before) = sockets.names.insert(name.clone(), self.id)
            && let Some(inbox) = sockets.inboxes.get(&before)
        {
            inbox.tell(|waiting| waiting.is_replaced = true);
        }
        self.name = Some(name);
    }

    /// Wants to hear of a document.
    pub(super) fn hold(&mut self, org: OrgId, visit: VisitId) {
        if self.holds.insert((org, visit)) {
            lock(&self.hub.sockets).holders.entry((org, visit)).or_default().insert(self.id);
            self.watch.add(Topic::document(org, visit));
        }
    }

    /// Wants to hear no more of a document.
    pub(super) fn let_go(&mut self, org: OrgId, visit: VisitId) {
        if self.holds.remove(&(org, visit)) {
            lock(&self.hub.sockets).forget(self.id, (org, visit));
            self.watch.remove(&Topic::document(org, visit));
        }
    }

    /// Hands a message to the other sockets that hold the document.
    pub(super) fn forward(&self, org: OrgId, message: &Ephemeral) {
        let sockets = lock(&self.hub.sockets);
        let holders = sockets.holders.get(&(org, message.visit)).into_iter().flatten();
        for inbox in holders.filter(|id| **id != self.id).filter_map(|id| sockets.inboxes.get(id)) {
            inbox.tell(|waiting| {
                if waiting.ephemeral.len() >= MAX_WAITING {
                    waiting.ephemeral.pop_front();
                }
                waiting.ephemeral.push_back(message.clone());
            });
        }
    }

    /// Waits until there is something to take.
    ///
    /// # Concurrency
    /// Dropping the future loses nothing.
    pub(super) async fn rung(&mut self) {
        tokio::select! {
            () = self.inbox.bell.notified() => {}
            news = self.watch.news() => self.moved.extend(news.iter().filter_map(Topic::as_document)),
        }
    }

    /// Takes the documents that moved.
    pub(super) fn take_moved(&mut self) -> BTreeSet<VisitId> {
        std::mem::take(&mut self.moved)
    }

    /// Takes what others of this process left.
    pub(super) fn take(&self) -> Waiting {
        std::mem::take(&mut *lock(&self.inbox.waiting))
    }
}

impl Sockets {
    fn forget(&mut self, socket: u64, document: (OrgId, VisitId)) {
        if let Some(holders) = self.holders.get_mut(&document) {
            holders.remove(&socket);
            if holders.is_empty() {
                self.holders.remove(&document);
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut sockets = lock(&self.hub.sockets);
        sockets.inboxes.remove(&self.id);
        for document in &self.holds {
            sockets.forget(self.id, *document);
        }
        if let Some(name) = &self.name
            && sockets.names.get(name) == Some(&self.id)
        {
            sockets.names.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORG: OrgId = OrgId::from_bytes([1; 16]);
    const VISIT: VisitId = VisitId::from_bytes([2; 16]);

    fn enter(hub: &Arc<Hub>) -> Seat {
        hub.enter(&Hints::default()).unwrap()
    }

    #[test]
    fn ephemeral_messages_reach_the_others_and_never_pile_up() {
        let hub = Arc::new(Hub::default());
        let (mut one, mut two) = (enter(&hub), enter(&hub));
        one.hold(ORG, VISIT);
        two.hold(ORG, VISIT);
        let (sender, session) = ("one".to_owned(), "s".to_owned());
        for count in 0..1_000 {
            let data = sync_core::bytes::Blob(vec![1]);
            let message = Ephemeral { visit: VISIT, sender: sender.clone(), session: session.clone(), count, data };
            one.forward(ORG, &message);
        }
        assert!(one.take().ephemeral.is_empty());
        let waiting = two.take().ephemeral;
        assert_eq!((waiting.len(), waiting.back().unwrap().count), (MAX_WAITING, 999));
    }

    #[test]
    fn a_process_has_so_many_sockets_and_no_more() {
        let hub = Arc::new(Hub::default());
        let mut seats: Vec<Seat> = (0..MAX_SOCKETS).map(|_| enter(&hub)).collect();
        assert!(hub.enter(&Hints::default()).is_none());
        seats.pop();
        assert!(hub.enter(&Hints::default()).is_some(), "who leaves makes room");
    }

    #[test]
    fn a_second_socket_of_a_name_takes_the_place_of_the_first() {
        let hub = Arc::new(Hub::default());
        let name = |peer: &str| (ORG, UserId::from_bytes([3; 16]), None, peer.to_owned());
        let (mut one, mut other) = (enter(&hub), enter(&hub));
        one.take_name(name("peer"));
        other.take_name(name("another"));
        let mut two = enter(&hub);
        two.take_name(name("peer"));
        assert_eq!((one.take().is_replaced, other.take().is_replaced), (true, false));
        drop(one);
        let mut three = enter(&hub);
        three.take_name(name("peer"));
        assert!(two.take().is_replaced, "the name was the second's although the first left later");
        drop((two, three, other));
        let sockets = lock(&hub.sockets);
        assert!(sockets.inboxes.is_empty() && sockets.names.is_empty() && sockets.holders.is_empty());
    }
}
