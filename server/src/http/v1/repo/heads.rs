//! Heads of WebSocket frames, read as they arrive: a frame that claims too much is refused before it is taken in.
//!
//! The library compares the size of a frame with its limit once all of the frame is in memory. Knows nothing of what
//! frames carry.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_core::Stream;

/// Longest head: two bytes, eight of length, four of the mask (RFC 6455 section 5.2).
const LONGEST_HEAD: usize = 14;

/// The same bytes, up to the first frame that claims more than `limit` bytes of payload.
pub(super) fn bounded(payload: Payload, limit: u64) -> Payload {
    let heads = Heads { head: Vec::with_capacity(LONGEST_HEAD), left: 0 };
    Payload::Stream { payload: Box::pin(Bounded { payload, heads, limit }) }
}

struct Bounded {
    payload: Payload,
    heads: Heads,
    limit: u64,
}

impl Stream for Bounded {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        match Pin::new(&mut this.payload).poll_next(context) {
            Poll::Ready(Some(Ok(bytes))) if !this.heads.are_within(this.limit, &bytes) => {
                Poll::Ready(Some(Err(PayloadError::Overflow)))
            }
            polled => polled,
        }
    }
}

/// Where a stream of frames stands.
struct Heads {
    /// The head being read.
    head: Vec<u8>,
    /// Bytes left of the frame whose head was read.
    left: u64,
}

impl Heads {
    /// Reads the next bytes; whether no frame claims more than the limit.
    fn are_within(&mut self, limit: u64, mut bytes: &[u8]) -> bool {
        loop {
            let skipped = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
            self.left = self.left.saturating_sub(u64::try_from(skipped).unwrap_or(u64::MAX));
            let Some((next, rest)) = bytes.get(skipped..).and_then(<[u8]>::split_first) else { return true };
            bytes = rest;
            self.head.push(*next);
            match claimed(&self.head) {
                Some(length) if length > limit => return false,
                Some(length) => {
                    self.left = length;
                    self.head.clear();
                }
                None => {}
            }
        }
    }
}

/// The length of the payload that a head claims; `None` while the head is not whole.
fn claimed(head: &[u8]) -> Option<u64> {
    let second = *head.get(1)?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let extended = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    if head.len() < 2 + extended + mask {
        return None;
    }
    let short = u64::from(second & 0x7f);
    let long = head.get(2..2 + extended)?;
    Some(if long.is_empty() { short } else { long.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads() -> Heads {
        Heads { head: Vec::new(), left: 0 }
    }

    /// Frames of every form of length, masked and not, one after the other.
    fn frames() -> Vec<u8> {
        let mut bytes = Vec::new();
        for (len, mask) in [(0, 0x80), (1, 0x00), (125, 0x80), (126, 0x80), (500, 0x00), (70_000, 0x80), (3, 0x80)] {
            let length = u64::try_from(len).unwrap();
            bytes.push(0x82);
            match length {
                0..126 => bytes.push(mask | u8::try_from(len).unwrap()),
                126..65_536 => {
                    bytes.push(mask | 126);
                    bytes.extend(&length.to_be_bytes()[6..]);
                }
                _ => {
                    bytes.push(mask | 127);
                    bytes.extend(length.to_be_bytes());
                }
            }
            // What the frames carry looks like a head that claims very much.
            bytes.extend(std::iter::repeat_n(0xff, if mask == 0 { len } else { len + 4 }));
        }
        bytes
    }

    #[test]
    fn frames_within_the_limit_pass_however_they_are_cut() {
        let frames = frames();
        for cut in [1, 2, 3, 7, 1_000, frames.len()] {
            let mut heads = heads();
            assert!(frames.chunks(cut).all(|part| heads.are_within(70_000, part)), "{cut}");
            assert!(heads.head.is_empty() && heads.left == 0, "{cut}");
        }
    }

    #[test]
    fn a_frame_beyond_the_limit_is_seen_at_its_head() {
        for cut in [1, 5, 100_000] {
            let mut heads = heads();
            let seen = frames().chunks(cut).position(|part| !heads.are_within(69_999, part));
            assert!(seen.is_some_and(|part| part * cut < 1_000), "{cut}: {seen:?}");
        }
        assert!(!heads().are_within(1 << 20, &[&[0x82, 0xff], [0xff; 12].as_slice()].concat()), "2^64 - 1");
    }
}
