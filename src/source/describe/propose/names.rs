//! What the names of tables say.

use super::look::Table;

/// The words of a table's name: those of `tabUser` are `tab` and `user`.
pub(super) fn words(table: &Table) -> Vec<String> {
    words_of(&table.name)
}

pub(super) fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() && before.is_lowercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
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
