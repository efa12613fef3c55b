//! `[password]`: hash or plain text, and everything its scheme needs beside it.

use std::borrow::Cow;

use toml::Value as Toml;

use super::column::Column;
use super::condition::Conditions;
use super::row::Row;
use super::rules::Said;
use super::section::{Problem, Read, Section, a, texts};
use super::text::Text;
use crate::account::{Credential, HashInput, Hint, SaltEncoding};
use crate::code::{Code, Note, Refusal};
use crate::source::Context;
use crate::source::kit::common;
use crate::source::kit::mark::{Mark, mark};
use crate::source::kit::strict;
use crate::source::systems::generic;

/// Looks up an environment variable: keys stand in none of the files.
pub(in crate::source) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// How the credential is made.
#[derive(Default)]
pub(in crate::source) struct Password {
    hash: Option<Text>,
    plain: Option<Text>,
    scheme: Option<Text>,
    salt: Option<Text>,
    salt_encoding: Encoding,
    /// What is known of all hashes.
    pub(in crate::source) hints: &'static [Hint],
    /// Of whom there is no password to be had, and why.
    none: Vec<(Conditions, Code, Said)>,
    numbers: [Option<Number>; 6],
    signer_key: Option<Text>,
    salt_separator: Option<Text>,
}

enum Encoding {
    Const(SaltEncoding),
    Column(Column),
}

impl Default for Encoding {
    fn default() -> Self {
        Self::Const(SaltEncoding::Utf8)
    }
}

/// A number for everybody, or a column of them.
enum Number {
    Const(u64),
    /// The first of them that holds something.
    Columns(Vec<Column>),
}

/// The numeric parameters, by their generic names and shorter ones, in the order of [`Password::numbers`].
const NUMBERS: [(&str, &str); 6] = [
    ("scrypt_n", "cpu"),
    ("scrypt_r", "memory"),
    ("scrypt_p", "parallel"),
    ("scrypt_length", "length"),
    ("rounds", "rounds"),
    ("mem_cost", "mem_cost"),
];

impl Password {
    pub(in crate::source) fn read(mut section: Section, environment: Environment<'_>, system: bool) -> Read<Self> {
        let mut password = Self::default();
        let known = section.take("known");
        password.hints = match known {
            None if system => Hint::KNOWN,
            None => &[],
            Some(Toml::Table(table)) => hints(Section::new("[password.known]", table))?,
            Some(_) => return Err(Problem("[password.known] is a table".to_owned())),
        };
        for mut none in section.tables("none", None)? {
            let when = Conditions::take(&mut none, "when")?;
            let code = match none.one_of("code", &["no-password", "hash-not-exported", "redacted-hash"])? {
                None | Some(0) => Code::NoPassword,
                Some(1) => Code::HashNotExported,
                Some(_) => Code::RedactedHash,
            };
            let Some(said) = none.text("say")? else { return Err(Problem(format!("{} needs say", none.name()))) };
            none.end()?;
            password.none.push((when, code, Said::read(&said)));
        }
        if let Some(value) = section.take("hash") {
            password.hash = Some(Text::read("[password] hash", value)?);
        }
        if let Some(value) = section.take("plain") {
            password.plain = Some(Text::read("[password] plain", value)?);
        }
        password.scheme = match section.take("scheme") {
            None => None,
            Some(Toml::String(name)) if name == "auto" => None,
            Some(Toml::String(name)) => Some(Text::constant(name)),
            Some(other) => Some(Text::read("[password] scheme", other)?),
        };
        if let Some(value) = section.take("salt") {
            let mut salt = match value {
                Toml::Table(table) => Section::new("[password] salt", table),
                other => Section::new("[password] salt", toml::Table::from_iter([("from".to_owned(), other)])),
            };
            password.salt_encoding = encoding(&mut salt)?;
            password.salt = Some(Text::read_from(&mut salt)?);
            salt.end()?;
        }
        let mut params = section.section("params", "[password.params]")?;
        for (slot, (name, short)) in password.numbers.iter_mut().zip(NUMBERS) {
            let long = params.take(name);
            let value = if name == short { long } else { long.or(params.take(short)) };
            *slot = value.map(|value| number(name, value)).transpose()?;
        }
        password.signer_key = secret(&mut params, "signer_key", environment)?;
        password.salt_separator = secret(&mut params, "salt_separator", environment)?;
        params.end()?;
        section.end()?;
        Ok(password)
    }

    pub(in crate::source) fn of<'r>(&self, row: Row<'r, '_>, context: &Context<'r>) -> Result<Credential<'r>, Refusal> {
        let text = |text: &Option<Text>| text.as_ref().map_or(Ok(None), |text| text.verbatim(row));
        if let Some((_, code, said)) = self.none.iter().find(|(when, ..)| when.hold(row)) {
            return Ok(common::without(*code, said.of(row)));
        }
        if let Some(plain) = text(&self.plain)? {
            return generic::plain("plain", plain);
        }
        let Some(mut hash) = text(&self.hash)? else {
            let mut further = None;
            let mut look = |columns: &[Column]| {
                further = further.take().or_else(|| columns.iter().find_map(|column| column.further(row.record)));
            };
            self.hash.iter().for_each(|hash| hash.visit(&mut look));
            return further.map_or_else(
                || Ok(Credential::default()),
                |path| {
                    let text = "holds a password, and the mapping reads an earlier item of the list, which has none: name the item by what \
                                it says, as `logins.kind=password.hash` does";
                    Err(strict::unclear(&path, text))
                },
            );
        };
        if !row.manner.ignore_unclear {
            let rest = match mark(&hash, row.record) {
                Mark::None => None,
                Mark::Locked(rest) => Some(rest.to_owned()),
                Mark::Unknown => return Err(strict::before_a_hash("password")),
            };
            hash = rest.map_or(hash, Cow::Owned);
        }
        if common::is_unusable(&hash) {
            let who = if row.manner.ignore_unclear { "source" } else { "export" };
            let text = format!("the {who} marks the password as unusable");
            return Ok(Credential::None(Note::new(Code::NoPassword, text)));
        }
        let [scrypt_n, scrypt_r, scrypt_p, scrypt_length, rounds, mem_cost] = self.numbers.each_ref();
        let number = |number: &Option<Number>| match number {
            None => Ok(None),
            Some(Number::Const(number)) => Ok(Some(*number)),
            Some(Number::Columns(columns)) => match row.first(columns)? {
                Some((column, found)) => strict::number(column, Some(found.value())),
                None => Ok(None),
            },
        };
        let mut input = HashInput {
            hash,
            declared: text(&self.scheme)?.filter(|name| name != "auto"),
            hints: self.hints,
            salt: text(&self.salt)?,
            salt_encoding: match &self.salt_encoding {
                Encoding::Const(encoding) => *encoding,
                Encoding::Column(column) => {
                    let found = row.first(std::slice::from_ref(column))?;
                    strict::salt_encoding(column.path(), found.as_ref().map(|(_, found)| found.value()))?
                }
            },
            scrypt_n: number(scrypt_n)?,
            scrypt_r: number(scrypt_r)?,
            scrypt_p: number(scrypt_p)?,
            scrypt_length: number(scrypt_length)?,
            signer_key: text(&self.signer_key)?,
            salt_separator: self.separator(row)?,
            rounds: number(rounds)?,
            mem_cost: number(mem_cost)?,
            pepper: None,
        };
        if let Some(project) = context.firebase.filter(|_| input.signer_key.is_none() && !row.manner.ignore_unclear) {
            generic::fill_firebase(&mut input, project);
        }
        Ok(Credential::Hash(input))
    }

    /// Whether what stands before the hash says that the user may not sign in.
    pub(in crate::source) fn locks(&self, row: Row<'_, '_>) -> bool {
        let hash = self.hash.as_ref().filter(|_| !row.manner.ignore_unclear);
        let hash = hash.and_then(|hash| hash.verbatim(row).ok().flatten());
        hash.is_some_and(|hash| matches!(mark(&hash, row.record), Mark::Locked(_)))
    }

    /// Whether the mapping says where passwords are.
    pub(in crate::source) fn is_said(&self) -> bool {
        self.hash.is_some() || self.plain.is_some() || !self.none.is_empty()
    }

    /// Has nothing to say of the map of schemes.
    pub(in crate::source) fn hush(&mut self) {
        self.scheme.iter_mut().for_each(Text::hush);
    }

    /// What is to be said of the map of schemes, once everything is read.
    pub(in crate::source) fn noticed(&self) -> Vec<String> {
        self.scheme.iter().flat_map(|scheme| scheme.noticed("[password] scheme", Some("taken as they stand"))).collect()
    }

    /// Firebase's separator may be empty, and is one then.
    fn separator<'r>(&self, row: Row<'r, '_>) -> Result<Option<Cow<'r, str>>, Refusal> {
        let Some(separator) = &self.salt_separator else { return Ok(None) };
        Ok(Some(separator.verbatim(row)?.unwrap_or_default()))
    }

    /// Hands over the columns; of each list, it needs one.
    pub(in crate::source) fn visit<'m>(&'m self, each: &mut dyn FnMut(&'m [Column])) {
        let texts = [&self.hash, &self.plain, &self.scheme, &self.salt, &self.signer_key, &self.salt_separator];
        texts.into_iter().flatten().for_each(|text| text.visit(each));
        for number in self.numbers.iter().flatten() {
            if let Number::Columns(columns) = number {
                each(columns);
            }
        }
        if let Encoding::Column(column) = &self.salt_encoding {
            each(std::slice::from_ref(column));
        }
        let conditions = self.none.iter().flat_map(|(when, _, said)| when.columns().chain(said.columns()));
        conditions.for_each(|column| each(std::slice::from_ref(column)));
    }

    /// Whether it reads a hash or a password.
    pub(in crate::source) const fn reads(&self) -> bool {
        self.hash.is_some() || self.plain.is_some()
    }
}

/// `[password.known]`
fn hints(mut section: Section) -> Read<&'static [Hint]> {
    type Worded = fn(&'static str) -> Hint;

    fn kept(text: String) -> &'static str {
        Box::leak(text.into_boxed_str())
    }

    let mut hints = Vec::new();
    for (key, hint) in [("bare", Hint::Bare), ("crypt", Hint::Crypt), ("interchangeable", Hint::Interchangeable)] {
        hints.extend(section.flag(key)?.filter(|said| *said).map(|_| hint));
    }
    let worded: [(&str, Worded); 5] = [
        ("digest", Hint::Digest),
        ("prehashed", Hint::PreHashed),
        ("salted_key", Hint::SaltedKey),
        ("prepared", Hint::Prepared),
        ("pepper_possible", Hint::PepperPossible),
    ];
    for (key, hint) in worded {
        hints.extend(section.text(key)?.map(|text| hint(kept(text))));
    }
    section.end()?;
    Ok(Vec::leak(hints))
}

/// `"hex"`, or `{ from = "column" }`.
fn encoding(salt: &mut Section) -> Read<Encoding> {
    match salt.take("encoding") {
        None => Ok(Encoding::default()),
        Some(Toml::String(name)) => strict::salt_encoding_of(&name)
            .map(Encoding::Const)
            .ok_or_else(|| Problem(format!("[password] salt encoding is `{name}`; there are utf8, hex and base64"))),
        Some(other) => Ok(Encoding::Column(column("[password] salt encoding", other)?)),
    }
}

/// `16384`, `"column"`, `["column", "other"]` or `{ from = "column" }`.
fn number(name: &str, value: Toml) -> Read<Number> {
    let at = format!("[password.params] {name}");
    match value {
        Toml::Integer(number) => {
            u64::try_from(number).map(Number::Const).map_err(|_| Problem(format!("{at} is not negative")))
        }
        names @ (Toml::String(_) | Toml::Array(_)) => Ok(Number::Columns(Column::list(texts(&at, names)?))),
        other => Ok(Number::Columns(vec![column(&at, other)?])),
    }
}

/// `{ from = "column" }`.
fn column(at: &str, value: Toml) -> Read<Column> {
    let Toml::Table(table) = value else { return Err(Problem(format!("{at} is not {}", a(&value)))) };
    let mut section = Section::new(at, table);
    let from = section.text("from")?.ok_or_else(|| Problem(format!("{at} needs from")))?;
    section.end()?;
    Ok(Column::new(from))
}

/// `"env:NAME"`, `"column"`, or a table as any text's. A key itself does not stand in a mapping file, which people share.
fn secret(params: &mut Section, key: &'static str, environment: Environment<'_>) -> Read<Option<Text>> {
    match params.take(key) {
        None => Ok(None),
        Some(Toml::String(text)) => match text.strip_prefix("env:") {
            None => Ok(Some(Text::column(text))),
            Some(name) => match environment(name) {
                Some(value) => Ok(Some(Text::constant(value.trim().to_owned()))),
                None => {
                    Err(Problem(format!("{} is in the environment variable {name}, which is not set", params.at(key))))
                }
            },
        },
        Some(other) => Text::read(&params.at(key), other).map(Some),
    }
}
