//! Who can be sent to which visit: the one decision behind proposals, confirmations and every assignment.
//!
//! Pure: whatever order visits and reps are given in, the answer is the same.

use std::collections::BTreeMap;

use sync_core::dispatch::{CertificateKind, Obstacle, ValidDays};
use sync_core::formulas::{QueuedJob, dispatch_order, minutes_ms};
use sync_core::ids::{TeamId, UserId, VisitId};
use sync_core::time::UnixMillis;

use super::zone::Window;

/// When a visit is planned, and how long it is taken to last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// The visit.
    pub visit: VisitId,
    /// Planned start.
    pub start: Option<UnixMillis>,
    /// How long it is taken to last, in minutes.
    pub minutes: i64,
}

impl Slot {
    /// From when until when it is taken to last; not known without a start.
    #[must_use]
    pub fn times(&self) -> Option<(UnixMillis, UnixMillis)> {
        self.start.map(|start| (start, start.plus_ms(minutes_ms(self.minutes))))
    }

    /// Whether nobody can be at both: each begins before the other is over.
    #[must_use]
    pub fn clashes(&self, other: &Self) -> bool {
        let (Some((start, end)), Some((other_start, other_end))) = (self.times(), other.times()) else { return false };
        start < other_end && other_start < end
    }
}

/// When somebody does not work: from the first instant, before the second; for good without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Away {
    /// First instant.
    pub from: UnixMillis,
    /// First instant after.
    pub until: Option<UnixMillis>,
}

impl Away {
    /// Whether some of them lie between two instants; one that ended before it began has none.
    #[must_use]
    pub fn overlaps(&self, (from, until): (UnixMillis, UnixMillis)) -> bool {
        self.from < until && self.until.is_none_or(|end| from < end && self.from < end)
    }
}

/// Somebody who could be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rep {
    /// Who.
    pub id: UserId,
    /// Team.
    pub team: Option<TeamId>,
    /// What he is certified for, and on which days.
    pub certificates: Vec<(CertificateKind, ValidDays)>,
    /// When he does not work.
    pub away: Vec<Away>,
    /// What he is assigned to around the day.
    pub slots: Vec<Slot>,
}

impl Rep {
    /// The first certificate among these that he does not hold on a day.
    #[must_use]
    pub fn lacks(&self, needs: &[CertificateKind], day: &str) -> Option<CertificateKind> {
        let holds =
            |kind: CertificateKind| self.certificates.iter().any(|(held, days)| *held == kind && days.contain(day));
        needs.iter().copied().find(|kind| !holds(*kind))
    }

    /// Whether there are instants between these two at which he does not work.
    #[must_use]
    pub fn is_away(&self, times: (UnixMillis, UnixMillis)) -> bool {
        self.away.iter().any(|away| away.overlaps(times))
    }
}

/// What a visit asks of whoever is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// When it can begin at the earliest, and when it is taken to be over then.
    pub times: (UnixMillis, UnixMillis),
    /// The day of the beginning, in the organisation's zone.
    pub day: String,
    /// Certificates.
    pub certificates: Vec<CertificateKind>,
}

impl Needs {
    /// What nothing helps against, if anything.
    // Rule: APT-11
    #[must_use]
    pub fn unmet_by(&self, rep: &Rep) -> Option<Hindrance> {
        if let Some(kind) = rep.lacks(&self.certificates, &self.day) {
            return Some(Hindrance { certificate: Some(kind), ..Hindrance::of(Obstacle::NotCertified) });
        }
        rep.is_away(self.times).then(|| Hindrance::of(Obstacle::Absent))
    }
}

/// A visit to give out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// When.
    pub slot: Slot,
    /// What it asks of whoever is sent.
    pub needs: Needs,
    /// Number of the attempt.
    pub attempt: u64,
    /// Whether the attempt before was deferred for safety.
    pub is_deferred_safety: bool,
    /// The team that serves its grid.
    pub team: Option<TeamId>,
    /// Who is assigned already.
    pub crew: Vec<UserId>,
    /// The day whose load counts.
    pub day: Window,
    /// Most minutes of visits that one rep has on a day.
    pub daily_minutes: i64,
}

/// What stands in the way, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hindrance {
    /// What.
    pub obstacle: Obstacle,
    /// The certificate that is missing.
    pub certificate: Option<CertificateKind>,
    /// The visit at the same time.
    pub visit: Option<VisitId>,
}

impl Hindrance {
    const fn of(obstacle: Obstacle) -> Self {
        Self { obstacle, certificate: None, visit: None }
    }
}

/// What somebody has on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Load {
    /// Minutes that his visits are taken to last.
    pub minutes: i64,
    /// Visits.
    pub visits: i64,
}

/// A rep judged for a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// Who.
    pub rep: UserId,
    /// Whether his team serves the grid of the visit; nothing is known where no team does.
    pub fits_grid: Option<bool>,
    /// What he has on that day without this visit.
    pub load: Load,
    /// Everything that stands in the way.
    pub hindrances: Vec<Hindrance>,
}

impl Fit {
    /// Who comes first: his grid, then who has least to do.
    fn key(&self) -> (bool, Load, UserId) {
        (self.fits_grid == Some(false), self.load, self.rep)
    }
}

/// Judges a rep for a visit.
// Rule: APT-11
#[must_use]
pub fn judge(job: &Job, rep: &Rep) -> Fit {
    let others = || rep.slots.iter().filter(|slot| slot.visit != job.slot.visit);
    let of_day = others().filter(|slot| slot.start.is_none_or(|start| job.day.contains(start)));
    let load = of_day.fold(Load::default(), |load, slot| Load {
        minutes: load.minutes.saturating_add(slot.minutes),
        visits: load.visits.saturating_add(1),
    });
    let mut hindrances = Vec::new();
    if job.crew.contains(&rep.id) {
        hindrances.push(Hindrance::of(Obstacle::OnCrew));
    }
    hindrances.extend(job.needs.unmet_by(rep));
    let clash = others().filter(|slot| slot.clashes(&job.slot)).map(|slot| slot.visit).min();
    hindrances.extend(clash.map(|visit| Hindrance { visit: Some(visit), ..Hindrance::of(Obstacle::TimeClash) }));
    if load.minutes.saturating_add(job.slot.minutes) > job.daily_minutes {
        hindrances.push(Hindrance::of(Obstacle::Overload));
    }
    Fit { rep: rep.id, fits_grid: job.team.map(|team| rep.team == Some(team)), load, hindrances }
}

/// Who could be sent to a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The visit.
    pub visit: VisitId,
    /// Who can be sent, best first; the first is proposed, and counted as sent for the visits after this one.
    pub candidates: Vec<Fit>,
    /// Who cannot, and why.
    pub excluded: Vec<Fit>,
}

/// Proposes somebody for the first `most` visits in dispatch order (F-38), each of which is judged with those before it.
// Rules: APT-09, APT-11
#[must_use]
pub fn propose(jobs: &[Job], reps: &[Rep], most: usize) -> Vec<Proposal> {
    let jobs: BTreeMap<String, &Job> = jobs.iter().map(|job| (job.slot.visit.to_string(), job)).collect();
    let mut reps: BTreeMap<UserId, Rep> = reps.iter().map(|rep| (rep.id, rep.clone())).collect();
    let mut queue: Vec<QueuedJob<'_>> = jobs.iter().map(|(id, job)| queued(id, job)).collect();
    dispatch_order(&mut queue);
    queue.truncate(most);
    let propose_one = |job: &Job| {
        let (mut candidates, mut excluded): (Vec<Fit>, Vec<Fit>) =
            reps.values().map(|rep| judge(job, rep)).partition(|fit| fit.hindrances.is_empty());
        candidates.sort_by_key(Fit::key);
        excluded.sort_by_key(Fit::key);
        if let Some(rep) = candidates.first().and_then(|first| reps.get_mut(&first.rep)) {
            rep.slots.push(job.slot);
        }
        Proposal { visit: job.slot.visit, candidates, excluded }
    };
    queue.iter().filter_map(|place| jobs.get(place.id).copied()).map(propose_one).collect()
}

fn queued<'a>(id: &'a str, job: &Job) -> QueuedJob<'a> {
    let requested = job.slot.start.unwrap_or(UnixMillis(i64::MAX));
    QueuedJob { id, attempt: job.attempt, requested, deferred_safety: job.is_deferred_safety }
}
