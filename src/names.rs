//! Names and their places, found quickly: columns of a table, spellings of schemes.

use rustc_hash::FxHashMap;

/// A list of names in order, and where each first stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    list: Vec<String>,
    /// Hashed for speed, as sources ask for twenty columns a row; not against attack, as users do not name columns.
    places: FxHashMap<Box<str>, usize>,
}

impl Names {
    /// These names, in order. Repeated ones keep their places, but only the first is found.
    #[must_use]
    pub fn new(list: Vec<String>) -> Self {
        let mut places = FxHashMap::default();
        for (index, name) in list.iter().enumerate() {
            places.entry(name.as_str().into()).or_insert(index);
        }
        Self { list, places }
    }

    /// The names in order.
    #[must_use]
    pub fn list(&self) -> &[String] {
        &self.list
    }

    /// Where that exact name first stands.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }
}

/// The words of a name: those of `tabUser_2` are `tab`, `user` and `2`.
pub(crate) fn words_of(name: &str) -> Vec<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_the_first_of_equal_ones() {
        let list: Vec<String> = (0..500).map(|n| format!("c{}", n % 400)).collect();
        let names = Names::new(list.clone());
        for name in &list {
            assert_eq!(names.index(name), list.iter().position(|n| n == name), "{name}");
        }
        assert_eq!((names.index("c400"), names.index(""), Names::new(Vec::new()).index("c1")), (None, None, None));
    }
}
