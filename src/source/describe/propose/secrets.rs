//! Where the hashes are, what made them, and what is known of them beside.

use super::beside::{left_elsewhere, rival, salts_of};
use super::joins::{Joins, counted};
use super::links::Link;
use super::look::{Column, Table};
use super::names;
use super::people::{self, Age};
use super::{Guesses, Line, OPEN, join_name, list, literal, number, quoted, rows};
use crate::account::Hint;
use crate::scheme::columns::{ColumnRole, giveaways};
use crate::scheme::{Looks, looks_like};
use crate::source::kit::cell;
use crate::source::systems::generic::folded;

/// Adds the lines of `[password]`, of `[password.known]`, and what is left to a person; gives what may be the hashes and their salts.
pub(super) fn lines(
    table: &Table,
    links: &[Link],
    joins: &mut Joins<'_>,
    lines: &mut Vec<Line>,
    [known, away]: [&mut Vec<Line>; 2],
    open: &mut Vec<String>,
) -> Guesses {
    let own = people::secret(table);
    let counts = |link: &&Link| !names::is_of_the_past(&joins.tables[link.table]);
    let joined = links.iter().filter(counts).find_map(|&link| Some((link, people::secret(&joins.tables[link.table])?)));
    let (column, of, link) = match (own, joined) {
        (Some(column), joined) if column.hashed() > 0 || joined.is_none() => (column, table, None),
        (_, Some((link, column))) => (column, &joins.tables[link.table], Some(link)),
        (Some(column), None) => (column, table, None),
        (None, None) => {
            let apart = |link: &Link| Some((*link, people::only_hashes(&joins.tables[link.table])?));
            if let Some((link, (column, by, value))) = links.iter().filter(counts).find_map(apart) {
                let path = joins.path(link, &column.name);
                let other = &joins.tables[link.table].name;
                joins.only(other, format!("{by} == {}", literal(value)));
                let why = format!("{} look like hashes in `{other}`, all of one `{by}`", number(column.odd));
                lines.push(Line::new(format!("hash = {}", quoted(&path)), why));
                // What is hexadecimal alone is of the kind of what has a salt behind it.
                let cells = joins.tables[link.table].kept.iter().filter_map(|row| row.get(&column.name));
                let found: Vec<_> = cells.map(|cell| looks_like(cell)).collect();
                let is =
                    |wanted| found.iter().any(|looks| matches!(looks, Looks::Hash { scheme, .. } if *scheme == wanted));
                if is("md5") && is("salted-md5") {
                    known.push(Line::new("digest = \"md5\"", "the others are of salted-md5; prove one with --known"));
                }
                return Guesses::default();
            }
            let hashes = if said_to_be(table, lines) { Vec::new() } else { nothing(joins, lines, open) };
            return Guesses { hashes, ..Guesses::default() };
        }
    };
    let path = |joins: &mut Joins<'_>, name: &str| match link {
        Some(link) => joins.path(link, name),
        None => name.to_owned(),
    };
    let from = path(joins, &column.name);
    if let Some(link) = link.filter(|link| !link.single) {
        let by = people::only_secrets(of, column);
        if let Some((by, value)) = &by {
            joins.only(&of.name, format!("{by} == {}", literal(value)));
        }
        match rows::only(of, link, column, by.as_ref()) {
            Ok(only) => only.into_iter().for_each(|comparison| joins.only(&of.name, comparison)),
            Err(why) => {
                lines.push(Line::new(format!("hash = {}", quoted(OPEN)), why));
                let how = "leave the others out by only = [\"…\"] of the join, or out of the export; then";
                lines.push(Line::new("", format!("  {how} hash = {}", quoted(&from))));
                open.push("[password] hash".to_owned());
                return Guesses::default();
            }
        }
    }
    let empty = (table.looked.max(column.filled)) - column.filled;
    let mut said: Vec<String> = column.hashes.iter().map(|(scheme, n)| format!("{scheme} {}", number(*n))).collect();
    for (n, what) in [(column.masks, "masked"), (column.typed, "of plain text"), (empty, "empty")] {
        if n > 0 {
            said.push(format!("{} {what}", number(n)));
        }
    }
    let said = said.join(", ");
    if column.hashed() == 0 && column.typed > 0 {
        lines.push(Line::new(format!("plain = {}", quoted(OPEN)), said));
        let text = format!("if they are what people type: plain = {}; if they are hashes: hash = {0}", quoted(&from));
        lines.push(Line::new("", text));
        open.push("[password] plain".to_owned());
        return Guesses::default();
    }
    if column.hashed() == 0 {
        lines.push(Line::new(
            format!("hash = {}", quoted(&from)),
            format!("{said}: export it with an account that may read it"),
        ));
        return Guesses::default();
    }
    let beside = |role| of.columns.iter().find(|column| column.role == Some(role) && column.filled > 0);
    let plainly = |column: &&Column| {
        ["algo", "algorithm", "hasher", "scheme", "hashing", "encoder", "legacyencoder", "hashmethod"]
            .contains(&&*folded(&column.bare))
            && column.filled > 0
    };
    let scheme = beside(ColumnRole::Scheme).or_else(|| of.columns.iter().find(plainly));
    if let Some((scheme, name)) = scheme.and_then(|scheme| Some((scheme, in_parts(of, scheme, column)?))) {
        let why = format!("`{}` says {name}, and these are none: its parts stand apart", scheme.name);
        lines.push(Line::new(format!("hash = {}", quoted(OPEN)), why));
        let text = format!("{} holds {said}; what has to be put together no mapping reads", quoted(&from));
        lines.push(Line::new("", text));
        open.push("[password] hash".to_owned());
        return Guesses::default();
    }
    // Those whom an older system gave their password have it in another column.
    let older = of.columns.iter().find(|other| {
        other.name != column.name
            && other.is_secret()
            && other.hashed() > 0
            && other.hashed() + column.filled <= of.looked
            && other.objects == 0
    });
    let mut toml = match older {
        Some(older) => {
            let older = path(joins, &older.name);
            format!("hash = {}", list([from.as_str(), older.as_str()]))
        }
        None => format!("hash = {}", quoted(&from)),
    };
    let rival = rival(of, column).filter(|_| older.is_none());
    let elsewhere_too =
        if link.is_none() && rival.is_none() { left_elsewhere(joins.tables, table, links, column) } else { None };
    if let Some(rival) = rival {
        let other = path(joins, &rival.name);
        match (people::age(column), people::age(rival)) {
            (Age::New | Age::Unsaid, Age::Old) => toml = format!("hash = {}", list([from.as_str(), other.as_str()])),
            (Age::Old, Age::New | Age::Unsaid) => toml = format!("hash = {}", list([other.as_str(), from.as_str()])),
            _ => {
                let why = format!(
                    "{said}; `{}` has {} hashes, too, and nothing says which count:",
                    rival.name,
                    number(rival.hashed())
                );
                lines.push(Line::new(format!("hash = {}", quoted(OPEN)), why));
                for (first, then) in [(&from, &other), (&other, &from)] {
                    let toml = format!("hash = {}", list([first.as_str(), then.as_str()]));
                    lines.push(Line::new("", format!("  {toml}, the second where the first is empty")));
                }
                open.push("[password] hash".to_owned());
                return Guesses::default();
            }
        }
    } else if let Some((link, theirs, n)) = elsewhere_too {
        let other = &joins.tables[link.table].name;
        let why = format!("{said}; {} of whom that is empty have a hash in `{}` of `{other}`:", number(n), theirs.name);
        let path = format!("{}.{}", join_name(other), theirs.name);
        lines.push(Line::new(format!("hash = {}", quoted(OPEN)), why));
        let key = quoted(&joins.tables[link.table].columns[link.key].name);
        let join = format!("with [join.{}] table = {}, key = {key}", join_name(other), quoted(other));
        lines.push(Line::new("", format!("  hash = {} takes both, {join}", list([from.as_str(), &path]))));
        lines.push(Line::new("", format!("  hash = {} leaves those out", quoted(&from))));
        open.push("[password] hash".to_owned());
        return Guesses::default();
    }
    lines.push(Line::new(toml, said));
    if let Some(when) = scheme.and_then(|scheme| made_up(scheme, &path(joins, &scheme.name))) {
        away.push(Line::new(format!("when = {}", quoted(&when)), "says that nobody knows the password"));
        away.push(Line::new("say  = \"has no password that anybody knows\"", ""));
    } else if let Some(when) = elsewhere(table) {
        away.push(Line::new(format!("when = {}", quoted(&when)), "signs in elsewhere, and not with this password"));
        away.push(Line::new("say  = \"signs in by another system\"", ""));
    }
    let (salt, salts) = if let Some(salt) = beside(ColumnRole::Salt) {
        (Some((salt, String::new())), vec![salt])
    } else {
        let found = salts_of(of, column);
        (found.first().cloned(), found.into_iter().map(|(column, _)| column).collect())
    };
    let (salt, why_salt) = salt.unzip();
    let rounds = beside(ColumnRole::Iterations).filter(|rounds| column.is_bare() && rounds.numbers == rounds.filled);
    let mut declares = false;
    if let Some((scheme, map)) = scheme.and_then(|scheme| Some((scheme, declared(of, scheme, column, older, salt)?))) {
        let why = scheme.values.as_ref().map(counted).unwrap_or_default();
        let from = quoted(&path(joins, &scheme.name));
        declares = true;
        let toml = match map {
            map if map.is_empty() => format!("scheme = {{ from = {from} }}"),
            map => format!("scheme = {{ from = {from}, map = {{ {} }}, otherwise = \"auto\" }}", map.join(", ")),
        };
        lines.push(Line::new(toml, why));
    }
    let prehashed = prehashed(of, column);
    let marks = |other: &&Column| folded(&other.name).ends_with("shawrapped") && other.filled > 0;
    let firebase = ["localid", "passwordhash", "salt"]
        .iter()
        .all(|name| of.columns.iter().any(|column| folded(&column.name) == *name));
    if let Some(marks) = of.columns.iter().find(marks) {
        let marks = quoted(&path(joins, &marks.name));
        let toml = format!(
            "scheme = {{ from = {marks}, map = {{ \"1\" = \"nodebb\", true = \"nodebb\" }}, otherwise = \"bcrypt\" }}"
        );
        lines.push(Line::new(toml, "bcrypt of the password's SHA-512, where that is marked"));
    } else if firebase && scheme.is_none() {
        let why = "the columns are Firebase's; --firebase-hash-config gives the project's parameters";
        lines.push(Line::new("scheme = \"firebase-scrypt\"", why));
    }
    if let Some(scheme) = prehashed {
        let why = "the columns beside it are those of a system that hashes more than the bare password";
        known.push(Line::new(format!("prehashed = {}", quoted(scheme)), why));
    } else if column.hashes.contains_key("lucia") && column.hashes.contains_key("better-auth") {
        let why = "others of the column are Lucia's, whose salt and key this would be; prove one with --known";
        known.push(Line::new("salted_key = \"lucia\"", why));
    } else if let Some(digest) = digest(column, older).filter(|_| !declares && !is_salted(of, column, salt)) {
        let other = ["phpass", "salted-md5"].iter().find(|scheme| column.hashes.contains_key(**scheme));
        match other.filter(|_| digest == "md5") {
            Some(other) => {
                known.push(Line::new("digest = \"md5\"", format!("the others are of {other}; prove one with --known")));
            }
            None => lines.push(Line::new(
                "",
                format!(
                    "{} hexadecimal alone, which does not say what made them: known passwords do (--known FILE); if that is {digest} of the password and of nothing \
                     else: [password.known] digest = \"{digest}\"",
                    number(column.hashes.get(digest).copied().unwrap_or_default())
                ),
            )),
        }
    }
    if let Some(rounds) = rounds.filter(|_| !declares) {
        lines.push(Line::new(format!("params = {{ rounds = {} }}", quoted(&path(joins, &rounds.name))), ""));
        // What a column says of each is not to be said of all.
        if scheme.is_none() {
            let why = "a key of many rounds, of which digest nothing says: give --known, or one of";
            lines.push(Line::new(format!("scheme = {}", quoted(OPEN)), why));
            lines.push(Line::new("", "  scheme = \"pbkdf2-sha256\", \"pbkdf2-sha512\" or \"pbkdf2-sha1\""));
            open.push("[password] scheme".to_owned());
        }
    }
    if let Some(salt) = salt.filter(|_| prehashed.is_none()) {
        let salt = quoted(&path(joins, &salt.name));
        let why = match why_salt.filter(|why| !why.is_empty()) {
            Some(why) => format!("? {why}: a salt, as it seems; --known proves it, and if it is none this line goes"),
            None => "prove one hash with --known".to_owned(),
        };
        lines.push(Line::new(format!("salt = {salt}"), why));
    }
    let salts = salts.into_iter().map(|salt| path(joins, &salt.name)).collect();
    Guesses { salts, ..Guesses::default() }
}

/// Digests, which in hexadecimal do not say what made them.
const DIGESTS: [&str; 4] = ["md5", "sha1", "sha256", "sha512"];

/// The one digest among the hashes, by its length, if there is one alone.
fn digest(column: &Column, older: Option<&Column>) -> Option<&'static str> {
    let has = |digest: &&str| [Some(column), older].iter().flatten().any(|column| column.hashes.contains_key(digest));
    let mut found = DIGESTS.into_iter().filter(has);
    found.next().filter(|_| found.next().is_none())
}

/// The scheme that is said of hashes whose strings would say so themselves, and do not.
fn in_parts(table: &Table, scheme: &Column, column: &Column) -> Option<&'static str> {
    let values = scheme.values.iter().flat_map(|values| values.keys());
    values.into_iter().find_map(|value| {
        let name = crate::scheme::registry::find(value).map(|scheme| scheme.name)?;
        let rows = table.kept.iter().filter(|row| row.get(&scheme.name) == Some(value));
        let mut cells = rows.filter_map(|row| row.get(&column.name)).peekable();
        let whole = ["bcrypt", "argon2"].contains(&name) && cells.peek().is_some();
        (whole && cells.all(|cell| cell::kind(cell).is_none())).then_some(name)
    })
}

/// Whether what is hexadecimal alone has a salt in another column.
fn is_salted(table: &Table, column: &Column, salt: Option<&Column>) -> bool {
    let bare = |text: &String| text.len() >= 32 && crate::bytes::is_hex(text);
    let rows = table.kept.iter().filter(|row| row.get(&column.name).is_some_and(bare));
    salt.is_some_and(|salt| rows.into_iter().any(|row| row.contains_key(&salt.name)))
}

/// What a column says of the scheme of each hash, as far as the hashes agree: a map of its words, which is empty where all
/// are known by their own names.
fn declared(
    table: &Table,
    scheme: &Column,
    column: &Column,
    older: Option<&Column>,
    salt: Option<&Column>,
) -> Option<Vec<String>> {
    let values = scheme.values.as_ref()?;
    let find = |value: &str| crate::scheme::registry::find(value).map(|scheme| scheme.name);
    if values.keys().all(|value| find(value).is_some_and(|name| name != "plain")) {
        return Some(Vec::new());
    }
    let salted = |value: &String| {
        let rows = table.kept.iter().filter(|row| row.get(&scheme.name) == Some(value));
        salt.is_some_and(|salt| rows.into_iter().any(|row| row.contains_key(&salt.name)))
    };
    let known = values.keys().filter(|value| !salted(value)).filter_map(|value| {
        let name = find(value).filter(|name| DIGESTS.contains(name))?;
        let looks = agrees(table, scheme, value, column, older)?;
        (looks == name).then(|| format!("{} = {}", quoted(value), quoted(name)))
    });
    Some(known.collect::<Vec<_>>()).filter(|known| !known.is_empty())
}

/// What all hashes look like of which a column says this; `None` where they differ, or are not seen whole.
fn agrees(
    table: &Table,
    scheme: &Column,
    value: &str,
    column: &Column,
    older: Option<&Column>,
) -> Option<&'static str> {
    let rows = table.kept.iter().filter(|row| row.get(&scheme.name).is_some_and(|said| said == value));
    let cells = rows.filter_map(|row| row.get(&column.name).or_else(|| row.get(&older?.name)));
    let mut looks = cells.map(|cell| match looks_like(cell) {
        Looks::Hash { scheme, .. } => Some(scheme),
        _ => None,
    });
    let first = looks.next()??;
    looks.all(|other| other == Some(first)).then_some(first)
}

/// The scheme of what looks like bcrypt or Argon2 and is not of the bare password, where the table gives that away.
fn prehashed(table: &Table, column: &Column) -> Option<&'static str> {
    if !column.hashes.contains_key("bcrypt") && !column.hashes.contains_key("argon2") {
        return None;
    }
    // accounts-js, which kept Meteor's layout, writes its dates as numbers and hashes the bare password.
    let dated = || table.column("createdAt").is_none_or(|created| created.numbers < created.filled);
    if column.name == "services.password.bcrypt" && dated() {
        return Some("meteor");
    }
    let told = giveaways(table.columns.iter().map(|column| column.name.as_str()));
    told.iter().find_map(|hint| match hint {
        Hint::PreHashed(scheme) => Some(*scheme),
        _ => None,
    })
}

/// Those who sign in elsewhere, by the column that says so: whatever stands for their password is none.
fn elsewhere(table: &Table) -> Option<String> {
    const SOURCES: [&str; 10] = [
        "auth",
        "authsource",
        "authtype",
        "authmethod",
        "authprovider",
        "authservice",
        "authentication",
        "loginsource",
        "accountsource",
        "usersource",
    ];
    const ELSEWHERE: [&str; 20] = [
        "ldap",
        "ldaps",
        "saml",
        "saml2",
        "oidc",
        "openid",
        "oauth",
        "oauth2",
        "keycloak",
        "google",
        "github",
        "gitlab",
        "azure",
        "azuread",
        "facebook",
        "cas",
        "shibboleth",
        "kerberos",
        "radius",
        "nologin",
    ];
    let mut found = table.columns.iter().filter(|column| SOURCES.contains(&&*folded(&column.bare)));
    let by_word = found.find_map(|column| {
        let values = column.values.as_ref().filter(|values| values.len() > 1 || column.filled < table.looked)?;
        let away = values.keys().filter(|value| ELSEWHERE.contains(&&*value.to_lowercase()));
        let away: Vec<_> = away.map(|value| format!("'{value}'")).collect();
        (!away.is_empty()).then(|| format!("{} == {}", column.name, away.join(" | ")))
    });
    let flagged = |column: &&Column| {
        ["external", "isexternal", "isldap", "ldapuser", "isldapuser", "issaml", "issso"]
            .contains(&&*folded(&column.bare))
            && column.yes > 0
            && column.yes + column.no == column.filled
    };
    by_word.or_else(|| table.columns.iter().find(flagged).map(|column| format!("{} == true", column.name)))
}

/// Of whom the column of schemes says that their password was made up, or that there is none.
fn made_up(scheme: &Column, path: &str) -> Option<String> {
    const WORDS: [&str; 6] = ["random", "reset", "none", "unset", "unusable", "nopassword"];
    let words = scheme.values.as_ref()?.keys().filter(|word| WORDS.contains(&&*word.to_lowercase()));
    let words: Vec<_> = words.map(|word| format!("'{word}'")).collect();
    (!words.is_empty()).then(|| format!("{path} == {}", words.join(" | ")))
}

/// Where a column says of each whether there is a password, and what it is stands nowhere.
fn said_to_be(table: &Table, lines: &mut Vec<Line>) -> bool {
    let is_said = |column: &&Column| {
        let whole =
            column.filled > 0 && column.hashed() + column.typed + column.masks == 0 && !column.name.contains('.');
        column.is_secret() && whole && (column.yes + column.no == column.filled || column.objects == column.filled)
    };
    let Some(column) = table.columns.iter().find(is_said) else { return false };
    let when = if column.objects > 0 { format!("{} != null", column.name) } else { format!("{} == true", column.name) };
    lines.push(Line::new(format!("when = {}", quoted(&when)), "says only that there is a password"));
    lines.push(Line::new("code = \"hash-not-exported\"", ""));
    lines.push(Line::new("say  = \"has a password, which is not in the export\"", ""));
    true
}

/// Where no column is surely one of hashes: whether there are some all the same is for a person to say. Gives those of the users' own
/// table.
fn nothing(joins: &Joins<'_>, lines: &mut Vec<Line>, open: &mut Vec<String>) -> Vec<String> {
    const ONCE: [&str; 12] =
        ["token", "otp", "recovery", "session", "key", "activation", "invite", "code", "uuid", "guid", "url", "path"];
    let for_once = |column: &Column| {
        let name = column.name.to_ascii_lowercase();
        ONCE.iter().any(|word| name.contains(word)) || name.ends_with("id")
    };
    let users = joins.users;
    let (mut found, mut hashes) = (Vec::new(), Vec::new());
    for table in joins.tables {
        for column in table.columns.iter().filter(|column| !for_once(column) && column.name != joins.id) {
            let own = table.name == users.name && column.odd * 2 > column.filled;
            let known = column.member().is_some() && !column.is_secret();
            let odd = (own || table.name != users.name && column.odd > 0) && !known;
            if column.hashed() > 0 && column.objects == 0 || odd {
                hashes.extend((table.name == users.name).then(|| column.name.clone()));
                let what = if column.hashed() > 0 { "look like hashes" } else { "may be hashes" };
                found.push(format!(
                    "`{}` of `{}`: {} {what}",
                    column.name,
                    table.name,
                    number(column.hashed() + column.odd)
                ));
            }
        }
    }
    // Columns without names do not say what they are.
    let nameless = users.is_nameless();
    if found.is_empty() && !nameless {
        lines.push(Line::new("", "no column holds hashes: everybody comes without a password"));
        return hashes;
    }
    lines.push(Line::new(format!("hash = {}", quoted(OPEN)), "no column is surely one of hashes; these may be:"));
    lines.extend(found.iter().take(8).map(|found| Line::new("", format!("  {found}"))));
    open.push("[password] hash".to_owned());
    hashes
}
