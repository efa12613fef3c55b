//! Columns of yes and no, or of a day for some, of which nobody knows what they say: that nobody is kept out by them is said, so that
//! silence is no promise.

use rustc_hash::FxHashMap;

use crate::format::Value;
use crate::source::kit::common;

/// Nothing is written.
const NOTHING: u8 = 1;
const YES: u8 = 2;
const NO: u8 = 4;
/// A day.
const DAY: u8 = 8;
/// Anything else: the column is no answer.
pub(super) const OTHER: u8 = 128;

/// What a cell is.
pub(super) fn of(value: &Value<'_>) -> u8 {
    if value.is_empty() {
        return NOTHING;
    }
    match (common::truth(value), value) {
        (Some(true), _) => YES,
        (Some(false), _) => NO,
        (None, Value::Text(text)) if text.eq_ignore_ascii_case("x") => YES,
        (None, Value::Text(text))
            if (8..=32).contains(&text.len()) && text.parse::<f64>().is_err() && common::moment(value).is_some() =>
        {
            DAY
        }
        _ => OTHER,
    }
}

/// So many columns are named.
const NAMED: usize = 8;

/// What is said of such columns.
pub(super) fn said(seen: &FxHashMap<String, u8>) -> Option<String> {
    // When somebody was there, was born or was written to keeps nobody out.
    const HARMLESS: [&str; 10] = ["birth", "geb", "creat", "updat", "modif", "login", "seen", "visit", "last", "sent"];
    let is_day_of_theirs = |column: &str, seen: u8| {
        let lower = column.to_lowercase();
        seen & DAY != 0 && HARMLESS.iter().any(|word| lower.contains(word))
    };
    let is_open = |seen: u8| {
        seen & OTHER == 0 && (seen & (YES | NO) == YES | NO || seen & NOTHING != 0 && seen & (YES | DAY) != 0)
    };
    let open = seen.iter().filter(|(column, seen)| is_open(**seen) && !is_day_of_theirs(column, **seen));
    let mut names: Vec<_> = open.map(|(column, _)| format!("`{column}`")).collect();
    if names.is_empty() {
        return None;
    }
    names.sort_unstable();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!(
        "not understood, and nobody is kept out by it: {}{more}; where one says who may sign in, [user] enabled of a mapping file \
         reads it (--map)",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::kit::testing;
    use serde_json::json;

    #[test]
    fn a_column_of_answers_is_told_from_all_others() {
        for (column, cells, expected) in [
            ("foo", json!(["0", "1"]), true),
            ("foo", json!([true, false]), true),
            ("foo", json!(["", "X"]), true),
            ("foo", json!(["", "2024-01-01"]), true),
            ("foo", json!(["2023-01-01", "2024-01-01"]), false),
            ("foo", json!(["1", "1"]), false),
            ("foo", json!(["0", "1", "2"]), false),
            ("foo", json!(["", "Ann"]), false),
            ("birthday", json!(["", "2024-01-01"]), false),
        ] {
            let mut seen = FxHashMap::default();
            for cell in cells.as_array().unwrap() {
                *seen.entry(column.to_owned()).or_default() |= of(&testing::value(cell.clone()));
            }
            assert_eq!(said(&seen).is_some(), expected, "{column} {cells}");
        }
    }
}
