//! Base64 and hexadecimal as exports write them: either alphabet, padded or not, either case.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::bytes::{every, has_upper};

/// The number of bytes that unpadded standard base64 stands for; `None` for anything that its decoder refuses, bits
/// beyond the last byte included. Takes no memory.
pub(super) fn unpadded_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let spare_bits = match bytes.len() % 4 {
        0 => 0,
        2 => 4,
        3 => 2,
        _ => return None,
    };
    let valid = every(bytes, |b| b.is_ascii_alphanumeric() | matches!(b, b'+' | b'/'));
    let clean = bytes.last().and_then(|&b| sextet(b)).is_none_or(|last| last & ((1 << spare_bits) - 1) == 0);
    (valid && clean).then_some(bytes.len() * 6 / 8)
}

const fn sextet(byte: u8) -> Option<u8> {
    const TABLE: [u8; 256] = {
        let (mut table, mut value) = ([u8::MAX; 256], 0);
        while value < 64 {
            let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            table[digits[value] as usize] = value as u8;
            value += 1;
        }
        table
    };
    match TABLE[byte as usize] {
        u8::MAX => None,
        value => Some(value),
    }
}

/// Decodes base64 of either alphabet, padded or not. Bits beyond the last byte are ignored.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let body = text.trim_end_matches('=');
    if text.len() - body.len() > 2 || body.len() % 4 == 1 || body.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(body.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0);
    for byte in body.bytes() {
        let byte = match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        };
        bits = bits << 6 | u32::from(sextet(byte)?);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    Some(out)
}

/// Standard padded base64 of the same bytes and their number: the text itself where it is that already. `None` for what
/// is not base64.
pub(super) fn standard(text: &str) -> Option<(Cow<'_, str>, usize)> {
    if text.len().is_multiple_of(4)
        && !text.is_empty()
        && let body = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text)
        && let Some(length) = unpadded_length(body)
        && body.len().div_ceil(4) * 4 == text.len()
    {
        return Some((Cow::Borrowed(text), length));
    }
    let bytes = base64(text)?;
    Some((Cow::Owned(STANDARD.encode(&bytes)), bytes.len()))
}

/// The same hexadecimal in lower case, and whether anything changed.
pub(super) fn lower(text: &str) -> (Cow<'_, str>, bool) {
    if has_upper(text) { (Cow::Owned(text.to_ascii_lowercase()), true) } else { (Cow::Borrowed(text), false) }
}

/// A decimal number without sign and leading zeros, as every parameter of a hash is written.
pub(super) fn decimal<T: std::str::FromStr>(text: &str) -> Option<T> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| canonical)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_every_flavour_becomes_standard() {
        for (text, expected, length) in
            [("Bw==", "Bw==", 1), ("Bw", "Bw==", 1), ("-_-_", "+/+/", 3), ("Bx==", "Bw==", 1), ("QUJD", "QUJD", 3)]
        {
            let (standard, bytes) = standard(text).expect("base64");
            assert_eq!((&*standard, bytes), (expected, length), "{text}");
            assert_eq!(matches!(standard, Cow::Borrowed(_)), text == expected);
        }
        for bad in ["", "=", "A", "A===", "Bw=", "Bw===", "B w=", "Bé", "QUJD="] {
            let padded_wrongly = bad == "Bw=" || bad == "QUJD=";
            assert_eq!(standard(bad).is_none(), !padded_wrongly, "{bad}");
        }
    }

    #[test]
    fn unpadded_length_is_strict() {
        assert_eq!(unpadded_length("YXBwd3JpdGU"), Some(8));
        for bad in ["YXBwd3JpdGV", "YXBwd3JpdGU=", "A", "-_-_"] {
            assert_eq!(unpadded_length(bad), None, "{bad}");
        }
    }
}
