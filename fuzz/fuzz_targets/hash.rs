//! A hash of any text: what it looks like, and whose scheme it is, is found out in no time and without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rehome::account::HashInput;
use rehome::appwrite::Version;
use rehome::scheme::{SCHEMES, declare, looks_like, resolve, unusable_marker};

fuzz_target!(|data: &[u8]| {
    let [scheme, text @ ..] = data else { return };
    let text = String::from_utf8_lossy(text);
    let _ = looks_like(&text);
    let _ = unusable_marker(&text);
    let profile = Version::NEWEST.profile();
    let mut input = HashInput { hash: text.as_ref().into(), ..HashInput::default() };
    let _ = resolve(&input, &profile);
    declare(&mut input, SCHEMES[usize::from(*scheme) % SCHEMES.len()].name);
    let _ = resolve(&input, &profile);
});
