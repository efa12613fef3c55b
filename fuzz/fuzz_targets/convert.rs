//! Any bytes as BSON, YAML and a database's one column of JSON: what comes out is JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| rehome::format::fuzzing::convert(data));
