//! An export as a whole: its files opened, its source found, its tables joined, its records interpreted in parallel and
//! handed over in order.

mod folder;
mod index;
mod join;
mod kept_out;
pub mod look;
mod opened;
mod others;
mod pages;
mod rejects;
mod salts;
#[cfg(test)]
mod samples;
mod scan;
mod standing;
mod tables;
mod unpack;
mod whose;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub use rejects::Frame;

use crate::account::{Account, Credential};
use crate::code::{Code, Note, Refusal};
use crate::error::RunError;
use crate::event::{Listener, Silent};
use crate::format::file::SourceFile;
use crate::format::frame::Doubt;
use crate::format::{Position, Record, TableSample};
use crate::live::{self, Access};
use crate::source::describe::Mapping;
use crate::source::kit::status::tables::{bare, reason_of};
use crate::source::{Context, Fate, FirebaseHashConfig, Found, Role, Source};
use opened::Opened;
use scan::{Decoded, Pass, Reading, drive};

/// How an export is to be read, as meant.
#[derive(Default)]
pub struct ReadOptions {
    /// `--from`
    pub from: Option<String>,
    /// `--firebase-hash-config`
    pub firebase: Option<FirebaseHashConfig>,
    /// `--service-account`
    pub service_account: Option<PathBuf>,
    /// `--ca-file`
    pub ca_file: Option<PathBuf>,
    /// `--scheme`
    pub scheme: Option<String>,
    /// `--map`; a mapping is a source of its own and comes before `from` and detection. It lives as long as the process
    /// ([`Mapping::read`] leaks the one there is), as every source does.
    pub mapping: Option<&'static Mapping>,
    /// `--keep-dates`
    pub keep_dates: bool,
    /// `--email-domain`
    pub email_domain: Option<String>,
    /// `--plain-passwords`
    pub plain_passwords: bool,
    /// `--pepper`
    pub pepper: Option<String>,
    /// `--ignore`
    pub ignore: Vec<String>,
    /// `--table`
    pub table: Option<String>,
    /// The moment "banned until" is compared with; the epoch stands for now.
    pub now: jiff::Timestamp,
}

/// An export whose source is known and whose related tables are loaded. Can be read any number of times (standard input
/// is spooled into an unlinked temporary file first).
pub struct Export {
    files: Vec<SourceFile>,
    tables: Vec<TableSample>,
    roles: Vec<Role>,
    source: &'static dyn Source,
    /// What the mapping file says of hashes that no endpoint verifies.
    unsupported: Option<crate::policy::Unsupported>,
    /// The mapping, where it only changes what the source reads.
    amendment: Option<&'static Mapping>,
    why: String,
    findings: Vec<String>,
    pages: pages::Pages,
    /// The most records that a reading has handed over; none before the first.
    counted: AtomicU64,
    /// What was read may not be all there is: a dump without its last words, rows that nobody reads.
    incomplete: bool,
    options: ReadOptions,
    related: join::Store,
    /// Where files of archives are until the export is dropped.
    _archives: Vec<unpack::Unpacked>,
    standings: standing::Standings,
    /// What was said of columns that nobody understands.
    noticed: OnceLock<Vec<String>>,
    /// Whether `--scheme` was passed over by a hash, and whether it held for one.
    declared: [AtomicBool; 2],
}

/// One record on its way to the caller.
pub struct Item<'r> {
    /// The record's number, line, byte and file.
    pub position: Position,
    /// Its bytes as they stand in the file.
    pub raw: &'r [u8],
    /// The record, unless it could not even be decoded.
    pub record: Option<&'r Record<'r>>,
    /// What the source made of it.
    pub account: Result<Account<'r>, Refusal>,
}

impl Export {
    /// Opens the files, finds source and tables, and loads what has to be joined.
    ///
    /// # Errors
    /// [`RunError::io`] for files that cannot be read, [`RunError::export`] for files that are nothing that is read,
    /// [`RunError::usage`] for an unknown `--from`.
    pub fn open(paths: &[PathBuf], mut options: ReadOptions) -> Result<Self, RunError> {
        if options.now == jiff::Timestamp::UNIX_EPOCH {
            options.now = jiff::Timestamp::now();
        }
        // A file that describes a system is read as that system is.
        let described = options.mapping.take_if(|mapping| mapping.is_system());
        let unsupported = described.or(options.mapping).and_then(|mapping| mapping.unsupported);
        let service_account = options.service_account.as_deref();
        let access = Access {
            service_account,
            ca_file: options.ca_file.as_deref(),
            has_hash_config: options.firebase.is_some(),
        };
        let Opened { mut files, mut tables, mut findings, incomplete, archives, firebase } = Opened::of(paths, access)?;
        options.firebase = options.firebase.or(firebase);
        let Some((source, why)) = whose::choose(&tables, &options, described)? else {
            let unknown = RunError::export(whose::unknown(&files, &tables));
            return Err(look::with_proposal(unknown, paths, files, tables));
        };
        // A database is read as its dump is, and is none.
        let system = files.first().and_then(|file| file.input.system());
        let why = match (system, why.strip_prefix("SQL dump")) {
            (Some(system), Some(rest)) => format!("{system}{rest}"),
            _ => why,
        };
        let mut roles = match tables::settle(&files, &tables, source, &options) {
            Ok(roles) => roles,
            Err(open) if options.table.is_none() => return Err(look::with_proposal(open, paths, files, tables)),
            Err(error) => return Err(error),
        };
        if let Some(only) = options.mapping.filter(|mapping| mapping.base.is_some()).and_then(Mapping::table) {
            for (table, role) in tables.iter().zip(&mut roles) {
                if let users @ (Role::Users | Role::Mixed) = source.role(table) {
                    *role = if table.table == only { users } else { Role::Ignored };
                }
            }
        }
        // A table that is left out on purpose holds nobody.
        let ignored = |table: &TableSample| options.ignore.iter().any(|name| tables::is_called(table, name));
        if tables.iter().zip(&roles).any(|(table, role)| matches!(role, Role::Users | Role::Mixed) && !ignored(table)) {
            for (_, role) in tables.iter().zip(&mut roles).filter(|(table, _)| ignored(table)) {
                *role = Role::Ignored;
            }
        }
        for (table, role) in tables.iter().zip(&mut roles) {
            if let Some(kind) = options.mapping.and_then(|mapping| mapping.joins(table)) {
                *role = Role::Related(kind);
            }
        }
        if !roles.iter().any(|role| matches!(role, Role::Users | Role::Mixed)) {
            return Err(RunError::export(whose::without_users(&tables, source, &why)));
        }
        for (table, role) in tables.iter_mut().zip(&roles) {
            // JSON has no width, and a table without rows none either.
            if *role != Role::Ignored && table.columns.is_empty() && table.width > 0 {
                let names = source.headerless(table).ok_or_else(|| RunError::export(whose::nameless(table, source)))?;
                files[usize::from(table.file)].name_columns(&table.table, names.clone());
                table.columns = names;
            }
        }
        opened::stop_at_two_of_a_name(&tables, &roles, &options)?;
        let elsewhere = opened::stop_at_undone(&files, &tables, &roles, &options)?;
        let of = kept_out::Known { files: &files, tables: &tables, roles: &roles, source, options: &options };
        kept_out::stop(of)?;
        findings.extend(others::findings(source, &tables, &roles, &options));
        findings.extend(tables::ignored_in_vain(&files, &tables, &options));
        let amendment = options.mapping.filter(|mapping| mapping.base.is_some());
        let standings = standing::Standings::new(source, options.mapping, &tables, &roles, &options.ignore);
        let of_files = files.iter().flat_map(|file| &file.doubts).filter(|doubt| !doubt.is_of_a_table());
        let incomplete = incomplete || of_files.into_iter().any(Doubt::loses) || !elsewhere.is_empty();
        findings.extend(elsewhere);
        let pages = pages::Pages::of(&files, &tables, &roles);
        let related = join::Store::default();
        let mut export = Self {
            pages,
            counted: AtomicU64::new(0),
            _archives: archives,
            files,
            tables,
            roles,
            source,
            unsupported,
            amendment,
            why,
            findings,
            incomplete,
            options,
            related,
            standings,
            noticed: OnceLock::new(),
            declared: [AtomicBool::new(false), AtomicBool::new(false)],
        };
        export.related = export.load_related()?;
        Ok(export)
    }

    /// The source that was detected or named.
    #[must_use]
    pub fn source(&self) -> &'static dyn Source {
        self.source
    }

    /// What the mapping file says of hashes that no endpoint verifies.
    #[must_use]
    pub const fn unsupported(&self) -> Option<crate::policy::Unsupported> {
        self.unsupported
    }

    /// What becomes of a column of the users' tables.
    #[must_use]
    pub fn fate(&self, column: &str) -> Fate {
        let amended = || self.amendment.and_then(|mapping| mapping.says(column));
        self.standings.fate(column).or_else(amended).unwrap_or_else(|| self.source.fate(column))
    }

    /// Has more to say of what was read. It is the same however often everything is.
    pub fn notice(&self, said: Vec<String>) {
        let _ = self.noticed.set(said);
    }

    /// What a person should know, now that everything was read.
    #[must_use]
    pub fn noticed(&self) -> Vec<String> {
        let amended = self.amendment.iter().flat_map(|mapping| mapping.noticed());
        let [passed_over, held] = [&self.declared[0], &self.declared[1]].map(|seen| seen.load(Ordering::Relaxed));
        let declared = self.options.scheme.as_deref().filter(|_| passed_over && !held);
        let declared = declared.map(|scheme| {
            format!("--scheme {scheme} holds for no hash of the export: each says itself, or by its column, of which scheme it is")
        });
        let pages = self.pages.said(self.counted.load(Ordering::Relaxed));
        self.source
            .noticed()
            .into_iter()
            .chain(amended)
            .chain(declared)
            .chain(pages)
            .chain(self.noticed.get().into_iter().flatten().cloned())
            .collect()
    }

    /// Whether a column is left out on purpose (`--ignore`).
    #[must_use]
    pub fn ignores(&self, column: &str) -> bool {
        self.options.ignore.iter().any(|ignored| ignored.eq_ignore_ascii_case(column))
    }

    /// The moment at which everything that may lie ahead is looked at.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        self.options.now
    }

    /// Whether a person insists that passwords are plain text (`--plain-passwords`).
    #[must_use]
    pub fn takes_plain_passwords(&self) -> bool {
        self.options.plain_passwords
    }

    /// Whether a mapping file says where the passwords are: then it was looked at.
    #[must_use]
    pub fn maps_a_password(&self) -> bool {
        self.options.mapping.is_some_and(Mapping::reads_a_password)
    }

    /// Whether a mapping file has the last word on what a column tells of who may sign in: it names it, or reads what the column
    /// gives the reason for, or enables nobody.
    #[must_use]
    pub fn has_decided_on(&self, column: &str) -> bool {
        self.options.mapping.is_some_and(|mapping| {
            let reads = |other: &&String| matches!(mapping.says(other), Some(Fate::Transformed { to: "enabled", .. }));
            let is_given = |of: String| self.columns().iter().filter(reads).any(|other| bare(other).starts_with(&of));
            mapping.enables_nobody() || mapping.reads_whole(column) || reason_of(column).is_some_and(is_given)
        })
    }

    /// What is to be said of joins that say who may sign in and found nobody, so that they would keep out nobody either.
    pub fn joins_in_vain(&self) -> impl Iterator<Item = String> {
        let joins = self.options.mapping.map(Mapping::joins_in_vain).unwrap_or_default();
        joins.into_iter().filter(|join| !self.ignores(join)).map(|join| {
            format!(
                "the mapping's [join.{join}] found nobody, so that nobody is kept out by it: no row has in `key` what a user has in `of`; \
                 correct the two, or {} takes it as it is",
                crate::escape::flag("--ignore", join)
            )
        })
    }

    /// Whether a mapping file reads something within a column, which says nothing of what else stands there.
    #[must_use]
    pub fn reads_within(&self, column: &str) -> bool {
        self.options.mapping.is_some_and(|mapping| mapping.says(column).is_some() && !mapping.reads_whole(column))
    }

    /// Why it is taken for that, for a person.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// What was found in the files.
    #[must_use]
    pub fn tables(&self) -> &[TableSample] {
        &self.tables
    }

    /// The columns of the users' tables that the samples showed, each once.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        self.standings.seen()
    }

    /// What a table is read from while it is in use: `PostgreSQL`, `SQLite`, `Firebase`; `None` for one of a file.
    #[must_use]
    pub fn system_of(&self, table: &TableSample) -> Option<&'static str> {
        let input = &self.files.get(usize::from(table.file))?.input;
        input.system().or_else(|| live::is_address(&input.path).then_some("Firebase"))
    }

    /// What a person should know of the files as such: an encoding, something a format lost.
    #[must_use]
    pub fn findings(&self) -> &[String] {
        &self.findings
    }

    /// Whether something in the files says that users may be missing: a finding, or what is noticed, tells what. Some of it is known
    /// once all was read.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.incomplete || self.pages.said(self.counted.load(Ordering::Relaxed)).is_some()
    }

    /// xxh3-128 of the bytes of all files as they lie on the disk, in order, with their lengths. From then on reading ends
    /// before the first record of a file that is no longer the same.
    ///
    /// # Errors
    /// [`RunError::io`]; [`RunError::export`] if a file was changed since it was opened.
    pub fn fingerprint(&self) -> Result<[u8; 16], RunError> {
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        for (index, file) in self.files.iter().enumerate() {
            let read = self
                .tables
                .iter()
                .zip(&self.roles)
                .filter(|(table, role)| usize::from(table.file) == index && **role != Role::Ignored);
            let read = read.map(|(table, _)| table.table.clone()).collect();
            file.input.fingerprint(&read, &mut hash)?;
        }
        Ok(hash.digest128().to_le_bytes())
    }

    /// What a file of rejected records' [`Item::raw`] needs around and between them to be read again as this export.
    #[must_use]
    pub fn rejects_frame(&self) -> Frame {
        let users = self.roles.iter().position(|role| matches!(role, Role::Users | Role::Mixed)).unwrap_or(0);
        let table = &self.tables[users];
        Frame::of(table, &self.files[usize::from(table.file)])
    }

    /// Reads every user record. `each` runs on worker threads and folds the records of a batch into a `B`; `sink` runs on
    /// the calling thread and takes the batches in the order of the file. At most a fixed number of batches is in
    /// memory at any time.
    ///
    /// # Errors
    /// What `sink` returned, or what ended the reading: [`RunError::io`], [`RunError::export`] (a truncated file: what
    /// was whole before the damage has been handed over by then).
    pub fn scan<B: Send>(
        &self,
        threads: usize,
        listener: &dyn Listener,
        init: impl Fn() -> B + Sync,
        each: impl Fn(&mut B, Item<'_>) + Sync,
        sink: impl FnMut(B) -> Result<ControlFlow<()>, RunError>,
    ) -> Result<(), RunError> {
        let all = |fold: &mut B, items: Vec<Item<'_>>| items.into_iter().for_each(|item| each(fold, item));
        self.scan_groups(threads, listener, init, all, sink)
    }

    /// [`Export::scan`] by a few records at a time, for a caller that has several steps to take with each.
    ///
    /// # Errors
    /// As [`Export::scan`].
    pub fn scan_groups<B: Send>(
        &self,
        threads: usize,
        listener: &dyn Listener,
        init: impl Fn() -> B + Sync,
        each: impl Fn(&mut B, Vec<Item<'_>>) + Sync,
        sink: impl FnMut(B) -> Result<ControlFlow<()>, RunError>,
    ) -> Result<(), RunError> {
        let context = Context {
            firebase: self.options.firebase.as_ref(),
            scheme: self.options.scheme.as_deref(),
            keep_dates: self.options.keep_dates,
            email_domain: self.options.email_domain.as_deref(),
            plain_passwords: self.options.plain_passwords,
            ignore: &self.options.ignore,
            pepper: self.options.pepper.as_deref(),
            now: self.options.now,
            columns: self.standings.seen(),
            related: &self.related,
        };
        let records = AtomicU64::new(0);
        let interpret = |fold: &mut B, group: Vec<Decoded<'_>>| {
            records.fetch_add(group.len() as u64, Ordering::Relaxed);
            let interpreted = group.iter().map(|decoded| Item {
                position: decoded.position,
                raw: decoded.raw,
                record: decoded.record.as_ref().ok().copied(),
                account: match &decoded.record {
                    Ok(record) => self.source.interpret(record, &context),
                    Err(defect) => {
                        let text = format!("line {}: {defect}", decoded.position.line);
                        Err(Refusal::new(Code::DamagedRecord, text))
                    }
                },
            });
            let mut items: Vec<_> = interpreted.collect();
            for (item, decoded) in items.iter_mut().zip(&group) {
                let Ok(account) = &mut item.account else { continue };
                let Some(record) = item.record else { continue };
                account.unwrap_mailbox();
                let amended = self.amendment.map_or(Ok(()), |mapping| mapping.amend(record, &context, account));
                // What a mapping reads is completed as well.
                if let Some(holds) = complete(account, &context, decoded.recoded) {
                    self.declared[usize::from(holds)].store(true, Ordering::Relaxed);
                }
                if let Err(refusal) = amended.and_then(|()| self.standings.apply(record, account, context.now)) {
                    item.account = Err(refusal);
                }
            }
            each(fold, items);
        };
        drive(&self.reading(Pass::Users), threads, listener, &init, &interpret, sink)?;
        let records = records.into_inner();
        self.counted.fetch_max(records, Ordering::Relaxed);
        if records == 0 {
            return Err(RunError::export(whose::nobody(self)));
        }
        self.related.check()
    }

    /// Hands over the ids of users whose passwords are in the export and who are not, in their order: those whose rows no user
    /// asked for while [`Export::scan`] read them all.
    ///
    /// # Errors
    /// What `each` returned, or what became of the temporary file of related rows.
    pub fn hashes_of_nobody(&self, each: impl FnMut(&str) -> Result<(), RunError>) -> Result<(), RunError> {
        match self.source.hashes() {
            Some(kind) => self.related.unasked(kind, each),
            None => Ok(()),
        }
    }

    fn reading(&self, pass: Pass) -> Reading<'_> {
        Reading { files: &self.files, tables: &self.tables, roles: &self.roles, source: self.source, pass }
    }

    fn load_related(&self) -> Result<join::Store, RunError> {
        let mut store = join::Store::default();
        if !self.roles.iter().any(|role| matches!(role, Role::Related(_) | Role::Mixed)) {
            return Ok(store);
        }
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        // Tables that a mapping joins and the system that it changes does, too.
        let own = self.source.roles(&self.tables);
        let both = self.tables.iter().zip(&self.roles).zip(own).filter_map(|((table, role), own)| match (role, own) {
            (Role::Related(kind), Role::Related(own)) if *kind != own && self.amendment.is_some() => {
                Some((table.file, &*table.table, own))
            }
            _ => None,
        });
        let both: Vec<_> = both.collect();
        let keep = |fold: &mut Found, group: Vec<Decoded<'_>>| {
            for decoded in group {
                let (Role::Related(kind), Ok(record)) = (decoded.role, decoded.record) else { continue };
                let amended = self.amendment.and_then(|mapping| mapping.relate(kind, record, fold));
                if amended.is_none() {
                    self.source.relate(kind, record, fold);
                }
                let is = |table: &&(u16, &str, _)| table.0 == decoded.position.file && *table.1 == *record.table;
                if let Some((.., own)) = both.iter().find(is) {
                    self.source.relate(own, record, fold);
                }
            }
        };
        let found = || Found::at(self.options.now);
        drive(&self.reading(Pass::Related), threads, &Silent, &found, &keep, |found| {
            store.take(&found)?;
            Ok(ControlFlow::Continue(()))
        })?;
        store.complete()?;
        Ok(store)
    }
}

/// What holds whichever source it is: `--scheme` for every hash that nothing else declares, `--keep-dates`, and what is
/// to be said of a record that is not UTF-8.
///
/// Says whether `--scheme` holds for the hash, where there are both.
fn complete(account: &mut Account<'_>, context: &Context<'_>, recoded: bool) -> Option<bool> {
    if recoded {
        account.notes.push(Note::new(Code::NotUtf8, "the record is not UTF-8 and is read as Latin-1"));
    }
    let mut holds = None;
    if let (Credential::Hash(input), Some(scheme)) = (&mut account.credential, context.scheme) {
        holds = Some(crate::scheme::declare(input, scheme));
    }
    if let (Credential::Hash(input), Some(pepper)) = (&mut account.credential, context.pepper) {
        input.pepper = Some(pepper.to_owned().into());
    }
    if context.keep_dates {
        for (name, moment) in [("created_at", account.created_at), ("last_seen", account.last_seen)] {
            if let Some(moment) = moment {
                account.prefs.entry(name).or_insert_with(|| moment.to_string().into());
            }
        }
    }
    holds
}

#[cfg(test)]
mod tests;
