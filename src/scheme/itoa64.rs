//! crypt(3)'s alphabet `./0-9A-Za-z` and its two ways of packing bits, shared by DES, MD5-crypt, SHA-crypt, phpass and
//! the `$7$` form of scrypt.

use crate::bytes::every;

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The value of a character, `None` outside the alphabet.
pub const fn value(character: u8) -> Option<u8> {
    match character {
        b'.'..=b'9' => Some(character - b'.'),
        b'A'..=b'Z' => Some(character - b'A' + 12),
        b'a'..=b'z' => Some(character - b'a' + 38),
        _ => None,
    }
}

/// Whether all characters are of the alphabet.
pub fn is_valid(text: &str) -> bool {
    every(text.as_bytes(), |b| matches!(b, b'.'..=b'9' | b'A'..=b'Z' | b'a'..=b'z'))
}

/// Appends `count` characters of `bits`, lowest six bits first.
pub fn push(out: &mut String, mut bits: u32, count: usize) {
    for _ in 0..count {
        out.push(char::from(ALPHABET[(bits & 0x3f) as usize]));
        bits >>= 6;
    }
}

/// Appends the character of the lowest six bits.
pub fn push_one(out: &mut String, bits: u8) {
    push(out, u32::from(bits), 1);
}

/// Encodes bytes as phpass and `$7$` do: little-endian groups of three bytes, lowest bits first.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().rev().fold(0, |bits, &byte| bits << 8 | u32::from(byte));
        push(&mut out, bits, group.len() + 1);
    }
    out
}

/// The inverse of [`encode`]; `None` outside the alphabet, for impossible lengths and for bits set beyond the last byte.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.as_bytes().chunks(4) {
        let mut bits = 0;
        for &character in group.iter().rev() {
            bits = bits << 6 | u32::from(value(character)?);
        }
        let bytes = group.len().checked_sub(1).filter(|&n| n > 0)?;
        if bits >> (8 * bytes) != 0 {
            return None;
        }
        out.extend_from_slice(&bits.to_le_bytes()[..bytes]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_is_reversible_for_every_length() {
        for n in 0..70_u8 {
            let bytes: Vec<u8> = (0..n).map(|i| i.wrapping_mul(37).wrapping_add(200)).collect();
            assert_eq!(decode(&encode(&bytes)).as_deref(), Some(&bytes[..]));
        }
    }

    #[test]
    fn what_no_encoder_writes_is_not_decoded() {
        for bad in [".", "....1", "/z", "a!", "é"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
