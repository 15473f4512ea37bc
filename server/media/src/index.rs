//! Finding photos that look the same among many.
//!
//! Owns the packed prints of one organisation and the search among them; it must not know what a likeness means.
//!
//! A search looks at the hundred lowest frequencies of a print, which change least when a picture is cut; only what is near
//! in them is compared in full. Mirroring or turning upside down inverts the odd frequencies of one direction, so it acts
//! on whole classes of bits: those of even and odd columns in even and odd rows. Packed by class, one count for each of the
//! four gives the distances of all four sign changes, and a second look at the transposed print those of the quarter turns:
//! two looks for eight orientations.

use std::collections::HashMap;

use sync_core::bytes::Hash;

use crate::print::{Print, Prints};

/// How many of the hundred lowest frequencies of two windows differ at most where photos are compared in full.
///
/// # Source
/// Measured on drawn interiors: 19 of 20 pictures of which up to a tenth was cut off, at each side another share, are within;
/// of other pairs one in a thousand is.
const NEAR_BITS: u32 = 29;

/// Frequencies in each direction that a search looks at first.
const LOW: usize = 10;

/// Bits of one class of them.
const CLASS_BITS: u32 = 25;

/// The low bits of a print by class: even and odd columns of even rows, then of odd rows; all zero where there is none.
type Low = [u32; 4];

/// The low bits of many prints, class by class: a processor then compares several photos at once.
type Lows = [Vec<u32>; 4];

/// Photos compared at once: what is known of them stays in the nearest cache.
const AT_ONCE: usize = 1024;

/// A photo that looks the same, or may be part of the same picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Likeness {
    /// In how many of 256 bits the prints differ at least; see [`Prints::distance`].
    pub bits: u32,
    /// In how many of the hundred lowest frequencies they differ at least.
    pub low_bits: u32,
    /// Its content.
    pub sha256: Hash,
}

/// The prints of the photos of one organisation, searched in full.
///
/// # Units
/// 200 bytes a photo, and about 100 for its name.
#[derive(Debug, Default)]
pub struct PrintIndex {
    lows: [Lows; 4],
    prints: Vec<[Option<Print>; 4]>,
    names: Vec<Hash>,
    places: HashMap<Hash, usize>,
}

impl PrintIndex {
    /// How many photos are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// How much memory it takes.
    ///
    /// # Units
    /// Bytes, to within those that its parts are kept in.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let lows: usize = self.lows.iter().flatten().map(Vec::capacity).sum();
        lows * size_of::<u32>()
            + self.prints.capacity() * size_of::<[Option<Print>; 4]>()
            + self.names.capacity() * size_of::<Hash>()
            // A byte of each place says whether it is taken.
            + self.places.capacity() * (size_of::<(Hash, usize)>() + 1)
    }

    /// Adds the prints of a photo, in place of those it had.
    pub fn put(&mut self, sha256: Hash, prints: &Prints) {
        let place = *self.places.entry(sha256).or_insert(self.names.len());
        if place == self.names.len() {
            self.names.push(sha256);
            self.prints.push([None; 4]);
            self.lows.iter_mut().flatten().for_each(|class| class.push(0));
        }
        if let Some(known) = self.prints.get_mut(place) {
            *known = prints.windows;
        }
        for (lows, window) in self.lows.iter_mut().zip(prints.windows) {
            for (class, bits) in lows.iter_mut().zip(window.map_or([0; 4], low)) {
                if let Some(known) = class.get_mut(place) {
                    *known = bits;
                }
            }
        }
    }

    /// Every photo that is near in the lowest frequencies, in any orientation, also where one is cut out of the other; the
    /// closest in full first.
    #[must_use]
    pub fn search(&self, prints: &Prints) -> Vec<Likeness> {
        let looks = looks(prints);
        let mut found: Vec<Likeness> = Vec::new();
        for from in (0..self.names.len()).step_by(AT_ONCE) {
            let mut least = [u32::MAX; AT_ONCE];
            for (wanted, window) in &looks {
                if let Some(lows) = self.lows.get(*window) {
                    compare_low(&mut least, wanted, lows, from);
                }
            }
            let near = (from..).zip(least).filter(|(_, low_bits)| *low_bits <= NEAR_BITS);
            found.extend(near.filter_map(|(place, low_bits)| self.compare(prints, place, low_bits)));
        }
        found.sort_unstable();
        found
    }

    fn compare(&self, prints: &Prints, place: usize, low_bits: u32) -> Option<Likeness> {
        let (windows, sha256) = (*self.prints.get(place)?, *self.names.get(place)?);
        let bits = prints.distance(&Prints { windows, detail_c: 0 })?;
        Some(Likeness { bits, low_bits, sha256 })
    }
}

/// What is compared with which window of every photo: the whole with all of them, and the cut windows with the whole; each
/// as it is and with rows and columns changed over.
fn looks(prints: &Prints) -> Vec<(Low, usize)> {
    let [whole, crops @ ..] = prints.windows;
    let with_all = whole.into_iter().flat_map(|print| (0..4).map(move |window| (print, window)));
    let with_whole = crops.into_iter().flatten().map(|print| (print, 0));
    let both = |(print, window): (Print, usize)| [(low(print), window), (low(print.transposed()), window)];
    with_all.chain(with_whole).flat_map(both).collect()
}

/// Lowers the least distances of photos from a place on, under the four changes of signs.
fn compare_low(least: &mut [u32; AT_ONCE], wanted: &Low, lows: &Lows, from: usize) {
    let [q, r, s, t] = wanted;
    let [a, b, c, d] = lows.each_ref().map(|class| class.get(from..).unwrap_or_default());
    for ((((least, a), b), c), d) in least.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        let (a, b, c, d) = (count(q ^ a), count(r ^ b), count(s ^ c), count(t ^ d));
        let inverted = |bits: u32| CLASS_BITS - bits;
        let as_it_is = a + b + c + d;
        let columns = inverted(a) + b + inverted(c) + d;
        let rows = inverted(a) + inverted(b) + c + d;
        let both = a + inverted(b) + inverted(c) + d;
        *least = (*least).min(as_it_is).min(columns).min(rows).min(both);
    }
}

/// How many bits are set. Not `count_ones`, which a portable program cannot leave to the processor: this is done for several
/// photos at once.
const fn count(bits: u32) -> u32 {
    let pairs = bits - (bits >> 1 & 0x5555_5555);
    let fours = (pairs & 0x3333_3333) + (pairs >> 2 & 0x3333_3333);
    let bytes = (fours + (fours >> 4)) & 0x0F0F_0F0F;
    let wider = bytes + (bytes >> 8);
    (wider + (wider >> 16)) & 0x3F
}

/// The lowest frequencies of a print by class, in the order of reading.
///
/// The first row and column hold frequency 1, so "even" here are odd frequencies: those that a mirror inverts.
fn low(print: Print) -> Low {
    let mut classes = [0; 4];
    for (y, row) in print.rows().into_iter().take(LOW).enumerate() {
        for x in 0..LOW {
            let bit = u32::from(row >> x & 1);
            if let Some(class) = classes.get_mut(y % 2 * 2 + x % 2) {
                *class |= bit << (y / 2 * (LOW / 2) + x / 2);
            }
        }
    }
    classes
}
