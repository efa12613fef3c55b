//! Short texts, byte by byte: what the standard library does for all of Unicode costs several times as much.

/// Whether that holds for all bytes. It does not stop at the first that fails: without a branch for each byte the compiler
/// looks at sixteen at once, and nearly every id, address and hash passes.
pub(crate) fn every(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(true, |all, &byte| all & is(byte))
}

/// [`str::trim`], which decodes characters from both ends; nearly every value begins and ends with a plain one.
pub(crate) fn trim(text: &str) -> &str {
    match text.as_bytes() {
        [] => text,
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// [`str::split_once`] at an ASCII character.
pub(crate) fn split_once(text: &str, at: u8) -> Option<(&str, &str)> {
    let place = memchr::memchr(at, text.as_bytes())?;
    Some((&text[..place], &text[place + 1..]))
}

/// [`str::split`] at an ASCII character.
pub(crate) fn split(text: &str, at: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (field, after) = split_once(text, at).map_or((text, None), |(field, after)| (field, Some(after)));
        rest = after;
        Some(field)
    })
}

/// Whether the text has an ASCII upper-case letter.
pub(crate) fn has_upper(text: &str) -> bool {
    !every(text.as_bytes(), |byte| !byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn the_short_ways_do_the_same(text in "[ a$é\u{a0}\n]{0,12}") {
            assert_eq!(trim(&text), text.trim());
            assert_eq!(split_once(&text, b'$'), text.split_once('$'));
            assert_eq!(split(&text, b'$').collect::<Vec<_>>(), text.split('$').collect::<Vec<_>>());
        }
    }

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
