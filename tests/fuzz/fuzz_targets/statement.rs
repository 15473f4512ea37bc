//! Fuzzes `fuzz_targets::statement`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::statement(data));
