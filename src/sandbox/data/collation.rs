//! How MariaDB compares and searches text: without case, accents and trailing blanks, and by words.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A text whose bytes compare as `utf8mb4_general_ci` compares the text. Indexes hold it: SQLite then compares without
/// asking anybody.
pub fn key(text: &str) -> Cow<'_, str> {
    fold(text.trim_end_matches(' '))
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
    /// Any of the words, or a word that starts with the prefix.
    Words { words: Vec<String>, prefix: String },
    /// All of the words, in this order, without others between them.
    Phrase(Vec<String>),
    /// Nothing is left to search for.
    Nothing,
}

impl Search {
    /// Reads the search term.
    pub fn new(term: &str) -> Self {
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
        let Some(prefix) = words.pop() else { return Self::Nothing };
        words.retain(|word| is_indexed(word));
        Self::Words { words, prefix }
    }

    /// Whether the text is found.
    pub fn matches(&self, text: &str) -> bool {
        let mut indexed = words(text).filter(|word| is_indexed(word));
        match self {
            Self::Nothing => false,
            Self::Words { words, prefix } => {
                indexed.any(|word| word.starts_with(prefix.as_str()) || words.contains(&word))
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
            assert!(Search::new(found).matches(text), "{found}");
        }
        for lost in ["ob", "Cid", "\"", "+", "()", "@", "\"x7f3k2 bob\"", "0"] {
            assert!(!Search::new(lost).matches(text), "{lost}");
        }
    }
}
