//! Comparisons that say of whom something holds: `is_bot == 'true'`, `deleted_at != null`, `level < 1`, `banned_until > now`.

use toml::Value as Toml;

use super::column::Column;
use super::row::{Field, Here, Row};
use super::section::{Problem, Read, Section, texts};
use super::words;
use crate::format::Value;
use crate::source::kit::{common, status};

/// One comparison.
pub(in crate::source) struct Comparison {
    /// As it was written, for the refusal.
    pub(in crate::source) written: String,
    pub(in crate::source) column: Column,
    operator: Operator,
    /// One of them is enough.
    literals: Vec<Literal>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    NotLike,
}

enum Literal {
    /// Nothing, a blank, or what stands for nothing.
    Null,
    /// The record has no such column.
    Missing,
    /// A date that is understood.
    Date,
    Now,
    Bool(bool),
    Number(f64),
    Text(String),
}

// The longer ones first: `<=` begins like `<`.
const OPERATORS: [(&str, Operator); 8] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("!~", Operator::NotLike),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("~", Operator::Like),
];

impl Literal {
    fn read(written: &str) -> Option<Self> {
        let quoted = |quote| written.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
        Some(match written {
            "null" => Self::Null,
            "missing" => Self::Missing,
            "date" => Self::Date,
            "now" => Self::Now,
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            other => match (quoted('\'').or_else(|| quoted('"')), other.parse()) {
                (Some(text), _) => Self::Text(text.to_owned()),
                (None, Ok(number)) => Self::Number(number),
                _ => return None,
            },
        })
    }
}

impl Comparison {
    pub(in crate::source) fn read(at: &str, written: String) -> Read<Self> {
        let problem = |why: &str| Problem(format!("{at} `{written}`: {why}"));
        let split = OPERATORS.iter().filter_map(|(sign, operator)| {
            let (column, literal) = written.split_once(sign)?;
            Some((column.trim(), *operator, literal.trim()))
        });
        // The leftmost sign is the operator; others may stand in the text after it.
        let Some((column, operator, literal)) = split.min_by_key(|(column, ..)| column.len()) else {
            return Err(problem("write column, one of == != < <= > >= ~ !~, and a value"));
        };
        if column.is_empty() {
            return Err(problem("the column stands on the left"));
        }
        let literals = match literal.split(" | ").map(|part| Literal::read(part.trim())).collect::<Option<Vec<_>>>() {
            Some(literals) => literals,
            None => match Literal::read(literal) {
                Some(literal) => vec![literal],
                None => {
                    return Err(problem("the value is 'text', a number, true, false, null, missing, date or now"));
                }
            },
        };
        let (all, any) =
            (|is: fn(&Literal) -> bool| literals.iter().all(is), |is: fn(&Literal) -> bool| literals.iter().any(is));
        match operator {
            Operator::Equal | Operator::NotEqual if any(|l| matches!(l, Literal::Now)) => {
                return Err(problem("now is only less or greater"));
            }
            Operator::Like | Operator::NotLike if !all(|l| matches!(l, Literal::Text(_))) => {
                return Err(problem("~ and !~ compare with 'text', in which * stands for anything"));
            }
            Operator::Equal | Operator::NotEqual | Operator::Like | Operator::NotLike => {}
            _ if literals.len() > 1 || !all(|l| matches!(l, Literal::Number(_) | Literal::Now)) => {
                return Err(problem("only numbers and now can be less or greater"));
            }
            _ => {}
        }
        let mut column = Column::new(column);
        column.optional |= any(|literal| matches!(literal, Literal::Missing));
        Ok(Self { written, column, operator, literals })
    }

    /// Whether the column itself says of its user that they were deleted, as `deleted_at` and `status` do.
    pub(super) fn marks_deleted(&self, row: Row<'_, '_>) -> bool {
        let marks = |field: &Field<'_>| status::marks_deleted(self.column.last(), field.value(), row.now);
        if row.is_several(&self.column) {
            row.all(&self.column).iter().any(marks)
        } else {
            row.get(&self.column).as_ref().is_some_and(marks)
        }
    }

    /// Whether it holds; of several rows of another table, one is enough.
    pub(in crate::source) fn holds(&self, row: Row<'_, '_>) -> bool {
        let negated = matches!(self.operator, Operator::NotEqual | Operator::NotLike);
        let any = |value: Option<&Value<'_>>| self.literals.iter().any(|literal| self.compare(row, value, literal));
        let held = match row.here(std::slice::from_ref(&self.column)) {
            Here::Value(_, value) => any(Some(value)),
            Here::Nothing if !row.is_several(&self.column) => any(None),
            _ => self.holds_elsewhere(row, any),
        };
        held != negated
    }

    fn holds_elsewhere(&self, row: Row<'_, '_>, any: impl Fn(Option<&Value<'_>>) -> bool) -> bool {
        if row.is_several(&self.column) {
            let values = row.all(&self.column);
            values.iter().any(|field| any(Some(field.value()))) || values.is_empty() && any(None)
        } else {
            any(row.get(&self.column).as_ref().map(Field::value))
        }
    }

    fn compare(&self, row: Row<'_, '_>, value: Option<&Value<'_>>, literal: &Literal) -> bool {
        match literal {
            Literal::Null => value.is_none(),
            Literal::Missing => !row.has(&self.column),
            Literal::Date => value.and_then(common::moment).is_some(),
            Literal::Now => value.is_some_and(|value| match self.operator {
                Operator::Greater | Operator::GreaterOrEqual => common::is_ahead(value, row.now),
                _ => common::moment(value).is_some_and(|moment| moment <= row.now),
            }),
            Literal::Bool(expected) => value.and_then(common::truth) == Some(*expected),
            // What SQL has as text is a list in JSON: `roles ~ '*ROLE_*'`.
            Literal::Text(expected) => match value {
                Some(Value::List(items)) => items.iter().any(|item| self.compare(row, Some(item), literal)),
                value => value.and_then(Value::text).is_some_and(|text| match self.operator {
                    Operator::Like | Operator::NotLike => words::matches(expected, &text),
                    _ => *text == **expected,
                }),
            },
            Literal::Number(expected) => {
                let number = value.and_then(Value::text).and_then(|text| text.trim().parse::<f64>().ok());
                number.is_some_and(|number| {
                    let order = number.total_cmp(expected);
                    match self.operator {
                        Operator::Less => order.is_lt(),
                        Operator::LessOrEqual => order.is_le(),
                        Operator::Greater => order.is_gt(),
                        Operator::GreaterOrEqual => order.is_ge(),
                        _ => order.is_eq(),
                    }
                })
            }
        }
    }
}

/// Comparisons that hold together, or none, which hold of everybody.
#[derive(Default)]
pub(in crate::source) struct Conditions(pub(in crate::source) Vec<Comparison>);

impl Conditions {
    /// `"a == 1"`, or a list of such.
    pub(in crate::source) fn read(at: &str, value: Option<Toml>) -> Read<Self> {
        let Some(value) = value else { return Ok(Self::default()) };
        texts(at, value)?.into_iter().map(|written| Comparison::read(at, written)).collect::<Read<_>>().map(Self)
    }

    /// As [`Self::read`] of a section's key.
    pub(in crate::source) fn take(section: &mut Section, key: &'static str) -> Read<Self> {
        let at = section.at(key);
        Self::read(&at, section.take(key))
    }

    pub(in crate::source) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(in crate::source) fn hold(&self, row: Row<'_, '_>) -> bool {
        self.0.iter().all(|comparison| comparison.holds(row))
    }

    pub(in crate::source) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.0.iter().map(|comparison| &comparison.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::describe::row::Manner;
    use crate::source::kit::testing;

    #[test]
    fn comparisons_hold_as_they_read() {
        let cells = ["true", "", "2024-01-01", "3", "a == b"];
        let record = testing::row("", &["bot", "gone", "banned", "level", "text"], &cells);
        let manner = Manner::default();
        let row = Row::alone(&record, &manner);
        for (written, expected) in [
            ("bot == 'true'", true),
            ("bot == true", true),
            ("bot != true", false),
            ("gone != null", false),
            ("gone == null", true),
            ("banned != null", true),
            ("level < 4", true),
            ("level >= 3.5", false),
            ("level == 3", true),
            ("gone < 4", false),
            ("gone != 4", true),
            ("text == \"a == b\"", true),
            ("level == 1 | 3", true),
            ("level != '1' | '2'", true),
            ("text ~ 'a*b'", true),
            ("text ~ 'b*' | '*= b'", true),
            ("text !~ 'a*b'", false),
            ("none == missing", true),
            ("gone != missing", true),
            ("banned == date", true),
            ("bot == date", false),
            ("banned > now", true),
            ("banned < now", false),
            ("ba* == null", false),
            ("be* == null", true),
            ("be* == missing", true),
        ] {
            let Ok(comparison) = Comparison::read("skip", written.to_owned()) else { panic!("{written}") };
            assert_eq!(comparison.holds(row), expected, "{written}");
        }
    }

    #[test]
    fn of_a_list_one_item_is_enough() {
        let json = serde_json::json!({ "roles": ["ROLE_USER", "ROLE_ADMIN"], "none": [] });
        let record = testing::record(json);
        let manner = Manner::default();
        let row = Row::alone(&record, &manner);
        for (written, expected) in [
            ("roles ~ '*_ADMIN'", true),
            ("roles == 'ROLE_USER'", true),
            ("roles == 'ROLE_OTHER'", false),
            ("roles != 'ROLE_USER'", false),
            ("none ~ '*'", false),
        ] {
            let Ok(comparison) = Comparison::read("skip", written.to_owned()) else { panic!("{written}") };
            assert_eq!(comparison.holds(row), expected, "{written}");
        }
    }

    #[test]
    fn what_is_no_comparison_says_how_to_write_one() {
        for (written, why) in [
            ("is_bot", "one of =="),
            ("is_bot == yes", "'text', a number"),
            ("== 1", "on the left"),
            ("a < 'b'", "only numbers"),
            ("a ~ 1", "stands for anything"),
            ("a == now", "less or greater"),
        ] {
            let Err(Problem(text)) = Comparison::read("skip", written.to_owned()) else { panic!("{written}") };
            assert!(text.contains(why), "{text}");
        }
    }
}
