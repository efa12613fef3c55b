//! What systems write where a password's hash would stand to say that there is none, or that none is to fit.

use super::itoa64;

/// Words that stand for no password, bare or between stars and exclamation marks: shadow(5), Solaris, BSD, crypt(3)'s
/// failures, Request Tracker.
const WORDS: [&str; 18] = [
    "LK",
    "NP",
    "LOCK",
    "LOCKED",
    "NL",
    "NOLOGIN",
    "NO-LOGIN",
    "NO-PASSWORD",
    "NO_PASSWORD",
    "NO PASSWORD",
    "NOPASSWORD",
    "NONE",
    "DISABLED",
    "UNUSABLE",
    "INVALID",
    "EXPIRED",
    "0",
    "1",
];

/// So many letters and digits stand behind Django's `!`.
const DJANGO: usize = 40;

/// Whether a password column says that there is no usable password: nothing, `x`, `*`, `!`, `!!`, `*LK*`, `*NO-PASSWORD*`,
/// `NP`, `*0`, `{SASL}…`, Django's `!` and forty random letters and digits, and `!`, `*`, `*LK*` or
/// `*LOCKED*` before one of crypt(3)'s hashes, which is locked (DES's thirteen letters may be a password as well). What begins with such a sign and is anything else is none:
/// some systems write their hashes so (`*` and forty hexadecimal digits, `*salt*…`, `!bcrypt!…`).
#[must_use]
pub fn unusable_marker(text: &str) -> bool {
    let text = text.trim_ascii();
    match text.as_bytes() {
        // Nothing, and an empty list, as PHP and JSON write it.
        [] | b"a:0:{}" | b"[]" | b"{}" => true,
        // A row of stars hides a password that there is.
        [b'*', b'*', b'*', rest @ ..] if rest.iter().all(|b| *b == b'*') => false,
        [b'!' | b'*', ..] => stands_for_none(text),
        [b'{', ..] => text.get(..6).is_some_and(|head| head.eq_ignore_ascii_case("{SASL}")),
        _ => {
            text.len() <= 8
                && ["x", "NP", "LK", "NULL", "NOLOGIN", "disabled"]
                    .iter()
                    .any(|marker| text.eq_ignore_ascii_case(marker))
        }
    }
}

fn stands_for_none(text: &str) -> bool {
    let signs: &[char] = &['!', '*'];
    let rest = text.trim_start_matches(signs);
    let is_word = |word: &str| WORDS.iter().any(|known| known.eq_ignore_ascii_case(word));
    if rest.is_empty() || is_word(rest.trim_end_matches(signs)) || is_crypt(rest) {
        return true;
    }
    if let Some(random) = text.strip_prefix('!')
        && random.len() == DJANGO
        && random.bytes().all(|b| b.is_ascii_alphanumeric())
    {
        return true;
    }
    let locked = rest.split_once('*').filter(|(word, _)| text.starts_with('*') && is_word(word));
    locked.is_some_and(|(_, hash)| is_crypt(hash.trim_start_matches(signs)))
}

/// Whether a text has the form of one of crypt(3)'s that nobody types: `$tag$…`, BSDi's `_…`.
fn is_crypt(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes {
        [b'$', tag @ ..] => {
            let end = tag.iter().position(|&b| b == b'$');
            let is_tag = |tag: &[u8]| !tag.is_empty() && tag.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
            end.is_some_and(|end| is_tag(&tag[..end])) && !bytes.iter().any(u8::is_ascii_whitespace)
        }
        [b'_', rest @ ..] => rest.len() == 19 && itoa64::is_valid(&text[1..]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_a_word_of_its_own_or_locks_a_hash() {
        for marker in [
            "",
            " ",
            "x",
            "*",
            "!",
            "!!",
            "!*",
            "*LK*",
            "*NP*",
            "*0",
            "*1",
            "!LOCKED!",
            "*NO-PASSWORD*",
            "*no-password*",
            "!zM8oKq0bX2cV4nB6mL8kJ0hG2fD4sA6pO8iU0yT2",
            "!$6$salt$hash",
            "!!$6$salt$hash",
            "*$2b$10$702TeNw/844cDoVwiWzRYOOK0qaSqggw09TFRke99k75IovbrI4au",
            "*LK*$5$salt$hash",
            "*LOCKED*$6$salt$hash",
            "!_J9..rasmBYk8r9AiWNc",
            "{SASL}ann@EXAMPLE.ORG",
            "a:0:{}",
        ] {
            assert!(unusable_marker(marker), "{marker}");
        }
    }

    #[test]
    fn what_begins_like_a_marker_may_be_a_hash_or_a_password() {
        for other in [
            "*2470C0C06DEE42FD1618BBB99005ADCA2EC9D1E19",
            "*9f2d01ac*38704e1d0c589352fc29f28db781bda5",
            "*9f2d01ac*{SSHA}9f8Xk2m1Qw7rT5yU3iO0pA6sD4gHjKl=",
            "!bcrypt!10!bxwaQm0oZkq9rD8sT7uV6wX5yZ4aB3cD2eF1gH0iJ9kL8mN7oP6qR",
            "!sha512!Zb3kQ9xW7cR1tY5u!9f8Xk2m1Qw7rT5yU3iO0pA6sD4gHjKl",
            "!9f86d081884c7d659a2feaa0c55ad015",
            "********",
            "!Summer-2024",
            "!Summer2024abc",
            "**Ann, with a comma",
            "*secret*stars*",
            "!zM8oKq0bX2cV4nB6mL8kJ0hG2fD4sA6pO8iU0yT",
            "!{SSHA}9f8Xk2m1Qw7rT5yU3iO0pA6sD4gHjKl=",
        ] {
            assert!(!unusable_marker(other), "{other}");
        }
    }
}
