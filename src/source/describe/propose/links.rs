//! Which rows of other tables belong to those of the people, by their keys.

use std::collections::BTreeSet;

use super::look::{Column, Table};
use crate::source::systems::generic::folded;

/// Words for people, in names of tables and kinds.
pub(super) const PEOPLE: [&str; 22] = [
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

impl Link {
    /// Whether the users' column leads there (`partner_id`), and not the other table's to the users.
    pub(super) fn is_forward(&self, tables: &[Table]) -> bool {
        self.named && folded(&tables[self.table].columns[self.key].name) == "id"
    }
}

/// The rows of other tables that belong to those of this one: their column holds values of one of its own that has each once.
pub(super) fn of(tables: &[Table], at: usize) -> Vec<Link> {
    let table = &tables[at];
    let unique: Vec<usize> = (0..table.columns.len())
        .filter(|&of| table.columns[of].meaning.is_none())
        .filter(|&of| table.columns[of].is_unique() && table.columns[of].filled * 10 >= table.looked * 9)
        .collect();
    let mut links = Vec::new();
    for (other, theirs) in tables.iter().enumerate().filter(|(other, theirs)| *other != at && theirs.rows > 0) {
        let found = theirs.columns.iter().enumerate().filter(|(_, key)| key.filled > 0).filter_map(|(key, column)| {
            // One that is called the same and holds the same is the one that is meant, and not a mere number that fits as well.
            let twin = table.columns.iter().position(|own| is_twin(column, own));
            let of = unique
                .iter()
                .copied()
                .filter(|of| twin.is_none_or(|twin| twin == *of))
                .filter_map(|of| Some((of, belongs(column, &table.columns[of], [&table.name, &theirs.name])?)));
            let (of, named) = of.max_by_key(|&(of, named)| (named, std::cmp::Reverse(of)))?;
            let of_kind =
                ["type", "role", "group", "kind", "status"].iter().any(|kind| folded(&column.bare).contains(kind));
            Some(Link { table: other, key, of, single: column.is_unique(), named, whose: !of_kind })
        });
        let found = found.max_by_key(|link| (link.named, std::cmp::Reverse(link.key)));
        links.extend(found.filter(|link| link.named).or_else(|| base(theirs, other, table)).or(found));
    }
    links
}

/// Whether two columns have one name, which says more than `id`, and mostly the same values.
fn is_twin(key: &Column, own: &Column) -> bool {
    let name = folded(&key.name);
    name == folded(&own.name)
        && name.ends_with("id")
        && name != "id"
        && own.distinct() > 1
        && key.distinct() > 1
        && key.among(own) * 10 >= key.distinct() * 8
}

/// The table that has a row for everything, each with its kind, and the people's among them under the same keys: what it
/// says of one of those it says of a person.
fn base(theirs: &Table, other: usize, table: &Table) -> Option<Link> {
    const KINDS: [&str; 7] = ["type", "kind", "class", "dtype", "discriminator", "objecttype", "elementtype"];
    let is_key = |column: &Column| matches!(column.member(), Some(("id", _))) && column.is_unique();
    let (key, id) = theirs.columns.iter().enumerate().find(|(_, column)| is_key(column))?;
    let of = table.columns.iter().position(|column| is_key(column) && column.name == id.name)?;
    let own = &table.columns[of];
    if own.distinct() < 2 || own.among(id) != own.distinct() {
        return None;
    }
    let ours: BTreeSet<&String> = table.kept.iter().filter_map(|row| row.get(&own.name)).collect();
    let of_people = |kind: &&Column| {
        let mut kinds = kind.values.iter().flat_map(|values| values.keys());
        KINDS.contains(&&*folded(&kind.bare))
            && kinds.any(|value| {
                let last = value.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
                let rows = theirs.kept.iter().filter(|row| row.get(&kind.name) == Some(value));
                let theirs: BTreeSet<&String> = rows.filter_map(|row| row.get(&id.name)).collect();
                PEOPLE.contains(&last.as_str()) && !theirs.is_empty() && theirs.is_subset(&ours)
            })
    };
    theirs.columns.iter().any(|kind| of_people(&kind)).then_some(Link {
        table: other,
        key,
        of,
        single: true,
        named: true,
        whose: true,
    })
}

/// Of which installation or tenant all are says of none whose it is.
const WHERE: [&str; 8] = ["app", "tenant", "realm", "org", "instance", "site", "project", "organization"];

/// Whether a column holds another's values, and whether its name says so.
fn belongs(key: &Column, of: &Column, [table, theirs]: [&str; 2]) -> Option<bool> {
    const WHOSE: [&str; 14] = [
        "user", "member", "account", "customer", "identity", "person", "profile", "owner", "player", "client",
        "student", "uid", "parent", "entity",
    ];
    let (name, own) = (folded(&key.name), folded(&of.name));
    // Names, dates and titles are nobody's key.
    let told = |column: &Column, names: &[&str]| {
        let said = column.member().map(|(to, _)| to);
        let name = column.name.to_ascii_lowercase();
        column.is_secret()
            // Long numbers could be days, too.
            || column.dates > 0 && !name.ends_with("id")
            || said.is_some_and(|said| names.contains(&said))
            || ["display", "comment", "description", "title"].iter().any(|word| name.contains(word))
            || ["activity", "creation", "created", "modified", "updated", "changed", "stamp", "time"]
                .iter()
                .any(|word| folded(&column.name).ends_with(word))
    };
    // Some systems call what people sign in with their name.
    let identity = name == own && name == "name" && key.addresses > 0;
    if told(key, if identity { &[] } else { &["name", "first_name", "last_name"] })
        || told(of, &["first_name", "last_name"])
    {
        return None;
    }
    let singular = |table: &str| {
        let last = folded(table.rsplit(['.', '_']).next().unwrap_or(table));
        last.strip_suffix('s').unwrap_or(&last).to_owned()
    };
    // `partner_id` leads to the `id` of `res_partner`.
    let leads = name == "id" && own.strip_suffix("id").is_some_and(|stem| stem.len() > 2 && stem == singular(theirs));
    let singular = singular(table);
    let is_where = WHERE.iter().any(|of| name.strip_suffix("id") == Some(of) || name.strip_suffix("sid") == Some(of));
    if is_where {
        return None;
    }
    // A table of one row has one of everything.
    let named = name == own && of.distinct() > 1 && !["id", "name"].contains(&&*name)
        || (name.ends_with("id") || name.ends_with("username") || name.ends_with("login"))
            && (WHOSE.iter().any(|whose| name.contains(whose)) || singular.len() > 2 && name.contains(&singular))
        || leads;
    // Whatever the column's name is: long values are not the same by chance, unless they are addresses.
    let telling = key.telling && of.telling && (key.addresses == 0 || identity);
    // Of those to whom somebody leads, others may be nobody's.
    let same = if leads {
        of.distinct() > 1 && of.among(key) * 10 >= of.distinct() * 8
    } else {
        key.distinct() > 0 && key.among(of) * 10 >= key.distinct() * 8
    };
    (same && (named || telling)).then_some(named)
}
