//! Which table holds the people, and which others hold what belongs to them.

use std::collections::{BTreeMap, BTreeSet};

use super::look::{Column, Table, is_address};
use crate::format::Value;
use crate::source::kit::common::truth;
use crate::source::kit::status;
use crate::source::systems::generic::folded;

/// Rows of another table that belong to rows of the users'.
#[derive(Clone, Copy)]
pub(super) struct Link {
    /// The other table, by its place.
    pub table: usize,
    /// Its column.
    pub key: usize,
    /// The users' column that it is equal to.
    pub of: usize,
    /// Whether each user has one row at most.
    pub single: bool,
    /// Whether its name says so, and not the values alone.
    pub named: bool,
    /// Whether it says whose the row is, or the values do: not of which type or role.
    pub whose: bool,
}

/// The tables that could hold the users, the likeliest first, with how likely each is.
pub(super) fn candidates(tables: &[Table]) -> Vec<(usize, i32)> {
    let mut found: Vec<(usize, i32)> = (0..tables.len())
        .map(|at| (at, likeness(&tables[at]) + given(tables, at) - if is_of_others(tables, at) { 4 } else { 0 }))
        .filter(|&(at, score)| score >= 3 && tables[at].rows > 0)
        .collect();
    found.sort_by_key(|&(at, score)| (-score, std::cmp::Reverse(tables[at].rows), at));
    found
}

fn likeness(table: &Table) -> i32 {
    const PEOPLE: [&str; 22] = [
        "user",
        "users",
        "account",
        "accounts",
        "member",
        "members",
        "customer",
        "customers",
        "client",
        "clients",
        "people",
        "person",
        "identity",
        "identities",
        "player",
        "players",
        "student",
        "students",
        "mailbox",
        "login",
        "logins",
        "profiles",
    ];
    const STAFF: [&str; 8] =
        ["admin", "admins", "employee", "employees", "staff", "operator", "moderator", "moderators"];
    const THINGS: [&str; 27] = [
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
    let words: Vec<String> = table.name.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
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
    score += i32::from(login) + i32::from(named(&PEOPLE));
    score -= i32::from(named(&STAFF)) + if named(&THINGS) { 4 } else { 0 };
    score
}

/// Whether its rows belong to those of another table that could hold people.
fn is_of_others(tables: &[Table], at: usize) -> bool {
    (0..tables.len())
        .filter(|&other| other != at && tables[other].rows > 0 && likeness(&tables[other]) >= 3)
        .any(|other| links(tables, other).iter().any(|link| link.table == at && link.named && link.whose))
}

/// What other tables hold for this one that it has not itself.
fn given(tables: &[Table], at: usize) -> i32 {
    let (has_address, has_secret) = (address(&tables[at]).is_some(), secret(&tables[at]).is_some());
    let links = links(tables, at);
    let of = |has: bool, part: &dyn Fn(&Table) -> bool| {
        if !has && links.iter().any(|link| link.whose && part(&tables[link.table])) { 3 } else { 0 }
    };
    of(has_address, &|table| address(table).is_some()) + of(has_secret, &|table| secret(table).is_some())
}

/// The rows of other tables that belong to those of this one: their column holds values of one of its own that has each once.
pub(super) fn links(tables: &[Table], at: usize) -> Vec<Link> {
    let table = &tables[at];
    let unique: Vec<usize> = (0..table.columns.len())
        .filter(|&of| table.columns[of].is_unique() && table.columns[of].filled * 10 >= table.looked * 9)
        .collect();
    let mut links = Vec::new();
    for (other, theirs) in tables.iter().enumerate().filter(|(other, theirs)| *other != at && theirs.rows > 0) {
        let found = theirs.columns.iter().enumerate().filter(|(_, key)| key.filled > 0).filter_map(|(key, column)| {
            let of =
                unique.iter().copied().filter_map(|of| Some((of, belongs(column, &table.columns[of], &table.name)?)));
            let (of, named) = of.max_by_key(|&(of, named)| (named, std::cmp::Reverse(of)))?;
            let of_kind =
                ["type", "role", "group", "kind", "status"].iter().any(|kind| folded(&column.bare).contains(kind));
            Some(Link { table: other, key, of, single: column.is_unique(), named, whose: !of_kind })
        });
        let found = found.max_by_key(|link| (link.named, std::cmp::Reverse(link.key)));
        links.extend(found);
    }
    links
}

/// Whether a column holds another's values, and whether its name says so.
fn belongs(key: &Column, of: &Column, table: &str) -> Option<bool> {
    const WHOSE: [&str; 14] = [
        "user", "member", "account", "customer", "identity", "person", "profile", "owner", "player", "client",
        "student", "uid", "parent", "entity",
    ];
    // Names, dates and titles are nobody's key.
    let told = |column: &Column, names: &[&str]| {
        let said = column.member().map(|(to, _)| to);
        let name = column.name.to_ascii_lowercase();
        column.is_secret()
            || column.dates > 0
            || said.is_some_and(|said| names.contains(&said))
            || ["display", "comment", "description", "title"].iter().any(|word| name.contains(word))
    };
    // Some systems call what people sign in with their name.
    let told = told(key, &["name", "first_name", "last_name"]) || told(of, &["first_name", "last_name"]);
    if told {
        return None;
    }
    let (name, own) = (folded(&key.name), folded(&of.name));
    let singular = folded(table.rsplit(['.', '_']).next().unwrap_or(table));
    let singular = singular.strip_suffix('s').unwrap_or(&singular).to_owned();
    let named = name == own && !["id", "name"].contains(&&*name)
        || (name.ends_with("id") || name.ends_with("username") || name.ends_with("login"))
            && (WHOSE.iter().any(|whose| name.contains(whose)) || singular.len() > 2 && name.contains(&singular));
    // Whatever the column's name is: long values are not the same by chance, unless they are addresses.
    let telling = key.telling && of.telling && key.addresses == 0;
    let same = key.distinct() > 0 && key.among(of) * 10 >= key.distinct() * 8;
    (same && (named || telling)).then_some(named)
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

/// The kinds of rows that are programs, by the column that says so.
pub(super) fn programs(table: &Table) -> Vec<(&str, &str)> {
    const PROGRAMS: [&str; 6] = ["bot", "service", "service_account", "serviceaccount", "system", "app"];
    let kinds = table.columns.iter().filter(|column| ["type", "kind", "usertype"].contains(&&*folded(&column.name)));
    let several = |column: &Column, kinds: usize| kinds > 1 || column.filled < table.looked;
    let of = |column: &'_ Column| {
        column.values.as_ref().filter(|values| several(column, values.len())).cloned().unwrap_or_default()
    };
    kinds
        .flat_map(|column| {
            let values = of(column);
            let programs = PROGRAMS.iter().filter(move |program| values.contains_key(**program));
            programs.map(|program| (column.name.as_str(), *program))
        })
        .collect()
}

/// Whether the rows of a kind have each a value of their own, as far as rows were kept.
pub(super) fn is_own_in(table: &Table, (by, of): &(String, String), column: &Column) -> bool {
    let mut seen = BTreeSet::new();
    let mut rows = table.kept.iter().filter(|row| row.get(by) == Some(of)).peekable();
    rows.peek().is_some() && rows.all(|row| row.get(&column.name).is_some_and(|value| seen.insert(value)))
}

/// The columns by which somebody could be known or sign in, if there are rows without any of them: those are nobody's.
pub(super) fn nobody<'t>(table: &'t Table, kind: Option<&(String, String)>) -> Option<Vec<&'t str>> {
    let (address, secret) = (address(table)?, secret(table)?);
    // Where most have an address, whoever has nothing is somebody without a name yet.
    if address.filled * 10 >= table.looked * 6 {
        return None;
    }
    let known = |column: &&Column| {
        matches!(column.member(), Some(("email" | "phone" | "username", _)))
            || column.is_secret()
            || column.addresses > 0
    };
    let mut by: Vec<&str> = table.columns.iter().filter(known).map(|column| column.name.as_str()).collect();
    by.extend([address.name.as_str(), secret.name.as_str()]);
    by.sort_unstable();
    by.dedup();
    let of_kind = |row: &&BTreeMap<String, String>| kind.is_none_or(|(by, of)| row.get(by) == Some(of));
    // Long texts are not kept, and a hash may be one.
    let is_nobody = |row: &BTreeMap<String, String>| {
        by.iter().all(|column| row.get(*column).is_none_or(|text| text.trim().is_empty()))
    };
    let long = secret.telling && table.kept.iter().all(|row| !row.contains_key(&secret.name));
    (!long && table.kept.iter().filter(of_kind).any(is_nobody)).then_some(by)
}

/// The kind of rows that are people, in a table that holds several: the column that says it, and its value.
pub(super) fn kind(table: &Table) -> Option<(String, String)> {
    const KINDS: [&str; 10] =
        ["model", "type", "kind", "class", "entity", "object", "typename", "doctype", "documenttype", "collection"];
    let own = [secret(table), address(table)];
    let is_person = |row: &BTreeMap<String, String>| own.iter().flatten().any(|column| row.contains_key(&column.name));
    let by = |column: &&Column| {
        KINDS.contains(&&*folded(&column.bare)) && column.filled == table.looked && column.values.is_some()
    };
    table.columns.iter().filter(by).find_map(|column| {
        let of: BTreeSet<&String> =
            table.kept.iter().filter(|row| is_person(row)).filter_map(|row| row.get(&column.name)).collect();
        let others = column.values.as_ref().is_some_and(|values| values.len() > 1);
        let one = of.first().filter(|of_one| of.len() == 1 && others && !of_one.contains('\''))?;
        Some((column.name.clone(), (*one).clone()))
    })
}

/// The column of hashes, or of what people typed.
pub(super) fn secret(table: &Table) -> Option<&Column> {
    const ONCE: [&str; 10] =
        ["token", "otp", "recovery", "backup", "session", "apikey", "api_key", "activation", "invite", "history"];
    let for_once = |column: &Column| ONCE.iter().any(|word| column.name.to_ascii_lowercase().contains(word));
    let secrets = table.columns.iter().filter(|column| {
        !for_once(column)
            && (column.is_secret() && column.hashed() + column.typed + column.masks > 0
                || column.hashed() > 0 && column.hashed() * 2 >= column.filled)
            && column.objects * 2 <= column.filled
    });
    let rank = |column: &Column| match column.member() {
        Some(("password_hash", rank)) => 10 + u32::from(rank),
        Some((_, rank)) => 20 + u32::from(rank),
        None => 400,
    };
    secrets.min_by_key(|column| (u32::from(column.hashed() == 0), rank(column), std::cmp::Reverse(column.filled)))
}

/// The rows of a table that have addresses, by another column that says so: `medium == 'email'`.
pub(super) fn only_addresses(table: &Table, column: &Column) -> Option<(String, String)> {
    if column.addresses == column.filled {
        return None;
    }
    let is_one = |row: &&std::collections::BTreeMap<String, String>| {
        row.get(&column.name).is_some_and(|text| text.lines().any(is_address))
    };
    let all = table.kept.iter().filter(is_one).count();
    let few = table.columns.iter().filter(|other| other.name != column.name && other.values.is_some());
    few.into_iter().find_map(|other| {
        let values = other.values.as_ref()?.keys();
        values.into_iter().find_map(|value| {
            let with: Vec<_> = table.kept.iter().filter(|row| row.get(&other.name) == Some(value)).collect();
            let addresses = with.iter().filter(|row| is_one(row)).count();
            (addresses == with.len() && addresses * 10 >= all * 9 && all > 0)
                .then(|| (other.name.clone(), value.clone()))
        })
    })
}

/// Of several rows of one user that which is said to be the first: `primary == 't'`.
pub(super) fn only_primary(table: &Table) -> Option<String> {
    const PRIMARY: [&str; 6] = ["primary", "isprimary", "isdefault", "default", "main", "ismain"];
    let column = table.columns.iter().find(|column| {
        PRIMARY.contains(&&*folded(&column.bare)) && column.yes > 0 && column.yes + column.no == column.filled
    })?;
    let yes = column.values.as_ref()?.keys().find(|text| truth(&Value::Text(text.as_str().into())) == Some(true))?;
    let literal = if yes.parse::<f64>().is_ok() || yes == "true" { yes.clone() } else { format!("'{yes}'") };
    Some(format!("{} == {literal}", column.name))
}

/// Whether a table's name says that its rows are of people who are kept out.
pub(super) fn bars(table: &Table) -> bool {
    status::names_barred(&table.name)
}
