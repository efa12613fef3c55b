//! What one cell is to a sign-in: nothing, a mask, a hash in whatever wrapping, or words.

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use rustc_hash::FxHashMap;

use crate::bytes::{is_hex, trim};
use crate::format::Value;
use crate::scheme::{Looks, is_mask, looks_like};

/// What a cell holds that may be a password, its hash, or neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) enum Cell<'v> {
    /// Nothing, or a word for it (`NULL`, `None`, `nan`).
    Empty,
    /// What an exporter writes in the place of what it may not show.
    Masked,
    /// A hash, out of whatever it was wrapped in.
    Hash(Cow<'v, str>),
    /// Anything else that is text.
    Words(Cow<'v, str>),
    /// A list or an object in which no hash is found.
    Structure,
}

/// Looks at a cell of a column of passwords or of their hashes.
pub(in crate::source) fn look<'v>(value: &'v Value<'_>) -> Cell<'v> {
    match value {
        Value::Null => Cell::Empty,
        Value::Text(text) if text.is_empty() => Cell::Empty,
        Value::Object(_) | Value::List(_) => match unwrapped(value).or_else(|| only_hash(value)) {
            Some(text) if is_mask(&text) => Cell::Masked,
            Some(text) => Cell::Hash(text),
            None if value.is_empty() => Cell::Empty,
            None if value.member("isSet").is_some() => Cell::Masked,
            None => Cell::Structure,
        },
        _ => match value.text() {
            // Columns of a fixed width are filled up with NUL.
            Some(Cow::Borrowed(text)) => look_at(text.trim_end_matches('\0')),
            Some(Cow::Owned(text)) => Cell::Words(Cow::Owned(text)),
            None => Cell::Empty,
        },
    }
}

/// As [`look`] at the hash of a record that says itself which scheme it is of: then nothing is left to be found out but masks and
/// wrappings.
pub(in crate::source) fn look_declared<'v>(value: &'v Value<'_>) -> Cell<'v> {
    match value {
        Value::Text(text) if text.len() >= 20 => {
            // One sign over and over is a mask; all else that begins so is a hash where a scheme is named.
            let marked = matches!(text.as_bytes(), [first @ (b'$' | b'{'), second, ..] if first != second);
            if marked || says_itself(trim(text)) || (!is_mask(text) && decoded(trim(text)).is_none()) {
                Cell::Hash(Cow::Borrowed(text))
            } else {
                look(value)
            }
        }
        _ => look(value),
    }
}

fn look_at(text: &str) -> Cell<'_> {
    let bare = trim(text);
    if says_itself(bare) {
        return Cell::Hash(Cow::Borrowed(text));
    }
    if bare.is_empty() || ["null", "none", "nil", "nan", "\\n"].iter().any(|word| bare.eq_ignore_ascii_case(word)) {
        return Cell::Empty;
    }
    let looks = looks_like(bare);
    if looks == Looks::Masked {
        return Cell::Masked;
    }
    if let Some(inner) = decoded(bare) {
        return Cell::Hash(Cow::Owned(inner));
    }
    if is_hash_by(looks, bare) { Cell::Hash(Cow::Borrowed(text)) } else { Cell::Words(Cow::Borrowed(text)) }
}

/// Nearly all cells of a column of hashes say what they are, or are a digest.
fn says_itself(bare: &str) -> bool {
    is_digest(bare) || kind(bare).is_some()
}

/// Hexadecimal as long as a digest, and not of one that says itself what it is (`24…` is `$…`, `7b…` is `{…`).
pub(crate) fn is_digest(text: &str) -> bool {
    matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128)
        && !text.starts_with("24")
        && !text.starts_with("7b")
        && !text.bytes().all(|b| b == text.as_bytes()[0])
        && is_hex(text)
}

/// The hash in an object or list: MongoDB's binaries in their three spellings, sqlite-utils' base64, Node's Buffer, and
/// `{algorithm, value}`.
pub(in crate::source) fn unwrapped<'v>(value: &'v Value<'_>) -> Option<Cow<'v, str>> {
    let text = match value {
        Value::Text(text) => match decoded(trim(text)) {
            Some(inner) => Cow::Owned(inner),
            None => Cow::Borrowed(&**text),
        },
        Value::Object(_) => {
            let text = |name: &str| value.member(name).and_then(Value::text);
            if let Some(binary) = value.member("$binary") {
                let base64 = binary.member("base64").and_then(Value::text).or_else(|| binary.text())?;
                Cow::Owned(of_base64(&base64)?)
            } else if value.member("$base64").is_some() {
                Cow::Owned(of_base64(&text("encoded")?)?)
            } else if text("type").as_deref() == Some("Buffer") {
                let bytes = value.member("data")?.items().map(|item| item.text()?.parse().ok());
                Cow::Owned(String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()?)
            } else {
                let inner = ["value", "hash", "encoded", "digest", "password", "bcrypt"];
                let inner = inner.iter().find_map(|name| value.member(name));
                inner.filter(|inner| !matches!(inner, Value::List(_))).and_then(unwrapped)?
            }
        }
        Value::List(items) if items.len() >= 13 && matches!(items[0], Value::Number(_)) => {
            let bytes = items.iter().map(|item| item.text()?.parse().ok());
            Cow::Owned(String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok().filter(|text| kind(text).is_some())?)
        }
        _ => return None,
    };
    Some(match text {
        Cow::Owned(text) => Cow::Owned(text.trim_end_matches('\0').to_owned()),
        borrowed @ Cow::Borrowed(_) => borrowed,
    })
}

/// The hash of a list of credentials of which one alone has any: `[{"type": "password", "value": "$2b$…"}, {"type": "oauth", …}]`.
fn only_hash<'v>(value: &'v Value<'_>) -> Option<Cow<'v, str>> {
    fn all<'v>(value: &'v Value<'_>, depth: u8, found: &mut Vec<Cow<'v, str>>) {
        match value {
            Value::Text(text) if kind(text).is_some() => found.push(Cow::Borrowed(&**text)),
            Value::List(items) if depth > 0 => items.iter().for_each(|item| all(item, depth - 1, found)),
            Value::Object(members) if depth > 0 => match unwrapped(value).filter(|text| kind(text).is_some()) {
                Some(hash) => found.push(hash),
                None => members.iter().for_each(|(_, member)| all(member, depth - 1, found)),
            },
            _ => {}
        }
    }
    let Value::List(_) = value else { return None };
    let mut found = Vec::new();
    all(value, 3, &mut found);
    found.pop().filter(|_| found.is_empty())
}

/// A hash out of what writers of bytes made of it: Python's `b'…'`, `\x…` and `0x…`, bare hexadecimal or base64 of a text.
fn decoded(text: &str) -> Option<String> {
    // All of them begin with one of these.
    if !matches!(text.as_bytes().first()?, b'b' | b'B' | b'[' | b'\\' | b'0'..=b'9' | b'J' | b'e') {
        return None;
    }
    let bytes = text.strip_prefix("bytearray(").and_then(|text| text.strip_suffix(')')).unwrap_or(text);
    let literal = ["b'", "b\""].iter().find_map(|open| bytes.strip_prefix(open)?.strip_suffix(&open[1..]));
    if let Some(inner) = literal {
        return Some(inner.to_owned());
    }
    if let Some(inner) = of_numbers(text) {
        return kind(&inner).is_some().then_some(inner);
    }
    // MongoDB's shells: `BinData(0, "…")`, `Binary.createFromBase64('…', 0)`.
    if text.starts_with("Bin") && text.ends_with(')') {
        return text.split(['"', '\'']).nth(1).and_then(of_base64);
    }
    let hex = text.strip_prefix("\\x").or_else(|| text.strip_prefix("0x")).unwrap_or(text);
    let prefixed = hex.len() < text.len();
    if hex.len() >= 26
        && (prefixed || hex.starts_with("24") || hex.starts_with("7b"))
        && let Some(inner) = of_hex(hex)
        && kind(&inner).is_some()
    {
        return Some(inner);
    }
    let inner = (text.len() >= 20 && text.starts_with(['J', 'e'])).then(|| of_base64(text)).flatten()?;
    kind(&inner).is_some().then_some(inner)
}

/// What programs make of bytes that they take for a list: `[36,50,98,…]`.
fn of_numbers(text: &str) -> Option<String> {
    let list = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if !list.starts_with(|c: char| c.is_ascii_digit()) || list.len() < 40 || !list.contains(',') {
        return None;
    }
    let bytes: Option<Vec<u8>> = list.split(',').map(|number| number.trim().parse().ok()).collect();
    String::from_utf8(bytes?).ok()
}

fn of_hex(hex: &str) -> Option<String> {
    let digit = |byte: u8| (byte as char).to_digit(16).map(|digit| digit as u8);
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else { return None };
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}

fn of_base64(text: &str) -> Option<String> {
    let bare = text.trim_end_matches('=');
    let bytes = STANDARD_NO_PAD.decode(bare).or_else(|_| URL_SAFE_NO_PAD.decode(bare)).ok()?;
    String::from_utf8(bytes).ok().map(|text| text.trim_end_matches('\0').to_owned())
}

/// Beginnings that only hashes have, and what they are the hashes of.
const BEGINNINGS: [(&str, &str); 48] = [
    ("$2a$", "bcrypt"),
    ("$2b$", "bcrypt"),
    ("$2x$", "bcrypt"),
    ("$2y$", "bcrypt"),
    ("$2$", "bcrypt"),
    ("$bcrypt", "bcrypt"),
    ("bcrypt$", "bcrypt"),
    ("bcrypt:", "bcrypt"),
    ("bcrypt_sha256$", "bcrypt"),
    ("$argon2", "argon2"),
    ("argon2$", "argon2"),
    (":argon2:", "argon2"),
    ("$scrypt$", "scrypt"),
    ("scrypt:", "scrypt"),
    ("scrypt$", "scrypt"),
    ("$s0$", "scrypt"),
    ("$s1$", "scrypt"),
    ("$fbscrypt$", "scrypt"),
    ("c2NyeXB0", "scrypt"),
    ("$7$", "scrypt"),
    ("$1$", "MD5-crypt"),
    ("$apr1$", "MD5-crypt"),
    ("$5$", "SHA-256-crypt"),
    ("$6$", "SHA-512-crypt"),
    ("$y$", "yescrypt"),
    ("$gy$", "yescrypt"),
    ("$sm3$", "crypt"),
    ("$P$", "phpass"),
    ("$H$", "phpass"),
    ("$S$", "Drupal"),
    ("U$S$", "Drupal"),
    ("U$P$", "Drupal"),
    ("$pbkdf2", "PBKDF2"),
    ("pbkdf2", "PBKDF2"),
    ("PBKDF2", "PBKDF2"),
    (":pbkdf2", "PBKDF2"),
    ("grub.pbkdf2", "PBKDF2"),
    ("AQAAAA", "PBKDF2"),
    ("sha1$", "SHA-1"),
    ("sha256$", "SHA-256"),
    ("sha256:", "SHA-256"),
    ("sha512$", "SHA-512"),
    ("sha512:", "SHA-512"),
    ("md5$", "MD5"),
    ("SCRAM-SHA-", "SCRAM"),
    ("fakeHash:salt=", "the Firebase emulator's"),
    (":A:", "MD5"),
    (":B:", "MD5"),
];

/// Beginnings by their first two bytes.
type ByPair = FxHashMap<[u8; 2], Vec<(&'static str, &'static str)>>;

static BY_PAIR: LazyLock<ByPair> = LazyLock::new(|| {
    let mut by_pair = ByPair::default();
    for (beginning, kind) in BEGINNINGS {
        if let Some(&pair) = beginning.as_bytes().first_chunk() {
            by_pair.entry(pair).or_default().push((beginning, kind));
        }
    }
    by_pair
});

/// The kind of hash that a text says itself to be: quick enough to be asked of every cell of an export.
pub(crate) fn kind(text: &str) -> Option<&'static str> {
    if text.len() < 20 {
        return None;
    }
    if let Some(rest) = text.strip_prefix('{') {
        let (tag, rest) = rest.split_once('}')?;
        let is_tag = (2..=24).contains(&tag.len())
            && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'|' | b'/'));
        return (is_tag && rest.len() >= 13 && !rest.contains(char::is_whitespace))
            .then_some("hash with its scheme in braces");
    }
    if let [b'1'..=b'2', b'|', rest @ ..] = text.as_bytes() {
        return std::str::from_utf8(rest).ok().and_then(kind);
    }
    let said = BY_PAIR.get(text.as_bytes().first_chunk()?)?.iter().find(|(beginning, _)| text.starts_with(beginning));
    let whole = || memchr::memchr3(b' ', b'\n', b'\t', text.as_bytes()).is_none();
    said.filter(|_| whole()).map(|&(_, kind)| kind)
}

/// [`kind`] of whatever a cell holds, out of its wrapping, and inside objects, lists and JSON that is text.
pub(crate) fn kind_in(value: &Value<'_>) -> Option<&'static str> {
    fn within(value: &Value<'_>, depth: u8) -> Option<&'static str> {
        match value {
            Value::Text(text) => kind_in_text(text),
            Value::List(items) if depth > 0 => items.iter().find_map(|item| within(item, depth - 1)),
            Value::Object(members) if depth > 0 => unwrapped(value)
                .and_then(|text| kind(&text))
                .or_else(|| members.iter().find_map(|(_, member)| within(member, depth - 1))),
            _ => None,
        }
    }
    within(value, 5)
}

/// Where in an object, a list, or JSON that is text, the first hash stands: `services.password.bcrypt`.
pub(crate) fn path_in(value: &Value<'_>) -> Option<String> {
    let step = |name: &str, member: &Value<'_>| {
        kind_in(member)?;
        Some(path_in(member).map_or_else(|| name.to_owned(), |rest| format!("{name}.{rest}")))
    };
    match value {
        Value::Object(members) if !members.iter().any(|(name, _)| name.starts_with('$')) => {
            members.iter().find_map(|(name, member)| step(name, member))
        }
        Value::List(items) => items.iter().enumerate().find_map(|(at, item)| step(&at.to_string(), item)),
        Value::Text(text) if text.starts_with(['{', '[']) => {
            serde_json::from_str(text).ok().and_then(|json| path_in(&crate::source::kit::common::value(&json)))
        }
        _ => None,
    }
}

fn kind_in_text(text: &str) -> Option<&'static str> {
    // PostgreSQL fills `CHAR(80)` up with blanks, and a hash in it is one all the same.
    let text = trim(text);
    if text.len() < 20 {
        return None;
    }
    kind(text).or_else(|| kind_wrapped(text)).or_else(|| kind_behind(text))
}

/// The kind of a hash that stands behind something else: `local:$2b$…`, `alice:$6$…:19000:0`.
fn kind_behind(text: &str) -> Option<&'static str> {
    let first = memchr::memchr(b'$', text.as_bytes()).filter(|&at| at > 0)?;
    let (before, hash) = (text.as_bytes()[first - 1], text.get(first..)?);
    let marks = ["$2a$", "$2b$", "$2y$", "$argon2", "$5$", "$6$", "$y$", "$P$", "$pbkdf2", "$scrypt$"];
    let is_one = matches!(before, b':' | b'|' | b',' | b';' | b'=' | b' ' | b'/' | b'}' | b'"' | b'\'');
    // A hash has no letter that is cut by its thirtieth byte.
    let head = hash.get(..30).filter(|head| !head.contains(char::is_whitespace))?;
    (is_one && marks.iter().any(|mark| hash.starts_with(mark))).then(|| kind(head)).flatten()
}

fn kind_wrapped(text: &str) -> Option<&'static str> {
    match text.as_bytes() {
        // JSON, and what PHP serializes.
        [b'[', b'1'..=b'9', ..] | [b'1'..=b'9', b'0'..=b'9', b',', ..] => decoded(text).and_then(|inner| kind(&inner)),
        [b'{' | b'[', ..] | [b'a' | b'O', b':', ..] => {
            const QUOTED: [(&str, &str); 6] = [
                ("\"$2a$", "bcrypt"),
                ("\"$2b$", "bcrypt"),
                ("\"$2y$", "bcrypt"),
                ("\"$argon2", "argon2"),
                ("\"$6$", "SHA-512-crypt"),
                ("\"$pbkdf2", "PBKDF2"),
            ];
            QUOTED.iter().find(|(quoted, _)| text.contains(quoted)).map(|&(_, kind)| kind)
        }
        [b'b', b'\'' | b'"', ..]
        | [b'\\' | b'0', b'x', ..]
        | [b'2', b'4', ..]
        | [b'J', ..]
        | [b'B', b'i', b'n', ..]
        | [b'b', b'y', b't', b'e', ..] => decoded(trim(text)).and_then(|inner| kind(&inner)),
        _ => None,
    }
}

/// Whether a text is a hash: by what it says of itself, by what `rehome identify` makes of it, or because no person types
/// such a thing.
pub fn is_hash(text: &str) -> bool {
    kind(text).is_some() || is_hash_by(looks_like(text), text)
}

fn is_hash_by(looks: Looks, text: &str) -> bool {
    match looks {
        Looks::Hash { .. } => true,
        Looks::Unusable => {
            let rest = text.trim_start_matches(['!', '*']);
            rest.len() < text.len() && rest.len() >= 16
        }
        Looks::Masked => false,
        Looks::Nothing => is_tagged(text) || is_unpronounceable(text),
    }
}

/// `$tag$…`, `{tag}…`, `!tag!…` and `*tag*…` of any name.
fn is_tagged(text: &str) -> bool {
    let tagged = |open: char, close: char| {
        let (tag, rest) = text.strip_prefix(open)?.split_once(close)?;
        let is_tag =
            !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'|'));
        (is_tag && rest.len() >= 12 && !rest.contains(char::is_whitespace)).then_some(())
    };
    [('$', '$'), ('{', '}'), ('!', '!'), ('*', '*')].into_iter().any(|(open, close)| tagged(open, close).is_some())
}

/// A run of 24 hexadecimal digits or more, or 20 signs of base64 in which capitals, small letters and digits are mixed.
fn is_unpronounceable(text: &str) -> bool {
    if text.len() < 20 {
        return false;
    }
    let runs = |is: fn(u8) -> bool| text.as_bytes().split(move |b| !is(*b));
    let hex = |run: &[u8]| run.len() >= 24 && run.iter().any(u8::is_ascii_digit);
    let mixed = |run: &[u8]| {
        let has = |is: fn(&u8) -> bool| run.iter().filter(|b| is(b)).count() >= 2;
        run.len() >= 20 && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
    };
    let spaced: String = text.chars().filter(|c| !matches!(c, ' ' | ':' | '-')).collect();
    runs(|b| b.is_ascii_hexdigit()).any(hex)
        || runs(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')).any(mixed)
        || spaced.len() >= 32 && spaced.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::source::kit::testing;
    use serde_json::json;

    /// Found by fuzzing: whatever it is taken for, reading goes on.
    #[test]
    fn a_letter_may_be_cut_by_the_thirtieth_byte_behind_a_mark() {
        for filling in 18..26 {
            let _ = kind_in_text(&format!("x:$2a$04${}\u{fa}\u{fa}\u{fa}", "a".repeat(filling)));
        }
    }

    const BCRYPT: &str = "$2b$10$702TeNw/844cDoVwiWzRYOOK0qaSqggw09TFRke99k75IovbrI4au";

    #[test]
    fn hashes_are_found_in_every_wrapping() {
        let base64 = STANDARD_NO_PAD.encode(BCRYPT);
        let hex = crate::bytes::hex(BCRYPT.as_bytes());
        for wrapped in [
            json!(BCRYPT),
            json!(base64),
            json!(hex),
            json!(format!("\\x{hex}")),
            json!(format!("0x{}", hex.to_uppercase())),
            json!(format!("b'{BCRYPT}'")),
            json!({ "$base64": true, "encoded": base64 }),
            json!({ "$binary": { "base64": base64, "subType": "00" } }),
            json!({ "$binary": base64, "$type": "00" }),
            json!({ "type": "Buffer", "data": BCRYPT.bytes().collect::<Vec<u8>>() }),
            json!({ "algorithm": "bcrypt", "hash": { "value": BCRYPT, "encoding": "utf8" } }),
        ] {
            let value = testing::value(wrapped.clone());
            assert!(matches!(look(&value), Cell::Hash(hash) if hash == BCRYPT), "{wrapped}");
            assert_eq!(kind_in(&value), Some("bcrypt"), "{wrapped}");
        }
        assert_eq!(kind_in(&testing::value(json!({ "a": [{ "b": BCRYPT }] }))), Some("bcrypt"));
        for padded in [
            format!("{BCRYPT}     "),
            format!(" {BCRYPT}"),
            format!("{BCRYPT}\n"),
            format!("{}  ", BCRYPT.replace("$2b$10$", "$argon2id$v=19$m=8,t=1,p=1$")),
        ] {
            assert!(kind_in(&testing::value(json!(padded))).is_some(), "{padded:?}");
        }
        assert_eq!(kind_in(&testing::value(json!(format!("{{\"services\":\"{BCRYPT}\"}}")))), Some("bcrypt"));
    }

    #[test]
    fn the_way_to_a_hash_is_told() {
        for (value, path) in [
            (json!({ "a": 1, "auth": { "pw": BCRYPT } }), Some("auth.pw")),
            (json!([{ "x": "y" }, { "value": BCRYPT }]), Some("1.value")),
            (json!(format!("{{\"services\":{{\"hash\":\"{BCRYPT}\"}}}}")), Some("services.hash")),
            (json!(BCRYPT), None),
            (json!({ "$binary": { "base64": STANDARD_NO_PAD.encode(BCRYPT), "subType": "00" } }), None),
        ] {
            assert_eq!(path_in(&testing::value(value.clone())).as_deref(), path, "{value}");
        }
    }

    #[test]
    fn masks_are_no_passwords() {
        for mask in [
            "***",
            "**********",
            "••••••••",
            "xxxxxxxx",
            "--------",
            "[FILTERED]",
            "REDACTED",
            "<redacted>",
            "[HIDDEN]",
            "undefined",
            "[object Object]",
            "(hidden)",
            "########",
        ] {
            assert_eq!(look_at(mask), Cell::Masked, "{mask}");
        }
        for nothing in ["", "  ", "NULL", "None", "nan"] {
            assert_eq!(look_at(nothing), Cell::Empty, "{nothing}");
        }
    }

    #[test]
    fn what_people_type_is_words() {
        for password in [
            "correct horse battery staple",
            "Correct-Horse-9 battery",
            "!Hello-World!",
            "*secret*stars*",
            "$ecret$money$",
            "12345678",
            "hunter2",
            "pass:word",
            "Sommer2024",
            "aaaa1111",
            "ünïcödé-pass",
            "letmein;drop",
        ] {
            assert!(matches!(look_at(password), Cell::Words(_)), "{password}: {:?}", look_at(password));
        }
    }
}
