//! Tables of people that are joined to the users', and of which a column that nobody reads keeps somebody out.

use super::clues::Clue;
use super::{Known, SAID, called, joined, name, note, rows_of, status};
use crate::error::RunError;
use crate::format::TableSample;
use crate::source::kit::status::Seen;
use crate::source::kit::status::tables::{is_of_parts, is_of_users};
use crate::source::{Joined, Role, Source as _};

impl<'t> Known<'t> {
    /// Rows of tables of people that are joined for something else.
    pub(super) fn joined_rows_that_bar(self) -> Result<Vec<String>, RunError> {
        let related = self.with(|role| matches!(role, Role::Related(_))).filter(|(_, table)| {
            is_of_users(&called(table)) && !is_of_parts(&called(table), &table.columns) && !self.leaves_out(table)
        });
        let watched: Vec<(usize, &'t TableSample, Joined<'t>, bool, Vec<Clue>)> = related
            .filter_map(|(at, table)| {
                let own = self.options.mapping.and_then(|mapping| mapping.joined(table));
                let is_own = own.is_some() || self.source.name() == "mapping";
                let join = own.or_else(|| self.source.joined(table))?;
                let unread = table.columns.iter().filter(|column| !join.read.contains(&column.as_str()));
                let meant = unread.filter_map(|column| {
                    let meaning = status::meaning_among(column, &table.columns)?;
                    Some(Clue::Column(column.clone(), meaning))
                });
                let clues: Vec<_> = meant.collect();
                (!clues.is_empty()).then_some((at, table, join, is_own, clues))
            })
            .collect();
        let now = self.options.now;
        let hits = self.read(watched.iter().map(|(at, ..)| *at), |at, record, hits| {
            let clues = watched.iter().find(|(of, ..)| *of == at).map_or(&[][..], |(.., clues)| clues);
            for (which, clue) in clues.iter().enumerate() {
                if let Some(text) = clue.in_row(record, now) {
                    note(hits, (at, which), text);
                }
            }
        })?;
        let said = hits.iter().filter_map(|(&(at, which), (rows, values))| {
            let (_, table, join, is_own, clues) = watched.iter().find(|(of, ..)| *of == at)?;
            let (column, called) = (clues[which].column(), called(table));
            let seen = Seen::of(values.iter().map(String::as_str));
            let of = if *is_own { join.name.to_owned() } else { joined(&called) };
            let reading = status::reading_of(&format!("{of}.{column}"), column, &seen);
            let joins = if *is_own { Vec::new() } else { vec![Self::join_of(&called, join.key.0, join.key.1, None)] };
            Some(format!(
                "{} says in `{column}` of {} that somebody may not sign in, and that column is not read: {}",
                name(table),
                rows_of(*rows),
                self.remedy(&called, &joins, &reading)
            ))
        });
        Ok(said.take(SAID).collect())
    }
}
