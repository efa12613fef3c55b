//! What the target accepts: the only place where its limits are written down. `plan/` asks before sending, `sandbox/`
//! enforces on receiving.
//!
//! Sources: Appwrite's `src/Appwrite/Utopia/Database/Validator/CustomId.php`, `src/Appwrite/Auth/Validator/{Password,Phone}.php`,
//! utopia-php's `Text`, PHP's `FILTER_VALIDATE_EMAIL`, and what running servers answered.

use super::version::{Profile, Version};
use crate::bytes::every;

/// Shortest password (and hash) in bytes that a login (and a create) takes.
pub const PASSWORD_MIN: usize = 8;
/// Longest password (and hash) in bytes, where [`Profile::max_256_bytes`] holds.
pub const PASSWORD_MAX: usize = 256;
/// Longest name, salt, separator and signer key in code points.
pub const TEXT_MAX: usize = 128;
/// Longest label in characters.
pub const LABEL_MAX: usize = 36;
/// Largest preferences in bytes of PHP's `json_encode`, which escapes `/` and everything that is not ASCII.
pub const PREFS_MAX: usize = 65_535;

/// Whether a user id is accepted: `A–Z a–z 0–9 . _ -`, not starting with one of the last three, 1 to
/// [`Profile::max_user_id`] characters. Ids are compared without case by MariaDB and PostgreSQL.
#[must_use]
pub fn user_id(id: &str, profile: &Profile) -> bool {
    let bytes = id.as_bytes();
    bytes.len() <= profile.max_user_id
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && every(bytes, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Whether an address (already trimmed) is accepted.
///
/// PHP's `FILTER_VALIDATE_EMAIL` without its quoted local parts, which Appwrite refuses on top; from 1.9 the local part
/// `0` is refused too (PHP's `empty('0')`).
#[must_use]
pub fn email(address: &str, profile: &Profile) -> bool {
    let Some((local, domain)) =
        memchr::memrchr(b'@', address.as_bytes()).map(|at| (&address[..at], &address[at + 1..]))
    else {
        return false;
    };
    if address.len() > 254 || local.is_empty() || local.len() > 64 {
        return false;
    }
    if local == "0" && profile.since >= Version::new(1, 9, 0) {
        return false;
    }
    // Atoms with one dot between them.
    let (mut good, mut before) = (true, DOT);
    for &byte in local.as_bytes() {
        let class = CLASSES[usize::from(byte)];
        good &= class & (ATEXT | DOT) != 0 && class & before & DOT == 0;
        before = class;
    }
    good && before & DOT == 0 && is_domain(domain)
}

const ATEXT: u8 = 1;
const ALPHANUMERIC: u8 = 2;
const HYPHEN: u8 = 4;
const DOT: u8 = 8;

/// What a byte may be in an address. [`ATEXT`] is what PHP's filter takes in an unquoted local part.
static CLASSES: [u8; 256] = {
    let (mut classes, mut byte) = ([0; 256], 0_u8);
    while byte < 128 {
        let atext = matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/'..=b'9' | b'=' | b'?' | b'A'..=b'Z'
            | b'^'..=b'~');
        classes[byte as usize] = if atext { ATEXT } else { 0 }
            | if byte.is_ascii_alphanumeric() { ALPHANUMERIC } else { 0 }
            | if byte == b'-' { HYPHEN } else { 0 }
            | if byte == b'.' { DOT } else { 0 };
        byte += 1;
    }
    classes
};

/// Two labels or more with one dot between them, of 1 to 63 letters, digits and hyphens, no hyphen first or last; the last
/// begins with a letter. Or an address in brackets.
fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[').and_then(|d| d.strip_suffix(']')) {
        return match literal.strip_prefix("IPv6:") {
            Some(six) => six.parse::<std::net::Ipv6Addr>().is_ok(),
            None => literal.parse::<std::net::Ipv4Addr>().is_ok(),
        };
    }
    let (mut good, mut before, mut label) = (true, DOT, 0);
    for (at, &byte) in domain.as_bytes().iter().enumerate() {
        let class = CLASSES[usize::from(byte)];
        if class & ALPHANUMERIC == 0 {
            good &= class & (DOT | HYPHEN) != 0 && before & DOT == 0;
            if class & DOT != 0 {
                good &= before & HYPHEN == 0 && at - label <= 63;
                label = at + 1;
            }
        }
        before = class;
    }
    good && label > 0
        && before & HYPHEN == 0
        && domain.len() - label <= 63
        && domain.as_bytes().get(label).is_some_and(u8::is_ascii_alphabetic)
}

/// Whether a number is accepted: E.164 with 7 to 15 digits, and a country calling code that exists (Appwrite asks
/// libphonenumber to parse it).
#[must_use]
pub fn phone(number: &str) -> bool {
    let Some(digits) = number.strip_prefix('+') else { return false };
    (7..=15).contains(&digits.len())
        && digits.bytes().all(|b| b.is_ascii_digit())
        && !digits.starts_with('0')
        && (1..=3).any(|n| digits[..n].parse().is_ok_and(|code: u16| CALLING_CODES.binary_search(&code).is_ok()))
}

/// The country calling codes that libphonenumber knows, geographic or not.
#[rustfmt::skip]
const CALLING_CODES: &[u16] = &[
    1, 7, 20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61,
    62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98, 211, 212, 213, 216, 218, 220, 221, 222, 223, 224, 225,
    226, 227, 228, 229, 230, 231, 232, 233, 234, 235, 236, 237, 238, 239, 240, 241, 242, 243, 244, 245, 246, 247, 248, 249,
    250, 251, 252, 253, 254, 255, 256, 257, 258, 260, 261, 262, 263, 264, 265, 266, 267, 268, 269, 290, 291, 297, 298, 299,
    350, 351, 352, 353, 354, 355, 356, 357, 358, 359, 370, 371, 372, 373, 374, 375, 376, 377, 378, 380, 381, 382, 383, 385,
    386, 387, 389, 420, 421, 423, 500, 501, 502, 503, 504, 505, 506, 507, 508, 509, 590, 591, 592, 593, 594, 595, 596, 597,
    598, 599, 670, 672, 673, 674, 675, 676, 677, 678, 679, 680, 681, 682, 683, 685, 686, 687, 688, 689, 690, 691, 692, 800,
    808, 850, 852, 853, 855, 856, 870, 878, 880, 881, 882, 883, 886, 888, 960, 961, 962, 963, 964, 965, 966, 967, 968, 970,
    971, 972, 973, 974, 975, 976, 977, 979, 992, 993, 994, 995, 996, 998,
];

/// Whether a label is accepted: 1 to 36 ASCII letters and digits.
#[must_use]
pub fn label(label: &str) -> bool {
    (1..=LABEL_MAX).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The length in bytes of what PHP's `json_encode` with default flags makes of a value: `/` is two bytes, a character
/// outside ASCII six, one outside the BMP twelve.
#[must_use]
pub fn php_json_len(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    match value {
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(n) => n.to_string().len(),
        Value::String(s) => php_string_len(s),
        Value::Array(items) => 2 + items.len().saturating_sub(1) + items.iter().map(php_json_len).sum::<usize>(),
        Value::Object(members) => php_object_len(members),
    }
}

/// [`php_json_len`] of an object.
#[must_use]
pub fn php_object_len(members: &serde_json::Map<String, serde_json::Value>) -> usize {
    2 + members.len().saturating_sub(1)
        + members.iter().map(|(name, value)| php_string_len(name) + 1 + php_json_len(value)).sum::<usize>()
}

fn php_string_len(s: &str) -> usize {
    2 + s
        .chars()
        .map(|c| match c {
            '"' | '\\' | '/' | '\u{8}' | '\u{c}' | '\n' | '\r' | '\t' => 2,
            ' '..='\u{7f}' => 1,
            '\0'..='\u{1f}' | '\u{80}'..='\u{ffff}' => 6,
            _ => 12,
        })
        .sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn newest() -> &'static Profile {
        Version::NEWEST.profile()
    }

    /// Observed on a running 1.9.6.
    #[test]
    fn addresses_as_the_server_judges_them() {
        for good in [
            "a@b.co",
            "a+b@example.com",
            "o'neil@example.com",
            "!#$%&*@example.com",
            "a/b=c@example.com",
            "a@[127.0.0.1]",
            "a@b.test",
            "a@b.local",
            "a@b.c",
            "a@xn--mnchen-3ya.de",
            "A@EXAMPLE.COM",
        ] {
            assert!(email(good, newest()), "{good}");
        }
        for bad in [
            "",
            "a",
            "@b.co",
            "a@",
            "ü@example.com",
            "a@münchen.de",
            "\"a b\"@example.com",
            "a..b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a@localhost",
            "a@b_c.com",
            "a@127.0.0.1",
            "a@b.123",
            "a@b@c.de",
            "a@-b.com",
            "a b@example.com",
            "0@example.com",
        ] {
            assert!(!email(bad, newest()), "{bad}");
        }
        assert!(email("0@example.com", Version::new(1, 8, 1).profile()));
        assert!(!email(&format!("{}@example.com", "a".repeat(65)), newest()));
    }

    /// Observed on a running 1.9.6: unassigned calling codes and six digits are refused.
    #[test]
    fn numbers_as_the_server_judges_them() {
        for good in ["+1234567", "+14155550123", "+4915112345678", "+881612345678"] {
            assert!(phone(good), "{good}");
        }
        for bad in [
            "14155550123",
            "+2101234567",
            "+9991234567",
            "+123456",
            "+0123456789",
            "+1 415 555 0123",
            "+1234567890123456",
            "+",
        ] {
            assert!(!phone(bad), "{bad}");
        }
    }

    #[test]
    fn ids_as_the_server_judges_them() {
        for good in ["1", "me", "a.b_c-d", &"a".repeat(36)] {
            assert!(user_id(good, newest()), "{good}");
        }
        for bad in ["", "_a", ".a", "-a", "a|b", "a@b", "ü", "a b", &"a".repeat(37)] {
            assert!(!user_id(bad, newest()), "{bad}");
        }
    }

    /// The transcript's own sizes: `/` counts 2, `é` counts 6.
    #[test]
    fn preferences_are_measured_as_php_writes_them() {
        let len = |json: &str| php_json_len(&serde_json::from_str(json).expect("JSON"));
        assert_eq!(len(r#"{"a":"/"}"#), r#"{"a":"\/"}"#.len());
        assert_eq!(len(r#"{"a":"é"}"#), r#"{"a":"\u00e9"}"#.len());
        assert_eq!(len(r#"{"a":"😀"}"#), r#"{"a":"\ud83d\ude00"}"#.len());
        let plain = r#"[1,true,false,null,{"b":[]}]"#;
        assert_eq!(len(plain), plain.len());
    }
}
