//! The link of somebody on the move: cut every few seconds of simulated time, with answers that get lost.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Cut, Fate, Seed, Weather};

/// What a tunnel does, in simulated time.
#[derive(Debug, Clone)]
pub struct TunnelPlan {
    /// Time between two cuts, in milliseconds.
    pub cut_every_ms: Range<u64>,
    /// Answers that get lost, in a thousand.
    pub lost_answers_per_mille: u64,
    /// Cuts that reset the connection, in a thousand.
    pub resets_per_mille: u64,
    /// Cuts that nobody is told of, in a thousand.
    pub silences_per_mille: u64,
    /// Pace of the link.
    pub bytes_per_sec: u64,
    /// Time to the server or back, in milliseconds.
    pub latency_ms: u64,
    /// How long the link is away after a cut, in milliseconds.
    pub outage_ms: u64,
}

/// What a tunnel has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TunnelCount {
    /// Simulated time that passed on the link, in milliseconds.
    pub simulated_ms: u64,
    /// Cuts, whether or not something was under way.
    pub cuts: u64,
    /// Answers that got lost as a whole, other than by a cut.
    pub lost_answers: u64,
    /// Answers that came off.
    pub answers: u64,
}

/// A [`Weather`] of simulated seconds: time passes by what is transferred, so nobody waits for it.
#[derive(Debug)]
pub struct Tunnel {
    plan: TunnelPlan,
    seed: Seed,
    next_cut_ms: u64,
    count: Arc<Mutex<TunnelCount>>,
}

impl Tunnel {
    /// A tunnel whose cuts follow from a seed, and where it counts.
    #[must_use]
    pub fn new(plan: TunnelPlan, mut seed: Seed) -> (Self, Arc<Mutex<TunnelCount>>) {
        let count = Arc::default();
        let next_cut_ms = seed.of(&plan.cut_every_ms);
        (Self { plan, seed, next_cut_ms, count: Arc::clone(&count) }, count)
    }

    /// Moves the time by a transfer; where the cut falls into it, says after how many bytes.
    fn transfer(&mut self, bytes: u64) -> Option<(u64, Cut)> {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let begins_ms = count.simulated_ms + self.plan.latency_ms;
        let ends_ms = begins_ms + bytes * 1000 / self.plan.bytes_per_sec;
        if ends_ms < self.next_cut_ms {
            count.simulated_ms = ends_ms;
            return None;
        }
        let sent = self.next_cut_ms.saturating_sub(begins_ms) * self.plan.bytes_per_sec / 1000;
        count.cuts += 1;
        count.simulated_ms = self.next_cut_ms.max(begins_ms) + self.plan.outage_ms;
        self.next_cut_ms = count.simulated_ms + self.seed.of(&self.plan.cut_every_ms);
        let kind = self.seed.next() % 1000;
        let cut = match kind {
            _ if kind < self.plan.silences_per_mille => Cut::Silence,
            _ if kind < self.plan.silences_per_mille + self.plan.resets_per_mille => Cut::Reset,
            _ => Cut::Close,
        };
        Some((sent, cut))
    }
}

impl Weather for Tunnel {
    fn request(&mut self, bytes: u64) -> Fate {
        Fate { cut: self.transfer(bytes), ..Fate::WHOLE }
    }

    fn answer(&mut self, bytes: u64) -> Fate {
        let cut = self.transfer(bytes);
        let is_lost = self.seed.happens(self.plan.lost_answers_per_mille);
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        count.answers += 1;
        if is_lost {
            count.lost_answers += 1;
            return Fate::cut_after(0, Cut::Close);
        }
        Fate { cut, ..Fate::WHOLE }
    }
}
