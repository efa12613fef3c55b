//! The systems that are files: all of this folder's `*.toml`, which `build.rs` finds.

use std::borrow::Cow;
use std::sync::{LazyLock, OnceLock};

use crate::account::{Account, Hint};
use crate::code::Refusal;
use crate::format::{Record, TableSample};
use crate::source::describe::{Head, Mapping};
use crate::source::{Context, Detection, Fate, Found, Joined, Role, Source};

include!(concat!(env!("OUT_DIR"), "/systems.rs"));

/// A system that a file describes. What it begins with is read to tell whose an export is, all of it for that system alone.
pub struct Data {
    name: &'static str,
    /// The file, for `rehome sources --example`.
    pub text: &'static str,
    head: OnceLock<Head>,
    whole: OnceLock<Mapping>,
}

/// All of them, by name.
pub static ALL: LazyLock<Vec<Data>> = LazyLock::new(|| {
    FILES.iter().map(|&(name, text)| Data { name, text, head: OnceLock::new(), whole: OnceLock::new() }).collect()
});

/// The file of this name.
#[must_use]
pub fn file(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

impl Data {
    fn head(&self) -> &Head {
        self.head.get_or_init(|| self.read(Head::of_system))
    }

    fn mapping(&self) -> &Mapping {
        self.whole.get_or_init(|| self.read(Mapping::of_system))
    }

    fn read<T>(&self, read: fn(&str) -> Result<T, String>) -> T {
        match read(self.text) {
            Ok(read) => read,
            // A test reads every file that is built in.
            Err(problem) => unreachable!("{}.toml: {problem}", self.name),
        }
    }
}

impl Source for Data {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.head().about()
    }

    fn hints(&self) -> &'static [Hint] {
        self.mapping().hints()
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        self.head().detect(tables)
    }

    fn role(&self, table: &TableSample) -> Role {
        self.mapping().role(table)
    }

    fn roles(&self, tables: &[TableSample]) -> Vec<Role> {
        self.mapping().roles(tables)
    }

    fn role_of(&self, record: &Record<'_>) -> Role {
        self.mapping().role_of(record)
    }

    fn headerless(&self, table: &TableSample) -> Option<Vec<String>> {
        self.mapping().headerless(table)
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>, found: &mut Found) -> Option<()> {
        self.mapping().relate(kind, record, found)
    }

    fn joined(&self, table: &TableSample) -> Option<Joined<'_>> {
        self.mapping().joined(table)
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'r>) -> Result<Account<'r>, Refusal> {
        self.mapping().interpret(record, context)
    }

    fn who<'r>(&self, record: &'r Record<'r>) -> (Option<Cow<'r, str>>, Option<Cow<'r, str>>) {
        self.mapping().who(record)
    }

    fn fate(&self, column: &str) -> Fate {
        self.mapping().fate(column)
    }
}
