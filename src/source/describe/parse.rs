//! A mapping file, read: section by section, and nothing left over.

use std::path::Path;

use super::Mapping;
use super::fates::Fates;
use super::flag::Flag;
use super::join::Joins;
use super::labels::Labels;
use super::moment::Moment;
use super::password::{Environment, Password};
use super::prefs::Prefs;
use super::row::Manner;
use super::rules::Rules;
use super::section::{Problem, Read, Section};
use super::text::Text;
use super::users::{System, Users};
use crate::error::RunError;
use crate::policy::Unsupported;

impl Mapping {
    /// Reads a mapping file, which then lives as long as the process.
    ///
    /// # Errors
    /// [`RunError::io`] if it cannot be read, [`RunError::usage`] if it is no mapping.
    pub fn read(path: &Path) -> Result<&'static Self, RunError> {
        let text = std::fs::read_to_string(path).map_err(RunError::io(path))?;
        let mapping = Self::parse(&text, &|name| std::env::var(name).ok())
            .map_err(|problem| problem.in_line_of(&text).in_file(path))?;
        Ok(Box::leak(Box::new(mapping)))
    }

    /// What [`Mapping::read`] makes of a file with this text.
    ///
    /// # Errors
    /// [`RunError::usage`] if it is no mapping.
    pub fn of(text: &str) -> Result<&'static Self, RunError> {
        let mapping = Self::parse(text, &|name| std::env::var(name).ok())
            .map_err(|problem| RunError::usage(problem.in_line_of(text).0))?;
        Ok(Box::leak(Box::new(mapping)))
    }

    /// Reads a system's file.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub(in crate::source) fn of_system(text: &str) -> Result<Self, String> {
        Self::parse(text, &|_| None).map_err(|problem| problem.in_line_of(text).0)
    }

    /// The words of a system are its own: whether they all occur in an export says nothing.
    fn hush(&mut self) {
        [&mut self.id, &mut self.email, &mut self.phone, &mut self.name].into_iter().flatten().for_each(Text::hush);
        let flags = [&mut self.email_verified, &mut self.phone_verified, &mut self.enabled];
        flags.into_iter().flatten().for_each(Flag::hush);
        self.labels.iter_mut().for_each(Labels::hush);
        self.password.hush();
    }

    pub(super) fn parse(text: &str, environment: Environment<'_>) -> Read<Self> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| Problem(error.to_string()))?;
        let mut file = Section::new("the file", table);
        let system = match file.take("system") {
            None => None,
            Some(toml::Value::Table(table)) => Some(System::read(Section::new("[system]", table))?),
            Some(_) => return Err(Problem("[system] is a table".to_owned())),
        };
        let is_system = system.is_some();
        let users = file.tables_named("users", "[[users]]")?.into_iter().map(Users::read).collect::<Read<Vec<_>>>()?;
        let (mut source, filter, mut user, mut password) = (
            file.section("source", "[source]")?,
            file.section("where", "[where]")?,
            file.section("user", "[user]")?,
            file.section("password", "[password]")?,
        );
        source.is_answered()?;
        user.is_answered()?;
        password.is_answered()?;
        let (joins, said) = (file.take("join"), file.take("fates"));
        file.end()?;
        let mut text = |key| user.take(key).map(|value| Text::read(&format!("[user] {key}"), value)).transpose();
        let (id, email, phone, name) = (text("id")?, text("email")?, text("phone")?, text("name")?);
        let base = source.text("from")?;
        match (&system, &base) {
            (Some(_), Some(_)) => return Err(Problem("[source] from and [system] do not go together".to_owned())),
            (Some(_), None) if users.is_empty() => return Err(Problem("[system] needs [[users]]".to_owned())),
            (_, None) if id.is_none() && email.is_none() && phone.is_none() => {
                return Err(Problem("[user] needs at least one of id, email and phone".to_owned()));
            }
            _ => {}
        }
        let (username, username_is_address) = username(&mut user)?;
        let mut flag = |key| user.take(key).map(|value| Flag::read(&format!("[user] {key}"), value)).transpose();
        let (email_verified, phone_verified, enabled) =
            (flag("email_verified")?, flag("phone_verified")?, flag("enabled")?);
        let mut moment = |key| user.take(key).map(|value| Moment::read(&format!("[user] {key}"), value)).transpose();
        let (created_at, last_seen) = (moment("created_at")?, moment("last_seen")?);
        let unsupported =
            match password.one_of("on_unsupported", &["skip", "no-password", "bridge", "without-password"])? {
                None => None,
                Some(0) => Some(Unsupported::Skip),
                Some(2) => Some(Unsupported::Bridge),
                Some(_) => Some(Unsupported::WithoutPassword),
            };
        let own = id.as_ref().and_then(Text::sole_column).filter(|_| base.is_none());
        let mut mapping = Self {
            joins: Joins::read(joins, own, is_system)?,
            unsupported,
            base,
            users,
            table: source.text("table")?.or(source.text("root")?),
            left_out: source.texts("leave")?,
            manner: manner(&mut source, is_system)?,
            rules: Rules::read(filter)?,
            id,
            email,
            email_verified,
            phone,
            phone_verified,
            name,
            username,
            username_is_address,
            enabled,
            labels: user.take("labels").map(|value| Labels::read("[user] labels", value)).transpose()?,
            prefs: user.take("prefs").map(|value| Prefs::read("[user] prefs", value)).transpose()?,
            created_at,
            last_seen,
            password: Password::read(password, environment, is_system)?,
            fates: Fates::read(said)?,
            system,
        };
        source.end()?;
        user.end()?;
        mapping.tell_fates();
        if is_system {
            mapping.hush();
        }
        let mut joins = std::mem::take(&mut mapping.joins);
        mapping.visit(&mut |columns, _, _| joins.want(columns));
        joins.complete();
        mapping.joins = joins;
        Ok(mapping)
    }
}

/// `[user] username`, and whether it may be an address.
fn username(user: &mut Section) -> Read<(Option<Text>, bool)> {
    let Some(value) = user.take("username") else { return Ok((None, false)) };
    let at = "[user] username";
    let toml::Value::Table(table) = value else { return Ok((Some(Text::read(at, value)?), true)) };
    let mut section = Section::new(at, table);
    let is_address = section.flag("is_address")?.unwrap_or(true);
    let text = Text::read_from(&mut section)?;
    section.end()?;
    Ok((Some(text), is_address))
}

/// How values are taken, by `[source]`.
fn manner(source: &mut Section, system: bool) -> Read<Manner> {
    // Found by looking, whatever is said here.
    for found in ["format", "delimiter", "header", "encoding"] {
        source.take(found);
    }
    let mut ignores = |key| Ok(source.one_of(key, &["refuse", "ignore"])?.map_or(system, |said| said == 1));
    let (ignore_missing, ignore_unclear) = (ignores("missing")?, ignores("unclear")?);
    let null = source.texts("null")?;
    let null = if null.is_empty() && system { vec!["NULL".to_owned()] } else { null };
    Ok(Manner { null, ignore_missing, ignore_unclear })
}
