//! Which table holds the people, and which others hold what belongs to them.

use std::collections::BTreeMap;

use super::links::{self, Link, PEOPLE};
use super::look::{Column, Table, UNKNOWN, is_address};
use super::names::{self, words, words_of};
use crate::format::Value;
use crate::source::kit::common::{MAIN, truth};
use crate::source::kit::status::words::WAITING;
use crate::source::kit::{cell, status};
use crate::source::systems::generic::folded;

/// The tables that could hold the users, the likeliest first, with how likely each is.
pub(super) fn candidates(tables: &[Table]) -> Vec<(usize, i32)> {
    let mut found: Vec<(usize, i32)> = (0..tables.len())
        .map(|at| {
            let less = if is_of_others(tables, at) { 4 } else { 0 } + if is_login_of(tables, at) { 4 } else { 0 };
            (at, likeness(&tables[at]) + given(tables, at) - less)
        })
        .filter(|&(at, score)| score >= 3 && tables[at].rows > 0)
        // What was is never before what is.
        .map(|(at, score)| (at, score - if names::is_of_the_past(&tables[at]) { 4 } else { 0 }))
        .collect();
    found.sort_by_key(|&(at, score)| (-score, std::cmp::Reverse(tables[at].rows), at));
    found
}

fn is_named_for_people(table: &Table) -> bool {
    words(table).iter().any(|word| PEOPLE.contains(&word.as_str()))
}

fn likeness(table: &Table) -> i32 {
    const THINGS: [&str; 31] = [
        "register",
        "registration",
        "registrations",
        "signups",
        "order",
        "orders",
        "newsletter",
        "subscriber",
        "subscribers",
        "subscription",
        "contact",
        "contacts",
        "invoice",
        "invitation",
        "invitations",
        "invites",
        "log",
        "logs",
        "session",
        "sessions",
        "token",
        "tokens",
        "reset",
        "resets",
        "history",
        "audit",
        "supplier",
        "vendor",
        "attempts",
        "comment",
        "comments",
    ];
    let words = words(table);
    let named = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let login = table.columns.iter().any(|column| column.member().is_some_and(|(to, _)| to == "username"));
    let mut score = 0;
    score += if secret(table).is_some() { 4 } else { 0 };
    score += if address(table).is_some() { 3 } else { 0 };
    // What stands in another's place there is nobody's own.
    score -= if words
        .iter()
        .any(|word| ["alias", "aliases", "type", "types", "roles", "role", "groups", "group"].contains(&word.as_str()))
    {
        3
    } else {
        0
    };
    score += i32::from(login) + i32::from(is_named_for_people(table));
    score -= i32::from(named(&STAFF)) + if named(&THINGS) { 4 } else { 0 };
    score
}

/// Whether another table that could hold people has others than the first, and as good as it: addresses of its own, or
/// hashes.
pub(super) fn are_others(first: &Table, other: &Table) -> bool {
    match (address(first), address(other)) {
        (Some(ours), Some(theirs)) => {
            let known = theirs.among(ours) * 2 >= theirs.distinct();
            !known && !is_staff(&other.name) && likeness(other) >= if secret(other).is_some() { 6 } else { 4 }
        }
        _ => secret(other).is_some() && !is_staff(&other.name),
    }
}

/// Whether two tables have the same people's addresses.
pub(super) fn are_same(first: &Table, other: &Table) -> bool {
    let both = address(first).zip(address(other));
    both.is_some_and(|(ours, theirs)| theirs.distinct() > 1 && theirs.among(ours) * 2 >= theirs.distinct())
}

/// Whether a column says of somebody that they may not sign in, or says what is not understood.
pub(super) const fn says_who_may_not(column: &Column) -> bool {
    column.meaning.is_some() && column.objects == 0 && column.disabled + column.deleted + column.unsure > 0
}

/// Whether a table's name is one of those who run the application.
fn is_staff(table: &str) -> bool {
    table.split(|c: char| !c.is_alphanumeric()).any(|word| STAFF.contains(&word.to_lowercase().as_str()))
}

const STAFF: [&str; 9] =
    ["admin", "admins", "employee", "employees", "staff", "operator", "moderator", "moderators", "administrators"];

/// Whether its rows belong to those of another table that could hold people.
fn is_of_others(tables: &[Table], at: usize) -> bool {
    let others = (0..tables.len()).filter(|&other| other != at && tables[other].rows > 0);
    let mut others = others.filter(|&other| likeness(&tables[other]) >= 3 || is_named_for_people(&tables[other]));
    others.any(|other| {
        let links = links::of(tables, other);
        let mut here = links.iter().filter(|link| link.table == at && link.named && link.whose);
        here.any(|link| {
            let of = &tables[other].columns[link.of];
            // What has only the key of people is no table of them.
            let theirs = || folded(&of.name) == "id" && likeness(&tables[other]) + given(tables, other) >= 3;
            likeness(&tables[other]) >= 3 || theirs()
        })
    })
}

/// Whether its rows are how people of another table sign in, as its name says: `logins` with a `customer_id`.
fn is_login_of(tables: &[Table], at: usize) -> bool {
    const LOGINS: [&str; 8] =
        ["login", "logins", "credential", "credentials", "auth", "passwords", "password", "secrets"];
    let named = words(&tables[at]).iter().any(|word| LOGINS.contains(&word.as_str()));
    let is_theirs = |link: &Link| {
        let whose = words(&tables[link.table]);
        let people = whose.iter().any(|word| PEOPLE.contains(&word.as_str()) && !LOGINS.contains(&word.as_str()));
        link.is_forward(tables) && people
    };
    named && links::of(tables, at).iter().any(is_theirs)
}

/// What other tables hold for this one that it has not itself.
fn given(tables: &[Table], at: usize) -> i32 {
    let (has_address, has_secret) = (address(&tables[at]).is_some(), secret(&tables[at]).is_some());
    let links = links::of(tables, at);
    let of = |has: bool, part: &dyn Fn(&Table) -> bool| {
        if !has && links.iter().any(|link| link.whose && part(&tables[link.table])) { 3 } else { 0 }
    };
    of(has_address, &|table| address(table).is_some()) + of(has_secret, &|table| secret(table).is_some())
}

/// Whether an address of this name is not the one that somebody signs in with.
fn is_another(column: &Column) -> bool {
    const OTHERS: [&str; 18] = [
        "canonical",
        "normal",
        "lower",
        "backup",
        "recovery",
        "alt",
        "paypal",
        "old",
        "pending",
        "unconfirmed",
        "new",
        "secondary",
        "billing",
        "other",
        "reply",
        "sender",
        "federat",
        "init",
    ];
    let name = folded(&column.name);
    OTHERS.iter().any(|other| name.contains(other))
}

/// The column of addresses.
pub(super) fn address(table: &Table) -> Option<&Column> {
    let named = |column: &Column| matches!(column.member(), Some(("email", _)));
    let is_one = |column: &&Column| {
        column.addresses > 0 && (named(column) || column.addresses * 2 >= column.filled) && !column.is_secret()
    };
    let most = table.columns.iter().filter(is_one).map(|column| column.addresses).max()?;
    let rank = |column: &Column| {
        let name = folded(&column.bare);
        let own = match column.member() {
            Some(("email", rank)) => u32::from(rank),
            Some(("username", _)) => 60,
            _ if name.contains("mail") => 40,
            _ => 80,
        };
        let other = is_another(column) || column.addresses * 2 < most;
        own + if other { 100 } else { 0 } + u32::try_from(column.name.matches('.').count()).unwrap_or(0)
    };
    table.columns.iter().filter(is_one).min_by_key(|column| (rank(column), std::cmp::Reverse(column.addresses)))
}

/// A column in which addresses stand behind one word and a colon, and both.
pub(super) fn behind_a_word(table: &Table) -> Option<(&Column, String)> {
    table.columns.iter().filter(|column| column.addresses > 0 || column.telling).find_map(|column| {
        let cells = table.kept.iter().filter_map(|row| row.get(&column.name)?.split_once(':'));
        let mut words = cells.filter(|(_, rest)| is_address(rest)).map(|(word, _)| word);
        let first = words.next().filter(|word| word.bytes().all(|b| b.is_ascii_alphabetic()))?;
        words.all(|word| word == first).then(|| (column, format!("{first}:")))
    })
}

/// How the one that is marked as the main one is chosen of a list, where the column is of the first: the list, and `primary=true`.
pub(super) fn marked(table: &Table, column: &str) -> Option<(String, String)> {
    let (list, _) = column.split_once(".0.")?;
    let flags =
        table.columns.iter().filter_map(|other| Some((other, other.name.strip_prefix(list)?.strip_prefix(".0.")?)));
    let (_, flag) = flags
        .filter(|(other, _)| other.yes + other.no == other.filled && other.filled > 0)
        .find(|(_, flag)| MAIN.contains(&&*folded(flag)))?;
    Some((list.to_owned(), format!("{flag}=true")))
}

/// The column that has addresses where the first has none, and how many.
pub(super) fn instead<'t>(table: &'t Table, first: &Column) -> Option<(&'t Column, usize)> {
    const NAMES: [&str; 7] = ["mail", "login", "user", "identifier", "identit", "address", "account"];
    let named = |column: &&Column| {
        let name = folded(&column.name);
        column.name != first.name && !is_another(column) && NAMES.iter().any(|word| name.contains(word))
    };
    // Where a row has an address in both, and not the same, the other is somebody else's: a parent's, a reader's.
    let filled =
        |row: &BTreeMap<String, String>, column: &Column| row.get(&column.name).map(|text| text.trim().to_lowercase());
    let same = |column: &&Column| {
        let both = table.kept.iter().filter_map(|row| Some((filled(row, first)?, filled(row, column)?)));
        let mut both = both.filter(|(a, b)| is_address(a) && is_address(b)).peekable();
        let shown = both.peek().is_some();
        both.all(|(a, b)| a == b) && (shown || matches!(column.member(), Some(("username" | "email", _))))
    };
    let without = || table.kept.iter().filter(|row| row.get(&first.name).is_none_or(|text| text.trim().is_empty()));
    let gives =
        |column: &Column| without().filter(|row| row.get(&column.name).is_some_and(|text| is_address(text))).count();
    let found = table.columns.iter().filter(|column| column.addresses > 0).filter(named).filter(same);
    found.map(|column| (column, gives(column))).filter(|&(_, n)| n > 0).max_by_key(|&(_, n)| n)
}

/// Rows of a table of attributes that hold hashes, by another column that says so: `attribute_id == 12`.
pub(super) fn only_hashes(table: &Table) -> Option<(&Column, &str, &str)> {
    let mut found = table.columns.iter().filter(|column| column.odd > 0 && column.objects == 0).filter_map(|column| {
        let is_one = |row: &&BTreeMap<String, String>| row.get(&column.name).is_some_and(|text| cell::is_hash(text));
        let all = table.kept.iter().filter(is_one).count();
        table.columns.iter().filter(|other| other.name != column.name).find_map(|other| {
            let (value, _) = other.values.as_ref()?.iter().find(|(value, _)| {
                let mut with = table.kept.iter().filter(|row| row.get(&other.name) == Some(value)).peekable();
                with.peek().is_some() && with.clone().all(|row| is_one(&row)) && with.count() == all
            })?;
            // Each of them has one of everything but this.
            (other.values.as_ref()?.len() > 1).then_some((column, other.name.as_str(), value.as_str()))
        })
    });
    found.next().filter(|_| found.next().is_none())
}

/// The column of hashes, or of what people typed.
pub(super) fn secret(table: &Table) -> Option<&Column> {
    const ONCE: [&str; 10] =
        ["token", "otp", "recovery", "backup", "session", "apikey", "api_key", "activation", "invite", "history"];
    let for_once = |column: &Column| ONCE.iter().any(|word| column.name.to_ascii_lowercase().contains(word));
    let secrets = table.columns.iter().filter(|column| {
        !for_once(column)
            && !is_another_secret(column)
            && (column.is_secret() && column.hashed() + column.typed + column.masks > 0
                || column.hashed() > 0 && column.hashed() * 2 >= column.filled)
            && column.objects * 2 <= column.filled
    });
    let rank = |column: &Column| match column.member() {
        Some(("password_hash", rank)) => 10 + u32::from(rank),
        Some((_, rank)) => 20 + u32::from(rank),
        None => 400,
    };
    // What is of no known form may hold one that is: JSON with a hash in it.
    let unknown = |column: &Column| column.hashes.keys().all(|scheme| *scheme == UNKNOWN);
    secrets.min_by_key(|column| {
        (u32::from(column.hashed() == 0), unknown(column), rank(column), std::cmp::Reverse(column.filled))
    })
}

/// Whether a column's name says that its hashes are of what somebody knows beside the password: an answer, a PIN.
pub(super) fn is_another_secret(column: &Column) -> bool {
    const SECRETS: [&str; 11] = [
        "answer",
        "antwort",
        "respuesta",
        "reponse",
        "risposta",
        "question",
        "frage",
        "pregunta",
        "hint",
        "totp",
        "hinweis",
    ];
    let name = folded(&column.bare);
    let words = words_of(&column.bare);
    SECRETS.iter().any(|secret| name.contains(secret))
        || words.iter().any(|word| ["pin", "pincode", "puk", "tan", "2fa", "mfa"].contains(&word.as_str()))
}

/// How a column's name says that its password is the one that counts now, or one that did.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    New,
    Old,
    Unsaid,
}

pub(super) fn age(column: &Column) -> Age {
    const NEW: [&str; 8] = ["new", "current", "neu", "neues", "aktuell", "nuevo", "nueva", "nouveau"];
    const OLD: [&str; 11] =
        ["old", "legacy", "previous", "prev", "former", "alt", "altes", "original", "antiguo", "ancien", "deprecated"];
    let words = words_of(&column.bare);
    let is = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if is(&OLD) {
        Age::Old
    } else if is(&NEW) {
        Age::New
    } else {
        Age::Unsaid
    }
}

/// The rows of a table that have addresses, by another column that says so: `medium == 'email'`.
pub(super) fn only_addresses(table: &Table, column: &Column) -> Option<(String, String)> {
    let is_one = |text: &String| text.lines().any(is_address);
    if column.addresses == column.filled { None } else { only(table, column, &is_one) }
}

/// The rows that have hashes, likewise.
pub(super) fn only_secrets(table: &Table, column: &Column) -> Option<(String, String)> {
    if column.hashed() == column.filled { None } else { only(table, column, &|text| cell::is_hash(text)) }
}

/// The column that says which rows have such a value in another, and what it says.
fn only(table: &Table, column: &Column, is: &dyn Fn(&String) -> bool) -> Option<(String, String)> {
    let is_one = |row: &&BTreeMap<String, String>| row.get(&column.name).is_some_and(is);
    let all = table.kept.iter().filter(is_one).count();
    let few = table.columns.iter().filter(|other| other.name != column.name && other.values.is_some());
    few.into_iter().find_map(|other| {
        let values = other.values.as_ref()?.keys();
        values.into_iter().find_map(|value| {
            let with: Vec<_> = table.kept.iter().filter(|row| row.get(&other.name) == Some(value)).collect();
            let found = with.iter().filter(|row| is_one(row)).count();
            (found == with.len() && found * 10 >= all * 9 && all > 0).then(|| (other.name.clone(), value.clone()))
        })
    })
}

/// Of several rows of one user that which is said to be the first: the column that says it, and its yes.
pub(super) fn primary(table: &Table) -> Option<(&Column, &String)> {
    let column = table.columns.iter().find(|column| {
        MAIN.contains(&&*folded(&column.bare)) && column.yes > 0 && column.yes + column.no == column.filled
    })?;
    let yes = column.values.as_ref()?.keys().find(|text| truth(&Value::Text(text.as_str().into())) == Some(true))?;
    Some((column, yes))
}

/// [`primary`] as a comparison: `primary == 't'`.
pub(super) fn only_primary(table: &Table) -> Option<String> {
    let (column, yes) = primary(table)?;
    let literal = if yes.parse::<f64>().is_ok() || yes == "true" { yes.clone() } else { format!("'{yes}'") };
    Some(format!("{} == {literal}", column.name))
}

/// Whether a column has the names in a table of names and values.
pub(super) fn is_name_of_values(column: &Column) -> bool {
    const KEYS: [&str; 8] = ["key", "name", "metakey", "configkey", "field", "attribute", "property", "option"];
    KEYS.contains(&&*folded(&column.bare)) && !column.is_unique()
}

/// The column of names, among rows of a name and a value, that has one which says who may sign in, and that name.
pub(super) fn tells_by_rows(table: &Table) -> Option<(&Column, &'static str)> {
    const TELLS: [&str; 16] = [
        "enabled",
        "disabled",
        "active",
        "is_active",
        "isActive",
        "banned",
        "is_banned",
        "blocked",
        "is_blocked",
        "locked",
        "suspended",
        "deactivated",
        "inactive",
        "status",
        "user_status",
        "account_status",
    ];
    let named = table.columns.iter().filter(|column| is_name_of_values(column));
    named.into_iter().find_map(|column| {
        let told = TELLS.into_iter().find(|tells| column.has(tells))?;
        Some((column, told))
    })
}

/// The column of a table of bans that has the addresses of people, where it names nobody otherwise: `banned_emails`.
pub(super) fn bars_by_address<'t>(other: &'t Table, own: &Column) -> Option<&'t Column> {
    const OF_ADDRESSES: [&str; 5] = ["email", "emails", "mail", "mails", "address"];
    let bare: Vec<_> = words(other).into_iter().filter(|word| !OF_ADDRESSES.contains(&word.as_str())).collect();
    let is_theirs = |column: &&Column| column.addresses * 2 >= column.filled && column.among(own) > 0;
    other.columns.iter().filter(|_| bars(other) || status::names_barred(&bare.join("_"))).find(is_theirs)
}

/// Whether a table's name says that its rows are of people who are kept out.
pub(super) fn bars(table: &Table) -> bool {
    status::names_barred(&table.name) || words(table).iter().any(|word| WAITING.contains(&word.as_str()))
}
