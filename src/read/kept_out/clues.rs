//! Which tables could say of users that they are kept out, and by which of their columns.

use std::collections::HashMap;

use jiff::Timestamp;

use super::super::tables::called;
use super::owner::keys;
use crate::format::{Record, TableSample, Value};
use crate::source::kit::common;
use crate::source::kit::status::tables::{
    bare, is_log, is_of_bans, is_of_parts, is_of_users, names_somebody_shut_out, root, stem, whose,
};
use crate::source::kit::status::words::{ACTIONS, ATTRIBUTES, GROUPS, OWNERS, PEOPLE, TITLES, VALUES};
use crate::source::kit::status::{self, Meaning, Standing, Trace};

/// A column of a table of one row a user, or of several, that could say it.
pub(super) enum Clue {
    /// By its name.
    Column(String, Meaning),
    /// A kind, a role or an action, of which a word may.
    Word(String),
    /// What was done, in a record of that.
    Event(String),
    /// What is told of stands in one column, and what of it in another.
    Pair { about: String, value: String },
}

impl Clue {
    /// The column that says it.
    pub(super) fn column(&self) -> &str {
        match self {
            Self::Column(column, _) | Self::Word(column) | Self::Event(column) => column,
            Self::Pair { value, .. } => value,
        }
    }

    /// What a mapping tells these rows from others by.
    pub(super) fn only(&self, attribute: Option<&str>) -> Option<String> {
        match (self, attribute) {
            (Self::Pair { about, .. }, Some(attribute)) => Some(format!("{about} == '{attribute}'")),
            _ => None,
        }
    }

    /// What stands in a row that keeps its user out; of a pair both.
    pub(super) fn in_row(&self, record: &Record<'_>, now: Timestamp) -> Option<String> {
        // Of a ban of which it is not understood whether it is on, it is not known that it is over.
        let bars = |meaning: Meaning, value| {
            let standing = meaning.read(value, now);
            standing >= Standing::Disabled || meaning == Meaning::BarsWhile && standing == Standing::Unsure
        };
        let text = |value: &Value<'_>| value.text().map(std::borrow::Cow::into_owned);
        match self {
            Self::Column(column, meaning) => record.get(column).filter(|value| bars(*meaning, value)).and_then(text),
            Self::Word(column) => record.get(column).filter(|value| Trace::State.is_in(value, now)).and_then(text),
            Self::Event(column) => record.get(column).and_then(text).filter(|text| names_somebody_shut_out(text)),
            Self::Pair { about, value } => {
                let about = record.get(about).and_then(text)?;
                let meaning = status::meaning(&about)?;
                let value = record.get(value).filter(|value| bars(meaning, value)).and_then(text)?;
                Some(format!("{about}\0{value}"))
            }
        }
    }
}

/// What in a table could say of users that they are kept out; `logs`: also what is a record of what was done.
pub(super) fn clues(table: &TableSample, logs: bool) -> Vec<Clue> {
    if let Some(column) = is_on(table) {
        return vec![Clue::Column(column.to_owned(), Meaning::BarsWhile)];
    }
    let Some(whose) = keys(table).first().copied() else { return Vec::new() };
    if !is_of_users(&called(table)) {
        let is_action = |column: &&String| {
            let bare = bare(column);
            ACTIONS.contains(&&*bare) || bare == "description"
        };
        let events = table.columns.iter().filter(is_action);
        return events.filter(|_| logs && is_log(&called(table))).map(|column| Clue::Event(column.clone())).collect();
    }
    let other = |column: &&String| *column != whose;
    let columns = || table.columns.iter().filter(other);
    let of = |list: &'static [&'static str]| columns().find(|column| list.contains(&&*bare(column)));
    let mut clues = Vec::new();
    if let (Some(about), Some(value)) = (of(ATTRIBUTES), of(VALUES)) {
        clues.push(Clue::Pair { about: about.clone(), value: value.clone() });
    }
    // Whoever is kept out of a team, or of what else the table joins to them, is not kept out of all.
    let table_name = bare(&called(table));
    let is_key = |column: &&String| {
        let bare = bare(column);
        let of = bare.strip_suffix("id").filter(|of| of.len() > 2 && !["role", "group"].contains(of));
        of.is_some_and(|of| table_name.contains(of) || OWNERS.iter().any(|owner| of.ends_with(owner)))
    };
    let is_money = |column: &&String| ["balance", "currency", "provider", "iban", "amount"].contains(&&*bare(column));
    if columns().any(|column| is_key(&column) || is_money(&column)) {
        return clues;
    }
    clues.extend(columns().filter_map(|column| {
        if let Some(meaning) = status::meaning_among(column, &table.columns) {
            return (!is_of_parts(&called(table), &table.columns)).then(|| Clue::Column(column.clone(), meaning));
        }
        let is_word = status::trace(column) == Trace::State || ACTIONS.contains(&&*bare(column));
        is_word.then(|| Clue::Word(column.clone()))
    }));
    clues
}

/// Whether a table is of people who are kept out, by its name.
pub(super) fn is_of_the_barred(table: &TableSample) -> bool {
    let called = called(table);
    status::names_barred(&called) || status::names_people_out(&called) || is_of_bans(&called, &table.columns)
}

/// The column of a table of bans that says of each whether it is on.
pub(super) fn is_on(table: &TableSample) -> Option<&str> {
    let is_on = |column: &&String| status::meaning_at(&format!("bans.{column}")) == Some(Meaning::BarsWhile);
    let column =
        table.columns.iter().find(is_on).filter(|_| is_of_the_barred(table) && whose(&table.columns).is_some())?;
    Some(column)
}

/// A table of groups: a key and names.
pub(super) struct Group {
    pub at: usize,
    /// The table's own name.
    stem: String,
    pub key: String,
    /// Columns in which names may stand.
    pub titles: Vec<String>,
    /// Columns that say by their own names whether members may sign in.
    pub flags: Vec<(String, Meaning)>,
    /// Keys of those that keep their members out, with the column and the name that say so.
    pub barred: HashMap<String, String>,
}

impl Group {
    /// The column and the name of the group with this key, if it keeps its members out.
    pub(super) fn barred_by(&self, key: &Value<'_>) -> Option<&str> {
        self.barred.get(key.text()?.trim()).map(String::as_str)
    }
}

/// A table that could be one of groups.
pub(super) fn could_be_group(at: usize, table: &TableSample) -> Option<Group> {
    let stem = stem(&called(table));
    let titles: Vec<String> = table
        .columns
        .iter()
        .filter(|column| {
            let bare = bare(column);
            TITLES.contains(&&*bare) || bare.ends_with("name") || bare.ends_with("title") || stem.ends_with(&*bare)
        })
        .cloned()
        .collect();
    let is_key = |column: &&String| {
        let bare = bare(column);
        bare == "key" || bare.ends_with("id") || NUMBERS.contains(&&*bare)
    };
    let own = table.columns.iter().find(|column| {
        let column = bare(column);
        column.ends_with("id") && column.len() > 2 && stem.ends_with(column.trim_end_matches("id"))
    });
    let bare_id = || table.columns.iter().find(|column| ["id", "_id", "pk"].contains(&&*column.to_ascii_lowercase()));
    let key = own.or_else(bare_id).or_else(|| table.columns.iter().find(is_key))?.clone();
    let mut titles: Vec<String> = titles.into_iter().filter(|title| *title != key).collect();
    // Of a key and a word nobody asks what the word is called.
    if titles.is_empty() && table.columns.len() <= 3 {
        let is_word = |column: &&String| {
            let cells = || table.records.iter().filter_map(|record| record.get(column.as_str()));
            **column != key
                && cells().next().is_some()
                && cells().all(|cell| cell.is_string() && common::truth(&common::value(cell)).is_none())
        };
        titles.extend(table.columns.iter().filter(is_word).cloned());
    }
    // What a company or a team has is its own, but for signing in.
    let is_kind = GROUPS.iter().any(|kind| stem.contains(kind));
    let flag = |column: &String| {
        let meaning = status::meaning(column)?;
        (is_kind || ["login", "signin"].iter().any(|word| bare(column).contains(word)))
            .then(|| (column.clone(), meaning))
    };
    let flags: Vec<_> = table.columns.iter().filter(|column| **column != key).filter_map(flag).collect();
    ((!titles.is_empty() || !flags.is_empty()) && whose(&table.columns).is_none()).then(|| Group {
        at,
        stem,
        key,
        titles,
        flags,
        barred: HashMap::new(),
    })
}

/// What a number is called by which a row of a table is known.
const NUMBERS: [&str; 6] = ["nr", "no", "num", "nummer", "number", "kod"];

/// The column of a table that is a key of a group.
pub(super) fn links<'t>(table: &'t TableSample, group: &Group) -> Option<&'t str> {
    let leads = |column: &&String| {
        let bare = bare(column);
        let own = stem(
            NUMBERS.iter().find_map(|end| bare.strip_suffix(end).filter(|rest| rest.len() >= 3)).unwrap_or(column),
        );
        let own = ["fk", "main", "primary", "user", "member"]
            .iter()
            .fold(own.as_str(), |own, front| own.strip_prefix(front).filter(|rest| rest.len() >= 3).unwrap_or(own));
        let alike = own.len() >= 3 && (group.stem.ends_with(own) || own.ends_with(&group.stem));
        let alike = alike
            || own.len() >= 3 && root(own) == root(&group.stem)
            || own.len() >= 4
                && (group.stem.starts_with(own) && !PEOPLE.iter().any(|people| stem(people) == own)
                    || root(&group.stem).ends_with(&root(own)));
        let of_a_kind = GROUPS.iter().any(|kind| own.contains(kind) && group.stem.contains(kind));
        alike || of_a_kind || bare.len() > 2 && bare == self::bare(&group.key)
    };
    table.columns.iter().find(leads).map(String::as_str)
}
