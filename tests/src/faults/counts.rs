//! What went over a link, and what became of it.

use std::ops::AddAssign;

/// Requests, faults and bytes of a link.
///
/// # Units
/// Bytes are those that the proxy took from either side, whether or not the other side ever saw them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests that came.
    pub requests: u64,
    /// Requests that did not reach the server whole.
    pub cut_requests: u64,
    /// Answers of which the phone saw a part.
    pub cut_answers: u64,
    /// Answers of which the phone saw nothing.
    pub lost_answers: u64,
    /// Links that were cut without a word: half open, until somebody gave up.
    pub silences: u64,
    /// Request lines and headers.
    pub up_head_bytes: u64,
    /// Bodies of requests.
    pub up_body_bytes: u64,
    /// Status lines and headers.
    pub down_head_bytes: u64,
    /// Bodies of answers.
    pub down_body_bytes: u64,
}

impl Counts {
    /// Bodies both ways.
    #[must_use]
    pub const fn body_bytes(&self) -> u64 {
        self.up_body_bytes + self.down_body_bytes
    }

    /// Everything both ways.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.body_bytes() + self.up_head_bytes + self.down_head_bytes
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.cut_requests += other.cut_requests;
        self.cut_answers += other.cut_answers;
        self.lost_answers += other.lost_answers;
        self.silences += other.silences;
        self.up_head_bytes += other.up_head_bytes;
        self.up_body_bytes += other.up_body_bytes;
        self.down_head_bytes += other.down_head_bytes;
        self.down_body_bytes += other.down_body_bytes;
    }
}
