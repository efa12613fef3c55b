//! Whether something holds of a user: verified, enabled.

use std::borrow::Cow;

use jiff::Timestamp;
use toml::Value as Toml;

use super::column::Column;
use super::condition::Conditions;
use super::row::{Field, Here, Row};
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
            Some(_) => match from.iter().find(|path| status::meaning_at(path).is_none()) {
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

    /// `None` where the column says nothing and no default is given. `email` is the user's address. Of several rows of another
    /// table the first counts that says something.
    pub(in crate::source) fn of(&self, row: Row<'_, '_>, email: Option<&str>) -> Result<Option<bool>, Refusal> {
        self.said(row, email, false)
    }

    /// As [`Self::of`], where one row of another table that says no is enough: whoever it keeps out is kept out, whatever the
    /// others are about.
    pub(in crate::source) fn of_every(&self, row: Row<'_, '_>, email: Option<&str>) -> Result<Option<bool>, Refusal> {
        self.said(row, email, true)
    }

    fn said(&self, row: Row<'_, '_>, email: Option<&str>, every: bool) -> Result<Option<bool>, Refusal> {
        // Nearly all are a word of a column.
        if let Self::Column { from, reading: reading @ (Reading::Bool | Reading::Not), default, when } = self
            && when.is_empty()
        {
            let not = matches!(reading, Reading::Not);
            match row.here(from) {
                Here::Nothing => return Ok(*default),
                Here::Value(_, Value::Text(Cow::Borrowed("true" | "t" | "1"))) => return Ok(Some(!not)),
                Here::Value(_, Value::Text(Cow::Borrowed("false" | "f" | "0"))) => return Ok(Some(not)),
                _ => {}
            }
        }
        let (from, reading, default) = match self {
            Self::Const(constant) => return Ok(Some(*constant)),
            Self::Column { when, .. } if !when.hold(row) => return Ok(None),
            Self::Column { from, reading, default, .. } => (from, reading, *default),
            Self::When(conditions) => return Ok(Some(conditions.hold(row))),
            Self::All(flags) | Self::Any(flags) => {
                let decides = matches!(self, Self::Any(_));
                let mut said = None;
                let mut flags = flags.iter();
                for flag in &mut flags {
                    match flag.said(row, email, every)? {
                        Some(one) if one == decides => {
                            // What words occur is to be known of the others, too.
                            flags.for_each(|flag| drop(flag.said(row, email, every)));
                            return Ok(Some(one));
                        }
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
        let first = found.as_ref().map(|(column, field)| (*column, field.value()));
        let joined =
            first.and_then(|(column, _)| from.iter().find(|one| every && one.path() == column && row.is_several(one)));
        let rows = joined.map(|one| {
            let rows = row.all(one).into_iter().filter(|field| !is_none(field.value()));
            rows.collect::<Vec<_>>()
        });
        let found = match (&rows, first) {
            (Some(rows), Some((column, _))) => rows.first().map(|field| (column, field.value())),
            _ => first.filter(|(_, value)| !is_none(value)),
        };
        let Some((column, value)) = found else {
            return Ok(default.or(match reading {
                Reading::Nonempty | Reading::Future | Reading::Date => Some(false),
                Reading::Empty | Reading::NotFuture => Some(true),
                _ => None,
            }));
        };
        let said = match &rows {
            Some(rows) => reading.of_rows(column, rows, row.now),
            None => reading.of(column, value, row.now),
        };
        match said {
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
    /// What several rows say: one that says no is enough.
    fn of_rows(&self, column: &str, rows: &[Field<'_>], now: Timestamp) -> Result<Option<bool>, Refusal> {
        if let Self::Values(yes, no) = self {
            let mut words = Vec::new();
            for row in rows {
                match listed(column, row.value(), [yes, no])? {
                    Some(several) => words.extend(several),
                    None => words.extend(strict::scalar(column, Some(row.value()))?.map(Cow::into_owned)),
                }
            }
            return among(column, &words, [yes, no], now).map(Some);
        }
        let mut said = None;
        for row in rows {
            said = match (said, self.of(column, row.value(), now)?) {
                (_, Some(false)) => return Ok(Some(false)),
                (said, one) => said.or(one),
            };
        }
        Ok(said)
    }

    fn of(&self, column: &str, value: &Value<'_>, now: Timestamp) -> Result<Option<bool>, Refusal> {
        if let (Self::Bool | Self::Not, Value::List(items)) = (self, value)
            && let [one] = &**items
        {
            return self.of(column, one, now);
        }
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
                let standing = status::meaning_at(column).map(|meaning| meaning.read(value, now));
                match standing.unwrap_or(Standing::Unsure) {
                    Standing::Silent => return Ok(None),
                    Standing::Enabled => true,
                    Standing::Disabled | Standing::Deleted => false,
                    Standing::Unsure => return Err(status::unsure(column, value, "mapping")),
                }
            }
            Self::Address => return Ok(None),
            Self::Values(yes, no) => {
                if let Some(words) = listed(column, value, [yes, no])? {
                    return among(column, &words, [yes, no], now).map(Some);
                }
                let text = strict::scalar(column, Some(value))?.unwrap_or_default();
                says(column, &text, [yes, no], now)?
            }
        }))
    }
}

/// The words of a value that is several.
fn listed(column: &str, value: &Value<'_>, [yes, no]: [&Words; 2]) -> Result<Option<Vec<String>>, Refusal> {
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
    if !is_list && parsed.is_some() {
        strict::scalar(column, Some(value))?;
    }
    Ok(is_list.then(|| status::texts(value)))
}

/// What the words of a list say: one that keeps somebody out is enough, and a list without any lets in where only such are named.
/// All are looked at: which of them occur is told.
fn among(column: &str, texts: &[String], lists: [&Words; 2], now: Timestamp) -> Result<bool, Refusal> {
    let [yes, no] = lists;
    let (mut said, mut barred, mut unclear) = (yes.is_empty(), false, None);
    for text in texts {
        match says(column, text, lists, now) {
            Ok(true) => said = true,
            Ok(false) => barred |= no.has(text) || bars(text, now),
            Err(refusal) => unclear = unclear.or(Some(refusal)),
        }
    }
    match unclear {
        _ if barred => Ok(false),
        Some(refusal) => Err(refusal),
        None => Ok(said),
    }
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
        _ if yes.has(&format!("{text}?")) => {
            let said = "is still a question in true_values: without its ? it lets in, in false_values it keeps out";
            Err(strict::unclear(column, said))
        }
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

fn ahead(column: &str, value: &Value<'_>, now: Timestamp) -> Result<bool, Refusal> {
    let never = |text: &str| text == "0" || text.starts_with("0000-00-00") || text.eq_ignore_ascii_case("-infinity");
    let text = value.text();
    if common::is_ahead(value, now) {
        Ok(true)
    } else if common::moment(value).is_some() || text.as_deref().is_some_and(never) {
        Ok(false)
    } else if let Some(ahead) = status::lies_ahead(value, now) {
        Ok(ahead)
    } else {
        Err(strict::unclear(column, "holds no date that is understood"))
    }
}
