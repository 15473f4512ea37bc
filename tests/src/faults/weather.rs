//! What a link does to requests and answers.

use std::collections::VecDeque;
use std::time::Duration;

/// How a transfer ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Both sides see the connection end.
    Close,
    /// Both sides see it reset; what was under way may be lost.
    Reset,
    /// Nothing more is said, and nothing is closed before the other side or the proxy gives up.
    Silence,
}

/// What becomes of one direction of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fate {
    /// Waiting before the first byte.
    pub delay: Duration,
    /// Pace; as fast as it goes where absent.
    pub bytes_per_sec: Option<u64>,
    /// The transfer ends after so many bytes, if it is longer.
    pub cut: Option<(u64, Cut)>,
}

impl Fate {
    /// Nothing bad.
    pub const WHOLE: Self = Self { delay: Duration::ZERO, bytes_per_sec: None, cut: None };

    /// Ends after so many bytes.
    #[must_use]
    pub const fn cut_after(bytes: u64, cut: Cut) -> Self {
        Self { cut: Some((bytes, cut)), ..Self::WHOLE }
    }

    /// Whether and how a transfer of so many bytes is cut.
    pub(super) fn cut_of(&self, bytes: u64) -> Option<(u64, Cut)> {
        self.cut.filter(|(after, _)| *after < bytes)
    }
}

/// Decides about requests in the order in which they come.
pub trait Weather: Send {
    /// Whether the request with this first line never reaches the server, and is answered with 204 all the same.
    fn swallows(&mut self, _line: &str) -> bool {
        false
    }

    /// Whether the request never reaches the server and is answered with 413, as proxies do that take no large bodies.
    fn refuses(&mut self, _body_bytes: u64) -> bool {
        false
    }

    /// What becomes of a request of so many bytes, head and body.
    fn request(&mut self, bytes: u64) -> Fate;

    /// What becomes of the answer to it. It is read from the server whole before the first byte goes on: an answer
    /// that is cut after 0 bytes is one that the server gave and the phone never saw.
    fn answer(&mut self, bytes: u64) -> Fate;

    /// What the phone is told instead of a whole answer, head and body, to the request with this first line.
    fn retells(&mut self, _line: &str, answer: Vec<u8>) -> Vec<u8> {
        answer
    }
}

/// A list of fates, one pair for each request; fine weather afterwards.
#[derive(Debug, Clone, Default)]
pub struct Script(VecDeque<(Fate, Fate)>, Fate);

impl Script {
    /// Fates of requests and their answers, in order.
    #[must_use]
    pub fn new(fates: impl IntoIterator<Item = (Fate, Fate)>) -> Self {
        Self(fates.into_iter().collect(), Fate::WHOLE)
    }
}

impl Weather for Script {
    fn request(&mut self, _bytes: u64) -> Fate {
        let (request, answer) = self.0.pop_front().unwrap_or_default();
        self.1 = answer;
        request
    }

    fn answer(&mut self, _bytes: u64) -> Fate {
        std::mem::take(&mut self.1)
    }
}
