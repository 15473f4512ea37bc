//! Mutants of pictures of every kind: each gives its copies or a reason, and nothing gets past the fence.
//!
//! Each run has others; `DOORSTEP_PICTURES_SEED` gives the seed that a run tells again, `DOORSTEP_PICTURES` how many
//! mutants of each format are made.

#![expect(clippy::unwrap_used, reason = "support code of tests fails by panicking")]

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};

use crate::support::heic::stored;
use crate::support::{preview, seed_pictures, size};
use doorstep_media::{PREVIEW_SIDE_PX, THUMBNAIL_SIDE_PX};
use fuzz_targets::mutants::{Random, asked};
use fuzz_targets::pictures::mutant;

/// Mutants of each format in a usual run.
const MUTANTS: u64 = 300;

fn seed() -> u64 {
    asked("DOORSTEP_PICTURES_SEED", RandomState::new().hash_one("pictures") >> 16)
}

/// Plays mutants of one format; tells what became of them.
fn play(format: &str, files: &[Vec<u8>]) {
    assert!(files.iter().all(|file| preview(file).is_ok()), "the files themselves are shown");
    let (seed, count) = (seed(), asked("DOORSTEP_PICTURES", MUTANTS));
    let mut random = Random::new(seed);
    let mut became: BTreeMap<&str, u64> = BTreeMap::new();
    for number in 0..count {
        let bytes = mutant(files, usize::try_from(number).unwrap() % files.len(), &mut random);
        let code = match preview(&bytes) {
            Err(reason) => reason.code(),
            Ok(previews) => {
                for (copy, most) in
                    [(&previews.preview_1600, PREVIEW_SIDE_PX), (&previews.thumbnail_320, THUMBNAIL_SIDE_PX)]
                {
                    let (width, height) = size(copy);
                    assert!((1..=most).contains(&width) && (1..=most).contains(&height), "{width} x {height}");
                }
                "ready"
            }
        };
        *became.entry(code).or_default() += 1;
    }
    // One write, so that nothing comes between; a log that cannot be written is no reason to fail.
    let line = format!("played: DOORSTEP_PICTURES_SEED={seed}: {count} mutants of {format}: {became:?}\n");
    let _ = io::stderr().write_all(line.as_bytes());
    assert!(became.contains_key("damaged") && became.len() > 2, "{seed}: past the first checks: {became:?}");
}

#[test]
fn mutants_of_jpeg_end_in_copies_or_a_reason() {
    play("JPEG", &seed_pictures("jpg"));
}

#[test]
fn mutants_of_png_end_in_copies_or_a_reason() {
    play("PNG", &seed_pictures("png"));
}

#[test]
fn mutants_of_webp_end_in_copies_or_a_reason() {
    play("WebP", &seed_pictures("webp"));
}

#[test]
fn mutants_of_heic_end_in_copies_or_a_reason() {
    play("HEIC", &["turned_5", "grid_turned", "clear", "deep", "full_colour"].map(stored));
}
