//! How a text of an account is made from the columns of a record.

use std::borrow::Cow;

use toml::Value as Toml;

use super::column::Column;
use super::row::{Field, Here, Row};
use super::section::{Problem, Read, Section, texts};
use super::words::Words;
use crate::code::Refusal;
use crate::format::Value;
use crate::source::kit::{cell, common, shape, strict};

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
#[expect(clippy::struct_excessive_bools, reason = "what a file may say of a text, each by itself")]
pub(in crate::source) struct Text {
    base: Base,
    fallback: Vec<Column>,
    split: Option<(String, usize)>,
    between: Option<Between>,
    decode: Option<Decode>,
    map: Words,
    /// What stands for a word that is not in the map, and for nothing.
    otherwise: Option<String>,
    strip: String,
    prefix: String,
    suffix: String,
    /// Code points that are kept.
    truncate: Option<usize>,
    /// `as = "address"`: only what looks like one.
    address: bool,
    /// `domain = true`: what is no address becomes one with `--email-domain`.
    domain: bool,
    /// `unless = "email"`: nothing, where it is the address.
    pub(in crate::source) unless_email: bool,
    /// Whether it is the column as it stands.
    plain: bool,
}

enum Base {
    From(Vec<Column>),
    Join(Vec<Column>, String),
    Const(String),
    Each(Vec<Text>),
}

impl Default for Base {
    fn default() -> Self {
        Self::From(Vec::new())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Decode {
    /// The entities that PHP's `htmlspecialchars` writes.
    Html,
    /// A backslash before a sign that means something.
    Backslash,
}

/// What stands between two texts.
pub(in crate::source) struct Between(String, String);

impl Between {
    pub(in crate::source) fn read(section: &mut Section) -> Read<Option<Self>> {
        match <[String; 2]>::try_from(section.texts("between")?) {
            Ok([begin, end]) => Ok(Some(Self(begin, end))),
            Err(none) if none.is_empty() => Ok(None),
            Err(_) => {
                Err(Problem(format!("{} is two texts: what stands before, and what after", section.at("between"))))
            }
        }
    }

    pub(in crate::source) fn of<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.strip_prefix(&*self.0)?.strip_suffix(&*self.1).filter(|inner| !inner.is_empty())
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
            Toml::Array(items) if items.iter().any(Toml::is_table) => {
                let each = items.into_iter().map(|item| Self::read(at, item)).collect::<Read<_>>()?;
                Ok(Self { base: Base::Each(each), ..Self::default() })
            }
            other => Ok(Self { base: Base::From(Column::list(texts(at, other)?)), plain: true, ..Self::default() }),
        }
    }

    /// As [`Self::read`], where the table has keys of its own beside.
    pub(in crate::source) fn read_from(section: &mut Section) -> Read<Self> {
        let (from, join, constant) = (section.texts("from")?, section.texts("join")?, section.text("const")?);
        let sep = section.text("sep")?;
        let base = match (from.is_empty(), join.is_empty(), constant) {
            (false, true, None) => Base::From(Column::list(from)),
            (true, false, None) => Base::Join(Column::list(join), sep.unwrap_or_else(|| " ".to_owned())),
            (true, true, Some(constant)) => Base::Const(constant),
            _ => return Err(Problem(format!("{} needs one of from, join and const", section.name()))),
        };
        let part = section.number("part")?;
        let split = match (section.text("split")?, part) {
            (Some(separator), Some(part)) if !separator.is_empty() => Some((separator, part)),
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
        let truncate = match section.number("truncate")? {
            Some(0) => return Err(Problem(format!("{} is a number of characters", section.at("truncate")))),
            truncate => truncate,
        };
        let decode = section.one_of("decode", &["html", "backslash"])?;
        Ok(Self {
            base,
            truncate,
            fallback: Column::list(section.texts("fallback")?),
            split,
            between: Between::read(section)?,
            decode: decode.map(|at| [Decode::Html, Decode::Backslash][at]),
            map: Words::new(section.words("map")?),
            otherwise: section.text("otherwise")?,
            strip: characters(&section.text("strip")?.unwrap_or_default()),
            prefix: section.text("prefix")?.unwrap_or_default(),
            suffix: section.text("suffix")?.unwrap_or_default(),
            address: section.one_of("as", &["text", "address"])? == Some(1),
            domain: section.flag("domain")?.unwrap_or(false),
            unless_email: section.one_of("unless", &["email"])?.is_some(),
            plain: false,
        })
    }

    /// A column of this name.
    pub(in crate::source) fn column(name: String) -> Self {
        Self { base: Base::From(vec![Column::new(name)]), plain: true, ..Self::default() }
    }

    /// The column, where it is one and nothing is done to it.
    pub(in crate::source) fn sole_column(&self) -> Option<&str> {
        match &self.base {
            Base::From(columns) if self.is_unchanged() && columns.len() == 1 && self.fallback.is_empty() => {
                Some(columns[0].path())
            }
            _ => None,
        }
    }

    /// A text that is the same for everybody.
    pub(in crate::source) fn constant(text: String) -> Self {
        Self { base: Base::Const(text), ..Self::default() }
    }

    /// The text, without white space around it and not if a spreadsheet has cut its digits.
    pub(in crate::source) fn of<'r>(&self, row: Row<'r, '_>) -> Result<Option<Cow<'r, str>>, Refusal> {
        self.make(row, if row.manner.ignore_unclear { Taken::AsItStands } else { Taken::Scalar })
    }

    /// The text exactly as it stands, for passwords and what belongs to them.
    pub(in crate::source) fn verbatim<'r>(&self, row: Row<'r, '_>) -> Result<Option<Cow<'r, str>>, Refusal> {
        self.make(row, Taken::Verbatim)
    }

    fn make<'r>(&self, row: Row<'r, '_>, taken: Taken) -> Result<Option<Cow<'r, str>>, Refusal> {
        let mut text = match &self.base {
            Base::Const(text) => Some(Cow::Owned(text.clone())),
            Base::From(columns) => taken.of(row, columns)?,
            Base::Join(columns, sep) => join(row, columns, sep, taken)?,
            Base::Each(texts) => {
                for text in texts {
                    if let Some(made) = text.make(row, taken)? {
                        return Ok(Some(made));
                    }
                }
                None
            }
        };
        if self.plain {
            return Ok(text.filter(|text| !text.is_empty()));
        }
        if text.is_none() && !self.fallback.is_empty() {
            text = taken.of(row, &self.fallback)?;
        }
        if let (Some((separator, part)), Some(whole)) = (&self.split, &text) {
            let part = whole.split(separator.as_str()).nth(*part).map(str::trim).filter(|part| !part.is_empty());
            text = part.map(|part| Cow::Owned(part.to_owned()));
        }
        if let (Some(between), Some(whole)) = (&self.between, &text) {
            text = between.of(whole).map(|inner| Cow::Owned(inner.to_owned()));
        }
        text = match (self.decode, text) {
            (Some(Decode::Html), Some(text)) => Some(shape::decode_entities(text)),
            (Some(Decode::Backslash), Some(text)) => Some(without_backslashes(text)),
            (_, text) => text,
        };
        text = match (text.as_deref().and_then(|text| self.map.get(text)), &self.otherwise) {
            (Some(to), _) => Some(Cow::Owned(to.to_owned())),
            (None, Some(otherwise)) => Some(Cow::Owned(otherwise.clone())),
            (None, None) => text,
        };
        let Some(mut text) = text else { return Ok(None) };
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
        if self.address {
            return Ok(shape::address_like(text));
        }
        if self.domain && !text.contains('@') {
            return Ok(row.domain.map(|domain| Cow::Owned(format!("{text}@{domain}"))));
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Has nothing to say of the map: see [`Words::hush`].
    pub(in crate::source) fn hush(&mut self) {
        self.map.hush();
        if let Base::Each(texts) = &mut self.base {
            texts.iter_mut().for_each(Self::hush);
        }
    }

    /// What is to be said of the map, once everything is read; `others` as in [`Words::noticed`].
    pub(in crate::source) fn noticed(&self, at: &str, others: Option<&str>) -> Vec<String> {
        self.map.noticed(&format!("{at} map"), others.filter(|_| self.otherwise.is_none()))
    }

    /// Hands over the columns it is made of; of each list, it needs one.
    pub(in crate::source) fn visit<'m>(&'m self, each: &mut dyn FnMut(&'m [Column])) {
        match &self.base {
            Base::From(columns) => each(columns),
            Base::Join(columns, _) => columns.iter().for_each(|column| each(std::slice::from_ref(column))),
            Base::Const(_) => {}
            Base::Each(texts) => texts.iter().for_each(|text| text.visit(each)),
        }
        if !self.fallback.is_empty() {
            each(&self.fallback);
        }
    }

    /// Whether a column arrives as one of several parts.
    pub(in crate::source) fn joins(&self, column: &Column) -> bool {
        match &self.base {
            Base::Join(columns, _) => columns.iter().any(|other| std::ptr::eq(other, column)),
            Base::Each(texts) => texts.iter().any(|text| text.joins(column)),
            Base::From(_) | Base::Const(_) => false,
        }
    }

    /// Whether columns arrive as they were.
    pub(in crate::source) fn is_unchanged(&self) -> bool {
        let texts = [&self.strip, &self.prefix, &self.suffix];
        let same = self.map.is_empty() && texts.iter().all(|text| text.is_empty()) && self.split.is_none();
        let same = same && self.between.is_none() && self.decode.is_none() && self.otherwise.is_none() && !self.domain;
        same && matches!(self.base, Base::From(_) | Base::Each(_))
    }
}

/// How a value becomes a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// Without white space around it, and intact.
    Scalar,
    /// With whatever is around it; nothing, where it is none.
    AsItStands,
    /// Exactly, out of what exporters wrap bytes in.
    Verbatim,
}

impl Taken {
    /// The text of the first of these columns that holds something.
    fn of<'r>(self, row: Row<'r, '_>, columns: &[Column]) -> Result<Option<Cow<'r, str>>, Refusal> {
        let found = match row.here(columns) {
            Here::Nothing => return Ok(None),
            // Nearly every one, of rows.
            Here::Value(_, Value::Text(Cow::Borrowed(text))) if self != Self::Scalar => {
                return Ok(Some(Cow::Borrowed(*text)));
            }
            Here::Value(column, value) => Some((column, Field::Here(value))),
            Here::Elsewhere => row.first(columns)?,
        };
        match self {
            Self::Scalar => scalar(found),
            Self::AsItStands => Ok(as_it_stands(found)),
            Self::Verbatim => unwrapped(found),
        }
    }
}

fn join<'r>(row: Row<'r, '_>, columns: &[Column], sep: &str, taken: Taken) -> Result<Option<Cow<'r, str>>, Refusal> {
    let mut parts = Vec::with_capacity(columns.len());
    for column in columns {
        parts.push(taken.of(row, std::slice::from_ref(column))?);
    }
    if row.manner.ignore_unclear && sep == " " {
        return Ok(common::join_name(parts));
    }
    let joined = parts.into_iter().flatten().collect::<Vec<_>>().join(sep);
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

/// The text of what was found, with whatever is around it; nothing, where it is none.
fn as_it_stands<'r>(found: Option<(&str, Field<'r>)>) -> Option<Cow<'r, str>> {
    match found? {
        (_, Field::Here(value)) => common::id(value),
        (_, Field::Parsed(value)) => common::id(&value).map(|text| Cow::Owned(text.into_owned())),
    }
}

/// Exporters wrap bytes in objects.
fn unwrapped<'r>(found: Option<(&str, Field<'r>)>) -> Result<Option<Cow<'r, str>>, Refusal> {
    fn inner<'v>(column: &str, value: &'v Value<'_>) -> Result<Option<Cow<'v, str>>, Refusal> {
        match value {
            Value::Object(_) | Value::List(_) if !value.is_empty() => match cell::unwrapped(value) {
                Some(text) => Ok(Some(text)),
                None => Err(strict::unclear(column, "holds an object or a list where one value is expected")),
            },
            value => Ok(value.text()),
        }
    }
    Ok(match found {
        None => None,
        Some((column, Field::Here(value))) => inner(column, value)?,
        Some((column, Field::Parsed(value))) => inner(column, &value)?.map(|text| Cow::Owned(text.into_owned())),
    })
}

fn without_backslashes(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        plain.extend(if sign == '\\' { signs.next() } else { Some(sign) });
    }
    Cow::Owned(plain)
}
