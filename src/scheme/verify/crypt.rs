//! PHP's crypt() and password_verify(), which decide the logins of `/users/bcrypt`, `/users/argon2` and, for crypt(),
//! `/users/phpass` (php-src `ext/standard/crypt.c`, `password.c`).

use subtle::ConstantTimeEq as _;

use super::{Login, argon2, bcrypt, des, md5_crypt};
use crate::scheme::itoa64;

/// More SHA-crypt rounds than this take a server minutes; rehome computes none of them.
pub const MAX_ROUNDS: u32 = 20_000_000;

/// password_verify(): argon2 by the name between the first two `$`, anything else is left to crypt().
pub fn password_verify(password: &[u8], stored: &str) -> Login {
    match stored.get(1..).and_then(|rest| rest.split_once('$')).map(|(name, _)| name) {
        Some("argon2i" | "argon2id") => argon2::verify(password, stored),
        _ => crypt_equals(password, stored),
    }
}

/// Whether crypt() of the password with the stored string as its setting gives the stored string again, whole.
pub fn crypt_equals(password: &[u8], stored: &str) -> Login {
    // crypt_blowfish, md5, sha and DES all take a C string.
    let password = password.split(|&byte| byte == 0).next().unwrap_or_default();
    let computed = if stored.starts_with("$1$") {
        md5_crypt::crypt(password, stored)
    } else if stored.starts_with("$5$") || stored.starts_with("$6$") {
        match sha_crypt(password, stored) {
            Ok(computed) => computed,
            Err(TooExpensive) => return Login::ServerError,
        }
    } else if stored.starts_with("$2") && stored.as_bytes().get(3) == Some(&b'$') {
        match bcrypt::crypt(password, stored) {
            bcrypt::Computed::Hash(computed) => Some(computed),
            bcrypt::Computed::Fails => None,
            bcrypt::Computed::TooExpensive => return Login::ServerError,
        }
    } else if stored.starts_with('_') {
        des::extended(password, stored)
    } else {
        des::traditional(password, stored)
    };
    Login::matches(computed.is_some_and(|computed| computed.as_bytes().ct_eq(stored.as_bytes()).into()))
}

/// The setting asks for more than [`MAX_ROUNDS`].
struct TooExpensive;

/// `$5$` and `$6$` (Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512"). `None` where PHP answers `*0`: rounds
/// outside 1,000–999,999,999.
fn sha_crypt(password: &[u8], setting: &str) -> Result<Option<String>, TooExpensive> {
    let (prefix, rest) = setting.split_at(3);
    let mut head = prefix.to_owned();
    let mut rounds = sha_crypt::Params::RECOMMENDED_ROUNDS;
    let mut salt = rest;
    if let Some((digits, after)) = rest.strip_prefix("rounds=").and_then(|rest| rest.split_once('$'))
        && digits.bytes().all(|b| b.is_ascii_digit())
    {
        // strtoul takes the empty text for 0 and large numbers for the largest, both outside the limits.
        let Some(wanted) = digits.parse::<u32>().ok().filter(|n| (1000..=999_999_999).contains(n)) else {
            return Ok(None);
        };
        head = format!("{prefix}rounds={wanted}$");
        (rounds, salt) = (wanted, after);
    }
    let salt = salt.split('$').next().unwrap_or_default();
    let mut end = salt.len().min(16);
    while !salt.is_char_boundary(end) {
        // A salt cut within a character cannot equal the stored string anyway.
        end -= 1;
    }
    let salt = &salt[..end];
    if rounds > MAX_ROUNDS {
        return Err(TooExpensive);
    }
    let Ok(params) = sha_crypt::Params::new(rounds) else { return Ok(None) };
    let mut out = format!("{head}{salt}$");
    let mut push = |bytes: &[u8], count| {
        itoa64::push(&mut out, bytes.iter().fold(0, |bits, &byte| bits << 8 | u32::from(byte)), count);
    };
    if prefix == "$5$" {
        let digest = sha_crypt::sha256_crypt(password, salt.as_bytes(), params);
        let (mut a, mut b, mut c) = (0, 10, 20);
        for _ in 0..10 {
            push(&[digest[a], digest[b], digest[c]], 4);
            (a, b, c) = (c + 1, a + 1, b + 1);
        }
        push(&[digest[31], digest[30]], 3);
    } else {
        let digest = sha_crypt::sha512_crypt(password, salt.as_bytes(), params);
        let (mut a, mut b, mut c) = (0, 21, 42);
        for _ in 0..21 {
            push(&[digest[a], digest[b], digest[c]], 4);
            (a, b, c) = (b + 1, c + 1, a + 1);
        }
        push(&[digest[63]], 2);
    }
    Ok(Some(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(password: &str, stored: &str) -> Login {
        password_verify(password.as_bytes(), stored)
    }

    #[test]
    fn sha_crypt_matches_the_specification() {
        // Drepper, SHA-crypt.txt, test vectors.
        for (password, hash) in [
            ("Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
            (
                "Hello world!",
                "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
            ),
        ] {
            assert_eq!(verify(password, hash), Login::Match, "{hash}");
            assert_eq!(verify("Hello World!", hash), Login::Mismatch, "{hash}");
        }
    }

    #[test]
    fn rounds_are_as_php_takes_them() {
        for rounds in ["999", "", "1000000000", "99999999999999999999", "01000", "+5000"] {
            let stored = format!("$5$rounds={rounds}$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5");
            assert_eq!(verify("Hello world!", &stored), Login::Mismatch, "{rounds}");
        }
        assert_eq!(verify("Hello world!", "$6$rounds=999999999$salt$x"), Login::ServerError);
    }

    #[test]
    fn nothing_else_is_taken_for_des() {
        for stored in ["", "$y$j9T$salt$hash", "$2$04$x", "{SSHA}abc", "*0", "*1", ":a", "$apr1$a$b", "\0\0", "é"] {
            assert_eq!(verify("password", stored), Login::Mismatch, "{stored}");
        }
    }

    #[test]
    fn a_nul_ends_the_password() {
        assert_eq!(verify("test\0anything", "N1tQbOFcM5fpg"), Login::Match);
    }
}
