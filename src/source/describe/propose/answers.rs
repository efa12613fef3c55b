//! How a question is answered: the line to be pasted, with what it does; and what needs no answer.

use std::collections::BTreeMap;

use super::look::{Column, Table};
use super::{list, number, people, quoted};
use crate::format::Value;
use crate::source::kit::status::{self, Meaning, Standing};

/// The line that answers a question, to be pasted, and what it does: whoever has another value is kept out.
pub(super) fn answer(column: &Column) -> String {
    let from = quoted(&column.name);
    let all = column.filled;
    let n = |n: u64| number(n);
    if column.yes + column.no == all && column.yes > 0 && column.no > 0 {
        return format!(
            "enabled = {{ from = {from}, as = \"bool\" }} lets in {} and keeps out {}; as = \"not\" does the opposite",
            n(column.yes),
            n(column.no)
        );
    }
    let line =
        || status::line(&column.name, &column.name, &seen(column), "mapping").trim_start_matches("[user] ").to_owned();
    let Some(values) = column.values.as_ref().filter(|values| values.len() > 1) else { return line() };
    let now = jiff::Timestamp::UNIX_EPOCH;
    // Of words of which none is understood, which keep somebody out is for a person to say.
    let is_out = |word: &String| {
        let value = Value::Text(word.as_str().into());
        let meant = column.meaning.is_some_and(|meaning| meaning.read(&value, now) >= Standing::Disabled);
        meant || column.trace.is_in(&value, now) || status::Trace::State.is_in(&value, now)
    };
    let lets_in = |word: &&String| {
        column.meaning.is_some_and(|meaning| meaning.read(&Value::Text(word.as_str().into()), now) == Standing::Enabled)
    };
    let mut yes: Vec<&String> = values.keys().filter(lets_in).collect();
    // Where no word is understood, most people may.
    let is_number = |value: &String| value.parse::<f64>().is_ok();
    if yes.is_empty() && values.keys().all(is_number) {
        yes.extend(values.iter().max_by_key(|&(_, n)| n).map(|(value, _)| value));
    }
    if yes.is_empty() && !values.keys().any(is_out) {
        return format!(
            "enabled = {{ from = {from}, false_values = [\"…\"] }} with whichever of these may not sign in"
        );
    }
    if yes.is_empty() {
        return line();
    }
    let (ins, out): (Vec<_>, Vec<_>) = values.iter().partition(|(value, _)| yes.contains(value));
    let sum = |of: &[(&String, &u64)]| n(of.iter().map(|(_, n)| **n).sum());
    let others: Vec<_> = out.iter().map(|(value, n)| format!("`{value}` ×{}", number(**n))).collect();
    format!(
        "enabled = {{ from = {from}, true_values = {} }} lets in {} and keeps out {}: {}; name whichever else may",
        list(yes.iter().map(|value| value.as_str())),
        sum(&ins),
        sum(&out),
        others.join(", ")
    )
}

/// The reading of a column of which nobody asks, since all whom it may keep out are kept out by another that is understood, or
/// have nothing to sign in with.
pub(super) fn settled(table: &Table, column: &Column, said: u64) -> Option<String> {
    let doubtful = column.unsure + column.traced + column.beside;
    let whole = table.looked <= table.kept.len() as u64 && column.absent + column.blank == 0;
    if doubtful == 0 || !whole || said > column.unsure + column.enabled {
        return None;
    }
    let now = jiff::Timestamp::now();
    let bars = |column: &Column, text: &String| {
        let value = Value::Text(text.as_str().into());
        match column.meaning {
            Some(meaning) => !matches!(meaning.read(&value, now), Standing::Silent | Standing::Enabled),
            None => column.trace.is_in(&value, now),
        }
    };
    let is_sure = |other: &&Column| {
        let read = other.enabled + other.disabled;
        other.name != column.name
            && matches!(other.meaning, Some(Meaning::Allows | Meaning::Bars))
            && read == other.filled
            && other.yes + other.no == other.filled
    };
    let sure: Vec<_> = table.columns.iter().filter(is_sure).collect();
    let own = [people::address(table), people::secret(table)];
    let is_nobody =
        |row: &BTreeMap<String, String>| own.iter().all(|own| own.is_some_and(|own| !row.contains_key(&own.name)));
    let mut barred =
        table.kept.iter().filter(|row| row.get(&column.name).is_some_and(|text| bars(column, text))).peekable();
    barred.peek()?;
    let is_out = |row: &BTreeMap<String, String>| {
        is_nobody(row) || sure.iter().any(|other| row.get(&other.name).is_some_and(|text| bars(other, text)))
    };
    let line = format!("{{ {} }}", status::reading_of(&column.name, &column.name, &seen(column)));
    (barred.all(is_out) && !line.contains('…')).then_some(line)
}

/// What was seen in a column, what keeps somebody out first.
fn seen(column: &Column) -> status::Seen {
    let example = column.example.as_deref();
    match &column.values {
        Some(values) => status::Seen::of(example.into_iter().chain(values.keys().map(String::as_str))),
        None => status::Seen::among(example),
    }
}
