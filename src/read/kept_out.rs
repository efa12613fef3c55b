//! What tables that nobody reads say of users being kept out: a table of bans, a profile that is blocked, a group of the banned.
//! Whoever is in one would come back enabled.

mod addresses;
mod beside;
mod clues;
mod joined;
mod models;
mod owner;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;

use super::ReadOptions;
use super::scan::{Decoded, Pass, Reading, drive};
use super::tables::{called, is_called, name};
use crate::error::RunError;
use crate::event::Silent;
use crate::format::file::SourceFile;
use crate::format::{Record, TableSample, Value};
use crate::scheme::columns::holds_password;
use crate::source::describe::Mapping;
use crate::source::kit::status::tables::{bare, is_log, whose};
use crate::source::kit::status::{self, Meaning, Seen, Standing, Trace};
use crate::source::{Fate, Role, Source};
use clues::{Clue, Group, clues, could_be_group, is_of_the_barred, is_on, links};

/// An export's files and tables, and what they are to its source.
#[derive(Clone, Copy)]
pub(super) struct Known<'t> {
    pub files: &'t [SourceFile],
    pub tables: &'t [TableSample],
    pub roles: &'t [Role],
    pub source: &'static dyn Source,
    pub options: &'t ReadOptions,
}

/// Stops at tables that say of users that they are kept out, where nobody reads them.
///
/// # Errors
/// [`RunError::usage`] with the lines of a mapping that read them; whatever ended the reading.
pub(super) fn stop(of: Known<'_>) -> Result<(), RunError> {
    if of.options.mapping.is_some_and(Mapping::enables_nobody) {
        return Ok(());
    }
    of.stop_at_people_who_are_out()?;
    of.stop_at_lists_of_the_barred()?;
    let mut said = Vec::new();
    for look in [
        Known::tables_of_the_barred,
        Known::addresses_of_the_barred,
        Known::rows_that_bar,
        Known::joined_rows_that_bar,
        Known::groups_of_the_barred,
        Known::models_that_bar,
    ] {
        if said.is_empty() {
            said = look(of)?;
        }
    }
    if said.is_empty() { Ok(()) } else { Err(RunError::usage(format!("{}; nothing was sent", said.join("; ")))) }
}

/// What was seen of a table's clues: how many rows bar their user, and what stands in them.
type Hits = BTreeMap<(usize, usize), (u64, BTreeSet<String>)>;

impl<'t> Known<'t> {
    fn with(self, role: impl Fn(Role) -> bool) -> impl Iterator<Item = (usize, &'t TableSample)> {
        let tables = self.tables.iter().zip(self.roles).enumerate();
        tables.filter(move |(_, (_, its))| role(**its)).map(|(at, (table, _))| (at, table))
    }

    fn users(self) -> impl Iterator<Item = (usize, &'t TableSample)> {
        self.with(|role| matches!(role, Role::Users | Role::Mixed))
    }

    /// Known that nobody reads, but for those that are left out on purpose.
    fn others(self) -> impl Iterator<Item = (usize, &'t TableSample)> {
        self.with(|role| role == Role::Ignored).filter(move |(_, t)| !t.records.is_empty() && !self.leaves_out(t))
    }

    fn leaves_out(self, table: &TableSample) -> bool {
        self.options.ignore.iter().any(|name| is_called(table, name))
            || self.options.mapping.is_some_and(|mapping| mapping.leaves_out(&called(table)))
    }

    /// A table or file that is called after people who are kept out, and is read as if they were not.
    fn stop_at_people_who_are_out(self) -> Result<(), RunError> {
        let has_password = |table: &TableSample| table.columns.iter().any(|column| holds_password(column));
        let out = |table: &TableSample| {
            let called = called(table);
            (status::names_people_out(&called) || status::names_out_alone(&called) && has_password(table))
                && says_nothing(table)
        };
        let Some((_, table)) = self.users().find(|(_, table)| out(table)) else { return Ok(()) };
        let base = status::base(self.source.name());
        Err(RunError::usage(format!(
            "{} is named after people who are kept out, and nothing in it says so: pass it alone with a mapping file that does \
             (--map, {base}[user] enabled = false), or leave it out; nothing was sent",
            name(table)
        )))
    }

    /// Known whose name alone says it.
    fn tables_of_the_barred(self) -> Result<Vec<String>, RunError> {
        // What has addresses is taken for people by a mapping that does not say which table they are in.
        let beside = |at: usize| self.users().any(|(user, table)| user != at && !status::names_barred(&called(table)));
        let taken =
            self.users().filter(|&(at, table)| self.options.mapping.is_some() && beside(at) && says_nothing(table));
        let says = |table: &TableSample| is_of_the_barred(table) && is_on(table).is_none();
        let barred = self.others().chain(taken).filter(|(_, table)| says(table));
        let mut barred = barred.peekable();
        // What the users' own table says has its details there; where that says it of nobody, it is another matter.
        if barred.peek().is_none() || self.bars_somebody()? {
            return Ok(Vec::new());
        }
        let barred: Vec<_> = barred.filter(|(_, table)| whose(&table.columns).is_some()).take(1).collect();
        let mut said = Vec::new();
        for (at, table) in barred {
            let Some((whose, of)) = self.owner(at, |_| true)? else { continue };
            let called = called(table);
            let reading = format!("from = {}, as = \"empty\"", status::quoted(&format!("{}.{whose}", joined(&called))));
            let (only, hint) = over(table);
            said.push(format!(
                "{} says by `{whose}` of users that they are kept out, and is {}: {}{hint}",
                name(table),
                if self.is_user(at) { "read as users who may sign in" } else { "not read" },
                self.remedy(&called, &[Self::join_of(&called, &whose, &of, only.as_deref())], &reading)
            ));
        }
        Ok(said)
    }

    /// Whether a column of the users' own tables keeps somebody out.
    fn bars_somebody(self) -> Result<bool, RunError> {
        let bars = |column: &&String| status::meaning(column) == Some(Meaning::Bars);
        let clue = |column: &String| Clue::Column(column.clone(), Meaning::Bars);
        let watched: Vec<(usize, Vec<Clue>)> =
            self.users().map(|(at, table)| (at, table.columns.iter().filter(bars).map(clue).collect())).collect();
        let now = self.options.now;
        let columns = watched.iter().filter(|(_, clues)| !clues.is_empty()).map(|(at, _)| *at);
        let hits = self.read(columns, |at, record, hits| {
            let clues = watched.iter().find(|(watched, _)| *watched == at).map_or(&[][..], |(_, clues)| clues);
            for (which, clue) in clues.iter().enumerate() {
                if let Some(text) = clue.in_row(record, now) {
                    note(hits, (at, which), text);
                }
            }
        })?;
        Ok(!hits.is_empty())
    }

    /// Rows of tables about users, of which a column says it.
    fn rows_that_bar(self) -> Result<Vec<String>, RunError> {
        // Where the users' own table says it, a log tells how that came to be.
        let says = self.users().any(|(_, table)| !says_nothing(table));
        let watched: Vec<(usize, &TableSample, Vec<Clue>)> = self
            .others()
            .map(|(at, table)| (at, table, clues(table, !says)))
            .filter(|(_, _, clues)| !clues.is_empty())
            .collect();
        let now = self.options.now;
        let hits = self.read(watched.iter().map(|(at, ..)| *at), |at, record, hits| {
            let clues = watched.iter().find(|(watched, ..)| *watched == at).map_or(&[][..], |(_, _, clues)| clues);
            for (which, clue) in clues.iter().enumerate() {
                if let Some(text) = clue.in_row(record, now) {
                    note(hits, (at, which), text);
                }
            }
        })?;
        let mut said = Vec::new();
        for (&(at, which), (rows, values)) in &hits {
            let Some((_, table, clues)) = watched.iter().find(|(watched, ..)| *watched == at) else { continue };
            let (clue, called) = (&clues[which], called(table));
            let Some((whose, of)) = self.owner(at, |record| clue.in_row(record, now).is_some())? else { continue };
            let from = format!("{}.{}", joined(&called), clue.column());
            // Of pairs one attribute is told of at a time.
            let about = values.first().and_then(|value| value.split_once('\0')).map(|(about, _)| about);
            let of_it = values.iter().filter_map(|value| match (about, value.split_once('\0')) {
                (Some(about), Some((which, value))) => (which == about).then_some(value),
                _ => Some(value.as_str()),
            });
            let seen = Seen::of(of_it);
            let only = clue.only(about);
            let reading = status::reading_of(&from, about.unwrap_or(clue.column()), &seen);
            let lifted = if is_log(&called) {
                "; it keeps out whoever has such a row, also where a later one lets them back"
            } else {
                ""
            };
            said.push(format!(
                "{} says in `{}` of {} that somebody may not sign in, and is not read: {}{lifted}",
                name(table),
                clue.column(),
                rows_of(*rows),
                self.remedy(&called, &[Self::join_of(&called, &whose, &of, only.as_deref())], &reading)
            ));
            if said.len() == SAID {
                break;
            }
        }
        Ok(said)
    }

    /// Groups by whose name their members are kept out, where users are in one.
    fn groups_of_the_barred(self) -> Result<Vec<String>, RunError> {
        let columns = || self.users().chain(self.others().filter(|(_, table)| whose(&table.columns).is_some()));
        let groups: Vec<Group> = self.others().filter_map(|(at, table)| could_be_group(at, table)).collect();
        let linked = |group: &Group| columns().any(|(at, table)| at != group.at && links(table, group).is_some());
        let mut groups: Vec<Group> = groups.into_iter().filter(linked).collect();
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let named = self.read(groups.iter().map(|group| group.at), |at, record, hits| {
            for (which, group) in groups.iter().enumerate().filter(|(_, group)| group.at == at) {
                let now = self.options.now;
                let titles = group.titles.iter().map(|title| (title, None));
                for (title, meaning) in titles.chain(group.flags.iter().map(|(flag, meaning)| (flag, Some(meaning)))) {
                    let text = |column: &str| record.get(column).and_then(Value::text);
                    let bars = record.get(title).is_some_and(|value| match meaning {
                        Some(meaning) => meaning.read(value, now) >= Standing::Disabled,
                        None => Trace::State.is_in(value, now),
                    });
                    if let (true, Some(key), Some(named)) = (bars, text(&group.key), text(title)) {
                        note(hits, (which, 0), format!("{key}\0{title}\0{named}"));
                    }
                }
            }
        })?;
        for ((which, _), (_, found)) in &named {
            groups[*which].barred = found
                .iter()
                .filter_map(|row| row.split_once('\0').map(|(key, named)| (key.to_owned(), named.to_owned())))
                .collect();
        }
        groups.retain(|group| !group.barred.is_empty());
        let links: Vec<(usize, &TableSample, &Group, &str)> = groups
            .iter()
            .flat_map(|group| {
                let others = columns().filter(|(at, _)| *at != group.at);
                others.filter_map(move |(at, table)| Some((at, table, group, links(table, group)?)))
            })
            .filter(|(at, _, _, column)| !self.is_user(*at) || self.is_unknown(column))
            .collect();
        let hits = self.read(links.iter().map(|(at, ..)| *at), |at, record, hits| {
            for (which, (_, _, group, column)) in links.iter().enumerate().filter(|(_, link)| link.0 == at) {
                if let Some(named) = record.get(column).and_then(|key| group.barred_by(key)) {
                    note(hits, (which, 0), named.to_owned());
                }
            }
        })?;
        let said = hits.iter().map(|(&(which, _), (rows, names))| {
            let (at, table, group, column) = links[which];
            let groups = called(&self.tables[group.at]);
            let split = |named: &String| named.split_once('\0').map(|(t, n)| (t.to_owned(), n.to_owned()));
            let (titles, barred): (HashSet<String>, Vec<String>) = names.iter().filter_map(split).unzip();
            let title = titles.into_iter().next().unwrap_or_default();
            let join = |of: &str| {
                format!(
                    "[join.{}] table = {}, key = {}, of = {}",
                    joined(&groups),
                    status::quoted(&groups),
                    status::quoted(&group.key),
                    status::quoted(of)
                )
            };
            let joins = if self.is_user(at) {
                vec![join(column)]
            } else {
                let between = called(table);
                let of = format!("{}.{column}", joined(&between));
                vec![self.join(&between, whose(&table.columns).unwrap_or_default(), None), join(&of)]
            };
            let list: Vec<_> = barred.iter().map(|named| status::quoted(named)).collect();
            let from = status::quoted(&format!("{}.{title}", joined(&groups)));
            let (reading, said) = if group.flags.iter().any(|(flag, _)| *flag == title) {
                let path = format!("{}.{title}", joined(&groups));
                let seen = Seen::of(barred.iter().map(String::as_str));
                (status::reading_of(&path, &title, &seen), format!("one whose `{title}` is"))
            } else {
                (format!("from = {from}, false_values = [{}]", list.join(", ")), "a group named".to_owned())
            };
            format!(
                "column `{column}` of {} is a key of {} in {}, and {} {said} {} there: {}",
                name(table),
                name(&self.tables[group.at]),
                rows_of(*rows),
                if *rows == 1 { "leads to" } else { "lead to" },
                list.join(", "),
                self.remedy(&groups, &joins, &reading)
            )
        });
        Ok(said.take(SAID).collect())
    }

    fn is_user(self, at: usize) -> bool {
        matches!(self.roles[at], Role::Users | Role::Mixed)
    }

    /// Whether nobody else reads a column of the users for that.
    fn is_unknown(self, column: &str) -> bool {
        let says = self.options.mapping.is_some_and(|mapping| mapping.says(column).is_some());
        let ignored = self.options.ignore.iter().any(|ignored| ignored.eq_ignore_ascii_case(column));
        // A number of the application's own says nothing where the table of them is not read.
        let is_status = || {
            self.source.name() == "generic"
                && matches!(self.source.fate(column), Fate::Transformed { to: "enabled", .. })
        };
        !says && !ignored && (self.source.fate(column) == self.source.fate("\0") || is_status())
    }

    /// Reads some tables row by row; none of them costs nothing.
    fn read(
        self,
        of: impl Iterator<Item = usize>,
        each: impl Fn(usize, &Record<'_>, &mut Hits) + Sync,
    ) -> Result<Hits, RunError> {
        let wanted: HashSet<usize> = of.collect();
        let mut found = Hits::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        let role = |at: usize| if wanted.contains(&at) { Role::Users } else { Role::Ignored };
        let roles: Vec<_> = (0..self.tables.len()).map(role).collect();
        let Self { files, tables, source, .. } = self;
        let job = Reading { files, tables, roles: &roles, source, pass: Pass::Users };
        let look = |hits: &mut Hits, group: Vec<Decoded<'_>>| {
            for decoded in group {
                let Ok(record) = decoded.record else { continue };
                let is = |t: &TableSample| t.file == decoded.position.file && *t.table == *record.table;
                if let Some(at) = tables.iter().position(is) {
                    each(at, record, hits);
                }
            }
        };
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let read = drive(&job, threads, &Silent, &Hits::new, &look, |hits| {
            for (key, (rows, values)) in hits {
                let (all, seen) = found.entry(key).or_default();
                *all += rows;
                seen.extend(values);
            }
            Ok(ControlFlow::Continue(()))
        });
        match read {
            // What is whole before a damage was looked at; the damage is told when the export is read.
            Err(error) if error.kind() != crate::error::Kind::Export => Err(error),
            _ => Ok(found),
        }
    }

    /// The lines of a mapping that join a table by whose its rows are.
    fn join(self, called: &str, whose: &str, only: Option<&str>) -> String {
        Self::join_of(called, whose, &self.of(whose), only)
    }

    /// The column of the users that their source takes for their id.
    fn own_id(self) -> Option<&'t str> {
        let id = |table: &'t TableSample| {
            table.columns.iter().find(|column| self.source.fate(column) == Fate::Carried("id")).map(String::as_str)
        };
        self.users().find_map(|(_, table)| id(table))
    }

    /// The column of the users by which a table's column of this name says whose a row is, as far as names tell.
    fn of(self, whose: &str) -> String {
        if whose.to_ascii_lowercase().contains("mail") {
            return "email".to_owned();
        }
        let named = |is: &dyn Fn(&str) -> bool| {
            let mut columns = self.users().flat_map(|(_, table)| &table.columns).map(String::as_str);
            columns.find(|column| is(&column.to_ascii_lowercase()))
        };
        let id = self.own_id().or_else(|| named(&|column| column == whose.to_ascii_lowercase()));
        let id = id.or_else(|| named(&|column| column == "id"));
        id.or_else(|| named(&|column| column.ends_with("id"))).unwrap_or("id").to_owned()
    }

    /// The lines of a mapping that join a table by one column of each.
    fn join_of(called: &str, whose: &str, of: &str, only: Option<&str>) -> String {
        let only = only.map(|only| format!(", only = [{}]", status::quoted(only))).unwrap_or_default();
        format!(
            "[join.{}] table = {}, key = {}, of = {}{only}",
            joined(called),
            status::quoted(called),
            status::quoted(whose),
            status::quoted(of)
        )
    }

    fn remedy(self, called: &str, joins: &[String], reading: &str) -> String {
        format!(
            "a mapping file reads it (--map, {}{}[user] enabled = {{ {reading} }}), {} leaves it out",
            status::base(self.source.name()),
            joins.iter().flat_map(|join| [join.as_str(), " and "]).collect::<String>(),
            crate::escape::flag("--ignore", called)
        )
    }
}

/// Whether no column of a table tells of its people whether they may sign in.
fn says_nothing(table: &TableSample) -> bool {
    !table.columns.iter().any(|column| status::meaning(column).is_some())
}

/// What passes over the bans of a table that are over, where a column says so without doubt, and what is to be known besides.
fn over(table: &TableSample) -> (Option<String>, String) {
    let named = |is: &dyn Fn(&str) -> bool| table.columns.iter().find(|column| is(column));
    let lifted = |column: &str| {
        let bare = bare(column);
        let is = ["lifted", "unbanned", "unblocked", "unlocked", "revoked"].iter().any(|over| bare.starts_with(over));
        is && !bare.ends_with("by")
    };
    let ends = |column: &str| status::meaning_at(&format!("bans.{column}")) == Some(Meaning::BarsUntil);
    match (named(&lifted), named(&ends)) {
        (Some(column), _) => (Some(format!("{column} == null")), String::new()),
        (None, Some(column)) => {
            let only = format!("only = [\"{column} > now\"]");
            (
                None,
                format!(
                    "; it keeps out whoever is in it, also where `{column}` has passed, unless the join says {only}"
                ),
            )
        }
        (None, None) => (None, String::new()),
    }
}

/// So many are told of.
const SAID: usize = 3;

/// So many different values are remembered.
const VALUES: usize = 64;

fn note(hits: &mut Hits, key: (usize, usize), value: String) {
    let (rows, values) = hits.entry(key).or_default();
    *rows += 1;
    if values.len() < VALUES {
        values.insert(value);
    }
}

fn rows_of(n: u64) -> String {
    if n == 1 { "1 row".to_owned() } else { format!("{n} rows") }
}

/// The name of a join, as TOML takes it without quotes.
fn joined(called: &str) -> String {
    called.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
