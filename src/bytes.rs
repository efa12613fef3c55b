//! Looking at every byte of a short text.

/// Whether that holds for all bytes. It does not stop at the first that fails: without a branch for each byte the compiler
/// looks at sixteen at once, and nearly every id, address and hash passes.
pub(crate) fn every(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(true, |all, &byte| all & is(byte))
}

/// Whether the text has an ASCII upper-case letter.
pub(crate) fn has_upper(text: &str) -> bool {
    !every(text.as_bytes(), |byte| !byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_in_any_place_decides() {
        for length in 0..70 {
            let plain = "a".repeat(length);
            assert!(every(plain.as_bytes(), |byte| byte == b'a') && !has_upper(&plain));
            for place in 0..length {
                let mut other = plain.clone();
                other.replace_range(place..=place, "Z");
                assert!(!every(other.as_bytes(), |byte| byte == b'a') && has_upper(&other));
            }
        }
    }
}
