//! What a client process is told, and what it answers: one line of JSON each.

use serde::{Deserialize, Serialize};
use sync_core::bytes::Hash;
use sync_core::ids::{DeviceId, OrgId, UserId, VisitId};

/// How the visits came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// Made by the phone: an intent and one uncompressed document chunk each.
    New,
    /// Planned by the office: change chunks.
    Planned,
}

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// Pushes every visit.
    Push(Form),
    /// Pulls until there is nothing more, and applies it.
    Pull,
    /// Does so this often, each time as a phone that has nothing.
    PullAgain(usize),
    /// Uploads the photos of so many visits.
    Upload(usize),
    /// Reads what is left of the news about the phone's own work.
    Rest,
    /// Asks for news this often, when there are none.
    Idle(usize),
    /// Pushes one change of each of so many visits, one round trip each.
    Edit(usize),
    /// The same, each when the benchmark says so.
    EditWhenTold(usize),
    /// Listens for hints and fetches so many edits of the rep's other phone.
    Watch(usize),
}

/// How much a visit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Size {
    /// Genesis and 32 changes.
    Full,
    /// Genesis and three changes, where only the number of visits matters.
    Light,
}

/// A phone: who it is and where it stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Identity {
    /// Tenant.
    pub org: OrgId,
    /// Whose phone.
    pub user: UserId,
    /// The phone.
    pub device: DeviceId,
    /// Its key.
    pub key: [u8; 32],
    /// Access token.
    pub token: String,
    /// Cursor of its last sync.
    pub cursor: Option<String>,
}

/// A phone's orders.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// Address of the server, such as `127.0.0.1:40123`.
    pub address: String,
    /// The phone.
    pub phone: Identity,
    /// What to do.
    pub task: Task,
    /// How much a visit holds.
    pub size: Size,
    /// The visits of the workload, in order.
    pub visits: Vec<VisitId>,
    /// When the work was done, in milliseconds.
    pub now_ms: i64,
}

/// What a phone did.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Done {
    /// Wall time of all round trips, with the client's own work between them.
    pub wall_ms: f64,
    /// Time of each round trip.
    pub latencies_ms: Vec<f64>,
    /// Bytes sent, heads included.
    pub up: usize,
    /// Of these, the authorization headers.
    pub authorization: usize,
    /// Bytes received, heads included.
    pub down: usize,
    /// Of both, the bodies as sent.
    pub bodies: usize,
    /// Most bodies of one request and its answer.
    pub most_bodies: usize,
    /// Documents stored or applied.
    pub docs: usize,
    /// Rows received.
    pub rows: usize,
    /// Hash over all document ids and heads; none if the task is not about all.
    pub heads: Option<Hash>,
    /// The cursor after the last answer.
    pub cursor: Option<String>,
}
