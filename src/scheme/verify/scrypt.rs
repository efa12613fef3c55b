//! scrypt as the php-scrypt extension computes it, and Firebase's variant of it (utopia-php/auth `Hashes/Scrypt.php`,
//! `Hashes/ScryptModified.php`).

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};

use super::MEMORY_LIMIT;

/// N × r × p beyond which a login takes a server minutes; rehome computes none of them.
pub const MAX_WORK: u64 = 1 << 28;

/// The parameters of one scrypt computation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// N itself: a power of two above 1.
    pub n: u64,
    /// The block size.
    pub r: u64,
    /// The parallelisation.
    pub p: u64,
}

impl Cost {
    /// The only cost that Appwrite's scrypt-modified computes.
    pub const FIREBASE: Self = Self { n: 16384, r: 8, p: 1 };

    /// What a computation allocates, in bytes: 128·r·(N + p), saturating.
    pub fn memory(self) -> u64 {
        self.r.saturating_mul(128).saturating_mul(self.n.saturating_add(self.p))
    }

    /// Whether scrypt is defined for these numbers (RFC 7914 §2).
    pub fn is_possible(self) -> bool {
        self.n.is_power_of_two()
            && self.n > 1
            && self.r >= 1
            && self.p >= 1
            && self.r.checked_mul(self.p).is_some_and(|rp| rp < 1 << 30)
    }

    /// Whether [`derive`](fn@derive) computes it.
    pub fn is_affordable(self) -> bool {
        let work = self.n.saturating_mul(self.r).saturating_mul(self.p);
        self.is_possible() && self.memory() <= MEMORY_LIMIT && work <= MAX_WORK
    }
}

/// Computes scrypt; `None` where it is not defined, would need more than [`MEMORY_LIMIT`] or more than minutes.
pub fn derive(password: &[u8], salt: &[u8], cost: Cost, length: usize) -> Option<Vec<u8>> {
    if !cost.is_affordable() {
        return None;
    }
    let log_n = u8::try_from(cost.n.ilog2()).ok()?;
    let params = scrypt::Params::new(log_n, u32::try_from(cost.r).ok()?, u32::try_from(cost.p).ok()?).ok()?;
    let mut out = vec![0; length];
    scrypt::scrypt(password, salt, &params, &mut out).ok()?;
    Some(out)
}

/// What Appwrite stores for a derived key: base64 of the signer key, encrypted with AES-256-CTR under the first 32 bytes
/// of the derived key and an IV of zeros. `None` if the derived key is shorter.
pub fn sign(derived: &[u8], signer_key: &[u8]) -> Option<String> {
    let key: [u8; 32] = derived.get(..32)?.try_into().ok()?;
    let mut cipher = Ctr128BE::<Aes256>::new(&key.into(), &[0; 16].into());
    let mut text = signer_key.to_vec();
    cipher.apply_keystream(&mut text);
    Some(STANDARD.encode(text))
}

/// PHP's base64_decode() in its lax mode: characters outside the standard alphabet, `=` included, are dropped wherever
/// they stand, and so are bits that fill no byte.
pub fn base64_lax(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut held) = (0_u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrypt_matches_rfc_7914() {
        let out = derive(b"password", b"NaCl", Cost { n: 1024, r: 8, p: 16 }, 64).expect("possible");
        assert_eq!(out[..8], [0xfd, 0xba, 0xbe, 0x1c, 0x9d, 0x34, 0x72, 0x00]);
        assert_eq!(out[8..16], [0x78, 0x56, 0xe7, 0x19, 0x0d, 0x01, 0xe9, 0xfe]);
    }

    #[test]
    fn impossible_and_absurd_costs_are_not_computed() {
        for (n, r, p) in [
            (0, 8, 1),
            (1, 8, 1),
            (3, 8, 1),
            (1024, 0, 1),
            (1024, 8, 0),
            (1024, 1 << 29, 2),
            (1 << 32, 8, 1),
            (1 << 63, 8, 1),
            (u64::MAX, u64::MAX, u64::MAX),
            (1 << 20, 8, 64),
        ] {
            assert_eq!(derive(b"password", b"salt", Cost { n, r, p }, 64), None, "{n} {r} {p}");
        }
    }

    #[test]
    fn lax_base64_decodes_as_php_does() {
        assert_eq!(base64_lax("UxLMreBr6tYyjQ=="), STANDARD.decode("UxLMreBr6tYyjQ==").expect("base64"));
        assert_eq!(base64_lax("Bw"), [7]);
        assert_eq!(base64_lax("B-w_=="), [7]);
        assert_eq!(base64_lax("A"), [] as [u8; 0]);
        assert_eq!(base64_lax("QU=JD\n"), b"ABC");
    }
}
