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
        /// It names a recording, or the bridge recorded the conversation.
        Recorded = "recorded", "有录音";
        /// A conversation of which nobody has a recording.
        Unrecorded = "unrecorded", "无录音";
        /// A call that nobody answered: there is nothing to record.
        Unanswered = "unanswered", "未接通";
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
    /// Whether somebody answered.
    pub was_answered: bool,
    /// Whether there is a recording.
    pub has_recording: bool,
}

/// Whether somebody answered a call with this result: whoever refuses, or has another's number, was spoken with.
///
/// # Source
/// Rulebook section 3, `ContactAttempt`.
#[must_use]
pub fn was_answered(result: &str) -> bool {
    result != "no_answer"
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
    /// The bridge's name of the call that it was.
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

/// Every contact of a visit, in the order of the document. A call of the bridge is the contact of its rep that began at most
/// `window_ms` before or after it: one that tells the same of whether somebody answered before one that does not, the
/// nearest first. A recording is owed of every conversation, whoever tells of it.
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
            Judged { key: &entry.key, contact, started_at, err_ms, standing: standing(contact, None), call: None }
        })
        .collect();
    for (contact, call) in pairs(&contacts, calls, window_ms) {
        if let Some(contact) = contacts.get_mut(contact) {
            contact.standing = standing(contact.contact, Some(call));
            contact.call = Some(call.id.clone());
        }
    }
    contacts
}

/// What the rep and the bridge tell of a contact.
fn standing(contact: &Contact, call: Option<&BridgedCall>) -> Standing {
    let recorded_by_bridge = call.is_some_and(|call| call.was_answered && call.has_recording);
    let is_conversation = was_answered(&contact.result) || call.is_some_and(|call| call.was_answered);
    match contact.is_call() {
        false => Standing::NotACall,
        true if contact.names_recording() || recorded_by_bridge => Standing::Recorded,
        true if is_conversation => Standing::Unrecorded,
        true => Standing::Unanswered,
    }
}

/// Which contact each call was: pairs that tell the same first, of those the nearest, each contact and each call once.
fn pairs<'c>(contacts: &[Judged<'_>], calls: &'c [BridgedCall], window_ms: i64) -> Vec<(usize, &'c BridgedCall)> {
    let mut near = Vec::new();
    for (at, contact) in contacts.iter().enumerate().filter(|(_, contact)| contact.contact.is_call()) {
        for call in calls.iter().filter(|call| call.by == contact.contact.by) {
            let apart = contact.started_at.0.abs_diff(call.started_at.0);
            let differ = was_answered(&contact.contact.result) != call.was_answered;
            if apart <= window_ms.unsigned_abs() {
                near.push(((differ, apart, contact.key, &call.id), at, call));
            }
        }
    }
    near.sort_by_key(|(order, ..)| *order);
    let mut taken: Vec<(usize, &BridgedCall)> = Vec::new();
    for (_, at, call) in near {
        if taken.iter().all(|(contact, known)| *contact != at && known.id != call.id) {
            taken.push((at, call));
        }
    }
    taken
}
