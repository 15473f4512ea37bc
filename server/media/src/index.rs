//! Finding photos that look the same among many.
//!
//! Owns the packed prints of one organisation and the search among them; it must not know what a likeness means.
//!
//! Mirroring or turning upside down inverts the odd frequencies of one direction, so it acts on whole classes of bits:
//! those of even and odd columns in even and odd rows. Packed by class, one count for each of the four gives the distances
//! of all four sign changes, and a second look at the transposed print those of the quarter turns: two looks for eight
//! orientations. Different photos differ in about half of the bits of every class, so most are dismissed after three.

use std::collections::HashMap;

use sync_core::bytes::Hash;

use crate::print::{Print, Prints};

/// Bits of one class of a print.
const CLASS_BITS: u32 = 64;

/// A print by class: even and odd columns of even rows, then of odd rows; all zero where there is none.
type Packed = [u64; 4];

/// A photo that looks the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Likeness {
    /// In how many of 256 bits the prints differ at least; see [`Prints::distance`].
    pub bits: u32,
    /// Its content.
    pub sha256: Hash,
}

/// The prints of the photos of one organisation, searched in full.
///
/// # Units
/// 128 bytes a photo, and about 100 for its name.
#[derive(Debug, Default)]
pub struct PrintIndex {
    prints: Vec<[Packed; 4]>,
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

    /// Adds the prints of a photo, in place of those it had.
    pub fn put(&mut self, sha256: Hash, prints: &Prints) {
        let packed = prints.windows.map(|window| window.map_or([0; 4], packed));
        if let Some(known) = self.places.get(&sha256).and_then(|place| self.prints.get_mut(*place)) {
            *known = packed;
            return;
        }
        self.places.insert(sha256, self.names.len());
        self.names.push(sha256);
        self.prints.push(packed);
    }

    /// Every photo that differs from another in at most `most` bits, in any orientation, also where one is cut out of the
    /// other; the closest first.
    #[must_use]
    pub fn search(&self, prints: &Prints, most: u32) -> Vec<Likeness> {
        let queries = prints.windows.map(|window| window.map(Query::of));
        let mut found: Vec<Likeness> = Vec::new();
        for (stored, sha256) in self.prints.iter().zip(&self.names) {
            if let Some(bits) = nearest(&queries, stored, most) {
                found.push(Likeness { bits, sha256: *sha256 });
            }
        }
        found.sort_unstable();
        found
    }
}

/// The least distance of two photos if it is at most `most`: the whole of the one against every window of the other, and
/// the cut windows of the one against the whole of the other.
fn nearest(queries: &[Option<Query>; 4], stored: &[Packed; 4], most: u32) -> Option<u32> {
    let [whole, crops @ ..] = queries;
    let [stored_whole, ..] = stored;
    let against_all = whole.iter().flat_map(|whole| stored.iter().filter_map(|window| whole.distance(window, most)));
    let against_whole = crops.iter().flatten().filter_map(|crop| crop.distance(stored_whole, most));
    against_all.chain(against_whole).min()
}

/// A print that is looked for, as it is and with rows and columns changed over.
struct Query([Packed; 2]);

impl Query {
    fn of(print: Print) -> Self {
        Self([packed(print), packed(print.transposed())])
    }

    /// The least distance in any orientation, if it is at most `most`.
    fn distance(&self, stored: &Packed, most: u32) -> Option<u32> {
        let near = self.0.iter().filter_map(|print| least(print, stored, most)).min()?;
        // Looked at last, since nearly nothing comes so far: an absent print is near to nothing.
        (*stored != [0; 4]).then_some(near)
    }
}

/// The least distance under the four changes of signs, if it is at most `most`.
fn least(print: &Packed, stored: &Packed, most: u32) -> Option<u32> {
    let [a, b, c, d] = print;
    let [e, f, g, h] = stored;
    let inverted = |bits: u32| CLASS_BITS - bits;
    let (first, second, third) = ((a ^ e).count_ones(), (b ^ f).count_ones(), (c ^ g).count_ones());
    // Whatever is inverted, at least so many bits differ.
    let at_least = |bits: u32| bits.min(inverted(bits));
    if at_least(first) + at_least(second) + at_least(third) > most {
        return None;
    }
    let fourth = (d ^ h).count_ones();
    let as_it_is = first + second + third + fourth;
    let columns = inverted(first) + second + inverted(third) + fourth;
    let rows = inverted(first) + inverted(second) + third + fourth;
    let both = first + inverted(second) + inverted(third) + fourth;
    let least = as_it_is.min(columns).min(rows).min(both);
    (least <= most).then_some(least)
}

/// The bits of a print by class, the classes in the order of reading.
///
/// The first row and column hold frequency 1, so "even" here are odd frequencies: those that a mirror inverts.
fn packed(print: Print) -> Packed {
    let mut classes = [0_u64; 4];
    for (y, row) in print.rows().into_iter().enumerate() {
        for x in 0..16_usize {
            let bit = u64::from(row >> x & 1);
            let place = (y / 2) * 8 + x / 2;
            if let Some(class) = classes.get_mut(y % 2 * 2 + x % 2) {
                *class |= bit << place;
            }
        }
    }
    classes
}
