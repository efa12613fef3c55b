//! The lines of a proposal: each key with the column that fits it best.

use super::joins::Joins;
use super::kinds;
use super::links::{self, Link};
use super::look::{Column, Table, is_address};
use super::people;
use super::{
    Line, OPEN, Proposal, activity, count, join_name, list, literal, number, quoted, roles, rows, secrets, standing,
    verified,
};
use crate::source::systems::generic::folded;

pub(super) fn of(tables: &[Table], users: usize) -> Proposal {
    let table = &tables[users];
    let links = links::of(tables, users);
    let mut open = Vec::new();
    let mut source = Vec::new();
    if !table.is_file || tables.len() > 1 {
        let why = format!("{}; {} looked at", count(table.rows, "row"), count(tables.len() as u64, "table"));
        source.push(Line::new(format!("table = {}", quoted(&table.name)), why));
    }
    let mut user = Vec::new();
    let id = id(tables, table, &links, &mut user);
    let mut joins = Joins::of(tables, table, id.clone().unwrap_or_default());
    let email = email(table, &links, &mut joins, &mut user);
    if let Some(phone) = phone(table, &mut user) {
        verified::line("phone_verified", table, &phone, &links, &mut joins, &mut user);
    }
    name(table, &links, &mut joins, [id.as_deref(), email.as_deref()], &mut user);
    username(table, &mut user);
    if let Some(email) = &email {
        verified::line("email_verified", table, email, &links, &mut joins, &mut user);
    }
    let (mut password, mut known, mut away, mut unsaid) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let guesses = secrets::lines(table, &links, &mut joins, &mut password, [&mut known, &mut away], &mut unsaid);
    let skip = standing::lines(tables, table, &links, &mut joins, &mut user, &mut open);
    open.append(&mut unsaid);
    roles::lines(tables, table, &links, &mut joins, &mut user);
    dates(table, &mut user);
    if let Some(why) = kinds::things(table).filter(|_| password.iter().all(|line| line.toml.is_empty())) {
        user.retain(|line| !line.toml.starts_with("id ="));
        let own = id.as_ref().map_or_else(String::new, |id| format!(": id = {}", quoted(id)));
        let why = format!("{why}, and no column holds passwords: are they people who sign in?{own}");
        user.insert(0, Line::new(format!("id = {}", quoted(OPEN)), why));
        open.push("[user] id".to_owned());
    } else if id.is_none() && email.is_none() {
        user.insert(0, Line::new(format!("id = {}", quoted(OPEN)), "no column has a value of its own in every row"));
        open.push("[user] id".to_owned());
    }
    let mut sections = vec![("[source]".to_owned(), source)];
    if !skip.is_empty() {
        sections.push(("[where]".to_owned(), skip));
    }
    sections.push(("[user]".to_owned(), user));
    if password.iter().any(|line| !line.toml.is_empty()) {
        let named = if password[0].toml.starts_with("when") { "[[password.none]]" } else { "[password]" };
        sections.push((named.to_owned(), password));
        for (name, lines) in [("[[password.none]]", away), ("[password.known]", known)] {
            if !lines.is_empty() {
                sections.push((name.to_owned(), lines));
            }
        }
    } else {
        sections[0].1.extend(password);
    }
    let by_table = joins.read.into_iter().map(|(table, (key, of, only))| (join_name(&table), table, key, of, only));
    let named = joins.named.into_iter().map(|(name, (table, key, of, only))| (name, table, key, of, only));
    for (name, table, key, of, only) in by_table.chain(named) {
        let mut lines = vec![
            Line::new(format!("table = {}", quoted(&table)), ""),
            Line::new(format!("key   = {}", quoted(&key)), format!("is `{of}` of the user")),
        ];
        if of != joins.id {
            lines.push(Line::new(format!("of    = {}", quoted(&of)), ""));
        }
        if !only.is_empty() {
            let only = list(only.iter().map(String::as_str));
            lines.push(Line::new(format!("only  = {only}"), "these rows alone"));
        }
        sections.push((format!("[join.{name}]"), lines));
    }
    Proposal { table: table.name.clone(), sections, open, guesses }
}

/// `4,999 of 5,000`
fn part(n: u64, of: u64) -> String {
    if n == of { format!("all {}", number(n)) } else { format!("{} of {}", number(n), number(of)) }
}

fn id(tables: &[Table], table: &Table, links: &[Link], lines: &mut Vec<Line>) -> Option<String> {
    let kind = kinds::kind(table);
    let own = |column: &Column| {
        column.is_unique() && column.filled == table.looked
            || kind.as_ref().is_some_and(|kind| kinds::is_own_in(table, kind, column))
    };
    // A flag is nobody's own, however few rows there are.
    let is_id = |column: &Column| matches!(column.member(), Some(("id", _)));
    let is_flag =
        |column: &Column| column.meaning.is_some() || column.yes + column.no == column.filled && column.filled < 3;
    let whole = |column: &&Column| own(column) && !column.is_secret() && (is_id(column) || !is_flag(column));
    let has_id = table.columns.iter().filter(whole).any(|column| matches!(column.member(), Some(("id", _))));
    let rank = |column: &Column| {
        let name = folded(&column.bare);
        // Other tables have the addresses of the same people, too.
        let points = |link: &&Link| {
            let own = matches!(column.member(), Some(("id", _)));
            table.columns[link.of].name == column.name && (link.named || !has_id) && (own || !link.is_forward(tables))
        };
        let pointed = column.addresses == 0 && links.iter().any(|link| points(&link));
        let singular = folded(table.name.rsplit(['.', '_']).next().unwrap_or_default());
        let singular = singular.strip_suffix('s').unwrap_or(&singular).to_owned();
        let own = match column.member() {
            Some(("id", rank)) => u32::from(rank),
            _ if name == format!("{singular}id") || name == format!("id{singular}") => 2,
            _ if name.ends_with("id") || name.starts_with("id") => 40,
            _ if is_number_of_somebody(&name) => 50,
            _ if is_number_alone(&name) && column.numbers == column.filled => 52,
            _ if is_somebody(&name) && column.numbers + column.dates + column.addresses == 0 => 55,
            Some(("username", _)) => 60,
            // Lines of password files begin with whose they are.
            _ if table.is_nameless() && column.name == "0" => 60,
            _ => 1000,
        };
        (own >= 1000 && !pointed, u32::from(!pointed), own)
    };
    let found = table.columns.iter().filter(whole).min_by_key(|column| rank(column));
    let found = found.filter(|found| !rank(found).0 || found.addresses > 0);
    if let Some(twice) = table.columns.iter().find(|column| found.is_none() && is_of_rows_twice(table, column)) {
        let n = number(twice.filled - twice.distinct() as u64);
        lines.push(Line::new(
            format!("id = {}", quoted(&twice.name)),
            format!("{n} stand once more, with the same address"),
        ));
        return Some(twice.name.clone());
    }
    let found = found?;
    lines.push(Line::new(format!("id = {}", quoted(&found.name)), "every row has its own"));
    Some(found.name.clone())
}

/// Whether a column is an id of which some rows stand once more: the same people's, by their addresses.
fn is_of_rows_twice(table: &Table, column: &Column) -> bool {
    let Some(address) = people::address(table).filter(|address| address.name != column.name) else { return false };
    let mut of = std::collections::BTreeMap::new();
    let whole = table.looked <= table.kept.len() as u64 && column.filled == table.looked && column.distinct() > 1;
    let is_id = matches!(column.member(), Some(("id", _))) && folded(&column.bare) == "id";
    let same = |row: &std::collections::BTreeMap<String, String>| {
        let (id, address) = (row.get(&column.name).cloned(), row.get(&address.name).map(|text| text.to_lowercase()));
        address.is_some() && *of.entry(id).or_insert_with(|| address.clone()) == address
    };
    is_id && whole && table.kept.iter().all(same)
}

/// Whether a column is called for people alone: `member`.
fn is_somebody(name: &str) -> bool {
    const PEOPLE: [&str; 10] =
        ["user", "member", "customer", "client", "account", "person", "mitglied", "kunde", "cliente", "membre"];
    PEOPLE.contains(&name)
}

/// `nr`, `lp`: the number of a row, and so of somebody.
fn is_number_alone(name: &str) -> bool {
    ["nr", "no", "num", "number", "nummer", "numer", "numero", "lp"].contains(&name)
}

/// `account_no`, `Kundennummer`: of numbers that people are given, those that stand for them.
fn is_number_of_somebody(name: &str) -> bool {
    const WHOSE: [&str; 14] = [
        "account",
        "customer",
        "user",
        "member",
        "client",
        "person",
        "subscriber",
        "employee",
        "login",
        "konto",
        "kunden",
        "mitglieds",
        "personal",
        "cliente",
    ];
    const NUMBERS: [&str; 8] = ["no", "nr", "num", "number", "nummer", "code", "key", "ref"];
    WHOSE.iter().filter_map(|whose| name.strip_prefix(whose)).any(|number| NUMBERS.contains(&number))
}

fn email(table: &Table, links: &[Link], joins: &mut Joins<'_>, lines: &mut Vec<Line>) -> Option<String> {
    if let Some(column) = people::address(table) {
        let why = format!("{} look like addresses", part(column.addresses, table.looked));
        // Of a list the one that is marked, where one is; the first may be an old one.
        let marked = people::marked(table, &column.name).and_then(|(list, mark)| {
            let (_, member) = column.name.split_once(".0.")?;
            Some(format!("{list}.{mark}.{member}"))
        });
        // Where some have none, another column may have one.
        let toml = match people::instead(table, column) {
            _ if marked.is_some() => {
                format!("email = {}", list([marked.as_deref().unwrap_or_default(), column.name.as_str()]))
            }
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
        if !link.single {
            for comparison in rows::without_past(other) {
                joins.only(&other.name, comparison);
            }
        }
        let mut why = format!("{} look like addresses in `{}`", part(column.addresses, column.filled), other.name);
        if !link.single {
            why += "; of several, the first";
        }
        // Whoever has none there may have one among the rows of names and values.
        let setting = links.iter().filter(|_| column.addresses < table.looked).find_map(|&link| {
            let (by, value) = rows::setting(&joins.tables[link.table], link, &["email", "mail"], &is_address)?;
            Some(joins.apart(link, "email", &value, by))
        });
        // Or be known by one.
        let login = table
            .columns
            .iter()
            .filter(|_| column.addresses < table.looked)
            .find(|column| column.addresses > 0 && matches!(column.member(), Some(("username" | "id", _))));
        let login = login.map(|login| format!("{{ from = {}, as = \"address\" }}", quoted(&login.name)));
        let all: Vec<_> =
            [Some(quoted(&path)), setting.map(|path| quoted(&path)), login].into_iter().flatten().collect();
        let toml = match &all[..] {
            [one] => format!("email = {one}"),
            several => format!("email = [{}]", several.join(", ")),
        };
        lines.push(Line::new(toml, why));
        return Some(path);
    }
    // Behind a word that says what it is: `email:ann@example.com`.
    for &link in links {
        let other = &joins.tables[link.table];
        let Some((column, word)) = people::behind_a_word(other) else { continue };
        let path = joins.path(link, &column.name);
        joins.only(&other.name, format!("{} ~ '{word}*'", column.name));
        let toml = format!("email = {{ from = {}, between = [{}, \"\"] }}", quoted(&path), quoted(&word));
        lines.push(Line::new(toml, format!("addresses stand behind `{word}` in `{}`", other.name)));
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
    // Or in those rows of which another column says so.
    let told = |column: &&Column| column.addresses > 0 && people::only_addresses(table, column).is_some();
    if let Some(column) = table.columns.iter().filter(|column| !column.is_secret()).find(told) {
        let why = format!("{} look like addresses, and are the only ones", part(column.addresses, table.looked));
        lines.push(Line::new(format!("email = {{ from = {}, as = \"address\" }}", quoted(&column.name)), why));
        return None;
    }
    lines.push(Line::new("", "no column holds addresses: without one nobody can sign in with a password"));
    None
}

/// The name that people sign in with, where nothing else is made of it.
fn username(table: &Table, lines: &mut Vec<Line>) {
    let login = |column: &&Column| {
        matches!(column.member(), Some(("username", _))) && column.filled > 0 && column.objects + column.lists == 0
    };
    let Some(column) = table.columns.iter().find(login) else { return };
    let from = quoted(&column.name);
    if !lines.iter().any(|line| line.toml.contains(&from)) {
        lines.push(Line::new(format!("username = {{ from = {from}, is_address = false }}"), "kept in the preferences"));
    }
}

/// The column of the numbers, if they are whole.
fn phone(table: &Table, lines: &mut Vec<Line>) -> Option<String> {
    let named = |column: &&Column| {
        matches!(column.member(), Some(("phone", _))) && column.filled > 0 && column.objects + column.lists == 0
    };
    let column = table.columns.iter().find(named)?;
    if column.with_plus * 2 >= column.filled {
        let why = format!("{} begin with +", part(column.with_plus, column.filled));
        let toml = format!("phone = {{ from = {}, strip = \" ()-./\" }}", quoted(&column.name));
        lines.push(Line::new(toml, why));
        return Some(column.name.clone());
    }
    if column.filled > column.yes + column.no {
        let why = "has no country code, which is never guessed: where all are of one country,".to_owned();
        lines.push(Line::new("", format!("phone: `{}` {why}", column.name)));
        let from = quoted(&column.name);
        lines.push(Line::new("", format!("phone = {{ from = {from}, strip = \" ()-./\", prefix = \"+1\" }}")));
    }
    None
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
        // What is called a name may be the first of two: no cell has the other's in it.
        let last =
            table.columns.iter().find(|column| matches!(column.member(), Some(("last_name", _))) && column.filled > 0);
        if let (Some(first), Some(last)) = (whole.filter(|_| parts.len() < 2), last)
            && is_first_of(table, first, last)
        {
            let joined = [path(&first.name), path(&last.name)];
            let toml = format!("name = {{ join = {}{fallback} }}", list(joined.iter().map(String::as_str)));
            return Some(Line::new(toml, "in two parts"));
        }
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
    // What a role or a company is called is nobody's name.
    for &link in links.iter().filter(|link| link.single && !roles::is_of_many(&joins.tables[link.table])) {
        let other = &joins.tables[link.table];
        if let Some(line) = in_table(other, &mut |column| joins.path(link, column)) {
            lines.push(line);
            return;
        }
    }
    if let Some((column, n)) = reads_like_names(table).filter(|(column, _)| !is_taken(column)) {
        let why = format!("{} read like names", part(n as u64, table.kept.len() as u64));
        lines.push(Line::new(format!("name = {}", quoted(&column.name)), why));
    } else if let Some(login) = login {
        lines.push(Line::new(format!("name = {}", quoted(&login.name)), "there is no other name"));
    }
}

/// The one column of two to four words with capitals, whatever it is called, and how many of its cells are that.
fn reads_like_names(table: &Table) -> Option<(&Column, usize)> {
    let is_name = |text: &&String| {
        let words: Vec<_> = text.split_whitespace().collect();
        let is_word = |word: &&str| {
            word.chars().next().is_some_and(char::is_uppercase)
                && word.chars().all(|c| c.is_alphabetic() || "'’.-".contains(c))
        };
        (2..=4).contains(&words.len()) && words.iter().all(is_word)
    };
    let free = |column: &&Column| {
        column.role.is_none() && column.member().is_none() && column.meaning.is_none() && column.objects == 0
    };
    let mut found = table.columns.iter().filter(free).filter_map(|column| {
        let n = table.kept.iter().filter_map(|row| row.get(&column.name)).filter(is_name).count();
        (n >= 2 && n * 10 >= table.kept.len() * 6 && column.distinct() * 4 > n).then_some((column, n))
    });
    found.next().filter(|_| found.next().is_none())
}

/// Whether a column has first names alone: the last name is in none of its cells.
fn is_first_of(table: &Table, first: &Column, last: &Column) -> bool {
    let both = table.kept.iter().filter_map(|row| Some((row.get(&first.name)?, row.get(&last.name)?)));
    let mut both = both.filter(|(_, last)| last.trim().chars().count() > 1).peekable();
    both.peek().is_some() && both.all(|(first, last)| !first.to_lowercase().contains(&last.trim().to_lowercase()))
}

fn dates(table: &Table, lines: &mut Vec<Line>) {
    let dated = |column: &&Column| column.filled > 0 && column.dates * 10 >= column.filled * 9;
    let mut dates = table.columns.iter().filter(dated);
    if let Some(column) = dates.find(|column| matches!(column.member(), Some(("created_at", _)))) {
        lines.push(Line::new(format!("created_at = {}", quoted(&column.name)), "kept with --keep-dates"));
    }
    let mut dates = table.columns.iter().filter(dated);
    if let Some(column) = dates.find(|column| activity::SEEN.contains(&&*folded(&column.bare))) {
        lines.push(Line::new(format!("last_seen = {}", quoted(&column.name)), "kept with --keep-dates"));
    }
}
