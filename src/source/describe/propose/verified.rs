//! Whether an address or a number is proven, by what stands beside that address, and not beside another.

use super::joins::Joins;
use super::links::Link;
use super::look::{Column, Table};
use super::{Line, join_name, number, people, quoted, rows};
use crate::source::systems::generic::{folded, member};

/// Adds the line of `key`, `email_verified` or `phone_verified`, for what `path` leads to.
pub(super) fn line(key: &str, table: &Table, path: &str, links: &[Link], joins: &mut Joins<'_>, lines: &mut Vec<Line>) {
    let of_join = path.split_once('.').filter(|(joined, _)| joins.read.keys().any(|table| join_name(table) == *joined));
    let Some((joined, rest)) = of_join else {
        let marked = people::marked(table, path);
        if let Some(column) = beside(table, key, path) {
            // Whoever has no address that is marked has another, of which this says nothing.
            let path = marked.map_or_else(
                || column.name.clone(),
                |(list, mark)| column.name.replacen(&format!("{list}.0."), &format!("{list}.{mark}."), 1),
            );
            lines.extend(reading(key, column, &path));
        }
        return;
    };
    let Some(&link) = links.iter().find(|link| join_name(&joins.tables[link.table].name) == joined) else { return };
    let other = &joins.tables[link.table];
    let Some(column) = beside(other, key, rest) else { return };
    // Of several addresses, one may be verified and another be the first.
    let one = link.single
        || people::only_primary(other).is_some_and(|primary| {
            let read = joins.read.get(&other.name).is_some_and(|(.., only)| only.contains(&primary));
            read && rows::is_one_each(other, link)
        });
    if one {
        let path = joins.path(link, &column.name);
        lines.extend(reading(key, column, &path));
    }
}

/// The column that says it: of the same row, or of the same object.
fn beside<'t>(table: &'t Table, key: &str, of: &str) -> Option<&'t Column> {
    let outer = |name: &str| name.rsplit_once('.').map(|(outer, _)| outer.to_owned());
    let of = outer(of);
    let what = if key == "email_verified" { "mail" } else { "phone" };
    let named = |column: &&Column| {
        let name = folded(&column.bare);
        let same = outer(&column.name) == of;
        let own = match (key, column.member()) {
            ("email_verified", Some((to, _))) => to == key,
            ("email_verified", None) => {
                ["verifiedon", "validatedat", "validatedon", "emailvalidated"].contains(&&*name)
            }
            _ => member(&column.bare).is_some_and(|(to, _)| to == key) || of.is_some() && same && name == "verified",
        };
        // A flag that says of what it is may stand further out than that.
        column.filled > 0 && own && (same || name.contains(what) && outer(&column.name).is_none())
    };
    let rank = |column: &&Column| column.member().map_or(99, |(_, rank)| rank);
    table.columns.iter().filter(named).min_by_key(rank)
}

fn reading(key: &str, column: &Column, path: &str) -> Option<Line> {
    let (toml, n) = if column.dates * 2 > column.filled {
        (format!("{key} = {{ from = {}, as = \"nonempty\" }}", quoted(path)), column.dates)
    } else if column.yes + column.no == column.filled {
        (format!("{key} = {}", quoted(path)), column.yes)
    } else {
        return None;
    };
    Some(Line::new(toml, format!("{} are", number(n))))
}
