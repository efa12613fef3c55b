//! What the names of tables say.

use super::look::Table;
pub(super) use crate::names::words_of;

/// The words of a table's name: those of `tabUser` are `tab` and `user`.
pub(super) fn words(table: &Table) -> Vec<String> {
    words_of(&table.name)
}

/// Whether a table keeps what was, by its name: nobody signs in with a hash of it.
pub(super) fn is_of_the_past(table: &Table) -> bool {
    const WORDS: [&str; 14] = [
        "history",
        "histories",
        "hist",
        "old",
        "previous",
        "past",
        "archive",
        "archived",
        "audit",
        "log",
        "logs",
        "backup",
        "bak",
        "former",
    ];
    words(table).iter().any(|word| WORDS.contains(&word.as_str()))
}
