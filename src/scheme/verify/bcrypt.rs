//! bcrypt as PHP's bundled crypt_blowfish computes it (`ext/standard/crypt_blowfish.c`).

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// bcrypt's own base64: `./A-Za-z0-9`, no padding. Bits beyond the last byte are ignored when decoding, as PHP does.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Costs above this take a server minutes; rehome computes none of them.
pub const MAX_COST: u32 = 18;

/// What PHP's crypt makes of a password and a `$2?$` setting.
pub enum Computed {
    /// The whole string, with the salt's last character in its canonical form.
    Hash(String),
    /// crypt() fails: an unknown minor version, a bad cost or salt.
    Fails,
    /// The cost is above [`MAX_COST`].
    TooExpensive,
}

/// `password` ends before any NUL; its first 72 bytes count (with the NUL that ends it, if it is shorter).
pub fn crypt(password: &[u8], setting: &str) -> Computed {
    let Some((minor, cost, salt)) = parse(setting) else { return Computed::Fails };
    if cost > MAX_COST {
        return Computed::TooExpensive;
    }
    let key = if minor == b'x' { sign_extended_key(password) } else { key(password) };
    let digest = bcrypt::bcrypt(cost, salt, &key);
    let head = &setting[..7];
    Computed::Hash(format!("{head}{}{}", BASE64.encode(salt), BASE64.encode(&digest[..23])))
}

fn parse(setting: &str) -> Option<(u8, u32, [u8; 16])> {
    let head = setting.get(..7)?.as_bytes();
    let &[b'$', b'2', minor @ (b'a' | b'b' | b'x' | b'y'), b'$', tens, ones, b'$'] = head else { return None };
    if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
        return None;
    }
    let cost = u32::from(tens - b'0') * 10 + u32::from(ones - b'0');
    let salt = BASE64.decode(setting.get(7..29)?).ok()?.try_into().ok()?;
    (4..=31).contains(&cost).then_some((minor, cost, salt))
}

fn key(password: &[u8]) -> Vec<u8> {
    let mut key = password[..password.len().min(72)].to_vec();
    if key.len() < 72 {
        key.push(0);
    }
    key
}

/// The 18 words that the `$2x$` bug made of a password: bytes from 0x80 were sign-extended before they were put into
/// their word, which set all bits of the bytes before them. (`$2a$` has a counter-measure for passwords on which the bug
/// and the right algorithm agree in spite of such a byte; they hold 0xFF bytes, which UTF-8 never does.)
fn sign_extended_key(password: &[u8]) -> Vec<u8> {
    let mut bytes = password.iter().copied().chain([0]).collect::<Vec<_>>().into_iter().cycle();
    let mut key = Vec::with_capacity(72);
    for _ in 0..18 {
        let word =
            bytes.by_ref().take(4).fold(0_u32, |word, byte| word << 8 | i32::from(byte.cast_signed()).cast_unsigned());
        key.extend_from_slice(&word.to_be_bytes());
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &[u8], hash: &str) -> bool {
        matches!(crypt(password, hash), Computed::Hash(computed) if computed == hash)
    }

    #[test]
    fn hashes_match_crypt_blowfish() {
        // Openwall crypt_blowfish 1.3, wrapper.c, test_hashes; `$2x$` as libxcrypt 4.4 computes them
        for (hash, password) in [
            ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", &b"U*U"[..]),
            ("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", b"U*U*U"),
            ("$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", b"\xff\xff\xa3"),
            ("$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", b"\xff\xff\xa3345"),
            ("$2x$05$6bNw2HLQYeqHYyBfLMsv/OiwqTymGIGzFsA4hOTWebfehXHNprcAS", b"\xd1\x91"),
            ("$2x$05$6bNw2HLQYeqHYyBfLMsv/O9LIGgn8OMzuDoHfof8AQimSGfcSWxnS", b"\xd0\xc1\xd2\xcf\xcc\xd8"),
        ] {
            if hash.starts_with("$2y$05$/OK") {
                // The bug made these two passwords collide; the right algorithm tells them apart.
                assert!(!check(password, hash));
            } else {
                assert!(check(password, hash), "{hash}");
            }
        }
    }

    #[test]
    fn settings_php_refuses_are_refused() {
        let salt = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        for head in ["$2$05$", "$2c$05$", "$2a$03$", "$2a$32$", "$2a$5$", "$2a$0a$", "$2a$05"] {
            assert!(matches!(crypt(b"U*U", &format!("{head}{salt}")), Computed::Fails), "{head}");
        }
        assert!(matches!(crypt(b"U*U", "$2a$05$CCCC!CCCCCCCCCCCCCCCCC."), Computed::Fails));
        assert!(matches!(crypt(b"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCé"), Computed::Fails));
        assert!(matches!(crypt(b"U*U", &format!("$2a$31${salt}")), Computed::TooExpensive));
    }

    #[test]
    fn the_salts_unused_bits_are_written_canonically() {
        // The same hash with its 22nd salt character changed from `.` to `/`: those bits carry nothing.
        let Computed::Hash(hash) = crypt(b"U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC/") else { panic!("computes") };
        assert_eq!(hash, "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
    }
}
