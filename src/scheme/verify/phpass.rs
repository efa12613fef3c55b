//! The portable hashes of phpass, `$P$` and `$H$`: Solar Designer's `PasswordHash.php`, `crypt_private`.

use md5::{Digest, Md5};

use crate::scheme::itoa64;

/// The whole string for a password and a setting of at least twelve characters; `None` if the setting is none that
/// phpass computes (another prefix, log₂ of the rounds outside 7–30, a salt shorter than eight bytes).
pub fn portable(password: &[u8], setting: &str) -> Option<String> {
    let bytes = setting.as_bytes();
    if !(setting.starts_with("$P$") || setting.starts_with("$H$")) {
        return None;
    }
    let log2 = itoa64::value(*bytes.get(3)?).filter(|log2| (7..=30).contains(log2))?;
    let salt = bytes.get(4..12)?;
    let mut digest = Md5::new().chain_update(salt).chain_update(password).finalize();
    for _ in 0..1_u32 << log2 {
        digest = Md5::new().chain_update(digest).chain_update(password).finalize();
    }
    // A salt cut within a character cannot equal any stored string anyway.
    let mut out = setting.get(..12)?.to_owned();
    out.push_str(&itoa64::encode(&digest));
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_match_the_published_vectors() {
        // PasswordHash's test.php ("test12345") and Appwrite's own end-to-end test ("appwrite").
        for (password, hash) in
            [("test12345", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"), ("appwrite", "$P$Br387rwferoKN7uwHZqNMu98q3U8RO.")]
        {
            assert_eq!(portable(password.as_bytes(), hash).as_deref(), Some(hash));
        }
    }

    #[test]
    fn settings_outside_the_rules_are_refused() {
        for setting in ["$P$", "$P$4saltsalt", "$P$Tsaltsalt", "$P$Bsalt", "$S$Bsaltsalt", "$P$Bsaltsal\u{e9}"] {
            assert_eq!(portable(b"password", setting), None, "{setting}");
        }
    }
}
