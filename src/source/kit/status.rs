//! Columns that say whether somebody may sign in, in the many forms that systems give them: read where name and content
//! leave no doubt, and never guessed.
//!
//! A name says which way round a value is to be read ([`meaning`]), the content what it says ([`Meaning::read`]). What
//! cannot be understood is [`Standing::Unsure`], and stops its record: to enable somebody who may be banned is worse than
//! to ask.

mod dates;
mod names;
mod remedy;
mod stems;
pub(crate) mod tables;
mod tombstone;
mod trace;
mod within;
pub(crate) mod words;

use std::sync::LazyLock;

use jiff::Timestamp;
use rustc_hash::FxHashMap;

pub use self::names::{meaning, meaning_among};
pub use self::remedy::{Seen, at, base, line, quoted, reading_of, texts, told_at, unticked};
pub use self::tables::{names_barred, names_barred_addresses, names_out_alone, names_people_out, names_somebody_out};
pub use self::tombstone::is_tombstone;
pub use self::trace::{Trace, is_list, items, trace};
pub use self::within::meaning_at;
use self::words::{ALLOWS, BARS, DELETES, GONE, HARD, IN, OUT};
use super::common::{self, is_ahead, moment, trim};
use crate::bytes::Initials;
use crate::code::{Code, Refusal};
use crate::format::Value;
use crate::names::words_of;

/// What a column is about, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A yes lets the user in: `is_active`, `enabled`, `approved`.
    Allows,
    /// A yes, or the date of it, keeps the user out: `banned`, `locked_at`, `isBlocked`.
    Bars,
    /// A yes, or a word for active, keeps the user out: `active` and `status` of a ban.
    BarsWhile,
    /// A date to come keeps the user out: `banned_until`, `lockout_end`.
    BarsUntil,
    /// A date that has passed, or a yes, keeps the user out: `account_expires`, `valid_until`, `expired`.
    Ends,
    /// A yes, or the date of it, means that the user is no more: `deleted_at`.
    Deletes,
    /// A yes means that the record is of a bot, or of somebody who never had an account.
    Guest,
    /// Active Directory's bits, of which the second keeps the user out: `userAccountControl`.
    AccountControl,
    /// A word says what the user is: `status`, `account_state`.
    State,
    /// As [`Meaning::State`], or where they live: `state`.
    StateOrRegion,
}

/// What a value says of its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing.
    Silent,
    /// They may sign in.
    Enabled,
    /// Something that is not understood.
    Unsure,
    /// They may not sign in.
    Disabled,
    /// They were deleted.
    Deleted,
}

impl Meaning {
    /// What a value in a column of this meaning says.
    #[must_use]
    pub fn read(self, value: &Value<'_>, now: Timestamp) -> Standing {
        if value.is_empty() || matches!(value, Value::Text(text) if nothing(text)) {
            return Standing::Silent;
        }
        // Keycloak keeps every attribute as a list.
        if let Value::List(items) = value
            && let [one @ (Value::Text(_) | Value::Bool(_) | Value::Number(_))] = &**items
        {
            return self.read(one, now);
        }
        // `state: { enabled: false }` says it by its members; a ban that is active keeps its user out.
        if let (Value::Object(members), None, None) = (value, common::truth(value), moment(value)) {
            let of_a_ban = matches!(self, Self::Bars | Self::BarsUntil);
            let said = members.iter().filter_map(|(name, value)| {
                // `status: { code: "BLOCKED" }`
                let is_state = matches!(self, Self::State | Self::StateOrRegion) && CODES.contains(&&**name);
                let meaning = match meaning(name) {
                    _ if of_a_ban => within::of_a_ban(name),
                    None if is_state => Some(Self::State),
                    meaning => meaning,
                };
                Some((meaning?.read(value, now), value))
            });
            // Beside a word for it a number tells nothing.
            let said: Vec<(Standing, &Value<'_>)> = said.collect();
            let is_sure = said.iter().any(|(said, _)| *said == Standing::Enabled)
                && matches!(self, Self::State | Self::StateOrRegion);
            let is_number = |value: &Value<'_>| value.text().is_some_and(|text| text.trim().parse::<f64>().is_ok());
            let said =
                said.into_iter().filter(|(said, value)| !(is_sure && *said == Standing::Unsure && is_number(value)));
            let said = said.map(|(said, _)| said);
            // What is known of a ban and has no end is not nothing.
            return said.max().filter(|said| !of_a_ban || *said != Standing::Silent).unwrap_or(Standing::Unsure);
        }
        match self {
            Self::Allows => match common::truth(value) {
                Some(true) => Standing::Enabled,
                Some(false) => Standing::Disabled,
                None => match within_range(value, now) {
                    Some(standing) => standing,
                    None if dated(value) => Standing::Enabled,
                    None => word(value),
                },
            },
            // A ban whose status is `banned` says it as it is.
            Self::BarsWhile if value.text().is_some_and(|text| tables::is_hard(&text.trim().to_lowercase())) => {
                Standing::Disabled
            }
            Self::BarsWhile if matches!(value, Value::Text(text) if OVER.contains(&trim(text).to_lowercase().as_str())) => {
                Standing::Enabled
            }
            Self::BarsWhile => match Self::Allows.read(value, now) {
                Standing::Enabled => Standing::Disabled,
                Standing::Disabled => Standing::Enabled,
                other => other,
            },
            Self::Bars | Self::Deletes => {
                let set = if self == Self::Bars { Standing::Disabled } else { Standing::Deleted };
                match common::truth(value) {
                    Some(true) => set,
                    Some(false) => Standing::Enabled,
                    None if never(value) => Standing::Enabled,
                    None if dated(value) || is_cross(value) => set,
                    None => word(value),
                }
            }
            Self::Ends => match within_range(value, now) {
                Some(standing) => standing,
                None => match (common::truth(value), ended(value, now)) {
                    (Some(true), _) | (None, Some(true)) => Standing::Disabled,
                    (Some(false), _) | (None, Some(false)) => Standing::Enabled,
                    (None, None) => word(value),
                },
            },
            Self::Guest => match common::truth(value) {
                Some(true) => Standing::Deleted,
                _ => Standing::Silent,
            },
            Self::AccountControl => match value.text().and_then(|text| trim(&text).parse::<i64>().ok()) {
                Some(bits) if bits & 2 != 0 => Standing::Disabled,
                Some(_) => Standing::Enabled,
                None => word(value),
            },
            Self::BarsUntil => match value {
                value if never(value) => Standing::Enabled,
                value if is_ahead(value, now) => Standing::Disabled,
                value => match (dates::passed(value, now), dated(value)) {
                    (Some(false), _) => Standing::Disabled,
                    (Some(true), _) | (None, true) => Standing::Enabled,
                    (None, false) => Standing::Unsure,
                },
            },
            // No number or single letter is the name of a region, and no region bars anybody.
            Self::StateOrRegion => match Self::State.read(value, now) {
                Standing::Unsure if is_name(value) => Standing::Silent,
                standing => standing,
            },
            // A number is a number of the application's own.
            Self::State => match value {
                Value::Bool(true) => Standing::Enabled,
                Value::Bool(false) => Standing::Disabled,
                value => word(value),
            },
        }
    }
}

/// What a range of days in which somebody may sign in says.
fn within_range(value: &Value<'_>, now: Timestamp) -> Option<Standing> {
    let Value::Text(text) = value else { return None };
    dates::range(text)?;
    Some(match dates::is_within(text, now) {
        Some(true) => Standing::Enabled,
        Some(false) => Standing::Disabled,
        None => Standing::Unsure,
    })
}

/// What is said of a ban that is over.
const OVER: [&str; 6] = ["lifted", "over", "ended", "resolved", "finished", "served"];

/// Members of an object under which its own word stands.
const CODES: [&str; 6] = ["code", "value", "name", "key", "label", "id"];

/// Whether a value could be the name of a region.
fn is_name(value: &Value<'_>) -> bool {
    let Value::Text(text) = value else { return false };
    let text = trim(text);
    text.parse::<f64>().is_err() && text.chars().nth(1).is_some()
}

/// What exporters write for nothing.
fn nothing(text: &str) -> bool {
    const NOTHING: &[&str] = &["null", "\\n", "nil", "none", "n/a", "[null]", "(null)", "<null>", "nan", "-", "–", "—"];
    static INITIALS: Initials = Initials::of(&[NOTHING]);
    let text = trim(text);
    text.is_empty() || INITIALS.may_be(text) && NOTHING.iter().any(|nothing| text.eq_ignore_ascii_case(nothing))
}

/// A cross for a tick. In a column that lets people in it is as well the sign for a no.
fn is_cross(value: &Value<'_>) -> bool {
    matches!(value, Value::Text(text) if trim(text).eq_ignore_ascii_case("x"))
}

/// A date that means never.
fn never(value: &Value<'_>) -> bool {
    match value {
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Text(text) => {
            let text = trim(text);
            text == "0" || common::is_no_date(text) || text.eq_ignore_ascii_case("never")
        }
        _ => false,
    }
}

/// A date, and no small number that would be one in 1970. LDAP's dates have no separators.
fn dated(value: &Value<'_>) -> bool {
    let small = |number: f64| number.abs() < 100_000_000.0;
    match value {
        Value::Number(number) if number.as_f64().is_some_and(small) => false,
        Value::Text(text) if trim(text).parse().is_ok_and(small) => false,
        Value::Text(text) if text.trim().eq_ignore_ascii_case("infinity") => true,
        Value::Text(text) => {
            let digits = trim(text).strip_suffix('Z').unwrap_or_default();
            let directory = digits.len() >= 12 && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            directory || moment(value).is_some() || dates::is_one(text)
        }
        value => moment(value).is_some(),
    }
}

/// Whether a date lies ahead, as programs, directories and people write it; `None` for what is no date.
#[must_use]
pub fn lies_ahead(value: &Value<'_>, now: Timestamp) -> Option<bool> {
    ended(value, now).map(|ended| !ended)
}

/// Whether the end of something has passed; `None` for what is no date. Directories count in tenths of microseconds since
/// 1601, and in days.
pub(super) fn ended(value: &Value<'_>, now: Timestamp) -> Option<bool> {
    const SINCE_1601_SECONDS: i64 = 11_644_473_600;
    const SHADOW_DAYS: std::ops::RangeInclusive<i64> = 3_650..=99_999;
    if never(value) || is_ahead(value, now) {
        return Some(false);
    }
    let number = value.text().and_then(|text| trim(&text).parse::<i64>().ok());
    let second = match number {
        Some(i64::MAX | ..=-1) => return Some(false),
        Some(ticks) if ticks > 100_000_000_000_000_000 => ticks / 10_000_000 - SINCE_1601_SECONDS,
        Some(days) if SHADOW_DAYS.contains(&days) => days * 86_400,
        None if dates::passed(value, now).is_some() => return dates::passed(value, now),
        // One that may be yesterday's or next month's.
        None if matches!(value, Value::Text(text) if dates::is_one(text)) => return None,
        _ => return dated(value).then_some(true),
    };
    Some(second <= now.as_second())
}

/// What a word says. A single one that means to let somebody in does, any that means to keep them out does, also among
/// others (`blocked_pending_approval`); what is in neither list, or says *not*, is not understood.
fn word(value: &Value<'_>) -> Standing {
    let Value::Text(text) = value else { return Standing::Unsure };
    // Nearly all are one word, in small letters.
    if let Some(&standing) = SAYS.get(&**text) {
        return standing;
    }
    let words = words_of(trim(text));
    let says = |word: &String| SAYS.get(&*stems::in_english(word)).copied();
    if words.is_empty() || words.len() > 4 || words.iter().any(|word| NOT.contains(&word.as_str())) {
        Standing::Unsure
    } else if words.iter().any(|word| says(word) == Some(Standing::Disabled)) {
        Standing::Disabled
    } else if let [word] = &words[..] {
        says(word).unwrap_or(Standing::Unsure)
    } else {
        Standing::Unsure
    }
}

/// Words that turn another around.
const NOT: [&str; 15] =
    ["not", "never", "no", "un", "nicht", "nie", "niet", "ikke", "inte", "ei", "non", "pas", "não", "не", "nem"];

/// What single words say. A word that names a column says the same as its value (`blocked`).
static SAYS: LazyLock<FxHashMap<&'static str, Standing>> = LazyLock::new(|| {
    let lists = [
        (OUT, Standing::Disabled),
        (HARD, Standing::Disabled),
        (GONE, Standing::Deleted),
        (IN, Standing::Enabled),
        (BARS, Standing::Disabled),
        (DELETES, Standing::Deleted),
        (ALLOWS, Standing::Enabled),
    ];
    let mut says = FxHashMap::default();
    for (words, standing) in lists {
        for word in words {
            says.entry(*word).or_insert(standing);
        }
    }
    says
});

/// Whether what stands in a column marks its user as deleted: neither a guest, nor one who is kept out.
#[must_use]
pub fn marks_deleted(column: &str, value: &Value<'_>, now: Timestamp) -> bool {
    meaning(column).is_some_and(|meaning| meaning != Meaning::Guest && meaning.read(value, now) == Standing::Deleted)
}

/// Why nothing is created for somebody of whom a column says what is not understood, with what would say it.
#[must_use]
pub fn unsure(column: &str, value: &Value<'_>, source: &str) -> Refusal {
    let text = value.text().map(|text| text.chars().take(24).collect::<String>());
    let holds = match &text {
        Some(text) => format!("`{text}`"),
        None if matches!(value, Value::List(_)) => "a list".to_owned(),
        None => "an object".to_owned(),
    };
    let bars = matches!(meaning(column), Some(Meaning::Bars | Meaning::BarsUntil | Meaning::Deletes));
    let (line, with) = if text.is_none() && bars {
        let line = format!("{}[user] enabled = {{ from = {}, as = \"empty\" }}", base(source), quoted(column));
        (line, "where whatever stands there keeps the user out")
    } else {
        let line = line(column, column, &Seen::among(text.as_deref()), source);
        (line, "with what stands there for those who may sign in")
    };
    Refusal::new(
        Code::InvalidValue,
        format!("column `{column}` holds {holds}, and nothing says whether that lets the user sign in"),
    )
    .hint(format!("say it in a mapping file (--map): {line}, {with}"))
}

#[cfg(test)]
mod tests;
