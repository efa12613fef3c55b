//! Exports that people write themselves, under rehome's own member names and the usual other ones. What cannot be
//! understood is refused, for that record alone: a file that a person wrote can be corrected by a person.

mod columns;
mod password;
mod tables;

use std::borrow::Cow;

use crate::account::{Account, Credential, Hint};
use crate::code::{Code, Note, Refusal};
use crate::format::{Record, TableSample, Value};
use crate::source::kit::strict::{self, unclear};
use crate::source::kit::{cell, common, shape};
use crate::source::{Context, Detection, Fate, Role, Settled, Source};
use columns::{COLUMNS, at};
pub(in crate::source) use columns::{folded, member};

pub(in crate::source) use password::{fill_firebase, plain};

/// CSV, JSON and NDJSON under rehome's own member names and the usual other ones.
pub struct Generic;

impl Source for Generic {
    fn name(&self) -> &'static str {
        "generic"
    }

    fn about(&self) -> &'static str {
        "any export under rehome's own member names (id, email, password_hash, …) or the usual other ones; others with --map"
    }

    fn hints(&self) -> &'static [Hint] {
        &[]
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        tables::detect(tables)
    }

    fn role(&self, table: &TableSample) -> Role {
        tables::role(table)
    }

    fn settle(&self, tables: &[TableSample], asked: bool) -> Settled {
        tables::settle(tables, asked)
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'r>) -> Result<Account<'r>, Refusal> {
        let members = record.columns(&COLUMNS);
        let [
            id,
            email,
            email_verified,
            phone,
            phone_verified,
            name,
            enabled,
            labels,
            prefs,
            created_at,
            ..,
            username,
            first_name,
            last_name,
        ] = members;
        let (created_at, notes) = date("created_at", created_at, context)?;
        let (email, is_proven) = address(email);
        let email = strict::scalar("email", email)?;
        let username = username.and_then(Value::text).filter(|_| email.is_none());
        let email = email.or_else(|| username.clone().and_then(shape::address_like));
        let mut prefs = strict::object("prefs", prefs)?;
        // All that somebody without an address signs in with.
        if let Some(username) = username.filter(|name| email.is_none() && !name.trim().is_empty()) {
            prefs.entry("username").or_insert_with(|| username.into_owned().into());
        }
        let phone = strict::digits_intact("phone", phone)?.map(unescape_formula);
        let name = match name {
            Some(Value::Object(_) | Value::List(_)) => None,
            name => strict::scalar("name", name)?,
        };
        if id.is_none() && email.is_none() && phone.is_none() && record.get("$$indexCreated").is_some() {
            let text = "the line is of NeDB's own: an index, and nobody";
            return Err(Refusal::new(Code::SkippedBySource, text));
        }
        let reachable = email.is_some() || phone.is_some();
        let parts = || common::join_name([first_name, last_name].map(|part| part.and_then(Value::text)));
        let credential = password::of(record, &members, email.is_none() && phone.is_some(), context)?;
        if !reachable && matches!(credential, Credential::None(_)) && is_guest(record) {
            return Err(Refusal::new(Code::SkippedBySource, "a guest: there is no address, number or password"));
        }
        Ok(Account {
            source_id: identifier(id)?.unwrap_or_default(),
            email,
            email_verified: proof("email_verified", email_verified.or(is_proven))?,
            phone,
            phone_verified: proof("phone_verified", phone_verified)?,
            name: name.or_else(parts),
            enabled: strict::boolean("enabled", enabled)?.unwrap_or(true) && !password::locks(record, &members),
            roles: strict::words("labels", labels, &[',', '|', ';'])?,
            prefs,
            created_at,
            last_seen: None,
            credential,
            notes,
        })
    }

    fn who<'r>(&self, record: &'r Record<'r>) -> (Option<Cow<'r, str>>, Option<Cow<'r, str>>) {
        let members = record.columns(&COLUMNS);
        let email = members[at::EMAIL].and_then(Value::text).filter(|email| email.contains('@'));
        (members[at::ID].and_then(common::id), email)
    }

    fn fate(&self, column: &str) -> Fate {
        columns::fate(column)
    }

    fn fates(&self, columns: &[String]) -> Vec<Fate> {
        columns::fates(columns)
    }

    fn passed_over<'r>(&self, record: &'r Record<'r>) -> Option<&'r Value<'r>> {
        let second = record.column(&COLUMNS, at::PASSWORD).filter(|value| !value.is_empty())?;
        let first = record.column(&COLUMNS, at::HASH).filter(|value| !value.is_empty() && *value != second)?;
        let is_hash = |value| matches!(cell::look(value), cell::Cell::Hash(_));
        (is_hash(second) && is_hash(first)).then_some(second)
    }

    fn undeclared<'r>(&self, record: &'r Record<'r>) -> Option<&'r Value<'r>> {
        record.column(&COLUMNS, at::PASSWORD)
    }

    fn rival<'r>(&self, record: &'r Record<'r>) -> Option<&'r Value<'r>> {
        let hash = record.column(&COLUMNS, at::HASH).filter(|value| !value.is_empty())?;
        let words = record.column(&COLUMNS, at::PASSWORD).filter(|value| !value.is_empty() && *value != hash)?;
        let is_filled = |value| matches!(cell::look(value), cell::Cell::Hash(_) | cell::Cell::Words(_));
        (matches!(cell::look(words), cell::Cell::Words(_)) && is_filled(hash)).then_some(hash)
    }
}

/// What is written as an address, also within an object (`{address, verified}`) or a list, of which the primary one counts or else the
/// first; and what stands beside it of whether it is proven.
fn address<'r>(value: Option<&'r Value<'r>>) -> (Option<&'r Value<'r>>, Option<&'r Value<'r>>) {
    let member = |value: &'r Value<'r>, names: &[&str]| names.iter().find_map(|name| value.member(name));
    match value {
        // Which of several texts is the one nobody says.
        Some(Value::List(items)) if items.len() > 1 && matches!(items.first(), Some(Value::Text(_))) => (value, None),
        Some(Value::List(items)) => {
            let is_primary = |item: &&Value<'_>| {
                let Value::Object(members) = item else { return false };
                let mut marks = members.iter().filter(|(name, _)| common::MAIN.contains(&&*folded(name)));
                marks.any(|(_, value)| common::truth(value) == Some(true))
            };
            address(items.iter().find(is_primary).or(items.first()))
        }
        Some(object @ Value::Object(_)) => match member(object, &["address", "email", "value", "mail", "emailAddress"])
        {
            Some(text @ Value::Text(_)) => {
                (Some(text), member(object, &["verified", "confirmed", "email_verified", "isVerified"]))
            }
            _ => (value, None),
        },
        _ => (value, None),
    }
}

/// Whether a record says by its role or name that it stands for whoever has not signed in.
fn is_guest(record: &Record<'_>) -> bool {
    const COLUMNS: [&str; 14] = [
        "role",
        "roles",
        "userrole",
        "type",
        "usertype",
        "accounttype",
        "kind",
        "group",
        "username",
        "login",
        "name",
        "nick",
        "nickname",
        "displayname",
    ];
    const WORDS: [&str; 7] = ["guest", "guests", "anonymous", "anon", "anonymous user", "guest user", "nobody"];
    record.iter().any(|(name, value)| {
        let text = value.text();
        text.is_some_and(|text| {
            let text = text.trim_matches(['{', '}', '[', ']', '"', ' ']);
            WORDS.iter().any(|word| text.eq_ignore_ascii_case(word)) && COLUMNS.contains(&&*folded(name))
        })
    })
}

/// An id, in MongoDB's spellings too.
fn identifier<'r>(value: Option<&'r Value<'r>>) -> Result<Option<Cow<'r, str>>, Refusal> {
    match value {
        Some(object @ Value::Object(_)) => {
            common::id(object).map(Some).ok_or_else(|| unclear("id", "holds an object where one value is expected"))
        }
        value => strict::digits_intact("id", value),
    }
}

/// Whether an address or a number is proven: yes or no, or the moment since when.
fn proof(column: &str, value: Option<&Value<'_>>) -> Result<bool, Refusal> {
    match value {
        Some(Value::Text(text)) if text == "true" => return Ok(true),
        Some(Value::Text(text)) if text == "false" || text.is_empty() || is_never(text) => return Ok(false),
        None => return Ok(false),
        _ => {}
    }
    // A day at least, and no small number.
    let is_long = |value: &Value<'_>| value.text().is_none_or(|text| text.len() >= 8);
    if let Some(value) = value
        && is_long(value)
        && common::moment(value).is_some()
    {
        return Ok(true);
    }
    Ok(strict::boolean(column, value)?.unwrap_or(false))
}

/// Whether a text says that something has not happened: a word, a date that stands for none, or nought as one.
fn is_never(text: &str) -> bool {
    let text = common::trim(text);
    text.eq_ignore_ascii_case("never")
        || common::is_no_date(text)
        || ["1970-01-01 00:00:00", "1970-01-01T00:00:00"].iter().any(|nought| text.starts_with(nought))
}

/// A moment; one that cannot be understood costs the user nothing but itself, and is only named where it was wanted.
fn date(
    column: &str,
    value: Option<&Value<'_>>,
    context: &Context<'_>,
) -> Result<(Option<jiff::Timestamp>, Vec<Note>), Refusal> {
    let moment = value.and_then(common::moment);
    let unread = context.keep_dates && moment.is_none() && strict::scalar(column, value)?.is_some();
    let notes =
        unread.then(|| Note::new(Code::InvalidDate, format!("column `{column}` holds no date that is understood")));
    Ok((moment, notes.into_iter().collect()))
}

/// Exporters guard spreadsheets with an apostrophe before what would be a formula: `'+14155550123`.
pub(in crate::source) fn unescape_formula(text: Cow<'_, str>) -> Cow<'_, str> {
    let guarded = |t: &str| t.strip_prefix('\'').is_some_and(|rest| rest.starts_with(['=', '+', '-', '@']));
    match text {
        Cow::Borrowed(text) if guarded(text) => Cow::Borrowed(&text[1..]),
        Cow::Owned(text) if guarded(&text) => Cow::Owned(text[1..].to_owned()),
        plain => plain,
    }
}

#[cfg(test)]
mod tests;
