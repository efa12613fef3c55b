//! Gitea's and Forgejo's hashes: the key in hexadecimal, what made it in `passwd_hash_algo` (`pbkdf2$50000$50`, `argon2$2$65536$8$50`), and the salt in a
//! column of its own: <https://github.com/go-gitea/gitea>, `modules/auth/password/hash`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::account::{Account, Credential, HashInput, SaltEncoding};
use crate::bytes::unhex;
use crate::code::Refusal;
use crate::format::{Record, Value};
use crate::source::Context;

/// The salts of before 1.15 are so many characters, and text; all others are hexadecimal.
const OLD_SALT: usize = 10;

#[expect(clippy::unnecessary_wraps, reason = "as all of these functions")]
pub(super) fn finish<'r>(record: &'r Record<'r>, _: &Context<'r>, account: &mut Account<'r>) -> Result<(), Refusal> {
    let Credential::Hash(input) = &mut account.credential else { return Ok(()) };
    let algorithm = record.get("passwd_hash_algo").and_then(Value::text).unwrap_or_default();
    let mut fields = algorithm.split('$');
    let name = fields.next().unwrap_or_default();
    let numbers: Vec<u64> = fields.filter_map(|field| field.parse().ok()).collect();
    // Before 1.19 only the name was written, and these were the numbers.
    let number = |at: usize, before: u64| numbers.get(at).copied().unwrap_or(before);
    if input.salt.as_ref().is_some_and(|salt| salt.len() != OLD_SALT) {
        input.salt_encoding = SaltEncoding::Hex;
    }
    match name {
        "bcrypt" => input.salt = None,
        "argon2" => {
            if let Some(phc) = phc(input, number(0, 2), number(1, 65_536), number(2, 8)) {
                (input.hash, input.salt) = (phc.into(), None);
            }
        }
        "scrypt" => {
            input.declared = Some("scrypt".into());
            (input.scrypt_n, input.scrypt_r, input.scrypt_p) =
                (Some(number(0, 65_536)), Some(number(1, 16)), Some(number(2, 2)));
            input.scrypt_length = Some(number(3, 50));
        }
        _ => (input.declared, input.rounds) = (Some("pbkdf2-sha256".into()), Some(number(0, 10_000))),
    }
    Ok(())
}

/// The same as a string that says everything.
fn phc(input: &HashInput<'_>, passes: u64, memory: u64, lanes: u64) -> Option<String> {
    let salt = input.salt.as_deref()?;
    let salt = if salt.len() == OLD_SALT { salt.as_bytes().to_vec() } else { unhex(salt)? };
    let (salt, key) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(unhex(&input.hash)?));
    Some(format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${key}"))
}
