//! What phones and people are like where nobody cheats: clocks, positions and habits of honest visits, each drawn from the
//! number of the visit, so that every run has the same.
//!
//! - *Clocks* (design section 6): a phone knows the server's time by its contacts, with half the round trip as the error and
//!   500 millionths of the time since. Its wall clock is right to some seconds, has drifted by up to two minutes, or is wrong
//!   by up to a day and known to be; after a restart the offset is a memory without an error, and without a contact there is
//!   none. Stamps are made by [`Contact`], as on the phone; quartz strays up to 100 millionths (`sync_core::clock`).
//! - *Positions* (photo notes, sections 4 and 7): phones give the radius within which 68 % of their positions lie, as Android
//!   says of `Location.getAccuracy`; of two errors that are normal, 95 % lie within 1.6 of it, and 99 % within two. It is 5 to
//!   150 m, 200 to 500 m where masts are far apart, and some photos have none. The office has a site some tens of metres off,
//!   or does not know where it is.
//! - *Habits*: what is brought along is photographed before setting out, and what was forgotten after the hand-in, both within
//!   the quarter of an hour that the policy allows (`photo_window_minutes`); photos are taken again, and replace the first or
//!   follow one that is withdrawn.

use std::collections::BTreeMap;

use fuzz_targets::mutants::Random;
use serde_json::{Value, json};
use sync_core::bytes::Hash;
use sync_core::clock::Contact;
use sync_core::time::{Stamp, UnixMillis};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// How long the work of a visit takes, from the arrival to the hand-in.
const WORK_MS: i64 = 20 * MINUTE_MS;

/// By then everything of a visit lies in the past.
pub(super) const VISIT_SECS: i64 = 35 * 60;

/// A place in the city, in microdegrees.
pub(super) type Place = (i64, i64);

/// Hundredths of microdegrees in a metre, of latitude and at 30.7° of longitude.
const METRE: (i64, i64) = (898, 1_044);

/// What becomes of the first shot of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// It is the only one.
    Kept,
    /// The second one replaces it.
    Replaced,
    /// It is withdrawn.
    Withdrawn,
}

/// A visit as it is, with the phone that is taken along.
pub(super) struct Honest {
    random: Random,
    begin_ms: i64,
    clock: PhoneClock,
    /// Where the work is.
    place: Place,
    /// How often each imperfection was met.
    pub(super) met: BTreeMap<&'static str, u64>,
}

impl Honest {
    /// The visit of a number, whose crew arrives now: somewhere, or where it was before.
    pub(super) fn of(number: u64, now: UnixMillis, again: Option<Place>) -> Self {
        let mut random = dice(number);
        let mut met = BTreeMap::new();
        let clock = PhoneClock::of(&mut random, number, now.0, &mut met);
        let steps = i64::try_from(number % 1_000).expect("small");
        let place = again.unwrap_or((30_659_462 + steps * 1_500, 104_065_735 - steps * 1_100));
        Self { random, begin_ms: now.0, clock, place, met }
    }

    fn note(&mut self, what: &'static str) {
        *self.met.entry(what).or_default() += 1;
    }

    /// Where the work is.
    pub(super) const fn place(&self) -> Place {
        self.place
    }

    /// Where the office has the site, if it knows.
    pub(super) fn of_office(&mut self) -> Option<Place> {
        if self.random.below(8) == 0 {
            self.note("site of unknown position");
            return None;
        }
        Some(near(&mut self.random, self.place, 0, 80))
    }

    /// The clock at the arrival.
    pub(super) fn arrived(&self) -> Stamp {
        self.clock.stamp(self.begin_ms)
    }

    /// The clock at the hand-in.
    pub(super) fn handed_in(&self) -> Stamp {
        self.clock.stamp(self.begin_ms + WORK_MS)
    }

    /// What becomes of the first shot.
    pub(super) fn first(&mut self) -> First {
        let (first, what) = match self.random.below(100) {
            0..8 => (First::Replaced, "photo replaced"),
            8..12 => (First::Withdrawn, "photo withdrawn"),
            _ => return First::Kept,
        };
        self.note(what);
        first
    }

    /// Makes a record one of this phone.
    pub(super) fn taken(&mut self, record: &mut Value) {
        let far = between(&mut self.random, 1, 14 * 60) * SECOND_MS;
        let (after_ms, what) = match self.random.below(100) {
            0..8 => (-far, "taken before setting out"),
            8..16 => (WORK_MS + far, "taken after the hand-in"),
            _ => (between(&mut self.random, 0, WORK_MS), "taken at work"),
        };
        self.note(what);
        record["taken_at"] = json!(self.clock.stamp(self.begin_ms + after_ms));
        match self.position() {
            Some(geo) => record["geo"] = geo,
            None => drop(record.as_object_mut().expect("a record").remove("geo")),
        }
    }

    /// What the phone believes of its position.
    fn position(&mut self) -> Option<Value> {
        let (acc_m, what) = match self.random.below(100) {
            0..6 => (None, "no position"),
            6..10 => (Some(between(&mut self.random, 200, 500)), "position of 200 to 500 m"),
            _ => (Some(between(&mut self.random, 5, 150)), "position of 5 to 150 m"),
        };
        self.note(what);
        let acc_m = acc_m?;
        let (least, most) = match self.random.below(100) {
            0..68 => (0, acc_m),
            68..95 => (acc_m, acc_m * 16 / 10),
            _ => (acc_m * 16 / 10, acc_m * 2),
        };
        let (lat_udeg, lon_udeg) = near(&mut self.random, self.place, least, most);
        Some(json!({"lat_udeg": lat_udeg, "lon_udeg": lon_udeg, "acc_m": acc_m, "datum": "wgs84"}))
    }
}

/// When a phone last heard from the server.
enum Heard {
    InThisBoot,
    BeforeRestart,
    Never,
}

/// The clocks of a phone during a visit.
struct PhoneClock {
    boot_id: String,
    booted_ms: i64,
    /// By how much the wall clock is ahead of the truth.
    ahead_ms: i64,
    /// By how many millionths the monotonic clock runs fast.
    fast_ppm: i64,
    contact: Option<Contact>,
}

impl PhoneClock {
    fn of(random: &mut Random, number: u64, now_ms: i64, met: &mut BTreeMap<&'static str, u64>) -> Self {
        let (what, most_ms, heard) = match random.below(100) {
            0..55 => ("clock right to 3 s", 3 * SECOND_MS, Heard::InThisBoot),
            55..75 => ("clock off by up to 2 min", 2 * MINUTE_MS, Heard::InThisBoot),
            75..83 => ("clock wrong by up to 26 h, and known to be", 26 * HOUR_MS, Heard::InThisBoot),
            83..93 => ("restarted since the last contact", 2 * MINUTE_MS, Heard::BeforeRestart),
            _ => ("no contact so far", 2 * MINUTE_MS, Heard::Never),
        };
        *met.entry(what).or_default() += 1;
        let mut clock = Self {
            boot_id: format!("{number:08X}"),
            booted_ms: now_ms - between(random, 11, 72) * HOUR_MS,
            ahead_ms: between(random, -most_ms, most_ms),
            fast_ppm: between(random, -100, 100),
            contact: None,
        };
        let heard_ms = now_ms - between(random, MINUTE_MS, 10 * HOUR_MS);
        clock.contact = match heard {
            Heard::Never => None,
            Heard::BeforeRestart => {
                let before = Self { boot_id: "BEFORE00".to_owned(), contact: None, ..clock };
                let contact = before.heard(random, heard_ms);
                clock = Self { boot_id: format!("{number:08X}"), booted_ms: now_ms - 20 * MINUTE_MS, ..before };
                Some(contact)
            }
            Heard::InThisBoot => Some(clock.heard(random, heard_ms)),
        };
        clock
    }

    /// A contact whose answer is read at an instant; the server read its clock at some moment of the way.
    fn heard(&self, random: &mut Random, at_ms: i64) -> Contact {
        let round_trip_ms = between(random, 40, 3_000);
        let server_ms = at_ms - between(random, 0, round_trip_ms);
        Contact::heard(round_trip_ms, &self.stamp(at_ms), UnixMillis(server_ms))
    }

    /// What the phone stamps at an instant.
    fn stamp(&self, at_ms: i64) -> Stamp {
        let ran_ms = at_ms - self.booted_ms;
        let (wall_ms, mono_ms) = (at_ms + self.ahead_ms, ran_ms + ran_ms * self.fast_ppm / 1_000_000);
        let known = self.contact.as_ref().map(|contact| contact.offset(wall_ms, mono_ms, &self.boot_id, false));
        let (off_ms, err_ms) = known.map_or((None, None), |(off_ms, err_ms)| (Some(off_ms), err_ms));
        Stamp { wall_ms, mono_ms, boot_id: self.boot_id.clone(), off_ms, err_ms }
    }
}

/// What is drawn for a number.
fn dice(number: u64) -> Random {
    let drawn = Hash::of(format!("honest visit {number}").as_bytes());
    let seed = drawn.0.iter().take(8).fold(0_u64, |seed, byte| seed << 8 | u64::from(*byte));
    Random::new(seed)
}

/// A number from `least` to `most`.
fn between(random: &mut Random, least: i64, most: i64) -> i64 {
    let below = usize::try_from(most - least + 1).expect("a range");
    least + i64::try_from(random.below(below)).expect("small")
}

/// A place that lies more than `least_m` and at most `most_m` from another one, or is that one.
fn near(random: &mut Random, place: Place, least_m: i64, most_m: i64) -> Place {
    loop {
        let (north, east) = (between(random, -most_m, most_m), between(random, -most_m, most_m));
        let square = north * north + east * east;
        if square <= most_m * most_m && (least_m == 0 || square > least_m * least_m) {
            return (place.0 + north * METRE.0 / 100, place.1 + east * METRE.1 / 100);
        }
    }
}
