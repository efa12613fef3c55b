//! `--map FILE.toml`: a person's own description of an export that no source describes. No code, no expressions; a file
//! that is wrong says where and what was probably meant.
//! `docs/mapping.md` says everything that it can say; `tests/docs.rs` reads what stands there.

pub mod example;
mod join;
mod lists;
mod password;
pub mod propose;
mod row;
mod section;
mod skip;
mod value;
mod words;

use std::path::Path;

use self::join::{Joined, Joins};
use self::lists::{Labels, Prefs};
use self::password::{Environment, Password};
use self::row::{Elsewhere, Row};
use self::section::{Problem, Read, Section};
use self::skip::Comparison;
use self::value::{Flag, Moment, Text};
use crate::account::Account;
use crate::code::{Code, Note, Refusal};
use crate::error::RunError;
use crate::format::{Record, TableSample};
use crate::policy::Unsupported;
use crate::source::kit::common;
use crate::source::{Context, Detection, Fate, Role, Source};

pub use self::section::nearest;

/// A mapping file, parsed: a source of its own.
pub struct Mapping {
    /// `[password] on_unsupported`, which comes before `--unsupported`.
    pub unsupported: Option<Unsupported>,
    /// `[source] from`: the system whose reading this one changes.
    pub base: Option<String>,
    table: Option<String>,
    null: Vec<String>,
    ignore_missing: bool,
    joins: Joins,
    skip: Vec<Comparison>,
    id: Option<Text>,
    email: Option<Text>,
    email_verified: Option<Flag>,
    phone: Option<Text>,
    phone_verified: Option<Flag>,
    name: Option<Text>,
    enabled: Option<Flag>,
    labels: Option<Labels>,
    prefs: Option<Prefs>,
    created_at: Option<Moment>,
    last_seen: Option<Moment>,
    password: Password,
}

impl Mapping {
    /// Reads a mapping file, which then lives as long as the process.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be read, [`RunError::usage`] if it is no mapping.
    pub fn read(path: &Path) -> Result<&'static Self, RunError> {
        let text = std::fs::read_to_string(path).map_err(RunError::io(path))?;
        let mapping = Self::parse(&text, &|name| std::env::var(name).ok()).map_err(|problem| problem.in_file(path))?;
        Ok(Box::leak(Box::new(mapping)))
    }

    fn parse(text: &str, environment: Environment<'_>) -> Read<Self> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| Problem(error.to_string()))?;
        let mut file = Section::new("the file", table);
        let (mut source, mut filter, mut user, password) = (
            file.section("source", "[source]")?,
            file.section("where", "[where]")?,
            file.section("user", "[user]")?,
            file.section("password", "[password]")?,
        );
        user.is_answered()?;
        password.is_answered()?;
        let joins = file.take("join");
        file.end()?;
        let mut text = |key| user.take(key).map(|value| Text::read(&format!("[user] {key}"), value)).transpose();
        let (id, email, phone, name) = (text("id")?, text("email")?, text("phone")?, text("name")?);
        let base = source.text("from")?;
        if base.is_none() && id.is_none() && email.is_none() && phone.is_none() {
            return Err(Problem("[user] needs at least one of id, email and phone".to_owned()));
        }
        let mut flag = |key| user.take(key).map(|value| Flag::read(&format!("[user] {key}"), value)).transpose();
        let (email_verified, phone_verified, enabled) =
            (flag("email_verified")?, flag("phone_verified")?, flag("enabled")?);
        let mut moment = |key| user.take(key).map(|value| Moment::read(&format!("[user] {key}"), value)).transpose();
        let (created_at, last_seen) = (moment("created_at")?, moment("last_seen")?);
        // Found by looking, whatever is said here.
        for found in ["format", "delimiter", "header", "encoding"] {
            source.take(found);
        }
        let mut password = password;
        let unsupported = match password.text("on_unsupported")?.as_deref() {
            None => None,
            Some("skip") => Some(Unsupported::Skip),
            Some("no-password" | "without-password") => Some(Unsupported::WithoutPassword),
            Some("bridge") => Some(Unsupported::Bridge),
            Some(other) => {
                return Err(Problem(format!(
                    "[password] on_unsupported is `{other}`; there are skip, no-password and bridge"
                )));
            }
        };
        let own = id.as_ref().and_then(Text::sole_column).filter(|_| base.is_none());
        let mut mapping = Self {
            joins: Joins::read(joins, own)?,
            unsupported,
            base,
            table: source.text("table")?.or(source.text("root")?),
            null: source.texts("null")?,
            ignore_missing: match source.text("missing")?.as_deref() {
                None | Some("refuse") => false,
                Some("ignore") => true,
                Some(other) => {
                    return Err(Problem(format!("[source] missing is `{other}`; there are refuse and ignore")));
                }
            },
            skip: filter.texts("skip")?.into_iter().map(Comparison::read).collect::<Read<_>>()?,
            id,
            email,
            email_verified,
            phone,
            phone_verified,
            name,
            enabled,
            labels: user.take("labels").map(|value| Labels::read("[user] labels", value)).transpose()?,
            prefs: user.take("prefs").map(|value| Prefs::read("[user] prefs", value)).transpose()?,
            created_at,
            last_seen,
            password: Password::read(password, environment)?,
        };
        source.end()?;
        filter.end()?;
        user.end()?;
        let wanted: Vec<String> = mapping.fates().into_iter().map(|(path, _)| path.to_owned()).collect();
        mapping.joins.want(wanted.into_iter());
        Ok(mapping)
    }

    /// `[source] table`
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        self.table.as_deref()
    }

    /// Whether it says itself who may sign in, so that nothing else is looked for.
    #[must_use]
    pub const fn says_who_is_enabled(&self) -> bool {
        self.enabled.is_some()
    }

    /// The kind of related rows that a table holds, if it is joined to the users'.
    #[must_use]
    pub fn joins(&self, table: &TableSample) -> Option<&'static str> {
        self.joins.kind(table)
    }

    fn row<'r, 'm>(&'m self, record: &'r Record<'r>, joined: Option<&'m dyn Elsewhere>) -> Row<'r, 'm> {
        Row { record, null: &self.null, lenient: self.ignore_missing, joined }
    }

    /// Whether the tables have the columns that are named, as far as tables say so: JSON leaves out what it does not have.
    /// `is_users` tells the users' tables.
    ///
    /// # Errors
    /// [`RunError::usage`] for a column that none of the users' tables has, with the nearest one.
    pub fn check(&self, tables: &[TableSample], is_users: impl Fn(&TableSample) -> bool) -> Result<(), RunError> {
        self.joins.check(tables)?;
        let users: Vec<_> = tables.iter().filter(|table| is_users(table)).collect();
        let says_all = |table: &&&TableSample| table.format.names_its_columns() && !table.columns.is_empty();
        if self.ignore_missing || users.is_empty() || users.iter().filter(says_all).count() < users.len() {
            return Ok(());
        }
        let columns: Vec<&str> = users.iter().flat_map(|table| &table.columns).map(String::as_str).collect();
        let is_there = |path: &str| {
            self.joins.has(path)
                || columns.iter().any(|column| *column == path || path.split('.').next() == Some(column))
        };
        match self.needs().into_iter().find(|needed| !needed.iter().any(|path| is_there(path))) {
            None => Ok(()),
            Some(missing) => {
                let near = missing.iter().find_map(|column| nearest(column, &columns));
                let tail = near.map_or_else(
                    || format!("there are {}", columns.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                let missing = missing.join("`, `");
                Err(RunError::usage(format!("the mapping names the column `{missing}`, which the export has not"))
                    .remedy(tail))
            }
        }
    }

    /// Puts what the mapping says into an account, in place of what another source made of the record. Nobody whom that
    /// source keeps out is enabled by it.
    ///
    /// # Errors
    /// The refusal of a record that is left out, or holds what is not understood.
    pub fn amend<'r>(
        &self,
        record: &'r Record<'r>,
        context: &Context<'r>,
        account: &mut Account<'r>,
    ) -> Result<(), Refusal> {
        let joined = Joined { joins: &self.joins, related: context.related };
        let row = self.row(record, Some(&joined));
        if let Some(comparison) = self.skip.iter().find(|comparison| comparison.holds(row)) {
            let text = format!("left out by the mapping: {}", comparison.written);
            return Err(Refusal::new(Code::SkippedBySource, text));
        }
        if let Some(id) = &self.id {
            account.source_id = id.of(row)?.unwrap_or_default();
        }
        for (text, field) in
            [(&self.email, &mut account.email), (&self.phone, &mut account.phone), (&self.name, &mut account.name)]
        {
            if let Some(text) = text {
                *field = text.of(row)?;
            }
        }
        for (flag, field) in
            [(&self.email_verified, &mut account.email_verified), (&self.phone_verified, &mut account.phone_verified)]
        {
            if let Some(flag) = flag {
                *field = flag.of(row, context.now)?.unwrap_or(false);
            }
        }
        if let Some(flag) = &self.enabled {
            account.enabled &= flag.of(row, context.now)?.unwrap_or(true);
        }
        if let Some(labels) = &self.labels {
            account.roles = labels.of(row)?;
        }
        if let Some(prefs) = &self.prefs {
            account.prefs.extend(prefs.of(row)?);
        }
        for (name, moment, field) in [
            ("created_at", &self.created_at, &mut account.created_at),
            ("last_seen", &self.last_seen, &mut account.last_seen),
        ] {
            let Some(moment) = moment else { continue };
            *field = moment.of(row)?;
            if field.is_none() && context.keep_dates && row.first(moment.columns())?.is_some() {
                let column = moment.columns().join("`, `");
                let text = format!("column `{column}` holds no date that is understood");
                account.notes.push(Note::new(Code::InvalidDate, text));
            }
            if let (true, Some(read)) = (moment.keep, field) {
                account.prefs.insert(name.to_owned(), read.to_string().into());
            }
        }
        if self.password.is_said() {
            account.credential = self.password.of(row, context)?;
        }
        Ok(())
    }

    /// What the mapping itself makes of a column, if it names it.
    #[must_use]
    pub fn says(&self, column: &str) -> Option<Fate> {
        let fates = self.fates();
        let whole = fates.iter().find(|(name, _)| *name == column);
        // Paths into a column carry a part of it.
        let part = || fates.iter().find(|(name, _)| name.split('.').next() == Some(column));
        whole.or_else(part).map(|(_, fate)| fate.clone())
    }

    /// Whether it says where passwords or hashes are.
    pub fn reads_a_password(&self) -> bool {
        !self.password.needs().is_empty()
    }

    /// The columns it cannot do without: of each list, one.
    fn needs(&self) -> Vec<Vec<&str>> {
        fn each<'m>(columns: impl Iterator<Item = &'m str>) -> impl Iterator<Item = Vec<&'m str>> {
            columns.map(|column| vec![column])
        }
        fn one(columns: &[String]) -> Option<Vec<&str>> {
            (!columns.is_empty()).then(|| columns.iter().map(String::as_str).collect())
        }
        let texts = [&self.id, &self.email, &self.phone, &self.name].into_iter().flatten();
        let flags = [&self.email_verified, &self.phone_verified, &self.enabled].into_iter().flatten();
        let moments = [&self.created_at, &self.last_seen].into_iter().flatten();
        let mut needs: Vec<_> = texts.flat_map(Text::needs).chain(self.password.needs()).collect();
        needs.extend(flags.flat_map(Flag::columns).filter_map(one));
        needs.extend(moments.filter_map(|moment| one(moment.columns())));
        needs.extend(self.labels.iter().flat_map(|labels| each(labels.columns())));
        needs.extend(self.prefs.iter().flat_map(|prefs| each(prefs.columns())));
        needs.extend(each(self.skip.iter().map(|comparison| comparison.column.as_str())));
        needs
    }

    /// Every column with what becomes of it.
    fn fates<'m>(&'m self) -> Vec<(&'m str, Fate)> {
        const CHANGED: &str = "as the mapping says";
        let mut fates = Vec::new();
        let texts = [("id", &self.id), ("email", &self.email), ("phone", &self.phone), ("name", &self.name)];
        for (to, text) in texts.into_iter().filter_map(|(to, text)| Some((to, text.as_ref()?))) {
            let (columns, unchanged) = text.columns();
            let fate = if unchanged { Fate::Carried(to) } else { Fate::Transformed { to, how: CHANGED } };
            fates.extend(columns.into_iter().map(|column| (column, fate.clone())));
        }
        let mut transformed = |to, columns: Vec<&'m str>| {
            fates.extend(columns.into_iter().map(|column| (column, Fate::Transformed { to, how: CHANGED })));
        };
        transformed("password", self.password.needs().concat());
        let flags = [
            ("email_verified", &self.email_verified),
            ("phone_verified", &self.phone_verified),
            ("enabled", &self.enabled),
        ];
        for (to, flag) in flags.into_iter().filter_map(|(to, flag)| Some((to, flag.as_ref()?))) {
            transformed(to, flag.columns().into_iter().flatten().map(String::as_str).collect());
        }
        transformed("labels", self.labels.iter().flat_map(Labels::columns).collect());
        fates.extend(self.prefs.iter().flat_map(Prefs::columns).map(|column| (column, Fate::Prefs)));
        let moments = [&self.created_at, &self.last_seen].into_iter().flatten();
        fates.extend(moments.flat_map(Moment::columns).map(|column| (column.as_str(), common::CREATED)));
        let left_out = Fate::Transformed { to: "record", how: "decides who is left out" };
        let finds = Fate::Transformed { to: "record", how: "finds the rows of other tables" };
        let of: Vec<_> = self.joins.columns().filter(|of| !fates.iter().any(|(column, _)| column == of)).collect();
        fates.extend(of.into_iter().map(|of| (of, finds.clone())));
        fates.extend(self.skip.iter().map(|comparison| (comparison.column.as_str(), left_out.clone())));
        fates
    }
}

impl Source for Mapping {
    fn name(&self) -> &'static str {
        "mapping"
    }

    fn about(&self) -> &'static str {
        "any export, described by a mapping file (--map)"
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        let found = tables.iter().any(|table| self.role(table) == Role::Users);
        found.then(|| Detection { score: 100, why: "as the mapping file says".to_owned() })
    }

    /// With `[source] table`, that one; else every table that has one of the columns that make id, address or number.
    fn role(&self, table: &TableSample) -> Role {
        let has = |path: &str| {
            let column = path.split('.').next().unwrap_or(path);
            let headerless = table.columns.is_empty() && column.parse::<usize>().is_ok_and(|i| i < table.width);
            headerless || table.columns.iter().any(|c| c == path || c == column)
        };
        if let Some(kind) = self.joins.kind(table) {
            return Role::Related(kind);
        }
        let mut identifying = [&self.id, &self.email, &self.phone].into_iter().flatten();
        let users = match &self.table {
            Some(name) => table.table == *name || table.table.is_empty(),
            None => identifying.any(|text| text.columns().0.into_iter().any(has)),
        };
        if users { Role::Users } else { Role::Ignored }
    }

    /// A mapping names the columns of a headerless table by their numbers.
    fn headerless(&self, table: &TableSample) -> Option<Vec<String>> {
        Some((0..table.width).map(|column| column.to_string()).collect())
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>) -> Option<(String, serde_json::Value)> {
        self.joins.relate(kind, record)
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'r>) -> Result<Account<'r>, Refusal> {
        let mut account = Account { enabled: true, ..Account::default() };
        self.amend(record, context, &mut account)?;
        Ok(account)
    }

    fn noticed(&self) -> Vec<String> {
        let texts = [("id", &self.id), ("email", &self.email), ("phone", &self.phone), ("name", &self.name)];
        let mut noticed: Vec<String> = self.labels.iter().flat_map(Labels::noticed).collect();
        noticed.extend(self.enabled.iter().flat_map(|flag| flag.noticed("[user] enabled")));
        noticed.extend(self.email_verified.iter().flat_map(|flag| flag.noticed("[user] email_verified")));
        noticed.extend(self.phone_verified.iter().flat_map(|flag| flag.noticed("[user] phone_verified")));
        noticed.extend(self.password.noticed());
        for (name, text) in texts {
            noticed.extend(text.iter().flat_map(|text| text.noticed(&format!("[user] {name}"), None)));
        }
        noticed
    }

    fn who<'r>(
        &self,
        record: &'r Record<'r>,
    ) -> (Option<std::borrow::Cow<'r, str>>, Option<std::borrow::Cow<'r, str>>) {
        let row = self.row(record, None);
        let text = |text: &Option<Text>| text.as_ref().and_then(|text| text.of(row).ok()).flatten();
        (text(&self.id), text(&self.email))
    }

    fn fate(&self, column: &str) -> Fate {
        self.says(column).unwrap_or(Fate::Dropped { why: "the mapping does not name it" })
    }
}

#[cfg(test)]
mod tests;
