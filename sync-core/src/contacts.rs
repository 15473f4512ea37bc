//! Whether calls to customers are recorded (INS-35, APT-05): what the crew noted, held against what the bridge told.
//!
//! Pure: who judges brings the calls of the bridge; a phone has none and says nothing.

use serde::{Deserialize, Serialize};

use crate::clock::Clocks;
use crate::doc::record::Contact;
use crate::ids::UserId;
use crate::merge::View;
use crate::time::UnixMillis;
use crate::visit::table::codes;

codes!(
    /// Whether there is a recording of a contact.
    Standing {
        /// It names a recording, or the bridge told of the call.
        Recorded = "recorded", "有录音";
        /// A call of which nobody has a recording.
        Unrecorded = "unrecorded", "无录音";
        /// No call: a message, a letter.
        NotACall = "not_a_call", "非通话";
    }
);

/// A call that the bridge told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgedCall {
    /// The bridge's name of it.
    pub id: String,
    /// Who called.
    pub by: UserId,
    /// When.
    pub started_at: UnixMillis,
}

/// A contact of the visit with what vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<'v> {
    /// Key of the record.
    pub key: &'v str,
    /// The record.
    pub contact: &'v Contact,
    /// When it began, on the server's clock, as well as the clocks tell.
    pub started_at: UnixMillis,
    /// By how much that may be wrong, in milliseconds.
    pub err_ms: Option<i64>,
    /// Whether it is recorded.
    pub standing: Standing,
    /// The bridge's name of the call that vouches for it.
    pub call: Option<String>,
}

impl Contact {
    /// Whether it is a call, which goes out through the app and is recorded.
    #[must_use]
    pub fn is_call(&self) -> bool {
        matches!(self.channel.as_str(), "app_call" | "phone")
    }

    /// Whether it names a recording.
    #[must_use]
    pub fn names_recording(&self) -> bool {
        self.recording_ref.as_deref().is_some_and(|name| !name.trim().is_empty())
    }
}

/// Every contact of a visit, in the order of the document. A call of the bridge vouches for one contact of its rep that
/// began at most `window_ms` before or after it, the nearest first.
// Rules: INS-35, APT-05
#[must_use]
pub fn judged<'v>(view: &'v View, calls: &[BridgedCall], window_ms: i64) -> Vec<Judged<'v>> {
    let clocks = Clocks::of(view);
    let mut contacts: Vec<Judged<'v>> = view
        .contacts
        .iter()
        .map(|entry| {
            let contact = &entry.value;
            let (started_at, err_ms) = clocks.corrected(contact.by, &contact.started_at);
            let standing = match (contact.is_call(), contact.names_recording()) {
                (false, _) => Standing::NotACall,
                (true, true) => Standing::Recorded,
                (true, false) => Standing::Unrecorded,
            };
            Judged { key: &entry.key, contact, started_at, err_ms, standing, call: None }
        })
        .collect();
    for (contact, call) in pairs(&contacts, calls, window_ms) {
        if let Some(contact) = contacts.get_mut(contact) {
            contact.standing = Standing::Recorded;
            contact.call = Some(call.id.clone());
        }
    }
    contacts
}

/// Which contact each call vouches for: nearest pairs first, each contact and each call once.
fn pairs<'c>(contacts: &[Judged<'_>], calls: &'c [BridgedCall], window_ms: i64) -> Vec<(usize, &'c BridgedCall)> {
    let mut near = Vec::new();
    for (at, contact) in contacts.iter().enumerate().filter(|(_, contact)| contact.contact.is_call()) {
        for call in calls.iter().filter(|call| call.by == contact.contact.by) {
            let apart = contact.started_at.0.abs_diff(call.started_at.0);
            if apart <= window_ms.unsigned_abs() {
                near.push((apart, contact.key, &call.id, at, call));
            }
        }
    }
    near.sort_by(|one, other| (one.0, one.1, one.2).cmp(&(other.0, other.1, other.2)));
    let mut taken: Vec<(usize, &BridgedCall)> = Vec::new();
    for (.., at, call) in near {
        if taken.iter().all(|(contact, known)| *contact != at && known.id != call.id) {
            taken.push((at, call));
        }
    }
    taken
}
