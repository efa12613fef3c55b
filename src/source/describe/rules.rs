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
    /// Whether whoever is left out is one whom the source marks as deleted; else its columns say it.
    deleted: Option<bool>,
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
        let is_deleted = || rule.when.0.iter().any(|comparison| comparison.marks_deleted(row));
        Err(if rule.deleted.unwrap_or_else(is_deleted) {
            Refusal::deleted(text)
        } else {
            Refusal::new(rule.code, text)
        })
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
        let deleted = if key == "skip" { rule.flag("deleted")? } else { None };
        rule.end()?;
        Ok(Rule { when, said, code, deleted })
    };
    section.tables(key, Some("when"))?.into_iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::describe::Mapping;
    use crate::source::kit::testing;
    use crate::source::{NoRelated, Source as _};

    /// What a sync takes for gone is only whom the source itself calls so, whatever else a rule leaves out.
    #[test]
    fn only_a_column_that_says_so_marks_somebody_as_deleted() {
        let is_deleted = |rule: &str, record: serde_json::Value| {
            let mapping =
                Mapping::parse(&format!("[where]\nskip = [{rule}]\n[user]\nid = \"id\"\nemail = \"email\"\n"), &|_| {
                    None
                });
            let Ok(mapping) = mapping else { panic!("{rule}: no mapping") };
            let record = testing::record(record);
            let refusal = mapping.interpret(&record, &testing::context(&NoRelated)).expect_err("left out");
            assert_eq!(refusal.code, Code::SkippedBySource, "{rule}");
            refusal.deleted
        };
        for (rule, column, value) in [
            ("deleted_at != null", "deleted_at", json!("2026-01-31T12:00:00Z")),
            ("discarded_at != null", "discarded_at", json!(1_769_860_800)),
            ("deletedAt != null", "deletedAt", json!("2026-01-31")),
            ("dateDeleted != null", "dateDeleted", json!("2026-01-31 12:00:00")),
            ("is_deleted == true", "is_deleted", json!(true)),
            ("Deleted == true", "Deleted", json!("1")),
            ("purged == true", "purged", json!("t")),
            ("gdpr_deleted == true", "gdpr_deleted", json!(1)),
            ("state == 'deleted'", "state", json!("deleted")),
            ("status != 'active'", "status", json!("deleted")),
        ] {
            assert!(is_deleted(&format!("\"{rule}\""), json!({ "id": 1, "email": "a@b.cd", column: value })), "{rule}");
        }
        for (rule, column, value) in [
            ("kind == 'bot'", "kind", json!("bot")),
            ("email == null", "email", json!("")),
            ("status != 'active'", "status", json!("banned")),
            ("is_guest == true", "is_guest", json!(true)),
            ("deleted_at == null", "deleted_at", json!(null)),
            ("deleted == false", "deleted", json!(false)),
        ] {
            assert!(
                !is_deleted(&format!("\"{rule}\""), json!({ "id": 1, "email": "a@b.cd", column: value })),
                "{rule}"
            );
        }
        let left = json!({ "id": 1, "email": "a@b.cd", "left": true, "deleted": true });
        assert!(is_deleted(r#"{ when = "left == true", deleted = true }"#, left.clone()));
        assert!(!is_deleted(r#"{ when = "deleted == true", deleted = false }"#, left));
    }
}
