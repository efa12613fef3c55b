//! Columns that say whether somebody may sign in, in the many forms that systems give them: read where name and content
//! leave no doubt, and never guessed.
//!
//! A name says which way round a value is to be read ([`meaning`]), the content what it says ([`Meaning::read`]). What
//! cannot be understood is [`Standing::Unsure`], and stops its record: to enable somebody who may be banned is worse than
//! to ask.

use std::cell::RefCell;
use std::collections::HashMap;

use jiff::Timestamp;
use rustc_hash::FxBuildHasher;

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

/// Words in front of a name that change nothing: `is_active`, `user_status`, `pwdAccountLockedTime`.
const BEFORE: &[&str] = &[
    "is", "was", "has", "been", "user", "users", "usr", "account", "acct", "member", "customer", "client", "person",
    "login", "signin", "u", "pw", "pwd", "um", "wp", "ns", "inet", "mail", "flag", "record", "row", "profile", "auth",
    "ja", "acc",
];

/// Words after a name that change nothing: `active_flag`, `locked_yn`.
const AFTER: &[&str] = &["flag", "yn", "user", "account", "login", "ind", "indicator"];

/// Words after a name that make a date of it.
const SINCE: &[&str] = &["at", "on", "date", "time", "since", "timestamp", "ts", "when", "datetime"];

/// Words after a name that make the end of it.
const UNTIL: &[&str] = &["until", "till", "end", "ends", "expires", "expire", "expiry", "expiration", "lifted", "to"];

const ALLOWS: &[&str] = &[
    "active",
    "enabled",
    "enable",
    "activated",
    "approved",
    "allowed",
    "aktiv",
    "actif",
    "activo",
    "ativo",
    "attivo",
    "actief",
    "aktywny",
    "habilitado",
    "freigeschaltet",
    "активен",
];

const BARS: &[&str] = &[
    "banned",
    "ban",
    "blocked",
    "block",
    "disabled",
    "disable",
    "suspended",
    "suspension",
    "suspend",
    "locked",
    "lock",
    "lockout",
    "inactive",
    "deactivated",
    "inactivated",
    "blacklisted",
    "barred",
    "frozen",
    "closed",
    "archived",
    "terminated",
    "revoked",
    "rejected",
    "unapproved",
    "expelled",
    "spam",
    "spammer",
    "gesperrt",
    "inaktiv",
    "bloqueado",
    "inactivo",
    "suspendido",
    "desactivado",
    "deshabilitado",
    "inativo",
    "suspenso",
    "desativado",
    "bloqué",
    "bloque",
    "inactif",
    "suspendu",
    "désactivé",
    "desactive",
    "bloccato",
    "sospeso",
    "inattivo",
    "disabilitato",
    "geblokkeerd",
    "zablokowany",
    "заблокирован",
];

const DELETES: &[&str] = &[
    "deleted",
    "delete",
    "removed",
    "discarded",
    "trashed",
    "erased",
    "destroyed",
    "anonymized",
    "anonymised",
    "purged",
    "gelöscht",
    "geloescht",
    "eliminado",
    "borrado",
    "supprimé",
    "supprime",
    "excluido",
    "verwijderd",
    "удален",
];

const STATE: &[&str] = &["status", "state", "standing", "zustand", "situacao", "situação", "stato", "статус"];

/// A state in languages where the word is that of a country or region, too.
const STATE_OR_REGION: &[&str] = &["state", "estado", "etat", "état"];

/// Words after `status` that make its number or letter of it.
const CODED: &[&str] = &["id", "code", "cd", "type", "key", "num", "no", "name"];

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

const MAY: &[&str] = &["can", "may", "allow", "allows", "allowed", "enable", "permit"];

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

/// Words that make a name one of somebody or something else than the user.
const ABOUT_OTHERS: &[&str] = &[
    "count",
    "counts",
    "counter",
    "attempts",
    "attempt",
    "score",
    "version",
    "limit",
    "policy",
    "after",
    "days",
    "hours",
    "minutes",
    "seconds",
    "duration",
    "notify",
    "notification",
    "notifications",
    "newsletter",
    "comments",
    "posts",
    "ads",
    "messages",
    "files",
    "items",
    "users",
    "contacts",
    "senders",
    "accounts",
    "friends",
    "members",
    "people",
    "domains",
    "list",
    "ips",
    "ids",
    "words",
    "countries",
    "amount",
    "balance",
    "funds",
    "be",
    "mfa",
    "2fa",
    "otp",
    "factor",
    "totp",
    "two",
    "subscription",
    "plan",
    "billing",
    "payment",
    "order",
    "card",
    "enabled",
    "features",
    "feature",
    "fields",
    "columns",
    "message",
    "template",
    "theme",
    "color",
    "until",
];

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

/// Words that say of nothing but a person that they are kept out.
const HARD: &[&str] = &[
    "banned",
    "blocked",
    "suspended",
    "deactivated",
    "blacklisted",
    "expelled",
    "gesperrt",
    "bloqueado",
    "bloqueada",
    "suspendido",
    "suspendida",
    "suspendu",
    "bloqué",
    "geblokkeerd",
    "bloccato",
    "sospeso",
    "zablokowany",
    "заблокирован",
];

/// Words that say that of a state, a role or a kind.
const SOFT: &[&str] = &[
    "inactive",
    "disabled",
    "locked",
    "deleted",
    "terminated",
    "inaktiv",
    "inactivo",
    "inactif",
    "inativo",
    "inattivo",
];

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
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::source::kit::testing;

    #[test]
    fn names_say_which_way_round_a_column_is() {
        for (names, expected) in [
            (
                "active is_active isActive ACTIVE enabled user_active account_enabled approved is_activated",
                Meaning::Allows,
            ),
            (
                "banned is_banned isBlocked disabled suspended locked banned_at lockedAt suspended_on date_banned inactive \
              nsAccountLock pwdAccountLockedTime isDisabled user_banned locked_time",
                Meaning::Bars,
            ),
            ("bloqueado bloque geblokkeerd gesperrt inativo заблокирован", Meaning::Bars),
            ("can_login canSignIn allow_login login_enabled login_allowed ativo habilitado", Meaning::Allows),
            ("status_id account_status_code user_state_id acc_state situacao", Meaning::State),
            ("estado etat", Meaning::StateOrRegion),
            (
                "banned_until bannedUntil ban_expires lockout_end suspended_till ban_expires_at LockoutEnd",
                Meaning::BarsUntil,
            ),
            ("deleted deleted_at deletedAt is_deleted date_deleted discarded_at", Meaning::Deletes),
            (
                "status account_status user_status accountStatus pw_user_status inetUserStatus user_state",
                Meaning::State,
            ),
            ("state State", Meaning::StateOrRegion),
        ] {
            for name in names.split_whitespace() {
                assert_eq!(meaning(name), Some(expected), "{name}");
            }
        }
        for name in [
            "id",
            "email",
            "last_active_at",
            "active_subscription",
            "ban_reason",
            "state_id",
            "status_message",
            "lastactive",
            "lockout_enabled",
            "failed_attempts",
            "email_verified",
            "marital_status",
            "activated_at",
            "is_admin",
            "blocklist",
            "locked_by",
            "delete_after_days",
            "deleted_by",
            "active_until_release",
            "block_count",
        ] {
            assert_eq!(meaning(name), None, "{name}");
        }
    }

    #[test]
    fn contents_say_what_they_say() {
        use Meaning::{Allows, Bars, BarsUntil, Deletes, State};
        let now = "2026-01-01T00:00:00Z".parse().expect("a literal");
        for (meaning, values, expected) in [
            (Allows, json!([true, 1, "1", "t", "yes", "Y", "TRUE", "active", "2024-01-01"]), Standing::Enabled),
            (Allows, json!([false, 0, "0", "f", "no", "inactive", "disabled"]), Standing::Disabled),
            (Allows, json!([2, "2", "maybe", "-1", "x"]), Standing::Unsure),
            (
                Bars,
                json!([
                    true,
                    1,
                    "t",
                    "2024-01-01 10:00:00",
                    1_700_000_000,
                    "1700000000000",
                    "20240101000000Z",
                    "blocked",
                    "infinity"
                ]),
                Standing::Disabled,
            ),
            (Bars, json!([false, 0, "f", "0000-00-00 00:00:00", "never", "no"]), Standing::Enabled),
            (Bars, json!([3, "permanent", {"by": "x"}]), Standing::Unsure),
            (BarsUntil, json!(["2030-01-01", "infinity", 1_900_000_000]), Standing::Disabled),
            (BarsUntil, json!(["2020-01-01", 0, "0000-00-00", 1_600_000_000]), Standing::Enabled),
            (BarsUntil, json!([1, "-1", "soon", true]), Standing::Unsure),
            (Deletes, json!([true, "2024-01-01", 1]), Standing::Deleted),
            (Deletes, json!([false, 0, "f"]), Standing::Enabled),
            (State, json!(["active", "Active", "ENABLED", "approved", true]), Standing::Enabled),
            (
                State,
                json!([
                    "blocked",
                    "banned",
                    "ldap_blocked",
                    "blocked_pending_approval",
                    "awaiting_admin_review",
                    "inactive",
                    "Temporarily suspended",
                    false
                ]),
                Standing::Disabled,
            ),
            (State, json!(["deleted", "REMOVED"]), Standing::Deleted),
            (
                State,
                json!([1, 0, "1", "10", "CA", "Berlin", "not active", "never banned", "unconfirmed", "Hey there!"]),
                Standing::Unsure,
            ),
        ] {
            for value in values.as_array().expect("a list") {
                assert_eq!(meaning.read(&testing::value(value.clone()), now), expected, "{meaning:?}: {value}");
            }
        }
        for (text, expected) in
            [("blocked", Standing::Disabled), ("CA", Standing::Silent), ("active", Standing::Enabled)]
        {
            assert_eq!(Meaning::StateOrRegion.read(&Value::Text(text.into()), now), expected, "{text}");
        }
        assert_eq!(Meaning::StateOrRegion.read(&testing::value(json!(2)), now), Standing::Unsure);
        for nothing in [json!(null), json!(""), json!("NULL"), json!("\\N"), json!(" ")] {
            for meaning in [Allows, Bars, BarsUntil, Deletes, State] {
                assert_eq!(meaning.read(&testing::value(nothing.clone()), now), Standing::Silent);
            }
        }
    }

    #[test]
    fn a_column_that_nobody_reads_still_tells_of_somebody_kept_out() {
        for (column, value) in [
            ("ban_reason", json!("fraud")),
            ("deleted_by", json!(9)),
            ("is_blocked_by_admin", json!("1")),
            ("not_active", json!(true)),
            ("role", json!("banned")),
            ("lifecycle", json!("Suspended")),
            ("membership", json!("inactive")),
            ("flags", json!(["vip", "banned"])),
            ("account", json!({ "banned": true })),
            ("auth", json!({ "local": { "status": "banned" } })),
            ("notes", json!("banned for spam")),
            ("perfil", json!("bloqueado")),
        ] {
            assert!(trace(column).is_in(&testing::value(value.clone())), "{column}: {value}");
        }
        for (column, value) in [
            ("ban_reason", json!("")),
            ("deleted_by", json!(null)),
            ("blocked_users", json!([4, 9])),
            ("lock_version", json!(3)),
            ("lockout_enabled", json!(true)),
            ("notifications", json!("disabled")),
            ("two_factor", json!("disabled")),
            ("subscription", json!("inactive")),
            ("subscription", json!({ "status": "suspended" })),
            ("settings", json!({ "mail": { "enabled": false } })),
            ("about", json!("I was banned from a casino once")),
            ("role", json!("not banned")),
            ("failed_attempts", json!(3)),
            ("disabled_notifications", json!(1)),
        ] {
            assert!(!trace(column).is_in(&testing::value(value.clone())), "{column}: {value}");
        }
    }

    proptest! {
        /// Whatever a column holds: a word that bars never lets somebody in.
        #[test]
        fn no_decoration_lets_a_banned_user_in(word in "(banned|blocked|suspended|disabled|locked)", more in "[a-z_ ]{0,12}") {
            let now = "2026-01-01T00:00:00Z".parse().expect("a literal");
            for text in [format!("{word} {more}"), format!("{more} {word}"), word.to_uppercase()] {
                let standing = Meaning::State.read(&Value::Text(text.clone().into()), now);
                prop_assert!(standing != Standing::Enabled && standing != Standing::Silent, "{}", text);
            }
        }

        #[test]
        fn no_name_panics(name in ".{0,60}") {
            let _ = meaning(&name);
        }
    }
}
