//! What the target would not take, beside what was never sent: the rejects once more, with both.

use std::ops::ControlFlow;

use crate::code::{Code, Refusal};
use crate::dialect::export::Frame;
use crate::error::RunError;
use crate::event::Silent;
use crate::ledger::{Entry, Reader, State};
use crate::plan::Planned;
use crate::plan::duplicates::Duplicates;
use crate::plan::planner::Planner;
use crate::report::RunFolder;
use crate::report::lists::Rejects;
use crate::report::summary::Reason;
use crate::source::Position;

struct Row {
    position: Position,
    raw: Vec<u8>,
    refusal: Option<Refusal>,
    email: Option<String>,
    source_id: String,
}

/// Writes the rejects again, from the export and the ledger.
///
/// # Errors
/// [`RunError::Io`], [`RunError::Ledger`], and what ends the reading.
pub fn rewrite(
    planner: &Planner<'_>,
    duplicates: &Duplicates,
    reader: &Reader,
    folder: &RunFolder,
    frame: &Frame,
) -> Result<(), RunError> {
    let mut rejects = Rejects::begin(folder, frame.clone())?;
    planner.scan(
        duplicates,
        &Silent,
        Vec::new,
        |rows: &mut Vec<Row>, item| {
            if !planner.shard.takes(item.position.record, &item.planned) {
                return;
            }
            let (source_id, email, refusal) = match item.planned {
                Planned::Refused { source_id, email, refusal } => (source_id, email, Some(refusal)),
                Planned::Create(plan) => (plan.source_id, plan.email, None),
            };
            rows.push(Row {
                position: item.position,
                raw: item.raw.to_vec(),
                refusal,
                email: email.map(std::borrow::Cow::into_owned),
                source_id: source_id.into_owned(),
            });
        },
        |rows| {
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(ControlFlow::Continue(())) };
            let mut known = reader.range(first.position.record, last.position.record)?.into_iter().peekable();
            for row in rows {
                let record = row.position.record;
                while known.next_if(|entry| entry.record < record).is_some() {}
                let trouble = known.next_if(|entry| entry.record == record).and_then(trouble);
                if let Some(refusal) = row.refusal.or(trouble) {
                    rejects.add(row.position, &row.raw, &refusal, row.email.as_deref(), Some(&row.source_id))?;
                }
            }
            Ok(ControlFlow::Continue(()))
        },
    )?;
    rejects.finish(folder)
}

/// What the ledger says against a user that was planned.
fn trouble(entry: Entry) -> Option<Refusal> {
    let bad = matches!(entry.state, State::Refused | State::Conflict | State::Failed);
    let code = Code::from_name(entry.code.as_deref()?).filter(|_| bad)?;
    Some(Refusal::new(code, entry.text.unwrap_or_default()))
}

/// The target's answers among the report's reasons, with their counts.
///
/// # Errors
/// [`RunError::Ledger`]
pub fn reasons(reader: &Reader) -> Result<Vec<Reason>, RunError> {
    let counted = reader.codes()?;
    Ok(counted
        .into_iter()
        .filter_map(|(code, count)| {
            let code = Code::from_name(&code)?;
            Some(Reason {
                code: code.name().into(),
                severity: "refused".into(),
                scheme: None,
                title: code.title().into(),
                remedy: code.remedy().into(),
                count,
                examples: Vec::new(),
            })
        })
        .collect())
}
