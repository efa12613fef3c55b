//! Short texts, byte by byte: what the standard library does for all of Unicode costs several times as much.

/// Whether that holds for all bytes. It does not stop at the first that fails: without a branch for each byte the compiler
/// looks at sixteen at once, and nearly every id, address and hash passes.
pub(crate) fn every(bytes: &[u8], is: impl Fn(u8) -> bool) -> bool {
    let all = |bytes: &[u8]| bytes.iter().fold(true, |all, &byte| all & is(byte));
    let whole = bytes.len() & !15;
    if whole == 0 || whole == bytes.len() {
        return all(bytes);
    }
    // What is left of sixteen would be looked at byte by byte: some of those before are looked at once more instead.
    all(&bytes[..whole]) & all(&bytes[bytes.len() - whole.min(16)..])
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

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

/// Whether the text is hexadecimal of whole bytes, in either case.
pub(crate) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.len().is_multiple_of(2) && every(text.as_bytes(), |b| b.is_ascii_hexdigit())
}

/// Decodes hexadecimal of either case; `None` for what is not [`is_hex`].
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !is_hex(text) {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.as_bytes().chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// A long number as spreadsheets write it: `1.41555E+10`, with a decimal comma too.
#[must_use]
pub fn is_scientific(text: &str) -> bool {
    if !matches!(text.as_bytes().first(), Some(b'0'..=b'9' | b'-')) {
        return false;
    }
    let Some((mantissa, exponent)) = split_once(text, b'+') else { return false };
    let Some(mantissa) = mantissa.strip_suffix(['E', 'e']) else { return false };
    let all_digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    all_digits(exponent)
        && match mantissa.strip_prefix('-').unwrap_or(mantissa).split_once(['.', ',']) {
            Some((whole, rest)) => all_digits(whole) && all_digits(rest),
            None => all_digits(mantissa),
        }
}

/// By what first letters and lengths the words of a list are told, in whatever case: nearly every text is none of them, which this
/// says without comparing it with any.
pub(crate) struct Initials {
    /// Of every first byte, one bit a length; the last for all that are longer.
    lengths: [u32; 256],
}

impl Initials {
    /// Of the words of these lists.
    pub(crate) const fn of(lists: &[&[&str]]) -> Self {
        let (mut lengths, mut list) = ([0; 256], 0);
        while list < lists.len() {
            let mut word = 0;
            while word < lists[list].len() {
                let bytes = lists[list][word].as_bytes();
                let (first, bit) = (bytes[0], Self::bit(bytes.len()));
                lengths[first.to_ascii_lowercase() as usize] |= bit;
                lengths[first.to_ascii_uppercase() as usize] |= bit;
                word += 1;
            }
            list += 1;
        }
        Self { lengths }
    }

    const fn bit(length: usize) -> u32 {
        1 << if length < 31 { length } else { 31 }
    }

    /// Whether a text may be one of the words in its ASCII letters; of others it is not known how long they are in another case.
    #[inline]
    pub(crate) fn may_be(&self, text: &str) -> bool {
        text.as_bytes().first().is_some_and(|first| self.lengths[usize::from(*first)] & Self::bit(text.len()) != 0)
    }
}

/// A short text, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Short {
    bytes: [u8; SHORT],
    /// Longer than any, if there is none.
    length: u8,
}

/// Most texts of columns that say the same of many users are shorter: words, yes and no, dates without a time.
const SHORT: usize = 15;

impl Short {
    /// None yet.
    pub(crate) const NONE: Self = Self { bytes: [0; SHORT], length: u8::MAX };

    /// Whether it is this one.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.bytes.get(..self.length.into()).is_some_and(|known| known == text.as_bytes())
    }

    /// This text, unless it is too long.
    pub(crate) fn take(&mut self, text: &str) {
        if let Some(place) = self.bytes.get_mut(..text.len()) {
            place.copy_from_slice(text.as_bytes());
            self.length = text.len() as u8;
        }
    }
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
    fn no_other_text_is_taken_for_one_that_is_remembered() {
        let mut short = Short::NONE;
        assert!(!short.is("") && !short.is("banned"));
        for text in ["active", "", "fifteen letters"] {
            short.take(text);
            assert!(short.is(text) && !short.is("banned") && !short.is("act"));
        }
        short.take("sixteen letters!");
        assert!(short.is("fifteen letters") && !short.is("sixteen letters!"));
    }

    #[test]
    fn every_word_of_the_lists_may_be_one() {
        static INITIALS: Initials =
            Initials::of(&[&["yes", "Ja", "a word that is longer than all the bits there are"], &["\u{e4}h"]]);
        for word in ["yes", "YES", "ja", "\u{e4}h", "A WORD that is longer than all the bits there are"] {
            assert!(INITIALS.may_be(word), "{word}");
        }
        for other in ["", "no", "yess", "j", "zes"] {
            assert!(!INITIALS.may_be(other), "{other}");
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

    #[test]
    fn hexadecimal_is_of_whole_bytes() {
        assert_eq!(unhex("00fF").as_deref(), Some(&[0, 255][..]));
        assert_eq!(hex(&[0, 255, 16]), "00ff10");
        for bad in ["", "0", "0g", "é"] {
            assert_eq!(unhex(bad), None);
        }
    }
}
