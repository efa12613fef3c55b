//! A mapping file proposed from what the names and values of an export's columns say, each line with why and how sure.
//!
//! What nobody can know stands as `"?"`, which no mapping may hold: whoever uses the proposal has to say it first. So
//! nobody is enabled whose status was not understood, and no plain text is taken for a password, untold.

mod activity;
mod admission;
mod answers;
mod beside;
mod joins;
mod kinds;
mod lines;
mod links;
mod look;
mod names;
mod paths;
mod people;
mod roles;
mod rows;
mod secrets;
mod standing;
mod verified;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::escape::shown;
use crate::scheme::fitting::Fit;

pub use self::look::{Column, Table};

/// One line of a mapping, or several that belong together.
pub(super) struct Line {
    /// TOML; empty for a remark alone.
    pub toml: String,
    /// Why, and how sure.
    pub why: String,
}

impl Line {
    fn new(toml: impl Into<String>, why: impl Into<String>) -> Self {
        Self { toml: toml.into(), why: why.into() }
    }

    /// What it says something of; nothing of a remark.
    fn key(&self) -> &str {
        self.toml.split('=').next().unwrap_or_default().trim()
    }

    /// Whether it is left to a person.
    fn is_open(&self) -> bool {
        self.toml.ends_with(&format!("= {}", quoted(OPEN)))
    }
}

/// A mapping as far as it can be guessed.
pub struct Proposal {
    /// The users' table, and how many rows were looked into.
    pub table: String,
    sections: Vec<(String, Vec<Line>)>,
    /// What is left to a person: the keys that hold `"?"`.
    pub open: Vec<String>,
    /// What may be the hashes, and what their salt.
    pub guesses: Guesses,
}

/// Columns as a mapping names them.
#[derive(Default)]
pub struct Guesses {
    /// Those that may hold the hashes, where none surely does.
    pub hashes: Vec<String>,
    /// Those that may be the salt.
    pub salts: Vec<String>,
}

/// The text of a mapping that is still to be said.
pub const OPEN: &str = "?";

/// Proposes a mapping; `None` where no table could hold users.
#[must_use]
pub fn propose(tables: &[Table]) -> Option<Proposal> {
    let candidates = people::candidates(tables);
    let &(users, score) = candidates.first()?;
    let linked = links::of(tables, users);
    let apart = |at: usize| !linked.iter().any(|link| link.table == at);
    let others: Vec<_> = candidates[1..].iter().filter(|&&(at, other)| other >= 4 && apart(at)).collect();
    let mut proposal = lines::of(tables, users);
    let told = |other: usize, theirs: i32| {
        let likely = if theirs >= score { ", as likely as this one" } else { "" };
        format!("`{}` ({}) could hold people, too{likely}", tables[other].name, count(tables[other].rows, "row"))
    };
    let (apart, same): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|&&(other, _)| people::are_others(&tables[users], &tables[other]));
    for &&(other, theirs) in same.iter().take(6) {
        proposal.sections[0].1.push(Line::new("", told(other, theirs)));
    }
    // Of two of the same columns nothing says which is meant.
    let is_twin = |other: &Table| {
        let names = |table: &Table| table.columns.iter().map(|column| column.name.clone()).collect::<BTreeSet<_>>();
        names(other) == names(&tables[users])
    };
    let twins: Vec<&str> = candidates[1..]
        .iter()
        .map(|&(at, _)| &tables[at])
        .filter(|other| is_twin(other))
        .map(|other| &*other.name)
        .collect();
    if !twins.is_empty() {
        let lines = &mut proposal.sections[0].1;
        lines.retain(|line| !line.toml.starts_with("table ="));
        let why = format!("{} has the same columns as {}: which is meant?", quoted(&tables[users].name), list(twins));
        lines.insert(0, Line::new(format!("table = {}", quoted(OPEN)), why));
        proposal.open.insert(0, "[source] table".to_owned());
    }
    let joined = |proposal: &Proposal, other: &Table| {
        let section = format!("[join.{}]", join_name(&other.name));
        proposal.sections.iter().any(|(name, _)| *name == section)
    };
    // Who may sign in may stand where the same people stand once more.
    for &&(other, _) in &same {
        if people::are_same(&tables[users], &tables[other]) && !joined(&proposal, &tables[other]) {
            proposal.ask_whether(&tables[other]);
        }
    }
    if !apart.is_empty() {
        let lines = &mut proposal.sections[0].1;
        lines.push(Line::new(format!("leave = {}", quoted(OPEN)), "people who are not in that table stand in others:"));
        lines.extend(apart.iter().take(6).map(|&&(other, theirs)| Line::new("", format!("  {}", told(other, theirs)))));
        let names = list(apart.iter().map(|&&(other, _)| tables[other].name.as_str()));
        lines.push(Line::new(
            "",
            format!("  leave = {names} leaves them out; a mapping of its own reads each, in a run of its own"),
        ));
        proposal.open.insert(0, "[source] leave".to_owned());
    }
    Some(proposal)
}

impl Proposal {
    /// Leaves open who may sign in, where another table of the same people says it.
    fn ask_whether(&mut self, other: &Table) {
        let Some(column) = other.columns.iter().find(|column| people::says_who_may_not(column)) else { return };
        let Some((_, lines)) = self.sections.iter_mut().find(|(name, _)| name == "[user]") else { return };
        lines.retain(|line| !line.toml.starts_with("enabled ="));
        let why = format!("`{}` is of the same people, and its `{}` says who may not", other.name, column.name);
        lines.push(Line::new(format!("enabled = {}", quoted(OPEN)), why));
        if !self.open.iter().any(|open| open == "[user] enabled") {
            self.open.push("[user] enabled".to_owned());
        }
    }

    /// What decides who comes, by which address, with which password and whether they may sign in, as TOML to be pasted; a question with why
    /// it is one.
    #[must_use]
    pub fn core(&self) -> String {
        const KEYS: [&str; 11] =
            ["table", "leave", "id", "email", "phone", "enabled", "hash", "plain", "salt", "scheme", "params"];
        let mut text = String::new();
        for (section, lines) in &self.sections {
            // What chooses rows decides whose they are: all of it or none.
            let whole = !["[source]", "[user]", "[password]"].contains(&section.as_str());
            let told = |line: &&Line| !line.toml.is_empty() && (whole || KEYS.contains(&line.key()));
            let mut told = lines.iter().filter(told).peekable();
            if told.peek().is_some() {
                let _ = writeln!(text, "\n{section}");
            }
            for line in told {
                let why = if line.is_open() && !line.why.is_empty() {
                    format!("  # {}", line.why.trim_end_matches(':'))
                } else {
                    String::new()
                };
                let _ = writeln!(text, "{}{}", line.toml, shown(&why, 400));
            }
        }
        text
    }

    /// A mapping that finds the hashes of users, in this column where none surely holds them, with that one as their salt, and lets
    /// nobody in; `None` where nobody knows where the hashes are.
    #[must_use]
    pub fn trial(&self, hash: Option<&str>, salt: Option<&str>) -> Option<String> {
        const LEFT: [&str; 9] =
            ["enabled", "labels", "name", "username", "email_verified", "phone_verified", "salt", "scheme", "params"];
        let mut text = String::new();
        for (section, lines) in self.sections.iter().filter(|(section, _)| *section != "[where]") {
            let _ = writeln!(text, "{section}");
            if section == "[password]" {
                match hash {
                    Some(hash) => _ = writeln!(text, "hash = {}", quoted(hash)),
                    None => _ = lines.iter().find(|line| line.key() == "hash" && !line.is_open())?,
                }
                text.extend(salt.map(|salt| format!("salt = {}\n", quoted(salt))));
            }
            let kept = |line: &&Line| !LEFT.contains(&line.key()) && !line.is_open();
            lines.iter().filter(kept).for_each(|line| text = std::mem::take(&mut text) + &line.toml + "\n");
            if section == "[user]" {
                text.push_str("enabled = false\n");
            }
        }
        text.contains("\n[password]\n").then_some(text)
    }

    /// Takes what known passwords fit for what is so, with this sentence: the column of the hashes, where it was a question, and what
    /// made them.
    pub fn settle(&mut self, hash: Option<&str>, fit: Option<&Fit>, said: &str) {
        self.sections.retain(|(section, _)| section != "[password.known]");
        let Some((_, lines)) = self.sections.iter_mut().find(|(section, _)| section == "[password]") else { return };
        lines.retain(|line| !["", "scheme", "params"].contains(&line.key()));
        if let Some(hash) = hash {
            lines.retain(|line| line.key() != "hash");
            lines.insert(0, Line::new(format!("hash = {}", quoted(hash)), if fit.is_none() { said } else { "" }));
            self.open.retain(|open| open != "[password] hash");
        }
        let with_own = fit.is_none_or(|fit| fit.salt.as_ref().is_some_and(|(column, _)| column.is_empty()));
        lines.retain(|line| line.key() != "salt" || with_own);
        for (at, (key, value)) in fit.into_iter().flat_map(Fit::lines).enumerate() {
            lines.push(Line::new(format!("{key} = {value}"), if at == 0 { said } else { "" }));
        }
        self.open.retain(|open| open != "[password] scheme");
    }

    /// Says one more thing of the passwords.
    pub fn remark(&mut self, said: impl Into<String>) {
        let of = |name: &str| self.sections.iter().position(|(section, _)| section == name);
        let at = of("[password]").or_else(|| of("[user]"));
        if let Some((_, lines)) = at.and_then(|at| self.sections.get_mut(at)) {
            lines.push(Line::new("", said));
        }
    }

    /// The mapping file. `command` is what `check` is to be called with.
    #[must_use]
    pub fn render(&self, command: &str) -> String {
        let mut text =
            format!("# Proposed by `rehome map`. Each line says why; read it, correct it, then\n#   {command}\n");
        if !self.open.is_empty() {
            let _ = writeln!(text, "# Left to you (`\"?\"`): {}.", self.open.join(", "));
        }
        for (section, lines) in &self.sections {
            if lines.iter().all(|line| line.toml.is_empty()) && section != "[user]" {
                for line in lines {
                    let _ = writeln!(text, "# {}", line.why);
                }
                continue;
            }
            let _ = writeln!(text, "\n{section}");
            let short = |line: &&Line| !line.toml.is_empty() && line.toml.len() <= 48 && !line.why.is_empty();
            let width = lines.iter().filter(short).map(|line| line.toml.chars().count()).max().unwrap_or(0);
            for line in lines {
                match (line.toml.as_str(), line.why.as_str()) {
                    ("", why) => {
                        let _ = writeln!(text, "# {why}");
                    }
                    (toml, "") => {
                        let _ = writeln!(text, "{toml}");
                    }
                    (toml, why) if toml.len() <= 48 => {
                        let _ = writeln!(text, "{toml:width$}  # {why}");
                    }
                    (toml, why) => {
                        let _ = writeln!(text, "# {why}\n{toml}");
                    }
                }
            }
        }
        text
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    format!("[{}]", texts.into_iter().map(quoted).collect::<Vec<_>>().join(", "))
}

/// A text as a comparison writes it.
fn literal(text: &str) -> String {
    if text.parse::<f64>().is_ok() { text.to_owned() } else { format!("'{text}'") }
}

/// A number with its commas, and what is counted: `4,999 rows`.
fn count(n: u64, what: &str) -> String {
    format!("{} {what}{}", number(n), if n == 1 { "" } else { "s" })
}

fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What a join of this table is called.
fn join_name(table: &str) -> String {
    let bare: String = table.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    bare.trim_matches('_').to_ascii_lowercase()
}
