//! Whether something holds of a user: verified, enabled.

use jiff::Timestamp;
use toml::Value as Toml;

use super::column::Column;
use super::condition::Conditions;
use super::row::Row;
use super::section::{Problem, Read, Section, texts};
use super::words::Words;
use crate::code::Refusal;
use crate::format::Value;
use crate::source::kit::common;
use crate::source::kit::status::{self, Meaning, Standing};
use crate::source::kit::strict;

/// Yes or no: `true`, `"column"`, or a table of `from` and how to read it.
pub(in crate::source) enum Flag {
    Const(bool),
    Column {
        from: Vec<Column>,
        reading: Reading,
        default: Option<bool>,
        /// It says nothing of others.
        when: Conditions,
    },
    /// `{ when = … }`: yes, if that holds.
    When(Conditions),
    /// `[{ from = … }, { from = … }]`: no, as soon as one says so.
    All(Vec<Flag>),
    /// `{ any = […] }`: yes, as soon as one says so.
    Any(Vec<Flag>),
}

/// What makes a column a yes.
pub(in crate::source) enum Reading {
    /// It says so, as people write it.
    Bool,
    /// `not`: the column says no.
    Not,
    /// `nonempty`: the column holds anything but nothing and nulls.
    Nonempty,
    /// `empty`: the column holds nothing, or a null.
    Empty,
    /// It holds a date that is understood.
    Date,
    /// It holds a date to come.
    Future,
    /// It holds nothing, or a date that has passed.
    NotFuture,
    /// `status`: it says who may sign in as a column of its name does, in words, flags and dates.
    Status,
    /// `address`: it holds the user's own.
    Address,
    /// It holds one of the first; with the second given, anything in neither is refused.
    Values(Words, Words),
}

const READINGS: [&str; 9] = ["bool", "not", "nonempty", "empty", "date", "future", "not_future", "address", "status"];

impl Flag {
    pub(in crate::source) fn read(at: &str, value: Toml) -> Read<Self> {
        let each = |flags: Vec<Toml>| flags.into_iter().map(|flag| Self::read(at, flag)).collect::<Read<_>>();
        let table = match value {
            Toml::Boolean(constant) => return Ok(Self::Const(constant)),
            Toml::Table(table) => table,
            Toml::Array(flags) if flags.iter().any(Toml::is_table) => return each(flags).map(Self::All),
            other => {
                let from = Column::list(texts(at, other)?);
                return Ok(Self::Column { from, reading: Reading::Bool, default: None, when: Conditions::default() });
            }
        };
        let mut section = Section::new(at, table);
        let from = section.texts("from")?;
        let any = section.take("any");
        let when = Conditions::take(&mut section, "when")?;
        let (yes, no) = (section.texts("true_values")?, section.texts("false_values")?);
        let reading = match section.one_of("as", &READINGS)? {
            None if !yes.is_empty() || !no.is_empty() => Reading::Values(Words::list(yes), Words::list(no)),
            None | Some(0) => Reading::Bool,
            Some(1) => Reading::Not,
            Some(2) => Reading::Nonempty,
            Some(3) => Reading::Empty,
            Some(4) => Reading::Date,
            Some(5) => Reading::Future,
            Some(6) => Reading::NotFuture,
            Some(7) => Reading::Address,
            Some(_) => match from.iter().find(|path| status::meaning(last(path)).is_none()) {
                None => Reading::Status,
                Some(column) => {
                    let said =
                        "does not say by its name which way round it is; say it with true_values or false_values";
                    return Err(Problem(format!("{at}: `{column}` {said}")));
                }
            },
        };
        let default = section.flag("default")?;
        section.end()?;
        match (from.is_empty(), any) {
            (true, Some(Toml::Array(flags))) if when.is_empty() => each(flags).map(Self::Any),
            (_, Some(_)) => Err(Problem(format!("{at} any is a list, and stands alone"))),
            (true, None) if !when.is_empty() => Ok(Self::When(when)),
            (true, None) => Err(Problem(format!("{at} needs from"))),
            (false, None) => Ok(Self::Column { from: Column::list(from), reading, default, when }),
        }
    }

    /// `None` where the column says nothing and no default is given. `email` is the user's address.
    pub(in crate::source) fn of(&self, row: Row<'_, '_>, email: Option<&str>) -> Result<Option<bool>, Refusal> {
        let (from, reading, default) = match self {
            Self::Const(constant) => return Ok(Some(*constant)),
            Self::Column { when, .. } if !when.hold(row) => return Ok(None),
            Self::Column { from, reading, default, .. } => (from, reading, *default),
            Self::When(conditions) => return Ok(Some(conditions.hold(row))),
            Self::All(flags) | Self::Any(flags) => {
                let decides = matches!(self, Self::Any(_));
                let mut said = None;
                for flag in flags {
                    match flag.of(row, email)? {
                        Some(one) if one == decides => return Ok(Some(one)),
                        one => said = said.or(one),
                    }
                }
                return Ok(said);
            }
        };
        if matches!(reading, Reading::Address) {
            let is_own = |text: &str| email.is_some_and(|email| email.trim().to_lowercase() == text.to_lowercase());
            let values = from.iter().flat_map(|column| row.all(column));
            return Ok(Some(values.filter_map(|field| Some(is_own(&field.value().text()?))).any(|own| own)));
        }
        // MySQL and Go write a date for none.
        let is_none = |value: &Value<'_>| {
            !matches!(reading, Reading::Values(..)) && matches!(value, Value::Text(text) if common::is_no_date(text))
        };
        let found = row.first(from)?;
        let found = found.as_ref().map(|(column, field)| (*column, field.value())).filter(|(_, value)| !is_none(value));
        let Some((column, value)) = found else {
            return Ok(default.or(match reading {
                Reading::Nonempty | Reading::Future | Reading::Date => Some(false),
                Reading::Empty | Reading::NotFuture => Some(true),
                _ => None,
            }));
        };
        match reading.of(column, value, row.now) {
            Ok(said) => Ok(said.or(default)),
            Err(_) if row.manner.ignore_unclear => Ok(default),
            Err(refusal) => Err(refusal),
        }
    }

    /// Has nothing to say of its values: see [`Words::hush`].
    pub(in crate::source) fn hush(&mut self) {
        match self {
            Self::Column { reading: Reading::Values(yes, no), .. } => [yes, no].into_iter().for_each(Words::hush),
            Self::All(flags) | Self::Any(flags) => flags.iter_mut().for_each(Self::hush),
            _ => {}
        }
    }

    /// What is to be said of its values, once everything is read.
    pub(in crate::source) fn noticed(&self, at: &str) -> Vec<String> {
        if let Self::All(flags) | Self::Any(flags) = self {
            return flags.iter().flat_map(|flag| flag.noticed(at)).collect();
        }
        let Self::Column { reading: Reading::Values(yes, no), .. } = self else { return Vec::new() };
        // With both lists, each has the words of the other among those that it does not hold.
        let alone = |fate| if yes.is_empty() || no.is_empty() { Some(fate) } else { None };
        let mut noticed = yes.noticed(&format!("{at} true_values"), alone("taken for no"));
        noticed.extend(no.noticed(&format!("{at} false_values"), alone("taken for yes")));
        noticed
    }

    /// Hands over the columns; of each list, it needs one.
    pub(in crate::source) fn visit<'m>(&'m self, each: &mut dyn FnMut(&'m [Column])) {
        let conditions = |when: &'m Conditions, each: &mut dyn FnMut(&'m [Column])| {
            when.columns().for_each(|column| each(std::slice::from_ref(column)));
        };
        match self {
            Self::Const(_) => {}
            Self::Column { from, when, .. } => {
                each(from);
                conditions(when, each);
            }
            Self::When(when) => conditions(when, each),
            Self::All(flags) | Self::Any(flags) => flags.iter().for_each(|flag| flag.visit(each)),
        }
    }
}

impl Reading {
    fn of(&self, column: &str, value: &Value<'_>, now: Timestamp) -> Result<Option<bool>, Refusal> {
        Ok(Some(match self {
            Self::Bool => return strict::boolean(column, Some(value)),
            Self::Not => return Ok(strict::boolean(column, Some(value))?.map(|yes| !yes)),
            Self::Nonempty => *value != Value::Null,
            Self::Empty => *value == Value::Null,
            Self::Date => common::moment(value).is_some(),
            Self::Future | Self::NotFuture if *value == Value::Null => matches!(self, Self::NotFuture),
            Self::Future => ahead(column, value, now)?,
            Self::NotFuture => !ahead(column, value, now)?,
            Self::Status => {
                let standing = status::meaning(last(column)).map(|meaning| meaning.read(value, now));
                match standing.unwrap_or(Standing::Unsure) {
                    Standing::Silent => return Ok(None),
                    Standing::Enabled => true,
                    Standing::Disabled | Standing::Deleted => false,
                    Standing::Unsure => return Err(status::unsure(column, value, "mapping")),
                }
            }
            Self::Address => return Ok(None),
            Self::Values(yes, no) => {
                let parsed = match value {
                    // Objects in a cell's JSON are no words.
                    Value::Text(text) if text.starts_with(['[', '{']) && !yes.has(text) && !no.has(text) => {
                        Some(common::value(&common::json(value)))
                    }
                    _ => None,
                };
                let value = parsed.as_ref().unwrap_or(value);
                let is_list = match value {
                    Value::List(_) => true,
                    Value::Text(text) => status::items(text).is_some() && !yes.has(text) && !no.has(text),
                    _ => false,
                };
                if is_list && holds_object(value) {
                    let said = "holds a list of objects, which have no words of their own";
                    return Err(strict::unclear(column, said).hint("name the member that says it, as `groups.name`"));
                }
                if is_list {
                    return among(column, &status::texts(value), [yes, no], now).map(Some);
                }
                let text = strict::scalar(column, Some(value))?.unwrap_or_default();
                says(column, &text, [yes, no], now)?
            }
        }))
    }
}

/// What the words of a list say: one that keeps somebody out is enough, and a list without any lets in where only such are named.
fn among(column: &str, texts: &[String], lists: [&Words; 2], now: Timestamp) -> Result<bool, Refusal> {
    let [yes, no] = lists;
    let mut said = yes.is_empty();
    for text in texts {
        if says(column, text, lists, now)? {
            said = true;
        } else if no.has(text) || bars(text, now) {
            return Ok(false);
        }
    }
    Ok(said)
}

/// What one word says. One list is enough: what is not in it is the other.
fn says(column: &str, text: &str, [yes, no]: [&Words; 2], now: Timestamp) -> Result<bool, Refusal> {
    match (yes.holds(text), no.holds(text)) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ if no.is_empty() => Ok(false),
        // Nobody is let in by a word that says otherwise.
        _ if yes.is_empty() && bars(text, now) => {
            let said = "is not in false_values, and says that the user may not sign in";
            Err(strict::unclear(column, said).hint("put it into false_values, or into true_values"))
        }
        _ if yes.is_empty() => Ok(true),
        _ => Err(strict::unclear(column, "is in neither true_values nor false_values")),
    }
}

/// Whether a word says by itself that whoever has it may not sign in.
fn bars(text: &str, now: Timestamp) -> bool {
    Meaning::State.read(&Value::Text(text.into()), now) >= Standing::Disabled
}

fn holds_object(list: &Value<'_>) -> bool {
    match list {
        Value::List(items) => items.iter().any(holds_object),
        value => matches!(value, Value::Object(_)),
    }
}

/// A path's last part is its name.
fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

fn ahead(column: &str, value: &Value<'_>, now: Timestamp) -> Result<bool, Refusal> {
    let never = |text: &str| text == "0" || text.starts_with("0000-00-00") || text.eq_ignore_ascii_case("-infinity");
    let text = value.text();
    if common::is_ahead(value, now) {
        Ok(true)
    } else if common::moment(value).is_some() || text.as_deref().is_some_and(never) {
        Ok(false)
    } else {
        Err(strict::unclear(column, "holds no date that is understood"))
    }
}
