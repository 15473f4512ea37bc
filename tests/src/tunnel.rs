//! Tunnel day: many phones, a link that is cut every few simulated seconds and loses answers, phones and server that
//! are killed; at the end everything captured is at the server exactly once.
//!
//! Phones capture through the phone's library or as processes; every sync is a process of the executable, through a
//! fault proxy of its own. Owns the day and its verdict; it must not know how anything is sent.

mod company;
mod proof;
mod rep;
mod report;
mod visit;

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

use serde_json::json;
use sync_core::time::UnixMillis;

use crate::clock::{ClockFile, START};
use crate::faults::{Counts, Seed, TunnelCount, TunnelPlan};
use crate::server::TestServer;

pub use proof::Proof;
pub use report::Report;
pub use visit::photo;

use rep::Rep;

/// The size of a day.
#[derive(Debug, Clone)]
pub struct Day {
    /// Phones, each of a rep of its own.
    pub phones: usize,
    /// Visits of each phone, with four photos and a signed form each.
    pub visits: usize,
    /// Size of a photo.
    pub photo_bytes: Range<u64>,
    /// From which every fault and every byte of a photo follows; who plays the day draws it.
    pub seed: u64,
    /// Phones that do something at the same moment.
    pub at_once: usize,
    /// The link.
    pub link: TunnelPlan,
}

/// The link of the issue: cut every 5 to 60 simulated seconds, 30 % of answers lost, at the pace of a weak 3G cell.
const LINK: TunnelPlan = TunnelPlan {
    cut_every_ms: 5_000..60_000,
    lost_answers_per_mille: 300,
    resets_per_mille: 200,
    silences_per_mille: 20,
    bytes_per_sec: 48 << 10,
    latency_ms: 150,
    outage_ms: 4_000,
};

/// Visits between two words on how far a long day is.
const PROGRESS_EVERY: usize = 50;

impl Day {
    /// The form that every run of the tests plays: less to send, over a slower link, so that every phone meets cuts.
    pub const SHORT: Self = Self {
        phones: 3,
        visits: 2,
        photo_bytes: 60_000..140_000,
        seed: 0,
        at_once: 3,
        link: TunnelPlan { bytes_per_sec: 12 << 10, ..LINK },
    };

    /// The form of the issue.
    pub const FULL: Self =
        Self { phones: 50, visits: 20, photo_bytes: 100_000..300_000, at_once: 6, link: LINK, ..Self::SHORT };

    /// Plays the day and looks at what is at the server.
    ///
    /// # Panics
    /// At the first thing that is lost, doubled or altered.
    #[must_use]
    pub fn play(&self) -> Report {
        let mut server = TestServer::configured(&json!({"limits": {
            "user_per_minute": 60_000, "tenant_per_minute": 60_000, "sync_per_minute": 60_000, "sync_burst": 60_000,
        }}));
        let clock = Time::of(&server.clock);
        let mut reps = company::enrol(self, &server);
        reps.iter_mut().for_each(|rep| rep.begin(self, &clock));
        let morning = total(&reps);
        let server_kills = self.work(&mut server, &mut reps, &clock);
        let proof = Proof::of(&server, &mut reps, &clock);
        let mut bytes = total(&reps);
        subtract(&mut bytes, &morning);
        Report {
            day: self.clone(),
            proof,
            counts: bytes,
            link: links(&reps),
            server_kills,
            syncs: reps.iter().map(|rep| rep.syncs).sum(),
            killed_syncs: reps.iter().map(|rep| rep.killed_syncs).sum(),
            killed_photos: reps.iter().map(|rep| rep.killed_photos).sum(),
        }
    }

    /// Lets every rep work until nothing is outstanding, and kills the server after a third and two thirds of it.
    fn work(&self, server: &mut TestServer, reps: &mut [Rep], clock: &Time) -> usize {
        let doors: Vec<_> = reps.iter().map(Rep::door).collect();
        let (done, visits_done) = mpsc::channel();
        let next = AtomicUsize::new(0);
        let reps: Vec<Mutex<&mut Rep>> = reps.iter_mut().map(Mutex::new).collect();
        let all = self.phones * self.visits;
        let mut kills = 0;
        std::thread::scope(|scope| {
            for _ in 0..self.at_once {
                let (done, reps, next) = (done.clone(), &reps, &next);
                scope.spawn(move || {
                    // Round by round, so that all phones are under way until the end.
                    loop {
                        let turn = next.fetch_add(1, Ordering::Relaxed);
                        if turn >= all {
                            return;
                        }
                        let mut rep = reps[turn % self.phones].lock().unwrap_or_else(PoisonError::into_inner);
                        rep.works(self, clock);
                        if turn / self.phones + 1 == self.visits {
                            rep.syncs_to_rest(clock);
                        }
                        // Whoever counts may have failed already.
                        let _ = done.send(());
                    }
                });
            }
            drop(done);
            for (count, ()) in visits_done.iter().enumerate() {
                if (count + 1) % PROGRESS_EVERY == 0 {
                    println!("{} of {all} visits are done", count + 1);
                }
                if [all / 3, all * 2 / 3].contains(&(count + 1)) {
                    kills += 1;
                    server.kill();
                    server.restart();
                    doors.iter().for_each(|door| door.lead_to(server.url()));
                }
            }
        });
        kills
    }
}

/// The clock of everybody, which goes on with everything that is done.
pub(crate) struct Time {
    file: ClockFile,
    now: Mutex<UnixMillis>,
}

impl Time {
    fn of(file: &ClockFile) -> Self {
        Self { file: file.clone(), now: Mutex::new(START) }
    }

    /// Lets time pass.
    pub(crate) fn pass_ms(&self, ms: i64) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.plus_ms(ms);
        self.file.set(*now);
    }

    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }
}

fn total(reps: &[Rep]) -> Counts {
    reps.iter().fold(Counts::default(), |mut total, rep| {
        total += rep.counts();
        total
    })
}

fn links(reps: &[Rep]) -> TunnelCount {
    reps.iter().map(Rep::link).fold(TunnelCount::default(), |total, one| TunnelCount {
        simulated_ms: total.simulated_ms + one.simulated_ms,
        cuts: total.cuts + one.cuts,
        lost_answers: total.lost_answers + one.lost_answers,
        answers: total.answers + one.answers,
    })
}

/// Takes the bytes of the morning off, when the weather was fine.
const fn subtract(bytes: &mut Counts, morning: &Counts) {
    bytes.requests -= morning.requests;
    bytes.up_head_bytes -= morning.up_head_bytes;
    bytes.up_body_bytes -= morning.up_body_bytes;
    bytes.down_head_bytes -= morning.down_head_bytes;
    bytes.down_body_bytes -= morning.down_body_bytes;
}

/// The stream of a rep's faults and photos.
fn seed_of(day: &Day, rep: usize) -> Seed {
    Seed::new(day.seed).branch(u64::try_from(rep).unwrap_or_default())
}
