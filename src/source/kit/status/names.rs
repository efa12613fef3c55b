//! What a column is about, by the words of its name.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::Meaning;
use super::stems::in_english;
use super::words::{
    ACCOUNTS, AFTER, ALLOWS, BARS, BEFORE, CODED, DELETES, DENY, ENDS, FROM, HARD, MAY, REASONS, SINCE, STATE,
    STATE_OR_REGION, UNTIL,
};
use crate::names::words_of;

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

/// [`meaning`] of a column among others, where those give away whose table it is and so what its numbers say.
#[must_use]
pub fn meaning_among(name: &str, columns: &[String]) -> Option<Meaning> {
    const TABLES: [(&str, &[&str], Meaning); 3] = [
        // OpenCart's customers: 1 is enabled, and nobody else is let in.
        ("status", &["customer_id", "customer_group_id", "store_id", "date_added"], Meaning::Allows),
        // Drupal's users, of all versions: 1 is active.
        ("status", &["uid", "pass", "mail", "init"], Meaning::Allows),
        // WordPress: 0 is everybody, 1 was marked as spam.
        ("user_status", &["user_login", "user_pass", "user_email"], Meaning::Bars),
    ];
    let meaning = meaning(name)?;
    let has = |wanted: &&str| columns.iter().any(|column| column == wanted);
    let table = TABLES.iter().find(|(column, with, _)| *column == name && with.iter().all(&has));
    Some(table.map_or(meaning, |&(.., meaning)| meaning))
}

/// So many names are remembered: more than an export has columns, and kinds of a user's related rows.
pub(super) const REMEMBERED: usize = 4096;

thread_local! {
    /// What names were found to mean: keys of related rows are the same few, millions of times.
    static KNOWN: RefCell<HashMap<Box<str>, Option<Meaning>, FxBuildHasher>> = RefCell::default();
}

pub(super) fn is(list: &[&str], word: &str) -> bool {
    list.contains(&word)
}

/// The words of a name without those in front that change nothing, and those.
pub(super) fn core(words: &[String]) -> (&[String], &[String]) {
    let mut at = 0;
    while at + 1 < words.len() && is(BEFORE, &words[at]) {
        at += 1;
    }
    let (before, core) = words.split_at(at);
    (core, before)
}

fn by_words(name: &str) -> Option<Meaning> {
    // What stands behind in brackets says how it is written: `Active (Y/N)`.
    let name = name.split_once(['(', '[']).map_or(name, |(name, _)| name);
    let words = parts(name);
    let (core, before) = core(&words);
    let about_account = || before.iter().any(|word| is(ACCOUNTS, word));
    let core: Vec<&str> = core.iter().map(String::as_str).collect();
    if words.concat().ends_with("useraccountcontrol") {
        return Some(Meaning::AccountControl);
    }
    match core[..] {
        [state] if words.len() == 1 && is(STATE_OR_REGION, state) => Some(Meaning::StateOrRegion),
        ["status", coded] if is(CODED, coded) => Some(Meaning::State),
        ["state", coded] if words.len() > 2 && is(CODED, coded) => Some(Meaning::State),
        ["guest" | "ghost" | "staged" | "bot"] | ["service", "account"] | ["system", "generated"] => {
            Some(Meaning::Guest)
        }
        ["system" | "service"] if before.iter().any(|word| word == "is") => Some(Meaning::Guest),
        // `can_login`, `allow_sign_in`, `login_enabled`; `deny_login`.
        [can, ref login @ ..] if is(MAY, can) && signs_in(login) => Some(Meaning::Allows),
        [ref login @ .., can] if is(ALLOWS, can) && signs_in(login) => Some(Meaning::Allows),
        [deny, ref login @ ..] if is(DENY, deny) && signs_in(login) => Some(Meaning::Bars),
        // `permissions.login`, as objects are cut into columns.
        ["permission" | "permissions" | "rights" | "allowed", ref login @ ..] if signs_in(login) => {
            Some(Meaning::Allows)
        }
        // Spring's `account_non_locked`.
        ["non" | "not", word] if is(BARS, word) || word == "expired" => Some(Meaning::Allows),
        // `date_banned`, `Date de suppression`.
        ["date" | "datum" | "data" | "fecha" | "dato" | "дата" | "ημερομηνια", ref of @ .., word]
            if of.iter().all(|of| ["of", "de", "di", "du", "da", "der", "do"].contains(of))
                && (is(BARS, word) || is(DELETES, word)) =>
        {
            Some(if is(BARS, word) { Meaning::Bars } else { Meaning::Deletes })
        }
        ["expired"] => Some(Meaning::Ends),
        ["expired", since] if is(SINCE, since) || is(AFTER, since) => Some(Meaning::Ends),
        [end, ref rest @ ..] if is(ENDS, end) && about_account() && rest.iter().all(|word| is(SINCE, word)) => {
            Some(Meaning::Ends)
        }
        ["mail"] => None,
        ["valid", ..] if before.iter().any(|word| word == "mail") => None,
        // `valid_period`, `active_during`: a range of days.
        [word, "period" | "range" | "during" | "window" | "zeitraum"] if is(ALLOWS, word) => Some(Meaning::Allows),
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
        [word, until, ref rest @ ..]
            if (is(BARS, word) || is(ALLOWS, word)) && is(UNTIL, until) && rest.iter().all(|word| is(SINCE, word)) =>
        {
            Some(if is(BARS, word) { Meaning::BarsUntil } else { Meaning::Ends })
        }
        // A day to come on which somebody may begin.
        [word, from, ref rest @ ..]
            if is(ALLOWS, word) && is(FROM, from) && rest.iter().all(|word| is(SINCE, word)) =>
        {
            Some(Meaning::BarsUntil)
        }
        // A ban that is on: `ban_active`; a filter that is (`spam_enabled`) keeps out mail.
        [word, "active" | "enabled"] if is(BARS, word) && !["lockout", "lock", "spam"].contains(&word) => {
            Some(Meaning::Bars)
        }
        [word, "confirmed" | "approved" | "done" | "completed" | "executed"] if is(DELETES, word) => {
            Some(Meaning::Deletes)
        }
        // A word that is written as two: `bi_khoa`, `lockedOut`, `trang_thai`.
        ref several if several.len() == 2 => match several.concat() {
            word if is(BARS, &word) => Some(Meaning::Bars),
            word if is(STATE, &word) => Some(Meaning::State),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a name within a ban is that of its end: `until`, `expires_at`.
pub(super) fn is_end(name: &str) -> bool {
    let words = words_of(name);
    words.first().is_some_and(|word| is(UNTIL, word)) && words[1..].iter().all(|word| is(SINCE, word))
}

/// Whether a name is that of signing in: `login`, `can_sign_in`.
pub(super) fn is_sign_in(name: &str) -> bool {
    let words = words_of(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    signs_in(words.strip_prefix(&["can"]).unwrap_or(&words))
}

/// Whether words are those for signing in.
fn signs_in(words: &[&str]) -> bool {
    let words = words.strip_prefix(&["to"]).unwrap_or(words);
    let joined = words.concat();
    ["login", "logon", "signin", "log", "access", "authenticate", "logins"].contains(&joined.as_str())
        && (joined != "log" || words.len() > 1)
}

/// The words of a column's name, also of one that a database has lower-cased: `isactive`, `banneduntil`.
pub(super) fn parts(name: &str) -> Vec<String> {
    let english = |word: String| match in_english(&word) {
        Cow::Borrowed(same) if same == word => word,
        english => english.into_owned(),
    };
    words_of(name).into_iter().flat_map(|word| cut(&word).unwrap_or_else(|| vec![english(word)])).collect()
}

/// A word that is several: words that stand before one of those that count, that one, and words that stand after it.
fn cut(word: &str) -> Option<Vec<String>> {
    fn fronts(word: &str) -> Option<Vec<String>> {
        if let Some(parts) = counted(word) {
            return Some(parts);
        }
        let short = ["is", "ja", "ns", "no"];
        let front = |first: &&&str| first.len() > 2 || short.contains(first);
        let fronts = BEFORE.iter().chain(MAY).chain(DENY).chain(&["non", "not"]).filter(front);
        fronts.into_iter().find_map(|first| {
            let rest = fronts_of(word, first)?;
            Some(std::iter::once((*first).to_owned()).chain(rest).collect())
        })
    }
    fn fronts_of(word: &str, first: &str) -> Option<Vec<String>> {
        word.strip_prefix(first).filter(|rest| !rest.is_empty()).and_then(fronts)
    }
    fn counted(word: &str) -> Option<Vec<String>> {
        let lists = [ALLOWS, BARS, DELETES, STATE, HARD, &["expires", "expiry", "expired", "ban", "login", "access"]];
        let mut found = lists.into_iter().flatten().filter_map(|core| Some((*core, word.strip_prefix(core)?)));
        found.find_map(|(core, rest)| {
            let whole = rest.is_empty();
            // A short word within a longer one is none: `banner`, `lockers`, `bank`.
            let after = [AFTER, SINCE, UNTIL, CODED, REASONS].into_iter().flatten().any(|after| *after == rest);
            (whole || after && core.len() > 2)
                .then(|| std::iter::once(core).chain((!whole).then_some(rest)).map(str::to_owned).collect())
        })
    }
    if word.len() < 6 || !word.is_ascii() {
        return None;
    }
    let parts = fronts(word)?;
    (parts.len() > 1).then_some(parts)
}
