//! Looking at a whole export without sending anything: every record planned, counted and listed. What `check` shows, and
//! what `import` does before its first request.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::bridged::Bridged;
use super::lists::{NeedsReset, Rejects, UNMATCHED, unmatched_hashes};
use super::{Observer, Outcome, Tally};
use crate::code::{Code, Refusal, Severity};
use crate::error::RunError;
use crate::event::Listener;
use crate::folder::Folder;
use crate::format::Position;
use crate::plan::clashes::Duplicates;
use crate::plan::planner::{PlannedItem, Planner};
use crate::plan::{Plan, Planned};
use crate::read::Frame;

/// The result of reading everybody once.
pub struct Survey {
    /// Every record, counted.
    pub tally: Tally,
    /// Which records clash with others.
    pub duplicates: Duplicates,
    /// Password hashes without their user, where they come in a file of their own.
    pub unmatched: u64,
    /// What the source noticed while it read.
    pub noticed: Vec<String>,
}

impl Survey {
    /// What a person should know of the files, now that they were read. Short: the screen cuts each.
    #[must_use]
    pub fn findings(&self) -> Vec<String> {
        let what = match self.unmatched {
            0 => None,
            1 => Some("1 password hash lacks its user".to_owned()),
            n => Some(format!("{n} password hashes lack their users")),
        };
        let unmatched = what.map(|what| format!("{what} ({UNMATCHED}): deleted since, or pass a newer export"));
        unmatched.into_iter().chain(self.noticed.iter().cloned()).collect()
    }
}

/// Plans, counts and lists every record; with a folder, rejects and reset list are written there.
///
/// The export is read once, and again if there may be duplicates: to compare them ([`Planner::resolve`]), and to count.
///
/// # Errors
/// As [`Planner::scan`], and [`RunError::io`] for the lists.
pub fn survey(
    planner: &Planner<'_>,
    observer: Observer,
    lists: Option<(&Folder, &Frame)>,
    listener: &dyn Listener,
) -> Result<Survey, RunError> {
    survey_beside(planner, observer, lists, listener, |(): &mut (), _| {}, |_| Ok(()))?.finish(lists)
}

/// The same for somebody who looks at every record as well, of all shards: `see` on worker threads, `take` in the order of the
/// export. `None` says that what was taken was not the last word, and that everybody is looked at anew. Nothing is written
/// until [`Surveyed::finish`].
///
/// # Errors
/// As [`survey`], and what `take` returns.
pub fn survey_beside<'p, B: Default + Send>(
    planner: &'p Planner<'p>,
    observer: Observer,
    lists: Option<(&Folder, &Frame)>,
    listener: &dyn Listener,
    see: impl Fn(&mut B, &PlannedItem<'_, '_>) + Sync,
    mut take: impl FnMut(Option<B>) -> Result<(), RunError>,
) -> Result<Surveyed<'p>, RunError> {
    let each = |(batch, beside): &mut (Batch, B), item: &PlannedItem<'_, '_>| {
        if planner.shard.takes(item.position.record, item.planned) {
            batch.add(observer, item, lists.is_some());
        }
        see(beside, item);
    };
    let mut found = Collected::begin(lists)?;
    let suspects = planner.survey(listener, <(Batch, B)>::default, each, |(batch, beside)| {
        found.take(batch, lists)?;
        take(Some(beside))
    })?;
    let duplicates = planner.resolve(&suspects)?;
    if !duplicates.is_empty() {
        found = Collected::begin(lists)?;
        take(None)?;
        planner.scan(&duplicates, listener, <(Batch, B)>::default, each, |(batch, beside)| {
            found.take(batch, lists)?;
            take(Some(beside)).map(|()| ControlFlow::Continue(()))
        })?;
    }
    Ok(Surveyed { planner, found, duplicates })
}

/// Everybody read once, with lists that nobody sees yet.
pub struct Surveyed<'p> {
    planner: &'p Planner<'p>,
    found: Collected,
    duplicates: Duplicates,
}

impl Surveyed<'_> {
    /// Which records clash with others.
    #[must_use]
    pub const fn duplicates(&self) -> &Duplicates {
        &self.duplicates
    }

    /// Puts the lists into their folder, which was named before.
    ///
    /// # Errors
    /// [`RunError::io`]
    pub fn finish(self, lists: Option<(&Folder, &Frame)>) -> Result<Survey, RunError> {
        let Self { planner: Planner { export, .. }, found, duplicates } = self;
        let unmatched = match lists {
            Some((folder, _)) => unmatched_hashes(folder, export)?,
            None => 0,
        };
        Ok(Survey { tally: found.finish(lists)?, duplicates, unmatched, noticed: export.noticed() })
    }
}

/// The same for a target that can be asked: it is asked which of the calling codes that occur it refuses, and if they are
/// others than the planner took for refused, everything is looked at once more.
///
/// # Errors
/// As [`survey`], and what `ask` says.
pub fn survey_asking(
    planner: &mut Planner<'_>,
    observer: Observer,
    lists: Option<(&Folder, &Frame)>,
    listener: &dyn Listener,
    ask: impl FnOnce(&BTreeSet<u16>) -> Result<BTreeSet<u16>, RunError>,
) -> Result<Survey, RunError> {
    let found = survey(planner, observer, lists, listener)?;
    let codes = &found.tally.calling_codes;
    let refused = ask(codes)?;
    let same = codes.iter().all(|code| refused.contains(code) == planner.refused_codes.contains(code));
    planner.refused_codes = refused;
    if same { Ok(found) } else { survey(planner, observer, lists, listener) }
}

/// What the workers make of a batch.
#[derive(Default)]
struct Batch {
    tally: Tally,
    rejected: Vec<Rejected>,
    resets: Vec<Reset>,
    bridged: Vec<Reset>,
}

struct Rejected {
    position: Position,
    raw: Vec<u8>,
    refusal: Refusal,
    email: Option<String>,
    source_id: String,
}

struct Reset {
    source_id: String,
    user_id: String,
    email: Option<String>,
    phone: Option<String>,
    code: Code,
    reason: String,
}

impl Batch {
    fn add(&mut self, observer: Observer, item: &PlannedItem<'_, '_>, list: bool) {
        if let Some(record) = item.record {
            self.tally.see(record);
        }
        let observation = observer.planned(item.position, item.facts, item.planned);
        self.tally.add(&observation);
        if !list {
            return;
        }
        match &*item.planned {
            Planned::Refused(refused) => self.rejected.push(Rejected {
                position: item.position,
                raw: item.raw.to_vec(),
                refusal: refused.refusal.clone(),
                email: refused.email.as_deref().map(str::to_owned),
                source_id: refused.source_id.clone().into_owned(),
            }),
            Planned::Create(plan) if observation.outcome() == Outcome::NeedsReset => self.resets.push(Reset::of(plan)),
            Planned::Create(plan) if observation.bridged => self.bridged.push(Reset::bridged(plan)),
            Planned::Create(_) => {}
        }
    }
}

impl Reset {
    fn of(plan: &Plan<'_>) -> Self {
        // The note that explains is the first of its severity; `needs-reset` itself only concludes.
        let note = plan.notes.iter().find(|note| note.code.severity() >= Severity::NeedsReset);
        Self {
            source_id: plan.source_id.clone().into_owned(),
            user_id: plan.user_id.clone().into_owned(),
            email: plan.email.as_deref().map(str::to_owned),
            phone: plan.phone.as_deref().map(str::to_owned),
            code: note.map_or(Code::NeedsReset, |note| note.code),
            reason: note.map(|note| note.text.clone().into_owned()).unwrap_or_default(),
        }
    }

    /// What is to be said of the user once the bridge ends.
    fn bridged(plan: &Plan<'_>) -> Self {
        Self { code: Code::Bridged, ..Self::of(plan) }
    }
}

/// What has been found so far; dropping it leaves no file behind.
struct Collected {
    tally: Tally,
    lists: Option<(Rejects, NeedsReset)>,
    /// Only where somebody is kept for the bridge.
    bridged: Option<Bridged>,
}

impl Collected {
    fn begin(lists: Option<(&Folder, &Frame)>) -> Result<Self, RunError> {
        let lists = match lists {
            Some((folder, frame)) => Some((Rejects::begin(folder, frame.clone())?, NeedsReset::begin(folder)?)),
            None => None,
        };
        Ok(Self { tally: Tally::default(), lists, bridged: None })
    }

    fn take(&mut self, batch: Batch, lists: Option<(&Folder, &Frame)>) -> Result<(), RunError> {
        self.tally.merge(batch.tally);
        if let (None, Some((folder, _)), true) = (&self.bridged, lists, !batch.bridged.is_empty()) {
            self.bridged = Some(Bridged::begin(folder)?);
        }
        for r in batch.bridged {
            if let Some(bridged) = &mut self.bridged {
                bridged.add(&r.source_id, &r.user_id, r.email.as_deref(), r.phone.as_deref())?;
            }
        }
        if let Some((rejects, resets)) = &mut self.lists {
            for r in batch.rejected {
                rejects.add(r.position, &r.raw, &r.refusal, r.email.as_deref(), Some(&r.source_id))?;
            }
            for r in batch.resets {
                resets.add(&r.source_id, &r.user_id, r.email.as_deref(), r.phone.as_deref(), r.code, &r.reason)?;
            }
        }
        Ok(())
    }

    fn finish(self, lists: Option<(&Folder, &Frame)>) -> Result<Tally, RunError> {
        if let (Some((rejects, resets)), Some((folder, _))) = (self.lists, lists) {
            rejects.finish(folder)?;
            resets.finish()?;
        }
        if let (Some(bridged), Some((folder, _))) = (self.bridged, lists) {
            bridged.finish(folder)?;
        }
        Ok(self.tally)
    }
}
