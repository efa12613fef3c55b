//! How the database compares and searches text: MariaDB without case, accents and trailing blanks, and by words of which the
//! last may go on; PostgreSQL exactly, though what is unique is so without case and accents, and by whole words.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::sandbox::traits::Database;

/// A text whose bytes compare as `utf8mb4_general_ci` compares the text, or as PostgreSQL's unique indexes do. Indexes hold
/// it: SQLite then compares without asking anybody.
pub fn key(text: &str, database: Database) -> Cow<'_, str> {
    match database {
        Database::Mariadb => fold(text.trim_end_matches(' ')),
        Database::Postgresql => fold(text),
    }
}

/// Whether two texts whose keys are the same are equal.
pub fn same(one: &str, other: &str, database: Database) -> bool {
    match database {
        Database::Mariadb => true,
        Database::Postgresql => one == other,
    }
}

/// What the database keeps of a text: PostgreSQL knows no NUL, and what follows one is lost.
pub fn kept(text: &str, database: Database) -> &str {
    match database {
        Database::Mariadb => text,
        Database::Postgresql => text.split('\0').next().unwrap_or_default(),
    }
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_uppercase)
}

/// The text as the collation sees it but for blanks at its end, which count in `LIKE`.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { text.to_ascii_uppercase().into() } else { folded(text).collect::<String>().into() }
}

/// The shortest word in a full-text index of InnoDB.
const SHORTEST_WORD: usize = 3;

/// InnoDB's default stop words, which are not indexed.
const STOP_WORDS: &[&str] = &[
    "a", "about", "an", "are", "as", "at", "be", "by", "com", "de", "en", "for", "from", "how", "i", "in", "is", "it",
    "la", "of", "on", "or", "that", "the", "this", "to", "was", "what", "when", "where", "who", "will", "with", "und",
    "the", "www",
];

/// A search as utopia-php/database words it for MariaDB's boolean mode: reserved characters become blanks, and the last
/// word finds its prefixes; a search in quotes finds its words in a row.
pub enum Search {
    /// Any of the words, or a word that starts with the prefix, if there is one.
    Words { words: Vec<String>, prefix: Option<String> },
    /// All of the words, in this order, without others between them.
    Phrase(Vec<String>),
    /// Nothing is left to search for.
    Nothing,
}

impl Search {
    /// Reads the search term.
    pub fn new(term: &str, database: Database) -> Self {
        let quoted = term.len() > 1 && term.starts_with('"') && term.ends_with('"');
        let cleaned = term.replace(['@', '+', '-', '*', ')', '(', '<', '>', '~', '"'], " ");
        let mut words: Vec<String> = words(&cleaned).collect();
        // PHP's `empty("0")`.
        if cleaned.trim() == "0" {
            return Self::Nothing;
        }
        if quoted {
            words.retain(|word| is_indexed(word));
            return if words.is_empty() { Self::Nothing } else { Self::Phrase(words) };
        }
        if words.is_empty() {
            return Self::Nothing;
        }
        let prefix = if database == Database::Mariadb { words.pop() } else { None };
        words.retain(|word| is_indexed(word));
        Self::Words { words, prefix }
    }

    /// Whether the text is found.
    pub fn matches(&self, text: &str) -> bool {
        let mut indexed = words(text).filter(|word| is_indexed(word));
        match self {
            Self::Nothing => false,
            Self::Words { words, prefix } => {
                let begins = |word: &String| prefix.as_ref().is_some_and(|prefix| word.starts_with(prefix.as_str()));
                indexed.any(|word| begins(&word) || words.contains(&word))
            }
            Self::Phrase(phrase) => {
                let indexed: Vec<String> = indexed.collect();
                indexed.windows(phrase.len()).any(|window| window == phrase)
            }
        }
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).map(|w| fold(w).into_owned())
}

fn is_indexed(word: &str) -> bool {
    word.chars().count() >= SHORTEST_WORD && !STOP_WORDS.iter().any(|stop| stop.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Cow<'_, str> {
        super::key(text, Database::Mariadb)
    }

    #[test]
    fn case_accents_and_trailing_blanks_do_not_count() {
        assert_eq!(key("Émile "), key("emile"));
        assert_eq!(key("UPPERx"), key("upperX"));
        assert_ne!(key(" a"), key("a"));
        assert!(key("ann 0") < key("Bob"));
        assert!(key("Zoë") < key("zoz") && key("Zod") < key("zoë"));
    }

    /// Observed on a running 1.9.6.
    #[test]
    fn the_last_word_of_a_search_finds_prefixes() {
        let text = "b-x7 b.lx7@example.org +4915 Bob x7f3k2";
        for found in ["Bo", "bob", "x7f", "Cid x7f3k2", "\"bob x7f3k2\"", "example"] {
            assert!(Search::new(found, Database::Mariadb).matches(text), "{found}");
        }
        for lost in ["ob", "Cid", "\"", "+", "()", "@", "\"x7f3k2 bob\"", "0"] {
            assert!(!Search::new(lost, Database::Mariadb).matches(text), "{lost}");
        }
    }

    /// Observed on a running server.
    #[test]
    fn postgresql_compares_exactly_and_keeps_no_nul() {
        let database = Database::Postgresql;
        assert_eq!(super::key("ABC", database), super::key("abc", database));
        assert_ne!(super::key("a ", database), super::key("a", database));
        assert!(!same("ABC", "abc", database) && same("ABC", "abc", Database::Mariadb));
        assert_eq!((kept("a\0b", database), kept("a\0b", Database::Mariadb)), ("a", "a\0b"));
        assert!(!Search::new("Bo", database).matches("Bob") && Search::new("Bob", database).matches("bob x"));
    }
}
