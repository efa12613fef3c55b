//! How one value of an account is made from the columns of a record.

use std::borrow::Cow;

use jiff::Timestamp;
use toml::Value as Toml;

use super::row::{Field, Row};
use super::section::{Problem, Read, Section, a, texts};
use super::words::Words;
use crate::code::Refusal;
use crate::format::Value;
use crate::source::kit::cell;
use crate::source::kit::common;
use crate::source::kit::status::{self, Standing};
use crate::source::kit::strict;

/// The characters of `strip`: as they stand, or by name in a list, `apostrophe,space,()-`.
fn characters(strip: &str) -> String {
    let named = |word: &str| match word {
        "apostrophe" => Some("'"),
        "space" => Some(" "),
        "comma" => Some(","),
        _ => None,
    };
    if strip.split(',').any(|word| named(word).is_some()) {
        strip.split(',').map(|word| named(word).unwrap_or(word)).collect()
    } else {
        strip.to_owned()
    }
}

/// A text: `"column"`, `["first choice", "second"]`, or a table of `from`, `join`, `const` and what is done to it.
#[derive(Default)]
pub(in crate::source) struct Text {
    base: Base,
    fallback: Vec<String>,
    split: Option<(String, usize)>,
    map: Words,
    strip: String,
    prefix: String,
    suffix: String,
    /// Code points that are kept.
    truncate: Option<usize>,
}

enum Base {
    From(Vec<String>),
    Join(Vec<String>, String),
    Const(String),
}

impl Default for Base {
    fn default() -> Self {
        Self::From(Vec::new())
    }
}

impl Text {
    pub(in crate::source) fn read(at: &str, value: Toml) -> Read<Self> {
        match value {
            Toml::Table(table) => {
                let mut section = Section::new(at, table);
                let text = Self::read_from(&mut section)?;
                section.end()?;
                Ok(text)
            }
            other => Ok(Self { base: Base::From(texts(at, other)?), ..Self::default() }),
        }
    }

    /// As [`Self::read`], where the table has keys of its own beside.
    pub(in crate::source) fn read_from(section: &mut Section) -> Read<Self> {
        let (from, join, constant) = (section.texts("from")?, section.texts("join")?, section.text("const")?);
        let sep = section.text("sep")?;
        let base = match (from.is_empty(), join.is_empty(), constant) {
            (false, true, None) => Base::From(from),
            (true, false, None) => Base::Join(join, sep.unwrap_or_else(|| " ".to_owned())),
            (true, true, Some(constant)) => Base::Const(constant),
            _ => return Err(Problem(format!("{} needs one of from, join and const", section.at("").trim_end()))),
        };
        let part = section.take("part");
        let split = match (section.text("split")?, part) {
            (Some(separator), Some(Toml::Integer(part))) if !separator.is_empty() => {
                let part =
                    usize::try_from(part).map_err(|_| Problem(format!("{} counts from 0", section.at("part"))))?;
                Some((separator, part))
            }
            (None, None) => None,
            _ => return Err(Problem(format!("{} needs a separator, and part a number", section.at("split")))),
        };
        section.settled("lower", &["true"], "addresses are always lower-cased, other texts never")?;
        section.settled(
            "on_invalid",
            &["hash", "keep"],
            "an id that Appwrite refuses is always derived from the source's",
        )?;
        section.settled("region", &[], "a country code is never guessed: give it with prefix, \"+1\"")?;
        let truncate = match section.take("truncate") {
            None => None,
            Some(Toml::Integer(n)) if n > 0 => usize::try_from(n).ok(),
            Some(_) => return Err(Problem(format!("{} is a number of characters", section.at("truncate")))),
        };
        Ok(Self {
            base,
            truncate,
            fallback: section.texts("fallback")?,
            split,
            map: Words::new(section.words("map")?),
            strip: characters(&section.text("strip")?.unwrap_or_default()),
            prefix: section.text("prefix")?.unwrap_or_default(),
            suffix: section.text("suffix")?.unwrap_or_default(),
        })
    }

    /// A column of this name.
    pub(in crate::source) fn column(name: String) -> Self {
        Self { base: Base::From(vec![name]), ..Self::default() }
    }

    /// The column, where it is one and nothing is done to it.
    pub(in crate::source) fn sole_column(&self) -> Option<&str> {
        match &self.columns() {
            (columns, true) if columns.len() == 1 => Some(columns[0]),
            _ => None,
        }
    }

    /// A text that is the same for everybody.
    pub(in crate::source) fn constant(text: String) -> Self {
        Self { base: Base::Const(text), ..Self::default() }
    }

    /// The text, without white space around it and not if a spreadsheet has cut its digits.
    pub(in crate::source) fn of<'r>(&self, row: Row<'r, '_>) -> Result<Option<Cow<'r, str>>, Refusal> {
        self.make(row, scalar)
    }

    /// The text exactly as it stands, for passwords and what belongs to them.
    pub(in crate::source) fn verbatim<'r>(&self, row: Row<'r, '_>) -> Result<Option<Cow<'r, str>>, Refusal> {
        // Exporters wrap bytes in objects.
        fn unwrapped<'v>(column: &str, value: &'v Value<'_>) -> Result<Option<Cow<'v, str>>, Refusal> {
            match value {
                Value::Object(_) | Value::List(_) if !value.is_empty() => match cell::unwrapped(value) {
                    Some(text) => Ok(Some(text)),
                    None => Err(strict::unclear(column, "holds an object or a list where one value is expected")),
                },
                value => Ok(value.text()),
            }
        }
        self.make(row, |found| {
            Ok(match found {
                None => None,
                Some((column, Field::Here(value))) => unwrapped(column, value)?,
                Some((column, Field::Parsed(value))) => {
                    unwrapped(column, &value)?.map(|text| Cow::Owned(text.into_owned()))
                }
            })
        })
    }

    fn make<'r>(&self, row: Row<'r, '_>, scalar: Scalar) -> Result<Option<Cow<'r, str>>, Refusal> {
        let mut text = match &self.base {
            Base::Const(text) => Some(Cow::Owned(text.clone())),
            Base::From(columns) => scalar(row.first(columns)?)?,
            Base::Join(columns, sep) => join(row, columns, sep, scalar)?,
        };
        if text.is_none() && !self.fallback.is_empty() {
            text = scalar(row.first(&self.fallback)?)?;
        }
        if let (Some((separator, part)), Some(whole)) = (&self.split, &text) {
            let part = whole.split(separator.as_str()).nth(*part).map(str::trim).filter(|part| !part.is_empty());
            text = part.map(|part| Cow::Owned(part.to_owned()));
        }
        let Some(mut text) = text else { return Ok(None) };
        if let Some(to) = self.map.get(&text) {
            text = Cow::Owned(to.to_owned());
        }
        if !self.strip.is_empty() {
            text = Cow::Owned(text.chars().filter(|c| !self.strip.contains(*c)).collect());
        }
        // A number may or may not have its plus already.
        let doubled_plus = self.prefix == "+" && text.starts_with('+');
        if !self.prefix.is_empty() && !doubled_plus {
            text.to_mut().insert_str(0, &self.prefix);
        }
        if !self.suffix.is_empty() {
            text.to_mut().push_str(&self.suffix);
        }
        if let Some((end, _)) = self.truncate.and_then(|n| text.char_indices().nth(n)) {
            text.to_mut().truncate(end);
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// What is to be said of the map, once everything is read; `others` as in [`Words::noticed`].
    pub(in crate::source) fn noticed(&self, at: &str, others: Option<&str>) -> Vec<String> {
        self.map.noticed(&format!("{at} map"), others)
    }

    /// The columns it cannot do without: of each list, one.
    pub(in crate::source) fn needs(&self) -> Vec<Vec<&str>> {
        fn list(columns: &[String]) -> Vec<&str> {
            columns.iter().map(String::as_str).collect()
        }
        let base = match &self.base {
            Base::From(columns) => vec![list(columns)],
            Base::Join(columns, _) => columns.iter().map(|column| vec![column.as_str()]).collect(),
            Base::Const(_) => Vec::new(),
        };
        base.into_iter().chain((!self.fallback.is_empty()).then(|| list(&self.fallback))).collect()
    }

    /// The columns it is made of, and whether they arrive as they were.
    pub(in crate::source) fn columns(&self) -> (Vec<&str>, bool) {
        let (columns, plain) = match &self.base {
            Base::From(columns) => (columns.as_slice(), true),
            Base::Join(columns, _) => (columns.as_slice(), false),
            Base::Const(_) => (&[][..], false),
        };
        let unchanged = self.map.is_empty() && [&self.strip, &self.prefix, &self.suffix].iter().all(|t| t.is_empty());
        let columns = columns.iter().chain(&self.fallback).map(String::as_str).collect();
        (columns, plain && unchanged && self.split.is_none())
    }
}

/// How a value becomes a text.
type Scalar = for<'r> fn(Option<(&str, Field<'r>)>) -> Result<Option<Cow<'r, str>>, Refusal>;

fn join<'r>(row: Row<'r, '_>, columns: &[String], sep: &str, scalar: Scalar) -> Result<Option<Cow<'r, str>>, Refusal> {
    let mut joined = String::new();
    for column in columns {
        if let Some(part) = scalar(row.first(std::slice::from_ref(column))?)? {
            if !joined.is_empty() {
                joined.push_str(sep);
            }
            joined.push_str(&part);
        }
    }
    Ok(Some(joined).filter(|joined| !joined.is_empty()).map(Cow::Owned))
}

/// The text of what was found. MongoDB's ids are objects.
fn scalar<'r>(found: Option<(&str, Field<'r>)>) -> Result<Option<Cow<'r, str>>, Refusal> {
    match found {
        None => Ok(None),
        Some((_, Field::Here(value @ Value::Object(_)))) if common::id(value).is_some() => Ok(common::id(value)),
        Some((column, Field::Here(value))) => strict::digits_intact(column, Some(value)),
        Some((column, Field::Parsed(value))) => {
            Ok(strict::digits_intact(column, Some(&value))?.map(|text| Cow::Owned(text.into_owned())))
        }
    }
}

/// Yes or no: `true`, `"column"`, or a table of `from` and how to read it.
pub(in crate::source) enum Flag {
    Const(bool),
    Column {
        from: Vec<String>,
        reading: Reading,
        default: Option<bool>,
    },
    /// `[{ from = … }, { from = … }]`: no, as soon as one says so.
    All(Vec<Flag>),
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
    /// It holds a date to come.
    Future,
    /// It holds nothing, or a date that has passed.
    NotFuture,
    /// `status`: it says who may sign in as a column of its name does, in words, flags and dates.
    Status,
    /// It holds one of the first; with the second given, anything in neither is refused.
    Values(Words, Words),
}

impl Flag {
    pub(in crate::source) fn read(at: &str, value: Toml) -> Read<Self> {
        let table = match value {
            Toml::Boolean(constant) => return Ok(Self::Const(constant)),
            Toml::Table(table) => table,
            Toml::Array(flags) if flags.iter().any(Toml::is_table) => {
                return flags.into_iter().map(|flag| Self::read(at, flag)).collect::<Read<_>>().map(Self::All);
            }
            other => return Ok(Self::Column { from: texts(at, other)?, reading: Reading::Bool, default: None }),
        };
        let mut section = Section::new(at, table);
        let from = section.texts("from")?;
        let (yes, no) = (section.texts("true_values")?, section.texts("false_values")?);
        let reading = match section.text("as")?.as_deref() {
            None if !yes.is_empty() || !no.is_empty() => Reading::Values(Words::list(yes), Words::list(no)),
            None | Some("bool") => Reading::Bool,
            Some("not") => Reading::Not,
            Some("nonempty") => Reading::Nonempty,
            Some("empty") => Reading::Empty,
            Some("future") => Reading::Future,
            Some("not_future") => Reading::NotFuture,
            Some("status") => match from.iter().find(|column| status::meaning(last(column)).is_none()) {
                None => Reading::Status,
                Some(column) => {
                    let said =
                        "does not say by its name which way round it is; say it with true_values or false_values";
                    return Err(Problem(format!("{at}: `{column}` {said}")));
                }
            },
            Some(other) => {
                let known = "bool, not, nonempty, empty, future, not_future and status";
                return Err(Problem(format!("{} is `{other}`; there are {known}", section.at("as"))));
            }
        };
        let default = match section.take("default") {
            None => None,
            Some(Toml::Boolean(default)) => Some(default),
            Some(other) => {
                return Err(Problem(format!("{} is true or false, not {}", section.at("default"), a(&other))));
            }
        };
        section.end()?;
        if from.is_empty() {
            return Err(Problem(format!("{at} needs from")));
        }
        Ok(Self::Column { from, reading, default })
    }

    /// `None` where the column says nothing and no default is given.
    pub(in crate::source) fn of(&self, row: Row<'_, '_>, now: Timestamp) -> Result<Option<bool>, Refusal> {
        let (from, reading, default) = match self {
            Self::Const(constant) => return Ok(Some(*constant)),
            Self::Column { from, reading, default } => (from, reading, default),
            Self::All(flags) => {
                let mut all = None;
                for flag in flags {
                    match flag.of(row, now)? {
                        Some(false) => return Ok(Some(false)),
                        said => all = all.or(said),
                    }
                }
                return Ok(all);
            }
        };
        let found = row.first(from)?;
        let (column, value) = match &found {
            Some((column, found)) => (*column, found.value()),
            None => {
                return Ok(match (default, reading) {
                    (Some(default), _) => Some(*default),
                    (None, Reading::Nonempty | Reading::Future) => Some(false),
                    (None, Reading::Empty | Reading::NotFuture) => Some(true),
                    (None, _) => None,
                });
            }
        };
        Ok(Some(match reading {
            Reading::Bool => return strict::boolean(column, Some(value)),
            Reading::Not => return Ok(strict::boolean(column, Some(value))?.map(|yes| !yes)),
            Reading::Nonempty => true,
            Reading::Empty => false,
            Reading::Future => ahead(column, value, now)?,
            Reading::NotFuture => !ahead(column, value, now)?,
            Reading::Status => {
                let standing = status::meaning(last(column)).map(|meaning| meaning.read(value, now));
                return match standing.unwrap_or(Standing::Unsure) {
                    Standing::Silent => Ok(*default),
                    Standing::Enabled => Ok(Some(true)),
                    Standing::Disabled | Standing::Deleted => Ok(Some(false)),
                    Standing::Unsure => Err(status::unsure(column, value, "mapping")),
                };
            }
            Reading::Values(yes, no) => {
                let text = strict::scalar(column, Some(value))?.unwrap_or_default();
                // One list is enough: what is not in it is the other.
                match (yes.holds(&text), no.holds(&text)) {
                    (true, _) => true,
                    (_, true) => false,
                    _ if no.is_empty() => false,
                    _ if yes.is_empty() => true,
                    _ => return Err(strict::unclear(column, "is in neither true_values nor false_values")),
                }
            }
        }))
    }

    /// What is to be said of its values, once everything is read.
    pub(in crate::source) fn noticed(&self, at: &str) -> Vec<String> {
        if let Self::All(flags) = self {
            return flags.iter().flat_map(|flag| flag.noticed(at)).collect();
        }
        let Self::Column { reading: Reading::Values(yes, no), .. } = self else { return Vec::new() };
        // With both lists, each has the words of the other among those that it does not hold.
        let alone = |fate| if yes.is_empty() || no.is_empty() { Some(fate) } else { None };
        let mut noticed = yes.noticed(&format!("{at} true_values"), alone("taken for no"));
        noticed.extend(no.noticed(&format!("{at} false_values"), alone("taken for yes")));
        noticed
    }

    /// The columns of which it needs one each.
    pub(in crate::source) fn columns(&self) -> Vec<&[String]> {
        match self {
            Self::Const(_) => Vec::new(),
            Self::Column { from, .. } => vec![from],
            Self::All(flags) => flags.iter().flat_map(Self::columns).collect(),
        }
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

/// A date: `"column"`, or `{ from = "column", as = "epoch_s" | "epoch_ms" | a strftime pattern }`.
pub(in crate::source) struct Moment {
    from: Vec<String>,
    written: Written,
    /// `to = "prefs"`: kept in the preferences even without `--keep-dates`.
    pub(in crate::source) keep: bool,
}

enum Written {
    Auto,
    Seconds,
    Millis,
    Pattern(String),
}

impl Moment {
    pub(in crate::source) fn read(at: &str, value: Toml) -> Read<Self> {
        let Toml::Table(table) = value else {
            return Ok(Self { from: texts(at, value)?, written: Written::Auto, keep: false });
        };
        let mut section = Section::new(at, table);
        let from = section.texts("from")?;
        let written = match section.text("as")?.as_deref() {
            None | Some("auto" | "rfc3339" | "pg" | "mysql") => Written::Auto,
            Some("epoch_s") => Written::Seconds,
            Some("epoch_ms") => Written::Millis,
            Some(pattern) if pattern.contains('%') => Written::Pattern(pattern.to_owned()),
            Some(other) => {
                let known = "auto, epoch_s, epoch_ms and patterns like %d.%m.%Y %H:%M";
                return Err(Problem(format!("{} is `{other}`; there are {known}", section.at("as"))));
            }
        };
        let keep = section.settled("to", &["prefs"], "a date can go into the preferences alone")?;
        section.end()?;
        Ok(Self { from, written, keep })
    }

    pub(in crate::source) fn of(&self, row: Row<'_, '_>) -> Result<Option<Timestamp>, Refusal> {
        let Some((column, found)) = row.first(&self.from)? else { return Ok(None) };
        let text = || strict::scalar(column, Some(found.value()));
        Ok(match &self.written {
            Written::Auto => common::moment(found.value()),
            Written::Seconds => whole(text()?).and_then(|seconds| Timestamp::from_second(seconds).ok()),
            Written::Millis => whole(text()?).and_then(|millis| Timestamp::from_millisecond(millis).ok()),
            Written::Pattern(pattern) => text()?.and_then(|text| by_pattern(pattern, &text)),
        })
    }

    pub(in crate::source) fn columns(&self) -> &[String] {
        &self.from
    }
}

fn whole(text: Option<Cow<'_, str>>) -> Option<i64> {
    let text = text?;
    text.split_once('.').map_or(&*text, |(whole, _)| whole).parse().ok()
}

/// A pattern without a zone is taken as UTC, one without a time as midnight.
fn by_pattern(pattern: &str, text: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::strtime::parse(pattern, text).ok()?;
    if let Ok(moment) = parsed.to_timestamp() {
        return Some(moment);
    }
    let civil = parsed.to_datetime().or_else(|_| parsed.to_date().map(|date| date.at(0, 0, 0, 0))).ok()?;
    jiff::tz::Offset::UTC.to_timestamp(civil).ok()
}
