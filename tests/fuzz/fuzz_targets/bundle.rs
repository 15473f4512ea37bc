//! Fuzzes `fuzz_targets::bundle`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::bundle(data));
