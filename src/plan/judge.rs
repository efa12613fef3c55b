//! What an export holds that nobody reads, judged column by column while every record is planned for the first time: a
//! password lost in silence, a hash taken for a password, somebody banned who comes back. Nothing has been sent by then.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::alike::Alike;
use super::barring::{Barring, Place};
use super::plain::{Plain, cells};
use super::{Planned, answer};
use crate::bytes::Short;
use crate::error::RunError;
use crate::escape;
use crate::event::Silent;
use crate::format::{Fields, Header, Record, Value};
use crate::read::{Export, Item};
use crate::scheme::columns::{holds_password, suggests_password};
use crate::source::kit::cell;
use crate::source::kit::status::tables::names_somebody;
use crate::source::kit::status::{self, Meaning, Seen, Trace};
use crate::source::{Fate, Source};

/// What was seen of an export's columns.
#[derive(Default)]
pub struct Judge {
    /// How the columns of the last header are to be looked at.
    lens: Lens,
    unread: HashMap<String, Unread>,
    barring: Barring,
    alike: Alike,
    /// Columns of which some cells tell that only beside others, and have those.
    filled: std::collections::HashSet<String>,
    /// Columns of which a cell says that those others tell nothing.
    settled: std::collections::HashSet<String>,
    /// What else may stand in columns of which nobody knows what they say.
    answers: FxHashMap<String, u8>,
    plain: Plain,
    /// Whether the file takes back what its earlier lines say.
    taken_back: bool,
}

/// A member of NeDB's files, which are journals: a later line of the same `_id` replaces or removes an earlier one.
/// <https://github.com/seald/nedb#persistence>
pub(super) const TAKES_BACK: &str = "$$deleted";

/// How columns are to be looked at, found out once for a table.
#[derive(Default)]
pub struct Lens {
    tables: Vec<Watched>,
    /// Members of objects, in the order in which they came first.
    members: Vec<(String, Look)>,
}

/// The columns of a table, or members of like objects, that are looked at.
struct Watched {
    header: Arc<Header>,
    columns: Vec<(usize, Look)>,
}

/// How a column that is not read is looked at: for credentials, and for what says who may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    watch: Watch,
    trace: Trace,
    /// What it says of roles has been read, and has shut out whoever it shuts out.
    of_roles: bool,
    /// The column is noted as filled: once is enough.
    filled: bool,
    /// What was seen of it, if it may be a yes or a no of which nobody knows what it says; [`answer::OTHER`] ends that.
    answers: u8,
    /// The last text that told nothing, and does not if it comes again.
    silent: Short,
}

/// So many headers are remembered.
const HEADERS: usize = 64;

impl Lens {
    /// The columns that are looked at under a header, and whether it is new.
    fn turn_to(&mut self, export: &Export, header: &Arc<Header>) -> (&mut [(usize, Look)], bool) {
        if self.tables.first().is_some_and(|watched| Arc::ptr_eq(&watched.header, header)) {
            return (&mut self.tables[0].columns, false);
        }
        let known = self.tables.iter().position(|watched| Arc::ptr_eq(&watched.header, header));
        let at = known.unwrap_or_else(|| {
            if self.tables.len() >= HEADERS {
                self.tables.clear();
            }
            let (source, names) = (export.source(), header.names());
            let fates = source.fates(names);
            let bare = lacks_password(source, &fates);
            let looks = names.iter().zip(&fates).map(|(name, fate)| look(export, source, name, fate, bare));
            let columns = looks.enumerate().filter(|(_, look)| !look.is_idle()).collect();
            self.tables.push(Watched { header: Arc::clone(header), columns });
            self.tables.len() - 1
        });
        // The next record is most likely of the same.
        self.tables.swap(0, at);
        (&mut self.tables[0].columns, known.is_none())
    }
}

const NOT: Look = Look::new(Watch::Not, Trace::Nothing);

impl Look {
    const fn new(watch: Watch, trace: Trace) -> Self {
        Self { watch, trace, of_roles: false, filled: false, answers: answer::OTHER, silent: Short::NONE }
    }

    /// Whether a cell could tell anything: most are empty.
    #[inline]
    fn heeds(&self, value: &Value<'_>) -> bool {
        !value.is_empty() || self.trace.heeds_empty()
    }

    /// Whether nothing in the column could tell anything.
    fn is_idle(&self) -> bool {
        self.watch == Watch::Not && self.trace == Trace::Nothing
    }
}

/// How a column that is not read is looked at for credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watch {
    Not,
    /// Any cell may be a hash that says itself to be one.
    Cells,
    /// So may a bare digest: no other column is a password.
    Digests,
    /// By its name it is a credential, whatever is in it.
    Named,
}

/// A column that is not read and holds what looks like credentials.
#[derive(Default)]
struct Unread {
    cells: u64,
    kind: Option<&'static str>,
    /// Where in the column the first hash stands, if it is an object.
    within: Option<String>,
}

/// So many columns are told of at length.
const SAID: usize = 4;

impl Judge {
    /// Looks at a record.
    pub fn see(&mut self, export: &Export, record: Option<&Record<'_>>, planned: &Planned<'_>) {
        let Some(record) = record else { return };
        self.columns(export, record);
        self.alike.see(planned);
        if let Some(value) = export.source().passed_over(record)
            && let Some((name, _)) = record.iter().find(|(_, other)| std::ptr::eq(*other, value))
            && !export.ignores(name)
        {
            note(&mut self.unread, name, value, Counts(cell::kind_in(value)));
        }
        if let Some(value) = export.source().undeclared(record).filter(|value| !value.is_empty()) {
            let rival = export.source().rival(record);
            self.plain.see(record, value, rival, planned);
        }
    }

    fn columns(&mut self, export: &Export, record: &Record<'_>) {
        let source = export.source();
        let Self { lens, unread, barring, filled, settled, answers, taken_back, .. } = self;
        let mut see = |name: &str, value: &Value<'_>, look: &mut Look| {
            let Look { watch, trace, .. } = *look;
            if let Value::Text(text) = value
                && look.silent.is(text)
            {
                return;
            }
            let mut silent = true;
            if look.answers & answer::OTHER == 0 {
                let new = answer::of(value) & !look.answers;
                if new != 0 {
                    look.answers |= new;
                    *answers.entry(name.to_owned()).or_default() |= new;
                }
            }
            if let Some(kind) = seen(value, watch) {
                silent = false;
                note(unread, name, value, kind);
            }
            if trace.needs_others() && !look.filled && trace.is_beside(value, export.now()) {
                silent = false;
                look.filled = true;
                filled.insert(name.to_owned());
            }
            if trace.is_settled_by(value, export.now()) {
                silent = false;
                settled.insert(name.to_owned());
                *look = Look { answers: look.answers, ..Look::new(watch, Trace::Nothing) };
            } else if trace != Trace::Nothing && trace.is_in(value, export.now()) {
                silent = false;
                let mut places = trace.places(name, value, export.now());
                places.retain(|path| {
                    !(export.ignores(path) || export.has_decided_on(path) || look.of_roles && is_role(path))
                });
                for path in places {
                    barring.note(path, name, trace);
                }
            }
            if let (Value::Text(text), true) = (value, silent) {
                look.silent.take(text);
            }
        };
        match &record.fields {
            Fields::Row { header, cells } | Fields::Object { header, cells } => {
                let names = header.names();
                let (watched, is_new) = lens.turn_to(export, header);
                if is_new && names.iter().any(|name| name == TAKES_BACK) {
                    *taken_back |= !export.ignores(TAKES_BACK);
                }
                for (at, look) in watched.iter_mut().filter(|(_, look)| !look.is_idle()) {
                    if let Some(cell) = cells.get(*at).filter(|cell| look.heeds(cell)) {
                        see(&names[*at], cell, look);
                    }
                }
            }
            Fields::Members(members) => {
                // Two members that stand for one are told apart by all of the record's names.
                let mut fates = None;
                let (mut next, mut spare) = (0, None);
                for (at, (name, value)) in members.iter().enumerate() {
                    // Nearly all records have the members of the first, in their order.
                    let known = lens.members.get(next).is_some_and(|(known, _)| known == name);
                    let known =
                        if known { Some(next) } else { lens.members.iter().position(|(known, _)| known == name) };
                    let look = if let Some(known) = known {
                        next = known + 1;
                        &mut lens.members[known].1
                    } else {
                        *taken_back |= name == TAKES_BACK && !export.ignores(name);
                        let names = || members.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>();
                        let fates = fates.get_or_insert_with(|| source.fates(&names()));
                        let new = look(export, source, name, &fates[at], lacks_password(source, fates));
                        if lens.members.len() < 512 {
                            lens.members.push((name.to_string(), new));
                        }
                        spare.insert(new)
                    };
                    if !look.is_idle() && look.heeds(value) {
                        see(name, value, look);
                    }
                }
            }
        }
    }

    /// For the next batch: how columns are to be looked at, without what was seen of them.
    #[must_use]
    pub fn emptied(lens: Lens) -> Self {
        Self { lens, ..Self::default() }
    }

    /// How columns are to be looked at, for another batch.
    pub fn take_lens(&mut self) -> Lens {
        std::mem::take(&mut self.lens)
    }

    /// Adds what another batch saw.
    pub fn merge(&mut self, other: Self) {
        for (column, unread) in other.unread {
            let mine = self.unread.entry(column).or_default();
            mine.cells += unread.cells;
            mine.kind = mine.kind.or(unread.kind);
            mine.within = mine.within.take().or(unread.within);
        }
        self.barring.merge(other.barring);
        self.alike.merge(&other.alike);
        for (column, seen) in other.answers {
            *self.answers.entry(column).or_default() |= seen;
        }
        self.filled.extend(other.filled);
        self.settled.extend(other.settled);
        self.plain.merge(other.plain);
        self.taken_back |= other.taken_back;
    }

    /// What is to be said before anything is sent.
    ///
    /// # Errors
    /// [`RunError::usage`] for what a person has to decide, with the flag or the line that does.
    pub fn decide(mut self, export: &Export) -> Result<(), RunError> {
        let mut said = Vec::new();
        if self.taken_back {
            said.push(format!(
                "the file is a journal (`{TAKES_BACK}`): later lines remove or replace users whom earlier ones have; let the \
                 program that wrote it compact it (NeDB does whenever it loads a file), or {} reads every line",
                escape::flag("--ignore", TAKES_BACK)
            ));
        }
        said.extend(export.joins_in_vain());
        said.extend(self.alike.in_small_letters());
        let mut unread: Vec<_> = self.unread.drain().collect();
        unread.sort_by(|(a, x), (b, y)| y.cells.cmp(&x.cells).then_with(|| a.cmp(b)));
        for (column, found) in unread.iter().take(SAID) {
            let path = found.within.as_ref().map_or_else(|| column.clone(), |within| format!("{column}.{within}"));
            let what = match found.kind {
                Some(kind) => format!("looks like {kind}"),
                None if holds_password(column) || suggests_password(column) => "is named like a password".to_owned(),
                None => "looks like digests where nothing else is a password".to_owned(),
            };
            said.push(format!(
                "column `{column}` {what} in {} and is not read: a mapping file reads it (--map, {}[password] hash = {}), \
                 {} leaves it out",
                cells(found.cells),
                status::base(export.source().name()),
                with_those_read(export, &path),
                escape::flag("--ignore", column)
            ));
        }
        let counts = |column: &String, place: &Place| {
            (!place.trace.is_some_and(Trace::needs_others) || self.filled.contains(column))
                && !self.settled.contains(column)
        };
        let mut barring = self.barring.listed();
        barring.retain(|(column, place)| counts(column, place));
        export.notice(answer::said(&self.answers).into_iter().chain(self.alike.said()).collect());
        let values = values(export, &barring[..barring.len().min(SAID)]);
        for ((column, Place { cells: found, trace, within }), seen) in barring.iter().zip(&values) {
            if *within {
                said.push(format!(
                    "column `{column}` says in {}, under names that differ from row to row, that somebody may not sign in, and is not read: \
                     no line of a mapping file finds that; export it as a column of its own, or {} leaves it out",
                    cells(*found),
                    escape::flag("--ignore", column)
                ));
                continue;
            }
            if let Some(Trace::Unticked(_)) = trace {
                said.push(format!(
                    "column `{column}` lets its users in wherever it holds anything, and {} of it {} nothing, which in many programs is \
                     a no: a mapping file says what that is (--map, {}, if it is a no)",
                    cells(*found),
                    if *found == 1 { "holds" } else { "hold" },
                    status::unticked(column, seen, export.source().name())
                ));
                continue;
            }
            // A member of an object is told of by its own name.
            let name = if trace.is_some() { column } else { status::told_at(column) };
            let outer = if trace.is_some() { column } else { column.split('.').next().unwrap_or(column) };
            said.push(format!(
                "column `{column}` says in {} that somebody may not sign in, and is not read: a mapping file reads it \
                 (--map, {}), {} leaves it out{}",
                cells(*found),
                status::line(column, name, seen, export.source().name()),
                escape::flag("--ignore", outer),
                // Entries of a list are what was done, one after the other.
                if column.contains('=') {
                    "; it keeps out whoever has such an entry, also where a later one lets them back"
                } else {
                    ""
                }
            ));
        }
        let rest: Vec<_> = unread.iter().skip(SAID).map(|(column, _)| column).collect();
        let rest: Vec<_> = rest.into_iter().chain(barring.iter().skip(SAID).map(|(column, _)| column)).collect();
        if !rest.is_empty() {
            let names: Vec<_> = rest.iter().take(12).map(|column| format!("`{column}`")).collect();
            said.push(format!("so it is with {}", names.join(", ")));
        }
        let rivalry = self.plain.rivalry(|column| export.ignores(column));
        if rivalry.is_none() && !export.takes_plain_passwords() {
            said.extend(self.plain.doubt());
        }
        said.extend(rivalry);
        if said.is_empty() { Ok(()) } else { Err(RunError::usage(format!("{}; nothing was sent", said.join("; ")))) }
    }
}

/// The columns that are read as passwords, and one more, as TOML.
fn with_those_read(export: &Export, path: &str) -> String {
    let is_password = |column: &&String| {
        let fate = export.fate(column);
        holds_password(column) && matches!(fate, Fate::Carried("password") | Fate::Transformed { to: "password", .. })
    };
    let read = export.columns().iter().filter(is_password).map(|column| status::quoted(column)).collect::<Vec<_>>();
    if read.is_empty() { status::quoted(path) } else { format!("[{}, {}]", read.join(", "), status::quoted(path)) }
}

/// What a column holds: what keeps somebody out, and all else.
#[derive(Default)]
struct Held {
    texts: [BTreeSet<String>; 2],
    listed: bool,
}

/// What columns hold, what keeps somebody out first: read once more for those alone of which something has to be said.
fn values(export: &Export, columns: &[(String, Place)]) -> Vec<Seen> {
    let empty = || columns.iter().map(|_| Held::default()).collect::<Vec<_>>();
    let each = |held: &mut Vec<Held>, item: Item<'_>| {
        let Some(record) = item.record else { return };
        for (held, (path, place)) in held.iter_mut().zip(columns) {
            let Some(value) = status::at(record, path) else { continue };
            let trace = place.trace.unwrap_or_else(|| traced(status::told_at(path)));
            let bars = trace.is_in(&value, export.now());
            let texts = if status::is_list(trace, &value) {
                held.listed = true;
                status::texts(&value)
            } else {
                value.text().into_iter().map(std::borrow::Cow::into_owned).collect()
            };
            let held = &mut held.texts[usize::from(!bars)];
            for text in texts {
                if held.len() < 64 {
                    held.insert(text);
                }
            }
        }
    };
    let mut all = empty();
    if !columns.is_empty() {
        // Whatever ends it has been told of by the first reading.
        let _ = export.scan(1, &Silent, empty, each, |batch| {
            for (all, held) in all.iter_mut().zip(batch) {
                all.listed |= held.listed;
                all.texts.iter_mut().zip(held.texts).for_each(|(all, held)| all.extend(held));
            }
            Ok(ControlFlow::Continue(()))
        });
    }
    let seen = |held: &Held| Seen::of(held.texts.iter().flatten().map(String::as_str)).listed(held.listed);
    all.iter().map(seen).collect()
}

fn note(unread: &mut HashMap<String, Unread>, column: &str, value: &Value<'_>, Counts(kind): Counts) {
    if !unread.contains_key(column) {
        let within = cell::path_in(value).filter(|_| kind.is_some()).or_else(|| named_in(value));
        unread.insert(column.to_owned(), Unread { within, ..Unread::default() });
    }
    if let Some(found) = unread.get_mut(column) {
        found.cells += 1;
        found.kind = found.kind.or(kind);
    }
}

/// How a column is to be looked at. What a source drops and says why is known to it: there only hashes count.
fn look(export: &Export, source: &dyn Source, column: &str, fate: &Fate, lacks_password: bool) -> Look {
    const ELSEWHERE: [&str; 13] = [
        "token",
        "otp",
        "recovery",
        "backup",
        "session",
        "apikey",
        "api_key",
        "activation",
        "invite",
        "history",
        "pin",
        "answer",
        "2fa",
    ];
    let asked = !export.ignores(column) && !export.has_decided_on(column);
    let why = match fate {
        Fate::Dropped { why } => why,
        // Nobody says whether whoever fills in rehome's own column ticks boxes.
        Fate::Carried("enabled") if asked && source.name() == "generic" => {
            return Look::new(Watch::Not, Trace::of(Meaning::Allows));
        }
        // A label is no more than a word, and preferences are no reading of what stands in them.
        Fate::Carried("labels") if asked && source.name() == "generic" => return Look::new(Watch::Not, Trace::State),
        Fate::Carried("prefs") if asked && source.name() == "generic" => return Look::new(Watch::Not, Trace::Word),
        // What a system lets an application keep beside its own: what it makes roles of has been looked at.
        Fate::Prefs | Fate::Transformed { to: "prefs" | "labels", .. }
            if asked && source.name() != "mapping" && names_metadata(column) =>
        {
            let of_roles = matches!(fate, Fate::Transformed { to: "labels", .. });
            return Look { of_roles, ..Look::new(Watch::Not, Trace::Word) };
        }
        // A kind or a state that a system's own is kept in says it all the same.
        Fate::Prefs if asked && status::trace(column) == Trace::State => return Look::new(Watch::Not, Trace::State),
        _ if asked && export.reads_within(column) => return Look::new(Watch::Not, traced(column)),
        _ => return NOT,
    };
    let lower = column.to_ascii_lowercase();
    let elsewhere = ELSEWHERE.iter().any(|word| lower.contains(word)) || export.ignores(column);
    let known = match source.fate("\0") {
        Fate::Dropped { why: unknown } => *why != unknown,
        _ => false,
    };
    let factor =
        matches!(fate, f if *f == crate::source::kit::common::FACTOR || *f == crate::source::kit::common::TOKEN);
    let watch = match () {
        () if elsewhere || factor || export.maps_a_password() => Watch::Not,
        () if !known && (holds_password(column) || suggests_password(column)) => Watch::Named,
        () if lacks_password && !names_digest(&lower) => Watch::Digests,
        () => Watch::Cells,
    };
    let says = asked && !known && !names_somebody(column);
    let look = Look::new(watch, if says { traced(column) } else { Trace::Nothing });
    let is_open = !look.is_idle() && says && matches!(source.name(), "generic" | "mapping");
    if is_open && status::meaning(column).is_none() { Look { answers: 0, ..look } } else { look }
}

/// Whether a path leads to a role.
fn is_role(path: &str) -> bool {
    path.rsplit('.').next().is_some_and(|name| ["role", "roles"].contains(&name))
}

/// Whether a column is an object of the application's own members, by what systems call theirs.
fn names_metadata(column: &str) -> bool {
    let lower = column.to_ascii_lowercase();
    ["meta", "attributes", "claims", "profile"].iter().any(|name| lower.contains(name)) && !lower.contains("image")
}

/// Whether none of an export's columns is read as a password, by a source that knows them by their usual names alone.
fn lacks_password(source: &dyn Source, fates: &[Fate]) -> bool {
    let is_password =
        |fate: &Fate| matches!(fate, Fate::Carried("password") | Fate::Transformed { to: "password", .. });
    source.name() == "generic" && !fates.iter().any(is_password)
}

/// Whether a name says of what else than a password a digest could be, or that it is a key.
fn names_digest(lower: &str) -> bool {
    const OTHERS: [&str; 22] = [
        "id",
        "key",
        "token",
        "avatar",
        "image",
        "photo",
        "file",
        "icon",
        "picture",
        "etag",
        "checksum",
        "fingerprint",
        "device",
        "hash_of",
        "email",
        "mail",
        "sign",
        "code",
        "secret",
        "url",
        "link",
        "ref",
    ];
    OTHERS.iter().any(|other| lower.contains(other))
}

/// What a column that its source does not know could tell. A name that means one thing is read, whichever source it is.
fn traced(column: &str) -> Trace {
    status::meaning(column).map_or_else(|| status::trace(column), Trace::of)
}

/// The kind of hash in a cell that counts, if it is known.
struct Counts(Option<&'static str>);

/// Whether a cell counts.
fn seen(value: &Value<'_>, watch: Watch) -> Option<Counts> {
    if watch == Watch::Not || value.is_empty() {
        return None;
    }
    let kind = cell::kind_in(value);
    let counts = match value {
        _ if kind.is_some() => true,
        Value::Text(text) if watch == Watch::Digests => cell::is_digest(text) && text.len() >= 32,
        Value::Text(text) => {
            watch == Watch::Named && text.len() >= 3 && crate::source::kit::common::truth(value).is_none()
        }
        Value::Object(_) => watch == Watch::Named || named_in(value).is_some(),
        _ => false,
    };
    counts.then_some(Counts(kind))
}

/// The member of an object that is named like a password, and has something in it: its path.
fn named_in(value: &Value<'_>) -> Option<String> {
    let Value::Object(members) = value else { return None };
    members.iter().find_map(|(name, value)| match value {
        Value::Text(text) => (text.len() >= 13 && holds_password(name)).then(|| name.to_string()),
        object => named_in(object).map(|rest| format!("{name}.{rest}")),
    })
}
