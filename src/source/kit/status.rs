//! Columns that say whether somebody may sign in, in the many forms that systems give them: read where name and content
//! leave no doubt, and never guessed.
//!
//! A name says which way round a value is to be read ([`meaning`]), the content what it says ([`Meaning::read`]). What
//! cannot be understood is [`Standing::Unsure`], and stops its record: to enable somebody who may be banned is worse than
//! to ask.

mod words;

use std::cell::RefCell;
use std::collections::HashMap;

use jiff::Timestamp;
use rustc_hash::FxBuildHasher;

use self::words::{
    ABOUT_OTHERS, AFTER, ALLOWS, BARS, BEFORE, CODED, DELETES, HARD, MAY, SINCE, SOFT, STATE, STATE_OR_REGION, UNTIL,
};
use super::common::{self, is_ahead, moment, trim};
use crate::code::{Code, Refusal};
use crate::format::Value;

/// What a column is about, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A yes lets the user in: `is_active`, `enabled`, `approved`.
    Allows,
    /// A yes, or the date of it, keeps the user out: `banned`, `locked_at`, `isBlocked`.
    Bars,
    /// A date to come keeps the user out: `banned_until`, `lockout_end`.
    BarsUntil,
    /// A yes, or the date of it, means that the user is no more: `deleted_at`.
    Deletes,
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

/// What a column of this name is about, if it is about this.
#[must_use]
pub fn meaning(name: &str) -> Option<Meaning> {
    // The longest that means anything has some forty letters; nearly all names are settled here.
    if !(3..=48).contains(&name.len()) {
        return None;
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(meaning) = known.get(name) {
            return *meaning;
        }
        let meaning = by_words(name);
        if known.len() < REMEMBERED {
            known.insert(name.into(), meaning);
        }
        meaning
    })
}

/// So many names are remembered: more than an export has columns, and kinds of a user's related rows.
const REMEMBERED: usize = 4096;

thread_local! {
    /// What names were found to mean: keys of related rows are the same few, millions of times.
    static KNOWN: RefCell<HashMap<Box<str>, Option<Meaning>, FxBuildHasher>> = RefCell::default();
}

fn by_words(name: &str) -> Option<Meaning> {
    let words = words(name);
    let mut core: &[String] = &words;
    while let [first, rest @ ..] = core
        && !rest.is_empty()
        && BEFORE.contains(&first.as_str())
    {
        core = rest;
    }
    let is = |list: &[&str], word: &String| list.contains(&word.as_str());
    match core {
        [state] if words.len() == 1 && is(STATE_OR_REGION, state) => Some(Meaning::StateOrRegion),
        [status, coded] if status == "status" && is(CODED, coded) => Some(Meaning::State),
        [state, coded] if state == "state" && words.len() > 2 && is(CODED, coded) => Some(Meaning::State),
        // `can_login`, `allow_sign_in`, `login_enabled`.
        [can, login @ ..] if is(MAY, can) && signs_in(login) => Some(Meaning::Allows),
        [login @ .., can] if is(ALLOWS, can) && signs_in(login) => Some(Meaning::Allows),
        [date, word] if date == "date" && is(BARS, word) => Some(Meaning::Bars),
        [date, word] if date == "date" && is(DELETES, word) => Some(Meaning::Deletes),
        [word] | [word, _] if core.get(1).is_none_or(|after| is(AFTER, after)) => {
            if is(ALLOWS, word) {
                Some(Meaning::Allows)
            } else if is(BARS, word) {
                Some(Meaning::Bars)
            } else if is(DELETES, word) {
                Some(Meaning::Deletes)
            } else {
                is(STATE, word).then_some(Meaning::State)
            }
        }
        // Whoever was never activated or approved may be new, which another column says; the date says nothing against them.
        [word, since] if is(SINCE, since) => {
            if is(BARS, word) {
                Some(Meaning::Bars)
            } else {
                is(DELETES, word).then_some(Meaning::Deletes)
            }
        }
        [word, until, rest @ ..] if is(BARS, word) && is(UNTIL, until) && rest.iter().all(|word| is(SINCE, word)) => {
            Some(Meaning::BarsUntil)
        }
        _ => None,
    }
}

/// Whether words are those for signing in.
fn signs_in(words: &[String]) -> bool {
    let joined = words.concat();
    ["login", "logon", "signin", "log", "access", "authenticate"].contains(&joined.as_str())
        && (joined != "log" || words.len() > 1)
}

/// What a column that nobody reads could tell of its user's being kept out, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trace {
    /// Nothing: it is about something else that may be blocked or disabled.
    Nothing,
    /// Whatever is in it: `ban_reason`, `blocked_by_admin`.
    Set,
    /// A word that means that, in a column of roles, kinds or states.
    State,
    /// A word that means nothing else.
    Word,
}

/// What a column that nobody reads could tell, by its name.
#[must_use]
pub fn trace(name: &str) -> Trace {
    let words = words(name);
    let any = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if name.len() > 64 || any(ABOUT_OTHERS) {
        Trace::Nothing
    } else if any(HARD)
        || any(&["ban", "blacklist", "sperre", "suspension", "disabled", "inactive", "locked", "deleted"])
        || any(&["not", "non", "un"]) && any(ALLOWS)
    {
        Trace::Set
    } else if any(STATE)
        || any(STATE_OR_REGION)
        || any(&[
            "role",
            "roles",
            "group",
            "groups",
            "type",
            "kind",
            "class",
            "level",
            "rank",
            "membership",
            "condition",
            "flag",
            "flags",
            "tag",
            "tags",
            "access",
        ])
    {
        Trace::State
    } else {
        Trace::Word
    }
}

impl Trace {
    /// Whether a cell says that its user may have been kept out.
    #[must_use]
    pub fn is_in(self, value: &Value<'_>) -> bool {
        self.within(value, 3)
    }

    fn within(self, value: &Value<'_>, depth: u8) -> bool {
        match (self, value) {
            (Self::Nothing, _) => false,
            (Self::Set, Value::Text(text)) => {
                !nothing(text) && !never(value) && common::truth(value) != Some(false) && text != "[]" && text != "{}"
            }
            (Self::Set, Value::Number(_)) => !never(value),
            (Self::Set, Value::Bool(set)) => *set,
            (_, Value::Text(text)) => self.says(text),
            (_, Value::List(items)) if depth > 0 => items.iter().any(|item| self.within(item, depth - 1)),
            (_, Value::Object(members)) if depth > 0 => members.iter().any(|(name, value)| {
                let inner = match trace(name) {
                    Self::State => Self::Word,
                    inner => inner,
                };
                inner.within(value, depth - 1)
            }),
            _ => false,
        }
    }

    fn says(self, text: &str) -> bool {
        if !(3..=32).contains(&text.len()) {
            return false;
        }
        let words = words(text);
        let is = |word: Option<&String>| {
            word.is_some_and(|word| {
                HARD.contains(&word.as_str()) || self == Self::State && SOFT.contains(&word.as_str())
            })
        };
        words.len() <= 3 && !words.iter().any(|word| word == "not") && (is(words.first()) || is(words.last()))
    }
}

/// The words of a name, lower-cased: at `_`, `-`, `.`, blanks, and where a capital begins one.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && before.is_lowercase()) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

impl Meaning {
    /// What a value in a column of this meaning says.
    #[must_use]
    pub fn read(self, value: &Value<'_>, now: Timestamp) -> Standing {
        if value.is_empty() || matches!(value, Value::Text(text) if nothing(text)) {
            return Standing::Silent;
        }
        match self {
            Self::Allows => match common::truth(value) {
                Some(true) => Standing::Enabled,
                Some(false) => Standing::Disabled,
                None if dated(value) => Standing::Enabled,
                None => word(value),
            },
            Self::Bars | Self::Deletes => {
                let set = if self == Self::Bars { Standing::Disabled } else { Standing::Deleted };
                match common::truth(value) {
                    Some(true) => set,
                    Some(false) => Standing::Enabled,
                    None if never(value) => Standing::Enabled,
                    None if dated(value) => set,
                    None => word(value),
                }
            }
            Self::BarsUntil => match value {
                value if never(value) => Standing::Enabled,
                value if is_ahead(value, now) => Standing::Disabled,
                value if dated(value) => Standing::Enabled,
                _ => Standing::Unsure,
            },
            // No number is the name of a region, and no region bars anybody.
            Self::StateOrRegion => match Self::State.read(value, now) {
                Standing::Unsure if matches!(value, Value::Text(text) if trim(text).parse::<f64>().is_err()) => {
                    Standing::Silent
                }
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

/// What exporters write for nothing.
fn nothing(text: &str) -> bool {
    let text = trim(text);
    text.is_empty() || ["null", "\\n", "nil", "none", "n/a"].iter().any(|nothing| text.eq_ignore_ascii_case(nothing))
}

/// A date that means never.
fn never(value: &Value<'_>) -> bool {
    match value {
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Text(text) => {
            let text = trim(text);
            text == "0" || text.starts_with("0000-00-00") || text.eq_ignore_ascii_case("never")
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
            (digits.len() >= 12 && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')) || moment(value).is_some()
        }
        value => moment(value).is_some(),
    }
}

/// What a word says. A single one that means to let somebody in does, any that means to keep them out does, also among
/// others (`blocked_pending_approval`); what is in neither list, or says *not*, is not understood.
fn word(value: &Value<'_>) -> Standing {
    const IN: &[&str] = &[
        "active",
        "activated",
        "enabled",
        "approved",
        "normal",
        "ok",
        "okay",
        "confirmed",
        "verified",
        "valid",
        "open",
        "live",
        "current",
        "good",
        "allowed",
        "aktiv",
        "actif",
        "activo",
        "true",
        "unlocked",
        "unblocked",
        "unbanned",
        "online",
        "offline",
        "away",
        "busy",
        "idle",
        "dnd",
        "invisible",
        "ativo",
        "attivo",
        "actief",
        "aktywny",
        "habilitado",
        "активен",
    ];
    const OUT: &[&str] = &[
        "inactive",
        "deactivated",
        "inactivated",
        "disabled",
        "banned",
        "ban",
        "blocked",
        "block",
        "suspended",
        "locked",
        "lockedout",
        "closed",
        "frozen",
        "barred",
        "rejected",
        "denied",
        "declined",
        "unapproved",
        "pending",
        "awaiting",
        "waiting",
        "hold",
        "onhold",
        "expired",
        "terminated",
        "cancelled",
        "canceled",
        "archived",
        "revoked",
        "withdrawn",
        "quarantined",
        "blacklisted",
        "spam",
        "spammer",
        "fraud",
        "abuse",
        "deprovisioned",
        "inaktiv",
        "gesperrt",
        "desactivado",
        "false",
        "bloqueado",
        "suspendido",
        "inactivo",
        "baja",
        "inativo",
        "suspenso",
        "suspendu",
        "bloqué",
        "inactif",
        "désactivé",
        "bloccato",
        "sospeso",
        "inattivo",
        "geblokkeerd",
        "zablokowany",
        "заблокирован",
    ];
    const GONE: &[&str] =
        &["deleted", "removed", "erased", "trashed", "destroyed", "purged", "anonymized", "anonymised"];
    let Value::Text(text) = value else { return Standing::Unsure };
    let words = words(trim(text));
    let any = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if words.is_empty() || words.len() > 4 || any(&["not", "never", "no", "un"]) {
        Standing::Unsure
    } else if any(OUT) {
        Standing::Disabled
    } else if words.len() == 1 && any(GONE) {
        Standing::Deleted
    } else if words.len() == 1 && any(IN) {
        Standing::Enabled
    } else {
        Standing::Unsure
    }
}

/// Why nothing is created for somebody of whom a column says what is not understood, with what would say it.
#[must_use]
pub fn unsure(column: &str, value: &Value<'_>, source: &str) -> Refusal {
    let text = value.text().unwrap_or_default();
    let text: String = text.chars().take(24).collect();
    Refusal::new(
        Code::InvalidValue,
        format!("column `{column}` holds `{text}`, and nothing says whether that lets the user sign in"),
    )
    .hint(format!(
        "say it in a mapping file (--map): {}, with what stands there for those who may sign in",
        line(column, source)
    ))
}

/// The lines of a mapping file that read a column for who may sign in.
#[must_use]
pub fn line(column: &str, source: &str) -> String {
    let base = match source {
        "generic" | "mapping" | "" => String::new(),
        source => format!("[source] from = \"{source}\" and "),
    };
    format!("{base}[user] enabled = {{ from = \"{column}\", true_values = [\"…\"] }}")
}

#[cfg(test)]
mod tests;
