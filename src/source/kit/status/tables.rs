//! What the names of tables and of their columns say of people who are kept out.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use super::names::{self, is, meaning, parts};
use super::words::{
    ACCOUNTS, ADDRESSES, ATTRIBUTES, BANS, GONE_PEOPLE, HARD, LOCKS, LOGS, OF_A_FILE, OF_OTHERS, PARTS, PARTS_BY_NAME,
    PEOPLE, SINCE, TITLES, TOLD, UNLESS, WHICH, WHOSE,
};
use crate::names::words_of;

/// Whether the name of a table says that its rows are of people who are kept out: `bans`, `blocked_users`.
#[must_use]
pub fn names_barred(table: &str) -> bool {
    let words = parts(table);
    let any = |list: &[&str]| words.iter().any(|word| is(list, word));
    // What else has locks and blocks is no account.
    let of_accounts = any(LOCKS) && (any(ACCOUNTS) || any(&["users", "accounts", "logins", "member", "members"]));
    let barred = barring(&words, |word| is(BANS, word) || is_hard(word));
    (barred || of_accounts && !any(UNLESS)) && !any(OF_OTHERS)
}

/// Whether the name of a table says that its rows are of addresses that are kept out: `banned_emails`, `blocked_addresses`.
#[must_use]
pub fn names_barred_addresses(table: &str) -> bool {
    let words = parts(table);
    let others = || words.iter().filter(|word| is(OF_OTHERS, word));
    let barred = barring(&words, |word| is(BANS, word) || is(LOCKS, word) || is_hard(word));
    barred && others().next().is_some() && others().all(|word| is(ADDRESSES, word))
}

/// Whether a table is a record of what was done, or of what users were before, by its name: `audit_log`, `status_history`.
#[must_use]
pub fn is_log(called: &str) -> bool {
    parts(called).iter().any(|word| is(LOGS, word))
}

/// Whether a role, a label or an event is called after somebody who is kept out, and after nothing else: `banned`,
/// `Gesperrte Kunden`, `ROLE_SUSPENDED`, `user.blocked`.
#[must_use]
pub fn names_somebody_out(text: &str) -> bool {
    if !(3..=40).contains(&text.len()) {
        return false;
    }
    BARRING.with_borrow_mut(|known| {
        if let Some(barring) = known.get(text) {
            return *barring;
        }
        let words = parts(text);
        let mut rest = words.iter().filter(|word| !is(PEOPLE, word) && !is(PARTS, word));
        let barring = rest.next().is_some_and(|word| is_hard(word)) && rest.next().is_none();
        if known.len() < names::REMEMBERED {
            known.insert(text.into(), barring);
        }
        barring
    })
}

/// Whether an event is somebody's being kept out: what roles say in that way, and `account_disabled`, which no role is called.
#[must_use]
pub fn names_somebody_shut_out(event: &str) -> bool {
    let words = words_of(event);
    let rest: Vec<&str> = words.iter().map(String::as_str).filter(|word| !is(PEOPLE, word)).collect();
    names_somebody_out(event)
        || event.len() <= 40 && rest.len() < words.len() && matches!(rest[..], ["disabled" | "terminated"])
}

/// The column of a record of what was done that says to whom.
#[must_use]
pub fn done_to(columns: &[String]) -> Option<&str> {
    const TO: [&str; 7] =
        ["targetid", "targetuserid", "target", "subjectid", "subjectuserid", "affecteduserid", "objectid"];
    columns.iter().find(|column| TO.contains(&&*bare(column))).map(String::as_str)
}

thread_local! {
    /// What roles were found to say: they are the same few, millions of times.
    static BARRING: RefCell<FxHashMap<Box<str>, bool>> = RefCell::default();
}

/// Whether a table or a file is called after people who are kept out: `banned_users`, `deleted-customers`.
#[must_use]
pub fn names_people_out(table: &str) -> bool {
    let words = words_of(table);
    let any = |list: &[&str]| words.iter().any(|word| is(list, word));
    barring(&words, is_out) && any(PEOPLE) && !any(&["and", "und", "with", "incl", "including"])
}

/// Whether a table or a file is called so and nothing else, whatever is in it: `deactivated.csv`, `export-banned-2024`.
#[must_use]
pub fn names_out_alone(table: &str) -> bool {
    let words = words_of(table);
    let says_nothing = |word: &String| is(OF_A_FILE, word) || word.bytes().all(|b| b.is_ascii_digit());
    barring(&words, is_out) && words.iter().all(|word| is_out(word) || says_nothing(word))
}

fn is_out(word: &str) -> bool {
    is_hard(word) || is(GONE_PEOPLE, word)
}

/// Whether a word bars, and none before it takes that back: `users_except_banned`, but not `banned_users_without_refund`.
fn barring(words: &[String], bars: impl Fn(&str) -> bool) -> bool {
    let at = words.iter().position(|word| bars(word));
    at.is_some_and(|at| !words[..at].iter().any(|word| is(UNLESS, word)))
}

/// Whether a word says of people that they are kept out, in the number and gender of whatever stands beside it.
pub(super) fn is_hard(word: &str) -> bool {
    const ENDINGS: [&str; 25] = [
        "", "a", "e", "i", "o", "y", "s", "n", "os", "as", "es", "en", "er", "em", "is", "ie", "ies", "é", "ée", "és",
        "ées", "ы", "е", "ый", "ые",
    ];
    // Five letters have to be the same.
    let of_one_stem = |hard: &&str| {
        let stems = ENDINGS.iter().filter_map(|end| hard.strip_suffix(end)).filter(|stem| stem.chars().count() >= 5);
        stems.into_iter().any(|stem| word.strip_prefix(stem).is_some_and(|end| ENDINGS.contains(&end)))
    };
    is(HARD, word) || HARD.iter().any(of_one_stem)
}

/// Whether a table is about users and nothing else, by its name: `profiles`, `app_user_meta`, `userdata`.
#[must_use]
pub fn is_of_users(called: &str) -> bool {
    let called = called.rsplit('.').next().unwrap_or(called).to_lowercase();
    let words: Vec<&str> = called.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let known = |word: &&&str| {
        let of_two = || PEOPLE.iter().any(|people| word.strip_prefix(people).is_some_and(|rest| TOLD.contains(&rest)));
        PEOPLE.contains(*word) || TOLD.contains(*word) || of_two()
    };
    let about = words.iter().filter(known).count();
    // The first may be what an installation puts before all of its tables.
    about > 0 && (about == words.len() || about + 1 == words.len() && words.first().is_some_and(|first| !known(&first)))
}

/// Whether rows are of roles, settings or rights, which may be switched off by themselves.
#[must_use]
pub fn is_of_parts(called: &str, columns: &[String]) -> bool {
    let lower = called.to_lowercase();
    let any = |list: &[&str]| lower.split(|c: char| !c.is_alphanumeric()).any(|word| list.contains(&word));
    let whose = whose(columns);
    let says_which = |column: &&String| {
        let bare = bare(column);
        let is_key = bare.len() > 2 && bare.ends_with("id") && Some(column.as_str()) != whose;
        is_key || [WHICH, ATTRIBUTES, TITLES].iter().any(|list| list.contains(&&*bare))
    };
    any(PARTS) || any(PARTS_BY_NAME) && columns.iter().any(|column| says_which(&column))
}

/// Whether a table of blocks or locks is of people's accounts: it has one user a row, and nothing but what is told of a ban.
#[must_use]
pub fn is_of_bans(called: &str, columns: &[String]) -> bool {
    const TOLD: &[&str] = &[
        "id",
        "reason",
        "note",
        "comment",
        "by",
        "at",
        "date",
        "grund",
        "type",
        "created",
        "updated",
        "createdat",
        "updatedat",
    ];
    let Some(whose) = whose(columns) else { return false };
    let of_a_ban = |column: &String| {
        let bare = bare(column);
        *column == whose
            || TOLD.contains(&&*bare)
            || bare.ends_with("by")
            || words_of(column).last().is_some_and(|word| is(SINCE, word))
            || meaning(column).is_some()
            || names::is_end(column)
    };
    let words = parts(called);
    let bans = |word: &String| is(LOCKS, word) || is(BANS, word);
    // `deletion_requests`
    let tells = |word: &String| bans(word) || is(PEOPLE, word) || ["request", "requests"].contains(&word.as_str());
    words.iter().any(bans) && words.iter().all(tells) && columns.iter().all(of_a_ban)
}

/// The column that says whose row it is. One who blocks another is no administrator: rows of two users are their own affair.
#[must_use]
pub fn whose(columns: &[String]) -> Option<&str> {
    let is_user = |column: &&String| {
        let bare = bare(column);
        WHOSE.iter().any(|user| bare == *user || user.ends_with("id") && bare.ends_with(user))
    };
    let by = |column: &String| {
        // Of Laravel's `model_id` nothing is a moderator's.
        let bare = bare(column).replace("model", "");
        ["by", "admin", "mod", "created", "staff"].iter().any(|by| bare.contains(by))
    };
    let mut users: Vec<&String> = columns.iter().filter(is_user).filter(|column| !by(column)).collect();
    // What is called so and no more is the likeliest.
    users.sort_by_key(|column| !WHOSE.contains(&&*bare(column)));
    let both =
        users.len() > 1 && users.iter().any(|column| bare(column).contains("block") || bare(column).contains("target"));
    users.first().filter(|_| !both).map(|column| column.as_str())
}

/// Whether a column is what people are called, or call themselves, which says nothing of whether they may sign in.
#[must_use]
pub fn names_somebody(column: &str) -> bool {
    const NAMES: [&str; 15] = [
        "username",
        "userlogin",
        "login",
        "name",
        "nick",
        "nickname",
        "handle",
        "displayname",
        "fullname",
        "realname",
        "email",
        "firstname",
        "lastname",
        "screenname",
        "alias",
    ];
    NAMES.contains(&&*bare(column))
}

/// What a column gives the reason for, by its name: `suspend` of `suspend_reason`.
#[must_use]
pub fn reason_of(column: &str) -> Option<String> {
    const WHY: [&str; 6] = ["reason", "message", "msg", "note", "comment", "by"];
    let bare = bare(column);
    WHY.iter().find_map(|why| bare.strip_suffix(why)).filter(|stem| stem.len() >= 3).map(str::to_owned)
}

/// A name without case, separators, the word for a key and the end of a plural.
#[must_use]
pub fn stem(name: &str) -> String {
    let bare = bare(name);
    let bare = bare.strip_suffix("id").filter(|rest| rest.len() >= 3).unwrap_or(&bare);
    if let Some(one) = bare.strip_suffix("ies").filter(|rest| rest.len() >= 3) {
        return format!("{one}y");
    }
    ["en", "s", "n", "e"]
        .iter()
        .find_map(|plural| bare.strip_suffix(plural).filter(|rest| rest.len() >= 3))
        .unwrap_or(bare)
        .to_owned()
}

/// [`stem`] of whatever form a name has: `states` and `state` have one.
#[must_use]
pub fn root(name: &str) -> String {
    let mut root = stem(name);
    loop {
        let next = stem(&root);
        if next == root {
            return root;
        }
        root = next;
    }
}

/// A name without case and separators.
#[must_use]
pub fn bare(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
