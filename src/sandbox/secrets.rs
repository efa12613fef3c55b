//! Secrets: keys, sessions, tokens and codes.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::sandbox::errors::{ApiError, ApiResult};
use crate::sandbox::traits::Costs;

/// So many digits of a secret, in hexadecimal, from the system's generator.
pub fn hex_secret(digits: usize) -> ApiResult<String> {
    let mut bytes = vec![0; digits.div_ceil(2)];
    getrandom::fill(&mut bytes).map_err(|_| ApiError::server_error())?;
    let mut out = crate::bytes::hex(&bytes);
    out.truncate(digits);
    Ok(out)
}

/// What the store keeps of a secret.
pub fn digest(secret: &str) -> String {
    crate::bytes::hex(&Sha256::digest(secret.as_bytes()))
}

/// Argon2id as the server computes it. Takes a tenth of a second or more.
pub fn argon2id(password: &[u8], costs: Costs) -> ApiResult<String> {
    let Costs { memory, passes, lanes } = costs;
    let failed = |_| ApiError::server_error();
    let params = Params::new(memory, passes, lanes, Some(32)).map_err(failed)?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| ApiError::server_error())?;
    let mut tag = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password, &salt, &mut tag)
        .map_err(failed)?;
    Ok(format!(
        "$argon2id$v=19$m={memory},t={passes},p={lanes}${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(tag)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_the_length_asked_for() {
        for n in [4, 5, 64] {
            assert_eq!(hex_secret(n).expect("random").len(), n);
        }
        assert_ne!(hex_secret(64).ok(), hex_secret(64).ok());
    }
}
