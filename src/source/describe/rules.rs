//! `[where]`: who is left out, who is disabled, and of whom something is said.

use std::borrow::Cow;

use super::column::Column;
use super::condition::Conditions;
use super::row::Row;
use super::section::{Problem, Read, Section};
use crate::code::{Code, Note, Refusal};

/// A sentence, in which `{column}` is what a column holds.
pub(in crate::source) struct Said(Vec<Piece>);

enum Piece {
    Words(String),
    Column(Column),
}

impl Said {
    pub(in crate::source) fn read(written: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = written;
        while let Some((words, column, after)) = rest.split_once('{').and_then(|(words, after)| {
            let (column, after) = after.split_once('}')?;
            Some((words, column, after))
        }) {
            pieces.push(Piece::Words(words.to_owned()));
            pieces.push(Piece::Column(Column::new(column)));
            rest = after;
        }
        pieces.push(Piece::Words(rest.to_owned()));
        Self(pieces)
    }

    pub(in crate::source) fn of(&self, row: Row<'_, '_>) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Words(words) => words.clone(),
            Piece::Column(column) => {
                row.get(column).and_then(|found| found.value().text().map(Cow::into_owned)).unwrap_or_default()
            }
        };
        self.0.iter().map(piece).collect()
    }

    pub(in crate::source) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Column(column) => Some(column),
            Piece::Words(_) => None,
        })
    }
}

/// One rule: of whom it is, and what is said then.
pub(in crate::source) struct Rule {
    when: Conditions,
    said: Option<Said>,
    code: Code,
}

/// `[where]`
#[derive(Default)]
pub(in crate::source) struct Rules {
    skip: Vec<Rule>,
    disable: Vec<Rule>,
    note: Vec<Rule>,
}

impl Rules {
    pub(in crate::source) fn read(mut section: Section) -> Read<Self> {
        let rules = Self {
            skip: rules(&mut section, "skip", Code::SkippedBySource)?,
            disable: rules(&mut section, "disable", Code::LockedInSource)?,
            note: rules(&mut section, "note", Code::LockedInSource)?,
        };
        section.end()?;
        if rules.note.iter().any(|rule| rule.said.is_none()) {
            Err(Problem("[where] note needs say".to_owned()))
        } else {
            Ok(rules)
        }
    }

    /// Whether the record is left out.
    ///
    /// # Errors
    /// The refusal that says why.
    pub(in crate::source) fn leave_out(&self, row: Row<'_, '_>) -> Result<(), Refusal> {
        let Some(rule) = self.skip.iter().find(|rule| rule.when.hold(row)) else { return Ok(()) };
        let text = if let Some(said) = &rule.said {
            said.of(row)
        } else {
            let written: Vec<_> = rule.when.0.iter().map(|comparison| comparison.written.as_str()).collect();
            format!("left out by the mapping: {}", written.join(" and "))
        };
        Err(Refusal::new(rule.code, text))
    }

    /// Whether somebody may not sign in, with what is to be said of that and otherwise.
    pub(in crate::source) fn disables(&self, row: Row<'_, '_>, notes: &mut Vec<Note>) -> bool {
        let mut disabled = false;
        for rule in self.disable.iter().filter(|rule| rule.when.hold(row)) {
            disabled = true;
            notes.extend(rule.said.as_ref().map(|said| Note::new(rule.code, said.of(row))));
        }
        for rule in self.note.iter().filter(|rule| rule.when.hold(row)) {
            notes.extend(rule.said.as_ref().map(|said| Note::new(rule.code, said.of(row))));
        }
        disabled
    }

    /// Hands over the columns by which people are left out, and those by which they are disabled.
    pub(in crate::source) fn visit<'m>(&'m self, each: &mut dyn FnMut(&'m [Column], &'static str)) {
        for (rules, field) in [(&self.disable, "enabled"), (&self.note, "enabled"), (&self.skip, "record")] {
            let said = |rule: &'m Rule| rule.said.iter().flat_map(Said::columns);
            let columns = rules.iter().flat_map(|rule| rule.when.columns().chain(said(rule)));
            columns.for_each(|column| each(std::slice::from_ref(column), field));
        }
    }
}

fn rules(section: &mut Section, key: &'static str, code: Code) -> Read<Vec<Rule>> {
    let rule = |mut rule: Section| {
        let when = Conditions::take(&mut rule, "when")?;
        if when.is_empty() {
            return Err(Problem(format!("{} needs when", rule.name())));
        }
        let said = rule.text("say")?.map(|said| Said::read(&said));
        rule.end()?;
        Ok(Rule { when, said, code })
    };
    section.tables(key, Some("when"))?.into_iter().map(rule).collect()
}
