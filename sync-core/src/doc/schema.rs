//! The root containers of a visit document and the merge policy of each, as data.

use serde::{Deserialize, Serialize};

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

/// How concurrent values of one thing become the one that counts; no clock ever takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergePolicy {
    /// Every record counts.
    Union,
    /// The causally newest counts, then the highest Automerge operation id.
    Newest,
    /// The greatest number counts, exactly compared; ties by operation id.
    Max,
    /// The least number counts, exactly compared; ties by operation id.
    Min,
    /// The value covered by the causally earliest sealed statement counts, also against later writes.
    FirstSigned,
    /// All are kept and a person chooses; the newest stands in until then.
    Ask,
}

impl MergePolicy {
    /// The name of the policy in conflicts, templates and documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Union => "union",
            Self::Newest => "newest",
            Self::Max => "max",
            Self::Min => "min",
            Self::FirstSigned => "first_signed",
            Self::Ask => "ask",
        }
    }

    /// Whether the policy itself settles which value counts, so that no rule need try the others.
    #[must_use]
    pub const fn settles(self) -> bool {
        matches!(self, Self::Union | Self::Max | Self::Min | Self::FirstSigned)
    }
}

/// What in a map says the same thing, so that concurrent records of it compete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Competes {
    /// Nothing: each record is a thing of its own.
    Nothing,
    /// Values of one key, which may be written again.
    Key,
    /// Records with the same `code`; all are kept.
    Code,
    /// All records of the map; all are kept.
    All,
}

/// The merge policy of one map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merging {
    /// What competes.
    pub competes: Competes,
    /// Which of what competes counts.
    pub policy: MergePolicy,
    /// Whether an entry of the pinned template may name another policy (`merge`).
    pub template_decides: bool,
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

    /// How records of this map merge: the table of policies, also in `docs/SYNC.md`.
    #[must_use]
    pub const fn merging(self) -> Merging {
        use Competes::{All, Code, Key, Nothing};
        use MergePolicy::{Ask, Newest, Union};
        let (competes, policy, template_decides) = match self {
            Self::Answers => (Key, Newest, true),
            Self::Captions | Self::More | Self::Ticks | Self::Withdrawn => (Key, Newest, false),
            Self::Measures => (Code, Newest, true),
            Self::Outcomes => (All, Ask, false),
            Self::Contacts
            | Self::Corrections
            | Self::Materials
            | Self::OpenPoints
            | Self::Photos
            | Self::Pins
            | Self::Statements
            | Self::Timeline => (Nothing, Union, false),
        };
        Merging { competes, policy, template_decides }
    }

    /// Whether a key may be written again; elsewhere a record is written once (design section 13).
    #[must_use]
    pub const fn rewritable(self) -> bool {
        matches!(self.merging().competes, Competes::Key)
    }
}
