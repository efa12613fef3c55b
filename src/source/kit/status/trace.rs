//! What a column that nobody reads could tell of its user's being kept out.

use std::cell::RefCell;
use std::collections::HashMap;

use jiff::Timestamp;
use memchr::{memchr, memchr3};
use rustc_hash::FxBuildHasher;

use super::names::{self, core, is, meaning, parts};
use super::stems::in_english;
use super::words::{
    ABOUT_OTHERS, ACCOUNTS, AFTER, ALLOWS, ASKED, ATTRIBUTES, BARS, BECOMING, BEFORE, DELETES, DONE, ENDS, HARD, KINDS,
    MACHINES, MAY_ALLOW, MAY_BAR, OF_A_CONTRACT, SINCE, SOFT, STATE, STATE_OR_REGION, UNTIL, VALUES, WITHIN,
};
use super::{Meaning, Standing, dates, ended, is_cross, is_name, never, nothing, word};
use crate::bytes::Initials;
use crate::format::Value;
use crate::names::words_of;
use crate::source::kit::{common, python};

/// What a column that nobody reads could tell of its user's being kept out, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// Nothing: it is about something else that may be blocked or disabled.
    Nothing,
    /// Whatever is in it: `ban_reason`, `blocked_by_admin`.
    Set,
    /// A no: `is_current`, `has_access`.
    Unset,
    /// A date that has passed: `expires_at`, `end_date`.
    Past,
    /// A date to come: `restricted_until`.
    Ahead,
    /// Nothing, where others have the day on which they were let in: `approved_at`.
    Empty,
    /// A word that means that, or a number below nought, in a column of roles, kinds or states.
    State,
    /// Any word that bars, in a column of a status whose kind is not known: `reg_status`.
    Status,
    /// A word that means nothing else.
    Word,
    /// A name that is read where it is a state and passed over where it is a region: a word that is neither's, beside words
    /// that are a state's.
    Region,
    /// Something, where others have nothing: a code that is taken away from whoever has come in.
    Waiting,
    /// A ban whose end is nought, beside users who have none: it may have no end.
    Endless,
    /// Nothing, in a column of which every other cell lets its user in: a box that was not ticked is a no in many programs.
    Unticked(Meaning),
}

/// What a column that nobody reads could tell, by its name.
#[must_use]
pub fn trace(name: &str) -> Trace {
    if name.len() > 64 {
        return Trace::Nothing;
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(trace) = known.get(name) {
            return *trace;
        }
        let trace = by_words(name);
        if known.len() < names::REMEMBERED {
            known.insert(name.into(), trace);
        }
        trace
    })
}

thread_local! {
    /// What names were found to tell: members of objects are the same few, millions of times.
    static KNOWN: RefCell<HashMap<Box<str>, Trace, FxBuildHasher>> = RefCell::default();
}

fn by_words(name: &str) -> Trace {
    const MERGED: [&str; 5] = ["merged", "duplicate", "superseded", "replaced", "zusammengeführt"];
    const INTO: &[&str] =
        &["into", "to", "with", "by", "of", "target", "id", "uid", "uuid", "user", "master", "primary"];
    let words = parts(name);
    let any = |list: &[&str]| words.iter().any(|word| is(list, word));
    let (core, before) = core(&words);
    let ended = |rest: &[String]| {
        rest.iter().all(|word| is(SINCE, word) || is(AFTER, word) || is(OF_A_CONTRACT, word) || is(ACCOUNTS, word))
    };
    // `accounts: [{ disabled: true }]` are the user's own.
    if any(ABOUT_OTHERS) && words != ["accounts"] {
        return Trace::Nothing;
    }
    // What somebody shows or is sent may be hidden or ended, too.
    let own = before.iter().all(|word| !["profile", "mail", "record", "row", "flag"].contains(&word.as_str()));
    match core {
        // `exit_date`, `fin_contrat`, `date_of_leaving`, `employment_end`; a bare `left` may be a side.
        [first, ..]
            if own
                && first != "last"
                && !(core.len() == 1 && first == "left")
                && core.iter().any(|word| is(ENDS, word))
                && core.iter().all(|word| is(ENDS, word) || ended(std::slice::from_ref(word))) =>
        {
            Trace::Past
        }
        [dado, de, baja] if ["dado", "dada"].contains(&dado.as_str()) && de == "de" && baja == "baja" => Trace::Set,
        // `off_boarded_at`
        [off, boarded, rest @ ..] if own && is(MAY_BAR, &format!("{off}{boarded}")) && ended(rest) => Trace::Set,
        // Whoever was never let in again was not kept out.
        [word, since]
            if own
                && !["active", "unbanned", "unblocked"].contains(&word.as_str())
                && is(ALLOWS, word)
                && is(SINCE, since) =>
        {
            Trace::Empty
        }
        [word, ..] if ["unbanned", "unblocked", "unlocked"].contains(&word.as_str()) => Trace::Nothing,
        [.., code]
            if ASKED.iter().any(|asked| words.concat().contains(asked))
                && ["code", "key", "token", "hash", "schlüssel", "schluessel"]
                    .iter()
                    .any(|end| code.ends_with(end)) =>
        {
            Trace::Waiting
        }
        [word, done] if own && is(DONE, done) && (is(DELETES, word) || is(BARS, word)) => Trace::Set,
        [double, opt, into] if double == "double" && opt == "opt" && into == "in" => Trace::Unset,
        [double] if double == "doubleoptin" => Trace::Unset,
        // `fraud_hold`, `on_hold`: what is held for other reasons is no account.
        [of @ .., hold]
            if own
                && ["hold", "onhold"].contains(&hold.as_str())
                && !of.iter().any(|of| ["legal", "litigation", "credit", "mail"].contains(&of.as_str())) =>
        {
            Trace::Set
        }
        // The second account of somebody who has another by now.
        [merged, into @ ..]
            if own
                && MERGED.contains(&merged.as_str())
                && into
                    .iter()
                    .all(|word| is(INTO, word) || is(SINCE, word) || is(ACCOUNTS, word) || is(BEFORE, word)) =>
        {
            Trace::Set
        }
        [word, until] if own && is(MAY_BAR, word) && is(UNTIL, until) => Trace::Ahead,
        [access, kind] if access == "access" && is(KINDS, kind) => Trace::Unset,
        [kind] if is(KINDS, kind) && before.last().is_some_and(|word| word == "access") => Trace::Unset,
        [last, day] if last == "last" && ["day", "date"].contains(&day.as_str()) => Trace::Past,
        [word, rest @ ..]
            if own && is(MAY_BAR, word) && ended(rest) && !(word == "left" && rest.is_empty() && before.is_empty()) =>
        {
            Trace::Set
        }
        [can @ .., word]
            if is(MAY_ALLOW, word)
                && (word != "access" || !before.is_empty() || !can.is_empty())
                && can
                    .iter()
                    .all(|word| is(BEFORE, word) || is(BECOMING, word) || ["can", "may"].contains(&word.as_str())) =>
        {
            Trace::Unset
        }
        [word, why]
            if own
                && (is(BARS, word) || is(DELETES, word))
                && ["reason", "cause", "msg", "note", "comment", "by"].contains(&why.as_str()) =>
        {
            Trace::Set
        }
        _ if WITHIN.iter().any(|part| name.contains(part)) => Trace::Set,
        _ if any(HARD)
            || any(&[
                "ban",
                "bans",
                "blacklist",
                "sperre",
                "suspension",
                "disabled",
                "inactive",
                "locked",
                "deleted",
            ])
            || any(&super::NOT) && (any(ALLOWS) || any(&["allow", "permit"]))
            || any(BARS) && (any(ACCOUNTS) || any(&["access"])) =>
        {
            Trace::Set
        }
        [.., status] if is(STATE, status) && core.len() > 1 => Trace::Status,
        _ if any(STATE) || any(STATE_OR_REGION) || any(KINDS) => Trace::State,
        _ => Trace::Word,
    }
}

/// Whether a key has the second before it at which it was asked for (`1700000000:$generic$…`): whoever has lost a password asks for
/// one, and is in.
fn is_for_a_while(text: &str) -> bool {
    let Some((second, key)) = text.split_once(':') else { return false };
    second.len() == 10 && second.bytes().all(|b| b.is_ascii_digit()) && key.starts_with('$')
}

/// Lists are looked through up to so many bytes.
const LONG: usize = 64 * 1024;

/// So deep are objects looked into.
const DEPTH: u8 = 3;

impl Trace {
    /// What there may be to tell of a column that is read for who may sign in.
    #[must_use]
    pub const fn of(meaning: Meaning) -> Self {
        match meaning {
            Meaning::StateOrRegion => Self::Region,
            Meaning::BarsUntil => Self::Endless,
            Meaning::Allows | Meaning::State => Self::Unticked(meaning),
            _ => Self::Nothing,
        }
    }

    /// Whether a cell counts only beside others, for which [`Trace::is_beside`] asks.
    #[must_use]
    pub const fn needs_others(self) -> bool {
        matches!(self, Self::Empty | Self::Region | Self::Endless | Self::Waiting | Self::Unticked(_))
    }

    /// Whether an empty cell may say something.
    #[must_use]
    pub const fn heeds_empty(self) -> bool {
        self.needs_others() || matches!(self, Self::Unset)
    }

    /// Whether a cell is one after which the others count no more: a no says how a no is written.
    #[must_use]
    pub fn is_settled_by(self, value: &Value<'_>, now: Timestamp) -> bool {
        match self {
            Self::Unticked(meaning) => {
                !is_cross(value) && !matches!(meaning.read(value, now), Standing::Silent | Standing::Enabled)
            }
            _ => false,
        }
    }

    /// Whether a cell is one beside which the others count.
    #[must_use]
    pub fn is_beside(self, value: &Value<'_>, now: Timestamp) -> bool {
        match self {
            Self::Empty | Self::Waiting => !self.is_in(value, now),
            Self::Region => !matches!(Meaning::State.read(value, now), Standing::Silent | Standing::Unsure),
            Self::Endless => Meaning::BarsUntil.read(value, now) == Standing::Silent,
            Self::Unticked(meaning) => is_cross(value) || meaning.read(value, now) == Standing::Enabled,
            _ => false,
        }
    }

    /// Whether a cell says that its user may have been kept out.
    #[must_use]
    pub fn is_in(self, value: &Value<'_>, now: Timestamp) -> bool {
        self.within(value, now, DEPTH)
    }

    fn within(self, value: &Value<'_>, now: Timestamp, depth: u8) -> bool {
        match (self, value) {
            (Self::Nothing, _) => false,
            (Self::Past, Value::Text(text)) if dates::range(text).is_some() => is_over(value, now),
            (Self::Past, Value::Text(_) | Value::Number(_)) => ended(value, now) == Some(true),
            (Self::Region, value) => is_name(value) && Meaning::State.read(value, now) == Standing::Unsure,
            (Self::Endless, value) => value.text().is_some_and(|text| text.trim() == "0"),
            (Self::Ahead, value) => ended(value, now) == Some(false) && !never(value),
            (Self::Empty | Self::Unticked(_), value) => {
                value.is_empty() || matches!(value, Value::Text(text) if nothing(text))
            }
            (Self::Waiting, value) => {
                !value.is_empty()
                    && !matches!(value, Value::Text(text) if nothing(text) || text == "0" || is_for_a_while(text))
            }
            (Self::Unset, Value::Number(number)) if number.as_f64().is_some_and(|number| number < 0.0) => true,
            (Self::Unset, Value::Text(text)) if text.starts_with('-') && text.parse::<i64>().is_ok() => true,
            (Self::Unset, value @ (Value::Text(_) | Value::Number(_) | Value::Bool(_))) => {
                const NONE: [&str; 5] = ["none", "denied", "revoked", "no access", "noaccess"];
                let none =
                    |text: std::borrow::Cow<'_, str>| NONE.iter().any(|none| text.trim().eq_ignore_ascii_case(none));
                let bars = matches!(value, Value::Text(text) if Self::State.says(text));
                common::truth(value) == Some(false) || bars || value.text().is_some_and(none)
            }
            (Self::Set, Value::Text(text)) => {
                !nothing(text) && !never(value) && common::truth(value) != Some(false) && text != "[]" && text != "{}"
            }
            (Self::Set, Value::Number(_)) => !never(value),
            (Self::Set, Value::Bool(set)) => *set,
            (Self::State | Self::Status, Value::Number(number)) => number.as_f64().is_some_and(|number| number < 0.0),
            (Self::State | Self::Status, Value::Text(text)) if text.starts_with('-') => text.parse::<i64>().is_ok(),
            // Nobody has so many roles, and whoever has may be anything.
            (Self::State, Value::Text(text)) if text.len() > LONG => true,
            (Self::State | Self::Status, value) if is_over(value, now) => true,
            (_, Value::Text(text))
                if depth > 0
                    && matches!(text.as_bytes().first(), Some(b'{' | b'['))
                    && memchr(b':', text.as_bytes()).is_some()
                    && !is_array(text.as_bytes()) =>
            {
                written(text).is_some_and(|value| self.within(&value, now, depth - 1))
            }
            (_, Value::Text(text)) if is_list(self, value) => {
                items(text).is_some_and(|mut items| items.any(|item| self.says(item)))
            }
            (Self::Status, value @ Value::Text(text)) => {
                text.len() <= 32 && matches!(word(value), Standing::Disabled | Standing::Deleted)
            }
            (_, Value::Text(text)) => self.says(text),
            // What is listed under such a name is why, or since when.
            (Self::Set, Value::List(items)) if matches!(&**items, [one] if !matches!(one, Value::Object(_) | Value::List(_))) => {
                items.iter().any(|item| self.within(item, now, depth))
            }
            (Self::Set, Value::List(items)) => items.iter().any(|item| !item.is_empty()),
            (_, Value::List(items)) if depth > 0 => items.iter().any(|item| self.within(item, now, depth - 1)),
            (_, Value::Object(members)) if depth > 0 => match pair(value) {
                Some((.., name, value)) => self.in_member(name, value, now, DEPTH),
                None => members.iter().any(|(name, value)| self.in_member(name, value, now, depth)),
            },
            _ => false,
        }
    }

    /// Whether a member of an object says it.
    fn in_member(self, name: &str, value: &Value<'_>, now: Timestamp, depth: u8) -> bool {
        // What is switched off further in, or among settings, is no person.
        let said = meaning(name).filter(|_| depth == DEPTH).map(|meaning| meaning.read(value, now));
        let inner = self.inner(name);
        matches!(said, Some(Standing::Disabled | Standing::Deleted))
            || inner.within(value, now, depth - 1)
            || self == Self::Set && inner == Self::Word && common::truth(value) == Some(true)
            // Of what somebody may do, signing in is part.
            || self == Self::State && common::truth(value) == Some(false) && names::is_sign_in(name)
    }

    fn inner(self, name: &str) -> Self {
        match trace(name) {
            // A kind of what is itself one says as much as that.
            Self::State if self == Self::State => Self::State,
            Self::State | Self::Status | Self::Empty | Self::Waiting => Self::Word,
            inner => inner,
        }
    }

    /// Where a cell says it, which is so by [`Trace::is_in`]: the column itself, or paths to the members of its object.
    #[must_use]
    pub fn places(self, column: &str, value: &Value<'_>, now: Timestamp) -> Vec<String> {
        let mut found = Vec::new();
        self.find(column.to_owned(), value, now, DEPTH, &mut found);
        found
    }

    fn find(self, path: String, value: &Value<'_>, now: Timestamp, depth: u8, found: &mut Vec<String>) {
        let parsed = match value {
            Value::Text(text) if text.starts_with(['{', '[']) && text.contains(':') && depth > 0 => written(text),
            _ => None,
        };
        let before = found.len();
        let depth = if parsed.is_some() && depth < DEPTH { depth - 1 } else { depth };
        match parsed.as_ref().unwrap_or(value) {
            Value::Object(members) if depth > 0 => {
                for (name, value) in members.iter().filter(|(name, value)| self.in_member(name, value, now, depth)) {
                    self.inner(name).find(format!("{path}.{name}"), value, now, depth - 1, found);
                }
            }
            Value::List(items) if depth > 0 => {
                let objects = items.iter().enumerate().filter(|(_, item)| matches!(item, Value::Object(_)));
                for (at, item) in objects.filter(|(_, item)| self.within(item, now, depth - 1)) {
                    self.find_item(&path, at, item, now, found);
                }
            }
            _ => {}
        }
        if found.len() == before {
            found.push(path);
        }
    }

    /// The path to an object in a list: by what it is about, by the word that says it, or by its place.
    fn find_item(self, path: &str, at: usize, item: &Value<'_>, now: Timestamp, found: &mut Vec<String>) {
        if let Some((about, told, name, _)) = pair(item) {
            found.push(format!("{path}.{about}={name}.{told}"));
            return;
        }
        let Value::Object(members) = item else { return };
        let word = members.iter().find_map(|(name, value)| match value {
            Value::Text(text) if !text.contains(['.', '=']) && self.in_member(name, value, now, DEPTH) => {
                Some((name, text))
            }
            _ => None,
        });
        match word {
            Some((name, text)) => found.push(format!("{path}.{name}={text}.{name}")),
            None => self.find(format!("{path}.{at}"), item, now, 1, found),
        }
    }

    fn says(self, text: &str) -> bool {
        if !(3..=32).contains(&text.len()) {
            return false;
        }
        if self != Self::State {
            return may_say(text) && self.says_by(&words_of(text));
        }
        // Roles and states are the same few, millions of times.
        SAID.with_borrow_mut(|said| {
            if let Some(says) = said.get(text) {
                return *says;
            }
            let says =
                self.says_by(&words_of(text).iter().map(|word| in_english(word).into_owned()).collect::<Vec<_>>());
            if said.len() < names::REMEMBERED {
                said.insert(text.into(), says);
            }
            says
        })
    }

    fn says_by(self, words: &[String]) -> bool {
        let is = |word: Option<&String>| {
            word.is_some_and(|word| {
                HARD.contains(&word.as_str()) || self == Self::State && SOFT.contains(&word.as_str())
            })
        };
        let is_machine = || self == Self::State && matches!(words, [word] if MACHINES.contains(&word.as_str()));
        words.len() <= 3
            && !words.iter().any(|word| word == "not")
            && (is(words.first()) || is(words.last()) || is_machine())
    }
}

/// Whether the first or the last word of a text may be one that says it: nearly none is, and words take long to be made.
fn may_say(text: &str) -> bool {
    static SAYING: Initials = Initials::of(&[HARD]);
    let bytes = text.as_bytes();
    if !text.is_ascii() {
        return true;
    }
    let parts = |at: usize| {
        !bytes[at].is_ascii_alphanumeric()
            || bytes[at].is_ascii_uppercase() && at > 0 && bytes[at - 1].is_ascii_lowercase()
    };
    let ends = |byte: &u8| byte.is_ascii_alphanumeric();
    let (Some(first), Some(last)) = (bytes.iter().position(ends), bytes.iter().rposition(ends)) else { return false };
    let first_ends = (first + 1..=last).find(|&at| parts(at)).unwrap_or(last + 1);
    let last_begins = (first..=last).rfind(|&at| parts(at)).map_or(first, |at| at + usize::from(!ends(&bytes[at])));
    SAYING.may_be(&text[first..first_ends]) || SAYING.may_be(&text[last_begins..=last])
}

thread_local! {
    /// What words of roles and states were found to say.
    static SAID: RefCell<HashMap<Box<str>, bool, FxBuildHasher>> = RefCell::default();
}

/// Whether a value is a range of days that now is not in.
fn is_over(value: &Value<'_>, now: Timestamp) -> bool {
    matches!(value, Value::Text(text) if dates::is_within(text, now) == Some(false))
}

/// The words of a text that holds several: an array as JSON, PostgreSQL or PHP writes it, or a list with separators.
pub fn items(text: &str) -> Option<impl Iterator<Item = &str>> {
    let bytes = text.as_bytes();
    let is_php = bytes.starts_with(b"a:") && memchr(b'{', bytes).is_some();
    let is_array = is_array(bytes) || is_php;
    if bytes.len() > LONG || !is_array && memchr3(b',', b';', b'|', bytes).is_none() {
        return None;
    }
    // Serialized PHP has its texts in quotes, and numbers besides.
    let separators: &[char] = if is_php { &['"'] } else { &[',', ';', '|'] };
    let parts = text.trim_matches(['[', ']', '{', '}', ' ']).split(separators).enumerate();
    let parts = parts.filter(move |(at, _)| !is_php || at % 2 == 1);
    Some(parts.map(|(_, part)| part.trim_matches(['"', '\'', ' '])).filter(|part| !part.is_empty()))
}

/// Whether a text is an array of words: as PostgreSQL writes one also where a word has a colon in it, `{admin,org:42}`.
fn is_array(text: &[u8]) -> bool {
    match text {
        [b'[' | b'{', ..] if memchr(b':', text).is_none() => true,
        [b'{', first, ..] => !matches!(first, b'"' | b'\'' | b'{' | b' ' | b'\n' | b'\r' | b'\t') || quoted_words(text),
        _ => false,
    }
}

/// Whether the first word in quotes is followed by another, and by no value of its own.
fn quoted_words(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"{\"") else { return false };
    let after = memchr(b'"', rest).and_then(|end| rest.get(end + 1));
    matches!(after, Some(b',' | b'}'))
}

/// Whether a cell of a column that is looked at in this way holds several words, each of which may say it.
#[must_use]
pub fn is_list(trace: Trace, value: &Value<'_>) -> bool {
    match value {
        Value::List(_) => true,
        Value::Text(text) => {
            let begins = || matches!(text.as_bytes(), [b'{' | b'[', ..] | [b'a', b':', ..]);
            (trace == Trace::State || trace == Trace::Word && begins()) && items(text).is_some()
        }
        _ => false,
    }
}

/// An object that says of an attribute what it is, `{name, value}`: the members' names, the attribute and its value.
fn pair<'v>(value: &'v Value<'_>) -> Option<(&'v str, &'v str, &'v str, &'v Value<'v>)> {
    let Value::Object(members) = value else { return None };
    let is_one = |name: &str, of: &str| {
        let mut letters = name.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase());
        of.bytes().all(|b| letters.next() == Some(b)) && letters.next().is_none()
    };
    let named = |list: &[&str]| members.iter().find(|(name, _)| list.iter().any(|of| is_one(name, of)));
    let ((about, attribute), (told, value)) = (named(ATTRIBUTES)?, named(VALUES)?);
    match attribute {
        Value::Text(attribute) if meaning(attribute).is_some() => Some((about, told, attribute, value)),
        _ => None,
    }
}

/// JSON that is a text, where a word in it could tell of this.
fn written(text: &str) -> Option<Value<'static>> {
    if text.len() > 8192 || !tells(text.as_bytes()) {
        return None;
    }
    let json = serde_json::from_str(text).ok().or_else(|| python::parse(text));
    json.map(|json| common::value(&json))
}

/// Whether a word in a text could tell of somebody who is kept out: asked of every cell with JSON, so in one pass.
fn tells(text: &[u8]) -> bool {
    let at = |at: usize, words: &[&str]| words.iter().any(|word| text[at..].starts_with(word.as_bytes()));
    text.iter().enumerate().any(|(here, byte)| match byte {
        b'b' => at(here, &["ban", "block"]),
        b'd' => at(here, &["disab", "delet"]),
        b's' => at(here, &["suspen", "statu", "state"]),
        b'a' => at(here, &["activ"]),
        b'l' => at(here, &["lock", "login"]),
        b'e' => at(here, &["enabl"]),
        b'r' => at(here, &["role", "revok"]),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_passed_over_at_once_says_nothing(
            text in "(is|not|x|A)?[ _-]?(banned|Deleted|suspended|bot|inactive|active|x|locked)?[ _.-]?(by|Banned|DELETED|User|7)?[ .]?",
        ) {
            let words = words_of(&text);
            let mut ends = [words.first(), words.last()].into_iter().flatten();
            proptest::prop_assert!(may_say(&text) || !ends.any(|word| is(HARD, word)), "{}", text);
        }
    }
}
