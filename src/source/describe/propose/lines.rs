//! The lines of a proposal: each key with the column that fits it best.

use super::joins::{Joins, counted};
use super::look::{Column, Table};
use super::people::{self, Link};
use super::{Line, OPEN, Proposal, count, join_name, list, number, quoted, standing};
use crate::account::Hint;
use crate::scheme::columns::{ColumnRole, giveaways};
use crate::scheme::{Looks, looks_like};
use crate::source::systems::generic::folded;

pub(super) fn of(tables: &[Table], users: usize) -> Proposal {
    let table = &tables[users];
    let links = people::links(tables, users);
    let mut open = Vec::new();
    let mut source = Vec::new();
    if !table.is_file || tables.len() > 1 {
        let why = format!("{}; {} looked at", count(table.rows, "row"), count(tables.len() as u64, "table"));
        source.push(Line::new(format!("table = {}", quoted(&table.name)), why));
    }
    let mut user = Vec::new();
    let id = id(table, &links, &mut user);
    let mut joins = Joins::of(tables, table, id.clone().unwrap_or_default());
    let email = email(table, &links, &mut joins, &mut user);
    phone(table, &mut user);
    name(table, &links, &mut joins, [id.as_deref(), email.as_deref()], &mut user);
    verified(table, email.as_deref(), &links, &mut joins, &mut user);
    let (mut password, mut known, mut unsaid) = (Vec::new(), Vec::new(), Vec::new());
    secret(table, &links, &mut joins, &mut password, &mut known, &mut unsaid);
    let skip = standing::lines(tables, table, &links, &mut joins, &mut user, &mut open);
    open.append(&mut unsaid);
    labels(table, &mut user);
    dates(table, &mut user);
    if id.is_none() && email.is_none() {
        user.insert(0, Line::new(format!("id = {}", quoted(OPEN)), "no column has a value of its own in every row"));
        open.push("[user] id".to_owned());
    }
    let mut sections = vec![("[source]".to_owned(), source)];
    if !skip.is_empty() {
        sections.push(("[where]".to_owned(), skip));
    }
    sections.push(("[user]".to_owned(), user));
    if password.iter().any(|line| !line.toml.is_empty()) {
        sections.push(("[password]".to_owned(), password));
        if !known.is_empty() {
            sections.push(("[password.known]".to_owned(), known));
        }
    } else {
        sections[0].1.extend(password);
    }
    for (table, (key, of, only)) in joins.read {
        let mut lines = vec![
            Line::new(format!("table = {}", quoted(&table)), ""),
            Line::new(format!("key   = {}", quoted(&key)), format!("is `{of}` of the user")),
        ];
        if of != joins.id {
            lines.push(Line::new(format!("of    = {}", quoted(&of)), ""));
        }
        if !only.is_empty() {
            let only = list(only.iter().map(String::as_str));
            lines.push(Line::new(format!("only  = {only}"), "these are the rows with addresses"));
        }
        sections.push((format!("[join.{}]", join_name(&table)), lines));
    }
    Proposal { table: table.name.clone(), sections, open }
}

/// `4,999 of 5,000`
fn part(n: u64, of: u64) -> String {
    if n == of { format!("all {}", number(n)) } else { format!("{} of {}", number(n), number(of)) }
}

fn id(table: &Table, links: &[Link], lines: &mut Vec<Line>) -> Option<String> {
    let kind = people::kind(table);
    let own = |column: &Column| {
        column.is_unique() && column.filled == table.looked
            || kind.as_ref().is_some_and(|kind| people::is_own_in(table, kind, column))
    };
    let whole = |column: &&Column| own(column) && !column.is_secret();
    let has_id = table.columns.iter().filter(whole).any(|column| matches!(column.member(), Some(("id", _))));
    let rank = |column: &Column| {
        let name = folded(&column.bare);
        // Other tables have the addresses of the same people, too.
        let points = |link: &&Link| table.columns[link.of].name == column.name && (link.named || !has_id);
        let pointed = column.addresses == 0 && links.iter().any(|link| points(&link));
        let singular = folded(table.name.rsplit(['.', '_']).next().unwrap_or_default());
        let singular = singular.strip_suffix('s').unwrap_or(&singular).to_owned();
        let own = match column.member() {
            Some(("id", rank)) => u32::from(rank),
            _ if name == format!("{singular}id") || name == format!("id{singular}") => 2,
            _ if name.ends_with("id") || name.starts_with("id") => 40,
            Some(("username", _)) => 60,
            // Lines of password files begin with whose they are.
            _ if table.is_nameless() && column.name == "0" => 60,
            _ => 1000,
        };
        (own >= 1000 && !pointed, u32::from(!pointed), own)
    };
    let found = table.columns.iter().filter(whole).min_by_key(|column| rank(column))?;
    let (unlikely, ..) = rank(found);
    if unlikely && found.addresses == 0 {
        return None;
    }
    lines.push(Line::new(format!("id = {}", quoted(&found.name)), "every row has its own"));
    Some(found.name.clone())
}

fn email(table: &Table, links: &[Link], joins: &mut Joins<'_>, lines: &mut Vec<Line>) -> Option<String> {
    if let Some(column) = people::address(table) {
        let why = format!("{} look like addresses", part(column.addresses, table.looked));
        // Where some have none, another column may have one.
        let toml = match people::instead(table, column) {
            // Of several, which are a list, the first.
            Some((other, _)) if other.name == format!("{}.0", column.name) => {
                format!("email = {}", list([other.name.as_str(), column.name.as_str()]))
            }
            Some((other, _)) if other.addresses * 10 >= other.filled * 9 => {
                format!("email = {}", list([column.name.as_str(), other.name.as_str()]))
            }
            Some((other, _)) => {
                let (first, other) = (quoted(&column.name), quoted(&other.name));
                format!("email = [{first}, {{ from = {other}, as = \"address\" }}]")
            }
            // Of names that people sign in with some are no addresses; of addresses all should be.
            None if column.addresses < column.filled && !matches!(column.member(), Some(("email", _))) => {
                format!("email = {{ from = {}, as = \"address\" }}", quoted(&column.name))
            }
            None => format!("email = {}", quoted(&column.name)),
        };
        lines.push(Line::new(toml, why));
        let others: Vec<_> = table
            .columns
            .iter()
            .filter(|other| other.name != column.name && other.addresses * 2 > other.filled && other.addresses > 0)
            .map(|other| format!("`{}`", other.name))
            .collect();
        if !others.is_empty() {
            lines.push(Line::new("", format!("addresses are in {}, too", others.join(", "))));
        }
        return Some(column.name.clone());
    }
    for &link in links {
        let other = &joins.tables[link.table];
        let Some(column) = people::address(other) else { continue };
        let path = joins.path(link, &column.name);
        if let Some((by, value)) = people::only_addresses(other, column) {
            joins.only(&other.name, format!("{by} == {}", literal(&value)));
        } else if let Some(primary) = people::only_primary(other).filter(|_| !link.single) {
            joins.only(&other.name, primary);
        }
        let mut why = format!("{} look like addresses in `{}`", part(column.addresses, column.filled), other.name);
        if !link.single {
            why += "; of several, the first";
        }
        lines.push(Line::new(format!("email = {}", quoted(&path)), why));
        return Some(path);
    }
    // Some sign in with an address where others have a name.
    let login = |column: &&Column| {
        let first = table.is_nameless() && column.name == "0";
        column.addresses > 0 && (first || matches!(column.member(), Some(("username" | "id", _))))
    };
    if let Some(column) = table.columns.iter().find(login) {
        let why = format!("{} look like addresses, and are the only ones", part(column.addresses, table.looked));
        lines.push(Line::new(format!("email = {{ from = {}, as = \"address\" }}", quoted(&column.name)), why));
        return None;
    }
    lines.push(Line::new("", "no column holds addresses: without one nobody can sign in with a password"));
    None
}

fn phone(table: &Table, lines: &mut Vec<Line>) {
    let named = |column: &&Column| matches!(column.member(), Some(("phone", _))) && column.filled > 0;
    let Some(column) = table.columns.iter().find(named) else { return };
    if column.with_plus * 2 >= column.filled {
        let why = format!("{} begin with +", part(column.with_plus, column.filled));
        let toml = format!("phone = {{ from = {}, strip = \" ()-./\" }}", quoted(&column.name));
        lines.push(Line::new(toml, why));
    } else if column.filled > column.yes + column.no {
        let why = "has no country code, which is never guessed: where all are of one country,".to_owned();
        lines.push(Line::new("", format!("phone: `{}` {why}", column.name)));
        let from = quoted(&column.name);
        lines.push(Line::new("", format!("phone = {{ from = {from}, strip = \" ()-./\", prefix = \"+1\" }}")));
    }
}

/// The columns of a name in two parts, first name first.
fn parts(table: &Table) -> Vec<&Column> {
    let part = |wanted: &str| {
        table.columns.iter().find(|column| {
            let is = column.member().is_some_and(|(to, _)| to == wanted);
            is && column.filled > 0
        })
    };
    [part("first_name"), part("last_name")].into_iter().flatten().collect()
}

fn name(table: &Table, links: &[Link], joins: &mut Joins<'_>, taken: [Option<&str>; 2], lines: &mut Vec<Line>) {
    let is_taken = |column: &Column| taken.contains(&Some(column.name.as_str()));
    let whole = |table: &'_ Table| -> Option<String> {
        let names = table.columns.iter().filter(|column| {
            !is_taken(column)
                && matches!(column.member(), Some(("name", _)))
                && column.filled > 0
                && column.objects == 0
                && column.addresses * 2 < column.filled
        });
        // What people are called has blanks in it; what has none is what they sign in with, if another has.
        let spaced = |column: &Column| {
            table.kept.iter().any(|row| row.get(&column.name).is_some_and(|text| text.trim().contains(' ')))
        };
        let rank = |column: &&Column| (!spaced(column), column.member().map_or(u8::MAX, |(_, rank)| rank));
        names.min_by_key(rank).map(|column| column.name.clone())
    };
    let login = table
        .columns
        .iter()
        .find(|column| matches!(column.member(), Some(("username", _))) && column.filled > 0 && !is_taken(column));
    let fallback = login.map_or_else(String::new, |login| format!(", fallback = {}", quoted(&login.name)));
    let in_table = |table: &Table, path: &mut dyn FnMut(&str) -> String| -> Option<Line> {
        let (whole, parts) = (whole(table).and_then(|name| table.column(&name)), parts(table));
        if parts.len() == 2 && whole.is_none_or(|whole| whole.filled * 2 < table.looked) {
            let joined = parts.iter().map(|part| path(&part.name)).collect::<Vec<_>>();
            let toml = format!("name = {{ join = {}{fallback} }}", list(joined.iter().map(String::as_str)));
            return Some(Line::new(toml, "in two parts"));
        }
        let column = whole.or(parts.first().copied())?;
        let toml = match (column.filled < table.looked, fallback.is_empty()) {
            (true, false) => format!("name = {{ from = {}{fallback} }}", quoted(&path(&column.name))),
            _ => format!("name = {}", quoted(&path(&column.name))),
        };
        Some(Line::new(toml, format!("filled in {}", part(column.filled, table.looked))))
    };
    if let Some(line) = in_table(table, &mut |column| column.to_owned()) {
        lines.push(line);
        return;
    }
    for &link in links.iter().filter(|link| link.single) {
        let other = &joins.tables[link.table];
        if let Some(line) = in_table(other, &mut |column| joins.path(link, column)) {
            lines.push(line);
            return;
        }
    }
    if let Some(login) = login {
        lines.push(Line::new(format!("name = {}", quoted(&login.name)), "there is no other name"));
    }
}

fn verified(table: &Table, email: Option<&str>, links: &[Link], joins: &mut Joins<'_>, lines: &mut Vec<Line>) {
    let reading = |column: &Column, path: &str| {
        let (toml, n) = if column.dates * 2 > column.filled {
            (format!("email_verified = {{ from = {}, as = \"nonempty\" }}", quoted(path)), column.dates)
        } else if column.yes + column.no == column.filled {
            (format!("email_verified = {}", quoted(path)), column.yes)
        } else {
            return None;
        };
        Some(Line::new(toml, format!("{} are", number(n))))
    };
    let of = |table: &Table| {
        let named = |column: &&Column| {
            let name = folded(&column.bare);
            column.filled > 0
                && (matches!(column.member(), Some(("email_verified", _)))
                    || ["verifiedon", "validatedat", "validatedon", "emailvalidated"].contains(&&*name))
        };
        table
            .columns
            .iter()
            .filter(named)
            .min_by_key(|column| column.member().map_or(99, |(_, rank)| rank))
            .map(|c| c.name.clone())
    };
    match email.and_then(|email| email.split_once('.')) {
        // Of several addresses, one may be verified and another be the first.
        Some((joined, _)) if joins.read.keys().any(|table| join_name(table) == joined) => {
            let link = links.iter().find(|link| join_name(&joins.tables[link.table].name) == joined);
            let Some(&link) = link.filter(|link| link.single) else { return };
            let other = &joins.tables[link.table];
            if let Some(column) = of(other).and_then(|name| other.column(&name)) {
                let path = joins.path(link, &column.name);
                lines.extend(reading(column, &path));
            }
        }
        _ => {
            if let Some(column) = of(table).and_then(|name| table.column(&name)) {
                lines.extend(reading(column, &column.name));
            }
        }
    }
}

fn labels(table: &Table, lines: &mut Vec<Line>) {
    const ROLES: [&str; 12] = [
        "role",
        "roles",
        "rol",
        "rolle",
        "userrole",
        "userroles",
        "groups",
        "usergroups",
        "usertype",
        "accounttype",
        "labels",
        "permissions",
    ];
    const FLAGS: [(&str, &str); 14] = [
        ("administrator", "admin"),
        ("isadministrator", "admin"),
        ("sysadmin", "sysadmin"),
        ("issysadmin", "sysadmin"),
        ("issuperadmin", "superadmin"),
        ("isadmin", "admin"),
        ("admin", "admin"),
        ("isstaff", "staff"),
        ("staff", "staff"),
        ("issuperuser", "superuser"),
        ("superuser", "superuser"),
        ("ismoderator", "moderator"),
        ("moderator", "moderator"),
        ("superadmin", "superadmin"),
    ];
    let mut parts = Vec::new();
    let mut why = Vec::new();
    for column in &table.columns {
        let name = folded(&column.bare);
        if ROLES.contains(&&*name) && column.filled > 0 {
            let listed = column.lists == column.filled;
            if column.objects == 0 && (listed || column.lists == 0 && column.values.is_some() && column.numbers == 0) {
                parts.push(format!("from = {}", quoted(&column.name)));
                why.extend(column.values.as_ref().map(counted));
                break;
            }
            let text = format!(
                "`{}` holds numbers, or many values: labels grant access, so say which is which with map",
                column.name
            );
            lines.push(Line::new("", text));
        }
    }
    let flags = table.columns.iter().filter_map(|column| {
        let (_, label) = FLAGS.iter().find(|(flag, _)| folded(&column.bare) == *flag)?;
        let all = column.filled > 0 && column.yes + column.no == column.filled;
        all.then(|| (format!("{} = {}", key(&column.name), quoted(label)), format!("{} {label}", number(column.yes))))
    });
    let (flags, said): (Vec<_>, Vec<_>) = flags.unzip();
    if !flags.is_empty() {
        parts.push(format!("flags = {{ {} }}", flags.join(", ")));
        why.extend(said);
    }
    if !parts.is_empty() {
        lines.push(Line::new(format!("labels = {{ {} }}", parts.join(", ")), why.join(", ")));
    }
}

/// A text as a comparison writes it.
pub(super) fn literal(text: &str) -> String {
    if text.parse::<f64>().is_ok() { text.to_owned() } else { format!("'{text}'") }
}

/// A key as TOML writes it.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { name.to_owned() } else { quoted(name) }
}

fn dates(table: &Table, lines: &mut Vec<Line>) {
    const SEEN: [&str; 12] = [
        "lastlogin",
        "lastloginat",
        "lastseen",
        "lastseenat",
        "lastsignin",
        "lastsigninat",
        "lastactive",
        "lastactiveat",
        "lastvisit",
        "lastaccess",
        "lastloggedin",
        "loginat",
    ];
    let dated = |column: &&Column| column.filled > 0 && column.dates * 10 >= column.filled * 9;
    let mut dates = table.columns.iter().filter(dated);
    if let Some(column) = dates.find(|column| matches!(column.member(), Some(("created_at", _)))) {
        lines.push(Line::new(format!("created_at = {}", quoted(&column.name)), "kept with --keep-dates"));
    }
    let mut dates = table.columns.iter().filter(dated);
    if let Some(column) = dates.find(|column| SEEN.contains(&&*folded(&column.bare))) {
        lines.push(Line::new(format!("last_seen = {}", quoted(&column.name)), "kept with --keep-dates"));
    }
}

fn secret(
    table: &Table,
    links: &[Link],
    joins: &mut Joins<'_>,
    lines: &mut Vec<Line>,
    known: &mut Vec<Line>,
    open: &mut Vec<String>,
) {
    let own = people::secret(table);
    let joined = links.iter().find_map(|&link| Some((link, people::secret(&joins.tables[link.table])?)));
    let (column, of, link) = match (own, joined) {
        (Some(column), joined) if column.hashed() > 0 || joined.is_none() => (column, table, None),
        (_, Some((link, column))) => (column, &joins.tables[link.table], Some(link)),
        (Some(column), None) => (column, table, None),
        (None, None) => {
            let apart = |link: &Link| Some((*link, people::only_hashes(&joins.tables[link.table])?));
            if let Some((link, (column, by, value))) = links.iter().find_map(apart) {
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
                return;
            }
            nothing(joins.tables, table, lines, open);
            return;
        }
    };
    let path = |joins: &mut Joins<'_>, name: &str| match link {
        Some(link) => joins.path(link, name),
        None => name.to_owned(),
    };
    let from = path(joins, &column.name);
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
        return;
    }
    if column.hashed() == 0 {
        lines.push(Line::new(
            format!("hash = {}", quoted(&from)),
            format!("{said}: export it with an account that may read it"),
        ));
        return;
    }
    // Those whom an older system gave their password have it in another column.
    let older = of.columns.iter().find(|other| {
        other.name != column.name
            && other.is_secret()
            && other.hashed() > 0
            && other.hashed() + column.filled <= of.looked
            && other.objects == 0
    });
    let toml = match older {
        Some(older) => {
            let older = path(joins, &older.name);
            format!("hash = {}", list([from.as_str(), older.as_str()]))
        }
        None => format!("hash = {}", quoted(&from)),
    };
    lines.push(Line::new(toml, said));
    let beside = |role| of.columns.iter().find(|column| column.role == Some(role) && column.filled > 0);
    let plainly = |column: &&Column| {
        ["algo", "algorithm", "hasher", "scheme", "hashing"].contains(&&*folded(&column.bare)) && column.filled > 0
    };
    let scheme = beside(ColumnRole::Scheme).or_else(|| of.columns.iter().find(plainly));
    if let Some(scheme) = scheme
        && scheme
            .values
            .as_ref()
            .is_some_and(|values| values.keys().all(|name| crate::scheme::registry::find(name).is_some()))
    {
        let scheme_path = path(joins, &scheme.name);
        let why = scheme.values.as_ref().map(counted).unwrap_or_default();
        lines.push(Line::new(format!("scheme = {{ from = {} }}", quoted(&scheme_path)), why));
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
    } else if column.hashes.contains_key("md5")
        && let Some(other) = ["phpass", "salted-md5"].iter().find(|scheme| column.hashes.contains_key(**scheme))
    {
        known.push(Line::new("digest = \"md5\"", format!("the others are of {other}; prove one with --known")));
    }
    if let Some(salt) = beside(ColumnRole::Salt).filter(|_| prehashed.is_none()) {
        let salt = path(joins, &salt.name);
        lines.push(Line::new(format!("salt = {}", quoted(&salt)), "prove one hash with --known"));
    }
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

/// Where no column is surely one of hashes: whether there are some all the same is for a person to say.
fn nothing(tables: &[Table], users: &Table, lines: &mut Vec<Line>, open: &mut Vec<String>) {
    const ONCE: [&str; 12] =
        ["token", "otp", "recovery", "session", "key", "activation", "invite", "code", "uuid", "guid", "url", "path"];
    let for_once = |column: &Column| {
        let name = column.name.to_ascii_lowercase();
        ONCE.iter().any(|word| name.contains(word)) || name.ends_with("id")
    };
    let mut found = Vec::new();
    for table in tables {
        for column in table.columns.iter().filter(|column| !for_once(column)) {
            let own = table.name == users.name && column.odd * 2 > column.filled;
            let known = column.member().is_some() && !column.is_secret();
            let odd = (own || table.name != users.name && column.odd > 0) && !known;
            if column.hashed() > 0 && column.objects == 0 || odd {
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
        return;
    }
    lines.push(Line::new(format!("hash = {}", quoted(OPEN)), "no column is surely one of hashes; these may be:"));
    lines.extend(found.iter().take(8).map(|found| Line::new("", format!("  {found}"))));
    open.push("[password] hash".to_owned());
}
