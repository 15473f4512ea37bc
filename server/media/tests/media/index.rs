//! The index finds exactly what comparing every pair finds.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic, also in its helpers")]

use doorstep_media::{Likeness, Print, PrintIndex, Prints};
use sync_core::bytes::Hash;

use crate::support::{ingested, jpeg, room};

/// Random bytes that follow from a seed, and from which photo they are.
struct Bits(u64);

impl Bits {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn print(&mut self) -> Print {
        let mut bytes = [0; Print::BYTES];
        bytes.fill_with(|| self.next().to_be_bytes()[3]);
        Print::from_bytes(bytes)
    }

    /// A print that differs from another in at most so many bits, in some orientation.
    fn near(&mut self, print: Print, bits: u64) -> Print {
        let turned = print.orientations()[usize::try_from(self.next() % 8).unwrap()];
        let mut bytes = turned.to_bytes();
        for _ in 0..self.next() % (bits + 1) {
            let place = usize::try_from(self.next() % 256).unwrap();
            bytes[place / 8] ^= 1 << (place % 8);
        }
        Print::from_bytes(bytes)
    }
}

/// In how many of the hundred lowest frequencies two photos differ at least.
fn low_distance(one: &Prints, other: &Prints) -> Option<u32> {
    let ([whole, crops @ ..], [other_whole, ..]) = (&one.windows, &other.windows);
    let with_all = whole.iter().flat_map(|whole| other.windows.iter().flatten().map(move |window| (whole, window)));
    let with_whole = crops.iter().flatten().flat_map(|crop| other_whole.iter().map(move |whole| (crop, whole)));
    with_all.chain(with_whole).map(|(one, other)| low_bits(*one, *other)).min()
}

fn low_bits(one: Print, other: Print) -> u32 {
    let low = |print: Print| {
        let bytes = print.to_bytes();
        let rows = bytes.as_chunks::<2>().0.iter().take(10).map(|row| u16::from_be_bytes(*row) & 0x3FF);
        rows.collect::<Vec<u16>>()
    };
    let differing = |turned: &Print| low(*turned).into_iter().zip(low(other)).map(|(a, b)| (a ^ b).count_ones()).sum();
    one.orientations().iter().map(differing).min().unwrap()
}

/// What comparing with every photo finds.
fn by_force(photos: &[(Hash, Prints)], wanted: &Prints) -> Vec<Likeness> {
    let near = photos.iter().filter_map(|(sha256, prints)| {
        let low_bits = low_distance(wanted, prints).filter(|bits| *bits <= 29)?;
        Some(Likeness { bits: wanted.distance(prints)?, low_bits, sha256: *sha256 })
    });
    let mut found: Vec<Likeness> = near.collect();
    found.sort_unstable();
    found
}

#[test]
fn every_photo_is_found_that_a_comparison_of_all_pairs_finds_and_no_other() {
    let mut bits = Bits(0x0123_4567_89AB_CDEF);
    let mut photos: Vec<(Hash, Prints)> = Vec::new();
    for number in 0..400_u32 {
        let mut windows = [(); 4].map(|()| Some(bits.print()));
        // Half of them are made from one that is there: whole from whole, whole from a window, a window from the whole.
        if number % 2 == 1 {
            let (_, earlier) = photos[usize::try_from(bits.next()).unwrap() % photos.len()];
            let (to, from) = [(0, 0), (0, 2), (3, 0)][usize::try_from(number / 2 % 3).unwrap()];
            windows[to] = earlier.windows[from].map(|print| bits.near(print, 90));
        }
        // Some windows show too little.
        if number % 7 == 0 {
            windows[usize::try_from(bits.next() % 4).unwrap()] = None;
        }
        photos.push((Hash::of(&number.to_be_bytes()), Prints { windows, detail_c: 900 }));
    }
    let mut index = PrintIndex::default();
    photos.iter().for_each(|(sha256, prints)| index.put(*sha256, prints));
    assert_eq!(index.len(), photos.len());
    let mut pairs = 0;
    for (_, wanted) in &photos {
        let expected = by_force(&photos, wanted);
        assert_eq!(index.search(wanted), expected);
        pairs += expected.len();
    }
    assert!(pairs > 800, "only {pairs} likenesses were compared");
}

#[test]
fn a_photo_without_prints_is_found_by_nothing_and_finds_nothing() {
    let nothing = Prints { windows: [None; 4], detail_c: 10 };
    let mut index = PrintIndex::default();
    index.put(Hash::of(b"wall"), &nothing);
    assert_eq!(index.search(&nothing), []);
    let zeros = Prints { windows: [Some(Print::from_bytes([1; 32])); 4], detail_c: 900 };
    assert_eq!(index.search(&zeros), []);
}

#[test]
fn prints_that_are_put_again_take_the_place_of_the_first() {
    let mut bits = Bits(7);
    let mut prints = || Prints { windows: [Some(bits.print()); 4], detail_c: 900 };
    let (before, after, name) = (prints(), prints(), Hash::of(b"photo"));
    let mut index = PrintIndex::default();
    index.put(name, &before);
    index.put(name, &after);
    assert_eq!((index.len(), index.search(&before)), (1, vec![]));
    assert_eq!(index.search(&after), [Likeness { bits: 0, low_bits: 0, sha256: name }]);
}

#[test]
fn a_drawn_photo_is_found_turned_mirrored_and_smaller() {
    let mut index = PrintIndex::default();
    for seed in 0..8 {
        index.put(Hash::of(&seed.to_string().into_bytes()), &ingested(&jpeg(&room(seed))).prints);
    }
    let original = room(3);
    let small = original.resize(480, 480, image::imageops::FilterType::Triangle);
    for changed in [original.rotate90(), original.fliph(), small] {
        let found = index.search(&ingested(&jpeg(&changed)).prints);
        let names: Vec<Hash> = found.iter().filter(|one| one.bits <= 48).map(|one| one.sha256).collect();
        assert_eq!(names, [Hash::of(b"3")]);
    }
}
