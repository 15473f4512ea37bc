//! The cursor: where a phone stands in the feed of each of its audiences.
//!
//! Opaque to phones. The server takes audiences from the token, never from the cursor.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::codec::{self, Encoding};
use crate::bytes::{Blob, from_base64url, to_base64url};
use crate::ids::{EpochId, TeamId, UserId};

/// Longest cursor in bytes of text.
///
/// # Source
/// Design section 13, Cursor.
pub const MAX_CURSOR_BYTES: usize = 1024;

/// The version of the cursor's form. Version 1 spelt its audiences out, which took a fifth more of each small sync.
const VERSION: u8 = 2;

/// A cursor as it is written: version, epoch, positions, what is owed.
type Form = (u8, EpochId, Vec<(Blob, i64)>, BTreeSet<(String, String)>);

/// Most items a server may owe a phone; their ids have to fit into the cursor.
pub const MAX_OWED: usize = 8;

/// Who a feed is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// The whole organisation: reference data.
    Org,
    /// A team.
    Team(TeamId),
    /// One rep.
    User(UserId),
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Org => f.write_str("o"),
            Self::Team(team) => write!(f, "t:{team}"),
            Self::User(user) => write!(f, "u:{user}"),
        }
    }
}

impl FromStr for Audience {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        match text.split_once(':') {
            None if text == "o" => Ok(Self::Org),
            Some(("t", team)) => team.parse().map(Self::Team).map_err(|_not_an_id| CursorError::Malformed),
            Some(("u", user)) => user.parse().map(Self::User).map_err(|_not_an_id| CursorError::Malformed),
            _ => Err(CursorError::Malformed),
        }
    }
}

impl Audience {
    /// The audience in a cursor: its letter and the bytes of the id.
    fn to_key(self) -> Blob {
        let (letter, id) = match self {
            Self::Org => (b'o', None),
            Self::Team(team) => (b't', Some(team.0)),
            Self::User(user) => (b'u', Some(user.0)),
        };
        Blob(std::iter::once(letter).chain(id.into_iter().flat_map(Uuid::into_bytes)).collect())
    }

    fn from_key(key: &Blob) -> Option<Self> {
        let (letter, id) = key.0.split_first()?;
        let id = || id.try_into().ok().map(Uuid::from_bytes);
        match letter {
            b'o' if key.0.len() == 1 => Some(Self::Org),
            b't' => id().map(|id| Self::Team(TeamId(id))),
            b'u' => id().map(|id| Self::User(UserId(id))),
            _ => None,
        }
    }
}

/// Reports a cursor that cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CursorError {
    /// Not a cursor of this server; a phone drops it and syncs from the beginning.
    #[error("not a cursor")]
    Malformed,
    /// Too many audiences for 1 KiB.
    #[error("the cursor is longer than {MAX_CURSOR_BYTES} bytes")]
    TooLong,
}

/// Epoch of the server's data and the last position seen per audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The store epoch the positions belong to.
    pub epoch: EpochId,
    /// Last position seen; an absent audience starts at 0.
    pub positions: BTreeMap<Audience, i64>,
    /// Kind and id of items before these positions that the server could not read: it tries again at each sync.
    pub owed: BTreeSet<(String, String)>,
}

impl Cursor {
    /// The cursor of a phone that has nothing yet.
    #[must_use]
    pub const fn start(epoch: EpochId) -> Self {
        Self { epoch, positions: BTreeMap::new(), owed: BTreeSet::new() }
    }

    /// The position of an audience.
    #[must_use]
    pub fn position(&self, audience: &Audience) -> i64 {
        self.positions.get(audience).copied().unwrap_or(0)
    }

    /// Writes the cursor as opaque text.
    ///
    /// # Errors
    /// [`CursorError::TooLong`] above 1 KiB, about 30 audiences.
    pub fn encode(&self) -> Result<String, CursorError> {
        let positions: Vec<(Blob, i64)> =
            self.positions.iter().map(|(of, position)| (of.to_key(), *position)).collect();
        let bytes = codec::encode(&(VERSION, self.epoch, positions, &self.owed), Encoding::Cbor)
            .map_err(|_unreachable| CursorError::Malformed)?;
        let text = to_base64url(&bytes);
        if text.len() > MAX_CURSOR_BYTES { Err(CursorError::TooLong) } else { Ok(text) }
    }

    /// Reads a cursor.
    ///
    /// # Errors
    /// [`CursorError::Malformed`] for any other text, also for negative positions and an audience that stands there twice.
    pub fn decode(text: &str) -> Result<Self, CursorError> {
        if text.len() > MAX_CURSOR_BYTES {
            return Err(CursorError::TooLong);
        }
        let bytes = from_base64url(text).map_err(|_not_base64| CursorError::Malformed)?;
        let (version, epoch, listed, owed): Form =
            codec::decode(&bytes, Encoding::Cbor, MAX_CURSOR_BYTES).map_err(|_not_a_cursor| CursorError::Malformed)?;
        let audience = |(key, position): &(Blob, i64)| Some((Audience::from_key(key)?, *position));
        let positions: BTreeMap<Audience, i64> = listed.iter().filter_map(audience).collect();
        let is_whole = positions.len() == listed.len() && positions.values().all(|position| *position >= 0);
        if version == VERSION && is_whole && owed.len() <= MAX_OWED {
            Ok(Self { epoch, positions, owed })
        } else {
            Err(CursorError::Malformed)
        }
    }
}
