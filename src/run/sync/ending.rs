//! The end of a sync after which an import would find nothing to do: lists and report become those of the later export.

use std::num::NonZeroU32;
use std::path::Path;

use crate::appwrite::{Target, Version};
use crate::error::{Finish, RunError};
use crate::folder::Locked;
use crate::ledger::{self, Counts, Reader};
use crate::read::Export;
use crate::report::Report;
use crate::report::build::Head;
use crate::report::survey::Survey;
use crate::report::sync::{Kind, Sync};
use crate::run::import;
use crate::run::session::{Session, origin};

/// Writes the report, and gives the finish that an import would have had. The ledger is the later export's already.
///
/// # Errors
/// [`RunError::io`], [`RunError::ledger`]
pub(super) fn end(
    session: &Session,
    export: &Export,
    (target, version): (&Target, Version),
    survey: &Survey,
    folder: &Locked,
    path: &Path,
    (sync, counts): (&Sync, Counts),
) -> Result<Finish, RunError> {
    let reader = Reader::open(path)?;
    if sync.of(Kind::Gone) > 0 {
        import::write_id_map(folder, &reader)?;
    }
    let mut section = Report::load(folder)?.and_then(|earlier| earlier.import).unwrap_or_default();
    (section.endpoint, section.project) = (target.endpoint.clone(), target.project.clone());
    import::count(&mut section, counts);
    let failed = section.failed;
    let now = jiff::Timestamp::now();
    let head = Head {
        command: "import",
        appwrite: version,
        source: origin(export),
        with_pii: false,
        rate: session.rate.map(NonZeroU32::get),
        now,
    };
    let mut report = Report::new(head, &survey.tally, |column| export.fate(column));
    (report.import, report.sync) = (Some(section), Some(sync.second(now)));
    report.add_findings(survey.findings());
    report.suggest(session.typed(&session.export.words(None), path, None));
    report.save(folder)?;
    ledger::end_sync(folder)?;
    let unfinished = Finish::partial_if(failed + counts.left > 0);
    Ok(unfinished.max(if counts.refused > 0 { Finish::Refused } else { Finish::Done }))
}
