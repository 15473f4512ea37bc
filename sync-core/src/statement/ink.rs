//! Ink: the strokes of a handwritten signature, bound to one body by a challenge (design section 13).

use serde::{Deserialize, Serialize};

use super::VERSION;
use crate::bytes::{Hash, to_hex};
use crate::plain_json::{self, PlainJsonError};

/// Most strokes of one ink.
///
/// # Source
/// Limits section 5, ink strokes.
pub const MAX_STROKES: usize = 500;

/// Most points of one ink, over all strokes.
///
/// # Source
/// Limits section 5, ink points.
pub const MAX_POINTS: usize = 20_000;

/// Points `[x, y, t_ms]`: position on the canvas and milliseconds since the first touch.
pub type Stroke = Vec<[i64; 3]>;

/// A handwritten signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ink {
    /// Version: 1.
    pub v: u32,
    /// What binds it to one body, see [`challenge`].
    pub challenge: String,
    /// Width of the canvas.
    pub width: i64,
    /// Height of the canvas.
    pub height: i64,
    /// The strokes.
    pub strokes: Vec<Stroke>,
}

/// Reports ink that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InkError {
    /// Not the plain JSON of an ink of version 1.
    #[error("the ink is malformed: {0}")]
    Malformed(#[from] PlainJsonError),
    /// Another version.
    #[error("the ink is not of version 1")]
    Version,
    /// No stroke, too many strokes or points, or an empty canvas.
    #[error("the ink needs a canvas and 1 to {MAX_STROKES} strokes of at most {MAX_POINTS} points in all")]
    Limit,
}

/// The challenge an ink answers: SHA-256(body ‖ nonce) in hex.
#[must_use]
pub fn challenge(body_bytes: &[u8], nonce: &[u8]) -> String {
    to_hex(Hash::of(&[body_bytes, nonce].concat()).as_bytes())
}

impl Ink {
    /// Makes ink that answers the challenge of a body.
    ///
    /// # Errors
    /// [`InkError::Limit`].
    pub fn new(challenge: String, width: i64, height: i64, strokes: Vec<Stroke>) -> Result<Self, InkError> {
        Self { v: VERSION, challenge, width, height, strokes }.checked()
    }

    /// Reads an ink blob.
    ///
    /// # Errors
    /// [`InkError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, InkError> {
        plain_json::parse_as::<Self>(bytes)?.checked()
    }

    /// Writes the ink blob.
    ///
    /// # Errors
    /// [`InkError::Malformed`] for coordinates beyond ±(2^53−1).
    pub fn to_bytes(&self) -> Result<Vec<u8>, InkError> {
        Ok(plain_json::to_vec(self)?)
    }

    fn checked(self) -> Result<Self, InkError> {
        if self.v != VERSION {
            return Err(InkError::Version);
        }
        let points: usize = self.strokes.iter().map(Vec::len).sum();
        let fits = (1..=MAX_STROKES).contains(&self.strokes.len()) && (1..=MAX_POINTS).contains(&points);
        if fits && self.width > 0 && self.height > 0 { Ok(self) } else { Err(InkError::Limit) }
    }
}
