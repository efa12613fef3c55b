//! What the target accepts: the only place where its limits are written down. `plan/` asks before sending, `sandbox/`
//! enforces on receiving.
//!
//! Sources: Appwrite's `src/Appwrite/Utopia/Database/Validator/CustomId.php`, `src/Appwrite/Auth/Validator/{Password,Phone}.php`,
//! utopia-php's `Text`, PHP's `FILTER_VALIDATE_EMAIL`, and what running servers answered.

use std::fmt::Write;

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

/// Whether `/users/ID` is a route of another meaning. Appwrite takes such an id; reading or deleting its user then answers
/// for something else (`GET /users/identities` lists identities).
#[must_use]
pub fn is_route(id: &str) -> bool {
    let routes = ["identities", "usage", "argon2", "bcrypt", "md5", "phpass", "scrypt", "scrypt-modified", "sha"];
    // Most ids are longer than any.
    id.len() <= "scrypt-modified".len() && routes.iter().any(|route| id.eq_ignore_ascii_case(route))
}

/// Whether an address (already trimmed) is accepted.
///
/// PHP's `FILTER_VALIDATE_EMAIL` without its quoted local parts, which Appwrite refuses on top; from 1.9 the local part
/// `0` is refused too (PHP's `empty('0')`).
#[must_use]
pub fn email(address: &str, profile: &Profile) -> bool {
    if address.starts_with("0@") && profile.since >= Version::new(1, 9, 0) {
        return false;
    }
    match address.as_bytes() {
        [.., b']'] => is_with_literal(address),
        // Shorter ones have no part that could be too long.
        bytes => ends_as(bytes) == NAMED && (bytes.len() <= 64 || is_short_enough(address)),
    }
}

/// At most 254 characters, 64 before the `@` and 63 between dots behind it.
fn is_short_enough(address: &str) -> bool {
    let (local, domain) = address.rsplit_once('@').unwrap_or_default();
    address.len() <= 254 && local.len() <= 64 && domain.split('.').all(|label| label.len() <= 63)
}

/// `local@[127.0.0.1]`, `local@[IPv6:::1]`
fn is_with_literal(address: &str) -> bool {
    let Some((local, literal)) = address.strip_suffix(']').and_then(|a| a.rsplit_once("@[")) else { return false };
    let at = address.as_bytes().get(..=local.len()).unwrap_or_default();
    ends_as(at) == DOMAIN
        && local.len() <= 64
        && address.len() <= 254
        // In any case: the address is lower-cased by now.
        && match literal.split_at_checked(5) {
            Some((tag, six)) if tag.eq_ignore_ascii_case("IPv6:") => six.parse::<std::net::Ipv6Addr>().is_ok(),
            _ => literal.parse::<std::net::Ipv4Addr>().is_ok(),
        }
}

// The states of an address that is read byte by byte. Its local part are atoms with one dot between them, the domain two
// labels or more of letters, digits and hyphens, no hyphen first or last, the last label beginning with a letter.

/// The state that is never left: the address is refused.
const BAD: u8 = 0;
/// An atom has to begin.
const ATOM: u8 = 1;
/// In an atom.
const IN_ATOM: u8 = 2;
/// Behind the `@`.
const DOMAIN: u8 = 3;
/// Behind a dot of the domain.
const LABEL: u8 = 4;
/// In a label with which a domain cannot end: the first, or one that begins with a digit.
const NUMBERED: u8 = 5;
/// In a label with which it can.
const NAMED: u8 = 6;
/// At a hyphen of the one.
const NUMBERED_HYPHEN: u8 = 7;
/// At a hyphen of the other.
const NAMED_HYPHEN: u8 = 8;

/// Six bits for each state: six times the state that follows on it. So a step takes no branch, only one shift.
static STEPS: [u64; 256] = {
    let (mut steps, mut byte) = ([0; 256], 0_u8);
    while byte < 128 {
        let mut state = 0;
        while state <= NAMED_HYPHEN {
            steps[byte as usize] |= (6 * step(state, byte) as u64) << (6 * state);
            state += 1;
        }
        byte += 1;
    }
    steps
};

const fn step(state: u8, byte: u8) -> u8 {
    // What PHP's filter takes in an unquoted local part.
    let in_atom = matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/'..=b'9' | b'=' | b'?' | b'A'..=b'Z'
        | b'^'..=b'~');
    match (state, byte) {
        (ATOM | IN_ATOM, _) if in_atom => IN_ATOM,
        (IN_ATOM, b'.') => ATOM,
        (IN_ATOM, b'@') => DOMAIN,
        (LABEL, b'A'..=b'Z' | b'a'..=b'z') => NAMED,
        (DOMAIN | LABEL | NUMBERED | NUMBERED_HYPHEN, _) if byte.is_ascii_alphanumeric() => NUMBERED,
        (NAMED | NAMED_HYPHEN, _) if byte.is_ascii_alphanumeric() => NAMED,
        (NUMBERED | NUMBERED_HYPHEN, b'-') => NUMBERED_HYPHEN,
        (NAMED | NAMED_HYPHEN, b'-') => NAMED_HYPHEN,
        (NUMBERED | NAMED, b'.') => LABEL,
        _ => BAD,
    }
}

fn ends_as(address: &[u8]) -> u8 {
    let start = 6 * u64::from(ATOM);
    let end = address.iter().fold(start, |state, &byte| STEPS[usize::from(byte)] >> (state & 63));
    (end & 63) as u8 / 6
}

/// Whether a number is accepted: E.164 with 7 to 15 digits, and a country calling code that exists (Appwrite asks
/// libphonenumber to parse it) and that the version takes.
#[must_use]
pub fn phone(number: &str, profile: &Profile) -> bool {
    calling_code(number).is_some_and(|code| !profile.calling_codes_refused || !refused_by_newer_servers(code))
}

/// The country calling code of a number, if it is E.164 with 7 to 15 digits and the code exists. No code begins another, so
/// that there is one at most.
#[must_use]
pub fn calling_code(number: &str) -> Option<u16> {
    let digits = number.strip_prefix('+')?;
    let sound =
        (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    let exists = |code: &u16| CALLING_CODES.binary_search(code).is_ok();
    if sound { (1..=3).find_map(|n| digits[..n].parse().ok().filter(exists)) } else { None }
}

/// The calling codes that a version refuses.
#[must_use]
pub const fn refused_calling_codes(profile: &Profile) -> &'static [u16] {
    if profile.calling_codes_refused { REFUSED_CALLING_CODES } else { &[] }
}

/// Whether numbers of a calling code are refused where [`Profile::calling_codes_refused`] holds.
#[must_use]
pub fn refused_by_newer_servers(code: u16) -> bool {
    REFUSED_CALLING_CODES.binary_search(&code).is_ok()
}

/// The calling codes that servers from 2.0 on refuse, as a running one did. A server may differ from the list, and can be
/// asked ([`super::preflight`]).
#[rustfmt::skip]
pub const REFUSED_CALLING_CODES: &[u16] = &[
    92, 93, 211, 225, 230, 235, 243, 246, 247, 355, 382, 383, 423, 508, 599, 685, 690, 800, 808, 870, 878, 881, 882, 883,
    888, 970, 979, 992, 993, 998,
];

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
        Value::Number(n) => {
            let mut length = Length(0);
            // Counting cannot fail.
            let _ = write!(length, "{n}");
            length.0
        }
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

/// Counts what is written to it, in bytes.
struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

fn php_string_len(s: &str) -> usize {
    // Nearly all are plain.
    if every(s.as_bytes(), |b| matches!(b, b' '..=b'~') && !matches!(b, b'"' | b'\\' | b'/')) {
        return 2 + s.len();
    }
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
            "a@[IPv6:::1]",
            "a@[ipv6:2001:db8::1]",
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

    /// The rule as one would read it out, which the states are to be compared with.
    fn email_by_parts(address: &str) -> bool {
        let Some((local, domain)) = address.rsplit_once('@') else { return false };
        let in_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
        let in_label = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.chars().all(in_label)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let literal = domain.strip_prefix('[').and_then(|domain| domain.strip_suffix(']'));
        address.len() <= 254
            && local != "0"
            && local.len() <= 64
            && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(in_atom))
            && match literal {
                Some(literal) => literal == "127.0.0.1",
                None => {
                    domain.contains('.')
                        && domain.split('.').all(is_label)
                        && domain.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_alphabetic()))
                }
            }
    }

    proptest::proptest! {
        #[test]
        fn addresses_are_judged_by_their_parts(
            address in "[a0.@-]{0,12}|[a0.+é-]{1,4}@[aB0._-]{1,9}|0?@?[a-]{0,66}@[a-]{60,66}\\.[a0]{1,64}(\\.[a0]{60,64}){0,3}|\
                        [a.@]{1,3}@\\[?(127\\.0\\.0\\.1|a\\.b|)\\]"
        ) {
            proptest::prop_assert_eq!(email(&address, newest()), email_by_parts(&address), "{}", address);
        }
    }

    /// Observed on a running 1.9.6: unassigned calling codes and six digits are refused.
    #[test]
    fn numbers_as_the_server_judges_them() {
        let observed = Version::new(1, 9, 6).profile();
        for good in ["+1234567", "+14155550123", "+4915112345678", "+881612345678"] {
            assert!(phone(good, observed), "{good}");
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
            assert!(!phone(bad, observed), "{bad}");
        }
    }

    /// Observed on a running main before 2.0.
    #[test]
    fn thirty_calling_codes_are_refused_by_newer_servers() {
        assert_eq!(REFUSED_CALLING_CODES.len(), 30);
        for code in REFUSED_CALLING_CODES {
            let number = format!("+{code}5551234");
            assert!(phone(&number, Version::new(1, 9, 10).profile()), "{number}");
            assert!(!phone(&number, Version::new(2, 0, 0).profile()), "{number}");
            assert_eq!(calling_code(&number), Some(*code));
        }
        assert!(phone("+14155550123", newest()) && phone("+4915112345678", newest()));
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
