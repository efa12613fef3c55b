//! `[system]` and `[[users]]`: whose export it is, how that is told, and which of its tables hold the people.

use super::condition::Conditions;
use super::row::{Manner, Row};
use super::section::{Problem, Read, Section};
use super::tables::Table;
use super::words;
use crate::account::Account;
use crate::code::Refusal;
use crate::format::{Record, TableSample};
use crate::source::systems::code;
use crate::source::{Context, Detection, Role};

/// A table of people.
pub(super) struct Users {
    table: Table,
    /// In a table of several kinds of records, which are people.
    rows: Conditions,
    /// What a table has to have beside, to be taken for one of these where nobody said so.
    unasked: Option<Table>,
    score: Option<u8>,
    said: Option<&'static str>,
}

impl Users {
    pub(super) fn read(mut section: Section) -> Read<Self> {
        let table = Table::read(&mut section)?;
        let unasked = match section.take("detect") {
            None => Some(Table::default()),
            Some(toml::Value::Boolean(false)) => None,
            Some(toml::Value::Table(more)) => {
                let mut more = Section::new("[[users]] detect", more);
                let table = Table::read(&mut more)?;
                more.end()?;
                Some(table)
            }
            Some(_) => return Err(Problem("[[users]] detect is a table, or false".to_owned())),
        };
        let users = Self {
            rows: Conditions::take(&mut section, "rows")?,
            score: score(&mut section)?,
            said: section.text("said")?.map(kept),
            table,
            unasked,
        };
        section.end()?;
        if users.table.is_empty() {
            return Err(Problem("[[users]] needs columns, named, table or fields".to_owned()));
        }
        Ok(users)
    }

    pub(super) fn role(&self, table: &TableSample) -> Option<Role> {
        self.table.fits(table).then(|| if self.rows.is_empty() { Role::Users } else { Role::Mixed })
    }

    pub(super) fn is_user(&self, record: &Record<'_>) -> bool {
        static IGNORANT: Manner = Manner { null: Vec::new(), ignore_missing: true, ignore_unclear: true };
        !self.rows.is_empty() && self.rows.hold(Row::alone(record, &IGNORANT))
    }

    pub(super) fn fields(&self, table: &TableSample) -> Option<Vec<String>> {
        (self.table.fits(table) && self.table.is_headerless(table)).then(|| self.table.fields.clone())
    }
}

/// What `[system]` says.
pub(super) struct System {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    score: u8,
    said: &'static str,
    /// Of several tables of people, only the first that is called so is read; `*` stands for anything.
    prefer: Vec<String>,
    /// Those that are called so come last.
    avoid: Vec<String>,
    /// What is left to do that needs code.
    pub(super) code: Option<code::Finish>,
}

/// The beginning of a system's file, up to `[user]`: enough to tell whether an export is its own, for a fraction of what the
/// whole takes to be read.
pub struct Head {
    system: System,
    users: Vec<Users>,
}

impl Head {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(in crate::source) fn of_system(text: &str) -> Result<Self, String> {
        let head = text.split("\n[user]").next().unwrap_or_default();
        let table: toml::Table = head.parse().map_err(|error: toml::de::Error| error.to_string())?;
        let mut file = Section::new("the file", table);
        let read = |file: &mut Section| {
            let system = System::read(file.section("system", "[system]")?)?;
            let users = file.tables_named("users", "[[users]]")?.into_iter().map(Users::read).collect::<Read<_>>()?;
            Ok(Self { system, users })
        };
        read(&mut file).map_err(|problem: Problem| problem.0)
    }

    /// The product's name and what is read of it.
    #[must_use]
    pub const fn about(&self) -> &'static str {
        self.system.about
    }

    /// Whether one of the tables is of this system.
    #[must_use]
    pub fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        self.system.detect(&self.users, tables)
    }
}

impl System {
    pub(super) fn read(mut section: Section) -> Read<Self> {
        let needed = |section: &mut Section, key| match section.text(key)? {
            Some(text) => Ok(kept(text)),
            None => Err(Problem(format!("[system] needs {key}"))),
        };
        let system = Self {
            name: needed(&mut section, "name")?,
            about: needed(&mut section, "about")?,
            score: score(&mut section)?.unwrap_or(90),
            said: needed(&mut section, "said")?,
            prefer: section.texts("prefer")?,
            avoid: section.texts("avoid")?,
            code: match section.text("code")? {
                None => None,
                Some(name) => Some(code::named(&name).ok_or_else(|| {
                    Problem(format!("[system] code is `{name}`; there are {}", code::names().join(", ")))
                })?),
            },
        };
        section.end()?;
        Ok(system)
    }

    /// Whether one of the tables is of this system.
    pub(super) fn detect(&self, users: &[Users], tables: &[TableSample]) -> Option<Detection> {
        let of = |table| {
            let users = users.iter().find(|users| users.table.fits(table))?;
            users.unasked.as_ref().is_some_and(|more| more.fits(table)).then_some(users)
        };
        let (table, users) = tables.iter().find_map(|table| Some((table, of(table)?)))?;
        let format = table.format.to_string();
        let place = if table.table.is_empty() { format.clone() } else { format!("table `{}`", table.table) };
        let why = users.said.unwrap_or(self.said).replace("{place}", &place).replace("{format}", &format);
        Some(Detection { score: users.score.unwrap_or(self.score), why })
    }

    /// Leaves one table of people, where a system has several of which each is a world of its own.
    pub(super) fn one(&self, tables: &[TableSample], roles: &mut [Role]) {
        if self.prefer.is_empty() {
            return;
        }
        let rank = |table: &TableSample| {
            let is = |name: &String| words::matches(name, &table.table);
            let middle = self.prefer.len();
            self.prefer.iter().position(is).unwrap_or(if self.avoid.iter().any(is) { middle + 1 } else { middle })
        };
        let users = tables.iter().zip(roles.iter()).filter(|(_, role)| **role == Role::Users);
        let chosen = users.min_by_key(|(table, _)| rank(table)).map(|(table, _)| table.table.clone());
        for (table, role) in tables.iter().zip(roles) {
            if *role == Role::Users && chosen.as_ref() != Some(&table.table) {
                *role = Role::Ignored;
            }
        }
    }

    /// What the file cannot say.
    ///
    /// # Errors
    /// The refusal of a record that is damaged.
    pub(super) fn finish<'r>(
        &self,
        record: &'r Record<'r>,
        context: &Context<'r>,
        account: &mut Account<'r>,
    ) -> Result<(), Refusal> {
        self.code.map_or(Ok(()), |code| code(record, context, account))
    }
}

fn score(section: &mut Section) -> Read<Option<u8>> {
    match section.number("score")? {
        None => Ok(None),
        Some(score) if score <= 100 => Ok(u8::try_from(score).ok()),
        Some(_) => Err(Problem(format!("{} is 0 to 100", section.at("score")))),
    }
}

fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}
