//! What became of a day, for people.

use super::{Day, Proof};
use crate::faults::{Counts, TunnelCount};

/// Most bytes on the wire for each unique byte, in a thousand.
///
/// # Source
/// What the product promises of a day in tunnels: bytes at most 1.15 times the unique bytes.
const MOST_PER_MILLE: u64 = 1150;

/// The same for a short day, another one in each run: of two dozen photos, what a few cuts cost weighs more than that.
const MOST_PER_MILLE_SHORT: u64 = 1400;

/// Answers of a day that is long enough to tell shares by; the full form has four times as many.
const MANY_ANSWERS: u64 = 10_000;

/// How far the share of lost answers may lie from the plan, in a thousand: more than four times its standard deviation
/// over [`MANY_ANSWERS`].
const LOST_MARGIN_PER_MILLE: u64 = 20;

/// The counts of a day.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was played.
    pub day: Day,
    /// What is at the server.
    pub proof: Proof,
    /// What went over all links since the morning.
    pub counts: Counts,
    /// What the links did.
    pub link: TunnelCount,
    /// How often the server was killed.
    pub server_kills: usize,
    /// Syncs that were begun.
    pub syncs: usize,
    /// Syncs in which the phone was killed.
    pub killed_syncs: usize,
    /// Photos in the middle of which the phone was killed.
    pub killed_photos: usize,
}

impl Report {
    /// Bodies on the wire, both ways, for each thousand unique bytes.
    #[must_use]
    pub const fn bytes_per_mille(&self) -> u64 {
        self.counts.body_bytes() * 1000 / self.proof.unique_bytes
    }

    /// Holds the day against what was promised.
    ///
    /// # Panics
    /// If the day was too easy, or cost too many bytes.
    pub fn judge(&self) {
        let day = &self.day;
        let visits = day.phones * day.visits;
        let proof = &self.proof;
        assert_eq!((proof.visits, proof.photos, proof.statements), (visits, 4 * visits, visits), "{}", self.table());
        assert_eq!(self.server_kills, 2, "{}", self.table());
        // A short day, another one in each run, may miss one kind of what a long day meets all of.
        let is_short = self.link.answers < MANY_ANSWERS;
        let met = |one: bool, other: bool| if is_short { one || other } else { one && other };
        assert!(met(self.killed_photos > 0, self.killed_syncs > 0), "{}", self.table());
        assert!(met(self.counts.cut_requests > 0, self.counts.lost_answers > 0), "{}", self.table());
        let most = if is_short { MOST_PER_MILLE_SHORT } else { MOST_PER_MILLE };
        assert!(self.bytes_per_mille() <= most, "{}", self.table());
        self.judge_link();
    }

    /// Holds the link of a long day against its plan: half-open connections, and the share of answers that got lost.
    fn judge_link(&self) {
        let (link, plan) = (&self.link, &self.day.link);
        if link.answers < MANY_ANSWERS {
            return;
        }
        let lost = link.lost_answers * 1000 / link.answers;
        assert!(self.counts.silences > 0, "{}", self.table());
        assert!(lost.abs_diff(plan.lost_answers_per_mille) <= LOST_MARGIN_PER_MILLE, "{lost}: {}", self.table());
    }

    /// The counts, a line each.
    #[must_use]
    pub fn table(&self) -> String {
        let Self { day, proof, counts, link, .. } = self;
        let rows: Vec<(&str, String)> = vec![
            ("Seed", day.seed.to_string()),
            ("Phones × visits", format!("{} × {}", day.phones, day.visits)),
            ("Photo size", format!("{} to {} bytes", day.photo_bytes.start, day.photo_bytes.end)),
            ("Visits at the server, each once", proof.visits.to_string()),
            ("Photos at the server, each once, hash equal", proof.photos.to_string()),
            ("Statements at the server, each once", proof.statements.to_string()),
            ("Intents at the server, each once", proof.intents.to_string()),
            ("Blobs (photos, openings, ink), hash equal", proof.blobs.to_string()),
            ("Outstanding on all phones", "0".to_owned()),
            ("Syncs begun", self.syncs.to_string()),
            ("Phones killed in a sync", self.killed_syncs.to_string()),
            ("Phones killed in the middle of a photo", self.killed_photos.to_string()),
            ("Server killed", self.server_kills.to_string()),
            ("Requests", counts.requests.to_string()),
            ("Requests cut", counts.cut_requests.to_string()),
            ("Answers cut", counts.cut_answers.to_string()),
            ("Requests and answers cut without a word", counts.silences.to_string()),
            ("Answers lost whole", format!("{} of {}", counts.lost_answers, link.answers)),
            ("Simulated seconds on all links", (link.simulated_ms / 1000).to_string()),
            ("Cuts", link.cuts.to_string()),
            ("Unique bytes", proof.unique_bytes.to_string()),
            ("Bodies up", counts.up_body_bytes.to_string()),
            ("Bodies down", counts.down_body_bytes.to_string()),
            ("Heads up and down", (counts.up_head_bytes + counts.down_head_bytes).to_string()),
            ("**Bodies ÷ unique bytes**", per_mille(self.bytes_per_mille())),
            ("Everything ÷ unique bytes", per_mille(counts.bytes() * 1000 / proof.unique_bytes)),
        ];
        let rows: Vec<String> = rows.iter().map(|(name, value)| format!("| {name} | {value} |")).collect();
        format!("| | |\n|---|---|\n{}\n", rows.join("\n"))
    }
}

fn per_mille(value: u64) -> String {
    format!("{}.{:03}", value / 1000, value % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A long day, of which only the link is looked at.
    fn day(silences: u64, lost_answers: u64) -> Report {
        Report {
            day: Day::FULL,
            proof: Proof { visits: 0, photos: 0, statements: 0, intents: 0, blobs: 0, unique_bytes: 1 },
            counts: Counts { silences, ..Counts::default() },
            link: TunnelCount { lost_answers, answers: 40_000, ..TunnelCount::default() },
            server_kills: 0,
            syncs: 0,
            killed_syncs: 0,
            killed_photos: 0,
        }
    }

    #[test]
    fn a_link_without_half_open_connections_or_with_other_losses_is_no_tunnel() {
        let is_good = |silences, lost| std::panic::catch_unwind(|| day(silences, lost).judge_link()).is_ok();
        assert!(is_good(1, 12_000) && is_good(9, 12_700) && is_good(9, 11_300));
        assert!(!is_good(0, 12_000) && !is_good(9, 13_000) && !is_good(9, 11_000) && !is_good(9, 0));
    }
}
