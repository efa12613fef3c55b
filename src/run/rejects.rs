//! What the target would not take, beside what was never sent: the rejects once more, with both.

use std::ops::ControlFlow;

use crate::code::{Code, Note, Refusal};
use crate::error::RunError;
use crate::event::Silent;
use crate::folder::Folder;
use crate::ledger::{Entry, Reader, State, Steps};
use crate::plan::Planned;
use crate::plan::clashes::Duplicates;
use crate::plan::planner::Planner;
use crate::read::Frame;
use crate::report::lists::Rejects;
use crate::report::{Observation, Observer, Tally};

struct Reread {
    observation: Observation,
    raw: Vec<u8>,
    refusal: Option<Refusal>,
    email: Option<String>,
    source_id: String,
}

/// Writes the rejects again, from the export and the ledger, and counts every record again as what it became.
///
/// # Errors
/// [`RunError::io`], [`RunError::ledger`], and what ends the reading.
pub fn rewrite(
    planner: &Planner<'_>,
    observer: Observer,
    duplicates: &Duplicates,
    reader: &Reader,
    folder: &Folder,
    frame: &Frame,
) -> Result<Tally, RunError> {
    let mut tally = Tally::default();
    let mut rejects = Rejects::begin(folder, frame.clone())?;
    planner.scan(
        duplicates,
        &Silent,
        <(Tally, Vec<Reread>)>::default,
        |(seen, rows), item| {
            if !planner.shard.takes(item.position.record, item.planned) {
                return;
            }
            if let Some(record) = item.record {
                seen.see(record);
            }
            let observation = observer.planned(item.position, item.facts, item.planned);
            let (source_id, email, refusal) = match &*item.planned {
                Planned::Refused(refused) => (&refused.source_id, &refused.email, Some(refused.refusal.clone())),
                Planned::Create(plan) => (&plan.source_id, &plan.email, None),
            };
            rows.push(Reread {
                observation,
                raw: item.raw.to_vec(),
                refusal,
                email: email.as_deref().map(str::to_owned),
                source_id: source_id.clone().into_owned(),
            });
        },
        |(seen, rows)| {
            tally.merge(seen);
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(ControlFlow::Continue(())) };
            let mut known = reader
                .range(first.observation.position.record, last.observation.position.record)?
                .into_iter()
                .peekable();
            for mut row in rows {
                let position = row.observation.position;
                let record = position.record;
                while known.next_if(|entry| entry.record < record).is_some() {}
                let entry = known.next_if(|entry| entry.record == record);
                if let Some(entry) = entry.as_ref().filter(|entry| entry.has_no_phone()) {
                    let text = entry.text.clone().unwrap_or_default();
                    row.observation.note(observer, &Note::new(Code::PhoneLeftOut, text));
                }
                // Refused since, but created: the ledger says both.
                let created = entry.as_ref().is_some_and(|entry| entry.steps.has(Steps::CREATED));
                let trouble = entry.and_then(trouble);
                if let Some(refusal) = &trouble
                    && row.refusal.is_none()
                {
                    row.observation.refuse(observer, refusal.clone());
                }
                tally.add(&row.observation);
                if let Some(refusal) = row.refusal.filter(|_| !created || trouble.is_none()).or(trouble) {
                    rejects.add(position, &row.raw, &refusal, row.email.as_deref(), Some(&row.source_id))?;
                }
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    rejects.finish(folder)?;
    Ok(tally)
}

/// What the ledger says against a user that was planned.
fn trouble(entry: Entry) -> Option<Refusal> {
    let bad = matches!(entry.state, State::Refused | State::Conflict | State::Failed);
    let code = Code::from_name(entry.code.as_deref()?).filter(|_| bad)?;
    Some(Refusal::new(code, entry.text.unwrap_or_default()))
}
