//! What stands beside a column of hashes: others, of which one counts, and what may be their salt.

use std::collections::BTreeSet;

use super::links::Link;
use super::look::{Column, Table};
use super::{names, people};
use crate::source::kit::salts;
use crate::source::systems::generic::folded;

/// Another column with hashes of the same people, of which one is not the other's by its scheme.
pub(super) fn rival<'t>(table: &'t Table, column: &Column) -> Option<&'t Column> {
    // Windows keeps its own beside the others.
    const NAMES: [&str; 9] = ["pass", "pwd", "hash", "kennwort", "clave", "contrasen", "senha", "mdp", "wachtwoord"];
    const OF_WINDOWS: [&str; 5] = ["ntpassword", "lmpassword", "nthash", "lmhash", "ntlm"];
    let of_windows = |column: &Column| OF_WINDOWS.iter().any(|name| folded(&column.name).contains(name));
    table.columns.iter().find(|other| {
        other.name != column.name
            && (other.is_secret()
                || other.role.is_none() && NAMES.iter().any(|name| folded(&other.bare).contains(name)))
            && other.hashed() > 0
            && other.objects == 0
            && !other.name.contains('.')
            && !people::is_another_secret(other)
            && !names_schemes(other)
            && !of_windows(other)
            && table.kept.iter().any(|row| row.get(&other.name).is_some_and(|hash| row.get(&column.name) != Some(hash)))
    })
}

/// Whether a column says what made the hashes: `passwd_hash_algo`.
fn names_schemes(column: &Column) -> bool {
    let words = names::words_of(&column.bare);
    words
        .iter()
        .any(|word| ["algo", "algorithm", "hasher", "scheme", "type", "method", "format"].contains(&word.as_str()))
}

/// Hashes in a table of the same people, of those whose own is empty: where, in which column, and of how many.
pub(super) fn left_elsewhere<'t>(
    tables: &'t [Table],
    table: &Table,
    links: &[Link],
    column: &Column,
) -> Option<(Link, &'t Column, u64)> {
    let counts = |link: &&Link| link.whose && !names::is_of_the_past(&tables[link.table]);
    links.iter().filter(counts).find_map(|&link| {
        let other = &tables[link.table];
        let theirs = people::secret(other).filter(|theirs| theirs.hashed() > 0)?;
        let (key, of) = (&other.columns[link.key].name, &table.columns[link.of].name);
        let with = other.kept.iter().filter(|row| row.contains_key(&theirs.name)).filter_map(|row| row.get(key));
        let with: BTreeSet<&String> = with.collect();
        let without = table.kept.iter().filter(|row| !row.contains_key(&column.name));
        let left = without.filter(|row| row.get(of).is_some_and(|own| with.contains(own))).count();
        (left > 0).then_some((link, theirs, left as u64))
    })
}

/// The columns beside bare digests that may be their salts, the likeliest first, and why.
pub(super) fn salts_of<'t>(table: &'t Table, column: &Column) -> Vec<(&'t Column, String)> {
    let free = |other: &&Column| {
        let plain = other.objects + other.lists + other.hashed() + other.addresses == 0;
        let unread = other.role.is_none() && other.member().is_none() && other.meaning.is_none();
        other.name != column.name && plain && unread && other.filled > 0 && other.filled >= column.hashed()
    };
    let cells = |of: &Column| -> Vec<&str> {
        table.kept.iter().filter_map(|row| row.get(&of.name)).map(String::as_str).collect()
    };
    let found = table.columns.iter().filter(|_| column.is_bare()).filter(free);
    let mut found: Vec<_> =
        found.filter_map(|other| Some((other, salts::may_be(&other.name, cells(other))?))).collect();
    found.sort_by_key(|(other, _)| !salts::is_named(&other.name));
    found
}
