//! Any bytes through every framer and decoder in memory, without a file: the same records however much is there at a time.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome::format::fuzzing::frame(data));
