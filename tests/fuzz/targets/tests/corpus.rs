//! The stored corpus and the mutants, on stable Rust.

#![expect(clippy::expect_used, clippy::panic, reason = "tests stop at the first surprise")]

#[path = "../../../src/told.rs"]
mod told;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use fuzz_targets::{batch, bundle, guard, mutants, seeds, statement};

use self::told::tell;

/// Runs a target over its stored corpus.
fn run(target: &str, call: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(target);
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(&folder).expect("the stored corpus") {
        let path = entry.expect("an entry").path();
        call(&fs::read(&path).expect("a seed"));
        names.insert(path.file_name().expect("a name").to_string_lossy().into_owned());
    }
    let made: BTreeSet<String> =
        seeds::all().into_iter().filter(|seed| seed.target == target).map(|seed| seed.name).collect();
    assert!(made.is_subset(&names), "`cargo run -p fuzz-targets` writes what is missing: {names:?}");
    tell(format_args!("{target}: {} seeds", names.len()));
}

#[test]
fn the_guard_keeps_its_promises_over_the_corpus() {
    run("guard", guard);
}

#[test]
fn the_batch_codec_keeps_its_promises_over_the_corpus() {
    run("batch", batch);
}

#[test]
fn the_statement_parser_keeps_its_promises_over_the_corpus() {
    run("statement", statement);
}

#[test]
fn the_bundle_parser_keeps_its_promises_over_the_corpus() {
    run("bundle", bundle);
}

/// What a fuzzer does first, so that stable Rust sees some of it: every seed with a few bytes changed.
#[test]
fn seeds_with_flipped_bytes_break_no_promise() {
    let mut random = mutants::Random::new(0x0d00_25e9);
    for seed in seeds::all().into_iter().filter(|seed| seed.data.len() < 4_096) {
        for _ in 0..60 {
            let mut data = seed.data.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(data.len());
                if let Some(byte) = data.get_mut(at) {
                    *byte = u8::try_from(random.below(256)).expect("a byte");
                }
            }
            match seed.target {
                "guard" => guard(&data),
                "batch" => batch(&data),
                "statement" => statement(&data),
                "bundle" => bundle(&data),
                other => panic!("no target {other}"),
            }
        }
    }
}

/// A6: the short form of every run; `make hostile` asks for a million.
const MUTANTS: u64 = 16_000;

#[test]
fn mutated_changes_are_refused_whole_or_good() {
    let seed = mutants::asked("DOORSTEP_HOSTILE_SEED", 0x1234_5678_9abc_def0);
    let tally = mutants::judge_many(seed, mutants::asked("DOORSTEP_HOSTILE_CHANGES", MUTANTS));
    tell(format_args!("{}", tally.line(seed)));
    assert!(tally.accepted > 0 && tally.refused.len() > 4, "the mutants reach past the first checks");
}
