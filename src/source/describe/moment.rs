//! When somebody signed up, and was seen last.

use std::borrow::Cow;

use jiff::Timestamp;
use toml::Value as Toml;

use super::column::Column;
use super::row::Row;
use super::section::{Problem, Read, Section, texts};
use crate::code::Refusal;
use crate::format::Value;
use crate::source::kit::common;
use crate::source::kit::strict;

/// A date: `"column"`, or `{ from = "column", as = "epoch_s" | "epoch_ms" | a strftime pattern }`.
pub(in crate::source) struct Moment {
    from: Vec<Column>,
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
            return Ok(Self { from: Column::list(texts(at, value)?), written: Written::Auto, keep: false });
        };
        let mut section = Section::new(at, table);
        let from = Column::list(section.texts("from")?);
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

    /// The date in the first of the columns in which one is understood, and whether any of them holds something.
    pub(in crate::source) fn of(&self, row: Row<'_, '_>) -> Result<(Option<Timestamp>, bool), Refusal> {
        let Some((first, found)) = row.first(&self.from)? else { return Ok((None, false)) };
        let moment = self.read_one(row, first, found.value())?;
        if moment.is_some() || self.from.len() == 1 {
            return Ok((moment, true));
        }
        for column in &self.from {
            if let Some(found) = row.get(column)
                && let Some(moment) = self.read_one(row, column.path(), found.value())?
            {
                return Ok((Some(moment), true));
            }
        }
        Ok((None, true))
    }

    fn read_one(&self, row: Row<'_, '_>, column: &str, value: &Value<'_>) -> Result<Option<Timestamp>, Refusal> {
        let text = || match strict::scalar(column, Some(value)) {
            Err(_) if row.manner.ignore_unclear => Ok(None),
            read => read,
        };
        Ok(match &self.written {
            Written::Auto => common::moment(value),
            Written::Seconds => whole(text()?).and_then(|seconds| Timestamp::from_second(seconds).ok()),
            Written::Millis => whole(text()?).and_then(|millis| Timestamp::from_millisecond(millis).ok()),
            Written::Pattern(pattern) => text()?.and_then(|text| by_pattern(pattern, &text)),
        })
    }

    pub(in crate::source) fn columns(&self) -> &[Column] {
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
    common::at(civil)
}
