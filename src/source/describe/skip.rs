//! `[where] skip`: simple comparisons that say whom to leave out. `is_bot == 'true'`, `deleted_at != null`, `level < 1`.

use super::row::Row;
use super::section::{Problem, Read};
use crate::format::Value;
use crate::source::kit::common;

/// One comparison.
pub(in crate::source) struct Comparison {
    /// As it was written, for the refusal.
    pub(in crate::source) written: String,
    pub(in crate::source) column: String,
    operator: Operator,
    literal: Literal,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

// The longer ones first: `<=` begins like `<`.
const OPERATORS: [(&str, Operator); 6] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl Comparison {
    pub(in crate::source) fn read(written: String) -> Read<Self> {
        let problem = |why: &str| Problem(format!("[where] skip `{written}`: {why}"));
        let split = OPERATORS.iter().filter_map(|(sign, operator)| {
            let (column, literal) = written.split_once(sign)?;
            Some((column.trim(), *operator, literal.trim()))
        });
        // The leftmost sign is the operator; others may stand in the text after it.
        let Some((column, operator, literal)) = split.min_by_key(|(column, ..)| column.len()) else {
            return Err(problem("write column, one of == != < <= > >=, and a value"));
        };
        if column.is_empty() {
            return Err(problem("the column stands on the left"));
        }
        let quoted = |quote| literal.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
        let literal = match literal {
            "null" => Literal::Null,
            "true" => Literal::Bool(true),
            "false" => Literal::Bool(false),
            other => match (quoted('\'').or_else(|| quoted('"')), other.parse()) {
                (Some(text), _) => Literal::Text(text.to_owned()),
                (None, Ok(number)) => Literal::Number(number),
                _ => return Err(problem("the value is 'text', a number, true, false or null")),
            },
        };
        let ordered = !matches!(operator, Operator::Equal | Operator::NotEqual);
        if ordered && !matches!(literal, Literal::Number(_)) {
            return Err(problem("only numbers can be less or greater"));
        }
        Ok(Self { column: column.to_owned(), written, operator, literal })
    }

    /// Whether the record is left out.
    pub(in crate::source) fn holds(&self, row: Row<'_, '_>) -> bool {
        let found = row.get(&self.column);
        let value = found.as_ref().map(super::row::Field::value);
        let text = value.and_then(Value::text);
        let equal = match &self.literal {
            Literal::Null => value.is_none(),
            Literal::Bool(expected) => value.and_then(common::truth) == Some(*expected),
            Literal::Text(expected) => text.as_deref() == Some(expected.as_str()),
            Literal::Number(expected) => {
                let Some(number) = text.and_then(|text| text.trim().parse::<f64>().ok()) else {
                    return self.operator == Operator::NotEqual;
                };
                let order = number.total_cmp(expected);
                return match self.operator {
                    Operator::Equal => order.is_eq(),
                    Operator::NotEqual => order.is_ne(),
                    Operator::Less => order.is_lt(),
                    Operator::LessOrEqual => order.is_le(),
                    Operator::Greater => order.is_gt(),
                    Operator::GreaterOrEqual => order.is_ge(),
                };
            }
        };
        equal == (self.operator == Operator::Equal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::kit::testing;

    #[test]
    fn comparisons_hold_as_they_read() {
        let cells = ["true", "", "2024-01-01", "3", "a == b"];
        let record = testing::row("", &["bot", "gone", "banned", "level", "text"], &cells);
        let row = Row { record: &record, null: &[], lenient: false, joined: None };
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
        ] {
            let Ok(comparison) = Comparison::read(written.to_owned()) else { panic!("{written}") };
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
        ] {
            let Err(Problem(text)) = Comparison::read(written.to_owned()) else { panic!("{written}") };
            assert!(text.contains(why), "{text}");
        }
    }
}
