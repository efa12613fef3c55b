//! Everybody of a sync: the later export beside the ledger, record by record.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::asking::Asking;
use super::deleted::is_being_deleted;
use super::found::{Found, note, settled, with_earlier};
use super::user::{self, Came, Known, is_being_remade, is_missing};
use crate::appwrite::preflight::chunks;
use crate::code::Code;
use crate::error::RunError;
use crate::event::{Listener, Silent};
use crate::ledger::{Entry, Field, Note, Reader, SYNCING, State, Steps};
use crate::plan::planner::Planner;
use crate::report::sync::{Kind, Sync};
use crate::run::context::Context;
use crate::run::feed::{self, Fed, id_digest};
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
    /// What goes on with this sync: the words after `rehome sync`.
    pub(super) syncing: String,
    /// Whether an earlier part of this sync was cut off.
    pub(super) goes_on: bool,
    /// Whether the ledger says that a sync is on.
    pub(super) begun: bool,
}

/// Whom of the ledger the later export has, by their old number.
#[derive(Default)]
pub(super) struct Met {
    /// The new number, and whether it is a user's.
    records: HashMap<u64, (u64, bool)>,
    /// Why the record is refused, of those that are.
    refused: HashMap<u64, Code>,
    /// The new number of records that say that the user is nobody's any more.
    skipped: HashMap<u64, u64>,
    /// Refused records that do not say whose they are: any of them may be of somebody who seems to be gone.
    pub(super) unnamed: u64,
}

impl Met {
    /// The new number of a user, and why their record is refused, if it is; `None` for whom the export does not have.
    pub(super) fn get(&self, old: u64) -> Option<(u64, Option<Code>)> {
        match self.records.get(&old) {
            Some((new, _)) => Some((*new, self.refused.get(&old).copied())),
            None => self.skipped.get(&old).map(|new| (*new, Some(Code::SkippedBySource))),
        }
    }

    /// Takes a record; false if the user had one before.
    fn take(&mut self, old: u64, new: u64, refused: Option<Code>) -> bool {
        let is_user = refused.is_none();
        if self.records.get(&old).is_some_and(|(_, user)| *user || !is_user) {
            return false;
        }
        self.records.insert(old, (new, is_user));
        match refused {
            Some(code) => self.refused.insert(old, code),
            None => self.refused.remove(&old),
        };
        true
    }
}

/// Whose record a later export has, by the source's id, or by the user's where the source has none.
fn key(source_id: &str, user_id: &str) -> u64 {
    id_digest(if source_id.is_empty() { user_id } else { source_id })
}

impl Work<'_> {
    /// Everybody; gives the new and old numbers of those whom the export still has.
    pub(super) fn go(&mut self, planner: &Planner<'_>) -> Result<Vec<(u64, u64)>, RunError> {
        if !self.asking.mode.dry_run {
            self.runtime.block_on(self.context.ledger.begin_notes(!self.goes_on))?;
        }
        let mut places: HashMap<u64, u64> = HashMap::new();
        self.each_row(|_, entry| {
            places.insert(key(&entry.source_id, &entry.user_id), entry.record);
            Ok(())
        })?;
        let duplicates = planner.duplicates(self.listener)?;
        self.stop_at_part(planner.export)?;
        let mut met = Met::default();
        let (context, runtime) = (self.context, self.runtime);
        let mut asked = Parallel::new(context, runtime, self.at_once);
        let (asking, mut waiting, mut came) = (self.asking.clone(), Vec::<Known>::new(), Came::default());
        let question = |known| user::page(context.clone(), asking.clone(), known);
        feed::scan_with_refused(planner, &duplicates, &Silent, |batch| {
            if context.stop.is_set() {
                return Ok(ControlFlow::Break(()));
            }
            for fed in batch {
                waiting.extend(self.compare(fed, &places, &mut met)?);
            }
            loop {
                let size = first_page(&waiting);
                if size == 0 || size == waiting.len() && size < 100 {
                    break;
                }
                let later = waiting.split_off(size);
                self.begin()?;
                asked.add(question(std::mem::replace(&mut waiting, later)), &mut |one| {
                    came.add(one);
                    Ok(())
                })?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        while !waiting.is_empty() {
            let later = waiting.split_off(first_page(&waiting));
            self.begin()?;
            asked.add(question(std::mem::replace(&mut waiting, later)), &mut |one| {
                came.add(one);
                Ok(())
            })?;
        }
        asked.finish(&mut |one| {
            came.add(one);
            Ok(())
        })?;
        let in_the_way = self.take(came)?;
        self.seal_all()?;
        self.look_for_gone(&met)?;
        self.untangle(in_the_way)?;
        self.runtime.block_on(self.context.ledger.sync())?;
        let mut moved: Vec<(u64, u64)> = met.records.into_iter().map(|(old, (new, _))| (new, old)).collect();
        moved.sort_unstable();
        Ok(moved)
    }

    /// A record beside the ledger; gives the user if they are to be looked at.
    fn compare(&mut self, fed: Fed, places: &HashMap<u64, u64>, met: &mut Met) -> Result<Option<Known>, RunError> {
        let later = fed.record();
        let job = match fed {
            Fed::User(job) => *job,
            Fed::Refused { source_id, refusal, .. } => {
                match places.get(&key(&source_id, "")) {
                    // The user stays beyond the last record, as all who are gone.
                    Some(place) if refusal.code == Code::SkippedBySource => {
                        met.skipped.insert(*place, later);
                    }
                    Some(place) => drop(met.take(*place, later, Some(refusal.code))),
                    None => met.unnamed += u64::from(source_id.is_empty()),
                }
                return Ok(None);
            }
        };
        self.found.meet(job.user_id(), job.email());
        let place = places.get(&key(&job.source_id, job.user_id()));
        let place = place.filter(|place| met.take(**place, later, None));
        let entry = place.map_or(Ok(None), |place| self.reader.range(*place, *place).map(|mut rows| rows.pop()))?;
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
            self.context.ledger.meta(SYNCING, self.syncing.clone()).await?;
            self.context.ledger.sync().await
        })
    }

    pub(super) fn each_row(
        &mut self,
        mut each: impl FnMut(&mut Self, Entry) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let mut after = 0;
        loop {
            let page = self.reader.page(after, 1000)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.record;
            for entry in page {
                each(self, entry)?;
            }
        }
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
