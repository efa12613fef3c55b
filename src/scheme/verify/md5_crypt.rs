//! MD5-crypt, `$1$`: Poul-Henning Kamp's algorithm of FreeBSD 2.0 (`lib/libcrypt/crypt.c`).
//!
//! Written here because no maintained crate has it.

use md5::{Digest, Md5};

use crate::scheme::itoa64;

/// The whole string for a password and a setting `$1$salt[$…]`, with the salt cut at eight characters; `None` without
/// the prefix.
pub fn crypt(password: &[u8], setting: &str) -> Option<String> {
    with_magic(password, setting, "$1$")
}

/// The same of Apache's variant, `$apr1$salt[$…]`, which has another magic and nothing else.
pub fn apr1(password: &[u8], setting: &str) -> Option<String> {
    with_magic(password, setting, "$apr1$")
}

fn with_magic(password: &[u8], setting: &str, magic: &str) -> Option<String> {
    let rest = setting.strip_prefix(magic)?;
    let salt = rest.split('$').next().unwrap_or_default();
    let salt = salt.char_indices().nth(8).map_or(salt, |(end, _)| &salt[..end]);
    Some(format!("{magic}{salt}${}", encode(&digest(password, salt.as_bytes(), magic))))
}

/// The 22 characters of a digest, in the order of the original.
pub fn encode(digest: &[u8; 16]) -> String {
    let mut out = String::with_capacity(22);
    for (a, b, c) in [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)] {
        let bits = u32::from(digest[a]) << 16 | u32::from(digest[b]) << 8 | u32::from(digest[c]);
        itoa64::push(&mut out, bits, 4);
    }
    itoa64::push(&mut out, u32::from(digest[11]), 2);
    out
}

fn digest(password: &[u8], salt: &[u8], magic: &str) -> [u8; 16] {
    let inner = Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut outer = Md5::new().chain_update(password).chain_update(magic).chain_update(salt);
    let mut left = password.len();
    while left > 0 {
        outer.update(&inner[..left.min(16)]);
        left = left.saturating_sub(16);
    }
    let mut bits = password.len();
    while bits > 0 {
        // A slip of the original that became the definition: a NUL, or the password's first byte.
        outer.update(if bits & 1 == 1 { &[0] } else { &password[..1] });
        bits >>= 1;
    }
    let mut state: [u8; 16] = outer.finalize().into();
    for round in 0..1000 {
        let mut next = Md5::new();
        next.update(if round & 1 == 1 { password } else { &state });
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        next.update(if round & 1 == 1 { &state } else { password });
        state = next.finalize().into();
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_match_passlib() {
        // passlib 1.7.4, test_handlers.py, _md5_crypt_test.known_correct_hashes
        for (password, hash) in [
            ("U*U*U*U*", "$1$dXc3I7Rw$ctlgjDdWJLMT.qwHsWhXR1"),
            ("", "$1$dOHYPKoP$tnxS1T8Q6VVn3kpV8cN6o."),
            ("test", "$1$SuMrG47N$ymvzYjr7QcEQjaK5m1PGx1"),
        ] {
            assert_eq!(crypt(password.as_bytes(), hash).as_deref(), Some(hash));
        }
    }
}
