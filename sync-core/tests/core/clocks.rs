//! What clocks prove, against the true time of simulated phones: clocks set forward and back, restarts, sleep, contacts
//! before, after or never. No verdict may be wrong; where the clocks cannot tell it is undetermined.

#![expect(clippy::expect_used, reason = "tests stop at the first surprise")]

use std::cell::RefCell;

use crate::support::{Story, install};
use proptest::prelude::*;
use serde_json::json;
use sync_core::bytes::Actor;
use sync_core::clock::{Clocks, Contact, Deadline, Elapsed, drift_ms};
use sync_core::doc::record::TimelineEvent;
use sync_core::ids::UserId;
use sync_core::merge::View;
use sync_core::merge::view::{Entry, OpId};
use sync_core::rules::absence_wait;
use sync_core::time::{Stamp, UnixMillis};

const REP: UserId = UserId::from_bytes([7; 16]);

/// When the simulation starts, on the server's clock.
const START: i64 = 1_741_050_000_000;

const MINUTE: i64 = 60_000;

/// What happens to a phone.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// The page runs.
    Run { ms: i64 },
    /// The phone sleeps; some monotonic clocks stop.
    Sleep { ms: i64 },
    /// Somebody sets the wall clock. Each size occurs once, so that no sum of some is nothing again.
    Set { forward: bool },
    /// The phone restarts, or the page is loaded anew.
    Restart { off_ms: i64 },
    /// A sync: this long there and back.
    Contact { there_ms: i64, back_ms: i64 },
    /// A record of no interest but its stamp.
    Record,
    /// The rep arrives; the last time counts.
    Arrive,
    /// The rep gives up; the last time counts.
    GiveUp,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..20 * MINUTE).prop_map(|ms| Act::Run { ms }),
        1 => (0..20 * MINUTE).prop_map(|ms| Act::Sleep { ms }),
        1 => any::<bool>().prop_map(|forward| Act::Set { forward }),
        1 => (0..10 * MINUTE).prop_map(|off_ms| Act::Restart { off_ms }),
        2 => (0..5_000_i64, 0..5_000_i64).prop_map(|(there_ms, back_ms)| Act::Contact { there_ms, back_ms }),
        1 => Just(Act::Record),
        2 => Just(Act::Arrive),
        2 => Just(Act::GiveUp),
    ]
}

thread_local! {
    /// The plan and the norms of every phone; reading a template takes longer than a simulated day.
    static STORY: RefCell<Story> = RefCell::new(install());
}

/// A phone whose true time is known.
struct Phone {
    view: View,
    /// The server's clock.
    now: i64,
    /// Wall clock minus the server's.
    ahead: i64,
    /// Monotonic clock in millionths of a millisecond.
    mono: i128,
    ppm: i64,
    stops_asleep: bool,
    boot: usize,
    contact: Option<Contact>,
    heartbeat: Option<Stamp>,
    arrived: Option<(i64, Stamp)>,
    left: Option<(i64, Stamp)>,
    all: Vec<(i64, Stamp)>,
}

impl Phone {
    fn new(ppm: i64, stops_asleep: bool, ahead: i64) -> Self {
        Self {
            view: STORY.with_borrow(|story| story.view.clone()),
            now: START,
            ahead,
            mono: 7_000_000,
            ppm,
            stops_asleep,
            boot: 0,
            contact: None,
            heartbeat: None,
            arrived: None,
            left: None,
            all: Vec::new(),
        }
    }

    fn run(&mut self, ms: i64) {
        self.now += ms;
        self.mono += i128::from(ms) * i128::from(1_000_000 + self.ppm);
    }

    fn stamp(&self) -> Stamp {
        let (wall_ms, boot_id) = (self.now + self.ahead, format!("BOOT{:04}", self.boot));
        let mono_ms = i64::try_from(self.mono / 1_000_000).unwrap_or(i64::MAX);
        let claim = self.contact.as_ref().map(|heard| heard.offset(wall_ms, mono_ms, &boot_id, self.stops_asleep));
        let (off_ms, err_ms) = claim.map_or((None, None), |(off, err)| (Some(off), err));
        Stamp { wall_ms, mono_ms, boot_id, off_ms, err_ms }
    }

    fn record(&mut self, event: &str) -> (i64, Stamp) {
        let stamp = self.stamp();
        let value = TimelineEvent { event: event.to_owned(), at: stamp.clone(), geo: None, by: REP, reason: None };
        let op = OpId { counter: 1, actor: Actor([9; 16]) };
        self.view.timeline.push(Entry { key: String::new(), value, op });
        self.all.push((self.now, stamp.clone()));
        (self.now, stamp)
    }

    fn restart(&mut self, off_ms: i64) {
        let before = self.heartbeat.clone();
        self.now += off_ms;
        (self.boot, self.mono) = (self.boot + 1, i128::from(off_ms) * 1_000);
        let stamp = self.stamp();
        let Some(before) = before else { return };
        let link = json!({
            "prev_boot": before.boot_id, "prev_wall": before.wall_ms, "prev_mono": before.mono_ms,
            "wall": stamp.wall_ms, "mono": stamp.mono_ms, "at": stamp, "by": REP,
        });
        let key = format!("clock_link/{}", self.boot);
        let op = OpId { counter: 1, actor: Actor([9; 16]) };
        self.view.more.insert(key.clone(), Entry { key, value: link, op });
    }

    fn act(&mut self, number: usize, act: Act) {
        match act {
            Act::Run { ms } => self.run(ms),
            Act::Sleep { ms } if self.stops_asleep => self.now += ms,
            Act::Sleep { ms } => self.run(ms),
            // Forward by minutes to days; back by more than any sleep could hide.
            Act::Set { forward: true } => self.ahead += MINUTE << number,
            Act::Set { forward: false } => self.ahead -= 4_000_000_000 << number,
            Act::Restart { off_ms } => self.restart(off_ms),
            Act::Contact { there_ms, back_ms } => {
                let sent = self.stamp().mono_ms;
                self.run(there_ms);
                let server_time = UnixMillis(self.now);
                self.run(back_ms);
                self.contact = Some(Contact::heard(self.stamp().mono_ms - sent, &self.stamp(), server_time));
            }
            Act::Record => {
                self.record("depart");
            }
            Act::Arrive => self.arrived = Some(self.record("arrive")),
            Act::GiveUp => self.left = Some(self.record("give_up")),
        }
        self.heartbeat = Some(self.stamp());
    }
}

fn days() -> impl Strategy<Value = (i64, bool, i64, Vec<Act>)> {
    let acts = prop::collection::vec(act(), 2..14);
    (-500..=500_i64, any::<bool>(), -100_000_000..100_000_000_i64, acts)
}

fn played((ppm, stops_asleep, ahead, acts): &(i64, bool, i64, Vec<Act>)) -> Phone {
    let mut phone = Phone::new(*ppm, *stops_asleep, *ahead);
    for (number, act) in acts.iter().enumerate() {
        phone.act(number, *act);
    }
    phone
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_true_instant_lies_within_the_bounds_and_the_error(day in days()) {
        let phone = played(&day);
        let clocks = Clocks::of(&phone.view);
        prop_assert_eq!(clocks.contradictions().count(), 0);
        for (truth, stamp) in &phone.all {
            let bounds = clocks.bounds(REP, stamp);
            // A millisecond for clocks that are read in whole ones.
            prop_assert!(bounds.earliest.is_none_or(|earliest| earliest.0 <= truth + 1), "{bounds:?} {truth}");
            prop_assert!(bounds.latest.is_none_or(|latest| latest.0 >= truth - 1), "{bounds:?} {truth}");
            if let (at, Some(err)) = clocks.corrected(REP, stamp) {
                prop_assert!((at.0 - truth).abs() <= err + 1, "{at:?} ± {err}, true {truth}");
            }
            for deadline in [truth - 2 * MINUTE, truth - 2, truth + 2, truth + 2 * MINUTE] {
                match bounds.not_after(UnixMillis(deadline)) {
                    Deadline::Met => prop_assert!(*truth <= deadline),
                    Deadline::Missed => prop_assert!(*truth > deadline),
                    Deadline::Undetermined => {}
                }
            }
        }
    }

    #[test]
    fn no_wait_is_met_or_missed_wrongly(day in days()) {
        let phone = played(&day);
        let (Some((arrived_at, _)), Some((left_at, left))) = (&phone.arrived, &phone.left) else { return Ok(()) };
        if arrived_at > left_at {
            return Ok(());
        }
        let (deadline, waited) = judged(&phone.view, left);
        let truth = left_at - arrived_at;
        // The monotonic clock counts as it runs: its own drift is not taken off a wait.
        let (least, most) = (truth - drift_ms(truth) - 2, truth + drift_ms(truth) + 2);
        prop_assert!(waited.at_least_ms.is_none_or(|ms| ms <= most), "{waited:?}, true {truth}");
        prop_assert!(waited.at_most_ms.is_none_or(|ms| ms >= least), "{waited:?}, true {truth}");
        match deadline {
            Deadline::Met => prop_assert!(most >= 15 * MINUTE, "{waited:?}, true {truth}"),
            Deadline::Missed => prop_assert!(least < 15 * MINUTE, "{waited:?}, true {truth}"),
            Deadline::Undetermined => {}
        }
    }
}

/// The wait from the last arrival until the rep left.
fn judged(view: &View, left: &Stamp) -> (Deadline, Elapsed) {
    let arrive = view.timeline.iter().rev().find(|entry| entry.value.event == "arrive").expect("the rep arrived");
    STORY.with_borrow_mut(|story| {
        story.view = view.clone();
        let wait = absence_wait(&story.facts()).expect("the template asks for a wait");
        let waited = wait.waited(&story.facts(), &arrive.value, REP, left);
        story.view.timeline.clear();
        story.view.more.clear();
        (wait.deadline(waited), waited)
    })
}

/// The verdict over a wait of so many minutes, cut by what happens in the middle.
fn verdict(before: &[Act], middle: &[Act], minutes: i64, after: &[Act], stops_asleep: bool) -> Deadline {
    let mut acts = before.to_vec();
    acts.push(Act::Arrive);
    acts.push(Act::Run { ms: minutes * MINUTE / 2 });
    acts.extend(middle);
    acts.push(Act::Run { ms: minutes * MINUTE / 2 });
    acts.push(Act::GiveUp);
    acts.extend(after);
    let phone = played(&(0, stops_asleep, 0, acts));
    let (_, left) = phone.left.expect("the rep gave up");
    judged(&phone.view, &left).0
}

const CONTACT: Act = Act::Contact { there_ms: 40, back_ms: 40 };
const RESTART: Act = Act::Restart { off_ms: 60_000 };

#[test]
fn one_boot_proves_a_wait_without_any_contact() {
    assert_eq!(verdict(&[], &[], 16, &[], true), Deadline::Met);
    assert_eq!(verdict(&[], &[Act::Set { forward: true }], 16, &[], true), Deadline::Met);
    assert_eq!(verdict(&[], &[], 10, &[], true), Deadline::Undetermined, "a clock that slept shows as little");
    assert_eq!(verdict(&[CONTACT], &[], 10, &[], true), Deadline::Missed);
    assert_eq!(verdict(&[CONTACT], &[Act::Set { forward: true }], 10, &[], false), Deadline::Missed);
}

#[test]
fn heartbeats_prove_a_wait_across_a_restart() {
    assert_eq!(verdict(&[], &[RESTART], 16, &[], true), Deadline::Met);
    assert_eq!(verdict(&[], &[RESTART, RESTART], 16, &[], true), Deadline::Met, "each restart is linked");
    let off = Act::Restart { off_ms: 10 * MINUTE };
    assert_eq!(verdict(&[], &[off], 10, &[], true), Deadline::Undetermined, "off for ten minutes, perhaps");
}

#[test]
fn contacts_that_agree_prove_the_wall_clock_between_them() {
    let off = Act::Restart { off_ms: 10 * MINUTE };
    assert_eq!(verdict(&[CONTACT], &[off], 10, &[], true), Deadline::Undetermined, "no contact after");
    assert_eq!(verdict(&[CONTACT], &[off], 10, &[CONTACT, Act::Record], true), Deadline::Met);
    assert_eq!(verdict(&[CONTACT], &[RESTART], 8, &[RESTART, CONTACT, Act::Record], true), Deadline::Missed);
    let set = [off, Act::Set { forward: true }];
    let after = [RESTART, CONTACT, Act::Record];
    assert_eq!(verdict(&[CONTACT], &set, 4, &after, true), Deadline::Undetermined, "they disagree");
}
