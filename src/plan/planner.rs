//! An export, planned: every record in order, duplicates decided.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Mutex;

use super::clashes::{Claim, Clashes, Duplicates, Shared};
use super::duplicates::{KeyLog, Suspects, digests};
use super::judge::Judge;
use super::shard::Shard;
use super::{Facts, Keep, Planned, Secret, begin, finish};
use crate::account::Credential;
use crate::appwrite::Profile;
use crate::code::Refusal;
use crate::error::{Kind, RunError};
use crate::event::{Listener, Silent};
use crate::format::{Format, Position, Record, TableSample};
use crate::policy::{Duplicates as Policy, Policies, Unsupported};
use crate::read::{Export, Item};

/// Plans the users of an export. Cheap to make; reading happens in its methods.
pub struct Planner<'e> {
    /// The export.
    pub export: &'e Export,
    /// The choices on ids, duplicates and hashes that no endpoint verifies.
    pub policies: Policies,
    /// For which Appwrite.
    pub profile: &'static Profile,
    /// The calling codes whose numbers it refuses: by the version, unless the server was asked.
    pub refused_codes: BTreeSet<u16>,
    /// Whose hashes are kept for the sign-in bridge.
    pub keep: Keep,
    /// Which part of the users; duplicates are decided among all of them all the same.
    pub shard: Shard,
    /// Worker threads.
    pub threads: usize,
}

/// One record, planned.
pub struct PlannedItem<'i, 'r> {
    /// The record's number, line, byte and file.
    pub position: Position,
    /// Its bytes as they stand in the file.
    pub raw: &'r [u8],
    /// The record, unless it could not even be decoded.
    pub record: Option<&'r Record<'r>>,
    /// What the account showed that a plan no longer does, for the report.
    pub facts: Facts,
    /// The password as the source has it, unless the source made no account of the record.
    pub credential: Option<&'i Credential<'r>>,
    /// The plan, or the refusal.
    pub planned: &'i mut Planned<'r>,
}

impl<'e> Planner<'e> {
    /// A planner on all cores.
    #[must_use]
    pub fn new(export: &'e Export, policies: Policies, profile: &'static Profile) -> Self {
        let policies = Policies { unsupported: export.unsupported().unwrap_or(policies.unsupported), ..policies };
        let refused_codes = crate::appwrite::rules::refused_calling_codes(profile).iter().copied().collect();
        let keep = if policies.unsupported == Unsupported::Bridge { Keep::Unsupported } else { Keep::Nobodys };
        Self { export, policies, profile, refused_codes, keep, shard: Shard::default(), threads: default_threads() }
    }

    /// Plans records as if each were alone, and hands them over. All are taken through the first step before the second:
    /// the instructions of either just fit into the L1 instruction cache.
    fn plan_each<'r>(&self, mut items: Vec<Item<'r>>, mut each: impl FnMut(&mut PlannedItem<'_, 'r>)) {
        let unsupported = self.policies.unsupported;
        let mut facts = Vec::with_capacity(items.len());
        let mut secrets = Vec::with_capacity(items.len());
        for item in &mut items {
            let mut shown = Facts::default();
            secrets.push(match &mut item.account {
                Ok(account) => {
                    shown = Facts::of(account);
                    begin(account, &mut shown, unsupported, self.keep, self.profile, &self.refused_codes)
                }
                Err(_) => Ok(Secret::none("none")),
            });
            facts.push(shown);
        }
        for ((item, secret), facts) in items.iter_mut().zip(&mut secrets).zip(facts) {
            let Item { position, raw, record, .. } = *item;
            // Large, too: it stays where it was written.
            let mut planned = self.finished(item, secret);
            each(&mut PlannedItem {
                planned: &mut planned,
                credential: item.account.as_ref().ok().map(|account| &account.credential),
                position,
                raw,
                record,
                facts,
            });
        }
    }

    /// The second step. On its own, so that what it returns is written where it stays.
    #[inline(never)]
    fn finished<'r>(&self, item: &mut Item<'r>, secret: &mut Result<Secret<'r>, Refusal>) -> Planned<'r> {
        let source = self.export.source();
        match &mut item.account {
            Ok(account) => finish(account, secret, source.name(), self.policies.ids, self.profile),
            // The source made no account of it.
            Err(refusal) => {
                let (source_id, email) = item.record.map(|record| source.who(record)).unwrap_or_default();
                Planned::refused(source_id.unwrap_or_default(), email, refusal.clone())
            }
        }
    }

    /// Plans every record as if it were alone, in parallel, and gives the digests that occur twice besides. What `each`
    /// saw is final if there are no suspects.
    ///
    /// # Errors
    /// As [`Export::scan`] and [`Judge::decide`].
    pub fn survey<B: Send>(
        &self,
        listener: &dyn Listener,
        init: impl Fn() -> B + Sync,
        each: impl Fn(&mut B, &PlannedItem<'_, '_>) + Sync,
        sink: impl FnMut(B) -> Result<(), RunError>,
    ) -> Result<Suspects, RunError> {
        let mut log = KeyLog::default();
        let mut judge = Judge::default();
        self.note_keys(&mut log, &mut judge, listener, init, each, sink)?;
        judge.decide(self.export)?;
        log.suspects(self.threads)
    }

    fn note_keys<B: Send>(
        &self,
        log: &mut KeyLog,
        judge: &mut Judge,
        listener: &dyn Listener,
        init: impl Fn() -> B + Sync,
        each: impl Fn(&mut B, &PlannedItem<'_, '_>) + Sync,
        mut sink: impl FnMut(B) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        // How columns are to be looked at is found out once, not for every batch.
        let lenses = Mutex::new(Vec::new());
        let lens = || lenses.lock().ok().and_then(|mut lenses| lenses.pop()).unwrap_or_default();
        self.export.scan_groups(
            self.threads,
            listener,
            || (init(), Vec::new(), Judge::emptied(lens())),
            |(batch, keys, judge), items| {
                self.plan_each(items, |item| {
                    judge.see(self.export, item.record, item.planned);
                    if let Planned::Create(plan) = &*item.planned {
                        keys.extend(digests(plan).map(|(_, d)| d));
                    }
                    each(batch, item);
                });
            },
            |(batch, keys, mut seen)| {
                for key in keys {
                    log.push(key)?;
                }
                if let Ok(mut lenses) = lenses.lock() {
                    lenses.push(seen.take_lens());
                }
                judge.merge(seen);
                sink(batch)?;
                Ok(ControlFlow::Continue(()))
            },
        )
    }

    /// Compares the suspects' keys, in one more pass if there are any, and two if all who share are refused.
    ///
    /// # Errors
    /// As [`Export::scan`], but for damage: see [`Planner::duplicates`].
    pub fn resolve(&self, suspects: &Suspects) -> Result<Duplicates, RunError> {
        let mut shared = Shared::default();
        if self.policies.duplicates == Policy::Refuse {
            self.each_claim(suspects, |claim| shared.take(claim))?;
        }
        let mut clashes = Clashes::new(shared);
        self.each_claim(suspects, |claim| clashes.take(claim))?;
        let decided = clashes.decided();
        self.stop_at_two_sources(&decided)?;
        self.stop_at_journal(&decided)?;
        self.stop_at_contradictions(&decided)?;
        Ok(decided)
    }

    /// Stops where files have the same ids for different people: whose they are nobody can tell from the ids, and of two who share one
    /// the second would be lost.
    ///
    /// # Errors
    /// [`RunError::usage`] with what decides it.
    fn stop_at_two_sources(&self, duplicates: &Duplicates) -> Result<(), RunError> {
        let across = duplicates.across();
        let Some((first, other)) = across.first.filter(|_| across.are_of_others()) else { return Ok(()) };
        if self.policies.duplicates == Policy::Refuse {
            return Ok(());
        }
        let ids = if across.ids == 1 { "the 1 id".to_owned() } else { format!("the {} ids", across.ids) };
        Err(RunError::usage(format!(
            "{} of {ids} that stand in more than one file are different people's there (records {first} and {other}): the files are of two \
             sources, not of one at two dates; import each by itself, into a run folder of its own (--run), the second under ids of its own \
             (--map, [source] from = \"{}\", [user] id = {{ from = \"ITS-ID-COLUMN\", prefix = \"b-\" }}); if they are one source at two dates, \
             pass the later alone (`rehome check LATER --since EARLIER` says what changed); --duplicates refuse leaves out all who share an \
             id; nothing was sent",
            across.strangers,
            self.export.source().name(),
        )))
    }

    /// Stops at a journal: no database exports one `_id` twice, and files that do (NeDB's) mean the last line of each, not
    /// the first.
    ///
    /// # Errors
    /// [`RunError::usage`] with how to make an export of it.
    fn stop_at_journal(&self, duplicates: &Duplicates) -> Result<(), RunError> {
        let export = self.export;
        let lines =
            |table: &TableSample| table.format == Format::Ndjson && table.columns.iter().any(|column| column == "_id");
        let count = duplicates.of_one_id();
        if count == 0
            || self.policies.duplicates == Policy::Refuse
            || export.ignores(super::judge::TAKES_BACK)
            || !export.tables().iter().any(lines)
        {
            return Ok(());
        }
        let lines = if count == 1 { "1 line has".to_owned() } else { format!("{count} lines have") };
        Err(RunError::usage(format!(
            "{lines} the `_id` of an earlier one, which no database exports: in a journal (NeDB) the last line of each counts; let \
             the program that wrote it compact it, or pass its last lines: `jq -s 'group_by(._id) | map(last) | .[]' -c`; \
             --duplicates refuse leaves all of them out; nothing was sent"
        )))
    }

    /// Stops where one record lets a user in and another of the same user keeps them out: nobody can tell which is in force.
    ///
    /// # Errors
    /// [`RunError::usage`] with how to decide it.
    fn stop_at_contradictions(&self, duplicates: &Duplicates) -> Result<(), RunError> {
        let Some((first, other, count)) = duplicates.contradicted() else { return Ok(()) };
        if self.policies.duplicates == Policy::Refuse {
            return Ok(());
        }
        let users = if count == 1 { "1 user".to_owned() } else { format!("{count} users") };
        Err(RunError::usage(format!(
            "{users} may sign in by one record and not by another of the same id or address (records {first} and {other}): the export \
             holds them twice, perhaps as they were and as they are; pass the part that counts, of an earlier and a later export the later \
             alone (`rehome check LATER --since EARLIER` says what changed in between); --duplicates refuse leaves such users out; \
             nothing was sent"
        )))
    }

    /// Hands over the claims of all records with suspect keys, in the order of the export.
    fn each_claim(&self, suspects: &Suspects, mut each: impl FnMut(&Claim)) -> Result<(), RunError> {
        if suspects.is_empty() {
            return Ok(());
        }
        as_far_as_whole(self.export.scan_groups(
            self.threads,
            &Silent,
            Vec::new,
            |batch, items| {
                self.plan_each(items, |item| {
                    batch.extend(suspects.claim(item.position.record, item.position.file, item.planned));
                });
            },
            |batch| {
                batch.iter().for_each(&mut each);
                Ok(ControlFlow::Continue(()))
            },
        ))
    }

    /// All duplicates of the export, in one pass, and those of [`Planner::resolve`] if there are any; of a damaged one
    /// those before the damage, which [`Planner::scan`] will name after the records that are whole.
    ///
    /// # Errors
    /// As [`Export::scan`], but for damage, and [`Judge::decide`].
    pub fn duplicates(&self, listener: &dyn Listener) -> Result<Duplicates, RunError> {
        let mut log = KeyLog::default();
        let mut judge = Judge::default();
        let read = self.note_keys(&mut log, &mut judge, listener, || (), |(), _| {}, |()| Ok(()));
        as_far_as_whole(read)?;
        judge.decide(self.export)?;
        self.resolve(&log.suspects(self.threads)?)
    }

    /// Plans every record: `each` runs on worker threads and folds the records of a batch into a `B`; `sink` takes the
    /// batches in the order of the file.
    ///
    /// # Errors
    /// As [`Export::scan`].
    pub fn scan<B: Send>(
        &self,
        duplicates: &Duplicates,
        listener: &dyn Listener,
        init: impl Fn() -> B + Sync,
        each: impl Fn(&mut B, &PlannedItem<'_, '_>) + Sync,
        sink: impl FnMut(B) -> Result<ControlFlow<()>, RunError>,
    ) -> Result<(), RunError> {
        let origin = self.export.source().name();
        self.export.scan_groups(
            self.threads,
            listener,
            init,
            |batch, items| {
                self.plan_each(items, |item| {
                    duplicates.apply(item.position.record, item.planned, origin);
                    each(batch, item);
                });
            },
            sink,
        )
    }
}

fn as_far_as_whole(read: Result<(), RunError>) -> Result<(), RunError> {
    match read {
        Err(error) if error.kind() == Kind::Export => Ok(()),
        read => read,
    }
}

/// One worker a core, at least one, at most 16 (reading is bound by one framing thread beyond that).
#[must_use]
pub fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(16)
}
