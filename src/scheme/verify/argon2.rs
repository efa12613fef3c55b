//! argon2 as libargon2's `argon2_verify` decides it (P-H-C/phc-winner-argon2, `src/encoding.c`, `decode_string`).

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::{Login, MEMORY_LIMIT};

/// KiB × passes beyond which a login takes a server minutes; rehome computes none of them.
pub const MAX_WORK: u64 = 64 << 20;

/// A string that libargon2 decodes, in its parts.
pub struct Decoded {
    /// argon2i or argon2id.
    pub algorithm: Algorithm,
    /// 0x10 where the string has no `v=`.
    pub version: u32,
    /// KiB.
    pub memory: u32,
    /// Passes.
    pub time: u32,
    /// Lanes.
    pub lanes: u32,
    /// At least 8 bytes.
    pub salt: Vec<u8>,
    /// At least 4 bytes.
    pub output: Vec<u8>,
}

/// Decodes exactly what libargon2 decodes: `m`, `t`, `p` in this order, no `keyid` or `data`, decimals without leading
/// zeros, unpadded standard base64 without stray bits, nothing behind it.
pub fn decode(stored: &str) -> Option<Decoded> {
    let mut parts = stored.split('$');
    let (Some(""), Some(name)) = (parts.next(), parts.next()) else { return None };
    let algorithm = match name {
        "argon2i" => Algorithm::Argon2i,
        "argon2id" => Algorithm::Argon2id,
        _ => return None,
    };
    let mut next = parts.next()?;
    let mut version = 0x10;
    if let Some(number) = next.strip_prefix("v=") {
        version = decimal(number)?;
        next = parts.next()?;
    }
    let mut parameters = next.split(',');
    let mut parameter = |name: &str| decimal(parameters.next()?.strip_prefix(name)?.strip_prefix('=')?);
    let (memory, time, lanes) = (parameter("m")?, parameter("t")?, parameter("p")?);
    let none_left = parameters.next().is_none();
    let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let output = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let sound = none_left
        && parts.next().is_none()
        && salt.len() >= 8
        && output.len() >= 4
        && time >= 1
        && (1..=0x00ff_ffff).contains(&lanes)
        && u64::from(memory) >= 8 * u64::from(lanes);
    sound.then_some(Decoded { algorithm, version, memory, time, lanes, salt, output })
}

fn decimal(text: &str) -> Option<u32> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| canonical)
}

/// argon2_verify(): false for anything [`decode`] refuses.
pub fn verify(password: &[u8], stored: &str) -> Login {
    // libargon2 takes the stored string for a C string.
    let stored = stored.split('\0').next().unwrap_or_default();
    let Some(decoded) = decode(stored) else { return Login::Mismatch };
    let version = match decoded.version {
        0x10 => Version::V0x10,
        0x13 => Version::V0x13,
        // libargon2 would compute with the number as it stands; no system has ever written such a hash.
        _ => return Login::Mismatch,
    };
    let memory = u64::from(decoded.memory);
    if memory * 1024 > MEMORY_LIMIT || memory * u64::from(decoded.time) > MAX_WORK {
        return Login::ServerError;
    }
    let Ok(params) = Params::new(decoded.memory, decoded.time, decoded.lanes, Some(decoded.output.len())) else {
        return Login::Mismatch;
    };
    let mut computed = vec![0; decoded.output.len()];
    match Argon2::new(decoded.algorithm, version, params).hash_password_into(password, &decoded.salt, &mut computed) {
        Ok(()) => Login::matches(computed.ct_eq(&decoded.output).into()),
        Err(_) => Login::Mismatch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Appwrite's own end-to-end test; the password is "appwrite".
    const HASH: &str = "$argon2i$v=19$m=20,t=3,p=2$YXBwd3JpdGU$A/54i238ed09ZR4NwlACU5XnkjNBZU9QeOEuhjLiexI";

    #[test]
    fn appwrites_own_vector_verifies() {
        assert_eq!(verify(b"appwrite", HASH), Login::Match);
        assert_eq!(verify(b"Appwrite", HASH), Login::Mismatch);
    }

    #[test]
    fn every_deviation_from_the_exact_form_is_false() {
        for (from, to) in [
            ("m=20,t=3,p=2", "m=20,p=2,t=3"),
            ("p=2", "p=2,keyid=AA"),
            ("p=2", "p=2,data=AA"),
            ("m=20", "m=020"),
            ("m=20", "m=+20"),
            ("m=20", "m=15"),
            ("t=3", "t=0"),
            ("v=19$", ""),
            ("v=19", "v=20"),
            ("argon2i", "argon2d"),
            ("argon2i", "argon2id"),
            ("d3JpdGU", "d3JpdGU="),
            ("iexI", "iexJ"),
            ("iexI", "iexI="),
            ("iexI", "iexI\n"),
            ("iexI", "iexI$"),
            ("$argon2i", "argon2i"),
            ("YXBwd3JpdGU", "YXBwd3Jp"),
        ] {
            let changed = HASH.replace(from, to);
            assert_ne!(changed, HASH);
            assert_eq!(verify(b"appwrite", &changed), Login::Mismatch, "{changed}");
        }
    }

    #[test]
    fn absurd_costs_are_not_computed() {
        assert_eq!(verify(b"appwrite", &HASH.replace("m=20", "m=4294967295")), Login::ServerError);
        assert_eq!(verify(b"appwrite", &HASH.replace("t=3", "t=4294967295")), Login::ServerError);
    }
}
