//! What stands in the place of a password that was not to be shown, or could not be: the one list of it.

use crate::bytes::{is_scientific, trim};

/// Words that stand for a mask by themselves: nobody types them.
const WORDS: [&str; 22] = [
    "filtered",
    "redacted",
    "masked",
    "omitted",
    "censored",
    "scrubbed",
    "sanitized",
    "sanitised",
    "obfuscated",
    "anonymized",
    "anonymised",
    "undefined",
    "object object",
    "not shown",
    "not available",
    "not exported",
    "null",
    "nil",
    "none",
    "n/a",
    "nan",
    "sensitive data",
];

/// Words that people type as well: they are masks only between brackets or other signs.
const BRACKETED: [&str; 20] = [
    "hidden",
    "removed",
    "protected",
    "encrypted",
    "private",
    "secret",
    "confidential",
    "sensitive",
    "password hidden",
    "hidden password",
    "password hash",
    "password",
    "hash",
    "binary data",
    "binary",
    "blob",
    "secret value",
    "not set",
    "empty",
    "memory",
];

/// The longest of the words, with whatever is about it, and alone, however it is parted.
const LONGEST: usize = 48;
const LONGEST_WORD: usize = 17;

/// Whether a cell is a mask: one sign over and over, a word that says so (`[FILTERED]`, `REDACTED`), what a program writes of
/// bytes and objects that it cannot show (`<memory at 0x7f…>`, `System.Byte[]`), or what a spreadsheet does (`#NAME?`, `1.23457E+10`).
#[must_use]
pub fn is_mask(text: &str) -> bool {
    let text = trim(text);
    // Nearly all cells are hashes.
    if matches!(text.as_bytes(), [b'$', second, ..] if *second != b'$') {
        return false;
    }
    // Or digests and passwords: what begins and ends like one is no single sign, and of all stand-ins a link or a number at most.
    if let [first, .., last] = text.as_bytes()
        && first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
        && !matches!(first, b'h' | b'x' | b'X')
    {
        // There is no digit in any of the words, and one in nearly every password.
        let may_be_word = text.len() <= LONGEST_WORD && !text.bytes().any(|b| b.is_ascii_digit());
        return is_scientific(text) || may_be_word && WORDS.iter().any(|word| is_word(text, word));
    }
    // Datasette writes where a blob could be fetched.
    if (text.starts_with("http://") || text.starts_with("https://")) && text.contains("blob") {
        return true;
    }
    if is_row(text) || is_stand_in(text) {
        return true;
    }
    if text.len() > LONGEST {
        return false;
    }
    let bare = text.trim_matches(|c: char| c.is_ascii_punctuation() || c.is_whitespace());
    if bare.len() > LONGEST_WORD {
        return false;
    }
    let is = |words: &[&str]| words.iter().any(|word| is_word(bare, word));
    let bracketed = |text: &str| {
        text.starts_with(['[', '<', '(', '{', '*', '-', '_', '#'])
            && text.ends_with([']', '>', ')', '}', '*', '-', '_', '#'])
    };
    is(&WORDS) || bracketed(text) && is(&BRACKETED)
}

/// One sign over and over, or several kinds of bullets. Of letters it is x, and full stops are something else up to three.
fn is_row(text: &str) -> bool {
    const BULLETS: &str = "*•●·∙○⬤█▪■×‧⁎＊…";
    let mut signs = text.chars();
    let Some(first) = signs.next().filter(|first| !first.is_alphanumeric() || matches!(first, 'x' | 'X')) else {
        return false;
    };
    let same = |sign: char| sign.eq_ignore_ascii_case(&first);
    let all = signs.clone().all(same) || text.chars().all(|sign| BULLETS.contains(sign));
    all && signs.nth(if first == '.' { 2 } else { 1 }).is_some()
}

/// Whether a text is these words, however they are parted. Nearly all are told apart by their first letters.
fn is_word(text: &str, words: &str) -> bool {
    fn letters(text: &str) -> impl Iterator<Item = char> {
        text.chars().filter(|c| c.is_alphanumeric() || *c == '/').map(|c| c.to_ascii_lowercase())
    }
    text.len() + 2 >= words.len() && text.len() <= words.len() + 2 && letters(text).eq(letters(words))
}

/// What programs write of bytes and objects that they cannot show, and spreadsheets of what they do not understand:
/// `<memory at 0x7f…>`, `System.Byte[]`, `[B@1b6d3586`, `[BLOB - 60 B]`, `<Buffer 24 32 …>`, `#NAME?`, `1.23457E+10`.
fn is_stand_in(text: &str) -> bool {
    let within = |open: char, close: char| text.strip_prefix(open)?.strip_suffix(close);
    let is_hex = |digits: &str| digits.len() >= 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(inner) = within('<', '>') {
        return inner.contains(" at 0x") || inner.starts_with("Buffer ") || inner.contains("binary") || inner == "blob";
    }
    if let Some(inner) = within('[', ']').or_else(|| within('(', ')')) {
        let lower = inner.to_ascii_lowercase();
        return ["blob", "binary", "bytes", "image", "object"].iter().any(|word| lower.starts_with(word));
    }
    let array = text.strip_prefix("System.").is_some_and(|name| name.ends_with("[]"));
    let java = text.strip_prefix('[').and_then(|text| text.split_once('@')).is_some_and(|(_, at)| is_hex(at));
    let perl = ["HASH(0x", "ARRAY(0x", "SCALAR(0x"].iter().any(|open| text.starts_with(open)) && text.ends_with(')');
    let sheet = ["#NAME?", "#VALUE!", "#REF!", "#N/A", "#ERROR!", "#NULL!", "#DIV/0!", "#NUM!"].contains(&text);
    array || java || perl || sheet || text.starts_with("#<") && text.ends_with('>') || is_scientific(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_what_nobody_types() {
        for mask in [
            "***",
            "**********",
            "••••••••",
            "●·●",
            "xxxXXX",
            "--------",
            "########",
            "[FILTERED]",
            "REDACTED",
            "<redacted>",
            "[HIDDEN]",
            "<password hash>",
            "*hidden*",
            "[object Object]",
            "undefined",
            "N/A",
            "Not shown",
            "<memory at 0x7f1c2e>",
            "[BLOB - 60 B]",
            "System.Byte[]",
            "[B@1b6d3586",
            "#NAME?",
            "1.23457E+10",
            "https://example.com/db/users/1.blob",
            "xxxxxxxxxxxxxxxxxxxxxxxx",
            "123456789012345678.5E+10",
        ] {
            assert!(is_mask(mask), "{mask}");
        }
        for other in [
            "",
            "**",
            "...",
            "aaaaaa",
            "111111",
            "hidden",
            "(secret)x",
            "password",
            "**a**",
            "Removed-7",
            "password hash of a user",
            "hQEMA7e9Hd0kYwQ1AQf/d2U",
            "$2b$10$702TeNw/844cDoVwiWzRYOOK0qaSqggw09TFRke99k75IovbrI4au",
            "5f4dcc3b5aa765d61d8327deb882cf99",
        ] {
            assert!(!is_mask(other), "{other}");
        }
    }
}
