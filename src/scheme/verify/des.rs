//! DES-based crypt(3): the traditional 13-character form and BSDi's extended `_` form.
//!
//! Written here because RustCrypto's `des` has no salt (crypt(3) swaps bits of the expansion) and `pwhash` is
//! unmaintained. Tables: FIPS 46-3.

use crate::scheme::itoa64;

const INITIAL: [u8; 64] = [
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4, 62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32,
    24, 16, 8, 57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3, 61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47,
    39, 31, 23, 15, 7,
];
const FINAL: [u8; 64] = inverse(&INITIAL);
const KEY_CHOICE_1: [u8; 56] = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36, 63, 55,
    47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];
const KEY_CHOICE_2: [u8; 48] = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55, 30,
    40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
const KEY_SHIFTS: [u32; 16] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];
const P: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10, 2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4,
    25,
];
#[rustfmt::skip]
const S: [[u8; 64]; 8] = [
    [14,4,13,1,2,15,11,8,3,10,6,12,5,9,0,7, 0,15,7,4,14,2,13,1,10,6,12,11,9,5,3,8,
     4,1,14,8,13,6,2,11,15,12,9,7,3,10,5,0, 15,12,8,2,4,9,1,7,5,11,3,14,10,0,6,13],
    [15,1,8,14,6,11,3,4,9,7,2,13,12,0,5,10, 3,13,4,7,15,2,8,14,12,0,1,10,6,9,11,5,
     0,14,7,11,10,4,13,1,5,8,12,6,9,3,2,15, 13,8,10,1,3,15,4,2,11,6,7,12,0,5,14,9],
    [10,0,9,14,6,3,15,5,1,13,12,7,11,4,2,8, 13,7,0,9,3,4,6,10,2,8,5,14,12,11,15,1,
     13,6,4,9,8,15,3,0,11,1,2,12,5,10,14,7, 1,10,13,0,6,9,8,7,4,15,14,3,11,5,2,12],
    [7,13,14,3,0,6,9,10,1,2,8,5,11,12,4,15, 13,8,11,5,6,15,0,3,4,7,2,12,1,10,14,9,
     10,6,9,0,12,11,7,13,15,1,3,14,5,2,8,4, 3,15,0,6,10,1,13,8,9,4,5,11,12,7,2,14],
    [2,12,4,1,7,10,11,6,8,5,3,15,13,0,14,9, 14,11,2,12,4,7,13,1,5,0,15,10,3,9,8,6,
     4,2,1,11,10,13,7,8,15,9,12,5,6,3,0,14, 11,8,12,7,1,14,2,13,6,15,0,9,10,4,5,3],
    [12,1,10,15,9,2,6,8,0,13,3,4,14,7,5,11, 10,15,4,2,7,12,9,5,6,1,13,14,0,11,3,8,
     9,14,15,5,2,8,12,3,7,0,4,10,1,13,11,6, 4,3,2,12,9,5,15,10,11,14,1,7,6,0,8,13],
    [4,11,2,14,15,0,8,13,3,12,9,7,5,10,6,1, 13,0,11,7,4,9,1,10,14,3,5,12,2,15,8,6,
     1,4,11,13,12,3,7,14,10,15,6,8,0,5,9,2, 6,11,13,8,1,4,10,7,9,5,0,15,14,2,3,12],
    [13,2,8,4,6,15,11,1,10,9,3,14,5,0,12,7, 1,15,13,8,10,3,7,4,12,5,6,11,0,14,9,2,
     7,11,4,1,9,12,14,2,0,6,10,13,15,3,5,8, 2,1,14,7,4,10,8,13,15,12,9,0,3,5,6,11],
];

/// Every S-box followed by P, indexed by the six input bits as they come.
static S_THEN_P: [[u32; 64]; 8] = s_then_p();

const fn inverse(table: &[u8; 64]) -> [u8; 64] {
    let mut out = [0; 64];
    let mut i = 0;
    while i < 64 {
        out[table[i] as usize - 1] = i as u8 + 1;
        i += 1;
    }
    out
}

/// Bit permutation: output bit `i` is the input's bit `table[i]`, counting from the highest of `width` bits as 1.
const fn permute<const N: usize>(bits: u64, width: u32, table: &[u8; N]) -> u64 {
    let mut out = 0;
    let mut i = 0;
    while i < N {
        out = out << 1 | (bits >> (width - table[i] as u32) & 1);
        i += 1;
    }
    out
}

const fn s_then_p() -> [[u32; 64]; 8] {
    let mut out = [[0; 64]; 8];
    let mut s_box = 0;
    while s_box < 8 {
        let mut input = 0;
        while input < 64 {
            let row = (input & 0x20) >> 4 | (input & 1);
            let column = input >> 1 & 0xf;
            let nibble = S[s_box][row * 16 + column] as u64;
            out[s_box][input] = permute(nibble << (28 - 4 * s_box), 32, &P) as u32;
            input += 1;
        }
        s_box += 1;
    }
    out
}

/// Round keys, each as the two 24-bit halves that the salted expansion is combined with.
struct Schedule([(u32, u32); 16]);

impl Schedule {
    fn new(key: u64) -> Self {
        const HALF: u32 = 0x0fff_ffff;
        let chosen = permute(key, 64, &KEY_CHOICE_1);
        let (mut c, mut d) = ((chosen >> 28) as u32, chosen as u32 & HALF);
        let rotate = |x: u32, n: u32| (x << n | x >> (28 - n)) & HALF;
        Self(KEY_SHIFTS.map(|n| {
            (c, d) = (rotate(c, n), rotate(d, n));
            let round_key = permute(u64::from(c) << 28 | u64::from(d), 56, &KEY_CHOICE_2);
            ((round_key >> 24) as u32, round_key as u32 & 0x00ff_ffff)
        }))
    }

    /// `count` times DES, with the bits of the expansion swapped that `salt` names.
    fn encrypt(&self, block: u64, salt: u32, count: u32) -> u64 {
        // Bit 0 of the salt swaps the expansion's first bit with its 25th.
        let swapped = salt.reverse_bits() >> 8;
        let start = permute(block, 64, &INITIAL);
        let (mut l, mut r) = ((start >> 32) as u32, start as u32);
        for _ in 0..count {
            for (key_left, key_right) in self.0 {
                let around = r.rotate_right(1);
                let six = |group: u32| around.rotate_left(4 * group) >> 26;
                let left = six(0) << 18 | six(1) << 12 | six(2) << 6 | six(3);
                let right = six(4) << 18 | six(5) << 12 | six(6) << 6 | six(7);
                let swap = (left ^ right) & swapped;
                let (left, right) = (left ^ swap ^ key_left, right ^ swap ^ key_right);
                let mut f = 0;
                for (i, table) in S_THEN_P.iter().enumerate() {
                    let half = if i < 4 { left } else { right };
                    f |= table[(half >> (18 - 6 * (i % 4)) & 0x3f) as usize];
                }
                (l, r) = (r, l ^ f);
            }
            (l, r) = (r, l);
        }
        permute(u64::from(l) << 32 | u64::from(r), 64, &FINAL)
    }
}

/// Eight bytes of a password as a key; DES ignores the lowest bit of each byte, so each is shifted out of its way.
fn key(bytes: &[u8]) -> u64 {
    (0..8).fold(0, |key, i| key << 8 | u64::from(bytes.get(i).copied().unwrap_or(0) << 1))
}

fn push_block(out: &mut String, block: u64) {
    for i in 0..10 {
        itoa64::push_one(out, (block >> (58 - 6 * i)) as u8);
    }
    itoa64::push_one(out, (block << 2) as u8);
}

/// Plain DES of one block.
pub fn block(key: u64, block: u64) -> u64 {
    Schedule::new(key).encrypt(block, 0, 1)
}

/// Traditional crypt(3). `password` ends before any NUL; only its first eight bytes count. `None` if the setting does
/// not begin with two characters of the alphabet.
pub fn traditional(password: &[u8], setting: &str) -> Option<String> {
    salted(password, setting, 25)
}

/// The same with another number of rounds.
pub fn salted(password: &[u8], setting: &str, rounds: u32) -> Option<String> {
    let (&[first, second], _) = setting.as_bytes().split_first_chunk()?;
    let salt = u32::from(itoa64::value(second)?) << 6 | u32::from(itoa64::value(first)?);
    let mut out = String::with_capacity(13);
    out.push_str(&setting[..2]);
    push_block(&mut out, Schedule::new(key(password)).encrypt(0, salt, rounds));
    Some(out)
}

/// BSDi's extended crypt(3), `_` + 4 characters of rounds + 4 of salt. All of the password counts. `None` if the
/// setting is damaged or its rounds are zero.
pub fn extended(password: &[u8], setting: &str) -> Option<String> {
    let head = setting.get(..9).filter(|head| head.starts_with('_'))?;
    let number = |text: &str| {
        text.bytes().rev().try_fold(0, |bits, character| Some(bits << 6 | u32::from(itoa64::value(character)?)))
    };
    let (count, salt) = (number(&head[1..5])?, number(&head[5..9])?);
    if count == 0 {
        return None;
    }
    let mut chunks = password.chunks(8);
    let mut folded = key(chunks.next().unwrap_or_default());
    for chunk in chunks {
        folded = Schedule::new(folded).encrypt(folded, 0, 1) ^ key(chunk);
    }
    let mut out = String::with_capacity(20);
    out.push_str(head);
    push_block(&mut out, Schedule::new(folded).encrypt(0, salt, count));
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_textbook_block_encrypts_as_published() {
        // FIPS 81 / NBS 500-20 worked example: key 133457799BBCDFF1, block 0123456789ABCDEF.
        let block = Schedule::new(0x1334_5779_9BBC_DFF1).encrypt(0x0123_4567_89AB_CDEF, 0, 1);
        assert_eq!(block, 0x85E8_1354_0F0A_B405);
    }

    #[test]
    fn traditional_hashes_match_passlib() {
        // passlib 1.7.4, test_handlers.py, _des_crypt_test.known_correct_hashes
        for (password, hash) in [("", "OgAwTx2l6NADI"), (" ", "/Hk.VPuwQTXbc"), ("test", "N1tQbOFcM5fpg")] {
            assert_eq!(traditional(password.as_bytes(), hash).as_deref(), Some(hash));
        }
        assert_eq!(traditional("AlOtBsOl".as_bytes(), "cEpWz5IUCShqM").as_deref(), Some("cEpWz5IUCShqM"));
    }

    #[test]
    fn extended_hashes_match_passlib() {
        // passlib 1.7.4, test_handlers.py, _bsdi_crypt_test.known_correct_hashes
        for (password, hash) in [
            ("U*U*U*U*", "_J9..CCCCXBrJUJV154M"),
            ("*U*U*U*U*", "_J9..XXXXsqM/YSSP..Y"),
            ("my socrates", "_K1..crsmOv1rbde9A9o"),
            ("*U*U*U*U*U*U*U*U*", "_J9..XXXXAj8cFbP5scI"),
        ] {
            assert_eq!(extended(password.as_bytes(), hash).as_deref(), Some(hash));
        }
    }

    #[test]
    fn damaged_settings_are_refused() {
        for setting in ["", "a", "$1", "a:"] {
            assert_eq!(traditional(b"password", setting), None);
        }
        for setting in ["_", "_....abcd", "_J9..ab", "_J9.!abcd", "xJ9..abcd", "_J9..abcé"] {
            assert_eq!(extended(b"password", setting), None);
        }
    }
}
