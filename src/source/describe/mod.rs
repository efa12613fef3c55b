//! The language in which exports are described: by people for `--map FILE.toml`, and by most of the systems that are built in
//! (`systems/*.toml`). No code, no expressions; a file that is wrong says where and what was probably meant.
//! `docs/mapping.md` says everything that it can say; `tests/docs.rs` reads what stands there.

mod column;
mod condition;
pub mod example;
mod fates;
mod flag;
mod join;
mod labels;
mod moment;
mod parse;
mod password;
mod prefs;
pub mod propose;
mod row;
mod rules;
mod section;
mod tables;
mod text;
mod told;
mod users;
mod words;

use std::borrow::Cow;

use self::column::Column;
use self::fates::Fates;
use self::flag::Flag;
use self::join::{Joins, Reached};
use self::labels::Labels;
use self::moment::Moment;
use self::password::Password;
use self::prefs::Prefs;
use self::row::{Elsewhere, Manner, Row};
use self::rules::Rules;
use self::text::Text;
use self::users::{System, Users};
use crate::account::{Account, Hint};
use crate::code::{Code, Note, Refusal};
use crate::error::RunError;
use crate::format::{Record, TableSample};
use crate::policy::Unsupported;
use crate::source::kit::shape;
use crate::source::{Context, Detection, Fate, Found, Joined, Role, Source};

pub use self::section::nearest;
pub use self::users::Head;

/// A mapping file, parsed: a source of its own.
pub struct Mapping {
    /// `[password] on_unsupported`, which comes before `--unsupported`.
    pub unsupported: Option<Unsupported>,
    /// `[source] from`: the system whose reading this one changes.
    pub base: Option<String>,
    /// `[system]`: all that there is to know of a system.
    system: Option<System>,
    users: Vec<Users>,
    table: Option<String>,
    /// `[source] leave`: tables of people who are left out.
    left_out: Vec<String>,
    manner: Manner,
    joins: Joins,
    rules: Rules,
    id: Option<Text>,
    email: Option<Text>,
    email_verified: Option<Flag>,
    phone: Option<Text>,
    phone_verified: Option<Flag>,
    name: Option<Text>,
    username: Option<Text>,
    /// Whether a user name that looks like an address is one where there is no other.
    username_is_address: bool,
    enabled: Option<Flag>,
    labels: Option<Labels>,
    prefs: Option<Prefs>,
    created_at: Option<Moment>,
    last_seen: Option<Moment>,
    password: Password,
    fates: Fates,
}

impl Mapping {
    /// Whether it describes a system, as the built-in ones are described.
    #[must_use]
    pub const fn is_system(&self) -> bool {
        self.system.is_some()
    }

    /// `[source] table`
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        self.table.as_deref()
    }

    /// Whether it says of a table of people that they are left out on purpose (`[source] leave`).
    #[must_use]
    pub fn leaves_out(&self, table: &str) -> bool {
        self.left_out.iter().any(|left| left.eq_ignore_ascii_case(table))
    }

    /// Whether it says who may sign in.
    #[must_use]
    pub const fn reads_who_may_sign_in(&self) -> bool {
        self.enabled.is_some()
    }

    /// The joins by which it says who may sign in, and found nobody, now that everything was read.
    #[must_use]
    pub fn joins_in_vain(&self) -> Vec<&str> {
        let mut read = Vec::new();
        self.enabled.iter().for_each(|flag| flag.visit(&mut |columns| read.extend(columns)));
        self.joins.in_vain(&read).collect()
    }

    /// Whether it keeps everybody out, so that nobody has to be looked for.
    #[must_use]
    pub const fn enables_nobody(&self) -> bool {
        matches!(self.enabled, Some(Flag::Const(false)))
    }

    /// The kind of related rows that a table holds, if it is joined to the users'.
    #[must_use]
    pub fn joins(&self, table: &TableSample) -> Option<&'static str> {
        self.joins.kind(table)
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
        if self.manner.ignore_missing || users.is_empty() || users.iter().filter(says_all).count() < users.len() {
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
                Err(RunError::usage(format!(
                    "the mapping names the column `{missing}`, which the export does not have"
                ))
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
        let reached = Reached::new(&self.joins, context.related);
        let joined = (!self.joins.is_empty()).then_some(&reached as &dyn Elsewhere);
        let row = Row::new(record, &self.manner, joined, context);
        self.rules.leave_out(row)?;
        if let Some(id) = &self.id {
            account.source_id = id.of(row)?.unwrap_or_default();
        }
        for (text, field) in [(&self.email, &mut account.email), (&self.phone, &mut account.phone)] {
            if let Some(text) = text {
                *field = text.of(row)?;
            }
        }
        let username = self.username.as_ref().map_or(Ok(None), |text| text.of(row))?;
        if self.username_is_address && account.email.is_none() {
            account.email = username.clone().and_then(shape::address_like);
        }
        if let Some(text) = &self.name {
            let is_email = |name: &Cow<'_, str>| text.unless_email && Some(name) == account.email.as_ref();
            account.name = text.of(row)?.filter(|name| !is_email(name));
        }
        account.unwrap_mailbox();
        let email = account.email.as_deref();
        for (flag, field, shown) in [
            (&self.email_verified, &mut account.email_verified, email.is_some()),
            (&self.phone_verified, &mut account.phone_verified, account.phone.is_some()),
        ] {
            if let Some(flag) = flag {
                *field = flag.of(row, email)?.unwrap_or(false) && (shown || !self.is_system());
            }
        }
        if let Some(flag) = &self.enabled {
            account.enabled &= flag.of_every(row, email)?.unwrap_or(true);
        }
        if let Some(labels) = &self.labels {
            account.roles = labels.of(row, &mut account.notes)?;
        }
        let username = username.filter(|name| Some(name) != account.email.as_ref());
        if let Some(prefs) = &self.prefs {
            let made = prefs.of(row, &self.fates, username.as_deref())?;
            if account.prefs.is_empty() {
                account.prefs = made;
            } else {
                account.prefs.extend(made);
            }
        }
        prefs::keep_username(&mut account.prefs, username.as_deref());
        for (name, moment, field) in [
            ("created_at", &self.created_at, &mut account.created_at),
            ("last_seen", &self.last_seen, &mut account.last_seen),
        ] {
            let Some(moment) = moment else { continue };
            let (read, written) = moment.of(row)?;
            *field = read;
            if read.is_none() && written && context.keep_dates && !self.manner.ignore_unclear {
                let columns: Vec<_> = moment.columns().iter().map(Column::path).collect();
                let text = format!("column `{}` holds no date that is understood", columns.join("`, `"));
                account.notes.push(Note::new(Code::InvalidDate, text));
            }
            if let (true, Some(read)) = (moment.keep, read) {
                account.prefs.insert(name.to_owned(), read.to_string().into());
            }
        }
        if self.password.is_said() {
            account.credential = self.password.of(row, context)?;
            account.enabled &= !self.password.locks(row);
        }
        account.enabled &= !self.rules.disables(row, &mut account.notes);
        self.system.as_ref().map_or(Ok(()), |system| system.finish(record, context, account))
    }

    /// What the mapping itself makes of a column, if it names it.
    #[must_use]
    pub fn says(&self, column: &str) -> Option<Fate> {
        self.fates.said(column).cloned()
    }

    /// Whether it reads a column, and not only what stands at paths into it.
    #[must_use]
    pub fn reads_whole(&self, column: &str) -> bool {
        self.fates.said(column).is_some() && !self.fates.are_parts(column)
    }

    /// Whether it says where passwords or hashes are.
    pub fn reads_a_password(&self) -> bool {
        self.password.reads()
    }

    /// The columns it cannot do without: of each list, one.
    fn needs(&self) -> Vec<Vec<&str>> {
        let mut needs = Vec::new();
        self.visit(&mut |columns, _, _| {
            if !columns.is_empty() && !columns.iter().any(|column| column.optional) {
                needs.push(columns.iter().map(Column::path).collect());
            }
        });
        // Rows that are found by nothing are nobody's.
        needs.extend(self.joins.columns().filter(|of| !of.optional).map(|of| vec![of.path()]));
        needs
    }
}

impl Source for Mapping {
    fn name(&self) -> &'static str {
        self.system.as_ref().map_or("mapping", |system| system.name)
    }

    fn about(&self) -> &'static str {
        self.system.as_ref().map_or("any export, described by a mapping file (--map)", |system| system.about)
    }

    fn hints(&self) -> &'static [Hint] {
        self.password.hints
    }

    fn detect(&self, tables: &[TableSample]) -> Option<Detection> {
        if let Some(system) = &self.system {
            return system.detect(&self.users, tables);
        }
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
        let users = self.users.iter().find_map(|users| users.role(table));
        if let Some(role) = users.filter(|_| self.is_system()) {
            return role;
        }
        if let Some(kind) = self.joins.kind(table) {
            return Role::Related(kind);
        }
        if !self.users.is_empty() {
            return users.unwrap_or(Role::Ignored);
        }
        let mut identifying = [&self.id, &self.email, &self.phone].into_iter().flatten();
        let users = match &self.table {
            Some(name) => table.table == *name || table.table.is_empty(),
            None => identifying.any(|text| {
                let mut found = false;
                text.visit(&mut |columns| found |= columns.iter().any(|column| has(column.path())));
                found
            }),
        };
        if users { Role::Users } else { Role::Ignored }
    }

    fn roles(&self, tables: &[TableSample]) -> Vec<Role> {
        let mut roles: Vec<_> = tables.iter().map(|table| self.role(table)).collect();
        // A file is called as its table is.
        let is_file = |table: &TableSample, name: &str| {
            let stem = table.path.file_stem().map(|stem| stem.to_string_lossy());
            table.table.is_empty() && stem.is_some_and(|stem| stem.eq_ignore_ascii_case(name))
        };
        if let Some(name) = self.table.as_deref().filter(|name| tables.iter().any(|table| is_file(table, name))) {
            let other = |(table, role): &(&TableSample, &mut Role)| **role == Role::Users && !is_file(table, name);
            tables.iter().zip(&mut roles).filter(other).for_each(|(_, role)| *role = Role::Ignored);
        }
        if let Some(system) = &self.system {
            system.one(tables, &mut roles);
        }
        roles
    }

    fn role_of(&self, record: &Record<'_>) -> Role {
        if self.users.iter().any(|users| users.is_user(record)) {
            return Role::Users;
        }
        self.joins.kind_of(record).map_or(Role::Ignored, Role::Related)
    }

    /// A mapping names the columns of a headerless table by their numbers.
    fn headerless(&self, table: &TableSample) -> Option<Vec<String>> {
        let named = self.users.iter().find_map(|users| users.fields(table)).or_else(|| self.joins.fields(table));
        if named.is_some() || self.is_system() {
            return named;
        }
        Some((0..table.width).map(|column| column.to_string()).collect())
    }

    fn relate(&self, kind: &'static str, record: &Record<'_>, found: &mut Found) -> Option<()> {
        self.joins.relate(kind, record, found)
    }

    fn joined(&self, table: &TableSample) -> Option<Joined<'_>> {
        self.joins.joined(table)
    }

    fn interpret<'r>(&self, record: &'r Record<'r>, context: &Context<'r>) -> Result<Account<'r>, Refusal> {
        let mut account = Account { enabled: true, ..Account::default() };
        self.amend(record, context, &mut account)?;
        Ok(account)
    }

    fn noticed(&self) -> Vec<String> {
        if self.is_system() {
            return Vec::new();
        }
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
        let row = Row::alone(record, &self.manner);
        let text = |text: &Option<Text>| text.as_ref().and_then(|text| text.of(row).ok()).flatten();
        (text(&self.id), text(&self.email))
    }

    fn fate(&self, column: &str) -> Fate {
        self.fates.of(column).clone()
    }
}

#[cfg(test)]
mod tests;
