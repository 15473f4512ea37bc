//! The root containers of a visit document and the merge policy of each, as data.

/// The current schema of a visit document.
pub const SCHEMA: u32 = 1;

/// A root map of the document; a value is one record as UTF-8 JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Map {
    /// Question code → answer.
    Answers,
    /// Photo id → caption.
    Captions,
    /// Id → contact attempt.
    Contacts,
    /// Id → proposed correction of office data.
    Corrections,
    /// Id → material used.
    Materials,
    /// Id → reading.
    Measures,
    /// `<kind>/<id>` → record of a later schema.
    More,
    /// Id → demand that needs an answer.
    OpenPoints,
    /// Id → outcome.
    Outcomes,
    /// Id → photo, document, audio or video.
    Photos,
    /// Id → the template and policy the visit follows.
    Pins,
    /// Digest → sealed statement.
    Statements,
    /// `step/item` → tick.
    Ticks,
    /// Id → event of rulebook 1.3.
    Timeline,
    /// Photo id → reason for withdrawal.
    Withdrawn,
}

/// How concurrent records of one map become one view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergePolicy {
    /// Every record counts.
    Union,
    /// The causally newest counts, then the highest Automerge operation id; no clock takes part.
    Newest,
}

impl MergePolicy {
    /// The name of the policy in a conflict.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Union => "union",
            Self::Newest => "newest",
        }
    }
}

impl Map {
    /// All maps in the order in which the genesis change creates them.
    pub const ALL: [Self; 15] = [
        Self::Answers,
        Self::Captions,
        Self::Contacts,
        Self::Corrections,
        Self::Materials,
        Self::Measures,
        Self::More,
        Self::OpenPoints,
        Self::Outcomes,
        Self::Photos,
        Self::Pins,
        Self::Statements,
        Self::Ticks,
        Self::Timeline,
        Self::Withdrawn,
    ];

    /// The key of the map at the document's root.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Captions => "captions",
            Self::Contacts => "contacts",
            Self::Corrections => "corrections",
            Self::Materials => "materials",
            Self::Measures => "measures",
            Self::More => "more",
            Self::OpenPoints => "open_points",
            Self::Outcomes => "outcomes",
            Self::Photos => "photos",
            Self::Pins => "pins",
            Self::Statements => "statements",
            Self::Ticks => "ticks",
            Self::Timeline => "timeline",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The map of this root key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|map| map.key() == key)
    }

    /// How concurrent records of this map merge.
    #[must_use]
    pub const fn policy(self) -> MergePolicy {
        match self {
            Self::Answers | Self::Captions | Self::More | Self::Ticks | Self::Withdrawn => MergePolicy::Newest,
            _ => MergePolicy::Union,
        }
    }

    /// Whether a key may be written again; elsewhere a record is written once (design section 13).
    #[must_use]
    pub const fn rewritable(self) -> bool {
        matches!(self.policy(), MergePolicy::Newest)
    }
}
