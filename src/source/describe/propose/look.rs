//! What the values of a column are, counted over many rows.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use xxhash_rust::xxh3::xxh3_64;

use super::paths::{OF_ACCOUNTS, parted, shared, told_apart};
use crate::format::{Record, Value};
use crate::scheme::columns::{ColumnRole, role_of};
use crate::scheme::{Looks, looks_like, registry};
use crate::source::kit::cell::{self, Cell};
use crate::source::kit::common;
use crate::source::kit::status::{self, Meaning, Standing, Trace};
use crate::source::systems::generic::member;

/// What stands for the scheme of hashes that name none.
pub(super) const UNKNOWN: &str = "of a form that is not known";

/// So many rows of a table are looked into; all are counted.
const ROWS: u64 = 20_000;

/// So many different values are told apart, and so many are named.
const DISTINCT: usize = 4096;
const NAMED: usize = 12;

/// So many rows are kept, and so much of each cell, to see which rows of a table are of which kind.
const KEPT: usize = 500;
const KEPT_BYTES: usize = 64;

/// So deep are objects opened.
const DEPTH: u8 = 3;

/// The texts of a row, by their columns.
pub(super) type Row = BTreeMap<String, String>;

/// A table as it was seen.
#[derive(Default)]
pub struct Table {
    /// Its name, or its file's where it has none; [`Table::is_file`] tells which.
    pub name: String,
    /// Whether it is a file of its own, in a format without tables.
    pub is_file: bool,
    /// All its rows.
    pub rows: u64,
    /// Those that were looked into.
    pub looked: u64,
    /// Columns, and paths into objects, in the order in which they came.
    pub columns: Vec<Column>,
    /// What all columns have before their names: `f_`.
    prefix: String,
    /// The texts of a few rows.
    pub(super) kept: Vec<Row>,
}

/// What the values of one column are.
pub struct Column {
    pub(super) name: String,
    /// The name without what all of the table's have before theirs, and without the path to it.
    pub(super) bare: String,
    pub(super) role: Option<ColumnRole>,
    pub(super) meaning: Option<Meaning>,
    pub(super) trace: Trace,
    pub(super) filled: u64,
    pub(super) addresses: u64,
    pub(super) with_plus: u64,
    pub(super) numbers: u64,
    pub(super) dates: u64,
    pub(super) yes: u64,
    pub(super) no: u64,
    pub(super) lists: u64,
    pub(super) objects: u64,
    /// Hashes, by the name of their scheme.
    pub(super) hashes: BTreeMap<&'static str, u64>,
    pub(super) masks: u64,
    /// Long texts that nobody types, in a column of any name: hashes of a form that does not name itself, or tokens.
    pub(super) odd: u64,
    /// What people might have typed, in a column that is named like a password.
    pub(super) typed: u64,
    /// How often each value was seen, as long as they are few and short.
    pub(super) values: Option<BTreeMap<String, u64>>,
    digests: HashSet<u64>,
    pub(super) enabled: u64,
    pub(super) disabled: u64,
    pub(super) deleted: u64,
    /// Status that is not understood.
    pub(super) unsure: u64,
    /// Cells that may say that somebody is kept out, in a column that nobody reads.
    pub(super) traced: u64,
    /// Empty cells, where those say that.
    pub(super) absent: u64,
    /// Empty cells of a status: where all others let somebody in, they may be those who are kept out.
    pub(super) blank: u64,
    /// Cells of a status that say nothing alone, and may beside others.
    pub(super) beside: u64,
    pub(super) example: Option<String>,
    /// Whether any value is longer than a small number: those of different tables are the same by chance.
    pub(super) telling: bool,
}

impl Table {
    /// A table without rows so far.
    #[must_use]
    pub fn named(name: String, is_file: bool, columns: &[String]) -> Self {
        let prefix = shared(columns);
        let named = |column: &String| {
            let mut seen = Column::named(column, prefix);
            seen.meaning = seen.meaning.and_then(|meaning| status::meaning_among(column, columns).or(Some(meaning)));
            seen
        };
        let columns = columns.iter().map(named).collect();
        Self { name, is_file, prefix: prefix.to_owned(), columns, ..Self::default() }
    }

    /// Looks at a row.
    pub fn see(&mut self, record: &Record<'_>, now: Timestamp) {
        self.rows += 1;
        if self.looked >= ROWS {
            return;
        }
        self.looked += 1;
        if self.looked <= KEPT as u64 {
            self.kept.push(BTreeMap::new());
        }
        let mut next = 0;
        for (name, value) in record.iter() {
            self.value(&mut next, name, value, now, DEPTH);
        }
    }

    fn value(&mut self, next: &mut usize, name: &str, value: &Value<'_>, now: Timestamp, depth: u8) {
        // Nearly all rows have the columns of the first, in their order.
        let known = self.columns.get(*next).is_some_and(|column| column.name == name);
        let at = if known { Some(*next) } else { self.columns.iter().position(|column| column.name == name) };
        let at = at.unwrap_or_else(|| {
            self.columns.push(Column::named(name, &self.prefix));
            self.columns.len() - 1
        });
        *next = at + 1;
        self.columns[at].see(value, now);
        if self.looked <= KEPT as u64
            && let Some(kept) = self.kept.last_mut()
            && let Some(text) = value.text().filter(|text| !text.is_empty())
        {
            let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= KEPT_BYTES).last();
            kept.insert(name.to_owned(), text[..end.unwrap_or(0)].to_owned());
        }
        // A hash in the wrapping of an exporter is one value.
        let wrapped = ["$binary", "$base64"].iter().any(|name| value.member(name).is_some())
            || value.member("type").and_then(Value::text).as_deref() == Some("Buffer");
        if depth == 0 || self.columns.len() > 400 || wrapped {
            return;
        }
        match value {
            Value::Object(members) => {
                for (member, value) in members {
                    self.value(next, &format!("{name}.{member}"), value, now, depth - 1);
                }
            }
            Value::List(items) => {
                let kinds = told_apart(items);
                for (key, kind, members) in &kinds {
                    for (member, value) in members.iter().filter(|(member, _)| member != key) {
                        self.value(next, &format!("{name}.{key}={kind}.{member}"), value, now, depth - 1);
                    }
                }
                match items.first() {
                    Some(first @ Value::Object(_)) if kinds.is_empty() => {
                        self.value(next, &format!("{name}.0"), first, now, depth - 1);
                    }
                    // Of several addresses the first.
                    Some(first @ Value::Text(text)) if is_address(text) => {
                        self.value(next, &format!("{name}.0"), first, now, depth - 1);
                    }
                    _ => {}
                }
            }
            Value::Text(text) if text.starts_with('{') && text.len() < 16_384 => {
                if let Ok(json @ serde_json::Value::Object(_)) = serde_json::from_str(text) {
                    let Value::Object(members) = common::value(&json) else { return };
                    for (member, value) in &members {
                        self.value(next, &format!("{name}.{member}"), value, now, depth - 1);
                    }
                }
            }
            _ => {}
        }
    }

    /// Adds what another batch saw of the same table.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.looked += other.looked;
        self.kept.extend(other.kept);
        self.kept.truncate(KEPT);
        for column in other.columns {
            match self.columns.iter_mut().find(|mine| mine.name == column.name) {
                Some(mine) => mine.merge(column),
                None => self.columns.push(column),
            }
        }
    }

    /// Whether what stands for names may be the first row of a file without any: then it is nobody's to show.
    #[must_use]
    pub fn names_are_values(&self) -> bool {
        let is_value = |name: &str| {
            name.len() > 80 || name.contains(['@', '$', '{', '\\', ' ']) && (is_address(name) || cell::is_hash(name))
        };
        self.columns.iter().any(|column| is_value(&column.name))
    }

    /// Whether its columns have numbers alone, since the export does not name them.
    pub(super) fn is_nameless(&self) -> bool {
        let mut whole = self.columns.iter().filter(|column| !column.name.contains('.')).peekable();
        whole.peek().is_some() && whole.all(|column| column.name.bytes().all(|b| b.is_ascii_digit()))
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl Column {
    fn named(name: &str, prefix: &str) -> Self {
        let own = name.strip_prefix(prefix).unwrap_or(name);
        // MongoDB's wrapping says nothing of what is in it.
        let own = own.strip_suffix(".$date").or_else(|| own.strip_suffix(".$oid")).unwrap_or(own);
        let (outer, bare) = parted(own);
        // What is switched off among settings, or of a subscription, is no person.
        let of_account =
            outer.split('.').all(|part| part.is_empty() || OF_ACCOUNTS.contains(&&*part.to_ascii_lowercase()));
        let meaning = status::meaning(own).or_else(|| status::meaning(&bare)).filter(|_| of_account);
        let told = member(&bare).is_some_and(|(to, _)| !["labels", "enabled"].contains(&to));
        Self {
            role: role_of(own),
            meaning,
            // What people are called says nothing against them.
            trace: if told { Trace::Nothing } else { status::trace(own) },
            bare: bare.clone(),
            name: name.to_owned(),
            filled: 0,
            addresses: 0,
            with_plus: 0,
            numbers: 0,
            dates: 0,
            yes: 0,
            no: 0,
            lists: 0,
            objects: 0,
            hashes: BTreeMap::new(),
            masks: 0,
            odd: 0,
            typed: 0,
            values: Some(BTreeMap::new()),
            digests: HashSet::new(),
            enabled: 0,
            disabled: 0,
            deleted: 0,
            unsure: 0,
            traced: 0,
            absent: 0,
            blank: 0,
            beside: 0,
            example: None,
            telling: false,
        }
    }

    /// What the column is read as, by its name, and how good a name it is. Within objects only what is a person's counts.
    pub(super) fn member(&self) -> Option<(&'static str, u8)> {
        const PERSONAL: [&str; 7] = ["email", "email_verified", "phone", "name", "first_name", "last_name", "username"];
        let found = member(&self.bare)?;
        let within = self.name.contains('.');
        match found {
            (to, rank) if within => PERSONAL.contains(&to).then(|| (to, rank.saturating_add(20))),
            found => Some(found),
        }
    }

    /// Whether the name is one of a password or its hash.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.role, Some(ColumnRole::Hash | ColumnRole::Password | ColumnRole::Plain))
    }

    pub(super) fn hashed(&self) -> u64 {
        self.hashes.values().sum()
    }

    /// Whether most hashes are nothing but bytes, which do not say what made them.
    pub(super) fn is_bare(&self) -> bool {
        let bare = |scheme: &str| registry::digest_length(scheme).is_some() || scheme == "pbkdf2" || scheme == UNKNOWN;
        let n: u64 = self.hashes.iter().filter(|(scheme, _)| bare(scheme)).map(|(_, n)| n).sum();
        n > 0 && n * 2 >= self.hashed()
    }

    /// Whether no two of the filled cells are the same, as far as that was counted.
    pub(super) fn is_unique(&self) -> bool {
        self.filled > 0 && (self.digests.len() as u64 == self.filled || self.digests.len() >= DISTINCT)
    }

    /// How many of this column's values are among those of another.
    pub(super) fn among(&self, other: &Self) -> usize {
        self.digests.iter().filter(|digest| other.digests.contains(digest)).count()
    }

    /// Whether this is among its values, as far as they were told apart.
    pub(super) fn has(&self, value: &str) -> bool {
        self.digests.contains(&xxh3_64(value.as_bytes()))
    }

    pub(super) fn distinct(&self) -> usize {
        self.digests.len()
    }

    fn see(&mut self, value: &Value<'_>, now: Timestamp) {
        if value.is_empty() || matches!(value, Value::Text(text) if is_nothing(text)) {
            self.absent += u64::from(self.trace == Trace::Empty);
            self.blank += u64::from(matches!(self.meaning, Some(Meaning::Allows | Meaning::State)));
            return;
        }
        self.filled += 1;
        match value {
            Value::Object(_) => self.objects += 1,
            Value::List(items) => {
                self.lists += 1;
                // Labels are words.
                self.objects += u64::from(items.iter().any(|item| matches!(item, Value::List(_) | Value::Object(_))));
            }
            _ => {}
        }
        let id = common::id(value);
        if let Some(id) = &id
            && self.digests.len() < DISTINCT
        {
            // Addresses are the same in whatever case.
            let folded = id.contains('@').then(|| id.trim().to_lowercase());
            self.digests.insert(xxh3_64(folded.as_deref().unwrap_or(id).as_bytes()));
            self.telling |= id.len() > 6;
        }
        self.secret(value);
        self.standing(value, now);
        let Some(text) = value.text() else { return };
        self.addresses += u64::from(is_address(text.trim()));
        self.with_plus += u64::from(text.starts_with('+') && text.bytes().filter(u8::is_ascii_digit).count() >= 7);
        self.numbers += u64::from(text.parse::<f64>().is_ok());
        match common::truth(value) {
            Some(true) => self.yes += 1,
            Some(false) => self.no += 1,
            None => self.dates += u64::from(text.len() >= 8 && common::moment(value).is_some()),
        }
        if let Some(values) = &mut self.values {
            if text.len() > 32 || values.len() >= NAMED && !values.contains_key(&*text) {
                self.values = None;
            } else {
                *values.entry(text.into_owned()).or_default() += 1;
            }
        }
    }

    fn secret(&mut self, value: &Value<'_>) {
        // Yes and no say whether there is one.
        let named = self.is_secret() && !matches!(value, Value::Bool(_));
        if !named && cell::kind_in(value).is_none() {
            self.odd += u64::from(matches!(value, Value::Text(text) if is_odd(text)));
            return;
        }
        match cell::look(value) {
            Cell::Hash(text) => {
                let scheme = match looks_like(&text) {
                    Looks::Hash { scheme, .. } => scheme,
                    _ => cell::kind(&text).unwrap_or(UNKNOWN),
                };
                *self.hashes.entry(scheme).or_default() += 1;
            }
            Cell::Masked => self.masks += 1,
            Cell::Words(_) => self.typed += 1,
            Cell::Empty | Cell::Structure => {}
        }
    }

    fn standing(&mut self, value: &Value<'_>, now: Timestamp) {
        let keeps_out = if let Some(meaning) = self.meaning {
            let standing = meaning.read(value, now);
            // What is no word of a state is a region, unless others are; a ban until nought has ended, unless others have none.
            let trace = Trace::of(meaning);
            let beside = trace.needs_others() && trace.is_in(value, now);
            match standing {
                _ if beside => self.beside += 1,
                Standing::Silent => {}
                Standing::Enabled => self.enabled += 1,
                Standing::Unsure => self.unsure += 1,
                Standing::Disabled => self.disabled += 1,
                Standing::Deleted => self.deleted += 1,
            }
            beside || standing == Standing::Unsure
        } else {
            let traced = self.trace.is_in(value, now);
            self.traced += u64::from(traced);
            traced
        };
        if keeps_out && self.example.is_none() {
            self.example = value.text().map(std::borrow::Cow::into_owned);
        }
    }

    fn merge(&mut self, other: Self) {
        for (mine, theirs) in [
            (&mut self.filled, other.filled),
            (&mut self.addresses, other.addresses),
            (&mut self.with_plus, other.with_plus),
            (&mut self.numbers, other.numbers),
            (&mut self.dates, other.dates),
            (&mut self.yes, other.yes),
            (&mut self.no, other.no),
            (&mut self.lists, other.lists),
            (&mut self.objects, other.objects),
            (&mut self.masks, other.masks),
            (&mut self.odd, other.odd),
            (&mut self.typed, other.typed),
            (&mut self.enabled, other.enabled),
            (&mut self.disabled, other.disabled),
            (&mut self.deleted, other.deleted),
            (&mut self.unsure, other.unsure),
            (&mut self.traced, other.traced),
            (&mut self.absent, other.absent),
            (&mut self.blank, other.blank),
            (&mut self.beside, other.beside),
        ] {
            *mine += theirs;
        }
        for (scheme, n) in other.hashes {
            *self.hashes.entry(scheme).or_default() += n;
        }
        self.values = match (self.values.take(), other.values) {
            (Some(mut mine), Some(theirs)) => {
                for (value, n) in theirs {
                    *mine.entry(value).or_default() += n;
                }
                (mine.len() <= NAMED).then_some(mine)
            }
            _ => None,
        };
        self.digests.extend(other.digests);
        self.example = self.example.take().or(other.example);
        self.telling |= other.telling;
    }
}

/// What nobody types: a run of letters and digits, or a hash within a text of another kind.
fn is_odd(text: &str) -> bool {
    const WITHIN: [&str; 5] = ["$2y$", "$2a$", "$2b$", "$argon2", "$6$"];
    let is_uuid = text.len() == 36 && text.bytes().filter(|b| *b == b'-').count() == 4;
    if text.starts_with("http") || text.starts_with("data:") || is_uuid {
        return false;
    }
    match text.len() {
        24..=256 if !text.contains(' ') => cell::is_hash(text) || WITHIN.iter().any(|hash| text.contains(hash)),
        24..=4096 => WITHIN.iter().any(|hash| text.contains(hash)),
        _ => false,
    }
}

fn is_nothing(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.eq_ignore_ascii_case("null") || text == "\\N"
}

/// One `@` between a name and a domain with a dot in it.
pub(super) fn is_address(text: &str) -> bool {
    text.len() <= 254
        && !text.contains(|c: char| c.is_whitespace() || "\"{}<>(),:;[]|".contains(c))
        && text.rsplit_once('@').is_some_and(|(name, domain)| {
            !name.is_empty() && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.')
        })
}
