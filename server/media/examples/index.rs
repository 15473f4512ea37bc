//! Measures a search among many photos: `cargo run --release -p doorstep-media --example index -- [PHOTOS [SEARCHES]]`.
//!
//! Prints are random bits, which is what different photos come to: a search finds the one it was made for first, and one in a thousand of the
//! others near in the lowest frequencies.

use std::error::Error;
use std::time::Instant;

use doorstep_media::{Print, PrintIndex, Prints};
use sync_core::bytes::Hash;

/// Random bits that follow from a seed.
struct Bits(u64);

impl Bits {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn prints(&mut self) -> Prints {
        let mut print = || {
            let mut bytes = [0; Print::BYTES];
            for part in bytes.as_chunks_mut::<8>().0 {
                *part = self.next().to_be_bytes();
            }
            Some(Print::from_bytes(bytes))
        };
        Prints { windows: [print(), print(), print(), print()], detail_c: 900 }
    }
}

#[expect(clippy::disallowed_methods, reason = "this measures time, and is no test")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |otherwise: usize| arguments.next().map_or(Ok(otherwise), |text| text.parse());
    let (photos, searches) = (number(1_000_000)?, number(11)?);
    let mut bits = Bits(1);
    let mut index = PrintIndex::default();
    for photo in 0..photos {
        index.put(Hash::of(&photo.to_be_bytes()), &bits.prints());
    }
    let mut took = Vec::with_capacity(searches);
    for search in 0..searches {
        let wanted = bits.prints();
        index.put(Hash::of(&(photos + search).to_be_bytes()), &wanted);
        let began = Instant::now();
        let found = index.search(&wanted);
        took.push(began.elapsed());
        if found.first().is_none_or(|nearest| nearest.bits != 0) || found.len() > photos / 100 + 1 {
            return Err(format!("{} photos were found", found.len()).into());
        }
    }
    took.sort_unstable();
    let (least, median, most) = (took.first(), took.get(searches / 2), took.last());
    println!("{} photos, {searches} searches: least {least:?}, median {median:?}, most {most:?}", index.len());
    Ok(())
}
