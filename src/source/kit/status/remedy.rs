//! The lines of a mapping file that say what a column of a status says, put together from what was seen in it.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Meaning, Standing, Trace, items, meaning, meaning_at, trace, word};
use crate::format::{Record, Value};
use crate::source::kit::common;

/// What a mapping file begins with that changes what a source reads; nothing where it is a mapping already.
#[must_use]
pub fn base(source: &str) -> String {
    match source {
        "mapping" | "" => String::new(),
        source => format!("[source] from = \"{source}\" and "),
    }
}

/// Values that a column was seen to hold.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    values: Vec<String>,
    /// Whether there are others: too many, or sentences and dates of people's own.
    more: bool,
    /// Whether they stand in lists, so that whoever has one may have others.
    listed: bool,
}

/// So many values are named.
const NAMED: usize = 12;

impl Seen {
    /// What was seen, each once.
    pub fn of<'t>(values: impl IntoIterator<Item = &'t str>) -> Self {
        let mut seen = Self::default();
        values.into_iter().for_each(|value| seen.add(value));
        seen
    }

    /// What was seen, where there is more of it.
    pub fn among<'t>(values: impl IntoIterator<Item = &'t str>) -> Self {
        Self { more: true, ..Self::of(values) }
    }

    /// As words of lists.
    #[must_use]
    pub fn listed(self, listed: bool) -> Self {
        Self { listed, ..self }
    }

    /// One more value.
    pub fn add(&mut self, value: &str) {
        let value = super::trim(value);
        if value.is_empty() || value.eq_ignore_ascii_case("null") || self.values.iter().any(|seen| seen == value) {
            return;
        }
        let may_be_named = value.len() <= 24 && value.chars().all(|c| c.is_alphanumeric() || "-_ .:+".contains(c));
        if may_be_named && self.values.len() < NAMED {
            self.values.push(value.to_owned());
        } else {
            self.more = true;
        }
    }
}

/// The line of a mapping file that reads what it calls `from` for who may sign in, as what was seen there has to be read under this
/// name. What nobody can know has a question mark, and a file that still has it reads none such.
#[must_use]
pub fn line(from: &str, name: &str, seen: &Seen, source: &str) -> String {
    format!("{}[user] enabled = {{ {} }}", base(source), reading_of(from, name, seen))
}

/// What stands in a record under a column's name, or at a path into its object.
#[must_use]
pub fn at<'r>(record: &'r Record<'_>, path: &str) -> Option<Cow<'r, Value<'r>>> {
    if let Some(value) = record.get(path) {
        return Some(Cow::Borrowed(value));
    }
    let (column, rest) = path.split_once('.')?;
    let json = common::json(record.get(column)?);
    let found = rest.split('.').try_fold(json, |json, part| match json {
        serde_json::Value::Object(mut members) => members.swap_remove(part),
        serde_json::Value::Array(mut items) => {
            let at = match part.split_once('=') {
                Some((name, text)) => {
                    items.iter().position(|item| item.get(name).and_then(|it| it.as_str()) == Some(text))?
                }
                None => part.parse().ok().filter(|at| *at < items.len())?,
            };
            Some(items.swap_remove(at))
        }
        _ => None,
    })?;
    Some(Cow::Owned(common::value(&found)))
}

/// What is told at a path into an object: the last name of it, or the attribute whose value stands there.
#[must_use]
pub fn told_at(path: &str) -> &str {
    let mut parts = path.rsplit('.');
    let last = parts.next().unwrap_or(path);
    match parts.next().and_then(|part| part.split_once('=')) {
        Some((about, attribute)) if about != last => attribute,
        _ => last,
    }
}

/// Whether a path leads to an object by a word of its own that says it: then that there is one says it.
fn is_found_by_itself(path: &str) -> bool {
    let mut parts = path.rsplit('.');
    let last = parts.next();
    parts.next().and_then(|part| part.split_once('=')).is_some_and(|(about, _)| Some(about) == last)
}

/// The texts of a value: of a list, or of a text that is one, each of its own.
#[must_use]
pub fn texts(value: &Value<'_>) -> Vec<String> {
    match value {
        Value::List(items) => items.iter().flat_map(texts).collect(),
        Value::Text(text) => match items(text) {
            Some(items) => items.map(str::to_owned).collect(),
            None => vec![text.to_string()],
        },
        other => other.text().into_iter().map(Cow::into_owned).collect(),
    }
}

/// How a mapping reads what it calls `from` as a column of this name has to be read.
#[must_use]
pub fn reading_of(from: &str, column: &str, seen: &Seen) -> String {
    let reading = if is_found_by_itself(from) {
        "as = \"empty\"".to_owned()
    } else {
        reading(column, meaning_at(from).or_else(|| meaning(column)), seen)
    };
    format!("from = {}, {reading}", quoted(from))
}

fn reading(column: &str, meaning: Option<Meaning>, seen: &Seen) -> String {
    let as_value = |text: &str| Value::Text(text.to_owned().into());
    let truths =
        !seen.more && !seen.values.is_empty() && seen.values.iter().all(|v| common::truth(&as_value(v)).is_some());
    let now = jiff::Timestamp::UNIX_EPOCH;
    match (meaning, trace(column)) {
        (Some(Meaning::BarsUntil), _) if seen.values.first().is_some_and(|value| value == "0") => {
            "as = \"empty\"".to_owned()
        }
        (Some(Meaning::BarsUntil), _) | (None, Trace::Ahead) => "as = \"not_future\"".to_owned(),
        (Some(Meaning::Ends), _) | (None, Trace::Past) => "as = \"future\", default = true".to_owned(),
        (None, Trace::Empty) => "as = \"nonempty\"".to_owned(),
        (None, Trace::Waiting) => "as = \"empty\"".to_owned(),
        (None, _) if truths && super::names::is_sign_in(column) => "as = \"bool\"".to_owned(),
        (None, Trace::Unset) | (Some(Meaning::Allows), _) if truths => "as = \"bool\"".to_owned(),
        (None, Trace::Set) | (Some(Meaning::Bars | Meaning::BarsWhile | Meaning::Deletes), _) if truths => {
            "as = \"not\"".to_owned()
        }
        (None, Trace::Set) => {
            // Nought, and whatever else is written for no.
            let harmless = seen.values.iter().filter(|value| !Trace::Set.is_in(&as_value(value), now));
            match list(harmless.map(String::as_str)) {
                none if none == "[]" => "as = \"empty\"".to_owned(),
                harmless => format!("true_values = {harmless}"),
            }
        }
        (Some(Meaning::Bars | Meaning::Deletes), _)
            if !seen.values.is_empty() && seen.values.iter().all(|v| common::moment(&as_value(v)).is_some()) =>
        {
            "as = \"empty\"".to_owned()
        }
        (Some(meaning), _)
            if seen.values.len() < 2
                && seen.values.iter().all(|v| meaning.read(&as_value(v), now) < Standing::Disabled) =>
        {
            "true_values = [\"…\"]".to_owned()
        }
        (_, trace) if seen.listed => {
            let trace = if trace == Trace::Word { Trace::State } else { trace };
            let no = seen.values.iter().filter(|value| trace.is_in(&as_value(value), now));
            match list(no.map(String::as_str)) {
                none if none == "[]" => "false_values = [\"…\"]".to_owned(),
                no => format!("false_values = {no}"),
            }
        }
        (meaning, trace) => {
            let says = |value: &Value<'_>| match meaning {
                Some(meaning) => meaning.read(value, now),
                None if trace.is_in(value, now) => Standing::Disabled,
                None if common::truth(value) == Some(true) && trace == Trace::Unset => Standing::Enabled,
                None => word(value),
            };
            let (mut yes, mut no, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
            // Beside a number below nought, the others are ranks.
            let is_rank = |text: &str| meaning.is_none() && text.parse::<f64>().is_ok();
            for text in &seen.values {
                match says(&as_value(text)) {
                    Standing::Disabled | Standing::Deleted => no.push(text.clone()),
                    Standing::Enabled => yes.push(text.clone()),
                    Standing::Silent | Standing::Unsure if is_rank(text) => yes.push(text.clone()),
                    Standing::Silent | Standing::Unsure => unknown.push(text.clone()),
                }
            }
            let list = |texts: &[String]| list(texts.iter().map(String::as_str));
            // Whoever has a word that is not understood is kept out until somebody says that it lets in; of kinds and tokens nobody
            // knows even that, and each is asked for.
            let open = seen.more || !unknown.is_empty();
            match meaning {
                _ if open && !yes.is_empty() => return format!("true_values = {}", list(&yes)),
                Some(_) if open && seen.more => return format!("false_values = {}, true_values = [\"…\"]", list(&no)),
                Some(_) => no.extend(unknown),
                None if open => {
                    let more = seen.more.then(|| "…".to_owned());
                    let asked: Vec<_> = unknown.iter().map(|text| format!("{text}?")).chain(more).collect();
                    return format!("false_values = {}, true_values = {}", list(&no), list(&asked));
                }
                None => {}
            }
            if no.is_empty() {
                no.push("…".to_owned());
            }
            format!("false_values = {}", list(&no))
        }
    }
}

/// The line for a column that lets in wherever it holds anything: what an empty cell says has to be said.
#[must_use]
pub fn unticked(column: &str, seen: &Seen, source: &str) -> String {
    // A cross is no word for yes.
    let reading = if seen.values.iter().any(|value| value.eq_ignore_ascii_case("x")) {
        format!("true_values = {}", list(seen.values.iter().map(String::as_str)))
    } else if meaning(column).is_some() {
        "as = \"status\"".to_owned()
    } else {
        "as = \"bool\"".to_owned()
    };
    format!("{}[user] enabled = {{ from = {}, {reading}, default = false }}", base(source), quoted(column))
}

/// A text as TOML has it.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\\' | '"' => out.extend(['\\', c]),
            c if c.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out + "\""
}

fn list<'t>(values: impl Iterator<Item = &'t str>) -> String {
    format!("[{}]", values.map(quoted).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_reads_what_was_seen() {
        for (column, values, expected) in [
            ("retired", &["2", "0"][..], "true_values = [\"0\"]"),
            ("retired", &["1", "0"], "as = \"not\""),
            ("ban_reason", &["sent spam"], "as = \"empty\""),
            ("ban_reason", &["spam", "0"], "true_values = [\"0\"]"),
            ("is_current", &["0", "1"], "as = \"bool\""),
            (
                "action_token",
                &["account-blocked", "pending-approval", "reset-mail"],
                "false_values = [\"account-blocked\", \"pending-approval\"], true_values = [\"reset-mail?\"]",
            ),
            ("level", &["-1", "3", "0"], "false_values = [\"-1\"]"),
            ("action_token", &["account-blocked"], "false_values = [\"account-blocked\"]"),
            (
                "reg_status",
                &["banned", "active", "a sentence of somebody's own, and long"],
                "true_values = [\"active\"]",
            ),
        ] {
            assert_eq!(
                reading(column, meaning(column), &Seen::of(values.iter().copied())),
                expected,
                "{column} {values:?}"
            );
        }
        assert_eq!(reading("status", meaning("status"), &Seen::among(["7"])), "true_values = [\"…\"]");
    }
}
