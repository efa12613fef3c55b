//! Models beside the users' in one list of all objects (Django's `dumpdata`), looked at as the tables are that they come from.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::clues::{Clue, clues, is_of_the_barred, is_on};
use super::{Known, SAID, note, rows_of};
use crate::error::RunError;
use crate::format::{Fields, Format, Position, Record, TableSample, Value};
use crate::source::Role;
use crate::source::kit::status::tables::whose;
use crate::source::kit::status::words::PEOPLE;

/// So many fields of all models are known.
const MOST: usize = 1 << 12;

/// The name of a member, and what it holds.
type Field<'r> = (Cow<'r, str>, Value<'r>);

/// A model, as the table that it is.
struct Model<'t> {
    name: String,
    file: &'t TableSample,
    table: TableSample,
    clues: Vec<Clue>,
}

impl<'t> Known<'t> {
    /// Objects of other models that say of users that they are kept out.
    pub(super) fn models_that_bar(self) -> Result<Vec<String>, RunError> {
        let lists = || self.users().filter(|(at, table)| self.roles[*at] == Role::Mixed && is_of_models(table));
        let named = self.read(lists().map(|(at, _)| at), |at, record, hits| {
            let Some((model, fields)) = self.model(record) else { return };
            let (_, seen) = hits.entry((at, 0)).or_default();
            if seen.len() < MOST {
                seen.extend(fields.iter().map(|(field, _)| format!("{model}\0{field}")));
            }
        })?;
        let mut columns: BTreeMap<(usize, String), Vec<String>> = BTreeMap::new();
        for ((at, _), (_, seen)) in named {
            for (model, field) in seen.iter().filter_map(|seen| seen.split_once('\0')) {
                columns.entry((at, model.to_owned())).or_default().push(field.to_owned());
            }
        }
        let models: Vec<Model<'t>> =
            columns.into_iter().filter_map(|((at, name), columns)| self.watched(at, name, columns)).collect();
        if models.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.options.now;
        let hits = self.read(lists().map(|(at, _)| at), |_, record, hits| {
            let Some((model, fields)) = self.model(record) else { return };
            let Some(which) = models.iter().position(|known| known.name == model) else { return };
            if models[which].clues.is_empty() {
                note(hits, (which, 0), String::new());
                return;
            }
            let row = Record {
                position: Position::default(),
                table: "".into(),
                fields: Fields::Members(fields.to_vec()),
                raw: b"",
            };
            for (clue, text) in
                models[which].clues.iter().enumerate().filter_map(|(n, clue)| Some((n, clue.in_row(&row, now)?)))
            {
                note(hits, (which, clue), text);
            }
        })?;
        let said = hits.iter().map(|(&(which, clue), (rows, _))| {
            let Model { name, file, table, clues } = &models[which];
            let says = match clues.get(clue) {
                Some(clue) => format!("in `{}` of {} that somebody may not sign in", clue.column(), rows_of(*rows)),
                None => format!("by `{}` of users that they are kept out", whose(&table.columns).unwrap_or_default()),
            };
            let path = crate::escape::quoted_path(&file.path);
            let short = table.table.replace('.', "_");
            let make = match file.format {
                Format::Json => format!("`jq '[.[] | select(.model == \"{name}\") | .fields]' {path} > {short}.json`"),
                Format::Ndjson => format!("`jq -c 'select(.model == \"{name}\") | .fields' {path} > {short}.ndjson`"),
                _ => "dumped as JSON, `jq` does".to_owned(),
            };
            let ignore = crate::escape::flag("--ignore", name);
            format!(
                "model `{name}` says {says}, and is not read: make a file of its own of it ({make}) and pass that, too, with {ignore}, which \
                 tells the lines of a mapping that read it; {ignore} alone leaves it out"
            )
        });
        Ok(said.take(SAID).collect())
    }

    /// The model and the fields of an object that is no user's.
    fn model<'r>(self, record: &'r Record<'_>) -> Option<(String, &'r [Field<'r>])> {
        let Some(Value::Object(fields)) = record.get("fields") else { return None };
        let model = record.text("model")?;
        (self.source.role_of(record) == Role::Ignored).then(|| (model.into_owned(), &**fields))
    }

    /// A model that could say it, as a table.
    fn watched(self, at: usize, name: String, columns: Vec<String>) -> Option<Model<'t>> {
        let is_left_out = self.options.ignore.contains(&name)
            || self.options.mapping.is_some_and(|mapping| mapping.leaves_out(&name));
        let file = &self.tables[at];
        let records = Vec::new();
        let table = TableSample {
            table: parted(&name),
            columns,
            records,
            head: String::new(),
            path: file.path.clone(),
            ..*file
        };
        let barred = is_of_the_barred(&table) && is_on(&table).is_none() && whose(&table.columns).is_some();
        let clues = if barred { Vec::new() } else { clues(&table, false) };
        (!is_left_out && (barred || !clues.is_empty())).then_some(Model { name, file, table, clues })
    }
}

fn is_of_models(table: &TableSample) -> bool {
    ["model", "fields"].iter().all(|name| table.columns.iter().any(|column| column == name))
}

/// The words of a model's name, which are written as one: `accounts.userban` is of `user_ban`s.
fn parted(model: &str) -> String {
    let (app, name) = model.rsplit_once('.').unwrap_or(("", model));
    let people = PEOPLE.iter().filter(|people| name.len() > people.len() && name.starts_with(**people));
    match people.max_by_key(|people| people.len()) {
        Some(people) => format!("{app}.{people}_{}", &name[people.len()..]),
        None => model.to_owned(),
    }
}
