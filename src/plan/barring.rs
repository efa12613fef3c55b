//! Columns that nobody reads, and places in them, of which cells say that their user may have been kept out. Names that people's own
//! data has given are none of a place: there are as many as there are people, and they tell who somebody is.

use std::collections::HashMap;

use crate::source::kit::status::Trace;

/// A column, or what stands at a path in it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub cells: u64,
    /// How the column is looked at; a member of an object is looked at by itself.
    pub trace: Option<Trace>,
    /// Whether it stands somewhere within the column, under names that say nothing.
    pub within: bool,
}

/// What was seen, by column or path.
#[derive(Debug, Default)]
pub(super) struct Barring(HashMap<String, Place>);

/// So many places are told apart.
const PLACES: usize = 256;

/// So many of one column are.
const OF_A_COLUMN: usize = 8;

impl Barring {
    /// Notes a cell of a column that says it at this path, which is the column's name where it is not of an object.
    pub(super) fn note(&mut self, path: String, column: &str, trace: Trace) {
        if path == column {
            self.add(path, Place { cells: 1, trace: Some(trace), within: false });
        } else if path[column.len()..].split(['.', '=']).all(is_name)
            && (self.0.len() < PLACES || self.0.contains_key(&path))
        {
            self.add(path, Place { cells: 1, trace: None, within: false });
        } else {
            self.add(column.to_owned(), Place { cells: 1, trace: Some(trace), within: true });
        }
    }

    fn add(&mut self, path: String, place: Place) {
        let mine = self.0.entry(path).or_insert(Place { cells: 0, ..place });
        mine.cells += place.cells;
        mine.trace = mine.trace.or(place.trace);
        mine.within |= place.within;
    }

    /// Adds what another batch saw.
    pub(super) fn merge(&mut self, other: Self) {
        for (path, place) in other.0 {
            if self.0.len() < PLACES || place.trace.is_some() || self.0.contains_key(&path) {
                self.add(path, place);
            } else {
                let column = path.split('.').next().unwrap_or_default().to_owned();
                self.add(column, Place { trace: Some(Trace::Word), within: true, ..place });
            }
        }
    }

    /// All of it, most cells first. Where a column has many places, their names are the data's own.
    pub(super) fn listed(self) -> Vec<(String, Place)> {
        let column = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
        let mut places: HashMap<String, usize> = HashMap::new();
        for path in self.0.iter().filter(|(_, place)| place.trace.is_none()).map(|(path, _)| path) {
            *places.entry(column(path)).or_default() += 1;
        }
        let mut told = Self::default();
        for (path, place) in self.0 {
            let outer = column(&path);
            if place.trace.is_none() && places.get(&outer).is_some_and(|n| *n > OF_A_COLUMN) {
                told.add(outer, Place { trace: Some(Trace::Word), within: true, ..place });
            } else {
                told.add(path, place);
            }
        }
        let mut listed: Vec<_> = told.0.into_iter().collect();
        listed.sort_by(|(a, x), (b, y)| y.cells.cmp(&x.cells).then_with(|| a.cmp(b)));
        listed
    }
}

/// Whether a part of a path is a name that a program gave, or a place in a short list, and no key of the data's own.
fn is_name(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    part.len() <= 40 && digits < 4 && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(paths: impl IntoIterator<Item = String>) -> Vec<(String, u64, bool)> {
        let mut barring = Barring::default();
        for path in paths {
            let mut batch = Barring::default();
            batch.note(path, "groups", Trace::Word);
            barring.merge(batch);
        }
        barring.listed().into_iter().map(|(path, place)| (path, place.cells, place.within)).collect()
    }

    #[test]
    fn keys_of_the_data_are_nobodys_names() {
        for key in ["ann.secret@example.com", "64f0c2a9b7", "1234", "https://example.com"] {
            assert_eq!(told([format!("groups.{key}.banned")]), [("groups".to_owned(), 1, true)], "{key}");
        }
        assert_eq!(
            told((0..9000).map(|n| format!("groups.g{}{}.banned", n % 30, "x".repeat(n / 30 % 30)))),
            [("groups".to_owned(), 9000, true)]
        );
        let few = ["groups.shop.banned", "groups.0.disabled", "groups.key=banned.value", "groups"];
        let told = told(few.map(str::to_owned));
        assert!(told.len() == 4 && told.iter().all(|(_, cells, within)| *cells == 1 && !within), "{told:?}");
    }
}
