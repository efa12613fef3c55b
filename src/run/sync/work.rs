//! Everybody of a sync: the later export beside the ledger, record by record.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::asking::Asking;
use super::deleted::is_being_deleted;
use super::found::{Found, note, settled, with_earlier};
use super::look::{Batch, Look, Says, Seen, SeenRefused};
use super::met::{Met, Placed};
use super::seal::Seals;
use super::table::Table;
use super::user::{self, Came, Known, is_being_remade, is_missing};
use crate::appwrite::preflight::chunks;
use crate::error::RunError;
use crate::event::{Listener, Silent};
use crate::folder::Folder;
use crate::ledger::{Entry, Field, NoPlan, Note, Reader, SYNCING, SYNCING_EXPORT, State, Steps};
use crate::plan::planner::{PlannedItem, Planner};
use crate::read::Frame;
use crate::report::Observer;
use crate::report::survey::{Surveyed, survey_beside};
use crate::report::sync::{Kind, Sync};
use crate::run::agree::Ahead;
use crate::run::context::Context;
use crate::run::job::Job;
use crate::run::parallel::Parallel;

/// A sync that is on.
pub(super) struct Work<'w> {
    pub(super) context: &'w Arc<Context>,
    pub(super) runtime: &'w Runtime,
    pub(super) reader: &'w Reader,
    pub(super) at_once: usize,
    pub(super) asking: Asking,
    /// The bridge's file.
    pub(super) store: PathBuf,
    /// Users without a password whose hash is another one at the source now.
    pub(super) to_seal: Vec<Job>,
    pub(super) listener: &'w dyn Listener,
    pub(super) report: Sync,
    pub(super) found: Found,
    /// Addresses and numbers that somebody has left in this sync, by their digests.
    pub(super) freed: HashSet<u64>,
    /// What goes on with this sync: the words after `rehome sync`; and the fingerprint of its export.
    pub(super) syncing: (String, String),
    /// Whether an earlier part of this sync was cut off.
    pub(super) goes_on: bool,
    /// Whether the ledger says that a sync is on.
    pub(super) begun: bool,
    /// Whether what is found is noted, and what an earlier sync found is no more.
    pub(super) noting: bool,
}

/// So many users who are to be looked at are kept from the first reading, and so many refused records; where there are more, the
/// export is read once more. Few in debug builds, so that tests of a hundred users go either way.
const KEPT: usize = if cfg!(debug_assertions) { 64 } else { 32_768 };

/// What the first reading found.
struct First {
    met: Met,
    /// Users who are to be looked at; `None` where there are too many of them.
    others: Option<Vec<(Option<usize>, Box<Job>)>>,
    /// Refused records of whom the ledger does not say so yet; `None` where there are too many of them.
    refused: Option<Vec<NoPlan>>,
    ahead: Ahead,
    /// Records of this shard.
    records: u64,
    /// A record of a user who has one already: such are refused once it is known who has what twice.
    twice: Option<u64>,
}

impl First {
    fn anew(table: &Table) -> Self {
        Self {
            met: Met::none_of(table),
            others: Some(Vec::new()),
            refused: Some(Vec::new()),
            ahead: Ahead::default(),
            records: 0,
            twice: None,
        }
    }

    fn take(&mut self, table: &Table, seen: Seen) {
        match seen {
            Seen::Same { at, later, users } => {
                for n in 0..users {
                    if !self.met.user(at + n as usize, later + n) {
                        self.twice = Some(later + n);
                    }
                }
                self.ahead.unchanged += users;
                self.ahead.records += users;
                self.records += users;
            }
            Seen::User { at, job } => {
                let at = at.filter(|at| self.met.user(*at, job.record));
                let is_new = at.is_none_or(|at| !table.rows()[at].is_there());
                *(if is_new { &mut self.ahead.new } else { &mut self.ahead.different }) += 1;
                self.ahead.records += 1;
                self.records += 1;
                match &mut self.others {
                    Some(others) if others.len() < KEPT => others.push((at, job)),
                    others => *others = None,
                }
            }
            Seen::Refused(seen) => self.take_refused(table, *seen),
        }
    }

    fn take_refused(&mut self, table: &Table, SeenRefused { why, at, is_named, row }: SeenRefused) {
        self.ahead.refused += 1;
        self.ahead.records += 1;
        self.records += u64::from(row.is_some());
        self.met.unnamed += u64::from(!is_named);
        if let Some(at) = at.filter(|at| !table.rows()[*at].is_nobodys()) {
            self.met.refused(at, why);
        }
        match row {
            None => {}
            Some(Says::Already(at)) => self.met.says(at, why.later),
            Some(Says::NotYet(row)) => match &mut self.refused {
                Some(refused) if refused.len() < KEPT => refused.push(row),
                refused => *refused = None,
            },
        }
    }
}

/// What a sync has come to.
pub(super) struct Done<'p> {
    /// What the ledger becomes.
    pub(super) placed: Placed,
    /// The reading of the export.
    pub(super) surveyed: Surveyed<'p>,
}

/// Where a survey's lists go.
pub(super) type Lists<'l> = Option<(&'l Folder, &'l Frame)>;

impl Work<'_> {
    /// Everybody, after `agree` has agreed to what is ahead; it gives the bridge that is made then.
    pub(super) fn go<'p>(
        &mut self,
        table: &Table,
        planner: &'p Planner<'p>,
        observer: Observer,
        lists: Lists<'_>,
        agree: impl FnOnce(&Ahead) -> Result<Option<Seals>, RunError>,
    ) -> Result<Done<'p>, RunError> {
        let (marker, noted) = (self.asking.marker.clone(), self.found.noted());
        let look = Look { table, marker: &marker, noted: &noted, shard: planner.shard };
        let context = self.context;
        let mut first = First::anew(table);
        let see = |batch: &mut Batch, item: &PlannedItem<'_, '_>| look.see(batch, item);
        let surveyed = survey_beside(planner, observer, lists, self.listener, see, |batch| {
            if context.stop.is_set() {
                return Err(context.stopped());
            }
            let Some(batch) = batch else {
                first = First::anew(table);
                return Ok(());
            };
            batch.seen.into_iter().for_each(|seen| first.take(table, seen));
            Ok(())
        })?;
        self.stop_at_part(planner.export)?;
        let First { met, others, refused, mut ahead, records, twice } = first;
        if let Some(record) = twice {
            return Err(RunError::internal(format!("record {record} is of a user who has one already")));
        }
        ahead.gone = met.gone(table);
        if let Some(seals) = agree(&ahead)? {
            self.asking.seals = Some(seals);
        }
        if !self.asking.mode.dry_run {
            self.runtime.block_on(context.ledger.begin_notes(!self.goes_on))?;
        }
        self.noting = true;
        self.report.unchanged = ahead.unchanged;
        let mut pages = Pages::new(self);
        match others {
            Some(others) => {
                for (at, job) in others {
                    pages.add(self, at.map(|at| table.record(at)), *job)?;
                }
            }
            None => planner.scan(surveyed.duplicates(), &Silent, Batch::default, see, |batch| {
                for seen in batch.seen {
                    if let Seen::User { at, job } = seen {
                        let at = at.filter(|at| met.is_by(*at, job.record));
                        pages.add(self, at.map(|at| table.record(at)), *job)?;
                    }
                }
                Ok(if context.stop.is_set() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?,
        }
        let came = pages.finish(self)?;
        let in_the_way = self.take(came)?;
        self.seal_all()?;
        self.look_for_gone(table, &met)?;
        self.untangle(in_the_way)?;
        self.runtime.block_on(context.ledger.sync())?;
        Ok(Done { placed: met.places(table, records, refused), surveyed })
    }

    /// A user beside the ledger; gives them if they are to be looked at.
    fn compare(&mut self, row: Option<u64>, job: Job) -> Result<Option<Known>, RunError> {
        let later = job.record;
        self.found.meet(job.user_id(), job.email());
        let entry = row.map_or(Ok(None), |row| self.reader.range(row, row).map(|mut rows| rows.pop()))?;
        let Some(entry) = entry.filter(|entry| entry.is_there() || !entry.state.is_terminal()) else {
            self.find(note(job.user_id(), later, Kind::New, Vec::new(), "to be created", false), &[])?;
            return Ok(None);
        };
        let noted = self.earlier_notes(job.user_id(), later)?;
        // Begun by a sync that was cut off: an import finishes them.
        if !can_be_synced(&entry) {
            return Ok(None);
        }
        let planned = self.asking.marker.planned(&job);
        if entry.left == Some(planned)
            && !is_being_remade(&entry)
            && !is_missing(&entry)
            && !is_being_deleted(&entry)
            && let Some(still) = settled(&noted)
        {
            if still.len() < noted.len() {
                self.runtime.block_on(self.context.ledger.note(job.user_id(), still.clone()))?;
            }
            self.seal_anew(later, &job, &entry, &still)?;
            self.report.unchanged += u64::from(still.is_empty());
            return Ok(None);
        }
        Ok(Some(Known {
            later,
            job: Job { record: entry.record, ..job },
            planned,
            entry,
            noted,
            waits: Vec::new(),
            park: false,
            has: String::new(),
            parked: None,
        }))
    }

    /// What an earlier part of this sync has noted of a user, by their number in this export.
    fn earlier_notes(&mut self, user_id: &str, later: u64) -> Result<Vec<Note>, RunError> {
        if !self.found.has_earlier(user_id) {
            return Ok(Vec::new());
        }
        let mut notes = self.reader.notes_of(user_id)?;
        let all = notes.len();
        // Somebody who is back.
        notes.retain(|note| note.kind != Kind::Gone.name());
        if notes.len() < all || notes.iter().any(|note| note.record != later) {
            for note in &mut notes {
                note.record = later;
            }
            self.runtime.block_on(self.context.ledger.note(user_id, notes.clone()))?;
        }
        Ok(notes)
    }

    /// Keeps for sealing who was created without a password and has another hash at the source now; that takes no request.
    fn seal_anew(&mut self, later: u64, job: &Job, entry: &Entry, noted: &[Note]) -> Result<(), RunError> {
        let anew = self.asking.anew(job, entry.left, job.email())?;
        if let Some((done, look)) = anew.told() {
            let kind = if look { Kind::StalePassword } else { Kind::Password };
            self.find(note(job.user_id(), later, kind, vec![Field::Password], done, look), noted)?;
        }
        if !self.asking.mode.dry_run && anew.seals() {
            self.to_seal.push(job.clone());
            if self.to_seal.len() >= 1000 {
                self.seal_all()?;
            }
        }
        Ok(())
    }

    fn seal_all(&mut self) -> Result<(), RunError> {
        let jobs = std::mem::take(&mut self.to_seal);
        if jobs.is_empty() {
            return Ok(());
        }
        self.begin()?;
        self.asking.seals.as_ref().map_or(Ok(()), |seals| seals.seal_all(&jobs))
    }

    /// Counts what came of some users, and gives those who are to be asked again.
    pub(super) fn take(&mut self, came: Came) -> Result<Vec<Known>, RunError> {
        self.report.edits += came.edits;
        self.freed.extend(came.freed);
        came.notes.into_iter().try_for_each(|note| self.find(note, &[]))?;
        Ok(came.again)
    }

    /// Notes something of a user, beside what an earlier part of this sync has done for them.
    pub(super) fn find(&mut self, note: Note, earlier: &[Note]) -> Result<(), RunError> {
        if self.found.add_dry(&note)? {
            return Ok(());
        }
        let user_id = note.user_id.clone();
        self.runtime.block_on(self.context.ledger.note(&user_id, with_earlier(vec![note], earlier, |_, _| true)))
    }

    /// Notes in the ledger that a sync is on, before anything is sent that changes anybody.
    pub(super) fn begin(&mut self) -> Result<(), RunError> {
        if self.asking.mode.dry_run || std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        self.runtime.block_on(async {
            let (words, export) = self.syncing.clone();
            self.context.ledger.meta(SYNCING, words).await?;
            self.context.ledger.meta(SYNCING_EXPORT, export).await?;
            self.context.ledger.sync().await
        })
    }
}

/// Users who are asked about, as many at once as fit into one question.
struct Pages<'w> {
    asked: Parallel<'w, Came>,
    waiting: Vec<Known>,
    came: Came,
}

impl<'w> Pages<'w> {
    fn new(work: &Work<'w>) -> Self {
        // Of a hundred users each, of whom so many requests are in flight at most.
        let asked = Parallel::new(work.context, work.runtime, work.at_once.div_ceil(10));
        Self { asked, waiting: Vec::new(), came: Came::default() }
    }

    /// Takes a user, and asks once there is a page of them.
    fn add(&mut self, work: &mut Work<'_>, row: Option<u64>, job: Job) -> Result<(), RunError> {
        self.waiting.extend(work.compare(row, job)?);
        let size = first_page(&self.waiting);
        if size > 0 && (size < self.waiting.len() || size >= 100) { self.ask(work, size) } else { Ok(()) }
    }

    fn ask(&mut self, work: &mut Work<'_>, size: usize) -> Result<(), RunError> {
        let later = self.waiting.split_off(size);
        let page = std::mem::replace(&mut self.waiting, later);
        work.begin()?;
        let came = &mut self.came;
        self.asked.add(user::page(work.context.clone(), work.asking.clone(), page), &mut |one| {
            came.add(one);
            Ok(())
        })
    }

    fn finish(mut self, work: &mut Work<'_>) -> Result<Came, RunError> {
        while !self.waiting.is_empty() {
            self.ask(work, first_page(&self.waiting))?;
        }
        let Self { asked, mut came, .. } = self;
        asked.finish(&mut |one| {
            came.add(one);
            Ok(())
        })?;
        Ok(came)
    }
}

/// How many of them fit into one question.
fn first_page(waiting: &[Known]) -> usize {
    chunks(waiting, |known| known.job.user_id().len()).next().map_or(0, <[Known]>::len)
}

/// Whether something was left of the user that can be brought up to date. Of others an import does what is missing.
fn can_be_synced(entry: &Entry) -> bool {
    match entry.state {
        State::Done | State::Present => true,
        // Whom `verify` doubted, or something was not done for.
        State::Failed => is_being_remade(entry) || (entry.steps.has(Steps::CREATED) && entry.left.is_some()),
        _ => false,
    }
}
