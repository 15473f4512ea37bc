//! What is archived of visits, and how it stands.

use serde::{Deserialize, Serialize};

use crate::visit::table::codes;

codes!(
    /// What an archived item is.
    ArchiveKind {
        /// The record of a visit.
        Visit = "visit", "上门记录";
        /// A form that was signed.
        SignedForm = "signed_form", "签字单据";
        /// The recording of a call, or a recording made on site.
        Recording = "recording", "录音";
    }
);

codes!(
    /// How an archived item stands.
    ArchiveState {
        /// Kept for its time.
        Archived = "archived", "已归档";
        /// Kept however old it is: a legal hold is in force.
        Held = "held", "保全中";
        /// Its time is over; it is to be erased.
        Expired = "expired", "已到期";
    }
);
