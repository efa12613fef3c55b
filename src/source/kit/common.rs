//! What several sources write alike: truth values, moments, names, JSON in text, MongoDB's Extended JSON, empty passwords.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::{Timestamp, civil, tz::Offset};
use rustc_hash::FxHashMap;

use crate::account::{Credential, HashInput, Hint};
use crate::bytes::Initials;
pub(in crate::source) use crate::bytes::trim;
use crate::code::{Code, Note};
use crate::format::{Record, TableSample, Value};
use crate::source::Fate;

/// What becomes of a column with the day of signing up.
pub const CREATED: Fate = Fate::Transformed { to: "prefs", how: "only with --keep-dates: Appwrite sets its own date" };

/// What becomes of a column with the last sign-in.
pub const LAST_SEEN: Fate = Fate::Transformed { to: "prefs", how: "only with --keep-dates: Appwrite keeps its own" };

/// What becomes of a column with names of roles.
pub const ROLES: Fate = Fate::Transformed { to: "labels", how: "letters and digits only, at most 36" };

/// What becomes of a column with a hash.
pub const HASH: Fate = Fate::Transformed { to: "password", how: "in the form its endpoint takes" };

/// What becomes of a column with a second factor.
pub const FACTOR: Fate = Fate::Dropped { why: "Appwrite takes no foreign second factors; users enrol again" };

/// What becomes of a column with a token or code that is good for one use.
pub const TOKEN: Fate = Fate::Dropped { why: "good for one use in the source only" };

/// What marks the one of several that counts, without case and separators.
pub const MAIN: [&str; 9] =
    ["primary", "isprimary", "default", "isdefault", "main", "ismain", "preferred", "ispreferred", "primaire"];

/// Whether a table has all of these columns.
#[must_use]
pub fn has(table: &TableSample, columns: &[&str]) -> bool {
    columns.iter().all(|name| table.columns.iter().any(|column| column == name))
}

/// A truth value in any of the usual spellings: JSON booleans, `1`/`0`, PostgreSQL's `t`/`f`, `true`, `TRUE`, `yes`, `on`,
/// the byte and the literal of MySQL's `BIT(1)`, and yes and no in the languages of many applications.
///
/// `None` for null, empty and anything else.
#[must_use]
pub fn truth(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        Value::Number(n) => match n.as_f64()? {
            0.0 => Some(false),
            1.0 => Some(true),
            _ => None,
        },
        Value::Object(_) => number_of(value).and_then(|number| match number {
            "0" | "0.0" => Some(false),
            "1" | "1.0" => Some(true),
            _ => None,
        }),
        Value::Text(text) => match &**text {
            "" => None,
            "true" | "t" | "1" => Some(true),
            "false" | "f" | "0" => Some(false),
            // Nearly all others are no such word.
            text => Some(trim(text)).filter(|text| INITIALS.may_be(text) || !text.is_ascii()).and_then(answer),
        },
        _ => None,
    }
}

/// What databases, programs, spreadsheets and people of many languages write for yes.
#[rustfmt::skip]
const YES: &[&str] = &[
    "true", "t", "1", "yes", "y", "on", "\u{1}", "b'1'", "1.0", "ja", "j", "da", "s", "si", "sí", "sì", "oui", "sim", "tak", "да", "так",
    "ano", "áno", "igen", "evet", "kyllä", "ναι", "是", "はい", "예", "네", "نعم", "כן", "jah", "có", "wahr", "vrai", "vero", "verdadero",
    "verdadeiro", "waar", "prawda", "истина", "sant", "sann", "sand", "tosi", "pravda", "doğru", "adevărat", "✓", "✔", "☑", "✅", "[x]",
    "checked", "ticked",
];

/// What they write for no.
#[rustfmt::skip]
const NO: &[&str] = &[
    "false", "f", "0", "no", "n", "off", "\0", "b'0'", "0.0", "nein", "non", "não", "nao", "nee", "nie", "нет", "ні", "nej", "nei", "ne",
    "nem", "hayır", "hayir", "όχι", "否", "いいえ", "아니오", "아니요", "لا", "לא", "nu", "không", "falsch", "faux", "falso", "onwaar", "fałsz",
    "ложь", "falskt", "usann", "falsk", "epätosi", "nepravda", "yanlış", "fals", "hamis", "✗", "✘", "☐", "✕", "❌", "unchecked", "[ ]",
];

static INITIALS: Initials = Initials::of(&[YES, NO]);

static ANSWERS: LazyLock<FxHashMap<&str, bool>> = LazyLock::new(|| {
    let words = |words: &'static [&str], answer| words.iter().map(move |word| (*word, answer));
    words(YES, true).chain(words(NO, false)).collect()
});

/// A yes or a no, in any case.
fn answer(text: &str) -> Option<bool> {
    // None has more bytes.
    if text.len() > 20 {
        return None;
    }
    ANSWERS.get(text).or_else(|| ANSWERS.get(&*text.to_lowercase())).copied()
}

/// A number as MongoDB's Extended JSON spells it: `{"$numberInt": "0"}`.
fn number_of<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    ["$numberInt", "$numberLong", "$numberDouble"].iter().find_map(|kind| match value.member(kind)? {
        Value::Text(number) => Some(&**number),
        _ => None,
    })
}

/// [`truth`] of a column; false where it is absent or says nothing.
#[must_use]
pub fn flag(record: &Record<'_>, column: &str) -> bool {
    record.get(column).and_then(truth).unwrap_or(false)
}

/// A moment as sources write it: see [`parse_moment`]; numbers are epochs; MongoDB's `{"$date": …}` of both kinds.
#[must_use]
pub fn moment(value: &Value<'_>) -> Option<Timestamp> {
    match value {
        Value::Number(n) => n.as_i64().or_else(|| whole(n.as_f64()?)).and_then(epoch),
        Value::Text(text) => parse_moment(text),
        Value::Object(_) => value
            .member("$date")
            .or_else(|| value.member("$numberLong"))
            .or_else(|| value.member("iso").filter(|_| value.member("__type").is_some()))
            .and_then(moment),
        _ => None,
    }
}

/// [`moment`] of a column.
#[must_use]
pub fn moment_of(record: &Record<'_>, column: &str) -> Option<Timestamp> {
    record.get(column).and_then(moment)
}

/// A moment in text: RFC 3339, PostgreSQL's `2024-01-02 03:04:05.678901+00`, JavaScript's
/// `toUTCString()`, MySQL's and SQLite's datetimes without a zone
/// (taken as UTC), Rails' ` UTC` suffix, .NET's offset after a space, a date alone, and epochs in seconds, milliseconds,
/// microseconds or nanoseconds (told apart by their size: 10¹¹ seconds are the year 5138, 10¹¹ milliseconds are 1973).
///
/// `None` for everything else; among it what means *never*: empty, `0`, `0000-00-00 00:00:00`, `infinity`.
#[must_use]
pub fn parse_moment(text: &str) -> Option<Timestamp> {
    let text = trim(text);
    in_places(text).or_else(|| in_any_spelling(text))
}

fn in_any_spelling(text: &str) -> Option<Timestamp> {
    if !text.starts_with('+')
        && let Ok(number) = text.parse()
    {
        return epoch(number);
    }
    if text.starts_with(LAST_DAY) {
        return Some(Timestamp::MAX);
    }
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    if let Some((clock, offset)) = text.rsplit_once(' ')
        && offset.starts_with(['+', '-'])
    {
        return format!("{clock}{offset}").parse().ok();
    }
    if let Ok(civil) = text.parse::<civil::DateTime>() {
        return at(civil);
    }
    jiff::fmt::rfc2822::parse(text).ok().map(|moment| moment.timestamp())
}

/// Most moments of databases, whose digits stand in the same places: `2024-01-02 03:04:05`, maybe with a fraction, and in UTC.
fn in_places(text: &str) -> Option<Timestamp> {
    let (head, tail) = text.as_bytes().split_first_chunk::<19>()?;
    let [.., b'-', _, _, b'-', _, _, b' ' | b'T', _, _, b':', _, _, b':', _, _] = head else { return None };
    let digits = |at: usize, n: usize| {
        let digit = |number: i16, byte: &u8| byte.is_ascii_digit().then(|| number * 10 + i16::from(byte - b'0'));
        head[at..at + n].iter().try_fold(0, digit)
    };
    let two = |at| digits(at, 2).and_then(|number| i8::try_from(number).ok());
    let (zone, nanoseconds) = match tail {
        [b'.', fraction @ ..] => {
            let end = fraction.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(fraction.len());
            let (fraction, zone) = fraction.split_at(end);
            let digit =
                |number: i32, at: usize| number * 10 + fraction.get(at).map_or(0, |byte| i32::from(byte - b'0'));
            (zone, (1..=9).contains(&end).then(|| (0..9).fold(0, digit))?)
        }
        zone => (zone, 0),
    };
    // What lies at the end of time is for ever, and what a zone is else says the library.
    let year = digits(0, 4).filter(|year| (1..9999).contains(year))?;
    let second = two(17).filter(|second| *second < 60)?;
    if !matches!(zone, b"" | b"Z" | b"+00" | b"+00:00" | b" UTC") {
        return None;
    }
    at(civil::DateTime::new(year, two(5)?, two(8)?, two(11)?, two(14)?, second, nanoseconds).ok()?)
}

/// For ever, as .NET, Java and Oracle write it; the library's moments end some hours before.
const LAST_DAY: &str = "9999-12-31";

/// Whether a text is a date that stands for none: MySQL's zero, and the first day there is of Go and .NET.
#[must_use]
pub fn is_no_date(text: &str) -> bool {
    let text = trim(text);
    let is_clock = || text.bytes().skip(10).all(|b| matches!(b, b'0' | b':' | b'.' | b' ' | b'T' | b'Z' | b'+'));
    (text.starts_with("0000-00-00") || text.starts_with("0001-01-01")) && is_clock()
}

/// A clock's moment in UTC; the last there is for what lies beyond it.
pub(in crate::source) fn at(clock: civil::DateTime) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(clock).ok().or_else(|| (clock.year() == 9999).then_some(Timestamp::MAX))
}

/// Whether a *banned until* lies ahead of `now`. PostgreSQL's `infinity` does.
#[must_use]
pub fn is_ahead(value: &Value<'_>, now: Timestamp) -> bool {
    match value {
        Value::Text(text) if text.trim().eq_ignore_ascii_case("infinity") => true,
        _ => moment(value).is_some_and(|until| until > now),
    }
}

fn epoch(number: i64) -> Option<Timestamp> {
    match number.unsigned_abs() {
        0 => None,
        // The year 9999's last day, in seconds and in milliseconds: for ever.
        253_402_214_400..=253_402_300_800 | 253_402_214_400_000..=253_402_300_800_000 => Some(Timestamp::MAX),
        1..100_000_000_000 => Timestamp::from_second(number).ok(),
        100_000_000_000..100_000_000_000_000 => Timestamp::from_millisecond(number).ok(),
        100_000_000_000_000..100_000_000_000_000_000 => Timestamp::from_microsecond(number).ok(),
        _ => Timestamp::from_nanosecond(i128::from(number)).ok(),
    }
}

fn whole(float: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    #[expect(clippy::cast_possible_truncation, reason = "checked to be within the exact integers of f64")]
    (float.abs() < EXACT).then_some(float as i64)
}

/// The parts of a name with one space between them, the empty ones left out; `None` if all are.
#[must_use]
pub fn join_name<'v>(parts: impl IntoIterator<Item = Option<Cow<'v, str>>>) -> Option<Cow<'v, str>> {
    let mut filled = parts.into_iter().flatten().filter(|part| !part.trim().is_empty());
    let first = filled.next()?;
    Some(filled.fold(first, |mut name, part| {
        let name_mut = name.to_mut();
        name_mut.truncate(name_mut.trim_end().len());
        name_mut.push(' ');
        name_mut.push_str(part.trim_start());
        name
    }))
}

/// The first of these columns that is not blank.
#[must_use]
pub fn first_text<'v>(record: &'v Record<'_>, columns: &[&str]) -> Option<Cow<'v, str>> {
    first_written(columns.iter().map(|column| record.get(column)))
}

/// The first of these values in which something is written, as text.
#[must_use]
pub fn first_written<'v, 'r: 'v>(values: impl IntoIterator<Item = Option<&'v Value<'r>>>) -> Option<Cow<'v, str>> {
    values.into_iter().flatten().find_map(|value| value.text().filter(|text| !trim(text).is_empty()))
}

/// A value as JSON, with one layer of text around an object or array taken off: CSV and SQL carry JSON columns as text, and
/// what a Python script wrote has Python's spelling of one.
#[must_use]
pub fn json(value: &Value<'_>) -> serde_json::Value {
    if let Value::Text(text) = value
        && text.trim_start().starts_with(['{', '['])
        && let Some(parsed) = serde_json::from_str(text).ok().or_else(|| super::python::parse(text))
    {
        return parsed;
    }
    value.to_json()
}

/// A value of parsed JSON.
#[must_use]
pub fn value(json: &serde_json::Value) -> Value<'static> {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => Value::Number(n.clone()),
        Json::String(s) => Value::Text(Cow::Owned(s.clone())),
        Json::Array(items) => Value::List(items.iter().map(value).collect()),
        Json::Object(members) => {
            Value::Object(members.iter().map(|(name, member)| (Cow::Owned(name.clone()), value(member))).collect())
        }
    }
}

/// The object in a column, whether the format has objects or carries them as text.
#[must_use]
pub fn object(record: &Record<'_>, column: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
    match record.get(column).map(json) {
        Some(serde_json::Value::Object(members)) => Some(members),
        _ => None,
    }
}

/// The names in a JSON value: of an array, of one string split at commas, `|` and `;`, the members of an object that are
/// true; everything else has none.
#[must_use]
pub fn names<'v>(value: &serde_json::Value) -> Vec<Cow<'v, str>> {
    match value {
        serde_json::Value::String(text) => split(text).map(|name| Cow::Owned(name.to_owned())).collect(),
        serde_json::Value::Array(items) => {
            items.iter().filter_map(|item| item.as_str()).map(|name| Cow::Owned(name.to_owned())).collect()
        }
        serde_json::Value::Object(members) => {
            let granted = members.iter().filter(|(_, value)| **value == serde_json::Value::Bool(true));
            granted.map(|(name, _)| Cow::Owned(name.clone())).collect()
        }
        _ => Vec::new(),
    }
}

/// The parts of a cell that holds several values, at `,`, `|` or `;`, trimmed, without the empty ones.
pub fn split(cell: &str) -> impl Iterator<Item = &str> {
    cell.split([',', '|', ';']).map(str::trim).filter(|part| !part.is_empty())
}

/// Puts a value into the preferences unless it is empty: preferences hold what there is, not what there is not.
pub fn keep(prefs: &mut serde_json::Map<String, serde_json::Value>, name: &str, value: serde_json::Value) {
    let empty = match &value {
        serde_json::Value::Null => true,
        serde_json::Value::String(text) => text.is_empty(),
        serde_json::Value::Array(items) => items.is_empty(),
        serde_json::Value::Object(members) => members.is_empty(),
        serde_json::Value::Bool(_) | serde_json::Value::Number(_) => false,
    };
    if !empty {
        prefs.insert(name.to_owned(), value);
    }
}

/// [`keep`] of a column, under its own name; text that holds an object or array is kept as that.
pub fn keep_column(prefs: &mut serde_json::Map<String, serde_json::Value>, record: &Record<'_>, column: &str) {
    if let Some(value) = record.get(column) {
        keep(prefs, column, json(value));
    }
}

/// An id: text or number as it is, MongoDB's `{"$oid": …}`, `{"$numberLong": …}`, `{"$uuid": …}` by what they hold.
#[must_use]
pub fn id<'v>(value: &'v Value<'_>) -> Option<Cow<'v, str>> {
    match value {
        Value::Object(_) => {
            ["$oid", "$uuid", "$numberLong", "$numberInt"].iter().find_map(|kind| value.member(kind)).and_then(id)
        }
        _ => value.text().filter(|text| !text.is_empty()),
    }
}

/// Whether a password column says that there is no password: see [`crate::scheme::unusable_marker`].
#[must_use]
pub fn is_unusable(hash: &str) -> bool {
    crate::scheme::unusable_marker(hash)
}

/// Whether a text is what some system makes of a password: anything of a form that the recogniser knows, or would know if
/// it were told more. Thirteen letters are a password as likely as they are one of crypt's.
#[must_use]
pub fn is_hash(text: &str) -> bool {
    let input = HashInput { hash: Cow::Borrowed(text), ..HashInput::default() };
    let verdict = crate::scheme::resolve(&input, crate::appwrite::Version::NEWEST.profile());
    text.len() != 13
        && match verdict {
            crate::scheme::Verdict::Maps(_) => true,
            crate::scheme::Verdict::Refused(refusal) => {
                !matches!(refusal.code, Code::UnrecognisedHash | Code::UnusablePassword)
            }
        }
}

/// Adds roles that are not there yet.
pub fn add_roles<'r>(roles: &mut Vec<Cow<'r, str>>, more: impl IntoIterator<Item = Cow<'r, str>>) {
    for role in more {
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
}

/// No password, with its reason.
pub fn without<'r>(code: Code, text: impl Into<Cow<'static, str>>) -> Credential<'r> {
    Credential::None(Note::new(code, text))
}

/// The credential in a column that holds a hash, nothing, or a marker for *no password*.
#[must_use]
pub fn hash_in<'r>(record: &'r Record<'_>, column: &str, hints: &'static [Hint]) -> Credential<'r> {
    credential(record.text(column), hints)
}

/// The credential that a text is: a hash, nothing, or a marker for *no password*.
#[must_use]
pub fn credential<'r>(hash: Option<Cow<'r, str>>, hints: &'static [Hint]) -> Credential<'r> {
    match hash.filter(|hash| !hash.is_empty()) {
        None => Credential::default(),
        Some(hash) if is_unusable(&hash) => without(Code::NoPassword, "the source marks the password as unusable"),
        Some(hash) => Credential::Hash(HashInput { hash, hints, ..HashInput::default() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(text: &str) -> Value<'_> {
        Value::Text(Cow::Borrowed(text))
    }

    #[test]
    fn moments_in_every_spelling_are_the_same_moment() {
        let expected: Timestamp = "2024-01-02T03:04:05Z".parse().expect("a literal");
        for spelling in [
            "2024-01-02T03:04:05Z",
            "2024-01-02T03:04:05.000Z",
            "2024-01-02T03:04:05+00:00",
            "2024-01-02 03:04:05+00",
            "2024-01-01 22:04:05-05",
            "2024-01-02 08:34:05+05:30",
            "2024-01-02 03:04:05.000000",
            "2024-01-02 03:04:05",
            "2024-01-02 03:04:05.000Z",
            "2024-01-02 03:04:05 UTC",
            "Tue, 02 Jan 2024 03:04:05 GMT",
            "2024-01-02 03:04:05.0000000 +00:00",
            "1704164645",
            "1704164645000",
            "1704164645000000",
        ] {
            assert_eq!(parse_moment(spelling), Some(expected), "{spelling}");
        }
        let date = |inner| crate::source::kit::testing::value(json!({ "$date": inner }));
        assert_eq!(moment(&date(json!("2024-01-02T03:04:05Z"))), Some(expected));
        assert_eq!(moment(&date(json!({ "$numberLong": "1704164645000" }))), Some(expected));
        assert_eq!(
            moment(&Value::Number(serde_json::Number::from_f64(1_704_164_645_000.0).expect("finite"))),
            Some(expected)
        );
        assert_eq!(parse_moment("2024-01-02"), "2024-01-02T00:00:00Z".parse().ok());
    }

    proptest::proptest! {
        #[test]
        fn digits_in_their_places_are_read_as_the_library_reads_them(
            text in "(0000|0001|9999|[0-9]{4})-[01][0-9]-[0-3][0-9][ T][0-2][0-9]:[0-6][0-9]:[0-6][0-9]([.][0-9]{0,10})?(|Z|[+]00|[+]00:00| UTC|[+]01| )",
        ) {
            let (found, spelled) = (in_places(&text), in_any_spelling(&text));
            if let Some(moment) = found {
                proptest::prop_assert_eq!(Some(moment), spelled, "{}", text);
            }
            // Whatever ends with its seconds is read there, between the first and the last year.
            let is_plain = text.len() == 19 && !["0000", "9999"].contains(&&text[..4]) && !text.ends_with(":60");
            proptest::prop_assert!(found.is_some() || !is_plain || spelled.is_none(), "{}", text);
        }
    }

    #[test]
    fn the_last_day_there_is_is_for_ever() {
        for spelling in [
            "9999-12-31",
            "9999-12-31 23:59:59",
            "9999-12-31 23:59:59.9999999 +00:00",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59.999Z",
            "9999-12-31 00:00:00+00",
            "253402300799",
            "253402214400000",
        ] {
            assert_eq!(parse_moment(spelling), Some(Timestamp::MAX), "{spelling}");
        }
    }

    #[test]
    fn what_means_never_is_no_moment() {
        for never in [
            "",
            "0",
            "0000-00-00 00:00:00",
            "0000-00-00",
            "infinity",
            "-infinity",
            "NULL",
            "soon",
            "9".repeat(40).as_str(),
        ] {
            assert_eq!(parse_moment(never), None, "{never}");
        }
    }

    #[test]
    fn a_ban_ends_when_its_moment_has_passed() {
        let now = "2024-01-02T03:04:05Z".parse().expect("a literal");
        assert!(is_ahead(&text("2999-01-01 00:00:00+00"), now));
        assert!(is_ahead(&text("infinity"), now));
        assert!(!is_ahead(&text("2020-01-01 00:00:00+00"), now));
        assert!(!is_ahead(&Value::Null, now));
    }

    #[test]
    fn truth_is_said_in_many_ways() {
        for yes in ["t", "TRUE", "1", "yes", " on "] {
            assert_eq!(truth(&text(yes)), Some(true), "{yes}");
        }
        for no in ["f", "False", "0", "NO", "off"] {
            assert_eq!(truth(&text(no)), Some(false), "{no}");
        }
        for (yes, no) in [("WAHR", "FALSCH"), ("VRAI", "FAUX"), ("VERO", "FALSO"), ("ИСТИНА", "ЛОЖЬ"), ("✓", "✗")]
        {
            assert_eq!((truth(&text(yes)), truth(&text(no))), (Some(true), Some(false)), "{yes}");
        }
        for neither in ["", "2", "maybe"] {
            assert_eq!(truth(&text(neither)), None, "{neither}");
        }
        assert_eq!(truth(&Value::Number(1.into())), Some(true));
        assert_eq!(truth(&Value::Null), None);
    }

    #[test]
    fn names_are_joined_without_blanks_for_missing_parts() {
        let join =
            |parts: &[&'static str]| join_name(parts.iter().map(|p| Some(Cow::Borrowed(*p)))).map(Cow::into_owned);
        assert_eq!(join(&["Alice", "Adams"]).as_deref(), Some("Alice Adams"));
        assert_eq!(join(&["", "Adams"]).as_deref(), Some("Adams"));
        assert_eq!(join(&["Alice ", " "]).as_deref(), Some("Alice "));
        assert_eq!(join(&["Alice ", " Adams"]).as_deref(), Some("Alice Adams"));
        assert_eq!(join(&["", ""]), None);
    }

    #[test]
    fn roles_stand_in_lists_in_text_and_in_objects() {
        for (value, expected) in [
            (json!(["a", 1, "b"]), vec!["a", "b"]),
            (json!("a, b|c"), vec!["a", "b", "c"]),
            (json!({ "a": true, "b": false, "c": "yes" }), vec!["a"]),
            (json!(7), vec![]),
        ] {
            assert_eq!(names(&value), expected, "{value}");
        }
    }

    #[test]
    fn mysql_passwords_begin_with_a_star_and_are_hashes() {
        assert!(is_unusable("") && is_unusable("*") && is_unusable("!") && is_unusable("!$6$abc"));
        assert!(!is_unusable("*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19"));
    }
}
