//! Properties of dispatch.

use proptest::prelude::*;
use sync_core::dispatch::{CertificateKind, Obstacle, ValidDays};
use sync_core::ids::{TeamId, UserId, VisitId};
use sync_core::time::UnixMillis;

use super::dispatch::{Away, Job, Needs, Proposal, Rep, Slot, judge, propose};
use super::zone::Window;

const MINUTE_MS: i64 = 60_000;

/// The day of all visits here: 1440 minutes from zero.
const DAY: &str = "1970-01-01";

fn bytes(kind: u8, number: u8) -> [u8; 16] {
    [0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, kind, number]
}

fn visit(number: u8) -> VisitId {
    VisitId::from_bytes(bytes(1, number))
}

fn team(number: u8) -> TeamId {
    TeamId::from_bytes(bytes(2, number))
}

fn at(minute: i64) -> UnixMillis {
    UnixMillis(minute * MINUTE_MS)
}

fn job(number: u8, start: Option<i64>, minutes: i64) -> Job {
    let begins_at = at(start.unwrap_or(0));
    let certificates = vec![CertificateKind::PostCertification];
    Job {
        slot: Slot { visit: visit(number), start: start.map(at), minutes },
        needs: Needs { times: (begins_at, begins_at.plus_ms(minutes * MINUTE_MS)), day: DAY.to_owned(), certificates },
        attempt: 1,
        is_deferred_safety: false,
        team: None,
        crew: Vec::new(),
        day: Window { from: at(0), to: at(1440) },
        daily_minutes: 480,
    }
}

fn rep(number: u8) -> Rep {
    let days = ValidDays { from: DAY.to_owned(), to: DAY.to_owned() };
    Rep {
        id: UserId::from_bytes(bytes(3, number)),
        team: None,
        certificates: vec![(CertificateKind::PostCertification, days)],
        away: Vec::new(),
        slots: Vec::new(),
    }
}

fn jobs() -> impl Strategy<Value = Vec<Job>> {
    let one = (proptest::option::of(0i64..1440), 5i64..200, 1u64..3, any::<bool>(), 0u8..3, any::<bool>());
    proptest::collection::vec(one, 0..12).prop_map(|all| {
        let made =
            all.into_iter().zip(0u8..).map(|((start, minutes, attempt, is_deferred_safety, grid, needs), number)| {
                let mut made = job(number, start, minutes);
                (made.attempt, made.is_deferred_safety) = (attempt, is_deferred_safety);
                made.team = (grid > 0).then(|| team(grid));
                if !needs {
                    made.needs.certificates.clear();
                }
                made
            });
        made.collect()
    })
}

fn reps() -> impl Strategy<Value = Vec<Rep>> {
    let away = proptest::option::of((0i64..1440, proptest::option::of(1i64..600)));
    let one = (0u8..3, any::<bool>(), away, proptest::collection::vec((0i64..1440, 5i64..200), 0..4));
    proptest::collection::vec(one, 0..6).prop_map(|all| {
        let made = all.into_iter().zip(0u8..).map(|((of, is_certified, away, slots), number)| {
            let mut made = rep(number);
            made.team = (of > 0).then(|| team(of));
            if !is_certified {
                made.certificates.clear();
            }
            let away =
                away.map(|(from, for_minutes)| Away { from: at(from), until: for_minutes.map(|more| at(from + more)) });
            made.away = away.into_iter().collect();
            let slot = |((start, minutes), held): ((i64, i64), u8)| Slot {
                visit: visit(100 + 10 * number + held),
                start: Some(at(start)),
                minutes,
            };
            made.slots = slots.into_iter().zip(0u8..).map(slot).collect();
            made
        });
        made.collect()
    })
}

/// Who is proposed for which visit.
fn proposed(proposals: &[Proposal]) -> Vec<(VisitId, UserId)> {
    proposals.iter().filter_map(|one| Some((one.visit, one.candidates.first()?.rep))).collect()
}

proptest! {
    // Rule: APT-11
    #[test]
    fn nobody_is_proposed_who_is_uncertified_absent_busy_or_overloaded(jobs in jobs(), reps in reps()) {
        let proposals = propose(&jobs, &reps, jobs.len());
        prop_assert_eq!(proposals.len(), jobs.len());
        let mut given: Vec<(UserId, Slot)> = Vec::new();
        for (visit, who) in proposed(&proposals) {
            let job = jobs.iter().find(|job| job.slot.visit == visit).unwrap();
            let rep = reps.iter().find(|rep| rep.id == who).unwrap();
            prop_assert_eq!(rep.lacks(&job.needs.certificates, &job.needs.day), None);
            prop_assert!(!rep.is_away(job.needs.times));
            let held = rep.slots.iter().copied().chain(given.iter().filter(|(of, _)| *of == who).map(|(_, slot)| *slot));
            let held: Vec<Slot> = held.collect();
            prop_assert!(held.iter().all(|slot| !slot.clashes(&job.slot)), "{:?} clashes", job.slot);
            prop_assert!(held.iter().map(|slot| slot.minutes).sum::<i64>() + job.slot.minutes <= job.daily_minutes);
            given.push((who, job.slot));
        }
    }

    #[test]
    fn everybody_is_judged_for_every_visit_and_whoever_cannot_go_is_told_why(jobs in jobs(), reps in reps()) {
        for proposal in propose(&jobs, &reps, jobs.len()) {
            let mut all: Vec<UserId> = proposal.candidates.iter().chain(&proposal.excluded).map(|fit| fit.rep).collect();
            all.sort();
            prop_assert_eq!(all, reps.iter().map(|rep| rep.id).collect::<Vec<_>>());
            prop_assert!(proposal.candidates.iter().all(|fit| fit.hindrances.is_empty()));
            prop_assert!(proposal.excluded.iter().all(|fit| !fit.hindrances.is_empty()));
        }
    }

    #[test]
    fn the_order_of_input_has_no_influence(
        (jobs, shuffled) in jobs().prop_flat_map(|jobs| (Just(jobs.clone()), Just(jobs).prop_shuffle())),
        (reps, others) in reps().prop_flat_map(|reps| (Just(reps.clone()), Just(reps).prop_shuffle())),
    ) {
        prop_assert_eq!(propose(&jobs, &reps, jobs.len()), propose(&shuffled, &others, jobs.len()));
    }

    // Rule: APT-09
    #[test]
    fn visits_come_in_dispatch_order(jobs in jobs()) {
        let order: Vec<_> = propose(&jobs, &[], jobs.len()).into_iter().map(|one| one.visit).collect();
        let first: Vec<_> = propose(&jobs, &[], 3).into_iter().map(|one| one.visit).collect();
        prop_assert_eq!(&first[..], &order[..order.len().min(3)], "what goes first is named");
        let mut sorted: Vec<&Job> = jobs.iter().collect();
        let start = |job: &Job| job.slot.start.unwrap_or(UnixMillis(i64::MAX));
        sorted.sort_by_key(|job| (!job.is_deferred_safety, job.is_deferred_safety || job.attempt < 2, start(job), job.slot.visit));
        prop_assert_eq!(order, sorted.into_iter().map(|job| job.slot.visit).collect::<Vec<_>>());
    }
}

#[test]
fn the_grid_comes_first_and_then_who_has_least_to_do() {
    let mut job = job(1, Some(600), 60);
    job.team = Some(team(1));
    let taken = |number, start| Slot { visit: visit(number), start: Some(at(start)), minutes: 60 };
    let (mut idle, mut busy, mut local) = (rep(1), rep(2), rep(3));
    (idle.team, busy.team, local.team) = (Some(team(2)), Some(team(2)), Some(team(1)));
    busy.slots = vec![taken(50, 0)];
    local.slots = vec![taken(51, 0), taken(52, 100)];
    let proposal = propose(&[job], &[busy.clone(), idle.clone(), local.clone()], 1).remove(0);
    let order: Vec<UserId> = proposal.candidates.iter().map(|fit| fit.rep).collect();
    assert_eq!(order, [local.id, idle.id, busy.id]);
    assert_eq!(proposal.candidates.iter().map(|fit| fit.load.visits).collect::<Vec<_>>(), [2, 0, 1]);
}

#[test]
fn what_stands_in_the_way_is_named() {
    let mut busy = rep(1);
    busy.certificates.clear();
    busy.away = vec![Away { from: at(600), until: Some(at(601)) }];
    busy.slots = vec![Slot { visit: visit(9), start: Some(at(541)), minutes: 60 }];
    let mut wanted = job(1, Some(600), 60);
    wanted.crew = vec![busy.id];
    wanted.daily_minutes = 119;
    let codes = |job: &Job, rep: &Rep| judge(job, rep).hindrances.iter().map(|one| one.obstacle).collect::<Vec<_>>();
    use Obstacle as O;
    assert_eq!(codes(&wanted, &busy), [O::OnCrew, O::NotCertified, O::TimeClash, O::Overload]);
    busy.certificates = rep(1).certificates;
    assert_eq!(codes(&wanted, &busy), [O::OnCrew, O::Absent, O::TimeClash, O::Overload]);
    // To the minute: what ends when the next begins is no clash, and a full day is not an overfull one.
    (wanted.slot.start, wanted.needs.times, wanted.daily_minutes) = (Some(at(601)), (at(601), at(661)), 120);
    assert_eq!(codes(&wanted, &busy), [O::OnCrew]);
    // The visit itself takes no time from itself.
    wanted.slot.visit = visit(9);
    assert_eq!((codes(&wanted, &busy), judge(&wanted, &busy).load.visits), (vec![O::OnCrew], 0));
}

#[test]
fn an_absence_hinders_what_it_takes_a_part_of() {
    let away = |from, until: Option<i64>| Away { from: at(from), until: until.map(at) };
    let visit = (at(600), at(660));
    for (from, until, overlaps) in [
        (500, Some(600), false),
        (500, Some(601), true),
        (659, None, true),
        (660, None, false),
        (610, Some(620), true),
        // Ended before it began: it never was.
        (630, Some(630), false),
    ] {
        assert_eq!(away(from, until).overlaps(visit), overlaps, "{from} to {until:?}");
    }
}
